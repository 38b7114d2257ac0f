//! fleetfold-broker
