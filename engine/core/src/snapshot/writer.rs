//! From the state to sections.

use alloc::{collections::BTreeMap, vec::Vec};

use fleetfold_schemas::device::{Image, Running};
use minicbor::{Encode, Encoder};

use super::{
    SECTION_BYTES_MAX,
    rows::{
        AnswerRow, AttributesRow, CampaignRow, DeviceRow, Head, KeyRow, Kind, MemberRow,
        OperatorRow, PhaseRow, ProfileRow, ReleaseRow, ShortageRow, StateNumber,
    },
};
use crate::{
    State,
    state::{Campaign, Counted, Device, Inventory, Member},
};

pub fn write(state: &State, section: &mut dyn FnMut(&[u8])) {
    let tables = Tables::of(state);
    let mut out = Sections::new(section);
    out.row(Kind::Head, &head(state, &tables));
    for (id, operator) in &state.operators {
        out.row(
            Kind::Operators,
            &OperatorRow {
                id: id.clone(),
                role: operator.role,
                password_hash: operator.password_hash.clone(),
            },
        );
    }
    for (name, public_key) in &state.keys.names {
        let (name, public_key) = (name.clone(), *public_key);
        out.row(Kind::Keys, &KeyRow { name, public_key });
    }
    for (at, operator, id, answer) in state.commands.oldest_first() {
        out.row(
            Kind::Answers,
            &AnswerRow {
                at,
                operator: operator.clone(),
                id: id.clone(),
                answer: answer.clone(),
            },
        );
    }
    releases(state, &mut out);
    for (kind, table) in [
        (Kind::Models, &tables.models),
        (Kind::Images, &tables.images),
        (Kind::Profiles, &tables.profiles),
        (Kind::Attributes, &tables.attributes),
    ] {
        for row in &table.rows {
            out.encoded(kind, row);
        }
    }
    for (_, device) in state.devices.iter() {
        out.row(Kind::Devices, &device_row(device, &tables));
    }
    for (_, campaign) in state.campaigns.iter() {
        out.row(Kind::Campaigns, &campaign_row(campaign));
    }
    for (_, campaign) in state.campaigns.iter() {
        for member in &campaign.members {
            out.row(Kind::Members, &member_row(member));
        }
    }
    out.finish();
}

/// The head of a section: an array of up to 2^32 elements, of which the first is the kind.
const SECTION_HEAD_BYTES_MAX: usize = 5 + 2;

/// Collects rows into sections.
struct Sections<'a> {
    out: &'a mut dyn FnMut(&[u8]),
    kind: Kind,
    count: u64,
    rows: Vec<u8>,
    row: Vec<u8>,
    section: Vec<u8>,
}

impl<'a> Sections<'a> {
    fn new(out: &'a mut dyn FnMut(&[u8])) -> Self {
        Self {
            out,
            kind: Kind::Head,
            count: 0,
            rows: Vec::new(),
            row: Vec::new(),
            section: Vec::new(),
        }
    }

    fn row(&mut self, kind: Kind, row: &impl Encode<()>) {
        let mut encoded = core::mem::take(&mut self.row);
        encoded.clear();
        encode(row, &mut encoded);
        self.encoded(kind, &encoded);
        self.row = encoded;
    }

    fn encoded(&mut self, kind: Kind, row: &[u8]) {
        let is_full = SECTION_HEAD_BYTES_MAX + self.rows.len() + row.len() > SECTION_BYTES_MAX;
        if kind != self.kind || is_full {
            self.finish();
        }
        self.kind = kind;
        self.count += 1;
        self.rows.extend_from_slice(row);
    }

    fn finish(&mut self) {
        if self.count == 0 {
            return;
        }
        self.section.clear();
        let mut encoder = Encoder::new(&mut self.section);
        encoder
            .array(1 + self.count)
            .and_then(|encoder| encoder.u32(self.kind.number()))
            .expect("writing to memory does not fail");
        self.section.extend_from_slice(&self.rows);
        (self.out)(&self.section);
        self.rows.clear();
        self.count = 0;
    }
}

fn encode(value: &impl Encode<()>, bytes: &mut Vec<u8>) {
    minicbor::encode(value, bytes).expect("writing to memory does not fail");
}

/// What many devices share, numbered in the order in which the devices first name it.
#[derive(Default)]
struct Tables {
    models: Table,
    images: Table,
    profiles: Table,
    attributes: Table,
}

#[derive(Default)]
struct Table {
    numbers: BTreeMap<Vec<u8>, u32>,
    rows: Vec<Vec<u8>>,
}

impl Table {
    fn add(&mut self, value: &impl Encode<()>) {
        let mut row = Vec::new();
        encode(value, &mut row);
        if !self.numbers.contains_key(&row) {
            self.numbers.insert(row.clone(), self.len());
            self.rows.push(row);
        }
    }

    fn number(&self, value: &impl Encode<()>) -> u32 {
        let mut row = Vec::new();
        encode(value, &mut row);
        self.numbers[&row]
    }

    fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("rows are numbered by u32")
    }
}

impl Tables {
    fn of(state: &State) -> Self {
        let mut tables = Self::default();
        for (_, device) in state.devices.iter() {
            tables.models.add(&device.model);
            if let Some(running) = &device.running {
                tables.images.add(&image(running));
            }
            if let Some(standby) = &device.standby {
                tables.images.add(standby);
            }
            let (profile, attributes) = inventory(&device.inventory);
            if let Some(profile) = profile {
                tables.profiles.add(&profile);
            }
            if let Some(attributes) = attributes {
                tables.attributes.add(&attributes);
            }
        }
        tables
    }
}

