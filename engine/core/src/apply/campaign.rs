//! What becomes of a campaign, and of whom it takes in.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{member_at, rollback};
use crate::{
    CampaignIx, Timestamp,
    fact::{
        CampaignCanceled, CampaignCompleted, CampaignFailed, CampaignFrozen, CampaignMonitoring,
        CampaignPaused, CampaignResumed, CampaignStaged, CampaignStarted, Fact, MemberJoined,
        PhaseAdvanced, PhasePassed, PhaseStarted, RetriesOrdered,
    },
    membership::takers,
    state::{Campaign, Frozen, MemberState, Place, Roster, State, Status, stratum_of, tell_apart},
};

pub fn changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let ix = fact.campaign().expect("only called for campaign facts");
    let position = state.position;
    if let Fact::CampaignStarted(_) = fact {
        enroll(state, ix);
    }
    let campaign = state.campaigns.get_mut(ix);
    let status = core::mem::discriminant(&campaign.status);
    match fact {
        Fact::CampaignStaged(CampaignStaged { .. }) => {
            campaign.version += 1;
            campaign.status = Status::Staged { since: at };
        }
        Fact::CampaignStarted(CampaignStarted { .. }) => {
            campaign.started_at = Some(at);
            campaign.positions.started = position;
            campaign.watch.moved_at = at;
            campaign.status = Status::Rolling;
        }
        Fact::PhaseStarted(PhaseStarted { phase, .. }) => {
            campaign.run = *phase as usize;
            campaign.runs[*phase as usize].started_at = Some(at);
            campaign.runs[*phase as usize].position = position;
            campaign.watch.moved_at = at;
        }
        Fact::PhasePassed(PhasePassed { phase, .. }) => {
            campaign.watch.moved_at = at;
            campaign.runs[*phase as usize].passed_at = Some(at);
        }
        Fact::PhaseAdvanced(PhaseAdvanced { phase, .. }) => {
            campaign.watch.moved_at = at;
            campaign.version += 1;
            campaign.runs[*phase as usize].passed_at = Some(at);
        }
        Fact::CampaignPaused(CampaignPaused { cause, .. }) => {
            campaign.version += 1;
            campaign.recalled_position = Some(position);
            campaign.recalled_at = Some(at);
            let cause = cause.clone();
            campaign.status = if campaign.status.is_rolling_back() {
                Status::RollbackPaused { cause }
            } else {
                Status::Paused { cause }
            };
        }
        Fact::CampaignResumed(CampaignResumed { .. }) => resumed(campaign, at),
        Fact::CampaignCanceled(CampaignCanceled {
            operator, reason, ..
        }) => {
            campaign.version += 1;
            campaign.ended_at = Some(at);
            campaign.canceled_position = Some(position);
            campaign.to_return = BTreeSet::new();
            campaign.status = Status::Canceled {
                operator: operator.clone(),
                reason: reason.clone(),
            };
        }
        Fact::CampaignMonitoring(CampaignMonitoring { .. }) => campaign.status = Status::Monitoring,
        Fact::CampaignCompleted(CampaignCompleted { .. }) => {
            campaign.ended_at = Some(at);
            campaign.status = Status::Completed;
        }
        Fact::CampaignFailed(CampaignFailed { cause, .. }) => {
            campaign.ended_at = Some(at);
            campaign.status = Status::Failed {
                cause: cause.clone(),
            };
        }
        Fact::CampaignFrozen(CampaignFrozen { until, reason, .. }) => {
            campaign.frozen = Some(Frozen {
                until: *until,
                reason: reason.clone(),
            });
        }
        Fact::CampaignThawed(_) => {
            campaign.frozen = None;
            campaign.resumed_at = Some(at);
            campaign.watch.moved_at = at;
        }
        Fact::ScheduleEnded(fact) => campaign.schedule_ended = Some(fact.on_end),
        _ => unreachable!("only called for campaign facts"),
    }
    campaign.hold_watch(at);
    if core::mem::discriminant(&campaign.status) != status {
        campaign.positions.status = position;
    }
    let is_active = campaign.status.is_active();
    if !is_active || matches!(fact, Fact::CampaignStarted(_)) {
        campaign.count_heard(&state.devices);
    }
    state.campaigns.set_active(ix, is_active);
}

fn enroll(state: &mut State, ix: CampaignIx) {
    let row = state.campaigns.get(ix);
    let mut roster = Roster::enroll(row, takers(state, row), &state.devices);
    let strata = match &row.spec.gates.strata {
        Some(key) => tell_apart(key, roster.all_mut(), &state.devices),
        None => Vec::new(),
    };
    let campaign = state.campaigns.get_mut(ix);
    campaign.roster = roster;
    campaign.strata = strata;
}

/// Resuming after a gate accepts what the gate saw; resuming after any other pause forgives nothing.
fn resumed(campaign: &mut Campaign, at: Timestamp) {
    let was_gate = matches!(
        &campaign.status,
        Status::Paused { cause } | Status::RollbackPaused { cause } if cause.is_gate()
    );
    campaign.version += 1;
    campaign.resumed_at = Some(at);
    campaign.watch.moved_at = at;
    if campaign.status.is_rolling_back() {
        rollback::resumed(campaign, was_gate);
        return;
    }
    if was_gate {
        campaign.review();
    }
    campaign.status = Status::Rolling;
}

/// Those that have failed for good are due for another attempt.
pub fn retries_ordered(state: &mut State, at: Timestamp, fact: &RetriesOrdered) {
    let position = state.position;
    let only = fact
        .only
        .and_then(|device| member_at(state, fact.campaign, device));
    let campaign = state.campaigns.get_mut(fact.campaign);
    let members: Vec<_> = match fact.only {
        Some(_) => only.into_iter().collect(),
        None => {
            let failed = campaign
                .roster
                .begun()
                .filter(|(_, member)| member.is_lost());
            failed.map(|(member, _)| member).collect()
        }
    };
    for member in members {
        campaign.watch.moved_at = at;
        campaign.watch.not_lost(member, false);
        campaign.update_member(member, |member| {
            member.enter(MemberState::Retrying { at }, at);
        });
        campaign.roster.mark(member, position);
    }
}

pub fn member_joined(state: &mut State, fact: &MemberJoined) {
    let place = Place {
        group: fact.group,
        phase: fact.phase,
    };
    let campaign = state.campaigns.get_mut(fact.campaign);
    let id = campaign.id().clone();
    let (arm, _) = campaign.arm_of(state.devices.get(fact.device));
    campaign
        .roster
        .join((&id, arm), fact.device, place, &state.devices);
    let at = campaign.roster.len() - 1;
    campaign.roster.mark(at, state.position);
    let last_seen = state.devices.get(fact.device).last_seen();
    campaign.watch.heard.add(fact.device, last_seen);
    if let Some(key) = &campaign.spec.gates.strata {
        let stratum = stratum_of(key, &campaign.strata, state.devices.get(fact.device));
        campaign.update_member(at, |member| member.stratum = stratum);
    }
}
