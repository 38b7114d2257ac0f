//! fleetfold

pub mod client;
pub mod log;
