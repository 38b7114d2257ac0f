//! fleetfold-core
