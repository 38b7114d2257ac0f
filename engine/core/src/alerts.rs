//! When somebody should look at a campaign, and when that is over.
//!
//! An alert is raised as soon as it is due, and cleared when its cause is gone or the campaign is over. Where a cause may
//! come and go, it is gone only when it is so by a margin; and whatever has changed stays so for
//! `monitoring.update_interval_minutes` at the least.

use alloc::vec::Vec;

use fleetfold_schemas::{
    campaign::{BasisPoints, Hours},
    mutant::{Mutant, is_on},
    status::AlertName,
};

use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp,
    fact::{AlertCleared, AlertRaised, PauseCause, Trouble},
    gate::threshold,
    hold::hold_reason,
    judge::{HoldReason, degradation},
    pace::Limit,
    state::{Campaign, Standing, Status},
};

/// What was shown to be worse by more than the limit is over when it is no longer shown to be so by three quarters of it.
const MARGIN_OVER: f64 = 0.75;

/// What campaigns are watched for.
const WATCHED: [AlertName; 7] = [
    AlertName::Paused,
    AlertName::FailureRate,
    AlertName::Timeouts,
    AlertName::Stalled,
    AlertName::WindowNeverOpens,
    AlertName::DevicesOffline,
    AlertName::PerformanceDegradation,
];

/// Raises and clears what is due by now.
pub fn campaign(state: &State, ix: CampaignIx, now: Timestamp, facts: &mut Vec<Fact>) {
    let campaign = Some(ix);
    for alert in WATCHED {
        match change(state, ix, alert, now) {
            Some((at, Some(trouble))) if at <= now => {
                facts.push(AlertRaised { campaign, trouble }.into());
            }
            Some((at, None)) if at <= now => {
                facts.push(AlertCleared { campaign, alert }.into());
            }
            _ => {}
        }
    }
}

/// When a campaign should be looked at for alerts if nothing happens.
pub fn wakeup(state: &State, ix: CampaignIx, now: Timestamp) -> Option<Timestamp> {
    let changes = WATCHED.into_iter();
    changes
        .filter_map(|alert| change(state, ix, alert, now))
        .map(|(at, _)| at)
        .min()
}

/// Whether word of a device may be what a raised alert waits for.
pub fn is_missed(row: &Campaign, device: DeviceIx) -> bool {
    let standing = row.watch.alerts.get(AlertName::DevicesOffline);
    standing.is_some_and(|it| it.trouble.is_some()) && row.watch.heard.takes_part(device)
}

/// When an alert is raised, or cleared (`None`), if nothing happens until then. What it is raised by is known only from
/// then on.
fn change(
    state: &State,
    ix: CampaignIx,
    alert: AlertName,
    now: Timestamp,
) -> Option<(Timestamp, Option<Trouble>)> {
    let row = state.campaigns.get(ix);
    let standing = row.watch.alerts.get(alert);
    let raised = standing.and_then(|it| it.trouble);
    if row.status.is_final() {
        return raised
            .filter(|_| !is_on(Mutant::AlertOutlivesCampaign))
            .map(|_| (now, None));
    }
    row.started_at?;
    let interval_ms = row.spec.monitoring.update_interval_minutes.ms();
    let stays_until = standing
        .filter(|_| !is_on(Mutant::AlertFlickers))
        .map_or(0, |it: &Standing| it.changed_at + interval_ms);
    let watched = Watched { state, row, now };
    match raised {
        None => {
            let (at, trouble) = watched.find(alert)?;
            Some((at.max(stays_until), Some(trouble)))
        }
        Some(_) => watched.is_over(alert).then_some((stays_until, None)),
    }
}

struct Watched<'s> {
    state: &'s State,
    row: &'s Campaign,
    now: Timestamp,
}

