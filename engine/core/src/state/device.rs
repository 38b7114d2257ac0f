//! The table of devices: one row each, found by number or by name.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::fmt;

use fleetfold_schemas::{
    DeviceId, ModelId, Name, Version,
    command::{Credential, Lifecycle},
    device::{Image, Running, Stage},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::{CampaignIx, DeviceIx, Timestamp};

/// What is known of one device.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    pub model: ModelId,
    pub lifecycle: Lifecycle,
    pub credential: Credential,
    /// Of the last token it logged in with; the next one must be higher.
    pub login_counter: Option<u64>,
    /// The number of its last message, and that message's fingerprint.
    pub epoch: u64,
    pub seq: u64,
    pub fingerprint: u32,
    pub last_seen: Option<Timestamp>,
    pub running: Option<Running>,
    pub standby: Option<Image>,
    pub inventory: Inventory,
    pub boot_ms: Option<u64>,
    /// The latest execution, open or not: a campaign and the member's place in it.
    pub execution: Option<(CampaignIx, u32)>,
    /// Of the open execution.
    pub stage: Option<Stage>,
    pub progress_percent: Option<u8>,
}

/// What a device says of itself in its hello.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub hardware: Option<Version>,
    pub capabilities: Vec<Name>,
    pub region: Option<Name>,
    pub tenant: Option<Name>,
    pub tags: Vec<Name>,
    pub attributes: BTreeMap<Name, String>,
}

/// All devices, in the order of their registration.
///
/// The names' map has a fixed hash function and its order is never looked at, so replay is exact; names come from
/// operators, who have no reason to attack their own table.
#[derive(Clone, Default)]
pub struct Devices {
    rows: Vec<Device>,
    by_id: HashMap<DeviceId, DeviceIx, FxBuildHasher>,
}

impl Devices {
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("rows are numbered by u32")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn find(&self, id: &DeviceId) -> Option<DeviceIx> {
        self.by_id.get(id).copied()
    }

    #[must_use]
    pub fn get(&self, ix: DeviceIx) -> &Device {
        &self.rows[ix as usize]
    }

    pub(crate) fn get_mut(&mut self, ix: DeviceIx) -> &mut Device {
        &mut self.rows[ix as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (DeviceIx, &Device)> {
        (0..).zip(&self.rows)
    }

    /// Takes memory ahead, and says whether there is any.
    pub(crate) fn try_reserve(&mut self, rows: u32) -> bool {
        let rows = rows as usize;
        self.by_id.try_reserve(rows).is_ok() && self.rows.try_reserve(rows).is_ok()
    }

    pub(crate) fn insert(&mut self, device: Device) {
        self.by_id.insert(device.id.clone(), self.len());
        self.rows.push(device);
    }
}

/// The rows alone: the names' map has an order, but none that means anything.
impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rows).finish()
    }
}
