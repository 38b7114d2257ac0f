//! From sections to the state. The bytes come from a disk: nothing in them is believed, and nothing in them panics.

use alloc::{collections::BTreeMap, vec::Vec};

use fleetfold_schemas::{DeviceId, ModelId, device::Image};
use minicbor::{Decoder, decode::Error as CborError};

use super::{
    SECTION_BYTES_MAX, SnapshotError,
    beside::{Beside, Task, Work},
    campaigns::Rosters,
    rows::{ControlRow, DeviceRow, Head, KeyRow, Kind, OperatorRow, ReleaseRow, TicketRow},
};
use crate::{
    State, Timestamp,
    state::{
        Number, Operator, Release, SaidNumbers, Site, StorageShortage, Ticket, WayBack,
        check_attributes, check_profile,
    },
};

/// No time in a state is later: deadlines are added to times, and must not overflow. It is the year 10889.
const TIME_MAX: Timestamp = 1 << 48;

/// Memory is taken ahead for at most so many rows, whatever the head announces; beyond, it grows as they come.
const RESERVED_ROWS_MAX: u32 = 1 << 21;

/// Takes the sections in their order and gives the state at their end.
#[derive(Debug, Default)]
pub struct Reader {
    /// Sections read.
    sections: u32,
    head: Option<Head>,
    kind: Kind,
    models: Vec<ModelId>,
    /// Where the values of the tables stand; each is used once from here until the end.
    images: Vec<Number>,
    profiles: Vec<Number>,
    attributes: Vec<Number>,
    rosters: Rosters,
    beside: Beside,
    /// Whether the devices' names have been handed over.
    has_names: bool,
    /// Devices read that have an execution.
    executions: u32,
    /// Controls read.
    controls: u32,
    state: State,
}

impl Reader {
    /// Takes the next section.
    ///
    /// # Errors
    /// It is not a section of this format, or says what cannot be. The reader is of no use after that.
    pub fn section(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut beside = core::mem::take(&mut self.beside);
        self.section_beside(bytes, |work| beside.take(work))?;
        self.beside = beside;
        Ok(())
    }

    /// Like [`Reader::section`], but hands work over that another thread may do, to a [`Beside`] that is put back before
    /// the end.
    ///
    /// # Errors
    /// As for [`Reader::section`], or what `give` returns.
    pub fn section_beside(
        &mut self,
        bytes: &[u8],
        mut give: impl FnMut(Work) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        let (section, kind) = self.next(bytes)?;
        if kind > Kind::Devices && !self.has_names {
            self.has_names = true;
            give(Work(Task::Index(self.state.devices.take_names())))?;
        }
        match kind {
            Kind::Answers => {
                let bytes = bytes.to_vec();
                give(Work(Task::Answers { section, bytes }))
            }
            Kind::Members => {
                rows(section, bytes, |decoder| {
                    let row = decoder.decode()?;
                    self.rosters.member(&mut self.state, row)
                })?;
                self.rosters.look(&mut self.state)
            }
            kind => rows(section, bytes, |decoder| self.row(kind, decoder)),
        }
    }

    /// Gives back what was done beside.
    pub fn put_back(&mut self, beside: Beside) {
        self.beside = beside;
    }

    /// The number and the kind of the next section, if it may stand here.
    fn next(&mut self, bytes: &[u8]) -> Result<(u32, Kind), SnapshotError> {
        let section = self.sections;
        self.sections += 1;
        if bytes.len() > SECTION_BYTES_MAX {
            let bytes = bytes.len();
            return Err(SnapshotError::SectionTooLarge { section, bytes });
        }
        let malformed = |source| SnapshotError::Malformed { section, source };
        let mut decoder = Decoder::new(bytes);
        decoder.array().map_err(malformed)?;
        let number = decoder.u32().map_err(malformed)?;
        let Some(kind) = Kind::from_number(number) else {
            let kind = number;
            return Err(SnapshotError::UnknownKind { section, kind });
        };
        let is_next = match self.head {
            None => kind == Kind::Head,
            Some(_) => kind != Kind::Head && kind >= self.kind,
        };
        if !is_next {
            let kind = kind.name();
            return Err(SnapshotError::OutOfOrder { section, kind });
        }
        self.kind = kind;
        Ok((section, kind))
    }

