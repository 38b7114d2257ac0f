//! Alerts and tickets: each raised once, for a true cause, and gone when it is.

use std::collections::{BTreeMap, BTreeSet};

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    fact::{PauseCause, RemovalCause, TicketClosure, Trouble},
};
use fleetfold_schemas::{AlertId, device::ErrorClass, status::Alert, status::AlertName};

use super::{
    Book, Checked, breach,
    campaign::{Campaign, Status},
    course::Step,
    demand,
    member::{Member, Place},
    silence::Silence,
};

/// Open tickets of a campaign about single devices, at most: `TICKETS_MAX` of the core, written down again.
const TICKETS_MAX: usize = 100;

/// What a campaign is watched for.
#[derive(Debug, Default)]
pub struct Watch {
    /// When each alert last changed, and what it was raised by if it is.
    standing: BTreeMap<AlertName, (u64, Option<Trouble>)>,
    /// When those accepted that have said nothing of an outcome since.
    silent: BTreeMap<DeviceIx, u64>,
    /// When something last happened.
    moved_ms: u64,
    tickets: BTreeMap<u64, Option<DeviceIx>>,
    /// Those that have just failed for good.
    owed: BTreeSet<DeviceIx>,
}

impl Watch {
    fn raised(&self, alert: AlertName) -> Option<Trouble> {
        self.standing.get(&alert)?.1
    }

    /// Whether it has been as it is for long enough.
    fn may_change(&self, alert: AlertName, campaign: &Campaign, at_ms: u64) -> bool {
        let interval_ms = campaign.spec.monitoring.update_interval_minutes.ms();
        let changed = self.standing.get(&alert);
        changed.is_none_or(|(changed_ms, _)| changed_ms + interval_ms <= at_ms)
    }

    /// Those that accepted so long ago.
    fn timeouts(&self, limit_ms: u64, at_ms: u64) -> u64 {
        let accepted = self.silent.values();
        accepted
            .filter(|since| since.saturating_add(limit_ms) <= at_ms)
            .count() as u64
    }
}

impl Member {
    /// Nothing follows from its failure by itself.
    fn is_given_up(&self) -> bool {
        self.is_lost() || matches!(self.place, Place::ReturnFailed { .. })
    }
}

impl Campaign {
    /// Failed, and all that have an outcome.
    fn outcomes(&self) -> (u64, u64) {
        let tally = self.tally(None);
        (tally.failed, tally.failed + tally.updated + tally.returned)
    }

    fn has_paused_by_itself(&self) -> bool {
        match &self.status {
            Status::Paused(cause) | Status::BackPaused(cause) => {
                !matches!(cause, PauseCause::Operator { .. })
            }
            _ => false,
        }
    }

    fn has_too_many_failures(&self) -> bool {
        let limit = u64::from(self.spec.monitoring.alert_on_failure_rate.get());
        let (failed, outcomes) = self.outcomes();
        let in_phase = |member: &&Member| member.phase < self.spec.phases.len();
        let cohort = self.members.iter().filter(in_phase).count() as u64;
        let cohort = cohort - self.tally(None).removed;
        let enough = cohort.min(self.spec.sample_min.into());
        !self.status.is_going_back()
            && limit < 10_000
            && outcomes >= enough
            && failed * 10_000 > limit * outcomes
    }

    /// By a margin.
    fn has_few_failures(&self) -> bool {
        let limit = u64::from(self.spec.monitoring.alert_on_failure_rate.get());
        let (failed, outcomes) = self.outcomes();
        failed * 40_000 <= limit * outcomes * 3
    }
}

impl Book {
    fn watch(&mut self, ix: CampaignIx) -> &mut Watch {
        self.watches.entry(ix).or_default()
    }

    /// The numbers of all that are open.
    pub fn open_tickets(&self) -> impl Iterator<Item = u64> {
        let watches = self.watches.values();
        watches.flat_map(|watch| watch.tickets.keys().copied())
    }

    /// Who is given up before a fact.
    pub(super) fn given_up(&self, fact: &Fact) -> bool {
        let (Some(ix), Some(device)) = (fact.campaign(), fact.device()) else {
            return false;
        };
        let campaign = self.campaigns.get(ix as usize);
        let member = campaign.and_then(|campaign| campaign.member(device));
        member.is_some_and(Member::is_given_up)
    }

