//! A device's part in a campaign, and the tallies that are counted over members.

use alloc::boxed::Box;
use core::num::{NonZeroU8, NonZeroU32, NonZeroU64};

use fleetfold_schemas::{
    device::DeviceError,
    status::{ExecutionStatus, Tally},
};
use minicbor::{Decode, Encode};

use super::{Place, shared::Number, wait::Wait};
use crate::gate::ab::Arm;
use crate::{
    DeviceIx, ReleaseIx, Timestamp,
    fact::{KeptCause, RemovalCause},
};

/// A device's part in a campaign.
#[derive(Debug, Clone)]
pub struct Member {
    pub device: DeviceIx,
    pub rank: u64,
    pub place: Place,
    /// Of a campaign that compares; otherwise all are in arm A.
    pub arm: Arm,
    pub state: MemberState,
    /// When the state was entered.
    pub since: Timestamp,
    /// Where in the log that is; 0: it has been as it is from the start.
    pub position: u64,
    /// Attempts queued so far.
    pub attempts: u32,
    /// The sequence number of the latest job: the position of its `ExecutionQueued`.
    pub job: u64,
    /// It accepted a job of this campaign.
    pub accepted: bool,
    /// It has failed, and no later attempt has succeeded.
    pub failed: bool,
    /// It failed after booting the new image and is back on its old one.
    pub restored: bool,
    /// Its outcome was there when an operator resumed after a gate had paused: gates judge what comes after.
    pub reviewed: bool,
    /// It accepted a job, its time was up without an outcome, and nothing has been heard of it since: nobody knows what has
    /// become of it.
    pub silent: bool,
    /// Which of the campaign's strata it is of.
    pub stratum: u8,
    /// Why it was last removed; an operator's exclusion stands in [`super::Campaign::excluded`].
    pub removed_for: Option<RemovalCause>,
    /// How it entered the evidence.
    pub counted: Counted,
    /// What it ran when it was first offered the update: see [`super::Sources`].
    pub source: Option<NonZeroU8>,
    /// Seconds from the campaign's start to its first offer, at least 1; for reports.
    pub first_offer_s: Option<NonZeroU32>,
    /// When it last accepted a job of whose outcome it has said nothing.
    pub silent_since: Option<NonZeroU64>,
    /// Of the job it has, or waits for: see [`super::Campaign::window`].
    pub(crate) window: Option<Number>,
    /// Of the latest failed attempt.
    pub error: Option<Box<DeviceError>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// Not offered yet.
    Waiting,
    /// Passed over: busy elsewhere or in maintenance. Offered as soon as it is free.
    Deferred,
    Queued,
    InProgress,
    /// Accepted, and its device waits for something: nothing has come of the release yet.
    Held(Wait),
    /// Failed; the next attempt is due then.
    Retrying {
        at: Timestamp,
    },
    Succeeded,
    Failed,
    Rejected,
    TimedOut,
    Canceled,
    Removed,
    /// Gone back by itself.
    RolledBack,
    /// Updated, and on its way back to this release's image.
    Returning {
        to: ReleaseIx,
        step: ReturnStep,
    },
    /// Sent back.
    Returned,
    /// It could not go back there, and no attempt is left.
    ReturnFailed {
        to: ReleaseIx,
    },
    /// Updated, and stays so although the campaign has been rolled back.
    Kept(KeptCause),
}

const _: () = assert!(
    size_of::<MemberState>() == 24,
    "a campaign has a million of them"
);

/// How far a member on its way back is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnStep {
    /// Passed over: busy elsewhere or in maintenance.
    Deferred,
    /// It did not take its job in time, and has not been heard of since.
    OutOfReach,
    Queued,
    InProgress,
    /// Failed; the next attempt is due then.
    Retrying {
        at: Timestamp,
    },
}

/// Each device enters the evidence once. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Counted {
    #[n(0)]
    NotYet,
    #[n(1)]
    Success,
    #[n(2)]
    Failure,
}

impl MemberState {
    /// What its device waits for.
    #[must_use]
    pub const fn wait(self) -> Option<Wait> {
        match self {
            Self::Held(wait) => Some(wait),
            _ => None,
        }
    }

    /// Taken back; unless it had failed before, the device counts neither way.
    const fn is_withdrawn(self) -> bool {
        matches!(self, Self::Removed | Self::Canceled)
    }

    /// Passed over; looked at again when its device may be free.
    pub(crate) const fn is_put_off(self) -> bool {
        matches!(
            self,
            Self::Deferred
                | Self::Returning {
                    step: ReturnStep::Deferred | ReturnStep::OutOfReach,
                    ..
                }
        )
    }

    /// It was updated, whatever has come after.
    const fn had_succeeded(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::Returning { .. }
                | Self::Returned
                | Self::ReturnFailed { .. }
                | Self::Kept(_)
        )
    }
}

