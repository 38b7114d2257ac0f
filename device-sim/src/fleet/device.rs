//! One device's life: boot, run until power or the agent ends it, boot again.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use fleetfold_schemas::{
    DeviceTopic, Topic,
    codec::decode_from_device,
    device::{ChunkData, ChunkGet, Image, Running, Slot},
};
use rumqttc::EventLoop;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    Behaviour, Broker, DeviceSpec, DeviceState, SimClock,
    behaviour::{Dice, Traits},
    condition::Pulse,
    link::{Heard, Link, Pace},
};
use crate::{
    agent::{Agent, AgentConfig, Answer, Finished, Output, Publish, Task, TaskId},
    flash::{Flash, Pool},
};

/// How long to sleep when nothing is due. Any length would do.
const IDLE: Duration = Duration::from_secs(3600);

/// What all devices of a fleet share.
#[derive(Debug)]
pub(super) struct World {
    pub host: String,
    pub port: u16,
    pub site: String,
    pub behaviour: Behaviour,
    pub clock: SimClock,
    pub broker: Broker,
    pub pool: Pool,
    pub pace: Pace,
    pub stopped: watch::Receiver<bool>,
}

/// A device's hardware: what there is of it while the power is off.
#[derive(Debug)]
pub(super) struct Device {
    spec: DeviceSpec,
    config: Arc<AgentConfig>,
    flash: Mutex<Flash>,
    connected: AtomicBool,
    /// How often it has gone down without having been asked to.
    crashes: AtomicU64,
}

impl Device {
    pub fn new(spec: DeviceSpec, mut config: AgentConfig, boots: u64, pool: &Pool) -> Self {
        config.inventory = spec.inventory.clone();
        let digest = pool.add(&spec.image).blake3;
        let image = Image {
            version: spec.version.clone(),
            digest,
        };
        let bytes = pool.get(digest).unwrap_or_else(|| Arc::clone(&spec.image));
        let flash = Flash::factory(image, bytes, spec.manifest_sequence);
        Self {
            flash: Mutex::new(flash.with_past(boots)),
            spec,
            config: Arc::new(config),
            connected: AtomicBool::new(false),
            crashes: AtomicU64::new(0),
        }
    }

    fn flash(&self) -> MutexGuard<'_, Flash> {
        // Mutations are atomic, so there is no half-done one to fear.
        self.flash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn state(&self) -> DeviceState {
        let flash = self.flash();
        let record = flash.record();
        let slot = record.running();
        let image = record
            .slot(slot)
            .image()
            .expect("the slot that runs has an image");
        DeviceState {
            id: self.spec.id.clone(),
            connected: self.connected.load(Ordering::Relaxed),
            running: Running {
                slot,
                version: image.version.clone(),
                digest: image.digest,
            },
            slot_a: record.slot(Slot::A).clone(),
            slot_b: record.slot(Slot::B).clone(),
            boots: record.epoch,
            job: record.job.as_ref().map(|job| job.sequence),
            outcome: record.outcome.clone(),
        }
    }
}

/// Why an agent is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Down {
    Reboot,
    PowerLost,
    Crashed,
    Stopped,
}

/// Lives until the fleet is stopped.
pub(super) async fn live(world: Arc<World>, device: Arc<Device>, seed: u64) {
    let mut stopped = world.stopped.clone();
    let mut dice = Dice::of(seed, &device.spec.id);
    let traits = Traits::draw(&world.behaviour, &mut dice);
    let began_ms = world.clock.now_ms();
    loop {
        let mut run = Run::boot(&world, &device, traits, began_ms, &mut dice);
        let down = tokio::select! {
            biased;
            // Fails only when the fleet is gone, which is also a reason to stop.
            _ = stopped.wait_for(|stopped| *stopped) => Down::Stopped,
            down = run.until_down() => down,
        };
        device.connected.store(false, Ordering::Relaxed);
        debug!(device = %device.spec.id, ?down, "device is down");
        match down {
            Down::Stopped => return,
            Down::PowerLost | Down::Crashed => drop(device.crashes.fetch_add(1, Ordering::Relaxed)),
            Down::Reboot => {}
        }
        let boots_at = Instant::now() + world.clock.real(traits.boot_ms);
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = sleep_until(boots_at) => {}
        }
    }
}

/// From one boot to the next.
struct Run<'d> {
    world: &'d World,
    device: &'d Device,
    traits: Traits,
    dice: &'d mut Dice,
    agent: Agent,
    link: Option<Link>,
    /// The agent wants to connect, with this login number, and may from then on.
    wants: Option<(u64, Instant)>,
    /// When the link's next spell of absence begins or, during one, ends.
    turns_ms: Option<u64>,
    is_away: bool,
    /// Requests for chunks, each with the time at which its answer would have come over the link.
    requests: VecDeque<(u64, Publish)>,
    link_free_ms: u64,
    pulse: Option<Pulse>,
    /// This download is one of those that fail.
    is_doomed: bool,
    task: Option<(u64, TaskId, Finished)>,
    /// What its user will say, and when.
    answer: Option<(u64, Answer)>,
    began_ms: u64,
}

