//! Builds deltas in the background, one at a time.

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use fleetfold_core::{DeltaOutcome, ReleaseIx};
use fleetfold_schemas::{Digest, code::Rejection};

use super::{Delta, DeltaDeclined, Limits, check_memory, encode_unless_stopped};
use crate::artifacts::{ArtifactStore, Refused};

/// Deltas that may be waited for. A release asks for three, so this is a thousand releases published in the time of one
/// build; what is beyond is asked for again at the next start, and campaigns don't wait for deltas longer than a bit.
const WAITING_MAX: usize = 3_000;
/// The lowest priority there is: building uses what is left of the machine.
const NICENESS: i32 = 19;

/// Takes requests for deltas. Dropping it gives up the one that is being built.
#[derive(Debug)]
pub struct DeltaWorker {
    queue: Arc<Queue>,
}

/// A delta to a release from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Job {
    release: ReleaseIx,
    from: ReleaseIx,
    old: Digest,
    new: Digest,
}

impl DeltaWorker {
    /// Starts a thread of lowest priority, which calls `on_outcome` with each outcome, and may block in it.
    pub fn start(
        store: ArtifactStore,
        limits: Limits,
        mut on_outcome: impl FnMut(ReleaseIx, ReleaseIx, DeltaOutcome) + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let jobs = Arc::clone(&queue);
        thread::Builder::new()
            .name("delta".to_owned())
            .spawn(move || {
                // On Linux this is the priority of the calling thread alone, and of those it starts.
                if let Err(error) = rustix::process::nice(NICENESS) {
                    tracing::warn!(%error, "deltas are built with ordinary priority");
                }
                while let Some(job) = jobs.next() {
                    let outcome = build(&store, job, limits, &jobs.stop);
                    if jobs.stop.load(Ordering::Relaxed) {
                        break;
                    }
                    on_outcome(job.release, job.from, outcome);
                    jobs.done();
                }
            })?;
        Ok(Self { queue })
    }

    /// Asks for the delta from image `old` to image `new`, unless it is being waited for already.
    pub fn request(&self, release: ReleaseIx, from: ReleaseIx, old: Digest, new: Digest) {
        let job = Job {
            release,
            from,
            old,
            new,
        };
        if !self.queue.add(job) {
            tracing::warn!(release, from, "too many deltas are waited for");
        }
    }
}

impl Drop for DeltaWorker {
    fn drop(&mut self) {
        self.queue.stop();
    }
}

fn build(store: &ArtifactStore, job: Job, limits: Limits, stop: &AtomicBool) -> DeltaOutcome {
    let Job { release, from, .. } = job;
    let began = Instant::now();
    match try_build(store, job, limits, stop) {
        Ok((digest, bytes)) => {
            let ms = began.elapsed().as_millis();
            tracing::info!(release, from, %digest, bytes, ms, "delta built");
            DeltaOutcome::Built { digest, bytes }
        }
        Err(reason) => {
            tracing::info!(release, from, reason, "no delta");
            DeltaOutcome::Unavailable { reason }
        }
    }
}

fn try_build(
    store: &ArtifactStore,
    job: Job,
    limits: Limits,
    stop: &AtomicBool,
) -> Result<(Digest, u64), String> {
    let unreadable = |refused: Refused| Rejection::from(refused).message;
    let bytes = |digest| store.describe(digest).map_or(0, |stored| stored.bytes);
    check_memory(bytes(&job.old), bytes(&job.new), limits)
        .map_err(|declined| explain(&declined))?;
    let old = store.read_all(&job.old).map_err(unreadable)?;
    let new = store.read_all(&job.new).map_err(unreadable)?;
    let Delta { bytes, .. } =
        encode_unless_stopped(&old, &new, limits, stop).map_err(|declined| explain(&declined))?;
    let digest = store.insert(&bytes).map_err(unreadable)?;
    Ok((digest, bytes.len() as u64))
}

fn explain(declined: &DeltaDeclined) -> String {
    match declined.source() {
        Some(source) => format!("{declined}: {source}"),
        None => declined.to_string(),
    }
}

#[derive(Debug, Default)]
struct Queue {
    /// The first is being built, so that a repeated request for it is known as one.
    jobs: Mutex<Jobs>,
    changed: Condvar,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct Jobs {
    current: Option<Job>,
    waiting: VecDeque<Job>,
}

impl Queue {
    /// Whether the job will be done.
    fn add(&self, job: Job) -> bool {
        let mut jobs = self.lock();
        if jobs.current == Some(job) || jobs.waiting.contains(&job) {
            return true;
        }
        if jobs.waiting.len() >= WAITING_MAX {
            return false;
        }
        jobs.waiting.push_back(job);
        self.changed.notify_one();
        true
    }

    /// Waits for a job. `None`: stop.
    fn next(&self) -> Option<Job> {
        let mut jobs = self
            .changed
            .wait_while(self.lock(), |jobs| {
                jobs.waiting.is_empty() && !self.stop.load(Ordering::Relaxed)
            })
            .expect(NO_PANIC);
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        jobs.current = jobs.waiting.pop_front();
        jobs.current
    }

    fn done(&self) {
        self.lock().current = None;
    }

    fn stop(&self) {
        // Under the lock, or a worker about to wait would not hear of it.
        let _jobs = self.lock();
        self.stop.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().expect(NO_PANIC)
    }
}

const NO_PANIC: &str = "nothing panics while it holds the queue's lock";
