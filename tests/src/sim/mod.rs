//! The deterministic simulator: a whole installation in virtual time, where everything that can go wrong does, and
//! one seed decides all of it.
//!
//! Real are the core and its log, the turn, the topics and messages, the broker's access rules, device logins, jobs and
//! manifests with their signatures, deltas, and the device agent with its flash. Simulated are time, disk, network, the
//! broker's sessions, and people. First come hours or days of faults (the *safety phase*), then a time without (the
//! *liveness phase*), at whose end everything must have come to its end.
//!
//! The same seed gives the same run, byte for byte. Each component draws from a stream of its own, so that adding one
//! does not shift what befalls another.

mod broker;
mod catalog;
mod desk;
mod device;
mod disk;
mod draft;
mod engine;
mod event;
pub mod invariants;
mod liar;
mod life;
#[cfg(feature = "mutants")]
pub mod mutants;
mod net;
mod operator;
mod people;
pub mod plan;
mod queue;
mod random;
pub mod report;
pub mod seeds;
mod store;
mod trace;
mod trouble;
pub mod world;