impl Watched<'_> {
    /// What there is to raise, and from when on.
    fn find(&self, alert: AlertName) -> Option<(Timestamp, Trouble)> {
        match alert {
            AlertName::FailureRate => Some((self.now, self.failure_rate()?)),
            AlertName::Timeouts => self.timeouts(),
            AlertName::Stalled => self.stalled(),
            AlertName::WindowNeverOpens => Some((self.now, self.never_opens()?)),
            AlertName::DevicesOffline => self.offline(),
            AlertName::PerformanceDegradation => Some((self.now, self.degradation(1.0)?)),
            AlertName::Paused => Some((self.now, self.paused()?)),
            AlertName::StorageLow => None,
        }
    }

    /// Whether what was raised is so no more.
    fn is_over(&self, alert: AlertName) -> bool {
        match alert {
            AlertName::FailureRate => self.is_failure_rate_over(),
            AlertName::Timeouts => self.timeouts_at().is_none_or(|at| at > self.now),
            AlertName::Stalled => self.stalled().is_none_or(|(at, _)| at > self.now),
            AlertName::WindowNeverOpens => self.never_opens().is_none(),
            AlertName::DevicesOffline => self.is_offline_over(),
            AlertName::PerformanceDegradation => self.degradation(MARGIN_OVER).is_none(),
            AlertName::Paused => self.paused().is_none(),
            AlertName::StorageLow => false,
        }
    }

    /// What an operator has paused needs no other to be called.
    fn paused(&self) -> Option<Trouble> {
        let (Status::Paused { cause } | Status::RollbackPaused { cause }) = &self.row.status else {
            return None;
        };
        let exposed = self.row.exposed.into();
        (!matches!(cause, PauseCause::Operator { .. })).then_some(Trouble::Paused { exposed })
    }

    fn outcomes(&self) -> (u64, u64) {
        let tally = self.row.totals();
        let failed = u64::from(tally.failed);
        (failed, failed + u64::from(tally.updated + tally.returned))
    }

    /// As the threshold gate judges, with a limit of its own, and over the whole campaign.
    fn failure_rate(&self) -> Option<Trouble> {
        let spec = &self.row.spec;
        let limit = spec.monitoring.alert_on_failure_rate;
        if self.row.status.is_rolling_back() || limit == BasisPoints::ALL {
            return None;
        }
        let (failed, outcomes) = self.outcomes();
        let tally = self.row.totals();
        let cohort = u64::from(tally.devices - tally.removed);
        let is_above = threshold::pauses(failed, outcomes, limit, spec.sample_min.into(), cohort);
        is_above.then_some(Trouble::FailureRate {
            failed,
            outcomes,
            limit_bp: limit.get(),
        })
    }

    fn is_failure_rate_over(&self) -> bool {
        is_well_within(
            self.row.spec.monitoring.alert_on_failure_rate,
            self.outcomes(),
        )
    }

    /// When the first of its devices has been silent for too long.
    fn timeouts_at(&self) -> Option<Timestamp> {
        let limit_ms = self.row.spec.monitoring.alert_on_timeout_hours.ms();
        Some(self.row.watch.silent.oldest()? + limit_ms)
    }

    fn timeouts(&self) -> Option<(Timestamp, Trouble)> {
        let limit_ms = self.row.spec.monitoring.alert_on_timeout_hours.ms();
        let at = self.timeouts_at()?;
        // They are counted once the time has come: that takes a look at each of them.
        let devices = match self.now.checked_sub(limit_ms) {
            Some(since) if at <= self.now => self.row.silent_until(since),
            _ => 0,
        };
        Some((at, Trouble::Timeouts { devices, limit_ms }))
    }

    /// Of those whose turn has come: others are looked at in the lint before the start.
    fn never_opens(&self) -> Option<Trouble> {
        let devices = u64::from(self.row.window_census(self.now).never);
        (devices > 0).then_some(Trouble::WindowNeverOpens { devices })
    }

    /// A device that has never been heard of has not fallen silent.
    fn offline(&self) -> Option<(Timestamp, Trouble)> {
        let monitoring = &self.row.spec.monitoring;
        let (limit, limit_ms) = (monitoring.offline_rate(), monitoring.offline_after().ms());
        let heard = &self.row.watch.heard;
        if limit == BasisPoints::ALL {
            return None;
        }
        let allowed = u64::from(heard.known()) * u64::from(limit.get()) / 10_000;
        let allowed = u32::try_from(allowed).unwrap_or(u32::MAX);
        let at = heard.silent_at(allowed, limit_ms)?;
        // They are counted once the time has come.
        let silent = (at <= self.now).then(|| heard.silent(self.now, limit_ms));
        let trouble = Trouble::DevicesOffline {
            devices: silent.unwrap_or_default().into(),
            known: heard.known().into(),
            limit_bp: limit.get(),
            limit_ms,
        };
        Some((at, trouble))
    }

    fn is_offline_over(&self) -> bool {
        let monitoring = &self.row.spec.monitoring;
        let heard = &self.row.watch.heard;
        let silent = heard.silent(self.now, monitoring.offline_after().ms());
        is_well_within(
            monitoring.offline_rate(),
            (silent.into(), heard.known().into()),
        )
    }

    /// By this share of the limit.
    fn degradation(&self, of_limit: f64) -> Option<Trouble> {
        let limit = self.row.spec.monitoring.degradation();
        if limit == BasisPoints::ALL {
            return None;
        }
        degradation(self.row, limit.as_ratio(), of_limit)
    }

    fn stalled(&self) -> Option<(Timestamp, Trouble)> {
        let limit: Hours = self.row.spec.monitoring.stalled_after();
        let limit_ms = limit.ms();
        let is_going_on = matches!(
            self.row.status,
            Status::Rolling | Status::Monitoring | Status::RollingBack
        );
        let since = self.stands_since(limit_ms).filter(|_| is_going_on)?;
        let at = since + limit_ms;
        let tally = self.row.totals();
        let waiting = match self.row.status {
            Status::RollingBack => self.row.to_go_back(&tally),
            _ => self.row.reached().unresolved,
        };
        let waiting = waiting.into();
        Some((
            at,
            Trouble::Stalled {
                since,
                limit_ms,
                waiting,
            },
        ))
    }

    /// Since when devices could have done something and have not. It may lie ahead: while all wait for the calendar, that
    /// is nobody's fault.
    fn stands_since(&self, limit_ms: u64) -> Option<Timestamp> {
        let moved_at = self.row.watch.moved_at;
        // What it waits for is asked only when it has done so for long.
        if moved_at + limit_ms > self.now {
            return Some(moved_at);
        }
        match hold_reason(self.state, self.row, self.now)? {
            HoldReason::Window { opens, .. } => opens,
            HoldReason::Frozen { until, .. } => Some(until),
            reason => {
                let opened_at = self.row.window_opened_at(self.now).unwrap_or_default();
                is_for_devices(&reason).then_some(moved_at.max(opened_at))
            }
        }
    }
}

