//! What people are asked to approve, and what ends a request.

use alloc::vec::Vec;

use fleetfold_schemas::{
    DeviceId,
    command::{ArmName, RollbackReason},
};
use minicbor::{Decode, Encode};
use serde::Serialize;

/// A command that waits for approval, with what it was given. The numbers are those of a snapshot, too.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    #[n(0)]
    Start,
    /// Past this phase, and no other.
    #[n(1)]
    Advance {
        #[n(0)]
        phase: u32,
    },
    #[n(2)]
    Expedite {
        #[n(0)]
        device: DeviceId,
    },
    #[n(3)]
    Resume,
    #[n(4)]
    Rollback {
        #[n(0)]
        reason: RollbackReason,
        /// Cumulative shares; none: all at once.
        #[n(1)]
        phases_bp: Vec<u16>,
    },
    #[n(5)]
    Promote {
        #[n(0)]
        arm: ArmName,
    },
}

/// Why a request is not open any more although it was neither carried out nor declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum VoidCause {
    /// Not enough people have approved in time.
    #[n(0)]
    Expired,
    /// The description is another one now.
    #[n(1)]
    Edited,
    /// It has happened by itself, or can't happen any more.
    #[n(2)]
    Overtaken,
    /// Whoever asked may not command any more.
    #[n(3)]
    Asker,
}

impl Action {
    /// The command's name without `campaign.`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Advance { .. } => "advance",
            Self::Expedite { .. } => "expedite",
            Self::Resume => "resume",
            Self::Rollback { .. } => "rollback",
            Self::Promote { .. } => "promote",
        }
    }
}
