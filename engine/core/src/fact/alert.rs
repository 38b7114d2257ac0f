//! What is wrong, and what becomes of it.

use alloc::string::String;

use fleetfold_schemas::{OperatorId, status::AlertName};
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::Range;
use crate::gate::measure::Measure;

/// What an alert is about. The numbers are those that it was raised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "alert", rename_all = "snake_case")]
pub enum Trouble {
    /// More than the configured share of the outcomes is failures.
    #[n(0)]
    FailureRate {
        #[n(0)]
        failed: u64,
        #[n(1)]
        outcomes: u64,
        #[n(2)]
        limit_bp: u16,
    },
    /// Devices have accepted their job so long ago and have had no outcome.
    #[n(1)]
    Timeouts {
        #[n(0)]
        devices: u64,
        #[n(1)]
        limit_ms: u64,
    },
    /// Nothing has happened to any device for so long, and the campaign waits for some.
    #[n(2)]
    Stalled {
        #[n(0)]
        since: u64,
        #[n(1)]
        limit_ms: u64,
        #[n(2)]
        waiting: u64,
    },
    /// So many devices wait for a window that does not open before the campaign is over.
    #[n(60)]
    WindowNeverOpens {
        #[n(0)]
        devices: u64,
    },
    /// So many of its devices have not been heard of for so long.
    #[n(134)]
    DevicesOffline {
        #[n(0)]
        devices: u64,
        /// Of those that have ever been heard of.
        #[n(1)]
        known: u64,
        #[n(2)]
        limit_bp: u16,
        #[n(3)]
        limit_ms: u64,
    },
    /// Updated devices are shown to be worse off by more than the margin, which is a share of what was before.
    #[n(135)]
    PerformanceDegradation {
        #[n(0)]
        measure: Measure,
        #[n(1)]
        devices: u64,
        #[n(2)]
        before: i64,
        #[n(3)]
        margin: i64,
        #[n(4)]
        past: Option<Range>,
        #[n(5)]
        pairs: u64,
        #[n(6)]
        others: Option<Range>,
    },
    /// It has paused by itself, with so many devices exposed.
    #[n(136)]
    Paused {
        #[n(0)]
        exposed: u64,
    },
}

impl Trouble {
    #[must_use]
    pub const fn name(&self) -> AlertName {
        match self {
            Self::FailureRate { .. } => AlertName::FailureRate,
            Self::Timeouts { .. } => AlertName::Timeouts,
            Self::Stalled { .. } => AlertName::Stalled,
            Self::WindowNeverOpens { .. } => AlertName::WindowNeverOpens,
            Self::DevicesOffline { .. } => AlertName::DevicesOffline,
            Self::PerformanceDegradation { .. } => AlertName::PerformanceDegradation,
            Self::Paused { .. } => AlertName::Paused,
        }
    }
}

/// How a ticket came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum TicketClosure {
    #[n(0)]
    Operator {
        #[n(0)]
        operator: OperatorId,
        #[n(1)]
        reason: Option<String>,
    },
    /// The device has succeeded after all.
    #[n(1)]
    Success,
}
