//! Keeps the log short to open: snapshots of what it folds to, the archive, and what may be dropped then.
//!
//! On a thread of its own with a state of its own, which it folds from the newest snapshot and the facts since, read
//! beside the owner. So a snapshot never holds a step, and a snapshot is never made of a state that only memory knows.
//! It costs the memory of another state while it is taken.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use fleetfold_core::snapshot::FORMAT;
use metrics::{counter, gauge, histogram};

use super::wall_ms;
use crate::{
    log::{Head, Keeper as LogKeeper, LogError, ReplayError, Retention, Snapshot},
    replay::{NotAFact, decode},
    report::in_one_line,
    snapshots,
};

/// Below everything that acknowledges or decides.
const NICENESS: i32 = 19;
/// The newest, and one more should it turn out to be damaged; dropping history wants two as well.
const KEPT: usize = 2;

/// Where history goes that is not needed here any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// A directory, which must exist.
    pub dir: PathBuf,
    /// What is younger than this stays in the log as well.
    pub keep_ms: u64,
}

/// The owner's side: says when a snapshot is due.
#[derive(Debug)]
pub struct Keeper {
    every: u64,
    /// The log's position at the newest snapshot, taken or ordered.
    covered: u64,
    /// `None` only while it is dropped.
    orders: Option<SyncSender<()>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Record(#[from] NotAFact),
    #[error("the engine stops")]
    Stopped,
}

impl Keeper {
    /// `covered` is the position of the newest snapshot there is; one is due after every so many records.
    pub fn start(
        log: LogKeeper,
        every: u64,
        covered: u64,
        archive: Option<Archive>,
    ) -> std::io::Result<Self> {
        // One at a time: whatever else falls due meanwhile is covered by the next.
        let (orders, ordered) = sync_channel(0);
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work {
            log,
            archive,
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || work.run(&ordered))?;
        Ok(Self {
            every,
            covered,
            orders: Some(orders),
            stop,
            thread: Some(thread),
        })
    }

    /// The log is durable up to `head`.
    pub fn appended(&mut self, head: Head) {
        if head.seq - self.covered < self.every {
            return;
        }
        let orders = self
            .orders
            .as_ref()
            .expect("taken only while it is dropped");
        // A keeper that is still at work is asked again after the next step.
        if orders.try_send(()).is_ok() {
            self.covered = head.seq;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell: what it was at is begun anew some other time.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Work {
    log: LogKeeper,
    archive: Option<Archive>,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn run(self, ordered: &Receiver<()>) {
        // On Linux this is the priority of the calling thread alone.
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "snapshots are taken with ordinary priority");
        }
        for () in ordered {
            let started = Instant::now();
            match self.take_snapshot() {
                Ok(snapshot) => tell(&snapshot, started),
                Err(KeepError::Stopped) => return,
                // The log is whole without it; only the next start takes longer.
                Err(error) => {
                    counter!("fleetfold_snapshot_failures_total").increment(1);
                    tracing::warn!(error = in_one_line(&error), "no snapshot was taken");
                }
            }
            if let Some(archive) = &self.archive
                && let Err(error) = self.archive(archive)
            {
                counter!("fleetfold_archive_failures_total").increment(1);
                tracing::warn!(error = in_one_line(&error), dir = %archive.dir.display(), "the archive is not up to date");
            }
        }
    }

    /// Folds what is durable, writes that, and removes snapshots that are older than need be.
    fn take_snapshot(&self) -> Result<Snapshot, KeepError> {
        let (from, mut core) = snapshots::newest(&self.log.snapshots()?.found, u64::MAX);
        let read = self.log.reader(from).read(|position, at_ms, record| {
            if self.stop.load(Ordering::Relaxed) {
                return Err(KeepError::Stopped);
            }
            core.replay(at_ms, &decode(position, record)?);
            Ok(())
        });
        let head = read.map_err(|error| match error {
            ReplayError::Log(error) => KeepError::Log(error),
            ReplayError::Visit(error) => error,
        })?;
        let writer = self.log.snapshot(head, FORMAT)?;
        let snapshot = snapshots::store(writer, core.state())?;
        drop(core);
        self.log.thin_snapshots(KEPT)?;
        Ok(snapshot)
    }

    /// Exports the segments that are complete, and drops those that are old enough.
    fn archive(&self, archive: &Archive) -> Result<(), LogError> {
        let archived = self.log.archive(&archive.dir)?;
        let dropped = self.log.drop_history(&Retention {
            archive: archive.dir.clone(),
            keep_ms: archive.keep_ms,
            now_ms: wall_ms(),
        })?;
        if !archived.copied.is_empty() || !dropped.segments.is_empty() {
            tracing::info!(
                copied = archived.copied.len(),
                copied_bytes = archived.copied_bytes,
                dropped = dropped.segments.len(),
                first_position = dropped.first_seq,
                "archived history"
            );
        }
        Ok(())
    }
}

fn tell(snapshot: &Snapshot, started: Instant) {
    let (took, position) = (started.elapsed(), snapshot.head().seq);
    tracing::info!(
        position,
        bytes = snapshot.file_bytes(),
        took_ms = took.as_millis(),
        "snapshot"
    );
    histogram!("fleetfold_snapshot_seconds").record(took);
    #[expect(clippy::cast_precision_loss, reason = "for people to look at")]
    gauge!("fleetfold_snapshot_position").set(position as f64);
}
