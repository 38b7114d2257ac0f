//! A device as the stories need it: it says what the story has it say, correctly numbered.

use std::collections::BTreeMap;

use fleetfold_core::{DeviceMessage, Request};
use fleetfold_schemas::{
    DeviceId, Digest, ModelId, Name, TimeZoneName, Version,
    device::Image,
    device::{
        DeviceError, ErrorClass, Hello, JobReport, JobState, PROTOCOL, Report, Running, Slot,
        Stage, Waiting,
    },
    job::{Job, JobKind},
};

pub struct Agent {
    pub id: DeviceId,
    pub model: ModelId,
    epoch: u64,
    seq: u64,
    pub running: Running,
    pub traits: Traits,
    /// How long it takes to boot.
    boot_ms: Option<Figure>,
    /// How fast its battery runs down, in hundredths of a percent a day.
    drain: Option<Figure>,
    /// How often it has rebooted without having been asked to.
    crashes: Option<u64>,
    before: Option<Running>,
    /// Install jobs it has taken, oldest first: sequence and target.
    jobs: Vec<(u64, Running)>,
    last: Option<Request>,
}

/// What it is by its nature, and by how much that differs from one boot to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub usual: u64,
    /// By up to a tenth, up or down.
    pub varies: bool,
}

/// What it says of itself in its hello.
#[derive(Debug, Clone, Default)]
pub struct Traits {
    pub hardware: Option<Version>,
    pub region: Option<Name>,
    pub tenant: Option<Name>,
    pub time_zone: Option<TimeZoneName>,
    pub tags: Vec<Name>,
    /// Besides that it can apply deltas.
    pub capabilities: Vec<Name>,
    pub attributes: BTreeMap<Name, String>,
}

/// What a story can have a device do.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// It takes its job, and the word of it is lost.
    Take,
    Work(Stage, Option<u8>),
    /// It does nothing for now.
    Wait(Waiting),
    /// It has waited for too long, and says so with this code.
    GiveUp(String),
    Succeed,
    Fail(ErrorClass, bool),
    Reject,
    ClaimSuccess,
    Cancel,
    FallBack,
    Greet,
    Report,
    /// From now on it takes so long to boot, in milliseconds; nobody is told as yet.
    Boots(Figure),
    /// From now on its battery runs down so fast, in hundredths of a percent a day; nobody is told as yet.
    Drains(Figure),
    /// It reboots so often without having been asked to; nobody is told as yet.
    Crashes(u64),
    /// The last message once more.
    Repeat,
    /// Another message under the last one's number.
    Contradict,
    /// A message with a number below the last one's.
    LookBack,
    /// A message from an earlier boot.
    LoseEpoch,
}

pub fn image(model: &ModelId, version: &Version) -> Vec<u8> {
    format!("image of {model} {version}").into_bytes()
}

impl Agent {
    pub fn new(id: DeviceId, model: ModelId, version: Version) -> Self {
        let digest = Digest::of(&image(&model, &version));
        Self {
            id,
            model,
            epoch: 1,
            seq: 0,
            running: Running {
                slot: Slot::A,
                version,
                digest,
            },
            traits: Traits::default(),
            boot_ms: None,
            drain: None,
            crashes: None,
            before: None,
            jobs: Vec::new(),
            last: None,
        }
    }

    /// Whether this job has been taken already.
    pub fn knows(&self, job: &Job) -> bool {
        self.jobs
            .iter()
            .any(|(sequence, _)| *sequence == job.sequence)
    }

    /// Takes what its topic holds, does the deed, and says so.
    pub fn act(
        &mut self,
        deed: &Deed,
        topic: Option<(&Job, &Version)>,
        nth: Option<usize>,
    ) -> Option<Request> {
        if let Some((job, version)) = topic {
            self.take(job, version);
        }
        let job = match nth {
            Some(nth) => Some(self.jobs[nth - 1].clone()),
            None => self.jobs.last().cloned(),
        };
        if *deed == Deed::Take {
            return None;
        }
        match deed {
            Deed::Boots(ms) => self.boot_ms = Some(*ms),
            Deed::Drains(drain) => self.drain = Some(*drain),
            Deed::Crashes(times) => {
                self.crashes = Some(self.crashes.unwrap_or_default() + times);
                self.epoch += times;
                self.seq *= u64::from(*times == 0);
            }
            _ => {}
        }
        if matches!(deed, Deed::Boots(_) | Deed::Drains(_) | Deed::Crashes(_)) {
            return None;
        }
        let misnumbered = self.misnumbered(deed);
        if misnumbered.is_some() {
            return misnumbered;
        }
        let state = self.live(deed, job.as_ref().map(|(_, target)| target));
        self.seq += 1;
        let sequence = job.map(|(sequence, _)| sequence);
        let report = sequence
            .zip(state)
            .map(|(sequence, state)| JobReport { sequence, state });
        let message = match deed {
            Deed::Greet => DeviceMessage::Hello {
                hello: Box::new(self.hello()),
                login_counter: None,
            },
            _ => DeviceMessage::Report(Report {
                epoch: self.epoch,
                seq: self.seq,
                running: self.running.clone(),
                job: report,
                boot_ms: self.boot_ms.map(|figure| self.now(figure)),
                battery_drain_bp_per_day: self.drain.map(|figure| self.now(figure)),
                unexpected_reboots: self.crashes,
            }),
        };
        let request = self.request(message);
        self.last = Some(request.clone());
        Some(request)
    }

