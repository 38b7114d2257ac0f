//! Devices as an operator registers them and as a simulator runs them.

use std::{collections::BTreeMap, sync::Arc};

use ed25519_dalek::SigningKey;
use fleetfold_device_sim::{
    agent::Inventory,
    fleet::{self, DeviceSpec},
};
use fleetfold_schemas::{
    DeviceId, ModelId,
    command::{Command, Credential, RegisterDevice},
    device::{Hello, PROTOCOL, Running},
};
use sha2::{Digest as _, Sha256};

use crate::firmware::{Release, stream};

/// The first words of a device that says no more of itself than it must.
#[must_use]
pub fn hello(model: &ModelId, running: Running) -> Hello {
    Hello {
        protocol: PROTOCOL,
        epoch: 1,
        seq: 1,
        model: model.clone(),
        hardware: None,
        capabilities: Vec::new(),
        region: None,
        tenant: None,
        time_zone: None,
        tags: Vec::new(),
        attributes: BTreeMap::new(),
        running,
        standby: None,
        job: None,
    }
}

/// A device that logs in with tokens it signs.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    pub key: SigningKey,
}

impl Device {
    #[must_use]
    pub fn new(name: &str, seed: u64) -> Self {
        let mut secret = [0; 32];
        stream(name, seed).fill(&mut secret);
        Self {
            id: DeviceId::parse(name).expect("our own names are valid"),
            key: SigningKey::from_bytes(&secret),
        }
    }

    /// So many devices, `prefix-000` and on.
    #[must_use]
    pub fn many(prefix: &str, seed: u64, count: usize) -> Vec<Self> {
        (0..count)
            .map(|number| Self::new(&format!("{prefix}-{number:03}"), seed))
            .collect()
    }

    #[must_use]
    pub fn registration(&self, model: &ModelId) -> Command {
        register(
            &self.id,
            model,
            Credential::PublicKey(self.key.verifying_key().to_bytes()),
        )
    }

    /// As it left the factory, with this release in its slot.
    #[must_use]
    pub fn running(&self, model: &ModelId, release: &Release) -> DeviceSpec {
        DeviceSpec {
            id: self.id.clone(),
            model: model.clone(),
            credential: fleet::Credential::Key(self.key.clone()),
            image: Arc::clone(&release.image),
            version: release.version.clone(),
            manifest_sequence: release.sequence,
            inventory: Inventory::default(),
        }
    }
}

/// Registers a device that logs in with this token.
#[must_use]
pub fn with_token(id: &DeviceId, model: &ModelId, token: &str) -> Command {
    let hash: [u8; 32] = Sha256::digest(token).into();
    register(id, model, Credential::TokenSha256(hash))
}

fn register(id: &DeviceId, model: &ModelId, credential: Credential) -> Command {
    Command::RegisterDevice(RegisterDevice {
        tenant: None,
        device: id.clone(),
        model: model.clone(),
        credential,
    })
}
