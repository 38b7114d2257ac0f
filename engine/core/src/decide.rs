//! Facts and time to more facts: what the engine decides by itself.
//!
//! Each function looks at the state and says what follows from it now. Called again after its facts are applied, it says
//! what follows from those; nothing is remembered between calls.

use alloc::vec::Vec;
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    campaign::{BasisPoints, MINUTE_MS, Membership},
    command::Lifecycle,
};

use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp,
    cohort::rank_of,
    fact::{
        CampaignCompleted, CampaignFailed, CampaignMonitoring, CampaignPaused, CampaignStarted,
        DeferralCause, ExecutionDeferred, ExecutionQueued, ExecutionRemoved, ExecutionSucceeded,
        ExecutionTimedOut, FailureCause, MemberJoined, PhasePassed, PhaseStarted, RemovalCause,
    },
    judge::{HoldReason, Verdict, judge},
    membership::{Grouping, takers},
    state::{Campaign, Member, MemberState, Place, Status},
};

/// How long a staged campaign waits for its deltas before it starts without them: a delta saves bytes, never a day.
pub const DELTA_WAIT_MS: u64 = 10 * MINUTE_MS;

/// When the next attempt of a member is due after a failure now; `None` when none is left.
///
/// The wait doubles with every attempt.
#[must_use]
pub fn retry_at(campaign: &Campaign, member: &Member, now: Timestamp) -> Option<Timestamp> {
    let handling = &campaign.spec.failure_handling;
    let is_spent =
        member.attempts > u32::from(handling.max_retries) && !is_on(Mutant::RetriesWithoutLimit);
    if is_spent || campaign.status.is_final() {
        return None;
    }
    let doublings = member.attempts.saturating_sub(1);
    Some(now + (handling.retry_backoff_hours.ms() << doublings))
}

