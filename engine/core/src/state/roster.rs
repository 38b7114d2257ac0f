//! Who takes part in a campaign, by group and phase.
//!
//! Members of the start stand first, by group and rank, so that a group's phase is a range of them. Who joins later is
//! appended; its place never changes, because devices remember it.

use alloc::{collections::BTreeMap, collections::BTreeSet, vec, vec::Vec};

use fleetfold_schemas::{
    CampaignId,
    campaign::{CampaignSpec, GroupOrder},
    mutant::{Mutant, is_on},
};

use super::{Campaign, Devices, Member, MemberState, PhaseTally};
use core::cmp::Ordering;

use crate::{
    DeviceIx,
    cohort::{cut, rank_of, share_of_ranks},
    gate::ab::Arm,
};

/// The members of a campaign, and the tallies over them.
///
/// A tally is never edited: [`Roster::update`] subtracts what a member contributed before a change and adds what it
/// contributes after, so no transition can forget one.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    members: Vec<Member>,
    /// Members before this one have been there from the start.
    enrolled: u32,
    /// Those who came later.
    joined: BTreeMap<DeviceIx, u32>,
    /// Of `joined`: not offered the update yet.
    joined_waiting: BTreeSet<u32>,
    /// In the order in which they are offered the update.
    groups: Vec<GroupRun>,
    phases: u16,
    /// By group, then by phase.
    tallies: Vec<PhaseTally>,
}

/// A group of a campaign that has started.
#[derive(Debug, Clone)]
pub struct GroupRun {
    /// Its place in the description.
    pub spec: u16,
    /// Groups of the same track go through the phases together.
    pub track: u16,
    /// Its members from the start: from the first to before the last.
    first: u32,
    last: u32,
    /// Where the members of each phase from the start end.
    cuts: Vec<u32>,
    /// The highest rank within each phase.
    ranks: Vec<u64>,
    /// Members from the start before this one have had their turn.
    offered: u32,
}

/// Where a member belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Among the groups in their order of offers.
    pub group: u16,
    /// The first phase that it is in; the number of phases if it is in none.
    pub phase: u16,
}

/// The groups of a description in the order in which they are offered the update: by `rollout_order`, then by
/// `priority`, then as they are written. With it the track of each.
pub fn group_order(spec: &CampaignSpec) -> impl Iterator<Item = (u16, u16)> {
    let mut order: Vec<_> = (0u16..).zip(&spec.groups).collect();
    order.sort_by_key(|(_, group)| (group.rollout_order, group.priority));
    let mut track = 0;
    let mut last = order.first().map(|(_, group)| group.rollout_order);
    let is_sequential = spec.group_order == GroupOrder::Sequential;
    order.into_iter().map(move |(at, group)| {
        if is_sequential && last != Some(group.rollout_order) {
            track += 1;
            last = Some(group.rollout_order);
        }
        (at, track)
    })
}

impl Roster {
    /// Ranks the devices within their groups and cuts the phases. Groups are numbered in the order of offers.
    pub(crate) fn enroll(
        campaign: &Campaign,
        devices: impl Iterator<Item = (DeviceIx, u16)>,
        table: &Devices,
    ) -> Self {
        let spec = &campaign.spec;
        let mut members: Vec<_> = devices
            .map(|(ix, group)| {
                let name = table.get(ix).name();
                Member {
                    arm: campaign.arm_of(name).0,
                    ..Member::new(ix, rank_of(&spec.id, name), group)
                }
            })
            .collect();
        members.sort_unstable_by_key(|member| (member.place.group, member.rank, member.device));
        let phases = count(spec.phases.len());
        let mut first = 0;
        for (group, _) in (0u16..).zip(&spec.groups) {
            let size = members[first..].partition_point(|member| member.place.group == group);
            let (own, size) = (&mut members[first..first + size], size);
            let mut start = 0;
            for (phase, spec) in (0u16..).zip(&spec.phases) {
                let size = u32::try_from(size).expect("devices are numbered by u32");
                let end = (cut(spec.percentage, size) as usize).max(start);
                own[start..end]
                    .iter_mut()
                    .for_each(|member| member.place.phase = phase);
                start = end;
            }
            own[start..]
                .iter_mut()
                .for_each(|member| member.place.phase = phases);
            first += size;
        }
        Self::of(spec, members, None)
    }

    /// Of members in their places. Without `enrolled` all of them have been there from the start.
    pub(crate) fn of(spec: &CampaignSpec, members: Vec<Member>, enrolled: Option<u32>) -> Self {
        let phases = count(spec.phases.len());
        let enrolled = enrolled.unwrap_or_else(|| number(members.len()));
        let mut tallies = vec![PhaseTally::default(); spec.groups.len() * spec.phases.len()];
        for member in &members {
            if let Some(at) = cell(phases, member.place) {
                tallies[at] += member.contribution();
            }
        }
        let (from_start, later) = members.split_at(enrolled as usize);
        let mut roster = Self {
            enrolled,
            joined: (enrolled..)
                .zip(later)
                .map(|(at, member)| (member.device, at))
                .collect(),
            joined_waiting: (enrolled..)
                .zip(later)
                .filter(|(_, member)| member.state == MemberState::Waiting)
                .map(|(at, _)| at)
                .collect(),
            groups: Vec::new(),
            phases,
            tallies,
            members: Vec::new(),
        };
        let mut first = 0;
        for (group, (at, track)) in (0u16..).zip(group_order(spec)) {
            let own = &from_start[first as usize..];
            let size = own.partition_point(|member| member.place.group == group);
            let run = GroupRun::of(spec, (at, track), first, &own[..size]);
            first += number(size);
            roster.groups.push(run);
        }
        roster.members = members;
        roster
    }

