//! fleetfold

pub mod client;
