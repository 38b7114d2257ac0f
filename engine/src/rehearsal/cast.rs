//! A fleet to rehearse with: the devices that would take part, as they are known, in a core of their own.

use fleetfold_core::{
    Core, DeviceIx, Fact, ReleaseIx, State, Timestamp,
    fact::{
        CampaignCreated, DeltaAdded, DeltaRequested, DeltaUnavailable, DeviceFlagged,
        DeviceGreeted, DeviceRegistered, LifecycleChanged, OperatorAdded, ReleasePublished,
        SiteOpened,
    },
    roster_now,
    state::{Campaign, Delta, Device, Roster},
};
use fleetfold_schemas::{
    Name, OperatorId,
    campaign::{BasisPoints, CampaignSpec, Pace},
    command::Lifecycle,
    device::Running,
    operator::{Role, Tenants},
};

use super::chance::{Chance, Question};

/// The campaign's row in the core of a cast.
pub const CAMPAIGN: u32 = 0;

/// Who starts the campaign in a rehearsal.
#[must_use]
pub fn operator() -> OperatorId {
    OperatorId::parse("rehearsal").expect("our own names are valid")
}

/// Devices in a core of their own, in which nothing has happened to the campaign yet.
#[derive(Debug, Clone)]
pub struct Cast {
    pub core: Core,
    /// By their numbers in the cast: the device that each one stands for.
    pub devices: Vec<DeviceIx>,
    /// How many there are for so many: figures about devices are multiplied.
    pub scale: Scale,
    /// Only the first in line are in the cast.
    pub is_cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    pub taken: u64,
    pub of: u64,
}

impl Scale {
    const fn all(devices: u64) -> Self {
        Self {
            taken: devices,
            of: devices,
        }
    }

    /// A figure of the cast, as it would be of all.
    #[must_use]
    pub const fn up(self, figure: u64) -> u64 {
        match self.taken {
            0 => figure,
            taken => (figure as u128 * self.of as u128 / taken as u128) as u64,
        }
    }

    /// A bound for all, as it is for the cast: never none.
    const fn down(self, bound: u64) -> u64 {
        let down = (bound as u128 * self.taken as u128).div_ceil(self.of as u128) as u64;
        if down == 0 { 1 } else { down }
    }

    fn down_u32(self, bound: u32) -> u32 {
        u32::try_from(self.down(bound.into())).expect("it is no more than it was")
    }
}

/// The members of a campaign that starts now, from which casts are made.
#[derive(Debug)]
pub struct Line<'s> {
    state: &'s State,
    campaign: Campaign,
    roster: Roster,
}

impl<'s> Line<'s> {
    #[must_use]
    pub fn of(state: &'s State, mut spec: CampaignSpec, described: &Campaign) -> Self {
        // Virtual devices have no health to speak of.
        spec.gates.health = None;
        let phases = spec.phases.iter_mut();
        for gates in phases.filter_map(|phase| phase.gates.as_mut()) {
            gates.health = None;
        }
        let releases = described.releases.clone();
        let mut campaign = Campaign::new(spec, releases, state.recorded_at);
        campaign.compare_with(other_arm(described));
        let roster = roster_now(state, &campaign);
        Self {
            state,
            campaign,
            roster,
        }
    }

    #[must_use]
    pub fn devices(&self) -> u64 {
        self.roster.len().into()
    }

    /// All of them, or a random sample of so many, with rates to match.
    #[must_use]
    pub fn sample(&self, max: usize, seed: u64) -> Cast {
        let all = self.roster.all().iter().map(|member| member.device);
        let spec = self.campaign.spec.clone();
        self.drawn(all.collect(), max, seed, spec, false)
    }

    /// The first in line: as many whole phases as come to so many, one at least. Their shares of the cast are those
    /// that bring the same devices in the same order.
    #[must_use]
    pub fn first(&self, max: usize, seed: u64) -> Cast {
        let phases = self.campaign.spec.phases.len();
        let within = |last: usize| {
            let members = self.roster.all().iter();
            members
                .filter(move |member| usize::from(member.place.phase) <= last)
                .map(|member| member.device)
        };
        let last = (0..phases).rev().find(|last| within(*last).count() <= max);
        let last = last.unwrap_or(0);
        let is_cut = last + 1 < phases;
        let mut spec = self.campaign.spec.clone();
        spec.phases.truncate(last + 1);
        let whole = u32::from(spec.phases[last].percentage.get()).max(1);
        for phase in &mut spec.phases {
            let share = (u32::from(phase.percentage.get()) * 10_000).div_ceil(whole);
            let share = u16::try_from(share).ok().and_then(BasisPoints::new);
            phase.percentage = share.unwrap_or(BasisPoints::ALL);
        }
        self.drawn(within(last).collect(), max, seed, spec, is_cut)
    }

    fn drawn(
        &self,
        mut devices: Vec<DeviceIx>,
        max: usize,
        seed: u64,
        mut spec: CampaignSpec,
        is_cut: bool,
    ) -> Cast {
        let mut scale = Scale::all(devices.len() as u64);
        if devices.len() > max {
            let chance = Chance::new(seed);
            devices.sort_unstable_by_key(|ix| (chance.bits(Question::Sample, *ix, 0), *ix));
            devices.truncate(max);
            scale.taken = max as u64;
            slow_down(&mut spec, scale);
        }
        devices.sort_unstable();
        Cast {
            core: self.core_of(&devices, spec),
            devices,
            scale,
            is_cut,
        }
    }

