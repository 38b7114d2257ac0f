//! fleetfold-tests
