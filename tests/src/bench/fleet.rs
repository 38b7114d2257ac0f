//! A fleet's history as the engine would have recorded it: every event is the answer to a request of an operator or a
//! device, decided by the real core and appended to the real log, in batches like a busy server's.
//!
//! Every device is registered and says hello; a campaign goes to all of them; each accepts its job and succeeds, or fails
//! once, waits and tries again; then devices chosen at random report until there are as many events as wanted.

use std::{collections::VecDeque, path::Path};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold::{
    log::{Log, LogOptions},
    turn::{DeltaOrder, Engine, World, reports::ReportOrder},
};
use fleetfold_broker::{Concerns, Qos};
use fleetfold_core::{
    Answer, Core, DeltaOutcome, DeviceIx, DeviceMessage, Fact, OperatorCut, Request, State,
    StoredArtifact,
    fact::{ExecutionQueued, Role},
};
use fleetfold_schemas::{
    CommandId, DeviceId, Digest, Name, OperatorId, Sha256, Topic,
    command::{
        CampaignCommand, Command, CommandMessage, CreateCampaign, Credential, RegisterDevice,
    },
    device::{
        DeviceError, ErrorClass, Hello, JobReport, JobState, PROTOCOL, Report, Running, Slot, Stage,
    },
};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Failure,
    firmware::{Model, Release},
};

/// 2026-01-01T00:00:00Z, when the fleet's history begins.
const START_MS: u64 = 1_767_225_600_000;
/// Between two steps: some 5,000 events in 50 ms are the 100,000 a second that the engine is built for.
const STEP_MS: u64 = 50;
/// Requests in a step. Most lead to two events.
const REQUESTS: usize = 2_500;
/// One device in so many fails its first attempt.
const FAILING: u64 = 33;
const SEED: u64 = 3;

/// What a device remembers.
#[derive(Debug, Clone, Copy)]
struct Memory {
    epoch: u32,
    seq: u32,
    is_updated: bool,
    has_failed: bool,
}

/// A fleet and the engine that it talks to.
pub struct Fleet {
    engine: Engine,
    now: u64,
    model: Model,
    releases: [Release; 2],
    /// What runs before and after the campaign.
    running: [Running; 2],
    devices: Vec<Memory>,
    updated: usize,
    ids: Vec<DeviceId>,
    /// Devices that have been given a job, and the job's number.
    offered: VecDeque<(DeviceIx, u64)>,
    accepted: VecDeque<(DeviceIx, u64)>,
    chance: u64,
}

/// Nobody listens; but who asks must not be refused.
#[derive(Default)]
struct Nobody {
    refused: Option<String>,
    orders: Vec<DeltaOrder>,
}

impl World for Nobody {
    fn answer(&mut self, request: &Request, answer: &Answer, _: &State) {
        if *answer != Answer::Accepted {
            self.refused = Some(format!("{request:?}: {answer:?}"));
        }
    }

    fn has_subscriber(&self, _: &Topic, _: Concerns<'_>) -> bool {
        false
    }

    fn publish(&mut self, _: &Topic, _: Bytes, _: Qos, _: Concerns<'_>) {}

    fn disconnect(&mut self, _: &DeviceId) {}

    fn disconnect_operator(&mut self, _: &OperatorId, _: OperatorCut) {}

    fn build_delta(&mut self, order: DeltaOrder) {
        self.orders.push(order);
    }

    fn make_report(&mut self, _: ReportOrder) {}
}

impl Fleet {
    /// A site with two releases, and so many devices that do not know of the second.
    pub fn open(dir: &Path, devices: u32) -> Result<Self, Failure> {
        let (log, _) = Log::open(dir, &LogOptions::default())?;
        let first = Release::first(SEED, 64 * 1024);
        let next = first.next(SEED, 8);
        let mut fleet = Self {
            engine: Engine::new(Core::default(), log, SigningKey::from_bytes(&[1; 32])),
            now: START_MS,
            model: Model::new("bench", SEED),
            running: [running(Slot::A, &first), running(Slot::B, &next)],
            releases: [first, next],
            devices: Vec::new(),
            updated: 0,
            ids: (0..devices).map(id).collect::<Result<_, _>>()?,
            offered: VecDeque::new(),
            accepted: VecDeque::new(),
            chance: SEED,
        };
        fleet.turn(&[
            Request::OpenSite {
                site: Name::parse("bench")?,
                speed: None,
            },
            Request::AddOperator {
                operator: operator(),
                role: Role::Admin,
                password_hash: "none".to_owned(),
            },
        ])?;
        fleet.command(fleet.model.trust(), None)?;
        for release in fleet.releases.clone() {
            let artifact = StoredArtifact {
                sha256: Sha256::of(&release.image),
                bytes: release.image.len() as u64,
            };
            fleet.command(fleet.model.publication(&release), Some(artifact))?;
        }
        fleet.register()?;
        fleet.greet()?;
        Ok(fleet)
    }