fn head(state: &State, tables: &Tables) -> Head {
    let count = |count: usize| u32::try_from(count).expect("rows are numbered by u32");
    Head {
        position: state.position,
        recorded_at: state.recorded_at,
        site: state.site.as_ref().map(|site| site.name.clone()),
        speed: state.site.as_ref().and_then(|site| site.speed),
        operators: count(state.operators.len()),
        keys: count(state.keys.names.len()),
        answers: state.commands.len(),
        releases: state.releases.len(),
        models: tables.models.len(),
        images: tables.images.len(),
        profiles: tables.profiles.len(),
        attributes: tables.attributes.len(),
        devices: state.devices.len(),
        campaigns: state.campaigns.len(),
        shortage: state.storage_low.map(|shortage| ShortageRow {
            since: shortage.since,
            free_bytes: shortage.free_bytes,
            floor_bytes: shortage.floor_bytes,
        }),
    }
}

fn releases(state: &State, out: &mut Sections<'_>) {
    for (_, release) in state.releases.iter() {
        out.row(
            Kind::Releases,
            &ReleaseRow {
                model: release.model.clone(),
                version: release.version.clone(),
                vendor: release.vendor.clone(),
                sequence: release.sequence,
                image: release.image,
                image_sha256: release.image_sha256,
                image_bytes: release.image_bytes,
                manifest: release.manifest.clone(),
                key_id: release.key_id.clone(),
                published_at: release.published_at,
                deltas: release
                    .deltas
                    .iter()
                    .map(|(from, delta)| (*from, delta.clone()))
                    .collect(),
            },
        );
    }
}

fn image(running: &Running) -> Image {
    Image {
        version: running.version.clone(),
        digest: running.digest,
    }
}

/// What there is of it; nothing of a device that has not said hello.
fn inventory(inventory: &Inventory) -> (Option<ProfileRow>, Option<AttributesRow>) {
    let profile = ProfileRow {
        hardware: inventory.hardware.clone(),
        capabilities: inventory.capabilities.clone(),
        region: inventory.region.clone(),
        tenant: inventory.tenant.clone(),
        tags: inventory.tags.clone(),
    };
    let pairs = inventory.attributes.iter();
    let attributes = AttributesRow {
        pairs: pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    };
    (
        Some(profile).filter(|profile| *profile != ProfileRow::default()),
        Some(attributes).filter(|attributes| *attributes != AttributesRow::default()),
    )
}

fn device_row(device: &Device, tables: &Tables) -> DeviceRow {
    let (profile, attributes) = inventory(&device.inventory);
    DeviceRow {
        id: device.id.clone(),
        model: tables.models.number(&device.model),
        lifecycle: device.lifecycle,
        credential: device.credential.clone(),
        login_counter: device.login_counter,
        epoch: device.epoch,
        seq: device.seq,
        fingerprint: device.fingerprint,
        last_seen: device.last_seen,
        running: device
            .running
            .as_ref()
            .map(|running| (running.slot, tables.images.number(&image(running)))),
        standby: device
            .standby
            .as_ref()
            .map(|standby| tables.images.number(standby)),
        profile: profile.map(|profile| tables.profiles.number(&profile)),
        attributes: attributes.map(|attributes| tables.attributes.number(&attributes)),
        boot_ms: device.boot_ms,
        execution: device.execution,
        stage: device.stage,
        progress_percent: device.progress_percent,
    }
}

fn campaign_row(campaign: &Campaign) -> CampaignRow {
    let count = |count: usize| u32::try_from(count).expect("rows are numbered by u32");
    CampaignRow {
        spec: campaign.spec.clone(),
        release: campaign.release,
        status: campaign.status.clone(),
        version: campaign.version,
        created_at: campaign.created_at,
        started_at: campaign.started_at,
        resumed_at: campaign.resumed_at,
        ended_at: campaign.ended_at,
        canceled_position: campaign.canceled_position,
        members: count(campaign.members.len()),
        phases: campaign
            .phases
            .iter()
            .map(|run| PhaseRow {
                cut: run.cut,
                started_at: run.started_at,
                passed_at: run.passed_at,
                tally: run.tally,
            })
            .collect(),
        phase: count(campaign.phase),
        offered: campaign.offered,
        evidence: campaign.evidence,
        forgiven: campaign.forgiven,
        exposed: campaign.exposed,
        errors: campaign.errors.to_vec(),
    }
}

fn member_row(member: &Member) -> MemberRow {
    let (state, retry_at) = StateNumber::of(member.state);
    let mark = |is_set: bool, mark: u64| if is_set { mark } else { 0 };
    MemberRow {
        device: member.device,
        rank: member.rank,
        state,
        retry_at,
        since: member.since,
        attempts: member.attempts.into(),
        job: member.job,
        marks: mark(member.accepted, MemberRow::ACCEPTED)
            + mark(member.failed, MemberRow::FAILED)
            + mark(member.restored, MemberRow::RESTORED)
            + mark(member.reviewed, MemberRow::REVIEWED),
        counted: Some(member.counted).filter(|counted| *counted != Counted::NotYet),
        error: member.error.as_deref().cloned(),
    }
}
