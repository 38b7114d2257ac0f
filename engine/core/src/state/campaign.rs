//! A campaign: how far it is, and what it waits for.

mod evidence;
mod starts;
mod timing;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use fleetfold_schemas::{
    CampaignId, ModelId, OperatorId,
    campaign::{CampaignSpec, Gates, OnEnd, PhaseSpec},
    device::ErrorClass,
    mutant::{Mutant, is_on},
};
use minicbor::{Decode, Encode};

pub use self::{
    evidence::{Evidence, Stratum},
    starts::Starts,
    timing::WindowCensus,
};
use crate::{
    DeviceIx, ReleaseIx, Timestamp,
    calendar::{Freeze, Window, freezes},
    cohort::arm,
    fact::{FailureCause, Ordered, PauseCause},
    gate::ab::Arm,
    state::{
        Approval, Comparison, Device, Devices, Health, Lookout, Member, MemberState, PhaseTally,
        Roster, Sources, Waits, group_order, rollback::Rollback, shared::Shared,
    },
};

#[derive(Debug, Clone)]
pub struct Campaign {
    pub spec: CampaignSpec,
    /// As the description names them: one a model.
    pub releases: Vec<ReleaseIx>,
    pub status: Status,
    /// Counts changes by command, for `expected_version`.
    pub version: u64,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub resumed_at: Option<Timestamp>,
    /// Since when the watch time stands still.
    pub held_since: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Where in the log it was canceled: the sequence number of the cancel jobs.
    pub canceled_position: Option<u64>,
    pub positions: Positions,
    /// Of a campaign that updates one device by itself.
    pub ordered: Option<Ordered>,
    /// Where it last paused or began to be rolled back: the sequence number of the cancel jobs for devices that wait.
    pub recalled_position: Option<u64>,
    /// When that was.
    pub recalled_at: Option<Timestamp>,
    pub roster: Roster,
    /// In the order in which they run: each track of groups goes through all phases.
    pub runs: Vec<PhaseRun>,
    /// The one that runs, or ran last.
    pub run: usize,
    /// Members whose device is busy with another campaign or in maintenance.
    pub deferred: BTreeSet<u32>,
    /// Members that operators took out, and who did.
    pub excluded: BTreeMap<u32, OperatorId>,
    /// Members that must pass through other releases, and how far they are.
    pub hops: BTreeMap<u32, Hop>,
    /// What the devices of its members wait for.
    pub waits: Waits,
    /// How many fell silent on their way back.
    pub lost_on_the_way_back: u32,
    pub evidence: Evidence,
    /// The evidence there was when an operator last resumed after a gate had paused.
    pub forgiven: Evidence,
    /// Devices that accepted the job: whose running image this campaign set out to replace.
    pub exposed: u32,
    /// The same by kind of device, where the gates ask for it: as they were told apart at the start.
    pub strata: Vec<Stratum>,
    /// The `sprt` gate has let it go.
    pub is_promoted: bool,
    /// Of a campaign that compares two releases, or one with none.
    pub comparison: Option<Comparison>,
    /// Of a campaign whose gates look at how updated devices are doing.
    pub health: Option<Health>,
    pub starts: Starts,
    /// Attempts after the first, and what they may have cost.
    pub retries: u32,
    pub retry_bytes: u64,
    /// The windows that members have a job for, or wait for.
    pub(crate) windows: Shared<Window>,
    /// As its description has them, in their order.
    pub freezes: Vec<Freeze>,
    /// While one of them lasts.
    pub frozen: Option<Frozen>,
    /// Once the end of its schedule has come.
    pub schedule_ended: Option<OnEnd>,
    /// Out of operators' way.
    pub is_archived: bool,
    /// Who has described it, in the order in which they came to it.
    pub authors: Vec<OperatorId>,
    /// What waits for people, in the order in which it was asked for.
    pub approvals: Vec<Approval>,
    /// Once it has been rolled back, or begins to be.
    pub rollback: Option<Rollback>,
    /// On the way back: updated members whose turn to go back has not come.
    pub to_return: BTreeSet<u32>,
    /// What its devices ran before, for reports.
    pub sources: Sources,
    /// Failures by class, every attempt counted.
    pub errors: [u32; ErrorClass::ALL.len()],
    pub watch: Lookout,
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
        /// Absent: it was its schedule that ended.
        #[n(0)]
        operator: Option<OperatorId>,
        #[n(1)]
        reason: Option<String>,
    },
    #[n(7)]
    Failed {
        #[n(0)]
        cause: FailureCause,
    },
    /// Devices are sent back.
    #[n(20)]
    RollingBack,
    /// They were, and an operator or the gate has stopped it for now.
    #[n(21)]
    RollbackPaused {
        #[n(0)]
        cause: PauseCause,
    },
    #[n(22)]
    RolledBack,
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
            Self::Completed | Self::Canceled { .. } | Self::Failed { .. } | Self::RolledBack
        )
    }

    /// On the way back: nothing is offered any more, and what was is not retried.
    #[must_use]
    pub const fn is_rolling_back(&self) -> bool {
        matches!(self, Self::RollingBack | Self::RollbackPaused { .. })
    }
}

