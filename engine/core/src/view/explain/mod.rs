//! The answer to `device.explain`: why this device, why now or why not yet.
//!
//! Everything is said from the state as it is, by the same functions that decide, so an explanation and what happens
//! cannot disagree.

mod course;
mod membership;
mod turn;

use alloc::{string::String, vec, vec::Vec};

use fleetfold_schemas::explain::{
    CampaignExplanation, Explanation, PlaceView, Reason, Standing, Statement,
};

use super::campaign_state;
use crate::{
    CampaignIx, DeviceIx, State, Timestamp,
    gate::ab::Arm,
    membership::Grouping,
    state::{Campaign, Member, MemberState, ReturnStep, group_order},
};

/// Of one campaign, or of all that are under way and concern the device.
#[must_use]
pub fn explain(
    state: &State,
    device: DeviceIx,
    campaign: Option<CampaignIx>,
    now: Timestamp,
) -> Explanation {
    let wanted = match campaign {
        Some(ix) => vec![ix],
        None => concerned(state, device),
    };
    let row = state.devices.get(device);
    let campaigns = wanted
        .into_iter()
        .map(|ix| Part::of(state, ix, device).explain(now));
    Explanation {
        device: row.id(),
        model: row.model().clone(),
        lifecycle: row.lifecycle(),
        campaigns: campaigns.collect(),
    }
}

/// Campaigns under way that the device takes part in, or would if it came before their start, and that of its latest
/// execution, in the order in which they get a device that several want.
fn concerned(state: &State, device: DeviceIx) -> Vec<CampaignIx> {
    let known = state.devices.get(device);
    let latest = known.execution().map(|(ix, _)| ix);
    let is_concerned = |ix: &CampaignIx| {
        let row = state.campaigns.get(*ix);
        match row.started_at {
            Some(_) => row.member_of(device, &state.devices).is_some(),
            None => Grouping::of(row).group_of(known).is_some(),
        }
    };
    let active = state.campaigns.active().filter(is_concerned);
    let mut all: Vec<_> = active.chain(latest).collect();
    all.sort_by_key(|ix| (state.campaigns.get(*ix).spec.priority, *ix));
    all.dedup();
    all
}

/// A device and one campaign.
struct Part<'s> {
    state: &'s State,
    ix: CampaignIx,
    row: &'s Campaign,
    device: DeviceIx,
    /// Its place among the members, if it is one.
    at: Option<u32>,
}

impl<'s> Part<'s> {
    fn of(state: &'s State, ix: CampaignIx, device: DeviceIx) -> Self {
        let row = state.campaigns.get(ix);
        let at = row.member_of(device, &state.devices);
        Self {
            state,
            ix,
            row,
            device,
            at,
        }
    }

    fn member(&self) -> Option<&'s Member> {
        self.at.map(|at| self.row.member(at))
    }

    fn explain(&self, now: Timestamp) -> CampaignExplanation {
        let would_join = self.row.started_at.is_none()
            && Grouping::of(self.row)
                .group_of(self.state.devices.get(self.device))
                .is_some();
        CampaignExplanation {
            campaign: self.row.id().clone(),
            status: campaign_state(&self.row.status),
            standing: match self.member() {
                Some(member) => standing(member.state),
                None if would_join => Standing::WouldJoin,
                None => Standing::NotAMember,
            },
            place: self.at.map(|at| self.place(at)),
            attempts: self.member().map_or(0, |member| member.attempts),
            membership: self.membership(),
            turn: match self.member() {
                Some(_) => self.turn(now),
                None if would_join => self.course(now),
                None => Vec::new(),
            },
        }
    }

    fn place(&self, at: u32) -> PlaceView {
        let member = self.row.member(at);
        let run = &self.row.roster.groups()[usize::from(member.place.group)];
        let phase = self.row.spec.phases.get(usize::from(member.place.phase));
        PlaceView {
            group: self.row.spec.groups[usize::from(run.spec)].name.clone(),
            phase: phase.map(|phase| phase.name.clone()),
            rank: self.row.roster.number_of(at),
            of: run.size(),
            arm: self.row.comparison.as_ref().map(|_| match member.arm {
                Arm::A => "a".into(),
                Arm::B => "b".into(),
            }),
        }
    }

    /// The groups of the description in the order of offers.
    fn groups(&self) -> impl Iterator<Item = &'s fleetfold_schemas::campaign::GroupSpec> {
        let spec = &self.row.spec;
        group_order(spec).map(|(at, _)| &spec.groups[usize::from(at)])
    }
}

const fn standing(state: MemberState) -> Standing {
    match state {
        MemberState::Waiting => Standing::Waiting,
        MemberState::Deferred => Standing::Deferred,
        MemberState::Queued => Standing::Queued,
        MemberState::InProgress => Standing::InProgress,
        MemberState::Retrying { .. } => Standing::Retrying,
        MemberState::Succeeded => Standing::Updated,
        MemberState::Failed => Standing::Failed,
        MemberState::Rejected => Standing::Rejected,
        MemberState::TimedOut => Standing::TimedOut,
        MemberState::Canceled => Standing::Canceled,
        MemberState::Removed => Standing::Removed,
        MemberState::RolledBack => Standing::RolledBack,
        MemberState::Returning {
            step:
                ReturnStep::Deferred
                | ReturnStep::OutOfReach
                | ReturnStep::Queued
                | ReturnStep::InProgress
                | ReturnStep::Retrying { .. },
            ..
        } => Standing::GoingBack,
        MemberState::Returned => Standing::SentBack,
        MemberState::ReturnFailed { .. } | MemberState::Kept(_) => Standing::Kept,
    }
}

/// A reason that is written at `position`; 0: nowhere.
fn at(position: u64, reason: Reason, text: impl Into<String>) -> Statement {
    Statement {
        reason,
        text: text.into(),
        position: (position > 0).then_some(position),
        until_ms: None,
    }
}

/// A reason that follows from no fact alone.
fn so(reason: Reason, text: impl Into<String>) -> Statement {
    at(0, reason, text)
}

fn until(until_ms: Option<Timestamp>, statement: Statement) -> Statement {
    Statement {
        until_ms,
        ..statement
    }
}
