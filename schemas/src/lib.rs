//! fleetfold-schemas