/// Nothing new starts. The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Frozen {
    #[n(0)]
    pub until: Timestamp,
    #[n(1)]
    pub reason: Option<String>,
}

/// A phase, as the groups of one track go through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseRun {
    pub track: u16,
    /// Its place in the description.
    pub phase: u16,
    pub started_at: Option<Timestamp>,
    /// Where in the log it started; 0: not yet.
    pub position: u64,
    pub passed_at: Option<Timestamp>,
    /// How long its watch time has stood still, pauses that are over counted.
    pub held_ms: u64,
}

/// A member's way over releases that must be passed through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hop {
    /// The one that it is given now; `None`: the target itself.
    pub to: Option<ReleaseIx>,
    /// The last one that it has passed through.
    pub passed: Option<ReleaseIx>,
    /// It has gone back from there by itself.
    pub has_left: bool,
    /// Attempts that the steps before have taken: each has its own retries.
    pub attempts_before: u32,
}

/// Where in the log a campaign's course is written; 0: not yet. For explanations. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Positions {
    #[n(0)]
    pub created: u64,
    #[n(1)]
    pub started: u64,
    /// Of the fact that gave it its present status.
    #[n(2)]
    pub status: u64,
}

impl Campaign {
    #[must_use]
    pub fn new(spec: CampaignSpec, releases: Vec<ReleaseIx>, at: Timestamp) -> Self {
        let tracks = group_order(&spec).last().map_or(1, |(_, track)| track + 1);
        let phases = u16::try_from(spec.phases.len()).expect("phases are few");
        let of_track = |track| {
            (0..phases).map(move |phase| PhaseRun {
                track,
                phase,
                started_at: None,
                position: 0,
                passed_at: None,
                held_ms: 0,
            })
        };
        let runs = (0..tracks).flat_map(of_track).collect();
        Self {
            health: Health::of(&spec),
            freezes: freezes(&spec),
            windows: Shared::default(),
            frozen: None,
            schedule_ended: None,
            spec,
            releases,
            status: Status::Draft,
            version: 1,
            created_at: at,
            started_at: None,
            resumed_at: None,
            held_since: None,
            ended_at: None,
            canceled_position: None,
            positions: Positions::default(),
            ordered: None,
            recalled_position: None,
            recalled_at: None,
            roster: Roster::default(),
            runs,
            run: 0,
            deferred: BTreeSet::new(),
            excluded: BTreeMap::new(),
            hops: BTreeMap::new(),
            waits: Waits::default(),
            lost_on_the_way_back: 0,
            evidence: Evidence::default(),
            forgiven: Evidence::default(),
            exposed: 0,
            strata: Vec::new(),
            is_promoted: false,
            comparison: None,
            starts: Starts::default(),
            retries: 0,
            retry_bytes: 0,
            is_archived: false,
            authors: Vec::new(),
            approvals: Vec::new(),
            rollback: None,
            to_return: BTreeSet::new(),
            sources: Sources::default(),
            errors: [0; ErrorClass::ALL.len()],
            watch: Lookout::default(),
        }
    }

