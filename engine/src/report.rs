//! How an error reaches a person: what happened, and because of what.

use std::error::Error;

/// Prints an error and its causes to stderr, one a line.
pub fn report(error: &dyn Error) {
    eprintln!("fleetfold: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}
