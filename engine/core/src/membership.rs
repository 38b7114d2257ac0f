//! Which group of a campaign a device belongs to.
//!
//! Fleets say the same things a thousand times, so criteria are judged once for each kind of device, not for each device.

use alloc::collections::BTreeSet;

use fleetfold_schemas::{
    campaign::{CampaignSpec, Facets},
    command::Lifecycle,
    mutant::{Mutant, is_on},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::{
    DeviceIx, State,
    state::{Campaign, Device, Number, Roster, group_order},
};

/// All that criteria can ask of a device but its name.
pub type Kind = (Number, Option<Number>, Option<Number>, Option<Number>);

/// Puts devices into the groups of one campaign.
#[derive(Debug)]
pub struct Grouping<'s> {
    campaign: &'s Campaign,
    /// The groups' places in the description, in the order of offers.
    order: alloc::vec::Vec<u16>,
    /// Devices are named one by one, so that their kind does not tell.
    by_name: bool,
    by_attributes: bool,
    known: HashMap<Kind, Option<u16>, FxBuildHasher>,
}

impl<'s> Grouping<'s> {
    #[must_use]
    pub fn of(campaign: &'s Campaign) -> Self {
        let criteria = |spec: &'s CampaignSpec| spec.groups.iter().map(|group| &group.criteria);
        Self {
            campaign,
            order: group_order(&campaign.spec).map(|(at, _)| at).collect(),
            // The arm of a device follows from its name.
            by_name: campaign.comparison.is_some()
                || criteria(&campaign.spec).any(|criteria| criteria.names_devices()),
            by_attributes: criteria(&campaign.spec).any(|criteria| criteria.asks_attributes()),
            known: HashMap::with_hasher(FxBuildHasher),
        }
    }

    /// The first group that it fits, by its number in the order of offers. `None`: it takes no part.
    pub fn group_of(&mut self, device: Device<'_>) -> Option<u16> {
        if device.lifecycle() == Lifecycle::Retired {
            return None;
        }
        let Some(kind) = self.kind_of(device) else {
            return self.judge(device);
        };
        if let Some(group) = self.known.get(&kind) {
            return *group;
        }
        let group = self.judge(device);
        self.known.insert(kind, group);
        group
    }

    /// `None`: its kind does not tell.
    pub fn kind_of(&self, device: Device<'_>) -> Option<Kind> {
        let numbers = device.numbers();
        let attributes = numbers.attributes.filter(|_| self.by_attributes);
        let kind = (numbers.model, numbers.profile, numbers.running, attributes);
        (!self.by_name).then_some(kind)
    }

    fn judge(&self, device: Device<'_>) -> Option<u16> {
        let (arm, is_given) = self.campaign.arm_of(device.name());
        if !is_given {
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
    pub fn all_of(&self, device: Device<'_>) -> alloc::vec::Vec<u16> {
        let inventory = device.inventory();
        let facets = Facets {
            device: device.name(),
            model: device.model(),
            hardware: inventory.hardware.as_ref(),
            region: inventory.region.as_ref(),
            version: device.running().map(|(_, image)| &image.version),
            tenant: inventory.tenant.as_ref(),
            tags: &inventory.tags,
            attributes: &inventory.attributes,
        };
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

/// Whether a device is of the arm of a comparison that is given nothing, and would take part otherwise.
#[must_use]
pub fn is_control(campaign: &Campaign, device: Device<'_>) -> bool {
    let (_, is_given) = campaign.arm_of(device.name());
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
    let ids: Option<alloc::vec::Vec<_>> = groups
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