/// What one campaign does next. `starts_left` is how many executions this step may still start.
pub fn campaign(
    state: &State,
    ix: CampaignIx,
    now: Timestamp,
    starts_left: &mut u32,
    facts: &mut Vec<Fact>,
) {
    let row = state.campaigns.get(ix);
    match &row.status {
        Status::Staged { since } => {
            if !waits_for_deltas(state, row, *since, now) && state.storage_low.is_none() {
                facts.push(start(state, ix, row));
            }
        }
        Status::Rolling | Status::Monitoring | Status::Paused { .. }
            if row.deadline().is_some_and(|at| at <= now) =>
        {
            end_at_deadline(ix, row, facts);
        }
        Status::Rolling | Status::Monitoring => roll(state, ix, row, now, starts_left, facts),
        Status::Draft
        | Status::Paused { .. }
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
    starts_left: &mut u32,
    facts: &mut Vec<Fact>,
) {
    let run = row.runs[row.run];
    let phase = u32::try_from(row.run).expect("phases are few");
    if run.started_at.is_none() {
        facts.push(phase_started(ix, row, row.run));
        return;
    }
    match judge(row, now) {
        Verdict::Pause(cause) => facts.push(
            CampaignPaused {
                campaign: ix,
                cause,
            }
            .into(),
        ),
        Verdict::Advance if run.passed_at.is_none() => facts.push(
            PhasePassed {
                campaign: ix,
                phase,
            }
            .into(),
        ),
        Verdict::Advance if row.is_last_phase() => {
            facts.push(CampaignCompleted { campaign: ix }.into())
        }
        Verdict::Advance => facts.push(phase_started(ix, row, row.run + 1)),
        Verdict::Hold(HoldReason::Offering { .. }) if state.storage_low.is_none() => {
            offer(state, ix, row, starts_left, facts)
        }
        Verdict::Hold(HoldReason::Soaking { .. })
            if row.is_last_phase() && row.status == Status::Rolling =>
        {
            if row.reached().unresolved == 0 {
                facts.push(CampaignMonitoring { campaign: ix }.into());
            }
        }
        Verdict::Hold(_) => {}
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

/// Offers the update to the next members of the phases reached: by group, then by rank.
fn offer(
    state: &State,
    ix: CampaignIx,
    row: &Campaign,
    starts_left: &mut u32,
    facts: &mut Vec<Fact>,
) {
    let next = row.roster.next(|track| row.phases_reached(track));
    for at in next.take(*starts_left as usize) {
        *starts_left -= 1;
        facts.push(offer_one(state, ix, row, row.member(at).device, 1));
    }
}

/// What a member gets when its turn comes.
fn offer_one(
    state: &State,
    ix: CampaignIx,
    row: &Campaign,
    device: DeviceIx,
    attempt: u32,
) -> Fact {
    let campaign = ix;
    let known = state.devices.get(device);
    if known.lifecycle() == Lifecycle::Retired {
        let cause = RemovalCause::Retired;
        return ExecutionRemoved {
            campaign,
            device,
            cause,
        }
        .into();
    }
    if let Some(cause) = unavailable(state, device) {
        return ExecutionDeferred {
            campaign,
            device,
            cause,
        }
        .into();
    }
    let release = state.releases.get(row.target(device, &state.devices));
    let running = known.running_digest();
    if attempt == 1 && running == Some(release.image) {
        let already = true;
        return ExecutionSucceeded {
            campaign,
            device,
            already,
        }
        .into();
    }
    if running.is_some_and(|running| state.releases.is_newer(running, release)) {
        let cause = RemovalCause::Superseded;
        return ExecutionRemoved {
            campaign,
            device,
            cause,
        }
        .into();
    }
    ExecutionQueued {
        campaign,
        device,
        attempt,
    }
    .into()
}

/// Why a device cannot take a job now.
fn unavailable(state: &State, device: DeviceIx) -> Option<DeferralCause> {
    let known = state.devices.get(device);
    let is_busy = known
        .execution()
        .is_some_and(|(campaign, member)| state.campaigns.get(campaign).member(member).is_open());
    if is_busy {
        Some(DeferralCause::Busy)
    } else if known.lifecycle() == Lifecycle::Maintenance {
        Some(DeferralCause::Maintenance)
    } else {
        None
    }
}

/// A device has become free: the campaigns that had to pass it over offer again.
pub fn device_freed(state: &State, device: DeviceIx, facts: &mut Vec<Fact>) {
    if state.storage_low.is_some() || unavailable(state, device).is_some() {
        return;
    }
    for ix in state.campaigns.active() {
        let row = state.campaigns.get(ix);
        if row.deferred.is_empty() || !row.status.is_rolling() {
            continue;
        }
        if let Some(at) = row.member_of(device, &state.devices)
            && row.deferred.contains(&at)
        {
            let attempt = row.member(at).attempts + 1;
            facts.push(offer_one(state, ix, row, device, attempt));
            return;
        }
    }
}

/// A device has said what it is like: campaigns under way that it fits by now, it joins.
pub fn joins(state: &State, device: DeviceIx, facts: &mut Vec<Fact>) {
    for ix in state.campaigns.active() {
        let row = state.campaigns.get(ix);
        if row.spec.membership == Membership::Static
            || row.started_at.is_none()
            || row.member_of(device, &state.devices).is_some()
        {
            continue;
        }
        if let Some(group) = Grouping::of(row).group_of(state.devices.get(device)) {
            let rank = rank_of(row.id(), state.devices.get(device).name());
            let Place { group, phase } = row.roster.place_of(&row.spec, group, rank);
            facts.push(
                MemberJoined {
                    campaign: ix,
                    device,
                    group,
                    phase,
                }
                .into(),
            );
        }
    }
}

/// The devices that a resumed campaign had to pass over and that are free by now.
pub fn deferred(state: &State, ix: CampaignIx) -> impl Iterator<Item = DeviceIx> {
    let row = state.campaigns.get(ix);
    row.deferred
        .iter()
        .map(|at| row.member(*at).device)
        .filter(|device| unavailable(state, *device).is_none())
}

/// What is due for one member by now.
pub fn member(state: &State, ix: CampaignIx, at: u32, now: Timestamp, facts: &mut Vec<Fact>) {
    let row = state.campaigns.get(ix);
    let member = row.member(at);
    if row.due(member).is_none_or(|due| due > now) {
        return;
    }
    let (campaign, device) = (ix, member.device);
    match member.state {
        MemberState::Queued if row.status.is_rolling() => {
            let cause = RemovalCause::NotContacted;
            facts.push(
                ExecutionRemoved {
                    campaign,
                    device,
                    cause,
                }
                .into(),
            );
        }
        MemberState::InProgress => {
            let retry_at = retry_at(row, member, now);
            facts.push(
                ExecutionTimedOut {
                    campaign,
                    device,
                    retry_at,
                }
                .into(),
            );
        }
        MemberState::Retrying { .. } if row.status.is_rolling() && state.storage_low.is_none() => {
            facts.push(offer_one(state, ix, row, device, member.attempts + 1));
        }
        _ => {}
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
                let cause = RemovalCause::NotContacted;
                facts.push(
                    ExecutionRemoved {
                        campaign,
                        device,
                        cause,
                    }
                    .into(),
                );
            }
            MemberState::InProgress => {
                let retry_at = None;
                facts.push(
                    ExecutionTimedOut {
                        campaign,
                        device,
                        retry_at,
                    }
                    .into(),
                );
            }
            _ => {}
        }
    }
    if facts.len() > before {
        return;
    }
    let phase = u32::try_from(row.run).expect("phases are few");
    if row.is_last_phase() && is_success(row) {
        facts.push(PhasePassed { campaign, phase }.into());
        facts.push(CampaignCompleted { campaign }.into());
    } else {
        let cause = FailureCause::Deadline { phase };
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
pub fn wakeup(state: &State, ix: CampaignIx, now: Timestamp) -> Option<Timestamp> {
    let row = state.campaigns.get(ix);
    let next = match &row.status {
        Status::Staged { .. } if state.storage_low.is_some() => None,
        Status::Staged { since } => Some(since + DELTA_WAIT_MS),
        Status::Rolling | Status::Monitoring => match judge(row, now) {
            Verdict::Hold(HoldReason::Soaking { until }) => Some(until),
            Verdict::Hold(HoldReason::Offering { .. }) if state.storage_low.is_some() => None,
            Verdict::Hold(HoldReason::Offering { .. }) | Verdict::Advance | Verdict::Pause(_) => {
                Some(now)
            }
            Verdict::Hold(_) => {
                let watched_ms = row.phase().duration_hours.ms();
                row.phase_started_at()
                    .map(|at| at + watched_ms)
                    .filter(|until| *until > now)
            }
        },
        _ => None,
    };
    [next, row.deadline()].into_iter().flatten().min()
}
