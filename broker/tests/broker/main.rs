//! The broker through its own door: sockets on one side, the host on the other.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod access;
mod acknowledgement;
mod clients;
mod delivery;
mod malformed;
mod raw;
mod sessions;
mod world;