    /// What a fact about a campaign means for who watches it.
    pub(super) fn look(&mut self, at_ms: u64, fact: &Fact, was_given_up: bool) {
        let Some(ix) = fact.campaign() else {
            return;
        };
        match fact {
            Fact::CampaignStarted(_)
            | Fact::PhaseStarted(_)
            | Fact::PhasePassed(_)
            | Fact::PhaseAdvanced(_)
            | Fact::CampaignResumed(_)
            | Fact::CampaignThawed(_)
            | Fact::RollbackStarted(_)
            | Fact::RetriesOrdered(_) => self.watch(ix).moved_ms = at_ms,
            _ => {}
        }
        let Some(device) = fact.device() else {
            return;
        };
        // Nothing has happened to the device, or only to what is said of it.
        if matches!(
            fact,
            Fact::MemberJoined(_)
                | Fact::ExecutionExpedited(_)
                | Fact::TicketOpened(_)
                | Fact::TicketClosed(_)
        ) {
            return;
        }
        let member = self.campaign(ix).member(device);
        let since_ms = member.map_or(at_ms, |member| member.since_ms);
        let closes_ms = member.map_or(0, Member::closes_ms);
        let watch = self.watch(ix);
        watch.moved_ms = match fact {
            // Waiting for something else, or for longer, is no step forward.
            Fact::ExecutionHeld(_) | Fact::WindowRenewed(_) => watch.moved_ms.max(since_ms),
            _ => at_ms,
        };
        let is_no_word = match fact {
            Fact::ExecutionQueued(_)
            | Fact::ExecutionDeferred(_)
            | Fact::ExecutionTimedOut(_)
            | Fact::WindowRenewed(_)
            | Fact::ReturnQueued(_)
            | Fact::ReturnDeferred(_) => true,
            Fact::ExecutionRemoved(fact) => fact.cause == RemovalCause::NotContacted,
            Fact::ReturnFailed(fact) => fact.error.class == ErrorClass::LostContact,
            _ => false,
        };
        match fact {
            Fact::ExecutionAccepted(_) | Fact::ExecutionContinued(_) | Fact::ReturnAccepted(_) => {
                watch.silent.insert(device, at_ms.max(closes_ms));
            }
            _ if is_no_word => {}
            _ => {
                watch.silent.remove(&device);
            }
        }
        let is_by_itself = matches!(
            fact,
            Fact::ExecutionFailed(_)
                | Fact::ExecutionRejected(_)
                | Fact::ExecutionTimedOut(_)
                | Fact::ExecutionRetracted(_)
                | Fact::ReturnFailed(_)
        ) || is_no_word && matches!(fact, Fact::ExecutionRemoved(_));
        let campaign = self.campaign(ix);
        let is_wanted = campaign.spec.failure_handling.create_support_tickets;
        let is_given_up = campaign.member(device).is_some_and(Member::is_given_up);
        let watch = self.watch(ix);
        if !is_given_up {
            watch.owed.remove(&device);
        } else if !was_given_up && is_by_itself && is_wanted {
            let has_one = watch.tickets.values().any(|of| *of == Some(device));
            if !has_one {
                watch.owed.insert(device);
            }
        }
    }

    pub(super) fn count_alert(&mut self, at_ms: u64, fact: &Fact, step: &Step) -> Checked {
        self.counts.add(fact);
        let position = self.position();
        match fact {
            Fact::AlertRaised(raised) => {
                let Some(ix) = raised.campaign else {
                    return breach("every fact is known here", format!("{fact:?}"));
                };
                self.check_raised(at_ms, ix, &raised.trouble)?;
                let standing = (at_ms, Some(raised.trouble));
                self.watch(ix)
                    .standing
                    .insert(raised.trouble.name(), standing);
                Ok(())
            }
            Fact::AlertCleared(cleared) => {
                let Some(ix) = cleared.campaign else {
                    return breach("every fact is known here", format!("{fact:?}"));
                };
                self.check_cleared(at_ms, ix, cleared.alert)?;
                self.watch(ix).standing.insert(cleared.alert, (at_ms, None));
                Ok(())
            }
            Fact::TicketOpened(opened) => {
                let watch = self.watch(opened.campaign);
                let is_due = match &opened.device {
                    Some(device) => watch.owed.remove(device),
                    None => watch.tickets.len() >= TICKETS_MAX,
                };
                watch.tickets.insert(position, opened.device);
                demand(
                    is_due,
                    "a ticket is about a device that has failed for good, and the only one",
                    || format!("{fact:?}"),
                )
            }
            Fact::TicketClosed(closed) => {
                let of = self.watch(closed.campaign).tickets.remove(&closed.ticket);
                let member = closed
                    .device
                    .and_then(|of| self.campaign(closed.campaign).member(of));
                let is_true = match &closed.closure {
                    TicketClosure::Operator { operator, .. } => step.commander() == Some(operator),
                    TicketClosure::Success => member.is_some_and(Member::has_made_it),
                };
                let text = format!("{fact:?} after {:?}, {member:?}, {of:?}", step.last);
                if let (TicketClosure::Operator { .. }, Some(of)) = (&closed.closure, closed.device)
                {
                    self.campaigns[closed.campaign as usize].seen_to(of);
                }
                demand(
                    of == Some(closed.device) && is_true,
                    "an open ticket is closed by somebody, or for its device has made it",
                    || text,
                )
            }
            _ => breach("every fact is known here", format!("{fact:?}")),
        }
    }

