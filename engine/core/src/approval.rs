//! Approval by a second person: how many are needed, who may, and what ends a request by itself.

use alloc::vec::Vec;

use fleetfold_schemas::{
    Digest, OperatorId,
    approval::ApprovalPolicy,
    mutant::{Mutant, is_on},
    operator::Role,
};
use serde_json::{Value, json};

use crate::{
    CampaignIx, Fact, State, Timestamp,
    fact::{Action, ApprovalLost, ApprovalVoided, VoidCause},
    state::{Approval, Campaign, MemberState, Operator, Status},
};

/// How many people besides the authors and whoever asks must want it.
#[must_use]
pub const fn needed(policy: &ApprovalPolicy, action: &Action) -> u8 {
    match action {
        Action::Start | Action::Promote { .. } => policy.start,
        Action::Advance { .. } | Action::Expedite { .. } => policy.advance,
        Action::Resume => policy.resume,
        Action::Rollback { .. } => policy.rollback,
    }
}

/// What who asked is told while the request at this position in the log is open.
#[must_use]
pub fn pending(state: &State, request: u64) -> Option<Value> {
    let mut open = state
        .campaigns
        .asking()
        .flat_map(|ix| &state.campaigns.get(ix).approvals);
    let asked = open.find(|asked| asked.request == request)?;
    let needed = usize::from(needed(&state.approval_policy, &asked.action));
    Some(told_pending(
        needed.saturating_sub(asked.given.len()),
        request,
    ))
}

/// How many are missing for a request.
#[must_use]
pub fn told_pending(missing: usize, request: u64) -> Value {
    json!({ "approval": "pending", "needed": missing, "request": request })
}

/// What an approval covers: the description as it is stored.
#[must_use]
pub fn digest(row: &Campaign) -> Digest {
    let stored = serde_json::to_vec(&row.spec).expect("a description is JSON");
    Digest::of(&stored)
}

/// Whose role lets them.
#[must_use]
pub fn may_approve(operator: &Operator) -> bool {
    operator.standing() >= Some(Role::Approver)
}

/// Whose role and tenants let them approve for this campaign.
#[must_use]
pub fn may_approve_for(row: &Campaign, operator: &Operator) -> bool {
    may_approve(operator) && operator.tenants.include(&row.spec.owners())
}

/// Whether the operator is one of those whose wish it is anyway.
#[must_use]
pub fn is_partial(row: &Campaign, asked_by: &OperatorId, operator: &OperatorId) -> bool {
    operator == asked_by || row.authors.contains(operator)
}

/// How many there are who could approve what this operator asks for.
#[must_use]
pub fn approvers(state: &State, row: &Campaign, asked_by: &OperatorId) -> usize {
    let operators = state.operators.iter();
    operators
        .filter(|(id, operator)| may_approve_for(row, operator) && !is_partial(row, asked_by, id))
        .count()
}

/// What has become of the campaign's open requests by now.
pub fn decide(state: &State, ix: CampaignIx, now: Timestamp, facts: &mut Vec<Fact>) {
    let (campaign, row) = (ix, state.campaigns.get(ix));
    for asked in &row.approvals {
        let request = asked.request;
        if let Some(cause) = void_cause(state, row, asked, now) {
            let voided = ApprovalVoided {
                campaign,
                request,
                cause,
            };
            facts.push(voided.into());
            continue;
        }
        let may = |operator: &Operator| may_approve_for(row, operator);
        let may_still = |by: &OperatorId| state.operators.get(by).is_some_and(may);
        let lost = asked.given.iter().filter(|by| !may_still(by));
        facts.extend(lost.map(|by| {
            Fact::from(ApprovalLost {
                campaign,
                request,
                by: by.clone(),
            })
        }));
    }
}

/// When the next request expires.
#[must_use]
pub fn wakeup(state: &State) -> Option<Timestamp> {
    let asking = state.campaigns.asking();
    let open = asking.flat_map(|ix| &state.campaigns.get(ix).approvals);
    open.map(|asked| asked.expires_at).min()
}

fn void_cause(
    state: &State,
    row: &Campaign,
    asked: &Approval,
    now: Timestamp,
) -> Option<VoidCause> {
    let asker = state.operators.get(&asked.by);
    let standing = asker.and_then(Operator::standing);
    let may_see = |asker: &Operator| asker.tenants.include(&row.spec.owners());
    if standing < Some(Role::Operator) || !asker.is_some_and(may_see) {
        Some(VoidCause::Asker)
    } else if !is_possible(state, row, &asked.action) {
        Some(VoidCause::Overtaken)
    } else if asked.expires_at <= now && !is_on(Mutant::ApprovalNeverExpires) {
        Some(VoidCause::Expired)
    } else {
        None
    }
}

/// Whether the campaign is still where it was asked for. What is possible in detail is judged when it is carried out.
fn is_possible(state: &State, row: &Campaign, action: &Action) -> bool {
    match action {
        Action::Start => row.status == Status::Draft,
        Action::Advance { phase } => {
            let is_there = row.run == *phase as usize && row.runs[row.run].passed_at.is_none();
            row.status.is_rolling() && is_there
        }
        Action::Expedite { device } => {
            let device = state.devices.find(device);
            let member = device.and_then(|device| row.member_of(device, &state.devices));
            let state = member.map(|at| row.member(at).state);
            let has_no_turn = matches!(
                state,
                Some(MemberState::Waiting | MemberState::Deferred | MemberState::Retrying { .. })
            );
            row.status.is_rolling() && has_no_turn
        }
        Action::Resume => matches!(
            row.status,
            Status::Paused { .. } | Status::RollbackPaused { .. }
        ),
        Action::Rollback { .. } => row.rollback.is_none() && !row.is_archived,
        Action::Promote { .. } => row.status.is_final(),
    }
}