    pub fn state(&self) -> &State {
        self.engine.core().state()
    }

    pub const fn now(&self) -> u64 {
        self.now
    }

    pub fn log(&self) -> &Log {
        self.engine.log()
    }

    pub fn core(&self) -> &Core {
        self.engine.core()
    }

    /// Brings the second release to all devices; those that fail try again an hour later.
    pub fn roll_out(&mut self) -> Result<(), Failure> {
        let spec = json!({
            "id": "spring",
            "release": {"model": self.model.id, "version": self.releases[1].version},
            "phases": [{"name": "all", "percentage": 100, "duration_hours": 2, "success_threshold": 95}],
            "failure_threshold": 20, "expected_failure": 10,
            "failure_handling": {"max_retries": 2, "retry_backoff_hours": 1},
        });
        let campaign = serde_json::from_value(spec)?;
        self.command(Command::CreateCampaign(CreateCampaign { campaign }), None)?;
        let start = CampaignCommand {
            campaign: "spring".parse()?,
            reason: None,
        };
        self.command(Command::StartCampaign(start), None)?;
        while self.updated < self.devices.len() {
            let mut requests = Vec::with_capacity(REQUESTS);
            // What is accepted in this step ends in a later one.
            let ready = self.accepted.len().min(REQUESTS / 2);
            for (device, job) in self.accepted.drain(..ready).collect::<Vec<_>>() {
                requests.push(self.end(device, job));
            }
            let ready = self.offered.len().min(REQUESTS / 2);
            for (device, job) in self.offered.drain(..ready).collect::<Vec<_>>() {
                requests.push(self.accept(device, job));
                self.accepted.push_back((device, job));
            }
            if requests.is_empty() {
                // All that is left are retries.
                let due = self.core().next_wakeup(self.now);
                self.now = self.now.max(due.ok_or("the campaign waits for nothing")?);
            }
            self.turn(&requests)?;
        }
        Ok(())
    }

    /// A campaign for all devices, in two groups of which the first has five criteria, and the turns from its creation
    /// until its first phase, 1 % of each group, is queued and on disk. Returns how many devices were queued.
    pub fn start_campaign(&mut self) -> Result<usize, Failure> {
        let spec = json!({
            "id": "autumn",
            "release": {"model": self.model.id, "version": self.releases[1].version},
            "groups": [
                {
                    "name": "chosen",
                    "criteria": {
                        "device_type": self.model.id,
                        "hardware_revision": ["rev-0", "rev-1"],
                        "region": ["region-1", "region-2", "region-3"],
                        "tags": "outdoor",
                        "attributes": {"batch": ["2025-01", "2025-07", "2025-13"]},
                    },
                },
                {"name": "rest", "rollout_order": 2, "criteria": "*"},
            ],
        });
        let campaign = serde_json::from_value(spec)?;
        self.command(Command::CreateCampaign(CreateCampaign { campaign }), None)?;
        let start = CampaignCommand {
            campaign: "autumn".parse()?,
            reason: None,
        };
        self.offered.clear();
        self.command(Command::StartCampaign(start), None)?;
        loop {
            let before = self.offered.len();
            self.turn(&[])?;
            if self.offered.len() == before {
                return Ok(before);
            }
        }
    }

