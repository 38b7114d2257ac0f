//! Where opening a log begins: at the newest snapshot that fits it, so that it does not grow with history.
//!
//! A snapshot fits if the log's chain has the snapshot's value at the snapshot's position: then every record that it
//! covers is the one that the log had there. Frames before it are not looked at. A replay looks at them when it reads
//! them, so nothing unchecked is ever shown.
//!
//! A snapshot is made of durable records only. So one beyond the end of the log proves that the log lost its end, and
//! the log is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::LogError;
use super::frame::Frame;
use super::journal::{Scan, Stop, first_seq, head_at, scan};
use super::snapshot::{Snapshot, SnapshotDamage, set_aside, snapshots};
use super::{Disk, Head, Repair};

/// The snapshots of a log that is being opened.
pub(super) struct Start {
    disk: Arc<dyn Disk>,
    /// Not yet compared with the log; newest first.
    candidates: Vec<Snapshot>,
    /// Newest first.
    fitting: Vec<Snapshot>,
    /// Beyond the end of the journal, newest first. The index may have the records that prove them right.
    beyond: Vec<Snapshot>,
    /// Of another history, or damaged.
    unfit: Vec<(PathBuf, SnapshotDamage)>,
    /// The newest record that any file claims to cover, damaged or not.
    newest_claim: Option<(PathBuf, u64)>,
}

impl Start {
    pub(super) fn find(disk: &Arc<dyn Disk>, log_dir: &Path) -> Result<Self, LogError> {
        let snapshots = snapshots(disk, log_dir)?;
        let mut claims: Vec<(PathBuf, u64)> = Vec::new();
        let found = snapshots.found.iter();
        claims.extend(found.map(|found| (found.path().to_owned(), found.head().seq)));
        let damaged = snapshots.damaged.iter();
        claims.extend(damaged.map(|damaged| (damaged.path.clone(), damaged.seq)));
        // A newer version wrote what this one does not know, and may want it back.
        let damaged = snapshots.damaged.into_iter();
        let unfit = damaged
            .filter(|damaged| !matches!(damaged.damage, SnapshotDamage::Version(_)))
            .map(|damaged| (damaged.path, damaged.damage));
        Ok(Self {
            disk: Arc::clone(disk),
            candidates: snapshots.found,
            fitting: Vec::new(),
            beyond: Vec::new(),
            unfit: unfit.collect(),
            newest_claim: claims.into_iter().max_by_key(|(_, seq)| *seq),
        })
    }

    /// Checks the frames of the journal from the newest snapshot on that fits it.
    pub(super) fn scan(&mut self, journal_dir: &Path) -> Result<Scan, LogError> {
        let begins_after = first_seq(&*self.disk, journal_dir)? - 1;
        // What lies between an older snapshot and the journal is missing, so it is of no use and no evidence either.
        let too_old = self
            .candidates
            .iter()
            .position(|snapshot| snapshot.head().seq < begins_after);
        let too_old = self
            .candidates
            .split_off(too_old.unwrap_or(self.candidates.len()));
        let positions: Vec<u64> = self
            .candidates
            .iter()
            .map(|snapshot| snapshot.head().seq)
            .collect();
        let mut candidates = std::mem::take(&mut self.candidates).into_iter();
        for snapshot in candidates.by_ref() {
            let newest = snapshot.head();
            let mut heads = Vec::new();
            let scan = scan(
                &*self.disk,
                journal_dir,
                newest.seq + 1,
                |frame: &Frame<'_>| {
                    heads.extend(positions.contains(&frame.last_seq).then(|| Head::at(frame)));
                    Ok::<(), Stop<LogError>>(())
                },
            )?;
            heads.push(scan.base);
            if newest.seq > scan.head.seq {
                self.beyond.push(snapshot);
            } else if heads.contains(&newest) {
                self.fitting.push(snapshot);
                self.compare(candidates, &heads, journal_dir)?;
                return Ok(scan);
            } else {
                self.is_of_another_history(&snapshot);
            }
        }
        if begins_after > 0 {
            return Err(LogError::HistoryMissing {
                from: too_old.first().map_or(0, |snapshot| snapshot.head().seq) + 1,
                to: begins_after,
            });
        }
        scan(
            &*self.disk,
            journal_dir,
            0,
            |_| Ok::<(), Stop<LogError>>(()),
        )
    }

    /// Compares older snapshots with the log's heads, of which some are known.
    fn compare(
        &mut self,
        older: impl Iterator<Item = Snapshot>,
        heads: &[Head],
        journal_dir: &Path,
    ) -> Result<(), LogError> {
        for snapshot in older {
            let head = snapshot.head();
            if heads.contains(&head) || head_at(&*self.disk, journal_dir, head.seq)? == Some(head) {
                self.fitting.push(snapshot);
            } else {
                self.is_of_another_history(&snapshot);
            }
        }
        Ok(())
    }

    fn is_of_another_history(&mut self, snapshot: &Snapshot) {
        let seq = snapshot.head().seq;
        let path = snapshot.path().to_owned();
        self.unfit.push((path, SnapshotDamage::Differs { seq }));
    }

    /// Refuses a log that ends at `head` if a snapshot proves that it was longer.
    pub(super) fn check_end(&self, head: &Head) -> Result<(), LogError> {
        match &self.newest_claim {
            Some((snapshot, snapshot_seq)) if *snapshot_seq > head.seq => Err(LogError::Behind {
                snapshot: snapshot.clone(),
                snapshot_seq: *snapshot_seq,
                head_seq: head.seq,
            }),
            _ => Ok(()),
        }
    }

    /// Judges what only the whole log can tell, which ends at `head`, and returns the snapshots that fit it.
    pub(super) fn settle(
        mut self,
        journal_dir: &Path,
        head: &Head,
        repairs: &mut Vec<Repair>,
    ) -> Result<Vec<Snapshot>, LogError> {
        self.check_end(head)?;
        let older = std::mem::take(&mut self.fitting);
        let beyond = std::mem::take(&mut self.beyond).into_iter();
        self.compare(beyond, &[*head], journal_dir)?;
        self.fitting.extend(older);
        for (path, damage) in self.unfit {
            let to = set_aside(&self.disk, path)?;
            repairs.push(Repair::SnapshotSetAside { to, damage });
        }
        Ok(self.fitting)
    }
}
