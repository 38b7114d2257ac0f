//! How the engine's process ends, and how it begins again.

use std::{path::Path, sync::Arc};

use fleetfold::{
    log::{Log, LogOptions, ReplayError},
    server::AHEAD_MS_MAX,
    turn::Engine,
};
use fleetfold_core::{Core, Fact, Request, State, snapshot};
use fleetfold_schemas::{Name, campaign::MINUTE_MS};

use super::{
    broker::{Broker, SITE},
    disk::{SimDisk, TrapKind},
    engine::{Origin, Outside, Pending, Process},
    event::Event,
    invariants::{self, Recovered},
    operator::STAFF,
    trace::Kind,
    world::Sim,
};

/// Small, so that segments end all the time.
const SEGMENT_BYTES: u64 = 16 * 1024;
/// The log's directory on the simulated disk.
const LOG_DIR: &str = "/data/log";

impl Sim {
    /// The process ends between two instructions.
    pub fn kill(&mut self) {
        let Some(process) = &self.process else {
            return;
        };
        let state = process.engine.core().state();
        self.flushed = Some((state.position, invariants::digest(state)));
        self.end_process();
    }

    pub fn end_process(&mut self) {
        self.process = None;
        self.started_ms = None;
        self.broker = Broker::default();
        let is_power_lost = self.engine_chance.percent(50);
        if is_power_lost {
            self.count("crash_of_the_machine");
            let cut = self.disk.cut_power();
            self.count_many("tail_lost", cut.tails_lost);
            self.count_many("tail_torn", cut.tails_torn);
            self.count_many("tail_flipped", cut.tails_flipped);
            self.count_many("name_lost", cut.names_lost);
        } else {
            self.count("crash_of_the_process");
            self.disk.restart_process();
        }
        let open: Vec<_> = self.net.open_at_broker().collect();
        for conn in open {
            self.net.broker_dies(&mut self.queue, conn, is_power_lost);
        }
        let now = self.queue.now_ms();
        self.trace.say(
            Kind::Wire,
            now,
            format_args!("engine dies, power lost: {is_power_lost}"),
        );
        let down_ms = if self.engine_chance.percent(10) {
            self.engine_chance.within(MINUTE_MS..=60 * MINUTE_MS)
        } else {
            self.engine_chance.within(200..=30_000)
        };
        self.queue.after(down_ms, Event::StartEngine);
    }

    pub fn start_engine(&mut self) {
        if self.process.is_some() {
            return;
        }
        let dies = self
            .engine_chance
            .happens(self.plan.weather.crash_in_recovery);
        if dies {
            let nth = self.engine_chance.within(1..=25);
            self.disk.set_trap(nth, TrapKind::Death);
        }
        let opened = self.open();
        self.disk.clear_trap();
        match opened {
            Ok(Some(engine)) => self.started(engine),
            Ok(None) => self.queue.after(MINUTE_MS, Event::StartEngine),
            Err(_) if self.disk.is_dead() => {
                self.count("crash_amid_recovery");
                self.end_process();
            }
            Err(what) => self.breach("the log opens after every crash", what),
        }
    }

    /// `None`: the clock is wrong, and the engine says so and waits.
    fn open(&mut self) -> Result<Option<Engine>, String> {
        let log = open_log(&self.disk)?;
        let head = log.head();
        if head.at_ms.saturating_sub(self.engine_now()) > AHEAD_MS_MAX {
            self.count("clock_behind_at_start");
            return Ok(None);
        }
        let (core, recovered) = refold(&log, self.snapshot_at(head.seq))?;
        self.recovered(&recovered, core.state());
        Ok(Some(Engine::new(core, log, self.job_key.clone())))
    }

    /// Every other fold begins with a snapshot from anywhere in the log.
    fn snapshot_at(&mut self, head: u64) -> Option<u64> {
        if head == 0 || self.fold_chance.percent(50) {
            return None;
        }
        self.count("fold_from_snapshot");
        Some(self.fold_chance.within(1..=head))
    }

    fn started(&mut self, mut engine: Engine) {
        self.processes += 1;
        self.started_ms = Some(self.queue.now_ms());
        let clock = self.engine_now();
        let now = self.queue.now_ms();
        let head = engine.log().head().seq;
        self.trace
            .say(Kind::Wire, now, format_args!("engine starts at {head}"));
        let mut outside = Outside::of(&self.disk, &self.broker);
        engine.resume(clock, &mut outside);
        let outputs = outside.into_outputs();
        self.process = Some(Process::new(self.processes, engine));
        for output in outputs {
            self.put_out(output, &mut std::iter::empty());
        }
        self.set_up_site();
        self.plan_wakeup();
    }

