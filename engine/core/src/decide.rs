//! Facts and time to more facts: what the engine decides by itself.
//!
//! Each function looks at the state and says what follows from it now. Called again after its facts are applied, it says
//! what follows from those; nothing is remembered between calls.

mod heard;
mod offer;

use alloc::vec::Vec;

use fleetfold_schemas::{
    campaign::{BasisPoints, Jitter, MINUTE_MS, Moment},
    device::ErrorClass,
    mutant::{Mutant, is_on},
};

use self::offer::offer;
pub use self::{
    heard::{
        flagged, has_missed_its_window, joins, not_understood, reconsidered, renewed, understands,
    },
    offer::{Availability, availability, is_ready, offer_one, removed, taken_back, waiting_for},
};
use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp, alerts, approval,
    cohort::jitter_ms,
    compared,
    fact::{
        CampaignCompleted, CampaignFailed, CampaignMonitoring, CampaignPaused, CampaignStarted,
        ExecutionTimedOut, FailureCause, GatePromoted, PhasePassed, PhaseStarted, RemovalCause,
    },
    judge::{HoldReason, Verdict, is_promoted_now, judge},
    membership::takers,
    offers::offered_bytes,
    pace::Limit,
    rollback, schedule,
    state::{Campaign, Evidence, Member, MemberState, Status},
    tickets,
    turns::{Ready, Turns},
};

/// How long a staged campaign waits for its deltas before it starts without them: a delta saves bytes, never a day.
pub const DELTA_WAIT_MS: u64 = 10 * MINUTE_MS;

/// When the next attempt of a member is due after a failure of this class now; `None` when none is left, for it or for
/// the campaign.
///
/// The wait doubles with every attempt and, with full jitter, is anywhere up to that (Brooker 2015, "Exponential Backoff
/// And Jitter").
#[must_use]
pub fn retry_at(
    state: &State,
    ix: CampaignIx,
    member: &Member,
    class: ErrorClass,
    now: Timestamp,
) -> Option<Timestamp> {
    let campaign = state.campaigns.get(ix);
    let handling = &campaign.spec.failure_handling;
    let may_retry = match member.state {
        MemberState::Returning { .. } => campaign.status.is_rolling_back(),
        _ => {
            !campaign.status.is_final()
                && !campaign.is_finishing()
                && (!campaign.status.is_rolling_back() || is_on(Mutant::RetriedWhileGoingBack))
        }
    };
    let at = campaign.member_of(member.device, &state.devices);
    let attempts = at.map_or(member.attempts, |at| campaign.attempts_of_step(at));
    let is_spent =
        attempts > u32::from(handling.retries(class)) && !is_on(Mutant::RetriesWithoutLimit);
    if is_spent || !may_retry || is_out_of_budget(state, ix, member) {
        return None;
    }
    let doublings = attempts.saturating_sub(1);
    let wait_ms = handling.backoff(class).ms() << doublings;
    let name = state.devices.get(member.device).name();
    let wait_ms = wait_ms << u8::from(is_on(Mutant::JitterBeyondTheWait));
    let wait_ms = match handling.retry_jitter {
        Jitter::Full => jitter_ms(campaign.id(), name, member.attempts, wait_ms),
        Jitter::None => wait_ms,
    };
    Some(now + wait_ms)
}

/// Retries have used up what the campaign allows for them. The way back is spared none.
fn is_out_of_budget(state: &State, ix: CampaignIx, member: &Member) -> bool {
    if matches!(member.state, MemberState::Returning { .. }) {
        return false;
    }
    let campaign = state.campaigns.get(ix);
    let handling = &campaign.spec.failure_handling;
    let count = (handling.retries_max).is_some_and(|max| campaign.retries >= max);
    let bytes = || {
        handling.retry_bytes_max.is_some_and(|max| {
            campaign
                .retry_bytes
                .saturating_add(offered_bytes(state, ix, member.device))
                > max
        })
    };
    count || bytes()
}

/// Where a campaign stands among those that want a device: security campaigns first, then by priority, then by age.
pub type Precedence = (bool, u8, CampaignIx);

pub const fn precedence(row: &Campaign, ix: CampaignIx) -> Precedence {
    (!row.spec.security, row.spec.priority, ix)
}

