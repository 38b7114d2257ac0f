//! What two programs must agree on: ids, topics, messages, their encoding, signatures and error codes.
//!
//! `no_std` with `alloc`: no clock, no IO, no randomness. PROTOCOL.md beside this crate is the same contract in prose.

#![no_std]

extern crate alloc;

pub mod approval;
pub mod campaign;
pub mod cbor;
pub mod code;
pub mod codec;
pub mod command;
pub mod compliance;
pub mod cose;
pub mod device;
pub mod explain;
pub mod id;
pub mod job;
pub mod mutant;
pub mod operator;
pub mod password;
mod plain;
pub mod rehearsal;
pub mod report;
pub mod slip;
pub mod status;
pub mod suit;
pub mod token;
pub mod topic;
pub mod webhook;

pub use id::{
    AlertId, CampaignId, CommandId, DeviceId, Digest, IdError, ModelId, Name, OperatorId, Sha256,
    TicketId, TimeZoneName, Version,
};
pub use topic::{DeviceTopic, OperatorTopic, Topic};
