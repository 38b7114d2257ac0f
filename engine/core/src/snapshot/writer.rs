//! From the state to sections.

use alloc::{vec, vec::Vec};
use core::{
    hash::Hash,
    num::{NonZeroU8, NonZeroU32, NonZeroU64},
};

use minicbor::{Encode, Encoder};

use super::{
    SECTION_BYTES_MAX,
    rows::{
        AnswerRow, CampaignRow, ControlRow, DeviceRow, Head, HealthRow, KeyRow, Kind, MemberRow,
        OperatorRow, ReleaseRow, RollbackManifestRow, RollbackRow, RunRow, ShortageRow, StartsRow,
        StateParts, TicketRow,
    },
};
use crate::{
    State,
    state::{Campaign, Counted, Device, Devices, Member, Number, Shared, Streak, Ticket},
};

pub fn write(state: &State, section: &mut dyn FnMut(&[u8])) {
    let numbering = Numbering::of(&state.devices);
    let mut out = Sections::new(section);
    out.row(Kind::Head, &head(state, &numbering));
    for (id, operator) in &state.operators {
        out.row(
            Kind::Operators,
            &OperatorRow {
                id: id.clone(),
                role: operator.role,
                password_hash: operator.password_hash.clone(),
                tenants: operator.tenants.clone(),
                revoked_at: operator.revoked_at,
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
                operator: operator.as_str(),
                id: id.as_str(),
                answer,
            },
        );
    }
    releases(state, &mut out);
    tables(&state.devices, &numbering, &mut out);
    for (ix, device) in state.devices.iter() {
        let streak = state.streaks.get(ix).copied();
        out.row(Kind::Devices, &device_row(device, streak, &numbering));
    }
    for (_, campaign) in state.campaigns.iter() {
        out.row(Kind::Campaigns, &campaign_row(campaign));
    }
    for (_, campaign) in state.campaigns.iter() {
        for (at, member) in (0..).zip(campaign.roster.all()) {
            out.row(Kind::Members, &member_row(campaign, at, member));
        }
    }
    for row in controls(state) {
        out.row(Kind::Controls, &row);
    }
    for (number, ticket) in state.tickets.iter() {
        out.row(Kind::Tickets, &ticket_row(number, ticket));
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
        debug_assert!(
            SECTION_HEAD_BYTES_MAX + row.len() <= SECTION_BYTES_MAX,
            "whatever may be many has a row for each"
        );
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
struct Numbering {
    models: Order,
    images: Order,
    profiles: Order,
    attributes: Order,
}

/// The values of one table in their new order.
struct Order {
    /// The new number of each value, where it has one.
    new: Vec<Option<u32>>,
    order: Vec<Number>,
}

impl Order {
    fn of<T: Hash + Eq>(table: &Shared<T>) -> Self {
        Self {
            new: vec![None; table.end()],
            order: Vec::new(),
        }
    }

    fn add(&mut self, number: Number) {
        let next = self.len();
        let new = &mut self.new[number.at()];
        if new.is_none() {
            *new = Some(next);
            self.order.push(number);
        }
    }

    fn new_number(&self, number: Number) -> u32 {
        self.new[number.at()].expect("all that devices share has been numbered")
    }

    fn len(&self) -> u32 {
        u32::try_from(self.order.len()).expect("rows are numbered by u32")
    }
}

impl Numbering {
    fn of(devices: &Devices) -> Self {
        let tables = devices.tables();
        let mut numbering = Self {
            models: Order::of(tables.models),
            images: Order::of(tables.images),
            profiles: Order::of(tables.profiles),
            attributes: Order::of(tables.attributes),
        };
        for (_, device) in devices.iter() {
            let numbers = device.numbers();
            numbering.models.add(numbers.model);
            for image in [numbers.running, numbers.standby].into_iter().flatten() {
                numbering.images.add(image);
            }
            if let Some(profile) = numbers.profile {
                numbering.profiles.add(profile);
            }
            if let Some(attributes) = numbers.attributes {
                numbering.attributes.add(attributes);
            }
        }
        numbering
    }
}

fn tables(devices: &Devices, numbering: &Numbering, out: &mut Sections<'_>) {
    let tables = devices.tables();
    for number in &numbering.models.order {
        out.row(Kind::Models, tables.models.get(*number));
    }
    for number in &numbering.images.order {
        out.row(Kind::Images, tables.images.get(*number));
    }
    for number in &numbering.profiles.order {
        out.encoded(Kind::Profiles, tables.profiles.get(*number));
    }
    for number in &numbering.attributes.order {
        out.encoded(Kind::Attributes, tables.attributes.get(*number));
    }
}

fn head(state: &State, numbering: &Numbering) -> Head {
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
        models: numbering.models.len(),
        images: numbering.images.len(),
        profiles: numbering.profiles.len(),
        attributes: numbering.attributes.len(),
        devices: state.devices.len(),
        campaigns: state.campaigns.len(),
        shortage: state.storage_low.map(|shortage| ShortageRow {
            since: shortage.since,
            free_bytes: shortage.free_bytes,
            floor_bytes: shortage.floor_bytes,
        }),
        campaign_defaults: state.campaign_defaults.clone(),
        approval_policy: state.approval_policy.clone(),
        alerts: state.alerts.iter().copied().collect(),
        tickets: count(state.tickets.len()),
        controls: count(controls(state).count()),
    }
}

fn controls(state: &State) -> impl Iterator<Item = ControlRow> {
    state.campaigns.iter().flat_map(|(ix, campaign)| {
        campaign.comparison.iter().flat_map(move |comparison| {
            comparison.all_controls().map(move |device| ControlRow {
                campaign: ix,
                device,
                marks: mark(comparison.controls.contains(&device), ControlRow::BOOTED)
                    + mark(
                        comparison.drained_controls.contains(&device),
                        ControlRow::DRAINED,
                    ),
            })
        })
    })
}

fn ticket_row(number: u64, ticket: &Ticket) -> TicketRow {
    TicketRow {
        number,
        campaign: ticket.campaign,
        member: ticket.member,
        opened_at: ticket.opened_at,
        error: ticket.error.clone(),
        attempts: ticket.attempts,
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
                advisories: release.advisories.clone(),
                requires: release.requires.clone(),
                hardware: release.hardware.clone(),
                deltas: release
                    .deltas
                    .iter()
                    .map(|(from, delta)| (*from, delta.clone()))
                    .collect(),
                rollbacks: release
                    .rollbacks
                    .iter()
                    .map(|(to, back)| RollbackManifestRow {
                        to: *to,
                        sequence: back.sequence,
                        manifest: back.manifest.clone(),
                    })
                    .collect(),
            },
        );
    }
}

