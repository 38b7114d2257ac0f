//! From rows to campaigns and their members. What adds up must: no later decision could notice.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::num::{NonZeroU8, NonZeroU32, NonZeroU64};

use fleetfold_schemas::{
    OperatorId,
    campaign::{BasisPoints, ReleaseRef},
};

use super::{
    SnapshotError,
    reader::{RowError, check, check_time, count, number, out_of_range},
    rows::{CampaignRow, Kind, MemberRow, RollbackRow, StartsRow, StateParts},
};
use crate::{
    CampaignIx, ReleaseIx, State,
    calendar::Window,
    fact::Ordered,
    gate::ab::Arm,
    state::{
        Campaign, Counted, Device, Hop, Member, Number, PhaseTally, Place, Returns, Rollback,
        Roster, STRATA_MAX, Sources, Starts, Watch,
    },
};

/// So many rows of members are looked at together.
const TOGETHER: usize = 256;

/// The members of all campaigns, one campaign after the other.
#[derive(Debug, Default)]
pub struct Rosters {
    announced: Vec<Announced>,
    /// The campaign whose members are being read.
    at: usize,
    /// Members that have been read and not been looked at.
    rows: Vec<MemberRow>,
    looked_up: Vec<LookedUp>,
    /// Members that are their device's latest execution.
    executions: u32,
}

/// What a member's device says.
#[derive(Debug)]
struct LookedUp {
    /// `None`: there is no such device.
    model: Option<Number>,
    execution: Option<(CampaignIx, u32)>,
}

/// What a campaign's row says of its members, and those that have come.
#[derive(Debug)]
struct Announced {
    count: u32,
    enrolled: u32,
    tallies: Vec<PhaseTally>,
    members: Vec<Member>,
    excluded: BTreeMap<u32, OperatorId>,
    hops: BTreeMap<u32, Hop>,
    watches: Vec<(u32, Watch)>,
}

impl Rosters {
    pub fn campaign(&mut self, state: &mut State, mut row: CampaignRow) -> Result<(), RowError> {
        let ix = state.campaigns.len();
        check_times(ix, &row)?;
        check_references(state, ix, &row)?;
        self.announced.push(Announced {
            count: row.members,
            enrolled: row.enrolled,
            tallies: core::mem::take(&mut row.tallies),
            members: Vec::with_capacity(row.members as usize),
            excluded: BTreeMap::new(),
            hops: BTreeMap::new(),
            watches: Vec::new(),
        });
        state.campaigns.push(campaign(ix, row)?);
        Ok(())
    }

    /// Takes the next member; [`Rosters::look`] follows the last.
    pub fn member(&mut self, state: &mut State, row: MemberRow) -> Result<(), RowError> {
        self.rows.push(row);
        if self.rows.len() == TOGETHER {
            self.look(state)?;
        }
        Ok(())
    }

    /// Looks at the members that have been taken. Their devices are looked up for all of them first: they are far apart in
    /// memory, and waiting for many at once takes little longer than waiting for one.
    pub fn look(&mut self, state: &mut State) -> Result<(), SnapshotError> {
        let mut rows = core::mem::take(&mut self.rows);
        let mut looked_up = core::mem::take(&mut self.looked_up);
        let devices = &state.devices;
        looked_up.extend(rows.iter().map(|row| {
            let device = (row.device < devices.len()).then(|| devices.get(row.device));
            LookedUp {
                model: device.map(|device| device.numbers().model),
                execution: device.and_then(Device::execution),
            }
        }));
        for (row, device) in rows.drain(..).zip(looked_up.drain(..)) {
            self.looked_at(state, row, &device)?;
        }
        (self.rows, self.looked_up) = (rows, looked_up);
        Ok(())
    }

