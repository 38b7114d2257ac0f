//! The table of devices: one row each, found by number or by name.
//!
//! There may be millions, so a row holds numbers and no allocation of its own: what devices have in common is kept once.
//! What every report touches fits into one cache line; the rest stands beside it.

use alloc::vec::Vec;
use core::fmt;

use fleetfold_schemas::{
    DeviceId, Digest, ModelId, Name, TimeZoneName,
    command::{Credential, Lifecycle},
    device::{Image, Running, Slot, Stage},
};

use super::{
    inventory::{Inventory, Packed, Said, time_zone},
    names::Names,
    shared::{Number, Shared},
};
use crate::{CampaignIx, DeviceIx, Timestamp};

/// All devices, in the order of their registration.
#[derive(Clone, Default)]
pub struct Devices {
    ids: Names,
    rows: Vec<Row>,
    cards: Vec<Card>,
    /// Of the devices up to the last one that has said any of it.
    vitals: Vec<Vitals>,
    models: Shared<ModelId>,
    images: Shared<Image>,
    profiles: Shared<Packed>,
    attributes: Shared<Packed>,
    /// How many devices there are in each lifecycle.
    counts: [u32; Lifecycle::ALL.len()],
    /// For packing an inventory; empty between two uses.
    packing: Vec<u8>,
}

/// What messages change.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Row {
    epoch: u64,
    seq: u64,
    fingerprint: u32,
    /// At most [`BOOT_MS_MAX`]; [`NEVER`] before the first.
    boot_ms: u32,
    /// [`NEVER_SEEN`] before the first message.
    last_seen: Timestamp,
    running: Option<Number>,
    standby: Option<Number>,
    profile: Option<Number>,
    attributes: Option<Number>,
    /// [`NEVER`] before the first execution.
    campaign: CampaignIx,
    member: u32,
    /// Of the image that runs.
    slot: Slot,
    lifecycle: Lifecycle,
    stage: Option<Stage>,
    progress_percent: Option<u8>,
}

const _: () = assert!(size_of::<Row>() == 64, "a row is a cache line");

/// How a device is doing, as it says.
#[derive(Debug, Clone, Copy)]
struct Vitals {
    /// Hundredths of a percent of the battery's capacity a day; [`NEVER`] before the first.
    battery_drain: u32,
    /// Unasked, in its whole life; [`NEVER`] before the first word of it.
    reboots: u32,
    /// The same when it was first known to run what it runs now, and when that was.
    reboots_then: u32,
    since: Timestamp,
}

const UNKNOWN: Vitals = Vitals {
    battery_drain: NEVER,
    reboots: NEVER,
    reboots_then: 0,
    since: 0,
};

/// How often a device has rebooted without having been asked to. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Reboots {
    /// In its whole life.
    #[n(0)]
    pub count: u32,
    /// The same when it was first known to run what it runs now, and when that was.
    #[n(1)]
    pub count_then: u32,
    #[n(2)]
    pub since: Timestamp,
}

/// No campaign and no boot has this number.
const NEVER: u32 = u32::MAX;
/// No message comes then.
const NEVER_SEEN: Timestamp = Timestamp::MAX;
/// A boot of 49 days is as good as any longer.
const BOOT_MS_MAX: u32 = u32::MAX - 1;

/// As far as a figure can be kept; any that is larger is as bad.
pub(crate) fn kept(figure: u64) -> u32 {
    u32::try_from(figure)
        .unwrap_or(BOOT_MS_MAX)
        .min(BOOT_MS_MAX)
}

/// What is asked for when a device logs in or is registered.
#[derive(Debug, Clone)]
struct Card {
    model: Number,
    credential: Credential,
    login_counter: Option<u64>,
    /// 0: not known.
    registered_at: Timestamp,
}

/// What is known of one device.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    ix: DeviceIx,
    devices: &'a Devices,
}

impl Devices {
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("devices are numbered by u32")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn find(&self, id: &DeviceId) -> Option<DeviceIx> {
        self.ids.find(id.as_str())
    }

