//! Requests that wait for people.

use alloc::vec::Vec;

use fleetfold_schemas::OperatorId;

use crate::{
    Timestamp,
    fact::{ApprovalDeclined, ApprovalGranted, ApprovalVoided, Fact},
    state::{Approval, State},
};

pub fn changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let ix = fact.campaign().expect("only called for campaign facts");
    let position = state.position;
    let open = &mut state.campaigns.get_mut(ix).approvals;
    match fact {
        Fact::ApprovalRequested(fact) => open.push(Approval {
            request: position,
            by: fact.by.clone(),
            action: fact.action.clone(),
            digest: fact.digest,
            asked_at: at,
            expires_at: fact.expires_at,
            reason: fact.reason.clone(),
            given: Vec::new(),
        }),
        Fact::ApprovalGiven(fact) => {
            if let Some(given) = given(open, fact.request) {
                given.push(fact.by.clone());
            }
        }
        Fact::ApprovalLost(fact) => {
            if let Some(given) = given(open, fact.request) {
                given.retain(|by| *by != fact.by);
            }
        }
        Fact::ApprovalGranted(ApprovalGranted { request, .. })
        | Fact::ApprovalDeclined(ApprovalDeclined { request, .. })
        | Fact::ApprovalVoided(ApprovalVoided { request, .. }) => {
            open.retain(|asked| asked.request != *request);
        }
        _ => unreachable!("only called for facts about approvals"),
    }
    state.campaigns.set_asking(ix);
}

fn given(open: &mut [Approval], request: u64) -> Option<&mut Vec<OperatorId>> {
    let asked = open.iter_mut().find(|asked| asked.request == request)?;
    Some(&mut asked.given)
}
