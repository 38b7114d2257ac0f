//! What Prometheus sees, observed from committed facts and the projections. No device id ever becomes a label.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use fleetfold_core::{CampaignIx, Effect, Fact, State, Step, view};
use fleetfold_schemas::status::{AlertName, CampaignState, ExecutionStatus};
use metrics::{
    Counter, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// Campaign gauges are brought up to date at most this often: a scrape is seconds apart, a step can be a millisecond.
const REFRESH_EVERY: Duration = Duration::from_millis(250);

pub struct Meters {
    events: Counter,
    dirty: BTreeSet<CampaignIx>,
    refreshed: Instant,
}

impl Meters {
    pub fn new(state: &State) -> Self {
        describe();
        let events = counter!("fleetfold_events_total");
        events.absolute(state.position);
        let mut meters = Self {
            events,
            dirty: state.campaigns.iter().map(|(ix, _)| ix).collect(),
            refreshed: Instant::now(),
        };
        meters.refresh(state, state.recorded_at);
        meters
    }

    pub fn appended(&self, records: usize, took: Duration) {
        histogram!("fleetfold_append_seconds").record(took);
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        histogram!("fleetfold_batch_events").record(records as f64);
    }

    /// Counts a step, and refreshes the gauges of what it touched when it is time.
    pub fn observe(&mut self, state: &State, now: u64, step: &Step) {
        self.events.absolute(state.position);
        for fact in &step.facts {
            if let Some(name) = execution_event(fact) {
                counter!("fleetfold_execution_events_total", "event" => name).increment(1);
            }
        }
        let mut is_troubled = false;
        for effect in &step.effects {
            match effect {
                Effect::CampaignStatus(ix) => {
                    self.dirty.insert(*ix);
                }
                Effect::Alert(..) | Effect::Ticket(_) => is_troubled = true,
                _ => {}
            }
        }
        if is_troubled {
            troubles(state);
        }
        if self.due_in() == Some(Duration::ZERO) {
            self.refresh(state, now);
        }
    }

    /// When the gauges should be refreshed if nothing else happens.
    pub fn due_in(&self) -> Option<Duration> {
        (!self.dirty.is_empty()).then(|| REFRESH_EVERY.saturating_sub(self.refreshed.elapsed()))
    }

    fn refresh(&mut self, state: &State, now: u64) {
        for ix in std::mem::take(&mut self.dirty) {
            refresh_campaign(state, ix, now);
        }
        self.refreshed = Instant::now();
        troubles(state);
        let count = |n: u32| f64::from(n);
        gauge!("fleetfold_devices").set(count(state.devices.len()));
        gauge!("fleetfold_releases").set(count(state.releases.len()));
        gauge!("fleetfold_campaigns").set(count(state.campaigns.len()));
    }
}

/// What is raised and open now.
fn troubles(state: &State) {
    let mut raised = [0u32; AlertName::ALL.len()];
    for (_, alert) in view::alerts(state) {
        raised[alert as usize] += 1;
    }
    for (alert, count) in AlertName::ALL.into_iter().zip(raised) {
        gauge!("fleetfold_alerts", "alert" => alert.as_str()).set(count);
    }
    let open = u32::try_from(state.tickets.len()).unwrap_or(u32::MAX);
    gauge!("fleetfold_tickets_open").set(open);
    gauge!("fleetfold_devices_flagged").set(f64::from(state.streaks.flagged()));
}

/// A refusal, from wherever in the engine.
pub fn rejected(code: &'static str, message: &'static str) {
    counter!("fleetfold_rejected_total", "code" => code, "message" => message).increment(1);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of devices are far below 2^53"
)]
fn refresh_campaign(state: &State, ix: CampaignIx, now: u64) {
    let status = view::campaign(state, ix, now);
    let campaign = status.campaign.to_string();
    for candidate in CampaignState::ALL {
        let is_now = f64::from(u8::from(candidate == status.status));
        gauge!("fleetfold_campaign_state", "campaign" => campaign.clone(), "state" => candidate.as_str()).set(is_now);
    }
    let mut executions = [0u32; ExecutionStatus::ALL.len()];
    let row = state.campaigns.get(ix);
    for (_, member) in row.roster.begun() {
        if let Some(status) = member.execution_status() {
            executions[status as usize] += 1;
        }
    }
    for (status, count) in ExecutionStatus::ALL.iter().zip(executions) {
        gauge!("fleetfold_executions", "campaign" => campaign.clone(), "status" => status.as_str())
            .set(count);
    }
    for phase in &status.phases {
        let tally = phase.tally;
        for (outcome, count) in [
            ("updated", tally.updated),
            ("failed", tally.failed),
            ("in_progress", tally.in_progress),
            ("not_contacted", tally.not_contacted),
            ("removed", tally.removed),
        ] {
            gauge!("fleetfold_phase_devices", "campaign" => campaign.clone(), "phase" => phase.name.to_string(),
                "outcome" => outcome)
            .set(count as f64);
        }
    }
    gauge!("fleetfold_campaign_exposed", "campaign" => campaign.clone()).set(status.exposed as f64);
    gauge!("fleetfold_gate_evidence_ratio", "campaign" => campaign.clone())
        .set(status.evidence.e_value);
    gauge!("fleetfold_gate_evidence_limit_ratio", "campaign" => campaign)
        .set(status.evidence.limit);
}

