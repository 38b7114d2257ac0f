//! How the updated devices of a campaign are doing, beside how they did before and how others do.
//!
//! Only members between the acceptance of their job and their last figure are watched; each brings one figure of each
//! measure. Who has not been updated is looked at when its partner's figure counts, and costs nothing until then.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use fleetfold_schemas::campaign::{CampaignSpec, HealthRule, Metric};
use minicbor::{Decode, Encode};

use super::{Device, Devices, Member, MemberState, Reboots, Roster};
use crate::{
    DeviceIx, Timestamp,
    gate::{health::Figures, measure::Measure},
};

const MEASURES: usize = Measure::ALL.len();
/// How many members are looked at for one that may go along as the not updated one. Where more in a row will not do, few
/// would.
const PARTNERS_TRIED_MAX: u32 = 32;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Of a campaign that watches its devices.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// By the number of the measure.
    figures: [Figures; MEASURES],
    watched: BTreeMap<u32, Watch>,
    /// How many of them may still bring a figure, by the number of the measure.
    awaited: [u32; MEASURES],
    /// By group in the order of offers: how many of its members, the last ones first, have been looked at as partners.
    tried: Vec<u32>,
}

/// A member from its acceptance to its last figure. The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Watch {
    #[n(0)]
    since: Timestamp,
    /// The sum of [`bit`] over the measures that are still to come.
    #[n(1)]
    awaited: u8,
    #[n(2)]
    before: Known,
    #[n(3)]
    partner: Option<Partner>,
    #[n(4)]
    updated: Option<Updated>,
    /// How long the first boot of the new image took, while it is not known to have succeeded.
    #[n(5)]
    boot_ms: Option<u32>,
}

/// A member that was not updated when the watched one accepted its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Partner {
    #[n(0)]
    member: u32,
    #[n(1)]
    before: Known,
    /// The beginning of the digest of what it ran, if that was known: it is no partner any more when it runs another image.
    #[n(2)]
    image: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Updated {
    #[n(0)]
    at: Timestamp,
    /// How often it had rebooted unasked by then.
    #[n(1)]
    reboots: Option<u32>,
}

/// The figures of a device at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Known {
    #[n(0)]
    boot_ms: Option<u32>,
    #[n(1)]
    battery_drain: Option<u32>,
    /// As often as it has rebooted with the image that it ran, in millionths a day.
    #[n(2)]
    reboot_rate: Option<u32>,
    #[n(3)]
    reboots: Option<u32>,
}

/// Reboots in some time, in millionths a day.
fn rate(reboots: u32, in_ms: u64) -> u32 {
    const MILLION: u128 = 1_000_000;
    let rate = u128::from(reboots) * MILLION * u128::from(DAY_MS) / u128::from(in_ms.max(1));
    u32::try_from(rate).unwrap_or(u32::MAX)
}

impl Known {
    /// `over_ms`: a rate of less time is none.
    fn of(device: Device<'_>, over_ms: u64, now: Timestamp) -> Self {
        let reboots = device.reboots();
        let rate_of = |reboots: Reboots| {
            let in_ms = now.saturating_sub(reboots.since);
            (in_ms >= over_ms).then(|| rate(reboots.count - reboots.count_then, in_ms))
        };
        Self {
            boot_ms: device.boot_ms(),
            battery_drain: device.battery_drain(),
            reboot_rate: reboots.and_then(rate_of),
            reboots: reboots.map(|reboots| reboots.count),
        }
    }

    const fn figure(&self, measure: Measure) -> Option<u32> {
        match measure {
            Measure::BootTime => self.boot_ms,
            Measure::BatteryDrain => self.battery_drain,
            Measure::RebootRate => self.reboot_rate,
            Measure::HealthScore => None,
        }
    }
}

const fn bit(measure: Measure) -> u8 {
    1 << measure as u8
}

/// What is looked at, as the description has it.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    measure: Measure,
    over_ms: u64,
    /// A device without a figure from before counts as well: for a comparison of arms.
    without_past: bool,
}

fn wanted(spec: &CampaignSpec) -> Vec<Wanted> {
    let gates = spec.gates.health.iter().flat_map(|gates| gates.rules());
    let mut wanted: Vec<_> = gates
        .map(|(metric, HealthRule { over_ms, .. })| Wanted {
            measure: metric.into(),
            over_ms,
            without_past: false,
        })
        .collect();
    let test = spec.ab_testing.as_ref();
    if test.is_some_and(|test| test.metrics.contains(&Metric::BatteryDrain)) {
        let gate = wanted
            .iter_mut()
            .find(|wanted| wanted.measure == Measure::BatteryDrain);
        match gate {
            Some(gate) => gate.without_past = true,
            None => wanted.push(Wanted {
                measure: Measure::BatteryDrain,
                over_ms: 0,
                without_past: true,
            }),
        }
    }
    wanted
}

