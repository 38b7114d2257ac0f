//! An honest device: the real agent on a simulated flash, driven as the fleet simulator drives it, with faults.

mod habits;
mod link;

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use fleetfold_device_sim::{
    agent::{Agent, AgentConfig, Finished, Output, Surroundings, Task, TaskId},
    flash::{Area, Flash, Mutation, SlotState},
};
use fleetfold_schemas::{
    DeviceId, Digest,
    campaign::MINUTE_MS,
    command::{Command, Credential, RegisterDevice},
    cose::TrustedKeys,
    device::Image,
    token::{DeviceToken, Lifetime},
};
use sha2::{Digest as _, Sha256};

use self::{habits::Habits, link::Link};
use super::{
    broker::SITE,
    catalog::{Catalog, VENDOR},
    draft::inventory,
    event::{DeviceEvent, Event, Packet},
    net::ConnId,
    random::Stream,
    trace::Kind,
    world::Sim,
};

/// Room in a slot: images have a few KiB.
const SLOT_BYTES: u64 = 64 * 1024;
/// Small, so that a download is many steps to be interrupted between.
const CHUNK_BYTES: u32 = 1024;
/// Of a hundred boots, those at which a device says of itself what it did not before.
const INVENTORY_CHANGES_PERCENT: u32 = 10;
/// Under the limit of five minutes.
const TOKEN_LIFETIME_S: u64 = 120;

#[derive(Debug)]
pub struct Device {
    pub id: DeviceId,
    pub model: usize,
    credential: Secret,
    config: Arc<AgentConfig>,
    pub flash: Flash,
    agent: Option<Agent>,
    boot: u32,
    link: Option<Link>,
    task: Option<(u64, TaskId, Finished)>,
    timer_at_ms: Option<u64>,
    skew_ms: i64,
    habits: Habits,
    install_ms: u64,
    self_test_ms: u64,
    boot_ms: u64,
    stream: Stream,
    old: Vec<Packet>,
}

/// What a device proves itself with.
#[derive(Debug)]
pub enum Secret {
    Key(SigningKey),
    Token(String),
}

impl Secret {
    #[must_use]
    pub fn new(stream: &mut Stream) -> Self {
        let mut secret = [0; 32];
        stream.fill(&mut secret);
        if stream.percent(30) {
            Self::Key(SigningKey::from_bytes(&secret))
        } else {
            Self::Token(hex::encode(secret))
        }
    }

    #[must_use]
    pub fn credential(&self) -> Credential {
        match self {
            Self::Key(key) => Credential::PublicKey(key.verifying_key().to_bytes()),
            Self::Token(token) => Credential::TokenSha256(Sha256::digest(token).into()),
        }
    }

    #[must_use]
    pub fn password(&self, device: &DeviceId, counter: u64, now_s: Option<u64>) -> Arc<[u8]> {
        let text = match self {
            Self::Token(token) => token.clone(),
            Self::Key(key) => DeviceToken {
                device,
                site: SITE,
                lifetime: now_s.map(|issued_s| Lifetime {
                    issued_s,
                    expires_s: issued_s + TOKEN_LIFETIME_S,
                }),
                counter,
                voucher: None,
            }
            .sign(key),
        };
        text.into_bytes().into()
    }
}

impl Device {
    #[must_use]
    pub fn new(
        number: usize,
        catalog: &Catalog,
        job_keys: TrustedKeys,
        skew_max_ms: u64,
        mut stream: Stream,
    ) -> Self {
        let model = number % catalog.models.len();
        let factory = &catalog.models[model].releases[0];
        let id = DeviceId::parse(&format!("device-{number}")).expect("our own names are valid");
        let mut config = AgentConfig::new(
            id.clone(),
            catalog.models[model].id.clone(),
            VENDOR,
            catalog.release_keys(),
            job_keys,
        );
        config.slot_bytes = SLOT_BYTES;
        config.delta_bytes = SLOT_BYTES;
        config.chunk_bytes = CHUNK_BYTES;
        if stream.percent(25) {
            config.capabilities.clear();
        }
        config.inventory = inventory(&mut stream);
        let image = Image {
            version: factory.version.clone(),
            digest: factory.digest,
        };
        let skew = stream.within(0..=2 * skew_max_ms);
        Self {
            flash: Flash::factory(image, Arc::clone(&factory.image), factory.sequence),
            credential: Secret::new(&mut stream),
            id,
            model,
            config: Arc::new(config),
            agent: None,
            boot: 0,
            link: None,
            task: None,
            timer_at_ms: None,
            habits: Habits::new(&mut stream),
            skew_ms: i64::try_from(skew).unwrap_or(0) - i64::try_from(skew_max_ms).unwrap_or(0),
            install_ms: stream.within(1_000..=60_000),
            self_test_ms: stream.within(500..=30_000),
            boot_ms: stream.within(1_000..=20_000),
            stream,
            old: Vec::new(),
        }
    }