    /// The same releases, these devices, and the campaign as a draft.
    fn core_of(&self, devices: &[DeviceIx], spec: CampaignSpec) -> Core {
        let mut core = Core::default();
        let now = self.state.recorded_at;
        for fact in opening(self.state) {
            core.replay(now, &fact);
        }
        for fact in releases(self.state) {
            core.replay(now, &fact);
        }
        for (number, ix) in (0..).zip(devices) {
            let device = self.state.devices.get(*ix);
            let is_flagged = self.state.streaks.flag(*ix).is_some();
            for (at, fact) in device_facts(number, device, is_flagged) {
                core.replay(at, &fact);
            }
        }
        let (first, others) = (self.campaign.releases.split_first())
            .expect("a description that has been checked names a release");
        let created = CampaignCreated {
            campaign: CAMPAIGN,
            release: *first,
            spec,
            other_releases: others.to_vec(),
            ordered: None,
            other_arm: other_arm(&self.campaign).to_vec(),
            authors: Vec::new(),
        };
        core.replay(now, &created.into());
        core.replayed();
        core
    }
}

/// What arm B gets, where two releases are compared.
fn other_arm(campaign: &Campaign) -> &[ReleaseIx] {
    let comparison = campaign.comparison.as_ref();
    comparison.map_or(&[], |comparison| &comparison.other)
}

/// Rates, as they are for a part of the fleet.
fn slow_down(spec: &mut CampaignSpec, scale: Scale) {
    let rates = &mut spec.rates;
    for bound in [&mut rates.in_flight_max, &mut rates.exposure_max] {
        *bound = bound.map(|bound| scale.down_u32(bound));
    }
    match &mut rates.executions_per_minute {
        None => {}
        Some(Pace::Constant(rate)) => *rate = scale.down_u32(*rate),
        Some(Pace::Growing(growth)) => {
            growth.base = scale.down_u32(growth.base);
            growth.maximum = scale.down_u32(growth.maximum);
            growth.every_notified = growth.every_notified.map(|every| scale.down_u32(every));
            growth.every_succeeded = growth.every_succeeded.map(|every| scale.down_u32(every));
        }
    }
    let handling = &mut spec.failure_handling;
    handling.retries_max = handling.retries_max.map(|retries| scale.down_u32(retries));
    handling.retry_bytes_max = handling.retry_bytes_max.map(|bytes| scale.down(bytes));
}

fn opening(state: &State) -> [Fact; 2] {
    let named = state.site.as_ref().map(|site| site.name.clone());
    let site = named.unwrap_or_else(|| Name::parse("rehearsal").expect("our own names are valid"));
    [
        SiteOpened {
            site,
            speed: Some(1),
        }
        .into(),
        OperatorAdded {
            operator: operator(),
            role: Role::Admin,
            password_hash: String::new(),
            tenants: Tenants::All,
        }
        .into(),
    ]
}

/// Their rows are numbered as they were.
fn releases(state: &State) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (release, row) in state.releases.iter() {
        let published = ReleasePublished {
            release,
            model: row.model.clone(),
            version: row.version.clone(),
            vendor: row.vendor.clone(),
            sequence: row.sequence,
            image: row.image,
            image_sha256: row.image_sha256,
            image_bytes: row.image_bytes,
            manifest: row.manifest.clone(),
            advisories: row.advisories.clone(),
            requires: row.requires.clone(),
            hardware: row.hardware.clone(),
            key_id: row.key_id.clone(),
        };
        facts.push(published.into());
    }
    for (release, row) in state.releases.iter() {
        facts.extend(row.deltas.iter().map(|(from, delta)| {
            match delta {
                Delta::Building => DeltaRequested {
                    release,
                    from: *from,
                }
                .into(),
                Delta::Ready { digest, bytes } => DeltaAdded {
                    release,
                    from: *from,
                    digest: *digest,
                    bytes: *bytes,
                }
                .into(),
                Delta::Unavailable { reason } => DeltaUnavailable {
                    release,
                    from: *from,
                    reason: reason.clone(),
                }
                .into(),
            }
        }));
    }
    facts
}

/// What makes a device what it is known as.
fn device_facts(number: DeviceIx, device: Device<'_>, is_flagged: bool) -> Vec<(Timestamp, Fact)> {
    let seen = device.last_seen().unwrap_or(0);
    let registered = DeviceRegistered {
        tenant: device.tenant(),
        device: number,
        id: device.id(),
        model: device.model().clone(),
        credential: device.credential().clone(),
    };
    let mut facts = vec![(seen, registered.into())];
    if is_flagged {
        let flagged = DeviceFlagged {
            device: number,
            campaign: 0,
            failed: 0,
        };
        facts.push((seen, flagged.into()));
    }
    if let Some((slot, image)) = device.running() {
        let inventory = device.inventory();
        let greeted = DeviceGreeted {
            device: number,
            epoch: 1,
            seq: 1,
            fingerprint: 0,
            login_counter: None,
            hardware: inventory.hardware,
            capabilities: inventory.capabilities,
            region: inventory.region,
            tenant: inventory.tenant,
            time_zone: inventory.time_zone,
            tags: inventory.tags,
            attributes: inventory.attributes.into_iter().collect(),
            running: Running {
                slot,
                version: image.version.clone(),
                digest: image.digest,
            },
            standby: device.standby().cloned(),
        };
        facts.push((seen, greeted.into()));
    }
    let lifecycle = device.lifecycle();
    if lifecycle != Lifecycle::Provisioned {
        let changed = LifecycleChanged {
            device: number,
            lifecycle,
        };
        facts.push((seen, changed.into()));
    }
    facts
}