    fn take(&mut self, job: &Job, version: &Version) {
        let (JobKind::Install(installation) | JobKind::Rollback(installation)) = &job.kind else {
            return;
        };
        if !self.knows(job) {
            let target = Running {
                slot: self.running.slot.other(),
                version: version.clone(),
                digest: installation.target,
            };
            self.jobs.push((job.sequence, target));
        }
    }

    /// What the deed does to the device, and what it makes of its job.
    fn live(&mut self, deed: &Deed, target: Option<&Running>) -> Option<JobState> {
        match deed {
            Deed::Work(stage, progress_percent) => Some(JobState::InProgress {
                stage: *stage,
                progress_percent: *progress_percent,
                waiting: None,
            }),
            Deed::Wait(waiting) => Some(JobState::InProgress {
                stage: Stage::Installing,
                progress_percent: None,
                waiting: Some(*waiting),
            }),
            Deed::GiveUp(code) => Some(JobState::Rejected {
                error: DeviceError {
                    code: Name::parse(code).unwrap(),
                    ..error(ErrorClass::Rejected)
                },
            }),
            Deed::Succeed => {
                if let Some(target) = target {
                    self.boot(target.clone());
                }
                Some(JobState::Succeeded)
            }
            Deed::Fail(class, restored) => {
                if *restored {
                    self.boot(self.running.clone());
                }
                let error = error(*class);
                let restored = *restored;
                Some(JobState::Failed { error, restored })
            }
            Deed::Reject => Some(JobState::Rejected {
                error: error(ErrorClass::Rejected),
            }),
            Deed::ClaimSuccess => Some(JobState::Succeeded),
            Deed::Cancel => Some(JobState::Canceled),
            Deed::FallBack => {
                self.boot(self.before.clone().unwrap_or_else(|| self.running.clone()));
                None
            }
            Deed::Greet | Deed::Report => None,
            Deed::Take
            | Deed::Boots(_)
            | Deed::Drains(_)
            | Deed::Crashes(_)
            | Deed::Repeat
            | Deed::Contradict
            | Deed::LookBack
            | Deed::LoseEpoch => {
                unreachable!("these say nothing new")
            }
        }
    }

    /// As it is since its last boot.
    fn now(&self, Figure { usual, varies }: Figure) -> u64 {
        if !varies {
            return usual;
        }
        let hash = blake3::hash(format!("{} {}", self.id, self.epoch).as_bytes());
        let share = u64::from(hash.as_bytes()[0]) * 200 / 255;
        usual * (900 + share) / 1000
    }

    fn boot(&mut self, image: Running) {
        let before = std::mem::replace(&mut self.running, image);
        if before != self.running {
            self.before = Some(before);
        }
        self.epoch += 1;
        self.seq = 0;
    }

    fn misnumbered(&self, deed: &Deed) -> Option<Request> {
        let report = |epoch, seq| {
            self.request(DeviceMessage::Report(Report {
                epoch,
                seq,
                running: self.running.clone(),
                job: None,
                boot_ms: Some(1),
                battery_drain_bp_per_day: None,
                unexpected_reboots: None,
            }))
        };
        match deed {
            Deed::Repeat => Some(self.last.clone().expect("it has said something before")),
            Deed::Contradict => Some(report(self.epoch, self.seq)),
            Deed::LookBack => Some(report(self.epoch, self.seq - 1)),
            Deed::LoseEpoch => Some(report(self.epoch - 1, self.seq + 1)),
            _ => None,
        }
    }

    fn hello(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            epoch: self.epoch,
            seq: self.seq,
            model: self.model.clone(),
            hardware: self.traits.hardware.clone(),
            capabilities: [Name::parse("bidiff-zstd").unwrap()]
                .into_iter()
                .chain(self.traits.capabilities.iter().cloned())
                .collect(),
            region: self.traits.region.clone(),
            tenant: self.traits.tenant.clone(),
            time_zone: self.traits.time_zone.clone(),
            tags: self.traits.tags.clone(),
            attributes: self.traits.attributes.clone(),
            running: self.running.clone(),
            standby: self.before.as_ref().map(|before| Image {
                version: before.version.clone(),
                digest: before.digest,
            }),
            job: None,
        }
    }

    fn request(&self, message: DeviceMessage) -> Request {
        let hash = blake3::hash(format!("{message:?}").as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().unwrap();
        Request::Device {
            device: self.id.clone(),
            fingerprint: u32::from_le_bytes(*first),
            message,
        }
    }
}

fn error(class: ErrorClass) -> DeviceError {
    DeviceError {
        class,
        code: Name::parse("story").unwrap(),
        message: "as told".into(),
    }
}
