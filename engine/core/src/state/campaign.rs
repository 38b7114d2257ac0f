//! Campaigns: who is in, how far each member is, and the tallies that gates and people read.
//!
//! A tally is never edited: [`Campaign::update_member`] subtracts what a member contributed before a change and adds what
//! it contributes after, so no transition can forget one.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{CampaignId, OperatorId, campaign::CampaignSpec, device::ErrorClass};
use minicbor::{Decode, Encode};

use crate::{
    CampaignIx, DeviceIx, ReleaseIx, Timestamp,
    cohort::rank_of,
    fact::{FailureCause, PauseCause},
    state::{Devices, Member, MemberState, PhaseTally},
};

#[derive(Debug, Clone)]
pub struct Campaign {
    pub spec: CampaignSpec,
    pub release: ReleaseIx,
    pub status: Status,
    /// Counts changes by command, for `expected_version`.
    pub version: u64,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub resumed_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Where in the log it was canceled: the sequence number of the cancel jobs.
    pub canceled_position: Option<u64>,
    /// In rank order; fixed at the start.
    pub members: Vec<Member>,
    pub phases: Vec<PhaseRun>,
    /// The phase that runs, or ran last.
    pub phase: usize,
    /// Members before this one have been offered the update, or deferred.
    pub offered: u32,
    /// Members whose device is busy with another campaign or in maintenance.
    pub deferred: BTreeSet<u32>,
    pub evidence: Evidence,
    /// The evidence there was when an operator last resumed after a gate had paused.
    pub forgiven: Evidence,
    /// Devices that accepted the job: whose running image this campaign set out to replace.
    pub exposed: u32,
    /// Failures by class, every attempt counted.
    pub errors: [u32; ErrorClass::ALL.len()],
}

/// The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Status {
    #[n(0)]
    Draft,
    #[n(1)]
    Staged {
        #[n(0)]
        since: Timestamp,
    },
    #[n(2)]
    Rolling,
    #[n(3)]
    Paused {
        #[n(0)]
        cause: PauseCause,
    },
    #[n(4)]
    Monitoring,
    #[n(5)]
    Completed,
    #[n(6)]
    Canceled {
        #[n(0)]
        operator: OperatorId,
        #[n(1)]
        reason: Option<String>,
    },
    #[n(7)]
    Failed {
        #[n(0)]
        cause: FailureCause,
    },
}

impl Status {
    /// New executions may be queued and queued ones may be seen by devices.
    #[must_use]
    pub const fn is_rolling(&self) -> bool {
        matches!(self, Self::Rolling | Self::Monitoring)
    }

    /// Something may still happen by itself.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        !self.is_final() && !matches!(self, Self::Draft)
    }

    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Canceled { .. } | Self::Failed { .. }
        )
    }
}

#[derive(Debug, Clone)]
pub struct PhaseRun {
    /// Members before this one belong to this phase or an earlier one.
    pub cut: u32,
    pub started_at: Option<Timestamp>,
    pub passed_at: Option<Timestamp>,
    /// Of the members this phase adds.
    pub tally: PhaseTally,
}

/// First outcomes, as the `confident` gate counts them. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evidence {
    #[n(0)]
    pub failed: u64,
    #[n(1)]
    pub succeeded: u64,
}

impl Campaign {
    #[must_use]
    pub fn new(spec: CampaignSpec, release: ReleaseIx, at: Timestamp) -> Self {
        let phases = spec
            .phases
            .iter()
            .map(|_| PhaseRun {
                cut: 0,
                started_at: None,
                passed_at: None,
                tally: PhaseTally::default(),
            })
            .collect();
        Self {
            spec,
            release,
            status: Status::Draft,
            version: 1,
            created_at: at,
            started_at: None,
            resumed_at: None,
            ended_at: None,
            canceled_position: None,
            members: Vec::new(),
            phases,
            phase: 0,
            offered: 0,
            deferred: BTreeSet::new(),
            evidence: Evidence::default(),
            forgiven: Evidence::default(),
            exposed: 0,
            errors: [0; ErrorClass::ALL.len()],
        }
    }

    #[must_use]
    pub const fn id(&self) -> &CampaignId {
        &self.spec.id
    }

    /// Ranks the devices and cuts the phases.
    pub(crate) fn enroll(&mut self, devices: impl Iterator<Item = DeviceIx>, table: &Devices) {
        self.members = devices
            .map(|ix| Member::new(ix, rank_of(&self.spec.id, table.get(ix).name())))
            .collect();
        self.members
            .sort_unstable_by_key(|member| (member.rank, member.device));
        let count = u32::try_from(self.members.len()).expect("devices are numbered by u32");
        let mut start = 0;
        for (run, spec) in self.phases.iter_mut().zip(&self.spec.phases) {
            run.cut = crate::cohort::cut(spec.percentage, count).max(start);
            run.tally = self.members[start as usize..run.cut as usize].iter().fold(
                PhaseTally::default(),
                |mut tally, member| {
                    tally += member.contribution();
                    tally
                },
            );
            start = run.cut;
        }
    }