    #[must_use]
    pub fn len(&self) -> u32 {
        number(self.members.len())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many members a group has, those beyond the last phase included.
    #[must_use]
    pub fn size(&self, group: u16) -> u32 {
        let Some(run) = self.groups.get(usize::from(group)) else {
            return 0;
        };
        let joined = self.members[self.enrolled as usize..].iter();
        let joined = joined.filter(|member| member.place.group == group).count();
        run.last - run.first + number(joined)
    }

    /// How many have been there from the start.
    #[must_use]
    pub const fn enrolled(&self) -> u32 {
        self.enrolled
    }

    #[must_use]
    pub fn get(&self, at: u32) -> &Member {
        &self.members[at as usize]
    }

    /// For what is noted of members before anything happens to them.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.iter_mut()
    }

    /// By group, then by phase.
    pub(crate) fn tallies(&self) -> &[PhaseTally] {
        &self.tallies
    }

    #[must_use]
    pub fn all(&self) -> &[Member] {
        &self.members
    }

    #[must_use]
    pub fn groups(&self) -> &[GroupRun] {
        &self.groups
    }

    /// Those whose turn has come, and their places.
    pub fn begun(&self) -> impl Iterator<Item = (u32, &Member)> {
        let of_groups = self
            .groups
            .iter()
            .flat_map(|group| group.first..group.end());
        let later = self.enrolled..self.len();
        of_groups
            .chain(later)
            .map(|at| (at, self.get(at)))
            .filter(|(_, member)| member.state != MemberState::Waiting)
    }

    /// The member that a device is, if it takes part.
    #[must_use]
    pub fn find(&self, campaign: &CampaignId, device: DeviceIx, table: &Devices) -> Option<u32> {
        if let Some(at) = self.joined.get(&device) {
            return Some(*at);
        }
        let key = (rank_of(campaign, table.get(device).name()), device);
        self.groups.iter().find_map(|group| {
            let own = &self.members[group.first as usize..group.last as usize];
            let at = own.binary_search_by_key(&key, |member| (member.rank, member.device));
            at.ok().map(|at| group.first + number(at))
        })
    }

    /// Where a device that comes now belongs: to the first phase whose ranks reach to its own.
    #[must_use]
    pub(crate) fn place_of(&self, spec: &CampaignSpec, group: u16, rank: u64) -> Place {
        let run = &self.groups[usize::from(group)];
        let reached = run.ranks.iter().position(|highest| rank <= *highest);
        let phase = reached.map_or(count(spec.phases.len()), count);
        Place { group, phase }
    }

    /// Notes where in the log a member's present state is written.
    pub(crate) fn mark(&mut self, at: u32, position: u64) {
        self.members[at as usize].position = position;
    }

    /// A member's number in its group, from 1, in the order of offers; `None` for who came after the start.
    #[must_use]
    pub fn number_of(&self, at: u32) -> Option<u32> {
        let group = self.groups.get(usize::from(self.get(at).place.group))?;
        (at < self.enrolled).then(|| at - group.first + 1)
    }

    /// Who waits before a member, of its group and those before it, in the phases reached: at most so many.
    #[must_use]
    pub fn ahead_of(&self, at: u32, reached: impl Fn(u16) -> u16) -> u32 {
        let own = self.get(at).place.group;
        let mut ahead = 0;
        for (group, run) in (0u16..=own).zip(&self.groups) {
            let end = match reached(run.track).checked_sub(1) {
                Some(last) => run.cuts.get(usize::from(last)).copied(),
                None => None,
            };
            let end = end.unwrap_or(run.offered);
            let is_from_start = group == own && at < self.enrolled;
            let end = if is_from_start { at } else { end };
            ahead += end.saturating_sub(run.offered);
        }
        ahead
    }

    /// Adds a device that comes later.
    pub(crate) fn join(
        &mut self,
        (campaign, arm): (&CampaignId, Arm),
        device: DeviceIx,
        place: Place,
        table: &Devices,
    ) {
        let at = self.len();
        let rank = rank_of(campaign, table.get(device).name());
        let member = Member {
            place,
            arm,
            ..Member::new(device, rank, place.group)
        };
        if let Some(cell) = cell(self.phases, place) {
            self.tallies[cell] += member.contribution();
        }
        self.members.push(member);
        self.joined.insert(device, at);
        self.joined_waiting.insert(at);
    }

