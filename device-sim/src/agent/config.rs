//! What an agent is told once: who it is, whom it trusts, how patient it is.

use std::collections::BTreeMap;

use fleetfold_schemas::{
    DeviceId, ModelId, Name, TimeZoneName, Version,
    cose::TrustedKeys,
    job::CONDITIONS_CAPABILITY,
    suit::{self, Uuid},
};

use crate::delta::BIDIFF_ZSTD;

/// The fixed part of a device.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    pub device: DeviceId,
    pub model: ModelId,
    pub vendor_id: Uuid,
    pub class_id: Uuid,
    /// Who may sign manifests.
    pub release_keys: TrustedKeys,
    /// Who may sign jobs.
    pub job_keys: TrustedKeys,
    pub inventory: Inventory,
    /// What the device can do beyond the minimum, as its hello says it.
    pub capabilities: Vec<Name>,
    /// Room in each slot.
    pub slot_bytes: u64,
    /// Room for a delta.
    pub delta_bytes: u64,
    /// Bytes to ask for at once. Small devices ask for as much as they can buffer times [`crate::agent::WINDOW`].
    pub chunk_bytes: u32,
    pub timing: Timing,
}

/// What a device tells about itself for others to sort it by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub hardware: Option<Version>,
    pub region: Option<Name>,
    pub tenant: Option<Name>,
    pub time_zone: Option<TimeZoneName>,
    pub tags: Vec<Name>,
    pub attributes: BTreeMap<Name, String>,
}

/// How long to wait for what. In the unit of the agent's clock: where that runs fast, these must be longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For a chunk, before it is asked for again.
    pub chunk_ms: u64,
    /// For the acknowledgement of a hello or a final report, before it is sent again.
    pub acknowledgement_ms: u64,
    /// After a connection broke or was refused; doubles with every failure in a row.
    pub reconnect_ms: u64,
    /// For the self-test, before it counts as failed.
    pub self_test_ms: u64,
}

impl Timing {
    /// For a clock that runs `speed` times as fast as the network does.
    #[must_use]
    pub const fn at_speed(speed: u32) -> Self {
        let speed = speed as u64;
        Self {
            chunk_ms: 10_000 * speed,
            acknowledgement_ms: 30_000 * speed,
            reconnect_ms: 1_000 * speed,
            self_test_ms: 300_000 * speed,
        }
    }
}

impl AgentConfig {
    /// A device with ordinary capabilities, chunks and timing, and 64 MiB slots.
    #[must_use]
    pub fn new(
        device: DeviceId,
        model: ModelId,
        vendor: &str,
        release_keys: TrustedKeys,
        job_keys: TrustedKeys,
    ) -> Self {
        let vendor_id = suit::vendor_id(vendor);
        Self {
            class_id: suit::class_id(vendor_id, &model),
            device,
            model,
            vendor_id,
            release_keys,
            job_keys,
            inventory: Inventory::default(),
            capabilities: [BIDIFF_ZSTD, CONDITIONS_CAPABILITY]
                .map(|name| Name::parse(name).expect("our own names are valid"))
                .into(),
            slot_bytes: 64 << 20,
            delta_bytes: 64 << 20,
            chunk_bytes: 16 * 1024,
            timing: Timing::at_speed(1),
        }
    }

    /// Whether deltas of this format can be applied here.
    #[must_use]
    pub fn can_apply(&self, format: &str) -> bool {
        self.capabilities
            .iter()
            .any(|capability| capability.as_str() == format)
    }
}
