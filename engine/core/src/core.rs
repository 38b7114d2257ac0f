//! The order of things: timers, then requests one by one, each with all its consequences.
//!
//! Consequences are decided after every single request, not after a batch, so what is decided does not depend on how
//! requests happened to be batched, and a gate that is reached has paused in the same step.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    DeviceId, OperatorId,
    command::{Lifecycle, Outcome, Reply},
};
use serde_json::Value;

use crate::{
    CampaignIx, DeviceIx, Effect, Fact, State, Timestamp,
    accept::accept,
    alerts,
    apply::{apply, says_anything},
    approval,
    calendar::Calendar,
    decide, effect,
    fact::{
        CampaignResumed, CampaignThawed, DeferralCause, DeltaAdded, DeltaUnavailable,
        DeviceGreeted, DeviceReported, ExecutionAccepted, ExecutionContinued, ExecutionHeld,
        ReturnAccepted, ReturnDeferral,
    },
    request::{Answer, DeviceMessage, Request},
    state::{Answered, Delta},
    timers::Timers,
    turns::{Ready, Turns},
    view::is_shown,
};

/// Executions started in one step at most: a step stays short, so a pause is never stuck behind a million starts.
pub const STARTS_PER_STEP_MAX: u32 = 1000;
/// Timers looked at in one step, about.
const TIMERS_PER_STEP_MAX: usize = 4096;

/// The state and the rules, without a clock or a disk.
#[derive(Debug, Clone, Default)]
pub struct Core {
    state: State,
    timers: Timers,
    /// Members of campaigns who have had a turn before and may get another one: their retry is due, or they may be free
    /// by now. Follows from the state and the time.
    ready: BTreeMap<CampaignIx, Ready>,
    /// Follows from the descriptions of campaigns and the time.
    calendar: Calendar,
}

/// What a step has led to. The facts must be on disk before anything else of it is shown to anyone.
#[derive(Debug, Default, PartialEq)]
pub struct Step {
    /// At the positions that follow the state's before the step.
    pub facts: Vec<Fact>,
    /// How many facts there were before the first request, after it, after the second, and so on.
    pub ends: Vec<usize>,
    /// One for each request, in their order.
    pub answers: Vec<Answer>,
    pub effects: Vec<Effect>,
}

/// What a step may still do.
struct Budget {
    starts: u32,
    timers: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            starts: STARTS_PER_STEP_MAX + u32::from(is_on(Mutant::StartsOffByOne)),
            timers: TIMERS_PER_STEP_MAX,
        }
    }
}

/// What is still to be decided because of facts applied.
#[derive(Default)]
struct Open {
    /// In the order in which they get a device that several want.
    campaigns: BTreeSet<decide::Precedence>,
    /// Devices that may be able to take a job now.
    freed: BTreeSet<DeviceIx>,
    /// Devices whose window is over, and that have said something since.
    late: BTreeSet<DeviceIx>,
    /// Devices that have said what they are like.
    described: BTreeSet<DeviceIx>,
}

impl Core {
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Goes on from a snapshot. Call [`Core::replayed`] after the last fact, or at once if there is none.
    #[must_use]
    pub fn restore(state: State) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Folds in a fact from the log. Call [`Core::replayed`] after the last.
    pub fn replay(&mut self, at: Timestamp, fact: &Fact) {
        apply(&mut self.state, at, fact);
    }

    /// The log has been read to its end.
    pub fn replayed(&mut self) {
        if !is_on(Mutant::TimersForgotten) {
            self.timers.rebuild(&self.state);
        }
        self.try_all_deferred();
    }

    /// Whoever had to be passed over is looked at once more.
    fn try_all_deferred(&mut self) {
        let active: Vec<_> = self.state.campaigns.active().collect();
        for ix in active {
            self.try_deferred(ix);
        }
    }

    fn try_deferred(&mut self, ix: CampaignIx) {
        let row = self.state.campaigns.get(ix);
        let ready = self.ready.entry(ix).or_default();
        row.deferred.iter().for_each(|at| ready.add(row, *at));
    }

    fn may_have_a_turn(&mut self, ix: CampaignIx, at: u32) {
        let row = self.state.campaigns.get(ix);
        self.ready.entry(ix).or_default().add(row, at);
    }