    /// The state, if nothing is missing and every row refers to rows that exist.
    ///
    /// # Errors
    /// Something is missing, or does not fit together.
    pub fn finish(mut self) -> Result<State, SnapshotError> {
        let Some(head) = self.head.take() else {
            return Err(count(Kind::Head, 1, 0));
        };
        for kind in Kind::ALL {
            let (expected, found) = (announced(&head, kind), self.found(kind));
            if expected.is_some_and(|expected| expected != found) {
                return Err(count(kind, expected.unwrap_or_default(), found));
            }
        }
        let mut beside = core::mem::take(&mut self.beside);
        if !self.has_names {
            beside.take(Work(Task::Index(self.state.devices.take_names())))?;
        }
        let names = beside.names.unwrap_or_default();
        if names.len() != self.state.devices.len() {
            let (expected, found) = (self.state.devices.len(), names.len());
            return Err(count(Kind::Devices, expected, found));
        }
        self.state.devices.put_names(names);
        self.state.commands = beside.answers.commands;
        let executions = core::mem::take(&mut self.rosters).finish(&mut self.state)?;
        // Each of these is another device's, so if there are as many, they are all.
        if executions != self.executions {
            self.check_executions()?;
        }
        self.restore_watches()?;
        let tables = self.state.devices.tables_mut();
        for image in self.images {
            tables.images.release(image);
        }
        for profile in self.profiles {
            tables.profiles.release(profile);
        }
        for attributes in self.attributes {
            tables.attributes.release(attributes);
        }
        Ok(self.state)
    }

    fn row(&mut self, kind: Kind, decoder: &mut Decoder<'_>) -> Result<(), RowError> {
        if let Some(head) = &self.head
            && let Some(expected) = announced(head, kind)
            && self.found(kind) == expected
        {
            return Err(count(kind, expected, expected.saturating_add(1)).into());
        }
        match kind {
            Kind::Head => self.head(decoder.decode()?)?,
            Kind::Operators => {
                let row: OperatorRow = decoder.decode()?;
                let at = number(self.state.operators.len());
                check_time("operator", at, "time", row.revoked_at)?;
                let operator = Operator {
                    role: row.role,
                    tenants: row.tenants,
                    password_hash: row.password_hash,
                    revoked_at: row.revoked_at,
                };
                if self.state.operators.insert(row.id, operator).is_some() {
                    return Err(taken("operator", at).into());
                }
            }
            Kind::Keys => {
                let row: KeyRow = decoder.decode()?;
                self.state.keys.add(row.name, row.public_key);
            }
            Kind::Releases => self.release(decoder.decode()?)?,
            Kind::Models => self.models.push(decoder.decode()?),
            Kind::Images => {
                let image: Image = decoder.decode()?;
                let images = self.state.devices.tables_mut().images;
                self.images.push(images.take(&image, Image::clone));
            }
            Kind::Profiles => {
                let row = packed(decoder, check_profile)?;
                let profiles = self.state.devices.tables_mut().profiles;
                self.profiles.push(profiles.take(row, |row| row.into()));
            }
            Kind::Attributes => {
                let row = packed(decoder, check_attributes)?;
                let attributes = self.state.devices.tables_mut().attributes;
                self.attributes.push(attributes.take(row, |row| row.into()));
            }
            Kind::Devices => self.device(&decoder.decode()?)?,
            Kind::Campaigns => self.rosters.campaign(&mut self.state, decoder.decode()?)?,
            Kind::Controls => self.control(&decoder.decode()?)?,
            Kind::Tickets => self.ticket(decoder.decode()?)?,
            // They are not read row by row.
            Kind::Answers | Kind::Members => {}
        }
        Ok(())
    }

