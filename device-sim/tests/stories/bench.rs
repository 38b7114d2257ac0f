//! A device on the bench: one agent, its flash, a tiny engine, and a hand on the plug.

use std::{collections::VecDeque, sync::Arc};

use ed25519_dalek::SigningKey;
use fleetfold_device_sim::{
    agent::{Agent, AgentConfig, Answer, Finished, Output, Surroundings, Task, TaskId},
    flash::{Area, Flash, Mutation, Pool, SlotState},
};
use fleetfold_schemas::{
    CampaignId, DeviceId, DeviceTopic, Digest, ModelId, Name, Sha256, Topic, Version,
    cose::TrustedKeys,
    device::{Image, Running, Slot},
    job::{Installation, Job, JobKind, Offer},
    suit::{self, Manifest},
};

use crate::engine::{Engine, describe};

pub const VENDOR: &str = "acme.example";
pub const HOUR_MS: u64 = 3_600_000;
const START_MS: u64 = 1_800_000_000_000;
/// More than any story takes: one that goes round in circles ends here.
const STEPS_MAX: usize = 20_000;

pub fn device() -> DeviceId {
    DeviceId::parse("dev-1").expect("valid")
}

pub fn model() -> ModelId {
    ModelId::parse("sensor-a").expect("valid")
}

pub fn version(text: &str) -> Version {
    Version::parse(text).expect("valid")
}