    #[must_use]
    pub fn registration(&self, catalog: &Catalog) -> Command {
        Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device: self.id.clone(),
            model: catalog.models[self.model].id.clone(),
            credential: self.credential.credential(),
        })
    }

    /// What its hardware says of itself.
    #[must_use]
    pub fn surroundings(&self, now_ms: u64) -> Surroundings {
        self.habits.surroundings(now_ms)
    }

    fn clock(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.skew_ms)
    }

    /// What runs, or would after a boot.
    #[must_use]
    pub fn running(&self) -> Digest {
        let record = self.flash.record();
        let image = record.slot(record.running()).image();
        image.expect("the slot that runs has an image").digest
    }

    #[must_use]
    pub fn is_settled(&self) -> bool {
        let record = self.flash.record();
        let is_confirmed = matches!(record.slot(record.running()), SlotState::Confirmed(_));
        self.agent.is_some() && is_confirmed && record.job.is_none()
    }

    /// It has missed its window, and keeps what it has until there is another job.
    #[must_use]
    pub fn has_missed_its_window(&self, now_ms: u64) -> bool {
        let window = self.flash.record().job.as_ref().and_then(|job| job.window);
        window.is_some_and(|(_, until_ms)| until_ms <= self.clock(now_ms))
    }

    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.agent.is_some() && self.link.as_ref().is_some_and(|link| link.is_up)
    }

    #[must_use]
    pub fn connection(&self) -> Option<ConnId> {
        let link = self.link.as_ref().filter(|link| link.is_up)?;
        Some(link.conn)
    }
}

impl Sim {
    pub fn device_event(&mut self, at: usize, event: DeviceEvent) {
        let now = self.queue.now_ms();
        let device = &mut self.devices[at];
        match event {
            DeviceEvent::Boot => return self.boot(at),
            DeviceEvent::Timer { boot } => {
                if boot != device.boot || device.timer_at_ms.is_none_or(|due| due > now) {
                    return;
                }
                device.timer_at_ms = None;
                let clock = device.clock(now);
                if let Some(agent) = &mut device.agent {
                    agent.timer(clock);
                }
            }
            DeviceEvent::TaskDone { boot } => {
                if boot != device.boot {
                    return;
                }
                let clock = device.clock(now);
                let done = device.task.take_if(|(due_ms, ..)| *due_ms <= now);
                if let (Some((_, id, finished)), Some(agent)) = (done, &mut device.agent) {
                    agent.finished(id, finished, clock);
                }
            }
            DeviceEvent::DialFailed { boot } => {
                if boot != device.boot {
                    return;
                }
                let clock = device.clock(now);
                if let Some(agent) = &mut device.agent {
                    agent.disconnected(clock);
                }
            }
        }
        self.perform(at);
    }

    fn boot(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let device = &mut self.devices[at];
        if device.agent.is_some() {
            return;
        }
        device.boot += 1;
        device.timer_at_ms = None;
        device.task = None;
        // Now and then somebody moves it, or labels it anew.
        if device.stream.percent(INVENTORY_CHANGES_PERCENT) {
            Arc::make_mut(&mut device.config).inventory = inventory(&mut device.stream);
        }
        let record = device.flash.record().clone();
        device.agent = Some(Agent::boot(
            Arc::clone(&device.config),
            record,
            device.clock(now),
        ));
        self.perform(at);
    }

    /// Does what the agent wants, one thing after the other, as long as there is power.
    fn perform(&mut self, at: usize) {
        loop {
            let device = &mut self.devices[at];
            let Some(output) = device.agent.as_mut().and_then(Agent::poll) else {
                break;
            };
            if device.stream.happens(self.plan.weather.power_loss) {
                self.count("device_power_cut");
                return self.power_lost(at);
            }
            match output {
                Output::Flash(mutation) => {
                    if !self.write_flash(at, mutation) {
                        return;
                    }
                }
                Output::Connect { login } => self.dial(at, login),
                Output::Subscribe(topics) => {
                    let filters = topics.iter().map(ToString::to_string).collect();
                    self.device_sends(at, Packet::Subscribe(filters));
                }
                Output::Publish(publish) => self.device_publishes(at, publish),
                Output::Task(id, task) => self.work(at, id, task),
                Output::Sense => {
                    let now = self.queue.now_ms();
                    let (clock, surroundings) = (device.clock(now), device.surroundings(now));
                    if let Some(agent) = &mut device.agent {
                        agent.sensed(surroundings, clock);
                    }
                }
                Output::AskUser { .. } => {
                    let now = device.clock(self.queue.now_ms());
                    let answer = device.habits.answer();
                    if let (Some(agent), Some(answer)) = (&mut device.agent, answer) {
                        agent.answered(answer, now);
                    }
                }
                Output::Reboot => return self.reboot(at),
            }
        }
        self.plan_timer(at);
    }