    /// # Panics
    /// There is no such device.
    #[must_use]
    pub fn get(&self, ix: DeviceIx) -> Device<'_> {
        assert!(ix < self.len(), "device {ix} exists");
        Device { ix, devices: self }
    }

    pub fn iter(&self) -> impl Iterator<Item = (DeviceIx, Device<'_>)> {
        (0..self.len()).map(|ix| (ix, Device { ix, devices: self }))
    }

    /// How many there are in each lifecycle.
    pub fn counts(&self) -> impl Iterator<Item = (Lifecycle, u32)> {
        Lifecycle::ALL.into_iter().zip(self.counts)
    }

    /// Takes memory ahead, and says whether there is any.
    pub(crate) fn try_reserve(&mut self, rows: u32) -> bool {
        let rows = rows as usize;
        self.ids.try_reserve(rows)
            && self.rows.try_reserve(rows).is_ok()
            && self.cards.try_reserve(rows).is_ok()
    }

    /// Adds a device that has not been heard of, and says whether it could: the id may be taken.
    pub(crate) fn insert(&mut self, id: &str, model: &ModelId, credential: &Credential) -> bool {
        let is_new = self.ids.push(id);
        if is_new {
            self.push_row(model, credential);
        }
        is_new
    }

    /// As [`Devices::insert`], of one whose id is looked at later: see [`Devices::take_names`].
    pub(crate) fn push(&mut self, id: &str, model: &ModelId, credential: &Credential) {
        self.ids.push_unindexed(id);
        self.push_row(model, credential);
    }

    /// Takes the names away for a while, to be indexed. Meanwhile no device has one.
    pub(crate) fn take_names(&mut self) -> Names {
        core::mem::take(&mut self.ids)
    }

    /// One for each device, in their order.
    pub(crate) fn put_names(&mut self, names: Names) {
        self.ids = names;
    }

    fn push_row(&mut self, model: &ModelId, credential: &Credential) {
        let lifecycle = Lifecycle::Provisioned;
        self.counts[lifecycle as usize] += 1;
        self.rows.push(Row {
            epoch: 0,
            seq: 0,
            fingerprint: 0,
            boot_ms: NEVER,
            last_seen: NEVER_SEEN,
            running: None,
            standby: None,
            profile: None,
            attributes: None,
            campaign: NEVER,
            member: 0,
            slot: Slot::A,
            lifecycle,
            stage: None,
            progress_percent: None,
        });
        self.cards.push(Card {
            model: self.models.take(model, ModelId::clone),
            credential: credential.clone(),
            login_counter: None,
            registered_at: 0,
        });
    }

    pub(crate) fn set_lifecycle(&mut self, ix: DeviceIx, lifecycle: Lifecycle) {
        let row = &mut self.rows[ix as usize];
        self.counts[row.lifecycle as usize] -= 1;
        self.counts[lifecycle as usize] += 1;
        row.lifecycle = lifecycle;
    }

    /// The number of its last message, that message's fingerprint, and when it came, if ever.
    pub(crate) fn set_last(
        &mut self,
        ix: DeviceIx,
        (epoch, seq): (u64, u64),
        fingerprint: u32,
        at: Option<Timestamp>,
    ) {
        let row = &mut self.rows[ix as usize];
        row.epoch = epoch;
        row.seq = seq;
        row.fingerprint = fingerprint;
        row.last_seen = at.unwrap_or(NEVER_SEEN);
    }

    pub(crate) fn set_registered(&mut self, ix: DeviceIx, at: Timestamp) {
        self.cards[ix as usize].registered_at = at;
    }

    pub(crate) fn set_login_counter(&mut self, ix: DeviceIx, counter: u64) {
        self.cards[ix as usize].login_counter = Some(counter);
    }

    /// Says whether it is another image than before.
    pub(crate) fn set_running(&mut self, ix: DeviceIx, running: &Running) -> bool {
        let row = &mut self.rows[ix as usize];
        row.slot = running.slot;
        // Spares a copy of the version in almost all cases.
        let known = row.running.map(|number| self.images.get(number));
        let is_known = known.is_some_and(|image| {
            image.digest == running.digest && image.version == running.version
        });
        if !is_known {
            let image = Image {
                version: running.version.clone(),
                digest: running.digest,
            };
            self.images
                .replace(&mut row.running, Some(&image), Image::clone);
        }
        !is_known
    }

    pub(crate) fn set_standby(&mut self, ix: DeviceIx, standby: Option<&Image>) {
        let row = &mut self.rows[ix as usize];
        self.images.replace(&mut row.standby, standby, Image::clone);
    }

    pub(crate) fn set_inventory(&mut self, ix: DeviceIx, said: &Said<'_>) {
        let mut packed = core::mem::take(&mut self.packing);
        said.pack_profile(&mut packed);
        self.set_profile(ix, &packed);
        packed.clear();
        said.pack_attributes(&mut packed);
        self.set_attributes(ix, &packed);
        packed.clear();
        self.packing = packed;
    }

    /// All else that is known of it stays.
    pub(crate) fn set_tenant(&mut self, ix: DeviceIx, tenant: &Name) {
        let known = self.get(ix).inventory();
        let attributes: Vec<_> = known.attributes.into_iter().collect();
        self.set_inventory(
            ix,
            &Said {
                hardware: known.hardware.as_ref(),
                capabilities: &known.capabilities,
                region: known.region.as_ref(),
                time_zone: known.time_zone.as_ref(),
                tenant: Some(tenant),
                tags: &known.tags,
                attributes: &attributes,
            },
        );
    }

    /// As packed; empty: none.
    fn set_profile(&mut self, ix: DeviceIx, packed: &[u8]) {
        let place = &mut self.rows[ix as usize].profile;
        let packed = Some(packed).filter(|packed| !packed.is_empty());
        self.profiles.replace(place, packed, |packed| packed.into());
    }

    /// As packed; empty: none.
    fn set_attributes(&mut self, ix: DeviceIx, packed: &[u8]) {
        let place = &mut self.rows[ix as usize].attributes;
        let packed = Some(packed).filter(|packed| !packed.is_empty());
        self.attributes
            .replace(place, packed, |packed| packed.into());
    }

    pub(crate) fn set_boot_ms(&mut self, ix: DeviceIx, boot_ms: u64) {
        self.rows[ix as usize].boot_ms = kept(boot_ms);
    }

    fn vitals_mut(&mut self, ix: DeviceIx) -> &mut Vitals {
        let at = ix as usize;
        if self.vitals.len() <= at {
            self.vitals.resize(at + 1, UNKNOWN);
        }
        &mut self.vitals[at]
    }

    pub(crate) fn set_battery_drain(&mut self, ix: DeviceIx, battery_drain: u64) {
        self.vitals_mut(ix).battery_drain = kept(battery_drain);
    }

    /// A count that has fallen is that of another life: nothing is known of how it went before.
    pub(crate) fn set_reboots(&mut self, ix: DeviceIx, reboots: u64, at: Timestamp) {
        let (vitals, reboots) = (self.vitals_mut(ix), kept(reboots));
        if vitals.reboots == NEVER || reboots < vitals.reboots {
            vitals.reboots_then = reboots;
            vitals.since = at;
        }
        vitals.reboots = reboots;
    }

    /// Another image runs by now: what is to come is not to be mixed with what was before.
    pub(crate) fn begin_vitals_anew(&mut self, ix: DeviceIx, at: Timestamp) {
        if let Some(vitals) = self.vitals.get_mut(ix as usize) {
            vitals.battery_drain = NEVER;
            if vitals.reboots != NEVER {
                vitals.reboots_then = vitals.reboots;
                vitals.since = at;
            }
        }
    }

    /// As they were in a snapshot.
    pub(crate) fn restore_vitals(
        &mut self,
        ix: DeviceIx,
        battery_drain: Option<u32>,
        reboots: Option<Reboots>,
    ) {
        if battery_drain.is_none() && reboots.is_none() {
            return;
        }
        let vitals = self.vitals_mut(ix);
        vitals.battery_drain = battery_drain.unwrap_or(NEVER);
        if let Some(reboots) = reboots {
            vitals.reboots = reboots.count;
            vitals.reboots_then = reboots.count_then;
            vitals.since = reboots.since;
        }
    }

    pub(crate) fn set_execution(&mut self, ix: DeviceIx, (campaign, member): (CampaignIx, u32)) {
        let row = &mut self.rows[ix as usize];
        row.campaign = campaign;
        row.member = member;
    }

    pub(crate) fn set_stage(
        &mut self,
        ix: DeviceIx,
        stage: Option<Stage>,
        progress_percent: Option<u8>,
    ) {
        let row = &mut self.rows[ix as usize];
        row.stage = stage;
        row.progress_percent = progress_percent;
    }

    /// The tables of what devices share, to be filled from a snapshot.
    pub(crate) fn tables_mut(&mut self) -> TablesMut<'_> {
        TablesMut {
            images: &mut self.images,
            profiles: &mut self.profiles,
            attributes: &mut self.attributes,
        }
    }

    /// As the setters do, of a device that has said nothing yet, with what is in the tables already.
    pub(crate) fn set_said(&mut self, ix: DeviceIx, said: SaidNumbers) {
        let row = &mut self.rows[ix as usize];
        if let Some((slot, image)) = said.running {
            self.images.share(image);
            row.slot = slot;
            row.running = Some(image);
        }
        if let Some(image) = said.standby {
            self.images.share(image);
            row.standby = Some(image);
        }
        if let Some(profile) = said.profile {
            self.profiles.share(profile);
            row.profile = Some(profile);
        }
        if let Some(attributes) = said.attributes {
            self.attributes.share(attributes);
            row.attributes = Some(attributes);
        }
    }

    /// The tables of what devices share, for a snapshot.
    pub(crate) fn tables(&self) -> Tables<'_> {
        Tables {
            models: &self.models,
            images: &self.images,
            profiles: &self.profiles,
            attributes: &self.attributes,
        }
    }
}

