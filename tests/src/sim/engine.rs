//! The engine's process at work: real state, real log on the simulated disk, real turns, and the points at which one dies.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold::{
    delta,
    log::LogError,
    turn::{DeltaOrder, Engine, REQUESTS_PER_TURN_MAX, Turned, World, reports::ReportOrder},
};
use fleetfold_broker::{Concerns, Qos};
use fleetfold_core::{Answer, DeltaOutcome, OperatorCut, Request, State};
use fleetfold_schemas::{
    DeviceId, Digest, OperatorId, Topic, campaign::MINUTE_MS, topic::CampaignTopic,
};

use super::{
    broker::Broker,
    disk::{SimDisk, TrapKind},
    event::Event,
    net::{ConnId, End},
    trace::Kind,
    world::Sim,
};

/// Turns between two comparisons of the live state with one folded anew.
const TURNS_PER_REFOLD: u64 = 400;

/// A running engine.
#[derive(Debug)]
pub struct Process {
    number: u32,
    pub engine: Engine,
    inbox: Vec<Pending>,
    turn_at_ms: Option<u64>,
}

impl Process {
    #[must_use]
    pub const fn new(number: u32, engine: Engine) -> Self {
        Self {
            number,
            engine,
            inbox: Vec::new(),
            turn_at_ms: None,
        }
    }
}

/// A request that waits for its turn.
#[derive(Debug)]
pub struct Pending {
    pub request: Request,
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy)]
pub enum Origin {
    Publisher { conn: ConnId, number: Option<u64> },
    Engine,
}

/// How a turn is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    /// What was received is gone.
    DiesBeforeStep,
    /// In the middle of writing.
    DiesInAppend,
    /// After so many of a hundred of its outputs.
    DiesInOutput(u64),
    DiskFails,
}

/// What a turn said to the world, held back until its facts have been counted.
#[derive(Debug)]
pub(super) struct Outside<'s> {
    disk: &'s SimDisk,
    broker: &'s Broker,
    syncs_before: u64,
    outputs: Vec<Output>,
    /// Something was let out before the disk had it.
    too_early: Option<String>,
}

#[derive(Debug)]
pub(super) enum Output {
    Answer(Answer),
    Publish(Topic, Bytes, Qos),
    Disconnect(DeviceId),
    DisconnectOperator(OperatorId),
    BuildDelta(DeltaOrder),
}

impl<'s> Outside<'s> {
    pub(super) fn of(disk: &'s SimDisk, broker: &'s Broker) -> Self {
        Self {
            disk,
            broker,
            syncs_before: disk.syncs(),
            outputs: Vec::new(),
            too_early: None,
        }
    }

    pub(super) fn into_outputs(self) -> Vec<Output> {
        self.outputs
    }

    fn check(&mut self, needs_record: bool, what: &dyn Fn() -> String) {
        let is_early =
            !self.disk.is_synced() || needs_record && self.disk.syncs() == self.syncs_before;
        if is_early && self.too_early.is_none() {
            self.too_early = Some(what());
        }
    }
}

impl World for Outside<'_> {
    fn answer(&mut self, request: &Request, answer: &Answer, _: &State) {
        let needs_record = match answer {
            Answer::Accepted => true,
            // A refusal of a command is a fact, too.
            Answer::Rejected(_) => matches!(request, Request::Operator { .. }),
            // Only what is on record is told of, or was asked for.
            Answer::Duplicate | Answer::Told(_) => false,
        };
        self.check(needs_record, &|| format!("{answer:?} to {request:?}"));
        self.outputs.push(Output::Answer(answer.clone()));
    }

    /// All operators here are of all tenants.
    fn has_subscriber(&self, topic: &Topic, _: Concerns<'_>) -> bool {
        self.broker.has_subscriber(topic)
    }

    fn publish(&mut self, topic: &Topic, payload: Bytes, qos: Qos, _: Concerns<'_>) {
        // Acks and replies also answer what was on record before.
        let needs_record = !matches!(
            topic,
            Topic::Operator(..)
                | Topic::Device(_, fleetfold_schemas::DeviceTopic::Ack)
                // Time alone makes it due.
                | Topic::Campaign(_, CampaignTopic::Report)
        );
        self.check(needs_record, &|| format!("a message on {topic}"));
        self.outputs
            .push(Output::Publish(topic.clone(), payload, qos));
    }

    fn disconnect(&mut self, device: &DeviceId) {
        self.outputs.push(Output::Disconnect(device.clone()));
    }

    fn disconnect_operator(&mut self, operator: &OperatorId, _: OperatorCut) {
        self.outputs
            .push(Output::DisconnectOperator(operator.clone()));
    }

    fn build_delta(&mut self, order: DeltaOrder) {
        self.outputs.push(Output::BuildDelta(order));
    }

    fn make_report(&mut self, order: ReportOrder) {
        unreachable!("only reports of large campaigns are ordered: {order:?}");
    }
}

