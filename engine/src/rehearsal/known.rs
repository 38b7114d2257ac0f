//! What a data directory knows, read beside whoever writes it.

use std::{path::Path, sync::Arc};

use fleetfold_core::Core;

use crate::{
    log::{Disk, LogError, LogReader, OsDisk, ReplayError},
    replay::{NotAFact, decode},
    server::log_dir,
    snapshots,
};

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    #[error("cannot read the log")]
    Log(#[source] LogError),
    #[error(transparent)]
    Record(NotAFact),
}

impl From<ReplayError<NotAFact>> for KnownError {
    fn from(error: ReplayError<NotAFact>) -> Self {
        match error {
            ReplayError::Log(error) => Self::Log(error),
            ReplayError::Visit(error) => Self::Record(error),
        }
    }
}

/// The fold of everything up to now: of the newest snapshot and the log since. Changes nothing.
///
/// # Errors
/// The log cannot be read.
pub fn known(data: &Path) -> Result<Core, KnownError> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let log_dir = log_dir(data);
    let (head, mut core) =
        snapshots::newest_in(&disk, &log_dir, u64::MAX).map_err(KnownError::Log)?;
    let mut reader = LogReader::new(disk, &log_dir, head);
    reader.read(|position, at_ms, record| {
        core.replay(at_ms, &decode(position, record)?);
        Ok(())
    })?;
    Ok(core)
}
