//! Thousands of simulated devices in one process, each with a real MQTT connection of its own.
//!
//! Every device is one task: an [`Agent`](crate::agent::Agent), its [`Flash`] and a seeded [`Behaviour`] that decides how
//! fast its link is, when it is away, when its power fails and whether an image works on it.

mod behaviour;
mod clock;
mod device;
mod link;

pub use behaviour::{Behaviour, Offline, Verdict};
pub use clock::SimClock;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    DeviceId, ModelId, Version,
    cose::TrustedKeys,
    device::{Image, JobReport, Running, Slot},
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    agent::Inventory,
    flash::{Flash, Pool, SlotState},
};

/// A fleet and the world it lives in.
#[derive(Debug, Clone)]
pub struct FleetConfig {
    /// Of the broker, `host:port`, without TLS.
    pub address: String,
    /// The audience of login tokens.
    pub site: String,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The DNS domain of the devices' maker.
    pub vendor: String,
    /// Who may sign manifests.
    pub release_keys: TrustedKeys,
    /// Who may sign jobs.
    pub job_keys: TrustedKeys,
    pub devices: Vec<DeviceSpec>,
    pub behaviour: Behaviour,
    pub clock: SimClock,
    /// Connection attempts of the whole fleet, per second of real time.
    pub connects_per_second: u32,
    /// Images that devices will come to hold, if the caller has them anyway: no device then keeps a copy, not even while
    /// it downloads. Optional, and purely a matter of memory.
    pub images: Vec<Arc<[u8]>>,
    pub broker: Broker,
}

/// Whose PUBACK it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// Fleetfold's own: PUBACK means durably recorded.
    Embedded,
    /// Any other: only the `ack` topic says so.
    External,
}

/// One device as it leaves the factory.
#[derive(Debug, Clone)]
pub struct DeviceSpec {
    pub id: DeviceId,
    pub model: ModelId,
    pub credential: Credential,
    /// Shared between devices that run the same.
    pub image: Arc<[u8]>,
    pub version: Version,
    /// Sequence number of the image's manifest; 0 if it never had one.
    pub manifest_sequence: u64,
    pub inventory: Inventory,
}

/// How a device logs in. The username is always its id.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A JWT signed with this key is the password.
    Key(SigningKey),
    /// This is the password.
    Token(String),
}

/// A running fleet. Dropping it pulls every plug.
#[derive(Debug)]
pub struct Fleet {
    devices: Arc<[Device]>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What tests and displays may know of a device that it does not say itself.
#[derive(Debug)]
struct Device {
    spec: DeviceSpec,
    flash: Mutex<Flash>,
    connected: AtomicBool,
}

/// A device seen from outside, all-knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceState {
    pub id: DeviceId,
    pub connected: bool,
    /// What it runs, or would boot if it is just off.
    pub running: Running,
    pub slot_a: SlotState,
    pub slot_b: SlotState,
    pub boots: u64,
    /// Sequence of the job it is working on.
    pub job: Option<u64>,
    /// How its last job ended.
    pub outcome: Option<JobReport>,
}

impl Fleet {
    /// Boots all devices; they connect at the configured pace. Needs a tokio runtime.
    #[must_use]
    pub fn start(config: FleetConfig) -> Self {
        let pool = Arc::new(Pool::default());
        for image in &config.images {
            pool.add(image);
        }
        let (stop, _) = watch::channel(false);
        let devices = config
            .devices
            .iter()
            .map(|spec| Device::new(spec.clone(), &pool))
            .collect();
        Self {
            devices,
            stop,
            tasks: JoinSet::new(),
        }
    }

    /// Every device, in the order of its specification.
    #[must_use]
    pub fn states(&self) -> Vec<DeviceState> {
        self.devices.iter().map(Device::state).collect()
    }

    /// Disconnects all devices and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Device {
    fn new(spec: DeviceSpec, pool: &Pool) -> Self {
        let digest = pool.add(&spec.image).blake3;
        let image = Image {
            version: spec.version.clone(),
            digest,
        };
        let bytes = pool.get(digest).unwrap_or_else(|| Arc::clone(&spec.image));
        Self {
            flash: Mutex::new(Flash::factory(image, bytes, spec.manifest_sequence)),
            spec,
            connected: AtomicBool::new(false),
        }
    }

    fn state(&self) -> DeviceState {
        let flash = self.flash.lock().unwrap_or_else(PoisonError::into_inner);
        let record = flash.record();
        let slot = record.next_boot();
        let image = record
            .slot(slot)
            .image()
            .expect("the slot that boots has an image");
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
