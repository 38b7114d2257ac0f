//! What becomes of a member on its way to the release.

use alloc::boxed::Box;
use core::num::NonZeroU32;

use fleetfold_schemas::{
    Name,
    device::{DeviceError, ErrorClass, Waiting},
    mutant::{Mutant, is_on},
};

use super::{health, member_at, watch};
use crate::{
    ReleaseIx, Timestamp,
    fact::{ExecutionQueued, ExecutionSucceeded, Fact},
    offers::offered_bytes,
    state::{Campaign, Counted, Device, Evidence, Hop, Member, MemberState, State, Wait},
};

pub fn changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let (Some(ix), Some(device)) = (fact.campaign(), fact.device()) else {
        unreachable!("only called for execution facts")
    };
    let Some(at_member) = member_at(state, ix, device) else {
        unreachable!("an execution fact names a member of its campaign")
    };
    let position = state.position;
    if let Fact::ExecutionQueued(fact) = fact
        && is_retry(state.campaigns.get(ix), at_member, fact.attempt)
    {
        let bytes = offered_bytes(state, ix, device);
        let campaign = state.campaigns.get_mut(ix);
        campaign.retries += 1;
        campaign.retry_bytes += bytes;
    }
    let devices = &mut state.devices;
    let campaign = state.campaigns.get_mut(ix);
    campaign.deferred.remove(&at_member);
    keep_for_reports(campaign, at_member, devices.get(device), at, fact);
    // An acceptance follows the report that names the stage, and being passed over is no matter of the device's own job.
    if !matches!(
        fact,
        Fact::ExecutionAccepted(_)
            | Fact::ExecutionDeferred(_)
            | Fact::ExecutionHeld(_)
            | Fact::ExecutionContinued(_)
            | Fact::WindowRenewed(_)
    ) {
        devices.set_stage(device, None, None);
    }
    // The device's latest execution, to which its reports belong.
    if matches!(fact, Fact::ExecutionQueued(_) | Fact::ExecutionSucceeded(_)) {
        devices.set_execution(device, (ix, at_member));
    }
    match fact {
        Fact::ExecutionQueued(fact) => campaign.set_window(at_member, fact.window),
        Fact::ExecutionDeferred(fact) => campaign.set_window(at_member, fact.window),
        Fact::WindowRenewed(fact) => campaign.set_window(at_member, Some(fact.window)),
        Fact::ExecutionAccepted(_) | Fact::ExecutionHeld(_) | Fact::ExecutionContinued(_) => {}
        _ => campaign.set_window(at_member, None),
    }
    let is_first = campaign.member(at_member).counted == Counted::NotYet;
    let was_accepted = campaign.member(at_member).accepted;
    let was_given_up = watch::is_given_up(campaign.member(at_member));
    member_changed(campaign, at_member, at, position, fact);
    campaign.roster.mark(at_member, position);
    watch::moved(campaign, at_member, at, was_given_up, fact);
    watch::count_streak(campaign, &mut state.streaks, at_member, was_given_up, fact);
    let member = campaign.member(at_member);
    let (arm, counted) = (member.arm, member.counted);
    if let (Some(comparison), true, Counted::Success) =
        (&mut campaign.comparison, is_first, counted)
        && let Some(boot_ms) = devices.get(device).boot_ms()
    {
        comparison.booted(arm, boot_ms);
    }
    if campaign.health.is_some() {
        health::member_changed(state, ix, at_member, was_accepted, at);
    }
}

/// When a device was first offered the update, and what it ran then: later facts take both away.
fn keep_for_reports(
    campaign: &mut Campaign,
    at_member: u32,
    device: Device<'_>,
    at: Timestamp,
    fact: &Fact,
) {
    if !matches!(fact, Fact::ExecutionQueued(_))
        || campaign.member(at_member).first_offer_s.is_some()
    {
        return;
    }
    let running = device.running();
    let source = running.map(|(_, image)| campaign.sources.take(&image.version));
    let since_ms = at - campaign.started_at.unwrap_or(at);
    let since_s = u32::try_from(since_ms / 1000).unwrap_or(u32::MAX).max(1);
    campaign.update_member(at_member, |member| {
        member.source = source;
        member.first_offer_s = NonZeroU32::new(since_s);
    });
}

