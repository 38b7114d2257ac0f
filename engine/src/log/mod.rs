//! The event log: what is appended is durable, ordered and tamper-evident, whatever it means.
//!
//! A log is a directory with two copies of the same frames:
//! ```text
//! lock                               held exclusively by the one writer
//! journal/00000000000000000001.ffj   segments, named after their first record
//! index/000001/                      sled, by sequence number
//! snapshots/<seq>-<digest>.ffs       what the records up to some point fold to
//! ```
//! **The journal is the log.** An append is acknowledged when its frame is synced there. **The index is a copy** for
//! reading: replay goes through sled, whose every frame it checks against its checksum and the chain, and goes on in
//! the journal where sled fails it. So sled can lose or damage anything and cost no more than time. It is filled by a
//! thread that follows the journal: appends never wait for it, and whoever reads or closes it waits only so long.
//!
//! **History may go** when the archive has it and snapshots cover it, from both copies alike, by a [`Keeper`].
//!
//! **A segment that is full is sealed**: its last bytes name what it holds and have the BLAKE3 of everything before, so
//! that it vouches for itself wherever it is copied. Then the next one begins. Segments of version 1, which had no
//! seals, stay readable; what is appended behind them goes to a new segment of the current version.
//!
//! **A snapshot spares reading.** [`Log::open`] checks the journal from the newest snapshot on that fits its chain, and
//! before that the segments' headers alone. Whatever is read later is checked when it is read.
//!
//! What a crash can leave behind, [`Log::open`] repairs and reports. What a crash cannot have done it refuses as
//! [`LogError::Corrupt`], naming file and offset, and touches nothing.

mod archive;
mod batch;
mod disk;
mod error;
mod frame;
mod index;
mod index_check;
mod journal;
mod keeper;
mod reader;
mod recovery;
mod repair;
mod replay;
mod retention;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod verify;

use fleetfold_schemas::mutant::{Mutant, is_on};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use archive::Archived;
pub use batch::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Batch, BatchError, Mark, RECORD_BYTES_MAX};
pub use disk::{Disk, DiskFile, OsDisk};
pub use error::{Damage, IndexFault, LogError, ReplayError};
pub use index_check::{IndexVerified, verify_index};
pub use journal::Torn;
pub use keeper::Keeper;
pub use reader::LogReader;
pub use repair::{DamagedSegment, RepairReport, Replaced, repair};
pub use retention::{Dropped, Kept, Retention, SNAPSHOTS_MIN};
pub use snapshot::{
    DamagedSnapshot, Digest, SECTION_BYTES_MAX, Snapshot, SnapshotDamage, SnapshotError,
};
pub use snapshot::{SnapshotWriter, Snapshots, snapshots};
pub use verify::{Verified, verify, verify_history, verify_on, verify_with};

use frame::Packer;
use index::{Index, LiveIndex};
use journal::{Journal, Scan};
use keeper::Bounds;
use replay::Replay;
use start::Start;

/// The journal format that this version writes. It reads all before it, too.
const FORMAT_VERSION: u32 = 3;

/// The BLAKE3 chain value over a log up to some frame; all zeros before the first.
pub type Chain = [u8; 32];

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record, 0 if there is none.
    pub seq: u64,
    /// The time of the last batch, milliseconds UTC.
    pub at_ms: u64,
    pub chain: Chain,
}

impl Head {
    /// The head of an empty log.
    pub const START: Self = Self {
        seq: 0,
        at_ms: 0,
        chain: [0; 32],
    };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// A segment gets no further frame that would bring it over this, seal included. The default, 64 MiB, is a comfortable unit for
    /// copying to an archive, and at 100 bytes a record holds some 700,000.
    pub segment_bytes: u64,
    /// How long sled may take to open, to read on, or to catch up and close, before it counts as hanging. It opens in
    /// well under a second at ten million records; the default of 30 s leaves room for a slow disk.
    pub index_timeout: Duration,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            index_timeout: Duration::from_secs(30),
        }
    }
}

/// What opening a log found and did.
#[derive(Debug)]
pub struct Opened {
    pub head: Head,
    pub segments: u64,
    /// That were checked: from the newest snapshot on.
    pub batches: u64,
    pub journal_bytes: u64,
    /// That fit the log, newest first. Their content shows only on reading it.
    pub snapshots: Vec<Snapshot>,
    /// In the order in which they were made; none after an orderly stop.
    pub repairs: Vec<Repair>,
}

