//! Why campaigns pause and fail, and why devices are passed over and left out.

use alloc::string::String;

use fleetfold_schemas::OperatorId;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::gate::measure::Measure;

/// Why a campaign paused. The numbers are those that the gate saw.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PauseCause {
    #[n(0)]
    Operator {
        #[n(0)]
        operator: OperatorId,
        #[n(1)]
        reason: Option<String>,
    },
    /// More than the configured share of resolved devices has failed.
    #[n(1)]
    FailureThreshold {
        #[n(0)]
        failed: u64,
        #[n(1)]
        resolved: u64,
        #[n(2)]
        limit_bp: u16,
    },
    /// The evidence against "the failure rate is normal" is strong enough.
    #[n(2)]
    FailureEvidence {
        #[n(0)]
        failed: u64,
        #[n(1)]
        succeeded: u64,
        #[n(2)]
        expected_bp: u16,
        #[n(3)]
        false_pause_bp: u16,
    },
    /// The evidence speaks for the bad failure rate rather than the expected one.
    #[n(4)]
    BadRate {
        #[n(0)]
        failed: u64,
        #[n(1)]
        succeeded: u64,
        #[n(2)]
        expected_bp: u16,
        #[n(3)]
        bad_bp: u16,
        #[n(4)]
        false_pause_bp: u16,
    },
    /// As `FailureEvidence`, averaged over the strata; named is the one that speaks loudest.
    #[n(5)]
    StratumEvidence {
        #[n(0)]
        stratum: String,
        #[n(1)]
        failed: u64,
        #[n(2)]
        succeeded: u64,
        #[n(3)]
        expected_bp: u16,
        #[n(4)]
        false_pause_bp: u16,
    },
    /// The phase's success threshold can no longer be met.
    #[n(3)]
    SuccessUnreachable {
        #[n(0)]
        lost: u64,
        #[n(1)]
        devices: u64,
        #[n(2)]
        threshold_bp: u16,
    },
    /// Updated devices are worse off by more than is bearable. All figures are in the measure's smallest unit, rounded.
    #[n(20)]
    Health {
        #[n(0)]
        measure: Measure,
        /// Devices that have brought their figure, and the mean of these from before the update.
        #[n(1)]
        devices: u64,
        #[n(2)]
        before: i64,
        /// How much worse was bearable.
        #[n(3)]
        margin: i64,
        /// How much worse they are than before; absent where that is not asked for.
        #[n(4)]
        past: Option<Range>,
        /// Devices of which one not updated was looked at beside them, and how much worse they are than those.
        #[n(5)]
        pairs: u64,
        #[n(6)]
        others: Option<Range>,
        #[n(7)]
        false_pause_bp: u16,
    },
    #[n(60)]
    ScheduleEnded,
    /// Too many of those that were to go back have failed to.
    #[n(10)]
    RollbackFailing {
        #[n(0)]
        failed: u64,
        #[n(1)]
        resolved: u64,
        #[n(2)]
        limit_bp: u16,
    },
}

/// An estimate, and where the truth lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Range {
    #[n(0)]
    pub value: i64,
    #[n(1)]
    pub low: i64,
    #[n(2)]
    pub high: i64,
}

impl PauseCause {
    /// Whether a gate has spoken: then resuming accepts what it saw.
    #[must_use]
    pub const fn is_gate(&self) -> bool {
        !matches!(self, Self::Operator { .. } | Self::ScheduleEnded)
    }
}

/// Why a campaign failed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailureCause {
    /// `max_rollout_days` were over before the last phase had passed.
    #[n(0)]
    Deadline {
        #[n(0)]
        phase: u32,
    },
    /// Its schedule was over before that.
    #[n(60)]
    ScheduleEnded {
        #[n(0)]
        phase: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum RemovalCause {
    #[n(0)]
    NotContacted,
    #[n(1)]
    Retired,
    /// It runs a newer release, and devices refuse to go back to an older one.
    #[n(2)]
    Superseded,
    /// It accepted its job and waited for too long; says nothing of the release.
    #[n(120)]
    PreconditionUnmet,
    /// Its user put it off as often as possible, and then did not agree.
    #[n(121)]
    ConsentDenied,
    /// It does not know how to wait for what must hold before it goes on.
    #[n(122)]
    ConditionsUnsupported,
    /// No releases lead from what it runs to what it should run.
    #[n(85)]
    NoPath,
    /// The release is not for its hardware.
    #[n(86)]
    Hardware,
    /// The campaign's schedule ended first.
    #[n(60)]
    ScheduleEnded,
    /// Its executions keep failing.
    #[n(87)]
    Flagged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum DeferralCause {
    /// Another campaign's execution is open on the device.
    #[n(0)]
    Busy,
    #[n(1)]
    Maintenance,
    /// Its queued job made way for another campaign's.
    #[n(2)]
    MadeWay,
    /// It waited with its job, and was called back while the campaign was paused.
    #[n(120)]
    CalledBack,
    /// It has said now what it runs and what it is, and its queued job was not for that.
    #[n(85)]
    Reconsidered,
    /// Its maintenance window is not open.
    #[n(60)]
    Window,
}
