//! Campaigns: how far they are, and what they wait for.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    vec::Vec,
};

use fleetfold_schemas::{
    CampaignId, ModelId, OperatorId,
    campaign::{CampaignSpec, Gates, MINUTE_MS, OnEnd, PhaseSpec, Schedule},
    device::ErrorClass,
    mutant::{Mutant, is_on},
};
use minicbor::{Decode, Encode};

use crate::{
    CampaignIx, DeviceIx, ReleaseIx, Timestamp,
    calendar::{Freeze, Window, freezes},
    cohort::arm,
    fact::{FailureCause, Ordered, PauseCause},
    gate::ab::Arm,
    state::{
        Approval, Comparison, Device, Devices, Health, Lookout, Member, MemberState, PhaseTally,
        ReturnStep, Roster, Sources, Wait, Waits, group_order, is_news,
        rollback::Rollback,
        shared::{Number, Shared},
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
    windows: Shared<Window>,
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

/// How members stand to their windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowCensus {
    /// They wait for theirs to open.
    pub waiting: u32,
    /// Theirs is open.
    pub open: u32,
    /// Those of them that wait in vain: none of theirs opens before the campaign's end.
    pub never: u32,
    /// When the first of those that wait opens; `None`: never.
    pub opens: Option<Timestamp>,
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

/// First outcomes, as the `confident` gate counts them. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evidence {
    #[n(0)]
    pub failed: u64,
    #[n(1)]
    pub succeeded: u64,
}

/// Devices of one kind, and what their first outcomes say. The numbers are those of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stratum {
    /// Empty: of devices that say nothing, or that are of none of the other kinds.
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub evidence: Evidence,
    #[n(2)]
    pub forgiven: Evidence,
}

impl Stratum {
    #[must_use]
    pub fn fresh(&self) -> Evidence {
        self.evidence.since(self.forgiven)
    }
}

impl Evidence {
    /// What has come since there was only this.
    #[must_use]
    const fn since(self, earlier: Self) -> Self {
        Self {
            failed: self.failed.saturating_sub(earlier.failed),
            succeeded: self.succeeded.saturating_sub(earlier.succeeded),
        }
    }
}

/// Executions started, for the rates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Starts {
    /// Those of the last minute, oldest first: when the last ones of a second were started, and how many in it. Whoever
    /// was started earlier within that second is counted for up to a second too long, never too short.
    recent: VecDeque<(Timestamp, u32)>,
    /// Devices that have been offered a job so far.
    pub notified: u32,
}

impl Starts {
    pub(crate) fn of(recent: Vec<(Timestamp, u32)>, notified: u32) -> Self {
        Self {
            recent: recent.into(),
            notified,
        }
    }

    pub(crate) fn count(&mut self, at: Timestamp, is_first: bool) {
        while self
            .recent
            .front()
            .is_some_and(|(last, _)| last + MINUTE_MS <= at)
        {
            self.recent.pop_front();
        }
        match self.recent.back_mut() {
            Some((last, count)) if *last / 1000 == at / 1000 => {
                *last = at;
                *count += 1;
            }
            _ => self.recent.push_back((at, 1)),
        }
        self.notified += u32::from(is_first);
    }