    fn looked_at(
        &mut self,
        state: &mut State,
        row: MemberRow,
        device: &LookedUp,
    ) -> Result<(), SnapshotError> {
        let announced = loop {
            match self.announced.get(self.at) {
                None => return Err(count(Kind::Members, 0, 1)),
                Some(campaign) if number(campaign.members.len()) < campaign.count => break self.at,
                Some(_) => self.at += 1,
            }
        };
        let at = number(announced);
        let announced = &mut self.announced[announced];
        let ix = number(announced.members.len());
        let excluded_by = row.excluded_by.clone();
        let hop = hop(state, ix, &row)?;
        if let Some(watch) = &row.watch {
            for time in watch.times() {
                check_time("member", ix, "time", Some(time))?;
            }
            let is_watched = state.campaigns.get(at).health.is_some()
                && watch
                    .partner_place()
                    .is_none_or(|place| place < announced.count);
            check("member", ix, "watch", is_watched)?;
            announced.watches.push((ix, watch.clone()));
        }
        let window = row.window;
        if let Some(window) = window.filter(|window| *window != Window::NEVER) {
            check_time("member", ix, "window", Some(window.until))?;
            check("member", ix, "window", window.from < window.until)?;
        }
        self.executions += u32::from(device.execution == Some((at, ix)));
        let mut member = member(state, state.campaigns.get(at), ix, row, device)?;
        member.window = state.campaigns.get_mut(at).share_window(window);
        let order = |member: &Member| (member.place, member.rank, member.device);
        let by_group = |member: &Member| (member.place.group, member.rank, member.device);
        if ix < announced.enrolled
            && let Some(last) = announced.members.last()
            && (order(last) >= order(&member) || by_group(last) >= by_group(&member))
        {
            return Err(SnapshotError::Unsorted {
                what: "member",
                row: ix,
            });
        }
        announced.members.push(member);
        if let Some(operator) = excluded_by {
            announced.excluded.insert(ix, operator);
        }
        if hop != Hop::default() {
            announced.hops.insert(ix, hop);
        }
        Ok(())
    }

    /// All members have come. Returns how many are their device's latest execution.
    pub fn finish(self, state: &mut State) -> Result<u32, SnapshotError> {
        for (ix, announced) in (0..).zip(self.announced) {
            let found = number(announced.members.len());
            if found != announced.count {
                return Err(count(Kind::Members, announced.count, found));
            }
            let campaign = state.campaigns.get_mut(ix);
            campaign.excluded = announced.excluded;
            campaign.hops = announced.hops;
            if campaign.started_at.is_some() {
                let (members, enrolled) = (announced.members, announced.enrolled);
                campaign.roster = Roster::of(&campaign.spec, members, Some(enrolled));
            }
            if let Some(health) = &mut campaign.health {
                health.restore_watches(announced.watches);
            }
            let accepted = campaign
                .roster
                .all()
                .iter()
                .filter(|member| member.accepted);
            let mut tallies = announced.tallies;
            // Of the first snapshots, it is not known any more who is out of sight.
            for (before, now) in tallies.iter_mut().zip(campaign.roster.tallies()) {
                before.unknown = now.unknown;
            }
            if campaign.roster.tallies() != tallies || number(accepted.count()) != campaign.exposed
            {
                return Err(SnapshotError::Tally { campaign: ix });
            }
            state.campaigns.restored(ix);
        }
        Ok(self.executions)
    }
}

fn check_times(ix: CampaignIx, row: &CampaignRow) -> Result<(), SnapshotError> {
    let times = [
        row.started_at,
        row.resumed_at,
        row.ended_at,
        row.held_since,
        row.recalled_at,
        Some(row.created_at),
    ];
    let runs = row.runs.iter();
    let of_runs = runs.flat_map(|run| [run.started_at, run.passed_at]);
    let approvals = row.approvals.iter();
    let of_approvals = approvals.flat_map(|asked| [Some(asked.asked_at), Some(asked.expires_at)]);
    for time in times.into_iter().chain(of_runs).chain(of_approvals) {
        check_time("campaign", ix, "time", time)?;
    }
    for standing in &row.alerts {
        check_time("campaign", ix, "alert", Some(standing.changed_at))?;
    }
    Ok(())
}

