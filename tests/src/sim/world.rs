//! The simulated world: everybody in it, and what happens next.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use fleetfold_core::Request;
use fleetfold_device_sim::flash::Pool;
use fleetfold_schemas::{
    campaign::{DAY_MS, HOUR_MS, MINUTE_MS},
    cose::TrustedKeys,
};

use super::{
    broker::Broker,
    catalog::Catalog,
    desk::Desk,
    device::Device,
    disk::SimDisk,
    engine::{Process, job_key},
    event::{DeviceEvent, Event, OperatorEvent, Packet},
    invariants::{Book, Breach},
    liar::{Forger, Liar},
    net::{Client, ConnId, End, Net},
    operator::{Operator, STAFF},
    people::People,
    plan::{Plan, Weather},
    queue::Queue,
    random::Stream,
    store::Store,
    trace::{Kind, START_MS, Trace},
};

/// How often the world is looked at.
const AUDIT_EVERY_MS: u64 = 5 * MINUTE_MS;
/// The longest that everything may take to come to its end once nothing goes wrong any more: the longest campaign's
/// deadline, and then as long for its way back or some days for the winner of its test.
const LIVENESS_MS_MAX: u64 = 7 * DAY_MS;
/// More than this is a loop that leads nowhere.
const EVENTS_MAX: u64 = 20_000_000;

#[derive(Debug)]
pub struct Sim {
    pub plan: Plan,
    pub queue: Queue,
    pub trace: Trace,
    pub net: Net,
    pub broker: Broker,
    pub process: Option<Process>,
    pub disk: SimDisk,
    pub store: Store,
    pub pool: Pool,
    pub catalog: Catalog,
    pub devices: Vec<Device>,
    pub liars: Vec<Liar>,
    pub operators: Vec<Operator>,
    pub desk: Desk,
    pub people: People,
    pub forger: Forger,
    pub book: Book,
    pub breach: Option<Breach>,
    pub job_key: SigningKey,
    pub job_keys: TrustedKeys,
    pub engine_chance: Stream,
    pub clock_chance: Stream,
    pub fold_chance: Stream,
    world_chance: Stream,
    pub clock_offset_ms: i64,
    pub clock_stepped_ms: u64,
    pub started_ms: Option<u64>,
    /// Position and digest of the state when the engine was last killed between two turns.
    pub flushed: Option<(u64, [u8; 32])>,
    /// The liveness phase: nothing goes wrong any more.
    pub is_peaceful: bool,
    peace_ms: u64,
    pub processes: u32,
    pub turns: u64,
    pub refolds: u64,
    pub boots: u64,
    counts: BTreeMap<&'static str, u64>,
    codes: BTreeMap<String, u64>,
}

impl Sim {
    #[must_use]
    pub fn new(seed: u64, is_verbose: bool) -> Self {
        let plan = Plan::of(seed);
        let stream = |name: &str| Stream::of(seed, name);
        let catalog = Catalog::new(stream("catalog"), plan.models, plan.campaigns);
        let job_key = job_key(&mut stream("job key"));
        let job_keys: TrustedKeys = std::iter::once(job_key.verifying_key()).collect();
        let skew_max_ms = plan.weather.device_skew_max_ms;
        let devices = (0..plan.devices)
            .map(|number| {
                let chance = stream(&format!("device {number}"));
                Device::new(number, &catalog, job_keys.clone(), skew_max_ms, chance)
            })
            .collect();
        let liars = (0..plan.liars)
            .map(|number| {
                let chance = stream(&format!("liar {number}"));
                Liar::new(number, &catalog, job_keys.clone(), chance)
            })
            .collect();
        let operators = (0..STAFF.len())
            .map(|number| {
                // Whoever carries out the plan keeps his clock right.
                let skew_max_ms = if number == 0 { 0 } else { skew_max_ms };
                Operator::new(number, skew_max_ms, stream(STAFF[number].0))
            })
            .collect();
        Self {
            queue: Queue::starting_at(START_MS),
            trace: Trace::new(is_verbose),
            net: Net::new(plan.weather.link, stream("net")),
            broker: Broker::default(),
            process: None,
            disk: SimDisk::new(stream("disk")),
            store: Store::default(),
            pool: Pool::default(),
            catalog,
            devices,
            liars,
            operators,
            desk: Desk::new(stream("desk")),
            people: People::new(stream("people")),
            forger: Forger::new(stream("forger")),
            book: Book::default(),
            breach: None,
            job_key,
            job_keys,
            engine_chance: stream("engine"),
            clock_chance: stream("clock"),
            fold_chance: stream("fold"),
            world_chance: stream("world"),
            clock_offset_ms: 0,
            clock_stepped_ms: 0,
            started_ms: None,
            flushed: None,
            is_peaceful: false,
            peace_ms: START_MS + plan.safety_ms,
            processes: 0,
            turns: 0,
            refolds: 0,
            boots: 0,
            counts: BTreeMap::new(),
            codes: BTreeMap::new(),
            plan,
        }
    }

    /// Lives through all of it, or until something is wrong.
    pub fn run(&mut self) {
        self.begin();
        let mut events = 0;
        while self.breach.is_none() {
            let Some(event) = self.queue.next() else {
                return self.breach("the world goes on", "nothing is planned".to_owned());
            };
            if matches!(event, Event::Audit) && self.audit() {
                return;
            }
            self.happen(event);
            events += 1;
            if events == EVENTS_MAX {
                return self.breach("the world goes on", format!("{EVENTS_MAX} events"));
            }
        }
    }

