//! Campaigns: who takes part, and how far each member is.

use std::collections::BTreeMap;

use fleetfold_core::{
    DeviceIx, Fact, ReleaseIx,
    fact::{PauseCause, RemovalCause},
};
use fleetfold_schemas::{
    CampaignId, ModelId,
    campaign::CampaignSpec,
    device::ErrorClass,
    status::{CampaignState, Tally},
};

use super::{
    arms::{Arm, Comparison, arm_of},
    back::WayBack,
    fleet::{Device, Fleet},
    group::{self, Group},
    member::{BackStep, Member, Place},
    pace::Starts,
};

#[derive(Debug)]
pub struct Campaign {
    pub spec: CampaignSpec,
    /// As the description names them.
    pub(super) releases: Vec<ReleaseIx>,
    pub(super) comparison: Option<Comparison>,
    /// Once it has begun.
    pub(super) back: Option<WayBack>,
    pub status: Status,
    pub version: u64,
    pub started_ms: Option<u64>,
    /// Since when the watch time stands still.
    pub(super) held_ms: Option<u64>,
    pub(super) resumed_ms: Option<u64>,
    pub(super) frozen_until_ms: Option<u64>,
    pub(super) has_schedule_ended: bool,
    /// In the order of offers.
    pub(super) groups: Vec<Group>,
    /// Those from the start by group and rank, then those who came later.
    pub(super) members: Vec<Member>,
    /// How many there were at the start.
    pub(super) enrolled: usize,
    by_device: BTreeMap<DeviceIx, usize>,
    /// Each track of groups goes through all phases of the description.
    pub phases: Vec<Phase>,
    /// The phase that runs, or ran last.
    pub phase: usize,
    evidence: Evidence,
    pub(super) strata: Vec<Stratum>,
    pub exposed: u64,
    pub(super) starts: Starts,
    /// Attempts after the first.
    pub(super) retries: u64,
    /// What those may have cost.
    pub(super) retry_bytes: u64,
    pub(super) is_promoted: bool,
    pub(super) is_archived: bool,
}

/// First outcomes, failed and succeeded; and those that an operator has accepted.
#[derive(Debug, Default, Clone, Copy)]
struct Evidence {
    all: (u64, u64),
    forgiven: (u64, u64),
}

/// Devices of one kind.
#[derive(Debug)]
pub(super) struct Stratum {
    pub(super) name: String,
    evidence: Evidence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Draft,
    Staged,
    Rolling,
    Monitoring,
    Paused(PauseCause),
    Completed,
    Canceled,
    Failed,
    RollingBack,
    /// On the way back.
    BackPaused(PauseCause),
    RolledBack,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Phase {
    pub(super) track: usize,
    /// Its place in the description.
    pub(super) spec: usize,
    pub started_ms: Option<u64>,
    pub is_passed: bool,
    /// How long it was not watched, for the campaign was paused.
    pub(super) unwatched_ms: u64,
}

impl Phase {
    /// When it started, had it been watched all the time.
    pub(super) fn watched_from_ms(&self) -> Option<u64> {
        Some(self.started_ms? + self.unwatched_ms)
    }
}

impl Status {
    #[must_use]
    pub const fn is_rolling(&self) -> bool {
        matches!(self, Self::Rolling | Self::Monitoring)
    }

    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Canceled | Self::Failed | Self::RolledBack
        )
    }

    #[must_use]
    pub const fn is_paused(&self) -> bool {
        matches!(self, Self::Paused(_) | Self::BackPaused(_))
    }

    /// Nothing new is offered any more: devices are sent back.
    #[must_use]
    pub const fn is_going_back(&self) -> bool {
        matches!(self, Self::RollingBack | Self::BackPaused(_))
    }

    #[must_use]
    pub const fn public(&self) -> CampaignState {
        match self {
            Self::Draft => CampaignState::Draft,
            Self::Staged => CampaignState::Staged,
            Self::Rolling => CampaignState::Rolling,
            Self::Monitoring => CampaignState::Monitoring,
            Self::Paused(_) | Self::BackPaused(_) => CampaignState::Paused,
            Self::RollingBack => CampaignState::RollingBack,
            Self::RolledBack => CampaignState::RolledBack,
            Self::Completed => CampaignState::Completed,
            Self::Canceled => CampaignState::Canceled,
            Self::Failed => CampaignState::Failed,
        }
    }
}

impl Evidence {
    fn count(&mut self, succeeded: bool) {
        if succeeded {
            self.all.1 += 1;
        } else {
            self.all.0 += 1;
        }
    }