    /// Oldest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (Timestamp, u32)> + '_ {
        self.recent.iter().copied()
    }

    /// How many were started within the minute that ends now.
    #[must_use]
    pub fn in_minute(&self, now: Timestamp) -> u32 {
        let recent = self.recent();
        recent
            .filter(|(last, _)| last + MINUTE_MS > now)
            .map(|(_, count)| count)
            .sum()
    }

    /// When there is room for one more at this rate, if nothing is started until then.
    #[must_use]
    pub fn room_at(&self, per_minute: u32, now: Timestamp) -> Timestamp {
        let mut started = self.in_minute(now);
        let mut at = now;
        for (last, count) in self.recent().filter(|(last, _)| last + MINUTE_MS > now) {
            if started < per_minute {
                break;
            }
            started -= count;
            at = last + MINUTE_MS;
        }
        at
    }
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
        let before = self.member(at).state.wait();
        self.roster.update(at, change);
        self.waits.change(before, self.member(at).state.wait());
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

    /// When that phase began.
    #[must_use]
    pub fn phase_started_at(&self) -> Option<Timestamp> {
        self.runs[self.run].started_at
    }

    /// When that phase has been watched long enough, if its watch time does not stand still again.
    #[must_use]
    pub fn watched_until(&self, now: Timestamp) -> Option<Timestamp> {
        let run = self.runs[self.run];
        let started_at = run.started_at?;
        let held_ms = match self.held_since {
            Some(since) => now.saturating_sub(since.max(started_at)),
            None => 0,
        };
        Some(started_at + self.phase().duration_hours.ms() + run.held_ms + held_ms)
    }

    /// The watch time stands still while nothing new may start.
    pub(crate) fn hold_watch(&mut self, at: Timestamp) {
        let is_held = matches!(self.status, Status::Paused { .. }) || self.frozen.is_some();
        match (is_held, self.held_since) {
            (true, None) => self.held_since = Some(at),
            (false, Some(since)) => {
                let run = &mut self.runs[self.run];
                // A phase that has not begun is not watched yet.
                if let Some(started_at) = run.started_at {
                    run.held_ms += at - since.max(started_at);
                }
                self.held_since = None;
            }
            _ => {}
        }
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

    /// When the campaign must be over.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let from = match &self.rollback {
            Some(rollback) => rollback.started_at,
            None => self.started_at?,
        };
        Some(from + self.spec.max_rollout_days.ms())
    }

    /// Until when windows may open: later ones come too late, as the campaign is over or offers nothing more.
    #[must_use]
    pub fn windows_end(&self, started_at: Timestamp) -> Timestamp {
        let Schedule { end, on_end, .. } = self.spec.schedule;
        let deadline = started_at + self.spec.max_rollout_days.ms();
        match end {
            // After a pause, it may go on.
            Some(end) if on_end != OnEnd::Pause => deadline.min(end.ms()),
            _ => deadline,
        }
    }

    /// Since when a device can see its job in its present state: paused campaigns hide their queued jobs, so the time for
    /// contact begins anew when they resume.
    #[must_use]
    pub fn shown_since(&self, member: &Member) -> Timestamp {
        match (member.state, self.resumed_at) {
            (
                MemberState::Queued
                | MemberState::Returning {
                    step: ReturnStep::Queued,
                    ..
                },
                Some(resumed_at),
            ) => member.since.max(resumed_at),
            _ => member.since,
        }
    }

    /// The sequence number of the cancel job that this member's topic holds, if any, and since when it does.
    ///
    /// While nothing new is to start, devices that wait are called back: they would go on without asking anyone.
    #[must_use]
    pub fn recall(&self, member: &Member) -> Option<(u64, Timestamp)> {
        let (position, at) = match (&self.status, member.state) {
            (Status::Canceled { .. }, _) => (self.canceled_position, self.ended_at),
            (
                Status::Paused { .. } | Status::RollingBack | Status::RollbackPaused { .. },
                MemberState::Held(_),
            ) => (self.recalled_position, self.recalled_at),
            _ => return None,
        };
        // It may have waited for longer than any job is good for.
        Some((position?, at.unwrap_or(member.since).max(member.since)))
    }

    /// When the patience with a device that waits ends.
    fn waits_until(&self, member: &Member, wait: Wait) -> Timestamp {
        let timeouts = &self.spec.timeouts;
        match wait.until() {
            // It ends by the clock, and then the device has work to do.
            Some(until) if wait.what.is_timed() => until
                .max(member.since)
                .saturating_add(timeouts.execution_hours.ms()),
            Some(_) | None => member.since + timeouts.waiting().ms(),
        }
    }

    /// How long after its job is shown a device may be told to begin, at most. The way back knows no such wait.
    #[must_use]
    pub fn start_jitter_ms(&self, member: &Member) -> u64 {
        match (member.state, self.spec.rates.start_jitter_minutes) {
            (MemberState::Returning { .. }, _) | (_, None) => 0,
            (_, Some(jitter)) => jitter.ms(),
        }
    }

    /// When an open member's patience ends, or a retry is due, or the window that it waits for opens.
    #[must_use]
    pub fn due(&self, member: &Member) -> Option<Timestamp> {
        let timeouts = &self.spec.timeouts;
        let step = match member.state {
            MemberState::Returning { step, .. } => step,
            MemberState::Queued => ReturnStep::Queued,
            MemberState::InProgress => ReturnStep::InProgress,
            MemberState::Held(wait) => return Some(self.waits_until(member, wait)),
            MemberState::Retrying { at } => ReturnStep::Retrying { at },
            MemberState::Deferred => return self.window(member)?.opens(),
            _ => return None,
        };
        // Nobody's time is over before its window is.
        let closes = match is_on(Mutant::DueBeforeWindow) {
            false => self.closes(member),
            true => 0,
        };
        match step {
            ReturnStep::Queued => {
                let jitter_ms = self.start_jitter_ms(member);
                let contact_ms = timeouts.contact_hours.ms();
                Some(closes.max(self.shown_since(member) + jitter_ms + contact_ms))
            }
            ReturnStep::InProgress => {
                Some(closes.max(member.since) + timeouts.execution_hours.ms())
            }
            ReturnStep::Retrying { at } => Some(at),
            ReturnStep::Deferred | ReturnStep::OutOfReach => None,
        }
    }

    /// When a member may install, or when one that is deferred may have its turn. `None`: at any time.
    #[must_use]
    pub fn window(&self, member: &Member) -> Option<Window> {
        member.window.map(|number| *self.windows.get(number))
    }

    /// When a member's window is over; 0 if it has none to wait for, or waits for one in vain.
    #[must_use]
    pub fn closes(&self, member: &Member) -> Timestamp {
        let window = self
            .window(member)
            .filter(|window| *window != Window::NEVER);
        window.map_or(0, |window| window.until)
    }

    pub(crate) fn set_window(&mut self, at: u32, window: Option<Window>) {
        let before = self.member(at).window;
        let mut number = before;
        self.windows
            .replace(&mut number, window.as_ref(), |window| *window);
        if number != before {
            self.roster.update(at, |member| member.window = number);
        }
    }

    /// As [`Campaign::set_window`], of a member that is read from a snapshot.
    pub(crate) fn share_window(&mut self, window: Option<Window>) -> Option<Number> {
        window.map(|window| self.windows.take(&window, |window| *window))
    }

    /// How many wait for their window, and how many are in it.
    #[must_use]
    pub fn window_census(&self, now: Timestamp) -> WindowCensus {
        let mut census = WindowCensus::default();
        for (window, uses) in self.windows.uses().filter(|(window, _)| now < window.until) {
            if window.from <= now {
                census.open += uses;
                continue;
            }
            census.waiting += uses;
            census.never += if window.opens().is_none() { uses } else { 0 };
            let opens = [census.opens, window.opens()];
            census.opens = opens.into_iter().flatten().min();
        }
        census
    }

    /// When the last of its members' windows opened.
    #[must_use]
    pub fn window_opened_at(&self, now: Timestamp) -> Option<Timestamp> {
        let opened = self.windows.uses().map(|(window, _)| window.from);
        opened.filter(|from| *from <= now).max()
    }

    /// The end of its schedule has come, and nothing new is offered any more.
    #[must_use]
    pub fn is_finishing(&self) -> bool {
        self.schedule_ended == Some(OnEnd::Finish)
    }
}