    /// What arm B gets, if the description asks for a comparison.
    pub fn compare_with(&mut self, other: &[ReleaseIx]) {
        self.comparison = self.spec.ab_testing.as_ref().map(|_| Comparison {
            other: other.to_vec(),
            ..Comparison::default()
        });
    }

    #[must_use]
    pub const fn id(&self) -> &CampaignId {
        &self.spec.id
    }

    /// What devices of a model are to run.
    #[must_use]
    pub fn release_for(&self, model: &ModelId) -> Option<ReleaseIx> {
        let named = self.spec.releases.iter().zip(&self.releases);
        let mut own = named.filter(|(named, _)| named.model == *model);
        own.next().map(|(_, release)| *release)
    }

    /// The same in one arm of a comparison.
    #[must_use]
    pub fn release_in(&self, arm: Arm, model: &ModelId) -> Option<ReleaseIx> {
        match (&self.spec.ab_testing, &self.comparison, arm) {
            (Some(test), Some(comparison), Arm::B) => {
                let named = test.other.releases().iter().zip(&comparison.other);
                let mut own = named.filter(|(named, _)| named.model == *model);
                own.next().map(|(_, release)| *release)
            }
            _ => self.release_for(model),
        }
    }

    /// What a member is to run.
    ///
    /// # Panics
    /// The device takes no part in this campaign.
    #[must_use]
    pub fn target(&self, member: &Member, table: &Devices) -> ReleaseIx {
        self.release_in(member.arm, table.get(member.device).model())
            .expect("only devices that there is a release for take part")
    }

    /// What a member is given now: its target, or what it must pass through before.
    #[must_use]
    pub fn aim(&self, at: u32, table: &Devices) -> ReleaseIx {
        let hop = self.hops.get(&at).and_then(|hop| hop.to);
        hop.unwrap_or_else(|| self.target(self.member(at), table))
    }

    /// Attempts that a member has used up for the step that it is at.
    #[must_use]
    pub fn attempts_of_step(&self, at: u32) -> u32 {
        let member = self.member(at);
        match (member.state, self.hops.get(&at)) {
            // On the way back they are counted anew.
            (MemberState::Returning { .. }, _) | (_, None) => member.attempts,
            (_, Some(hop)) => member.attempts.saturating_sub(hop.attempts_before),
        }
    }

    /// Whether there is anything for a device here.
    #[must_use]
    pub fn takes(&self, device: Device<'_>) -> bool {
        let (arm, is_given) = self.arm_of(device);
        is_given && self.release_in(arm, device.model()).is_some()
    }

    /// The arm that a device is in, and whether that arm is given anything.
    #[must_use]
    pub fn arm_of(&self, device: Device<'_>) -> (Arm, bool) {
        match (&self.spec.ab_testing, &self.comparison) {
            (Some(test), Some(comparison)) => {
                let arm = arm(self.id(), device.name(), test.split_percentage);
                if is_on(Mutant::ControlOffered) && comparison.other.is_empty() {
                    return (Arm::A, true);
                }
                (arm, arm == Arm::A || !comparison.other.is_empty())
            }
            _ => (Arm::A, true),
        }
    }

    /// The member that a device is, if it takes part.
    #[must_use]
    pub fn member_of(&self, device: DeviceIx, table: &Devices) -> Option<u32> {
        self.roster.find(&self.spec.id, device, table)
    }

    #[must_use]
    pub fn member(&self, at: u32) -> &Member {
        self.roster.get(at)
    }