impl Member {
    pub(super) fn new(device: DeviceIx, rank: u64, group: u16) -> Self {
        Self {
            device,
            rank,
            place: Place { group, phase: 0 },
            arm: Arm::A,
            state: MemberState::Waiting,
            since: 0,
            position: 0,
            attempts: 0,
            job: 0,
            accepted: false,
            failed: false,
            restored: false,
            reviewed: false,
            silent: false,
            stratum: 0,
            removed_for: None,
            counted: Counted::NotYet,
            source: None,
            first_offer_s: None,
            silent_since: None,
            window: None,
            error: None,
        }
    }

    /// An attempt is under way or queued.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_updating() || self.is_return_open()
    }

    /// An attempt to update it is under way or queued.
    #[must_use]
    pub const fn is_updating(&self) -> bool {
        matches!(
            self.state,
            MemberState::Queued | MemberState::InProgress | MemberState::Held(_)
        )
    }

    /// It has accepted its job, and is at it.
    #[must_use]
    pub const fn is_in_progress(&self) -> bool {
        matches!(
            self.state,
            MemberState::InProgress
                | MemberState::Returning {
                    step: ReturnStep::InProgress,
                    ..
                }
        )
    }

    const fn is_return_open(&self) -> bool {
        matches!(
            self.state,
            MemberState::Returning {
                step: ReturnStep::Queued | ReturnStep::InProgress,
                ..
            }
        )
    }

    /// It has failed, and no attempt is left.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.failed
            && matches!(
                self.state,
                MemberState::Failed
                    | MemberState::Rejected
                    | MemberState::TimedOut
                    | MemberState::RolledBack
                    | MemberState::Removed
            )
    }

    /// It fell silent, whatever has been planned for it since. What is open is counted as such.
    pub(crate) const fn is_out_of_sight(&self) -> bool {
        self.silent && !self.is_open()
    }

    /// The same, on the way back.
    pub(crate) const fn is_lost_on_its_way_back(&self) -> bool {
        self.is_out_of_sight()
            && matches!(
                self.state,
                MemberState::Returning { .. } | MemberState::ReturnFailed { .. }
            )
    }

    /// `None` before the first offer.
    #[must_use]
    pub const fn execution_status(&self) -> Option<ExecutionStatus> {
        Some(match self.state {
            MemberState::Waiting | MemberState::Deferred => return None,
            MemberState::Queued => ExecutionStatus::Queued,
            MemberState::InProgress | MemberState::Held(_) => ExecutionStatus::InProgress,
            MemberState::Retrying { .. } | MemberState::Failed => ExecutionStatus::Failed,
            MemberState::Succeeded => ExecutionStatus::Succeeded,
            MemberState::Rejected => ExecutionStatus::Rejected,
            MemberState::TimedOut => ExecutionStatus::TimedOut,
            MemberState::Canceled => ExecutionStatus::Canceled,
            MemberState::Removed => ExecutionStatus::Removed,
            MemberState::RolledBack | MemberState::Returned => ExecutionStatus::RolledBack,
            MemberState::Kept(_) => ExecutionStatus::Succeeded,
            MemberState::ReturnFailed { .. } => ExecutionStatus::Failed,
            MemberState::Returning { step, .. } => match step {
                ReturnStep::Deferred | ReturnStep::OutOfReach => ExecutionStatus::Succeeded,
                ReturnStep::Queued => ExecutionStatus::Queued,
                ReturnStep::InProgress => ExecutionStatus::InProgress,
                ReturnStep::Retrying { .. } => ExecutionStatus::Failed,
            },
        })
    }

    pub(crate) fn contribution(&self) -> PhaseTally {
        let mut tally = PhaseTally {
            devices: 1,
            ..PhaseTally::default()
        };
        let is_withdrawn = self.state.is_withdrawn() && !self.failed;
        let unresolved = match self.state {
            MemberState::Waiting => {
                tally.waiting = 1;
                true
            }
            MemberState::Deferred
            | MemberState::Queued
            | MemberState::InProgress
            | MemberState::Held(_)
            | MemberState::Retrying { .. } => true,
            MemberState::Succeeded => {
                tally.updated = 1;
                false
            }
            MemberState::Returning { step, .. } => {
                tally.updated = 1;
                match step {
                    ReturnStep::Deferred | ReturnStep::OutOfReach => tally.out_of_reach = 1,
                    ReturnStep::Queued | ReturnStep::InProgress | ReturnStep::Retrying { .. } => {
                        tally.returning = 1;
                    }
                }
                false
            }
            MemberState::Returned => {
                tally.returned = 1;
                false
            }
            MemberState::ReturnFailed { .. } => {
                tally.updated = 1;
                tally.return_failed = 1;
                false
            }
            MemberState::Kept(_) => {
                tally.updated = 1;
                tally.kept = 1;
                false
            }
            MemberState::Removed | MemberState::Canceled => {
                tally.removed = u32::from(is_withdrawn);
                tally.lost = u32::from(self.failed);
                false
            }
            MemberState::Failed
            | MemberState::Rejected
            | MemberState::TimedOut
            | MemberState::RolledBack => {
                tally.lost = 1;
                false
            }
        };
        if !self.reviewed {
            tally.new_updated = tally.updated;
            tally.new_failed = u32::from(self.failed);
            tally.new_lost = tally.lost;
        }
        tally.failed = u32::from(self.failed);
        tally.restored = u32::from(self.restored);
        // A device that ran the target already or declined its job has given its outcome without accepting anything.
        let has_outcome = self.failed || self.state.had_succeeded();
        // One that waits, or was called back, has shown as little of the release as one that was never reached.
        let has_begun = !matches!(self.state, MemberState::Held(_) | MemberState::Deferred);
        let is_judged = !is_withdrawn && ((self.accepted && has_begun) || has_outcome);
        tally.accepted = u32::from(is_judged);
        tally.unresolved = u32::from(unresolved);
        tally.unresolved_accepted = u32::from(unresolved && is_judged);
        let is_held = matches!(self.state, MemberState::Held(_));
        let in_progress =
            (is_held || matches!(self.state, MemberState::InProgress)) && !self.failed;
        tally.in_progress = u32::from(in_progress);
        tally.open = u32::from(self.is_open());
        tally.held = u32::from(is_held);
        tally.return_open = u32::from(self.is_return_open());
        tally.unknown = u32::from(self.is_out_of_sight());
        tally.not_contacted = u32::from(unresolved && !in_progress && !self.failed);
        tally
    }
}