impl<'d> Run<'d> {
    fn boot(
        world: &'d World,
        device: &'d Device,
        traits: Traits,
        began_ms: u64,
        dice: &'d mut Dice,
    ) -> Self {
        let now = world.clock.now_ms();
        let record = device.flash().record().clone();
        let turns_ms = world
            .behaviour
            .offline
            .as_ref()
            .map(|offline| now.saturating_add(dice.within(&offline.every_ms)));
        let mut agent = Agent::boot(Arc::clone(&device.config), record, now);
        let pulse = world.behaviour.condition.as_ref().map(|condition| {
            let reboots = device.crashes.load(Ordering::Relaxed);
            let image = agent.running().digest;
            let who = (&device.spec.id, &image, reboots);
            Pulse::of(condition, who, traits, dice, now)
        });
        if let Some(pulse) = &pulse {
            agent.measured(pulse.at_boot());
        }
        Self {
            agent,
            pulse,
            world,
            device,
            traits,
            dice,
            link: None,
            wants: None,
            turns_ms,
            is_away: false,
            requests: VecDeque::new(),
            link_free_ms: now,
            is_doomed: false,
            task: None,
            answer: None,
            began_ms,
        }
    }

    fn now(&self) -> u64 {
        self.world.clock.now_ms()
    }

    async fn until_down(&mut self) -> Down {
        loop {
            if let Some(down) = self.step() {
                return down;
            }
            let is_turn = |(_, slot): &mut (u64, Instant)| *slot <= Instant::now();
            let Some((login, _)) = self.wants.take_if(|wants| !self.is_away && is_turn(wants))
            else {
                sleep_until(self.next_step()).await;
                continue;
            };
            let spec = &self.device.spec;
            let will = self.agent.will();
            let (link, events) = Link::dial(self.world, &spec.id, &spec.credential, login, &will);
            self.link = Some(link);
            if let Some(down) = self.online(events).await {
                return down;
            }
            self.link = None;
            self.requests.clear();
            self.device.connected.store(false, Ordering::Relaxed);
            let now = self.now();
            self.agent.disconnected(now);
        }
    }

    /// Until the connection ends (`None`) or the device does.
    async fn online(&mut self, mut events: EventLoop) -> Option<Down> {
        loop {
            // Polling must not be interrupted: a packet half handed over would be lost. So the timers run beside it.
            let event = {
                let mut poll = pin!(events.poll());
                loop {
                    if let Some(down) = self.step() {
                        return Some(down);
                    }
                    if self.is_away {
                        return None;
                    }
                    tokio::select! {
                        biased;
                        event = &mut poll => break event,
                        () = sleep_until(self.next_step()) => {}
                    }
                }
            };
            let now = self.now();
            let heard = match (event, &mut self.link) {
                (Ok(event), Some(link)) => link.hear(event),
                (Err(error), _) => {
                    debug!(device = %self.device.spec.id, %error, "connection lost");
                    return None;
                }
                (Ok(_), None) => return None,
            };
            match heard {
                Heard::Nothing => {}
                Heard::Connected => {
                    self.device.connected.store(true, Ordering::Relaxed);
                    self.agent.connected(now);
                }
                Heard::Message(publish) => {
                    self.agent.message(&publish.topic, &publish.payload, now);
                }
                Heard::Puback(seq) if self.world.broker == Broker::Embedded => {
                    self.agent.puback(seq);
                }
                Heard::Puback(_) => {}
                Heard::Refused => return None,
            }
        }
    }

