//! Campaigns: who takes part, how far each member is, and whether each step there was allowed.

use std::collections::BTreeMap;

use fleetfold_core::{CampaignIx, DeviceIx, Fact, ReleaseIx, fact::PauseCause};
use fleetfold_schemas::{
    CampaignId, DeviceId,
    campaign::CampaignSpec,
    command::Lifecycle,
    device::ErrorClass,
    status::{CampaignState, Tally},
};

use super::{
    Book, Checked, breach, demand,
    member::{Member, Place},
};

/// The most first offers in one step: `STARTS_PER_STEP_MAX` of the core, written down again.
pub const STARTS_PER_STEP_MAX: u64 = 1000;

#[derive(Debug)]
pub struct Campaign {
    pub spec: CampaignSpec,
    pub release: ReleaseIx,
    pub status: Status,
    pub version: u64,
    pub started_ms: Option<u64>,
    resumed_ms: Option<u64>,
    /// In the order in which they are offered the update.
    pub(super) members: Vec<Member>,
    by_device: BTreeMap<DeviceIx, usize>,
    pub phases: Vec<Phase>,
    /// The phase that runs, or ran last.
    pub phase: usize,
    /// First outcomes: failed and succeeded; and those that an operator has accepted.
    evidence: (u64, u64),
    forgiven: (u64, u64),
    pub exposed: u64,
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
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Phase {
    pub cut: usize,
    pub started_ms: Option<u64>,
    pub is_passed: bool,
}

/// What one step has done so far.
#[derive(Debug, Default)]
pub struct Step {
    /// First offers.
    pub starts: u64,
    pub last: Option<Fact>,
}

impl Status {
    #[must_use]
    pub const fn is_rolling(&self) -> bool {
        matches!(self, Self::Rolling | Self::Monitoring)
    }

    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Canceled | Self::Failed)
    }

    #[must_use]
    pub const fn public(&self) -> CampaignState {
        match self {
            Self::Draft => CampaignState::Draft,
            Self::Staged => CampaignState::Staged,
            Self::Rolling => CampaignState::Rolling,
            Self::Monitoring => CampaignState::Monitoring,
            Self::Paused(_) => CampaignState::Paused,
            Self::Completed => CampaignState::Completed,
            Self::Canceled => CampaignState::Canceled,
            Self::Failed => CampaignState::Failed,
        }
    }
}

impl Campaign {
    fn new(spec: CampaignSpec, release: ReleaseIx) -> Self {
        Self {
            phases: vec![Phase::default(); spec.phases.len()],
            spec,
            release,
            status: Status::Draft,
            version: 1,
            started_ms: None,
            resumed_ms: None,
            members: Vec::new(),
            by_device: BTreeMap::new(),
            phase: 0,
            evidence: (0, 0),
            forgiven: (0, 0),
            exposed: 0,
        }
    }

    #[must_use]
    pub const fn id(&self) -> &CampaignId {
        &self.spec.id
    }

    #[must_use]
    pub fn member(&self, device: DeviceIx) -> Option<&Member> {
        Some(&self.members[*self.by_device.get(&device)?])
    }

    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn members_so_far(&self) -> impl Iterator<Item = &Member> {
        self.members[..self.phases[self.phase].cut].iter()
    }

