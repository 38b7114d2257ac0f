//! One pass over a campaign's members, and all that a report needs of it.
//!
//! Fleets say the same things a thousand times, so members are counted by kind, and what a kind is like is looked up once.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::num::{NonZeroU8, NonZeroU32};

use fleetfold_schemas::{
    Name,
    campaign::HOUR_MS,
    device::ErrorClass,
    job::{DELTA_FORMAT, Offer},
    report::Factor,
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::{
    CampaignIx, DeviceIx, State, Timestamp,
    gate::association::Table,
    offers::offers_from,
    state::{Campaign, Member, MemberState, Number},
};

/// What members may differ in: model, what the device says of itself, what it ran before.
type Kind = (Number, Option<Number>, Option<NonZeroU8>);

/// What the members come to.
pub struct Census<'s> {
    state: &'s State,
    campaign: &'s Campaign,
    /// When each member that runs the target came to.
    pub updated_at: Vec<Timestamp>,
    /// When each member that counts as failed came to its present state.
    pub failed_at: Vec<Timestamp>,
    /// Members by the error of their last failed attempt.
    pub errors: BTreeMap<(ErrorClass, Name), u32>,
    /// Failed with no attempt left.
    pub lost: u64,
    /// Offered the update and never heard of since.
    pub silent: u64,
    pub kinds: HashMap<Kind, KindCount, FxBuildHasher>,
    /// Members with an outcome of their own, by kind and by the hour of their first offer.
    outcomes: HashMap<(Kind, u32), Outcomes, FxBuildHasher>,
}

/// Members of one kind.
#[derive(Debug, Clone, Copy)]
pub struct KindCount {
    /// Any one of them.
    pub example: DeviceIx,
    /// Attempts queued so far, of all of them.
    pub attempts: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    devices: u64,
    failed: u64,
}

impl<'s> Census<'s> {
    pub fn of(state: &'s State, ix: CampaignIx) -> Self {
        let campaign = state.campaigns.get(ix);
        let mut census = Self {
            state,
            campaign,
            updated_at: Vec::new(),
            failed_at: Vec::new(),
            errors: BTreeMap::new(),
            lost: 0,
            silent: 0,
            kinds: HashMap::with_hasher(FxBuildHasher),
            outcomes: HashMap::with_hasher(FxBuildHasher),
        };
        let phases = campaign.spec.phases.len();
        for member in campaign.roster.all() {
            // Nothing is ever offered to those beyond the last phase.
            if usize::from(member.place.phase) < phases && member.state != MemberState::Waiting {
                census.count(member);
            }
        }
        census
    }

    fn count(&mut self, member: &Member) {
        let numbers = self.state.devices.get(member.device).numbers();
        let kind = (numbers.model, numbers.profile, member.source);
        self.kinds
            .entry(kind)
            .or_insert(KindCount {
                example: member.device,
                attempts: 0,
            })
            .attempts += u64::from(member.attempts);
        self.lost += u64::from(member.is_lost());
        self.silent += u64::from(!member.accepted && member.state == MemberState::Removed);
        if member.state == MemberState::Succeeded {
            self.updated_at.push(member.since);
        }
        if let Some(error) = &member.error {
            // A clone of the code only for an error that is new.
            let key = (error.class, error.code.clone());
            *self.errors.entry(key).or_default() += 1;
        }
        let has_failed = member.failed || member.error.is_some();
        if member.failed {
            self.failed_at.push(member.since);
        }
        // Whoever ran the target already has proven nothing.
        let has_succeeded = member.state == MemberState::Succeeded && member.accepted;
        if has_failed || has_succeeded {
            let first_s = member.first_offer_s.map_or(0, NonZeroU32::get);
            let hour = u64::from(first_s) * 1000 / HOUR_MS;
            let hour = u32::try_from(hour).expect("seconds of a u32 are fewer hours");
            let outcomes = self.outcomes.entry((kind, hour)).or_default();
            outcomes.devices += 1;
            outcomes.failed += u64::from(has_failed);
        }
    }

    /// What all attempts were offered, by the ways to the image that there are now.
    pub fn bytes_offered(&self) -> u64 {
        let bytes = self.kinds.iter().map(|((_, _, source), kind)| {
            kind.attempts
                .saturating_mul(self.bytes_of(*source, kind.example))
        });
        bytes.fold(0, u64::saturating_add)
    }

