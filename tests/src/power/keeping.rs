//! What a log's keeper does beside it: snapshots, the archive, and dropping what both make dispensable.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fleetfold::log::{Log, Retention, Snapshot};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::history::History;
use super::life::Mark;
use crate::Failure;

/// The format number of our snapshots' content.
const FORMAT: u32 = 7;

/// A keeper's places.
pub(super) struct Keeping {
    archive: PathBuf,
    /// Outside of what is recorded.
    scratch: PathBuf,
}

impl Keeping {
    /// Makes the archive beside the log, as an operator does before the first start.
    pub(super) fn prepare(log: &Path, outside: &Path) -> io::Result<Self> {
        let root = log.parent().unwrap_or(log);
        let archive = root.join("archive");
        if !archive.is_dir() {
            fs::create_dir(&archive)?;
        }
        File::open(root)?.sync_all()?;
        let scratch = outside.with_extension("whole");
        Ok(Self { archive, scratch })
    }

    /// Does something or nothing, as the log's time decides.
    pub(super) fn work(
        &self,
        log: &Log,
        history: &History,
        mut mark: impl FnMut(Mark) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let (keeper, head) = (log.keeper(), log.head());
        let mut dice = ChaCha8Rng::seed_from_u64(head.at_ms);
        if dice.random_ratio(1, 3) {
            let mut snapshot = keeper.snapshot(head, FORMAT)?;
            for section in history.records(head.seq) {
                snapshot.section(&section)?;
            }
            snapshot.finish()?;
            mark(Mark::Snapshot { seq: head.seq })?;
        }
        if dice.random_ratio(1, 6) {
            keeper.thin_snapshots(2)?;
        }
        if dice.random_ratio(1, 3) {
            keeper.archive(&self.archive)?;
        }
        if dice.random_ratio(1, 3) {
            keeper.drop_history(&Retention {
                archive: self.archive.clone(),
                keep_ms: 0,
                now_ms: head.at_ms + 1,
            })?;
        }
        Ok(())
    }

    /// A directory like that of a log whose journal has everything, from the archive's segments and the journal's.
    pub(super) fn put_together(&self, log: &Path) -> io::Result<PathBuf> {
        let whole = self.scratch.join("journal");
        if whole.is_dir() {
            fs::remove_dir_all(&whole)?;
        }
        fs::create_dir_all(&whole)?;
        for dir in [&self.archive, &log.join("journal")] {
            for entry in fs::read_dir(dir)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "ffj") {
                    fs::write(
                        whole.join(path.file_name().unwrap_or_default()),
                        fs::read(&path)?,
                    )?;
                }
            }
        }
        Ok(self.scratch.clone())
    }
}

/// Whether a snapshot is what was put into it.
pub(super) fn check_snapshot(snapshot: &Snapshot, history: &History) -> Result<(), Failure> {
    let seq = snapshot.head().seq;
    let mut expected = history.records(seq).into_iter();
    let read = snapshot.read(|section| {
        if expected.next().as_deref() == Some(section) {
            Ok(())
        } else {
            Err("a section is not what was written")
        }
    });
    read.map_err(|error| format!("the snapshot of {seq}: {error:?}"))?;
    if snapshot.format() != FORMAT || expected.len() > 0 {
        return Err(format!("the snapshot of {seq} is not what was written").into());
    }
    Ok(())
}