/// Something that a crash, or damage to the index, made necessary.
#[derive(Debug)]
pub enum Repair {
    /// A segment that was being created was removed; it held nothing.
    UnfinishedSegmentRemoved(PathBuf),
    /// A snapshot that was being written was removed.
    UnfinishedSnapshotRemoved(PathBuf),
    /// A snapshot is damaged or belongs to another log; it was renamed.
    SnapshotSetAside { to: PathBuf, damage: SnapshotDamage },
    /// An append that was under way, never acknowledged, was cut off.
    TornTailCut(Torn),
    /// The journal had lost batches at its end that the index still had.
    JournalRestored { batches: u64 },
    /// The index could not be used; it was renamed and a new one begun.
    IndexSetAside { to: PathBuf, fault: IndexFault },
    /// The index was given batches that it lacked.
    IndexFilled { batches: u64 },
}

/// An open log. One at a time has the directory.
pub struct Log {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    head: Head,
    bounds: Arc<Bounds>,
    packer: Packer,
    journal: Journal,
    /// `None` after a failed append, and on a disk that is not the machine's.
    index: Option<LiveIndex>,
    poisoned: bool,
    /// Last, so that the directory is free only after sled is closed. Shared with the keepers.
    _lock: Option<Arc<File>>,
}

impl Log {
    /// Opens the log in `dir`, creating it if there is none, and repairs what a crash left behind.
    ///
    /// # Errors
    /// [`LogError::InUse`] if another process has it, [`LogError::Corrupt`] if stored batches are damaged, or an
    /// operation on the file system failed.
    pub fn open(dir: &Path, options: &LogOptions) -> Result<(Self, Opened), LogError> {
        Self::open_indexed(Arc::new(OsDisk), dir, options)
    }

    /// Lock and index are the machine's, whatever disk the journal is on.
    fn open_indexed(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: &LogOptions,
    ) -> Result<(Self, Opened), LogError> {
        let (journal_dir, index_dir) = (journal_dir(dir), dir.join("index"));
        create_dir(&*disk, dir)?;
        let lock = lock(dir)?;
        create_dir(&*disk, &journal_dir)?;
        create_dir(&*disk, &index_dir)?;
        let mut start = Start::find(&disk, dir)?;
        let (mut journal, mut scan, mut repairs) =
            Journal::open(disk.clone(), &journal_dir, options.segment_bytes, |dir| {
                start.scan(dir)
            })?;
        let timeout = options.index_timeout;
        let index = Index::open(&index_dir, timeout, &mut repairs)?;
        let (index, head) = recovery::reconcile(
            &mut journal,
            scan.head,
            index,
            timeout,
            &mut repairs,
            |head| start.check_end(head),
        )?;
        let follower = journal.follower(head)?;
        scan.head = head;
        let (mut log, opened) = Self::on(disk, dir, journal, scan, start, repairs)?;
        log.index = Some(LiveIndex::start(
            index,
            follower,
            Arc::clone(&log.bounds),
            timeout,
        )?);
        log._lock = Some(Arc::new(lock));
        Ok((log, opened))
    }