/// What devices share. Their numbers are those of [`Device::numbers`].
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    pub models: &'a Shared<ModelId>,
    pub images: &'a Shared<Image>,
    pub profiles: &'a Shared<Packed>,
    pub attributes: &'a Shared<Packed>,
}

/// [`Tables`], to be filled.
#[derive(Debug)]
pub struct TablesMut<'a> {
    pub images: &'a mut Shared<Image>,
    pub profiles: &'a mut Shared<Packed>,
    pub attributes: &'a mut Shared<Packed>,
}

/// What a device has said that is in the tables.
#[derive(Debug, Clone, Copy)]
pub struct SaidNumbers {
    pub running: Option<(Slot, Number)>,
    pub standby: Option<Number>,
    pub profile: Option<Number>,
    pub attributes: Option<Number>,
}

/// What a device shares with others.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    pub model: Number,
    pub running: Option<Number>,
    pub standby: Option<Number>,
    pub profile: Option<Number>,
    pub attributes: Option<Number>,
}

impl<'a> Device<'a> {
    fn row(self) -> &'a Row {
        &self.devices.rows[self.ix as usize]
    }

    fn card(self) -> &'a Card {
        &self.devices.cards[self.ix as usize]
    }

    #[must_use]
    pub fn id(self) -> DeviceId {
        DeviceId::parse(self.name()).expect("only ids are names of devices")
    }

    /// Its id as text, for whoever needs no copy.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.devices.ids.get(self.ix)
    }

    #[must_use]
    pub fn model(self) -> &'a ModelId {
        self.devices.models.get(self.card().model)
    }

    #[must_use]
    pub fn lifecycle(self) -> Lifecycle {
        self.row().lifecycle
    }

    #[must_use]
    pub fn credential(self) -> &'a Credential {
        &self.card().credential
    }

    /// Of the last token it logged in with; the next one must be higher.
    #[must_use]
    pub fn login_counter(self) -> Option<u64> {
        self.card().login_counter
    }

    /// When it was made known; 0: not known.
    #[must_use]
    pub fn registered_at(self) -> Timestamp {
        self.card().registered_at
    }

    /// Epoch and sequence number of its last message.
    #[must_use]
    pub fn last_number(self) -> (u64, u64) {
        (self.row().epoch, self.row().seq)
    }

    /// Of its last message.
    #[must_use]
    pub fn fingerprint(self) -> u32 {
        self.row().fingerprint
    }

    #[must_use]
    pub fn last_seen(self) -> Option<Timestamp> {
        Some(self.row().last_seen).filter(|at| *at != NEVER_SEEN)
    }

    /// The slot that runs and the image in it.
    #[must_use]
    pub fn running(self) -> Option<(Slot, &'a Image)> {
        let image = self.devices.images.get(self.row().running?);
        Some((self.row().slot, image))
    }

    #[must_use]
    pub fn running_digest(self) -> Option<Digest> {
        self.running().map(|(_, image)| image.digest)
    }

    /// Whether it runs just this.
    #[must_use]
    pub fn runs(self, running: &Running) -> bool {
        self.running().is_some_and(|(slot, image)| {
            slot == running.slot
                && image.digest == running.digest
                && image.version == running.version
        })
    }

    #[must_use]
    pub fn standby(self) -> Option<&'a Image> {
        Some(self.devices.images.get(self.row().standby?))
    }

    /// Whom it belongs to.
    #[must_use]
    pub fn tenant(self) -> Option<Name> {
        let profile = self.row().profile?;
        Inventory::unpack(Some(self.devices.profiles.get(profile)), None).tenant
    }

    #[must_use]
    pub fn time_zone(self) -> Option<TimeZoneName> {
        time_zone(self.devices.profiles.get(self.row().profile?))
    }

    #[must_use]
    pub fn inventory(self) -> Inventory {
        let row = self.row();
        let profile = row.profile.map(|number| self.devices.profiles.get(number));
        let attributes = row.attributes;
        let attributes = attributes.map(|number| self.devices.attributes.get(number));
        Inventory::unpack(
            profile.map(|packed| &**packed),
            attributes.map(|packed| &**packed),
        )
    }

    #[must_use]
    pub fn boot_ms(self) -> Option<u32> {
        Some(self.row().boot_ms).filter(|boot_ms| *boot_ms != NEVER)
    }

    /// Hundredths of a percent of the battery's capacity a day, with the image that runs.
    #[must_use]
    pub fn battery_drain(self) -> Option<u32> {
        let vitals = self.devices.vitals.get(self.ix as usize)?;
        Some(vitals.battery_drain).filter(|drain| *drain != NEVER)
    }

    #[must_use]
    pub fn reboots(self) -> Option<Reboots> {
        let vitals = self.devices.vitals.get(self.ix as usize)?;
        (vitals.reboots != NEVER).then_some(Reboots {
            count: vitals.reboots,
            count_then: vitals.reboots_then,
            since: vitals.since,
        })
    }

    /// The latest execution, open or not: a campaign and the member's place in it.
    #[must_use]
    pub fn execution(self) -> Option<(CampaignIx, u32)> {
        let row = self.row();
        (row.campaign != NEVER).then_some((row.campaign, row.member))
    }

    /// Of the open execution.
    #[must_use]
    pub fn stage(self) -> Option<Stage> {
        self.row().stage
    }

    #[must_use]
    pub fn progress_percent(self) -> Option<u8> {
        self.row().progress_percent
    }

    pub(crate) fn numbers(self) -> Numbers {
        let row = self.row();
        Numbers {
            model: self.card().model,
            running: row.running,
            standby: row.standby,
            profile: row.profile,
            attributes: row.attributes,
        }
    }
}

impl fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("id", &self.name())
            .field("model", self.model())
            .field("lifecycle", &self.lifecycle())
            .field("credential", self.credential())
            .field("login_counter", &self.login_counter())
            .field("last_number", &self.last_number())
            .field("fingerprint", &self.fingerprint())
            .field("last_seen", &self.last_seen())
            .field("running", &self.running())
            .field("standby", &self.standby())
            .field("inventory", &self.inventory())
            .field("boot_ms", &self.boot_ms())
            .field("battery_drain", &self.battery_drain())
            .field("reboots", &self.reboots())
            .field("execution", &self.execution())
            .field("stage", &self.stage())
            .field("progress_percent", &self.progress_percent())
            .finish()
    }
}

/// What is known of each, without the numbers that only the past explains.
impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let devices = self.iter().map(|(_, device)| device);
        f.debug_list().entries(devices).finish()
    }
}