    /// Changes one member and keeps the tallies true.
    pub(crate) fn update(&mut self, at: u32, change: impl FnOnce(&mut Member)) {
        let member = &mut self.members[at as usize];
        let before = member.contribution();
        change(member);
        let after = member.contribution();
        let (place, has_begun) = (member.place, member.state != MemberState::Waiting);
        // Members beyond the last cut exist when the last phase holds less than all; nothing is ever offered to them.
        if let Some(cell) = cell(self.phases, place) {
            if is_on(Mutant::TallyForgotten) && member.state == MemberState::Removed {
                return;
            }
            let tally = &mut self.tallies[cell];
            *tally -= before;
            *tally += after;
        }
        if has_begun {
            self.begin(at, place.group);
        }
    }

    /// A member has had its turn.
    fn begin(&mut self, at: u32, group: u16) {
        if at >= self.enrolled {
            self.joined_waiting.remove(&at);
            return;
        }
        let group = &mut self.groups[usize::from(group)];
        // Whoever had its turn early is passed over now.
        while group.offered < group.end()
            && self.members[group.offered as usize].state != MemberState::Waiting
        {
            group.offered += 1;
        }
    }

    /// The tally of one group in one phase.
    #[must_use]
    pub fn tally(&self, place: Place) -> PhaseTally {
        cell(self.phases, place).map_or(PhaseTally::default(), |at| self.tallies[at])
    }

    /// Over all places that are wanted.
    #[must_use]
    pub fn sum(&self, is_wanted: impl Fn(&GroupRun, u16) -> bool) -> PhaseTally {
        let mut sum = PhaseTally::default();
        for (group, run) in (0u16..).zip(&self.groups) {
            for phase in (0..self.phases).filter(|phase| is_wanted(run, *phase)) {
                sum += self.tally(Place { group, phase });
            }
        }
        sum
    }

    /// How many members from the start a track's phase and all before it hold.
    #[must_use]
    pub fn cut(&self, track: u16, phase: u16) -> u32 {
        let reached = |group: &GroupRun| match group.track.cmp(&track) {
            Ordering::Less => group.end() - group.first,
            Ordering::Equal => group.cuts[usize::from(phase)] - group.first,
            Ordering::Greater => 0,
        };
        self.groups.iter().map(reached).sum()
    }

    /// Those who wait for their turn and may have it, in the order in which they get it: `reached` says how many phases
    /// a group of a track has come to.
    pub fn next(&self, reached: impl Fn(u16) -> u16) -> impl Iterator<Item = u32> {
        let reached: Vec<_> = self
            .groups
            .iter()
            .map(|group| reached(group.track))
            .collect();
        let joined = move |group: u16| {
            self.joined_waiting
                .iter()
                .copied()
                .filter(move |at| self.get(*at).place.group == group)
        };
        let is_joined = !self.joined_waiting.is_empty();
        (0u16..).zip(&self.groups).flat_map(move |(at, group)| {
            let phases = reached[usize::from(at)];
            let end = match phases.checked_sub(1) {
                Some(last) => group
                    .cuts
                    .get(usize::from(last))
                    .copied()
                    .unwrap_or(group.offered),
                None => group.offered,
            };
            let from_start =
                (group.offered..end).filter(|at| self.get(*at).state == MemberState::Waiting);
            let later =
                is_joined.then(|| joined(at).filter(move |at| self.get(*at).place.phase < phases));
            from_start.chain(later.into_iter().flatten())
        })
    }
}

impl GroupRun {
    /// How many members from the start it has.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.last - self.first
    }

    /// How many of them a phase and those before it hold.
    #[must_use]
    pub fn reach(&self, phase: u16) -> u32 {
        let cut = self.cuts.get(usize::from(phase)).copied();
        cut.unwrap_or(self.last) - self.first
    }

    fn of(spec: &CampaignSpec, (at, track): (u16, u16), first: u32, own: &[Member]) -> Self {
        let mut run = Self {
            spec: at,
            track,
            first,
            last: first + number(own.len()),
            cuts: Vec::new(),
            ranks: Vec::new(),
            offered: first,
        };
        for (phase, spec) in (0u16..).zip(&spec.phases) {
            let size = own.partition_point(|member| member.place.phase <= phase);
            let highest = match own[..size].last() {
                // All there were: whoever comes later is as much a part of all.
                Some(_) if size == own.len() => share_of_ranks(spec.percentage),
                Some(member) => member.rank,
                None => share_of_ranks(spec.percentage),
            };
            run.cuts.push(first + number(size));
            run.ranks.push(highest);
        }
        let begun = own[..(run.end() - first) as usize]
            .iter()
            .take_while(|member| member.state != MemberState::Waiting);
        run.offered = first + number(begun.count());
        run
    }

    /// Where its members from the start that are in any phase end.
    fn end(&self) -> u32 {
        self.cuts.last().copied().unwrap_or(self.first)
    }
}

/// Where a place's tally stands.
fn cell(phases: u16, place: Place) -> Option<usize> {
    (place.phase < phases)
        .then(|| usize::from(place.group) * usize::from(phases) + usize::from(place.phase))
}

fn count(count: usize) -> u16 {
    u16::try_from(count).expect("groups and phases are few")
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("devices are numbered by u32")
}