    /// Rows of a kind read so far.
    fn found(&self, kind: Kind) -> u32 {
        let state = &self.state;
        match kind {
            Kind::Head => u32::from(self.head.is_some()),
            Kind::Operators => number(state.operators.len()),
            Kind::Keys => number(state.keys.names.len()),
            Kind::Answers => self.beside.answers.commands.len(),
            Kind::Releases => state.releases.len(),
            Kind::Models => number(self.models.len()),
            Kind::Images => number(self.images.len()),
            Kind::Profiles => number(self.profiles.len()),
            Kind::Attributes => number(self.attributes.len()),
            Kind::Devices => state.devices.len(),
            Kind::Campaigns => state.campaigns.len(),
            // Announced by their campaigns.
            Kind::Members => 0,
            Kind::Controls => self.controls,
            Kind::Tickets => number(state.tickets.len()),
        }
    }

    fn head(&mut self, head: Head) -> Result<(), RowError> {
        if self.head.is_some() {
            return Err(count(Kind::Head, 1, 2).into());
        }
        check_time("head", 0, "time", Some(head.recorded_at))?;
        self.state.position = head.position;
        self.state.recorded_at = head.recorded_at;
        self.state.site = head.site.clone().map(|name| Site {
            name,
            speed: head.speed,
        });
        self.state.campaign_defaults = head.campaign_defaults.clone();
        self.state.approval_policy = head.approval_policy.clone();
        if let Some(shortage) = &head.shortage {
            check_time("head", 0, "shortage", Some(shortage.since))?;
            self.state.storage_low = Some(StorageShortage {
                since: shortage.since,
                free_bytes: shortage.free_bytes,
                floor_bytes: shortage.floor_bytes,
            });
        }
        for standing in &head.alerts {
            check_time("head", 0, "alert", Some(standing.changed_at))?;
            self.state.alerts.set(*standing);
        }
        let (what, rows) = (Kind::Devices.name(), head.devices.min(RESERVED_ROWS_MAX));
        if !self.state.devices.try_reserve(rows) {
            return Err(SnapshotError::TooMany { what, count: rows }.into());
        }
        self.head = Some(head);
        Ok(())
    }

    fn release(&mut self, row: ReleaseRow) -> Result<(), RowError> {
        let ix = self.state.releases.len();
        let all = self.head.as_ref().map_or(0, |head| head.releases);
        check_time("release", ix, "time", Some(row.published_at))?;
        let mut deltas = BTreeMap::new();
        for (from, delta) in row.deltas {
            check("release", ix, "delta", from < all)?;
            deltas.insert(from, delta);
        }
        let mut rollbacks = BTreeMap::new();
        for back in row.rollbacks {
            check("release", ix, "rollback", back.to < ix)?;
            let (sequence, manifest) = (back.sequence, back.manifest);
            rollbacks.insert(back.to, WayBack { sequence, manifest });
        }
        self.state.releases.push(Release {
            model: row.model,
            version: row.version,
            vendor: row.vendor,
            sequence: row.sequence,
            image: row.image,
            image_sha256: row.image_sha256,
            image_bytes: row.image_bytes,
            manifest: row.manifest,
            key_id: row.key_id,
            advisories: row.advisories,
            requires: row.requires,
            hardware: row.hardware,
            published_at: row.published_at,
            deltas,
            rollbacks,
        });
        Ok(())
    }