/// What a row names must be there.
fn check_references(state: &State, ix: CampaignIx, row: &CampaignRow) -> Result<(), SnapshotError> {
    let in_range = |field, is_in_range| check("campaign", ix, field, is_in_range);
    let named = &row.spec.releases;
    let is_release = |(at, named): (&ReleaseIx, &ReleaseRef)| {
        *at < state.releases.len() && state.releases.get(*at).model == named.model
    };
    let are_releases =
        row.releases.len() == named.len() && row.releases.iter().zip(named).all(is_release);
    in_range("releases", are_releases)?;
    in_range("members", row.members <= state.devices.len())?;
    in_range("enrolled", row.enrolled <= row.members)?;
    in_range("members", row.started_at.is_some() || row.members == 0)?;
    let is_device = |ordered: &Ordered| ordered.device < state.devices.len();
    in_range("ordered", row.ordered.as_ref().is_none_or(is_device))?;
    let is_member = |at: &u32| *at < row.members;
    in_range("tickets to open", row.to_open.iter().all(is_member))
}

/// All but its members.
fn campaign(ix: CampaignIx, row: CampaignRow) -> Result<Campaign, RowError> {
    let out_of_range = |field| out_of_range("campaign", ix, field);
    let in_range = |field, is_in_range| check("campaign", ix, field, is_in_range);
    let mut campaign = Campaign::new(row.spec, row.releases, row.created_at);
    in_range("runs", row.runs.len() == campaign.runs.len())?;
    in_range("run", (row.run as usize) < campaign.runs.len())?;
    for (run, row) in campaign.runs.iter_mut().zip(&row.runs) {
        run.started_at = row.started_at;
        run.passed_at = row.passed_at;
        run.held_ms = row.held_ms;
        run.position = row.position;
    }
    in_range("errors", row.errors.len() <= campaign.errors.len())?;
    campaign.errors[..row.errors.len()].copy_from_slice(&row.errors);
    in_range("marks", row.marks & !CampaignRow::MARKS == 0)?;
    campaign.is_archived = row.marks & CampaignRow::ARCHIVED != 0;
    campaign.is_promoted = row.marks & CampaignRow::PROMOTED != 0;
    in_range("strata", row.strata.len() <= STRATA_MAX)?;
    campaign.strata = row.strata;
    if let Some(row) = row.health {
        let health = campaign.health.as_mut();
        let is_whole = health.is_some_and(|health| health.restore(&row.figures, &row.tried));
        in_range("health", is_whole)?;
    }
    for standing in row.alerts {
        campaign.watch.alerts.set(standing);
    }
    campaign.watch.to_open = row.to_open.into_iter().collect();
    let rollback = row.rollback.map(|row| rollback(ix, row)).transpose()?;
    in_range(
        "rollback",
        rollback.is_some() || !row.status.is_rolling_back(),
    )?;
    Ok(Campaign {
        status: row.status,
        version: row.version,
        started_at: row.started_at,
        resumed_at: row.resumed_at,
        held_since: row.held_since,
        frozen: row.frozen,
        schedule_ended: row.schedule_ended,
        ended_at: row.ended_at,
        canceled_position: row.canceled_position,
        recalled_position: row.recalled_position,
        recalled_at: row.recalled_at,
        run: row.run as usize,
        evidence: row.evidence,
        forgiven: row.forgiven,
        exposed: row.exposed,
        starts: starts(ix, row.starts)?,
        retries: u32::try_from(row.retries).map_err(|_| out_of_range("retries"))?,
        retry_bytes: row.retry_bytes,
        rollback,
        sources: Sources::of(row.sources).ok_or(out_of_range("sources"))?,
        comparison: row.comparison,
        authors: row.authors,
        approvals: row.approvals,
        positions: row.positions,
        ordered: row.ordered,
        ..campaign
    })
}

fn starts(campaign: u32, row: StartsRow) -> Result<Starts, SnapshotError> {
    let mut recent = row.recent;
    // An older snapshot says only when the minute began.
    if recent.is_empty() && row.in_minute > 0 {
        let count = u32::try_from(row.in_minute).ok();
        let count = count.ok_or(out_of_range("campaign", campaign, "starts"))?;
        recent.push((row.minute, count));
    }
    for (at, _) in &recent {
        check_time("campaign", campaign, "time", Some(*at))?;
    }
    let is_sorted = recent.is_sorted_by(|(a, _), (b, _)| a < b);
    check("campaign", campaign, "starts", is_sorted)?;
    Ok(Starts::of(recent, row.notified))
}

