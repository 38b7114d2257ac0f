//! Who is offered the update, and what a member gets when its turn comes.

use alloc::{vec, vec::Vec};

use fleetfold_schemas::{
    command::Lifecycle,
    mutant::{Mutant, is_on},
};

use super::understands;
use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp,
    calendar::{When, Window},
    fact::{
        DeferralCause, ExecutionDeferred, ExecutionQueued, ExecutionRemoved, ExecutionSucceeded,
        RemovalCause, ReturnDeferral, ReturnDeferred,
    },
    path::{Way, way},
    rollback,
    state::{Campaign, Member, MemberState, ReturnStep, Status},
    turns::{Places, Turns},
};

/// Offers the update to those whose turn has come, as far as the rates allow: first to those who have had a turn before,
/// then to the next members of the phases reached, by group, then by rank.
pub fn offer(
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

/// A member is taken out, and counts neither way.
pub fn removed(campaign: CampaignIx, device: DeviceIx, cause: RemovalCause) -> Fact {
    ExecutionRemoved {
        campaign,
        device,
        cause,
    }
    .into()
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