    fn device(&mut self, row: &DeviceRow<'_>) -> Result<(), RowError> {
        let devices = &mut self.state.devices;
        let ix = devices.len();
        let out_of_range = |field| out_of_range("device", ix, field);
        DeviceId::check(row.id).map_err(|_| out_of_range("id"))?;
        let model = self.models.get(row.model as usize);
        let model = model.ok_or(out_of_range("model"))?;
        devices.push(row.id, model, &row.credential);
        devices.set_lifecycle(ix, row.lifecycle);
        if let Some(counter) = row.login_counter {
            devices.set_login_counter(ix, counter);
        }
        check_time("device", ix, "time", row.last_seen)?;
        devices.set_last(ix, (row.epoch, row.seq), row.fingerprint, row.last_seen);
        let pick = |table: &[Number], number: Option<u32>, field| match number {
            None => Ok(None),
            Some(number) => match table.get(number as usize) {
                Some(number) => Ok(Some(*number)),
                None => Err(out_of_range(field)),
            },
        };
        let (slot, image) = row.running.unzip();
        let running = slot.zip(pick(&self.images, image, "image")?);
        let said = SaidNumbers {
            running,
            standby: pick(&self.images, row.standby, "image")?,
            profile: pick(&self.profiles, row.profile, "profile")?,
            attributes: pick(&self.attributes, row.attributes, "attributes")?,
        };
        devices.set_said(ix, said);
        if let Some(boot_ms) = row.boot_ms {
            devices.set_boot_ms(ix, boot_ms.into());
        }
        if let Some(reboots) = &row.reboots {
            check_time("device", ix, "time", Some(reboots.since))?;
            check("device", ix, "reboots", reboots.count_then <= reboots.count)?;
        }
        devices.restore_vitals(ix, row.battery_drain, row.reboots);
        if let Some(execution) = row.execution {
            devices.set_execution(ix, execution);
            self.executions += 1;
        }
        devices.set_stage(ix, row.stage, row.progress_percent);
        check_time("device", ix, "time", Some(row.registered_at))?;
        devices.set_registered(ix, row.registered_at);
        if let Some(streak) = row.streak {
            check_time("device", ix, "time", streak.flag.map(|flag| flag.since))?;
            self.state.streaks.restore(ix, streak);
        }
        Ok(())
    }

    fn control(&mut self, row: &ControlRow) -> Result<(), RowError> {
        let at = self.controls;
        let in_range = |field, is_in_range| check("control", at, field, is_in_range);
        in_range("campaign", row.campaign < self.state.campaigns.len())?;
        in_range("device", row.device < self.state.devices.len())?;
        in_range("marks", row.marks & !ControlRow::MARKS == 0)?;
        let campaign = self.state.campaigns.get_mut(row.campaign);
        let comparison = campaign.comparison.as_mut();
        let comparison = comparison.ok_or(out_of_range("control", at, "campaign"))?;
        let has = |mark| row.marks & mark != 0;
        let is_new = (has(ControlRow::BOOTED) && comparison.controls.insert(row.device))
            | (has(ControlRow::DRAINED) && comparison.drained_controls.insert(row.device));
        if !is_new {
            return Err(taken("control", at).into());
        }
        self.controls += 1;
        Ok(())
    }

    fn ticket(&mut self, row: TicketRow) -> Result<(), RowError> {
        let at = number(self.state.tickets.len());
        check_time("ticket", at, "time", Some(row.opened_at))?;
        check(
            "ticket",
            at,
            "campaign",
            row.campaign < self.state.campaigns.len(),
        )?;
        let last = self.state.tickets.iter().last();
        if last.is_some_and(|(last, _)| last >= row.number) {
            let (what, row) = ("ticket", at);
            return Err(SnapshotError::Unsorted { what, row }.into());
        }
        let ticket = Ticket {
            campaign: row.campaign,
            member: row.member,
            opened_at: row.opened_at,
            error: row.error,
            attempts: row.attempts,
        };
        self.state.tickets.open(row.number, ticket);
        Ok(())
    }

    /// What follows from members, courses and tickets.
    fn restore_watches(&mut self) -> Result<(), SnapshotError> {
        for (at, (_, ticket)) in (0..).zip(self.state.tickets.iter()) {
            let members = self.state.campaigns.get(ticket.campaign).roster.len();
            let is_member = ticket.member.is_none_or(|member| member < members);
            check("ticket", at, "member", is_member)?;
        }
        for ix in 0..self.state.campaigns.len() {
            let row = self.state.campaigns.get_mut(ix);
            row.restore_watch(&self.state.tickets, ix, self.state.recorded_at);
            row.count_heard(&self.state.devices);
        }
        Ok(())
    }

