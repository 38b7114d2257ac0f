//! What a background thread does for an open log: snapshots, the archive and retention.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::archive::{Archived, archive};
use super::error::LogError;
use super::reader::LogReader;
use super::retention::{Dropped, Retention, drop_history};
use super::snapshot::{SnapshotWriter, Snapshots, snapshots};
use super::{Disk, Head};

/// An index that works is behind by milliseconds; for one that does not, history stays until the next time.
const INDEX_PATIENCE: Duration = Duration::from_secs(10);
const INDEX_POLL: Duration = Duration::from_millis(5);

/// The second hand on an open log. It works beside the writer and never holds it up; while it exists, the directory
/// stays locked. One at a time should be at work.
#[derive(Debug, Clone)]
pub struct Keeper {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    bounds: Arc<Bounds>,
    _lock: Option<Arc<File>>,
}

/// Which records an open log has, told by the one who changes that to all others.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Moved by the keeper when it drops history.
    first_seq: AtomicU64,
    /// Moved by the writer after every sync.
    durable_seq: AtomicU64,
    /// Moved by the index as it reads the journal; the highest number if none reads it.
    indexed_seq: AtomicU64,
}

impl Bounds {
    pub(super) fn new(first_seq: u64, durable_seq: u64) -> Self {
        Self {
            first_seq: AtomicU64::new(first_seq),
            durable_seq: AtomicU64::new(durable_seq),
            indexed_seq: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn first_seq(&self) -> u64 {
        self.first_seq.load(Ordering::Acquire)
    }

    pub(super) fn durable_seq(&self) -> u64 {
        self.durable_seq.load(Ordering::Acquire)
    }

    pub(super) fn indexed_seq(&self) -> u64 {
        self.indexed_seq.load(Ordering::Acquire)
    }

    pub(super) fn set_indexed(&self, seq: u64) {
        self.indexed_seq.store(seq, Ordering::Release);
    }

    pub(super) fn set_durable(&self, seq: u64) {
        self.durable_seq.store(seq, Ordering::Release);
    }
}

impl Keeper {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        dir: &Path,
        bounds: Arc<Bounds>,
        lock: Option<Arc<File>>,
    ) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            bounds,
            _lock: lock,
        }
    }

    /// A reader of what follows `from` and is durable.
    #[must_use]
    pub fn reader(&self, from: Head) -> LogReader {
        LogReader::bounded(
            Arc::clone(&self.disk),
            &self.dir,
            from,
            Arc::clone(&self.bounds),
        )
    }

    /// Begins a snapshot of what the log folds to up to `head`, with content of the given format.
    ///
    /// # Errors
    /// The head is not durable, or the file system fails.
    pub fn snapshot(&self, head: Head, format: u32) -> Result<SnapshotWriter, LogError> {
        let durable_seq = self.bounds.durable_seq();
        if head.seq > durable_seq {
            return Err(LogError::EndsBefore {
                seq: head.seq,
                head_seq: durable_seq,
            });
        }
        SnapshotWriter::create(Arc::clone(&self.disk), &self.dir, head, format)
    }

    /// The snapshots, newest first.
    ///
    /// # Errors
    /// The file system fails.
    pub fn snapshots(&self) -> Result<Snapshots, LogError> {
        snapshots(&self.disk, &self.dir)
    }

    /// Removes all snapshots but the newest `keep` whose content is intact, and sets aside those among them that are
    /// not. Returns how many were removed.
    ///
    /// # Errors
    /// The file system fails.
    pub fn thin_snapshots(&self, keep: usize) -> Result<usize, LogError> {
        let (mut intact, mut removed) = (0, 0);
        for snapshot in self.snapshots()?.found {
            if intact >= keep {
                snapshot.remove()?;
                removed += 1;
            } else if snapshot.is_intact()? {
                intact += 1;
            } else {
                snapshot.set_aside()?;
            }
        }
        Ok(removed)
    }

    /// Copies every sealed segment to the directory `dir`, which must exist, unless it is there.
    ///
    /// # Errors
    /// A segment is damaged, the archive has another file of the same name, or the file system fails.
    pub fn archive(&self, dir: &Path) -> Result<Archived, LogError> {
        archive(&self.disk, &self.dir, dir)
    }

    /// Gives the index time to read what is durable now: what it has not read cannot be dropped.
    fn await_index(&self) {
        let (wanted, started) = (self.bounds.durable_seq(), Instant::now());
        while self.bounds.indexed_seq() < wanted && started.elapsed() < INDEX_PATIENCE {
            thread::sleep(INDEX_POLL);
        }
    }

    /// Drops what `retention` allows from journal and index. The index loses it a little later.
    ///
    /// # Errors
    /// The archive's copy of a segment is damaged or another, or the file system fails. What was dropped before that
    /// stays dropped.
    pub fn drop_history(&self, retention: &Retention) -> Result<Dropped, LogError> {
        self.await_index();
        let indexed_seq = self.bounds.indexed_seq();
        drop_history(&self.disk, &self.dir, retention, indexed_seq, |first_seq| {
            self.bounds.first_seq.store(first_seq, Ordering::Release);
        })
    }
}
