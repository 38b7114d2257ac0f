//! A device that takes part in a campaign, and how far it is.

use fleetfold_core::{DeviceIx, ReleaseIx, calendar::Window, fact::KeptCause};
use fleetfold_schemas::device::WaitingFor;

use super::arms::Arm;

#[derive(Debug)]
pub struct Member {
    pub device: DeviceIx,
    pub(super) rank: u64,
    /// In the order of offers.
    pub(super) group: usize,
    /// The first phase that it is in; their number, if it is in none.
    pub(super) phase: usize,
    pub(super) stratum: usize,
    /// Where two releases are compared.
    pub(super) arm: Arm,
    pub place: Place,
    pub since_ms: u64,
    pub(super) attempts: u32,
    pub job: u64,
    /// That it is to keep to, or waits for.
    pub(super) window: Option<Window>,
    /// All that the latest job has been for.
    pub(super) given: Vec<Window>,
    pub has_accepted: bool,
    /// And no later attempt has succeeded.
    pub has_failed: bool,
    pub(super) is_restored: bool,
    pub is_reviewed: bool,
    /// How it entered the evidence.
    pub(super) counted: Option<bool>,
    /// Its last attempt ended in silence, and it has given no sign in this campaign since.
    pub(super) is_silent: bool,
    /// An operator has given it its turn before the others.
    pub(super) was_expedited: bool,
}

/// How far a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Waiting,
    Deferred,
    Queued,
    InProgress,
    /// Accepted, and its device waits for this.
    Held {
        what: WaitingFor,
        until_ms: Option<u64>,
    },
    Retrying {
        at_ms: u64,
    },
    Succeeded,
    Failed,
    Rejected,
    TimedOut,
    Canceled,
    Removed,
    RolledBack,
    /// Updated, and to go back to this release's image.
    Back {
        to: ReleaseIx,
        step: BackStep,
    },
    Returned,
    ReturnFailed {
        to: ReleaseIx,
    },
    Kept(KeptCause),
}

/// How far a member is on its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackStep {
    Deferred,
    OutOfReach,
    Queued,
    InProgress,
    Retrying { at_ms: u64 },
}

impl Member {
    pub(super) const fn new(device: DeviceIx, rank: u64, group: usize) -> Self {
        Self {
            device,
            rank,
            group,
            phase: 0,
            stratum: 0,
            arm: Arm::A,
            place: Place::Waiting,
            since_ms: 0,
            attempts: 0,
            job: 0,
            window: None,
            given: Vec::new(),
            has_accepted: false,
            has_failed: false,
            is_restored: false,
            is_reviewed: false,
            counted: None,
            is_silent: false,
            was_expedited: false,
        }
    }

    /// It has failed, and no attempt is left.
    pub(super) const fn is_lost(&self) -> bool {
        self.has_failed && !self.place.may_change() && !matches!(self.place, Place::Canceled)
    }
}

impl Place {
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress | Self::Held { .. }) || self.is_open_back()
    }

    /// A job to go back is open.
    pub(super) const fn is_open_back(self) -> bool {
        matches!(
            self,
            Self::Back {
                step: BackStep::Queued | BackStep::InProgress,
                ..
            }
        )
    }

    /// It is on its way back, or was lost on it.
    pub(super) const fn is_on_the_way_back(self) -> bool {
        matches!(self, Self::Back { .. } | Self::ReturnFailed { .. })
    }

    /// Offered, and not accepted as yet.
    pub(super) const fn is_queued(self) -> bool {
        matches!(
            self,
            Self::Queued
                | Self::Back {
                    step: BackStep::Queued,
                    ..
                }
        )
    }

    /// It runs what the campaign has brought it, as far as the campaign knows.
    pub(super) const fn is_updated(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Back { .. } | Self::ReturnFailed { .. } | Self::Kept(_)
        )
    }

    /// It has had its turn on the way back.
    pub(super) const fn has_begun_back(self) -> bool {
        matches!(
            self,
            Self::Back { .. } | Self::Returned | Self::ReturnFailed { .. } | Self::Kept(_)
        )
    }

    /// The update may still come to another end.
    #[must_use]
    pub const fn may_change(self) -> bool {
        matches!(
            self,
            Self::Waiting
                | Self::Deferred
                | Self::Queued
                | Self::InProgress
                | Self::Held { .. }
                | Self::Retrying { .. }
        )
    }

    /// It may be offered a job.
    pub(super) const fn is_before_offer(self) -> bool {
        matches!(self, Self::Waiting | Self::Deferred | Self::Retrying { .. })
    }
}