fn rollback(campaign: u32, row: RollbackRow) -> Result<Rollback, SnapshotError> {
    check_time("campaign", campaign, "time", Some(row.started_at))?;
    let shares = row.phases_bp.into_iter().map(BasisPoints::new);
    let phases: Vec<_> = shares
        .collect::<Option<_>>()
        .ok_or(out_of_range("campaign", campaign, "rollback"))?;
    let phase = row.phase as usize;
    check("campaign", campaign, "rollback", phase < phases.len())?;
    Ok(Rollback {
        cause: row.cause,
        started_at: row.started_at,
        phases,
        phase,
        forgiven: Returns {
            failed: row.forgiven_failed,
            resolved: row.forgiven_resolved,
        },
    })
}

fn hop(state: &State, member: u32, row: &MemberRow) -> Result<Hop, SnapshotError> {
    for release in [row.via, row.passed].into_iter().flatten() {
        check("member", member, "release", release < state.releases.len())?;
    }
    let attempts_before = u32::try_from(row.attempts_before).ok();
    Ok(Hop {
        to: row.via,
        passed: row.passed,
        has_left: row.left != 0,
        attempts_before: attempts_before.ok_or(out_of_range("member", member, "attempts"))?,
    })
}

fn member(
    state: &State,
    campaign: &Campaign,
    ix: u32,
    row: MemberRow,
    device: &LookedUp,
) -> Result<Member, SnapshotError> {
    let out_of_range = |field| out_of_range("member", ix, field);
    let in_range = |field, is_in_range| check("member", ix, field, is_in_range);
    for time in [Some(row.since), row.retry_at, row.silent_since] {
        check_time("member", ix, "time", time)?;
    }
    let model = device.model.ok_or(out_of_range("device"))?;
    let model = state.devices.tables().models.get(model);
    let arm = match row.arm {
        0 => Arm::A,
        1 => Arm::B,
        _ => return Err(out_of_range("arm")),
    };
    in_range("device", campaign.release_in(arm, model).is_some())?;
    in_range("marks", row.marks & !MemberRow::MARKS == 0)?;
    in_range("release", row.to.is_none_or(|to| to < state.releases.len()))?;
    in_range("group", row.group < campaign.spec.groups.len() as u64)?;
    in_range("phase", row.phase <= campaign.spec.phases.len() as u64)?;
    let strata = campaign.strata.len().max(1) as u64;
    in_range("stratum", row.stratum < strata)?;
    let source = row.source.and_then(NonZeroU8::new);
    let is_source = source.map_or(row.source.is_none(), |source| campaign.sources.has(source));
    in_range("source", is_source)?;
    let first_offer_s = row.first_offer_s.and_then(NonZeroU32::new);
    in_range(
        "first offer",
        first_offer_s.is_some() == row.first_offer_s.is_some(),
    )?;
    let small = |number: u64| u16::try_from(number).expect("it has been checked");
    let has = |mark| row.marks & mark != 0;
    let mut member = Member {
        device: row.device,
        rank: row.rank,
        place: Place {
            group: small(row.group),
            phase: small(row.phase),
        },
        state: StateParts {
            number: row.state,
            retry_at: row.retry_at,
            to: row.to,
            wait: row.wait,
        }
        .whole()
        .ok_or(out_of_range("retry time"))?,
        since: row.since,
        attempts: row
            .attempts
            .try_into()
            .map_err(|_| out_of_range("attempts"))?,
        job: row.job,
        accepted: has(MemberRow::ACCEPTED),
        failed: has(MemberRow::FAILED),
        restored: has(MemberRow::RESTORED),
        reviewed: has(MemberRow::REVIEWED),
        silent: has(MemberRow::SILENT),
        arm,
        stratum: u8::try_from(row.stratum).expect("it has been checked"),
        counted: row.counted.unwrap_or(Counted::NotYet),
        source,
        first_offer_s,
        silent_since: row.silent_since.and_then(NonZeroU64::new),
        window: None,
        error: row.error.map(Box::new),
        position: row.position,
        removed_for: row.removed_for,
    };
    if member.is_in_progress() && member.silent_since.is_none() {
        member.silent_since = NonZeroU64::new(member.since);
    }
    Ok(member)
}
