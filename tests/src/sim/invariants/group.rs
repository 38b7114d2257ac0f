//! Groups: which devices fit their criteria, who comes first, and in which phase.

use fleetfold_core::DeviceIx;
use fleetfold_schemas::{
    CampaignId, DeviceId,
    campaign::{CampaignSpec, Criteria, GroupOrder, StrataKey},
};

use super::{arms::arm_of, fleet::Device, member::Member};

/// A group of a campaign, in the order in which groups are offered the update.
#[derive(Debug)]
pub(super) struct Group {
    /// Its place in the description.
    spec: usize,
    /// Groups of the same track go through the phases together.
    pub(super) track: usize,
    /// The highest rank in each phase, for those who come later.
    reaches: Vec<u64>,
}

/// By `rollout_order`, then by `priority`, then as they are written.
pub(super) fn in_order(spec: &CampaignSpec) -> Vec<Group> {
    let mut order: Vec<_> = (0..spec.groups.len()).collect();
    order.sort_by_key(|at| (spec.groups[*at].rollout_order, spec.groups[*at].priority));
    let mut numbers: Vec<_> = spec.groups.iter().map(|it| it.rollout_order).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let track = |at: usize| match spec.group_order {
        GroupOrder::Parallel => 0,
        GroupOrder::Sequential => {
            let own = spec.groups[at].rollout_order;
            numbers.iter().take_while(|number| **number < own).count()
        }
    };
    let group = |spec: usize| Group {
        spec,
        track: track(spec),
        reaches: Vec::new(),
    };
    order.into_iter().map(group).collect()
}

/// The first of the groups that a device fits.
pub(super) fn group_of(spec: &CampaignSpec, groups: &[Group], device: &Device) -> Option<usize> {
    let has_release = spec.releases.iter().any(|it| it.model == device.model);
    // Whoever is to show how it goes without the update takes no part.
    if !has_release || device.is_retired() || arm_of(spec, &device.id).is_none() {
        return None;
    }
    let fits = |group: &Group| fits(&spec.groups[group.spec].criteria, device);
    groups.iter().position(fits)
}

/// Whether a device is what criteria ask for.
fn fits(criteria: &Criteria, device: &Device) -> bool {
    fn is_one_of<T: ToString>(wanted: Option<&Vec<T>>, found: Option<String>) -> bool {
        wanted.is_none_or(|wanted| {
            let mut texts = wanted.iter().map(ToString::to_string);
            found.is_some_and(|found| texts.any(|text| text == found))
        })
    }
    let text = |name: Option<&dyn ToString>| name.map(ToString::to_string);
    let said = &device.said;
    let has_version = criteria.version.as_ref().is_none_or(|wanted| {
        let texts = wanted.iter().map(serde_json::to_value);
        let mut texts = texts.filter_map(|value| Some(value.ok()?.as_str()?.to_owned()));
        let version = device.version.as_ref().map(ToString::to_string);
        version.is_some_and(|version| texts.any(|wanted| is_version(&version, &wanted)))
    });
    let has_tags = criteria
        .tags
        .iter()
        .flatten()
        .all(|tag| said.tags.contains(tag));
    let has_any_tag = criteria
        .tags_any
        .as_ref()
        .is_none_or(|any| said.tags.iter().any(|tag| any.contains(tag)));
    let has_attributes = criteria
        .attributes
        .iter()
        .all(|(key, wanted)| is_one_of(wanted.as_ref(), said.attributes.get(key).cloned()));
    let is_named = criteria
        .devices
        .as_ref()
        .is_none_or(|devices| devices.contains(&device.id));
    let is_excepted = criteria.not.as_ref().is_some_and(|not| fits(not, device));
    is_one_of(
        criteria.device_type.as_ref(),
        Some(device.model.to_string()),
    ) && is_one_of(
        criteria.hardware_revision.as_ref(),
        text(said.hardware.as_ref().map(|it| it as _)),
    ) && is_one_of(
        criteria.region.as_ref(),
        text(said.region.as_ref().map(|it| it as _)),
    ) && is_one_of(
        criteria.tenant.as_ref(),
        text(said.tenant.as_ref().map(|it| it as _)),
    ) && has_version
        && has_tags
        && has_any_tag
        && has_attributes
        && is_named
        && !is_excepted
}