    /// What a first start does, again if it was interrupted.
    fn set_up_site(&mut self) {
        let mut requests = vec![Request::OpenSite {
            site: Name::parse(SITE).expect("our own names are valid"),
            speed: None,
        }];
        requests.extend(STAFF.map(|(name, role)| Request::AddOperator {
            operator: name.parse().expect("our own names are valid"),
            role,
            password_hash: String::new(),
        }));
        requests.push(Request::SetApprovalPolicy(self.people.policy()));
        for request in requests {
            self.enqueue(Pending {
                request,
                origin: Origin::Engine,
            });
        }
    }

    /// The live state is what the log says, byte for byte.
    pub fn compare_with_refold(&mut self) {
        let Some(head) = self.process.as_ref().map(|it| it.engine.log().head().seq) else {
            return;
        };
        self.refolds += 1;
        let snapshot_at = self.snapshot_at(head);
        let Some(process) = &self.process else {
            return;
        };
        match refold(process.engine.log(), snapshot_at) {
            Err(what) => self.breach("the log can be read", what),
            Ok((core, _)) => {
                let live = process.engine.core().state();
                let (live, again) = (
                    (live.position, invariants::digest(live)),
                    (core.state().position, invariants::digest(core.state())),
                );
                if live != again {
                    let what = format!("live {live:?}, folded again {again:?}");
                    self.breach("replay equals the live state", what);
                }
            }
        }
    }

    pub fn crash_at_random(&mut self) {
        if self.process.is_some() {
            self.count("crash_at_any_moment");
            self.kill();
        }
        if let Some(every_ms) = self.plan.weather.crash_every_ms {
            let wait_ms = self.engine_chance.within(every_ms / 2..=every_ms * 3 / 2);
            self.queue.after(wait_ms, Event::CrashEngine);
        }
    }

    /// The engine's clock is set, by a person or over the network.
    pub fn step_clock(&mut self) {
        let weather = self.plan.weather;
        if let Some(every_ms) = weather.clock_step_every_ms {
            self.count("engine_clock_step");
            let most = i64::try_from(weather.clock_step_max_ms).unwrap_or(i64::MAX);
            let step = self.clock_chance.within(0..=2 * weather.clock_step_max_ms);
            let before = std::mem::replace(
                &mut self.clock_offset_ms,
                i64::try_from(step).unwrap_or(0) - most,
            );
            self.clock_was_set();
            // Who sets a clock back by much often starts the machine anew.
            let is_far_back = before - self.clock_offset_ms > AHEAD_MS_MAX.cast_signed();
            if is_far_back && self.clock_chance.percent(50) {
                self.kill();
            }
            let wait_ms = self.clock_chance.within(every_ms / 2..=every_ms * 3 / 2);
            self.queue.after(wait_ms, Event::StepClock);
        }
    }

    /// A process reads its clock anew at every turn; its wake-up was planned by the old one.
    pub fn clock_was_set(&mut self) {
        self.clock_stepped_ms = self.queue.now_ms();
        self.plan_wakeup();
    }
}

fn open_log(disk: &SimDisk) -> Result<Log, String> {
    let options = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        ..LogOptions::default()
    };
    Log::open_on(Arc::new(disk.clone()), Path::new(LOG_DIR), &options)
        .map(|(log, _)| log)
        .map_err(|error| format!("{error:?}"))
}

/// What a start does with a log: folds it, or takes up a snapshot of the first so many facts and folds the rest.
fn refold(log: &Log, snapshot_at: Option<u64>) -> Result<(Core, Recovered), String> {
    let mut core = Core::default();
    let mut recovered = Recovered::default();
    let replayed = log.replay(1, |position, at_ms, record| {
        let fact = Fact::decode(record).map_err(|error| error.to_string())?;
        core.replay(at_ms, &fact);
        if snapshot_at == Some(position) {
            core = Core::restore(through_snapshot(core.state())?);
        }
        recovered.push(at_ms, record, fact);
        Ok::<(), String>(())
    });
    replayed.map_err(|error| match error {
        ReplayError::Log(error) => format!("{error:?}"),
        ReplayError::Visit(error) => error,
    })?;
    core.replayed();
    Ok((core, recovered))
}

/// A state, written down and read again.
fn through_snapshot(state: &State) -> Result<State, String> {
    let mut sections = Vec::new();
    snapshot::write(state, &mut |section| sections.push(section.to_vec()));
    let mut reader = snapshot::Reader::default();
    for section in &sections {
        reader
            .section(section)
            .map_err(|error| format!("{error:?}"))?;
    }
    reader.finish().map_err(|error| format!("{error:?}"))
}
