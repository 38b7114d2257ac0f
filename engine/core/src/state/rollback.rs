//! The way back of a campaign: how far it is, and whether it may go on.

use alloc::vec::Vec;

use fleetfold_schemas::{
    campaign::BasisPoints,
    mutant::{Mutant, is_on},
};

use super::{Campaign, PhaseTally};
use crate::{Timestamp, fact::RollbackCause};

/// A campaign that sends its devices back, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    pub cause: RollbackCause,
    pub started_at: Timestamp,
    /// Cumulative shares of those that had been updated; the last is all.
    pub phases: Vec<BasisPoints>,
    /// The one that runs.
    pub phase: usize,
    /// Failures and outcomes there were when an operator last resumed after the gate had paused.
    pub forgiven: Returns,
}

/// Outcomes on the way back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Returns {
    pub failed: u32,
    pub resolved: u32,
}

impl Returns {
    #[must_use]
    pub const fn of(tally: &PhaseTally) -> Self {
        Self {
            failed: tally.return_failed,
            resolved: tally.return_failed + tally.returned,
        }
    }
}

impl Rollback {
    #[must_use]
    pub fn percentage(&self) -> BasisPoints {
        self.phases[self.phase]
    }

    #[must_use]
    pub fn is_last_phase(&self) -> bool {
        self.phase + 1 == self.phases.len()
    }

    /// How many members may not yet have had their turn but may have it now, as far as the phase goes.
    #[must_use]
    pub fn may_begin(&self, tally: &PhaseTally) -> u32 {
        let begun = tally.returning
            + tally.out_of_reach
            + tally.returned
            + tally.return_failed
            + tally.kept;
        let all = u64::from(tally.updated + tally.returned);
        let share = if is_on(Mutant::RollbackAllAtOnce) {
            BasisPoints::ALL
        } else {
            self.percentage()
        };
        let allowed = share.of_rounded_up(all);
        let allowed = u32::try_from(allowed).expect("a share is no more than the whole");
        allowed.saturating_sub(begun)
    }
}

impl Campaign {
    /// Members that have not come to an end on the way back, those included whose update is still under way.
    #[must_use]
    pub fn to_go_back(&self, tally: &PhaseTally) -> u32 {
        tally.updated - tally.return_failed - tally.kept + self.updating(tally)
    }

    /// Members whose update is still under way.
    #[must_use]
    pub const fn updating(&self, tally: &PhaseTally) -> u32 {
        tally.open - tally.return_open
    }
}
