//! What follows from what a device has said.

use alloc::vec::Vec;

use fleetfold_schemas::{campaign::Membership, device::Stage, job::CONDITIONS_CAPABILITY};

use super::removed;
use crate::{
    DeviceIx, Fact, State, Timestamp,
    calendar::{Calendar, When, Window},
    cohort::rank_of,
    fact::{
        DeferralCause, DeviceFlagged, ExecutionDeferred, MemberJoined, RemovalCause, WindowRenewed,
    },
    membership::Grouping,
    path::{Way, way},
    state::{Campaign, Device, MemberState, Place},
};

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
