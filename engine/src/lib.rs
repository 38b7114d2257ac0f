//! fleetfold