    /// Takes requests and the time, and decides everything that follows.
    ///
    /// `now` is never earlier than in any step before.
    pub fn step(&mut self, now: Timestamp, requests: &[Request]) -> Step {
        let mut step = Step::default();
        let mut budget = Budget::default();
        // Time has come for all campaigns, in their order: whoever is woken is among them.
        let _woken = self.fire_timers(now, &mut budget, &mut step.facts);
        self.go_on(now, &mut budget, &mut step.facts);
        step.ends.push(step.facts.len());
        for request in requests {
            let start = step.facts.len();
            let answer = accept(&self.state, now, request, &mut step.facts);
            // A question leaves no fact; its answer is true at the last one.
            let position = self.state.position + u64::from(step.facts.len() > start);
            let reopened = step.facts[start..]
                .iter()
                .filter_map(|fact| self.reopened(fact));
            step.effects.extend(reopened.map(Effect::DeviceJob));
            self.settle(now, start, &mut budget.starts, &mut step.facts);
            // What fell due with the request comes before the next one, as it would in a step of its own.
            let woken = self.fire_timers(now, &mut budget, &mut step.facts);
            let start = step.facts.len();
            self.go_on_with(woken, now, start, &mut budget.starts, &mut step.facts);
            self.answer(request, &answer, position, &mut step.effects);
            step.answers.push(answer);
            step.ends.push(step.facts.len());
        }
        let first = self.state.position + 1 - step.facts.len() as u64;
        for (position, fact) in (first..).zip(&step.facts) {
            effect::of(position, fact, &mut step.effects);
        }
        dedup(&mut step.effects);
        step
    }

    /// When to step again if no request comes.
    #[must_use]
    pub fn next_wakeup(&self, now: Timestamp) -> Option<Timestamp> {
        let campaigns = self.state.campaigns.active();
        campaigns
            .filter_map(|ix| decide::wakeup(&self.state, ix, self.ready.get(&ix), now))
            .chain(self.timers.next())
            .chain(approval::wakeup(&self.state))
            .min()
    }

    /// Everything that is due in the world whatever has been done before: for a start.
    #[must_use]
    pub fn outstanding(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (release, row) in self.state.releases.iter() {
            let building = row
                .deltas
                .iter()
                .filter(|(_, delta)| **delta == Delta::Building);
            effects.extend(building.map(|(from, _)| Effect::BuildDelta {
                release,
                from: *from,
            }));
        }
        effects
    }

    /// Decides what is due for members, and says which campaigns have somebody ready now.
    fn fire_timers(&mut self, now: Timestamp, budget: &mut Budget, facts: &mut Vec<Fact>) -> Open {
        let mut woken = Open::default();
        // What fires may be due again at once: a retry without a wait.
        loop {
            let due = self.timers.take_due(now, budget.timers);
            if due.is_empty() {
                return woken;
            }
            budget.timers = budget.timers.saturating_sub(due.len());
            // All that are due stand in line before anything follows from one of them: in which order they came here
            // depends on when the engine last started.
            for (ix, at) in &due {
                if decide::is_ready(&self.state, *ix, *at, now) {
                    self.may_have_a_turn(*ix, *at);
                    woken.campaigns.insert(self.ordered(*ix));
                }
            }
            for (ix, at) in due {
                let start = facts.len();
                decide::member(&self.state, ix, at, now, facts);
                if facts.len() == start {
                    self.rearm(ix, at, now);
                }
                self.settle(now, start, &mut budget.starts, facts);
            }
        }
    }

    /// What time alone has made due for campaigns.
    fn go_on(&mut self, now: Timestamp, budget: &mut Budget, facts: &mut Vec<Fact>) {
        let campaigns = &self.state.campaigns;
        let active: Vec<_> = campaigns.active().chain(campaigns.asking()).collect();
        let open = Open {
            campaigns: active.into_iter().map(|ix| self.ordered(ix)).collect(),
            ..Open::default()
        };
        self.go_on_with(open, now, facts.len(), &mut budget.starts, facts);
    }

    fn ordered(&self, ix: CampaignIx) -> decide::Precedence {
        decide::precedence(self.state.campaigns.get(ix), ix)
    }

    /// An entry that came early, because the clock it waits for was started again, comes back.
    fn rearm(&mut self, ix: CampaignIx, at: u32, now: Timestamp) {
        let row = self.state.campaigns.get(ix);
        if row.due(row.member(at)).is_some_and(|due| due > now) {
            self.timers.add(&self.state, ix, at);
        }
    }