/// The simulation's operators write `>=` or `<` and three numbers.
fn is_version(version: &str, wanted: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.trim().split('.');
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    let least = wanted.strip_prefix(">=").map(numbers);
    let above = wanted.strip_prefix('<').map(numbers);
    let own = numbers(version);
    least.is_none_or(|least| own >= least) && above.is_none_or(|above| own < above)
}

/// By hash of campaign and device, as PROTOCOL.md has it.
pub(super) fn rank(campaign: &CampaignId, device: &DeviceId) -> u64 {
    hash(b"fleetfold/cohort/v1", campaign, device)
}

pub(super) fn hash(domain: &[u8], campaign: &CampaignId, device: &DeviceId) -> u64 {
    let text = [
        domain,
        &[0],
        campaign.as_str().as_bytes(),
        &[0],
        device.as_str().as_bytes(),
    ];
    let digest = blake3::hash(&text.concat());
    digest.as_bytes()[..8]
        .try_into()
        .map_or(0, u64::from_le_bytes)
}

/// Whoever takes part from the start, by group and rank, ties by registration; each in its phase.
pub(super) fn enroll<'d>(
    spec: &CampaignSpec,
    groups: &mut [Group],
    devices: impl Iterator<Item = (DeviceIx, &'d Device)>,
) -> Vec<Member> {
    let mut members: Vec<_> = devices
        .filter_map(|(ix, device)| {
            let group = group_of(spec, groups, device)?;
            let mut member = Member::new(ix, rank(&spec.id, &device.id), group);
            member.arm = arm_of(spec, &device.id)?;
            Some(member)
        })
        .collect();
    members.sort_unstable_by_key(|member| (member.group, member.rank, member.device));
    for (at, group) in groups.iter_mut().enumerate() {
        let own = members.iter_mut().filter(|member| member.group == at);
        let mut own: Vec<_> = own.collect();
        let mut least = 0;
        let mut cuts = Vec::new();
        for phase in &spec.phases {
            let share = (own.len() * usize::from(phase.percentage.get())).div_ceil(10_000);
            least = share.max(usize::from(!own.is_empty())).max(least);
            cuts.push(least);
            // Of all there were, whoever comes later is as much a part.
            let is_part = least < own.len();
            group.reaches.push(if is_part {
                own[least - 1].rank
            } else {
                let share = u128::from(u64::MAX) * u128::from(phase.percentage.get()) / 10_000;
                u64::try_from(share).unwrap_or(u64::MAX)
            });
        }
        for (at, member) in own.iter_mut().enumerate() {
            member.phase = cuts.iter().take_while(|cut| **cut <= at).count();
        }
    }
    members
}

/// The first phase whose ranks reach to this one.
pub(super) fn phase_of(group: &Group, rank: u64) -> usize {
    let reaches = group.reaches.iter();
    reaches.take_while(|highest| rank > **highest).count()
}

/// What a device is for gates that tell kinds of devices apart; empty if it says nothing of it.
pub(super) fn stratum_of(key: &StrataKey, device: &Device) -> String {
    let said = &device.said;
    match key {
        StrataKey::DeviceType => Some(device.model.to_string()),
        StrataKey::Version => device.version.as_ref().map(ToString::to_string),
        StrataKey::HardwareRevision => said.hardware.as_ref().map(ToString::to_string),
        StrataKey::Region => said.region.as_ref().map(ToString::to_string),
        StrataKey::Tenant => said.tenant.as_ref().map(ToString::to_string),
        StrataKey::Attribute(name) => said.attributes.get(name).cloned(),
    }
    .unwrap_or_default()
}