    /// Changes one member and keeps the tallies true.
    pub(crate) fn update_member(&mut self, at: u32, change: impl FnOnce(&mut Member)) {
        let before = self.member(at);
        let (waited, was_lost) = (before.state.wait(), before.is_lost_on_its_way_back());
        self.roster.update(at, change);
        let after = self.member(at);
        let (waits, is_lost) = (after.state.wait(), after.is_lost_on_its_way_back());
        self.waits.change(waited, waits);
        self.lost_on_the_way_back += u32::from(is_lost);
        self.lost_on_the_way_back -= u32::from(was_lost);
        if self.status.is_rolling_back() {
            self.line_up(at);
        }
    }

    /// Who has been updated is to go back.
    fn line_up(&mut self, at: u32) {
        if self.member(at).state == MemberState::Succeeded {
            self.to_return.insert(at);
        } else {
            self.to_return.remove(&at);
        }
    }

    /// The way back begins, or has been read from a snapshot.
    pub(crate) fn line_up_all(&mut self) {
        let updated = self
            .roster
            .begun()
            .filter(|(_, member)| member.state == MemberState::Succeeded);
        self.to_return = updated.map(|(at, _)| at).collect();
    }

    /// The phase that runs, or ran last.
    #[must_use]
    pub fn phase(&self) -> &PhaseSpec {
        &self.spec.phases[usize::from(self.runs[self.run].phase)]
    }

    /// The gates of that phase.
    #[must_use]
    pub fn gates(&self) -> &Gates {
        self.phase().gates.as_ref().unwrap_or(&self.spec.gates)
    }

    /// Over the groups that go through the running phase, in that phase and those before it.
    #[must_use]
    pub fn so_far(&self) -> PhaseTally {
        let run = self.runs[self.run];
        self.roster
            .sum(|group, phase| group.track == run.track && phase <= run.phase)
    }

    /// Over all that the campaign has come to by now.
    #[must_use]
    pub fn reached(&self) -> PhaseTally {
        self.roster
            .sum(|group, phase| phase < self.phases_reached(group.track))
    }

    /// Whether a member's phase has begun.
    #[must_use]
    pub fn has_reached(&self, member: &Member) -> bool {
        let group = &self.roster.groups()[usize::from(member.place.group)];
        member.place.phase < self.phases_reached(group.track)
    }

    /// How many phases the groups of a track have come to.
    #[must_use]
    pub fn phases_reached(&self, track: u16) -> u16 {
        let run = self.runs[self.run];
        match track.cmp(&run.track) {
            core::cmp::Ordering::Less => {
                u16::try_from(self.spec.phases.len()).expect("phases are few")
            }
            core::cmp::Ordering::Equal => run.phase + 1,
            core::cmp::Ordering::Greater => 0,
        }
    }

    /// Over all phases.
    #[must_use]
    pub fn totals(&self) -> PhaseTally {
        self.roster.sum(|_, _| true)
    }

    #[must_use]
    pub fn is_last_phase(&self) -> bool {
        self.run + 1 == self.runs.len()
    }

    /// An operator accepts all outcomes there are.
    pub(crate) fn review(&mut self) {
        self.forgiven = self.evidence;
        for stratum in &mut self.strata {
            stratum.forgiven = stratum.evidence;
        }
        if let Some(health) = &mut self.health {
            health.review();
        }
        let known: Vec<_> = self
            .roster
            .begun()
            .filter(|(_, member)| member.failed || member.state == MemberState::Succeeded)
            .map(|(at, _)| at)
            .collect();
        for at in known {
            self.update_member(at, |member| member.reviewed = true);
        }
    }

    /// The evidence that has come in since an operator last accepted what there was.
    #[must_use]
    pub fn fresh_evidence(&self) -> Evidence {
        self.evidence.since(self.forgiven)
    }

    /// The end of its schedule has come, and nothing new is offered any more.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.schedule_ended == Some(OnEnd::Finish)
    }
}
