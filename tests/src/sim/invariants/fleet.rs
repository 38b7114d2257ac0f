//! Devices: who is registered, what each has said, and that nothing is on record which nobody said.

use std::collections::{BTreeMap, BTreeSet};

use fleetfold_core::{
    DeviceIx, DeviceMessage, Fact, Request,
    fact::{DeviceGreeted, DeviceReported},
};
use fleetfold_schemas::{
    DeviceId, Digest, ModelId, Name, TimeZoneName, Version,
    command::Lifecycle,
    device::Running,
    job::{CONDITIONS_CAPABILITY, DELTA_FORMAT},
};

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
    /// When its last message was recorded, if there is one.
    pub(super) heard_ms: Option<u64>,
    /// Of its last message on record.
    pub number: (u64, u64),
    pub login_counter: Option<u64>,
    pub running: Option<Digest>,
    /// What its other slot held when it last greeted.
    pub(super) standby: Option<Digest>,
    /// Of the image that runs.
    pub(super) version: Option<Version>,
    /// It can rebuild an image from a delta.
    pub(super) can_patch: bool,
    /// It knows how to wait for what a campaign asks for; who has said nothing yet may.
    pub(super) can_wait: bool,
    /// What ran before its last message, and whether it could patch then.
    pub(super) before: (Option<Digest>, bool),
    pub(super) said: Said,
}

/// What a device has said of itself for others to sort it by.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) hardware: Option<Version>,
    pub(super) region: Option<Name>,
    pub(super) tenant: Option<Name>,
    pub(super) time_zone: Option<TimeZoneName>,
    pub(super) tags: Vec<Name>,
    pub(super) attributes: BTreeMap<Name, String>,
}

impl Device {
    #[must_use]
    pub(super) fn is_retired(&self) -> bool {
        self.lifecycle == Lifecycle::Retired
    }

    /// Whether it may be given a job.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Provisioned | Lifecycle::Active)
    }
}

impl Device {
    fn runs(&mut self, running: &Running) {
        self.running = Some(running.digest);
        self.version = Some(running.version.clone());
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

    pub(super) fn count(&mut self, at_ms: u64, fact: &Fact) -> Checked {
        if let Fact::DeviceGreeted(DeviceGreeted { device, .. })
        | Fact::DeviceReported(DeviceReported { device, .. }) = fact
        {
            self.devices[*device as usize].heard_ms = Some(at_ms);
        }
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
                    heard_ms: None,
                    number: (0, 0),
                    login_counter: None,
                    running: None,
                    standby: None,
                    version: None,
                    can_patch: false,
                    can_wait: true,
                    before: (None, false),
                    said: Said::default(),
                });
                Ok(())
            }
            Fact::DeviceGreeted(fact) => {
                let device = &mut self.devices[fact.device as usize];
                device.before = (device.running, device.can_patch);
                device.runs(&fact.running);
                device.standby = fact.standby.as_ref().map(|image| image.digest);
                let mut capabilities = fact.capabilities.iter();
                device.can_patch = capabilities.any(|it| it.as_str() == DELTA_FORMAT);
                let mut capabilities = fact.capabilities.iter();
                device.can_wait = capabilities.any(|it| it.as_str() == CONDITIONS_CAPABILITY);
                device.said = Said {
                    hardware: fact.hardware.clone(),
                    region: fact.region.clone(),
                    tenant: fact.tenant.clone(),
                    time_zone: fact.time_zone.clone(),
                    tags: fact.tags.clone(),
                    attributes: fact.attributes.clone().into_iter().collect(),
                };
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
                device.before = (device.running, device.can_patch);
                if let Some(running) = &fact.running {
                    device.runs(running);
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
