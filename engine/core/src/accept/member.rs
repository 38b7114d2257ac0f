//! Commands about single devices of a campaign.

use alloc::{format, vec::Vec};

use fleetfold_schemas::{
    CampaignId, DeviceId, OperatorId,
    code::{Code, Rejection},
    command::{MemberCommand, RetryCampaign},
    mutant::{Mutant, is_on},
};

use super::{
    campaign::{find, invalid},
    flag::refuse_flagged,
    operator::find_device,
};
use crate::{
    CampaignIx, DeviceIx, Fact, State, Timestamp,
    calendar::When,
    decide::offer_one,
    fact::{DeviceExcluded, ExecutionExpedited, RetriesOrdered},
    state::{Campaign, Member, MemberState},
};

/// Another attempt for one device that has failed, or was not contacted, or for all that have failed.
pub fn retry(
    state: &State,
    operator: &OperatorId,
    command: &RetryCampaign,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if is_past(row) {
        return Err(invalid(row, "retried"));
    }
    let only = match &command.device {
        None => {
            if !row.roster.begun().any(|(_, member)| member.is_lost()) {
                return Err(Rejection::new(
                    Code::InvalidTransition,
                    format!("no device of {} has failed for good", row.id()),
                ));
            }
            None
        }
        Some(id) => {
            let (device, member) = member(state, row, id)?;
            if !(member.is_lost() || member.state == MemberState::Removed) {
                return Err(standing(row, id, member, "retried"));
            }
            // It has had no turn yet, and would have it before the others.
            if member.attempts == 0 && !row.has_reached(member) {
                return Err(Rejection::new(
                    Code::InvalidTransition,
                    format!("the phase of {id} has not begun; it can be retried from then on"),
                ));
            }
            refuse_flagged(state, device, id)?;
            Some(device)
        }
    };
    facts.push(
        RetriesOrdered {
            campaign,
            only,
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    Ok(())
}

/// Takes a device out that has not accepted anything yet.
pub fn exclude(
    state: &State,
    operator: &OperatorId,
    command: &MemberCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row, device, member) = under_way(state, command, version, "changed")?;
    match member.state {
        MemberState::Waiting
        | MemberState::Deferred
        | MemberState::Queued
        | MemberState::Retrying { .. } => {}
        _ => return Err(standing(row, &command.device, member, "excluded")),
    }
    facts.push(
        DeviceExcluded {
            campaign,
            device,
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    Ok(())
}

/// A device has its turn at once, whatever phase it is in and whatever the rates and the maintenance windows say.
pub fn expedite(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    command: &MemberCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row, device, member) = under_way(state, command, version, "changed")?;
    if !row.status.is_rolling() && !is_on(Mutant::ExpediteWhilePaused) {
        return Err(invalid(row, "changed"));
    }
    if row.frozen.is_some() {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!("{} is frozen: nothing new starts", row.id()),
        ));
    }
    match member.state {
        MemberState::Waiting | MemberState::Deferred | MemberState::Retrying { .. } => {}
        _ => return Err(standing(row, &command.device, member, "expedited")),
    }
    if usize::from(member.place.phase) >= row.spec.phases.len() {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} is beyond the last phase of {}",
                command.device,
                row.id()
            ),
        ));
    }
    refuse_flagged(state, device, &command.device)?;
    facts.push(
        ExecutionExpedited {
            campaign,
            device,
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    facts.extend(offer_one(state, campaign, member, When::AnyTime, now));
    Ok(())
}

/// The member that a command is about, of a campaign that is under way.
fn under_way<'s>(
    state: &'s State,
    command: &MemberCommand,
    version: Option<u64>,
    wanted: &str,
) -> Result<(CampaignIx, &'s Campaign, DeviceIx, &'s Member), Rejection> {
    let id: &CampaignId = &command.campaign;
    let (campaign, row) = find(state, id, version)?;
    if is_past(row) {
        return Err(invalid(row, wanted));
    }
    let (device, member) = member(state, row, &command.device)?;
    Ok((campaign, row, device, member))
}

/// Nothing is offered any more, or not yet.
fn is_past(row: &Campaign) -> bool {
    row.status.is_final()
        || row.status.is_rolling_back()
        || row.started_at.is_none()
        || row.is_finishing()
}

fn member<'s>(
    state: &State,
    row: &'s Campaign,
    id: &DeviceId,
) -> Result<(DeviceIx, &'s Member), Rejection> {
    let device = find_device(state, id)?;
    let at = row.member_of(device, &state.devices).ok_or_else(|| {
        Rejection::new(
            Code::NotAMember,
            format!("{id} takes no part in {}", row.id()),
        )
    })?;
    Ok((device, row.member(at)))
}

/// A member's state does not allow what is wanted.
fn standing(row: &Campaign, id: &DeviceId, member: &Member, wanted: &str) -> Rejection {
    let state = match member.execution_status() {
        Some(status) => status.as_str(),
        None => "waiting for its turn",
    };
    Rejection::new(
        Code::InvalidTransition,
        format!("{id} is {state} in {} and cannot be {wanted}", row.id()),
    )
}