    /// The device whose topic holds another job now than before: one that has accepted what its topic does not show,
    /// withdrawn or hidden by a pause in the meantime, gets it again, or now its cancel.
    fn reopened(&self, fact: &Fact) -> Option<DeviceIx> {
        let (device, is_moved) = match fact {
            Fact::ExecutionAccepted(ExecutionAccepted { device, .. })
            | Fact::ReturnAccepted(ReturnAccepted { device, .. }) => (*device, false),
            Fact::ExecutionHeld(ExecutionHeld { device, .. })
            | Fact::ExecutionContinued(ExecutionContinued { device, .. }) => (*device, true),
            _ => return None,
        };
        let (campaign, at) = self.state.devices.get(device).execution()?;
        let campaign = self.state.campaigns.get(campaign);
        // Only those that wait are called back while nothing new is to start.
        let is_recalled = is_moved && !campaign.status.is_rolling();
        (is_recalled || !is_shown(campaign, campaign.member(at))).then_some(device)
    }

    /// Applies the facts from `start` on and all that they lead to, until nothing more follows.
    ///
    /// Nothing is decided while a fact waits to be applied: decided from half of what is known, a device could be offered
    /// two jobs.
    fn settle(
        &mut self,
        now: Timestamp,
        start: usize,
        starts_left: &mut u32,
        facts: &mut Vec<Fact>,
    ) {
        self.go_on_with(Open::default(), now, start, starts_left, facts);
    }

    /// The same, with something to be decided already.
    fn go_on_with(
        &mut self,
        mut open: Open,
        now: Timestamp,
        start: usize,
        starts_left: &mut u32,
        facts: &mut Vec<Fact>,
    ) {
        let mut next = start;
        loop {
            while let Some(fact) = facts.get(next) {
                next += 1;
                apply(&mut self.state, now, fact);
                self.follow(fact, &mut open);
            }
            // Before any campaign decides: of all that want a device, whoever comes first is to have it, and the one that
            // it has just come from is none of the first for that.
            if let Some(flagged) = decide::flagged(&self.state) {
                facts.push(flagged);
            } else if let Some(device) = open.freed.pop_first() {
                let waiting: Vec<_> = decide::waiting_for(&self.state, device).collect();
                for (ix, at) in waiting {
                    self.may_have_a_turn(ix, at);
                    open.campaigns.insert(self.ordered(ix));
                }
            } else if let Some((.., ix)) = open.campaigns.pop_first() {
                // Gates before offers: what has just paused offers nothing more.
                let mut turns = Turns {
                    starts_left,
                    ready: self.ready.entry(ix).or_default(),
                    calendar: &mut self.calendar,
                };
                decide::campaign(&self.state, ix, now, &mut turns, facts);
            } else if let Some(device) = open.late.pop_first() {
                facts.extend(decide::renewed(
                    &self.state,
                    device,
                    now,
                    &mut self.calendar,
                ));
            } else if let Some(device) = open.described.pop_first() {
                decide::not_understood(&self.state, device, facts);
                if facts.len() == next {
                    decide::reconsidered(&self.state, device, facts);
                }
                if facts.len() == next {
                    decide::joins(&self.state, device, facts);
                } else {
                    // What follows from it comes first.
                    open.described.insert(device);
                }
            } else {
                return;
            }
        }
    }