/// A figure of an updated member that counts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub measure: Measure,
    pub figure: u32,
}

impl Health {
    /// `None` if the campaign watches nothing.
    #[must_use]
    pub fn of(spec: &CampaignSpec) -> Option<Self> {
        let tried = vec![0; spec.groups.len()];
        (!wanted(spec).is_empty()).then(|| Self {
            tried,
            ..Self::default()
        })
    }

    #[must_use]
    pub fn figures(&self, measure: Measure) -> &Figures {
        &self.figures[measure as usize]
    }

    /// By the number of the measure.
    pub(crate) fn all_figures(&self) -> &[Figures] {
        &self.figures
    }

    pub(crate) fn tried(&self) -> &[u32] {
        &self.tried
    }

    pub(crate) fn watch(&self, member: u32) -> Option<&Watch> {
        self.watched.get(&member)
    }

    /// As they were in a snapshot; says whether they can have been.
    pub(crate) fn restore(&mut self, figures: &[Figures], tried: &[u32]) -> bool {
        let is_whole = figures.len() <= MEASURES && tried.len() == self.tried.len();
        if is_whole {
            self.figures[..figures.len()].copy_from_slice(figures);
            self.tried.copy_from_slice(tried);
        }
        is_whole
    }

    pub(crate) fn restore_watches(&mut self, watches: Vec<(u32, Watch)>) {
        for (member, watch) in watches {
            self.put(member, watch);
        }
    }

    fn put(&mut self, member: u32, watch: Watch) {
        for (measure, awaited) in Measure::ALL.into_iter().zip(&mut self.awaited) {
            *awaited += u32::from(watch.awaits(measure));
        }
        self.watched.insert(member, watch);
    }

    fn take(&mut self, member: u32) -> Option<Watch> {
        let watch = self.watched.remove(&member)?;
        for (measure, awaited) in Measure::ALL.into_iter().zip(&mut self.awaited) {
            *awaited -= u32::from(watch.awaits(measure));
        }
        Some(watch)
    }

    /// Whether any member may still bring a figure of this measure.
    #[must_use]
    pub fn awaits(&self, measure: Measure) -> bool {
        self.awaited[measure as usize] > 0
    }

    /// An operator accepts how things are.
    pub(crate) fn review(&mut self) {
        self.figures = Default::default();
    }

    /// The campaign is over, or this member is not what it was updated to any more.
    pub(crate) fn forget(&mut self, member: Option<u32>) {
        match member {
            Some(member) => drop(self.take(member)),
            None => {
                self.watched.clear();
                self.awaited = Default::default();
            }
        }
    }

    /// A member has accepted its job. If it runs the new image by now, nothing is known of how it was before.
    pub(crate) fn begin(
        &mut self,
        spec: &CampaignSpec,
        (roster, at): (&Roster, u32),
        devices: &Devices,
        is_updated: bool,
        now: Timestamp,
    ) {
        let wanted = wanted(spec);
        let over_ms = wanted
            .iter()
            .find(|wanted| wanted.measure == Measure::RebootRate)
            .map_or(0, |wanted| wanted.over_ms);
        let known = |device: DeviceIx| Known::of(devices.get(device), over_ms, now);
        let before = if is_updated {
            Known::default()
        } else {
            known(roster.get(at).device)
        };
        let awaited = wanted
            .iter()
            .filter(|wanted| wanted.without_past || before.figure(wanted.measure).is_some())
            .fold(0, |awaited, wanted| awaited | bit(wanted.measure));
        if awaited == 0 {
            return;
        }
        let partner = self.partner(roster, at).map(|member| {
            let device = roster.get(member).device;
            Partner {
                member,
                before: known(device),
                image: image_of(devices.get(device)),
            }
        });
        let watch = Watch {
            since: now,
            awaited,
            before,
            partner,
            updated: None,
            boot_ms: None,
        };
        self.put(at, watch);
    }

    /// The next member of the same group that may go along, from the end: those have their turn last.
    fn partner(&mut self, roster: &Roster, at: u32) -> Option<u32> {
        let group = roster.get(at).place.group;
        for _ in 0..PARTNERS_TRIED_MAX {
            let tried = self.tried.get_mut(usize::from(group))?;
            let member = roster.from_end(group, *tried)?;
            *tried += 1;
            if member != at && is_untouched(roster.get(member)) {
                return Some(member);
            }
        }
        None
    }

