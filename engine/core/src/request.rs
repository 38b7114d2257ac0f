//! What the shell hands in, and what each sender is told.

use alloc::{boxed::Box, string::String};

use fleetfold_schemas::{
    DeviceId, Digest, Name, OperatorId, Sha256,
    approval::ApprovalPolicy,
    campaign::CampaignDefaults,
    code::Rejection,
    command::{CommandMessage, UnreadableCommand},
    device::{Hello, Report},
};
use serde_json::Value;

use crate::{ReleaseIx, fact::Role};

/// Something wanted. It may be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The first start of a data directory.
    OpenSite { site: Name, speed: Option<u32> },
    AddOperator {
        operator: OperatorId,
        role: Role,
        password_hash: String,
    },
    /// What the engine's configuration says of campaigns, at every start.
    SetCampaignDefaults(CampaignDefaults),
    /// The same of approvals.
    SetApprovalPolicy(ApprovalPolicy),
    Device {
        device: DeviceId,
        /// Of the payload: the first four bytes of its BLAKE3, little-endian.
        fingerprint: u32,
        message: DeviceMessage,
    },
    Operator {
        operator: OperatorId,
        message: Result<CommandMessage, UnreadableCommand>,
        /// For a release: what the store holds under the image's digest.
        artifact: Option<StoredArtifact>,
    },
    /// How much room the log has, when that has crossed the floor.
    Storage { free_bytes: u64, floor_bytes: u64 },
    /// The delta worker is done with what was requested.
    Delta {
        release: ReleaseIx,
        from: ReleaseIx,
        outcome: DeltaOutcome,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceMessage {
    Hello {
        hello: Box<Hello>,
        /// From the token of this connection; already verified.
        login_counter: Option<u64>,
    },
    Report(Report),
}

/// An artifact in the store, as the store measured it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredArtifact {
    pub sha256: Sha256,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeltaOutcome {
    Built { digest: Digest, bytes: u64 },
    Unavailable { reason: String },
}

/// What became of a request, in the order of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// In the facts of this step.
    Accepted,
    /// Accepted as well, or a question to which no fact belongs; and this is what there is to tell.
    Told(Value),
    /// Known already; nothing was added.
    Duplicate,
    Rejected(Rejection),
}
