//! Who would take part in a campaign that started now, and what they are like.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use fleetfold_schemas::{ModelId, Version, command::Lifecycle, job::DELTA_FORMAT};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::SILENT_MS;
use crate::{
    CampaignIx, DeviceIx, State, Timestamp,
    calendar::{Calendar, When, Window, is_known},
    decide::understands,
    membership::{Grouping, Kind},
    path::{Way, way},
    state::{Campaign, Delta, Device, Roster},
};

/// What one pass over the devices brings.
pub struct Survey {
    pub members: Vec<DeviceIx>,
    pub roster: Roster,
    /// In the order of offers.
    pub groups: Vec<GroupSurvey>,
    /// Members that fit more groups than one.
    pub in_several: u64,
    pub images: Images,
    pub never_heard_of: u64,
    pub silent: u64,
    pub in_maintenance: u64,
    pub flagged: u64,
    pub windows: Windows,
}

/// How members stand to the campaign's maintenance windows, if it has any.
#[derive(Default)]
pub struct Windows {
    /// None of theirs opens in time.
    pub never: u64,
    /// Do not say a time zone that is known.
    pub without_zone: u64,
}

#[derive(Default)]
pub struct GroupSurvey {
    pub members: u64,
    /// Fit it too, and belong to a group before it.
    pub taken: u64,
    /// Fit it first, and the campaign has nothing for their model.
    pub unreleased: BTreeMap<ModelId, u64>,
}

/// What members run. Those by version: how many, and what is sent to them because of it.
#[derive(Default)]
pub struct Images {
    pub on_target: u64,
    pub newer: u64,
    /// Could not be sent back to what they run.
    pub without_way_back: u64,
    /// Do not know how to wait for what must hold.
    pub without_conditions: u64,
    /// By the release that they are given first.
    pub via: BTreeMap<Version, u64>,
    /// By what they run: nothing leads from there to the target.
    pub without_path: BTreeMap<Version, u64>,
    /// By their revision, which the target is not for; empty: they do not say.
    pub other_hardware: BTreeMap<String, u64>,
    pub without_delta: BTreeMap<Version, (u64, u64)>,
    pub building: BTreeMap<Version, (u64, u64)>,
}

/// What all devices of a kind have in common.
struct Fit {
    groups: Vec<u16>,
    has_release: bool,
}

impl Survey {
    pub fn of(state: &State, campaign: &Campaign, now: Timestamp) -> Self {
        let mut grouping = Grouping::of(campaign);
        let mut known: HashMap<Kind, Fit, FxBuildHasher> = HashMap::default();
        let mut survey = Self {
            members: Vec::new(),
            roster: Roster::default(),
            groups: campaign
                .spec
                .groups
                .iter()
                .map(|_| GroupSurvey::default())
                .collect(),
            in_several: 0,
            images: Images::default(),
            never_heard_of: 0,
            silent: 0,
            in_maintenance: 0,
            flagged: 0,
            windows: Windows::default(),
        };
        let mut places = Vec::new();
        // Devices that run the same are counted together.
        let mut alike: HashMap<_, (DeviceIx, u64), FxBuildHasher> = HashMap::default();
        for (ix, device) in state.devices.iter() {
            if device.lifecycle() == Lifecycle::Retired {
                continue;
            }
            let kind = grouping.kind_of(device);
            let fit = known.entry(kind).or_insert_with(|| Fit {
                groups: grouping.all_of(device),
                has_release: campaign.takes(device),
            });
            if let Some(group) = survey.count(device, fit, now) {
                survey.flagged += u64::from(state.streaks.flag(ix).is_some());
                places.push((ix, group));
                let numbers = device.numbers();
                let (arm, _) = campaign.arm_of(device);
                let running = (arm, numbers.model, numbers.profile, numbers.running);
                alike.entry(running).or_insert((ix, 0)).1 += 1;
            }
        }
        let (mut calendar, begins) = (Calendar::default(), begins(campaign, now));
        for (example, count) in alike.into_values() {
            survey.images.count(state, campaign, example, count);
            let device = state.devices.get(example);
            let when = calendar.for_device(campaign, CampaignIx::MAX, device, begins);
            survey.windows.count(when, device, count);
        }
        survey.members = places.iter().map(|(ix, _)| *ix).collect();
        survey.roster = Roster::enroll(campaign, places.into_iter(), &state.devices);
        survey
    }

