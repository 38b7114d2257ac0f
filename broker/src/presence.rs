//! The retained presence of devices: the only value that the broker keeps itself.
//!
//! It is about connections, so it belongs to whoever has them, and it is not worth a place in the log. A value stays until
//! the device (or its will) replaces it, or clears it with an empty one (MQTT 5.0 section 3.3.1.3).

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Mutex,
};

use bytes::Bytes;
use fleetfold_schemas::id::{DeviceId, Name};

/// A fleet that comes back after an outage writes from all threads at once; more than there are cores is enough.
const SHARDS: usize = 64;

/// A presence that a device has published, or left as its will (MQTT 5.0 section 3.1.2.5).
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
}

/// A value that stays.
#[derive(Debug)]
struct Held {
    payload: Box<[u8]>,
    /// Whom the device belongs to.
    tenant: Option<Name>,
}

#[derive(Debug)]
pub(crate) struct PresenceStore {
    shards: Vec<Mutex<HashMap<DeviceId, Held>>>,
    hasher: RandomState,
}

impl PresenceStore {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    fn shard(&self, id: &DeviceId) -> &Mutex<HashMap<DeviceId, Held>> {
        &self.shards[self.hasher.hash_one(id) as usize % SHARDS]
    }

    pub(crate) fn get(&self, id: &DeviceId) -> Option<Bytes> {
        let shard = self
            .shard(id)
            .lock()
            .expect("nothing panics while it holds a shard");
        let held = shard.get(id)?;
        Some(Bytes::copy_from_slice(&held.payload))
    }

    /// Takes a value, keeps it if it is to be retained, and routes it.
    ///
    /// All under one lock, so that subscribers see a device's values in the order they were stored, and so that neither
    /// the last words nor the will of an earlier session can follow the first value of its successor: `value` is asked
    /// under the lock, too, and has none when the session is over.
    pub(crate) fn set(
        &self,
        id: &DeviceId,
        tenant: Option<&Name>,
        value: impl FnOnce() -> Option<Value>,
        route: impl FnOnce(&Bytes),
    ) {
        let mut shard = self
            .shard(id)
            .lock()
            .expect("nothing panics while it holds a shard");
        let Some(Value { payload, retain }) = value() else {
            return;
        };
        match (retain, payload.is_empty()) {
            (true, true) => {
                shard.remove(id);
            }
            (true, false) => {
                let held = Held {
                    payload: payload.as_ref().into(),
                    tenant: tenant.cloned(),
                };
                shard.insert(id.clone(), held);
            }
            (false, _) => {}
        }
        route(&payload);
    }

    /// The values of the devices that the predicate picks, a part at a time so that no lock is held while they are sent.
    pub(crate) fn shards(
        &self,
        picks: impl Fn(&DeviceId, Option<&Name>) -> bool,
    ) -> impl Iterator<Item = Vec<(DeviceId, Bytes)>> {
        self.shards.iter().map(move |shard| {
            let shard = shard.lock().expect("nothing panics while it holds a shard");
            shard
                .iter()
                .filter(|(id, held)| picks(id, held.tenant.as_ref()))
                .map(|(id, held)| (id.clone(), Bytes::copy_from_slice(&held.payload)))
                .collect()
        })
    }
}