fn member_changed(campaign: &mut Campaign, ix: u32, at: Timestamp, position: u64, fact: &Fact) {
    match fact {
        Fact::ExecutionQueued(ExecutionQueued { attempt, via, .. }) => {
            step_begun(campaign, ix, *via);
            campaign.starts.count(at, *attempt == 1);
            campaign.update_member(ix, |member| {
                member.attempts = *attempt;
                member.job = position;
                member.enter(MemberState::Queued, at);
            });
        }
        Fact::ExecutionAccepted(_) => {
            accept(campaign, ix);
            campaign.update_member(ix, |member| member.enter(MemberState::InProgress, at));
        }
        Fact::ExecutionHeld(fact) => campaign.update_member(ix, |member| {
            let wait = Wait::from(Waiting {
                what: fact.waiting_for,
                until_ms: fact.until_ms,
                postponed: fact.postponed,
            });
            // Patience is with the whole wait, whatever it is for by turns.
            let was_waiting = member.state.wait().is_some();
            let since = if was_waiting && !is_on(Mutant::PatienceRenewed) {
                member.since
            } else {
                at
            };
            member.enter(MemberState::Held(wait), since);
        }),
        Fact::ExecutionContinued(_) => {
            campaign.update_member(ix, |member| member.enter(MemberState::InProgress, at));
        }
        Fact::ExecutionSucceeded(ExecutionSucceeded { already, .. }) => {
            if !already {
                accept(campaign, ix);
                count(campaign, ix, Counted::Success);
            }
            campaign.update_member(ix, |member| {
                member.failed = false;
                member.restored = false;
                member.reviewed = false;
                member.enter(MemberState::Succeeded, at);
            });
        }
        Fact::ExecutionRemoved(fact) => {
            campaign.excluded.remove(&ix);
            campaign.update_member(ix, |member| {
                member.removed_for = Some(fact.cause);
                member.enter(MemberState::Removed, at);
            });
        }
        Fact::DeviceExcluded(fact) => {
            campaign.excluded.insert(ix, fact.operator.clone());
            campaign.update_member(ix, |member| {
                member.removed_for = None;
                member.enter(MemberState::Removed, at);
            });
        }
        Fact::ExecutionCanceled(_) => {
            campaign.update_member(ix, |member| member.enter(MemberState::Canceled, at));
        }
        Fact::ExecutionRetracted(_) => retract(campaign, ix, at),
        Fact::HopReached(fact) => step_done(campaign, ix, at, fact.release),
        Fact::WindowRenewed(_) => {}
        Fact::ExecutionDeferred(_) => {
            campaign.deferred.insert(ix);
            campaign.update_member(ix, |member| {
                // A job taken back before the device accepted it, or began with it, was no attempt.
                let taken_back = matches!(member.state, MemberState::Queued | MemberState::Held(_));
                let taken_back = u32::from(taken_back);
                member.attempts = member.attempts.saturating_sub(taken_back);
                member.enter(MemberState::Deferred, at);
            });
        }
        _ => failed(campaign, ix, at, fact),
    }
}

/// The first attempt of a further step is none of those that retries are counted by.
fn is_retry(campaign: &Campaign, ix: u32, attempt: u32) -> bool {
    let before = campaign.hops.get(&ix).map_or(0, |hop| hop.attempts_before);
    attempt > before + 1
}

fn step_begun(campaign: &mut Campaign, ix: u32, via: Option<ReleaseIx>) {
    match (via, campaign.hops.get_mut(&ix)) {
        (via, Some(hop)) => hop.to = via,
        (Some(_), None) => {
            let hop = Hop {
                to: via,
                ..Hop::default()
            };
            campaign.hops.insert(ix, hop);
        }
        (None, None) => {}
    }
}

/// As soon as it can, it gets the next one. Who takes a step twice has gone back in between: that is what retries are for.
fn step_done(campaign: &mut Campaign, ix: u32, at: Timestamp, release: ReleaseIx) {
    let attempts = campaign.member(ix).attempts;
    let hop = campaign.hops.entry(ix).or_default();
    if hop.passed != Some(release) {
        hop.attempts_before = attempts;
    }
    hop.passed = Some(release);
    hop.has_left = false;
    hop.to = None;
    campaign.deferred.insert(ix);
    campaign.update_member(ix, |member| member.enter(MemberState::Deferred, at));
}

