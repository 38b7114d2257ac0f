//! Verification: everything that can be said about a log from its journal alone.

use std::convert::Infallible;
use std::path::Path;

use super::disk::{Disk, OsDisk};
use super::error::{LogError, ReplayError};
use super::journal::{Torn, scan};
use super::replay::Replay;
use super::{Head, journal_dir};

/// A journal whose every frame has its checksum, continues the chain and the numbering, and holds its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The head of what was verified. Its chain value vouches for every record before it.
    pub head: Head,
    pub segments: u64,
    pub batches: u64,
    pub records: u64,
    pub journal_bytes: u64,
    /// What stands behind the last whole frame: an append that is under way, or one that a crash interrupted.
    pub incomplete: Option<Torn>,
}

/// Verifies the log in `dir` without locking it; a writer may be at work.
///
/// # Errors
/// The journal cannot be read, or it is damaged: the error names file and offset.
pub fn verify(dir: &Path) -> Result<Verified, LogError> {
    verify_with(dir, |_, _, _| Ok::<(), Infallible>(())).map_err(|error| match error {
        ReplayError::Log(error) => error,
        ReplayError::Visit(never) => match never {},
    })
}

/// Like [`verify`], and shows every record to `visit`: its number, time in milliseconds UTC and bytes.
///
/// # Errors
/// As for [`verify`], or whatever `visit` returned.
pub fn verify_with<E>(
    dir: &Path,
    visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
) -> Result<Verified, ReplayError<E>> {
    verify_on(&OsDisk, dir, visit)
}

/// Like [`verify_with`], on any disk.
///
/// # Errors
/// As for [`verify_with`].
pub fn verify_on<E>(
    disk: &dyn Disk,
    dir: &Path,
    visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
) -> Result<Verified, ReplayError<E>> {
    let mut replay = Replay::from(Head::START.seq + 1, visit)?;
    let scan = scan(disk, &journal_dir(dir), 0, |frame| replay.show(frame))?;
    Ok(Verified {
        head: scan.head,
        segments: scan.segments,
        batches: scan.batches,
        records: scan.head.seq,
        journal_bytes: scan.bytes,
        incomplete: scan.torn,
    })
}
