//! When somebody should look at a campaign, and when that is over.
//!
//! An alert is raised as soon as it is due, and cleared when its cause is gone or the campaign is over. Where a cause may
//! come and go, it is gone only when it is so by a margin; and whatever has changed stays so for
//! `monitoring.update_interval_minutes` at the least.

use alloc::vec::Vec;

use fleetfold_schemas::{
    campaign::{BasisPoints, Hours},
    status::AlertName,
};

use crate::{
    CampaignIx, Fact, State, Timestamp,
    fact::{AlertCleared, AlertRaised, Trouble},
    gate::threshold,
    hold::hold_reason,
    judge::HoldReason,
    pace::Limit,
    state::{Campaign, Standing, Status},
};

/// What campaigns are watched for.
const WATCHED: [AlertName; 4] = [
    AlertName::FailureRate,
    AlertName::Timeouts,
    AlertName::Stalled,
    AlertName::WindowNeverOpens,
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
        return raised.map(|_| (now, None));
    }
    row.started_at?;
    let interval_ms = row.spec.monitoring.update_interval_minutes.ms();
    let stays_until = standing.map_or(0, |it: &Standing| it.changed_at + interval_ms);
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
            AlertName::StorageLow => None,
        }
    }

    /// Whether what was raised is so no more.
    fn is_over(&self, alert: AlertName) -> bool {
        match alert {
            AlertName::FailureRate => self.is_failure_rate_over(),
            AlertName::Timeouts => self.timeouts().is_none_or(|(at, _)| at > self.now),
            AlertName::Stalled => self.stalled().is_none_or(|(at, _)| at > self.now),
            AlertName::WindowNeverOpens => self.never_opens().is_none(),
            AlertName::StorageLow => false,
        }
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

    /// At three quarters of the limit, or it would flicker with every device.
    fn is_failure_rate_over(&self) -> bool {
        let limit = u64::from(self.row.spec.monitoring.alert_on_failure_rate.get());
        let (failed, outcomes) = self.outcomes();
        failed * 4 * 10_000 <= limit * 3 * outcomes
    }

    fn timeouts(&self) -> Option<(Timestamp, Trouble)> {
        let limit_ms = self.row.spec.monitoring.alert_on_timeout_hours.ms();
        let at = self.row.watch.silent.oldest()? + limit_ms;
        let devices = self.row.silent_until(self.now.saturating_sub(limit_ms));
        Some((at, Trouble::Timeouts { devices, limit_ms }))
    }

    /// Of those whose turn has come: others are looked at in the lint before the start.
    fn never_opens(&self) -> Option<Trouble> {
        let devices = u64::from(self.row.window_census(self.now).never);
        (devices > 0).then_some(Trouble::WindowNeverOpens { devices })
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
