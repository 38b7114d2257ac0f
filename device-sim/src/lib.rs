//! fleetfold-device-sim