/// Bytes that look like firmware and always are the same.
pub fn firmware(seed: &str, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new()
        .update(seed.as_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

pub fn encode_delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    bidiff::simple_diff(old, new, &mut stream).expect("memory is the only sink");
    zstd::encode_all(&stream[..], 19).expect("memory is the only sink")
}

pub fn release_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

pub fn job_key() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

/// An image and what its makers signed about it.
#[derive(Clone)]
pub struct Release {
    pub bytes: Vec<u8>,
    pub manifest: Manifest,
}

impl Release {
    pub fn new(text: &str, sequence: u64, bytes: Vec<u8>) -> Self {
        let vendor_id = suit::vendor_id(VENDOR);
        Self {
            manifest: Manifest {
                sequence,
                vendor_id,
                class_id: suit::class_id(vendor_id, &model()),
                component: Name::parse(suit::FIRMWARE).expect("valid"),
                image_sha256: Sha256::of(&bytes),
                image_size_bytes: bytes.len() as u64,
                version: version(text),
                uri: "fleetfold:image".to_owned(),
            },
            bytes,
        }
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    pub fn installation(&self) -> Installation {
        let size_bytes = self.bytes.len() as u64;
        Installation {
            envelope: self.manifest.sign(&release_key()),
            target: self.digest(),
            size_bytes,
            offers: vec![Offer::Full {
                digest: self.digest(),
                size_bytes,
            }],
        }
    }
}

pub struct Bench {
    pub engine: Engine,
    pub flash: Flash,
    pub agent: Agent,
    pub now: u64,
    pub factory: Release,
    /// Whether images other than the factory's pass their self-test.
    pub is_good: bool,
    /// Leave the next task of this kind unfinished until [`Bench::release`].
    pub holding: Option<fn(&Task) -> bool>,
    /// Power fails before each of these outputs, counted from the first ever.
    pub cuts: Vec<usize>,
    pub outputs: usize,
    pub rebuilds: usize,
    pub is_online: bool,
    pub held: Option<(TaskId, Finished)>,
    pub surroundings: Surroundings,
    /// What the user will say, each time that it is asked; after that, nothing.
    pub answers: VecDeque<Answer>,
    /// How many postponements were left, each time that the user was asked.
    pub questions: Vec<u32>,
    is_subscribed: bool,
    inbox: VecDeque<(DeviceTopic, Vec<u8>)>,
    pub results: VecDeque<(TaskId, Finished)>,
    pool: Pool,
    config: Arc<AgentConfig>,
}

impl Bench {
    /// A device that runs 1.0.0 and is about to connect.
    pub fn new() -> Self {
        let factory = Release::new("1.0.0", 10, firmware("1.0.0", 5_000));
        let mut config = AgentConfig::new(
            device(),
            model(),
            VENDOR,
            TrustedKeys::from_iter([release_key().verifying_key()]),
            TrustedKeys::from_iter([job_key().verifying_key()]),
        );
        config.chunk_bytes = 1_024;
        config.slot_bytes = 1 << 20;
        let config = Arc::new(config);
        let image = Image {
            version: factory.manifest.version.clone(),
            digest: factory.digest(),
        };
        let flash = Flash::factory(image, factory.bytes.as_slice().into(), 10);
        let agent = Agent::boot(Arc::clone(&config), flash.record().clone(), START_MS);
        Self {
            engine: Engine::new(),
            flash,
            agent,
            now: START_MS,
            factory,
            is_good: true,
            holding: None,
            cuts: Vec::new(),
            outputs: 0,
            rebuilds: 0,
            is_online: true,
            held: None,
            surroundings: Surroundings::default(),
            answers: VecDeque::new(),
            questions: Vec::new(),
            is_subscribed: false,
            inbox: VecDeque::new(),
            results: VecDeque::new(),
            pool: Pool::default(),
            config,
        }
    }

    /// Offers the whole release under this job number.
    pub fn job(&mut self, sequence: u64, release: &Release) -> Job {
        self.engine
            .artifacts
            .insert(release.digest(), release.bytes.clone());
        Job {
            device: device(),
            campaign: CampaignId::parse("spring").expect("valid"),
            attempt: 1,
            sequence,
            kind: JobKind::Install(release.installation()),
            issued_ms: self.now,
            expires_ms: self.now + 24 * HOUR_MS,
            install_window: None,
            stage_limit_ms: 4 * HOUR_MS,
            conditions: None,
            not_before_ms: None,
        }
    }

    /// As [`Bench::job`], with a delta from the factory's image; `patch` lets it be something else.
    pub fn delta_job(&mut self, sequence: u64, release: &Release, patch: Vec<u8>) -> Job {
        let mut job = self.job(sequence, release);
        let delta = Offer::Delta {
            digest: Digest::of(&patch),
            size_bytes: patch.len() as u64,
            from: self.factory.digest(),
            format: "bidiff-zstd".to_owned(),
        };
        self.engine.artifacts.insert(Digest::of(&patch), patch);
        let JobKind::Install(installation) = &mut job.kind else {
            unreachable!("just made");
        };
        installation.offers.insert(0, delta);
        job
    }

    pub fn cancel(&self, sequence: u64, cancels: u64) -> Job {
        Job {
            device: device(),
            campaign: CampaignId::parse("spring").expect("valid"),
            attempt: 1,
            sequence,
            kind: JobKind::Cancel { sequence: cancels },
            issued_ms: self.now,
            expires_ms: self.now + 24 * HOUR_MS,
            install_window: None,
            stage_limit_ms: HOUR_MS,
            conditions: None,
            not_before_ms: None,
        }
    }

    /// Puts a job on the job topic and runs until nothing more happens.
    pub fn give(&mut self, job: &Job) -> &[String] {
        self.post(job.sign(&job_key()));
        self.run()
    }

    /// Retains these bytes on the job topic.
    pub fn post(&mut self, payload: Vec<u8>) {
        self.engine.retained.clone_from(&payload);
        if self.is_subscribed {
            self.inbox.push_back((DeviceTopic::Job, payload));
        }
    }

    pub fn send(&mut self, topic: DeviceTopic, payload: Vec<u8>) {
        self.inbox.push_back((topic, payload));
        self.settle();
    }

    /// Lets time pass until nothing is due any more, or a task is being held. What the device has said so far.
    pub fn run(&mut self) -> &[String] {
        self.settle();
        let mut steps = 0;
        while self.held.is_none()
            && let Some(due_ms) = self.agent.next_wakeup()
        {
            self.now = self.now.max(due_ms);
            self.agent.timer(self.now);
            self.settle();
            steps += 1;
            assert!(steps < STEPS_MAX, "going round in circles");
        }
        &self.engine.transcript
    }

    /// Lets so much time pass, no more and no less.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(due_ms) = self.agent.next_wakeup().filter(|due_ms| *due_ms <= end) {
            self.now = self.now.max(due_ms);
            self.agent.timer(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// Finishes the held task.
    pub fn release(&mut self) -> &[String] {
        self.holding = None;
        let (id, finished) = self.held.take().expect("a task is held");
        self.results.push_back((id, finished));
        self.run()
    }

    pub fn cut_power(&mut self) {
        self.now += 5_000;
        self.inbox.clear();
        self.results.clear();
        self.held = None;
        self.is_subscribed = false;
        let record = self.flash.record().clone();
        self.agent = Agent::boot(Arc::clone(&self.config), record, self.now);
    }

    pub fn cut_connection(&mut self) {
        self.is_subscribed = false;
        self.inbox.clear();
        self.agent.disconnected(self.now);
        self.settle();
    }

    /// Everything that happens at this very moment.
    pub fn settle(&mut self) {
        for _ in 0..STEPS_MAX {
            if let Some(output) = self.agent.poll() {
                let is_cut = self.cuts.contains(&self.outputs);
                self.outputs += 1;
                if is_cut {
                    self.cut_power();
                } else {
                    self.perform(output);
                }
            } else if let Some((id, finished)) = self.results.pop_front() {
                self.agent.finished(id, finished, self.now);
            } else if let Some((topic, payload)) = self.inbox.pop_front() {
                let topic = Topic::Device(device(), topic);
                self.agent.message(&topic.to_string(), &payload, self.now);
            } else {
                return;
            }
        }
        panic!("going round in circles");
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Flash(mutation) => self.mutate(&mutation),
            Output::Connect { login } => {
                assert_eq!(
                    login,
                    self.flash.record().logins,
                    "counted before it is used"
                );
                if self.is_online {
                    self.agent.connected(self.now);
                } else {
                    self.agent.disconnected(self.now);
                }
            }
            Output::Subscribe(topics) => {
                assert_eq!(topics.len(), 3);
                self.is_subscribed = true;
                if !self.engine.retained.is_empty() {
                    self.inbox
                        .push_back((DeviceTopic::Job, self.engine.retained.clone()));
                }
            }
            Output::Publish(publish) => {
                let answers = self.engine.receive(&publish);
                self.inbox.extend(answers);
            }
            Output::Task(id, task) => self.work(id, &task),
            Output::Sense => self.agent.sensed(self.surroundings, self.now),
            Output::AskUser {
                postponements_left, ..
            } => {
                self.questions.push(postponements_left);
                if let Some(answer) = self.answers.pop_front() {
                    self.agent.answered(answer, self.now);
                }
            }
            Output::Reboot => self.cut_power(),
        }
    }

    fn mutate(&mut self, mutation: &Mutation) {
        self.flash.apply(mutation, &self.pool);
        self.check_flash();
    }

    /// Whatever happens next: every slot that is said to hold an image does, and one of them boots.
    fn check_flash(&self) {
        let record = self.flash.record();
        for slot in [Slot::A, Slot::B] {
            if let Some(image) = record.slot(slot).image() {
                let bytes = self.flash.content(Area::Slot(slot)).as_slice();
                assert_eq!(Digest::of(bytes), image.digest, "{record:?}");
            }
        }
        let mut after = record.clone();
        after.apply(&Mutation::Boot);
        assert_ne!(*after.slot(after.running()), SlotState::Empty);
    }

    fn work(&mut self, id: TaskId, task: &Task) {
        let finished = match task {
            Task::Digest(area) => Finished::Digested(self.flash.digest(*area, &self.pool)),
            Task::Rebuild {
                into,
                format,
                image_bytes,
            } => {
                let result = self
                    .flash
                    .apply_delta(format, *into, *image_bytes, &self.pool);
                self.rebuilds += 1;
                self.check_flash();
                Finished::Rebuilt(result.map_err(|error| error.code()))
            }
            Task::Install => Finished::Installed(Ok(())),
            Task::SelfTest => {
                let is_factory = self.agent.running().digest == self.factory.digest();
                Finished::SelfTested(if self.is_good || is_factory {
                    Ok(())
                } else {
                    Err("no heartbeat".to_owned())
                })
            }
        };
        if self.holding.is_some_and(|is_held| is_held(task)) {
            self.held = Some((id, finished));
        } else {
            self.results.push_back((id, finished));
        }
    }

    /// What the device runs, as flash has it.
    pub fn running(&self) -> Running {
        self.agent.running()
    }

    pub fn slot(&self, slot: Slot) -> &SlotState {
        self.flash.record().slot(slot)
    }

    /// The last thing the device said.
    pub fn said(&self) -> &str {
        self.engine.transcript.last().map_or("", String::as_str)
    }

    pub fn outcome(&self) -> String {
        describe(self.flash.record().outcome.as_ref())
    }
}