    /// A success is none after all.
    const fn retract(&mut self, was_forgiven: bool) {
        self.forgiven.1 -= was_forgiven as u64;
        self.all.1 -= 1;
        self.all.0 += 1;
    }

    const fn fresh(self) -> (u64, u64) {
        (
            self.all.0.saturating_sub(self.forgiven.0),
            self.all.1.saturating_sub(self.forgiven.1),
        )
    }
}

impl Stratum {
    /// Failed and succeeded, without what an operator has accepted.
    pub(super) const fn fresh(&self) -> (u64, u64) {
        self.evidence.fresh()
    }
}

impl Campaign {
    pub(super) fn new(
        spec: CampaignSpec,
        (release, others): (ReleaseIx, &[ReleaseIx]),
        other_arm: &[ReleaseIx],
    ) -> Self {
        let groups = group::in_order(&spec);
        let tracks = groups.iter().map(|group| group.track + 1).max();
        let phases = (0..tracks.unwrap_or(1)).flat_map(|track| {
            (0..spec.phases.len()).map(move |spec| Phase {
                track,
                spec,
                ..Phase::default()
            })
        });
        Self {
            phases: phases.collect(),
            groups,
            releases: std::iter::once(release)
                .chain(others.iter().copied())
                .collect(),
            comparison: Comparison::new(&spec, other_arm),
            back: None,
            spec,
            status: Status::Draft,
            version: 1,
            started_ms: None,
            held_ms: None,
            frozen_until_ms: None,
            has_schedule_ended: false,
            resumed_ms: None,
            members: Vec::new(),
            enrolled: 0,
            by_device: BTreeMap::new(),
            phase: 0,
            evidence: Evidence::default(),
            strata: Vec::new(),
            exposed: 0,
            starts: Starts::default(),
            retries: 0,
            retry_bytes: 0,
            is_promoted: false,
            is_archived: false,
        }
    }

    #[must_use]
    pub const fn id(&self) -> &CampaignId {
        &self.spec.id
    }

    /// What a member of this model is to run.
    pub(super) fn release_of(&self, member: &Member, model: &ModelId) -> Option<ReleaseIx> {
        self.release_in(member.arm, model)
    }

    pub(super) fn place_of(&self, device: DeviceIx) -> Option<usize> {
        self.by_device.get(&device).copied()
    }

    #[must_use]
    pub fn member(&self, device: DeviceIx) -> Option<&Member> {
        Some(&self.members[self.place_of(device)?])
    }

    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those whom the running phase judges by: of the groups that go through it, in it or a phase before it.
    pub(super) fn members_so_far(&self) -> impl Iterator<Item = &Member> {
        let run = self.phases[self.phase];
        self.members
            .iter()
            .filter(move |member| self.track(member) == run.track && member.phase <= run.spec)
    }

    fn track(&self, member: &Member) -> usize {
        self.groups[member.group].track
    }

    /// Whether a member's turn has come.
    pub(super) fn is_reached(&self, member: &Member) -> bool {
        let run = self.phases[self.phase];
        let phases = match self.track(member).cmp(&run.track) {
            std::cmp::Ordering::Less => self.spec.phases.len(),
            std::cmp::Ordering::Equal => run.spec + 1,
            std::cmp::Ordering::Greater => 0,
        };
        member.phase < phases
    }

    /// How many of those from the start are in a phase or in those before it.
    pub(super) fn cut(&self, phase: usize) -> usize {
        let run = self.phases[phase];
        let members = self.members[..self.enrolled].iter();
        let is_in = |member: &&Member| {
            let track = self.track(member);
            member.phase < self.spec.phases.len()
                && (track < run.track || track == run.track && member.phase <= run.spec)
        };
        members.filter(is_in).count()
    }

