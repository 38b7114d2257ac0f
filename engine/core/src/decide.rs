//! Facts and time to more facts: what the engine decides by itself.
//!
//! Each function looks at the state and says what follows from it now. Called again after its facts are applied, it says
//! what follows from those; nothing is remembered between calls.

use alloc::{vec, vec::Vec};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    campaign::{BasisPoints, Jitter, MINUTE_MS, Membership, Moment},
    command::Lifecycle,
    device::{ErrorClass, Stage},
    job::CONDITIONS_CAPABILITY,
};

use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp, alerts, approval,
    calendar::{Calendar, When, Window},
    cohort::{jitter_ms, rank_of},
    compared,
    fact::{
        CampaignCompleted, CampaignFailed, CampaignMonitoring, CampaignPaused, CampaignStarted,
        DeferralCause, DeviceFlagged, ExecutionDeferred, ExecutionQueued, ExecutionRemoved,
        ExecutionSucceeded, ExecutionTimedOut, FailureCause, GatePromoted, MemberJoined,
        PhasePassed, PhaseStarted, RemovalCause, ReturnDeferral, ReturnDeferred, WindowRenewed,
    },
    judge::{HoldReason, Verdict, is_promoted_now, judge},
    membership::{Grouping, takers},
    offers::offered_bytes,
    pace::Limit,
    path::{Way, way},
    rollback, schedule,
    state::{Campaign, Device, Evidence, Member, MemberState, Place, ReturnStep, Status},
    tickets,
    turns::{Places, Ready, Turns},
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
        Status::Rolling | Status::Monitoring if row.is_finishing() => {
            schedule::finish(ix, row, facts);
        }
        Status::Rolling | Status::Monitoring => match schedule::frost(ix, row, now) {
            Some(fact) => facts.push(fact),
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

/// Offers the update to those whose turn has come, as far as the rates allow: first to those who have had a turn before,
/// then to the next members of the phases reached, by group, then by rank.
fn offer(
    state: &State,
    ix: CampaignIx,
    row: &Campaign,
    now: Timestamp,
    turns: &mut Turns<'_>,
    facts: &mut Vec<Fact>,
) {
    let mut places = Places::take(row, now, turns);
    let calendar = &mut *turns.calendar;
    let mut offer = |at: u32| {
        let member = row.member(at);
        let when = calendar.when(state, ix, member.device, now);
        let offered = offer_one(state, ix, member, when, now);
        let is_outcome = offered.iter().any(is_outcome);
        facts.extend(offered);
        // What a gate may have to say about it comes before the next offer.
        !is_outcome
    };
    let mut goes_on = true;
    while goes_on && let Some(at) = places.next(turns.ready, row, |at| is_ready(state, ix, at, now))
    {
        goes_on = offer(at);
    }
    if goes_on && places.is_free() {
        let _last = row
            .roster
            .next(|track| row.phases_reached(track))
            .find(|at| {
                places.use_fresh();
                !offer(*at) || !places.is_free()
            });
    }
    places.give_back(turns);
}

/// Whether an offer has led to what gates count at once.
const fn is_outcome(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::ExecutionSucceeded(_) | Fact::ExecutionRemoved(_)
    )
}

/// Whether a member who has had a turn before may have another one.
pub fn is_ready(state: &State, ix: CampaignIx, at: u32, now: Timestamp) -> bool {
    let member = state.campaigns.get(ix).member(at);
    match member.state {
        MemberState::Returning { .. } => rollback::is_ready(state, ix, member, now),
        MemberState::Retrying { at } => at <= now,
        MemberState::Deferred => {
            let row = state.campaigns.get(ix);
            let is_open = row.window(member).is_none_or(|window| window.from <= now);
            is_open
                && matches!(
                    availability(state, member.device, ix),
                    Availability::Free | Availability::FreeAfter(_)
                )
        }
        _ => false,
    }
}