    #[must_use]
    pub fn is_last_phase(&self) -> bool {
        self.phase + 1 == self.phases.len()
    }

    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        Some(self.started_ms? + self.spec.max_rollout_days.ms())
    }

    /// Failed and succeeded, without what an operator has accepted.
    #[must_use]
    pub fn fresh_evidence(&self) -> (u64, u64) {
        (
            self.evidence.0.saturating_sub(self.forgiven.0),
            self.evidence.1.saturating_sub(self.forgiven.1),
        )
    }

    /// When a member's patience is over, or its next attempt due.
    #[must_use]
    pub fn due_ms(&self, member: &Member) -> Option<u64> {
        match member.place {
            Place::Queued if self.status.is_rolling() => {
                let shown_ms = self
                    .resumed_ms
                    .map_or(member.since_ms, |at| at.max(member.since_ms));
                Some(shown_ms + self.spec.timeouts.contact_hours.ms())
            }
            Place::InProgress => Some(member.since_ms + self.spec.timeouts.execution_hours.ms()),
            Place::Retrying { at_ms } if self.status.is_rolling() => Some(at_ms),
            _ => None,
        }
    }

    /// What the status should say of one phase, or of all.
    #[must_use]
    pub fn tally(&self, phase: Option<usize>) -> Tally {
        let range = match phase {
            None => 0..self.phases.last().map_or(0, |phase| phase.cut),
            Some(phase) => {
                let start = phase.checked_sub(1).map_or(0, |at| self.phases[at].cut);
                start..self.phases[phase].cut
            }
        };
        let mut tally = Tally::default();
        for member in &self.members[range] {
            let place = match (member.place, member.has_failed) {
                (Place::Succeeded, _) => &mut tally.updated,
                (_, true) => &mut tally.failed,
                (Place::Removed | Place::Canceled, false) => &mut tally.removed,
                (Place::InProgress, false) => &mut tally.in_progress,
                (_, false) => &mut tally.not_contacted,
            };
            *place += 1;
            tally.rolled_back += u64::from(member.is_restored);
        }
        tally
    }

    /// By hash of campaign and device, as PROTOCOL.md has it; ties by registration.
    fn enroll(&mut self, devices: impl Iterator<Item = (DeviceIx, DeviceId)>) {
        let rank = |device: &DeviceId| {
            let text = [
                b"fleetfold/cohort/v1",
                &[0][..],
                self.spec.id.as_str().as_bytes(),
                &[0],
                device.as_str().as_bytes(),
            ];
            let digest = blake3::hash(&text.concat());
            digest.as_bytes()[..8]
                .try_into()
                .map_or(0, u64::from_le_bytes)
        };
        let mut ranked: Vec<_> = devices.map(|(ix, id)| (rank(&id), ix)).collect();
        ranked.sort_unstable();
        let count = ranked.len();
        let mut least = 0;
        for (phase, spec) in self.phases.iter_mut().zip(&self.spec.phases) {
            let share = (count * usize::from(spec.percentage.get())).div_ceil(10_000);
            least = share.max(usize::from(count > 0)).max(least);
            phase.cut = least;
        }
        self.by_device = ranked
            .iter()
            .enumerate()
            .map(|(at, (_, ix))| (*ix, at))
            .collect();
        self.members = ranked.iter().map(|(_, ix)| Member::new(*ix)).collect();
    }

    fn accept_outcomes(&mut self) {
        self.forgiven = self.evidence;
        for member in &mut self.members {
            member.is_reviewed |= member.has_failed || member.place == Place::Succeeded;
        }
    }

    fn count_evidence(&mut self, at: usize, succeeded: bool) {
        if self.members[at].counted.is_none() {
            self.members[at].counted = Some(succeeded);
            if succeeded {
                self.evidence.1 += 1;
            } else {
                self.evidence.0 += 1;
            }
        }
    }

    fn fail(&mut self, at: usize, place: Place, is_evidence: bool) {
        if is_evidence {
            self.count_evidence(at, false);
        }
        let member = &mut self.members[at];
        member.has_failed = true;
        member.place = place;
    }

    fn accept(&mut self, at: usize) {
        let member = &mut self.members[at];
        self.exposed += u64::from(!std::mem::replace(&mut member.has_accepted, true));
    }

    /// What has happened to a member.
    fn enter(&mut self, position: u64, at_ms: u64, at: usize, fact: &Fact) {
        let retry_or =
            |retry_at: Option<u64>, last| retry_at.map_or(last, |at_ms| Place::Retrying { at_ms });
        match fact {
            Fact::ExecutionQueued(fact) => {
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
                member.place = Place::Succeeded;
            }
            Fact::ExecutionFailed(fact) => {
                let is_evidence = fact.error.class != ErrorClass::Download;
                self.fail(at, retry_or(fact.retry_at, Place::Failed), is_evidence);
                self.members[at].is_restored |= fact.restored;
            }
            Fact::ExecutionRejected(_) => {
                self.fail(at, Place::Rejected, true);
            }
            Fact::ExecutionTimedOut(fact) => {
                self.fail(at, retry_or(fact.retry_at, Place::TimedOut), true);
            }
            Fact::ExecutionRemoved(_) => self.members[at].place = Place::Removed,
            Fact::ExecutionCanceled(_) => self.members[at].place = Place::Canceled,
            Fact::ExecutionRetracted(_) => {
                let was_reviewed = self.members[at].is_reviewed;
                if self.members[at].counted == Some(true) {
                    self.members[at].counted = Some(false);
                    self.forgiven.1 -= u64::from(was_reviewed);
                    self.evidence.1 -= 1;
                    self.evidence.0 += 1;
                }
                let member = &mut self.members[at];
                (member.has_failed, member.is_restored, member.is_reviewed) = (true, true, false);
                member.place = Place::RolledBack;
            }
            Fact::ExecutionDeferred(_) => {
                let member = &mut self.members[at];
                // A job taken back before it was accepted was no attempt.
                member.attempts -= u32::from(member.place == Place::Queued);
                member.place = Place::Deferred;
            }
            _ => {}
        }
        self.members[at].since_ms = at_ms;
    }
}