fn device_row<'a>(
    device: Device<'a>,
    streak: Option<Streak>,
    numbering: &Numbering,
) -> DeviceRow<'a> {
    let numbers = device.numbers();
    let image = |number| numbering.images.new_number(number);
    let (epoch, seq) = device.last_number();
    DeviceRow {
        id: device.name(),
        model: numbering.models.new_number(numbers.model),
        lifecycle: device.lifecycle(),
        credential: device.credential().clone(),
        login_counter: device.login_counter(),
        epoch,
        seq,
        fingerprint: device.fingerprint(),
        last_seen: device.last_seen(),
        running: device
            .running()
            .zip(numbers.running)
            .map(|((slot, _), number)| (slot, image(number))),
        standby: numbers.standby.map(image),
        profile: numbers
            .profile
            .map(|number| numbering.profiles.new_number(number)),
        attributes: numbers
            .attributes
            .map(|number| numbering.attributes.new_number(number)),
        boot_ms: device.boot_ms(),
        execution: device.execution(),
        stage: device.stage(),
        progress_percent: device.progress_percent(),
        registered_at: device.registered_at(),
        streak,
        battery_drain: device.battery_drain(),
        reboots: device.reboots(),
    }
}

fn campaign_row(campaign: &Campaign) -> CampaignRow {
    let count = |count: usize| u32::try_from(count).expect("rows are numbered by u32");
    CampaignRow {
        spec: campaign.spec.clone(),
        releases: campaign.releases.clone(),
        status: campaign.status.clone(),
        version: campaign.version,
        created_at: campaign.created_at,
        started_at: campaign.started_at,
        resumed_at: campaign.resumed_at,
        ended_at: campaign.ended_at,
        canceled_position: campaign.canceled_position,
        recalled_position: campaign.recalled_position,
        recalled_at: campaign.recalled_at,
        members: campaign.roster.len(),
        enrolled: campaign.roster.enrolled(),
        runs: campaign
            .runs
            .iter()
            .map(|run| RunRow {
                started_at: run.started_at,
                passed_at: run.passed_at,
                held_ms: run.held_ms,
                position: run.position,
            })
            .collect(),
        run: count(campaign.run),
        evidence: campaign.evidence,
        forgiven: campaign.forgiven,
        exposed: campaign.exposed,
        errors: campaign.errors.to_vec(),
        tallies: campaign.roster.tallies().to_vec(),
        starts: StartsRow {
            minute: 0,
            in_minute: 0,
            notified: campaign.starts.notified,
            recent: campaign.starts.recent().collect(),
        },
        retries: campaign.retries.into(),
        retry_bytes: campaign.retry_bytes,
        marks: mark(campaign.is_archived, CampaignRow::ARCHIVED)
            + mark(campaign.is_promoted, CampaignRow::PROMOTED),
        strata: campaign.strata.clone(),
        rollback: campaign.rollback.as_ref().map(|rollback| RollbackRow {
            cause: rollback.cause.clone(),
            started_at: rollback.started_at,
            phases_bp: rollback.phases.iter().map(|share| share.get()).collect(),
            phase: count(rollback.phase),
            forgiven_failed: rollback.forgiven.failed,
            forgiven_resolved: rollback.forgiven.resolved,
        }),
        sources: campaign.sources.versions().to_vec(),
        comparison: campaign.comparison.clone(),
        held_since: campaign.held_since,
        frozen: campaign.frozen.clone(),
        schedule_ended: campaign.schedule_ended,
        authors: campaign.authors.clone(),
        approvals: campaign.approvals.clone(),
        positions: campaign.positions,
        ordered: campaign.ordered.clone(),
        health: campaign.health.as_ref().map(|health| HealthRow {
            figures: health.all_figures().to_vec(),
            tried: health.tried().to_vec(),
        }),
        alerts: campaign.watch.alerts.iter().copied().collect(),
        to_open: campaign.watch.to_open.iter().copied().collect(),
    }
}