/// What a member gets when its turn comes.
pub fn offer_one(
    state: &State,
    ix: CampaignIx,
    member: &Member,
    when: When,
    now: Timestamp,
) -> Vec<Fact> {
    let (campaign, device, attempt) = (ix, member.device, member.attempts + 1);
    let row = state.campaigns.get(ix);
    let known = state.devices.get(device);
    let removed = |cause| vec![removed(campaign, device, cause)];
    let deferred = |cause, window| {
        let deferred = ExecutionDeferred {
            campaign,
            device,
            cause,
            window,
        };
        vec![deferred.into()]
    };
    if known.lifecycle() == Lifecycle::Retired {
        return removed(RemovalCause::Retired);
    }
    let availability = availability(state, device, ix);
    if let Availability::Not(cause) = availability {
        return deferred(cause, None);
    }
    let target = row.target(member, &state.devices);
    let release = state.releases.get(target);
    let running = known.running_digest();
    // Another campaign's queued job makes way for what comes.
    let making_way = |fact: Fact| match availability {
        Availability::FreeAfter(other) => taken_back(state, other, device)
            .into_iter()
            .chain([fact])
            .collect(),
        Availability::Free | Availability::Not(_) => vec![fact],
    };
    if attempt == 1 && running == Some(release.image) {
        let already = true;
        let succeeded = ExecutionSucceeded {
            campaign,
            device,
            already,
        };
        return making_way(succeeded.into());
    }
    if running.is_some_and(|running| state.releases.is_newer(running, release)) {
        return removed(RemovalCause::Superseded);
    }
    if state.streaks.flag(device).is_some() {
        return removed(RemovalCause::Flagged);
    }
    if !understands(row, known) {
        return removed(RemovalCause::ConditionsUnsupported);
    }
    let via = match way(&state.releases, target, known) {
        // What is not known of it is found out by asking: see `reconsidered`.
        Way::Direct | Way::Unknown => None,
        Way::Via(release) => Some(release),
        Way::None => return removed(RemovalCause::NoPath),
        Way::Hardware => return removed(RemovalCause::Hardware),
    };
    let window = match when {
        When::AnyTime => None,
        When::Within(window) => Some(window),
    };
    let waits = |window: &Window| {
        let is_early = row.spec.download.is_early() && *window != Window::NEVER;
        !is_early && window.from > now
    };
    if window.as_ref().is_some_and(waits) {
        return deferred(DeferralCause::Window, window);
    }
    let queued = ExecutionQueued {
        campaign,
        device,
        attempt,
        window,
        via,
    };
    making_way(queued.into())
}

/// Whether a device knows how to wait for what this campaign asks for. Of one that has never said anything it shows when
/// it does: before it sees its job.
pub fn understands(row: &Campaign, device: Device<'_>) -> bool {
    row.spec.preconditions.is_empty()
        || device.last_seen().is_none()
        || device
            .inventory()
            .capabilities
            .iter()
            .any(|capability| capability.as_str() == CONDITIONS_CAPABILITY)
}

/// A device has said what it can: a job that it would not understand is taken back before it sees it.
pub fn not_understood(state: &State, device: DeviceIx, facts: &mut Vec<Fact>) {
    let known = state.devices.get(device);
    let Some((campaign, at)) = known.execution() else {
        return;
    };
    let row = state.campaigns.get(campaign);
    if row.member(at).state == MemberState::Queued && !understands(row, known) {
        let cause = RemovalCause::ConditionsUnsupported;
        facts.push(removed(campaign, device, cause));
    }
}

/// The next device whose executions have failed too often in a row.
pub fn flagged(state: &State) -> Option<Fact> {
    let (device, streak) = state.streaks.due()?;
    let (campaign, _) = state.devices.get(device).execution()?;
    let failed = streak.failed;
    Some(
        DeviceFlagged {
            device,
            campaign,
            failed,
        }
        .into(),
    )
}

