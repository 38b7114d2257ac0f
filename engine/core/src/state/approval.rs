//! Requests that wait for people.

use fleetfold_schemas::{Digest, OperatorId};
use minicbor::{Decode, Encode};

use alloc::{string::String, vec::Vec};

use crate::{Timestamp, fact::Action};

/// What somebody has asked for, and who wants it too. The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approval {
    /// Its position in the log.
    #[n(0)]
    pub request: u64,
    #[n(1)]
    pub by: OperatorId,
    #[n(2)]
    pub action: Action,
    /// Of the description that it is about.
    #[n(3)]
    pub digest: Digest,
    #[n(4)]
    pub asked_at: Timestamp,
    #[n(5)]
    pub expires_at: Timestamp,
    #[n(6)]
    pub reason: Option<String>,
    #[n(7)]
    pub given: Vec<OperatorId>,
}