const fn mark(is_set: bool, mark: u64) -> u64 {
    if is_set { mark } else { 0 }
}

fn member_row(campaign: &Campaign, at: u32, member: &Member) -> MemberRow {
    let hop = campaign.hops.get(&at).copied().unwrap_or_default();
    let health = campaign.health.as_ref();
    let StateParts {
        number: state,
        retry_at,
        to,
        wait,
    } = StateParts::of(member.state);
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
            + mark(member.reviewed, MemberRow::REVIEWED)
            + mark(member.silent, MemberRow::SILENT),
        counted: Some(member.counted).filter(|counted| *counted != Counted::NotYet),
        error: member.error.as_deref().cloned(),
        group: member.place.group.into(),
        phase: member.place.phase.into(),
        stratum: member.stratum.into(),
        to,
        source: member.source.map(NonZeroU8::get),
        first_offer_s: member.first_offer_s.map(NonZeroU32::get),
        arm: member.arm as u64,
        position: member.position,
        removed_for: member.removed_for,
        excluded_by: campaign.excluded.get(&at).cloned(),
        via: hop.to,
        passed: hop.passed,
        left: mark(hop.has_left, 1),
        attempts_before: hop.attempts_before.into(),
        watch: health.and_then(|health| health.watch(at)).cloned(),
        silent_since: member
            .silent_since
            .map(NonZeroU64::get)
            .filter(|since| !(member.is_in_progress() && *since == member.since)),
        wait,
        window: campaign.window(member),
    }
}
