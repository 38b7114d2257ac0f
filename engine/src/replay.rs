//! Folding a log into a core.

use fleetfold_core::{Core, Fact};

use crate::log::{Log, LogError, ReplayError};

/// Why a log could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("cannot read the log")]
    Log(#[from] LogError),
    #[error(
        "record {position} of the log cannot be read; it was written by a newer version, or is damaged"
    )]
    Record {
        position: u64,
        #[source]
        source: minicbor::decode::Error,
    },
}

/// The core after all facts of the log that it does not have yet. [`Core::replayed`] is for the caller to call.
///
/// # Errors
/// The log cannot be read, or a record in it is no fact.
pub fn fold(log: &Log, mut core: Core) -> Result<Core, FoldError> {
    let from = core.state().position + 1;
    log.replay(from, |position, at_ms, record| {
        let fact = Fact::decode(record).map_err(|source| (position, source))?;
        core.replay(at_ms, &fact);
        Ok(())
    })
    .map_err(|error| match error {
        ReplayError::Log(error) => FoldError::Log(error),
        ReplayError::Visit((position, source)) => FoldError::Record { position, source },
    })?;
    Ok(core)
}
