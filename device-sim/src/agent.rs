//! The device agent: what a device does with jobs, as a state machine that touches nothing.
//!
//! Inputs are method calls that carry the time; outputs are drained with [`Agent::poll`]; [`Agent::next_wakeup`] says
//! when to call [`Agent::timer`] at the latest. The driver performs the outputs one by one and in order: a
//! [`Output::Flash`] must be durable before the next output is performed, which is all that safety rests on. If power
//! is lost between two outputs, the rest of them is lost too, and [`Agent::boot`] goes on from the flash.
//!
//! ```text
//! job -> Fetch (delta or image) -> verify -> Install -> Trial -> confirm -> succeeded
//!          | delta wrong: image             reboot |  \ self-test fails, or power is lost: Back -> failed, restored
//! ```
//! There is no outbox. A report is a snapshot, and every connection begins with a hello that contains one; so what could
//! not be said is not stored but said anew. Only the hello and the last final report are repeated until acknowledged.

mod conditions;
mod config;
mod fetch;
mod order;
mod speech;
mod voice;
mod work;

pub use conditions::{Answer, Surroundings};
pub use config::{AgentConfig, Inventory, Timing};
pub use fetch::WINDOW;

use std::{collections::VecDeque, sync::Arc};

use fleetfold_schemas::{
    DeviceTopic, Digest, Topic,
    device::{ChunkData, Image, JobReport, Running, Slot, Stage, Waiting, WaitingFor},
};

use self::{
    fetch::Fetch,
    order::{Refusal, Verdict},
    voice::Voice,
};
use crate::flash::{Area, Digests, Mutation, Record, SlotState};

/// Failed connections in a row after which the wait grows no more: 64 times the first.
const RECONNECT_DOUBLINGS_MAX: u32 = 6;
/// Between two reports of download progress lies at least this time and this share: four lines for a person to read, and
/// a bound on what a fleet sends.
const PROGRESS_MS_MIN: u64 = 10_000;
const PROGRESS_PERCENT_MIN: u8 = 25;

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Change the flash, durably, before anything else.
    Flash(Mutation),
    /// Connect and log in, with this number as the token's `ctr`; then [`Agent::connected`] or [`Agent::disconnected`].
    Connect {
        login: u64,
    },
    Subscribe(Vec<Topic>),
    Publish(Publish),
    /// Do this and tell [`Agent::finished`]. There is one at a time; a new one makes the old one's result worthless.
    Task(TaskId, Task),
    /// Say how the hardware is: [`Agent::sensed`].
    Sense,
    /// Ask the user whether the new image may be installed now: [`Agent::answered`], whenever that may be.
    AskUser {
        postponements_left: u32,
        postpone_ms_max: u64,
    },
    /// Start over with [`Agent::boot`]. Nothing follows.
    Reboot,
}

/// A message to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    pub topic: Topic,
    pub payload: Vec<u8>,
    pub qos: Qos,
    pub retain: bool,
    /// The number to give to [`Agent::puback`], if PUBACK means anything here.
    pub seq: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    AtMostOnce,
    AtLeastOnce,
}

/// Names a task, so that a late result is not taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId(u64);

/// Work that takes time or needs the image's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Compute the digests of an area.
    Digest(Area),
    /// Rebuild an image into this slot from the other slot and the delta: see [`crate::delta::apply`].
    Rebuild {
        into: Slot,
        format: String,
        image_bytes: u64,
    },
    /// Whatever it takes before a reboot: unpack, migrate, let the running work finish.
    Install,
    /// See whether the image that runs is any good.
    SelfTest,
}

/// What came of a task. The text of a failure is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    Digested(Digests),
    /// With the stable code of what was wrong.
    Rebuilt(Result<(), &'static str>),
    Installed(Result<(), String>),
    SelfTested(Result<(), String>),
}

/// How the device is doing, as far as its platform can measure it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Since power-on, instead of what the agent sees of a trial.
    pub boot_ms: Option<u64>,
    /// Hundredths of a percent of the battery's capacity a day, since the last boot.
    pub battery_drain_bp_per_day: Option<u64>,
    /// In the device's whole life.
    pub unexpected_reboots: Option<u64>,
}