    /// What a fact means for timers, for its campaign, and for campaigns that wait for its device or its release.
    fn follow(&mut self, fact: &Fact, open: &mut Open) {
        let is_passed_over =
            is_on(Mutant::GateNotAskedAfterFailure) && matches!(fact, Fact::ExecutionFailed(_));
        if !is_passed_over {
            open.campaigns
                .extend(fact.campaign().map(|ix| self.ordered(ix)));
        }
        if let Some((device, is_free)) = execution_changed(fact) {
            if let (Some(ix), Some((latest, at))) =
                (fact.campaign(), self.state.devices.get(device).execution())
                && ix == latest
            {
                self.timers.add(&self.state, ix, at);
            }
            if is_free {
                open.freed.insert(device);
            }
        }
        if let Fact::DeviceGreeted(DeviceGreeted { device, .. })
        | Fact::DeviceReported(DeviceReported { device, .. }) = fact
        {
            if decide::has_missed_its_window(&self.state, *device, self.state.recorded_at) {
                open.late.insert(*device);
            }
            let campaigns = &self.state.campaigns;
            let missing = campaigns
                .active()
                .filter(|ix| alerts::is_missed(campaigns.get(*ix), *device));
            open.campaigns.extend(missing.map(|ix| self.ordered(ix)));
        }
        match fact {
            Fact::DeviceReported(fact) if says_anything(fact) => {
                // Its figures may be what a gate waits for.
                if let Some((ix, _)) = self.state.devices.get(fact.device).execution()
                    && self.state.campaigns.get(ix).health.is_some()
                {
                    open.campaigns.insert(self.ordered(ix));
                }
            }
            Fact::DeviceGreeted(fact) => {
                open.described.insert(fact.device);
                // Campaigns may have waited to hear of it.
                open.freed.insert(fact.device);
            }
            Fact::DeviceRegistered(fact) => {
                open.described.insert(fact.device);
            }
            Fact::DeviceAssigned(fact) => {
                open.described.insert(fact.device);
            }
            Fact::CampaignResumed(CampaignResumed { campaign })
            | Fact::CampaignThawed(CampaignThawed { campaign }) => {
                self.timers.add_campaign(&self.state, *campaign);
                self.try_deferred(*campaign);
            }
            // Its queued jobs are in nobody's way any more.
            Fact::CampaignPaused(_) | Fact::CampaignFrozen(_) | Fact::RollbackStarted(_) => {
                self.try_all_deferred();
                let active = self.state.campaigns.active();
                open.campaigns.extend(active.map(|ix| self.ordered(ix)));
            }
            // It is not among those of which word is expected any more.
            Fact::LifecycleChanged(fact) if fact.lifecycle == Lifecycle::Retired => {
                let active = self.state.campaigns.active();
                open.campaigns.extend(active.map(|ix| self.ordered(ix)));
            }
            // Some may have lost a right that approvals rest on.
            Fact::OperatorChanged(_) | Fact::OperatorRevoked(_) => {
                let asking = self.state.campaigns.asking();
                open.campaigns.extend(asking.map(|ix| self.ordered(ix)));
            }
            // It is looked at again when its window opens.
            Fact::ExecutionDeferred(fact) if fact.window.is_some() => {
                let row = self.state.campaigns.get(fact.campaign);
                if let Some(at) = row.member_of(fact.device, &self.state.devices) {
                    self.timers.add(&self.state, fact.campaign, at);
                }
            }
            Fact::RetriesOrdered(fact) => self.timers.add_campaign(&self.state, fact.campaign),
            Fact::DeltaAdded(DeltaAdded { release, .. })
            | Fact::DeltaUnavailable(DeltaUnavailable { release, .. }) => {
                let campaigns = &self.state.campaigns;
                let waits = |ix: &CampaignIx| campaigns.get(*ix).releases.contains(release);
                let waiting = campaigns.active().filter(waits);
                open.campaigns.extend(waiting.map(|ix| self.ordered(ix)));
            }
            // All that was held back for want of room.
            Fact::StorageRecovered(_) => {
                self.timers.rebuild(&self.state);
                self.try_all_deferred();
                let active = self.state.campaigns.active();
                open.campaigns.extend(active.map(|ix| self.ordered(ix)));
            }
            _ => {}
        }
    }

    fn answer(&self, request: &Request, answer: &Answer, position: u64, effects: &mut Vec<Effect>) {
        match request {
            Request::Device {
                device, message, ..
            } => effects.push(ack(device, message, answer)),
            Request::Operator {
                operator, message, ..
            } => {
                let (id, command) = match message {
                    Ok(message) => (message.id.clone(), Some(message.command.name().into())),
                    Err(unreadable) => (unreadable.id.clone(), unreadable.name.clone()),
                };
                let outcome = match answer {
                    Answer::Accepted => accepted(position, None),
                    Answer::Told(result) => accepted(position, Some(result.clone())),
                    Answer::Rejected(rejection) => Outcome::Rejected {
                        code: rejection.code.as_str().into(),
                        message: rejection.message.clone(),
                    },
                    Answer::Duplicate => self.stored_outcome(operator, id.as_ref()),
                };
                effects.push(Effect::Reply {
                    operator: operator.clone(),
                    reply: Reply {
                        id,
                        command,
                        outcome,
                    },
                });
            }
            Request::OpenSite { .. }
            | Request::AddOperator { .. }
            | Request::SetCampaignDefaults(_)
            | Request::SetApprovalPolicy(_)
            | Request::Storage { .. }
            | Request::Delta { .. } => {}
        }
    }

