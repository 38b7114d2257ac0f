//! How devices say they are doing, and what campaigns make of it.

use alloc::vec::Vec;

use crate::{
    CampaignIx, Timestamp,
    fact::DeviceReported,
    gate::measure::Measure,
    membership::is_control,
    state::{Campaign, MemberState, SaidOfHealth, State, kept},
};

/// A report has come; what it says of the image that runs is applied already.
pub fn reported(state: &mut State, at: Timestamp, fact: &DeviceReported) {
    if !says_anything(fact) {
        return;
    }
    let (devices, device) = (&mut state.devices, fact.device);
    if let Some(boot_ms) = fact.boot_ms {
        devices.set_boot_ms(device, boot_ms);
    }
    if let Some(battery_drain) = fact.battery_drain_bp_per_day {
        devices.set_battery_drain(device, battery_drain);
    }
    if let Some(reboots) = fact.unexpected_reboots {
        devices.set_reboots(device, reboots, at);
    }
    let said = SaidOfHealth {
        boot_ms: fact.boot_ms.map(kept),
        battery_drain: fact.battery_drain_bp_per_day.map(kept),
        reboots: fact.unexpected_reboots.map(kept),
    };
    said_by_control(state, fact, said);
    said_by_member(state, at, fact, said);
}

/// Whether a report says how its device is doing.
pub const fn says_anything(fact: &DeviceReported) -> bool {
    fact.boot_ms.is_some()
        || fact.battery_drain_bp_per_day.is_some()
        || fact.unexpected_reboots.is_some()
}

/// A device of an arm that is given nothing: what updated devices are compared with.
fn said_by_control(state: &mut State, fact: &DeviceReported, said: SaidOfHealth) {
    let device = state.devices.get(fact.device);
    let compared: Vec<_> = state
        .campaigns
        .active()
        .filter(|ix| {
            let row = state.campaigns.get(*ix);
            row.comparison.is_some() && row.started_at.is_some() && is_control(row, device)
        })
        .collect();
    for ix in compared {
        if let Some(comparison) = &mut state.campaigns.get_mut(ix).comparison {
            comparison.control(fact.device, said.boot_ms, said.battery_drain);
        }
    }
}

/// A device that the latest campaign to have offered it anything may be watching.
fn said_by_member(state: &mut State, at: Timestamp, fact: &DeviceReported, said: SaidOfHealth) {
    let Some((ix, member)) = state.devices.get(fact.device).execution() else {
        return;
    };
    if state.campaigns.get(ix).health.is_none() {
        return;
    }
    match state.campaigns.get(ix).member(member).state {
        MemberState::Succeeded => count(state, ix, member, said, at),
        MemberState::InProgress if runs_target(state, ix, member) => {
            let health = &mut state.campaigns.get_mut(ix).health;
            if let (Some(health), Some(boot_ms)) = (health, said.boot_ms) {
                health.booted(member, boot_ms);
            }
        }
        _ => {}
    }
}

fn runs_target(state: &State, ix: CampaignIx, member: u32) -> bool {
    let campaign = state.campaigns.get(ix);
    let member = campaign.member(member);
    let release = state.releases.get(campaign.target(member, &state.devices));
    state.devices.get(member.device).running_digest() == Some(release.image)
}

/// The execution of a member has changed, in a campaign that watches its devices.
pub fn member_changed(
    state: &mut State,
    ix: CampaignIx,
    at_member: u32,
    was_accepted: bool,
    at: Timestamp,
) {
    let member = state.campaigns.get(ix).member(at_member);
    let (has_accepted, device) = (member.accepted && !was_accepted, member.device);
    match member.state {
        MemberState::InProgress if has_accepted => {
            let is_updated = runs_target(state, ix, at_member);
            let Campaign {
                health,
                spec,
                roster,
                ..
            } = state.campaigns.get_mut(ix);
            if let Some(health) = health {
                let devices = &state.devices;
                health.begin(spec, (roster, at_member), devices, is_updated, at);
            }
        }
        MemberState::Succeeded => {
            if let Some(health) = &mut state.campaigns.get_mut(ix).health {
                health.updated(at_member, state.devices.get(device), at);
            }
            count(state, ix, at_member, SaidOfHealth::default(), at);
        }
        MemberState::Failed
        | MemberState::Rejected
        | MemberState::TimedOut
        | MemberState::Canceled
        | MemberState::Removed
        | MemberState::RolledBack => {
            if let Some(health) = &mut state.campaigns.get_mut(ix).health {
                health.forget(Some(at_member));
            }
        }
        _ => {}
    }
}

fn count(state: &mut State, ix: CampaignIx, member: u32, said: SaidOfHealth, at: Timestamp) {
    let Campaign {
        health,
        spec,
        roster,
        comparison,
        ..
    } = state.campaigns.get_mut(ix);
    let Some(health) = health else {
        return;
    };
    let counted = health.count(spec, (roster, member), &state.devices, said, at);
    let arm = roster.get(member).arm;
    if let Some(comparison) = comparison {
        for one in counted {
            if one.measure == Measure::BatteryDrain {
                comparison.drained(arm, one.figure);
            }
        }
    }
}
