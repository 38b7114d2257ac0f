//! Fleetfold's shells: everything around the pure core that touches the world.
//!
//! [`turn`] is the engine, one step at a time, and [`server`] runs it: broker, owner of the state, workers. [`log`] is the event log, [`artifacts`] the store
//! of images and deltas, [`delta`] builds the latter, [`webhook`] tells other servers of alerts. [`client`] is an operator's MQTT client, on which the command line
//! ([`cli`]) and the demonstration ([`demo`]) are built.

pub mod artifacts;
pub mod cli;
pub mod client;
pub mod config;
pub mod delta;
pub mod demo;
pub mod log;
pub mod progress;
pub mod rehearsal;
pub mod replay;
pub mod report;
pub mod serve;
pub mod server;
pub mod snapshots;
pub mod turn;
pub mod webhook;
pub mod yaml;
