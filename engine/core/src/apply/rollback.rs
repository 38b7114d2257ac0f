//! What facts of the way back change.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use fleetfold_schemas::campaign::BasisPoints;

use super::{member_at, watch};
use crate::{
    Timestamp,
    fact::{
        Fact, ReturnDeferral, ReturnDeferred, ReturnFailed, ReturnQueued, RollbackAdded,
        RollbackStarted,
    },
    state::{Campaign, MemberState, ReturnStep, Returns, Rollback, State, Status, WayBack},
};

pub fn added(state: &mut State, fact: &RollbackAdded) {
    let back = WayBack {
        sequence: fact.sequence,
        manifest: fact.manifest.clone(),
    };
    let release = state.releases.get_mut(fact.release);
    release.rollbacks.insert(fact.to, back);
}

/// A whole campaign goes back, or has.
pub fn campaign_changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let ix = fact.campaign().expect("only called for campaign facts");
    let position = state.position;
    let campaign = state.campaigns.get_mut(ix);
    match fact {
        Fact::RollbackStarted(fact) => {
            campaign.recalled_position = Some(position);
            campaign.recalled_at = Some(at);
            started(campaign, at, fact);
        }
        Fact::RollbackAdvanced(fact) => {
            if let Some(rollback) = &mut campaign.rollback {
                rollback.phase = fact.phase as usize;
            }
        }
        Fact::CampaignRolledBack(_) => {
            campaign.status = Status::RolledBack;
            campaign.ended_at = Some(at);
            campaign.to_return = BTreeSet::new();
        }
        _ => unreachable!("only called for facts of the way back"),
    }
    if !matches!(fact, Fact::RollbackAdvanced(_)) {
        campaign.positions.status = position;
    }
    let is_active = campaign.status.is_active();
    if !is_active || matches!(fact, Fact::RollbackStarted(_)) {
        campaign.count_heard(&state.devices);
    }
    state.campaigns.set_active(ix, is_active);
}

fn started(campaign: &mut Campaign, at: Timestamp, fact: &RollbackStarted) {
    let share = |share: &u16| BasisPoints::new(*share).unwrap_or(BasisPoints::ALL);
    let phases: Vec<_> = fact.phases_bp.iter().map(share).collect();
    campaign.version += 1;
    campaign.ended_at = None;
    // The way back waits for no freeze: a bad release does not stay because of the season.
    campaign.frozen = None;
    campaign.watch.moved_at = at;
    campaign.status = Status::RollingBack;
    campaign.rollback = Some(Rollback {
        cause: fact.cause.clone(),
        started_at: at,
        phases,
        phase: 0,
        forgiven: Returns::default(),
    });
    campaign.line_up_all();
}

/// Resuming after the gate accepts what the gate saw.
pub fn resumed(campaign: &mut Campaign, was_gate: bool) {
    let outcomes = Returns::of(&campaign.totals());
    if let Some(rollback) = &mut campaign.rollback
        && was_gate
    {
        rollback.forgiven = outcomes;
    }
    campaign.status = Status::RollingBack;
}

/// One member goes back, or does not.
pub fn member_changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let (Some(ix), Some(device)) = (fact.campaign(), fact.device()) else {
        unreachable!("only called for execution facts")
    };
    let Some(member) = member_at(state, ix, device) else {
        unreachable!("an execution fact names a member of its campaign")
    };
    let position = state.position;
    let campaign = state.campaigns.get_mut(ix);
    campaign.deferred.remove(&member);
    campaign.roster.mark(member, position);
    if !matches!(fact, Fact::ReturnAccepted(_) | Fact::ReturnDeferred(_)) {
        state.devices.set_stage(device, None, None);
    }
    let was_given_up = watch::is_given_up(campaign.member(member));
    match fact {
        Fact::ReturnQueued(fact) => {
            state.devices.set_execution(device, (ix, member));
            queued(campaign, member, at, position, fact);
        }
        Fact::ReturnAccepted(_) => step(campaign, member, at, ReturnStep::InProgress),
        Fact::Returned(_) => {
            campaign.update_member(member, |member| member.enter(MemberState::Returned, at));
            // Late, but back: what an operator has accepted as a failure is none any more.
            let failed = campaign.totals().return_failed;
            if let Some(rollback) = &mut campaign.rollback {
                rollback.forgiven.failed = rollback.forgiven.failed.min(failed);
            }
        }
        Fact::ReturnFailed(fact) => failed(campaign, member, at, fact),
        Fact::ReturnSkipped(fact) => {
            let cause = fact.cause;
            campaign.update_member(member, |member| member.enter(MemberState::Kept(cause), at));
        }
        Fact::ReturnDeferred(fact) => deferred(campaign, member, at, fact),
        _ => unreachable!("only called for facts of the way back"),
    }
    watch::moved(campaign, member, at, was_given_up, fact);
    watch::count_streak(campaign, &mut state.streaks, member, was_given_up, fact);
}

fn queued(campaign: &mut Campaign, member: u32, at: Timestamp, position: u64, fact: &ReturnQueued) {
    campaign.starts.count(at, false);
    let (to, attempt) = (fact.to, fact.attempt);
    campaign.update_member(member, |member| {
        member.attempts = attempt;
        member.job = position;
        let step = ReturnStep::Queued;
        member.enter(MemberState::Returning { to, step }, at);
    });
}

fn step(campaign: &mut Campaign, member: u32, at: Timestamp, step: ReturnStep) {
    if let MemberState::Returning { to, .. } = campaign.member(member).state {
        campaign.update_member(member, |member| {
            member.enter(MemberState::Returning { to, step }, at);
        });
    }
}

fn failed(campaign: &mut Campaign, member: u32, at: Timestamp, fact: &ReturnFailed) {
    campaign.errors[fact.error.class as usize] += 1;
    campaign.update_member(member, |member| {
        member.error = Some(Box::new(fact.error.clone()));
        let MemberState::Returning { to, .. } = member.state else {
            return;
        };
        let state = match fact.retry_at {
            Some(at) => MemberState::Returning {
                to,
                step: ReturnStep::Retrying { at },
            },
            None => MemberState::ReturnFailed { to },
        };
        member.enter(state, at);
    });
}

fn deferred(campaign: &mut Campaign, member: u32, at: Timestamp, fact: &ReturnDeferred) {
    campaign.deferred.insert(member);
    let step = match fact.cause {
        ReturnDeferral::NotContacted => ReturnStep::OutOfReach,
        ReturnDeferral::Busy | ReturnDeferral::Maintenance | ReturnDeferral::MadeWay => {
            ReturnStep::Deferred
        }
    };
    let to = fact.to;
    campaign.update_member(member, |member| {
        match member.state {
            // A job taken back before the device accepted it was no attempt.
            MemberState::Returning {
                step: ReturnStep::Queued,
                ..
            } => member.attempts = member.attempts.saturating_sub(1),
            MemberState::Returning { .. } => {}
            // Nor does the job that updated it belong to the way back.
            _ => (member.attempts, member.job) = (0, 0),
        }
        member.enter(MemberState::Returning { to, step }, at);
    });
}