impl Book {
    pub(super) fn count_campaign(
        &mut self,
        position: u64,
        at_ms: u64,
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        let ix = fact.campaign().expect("only called for campaign facts");
        if let Fact::CampaignCreated(fact) = fact {
            self.campaigns
                .push(Campaign::new(fact.spec.clone(), fact.release));
            return Ok(());
        }
        match fact.device() {
            Some(device) => self.count_execution(position, at_ms, ix, device, fact, step),
            None => self.count_status(at_ms, ix, fact, step),
        }
    }

    fn count_status(&mut self, at_ms: u64, ix: CampaignIx, fact: &Fact, step: &Step) -> Checked {
        let was_asked = matches!(step.last, Some(Fact::CommandAccepted(_)));
        self.check_status(at_ms, ix, fact, was_asked)?;
        self.counts.add(fact);
        let model = self.releases[self.campaigns[ix as usize].release as usize]
            .model
            .clone();
        let campaign = &mut self.campaigns[ix as usize];
        match fact {
            Fact::CampaignStaged(_) => {
                campaign.version += 1;
                campaign.status = Status::Staged;
            }
            Fact::CampaignStarted(_) => {
                campaign.status = Status::Rolling;
                campaign.started_ms = Some(at_ms);
                let devices = (0..).zip(&self.fleet.devices);
                let members = devices.filter(|(_, device)| {
                    device.model == model && device.lifecycle != Lifecycle::Retired
                });
                campaign.enroll(members.map(|(ix, device)| (ix, device.id.clone())));
            }
            Fact::PhaseStarted(fact) => {
                campaign.phase = fact.phase as usize;
                campaign.phases[campaign.phase].started_ms = Some(at_ms);
            }
            Fact::PhasePassed(_) => campaign.phases[campaign.phase].is_passed = true,
            Fact::CampaignPaused(fact) => {
                campaign.version += 1;
                campaign.status = Status::Paused(fact.cause.clone());
            }
            Fact::CampaignResumed(_) => {
                campaign.version += 1;
                campaign.resumed_ms = Some(at_ms);
                if !matches!(campaign.status, Status::Paused(PauseCause::Operator { .. })) {
                    campaign.accept_outcomes();
                }
                campaign.status = Status::Rolling;
            }
            Fact::CampaignCanceled(_) => {
                campaign.version += 1;
                campaign.status = Status::Canceled;
            }
            Fact::CampaignMonitoring(_) => campaign.status = Status::Monitoring,
            Fact::CampaignCompleted(_) => campaign.status = Status::Completed,
            Fact::CampaignFailed(_) => campaign.status = Status::Failed,
            _ => return breach("every fact is known here", format!("{fact:?}")),
        }
        self.check_enrolled(ix, fact)
    }

    fn count_execution(
        &mut self,
        position: u64,
        at_ms: u64,
        ix: CampaignIx,
        device: DeviceIx,
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        let Some(at) = self.campaigns[ix as usize].by_device.get(&device).copied() else {
            return breach("no job outside its cohort", format!("{fact:?}"));
        };
        let was_waiting = self.campaigns[ix as usize].members[at].place == Place::Waiting;
        step.starts += u64::from(was_waiting);
        demand(
            step.starts <= STARTS_PER_STEP_MAX,
            "a step starts no more than its limit",
            || format!("{} starts", step.starts),
        )?;
        self.check_execution(at_ms, ix, at, fact)?;
        self.counts.add(fact);
        self.campaigns[ix as usize].enter(position, at_ms, at, fact);
        let open = self.open_on(device);
        demand(
            open.len() <= 1,
            "at most one execution is open on a device",
            || {
                let id = &self.fleet.get(device).id;
                format!("{id} in campaigns {open:?} after {fact:?}")
            },
        )
    }
}
