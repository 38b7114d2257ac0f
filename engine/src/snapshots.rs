//! Snapshots of the state: what [`fleetfold_core::snapshot`] writes, in the files of [`crate::log`].
//!
//! A snapshot is a shortcut and never a truth of its own: it is used only if it is whole and of this format, and else
//! the facts behind it are folded again.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use fleetfold_core::{
    Core, State,
    snapshot::{self, Beside, FORMAT, SnapshotError as ContentError, Work},
};

use crate::{
    log::{Disk, Head, LogError, Snapshot, SnapshotError, SnapshotWriter, snapshots},
    report::in_one_line,
};

/// Why a snapshot is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{} has content of format {format}; this version reads format {FORMAT}", path.display())]
    Format { path: PathBuf, format: u32 },
    #[error(transparent)]
    Stored(#[from] SnapshotError<ContentError>),
    /// The bytes are those that were written, and yet not a state: a fault of this program.
    #[error("{} does not hold a state", path.display())]
    Content {
        path: PathBuf,
        #[source]
        source: ContentError,
    },
}

/// Writes the state, which is what the facts up to the writer's head fold to.
///
/// # Errors
/// The file system fails.
pub fn store(mut writer: SnapshotWriter, state: &State) -> Result<Snapshot, LogError> {
    let mut written = Ok(());
    snapshot::write(state, &mut |section| {
        if written.is_ok() {
            written = writer.section(section);
        }
    });
    written?;
    writer.finish()
}

/// The core as it was when the snapshot was taken. [`Core::replayed`] is for the caller to call.
///
/// # Errors
/// The snapshot is damaged, or of another format.
pub fn load(snapshot: &Snapshot) -> Result<Core, Unusable> {
    let path = || snapshot.path().to_owned();
    if snapshot.format() != FORMAT {
        let format = snapshot.format();
        return Err(Unusable::Format {
            path: path(),
            format,
        });
    }
    let mut reader = snapshot::Reader::default();
    read_into(&mut reader, snapshot)?;
    let state = reader.finish();
    let state = state.map_err(|source| Unusable::Content {
        path: path(),
        source,
    })?;
    Ok(Core::restore(state))
}

/// Hands the reader all sections. What it need not do itself is done by another thread: there may be an answer for every
/// device, and every device has a name.
fn read_into(
    reader: &mut snapshot::Reader,
    stored: &Snapshot,
) -> Result<(), SnapshotError<ContentError>> {
    let (sender, works) = mpsc::sync_channel::<Work>(WORKS_WAITING);
    let (read, beside) = thread::scope(|scope| {
        let beside = scope.spawn(move || {
            let mut beside = Beside::default();
            for work in works {
                beside.take(work)?;
            }
            Ok(beside)
        });
        let read = stored.read(|section| {
            reader.section_beside(section, |work| {
                // A thread that has failed takes no more, and says why in the end.
                let _failed = sender.send(work);
                Ok(())
            })
        });
        drop(sender);
        (read, beside.join())
    });
    let beside = beside.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    read?;
    reader.put_back(beside.map_err(SnapshotError::Visit)?);
    Ok(())
}

/// Pieces of work, each a section of at most 256 KiB, between the two threads: so many that the other rows, which come
/// later, are read at the same time.
const WORKS_WAITING: usize = 256;

/// The newest of these that is usable and goes no further than `seq_max`: where its log stands there, and the core.
/// Without one, the beginning of everything.
#[must_use]
pub fn newest(candidates: &[Snapshot], seq_max: u64) -> (Head, Core) {
    let mut candidates: Vec<&Snapshot> = candidates
        .iter()
        .filter(|snapshot| snapshot.head().seq <= seq_max)
        .collect();
    candidates.sort_unstable_by_key(|snapshot| std::cmp::Reverse(snapshot.head().seq));
    for snapshot in candidates {
        match load(snapshot) {
            Ok(core) => return (snapshot.head(), core),
            Err(error) => {
                tracing::warn!(
                    error = in_one_line(&error),
                    "a snapshot is of no use; what it held is folded anew"
                );
            }
        }
    }
    (Head::START, Core::default())
}

/// As [`newest`], of those in the log directory.
///
/// # Errors
/// The file system fails.
pub fn newest_in(
    disk: &Arc<dyn Disk>,
    log_dir: &Path,
    seq_max: u64,
) -> Result<(Head, Core), LogError> {
    let found = snapshots(disk, log_dir)?.found;
    Ok(newest(&found, seq_max))
}
