//! What a run of seeds amounts to: figures that show that what should happen did happen, and the account of a failure.

use std::{collections::BTreeMap, fmt};

use serde_json::json;

use super::{
    invariants::{Breach, Status},
    trace::{Clock, START_MS},
    world::Sim,
};

/// Figures, added up over seeds.
#[derive(Debug, Default, Clone)]
pub struct Summary {
    pub seeds: u64,
    pub virtual_ms: u64,
    figures: BTreeMap<String, u64>,
}

/// What must occur over a few hundred seeds: a simulator in which it no longer does has gone soft.
const EXPECTED: &[&str] = &[
    "ack_refused:epoch_regressed",
    "ack_refused:sequence_conflict",
    "alerts_cleared",
    "alerts_of_failures",
    "alerts_of_pauses",
    "alerts_of_silence",
    "alerts_of_stalls",
    "alerts_of_timeouts",
    "alerts_of_windows",
    "already",
    "approvals_asked",
    "approvals_declined",
    "approvals_edited",
    "approvals_expired",
    "approvals_given",
    "approvals_granted",
    "approvals_overtaken",
    "called_back",
    "campaigns_canceled",
    "campaigns_completed",
    "campaigns_failed",
    "campaigns_paused",
    "campaigns_rolled_back",
    "clock_behind_at_start",
    "consent_denied",
    "could_not_wait",
    "crash_after_publishing",
    "crash_after_receive",
    "crash_amid_append",
    "crash_amid_pubacks",
    "crash_amid_publishing",
    "crash_amid_recovery",
    "crash_at_any_moment",
    "crash_before_pubacks",
    "crash_before_publishing",
    "crash_of_the_machine",
    "crash_of_the_process",
    "deferred",
    "deferred_for_window",
    "device_power_cut",
    "disk_error",
    "duplicate_recognised",
    "engine_clock_step",
    "failed",
    "flash_failure",
    "flash_flip",
    "fold_from_snapshot",
    "freezes",
    "hello_timeout",
    "job_forged",
    "job_replayed",
    "lie",
    "login_refused",
    "malformed",
    "not_contacted",
    "old_message_again",
    "packets_delayed",
    "packets_duplicated",
    "packets_half_open",
    "packets_lost",
    "partition",
    "pauses_by_evidence",
    "pauses_by_operator",
    "pauses_by_threshold",
    "pauses_unreachable",
    "publish_refused",
    "rejected",
    "resumes",
    "retracted",
    "retries",
    "return_failed",
    "return_retried",
    "returned",
    "rollback_advanced",
    "rollbacks_by_operator",
    "rollbacks_by_threshold",
    "schedules_ended",
    "self_test_fails",
    "self_test_hangs",
    "sent_further_back",
    "starts_limited",
    "superseded",
    "tail_flipped",
    "tail_lost",
    "tail_torn",
    "takeover",
    "tickets_closed",
    "tickets_opened",
    "timeouts",
    "trouble",
    "verdicts",
    "waited_in_vain",
    "waits_for_consent",
    "waits_for_power",
    "waits_for_space",
    "waits_for_window",
    "windows_missed",
    "winners",
];

/// Seeds after which everything that can happen should have happened.
pub const SEEDS_TO_SEE_ALL: u64 = 200;