    fn begin(&mut self) {
        self.make_plan();
        // There must be something that evil jobs could point to.
        let rogue = self.catalog.rogue_image.clone();
        let digest = fleetfold_schemas::Digest::of(&rogue);
        self.store
            .add(digest, &rogue)
            .expect("it is the digest of these bytes");
        self.queue.at(START_MS, Event::StartEngine);
        for at in 0..self.operators.len() {
            self.queue
                .after(500, Event::Operator(at, OperatorEvent::Dial));
            self.queue
                .after(1_000, Event::Operator(at, OperatorEvent::Work));
        }
        for at in 0..self.devices.len() {
            let wait_ms = self.world_chance.within(0..=10 * MINUTE_MS);
            self.queue
                .after(wait_ms, Event::Device(at, DeviceEvent::Boot));
        }
        for at in 0..self.liars.len() {
            let wait_ms = self.world_chance.within(MINUTE_MS..=HOUR_MS);
            self.queue.after(wait_ms, Event::Liar(at));
        }
        let weather = self.plan.weather;
        for (every_ms, event) in [
            (weather.crash_every_ms, Event::CrashEngine),
            (weather.clock_step_every_ms, Event::StepClock),
            (weather.partition_every_ms, Event::PartitionBegins),
            (weather.forge_every_ms, Event::Forge),
        ] {
            if let Some(every_ms) = every_ms {
                let wait_ms = self.world_chance.within(MINUTE_MS..=MINUTE_MS + every_ms);
                self.queue.after(wait_ms, event);
            }
        }
        self.queue.at(self.peace_ms, Event::FaultsEnd);
        self.queue.after(AUDIT_EVERY_MS, Event::Audit);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver { conn, to, packet } => self.delivered(conn, to, packet),
            Event::Closed { conn, end } => self.closed(conn, end),
            Event::HelloDue(conn) => self.hello_due(conn),
            Event::Turn { process } => self.turn(process),
            Event::StartEngine => self.start_engine(),
            Event::CrashEngine if self.is_peaceful => {}
            Event::CrashEngine => self.crash_at_random(),
            Event::StepClock if self.is_peaceful => {}
            Event::StepClock => self.step_clock(),
            Event::Delta {
                process,
                release,
                from,
                outcome,
            } => {
                let request = Request::Delta {
                    release,
                    from,
                    outcome,
                };
                self.delta_done(process, request);
            }
            Event::PartitionBegins => self.partition(),
            Event::PartitionEnds(devices) => {
                for at in devices {
                    self.net.partitioned.remove(&at);
                }
            }
            Event::Device(at, event) => self.device_event(at, event),
            Event::Liar(at) => self.liar_acts(at),
            Event::Operator(at, event) => self.operator_event(at, event),
            Event::Forge => self.forge(),
            Event::Audit => self.queue.after(AUDIT_EVERY_MS, Event::Audit),
            Event::FaultsEnd => self.make_peace(),
        }
    }

    fn delivered(&mut self, conn: ConnId, to: End, packet: Packet) {
        if !self.hears(conn, to) {
            return;
        }
        self.wire(conn, to, &packet);
        if to == End::Broker {
            return self.broker_hears(conn, packet);
        }
        match self.net.conn(conn).client {
            Client::Device(at) => self.device_hears(at, conn, packet),
            Client::Liar(at) => self.liar_hears(at, conn, packet),
            Client::Operator(at) => self.operator_hears(at, conn, packet),
        }
    }

    fn closed(&mut self, conn: ConnId, end: End) {
        if !self.net.closed(conn, end) {
            return;
        }
        if end == End::Broker {
            return self.end_session(conn, false);
        }
        match self.net.conn(conn).client {
            Client::Device(at) => self.device_loses_link(at, conn),
            Client::Liar(_) => {}
            Client::Operator(at) => self.operator_loses_link(at, conn),
        }
    }

    /// Some devices cannot reach the engine for a while; nobody tells either side.
    fn partition(&mut self) {
        if self.is_peaceful {
            return;
        }
        self.count("partition");
        let share = u32::try_from(self.world_chance.within(5..=80)).expect("a percentage");
        let cut_off: Vec<_> = (0..self.devices.len())
            .filter(|_| self.world_chance.percent(share))
            .collect();
        for at in &cut_off {
            self.net.partitioned.insert(*at);
            if let Some(conn) = self.devices[*at].connection() {
                self.net.cut(&mut self.queue, conn, false, false);
            }
        }
        let lasts_ms = self.world_chance.within(MINUTE_MS..=4 * HOUR_MS);
        self.queue.after(lasts_ms, Event::PartitionEnds(cut_off));
        if let Some(every_ms) = self.plan.weather.partition_every_ms {
            let wait_ms = self.world_chance.within(every_ms / 2..=every_ms * 3 / 2);
            self.queue.after(wait_ms, Event::PartitionBegins);
        }
    }

    /// The end of the safety phase.
    fn make_peace(&mut self) {
        let now = self.queue.now_ms();
        self.trace.say(Kind::Wire, now, format_args!("faults end"));
        self.is_peaceful = true;
        self.plan.weather = Weather::default();
        self.net.weather = self.plan.weather.link;
        self.net.partitioned.clear();
        self.clock_offset_ms = 0;
        self.clock_was_set();
    }

    /// Looks at everything; whether it is over.
    fn audit(&mut self) -> bool {
        self.check_deadlines();
        if !self.is_peaceful {
            return false;
        }
        let is_too_late = self.queue.now_ms() > self.peace_ms + LIVENESS_MS_MAX;
        if !is_too_late && !self.is_finished() {
            return false;
        }
        self.compare_with_refold();
        self.check_end();
        true
    }

    pub fn count(&mut self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub fn count_many(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    pub fn count_code(&mut self, code: &str) {
        *self.codes.entry(code.to_owned()).or_default() += 1;
    }

    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Refusals by their code.
    #[must_use]
    pub const fn codes(&self) -> &BTreeMap<String, u64> {
        &self.codes
    }
}