    /// The member runs the new image by now, and has said how long that took to boot.
    pub(crate) fn booted(&mut self, at: u32, boot_ms: u32) {
        if let Some(watch) = self.watched.get_mut(&at) {
            watch.boot_ms = Some(boot_ms);
        }
    }

    /// The member has succeeded.
    pub(crate) fn updated(&mut self, at: u32, device: Device<'_>, now: Timestamp) {
        if let Some(watch) = self.watched.get_mut(&at) {
            watch.updated = Some(Updated {
                at: now,
                reboots: device.reboots().map(|reboots| reboots.count),
            });
        }
    }

    /// Counts what an updated member has just said, as far as it is time, and says what that is.
    pub(crate) fn count(
        &mut self,
        spec: &CampaignSpec,
        (roster, at): (&Roster, u32),
        devices: &Devices,
        said: Said,
        now: Timestamp,
    ) -> Vec<Counted> {
        let Some(mut watch) = self.take(at) else {
            return Vec::new();
        };
        let mut counted = Vec::new();
        for wanted in wanted(spec) {
            let measure = wanted.measure;
            if !watch.awaits(measure) {
                continue;
            }
            let Some(figure) = watch.figure(wanted, said, now) else {
                continue;
            };
            watch.awaited &= !bit(measure);
            counted.push(Counted { measure, figure });
            if let Some(before) = watch.before.figure(measure) {
                let others = watch.others(wanted, roster, devices);
                self.figures[measure as usize].push(before, figure, others);
            }
        }
        if watch.awaited != 0 {
            self.put(at, watch);
        }
        counted
    }
}

/// Neither updated nor about to be.
const fn is_untouched(member: &Member) -> bool {
    !member.accepted
        && !member.failed
        && matches!(
            member.state,
            MemberState::Waiting | MemberState::Deferred | MemberState::Queued
        )
}

/// Enough of the digest of what runs to see that it is another one.
fn image_of(device: Device<'_>) -> Option<u32> {
    let digest = device.running_digest()?.0;
    let (first, _) = digest.split_first_chunk()?;
    Some(u32::from_le_bytes(*first))
}

/// What a message says of how its device is doing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said {
    pub boot_ms: Option<u32>,
    pub battery_drain: Option<u32>,
    pub reboots: Option<u32>,
}

impl Watch {
    const fn awaits(&self, measure: Measure) -> bool {
        self.awaited & bit(measure) != 0
    }

    pub(crate) fn times(&self) -> impl Iterator<Item = Timestamp> {
        let updated = self.updated.map(|updated| updated.at);
        updated.into_iter().chain([self.since])
    }

    pub(crate) fn partner_place(&self) -> Option<u32> {
        self.partner.map(|partner| partner.member)
    }

    /// Of the member after its update, if it counts now.
    fn figure(&mut self, wanted: Wanted, said: Said, now: Timestamp) -> Option<u32> {
        let updated = self.updated.as_mut()?;
        let for_ms = now.saturating_sub(updated.at);
        match wanted.measure {
            Measure::BootTime => said.boot_ms.or(self.boot_ms),
            Measure::BatteryDrain => said.battery_drain.filter(|_| for_ms >= wanted.over_ms),
            Measure::RebootRate => {
                let reboots = said.reboots?;
                match updated.reboots {
                    Some(then) if then <= reboots => {
                        (for_ms >= wanted.over_ms).then(|| rate(reboots - then, for_ms))
                    }
                    // It counts from here.
                    _ => {
                        *updated = Updated {
                            at: now,
                            reboots: Some(reboots),
                        };
                        None
                    }
                }
            }
            Measure::HealthScore => None,
        }
    }

    /// How its partner's figure has changed meanwhile, if that has not been updated and has been heard of since.
    fn others(&self, wanted: Wanted, roster: &Roster, devices: &Devices) -> Option<i64> {
        let partner = self.partner.as_ref()?;
        let member = roster.get(partner.member);
        let device = devices.get(member.device);
        let heard_for_ms = device.last_seen()?.checked_sub(self.since)?;
        if !is_untouched(member) || image_of(device) != partner.image {
            return None;
        }
        let before = partner.before.figure(wanted.measure)?;
        let after = match wanted.measure {
            Measure::BootTime => device.boot_ms()?,
            Measure::BatteryDrain => device.battery_drain()?,
            Measure::RebootRate => {
                // It reports now and then, so it has been heard for a little less than its partner.
                let is_enough = heard_for_ms >= wanted.over_ms / 2;
                let (then, now) = (partner.before.reboots?, device.reboots()?.count);
                rate(now.checked_sub(then).filter(|_| is_enough)?, heard_for_ms)
            }
            Measure::HealthScore => return None,
        };
        Some(i64::from(after) - i64::from(before))
    }
}
