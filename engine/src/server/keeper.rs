//! Keeps the log short to open: takes snapshots of what it folds to.
//!
//! On a thread of its own with a state of its own, which it folds from the newest snapshot and the facts since, read
//! beside the owner. So a snapshot never holds a step, and a snapshot is never made of a state that only memory knows.
//! It costs the memory of another state while it is taken.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use fleetfold_core::Fact;
use metrics::{counter, gauge, histogram};

use crate::{
    log::{Disk, Head, LogError, LogReader, OsDisk, ReplayError, Snapshot, snapshots},
    report::in_one_line,
    snapshots,
};

/// Below everything that acknowledges or decides.
const NICENESS: i32 = 19;
/// The newest, and one more should it turn out to be damaged.
const KEPT: usize = 2;

/// The owner's side: says when a snapshot is due.
#[derive(Debug)]
pub struct Keeper {
    every: u64,
    /// The log's position at the newest snapshot, taken or ordered.
    covered: u64,
    /// `None` only while it is dropped.
    orders: Option<SyncSender<Head>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("record {position} is no fact")]
    Record {
        position: u64,
        #[source]
        source: minicbor::decode::Error,
    },
    #[error("the engine stops")]
    Stopped,
}

impl Keeper {
    /// `covered` is the position of the newest snapshot there is; one is due after every so many records.
    pub fn start(log_dir: &Path, every: u64, covered: u64) -> std::io::Result<Self> {
        // One at a time: whatever else falls due meanwhile is covered by the next.
        let (orders, ordered) = sync_channel(0);
        let stop = Arc::new(AtomicBool::new(false));
        let (log_dir, stopped) = (log_dir.to_owned(), Arc::clone(&stop));
        let thread = thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || keep(&log_dir, &ordered, &stopped))?;
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
        if orders.try_send(head).is_ok() {
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

fn keep(log_dir: &Path, ordered: &Receiver<Head>, stop: &AtomicBool) {
    // On Linux this is the priority of the calling thread alone.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "snapshots are taken with ordinary priority");
    }
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    for head in ordered {
        let started = Instant::now();
        match take(&disk, log_dir, head, stop) {
            Ok(snapshot) => {
                let took = started.elapsed();
                tracing::info!(
                    position = head.seq,
                    bytes = snapshot.file_bytes(),
                    took_ms = took.as_millis(),
                    "snapshot"
                );
                histogram!("fleetfold_snapshot_seconds").record(took);
                #[expect(clippy::cast_precision_loss, reason = "for people to look at")]
                gauge!("fleetfold_snapshot_position").set(head.seq as f64);
            }
            Err(KeepError::Stopped) => return,
            // The log is whole without it; only the next start takes longer.
            Err(error) => {
                counter!("fleetfold_snapshot_failures_total").increment(1);
                tracing::warn!(
                    error = in_one_line(&error),
                    position = head.seq,
                    "no snapshot was taken"
                );
            }
        }
    }
}

/// Folds the log up to `head`, writes that, and removes what is older than need be.
fn take(
    disk: &Arc<dyn Disk>,
    log_dir: &Path,
    head: Head,
    stop: &AtomicBool,
) -> Result<Snapshot, KeepError> {
    let (from, mut core) = snapshots::newest_in(disk, log_dir, head.seq)?;
    let mut reader = LogReader::new(Arc::clone(disk), log_dir, from);
    let read = reader.read(|position, at_ms, record| {
        // What was appended since may not be durable yet.
        if position > head.seq {
            return Err(None);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Some(KeepError::Stopped));
        }
        let fact = Fact::decode(record);
        let fact = fact.map_err(|source| Some(KeepError::Record { position, source }))?;
        core.replay(at_ms, &fact);
        Ok(())
    });
    match read {
        Ok(_) | Err(ReplayError::Visit(None)) => {}
        Err(ReplayError::Visit(Some(error))) => return Err(error),
        Err(ReplayError::Log(error)) => return Err(error.into()),
    }
    let snapshot = snapshots::store(disk, log_dir, head, core.state())?;
    drop(core);
    for old in snapshots(disk, log_dir)?.found.into_iter().skip(KEPT) {
        old.remove()?;
    }
    Ok(snapshot)
}