    /// A device's latest execution is one of its own.
    fn check_executions(&self) -> Result<(), SnapshotError> {
        for (ix, device) in self.state.devices.iter() {
            let Some((campaign, member)) = device.execution() else {
                continue;
            };
            let is_own = campaign < self.state.campaigns.len()
                && self
                    .state
                    .campaigns
                    .get(campaign)
                    .roster
                    .all()
                    .get(member as usize)
                    .is_some_and(|member| member.device == ix);
            check("device", ix, "execution", is_own)?;
        }
        Ok(())
    }
}

/// How many rows the head says there are. Members are announced by their campaigns, the head by nobody.
fn announced(head: &Head, kind: Kind) -> Option<u32> {
    Some(match kind {
        Kind::Head | Kind::Members => return None,
        Kind::Operators => head.operators,
        Kind::Keys => head.keys,
        Kind::Answers => head.answers,
        Kind::Releases => head.releases,
        Kind::Models => head.models,
        Kind::Images => head.images,
        Kind::Profiles => head.profiles,
        Kind::Attributes => head.attributes,
        Kind::Devices => head.devices,
        Kind::Campaigns => head.campaigns,
        Kind::Controls => head.controls,
        Kind::Tickets => head.tickets,
    })
}

/// Shows every row of a section, whose kind has been looked at.
pub(super) fn rows(
    section: u32,
    bytes: &[u8],
    mut row: impl FnMut(&mut Decoder<'_>) -> Result<(), RowError>,
) -> Result<(), SnapshotError> {
    let malformed = |source| SnapshotError::Malformed { section, source };
    let mut decoder = Decoder::new(bytes);
    let length = decoder.array().map_err(malformed)?;
    let count = length.and_then(|length| length.checked_sub(1));
    let count = count.ok_or_else(|| malformed(CborError::message("no definite array")))?;
    decoder.u32().map_err(malformed)?;
    for _ in 0..count {
        row(&mut decoder).map_err(|error| error.at(section))?;
    }
    if decoder.position() < bytes.len() {
        return Err(malformed(CborError::message("bytes after the section")));
    }
    Ok(())
}

/// A row that is kept as it is, once it has been checked.
fn packed<'b>(
    decoder: &mut Decoder<'b>,
    check: fn(&[u8]) -> Result<(), CborError>,
) -> Result<&'b [u8], CborError> {
    let start = decoder.position();
    decoder.skip()?;
    let packed = &decoder.input()[start..decoder.position()];
    check(packed)?;
    Ok(packed)
}

pub(super) enum RowError {
    Cbor(CborError),
    Other(SnapshotError),
}

impl RowError {
    fn at(self, section: u32) -> SnapshotError {
        match self {
            Self::Cbor(source) => SnapshotError::Malformed { section, source },
            Self::Other(error) => error,
        }
    }
}

impl From<CborError> for RowError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl From<SnapshotError> for RowError {
    fn from(error: SnapshotError) -> Self {
        Self::Other(error)
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).expect("rows are numbered by u32")
}

pub(super) fn count(kind: Kind, expected: u32, found: u32) -> SnapshotError {
    let what = kind.name();
    SnapshotError::Count {
        what,
        expected,
        found,
    }
}

pub(super) fn taken(what: &'static str, row: u32) -> SnapshotError {
    SnapshotError::NameTaken { what, row }
}

pub(super) fn out_of_range(what: &'static str, row: u32, field: &'static str) -> SnapshotError {
    SnapshotError::OutOfRange { what, row, field }
}

pub(super) fn check(
    what: &'static str,
    row: u32,
    field: &'static str,
    is_in_range: bool,
) -> Result<(), SnapshotError> {
    if is_in_range {
        Ok(())
    } else {
        Err(out_of_range(what, row, field))
    }
}

pub(super) fn check_time(
    what: &'static str,
    row: u32,
    field: &'static str,
    time: Option<Timestamp>,
) -> Result<(), SnapshotError> {
    check(what, row, field, time.is_none_or(|time| time <= TIME_MAX))
}