/// At three quarters of the limit at most, or an alert would flicker with every device.
fn is_well_within(limit: BasisPoints, (part, all): (u64, u64)) -> bool {
    part * 4 * 10_000 <= u64::from(limit.get()) * 3 * all
}

/// Whether this can last for ever if devices do nothing.
const fn is_for_devices(reason: &HoldReason) -> bool {
    match reason {
        HoldReason::Limited(Limit::InFlight { .. } | Limit::Exposure { .. })
        | HoldReason::Offering { .. }
        | HoldReason::Acceptances { .. }
        | HoldReason::Outcomes { .. }
        | HoldReason::Successes { .. }
        | HoldReason::Undecided { .. }
        | HoldReason::Unproven { .. }
        | HoldReason::HealthUnknown { .. }
        | HoldReason::HealthOpen { .. }
        | HoldReason::Unresolved { .. }
        | HoldReason::Returning { .. } => true,
        HoldReason::Finishing { open } => *open > 0,
        HoldReason::Draft
        | HoldReason::Approval { .. }
        | HoldReason::BuildingDeltas { .. }
        | HoldReason::Limited(Limit::Rate { .. })
        | HoldReason::Soaking { .. }
        | HoldReason::Paused
        | HoldReason::Scheduled { .. }
        | HoldReason::Frozen { .. }
        | HoldReason::Window { .. }
        | HoldReason::StorageLow => false,
    }
}
