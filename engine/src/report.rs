//! How an error reaches a person: what happened, and because of what.

use std::{error::Error, iter::successors};

/// Prints an error and its causes to stderr, one a line.
pub fn report(error: &dyn Error) {
    eprintln!("fleetfold: {error}");
    for cause in causes(error) {
        eprintln!("  because: {cause}");
    }
}

/// An error and its causes, for one field of a log line.
#[must_use]
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    text
}

/// What an error came of, and that of, down to the first cause.
fn causes<'a>(error: &'a (dyn Error + 'a)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(error.source(), |cause| (*cause).source())
}
