//! Devices: who is registered, what each has said, and that nothing is on record which nobody said.

use std::collections::{BTreeMap, BTreeSet};

use fleetfold_core::{DeviceIx, DeviceMessage, Fact, Request};
use fleetfold_schemas::{DeviceId, Digest, ModelId, command::Lifecycle};

use super::{Book, Checked, demand};

#[derive(Debug, Default)]
pub struct Fleet {
    pub devices: Vec<Device>,
    by_id: BTreeMap<DeviceId, DeviceIx>,
    /// Boot epoch, sequence number and fingerprint of whatever reached the engine.
    heard: BTreeMap<DeviceId, BTreeSet<(u64, u64, u32)>>,
}

#[derive(Debug)]
pub struct Device {
    pub id: DeviceId,
    pub model: ModelId,
    pub lifecycle: Lifecycle,
    /// Of its last message on record.
    pub number: (u64, u64),
    pub login_counter: Option<u64>,
    pub running: Option<Digest>,
}

impl Device {
    /// Whether it may be given a job.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Provisioned | Lifecycle::Active)
    }
}

impl Fleet {
    #[must_use]
    pub fn find(&self, id: &DeviceId) -> Option<DeviceIx> {
        self.by_id.get(id).copied()
    }

    #[must_use]
    pub fn get(&self, ix: DeviceIx) -> &Device {
        &self.devices[ix as usize]
    }

    pub(super) fn count(&mut self, fact: &Fact) -> Checked {
        match fact {
            Fact::DeviceRegistered(fact) => {
                let ix = DeviceIx::try_from(self.devices.len()).expect("few devices");
                demand(
                    fact.device == ix && !self.by_id.contains_key(&fact.id),
                    "a device is registered once",
                    || format!("{fact:?}"),
                )?;
                self.by_id.insert(fact.id.clone(), ix);
                self.devices.push(Device {
                    id: fact.id.clone(),
                    model: fact.model.clone(),
                    lifecycle: Lifecycle::Provisioned,
                    number: (0, 0),
                    login_counter: None,
                    running: None,
                });
                Ok(())
            }
            Fact::DeviceGreeted(fact) => {
                let device = &mut self.devices[fact.device as usize];
                device.running = Some(fact.running.digest);
                if let Some(counter) = fact.login_counter {
                    let last = device.login_counter.replace(counter);
                    demand(
                        last.is_none_or(|last| last < counter),
                        "a login counter is used once",
                        || format!("{}: {counter} after {last:?}", device.id),
                    )?;
                }
                self.message(fact.device, (fact.epoch, fact.seq), fact.fingerprint)
            }
            Fact::DeviceReported(fact) => {
                let device = &mut self.devices[fact.device as usize];
                if let Some(running) = &fact.running {
                    device.running = Some(running.digest);
                }
                let epoch = fact.epoch.unwrap_or(device.number.0);
                self.message(fact.device, (epoch, fact.seq), fact.fingerprint)
            }
            Fact::LifecycleChanged(fact) => {
                self.devices[fact.device as usize].lifecycle = fact.lifecycle;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, ix: DeviceIx, number: (u64, u64), fingerprint: u32) -> Checked {
        let device = &mut self.devices[ix as usize];
        let last = std::mem::replace(&mut device.number, number);
        demand(
            last < number,
            "duplicates and reorderings are not recorded",
            || format!("{}: message {number:?} after {last:?}", device.id),
        )?;
        demand(
            device.lifecycle != Lifecycle::Retired,
            "a retired device is not heard",
            || device.id.to_string(),
        )?;
        let said = (number.0, number.1, fingerprint);
        let heard = self.heard.get(&device.id);
        demand(
            heard.is_some_and(|heard| heard.contains(&said)),
            "only what was said is recorded",
            || format!("{}: message {number:?}", device.id),
        )
    }
}

impl Book {
    /// A message has reached the engine.
    pub fn heard(&mut self, id: &DeviceId, request: &Request) {
        let Request::Device {
            fingerprint,
            message,
            ..
        } = request
        else {
            return;
        };
        let (epoch, seq) = match message {
            DeviceMessage::Hello { hello, .. } => (hello.epoch, hello.seq),
            DeviceMessage::Report(report) => (report.epoch, report.seq),
        };
        let heard = self.fleet.heard.entry(id.clone()).or_default();
        heard.insert((epoch, seq, *fingerprint));
    }
}