fn failed(campaign: &mut Campaign, ix: u32, at: Timestamp, fact: &Fact) {
    match fact {
        Fact::ExecutionFailed(fact) => {
            if !campaign.member(ix).is_in_progress()
                && let Some(hop) = campaign.hops.get_mut(&ix)
            {
                hop.has_left = true;
            }
            // A failed transport says nothing about the release.
            if fact.error.class != ErrorClass::Download {
                count(campaign, ix, Counted::Failure);
            }
            let state = retry_or(fact.retry_at, MemberState::Failed);
            fail(campaign, ix, at, &fact.error, fact.restored, state);
        }
        Fact::ExecutionRejected(fact) => {
            count(campaign, ix, Counted::Failure);
            let state = retry_or(fact.retry_at, MemberState::Rejected);
            fail(campaign, ix, at, &fact.error, false, state);
        }
        Fact::ExecutionTimedOut(fact) => {
            count(campaign, ix, Counted::Failure);
            let state = retry_or(fact.retry_at, MemberState::TimedOut);
            fail(campaign, ix, at, &lost_contact(), false, state);
        }
        _ => unreachable!("only called for execution facts"),
    }
}

fn retry_or(retry_at: Option<Timestamp>, last: MemberState) -> MemberState {
    retry_at.map_or(last, |at| MemberState::Retrying { at })
}

fn accept(campaign: &mut Campaign, at: u32) {
    if !campaign.member(at).accepted {
        campaign.exposed += 1;
        let arm = campaign.member(at).arm;
        if let Some(comparison) = &mut campaign.comparison {
            comparison.accepted(arm);
        }
        campaign.update_member(at, |member| member.accepted = true);
    }
}

/// Each device enters the evidence once, with its first outcome that is not a matter of transport.
fn count(campaign: &mut Campaign, at: u32, outcome: Counted) {
    if campaign.member(at).counted != Counted::NotYet {
        return;
    }
    let arm = campaign.member(at).arm;
    if let Some(comparison) = &mut campaign.comparison {
        comparison.count(arm, outcome == Counted::Success);
    }
    let stratum = usize::from(campaign.member(at).stratum);
    let stratum = campaign.strata.get_mut(stratum);
    let stratum = stratum.map(|stratum| &mut stratum.evidence);
    for evidence in core::iter::once(&mut campaign.evidence).chain(stratum) {
        match outcome {
            Counted::Success => evidence.succeeded += 1,
            Counted::Failure => evidence.failed += 1,
            Counted::NotYet => return,
        }
    }
    campaign.update_member(at, |member| member.counted = outcome);
}

fn fail(
    campaign: &mut Campaign,
    at_member: u32,
    at: Timestamp,
    error: &DeviceError,
    restored: bool,
    state: MemberState,
) {
    campaign.errors[error.class as usize] += 1;
    campaign.update_member(at_member, |member| {
        member.failed = true;
        member.restored |= restored;
        member.error = Some(Box::new(error.clone()));
        member.enter(state, at);
    });
}

/// Success moves to failure in the evidence, unless the campaign is over.
fn retract(campaign: &mut Campaign, at_member: u32, at: Timestamp) {
    let is_final = campaign.status.is_final();
    let member = campaign.member(at_member);
    if member.counted == Counted::Success && !is_final {
        let (stratum, was_reviewed) = (usize::from(member.stratum), u64::from(member.reviewed));
        let move_over = |evidence: &mut Evidence, forgiven: &mut Evidence| {
            forgiven.succeeded -= was_reviewed;
            evidence.succeeded -= 1;
            evidence.failed += 1;
        };
        move_over(&mut campaign.evidence, &mut campaign.forgiven);
        if let Some(stratum) = campaign.strata.get_mut(stratum) {
            move_over(&mut stratum.evidence, &mut stratum.forgiven);
        }
    }
    campaign.update_member(at_member, |member| {
        member.failed = true;
        member.restored = true;
        member.reviewed = false;
        if member.counted == Counted::Success {
            member.counted = Counted::Failure;
        }
        member.enter(MemberState::RolledBack, at);
    });
}

fn lost_contact() -> DeviceError {
    DeviceError {
        class: ErrorClass::LostContact,
        code: Name::parse("deadline").expect("our own names are valid"),
        message: "no outcome within the execution deadline".into(),
    }
}

impl Member {
    pub(super) fn enter(&mut self, state: MemberState, at: Timestamp) {
        self.state = state;
        self.since = at;
    }
}