    /// Opens the log in `dir` of any disk: like [`Log::open`], with the journal alone. Nothing locks the directory.
    ///
    /// # Errors
    /// As for [`Log::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: &LogOptions,
    ) -> Result<(Self, Opened), LogError> {
        let journal_dir = journal_dir(dir);
        create_dir(&*disk, dir)?;
        create_dir(&*disk, &journal_dir)?;
        let mut start = Start::find(&disk, dir)?;
        let (journal, scan, repairs) =
            Journal::open(disk.clone(), &journal_dir, options.segment_bytes, |dir| {
                start.scan(dir)
            })?;
        Self::on(disk, dir, journal, scan, start, repairs)
    }

    /// A log whose copies are in order.
    fn on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        journal: Journal,
        scan: Scan,
        start: Start,
        mut repairs: Vec<Repair>,
    ) -> Result<(Self, Opened), LogError> {
        let unfinished = snapshot::remove_unfinished(&disk, dir)?.into_iter();
        repairs.extend(unfinished.map(Repair::UnfinishedSnapshotRemoved));
        let snapshots = start.settle(&journal_dir(dir), &scan.head, &mut repairs)?;
        for repair in &repairs {
            tracing::warn!(dir = %dir.display(), ?repair, "repaired the log");
        }
        let mut head = scan.head;
        if is_on(Mutant::ChainBegunAnew) {
            head.chain = Head::START.chain;
        }
        let opened = Opened {
            head,
            segments: scan.segments,
            batches: scan.batches,
            journal_bytes: scan.bytes,
            snapshots,
            repairs,
        };
        let log = Self {
            disk,
            dir: dir.to_owned(),
            head,
            bounds: Arc::new(Bounds::new(journal.first_seq(), head.seq)),
            packer: Packer::default(),
            journal,
            index: None,
            poisoned: false,
            _lock: None,
        };
        Ok((log, opened))
    }

    /// Appends a batch and returns when it is durable. An empty batch changes nothing.
    ///
    /// # Errors
    /// A batch that does not continue the log is refused and changes nothing. After any other error it is unknown
    /// whether the batch is stored, and the log refuses everything: drop it, and learn from opening it again.
    pub fn append(&mut self, batch: &Batch) -> Result<Head, LogError> {
        self.check_continues(batch)?;
        if batch.is_empty() {
            return Ok(self.head);
        }
        let (frame, head) = self.packer.pack(&self.head, batch);
        if let Err(error) = self.journal.append(&self.head, frame) {
            self.poisoned = true;
            // The same disk fails sled too, and then its destructor may never return.
            if let Some(index) = self.index.take() {
                index.abandon();
            }
            return Err(error);
        }
        self.head = head;
        self.bounds.set_durable(head.seq);
        // The batch is durable, so the sender gets its acknowledgement whatever happens to the copy.
        if let Some(index) = &self.index {
            index.follow(head.seq);
        }
        Ok(head)
    }

    /// Shows every record from `from_seq` on to `visit`, in order: its number, time in milliseconds UTC and bytes.
    ///
    /// # Errors
    /// Whatever `visit` returned, which ends the replay, or the log cannot be read.
    pub fn replay<E>(
        &self,
        from_seq: u64,
        visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), ReplayError<E>> {
        self.show(Replay::from(from_seq, visit)?)
    }

    /// Shows every record after `head`, which a snapshot or an earlier replay ended at, like [`Log::replay`].
    ///
    /// # Errors
    /// Whatever `visit` returned, the log does not go on from there, or it cannot be read.
    pub fn replay_after<E>(
        &self,
        head: &Head,
        visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
    ) -> Result<(), ReplayError<E>> {
        if head.seq > self.head.seq {
            return Err(LogError::EndsBefore {
                seq: head.seq,
                head_seq: self.head.seq,
            }
            .into());
        }
        if head.seq == self.head.seq && *head != self.head {
            return Err(LogError::OtherHistory { seq: head.seq }.into());
        }
        self.show(Replay::after(*head, visit)?)
    }

    fn show<V, E>(&self, mut replay: Replay<V>) -> Result<(), ReplayError<E>>
    where
        V: FnMut(u64, u64, &[u8]) -> Result<(), E>,
    {
        if self.poisoned {
            return Err(LogError::Poisoned.into());
        }
        let from_seq = replay.next_seq;
        let first_seq = self.bounds.first_seq();
        if from_seq < first_seq {
            return Err(LogError::HistoryMissing {
                from: from_seq,
                to: first_seq - 1,
            }
            .into());
        }
        if let Some(index) = &self.index {
            match index.visit(from_seq, |frame| replay.show(frame)) {
                Ok(shown) => shown?,
                Err(fault) => {
                    tracing::warn!(%fault, "the index is damaged; replaying from the journal");
                }
            }
        }
        if replay.next_seq <= self.head.seq {
            self.journal
                .visit(replay.next_seq, |frame| replay.show(frame))?;
        }
        Ok(())
    }

    /// The second hand on this log, for a background thread.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        let (disk, bounds) = (Arc::clone(&self.disk), Arc::clone(&self.bounds));
        Keeper::new(disk, &self.dir, bounds, self._lock.clone())
    }

    /// The head of what is durable.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The room that is left for the log.
    ///
    /// # Errors
    /// The file system cannot be asked.
    pub fn free_space_bytes(&self) -> Result<u64, LogError> {
        let bytes = self.disk.free_bytes(&self.dir);
        bytes.map_err(|source| LogError::FreeSpace {
            path: self.dir.clone(),
            source,
        })
    }

    fn check_continues(&self, batch: &Batch) -> Result<(), LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        let expected = self.head.seq + 1;
        if batch.first_seq() != expected {
            return Err(LogError::OutOfOrder {
                first_seq: batch.first_seq(),
                expected,
            });
        }
        if batch.at_ms() < self.head.at_ms {
            return Err(LogError::TimeRegressed {
                at_ms: batch.at_ms(),
                tail_ms: self.head.at_ms,
            });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("dir", &self.dir)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

fn journal_dir(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// Creates `dir`, and what is missing above it, and makes its name durable.
fn create_dir(disk: &dyn Disk, dir: &Path) -> Result<(), LogError> {
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut created = disk.create_dir(dir);
    if matches!(&created, Err(error) if error.kind() == io::ErrorKind::NotFound) && parent != dir {
        create_dir(disk, parent)?;
        created = disk.create_dir(dir);
    }
    created.map_err(|source| LogError::CreateDirectory {
        path: dir.to_owned(),
        source,
    })?;
    match disk.sync_dir(parent) {
        // Who may not read the parent did not create anything in it either.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(|source| LogError::SyncDirectory {
            path: parent.to_owned(),
            source,
        }),
    }
}

fn lock(dir: &Path) -> Result<File, LogError> {
    let path = dir.join("lock");
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = opened.map_err(|source| LogError::Lock {
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::InUse {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(LogError::Lock { path, source }),
    }
}
