//! Which group of a campaign a device belongs to.
//!
//! Fleets say the same things a thousand times, so criteria are judged once for each kind of device, not for each device;
//! and what a kind is follows from what the criteria ask.

use alloc::{collections::BTreeMap, vec::Vec};

use alloc::collections::BTreeSet;

use fleetfold_schemas::{
    campaign::{Criteria, Facets},
    command::Lifecycle,
    mutant::{Mutant, is_on},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::{
    DeviceIx, State,
    gate::ab::Arm,
    state::{Campaign, Device, Inventory, Number, Roster, group_order},
};

/// All that a campaign's criteria can tell apart in a device: devices of a kind are in the same groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind {
    arm: Arm,
    model: Number,
    profile: u32,
    image: u32,
    attributes: u32,
    name: u32,
}

/// Puts devices into the groups of one campaign.
#[derive(Debug)]
pub struct Grouping<'s> {
    campaign: &'s Campaign,
    /// The groups' places in the description, in the order of offers.
    order: Vec<u16>,
    /// Of all groups.
    layers: Vec<&'s Criteria>,
    by_attributes: bool,
    by_name: bool,
    profiles: Classes,
    images: Classes,
    attributes: Classes,
    names: Classes,
    known: HashMap<Kind, Option<u16>, FxBuildHasher>,
}

/// Values of which the criteria say the same are of one class: of a thousand profiles there are a handful.
#[derive(Debug, Default)]
struct Classes {
    /// By the value's number in its table, behind what it is to have none.
    known: Vec<Option<u32>>,
    /// By what each layer of the criteria says.
    classes: BTreeMap<Vec<bool>, u32>,
}

impl Classes {
    fn of(&mut self, number: Option<Number>, judge: impl FnOnce() -> Vec<bool>) -> u32 {
        let at = number.map_or(0, |number| number.at() + 1);
        if let Some(Some(class)) = self.known.get(at) {
            return *class;
        }
        let class = self.judged(judge());
        if self.known.len() <= at {
            self.known.resize(at + 1, None);
        }
        self.known[at] = Some(class);
        class
    }

    fn judged(&mut self, verdicts: Vec<bool>) -> u32 {
        let next = u32::try_from(self.classes.len()).expect("no more classes than devices");
        *self.classes.entry(verdicts).or_insert(next)
    }
}

impl<'s> Grouping<'s> {
    #[must_use]
    pub fn of(campaign: &'s Campaign) -> Self {
        let criteria = || campaign.spec.groups.iter().map(|group| &group.criteria);
        Self {
            campaign,
            order: group_order(&campaign.spec).map(|(at, _)| at).collect(),
            layers: criteria().flat_map(Criteria::layers).collect(),
            by_attributes: criteria().any(Criteria::asks_attributes),
            by_name: criteria().any(Criteria::names_devices),
            profiles: Classes::default(),
            images: Classes::default(),
            attributes: Classes::default(),
            names: Classes::default(),
            known: HashMap::with_hasher(FxBuildHasher),
        }
    }

    /// As [`Grouping::judge`], for many devices: each kind is judged once.
    pub fn group_of(&mut self, device: Device<'_>) -> Option<u16> {
        if device.lifecycle() == Lifecycle::Retired {
            return None;
        }
        let kind = self.kind_of(device);
        if let Some(group) = self.known.get(&kind) {
            return *group;
        }
        let group = self.judge(device);
        self.known.insert(kind, group);
        group
    }

    /// Worth it only for many devices.
    pub fn kind_of(&mut self, device: Device<'_>) -> Kind {
        let numbers = device.numbers();
        let layers = &self.layers;
        let verdicts = |fits: &dyn Fn(&Criteria) -> bool| -> Vec<bool> {
            layers.iter().map(|layer| fits(layer)).collect()
        };
        let profile = self.profiles.of(numbers.profile, || {
            let inventory = device.inventory();
            let facets = facets(device, &inventory);
            verdicts(&|layer| layer.fits_profile(&facets))
        });
        let image = self.images.of(numbers.running, || {
            let version = device.running().map(|(_, image)| &image.version);
            verdicts(&|layer| layer.fits_version(version))
        });
        let mut attributes = 0;
        if self.by_attributes {
            attributes = self.attributes.of(numbers.attributes, || {
                let inventory = device.inventory();
                verdicts(&|layer| layer.fits_attributes(&inventory.attributes))
            });
        }
        let mut name = 0;
        if self.by_name {
            let fits = verdicts(&|layer| layer.fits_name(device.name()));
            name = self.names.judged(fits);
        }
        Kind {
            arm: self.campaign.arm_of(device).0,
            model: numbers.model,
            profile,
            image,
            attributes,
            name,
        }
    }

    /// The first group that a device fits, by its number in the order of offers. `None`: it takes no part.
    #[must_use]
    pub fn judge(&self, device: Device<'_>) -> Option<u16> {
        let (arm, is_given) = self.campaign.arm_of(device);
        if !is_given || device.lifecycle() == Lifecycle::Retired {
            return None;
        }
        self.campaign.release_in(arm, device.model())?;
        self.fits(device)
    }

    /// The first group whose criteria fit.
    fn fits(&self, device: Device<'_>) -> Option<u16> {
        self.all_of(device).first().copied()
    }