    fn plan_timer(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let device = &mut self.devices[at];
        let Some(due) = device.agent.as_ref().and_then(Agent::next_wakeup) else {
            return;
        };
        let due_ms = due.saturating_add_signed(-device.skew_ms).max(now);
        if device.timer_at_ms.is_none_or(|planned| due_ms < planned) {
            device.timer_at_ms = Some(due_ms);
            let boot = device.boot;
            self.queue
                .at(due_ms, Event::Device(at, DeviceEvent::Timer { boot }));
        }
    }

    fn power_lost(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let off_ms = if device.stream.percent(10) {
            device.stream.within(MINUTE_MS..=120 * MINUTE_MS)
        } else {
            device.stream.within(1_000..=60_000)
        };
        self.switch_off(at, false, off_ms);
    }

    fn reboot(&mut self, at: usize) {
        let boot_ms = self.devices[at].boot_ms;
        self.switch_off(at, true, boot_ms);
    }

    fn switch_off(&mut self, at: usize, is_orderly: bool, off_ms: u64) {
        let now = self.queue.now_ms();
        self.trace.say(
            Kind::Wire,
            now,
            format_args!("device {at} is off, in good order: {is_orderly}"),
        );
        let device = &mut self.devices[at];
        device.agent = None;
        device.boot += 1;
        if let Some(link) = device.link.take() {
            self.net
                .client_leaves(&mut self.queue, link.conn, is_orderly);
        }
        self.queue
            .after(off_ms, Event::Device(at, DeviceEvent::Boot));
    }

    /// `false`: the write failed, and the device starts over.
    fn write_flash(&mut self, at: usize, mut mutation: Mutation) -> bool {
        let weather = self.plan.weather;
        let device = &mut self.devices[at];
        if matches!(mutation, Mutation::Append { .. } | Mutation::Erase(_))
            && device.stream.happens(weather.flash_failure)
        {
            self.count("flash_failure");
            self.reboot(at);
            return false;
        }
        if let Mutation::Append { bytes, .. } = &mut mutation
            && !bytes.is_empty()
            && device.stream.happens(weather.flash_flip)
        {
            let (byte, bit) = (device.stream.below(bytes.len()), device.stream.below(8));
            bytes[byte] ^= 1 << bit;
            self.count("flash_flip");
        }
        let device = &mut self.devices[at];
        device.flash.apply(&mutation, &self.pool);
        if matches!(mutation, Mutation::Boot | Mutation::Confirm) {
            self.check_boot(at);
        }
        true
    }

    /// What runs was signed, whatever the device believes.
    fn check_boot(&mut self, at: usize) {
        self.boots += 1;
        let device = &self.devices[at];
        let record = device.flash.record();
        let bytes = device
            .flash
            .content(Area::Slot(record.running()))
            .as_slice();
        let (found, id) = (Digest::of(bytes), device.id.clone());
        if !self.catalog.is_signed(found) {
            let what = format!("{id} boots {} bytes with digest {found}", bytes.len());
            self.breach("a device boots only bytes under a valid signature", what);
        }
    }

    fn work(&mut self, at: usize, id: TaskId, task: Task) {
        let weather = self.plan.weather;
        let now = self.queue.now_ms();
        let pool = &self.pool;
        let device = &mut self.devices[at];
        let (wait_ms, finished) = match task {
            Task::Digest(area) => (10, Finished::Digested(device.flash.digest(area, pool))),
            Task::Rebuild {
                into,
                format,
                image_bytes,
            } => {
                let rebuilt = device.flash.apply_delta(&format, into, image_bytes, pool);
                let fails = device.stream.happens(weather.flash_failure);
                let rebuilt = match rebuilt {
                    Ok(()) if fails => Err("flash_write"),
                    rebuilt => rebuilt.map_err(|error| error.code()),
                };
                (50, Finished::Rebuilt(rebuilt))
            }
            Task::Install => {
                let clock = device.clock(now);
                self.check_install_time(at, clock);
                let device = &mut self.devices[at];
                let fails = device.stream.happens(weather.install_failure);
                let installed = if fails {
                    Err("simulated".to_owned())
                } else {
                    Ok(())
                };
                (device.install_ms, Finished::Installed(installed))
            }
            Task::SelfTest => {
                let image = device.running();
                let firmware = self.catalog.firmware(image);
                let is_bad = firmware.is_some_and(|firmware| firmware.is_bad_on(&device.id));
                if is_bad && firmware.is_some_and(|firmware| firmware.hangs) {
                    self.count("self_test_hangs");
                    return;
                }
                let fails = is_bad || device.stream.happens(weather.self_test_failure);
                let tested = if fails {
                    Err("simulated".to_owned())
                } else {
                    Ok(())
                };
                let wait_ms = device.self_test_ms;
                if fails {
                    self.count("self_test_fails");
                }
                (wait_ms, Finished::SelfTested(tested))
            }
        };
        let device = &mut self.devices[at];
        device.task = Some((now + wait_ms, id, finished));
        let boot = device.boot;
        self.queue
            .after(wait_ms, Event::Device(at, DeviceEvent::TaskDone { boot }));
    }
}