impl Sim {
    /// What the engine's machine believes the time to be.
    #[must_use]
    pub fn engine_now(&self) -> u64 {
        self.queue
            .now_ms()
            .saturating_add_signed(self.clock_offset_ms)
    }

    pub fn enqueue(&mut self, pending: Pending) {
        let stall_ms = if self.engine_chance.percent(1) {
            self.engine_chance.within(100..=3_000)
        } else {
            self.engine_chance.within(0..=20)
        };
        let at_ms = self.queue.now_ms() + stall_ms;
        let Some(process) = &mut self.process else {
            return;
        };
        process.inbox.push(pending);
        self.plan_turn(at_ms);
    }

    /// A turn takes place then at the latest.
    fn plan_turn(&mut self, at_ms: u64) {
        let Some(process) = &mut self.process else {
            return;
        };
        if process.turn_at_ms.is_none_or(|planned| at_ms < planned) {
            process.turn_at_ms = Some(at_ms);
            let process = process.number;
            self.queue.at(at_ms, Event::Turn { process });
        }
    }

    pub fn turn(&mut self, number: u32) {
        let now = self.queue.now_ms();
        let is_due = |process: &Process| {
            process.number == number && process.turn_at_ms.is_some_and(|at| at <= now)
        };
        if !self.process.as_ref().is_some_and(is_due) {
            return;
        }
        let Some(mut process) = self.process.take() else {
            return;
        };
        process.turn_at_ms = None;
        let count = process.inbox.len().min(REQUESTS_PER_TURN_MAX);
        let (requests, origins): (Vec<_>, Vec<_>) = process
            .inbox
            .drain(..count)
            .map(|pending| (pending.request, pending.origin))
            .unzip();
        let fate = self.fate();
        if fate == Fate::DiesBeforeStep {
            self.count("crash_after_receive");
            self.process = Some(process);
            return self.kill();
        }
        match fate {
            Fate::DiesInAppend => {
                let nth = self.engine_chance.within(1..=3);
                self.disk.set_trap(nth, TrapKind::Death);
            }
            Fate::DiskFails => self.disk.set_trap(1, TrapKind::Error),
            _ => {}
        }
        let mut outside = Outside::of(&self.disk, &self.broker);
        let clock = now.saturating_add_signed(self.clock_offset_ms);
        let turned = process.engine.turn(clock, &requests, &mut outside);
        let Outside {
            outputs, too_early, ..
        } = outside;
        self.disk.clear_trap();
        self.process = Some(process);
        if let Some(what) = too_early {
            self.breach(
                "nothing is published or acknowledged before it is flushed",
                what,
            );
        }
        self.turns += 1;
        match turned {
            Ok(turned) => self.turned(fate, &turned, origins, outputs),
            Err(error) => self.turn_failed(fate, &error),
        }
    }

    fn fate(&mut self) -> Fate {
        if self.engine_chance.happens(self.plan.weather.disk_error) {
            return Fate::DiskFails;
        }
        if !self.engine_chance.happens(self.plan.weather.crash) {
            return Fate::Well;
        }
        match self.engine_chance.below(6) {
            0 => Fate::DiesBeforeStep,
            1 | 2 => Fate::DiesInAppend,
            _ => Fate::DiesInOutput(self.engine_chance.pick(&[0, 10, 30, 50, 80, 100])),
        }
    }

    fn turned(&mut self, fate: Fate, turned: &Turned, origins: Vec<Origin>, outputs: Vec<Output>) {
        self.recorded(turned);
        let mut left = outputs.len();
        if let Fate::DiesInOutput(percent) = fate {
            left = left * usize::try_from(percent).expect("a percentage") / 100;
            let answers = origins.len();
            self.count(match left {
                0 => "crash_before_pubacks",
                _ if left < answers => "crash_amid_pubacks",
                _ if left == answers => "crash_before_publishing",
                _ if left < outputs.len() => "crash_amid_publishing",
                _ => "crash_after_publishing",
            });
        }
        let mut origins = origins.into_iter();
        for output in outputs.into_iter().take(left) {
            self.put_out(output, &mut origins);
        }
        if let Fate::DiesInOutput(_) = fate {
            return self.kill();
        }
        if self.turns.is_multiple_of(TURNS_PER_REFOLD) {
            self.compare_with_refold();
        }
        self.plan_wakeup();
    }

