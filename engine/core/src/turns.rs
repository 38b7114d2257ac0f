//! Whose turn has come.

use alloc::collections::BTreeSet;

use crate::{
    Timestamp,
    calendar::Calendar,
    pace::{allowance, allowance_again, until},
    state::Campaign,
};

/// What a step may still start, and whose turn has come besides those who have not had one.
#[derive(Debug)]
pub struct Turns<'a> {
    pub starts_left: &'a mut u32,
    pub ready: &'a mut Ready,
    pub calendar: &'a mut Calendar,
}

/// Members who have had a turn before and may have another one: their retry is due, or they could not take a job before
/// and may now.
#[derive(Debug, Clone, Default)]
pub struct Ready {
    /// Out of sight, and so exposed as it is: they need no place of their own among those at risk.
    exposed: BTreeSet<u32>,
    others: BTreeSet<u32>,
}

impl Ready {
    pub fn add(&mut self, row: &Campaign, at: u32) {
        if row.member(at).is_out_of_sight() {
            self.exposed.insert(at);
        } else {
            self.others.insert(at);
        }
    }

    /// When a campaign should be looked at for their sake.
    pub fn wakeup(&self, row: &Campaign, now: Timestamp) -> Option<Timestamp> {
        let turn = |allowed| match allowed {
            Ok(_) => Some(now),
            Err(limit) => until(&limit),
        };
        let exposed = (!self.exposed.is_empty()).then(|| turn(allowance_again(row, now)));
        let others = (!self.others.is_empty()).then(|| turn(allowance(row, now)));
        exposed.into_iter().chain(others).flatten().min()
    }
}

/// How many executions a campaign may start in a step, told apart by whom they put at risk.
#[derive(Debug)]
pub struct Places {
    /// On any device.
    starts: u32,
    /// Of them: on devices that nothing is under way on.
    fresh: u32,
}

impl Places {
    /// Takes from the step's starts what the campaign may use of them.
    pub fn take(row: &Campaign, now: Timestamp, turns: &mut Turns<'_>) -> Self {
        let starts = allowance_again(row, now).unwrap_or(0);
        let starts = starts.min(*turns.starts_left);
        *turns.starts_left -= starts;
        Self {
            starts,
            fresh: allowance(row, now).unwrap_or(0).min(starts),
        }
    }

    /// Gives back what has not been used.
    pub const fn give_back(self, turns: &mut Turns<'_>) {
        *turns.starts_left += self.starts;
    }

    pub const fn is_free(&self) -> bool {
        self.fresh > 0
    }

    /// How many devices that nothing is under way on may have their turn.
    pub const fn fresh(&self) -> u32 {
        self.fresh
    }

    /// One that nothing is under way on has its turn.
    pub const fn use_fresh(&mut self) {
        self.starts -= 1;
        self.fresh -= 1;
    }

    /// The next of those who have had a turn before, as long as there is a place for it. `is_ready` says whether it may
    /// still have another one.
    pub fn next(
        &mut self,
        ready: &mut Ready,
        row: &Campaign,
        is_ready: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        while self.starts > 0
            && let Some(at) = ready.exposed.pop_first()
        {
            if !row.member(at).is_out_of_sight() {
                ready.others.insert(at);
            } else if is_ready(at) {
                self.starts -= 1;
                self.fresh = self.fresh.min(self.starts);
                return Some(at);
            }
        }
        while self.fresh > 0
            && let Some(at) = ready.others.pop_first()
        {
            if is_ready(at) {
                self.use_fresh();
                return Some(at);
            }
        }
        None
    }
}
