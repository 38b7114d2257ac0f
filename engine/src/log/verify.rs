//! Verification: everything that can be said about a log from its journal alone.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use super::disk::{Disk, OsDisk};
use super::error::{LogError, ReplayError};
use super::journal::{
    Scan, Torn, first_seq, first_seqs, look_at, scan, scan_segments, segment_path, segments_in,
};
use super::replay::Replay;
use super::snapshot::{Snapshot, snapshots};
use super::{Head, journal_dir};

/// A journal whose every frame has its checksum, continues the chain and the numbering, and holds its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What the first record verified continues: the start of the log, unless its beginning was dropped.
    pub from: Head,
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
    let journal = journal_dir(dir);
    let first_seq = first_seq(disk, &journal)?;
    if first_seq > Head::START.seq + 1 {
        return Err(missing(first_seq - 1).into());
    }
    let mut replay = Replay::from(first_seq, visit)?;
    let scan = scan(disk, &journal, 0, |frame| replay.show(frame))?;
    Ok(scan.into())
}

/// Like [`verify_on`], of a log whose beginning may have been dropped. With the directory of its archive this goes from
/// the first record on through both. Without, it goes from the first record that the journal has, which some snapshot
/// must vouch for: `visit` then sees that first, and [`Verified::from`] says what it continues.
///
/// # Errors
/// As for [`verify_on`]; [`LogError::HistoryMissing`] if no snapshot fits a log whose beginning is not there.
pub fn verify_history<E>(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    archive: Option<&Path>,
    visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
) -> Result<Verified, ReplayError<E>> {
    let journal = journal_dir(dir);
    let in_journal = first_seqs(&**disk, &journal)?;
    let mut segments: Vec<(&Path, u64)> = Vec::new();
    if let Some(archive) = archive {
        let archived = segments_in(&**disk, archive)?.into_iter();
        let dropped = archived.filter(|first_seq| *first_seq < in_journal[0]);
        segments.extend(dropped.map(|first_seq| (archive, first_seq)));
    }
    segments.extend(in_journal.iter().map(|first_seq| (&*journal, *first_seq)));
    let (first_dir, first_seq) = segments[0];
    let (_, from) = look_at(&**disk, &segment_path(first_dir, first_seq), first_seq)?;
    let snapshots: Vec<Head> = snapshots(disk, dir)?
        .found
        .iter()
        .map(Snapshot::head)
        .collect();
    let mut vouched = from == Head::START || snapshots.contains(&from);
    let mut replay = Replay::after(from, visit)?;
    let scan = scan_segments(&**disk, &segments, 0, |frame| {
        vouched |= snapshots.contains(&Head::at(frame));
        replay.show(frame)
    })?;
    if vouched {
        Ok(scan.into())
    } else {
        Err(missing(from.seq).into())
    }
}

fn missing(to: u64) -> LogError {
    LogError::HistoryMissing {
        from: Head::START.seq + 1,
        to,
    }
}

impl From<Scan> for Verified {
    fn from(scan: Scan) -> Self {
        Self {
            from: scan.base,
            head: scan.head,
            segments: scan.segments,
            batches: scan.batches,
            records: scan.head.seq - scan.base.seq,
            journal_bytes: scan.bytes,
            incomplete: scan.torn,
        }
    }
}