/// What one campaign does next.
pub fn campaign(
    state: &State,
    ix: CampaignIx,
    now: Timestamp,
    turns: &mut Turns<'_>,
    facts: &mut Vec<Fact>,
) {
    let before = facts.len();
    approval::decide(state, ix, now, facts);
    tickets::campaign(state, ix, facts);
    alerts::campaign(state, ix, now, facts);
    if facts.len() > before {
        return;
    }
    let row = state.campaigns.get(ix);
    if let Some(cause) = rollback::is_due(row) {
        rollback::start(ix, row, cause, &[], facts);
        return;
    }
    match &row.status {
        Status::Staged { since } => {
            let waits = waits_for_deltas(state, row, *since, now) || schedule::is_early(row, now);
            if !waits && state.storage_low.is_none() {
                facts.push(start(state, ix, row));
            }
        }
        Status::RollingBack | Status::RollbackPaused { .. }
            if row.deadline().is_some_and(|at| at <= now) =>
        {
            rollback::end_at_deadline(ix, row, facts);
        }
        Status::RollingBack => rollback::go_on(state, ix, now, turns, facts),
        Status::Rolling | Status::Monitoring | Status::Paused { .. }
            if row.deadline().is_some_and(|at| at <= now) =>
        {
            end_at_deadline(ix, row, facts);
        }
        Status::Rolling | Status::Monitoring | Status::Paused { .. }
            if schedule::is_over(row, now) =>
        {
            schedule::end(ix, row, facts);
        }
        Status::Rolling | Status::Monitoring => match schedule::frost(ix, row, now) {
            Some(fact) => facts.push(fact),
            None if row.is_finishing() => schedule::finish(ix, row, facts),
            None => roll(state, ix, row, now, turns, facts),
        },
        Status::Draft
        | Status::Paused { .. }
        | Status::RollbackPaused { .. }
        | Status::RolledBack
        | Status::Completed
        | Status::Canceled { .. }
        | Status::Failed { .. } => {}
    }
}

pub fn waits_for_deltas(state: &State, row: &Campaign, since: Timestamp, now: Timestamp) -> bool {
    let mut releases = row.releases.iter();
    releases.any(|release| state.releases.get(*release).is_building_deltas())
        && now < since + DELTA_WAIT_MS
}

fn start(state: &State, ix: CampaignIx, row: &Campaign) -> Fact {
    let devices = takers(state, row).count();
    CampaignStarted {
        campaign: ix,
        devices: u32::try_from(devices).expect("devices are numbered by u32"),
    }
    .into()
}

fn roll(
    state: &State,
    ix: CampaignIx,
    row: &Campaign,
    now: Timestamp,
    turns: &mut Turns<'_>,
    facts: &mut Vec<Fact>,
) {
    let campaign = ix;
    let run = row.runs[row.run];
    let phase = u32::try_from(row.run).expect("phases are few");
    let is_frozen = row.frozen.is_some();
    if run.started_at.is_none() {
        if !is_frozen {
            facts.push(phase_started(ix, row, row.run));
        }
        return;
    }
    let verdict = judge(row, now);
    if let Verdict::Pause(cause) = verdict {
        facts.push(CampaignPaused { campaign, cause }.into());
        return;
    }
    if is_promoted_now(row) {
        let Evidence { failed, succeeded } = row.fresh_evidence();
        facts.push(
            GatePromoted {
                campaign,
                failed,
                succeeded,
            }
            .into(),
        );
        return;
    }
    if let Some(fact) = compared::verdict(ix, row, now) {
        facts.push(fact);
        return;
    }
    if run.passed_at.is_some() {
        if row.is_last_phase() {
            facts.push(CampaignCompleted { campaign }.into());
            facts.extend(compared::by_itself(state, row));
        } else if !is_frozen {
            facts.push(phase_started(ix, row, row.run + 1));
        }
        return;
    }
    let before = facts.len();
    if state.storage_low.is_none() && !is_frozen {
        offer(state, ix, row, now, turns, facts);
    }
    if facts.len() > before {
        return;
    }
    match verdict {
        Verdict::Advance => facts.push(PhasePassed { campaign, phase }.into()),
        Verdict::Hold(HoldReason::Soaking { .. })
            if row.is_last_phase() && row.status == Status::Rolling =>
        {
            if row.reached().unresolved == 0 {
                facts.push(CampaignMonitoring { campaign }.into());
            }
        }
        Verdict::Hold(_) | Verdict::Pause(_) => {}
    }
}

fn phase_started(campaign: CampaignIx, row: &Campaign, at: usize) -> Fact {
    let run = row.runs[at];
    PhaseStarted {
        campaign,
        phase: u32::try_from(at).expect("phases are few"),
        cut: row.roster.cut(run.track, run.phase),
    }
    .into()
}

/// A member has accepted its job, and its time is up.
fn timed_out(campaign: CampaignIx, device: DeviceIx, retry_at: Option<Timestamp>) -> Fact {
    ExecutionTimedOut {
        campaign,
        device,
        retry_at,
    }
    .into()
}