    /// The member that a device is, if it takes part.
    #[must_use]
    pub fn member_of(&self, device: DeviceIx, table: &Devices) -> Option<u32> {
        let key = (rank_of(&self.spec.id, table.get(device).name()), device);
        self.members
            .binary_search_by_key(&key, |member| (member.rank, member.device))
            .ok()
            .map(|at| u32::try_from(at).expect("devices are numbered by u32"))
    }

    #[must_use]
    pub fn member(&self, at: u32) -> &Member {
        &self.members[at as usize]
    }

    /// Changes one member and keeps the tallies true.
    pub(crate) fn update_member(&mut self, at: u32, change: impl FnOnce(&mut Member)) {
        let phase = self.phases.partition_point(|phase| phase.cut <= at);
        let member = &mut self.members[at as usize];
        let before = member.contribution();
        change(member);
        let after = member.contribution();
        // Members beyond the last cut exist when the last phase holds less than all; nothing is ever offered to them.
        if let Some(phase) = self.phases.get_mut(phase) {
            if is_on(Mutant::TallyForgotten) && member.state == MemberState::Removed {
                return;
            }
            phase.tally -= before;
            phase.tally += after;
        }
    }

    /// Over the running phase and those before it.
    #[must_use]
    pub fn so_far(&self) -> PhaseTally {
        self.sum(self.phase + 1)
    }

    /// Over all phases.
    #[must_use]
    pub fn totals(&self) -> PhaseTally {
        self.sum(self.phases.len())
    }

    fn sum(&self, phases: usize) -> PhaseTally {
        self.phases[..phases]
            .iter()
            .fold(PhaseTally::default(), |mut sum, phase| {
                sum += phase.tally;
                sum
            })
    }

    #[must_use]
    pub fn is_last_phase(&self) -> bool {
        self.phase + 1 == self.phases.len()
    }

    /// An operator accepts all outcomes there are.
    pub(crate) fn review(&mut self) {
        self.forgiven = self.evidence;
        for at in 0..self.offered {
            let member = self.member(at);
            if member.failed || member.state == MemberState::Succeeded {
                self.update_member(at, |member| member.reviewed = true);
            }
        }
    }

    /// The evidence that has come in since an operator last accepted what there was.
    #[must_use]
    pub fn fresh_evidence(&self) -> Evidence {
        Evidence {
            failed: self.evidence.failed.saturating_sub(self.forgiven.failed),
            succeeded: self
                .evidence
                .succeeded
                .saturating_sub(self.forgiven.succeeded),
        }
    }

    /// When the campaign must be over.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        Some(self.started_at? + self.spec.max_rollout_days.ms())
    }

    /// Since when a device can see its job in its present state: paused campaigns hide their queued jobs, so the time for
    /// contact begins anew when they resume.
    #[must_use]
    pub fn shown_since(&self, member: &Member) -> Timestamp {
        match (member.state, self.resumed_at) {
            (MemberState::Queued, Some(resumed_at)) => member.since.max(resumed_at),
            _ => member.since,
        }
    }

    /// When an open member's patience ends, or a retry is due.
    #[must_use]
    pub fn due(&self, member: &Member) -> Option<Timestamp> {
        match member.state {
            MemberState::Queued => {
                Some(self.shown_since(member) + self.spec.timeouts.contact_hours.ms())
            }
            MemberState::InProgress => Some(member.since + self.spec.timeouts.execution_hours.ms()),
            MemberState::Retrying { at } => Some(at),
            _ => None,
        }
    }
}

/// All campaigns, in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct Campaigns {
    rows: Vec<Campaign>,
    /// Those that something may still happen to by itself.
    active: BTreeSet<CampaignIx>,
}

impl Campaigns {
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("rows are numbered by u32")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn get(&self, ix: CampaignIx) -> &Campaign {
        &self.rows[ix as usize]
    }

    pub(crate) fn get_mut(&mut self, ix: CampaignIx) -> &mut Campaign {
        &mut self.rows[ix as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (CampaignIx, &Campaign)> {
        (0..).zip(&self.rows)
    }

    #[must_use]
    pub fn find(&self, id: &CampaignId) -> Option<CampaignIx> {
        self.iter()
            .find(|(_, campaign)| campaign.spec.id == *id)
            .map(|(ix, _)| ix)
    }

    /// Staged, rolling, paused or monitoring ones.
    pub fn active(&self) -> impl Iterator<Item = CampaignIx> {
        self.active.iter().copied()
    }

    /// A row has been read from a snapshot: what follows from it is filled in.
    pub(crate) fn restored(&mut self, ix: CampaignIx) {
        let row = &mut self.rows[ix as usize];
        row.deferred = (0..)
            .zip(&row.members)
            .filter(|(_, member)| member.state == MemberState::Deferred)
            .map(|(at, _)| at)
            .collect();
        let is_active = row.status.is_active();
        self.set_active(ix, is_active);
    }

    pub(crate) fn push(&mut self, campaign: Campaign) {
        self.rows.push(campaign);
    }

    pub(crate) fn set_active(&mut self, ix: CampaignIx, is_active: bool) {
        if is_active {
            self.active.insert(ix);
        } else {
            self.active.remove(&ix);
        }
    }
}