    /// Devices chosen at random report, until there are so many events.
    pub fn report_until(&mut self, events: u64) -> Result<(), Failure> {
        while self.state().position < events {
            let count = (events - self.state().position).min(2 * REQUESTS as u64);
            // A device reports once in a step, so that every request is accepted.
            let mut chosen: Vec<_> = (0..count).map(|_| self.any_device()).collect();
            chosen.sort_unstable();
            chosen.dedup();
            let requests: Vec<_> = chosen
                .into_iter()
                .map(|device| self.report(device, None, None))
                .collect();
            self.turn(&requests)?;
        }
        Ok(())
    }

    /// One report of a random device.
    pub fn any_report(&mut self) -> Request {
        let device = self.any_device();
        self.report(device, None, None)
    }

    fn any_device(&mut self) -> DeviceIx {
        let devices = self.devices.len() as u64;
        u32::try_from(self.random() % devices).expect("devices are numbered by u32")
    }

    fn register(&mut self) -> Result<(), Failure> {
        let ids = self.ids.clone();
        for ids in ids.chunks(REQUESTS) {
            let commands: Vec<_> = ids
                .iter()
                .map(|device| {
                    let register = Command::RegisterDevice(RegisterDevice {
                        tenant: None,
                        device: device.clone(),
                        model: self.model.id.clone(),
                        credential: Credential::TokenSha256(
                            *blake3::hash(device.as_str().as_bytes()).as_bytes(),
                        ),
                    });
                    self.request(register, None)
                })
                .collect();
            self.turn(&commands)?;
        }
        let memory = Memory {
            epoch: 1,
            seq: 0,
            is_updated: false,
            has_failed: false,
        };
        self.devices = vec![memory; ids.len()];
        Ok(())
    }

    fn greet(&mut self) -> Result<(), Failure> {
        let all: Vec<_> = (0..).take(self.devices.len()).collect();
        for devices in all.chunks(REQUESTS) {
            let hellos = devices.iter().map(|device| self.hello(*device));
            let hellos: Vec<_> = hellos.collect::<Result<_, Failure>>()?;
            self.turn(&hellos)?;
        }
        Ok(())
    }

    /// An inventory as they are: a few hardware revisions, regions and tenants, a site and a production batch that some
    /// hundred devices share.
    fn hello(&mut self, device: DeviceIx) -> Result<Request, Failure> {
        let (hardware, region, tenant) = (device % 3, device % 7, device % 5);
        let (tag, site) = (self.random() % 20, self.random() % 500);
        let hello = Hello {
            protocol: PROTOCOL,
            epoch: 1,
            seq: u64::from(self.next_seq(device)),
            model: self.model.id.clone(),
            hardware: Some(format!("rev-{hardware}").parse()?),
            capabilities: vec![Name::parse("bidiff-zstd")?, Name::parse("resume")?],
            region: Some(Name::parse(&format!("region-{region}"))?),
            tenant: Some(Name::parse(&format!("tenant-{tenant}"))?),
            time_zone: None,
            tags: vec![
                Name::parse(&format!("line-{tag}"))?,
                Name::parse("outdoor")?,
            ],
            attributes: [
                (Name::parse("site")?, format!("site {site}")),
                (Name::parse("batch")?, format!("2025-{:02}", device % 52)),
            ]
            .into(),
            running: self.running(device),
            standby: None,
            job: None,
        };
        let fingerprint = self.fingerprint();
        Ok(Request::Device {
            device: self.ids[device as usize].clone(),
            fingerprint,
            message: DeviceMessage::Hello {
                hello: Box::new(hello),
                login_counter: Some(1),
            },
        })
    }

    fn accept(&mut self, device: DeviceIx, job: u64) -> Request {
        let state = JobState::InProgress {
            stage: Stage::Downloading,
            progress_percent: Some(0),
            waiting: None,
        };
        self.report(device, Some((job, state)), None)
    }