    fn stored_outcome(
        &self,
        operator: &OperatorId,
        id: Option<&fleetfold_schemas::CommandId>,
    ) -> Outcome {
        let answered = id.and_then(|id| self.state.commands.answer(operator, id));
        match answered.expect("only a remembered command is a duplicate") {
            Answered::Accepted { position } => {
                // What it asked for may wait for people still.
                accepted(position, approval::pending(&self.state, position + 1))
            }
            Answered::Refused { code, message } => Outcome::Rejected { code, message },
        }
    }
}

const fn accepted(position: u64, result: Option<Value>) -> Outcome {
    Outcome::Accepted { position, result }
}

fn ack(device: &DeviceId, message: &DeviceMessage, answer: &Answer) -> Effect {
    let (epoch, seq) = match message {
        DeviceMessage::Hello { hello, .. } => (hello.epoch, hello.seq),
        DeviceMessage::Report(report) => (report.epoch, report.seq),
    };
    Effect::Ack {
        device: device.clone(),
        epoch,
        seq,
        code: match answer {
            Answer::Accepted | Answer::Told(_) | Answer::Duplicate => None,
            Answer::Rejected(rejection) => Some(rejection.code.as_str().into()),
        },
    }
}

/// The device of a fact that opened, moved or ended an execution, and whether the device may be free after it.
fn execution_changed(fact: &Fact) -> Option<(DeviceIx, bool)> {
    let device = fact.device()?;
    match fact {
        Fact::ExecutionQueued(_)
        | Fact::ExecutionAccepted(_)
        | Fact::ExecutionHeld(_)
        | Fact::ExecutionContinued(_)
        | Fact::WindowRenewed(_)
        | Fact::ReturnQueued(_)
        | Fact::ReturnAccepted(_) => Some((device, false)),
        Fact::ExecutionDeferred(fact) => matches!(
            fact.cause,
            DeferralCause::CalledBack | DeferralCause::Reconsidered
        )
        .then_some((device, true)),
        Fact::ReturnDeferred(fact) => Some((device, fact.cause == ReturnDeferral::NotContacted)),
        Fact::ExecutionSucceeded(_)
        | Fact::ExecutionFailed(_)
        | Fact::ExecutionRejected(_)
        | Fact::ExecutionTimedOut(_)
        | Fact::ExecutionRemoved(_)
        | Fact::ExecutionCanceled(_)
        | Fact::ExecutionRetracted(_)
        | Fact::HopReached(_)
        | Fact::DeviceExcluded(_)
        | Fact::Returned(_)
        | Fact::ReturnFailed(_)
        | Fact::ReturnSkipped(_)
        | Fact::LifecycleChanged(_) => Some((device, true)),
        _ => None,
    }
}

/// Effects name a topic, not a change: each is needed once. Acks and replies are answers and stay as they are, except
/// that the acks of one device are cumulative.
fn dedup(effects: &mut Vec<Effect>) {
    let mut seen = hashbrown::HashSet::with_hasher(rustc_hash::FxBuildHasher);
    effects.retain(|effect| {
        let key = match effect {
            Effect::DeviceJob(ix) => (0u8, u64::from(*ix)),
            Effect::CampaignJobs(ix) => (1, (*ix).into()),
            Effect::DeviceStatus(ix) => (2, (*ix).into()),
            Effect::CampaignStatus(ix) => (3, (*ix).into()),
            Effect::Release(ix) => (4, (*ix).into()),
            Effect::FleetSummary => (5, 0),
            Effect::Ticket(number) => (6, *number),
            Effect::CampaignReport(ix) => (7, (*ix).into()),
            // Above all others: one number for each alert of the site and of each campaign.
            Effect::Alert(ix, alert) => (8 + *alert as u8, ix.map_or(u64::MAX, u64::from)),
            Effect::Ack { .. }
            | Effect::Reply { .. }
            | Effect::BuildDelta { .. }
            | Effect::Disconnect(_)
            | Effect::DisconnectOperator { .. } => return true,
        };
        seen.insert(key)
    });
}