    /// The group that it takes part in.
    fn count(&mut self, device: Device<'_>, fit: &Fit, now: Timestamp) -> Option<u16> {
        let (first, others) = fit.groups.split_first()?;
        if !fit.has_release {
            let unreleased = &mut self.groups[usize::from(*first)].unreleased;
            *unreleased.entry(device.model().clone()).or_default() += 1;
            return None;
        }
        self.groups[usize::from(*first)].members += 1;
        for other in others {
            self.groups[usize::from(*other)].taken += 1;
        }
        self.in_several += u64::from(!others.is_empty());
        match device.last_seen() {
            None => self.never_heard_of += 1,
            Some(at) => self.silent += u64::from(at + SILENT_MS <= now),
        }
        self.in_maintenance += u64::from(device.lifecycle() == Lifecycle::Maintenance);
        Some(*first)
    }
}

/// When a campaign begins that is started now.
pub fn begins(campaign: &Campaign, now: Timestamp) -> Timestamp {
    let start = campaign.spec.schedule.start.map_or(0, |start| start.ms());
    start.max(now)
}

impl Windows {
    fn count(&mut self, when: When, device: Device<'_>, count: u64) {
        let When::Within(window) = when else {
            return;
        };
        if window == Window::NEVER {
            self.never += count;
        }
        if !device.time_zone().is_some_and(|name| is_known(&name)) {
            self.without_zone += count;
        }
    }
}

impl Images {
    /// `count` members that are like this one.
    fn count(&mut self, state: &State, campaign: &Campaign, example: DeviceIx, count: u64) {
        let device = state.devices.get(example);
        let (arm, _) = campaign.arm_of(device);
        let Some(release) = campaign.release_in(arm, device.model()) else {
            return;
        };
        let target = release;
        let release = state.releases.get(target);
        let Some((_, running)) = device.running() else {
            return;
        };
        if running.digest == release.image {
            self.on_target += count;
            return;
        }
        if state.releases.is_newer(running.digest, release) {
            self.newer += count;
            return;
        }
        match way(&state.releases, target, device) {
            Way::Direct | Way::Unknown => {}
            Way::Via(first) => {
                let version = state.releases.get(first).version.clone();
                *self.via.entry(version).or_default() += count;
                // What it is sent, and could be sent back to, is a matter of the steps.
                return;
            }
            Way::None => {
                *self
                    .without_path
                    .entry(running.version.clone())
                    .or_default() += count;
                return;
            }
            Way::Hardware => {
                let revision = device.inventory().hardware;
                let revision = revision.map_or_else(String::new, |it| it.to_string());
                *self.other_hardware.entry(revision).or_default() += count;
                return;
            }
        }
        let mut ways_back = release.rollbacks.keys();
        if !ways_back.any(|to| state.releases.get(*to).image == running.digest) {
            self.without_way_back += count;
        }
        self.without_conditions += count * u64::from(!understands(campaign, device));
        let capabilities = device.inventory().capabilities;
        if !capabilities.iter().any(|own| own.as_str() == DELTA_FORMAT) {
            return;
        }
        let mut deltas = release.deltas.iter();
        let delta = deltas.find(|(from, _)| state.releases.get(**from).image == running.digest);
        let whole = match delta.map(|(_, delta)| delta) {
            Some(Delta::Ready { .. }) => return,
            Some(Delta::Building) => &mut self.building,
            Some(Delta::Unavailable { .. }) | None => &mut self.without_delta,
        };
        let (devices, bytes) = whole.entry(running.version.clone()).or_default();
        *devices += count;
        *bytes += count * release.image_bytes;
    }
}