/// What is due for one member by now.
pub fn member(state: &State, ix: CampaignIx, at: u32, now: Timestamp, facts: &mut Vec<Fact>) {
    let row = state.campaigns.get(ix);
    let member = row.member(at);
    if row.due(member).is_none_or(|due| due > now) {
        return;
    }
    let device = member.device;
    match member.state {
        MemberState::Queued if row.status.is_rolling() && row.frozen.is_none() => {
            facts.push(removed(ix, device, RemovalCause::NotContacted));
        }
        // It has waited for what is no matter of the release.
        MemberState::Held(wait) if !wait.what.is_timed() => {
            facts.push(removed(ix, device, RemovalCause::PreconditionUnmet));
        }
        MemberState::InProgress | MemberState::Held(_) => {
            let retry_at = retry_at(state, ix, member, ErrorClass::LostContact, now);
            facts.push(timed_out(ix, device, retry_at));
        }
        _ => facts.extend(rollback::member_due(state, ix, at, now)),
    }
}

/// The campaign's time is over: what is open is timed out, what was never reached is removed, and then it has completed
/// or failed.
fn end_at_deadline(campaign: CampaignIx, row: &Campaign, facts: &mut Vec<Fact>) {
    let before = facts.len();
    for (_, member) in row.roster.begun() {
        let device = member.device;
        match member.state {
            MemberState::Queued => {
                facts.push(removed(campaign, device, RemovalCause::NotContacted));
            }
            MemberState::Held(_) => {
                facts.push(removed(campaign, device, RemovalCause::PreconditionUnmet));
            }
            MemberState::InProgress => facts.push(timed_out(campaign, device, None)),
            _ => {}
        }
    }
    if facts.len() == before {
        conclude(
            campaign,
            row,
            |phase| FailureCause::Deadline { phase },
            facts,
        );
    }
}

/// Nothing is under way any more, and nothing will be: the campaign has completed, or it has failed in this phase.
pub fn conclude(
    campaign: CampaignIx,
    row: &Campaign,
    cause: fn(u32) -> FailureCause,
    facts: &mut Vec<Fact>,
) {
    let phase = u32::try_from(row.run).expect("phases are few");
    if row.is_last_phase() && is_success(row) {
        facts.push(PhasePassed { campaign, phase }.into());
        facts.push(CampaignCompleted { campaign }.into());
    } else {
        let cause = cause(phase);
        facts.push(CampaignFailed { campaign, cause }.into());
    }
}

/// Whether the last phase's success threshold holds for those that accepted and were not forgiven.
fn is_success(row: &Campaign) -> bool {
    let tally = row.so_far();
    let judged = tally.accepted - tally.forgiven();
    let threshold: BasisPoints = row.phase().success_threshold;
    judged > 0 && threshold.is_reached_by(tally.updated.into(), judged.into())
}

/// When the campaign should be looked at again if nothing happens.
#[must_use]
pub fn wakeup(
    state: &State,
    ix: CampaignIx,
    ready: Option<&Ready>,
    now: Timestamp,
) -> Option<Timestamp> {
    let row = state.campaigns.get(ix);
    let may_start = state.storage_low.is_none() && row.frozen.is_none();
    let ready = ready.filter(|_| may_start && !row.is_finishing());
    let turn = ready.filter(|_| row.status.is_rolling());
    let turn = turn.and_then(|ready| ready.wakeup(row, now));
    let next = match &row.status {
        Status::Staged { .. } if !may_start => None,
        Status::Staged { .. } if schedule::is_early(row, now) => {
            row.spec.schedule.start.map(Moment::ms)
        }
        Status::Staged { since } => Some(since + DELTA_WAIT_MS),
        Status::Rolling | Status::Monitoring if row.is_finishing() => None,
        Status::Rolling | Status::Monitoring => next_look(row, may_start, now),
        Status::RollingBack => rollback::wakeup(row, may_start, ready, now),
        _ => None,
    };
    let alert = alerts::wakeup(state, ix, now);
    let calendar = schedule::wakeup(row, now);
    [next, turn, row.deadline(), alert, calendar]
        .into_iter()
        .flatten()
        .min()
}

fn next_look(row: &Campaign, may_start: bool, now: Timestamp) -> Option<Timestamp> {
    match judge(row, now) {
        Verdict::Pause(_) => Some(now),
        // The next phase waits for the end of the freeze.
        Verdict::Advance if row.frozen.is_some() && row.runs[row.run].passed_at.is_some() => None,
        Verdict::Advance => Some(now),
        Verdict::Hold(HoldReason::Soaking { .. }) if row.frozen.is_some() => None,
        Verdict::Hold(
            HoldReason::Soaking { until } | HoldReason::Limited(Limit::Rate { until, .. }),
        ) => Some(until),
        Verdict::Hold(HoldReason::Offering { .. }) if !may_start => None,
        Verdict::Hold(HoldReason::Offering { .. }) => Some(now),
        Verdict::Hold(_) => row.watched_until(now).filter(|until| *until > now),
    }
}