/// All campaigns, in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct Campaigns {
    rows: Vec<Campaign>,
    /// Those that something may still happen to by itself.
    active: BTreeSet<CampaignIx>,
    /// Those with open requests.
    asking: BTreeSet<CampaignIx>,
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

    /// Those with requests that wait for people.
    pub fn asking(&self) -> impl Iterator<Item = CampaignIx> {
        self.asking.iter().copied()
    }

    /// A request has been opened or closed.
    pub(crate) fn set_asking(&mut self, ix: CampaignIx) {
        if self.rows[ix as usize].approvals.is_empty() {
            self.asking.remove(&ix);
        } else {
            self.asking.insert(ix);
        }
    }

    /// Staged, rolling, paused or monitoring ones.
    pub fn active(&self) -> impl Iterator<Item = CampaignIx> {
        self.active.iter().copied()
    }

    /// A device has been heard of, and before that at another time, if ever.
    pub(crate) fn heard(&mut self, device: DeviceIx, before: Option<Timestamp>, at: Timestamp) {
        if is_news(before, at) && !is_on(Mutant::WordGoesUnheard) {
            for ix in &self.active {
                self.rows[*ix as usize]
                    .watch
                    .heard
                    .heard(device, before, at);
            }
        }
    }

    /// Nothing is expected of a device any more.
    pub(crate) fn retired(&mut self, device: DeviceIx, last_seen: Option<Timestamp>) {
        if is_on(Mutant::RetiredIsMissed) {
            return;
        }
        for ix in &self.active {
            self.rows[*ix as usize]
                .watch
                .heard
                .remove(device, last_seen);
        }
    }

    /// A row has been read from a snapshot: what follows from it is filled in.
    pub(crate) fn restored(&mut self, ix: CampaignIx) {
        let row = &mut self.rows[ix as usize];
        row.deferred = row
            .roster
            .begun()
            .filter(|(_, member)| member.state.is_put_off())
            .map(|(at, _)| at)
            .collect();
        let mut waits = Waits::default();
        for (_, member) in row.roster.begun() {
            waits.change(None, member.state.wait());
        }
        row.waits = waits;
        if row.status.is_rolling_back() {
            row.line_up_all();
        }
        let is_active = row.status.is_active();
        self.set_active(ix, is_active);
        self.set_asking(ix);
    }

    pub(crate) fn push(&mut self, campaign: Campaign) {
        self.rows.push(campaign);
    }

    pub(crate) fn set_active(&mut self, ix: CampaignIx, is_active: bool) {
        if is_active {
            self.active.insert(ix);
            return;
        }
        self.active.remove(&ix);
        if let Some(health) = &mut self.rows[ix as usize].health {
            health.forget(None);
        }
    }
}