impl Summary {
    /// One simulation, as it ended.
    #[must_use]
    pub fn of(sim: &Sim) -> Self {
        let mut figures = BTreeMap::new();
        let mut add = |name: &str, count: u64| {
            *figures.entry(name.to_owned()).or_insert(0) += count;
        };
        for (name, count) in sim.counts() {
            add(name, *count);
        }
        for (code, count) in sim.codes() {
            add(&format!("ack_refused:{code}"), *count);
        }
        let (book, net) = (&sim.book, sim.net.counts);
        let counts = book.counts;
        for (name, count) in [
            ("turns", sim.turns),
            ("facts", book.position()),
            ("engine_starts", u64::from(sim.processes)),
            ("refolds", sim.refolds),
            ("device_boots", sim.boots),
            ("devices", sim.plan.devices as u64),
            ("liars", sim.plan.liars as u64),
            ("commands_accepted", book.commands.accepted),
            ("commands_refused", book.commands.refused),
            ("packets", net.packets),
            ("packets_lost", net.lost),
            ("packets_delayed", net.delayed),
            ("packets_duplicated", net.duplicated),
            ("packets_half_open", net.half_open),
            ("pauses_by_threshold", counts.pauses_by_threshold),
            ("pauses_by_evidence", counts.pauses_by_evidence),
            ("pauses_unreachable", counts.pauses_unreachable),
            ("pauses_by_operator", counts.pauses_by_operator),
            ("resumes", counts.resumes),
            ("retries", counts.retries),
            ("timeouts", counts.timeouts),
            ("not_contacted", counts.not_contacted),
            ("retracted", counts.retracted),
            ("deferred", counts.deferred),
            ("rejected", counts.rejected),
            ("succeeded", counts.succeeded),
            ("failed", counts.failed),
            ("already", counts.already),
            ("superseded", counts.superseded),
            ("starts_limited", counts.starts_limited),
            ("pauses_by_bad_rate", counts.pauses_by_bad_rate),
            ("pauses_by_stratum", counts.pauses_by_stratum),
            ("promoted", counts.promoted),
            ("joined", counts.joined),
            ("expedited", counts.expedited),
            ("excluded", counts.excluded),
            ("retries_ordered", counts.retries_ordered),
            ("edited", counts.edited),
            ("advanced", counts.advanced),
            ("archived", counts.archived),
            ("made_way", counts.made_way),
            ("rollbacks_by_operator", counts.rollbacks_by_operator),
            ("rollbacks_by_threshold", counts.rollbacks_by_threshold),
            ("rolled_back_in_phases", counts.rolled_back_in_phases),
            ("rollback_advanced", counts.rollback_advanced),
            ("returned", counts.returned),
            ("returned_by_itself", counts.returned_by_itself),
            ("return_failed", counts.return_failed),
            ("return_retried", counts.return_retried),
            ("kept", counts.kept),
            ("return_deferred", counts.return_deferred),
            ("pauses_of_rollback", counts.pauses_of_rollback),
            ("sent_further_back", counts.sent_further_back),
            ("approvals_asked", counts.approvals_asked),
            ("approvals_given", counts.approvals_given),
            ("approvals_granted", counts.approvals_granted),
            ("approvals_declined", counts.approvals_declined),
            ("approvals_expired", counts.approvals_expired),
            ("approvals_edited", counts.approvals_edited),
            ("approvals_overtaken", counts.approvals_overtaken),
            ("approvals_unasked", counts.approvals_unasked),
            ("approvals_lost", counts.approvals_lost),
            ("alerts_of_failures", counts.alerts_of_failures),
            ("alerts_of_timeouts", counts.alerts_of_timeouts),
            ("alerts_of_stalls", counts.alerts_of_stalls),
            ("alerts_of_silence", counts.alerts_of_silence),
            ("alerts_of_pauses", counts.alerts_of_pauses),
            ("alerts_cleared", counts.alerts_cleared),
            ("tickets_opened", counts.tickets_opened),
            ("tickets_closed", counts.tickets_closed),
            ("winners", counts.winners),
            ("verdicts", counts.verdicts),
            ("held_by_rate", counts.held_by_rate),
            ("held_by_in_flight", counts.held_by_in_flight),
            ("held_by_exposure", counts.held_by_exposure),
            ("freezes", counts.freezes),
            ("deferred_for_window", counts.deferred_for_window),
            ("windows_missed", counts.windows_missed),
            ("waits_for_window", counts.waits_for_window),
            ("waits_for_consent", counts.waits_for_consent),
            ("waits_for_space", counts.waits_for_space),
            ("waits_for_power", counts.waits_for_power),
            ("called_back", counts.called_back),
            ("waited_in_vain", counts.waited_in_vain),
            ("consent_denied", counts.consent_denied),
            ("could_not_wait", counts.could_not_wait),
            ("alerts_of_windows", counts.alerts_of_windows),
            ("schedules_ended", counts.schedules_ended),
        ] {
            add(name, count);
        }
        for campaign in &book.campaigns {
            let name = match campaign.status {
                Status::Completed => "campaigns_completed",
                Status::Canceled => "campaigns_canceled",
                Status::Failed => "campaigns_failed",
                Status::Paused(_) | Status::BackPaused(_) => "campaigns_paused",
                Status::RolledBack => "campaigns_rolled_back",
                Status::Draft
                | Status::Staged
                | Status::Rolling
                | Status::Monitoring
                | Status::RollingBack => "campaigns_open",
            };
            add(name, 1);
        }
        Self {
            seeds: 1,
            virtual_ms: sim.queue.now_ms() - START_MS,
            figures,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.virtual_ms += other.virtual_ms;
        for (name, count) in &other.figures {
            *self.figures.entry(name.clone()).or_default() += count;
        }
    }

    /// What should have happened and has not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let is_missing = |name: &&&str| self.figures.get(**name).copied().unwrap_or(0) == 0;
        EXPECTED.iter().filter(is_missing).copied().collect()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = json!({
            "figure": "sim",
            "seeds": self.seeds,
            "virtual_hours": self.virtual_ms / 3_600_000,
            "figures": self.figures,
        });
        write!(f, "{value}")
    }
}

/// A seed that failed, and all that is needed to see it fail again.
#[derive(Debug)]
pub struct Failed {
    pub seed: u64,
    pub breach: Breach,
    now_ms: u64,
    records: Vec<String>,
    wire: Vec<String>,
}

impl Failed {
    #[must_use]
    pub fn of(sim: &Sim, breach: Breach) -> Self {
        Self {
            seed: sim.plan.seed,
            breach,
            now_ms: sim.queue.now_ms(),
            records: sim.trace.records.iter().cloned().collect(),
            wire: sim.trace.wire.iter().cloned().collect(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Breach { invariant, what } = &self.breach;
        writeln!(
            f,
            "seed {} at {}: broken: {invariant}",
            self.seed,
            Clock(self.now_ms)
        )?;
        writeln!(f, "  {what}")?;
        writeln!(f, "the last records:")?;
        for line in &self.records {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "the last messages:")?;
        for line in &self.wire {
            writeln!(f, "  {line}")?;
        }
        write!(
            f,
            "again: cargo run --release -p fleetfold-tests --bin sim -- --seeds {}..{}",
            self.seed,
            self.seed + 1
        )
    }
}