/// A member is taken out, and counts neither way.
pub fn removed(campaign: CampaignIx, device: DeviceIx, cause: RemovalCause) -> Fact {
    ExecutionRemoved {
        campaign,
        device,
        cause,
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

/// A device has said what it runs and what it is: a job that is not for that is taken back before it sees it, and it gets
/// another one.
pub fn reconsidered(state: &State, device: DeviceIx, facts: &mut Vec<Fact>) {
    let known = state.devices.get(device);
    let Some((campaign, at)) = known.execution() else {
        return;
    };
    let row = state.campaigns.get(campaign);
    if row.member(at).state != MemberState::Queued {
        return;
    }
    let target = row.target(row.member(at), &state.devices);
    let wanted = match way(&state.releases, target, known) {
        Way::Direct | Way::Unknown => Some(target),
        Way::Via(release) => Some(release),
        Way::None | Way::Hardware => None,
    };
    if wanted != Some(row.aim(at, &state.devices)) {
        let cause = DeferralCause::Reconsidered;
        facts.push(
            ExecutionDeferred {
                campaign,
                device,
                cause,
                window: None,
            }
            .into(),
        );
    }
}

/// Whether a device has an open job whose window is over, and has not begun to install by what it has said.
pub fn has_missed_its_window(state: &State, device: DeviceIx, now: Timestamp) -> bool {
    let known = state.devices.get(device);
    let Some((ix, at)) = known.execution() else {
        return false;
    };
    let row = state.campaigns.get(ix);
    let member = row.member(at);
    let is_over = row.window(member).is_some_and(|window| window.until <= now);
    let is_at_it = matches!(
        known.stage(),
        Some(Stage::Rebooting | Stage::Trial | Stage::Confirmed)
    );
    is_over && member.is_updating() && !is_at_it && !row.status.is_final()
}

/// A device that has missed its window has said something: it may have the next one.
pub fn renewed(
    state: &State,
    device: DeviceIx,
    now: Timestamp,
    calendar: &mut Calendar,
) -> Option<Fact> {
    if !has_missed_its_window(state, device, now) {
        return None;
    }
    let (campaign, _) = state.devices.get(device).execution()?;
    match calendar.when(state, campaign, device, now) {
        When::Within(window) if window != Window::NEVER => Some(
            WindowRenewed {
                campaign,
                device,
                window,
            }
            .into(),
        ),
        When::Within(_) | When::AnyTime => None,
    }
}

/// A campaign's queued job makes way for another one's.
pub fn taken_back(state: &State, campaign: CampaignIx, device: DeviceIx) -> Option<Fact> {
    let row = state.campaigns.get(campaign);
    let member = row.member(row.member_of(device, &state.devices)?);
    Some(match member.state {
        MemberState::Returning { to, .. } => ReturnDeferred {
            campaign,
            device,
            to,
            cause: ReturnDeferral::MadeWay,
        }
        .into(),
        _ => ExecutionDeferred {
            campaign,
            device,
            cause: DeferralCause::MadeWay,
            window: None,
        }
        .into(),
    })
}

/// Whether a device can take a campaign's job now.
pub enum Availability {
    Free,
    /// Once this campaign's queued job is taken back.
    FreeAfter(CampaignIx),
    Not(DeferralCause),
}

/// A queued job makes way if its campaign is paused, so that nobody can take it anyway, or if it stands in the way of a
/// security campaign; one that the device has accepted never does.
pub fn availability(state: &State, device: DeviceIx, wanted_by: CampaignIx) -> Availability {
    let known = state.devices.get(device);
    if known.lifecycle() == Lifecycle::Maintenance {
        return Availability::Not(DeferralCause::Maintenance);
    }
    let Some((other, at)) = known.execution() else {
        return Availability::Free;
    };
    let row = state.campaigns.get(other);
    match row.member(at).state {
        MemberState::InProgress
        | MemberState::Held(_)
        | MemberState::Returning {
            step: ReturnStep::InProgress,
            ..
        } => Availability::Not(DeferralCause::Busy),
        MemberState::Queued
        | MemberState::Returning {
            step: ReturnStep::Queued,
            ..
        } if other != wanted_by => {
            let wanted_by = &state.campaigns.get(wanted_by).spec;
            let is_paused = row.frozen.is_some()
                || matches!(
                    row.status,
                    Status::Paused { .. } | Status::RollbackPaused { .. }
                );
            let makes_way = is_paused
                || (wanted_by.security && !row.spec.security)
                || is_on(Mutant::JobTakenByAnybody);
            if makes_way {
                Availability::FreeAfter(other)
            } else {
                Availability::Not(DeferralCause::Busy)
            }
        }
        _ => Availability::Free,
    }
}

/// A device may have become free: the campaigns that had to pass it over, and its place in each.
pub fn waiting_for(state: &State, device: DeviceIx) -> impl Iterator<Item = (CampaignIx, u32)> {
    state.campaigns.active().filter_map(move |ix| {
        let row = state.campaigns.get(ix);
        if row.deferred.is_empty() {
            return None;
        }
        let at = row.member_of(device, &state.devices)?;
        row.deferred.contains(&at).then_some((ix, at))
    })
}

/// A device has said what it is like: campaigns under way that it fits by now, it joins.
pub fn joins(state: &State, device: DeviceIx, facts: &mut Vec<Fact>) {
    for ix in state.campaigns.active() {
        let row = state.campaigns.get(ix);
        if row.spec.membership == Membership::Static
            || row.started_at.is_none()
            || row.status.is_rolling_back()
            || row.member_of(device, &state.devices).is_some()
        {
            continue;
        }
        if let Some(group) = Grouping::of(row).judge(state.devices.get(device)) {
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
