//! Retention: dropping history that the archive has and that snapshots make dispensable.
//!
//! What goes is whole segments, oldest first, each only if
//! - the archive has it, whole and byte for byte the same, which is read again now;
//! - [`SNAPSHOTS_MIN`] snapshots that fit the log and are intact, which is read now too, cover it;
//! - its last record is older than the retention;
//! - the index has read it, which it does from the journal;
//! - it is not the journal's last.
//!
//! A removal is durable before the next begins, so a power cut leaves a journal that begins later and never one with a
//! gap. The index follows the journal: it loses the same records afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LogError;
use super::journal::{first_seqs, head_at, look_at, segment_path};
use super::snapshot::{Snapshot, snapshot_dir, snapshots};
use super::{Disk, archive, journal_dir};

/// How many snapshots must cover what is dropped. With one, a single flipped bit in it would keep the log from opening
/// until the history was fetched back from the archive; with two, opening goes on with the other.
pub const SNAPSHOTS_MIN: usize = 2;

/// What may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The directory to which segments were exported.
    pub archive: PathBuf,
    /// What is younger stays, however large it is.
    pub keep_ms: u64,
    pub now_ms: u64,
}

/// What was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The files that were removed, oldest first.
    pub segments: Vec<PathBuf>,
    pub bytes: u64,
    /// The first record that the log has now.
    pub first_seq: u64,
    /// Why no more was dropped.
    pub kept: Kept,
}

/// Why a segment stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is the journal's last.
    Tail,
    /// Its last record is too young.
    Young { until_ms: u64 },
    /// Too few intact snapshots cover it.
    NotCovered { last_seq: u64 },
    /// The index has not read it yet.
    NotIndexed { last_seq: u64 },
    /// The archive does not have it.
    NotArchived { segment: PathBuf },
}

/// Drops what `retention` allows, up to `indexed_seq`, from the journal of the log in `log_dir`, and tells `moved` after each segment with
/// which record the journal begins now.
pub(super) fn drop_history(
    disk: &Arc<dyn Disk>,
    log_dir: &Path,
    retention: &Retention,
    indexed_seq: u64,
    mut moved: impl FnMut(u64),
) -> Result<Dropped, LogError> {
    let journal = journal_dir(log_dir);
    let segments = first_seqs(&**disk, &journal)?;
    let mut dropped = Dropped {
        segments: Vec::new(),
        bytes: 0,
        first_seq: segments[0],
        kept: Kept::Tail,
    };
    let mut covered_seq = None;
    for sealed in segments.windows(2) {
        let [first_seq, next_seq] = [sealed[0], sealed[1]];
        let path = segment_path(&journal, first_seq);
        let (bytes, _) = look_at(&**disk, &path, first_seq)?;
        let (_, end) = look_at(&**disk, &segment_path(&journal, next_seq), next_seq)?;
        let until_ms = end.at_ms.saturating_add(retention.keep_ms);
        if until_ms > retention.now_ms {
            dropped.kept = Kept::Young { until_ms };
            break;
        }
        if end.seq > indexed_seq {
            dropped.kept = Kept::NotIndexed { last_seq: end.seq };
            break;
        }
        let covered = match covered_seq {
            Some(seq) => seq,
            None => *covered_seq.insert(covered(disk, log_dir, &journal)?),
        };
        if end.seq > covered {
            dropped.kept = Kept::NotCovered { last_seq: end.seq };
            break;
        }
        if !archive::has(&**disk, &retention.archive, &journal, first_seq, &end)? {
            dropped.kept = Kept::NotArchived { segment: path };
            break;
        }
        // A process that was killed may have named a copy or a snapshot without making the name durable.
        archive::sync_names(&**disk, &retention.archive)?;
        archive::sync_names(&**disk, &snapshot_dir(log_dir))?;
        remove(&**disk, &journal, &path)?;
        moved(next_seq);
        dropped.segments.push(path);
        dropped.bytes += bytes;
        dropped.first_seq = next_seq;
    }
    Ok(dropped)
}

/// The last record that enough snapshots cover, 0 if there are too few.
fn covered(disk: &Arc<dyn Disk>, log_dir: &Path, journal: &Path) -> Result<u64, LogError> {
    let mut intact = 0;
    for snapshot in snapshots(disk, log_dir)?.found {
        if !is_usable(&**disk, journal, &snapshot)? {
            continue;
        }
        intact += 1;
        if intact == SNAPSHOTS_MIN {
            return Ok(snapshot.head().seq);
        }
    }
    Ok(0)
}

/// Whether the log goes on from the snapshot, and the snapshot can be read.
fn is_usable(disk: &dyn Disk, journal: &Path, snapshot: &Snapshot) -> Result<bool, LogError> {
    let head = snapshot.head();
    Ok(first_seqs(disk, journal)?[0] <= head.seq + 1
        && head_at(disk, journal, head.seq)? == Some(head)
        && snapshot.is_intact()?)
}

/// Removes a segment for good.
fn remove(disk: &dyn Disk, journal: &Path, path: &Path) -> Result<(), LogError> {
    let removed = disk.remove(path).and_then(|()| disk.sync_dir(journal));
    removed.map_err(|source| LogError::RemoveSegment {
        path: path.to_owned(),
        source,
    })
}
