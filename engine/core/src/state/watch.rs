//! What is kept of campaigns for their alerts and tickets.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::{fmt, num::NonZeroU64};

use fleetfold_schemas::{device::DeviceError, status::AlertName};
use minicbor::{Decode, Encode};

use super::{Campaign, Devices, Heard, Member, MemberState};
use crate::{CampaignIx, Timestamp, fact::Trouble};

/// Open tickets of one campaign about single devices: more than somebody reads one by one. What else fails is for the
/// campaign's report, and one ticket more says so.
pub const TICKETS_MAX: usize = 100;

/// Of one campaign.
#[derive(Debug, Clone, Default)]
pub struct Lookout {
    /// When something last happened to any of its devices, or to its course.
    pub moved_at: Timestamp,
    pub silent: Silent,
    /// While anything may still happen to it.
    pub heard: Heard,
    pub alerts: Alerts,
    /// Open tickets about single members, by member.
    pub tickets: BTreeMap<u32, u64>,
    /// The open ticket about all further ones.
    pub further: Option<u64>,
    /// Members that have failed for good and have no ticket yet: only between two facts of a step.
    pub to_open: BTreeSet<u32>,
    /// Tickets whose device has succeeded after all: likewise.
    pub to_close: BTreeSet<u64>,
}

impl Lookout {
    /// A member has failed for good. One that can have no ticket of its own is noted only if it is the first.
    pub(crate) fn lost(&mut self, member: u32) {
        let count = self.tickets.len() + self.to_open.len();
        let has_room = match self.further {
            None => count <= TICKETS_MAX,
            Some(_) => count < TICKETS_MAX,
        };
        if has_room && !self.tickets.contains_key(&member) {
            self.to_open.insert(member);
        }
    }

    /// A member has another attempt, or has succeeded.
    pub(crate) fn not_lost(&mut self, member: u32, has_succeeded: bool) {
        self.to_open.remove(&member);
        if has_succeeded && let Some(ticket) = self.tickets.get(&member) {
            self.to_close.insert(*ticket);
        }
    }
}

/// Members that have accepted a job and have said nothing of its outcome, with the time from which on they could have: when
/// they accepted, or when the window that they had then is over.
///
/// Acceptances come in the order of time, so a queue is enough. Entries are not looked for when their member speaks: the
/// first is true, the others may be stale.
#[derive(Clone, Default)]
pub struct Silent {
    queue: VecDeque<(NonZeroU64, u32)>,
    /// How many of the entries are true.
    count: usize,
    /// Those of windows, which end in no order; all are true.
    windowed: BTreeSet<(NonZeroU64, u32)>,
}

impl Silent {
    /// Of members as a snapshot has them that ends at this time: what lies ahead of it can only be the end of a window.
    pub(crate) fn of(members: &[Member], recorded_at: Timestamp) -> Self {
        let silent = (0..)
            .zip(members)
            .filter_map(|(at, member)| Some((member.silent_since?, at)));
        let (windowed, mut queue): (Vec<_>, Vec<_>) =
            silent.partition(|(since, _)| since.get() > recorded_at);
        queue.sort_unstable();
        Self {
            count: queue.len(),
            queue: queue.into(),
            windowed: windowed.into_iter().collect(),
        }
    }

    /// The first of the times.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let firsts = [self.queue.front(), self.windowed.first()];
        let oldest = firsts.into_iter().flatten().min();
        oldest.map(|(since, _)| since.get())
    }
}

/// Without what is stale, which only the past explains.
impl fmt::Debug for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Silent")
            .field("oldest", &self.oldest())
            .field("count", &(self.count + self.windowed.len()))
            .finish()
    }
}

impl Campaign {
    /// A member has accepted a job, and an outcome is to come.
    pub(crate) fn await_outcome(&mut self, at: u32, now: Timestamp) {
        let member = self.member(at);
        let closes = self.closes(member);
        let Some(since) = NonZeroU64::new(now.max(closes)) else {
            return;
        };
        if member.silent_since == Some(since) {
            return;
        }
        self.outcome_known(at);
        self.update_member(at, |member| member.silent_since = Some(since));
        let silent = &mut self.watch.silent;
        if closes > now {
            silent.windowed.insert((since, at));
        } else {
            silent.queue.push_back((since, at));
            silent.count += 1;
        }
        self.forget_stale();
    }

    /// A member has spoken, or nothing is expected of it any more.
    pub(crate) fn outcome_known(&mut self, at: u32) {
        let Some(since) = self.member(at).silent_since else {
            return;
        };
        self.update_member(at, |member| member.silent_since = None);
        let silent = &mut self.watch.silent;
        if !silent.windowed.remove(&(since, at)) {
            silent.count -= 1;
        }
        self.forget_stale();
    }