    /// The best offer for a device that comes from a version.
    fn bytes_of(&self, source: Option<NonZeroU8>, example: DeviceIx) -> u64 {
        let device = self.state.devices.get(example);
        let Some(at) = self.campaign.member_of(example, &self.state.devices) else {
            return 0;
        };
        let member = self.campaign.member(at);
        let target = self.campaign.target(member, &self.state.devices);
        let release = self.state.releases.get(target);
        let releases = &self.state.releases;
        let source = source.and_then(|source| self.campaign.sources.get(source));
        let from = source.and_then(|version| releases.find(device.model(), version));
        let from = from.map(|from| releases.get(from).image);
        let capabilities = device.inventory().capabilities;
        let can_apply = capabilities
            .iter()
            .any(|name| name.as_str() == DELTA_FORMAT);
        let offers = offers_from(self.state, release, from.filter(|_| can_apply));
        offers.first().map_or(0, |offer| match offer {
            Offer::Full { size_bytes, .. } | Offer::Delta { size_bytes, .. } => *size_bytes,
        })
    }

    /// Outcomes by all that failures may be explained by.
    pub fn cells(&self) -> Cells {
        let mut cells = Cells::default();
        let mut known: HashMap<Kind, [u32; 4], FxBuildHasher> = HashMap::with_hasher(FxBuildHasher);
        let mut counted: BTreeMap<[u32; 5], Outcomes> = BTreeMap::new();
        // The order of a hash table is no order: numbers are given to sorted names below.
        let mut names: [BTreeMap<String, u32>; 5] = Default::default();
        let mut take = |factor: Factor, value: String| {
            let names = &mut names[factor as usize];
            let next = u32::try_from(names.len()).expect("fewer than devices");
            *names.entry(value).or_insert(next)
        };
        for ((kind, hour), outcomes) in &self.outcomes {
            let [model, hardware, region, source] = *known.entry(*kind).or_insert_with(|| {
                let values = self.values(*kind);
                [
                    take(Factor::Model, values.0),
                    take(Factor::Hardware, values.1),
                    take(Factor::Region, values.2),
                    take(Factor::Source, values.3),
                ]
            });
            let hour = take(Factor::Hour, hour.to_string());
            let sum = counted
                .entry([model, hardware, region, source, hour])
                .or_default();
            sum.devices += outcomes.devices;
            sum.failed += outcomes.failed;
        }
        cells.cells = counted
            .into_iter()
            .map(|(values, outcomes)| (values, outcomes.devices, outcomes.failed))
            .collect();
        cells.names = names.map(|names| names.into_iter().collect());
        cells
    }

    /// Model, hardware, region and source version, in words.
    fn values(&self, kind: Kind) -> (String, String, String, String) {
        let known = self.kinds.get(&kind).expect("it was counted");
        let device = self.state.devices.get(known.example);
        let inventory = device.inventory();
        let unknown = || "unknown".to_string();
        let source = match kind.2 {
            None => unknown(),
            Some(number) => match self.campaign.sources.get(number) {
                Some(version) => version.to_string(),
                None => "others".to_string(),
            },
        };
        (
            device.model().to_string(),
            inventory.hardware.map_or_else(unknown, |it| it.to_string()),
            inventory.region.map_or_else(unknown, |it| it.to_string()),
            source,
        )
    }
}

/// Outcomes of devices that nothing tells apart.
#[derive(Debug, Default)]
pub struct Cells {
    /// The numbers of their values, by factor; devices; failed ones.
    cells: Vec<([u32; 5], u64, u64)>,
    /// Values and their numbers, in the order of their names.
    names: [Vec<(String, u32)>; 5],
}

impl Cells {
    pub fn names(&self, factor: Factor) -> &[(String, u32)] {
        &self.names[factor as usize]
    }

    /// Over the cells that are wanted.
    pub fn sum(&self, is_wanted: impl Fn(&[u32; 5]) -> bool) -> Table {
        let mut sum = Table::default();
        for (values, devices, failed) in &self.cells {
            if is_wanted(values) {
                sum.devices += devices;
                sum.failed += failed;
            }
        }
        sum
    }

    /// Devices and failed ones by the values of a factor, of the cells that are wanted.
    pub fn by_value(
        &self,
        factor: Factor,
        is_wanted: impl Fn(&[u32; 5]) -> bool,
    ) -> Vec<(u64, u64)> {
        let mut sums = alloc::vec![(0, 0); self.names(factor).len()];
        for (values, devices, failed) in self.cells.iter().filter(|(values, ..)| is_wanted(values))
        {
            let sum = &mut sums[values[factor as usize] as usize];
            sum.0 += devices;
            sum.1 += failed;
        }
        sums
    }
}
