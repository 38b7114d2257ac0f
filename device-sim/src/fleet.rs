//! Thousands of simulated devices in one process, each with a real MQTT connection of its own.
//!
//! Every device is one task: an [`Agent`](crate::agent::Agent), its [`Flash`](crate::flash::Flash) and a seeded [`Behaviour`] that decides how
//! fast its link is, when it is away, when its power fails and whether an image works on it.

mod behaviour;
mod clock;
mod condition;
mod device;
mod link;

pub use behaviour::{Battery, Behaviour, Offline, Users, Verdict};
pub use clock::SimClock;
pub use condition::{Ailment, Condition};

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    DeviceId, ModelId, Version,
    cose::TrustedKeys,
    device::{JobReport, Running},
};
use tokio::{sync::watch, task::JoinSet};

use self::{
    device::{Device, World},
    link::Pace,
};
use crate::{
    agent::{AgentConfig, Inventory, Timing},
    flash::{Pool, SlotState},
};

/// A fleet and the world it lives in.
#[derive(Debug, Clone)]
pub struct FleetConfig {
    /// Of the broker, reached without TLS.
    pub host: String,
    pub port: u16,
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
    devices: Vec<Arc<Device>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
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
    /// Boots all devices; they connect at the configured pace.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(config: FleetConfig) -> Self {
        Self::start_after(config, 0)
    }

    /// As [`Fleet::start`], with devices that have booted and logged in so often before: for a fleet that the server has
    /// met in an earlier process. Their flash is as from the factory all the same.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start_after(config: FleetConfig, boots: u64) -> Self {
        let pool = Pool::default();
        for image in &config.images {
            pool.add(image);
        }
        let (stop, stopped) = watch::channel(false);
        let world = Arc::new(World {
            host: config.host,
            port: config.port,
            site: config.site,
            behaviour: config.behaviour,
            clock: config.clock,
            broker: config.broker,
            pool,
            pace: Pace::new(config.connects_per_second),
            stopped,
        });
        let mut devices = Vec::with_capacity(config.devices.len());
        let mut tasks = JoinSet::new();
        for spec in config.devices {
            let mut agent = AgentConfig::new(
                spec.id.clone(),
                spec.model.clone(),
                &config.vendor,
                config.release_keys.clone(),
                config.job_keys.clone(),
            );
            agent.timing = Timing::at_speed(config.clock.speed());
            let device = Arc::new(Device::new(spec, agent, boots, &world.pool));
            devices.push(Arc::clone(&device));
            tasks.spawn(device::live(Arc::clone(&world), device, config.seed));
        }
        Self {
            devices,
            stop,
            tasks,
        }
    }

    /// Every device, in the order of its specification.
    #[must_use]
    pub fn states(&self) -> Vec<DeviceState> {
        self.devices.iter().map(|device| device.state()).collect()
    }

    /// Pulls every plug, waits for the silence, and tells how things stood.
    pub async fn stop(mut self) -> Vec<DeviceState> {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        self.states()
    }
}