    fn forget_stale(&mut self) {
        let mut silent = core::mem::take(&mut self.watch.silent);
        let is_true =
            |(since, at): &(NonZeroU64, u32)| self.member(*at).silent_since == Some(*since);
        while silent.queue.front().is_some_and(|entry| !is_true(entry)) {
            silent.queue.pop_front();
        }
        // Mostly stale: for each that is looked at here, another has been pushed since the last time.
        if silent.queue.len() > 2 * silent.count + 64 {
            silent.queue.retain(is_true);
        }
        self.watch.silent = silent;
    }

    /// When its devices were last heard of, as long as anything may still happen to it.
    pub(crate) fn count_heard(&mut self, devices: &Devices) {
        self.watch.heard = Heard::default();
        if self.started_at.is_none() || !self.status.is_active() {
            return;
        }
        let members = self.roster.all().iter().map(|member| member.device);
        self.watch.heard = Heard::of(members, devices);
    }

    /// Of how many members an outcome has been due since this time or before.
    #[must_use]
    pub fn silent_until(&self, at: Timestamp) -> u64 {
        let is_reached = |(since, _): &&(NonZeroU64, u32)| since.get() <= at;
        let queue = self.watch.silent.queue.iter().take_while(is_reached);
        let windowed = self.watch.silent.windowed.iter().take_while(is_reached);
        let silent = queue
            .chain(windowed)
            .filter(|(since, member)| self.member(*member).silent_since == Some(*since))
            .map(|(_, member)| *member);
        // Who has spoken and accepted again in the same instant stands in the queue twice.
        silent.collect::<BTreeSet<_>>().len() as u64
    }

    /// What follows from members and courses, for a campaign that has been read from a snapshot.
    pub(crate) fn restore_watch(
        &mut self,
        tickets: &Tickets,
        ix: CampaignIx,
        recorded_at: Timestamp,
    ) {
        let of_runs = self
            .runs
            .iter()
            .flat_map(|run| [run.started_at, run.passed_at]);
        let of_course = [self.started_at, self.resumed_at];
        let way_back = self.rollback.as_ref().map(|way| way.started_at);
        let of_members = self.roster.all().iter().map(|member| Some(member.since));
        let times = of_runs.chain(of_course).chain([way_back]).chain(of_members);
        self.watch.moved_at = times.flatten().max().unwrap_or_default();
        self.watch.silent = Silent::of(self.roster.all(), recorded_at);
        for (number, ticket) in tickets.iter().filter(|(_, ticket)| ticket.campaign == ix) {
            match ticket.member {
                None => self.watch.further = Some(number),
                Some(at) => {
                    self.watch.tickets.insert(at, number);
                    if self.member(at).has_made_it() {
                        self.watch.to_close.insert(number);
                    }
                }
            }
        }
    }
}

impl Member {
    /// It runs what it should, or is back where it came from.
    #[must_use]
    pub const fn has_made_it(&self) -> bool {
        matches!(self.state, MemberState::Succeeded | MemberState::Returned)
    }
}

/// The alerts of a campaign, or of the site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    by_name: BTreeMap<AlertName, Standing>,
}

/// Whether an alert is raised, and since when it is as it is. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Standing {
    #[n(0)]
    pub alert: AlertName,
    #[n(1)]
    pub changed_at: Timestamp,
    #[n(2)]
    pub trouble: Option<Trouble>,
}

impl Alerts {
    pub(crate) fn set(&mut self, standing: Standing) {
        self.by_name.insert(standing.alert, standing);
    }

    #[must_use]
    pub fn get(&self, alert: AlertName) -> Option<&Standing> {
        self.by_name.get(&alert)
    }

    /// All that have ever been raised, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.by_name.values()
    }

    /// Those that are raised.
    pub fn raised(&self) -> impl Iterator<Item = (AlertName, Timestamp, Trouble)> {
        let standings = self.by_name.values();
        standings.filter_map(|it| Some((it.alert, it.changed_at, it.trouble?)))
    }
}

/// A ticket that nobody has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub campaign: CampaignIx,
    /// `None`: about all further devices.
    pub member: Option<u32>,
    pub opened_at: Timestamp,
    pub error: Option<DeviceError>,
    pub attempts: u32,
}

/// Open tickets of all campaigns, by number: the position of the fact that opened each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickets {
    rows: BTreeMap<u64, Ticket>,
}

impl Tickets {
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Ticket> {
        self.rows.get(&number)
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Ticket)> {
        self.rows.iter().map(|(number, ticket)| (*number, ticket))
    }

    pub(crate) fn open(&mut self, number: u64, ticket: Ticket) {
        self.rows.insert(number, ticket);
    }

    pub(crate) fn close(&mut self, number: u64) -> Option<Ticket> {
        self.rows.remove(&number)
    }
}