/// A device's agent, from one boot to the next.
#[derive(Debug)]
pub struct Agent {
    config: Arc<AgentConfig>,
    /// What flash will hold once all outputs are performed.
    record: Record,
    running: Slot,
    booted_ms: u64,
    /// How long it took from boot to the end of the self-test, on the boot that had one.
    boot_ms: Option<u64>,
    vitals: Vitals,
    outputs: VecDeque<Output>,
    link: Link,
    failed_connections: u32,
    voice: Voice,
    activity: Activity,
    stage: Stage,
    stage_since_ms: u64,
    last_progress: (u64, u8),
    tasks: u64,
    /// The answer to the newest job, if it was no.
    refusal: Option<JobReport>,
    /// The last refused payload on this connection: once is enough.
    refused: Option<Digest>,
    /// A job that came at a moment when the running one must end first.
    deferred: Option<Vec<u8>>,
    /// The user has been asked about the open job since the boot.
    is_question_shown: bool,
    /// What the last report said that the device waits for.
    told: Option<Waiting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down { retry_ms: u64 },
    Connecting,
    Up,
}

/// What the agent is doing just now. Only what flash says survives; this follows from it.
#[derive(Debug)]
enum Activity {
    Idle,
    Fetching(Fetch),
    /// The artifact has arrived; its digests are being computed.
    CheckingArtifact,
    Rebuilding,
    CheckingRebuilt,
    /// Nothing is done about the job until then; without end, until it comes again with another window.
    Waiting {
        what: WaitingFor,
        until_ms: u64,
    },
    /// Until the driver says how the hardware is; and what has been waited for so far.
    Sensing {
        was: Option<WaitingFor>,
    },
    Installing,
    SelfTesting {
        until_ms: u64,
    },
    /// The last output was a reboot.
    Over,
}

impl Agent {
    /// Starts from what flash holds. The first output counts the boot, which decides the slot that runs.
    #[must_use]
    pub fn boot(config: Arc<AgentConfig>, record: Record, now: u64) -> Self {
        let mut agent = Self {
            config,
            running: record.active,
            record,
            booted_ms: now,
            boot_ms: None,
            vitals: Vitals::default(),
            outputs: VecDeque::new(),
            link: Link::Connecting,
            failed_connections: 0,
            voice: Voice::default(),
            activity: Activity::Idle,
            stage: Stage::Downloading,
            stage_since_ms: now,
            last_progress: (now, 0),
            tasks: 0,
            refusal: None,
            refused: None,
            deferred: None,
            is_question_shown: false,
            told: None,
        };
        agent.flash(Mutation::Boot);
        agent.running = agent.record.running();
        agent.connect();
        agent.resume(now);
        agent
    }

    /// The next thing to do. Drain it after every input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What flash holds once all outputs have been performed.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    #[must_use]
    pub fn running(&self) -> Running {
        let image = self.running_image();
        Running {
            slot: self.running,
            version: image.version.clone(),
            digest: image.digest,
        }
    }

    /// What the broker is to publish when the connection breaks.
    #[must_use]
    pub fn will(&self) -> Publish {
        self.presence(false)
    }

    /// The broker has accepted the login.
    pub fn connected(&mut self, now: u64) {
        if self.is_over() {
            return;
        }
        self.link = Link::Up;
        self.refused = None;
        let own = |topic| Topic::Device(self.config.device.clone(), topic);
        self.outputs.push_back(Output::Subscribe(vec![
            own(DeviceTopic::Job),
            own(DeviceTopic::Ack),
            own(DeviceTopic::ChunkData),
        ]));
        self.hello(now);
        let presence = self.presence(true);
        self.outputs.push_back(Output::Publish(presence));
        self.request_chunks(now);
    }

    /// The connection broke, or could not be made.
    pub fn disconnected(&mut self, now: u64) {
        if self.is_over() {
            return;
        }
        let doublings = self.failed_connections.min(RECONNECT_DOUBLINGS_MAX);
        self.failed_connections += 1;
        let wait_ms = self.config.timing.reconnect_ms << doublings;
        self.link = Link::Down {
            retry_ms: now + wait_ms / 2 + self.spread(wait_ms),
        };
        if let Activity::Fetching(fetch) = &mut self.activity {
            fetch.forget_requests();
        }
    }

    /// A message arrived.
    pub fn message(&mut self, topic: &str, payload: &[u8], now: u64) {
        let Ok(Topic::Device(device, topic)) = Topic::parse(topic) else {
            return;
        };
        if device != self.config.device || self.is_over() {
            return;
        }
        match topic {
            DeviceTopic::Job => self.job(payload, now),
            DeviceTopic::Ack => self.ack(payload),
            DeviceTopic::ChunkData => {
                if let Ok(data) = ChunkData::decode(payload) {
                    self.chunk(data, now);
                }
            }
            // Not subscribed to.
            DeviceTopic::Hello
            | DeviceTopic::Report
            | DeviceTopic::Presence
            | DeviceTopic::Status
            | DeviceTopic::ChunkGet => {}
        }
    }