    /// The device has booted the new image and is content with it, or is back on the old one.
    fn end(&mut self, device: DeviceIx, job: u64) -> Request {
        let fails = self.random().is_multiple_of(FAILING);
        let memory = &mut self.devices[device as usize];
        memory.epoch += 1;
        memory.seq = 0;
        let state = if fails && !memory.has_failed {
            memory.has_failed = true;
            JobState::Failed {
                error: DeviceError {
                    class: ErrorClass::SelfTest,
                    code: Name::parse("watchdog").expect("our own names are valid"),
                    message: "no heartbeat within 60 s".to_owned(),
                },
                restored: true,
            }
        } else {
            memory.is_updated = true;
            self.updated += 1;
            JobState::Succeeded
        };
        let boot_ms = 3_000 + self.random() % 2_000;
        self.report(device, Some((job, state)), Some(boot_ms))
    }

    fn report(
        &mut self,
        device: DeviceIx,
        job: Option<(u64, JobState)>,
        boot_ms: Option<u64>,
    ) -> Request {
        let seq = self.next_seq(device).into();
        let report = Report {
            epoch: self.devices[device as usize].epoch.into(),
            seq,
            running: self.running(device),
            job: job.map(|(sequence, state)| JobReport { sequence, state }),
            boot_ms,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        };
        let fingerprint = self.fingerprint();
        Request::Device {
            device: self.ids[device as usize].clone(),
            fingerprint,
            message: DeviceMessage::Report(report),
        }
    }

    fn running(&self, device: DeviceIx) -> Running {
        let is_updated = self.devices[device as usize].is_updated;
        self.running[usize::from(is_updated)].clone()
    }

    fn next_seq(&mut self, device: DeviceIx) -> u32 {
        let memory = &mut self.devices[device as usize];
        memory.seq += 1;
        memory.seq
    }

    fn command(
        &mut self,
        command: Command,
        artifact: Option<StoredArtifact>,
    ) -> Result<(), Failure> {
        let request = self.request(command, artifact);
        self.turn(&[request])
    }

    fn request(&mut self, command: Command, artifact: Option<StoredArtifact>) -> Request {
        let random = u128::from(self.random()) << 64 | u128::from(self.random());
        let id = Ulid::from_parts(self.now, random).to_string();
        Request::Operator {
            operator: operator(),
            message: Ok(CommandMessage {
                id: Some(CommandId::parse(&id).expect("a ULID is an id")),
                expected_version: None,
                command,
            }),
            artifact,
        }
    }

    fn turn(&mut self, requests: &[Request]) -> Result<(), Failure> {
        let mut world = Nobody::default();
        let first = self.state().position + 1;
        let turned = self.engine.turn(self.now, requests, &mut world)?;
        if let Some(refused) = world.refused {
            return Err(refused.into());
        }
        for (position, fact) in (first..).zip(&turned.step.facts) {
            if let Fact::ExecutionQueued(ExecutionQueued { device, .. }) = fact {
                self.offered.push_back((*device, position));
            }
        }
        self.now += STEP_MS;
        let built = |order: DeltaOrder| Request::Delta {
            release: order.release,
            from: order.from,
            outcome: DeltaOutcome::Built {
                digest: Digest::of(b"delta"),
                bytes: 8 * 1024,
            },
        };
        match world.orders.into_iter().map(built).collect::<Vec<_>>() {
            deltas if deltas.is_empty() => Ok(()),
            deltas => self.turn(&deltas),
        }
    }

    fn fingerprint(&mut self) -> u32 {
        u32::try_from(self.random() >> 32).expect("half of a u64 is a u32")
    }

    /// `SplitMix64` (Steele, Lea and Flood 2014).
    fn random(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn running(slot: Slot, release: &Release) -> Running {
    Running {
        slot,
        version: release.version.clone(),
        digest: release.digest(),
    }
}

fn operator() -> OperatorId {
    OperatorId::parse("ann").expect("our own names are valid")
}

/// Serial numbers that do not follow each other: multiplying by an odd number permutes them.
fn id(device: u32) -> Result<DeviceId, Failure> {
    let serial = device.wrapping_mul(0x9e37_79b1);
    Ok(DeviceId::parse(&format!("sensor-{serial:08x}"))?)
}
