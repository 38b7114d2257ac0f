//! Why campaigns are rolled back, and what keeps devices from going back.

use fleetfold_schemas::{OperatorId, command::RollbackReason};
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::DeferralCause;

/// Why a campaign is rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RollbackCause {
    #[n(0)]
    Operator {
        #[n(0)]
        operator: OperatorId,
        #[n(1)]
        reason: RollbackReason,
    },
    /// More than `rollback_threshold` of the resolved devices has failed.
    #[n(1)]
    FailureThreshold {
        #[n(0)]
        failed: u64,
        #[n(1)]
        resolved: u64,
        #[n(2)]
        limit_bp: u16,
    },
}

/// Why a device cannot be sent back just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum ReturnDeferral {
    /// Another campaign's execution is open on the device.
    #[n(0)]
    Busy,
    #[n(1)]
    Maintenance,
    /// Its queued job made way for another campaign's.
    #[n(2)]
    MadeWay,
    /// It has not taken its job in time; it gets another one when it greets again.
    #[n(3)]
    NotContacted,
}

impl From<DeferralCause> for ReturnDeferral {
    fn from(cause: DeferralCause) -> Self {
        match cause {
            DeferralCause::Busy => Self::Busy,
            DeferralCause::Maintenance => Self::Maintenance,
            DeferralCause::MadeWay => Self::MadeWay,
            // Only who waits on the way there is called back.
            DeferralCause::CalledBack | DeferralCause::Reconsidered => Self::Busy,
            DeferralCause::Window => unreachable!("the way back waits for no window"),
        }
    }
}

/// Why a device stays as it is. The numbers are those of a snapshot, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum KeptCause {
    /// No manifest was signed that leads back from what it runs.
    #[n(0)]
    NoRollbackImage,
    /// Out of reach until the rollback's deadline.
    #[n(1)]
    NotContacted,
    /// It no longer runs what the campaign has installed.
    #[n(2)]
    RunsAnother,
    #[n(3)]
    Retired,
    /// The rollback was canceled first.
    #[n(4)]
    Canceled,
}
