//! A device that takes part in a campaign, and how far it is.

use fleetfold_core::DeviceIx;

#[derive(Debug)]
pub struct Member {
    pub device: DeviceIx,
    pub place: Place,
    pub since_ms: u64,
    pub(super) attempts: u32,
    pub job: u64,
    pub has_accepted: bool,
    /// And no later attempt has succeeded.
    pub has_failed: bool,
    pub(super) is_restored: bool,
    pub is_reviewed: bool,
    /// How it entered the evidence.
    pub(super) counted: Option<bool>,
}

/// How far a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Waiting,
    Deferred,
    Queued,
    InProgress,
    Retrying { at_ms: u64 },
    Succeeded,
    Failed,
    Rejected,
    TimedOut,
    Canceled,
    Removed,
    RolledBack,
}

impl Member {
    pub(super) const fn new(device: DeviceIx) -> Self {
        Self {
            device,
            place: Place::Waiting,
            since_ms: 0,
            attempts: 0,
            job: 0,
            has_accepted: false,
            has_failed: false,
            is_restored: false,
            is_reviewed: false,
            counted: None,
        }
    }
}

impl Place {
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }

    #[must_use]
    pub const fn may_change(self) -> bool {
        matches!(
            self,
            Self::Waiting
                | Self::Deferred
                | Self::Queued
                | Self::InProgress
                | Self::Retrying { .. }
        )
    }
}
