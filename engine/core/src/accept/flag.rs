//! Flagged devices.

use alloc::{format, vec::Vec};

use fleetfold_schemas::{
    DeviceId, OperatorId,
    code::{Code, Rejection},
    command::UnflagDevice,
};

use super::operator::find_device;
use crate::{
    DeviceIx, Fact, State,
    fact::{DeviceUnflagged, RemovalCause, RetriesOrdered},
    state::MemberState,
};

/// Somebody has looked at it: campaigns under way that have passed it over take it in again.
pub fn take_back(
    state: &State,
    operator: &OperatorId,
    command: &UnflagDevice,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let device = find_device(state, &command.device)?;
    if state.streaks.flag(device).is_none() {
        let text = format!("{} is not flagged", command.device);
        return Err(Rejection::new(Code::InvalidTransition, text));
    }
    facts.push(
        DeviceUnflagged {
            device,
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    for campaign in state.campaigns.active() {
        let row = state.campaigns.get(campaign);
        let member = row.member_of(device, &state.devices);
        let was_passed_over = member.is_some_and(|at| {
            let member = row.member(at);
            member.state == MemberState::Removed
                && member.removed_for == Some(RemovalCause::Flagged)
        });
        if was_passed_over && !row.status.is_rolling_back() {
            facts.push(
                RetriesOrdered {
                    campaign,
                    only: Some(device),
                    operator: operator.clone(),
                    reason: command.reason.clone(),
                }
                .into(),
            );
        }
    }
    Ok(())
}

/// Nothing is done with a flagged device, whoever asks.
pub fn refuse_flagged(state: &State, device: DeviceIx, id: &DeviceId) -> Result<(), Rejection> {
    match state.streaks.flag(device) {
        None => Ok(()),
        Some(flag) => Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{id} is flagged, for {} of its executions have failed in a row: device.unflag takes that back",
                flag.failed
            ),
        )),
    }
}