    pub fn plan_wakeup(&mut self) {
        let Some(process) = &self.process else {
            return;
        };
        let clock = self.engine_now().max(process.engine.log().head().at_ms);
        let is_waiting = !process.inbox.is_empty();
        let wakeup = process.engine.core().next_wakeup(clock);
        let wakeup = wakeup.map(|at| at.saturating_add_signed(-self.clock_offset_ms));
        let soon = self.queue.now_ms() + 1;
        if let Some(at_ms) = wakeup {
            self.plan_turn(at_ms.max(soon));
        }
        if is_waiting {
            self.plan_turn(soon);
        }
    }

    fn turn_failed(&mut self, fate: Fate, error: &LogError) {
        let now = self.queue.now_ms();
        self.trace
            .say(Kind::Wire, now, format_args!("turn failed: {error}"));
        match fate {
            Fate::DiesInAppend => self.count("crash_amid_append"),
            Fate::DiskFails => self.count("disk_error"),
            _ => self.breach("a turn fails only with its disk", format!("{error:?}")),
        }
        // What the core has decided and the disk does not have is gone with it.
        self.flushed = None;
        self.end_process();
    }

    pub(super) fn put_out(&mut self, output: Output, origins: &mut impl Iterator<Item = Origin>) {
        match output {
            Output::Answer(answer) => {
                let origin = origins.next().expect("every request has an origin");
                self.put_answer(origin, &answer);
            }
            Output::Publish(topic, payload, qos) => {
                self.check_published(&topic, &payload);
                self.broker_publishes(&topic, &payload, qos);
            }
            Output::Disconnect(device) => self.broker_disconnects(&device),
            Output::DisconnectOperator(operator) => self.broker_disconnects_operator(&operator),
            Output::BuildDelta(order) => self.build_delta(order),
        }
    }

    fn put_answer(&mut self, origin: Origin, answer: &Answer) {
        let Origin::Publisher { conn, number } = origin else {
            return;
        };
        match answer {
            Answer::Accepted | Answer::Told(_) | Answer::Duplicate => {
                if *answer == Answer::Duplicate {
                    self.count("duplicate_recognised");
                }
                self.answer(conn, number, None);
                // Only a hello is answered before a session is let in.
                self.admit(conn);
            }
            Answer::Rejected(rejection) => {
                self.count_code(rejection.code.as_str());
                self.answer(conn, number, Some(rejection.code.as_str().to_owned()));
            }
        }
    }

    fn build_delta(&mut self, order: DeltaOrder) {
        let Some(process) = self.process.as_ref().map(|process| process.number) else {
            return;
        };
        let outcome = self.delta_outcome(order.old, order.new);
        let wait_ms = self.engine_chance.within(500..=15 * MINUTE_MS);
        self.queue.after(
            wait_ms,
            Event::Delta {
                process,
                release: order.release,
                from: order.from,
                outcome,
            },
        );
    }

    fn delta_outcome(&mut self, old: Digest, new: Digest) -> DeltaOutcome {
        let unavailable = |reason: String| DeltaOutcome::Unavailable { reason };
        let (Some(old), Some(new)) = (self.store.bytes(&old), self.store.bytes(&new)) else {
            return unavailable("an image is missing".to_owned());
        };
        match delta::encode(&old, &new, delta::Limits::default()) {
            Ok(delta) => {
                let digest = Digest::of(&delta.bytes);
                self.store
                    .add(digest, &delta.bytes)
                    .expect("it is the digest of these bytes");
                DeltaOutcome::Built {
                    digest,
                    bytes: delta.bytes.len() as u64,
                }
            }
            Err(declined) => unavailable(declined.to_string()),
        }
    }

    pub fn delta_done(&mut self, process: u32, request: Request) {
        if self.process.as_ref().map(|process| process.number) == Some(process) {
            self.enqueue(Pending {
                request,
                origin: Origin::Engine,
            });
        }
    }

    /// A packet that reaches the broker's end while there is a broker.
    pub fn hears(&mut self, conn: ConnId, to: End) -> bool {
        self.net.arrives(conn, to) && (to == End::Client || self.process.is_some())
    }
}

/// The key that signs jobs in every simulation of a seed.
#[must_use]
pub fn job_key(stream: &mut super::random::Stream) -> SigningKey {
    let mut secret = [0; 32];
    stream.fill(&mut secret);
    SigningKey::from_bytes(&secret)
}