/// Counts over members. `updated`, `returned`, `failed`, `in_progress`, `not_contacted` and `removed` add up to `devices`.
/// The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PhaseTally {
    #[n(0)]
    pub devices: u32,
    #[n(1)]
    pub updated: u32,
    /// Failed by now, retries pending included.
    #[n(2)]
    pub failed: u32,
    #[n(3)]
    pub in_progress: u32,
    #[n(4)]
    pub not_contacted: u32,
    #[n(5)]
    pub removed: u32,
    /// Not offered yet.
    #[n(6)]
    pub waiting: u32,
    /// Failed with no attempt left.
    #[n(7)]
    pub lost: u32,
    /// Of `updated`, `failed` and `lost`: without what an operator accepted by resuming after a gate had paused.
    #[n(8)]
    pub new_updated: u32,
    #[n(9)]
    pub new_failed: u32,
    #[n(10)]
    pub new_lost: u32,
    /// Failed and back on the image they came from.
    #[n(11)]
    pub restored: u32,
    /// Whom promotion is judged by: those that accepted their job or have an outcome, and were not withdrawn.
    #[n(12)]
    pub accepted: u32,
    /// May still change by themselves.
    #[n(13)]
    pub unresolved: u32,
    #[n(14)]
    pub unresolved_accepted: u32,
    /// Queued or in progress.
    #[n(15)]
    pub open: u32,
    /// Lost out of sight amid an update: nobody knows what has become of them.
    #[n(16)]
    pub unknown: u32,
    /// On the way back: queued, in progress, or with another attempt to come.
    #[cbor(n(30), default, skip_if = "is_zero")]
    pub returning: u32,
    /// Of `returning` and `open`: queued or in progress.
    #[cbor(n(31), default, skip_if = "is_zero")]
    pub return_open: u32,
    /// To go back, but busy elsewhere, in maintenance or not heard of.
    #[cbor(n(32), default, skip_if = "is_zero")]
    pub out_of_reach: u32,
    /// Sent back.
    #[cbor(n(33), default, skip_if = "is_zero")]
    pub returned: u32,
    /// Could not go back, and no attempt is left.
    #[cbor(n(34), default, skip_if = "is_zero")]
    pub return_failed: u32,
    /// Stay updated although the campaign has been rolled back.
    #[cbor(n(35), default, skip_if = "is_zero")]
    pub kept: u32,
    /// Of `open`: their devices wait for something.
    #[cbor(n(65), default, skip_if = "is_zero")]
    pub held: u32,
}

const fn is_zero(count: &u32) -> bool {
    *count == 0
}

macro_rules! each_field {
    ($self:ident $operator:tt $other:ident: $($field:ident)*) => {
        $($self.$field $operator $other.$field;)*
    };
}

impl core::ops::AddAssign for PhaseTally {
    fn add_assign(&mut self, other: Self) {
        each_field!(self += other: devices updated failed in_progress not_contacted removed waiting lost new_updated
            new_failed new_lost restored accepted unresolved unresolved_accepted open unknown returning
            return_open out_of_reach returned return_failed kept held);
    }
}

impl core::ops::SubAssign for PhaseTally {
    fn sub_assign(&mut self, other: Self) {
        each_field!(self -= other: devices updated failed in_progress not_contacted removed waiting lost new_updated
            new_failed new_lost restored accepted unresolved unresolved_accepted open unknown returning
            return_open out_of_reach returned return_failed kept held);
    }
}

impl PhaseTally {
    /// Failures that an operator accepted by resuming.
    #[must_use]
    pub const fn forgiven(&self) -> u32 {
        self.failed - self.new_failed
    }

    /// As operators see it.
    #[must_use]
    pub fn public(&self) -> Tally {
        Tally {
            updated: self.updated.into(),
            failed: self.failed.into(),
            in_progress: self.in_progress.into(),
            not_contacted: self.not_contacted.into(),
            removed: self.removed.into(),
            rolled_back: self.restored.into(),
            returned: self.returned.into(),
        }
    }
}