const fn execution_event(fact: &Fact) -> Option<&'static str> {
    Some(match fact {
        Fact::ExecutionQueued(_) => "queued",
        Fact::ExecutionAccepted(_) => "accepted",
        Fact::ExecutionSucceeded(_) => "succeeded",
        Fact::ExecutionFailed(_) => "failed",
        Fact::ExecutionRejected(_) => "rejected",
        Fact::ExecutionTimedOut(_) => "timed_out",
        Fact::ExecutionRemoved(_) => "removed",
        Fact::ExecutionCanceled(_) => "canceled",
        Fact::ExecutionRetracted(_) => "rolled_back",
        _ => return None,
    })
}

const COUNTERS: [(&str, &str); 10] = [
    ("fleetfold_events_total", "Facts in the log."),
    (
        "fleetfold_execution_events_total",
        "Transitions of executions, by what happened.",
    ),
    (
        "fleetfold_rejected_total",
        "Messages refused, by code and kind of message.",
    ),
    (
        "fleetfold_unknown_keys_total",
        "Keys in device messages that this version does not know.",
    ),
    (
        "fleetfold_chunk_bytes_total",
        "Artifact bytes sent to devices.",
    ),
    (
        "fleetfold_snapshot_failures_total",
        "Snapshots that were due and not taken.",
    ),
    (
        "fleetfold_archive_failures_total",
        "Times that the archive could not be brought up to date.",
    ),
    (
        "fleetfold_webhook_sent_total",
        "Notices that the webhook has taken.",
    ),
    (
        "fleetfold_webhook_failures_total",
        "Requests that the webhook has not answered with success.",
    ),
    (
        "fleetfold_webhook_gaps_total",
        "Times that what the webhook had not been told was not in the log any more.",
    ),
];
const GAUGES: [(&str, &str); 15] = [
    (
        "fleetfold_log_free_bytes",
        "Room left on the log's file system.",
    ),
    (
        "fleetfold_alerts",
        "Alerts of this kind that are raised now: one of the site, or one for each campaign concerned.",
    ),
    (
        "fleetfold_tickets_open",
        "Tickets about devices that nobody has closed.",
    ),
    (
        "fleetfold_devices_flagged",
        "Devices that nothing is offered to, for their executions keep failing.",
    ),
    (
        "fleetfold_snapshot_position",
        "Log position of the newest snapshot taken by this process.",
    ),
    (
        "fleetfold_webhook_failures_in_a_row",
        "Requests since the webhook took the last notice; 0: it has taken what there was.",
    ),
    ("fleetfold_devices", "Registered devices."),
    ("fleetfold_releases", "Published releases."),
    ("fleetfold_campaigns", "Campaigns ever created."),
    (
        "fleetfold_campaign_state",
        "1 for the state a campaign is in.",
    ),
    (
        "fleetfold_executions",
        "Executions of a campaign by status.",
    ),
    (
        "fleetfold_phase_devices",
        "Devices that a phase adds, by what has become of them.",
    ),
    (
        "fleetfold_campaign_exposed",
        "Devices that accepted a job of the campaign.",
    ),
    (
        "fleetfold_gate_evidence_ratio",
        "E-value against a normal failure rate.",
    ),
    (
        "fleetfold_gate_evidence_limit_ratio",
        "The e-value at which the confident gate pauses.",
    ),
];
const HISTOGRAMS: [(&str, &str); 3] = [
    (
        "fleetfold_append_seconds",
        "Time to bring a step's facts to disk.",
    ),
    ("fleetfold_batch_events", "Facts per append."),
    ("fleetfold_snapshot_seconds", "Time to take a snapshot."),
];

fn describe() {
    for (name, text) in COUNTERS {
        describe_counter!(name, text);
    }
    for (name, text) in GAUGES {
        describe_gauge!(name, text);
    }
    for (name, text) in HISTOGRAMS {
        describe_histogram!(name, text);
    }
}