    fn check_raised(&mut self, at_ms: u64, ix: CampaignIx, trouble: &Trouble) -> Checked {
        self.watch(ix);
        let (campaign, watch) = (self.campaign(ix), &self.watches[&ix]);
        let alert = trouble.name();
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!(
                    "{} {:?} at {at_ms}: {trouble:?}, outcomes {:?}, {watch:?}",
                    campaign.id(),
                    campaign.status,
                    campaign.outcomes()
                )
            })
        };
        is(watch.raised(alert).is_none(), "an alert is raised once")?;
        is(
            watch.may_change(alert, campaign, at_ms) && !campaign.status.is_final(),
            "an alert stays as it is for its interval",
        )?;
        let monitoring = &campaign.spec.monitoring;
        let is_true = match *trouble {
            Trouble::FailureRate {
                failed,
                outcomes,
                limit_bp,
            } => {
                campaign.has_too_many_failures()
                    && (failed, outcomes) == campaign.outcomes()
                    && limit_bp == monitoring.alert_on_failure_rate.get()
            }
            Trouble::Timeouts { devices, limit_ms } => {
                limit_ms == monitoring.alert_on_timeout_hours.ms()
                    && devices == watch.timeouts(limit_ms, at_ms)
                    && devices > 0
            }
            Trouble::Stalled {
                since, limit_ms, ..
            } => {
                since == watch.moved_ms.max(campaign.last_opened_ms(at_ms))
                    && limit_ms == monitoring.stalled_after().ms()
                    && since + limit_ms <= at_ms
                    && !campaign.status.is_paused()
            }
            Trouble::DevicesOffline {
                devices,
                known,
                limit_bp,
                limit_ms,
            } => {
                let silence = Silence::of(campaign, &self.fleet, at_ms);
                silence.is_too_much()
                    && (devices, known) == (silence.silent, silence.known)
                    && limit_bp == monitoring.offline_rate().get()
                    && limit_ms == monitoring.offline_after().ms()
            }
            Trouble::Paused { exposed } => {
                exposed == campaign.exposed && campaign.has_paused_by_itself()
            }
            // No campaign here has a health gate.
            Trouble::PerformanceDegradation { .. } => false,
            Trouble::WindowNeverOpens { devices } => {
                devices > 0 && devices == campaign.waiting_for_ever()
            }
        };
        is(is_true, "an alert has a true cause")
    }

    fn check_cleared(&mut self, at_ms: u64, ix: CampaignIx, alert: AlertName) -> Checked {
        self.watch(ix);
        let (campaign, watch) = (self.campaign(ix), &self.watches[&ix]);
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!(
                    "{} {:?} at {at_ms}: {alert:?}, outcomes {:?}, {watch:?}",
                    campaign.id(),
                    campaign.status,
                    campaign.outcomes()
                )
            })
        };
        is(
            watch.raised(alert).is_some(),
            "what is over has been raised",
        )?;
        if campaign.status.is_final() {
            return Ok(());
        }
        is(
            watch.may_change(alert, campaign, at_ms),
            "an alert stays as it is for its interval",
        )?;
        let is_over = match alert {
            AlertName::FailureRate => campaign.has_few_failures(),
            AlertName::Timeouts => {
                let limit_ms = campaign.spec.monitoring.alert_on_timeout_hours.ms();
                watch.timeouts(limit_ms, at_ms) == 0
            }
            AlertName::Paused => !campaign.has_paused_by_itself(),
            AlertName::DevicesOffline => Silence::of(campaign, &self.fleet, at_ms).is_bearable(),
            AlertName::WindowNeverOpens => campaign.waiting_for_ever() == 0,
            // What it waits for may be something else meanwhile.
            _ => true,
        };
        is(is_over, "an alert is over when its cause is")
    }

    /// What must hold at the end of every step.
    pub(super) fn check_watches(&self, at_ms: u64) -> Checked {
        for (ix, watch) in &self.watches {
            let campaign = self.campaign(*ix);
            let is = |holds, invariant| {
                demand(holds, invariant, || {
                    format!(
                        "{} {:?} at {at_ms}: outcomes {:?}, {watch:?}",
                        campaign.id(),
                        campaign.status,
                        campaign.outcomes()
                    )
                })
            };
            is(
                watch.owed.is_empty(),
                "a device that has failed for good has a ticket",
            )?;
            let mut of_devices = watch.tickets.values().flatten();
            let made_it =
                |device: &DeviceIx| campaign.member(*device).is_some_and(Member::has_made_it);
            is(
                !of_devices.any(made_it),
                "a ticket is closed when its device has made it",
            )?;
            if campaign.status.is_final() {
                let mut standing = watch.standing.values();
                is(
                    standing.all(|(_, trouble)| trouble.is_none()),
                    "no alert outlives its campaign",
                )?;
                continue;
            }
            let limit_ms = campaign.spec.monitoring.alert_on_timeout_hours.ms();
            let stalled_ms = campaign.spec.monitoring.stalled_after().ms();
            let has_timeouts = watch.timeouts(limit_ms, at_ms) > 0;
            let silence = Silence::of(campaign, &self.fleet, at_ms);
            for (alert, is_due, is_over) in [
                (
                    AlertName::FailureRate,
                    campaign.has_too_many_failures(),
                    campaign.has_few_failures(),
                ),
                (AlertName::Timeouts, has_timeouts, !has_timeouts),
                (
                    AlertName::DevicesOffline,
                    silence.is_too_much(),
                    silence.is_bearable(),
                ),
                (
                    AlertName::Paused,
                    campaign.has_paused_by_itself(),
                    !campaign.has_paused_by_itself(),
                ),
                (
                    AlertName::WindowNeverOpens,
                    campaign.waiting_for_ever() > 0,
                    campaign.waiting_for_ever() == 0,
                ),
                // Whether it waits for devices is for the core to say.
                (
                    AlertName::Stalled,
                    false,
                    watch.moved_ms + stalled_ms > at_ms,
                ),
            ] {
                if !watch.may_change(alert, campaign, at_ms) {
                    continue;
                }
                let is_raised = watch.raised(alert).is_some();
                is(is_raised || !is_due, "an alert is raised when it is due")?;
                is(!is_raised || !is_over, "an alert is over when its cause is")?;
            }
        }
        Ok(())
    }

    /// The topic holds what is raised.
    pub(super) fn check_alert(&self, id: &AlertId, payload: &[u8]) -> Checked {
        const RULE: &str = "an alert's topic holds what is raised";
        let Some((Some(campaign), alert)) = AlertName::of(id) else {
            return breach(RULE, id.to_string());
        };
        let mut campaigns = (0..).zip(&self.campaigns);
        let found = campaigns.find(|(_, it)| *it.id() == campaign);
        let watch = found.and_then(|(ix, _)| self.watches.get(&ix));
        let standing = watch.and_then(|watch| watch.standing.get(&alert));
        let since_ms = standing.and_then(|(since, trouble)| trouble.map(|_| *since));
        let shown = if payload.is_empty() {
            None
        } else {
            match serde_json::from_slice::<Alert>(payload) {
                Ok(shown) => Some(shown.since_ms),
                Err(error) => return breach(RULE, error.to_string()),
            }
        };
        demand(shown == since_ms, RULE, || {
            format!("{id}: {shown:?}, but {standing:?}")
        })
    }
}

impl Member {
    const fn has_made_it(&self) -> bool {
        matches!(self.place, Place::Succeeded | Place::Returned)
    }
}
