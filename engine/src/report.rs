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

/// An error and its causes, for one field of a log line.
#[must_use]
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