    /// The broker has acknowledged a message. Only to be called if its PUBACK means "durably recorded", as that of
    /// Fleetfold's own broker does.
    pub fn puback(&mut self, seq: u64) {
        if self.voice.acknowledged(|kept| kept == seq) {
            self.failed_connections = 0;
        }
    }

    /// The platform has measured how the device is doing: every report says so from here on, and, when
    /// connected, one does now.
    pub fn measured(&mut self, vitals: Vitals) {
        self.vitals = vitals;
        if !self.is_over() {
            self.report();
        }
    }

    /// Time has passed.
    pub fn timer(&mut self, now: u64) {
        if self.is_over() {
            return;
        }
        match self.link {
            Link::Down { retry_ms } if retry_ms <= now => self.connect(),
            Link::Down { .. } | Link::Connecting => {}
            Link::Up => {
                self.repeat(now);
                self.request_chunks(now);
            }
        }
        self.check_deadlines(now);
    }

    /// When [`Agent::timer`] is due.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<u64> {
        let link = match self.link {
            Link::Down { retry_ms } => Some(retry_ms),
            Link::Connecting => None,
            Link::Up => self
                .voice
                .next_wakeup(self.config.timing.acknowledgement_ms),
        };
        let activity = match &self.activity {
            Activity::Fetching(fetch) => [self.stage_limit(), fetch.next_wakeup()]
                .into_iter()
                .flatten()
                .min(),
            Activity::Waiting { until_ms, .. } | Activity::SelfTesting { until_ms } => {
                Some(*until_ms).filter(|until_ms| *until_ms != u64::MAX)
            }
            Activity::Idle
            | Activity::CheckingArtifact
            | Activity::Rebuilding
            | Activity::CheckingRebuilt
            | Activity::Sensing { .. }
            | Activity::Installing => None,
            Activity::Over => return None,
        };
        [link, activity].into_iter().flatten().min()
    }

    fn is_over(&self) -> bool {
        matches!(self.activity, Activity::Over)
    }

    fn running_image(&self) -> &Image {
        self.record
            .slot(self.running)
            .image()
            .expect("only a slot with an image is booted, and the running one is never erased")
    }

    fn flash(&mut self, mutation: Mutation) {
        self.record.apply(&mutation);
        self.outputs.push_back(Output::Flash(mutation));
    }

    fn connect(&mut self) {
        self.flash(Mutation::Login);
        self.link = Link::Connecting;
        self.outputs.push_back(Output::Connect {
            login: self.record.logins,
        });
    }

    /// A share of `ms` that differs from device to device and from time to time, so that a fleet doesn't come back all
    /// at once.
    fn spread(&self, ms: u64) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.config.device.as_str().as_bytes());
        hasher.update(&self.record.logins.to_le_bytes());
        let first = hasher.finalize().as_bytes()[..4]
            .try_into()
            .map_or(0, u32::from_le_bytes);
        ms.saturating_mul(first.into()) >> u32::BITS
    }

    /// The job topic holds something. Nothing is no instruction.
    fn job(&mut self, payload: &[u8], now: u64) {
        if payload.is_empty() {
            return;
        }
        // Nothing may touch a slot on trial.
        let standby = self.record.slot(self.record.standby());
        if matches!(standby, SlotState::Trial { .. }) {
            self.deferred = Some(payload.to_vec());
            return;
        }
        let running = self.running_image();
        match order::judge(payload, &self.config, &self.record, running, now) {
            Verdict::Known => self.report(),
            Verdict::Renewed(from_ms, until_ms) => self.renew(from_ms, until_ms, now),
            Verdict::Accept(job) => self.accept(job, now),
            Verdict::Cancel { sequence, cancels } => self.cancel(sequence, cancels, now),
            Verdict::Refuse(refusal) => self.refuse(payload, refusal, now),
        }
    }

    fn refuse(&mut self, payload: &[u8], refusal: Refusal, now: u64) {
        let payload = Digest::of(payload);
        if self.refused == Some(payload) {
            return;
        }
        self.refused = Some(payload);
        if refusal.is_ours {
            self.refusal = Some(refusal.report.clone());
        }
        self.report_final(Some(refusal.report), now);
    }
}