    /// All groups that it fits, whether there is a release for it or not.
    pub fn all_of(&self, device: Device<'_>) -> Vec<u16> {
        let inventory = device.inventory();
        let facets = facets(device, &inventory);
        let groups = &self.campaign.spec.groups;
        (0u16..)
            .zip(&self.order)
            .filter(|(_, at)| {
                groups[usize::from(**at)].criteria.matches(&facets)
                    || is_on(Mutant::CriteriaIgnored)
            })
            .map(|(group, _)| group)
            .collect()
    }
}

fn facets<'a>(device: Device<'a>, inventory: &'a Inventory) -> Facets<'a> {
    Facets {
        device: device.name(),
        model: device.model(),
        hardware: inventory.hardware.as_ref(),
        region: inventory.region.as_ref(),
        version: device.running().map(|(_, image)| &image.version),
        tenant: inventory.tenant.as_ref(),
        tags: &inventory.tags,
        attributes: &inventory.attributes,
    }
}

/// Whether a device is of the arm of a comparison that is given nothing, and would take part otherwise.
#[must_use]
pub fn is_control(campaign: &Campaign, device: Device<'_>) -> bool {
    let (_, is_given) = campaign.arm_of(device);
    !is_given
        && campaign.release_for(device.model()).is_some()
        && Grouping::of(campaign).fits(device).is_some()
}

/// All devices that take part in a campaign that starts now, with their groups.
pub fn takers<'s>(
    state: &'s State,
    campaign: &'s Campaign,
) -> impl Iterator<Item = (DeviceIx, u16)> + 's {
    let mut grouping = Grouping::of(campaign);
    let named = named(state, campaign);
    let everybody = match &named {
        Some(_) => 0,
        None => state.devices.len(),
    };
    let candidates = (0..everybody).chain(named.into_iter().flatten());
    candidates.filter_map(move |ix| Some((ix, grouping.group_of(state.devices.get(ix))?)))
}

/// The devices that a campaign names one by one, if it is for no others: nobody else needs to be looked at.
fn named(state: &State, campaign: &Campaign) -> Option<BTreeSet<DeviceIx>> {
    let groups = campaign.spec.groups.iter();
    let ids: Option<Vec<_>> = groups
        .map(|group| group.criteria.devices.as_ref())
        .collect();
    let ids = ids?.into_iter().flatten();
    Some(ids.filter_map(|id| state.devices.find(id)).collect())
}

/// The members that a campaign would have if it started now.
#[must_use]
pub fn roster_now(state: &State, campaign: &Campaign) -> Roster {
    Roster::enroll(campaign, takers(state, campaign), &state.devices)
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use fleetfold_schemas::{
        CampaignId, ModelId,
        campaign::{CampaignSpec, ReleaseRef},
        command::Credential,
    };
    use serde_json::json;

    use super::*;
    use crate::state::Said;

    fn campaign(model: &ModelId) -> Campaign {
        let release = ReleaseRef {
            model: model.clone(),
            version: "2.0.0".parse().unwrap(),
        };
        let id = CampaignId::parse("spring").unwrap();
        let mut spec = CampaignSpec::new(id, vec![release]);
        let groups = json!([
            {
                "name": "chosen",
                "criteria": {
                    "region": ["region-1", "region-2"],
                    "tags": "outdoor",
                    "attributes": {"batch": ["3", "14"]},
                    "not": {"attributes": {"site": "107"}},
                },
            },
            {"name": "rest", "rollout_order": 2, "criteria": {"devices": ["d-1", "d-5"]}},
        ]);
        spec.groups = serde_json::from_value(groups).unwrap();
        Campaign::new(spec, vec![0], 0)
    }

    #[test]
    fn devices_that_criteria_do_not_tell_apart_are_judged_once() {
        let model = ModelId::parse("sensor-a").unwrap();
        let campaign = campaign(&model);
        let mut state = State::default();
        // No two devices say the same.
        for n in 0..1000 {
            let credential = Credential::TokenSha256([0; 32]);
            assert!(state.devices.insert(&format!("d-{n}"), &model, &credential));
            let region = format!("region-{}", n % 7).parse().unwrap();
            let line = format!("line-{}", n % 11).parse().unwrap();
            state.devices.set_inventory(
                n,
                &Said {
                    hardware: None,
                    capabilities: &[],
                    region: Some(&region),
                    time_zone: None,
                    tenant: None,
                    tags: &[line, "outdoor".parse().unwrap()],
                    attributes: &[
                        ("batch".parse().unwrap(), format!("{}", n % 52)),
                        ("site".parse().unwrap(), format!("{n}")),
                    ],
                },
            );
        }
        let mut grouping = Grouping::of(&campaign);
        let mut sizes = [0, 0];
        for (_, device) in state.devices.iter() {
            let group = grouping.group_of(device);
            assert_eq!(group, grouping.judge(device), "{device:?}");
            group
                .iter()
                .for_each(|group| sizes[usize::from(*group)] += 1);
        }
        // Eleven are of batch 3 or 14 and in the regions, one of them at the site that is left out.
        assert_eq!(sizes, [10, 2]);
        assert!(grouping.known.len() <= 12, "{:?}", grouping.known);
    }
}