    #[must_use]
    pub const fn is_last_phase(&self) -> bool {
        self.phase + 1 == self.phases.len()
    }

    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        let from_ms = match &self.back {
            Some(back) => back.started_ms,
            None => self.started_ms?,
        };
        Some(from_ms + self.spec.max_rollout_days.ms())
    }

    /// Failed and succeeded, without what an operator has accepted.
    #[must_use]
    pub const fn fresh_evidence(&self) -> (u64, u64) {
        self.evidence.fresh()
    }

    /// When a member's patience is over, or its next attempt due.
    #[must_use]
    pub fn due_ms(&self, member: &Member) -> Option<u64> {
        let timeouts = &self.spec.timeouts;
        let is_back = self.status == Status::RollingBack;
        let shown_ms = || {
            let resumed = self.resumed_ms;
            let shown_ms = resumed.map_or(member.since_ms, |at| at.max(member.since_ms));
            shown_ms + timeouts.contact_hours.ms()
        };
        // Nobody's time is over before its window is.
        let closes_ms = member.closes_ms();
        let done_ms = closes_ms.max(member.since_ms) + timeouts.execution_hours.ms();
        match member.place {
            Place::Queued if self.may_start() => Some(shown_ms().max(closes_ms)),
            Place::InProgress => Some(done_ms),
            Place::Held { what, until_ms } => Some(self.waits_until_ms(member, what, until_ms)),
            Place::Retrying { at_ms } if self.may_start() && !self.is_finishing() => Some(at_ms),
            Place::Back { step, .. } => match step {
                BackStep::Queued if is_back => Some(shown_ms()),
                BackStep::InProgress => Some(done_ms),
                BackStep::Retrying { at_ms } if is_back => Some(at_ms),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the status should say of one phase, or of all.
    #[must_use]
    pub fn tally(&self, phase: Option<usize>) -> Tally {
        self.tally_of(|member| match phase {
            None => true,
            Some(phase) => {
                let run = self.phases[phase];
                (self.track(member), member.phase) == (run.track, run.spec)
            }
        })
    }

    /// What the status should say of some members, as far as they are in any phase.
    pub(super) fn tally_of(&self, is_meant: impl Fn(&Member) -> bool) -> Tally {
        let mut tally = Tally::default();
        let in_phase = |member: &&Member| member.phase < self.spec.phases.len();
        for member in self
            .members
            .iter()
            .filter(in_phase)
            .filter(|it| is_meant(it))
        {
            let place = match (member.place, member.has_failed) {
                (place, _) if place.is_updated() => &mut tally.updated,
                (Place::Returned, _) => &mut tally.returned,
                (_, true) => &mut tally.failed,
                (Place::Removed | Place::Canceled, false) => &mut tally.removed,
                (Place::InProgress | Place::Held { .. }, false) => &mut tally.in_progress,
                (_, false) => &mut tally.not_contacted,
            };
            *place += 1;
            tally.rolled_back += u64::from(member.is_restored);
        }
        tally
    }

    pub(super) fn enroll(&mut self, fleet: &Fleet) {
        let devices = (0..).zip(&fleet.devices);
        self.members = group::enroll(&self.spec, &mut self.groups, devices);
        self.enrolled = self.members.len();
        let members = self.members.iter().enumerate();
        self.by_device = members.map(|(at, member)| (member.device, at)).collect();
        let Some(key) = &self.spec.gates.strata else {
            return;
        };
        // The first is of those that are of no kind.
        self.strata.push(Stratum::of(String::new()));
        for member in &mut self.members {
            let name = group::stratum_of(key, fleet.get(member.device));
            let known = self.strata.iter().position(|stratum| stratum.name == name);
            member.stratum = known.unwrap_or_else(|| {
                self.strata.push(Stratum::of(name));
                self.strata.len() - 1
            });
        }
    }

    pub(super) fn join(&mut self, ix: DeviceIx, device: &Device, group: usize) {
        let rank = group::rank(&self.spec.id, &device.id);
        let mut member = Member::new(ix, rank, group);
        member.phase = group::phase_of(&self.groups[group], rank);
        member.arm = arm_of(&self.spec, &device.id).unwrap_or(Arm::A);
        if let Some(key) = &self.spec.gates.strata {
            let name = group::stratum_of(key, device);
            let known = self.strata.iter().position(|stratum| stratum.name == name);
            member.stratum = known.unwrap_or(0);
        }
        self.by_device.insert(ix, self.members.len());
        self.members.push(member);
    }

    pub(super) fn accept_outcomes(&mut self) {
        let strata = self.strata.iter_mut().map(|stratum| &mut stratum.evidence);
        for evidence in strata.chain([&mut self.evidence]) {
            evidence.forgiven = evidence.all;
        }
        for member in &mut self.members {
            member.is_reviewed |= member.has_failed || member.place == Place::Succeeded;
        }
    }

    /// The sums that a member's outcome goes into.
    fn evidence_of(&mut self, at: usize) -> impl Iterator<Item = &mut Evidence> {
        let stratum = self.strata.get_mut(self.members[at].stratum);
        let stratum = stratum.map(|stratum| &mut stratum.evidence);
        std::iter::once(&mut self.evidence).chain(stratum)
    }

    fn count_evidence(&mut self, at: usize, succeeded: bool) {
        if self.members[at].counted.is_none() {
            self.members[at].counted = Some(succeeded);
            let arm = self.members[at].arm;
            if let Some(comparison) = &mut self.comparison {
                comparison.count(arm, succeeded);
            }
            self.evidence_of(at).for_each(|it| it.count(succeeded));
        }
    }

    fn fail(&mut self, at: usize, place: Place, class: ErrorClass) {
        // A failed transport says nothing about the release.
        let is_evidence = class != ErrorClass::Download;
        if is_evidence {
            self.count_evidence(at, false);
        }
        let member = &mut self.members[at];
        member.has_failed = true;
        member.is_silent = false;
        member.place = place;
    }

    /// Somebody has looked at a device that had failed for good.
    pub(super) fn seen_to(&mut self, device: DeviceIx) {
        let mut members = self.members.iter_mut();
        if let Some(member) = members.find(|member| member.device == device) {
            member.is_silent = false;
        }
    }

    fn accept(&mut self, at: usize) {
        let member = &mut self.members[at];
        member.is_silent = false;
        if !std::mem::replace(&mut member.has_accepted, true) {
            self.exposed += 1;
            if let Some(comparison) = &mut self.comparison {
                comparison.accept(member.arm);
            }
        }
    }

    /// What has happened to a member.
    pub(super) fn enter(&mut self, position: u64, at_ms: u64, at: usize, fact: &Fact) {
        let retry_or =
            |retry_at: Option<u64>, last| retry_at.map_or(last, |at_ms| Place::Retrying { at_ms });
        let since_ms = match fact {
            Fact::WindowRenewed(_) => self.members[at].since_ms,
            // Patience is with the whole wait, whatever it is for by turns.
            Fact::ExecutionHeld(_) if self.members[at].place.is_held() => self.members[at].since_ms,
            _ => at_ms,
        };
        self.members[at].keep_to(fact);
        match fact {
            Fact::ExecutionHeld(fact) => {
                self.members[at].place = Place::Held {
                    what: fact.waiting_for,
                    until_ms: fact.until_ms,
                };
            }
            Fact::ExecutionContinued(_) => self.members[at].place = Place::InProgress,
            Fact::ExecutionQueued(fact) => {
                self.starts.count(at_ms, fact.attempt);
                let member = &mut self.members[at];
                member.attempts = fact.attempt;
                member.job = position;
                member.place = Place::Queued;
            }
            Fact::ExecutionAccepted(_) => {
                self.accept(at);
                self.members[at].place = Place::InProgress;
            }
            Fact::ExecutionSucceeded(fact) => {
                if !fact.already {
                    self.accept(at);
                    self.count_evidence(at, true);
                }
                let member = &mut self.members[at];
                (member.has_failed, member.is_restored, member.is_reviewed) = (false, false, false);
                member.is_silent = false;
                member.place = Place::Succeeded;
            }
            Fact::ExecutionFailed(fact) => {
                let place = retry_or(fact.retry_at, Place::Failed);
                self.fail(at, place, fact.error.class);
                self.members[at].is_restored |= fact.restored;
            }
            Fact::ExecutionRejected(fact) => {
                let place = retry_or(fact.retry_at, Place::Rejected);
                self.count_evidence(at, false);
                self.fail(at, place, fact.error.class);
            }
            Fact::ExecutionTimedOut(fact) => {
                let place = retry_or(fact.retry_at, Place::TimedOut);
                self.fail(at, place, ErrorClass::LostContact);
                self.members[at].is_silent = true;
            }
            Fact::ExecutionRemoved(fact) => {
                let member = &mut self.members[at];
                member.is_silent &= fact.cause == RemovalCause::NotContacted;
                member.place = Place::Removed;
            }
            // An operator has taken it in hand.
            Fact::DeviceExcluded(_) => {
                let member = &mut self.members[at];
                (member.is_silent, member.place) = (false, Place::Removed);
            }
            Fact::ExecutionCanceled(_) => {
                let member = &mut self.members[at];
                (member.is_silent, member.place) = (false, Place::Canceled);
            }
            Fact::ExecutionRetracted(_) => {
                let was_reviewed = self.members[at].is_reviewed;
                if self.members[at].counted == Some(true) {
                    self.members[at].counted = Some(false);
                    self.evidence_of(at).for_each(|it| it.retract(was_reviewed));
                }
                let member = &mut self.members[at];
                (member.has_failed, member.is_restored, member.is_reviewed) = (true, true, false);
                member.place = Place::RolledBack;
            }
            Fact::ExecutionDeferred(_) => {
                let member = &mut self.members[at];
                // A job taken back before it was accepted, or begun with, was no attempt.
                let was_none = member.place == Place::Queued || member.place.is_held();
                member.attempts -= u32::from(was_none);
                member.place = Place::Deferred;
            }
            _ => {}
        }
        self.members[at].since_ms = since_ms;
    }
}

impl Stratum {
    fn of(name: String) -> Self {
        Self {
            name,
            evidence: Evidence::default(),
        }
    }
}
