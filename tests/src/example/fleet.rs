//! A hundred devices of three models, of which the example's groups want some.

use std::collections::BTreeMap;

use fleetfold_device_sim::{agent::Inventory, fleet::DeviceSpec};
use fleetfold_schemas::{CampaignId, DeviceId, Name, command::Command};

use crate::{
    devices::Device,
    firmware::{Model, Release},
};

/// The names of the models and of the groups are those of the example.
pub const MODELS: [&str; 3] = ["sensor_v2", "gateway_v1", "sensor_v1"];
/// In the order in which they are offered the update.
pub const GROUPS: [&str; 3] = ["test", "standard", "critical"];
/// Of each model.
const DEVICES: [usize; 3] = [36, 20, 44];
const REGIONS: [&str; 3] = ["us-east-1", "us-east-1", "eu-west-1"];
const SEED: u64 = 4;

/// One model with its two releases.
#[derive(Debug)]
pub struct Product {
    pub model: Model,
    pub old: Release,
    pub new: Release,
}

/// One device, and what it says of itself.
#[derive(Debug)]
pub struct Placed {
    pub device: Device,
    /// The place of its model.
    pub model: usize,
    region: Option<&'static str>,
    tags: Vec<&'static str>,
}

/// One release key for all of them.
#[must_use]
pub fn products() -> Vec<Product> {
    let seeds = SEED..;
    seeds
        .zip(MODELS)
        .map(|(seed, model)| {
            let old = Release::first(seed, 24 * 1024);
            Product {
                model: Model::new(model, SEED),
                new: old.next(seed, 4),
                old,
            }
        })
        .collect()
}

/// Of every model some are in each region and some nowhere; some have one tag or both.
#[must_use]
pub fn devices() -> Vec<Placed> {
    let mut all = Vec::new();
    for (model, count) in DEVICES.into_iter().enumerate() {
        let name = MODELS[model].replace('_', "-");
        for (number, device) in Device::many(&name, SEED, count).into_iter().enumerate() {
            let tags: &[&str] = match number % 12 {
                3 => &["test", "beta"],
                5 => &["test"],
                7 => &["beta", "lab"],
                11 => &["lab", "beta", "test"],
                _ => &[],
            };
            all.push(Placed {
                device,
                model,
                region: REGIONS.get(number % 4).copied(),
                tags: tags.to_vec(),
            });
        }
    }
    all
}

impl Placed {
    #[must_use]
    pub fn registration(&self, products: &[Product]) -> Command {
        self.device.registration(&products[self.model].model.id)
    }

    #[must_use]
    pub fn switched_on(&self, products: &[Product]) -> DeviceSpec {
        let Product { model, old, .. } = &products[self.model];
        let name = |text: &str| Name::parse(text).expect("our own names are valid");
        let mut spec = self.device.running(&model.id, old);
        spec.inventory = Inventory {
            region: self.region.map(name),
            tags: self.tags.iter().map(|tag| name(tag)).collect(),
            ..Inventory::default()
        };
        spec
    }

    /// The group that it belongs to, by what the example says in words: those with both tags are for trying things out; all
    /// other first-generation sensors are standard; the others are critical if they are in that one region.
    #[must_use]
    pub fn group(&self) -> Option<&'static str> {
        let is_for_tests = ["test", "beta"].iter().all(|tag| self.tags.contains(tag));
        match (is_for_tests, MODELS[self.model], self.region) {
            (true, ..) => Some("test"),
            (false, "sensor_v1", _) => Some("standard"),
            (false, "sensor_v2" | "gateway_v1", Some("us-east-1")) => Some("critical"),
            _ => None,
        }
    }
}

/// Who is in which group, each in the order of the campaign.
#[must_use]
pub fn groups(campaign: &CampaignId, devices: &[Placed]) -> BTreeMap<&'static str, Vec<DeviceId>> {
    let rank = |device: &DeviceId| {
        let text = format!("fleetfold/cohort/v1\0{campaign}\0{device}");
        let hash = blake3::hash(text.as_bytes());
        let first = hash.as_bytes()[..8].try_into();
        first.map_or(0, u64::from_le_bytes)
    };
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for device in devices {
        if let Some(group) = device.group() {
            groups
                .entry(group)
                .or_default()
                .push(device.device.id.clone());
        }
    }
    for members in groups.values_mut() {
        members.sort_by_key(&rank);
    }
    groups
}