    /// Does all that is due, and whatever the agent wants.
    fn step(&mut self) -> Option<Down> {
        let mut is_timer_done = false;
        loop {
            while let Some(output) = self.agent.poll() {
                if self.dice.happens(self.world.behaviour.power_loss) {
                    return Some(Down::PowerLost);
                }
                if let Some(down) = self.perform(output) {
                    return Some(down);
                }
            }
            let now = self.now();
            let is_due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= now);
            if let Some((_, id, finished)) = self.task.take_if(|(due_ms, ..)| *due_ms <= now) {
                self.agent.finished(id, finished, now);
            } else if let Some((_, answer)) = self.answer.take_if(|(due_ms, _)| *due_ms <= now) {
                self.agent.answered(answer, now);
            } else if is_due(self.requests.front().map(|(due_ms, _)| *due_ms)) {
                self.request(now);
            } else if is_due(self.turns_ms) {
                self.turn(now);
            } else if is_due(self.pulse.as_ref().and_then(|pulse| pulse.crashes_ms)) {
                return Some(Down::Crashed);
            } else if let Some(pulse) = self.pulse.as_mut().filter(|pulse| pulse.next_ms <= now) {
                let vitals = pulse.beat(now);
                self.agent.measured(vitals);
            } else if !is_timer_done && is_due(self.agent.next_wakeup()) {
                is_timer_done = true;
                self.agent.timer(now);
            } else {
                return None;
            }
        }
    }

    fn next_step(&self) -> Instant {
        let due_ms = [
            self.task.as_ref().map(|(due_ms, ..)| *due_ms),
            self.answer.map(|(due_ms, _)| due_ms),
            self.requests.front().map(|(due_ms, _)| *due_ms),
            self.turns_ms,
            self.pulse.as_ref().map(|pulse| pulse.next_ms),
            self.pulse.as_ref().and_then(|pulse| pulse.crashes_ms),
            self.agent.next_wakeup(),
        ];
        let due = due_ms.into_iter().flatten().min();
        let due = due.map(|due_ms| self.world.clock.instant_of(due_ms).into());
        let slot = self.wants.filter(|_| !self.is_away).map(|(_, slot)| slot);
        [due, slot]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or_else(|| Instant::now() + IDLE)
    }

    fn perform(&mut self, output: Output) -> Option<Down> {
        match output {
            Output::Flash(mutation) => self.device.flash().apply(&mutation, &self.world.pool),
            Output::Connect { login } => self.wants = Some((login, self.world.pace.slot())),
            Output::Subscribe(topics) => {
                if let Some(link) = &self.link
                    && let Err(error) = link.subscribe(&topics)
                {
                    debug!(device = %self.device.spec.id, %error, "subscription lost");
                }
            }
            Output::Publish(publish) if is_chunk_request(&publish) => self.queue_request(publish),
            Output::Publish(publish) => self.publish(publish),
            Output::Task(id, task) => self.work(id, task),
            Output::Sense => {
                let now = self.now();
                let surroundings = self.traits.surroundings(now - self.began_ms);
                self.agent.sensed(surroundings, now);
            }
            Output::AskUser { .. } => {
                let (wait_ms, answer) = self.world.behaviour.users.answer(self.dice);
                self.answer = Some((self.now() + wait_ms, answer));
            }
            Output::Reboot => return Some(Down::Reboot),
        }
        None
    }

    fn publish(&mut self, publish: Publish) {
        if let Some(link) = &mut self.link
            && let Err(error) = link.publish(publish)
        {
            debug!(device = %self.device.spec.id, %error, "message lost");
        }
    }

    /// A request leaves when the link would have delivered its answer: so no bytes need to be held back.
    fn queue_request(&mut self, publish: Publish) {
        let bits_ms = u64::from(self.device.config.chunk_bytes) * 1000;
        let now = self.now();
        self.link_free_ms = self.link_free_ms.max(now) + bits_ms / self.traits.bytes_per_second;
        self.requests.push_back((self.link_free_ms, publish));
    }

    fn request(&mut self, now: u64) {
        let Some((_, publish)) = self.requests.pop_front() else {
            return;
        };
        let behaviour = &self.world.behaviour;
        let Ok(request) = decode_from_device::<ChunkGet>(&publish.payload) else {
            return;
        };
        let request = request.message;
        if request.offset == 0 {
            self.is_doomed = self.dice.happens(behaviour.download_error);
        }
        if self.is_doomed {
            let answer = ChunkData {
                digest: request.digest,
                offset: request.offset,
                content: Err("link_error".to_owned()),
            };
            let topic = Topic::Device(self.device.spec.id.clone(), DeviceTopic::ChunkData);
            self.agent
                .message(&topic.to_string(), &answer.encode(), now);
        } else if !self.dice.happens(behaviour.chunk_loss) {
            self.publish(publish);
        }
    }

    fn work(&mut self, id: TaskId, task: Task) {
        let now = self.now();
        let (due_ms, finished) = match task {
            Task::Digest(area) => {
                let digests = self.device.flash().digest(area, &self.world.pool);
                (now, Finished::Digested(digests))
            }
            Task::Rebuild {
                into,
                format,
                image_bytes,
            } => {
                let mut flash = self.device.flash();
                let result = flash.apply_delta(&format, into, image_bytes, &self.world.pool);
                (now, Finished::Rebuilt(result.map_err(|error| error.code())))
            }
            Task::Install => (now + self.traits.install_ms, Finished::Installed(Ok(()))),
            Task::SelfTest => {
                let behaviour = &self.world.behaviour;
                let image = self.agent.running().digest;
                let fails = behaviour.verdict.fails(&self.device.spec.id, &image)
                    || self.dice.happens(behaviour.self_test_failure);
                let result = if fails {
                    Err("simulated".to_owned())
                } else {
                    Ok(())
                };
                (now + self.traits.self_test_ms, Finished::SelfTested(result))
            }
        };
        self.task = Some((due_ms, id, finished));
    }

    /// A spell of absence begins or ends.
    fn turn(&mut self, now: u64) {
        self.is_away = !self.is_away;
        self.turns_ms = self.world.behaviour.offline.as_ref().map(|offline| {
            let range = if self.is_away {
                &offline.length_ms
            } else {
                &offline.every_ms
            };
            // Never twice in the same moment.
            now + self.dice.within(range).max(1)
        });
    }
}

fn is_chunk_request(publish: &Publish) -> bool {
    matches!(publish.topic, Topic::Device(_, DeviceTopic::ChunkGet))
}
