//! The index of an open log: filled behind the journal by a thread of its own, and read with a deadline.
//!
//! The journal is the queue between the appending thread and this one: it holds every frame, in order, and mostly still
//! in memory. So the queue needs no bound of its own, an index that falls behind costs no memory, and one that hangs
//! holds up nobody: what it lacks is read from the journal.

use std::mem;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Index;
use super::guard::within;
use super::reading::Reading;
use crate::log::Head;
use crate::log::error::{IndexFault, LogError, ReplayError};
use crate::log::frame::Frame;
use crate::log::journal::{Follower, Stop};
use crate::log::keeper::Bounds;

/// For so long the thread lets frames gather before it takes them: a wake-up per append would cost the appending thread
/// more than passing on a frame, and nobody waits for the index.
const GATHER: Duration = Duration::from_millis(20);

pub(in crate::log) struct LiveIndex {
    /// `None` only while it is dropped.
    index: Option<Arc<Index>>,
    progress: Arc<Progress>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
    timeout: Duration,
}

/// How far the journal is durable, for the thread that follows it.
#[derive(Default)]
struct Progress {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Wanted {
    durable_seq: u64,
    stop: bool,
    /// The thread has nothing to do and is to be woken.
    idle: bool,
}

impl LiveIndex {
    /// Starts the thread. Sled may take `timeout` for any one thing that somebody waits for.
    pub(in crate::log) fn start(
        index: Index,
        mut follower: Follower,
        bounds: Arc<Bounds>,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        bounds.set_indexed(follower.head().seq);
        let index = Arc::new(index);
        let progress = Arc::<Progress>::default();
        let (alive, ended) = mpsc::sync_channel(1);
        let (filled, wanted) = (Arc::clone(&index), Arc::clone(&progress));
        let spawned = thread::Builder::new()
            .name("log-index".to_owned())
            .spawn(move || {
                fill(&filled, &mut follower, &wanted, &bounds);
                // Nobody needs to wait for it any more.
                bounds.set_indexed(u64::MAX);
                drop(filled);
                drop(alive);
            });
        spawned.map_err(|source| LogError::Index {
            path: index.path(),
            source: source.into(),
        })?;
        Ok(Self {
            index: Some(index),
            progress,
            ended,
            timeout,
        })
    }

    /// Tells that the journal is durable up to `seq`.
    pub(in crate::log) fn follow(&self, seq: u64) {
        let mut wanted = self.progress.wanted();
        wanted.durable_seq = seq;
        if mem::take(&mut wanted.idle) {
            self.progress.changed.notify_one();
        }
    }

    /// Visits the frames that the index has, from the one that holds `from_seq` on; the inner result is the visitor's.
    /// An index that fails, or hangs, is not used again.
    pub(in crate::log) fn visit<E>(
        &self,
        from_seq: u64,
        visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<Result<(), E>, IndexFault> {
        let index = self.index();
        if index.is_suspect() {
            return Ok(Ok(()));
        }
        let visited = Reading::start(index, from_seq, self.timeout)?.pass_on(visit);
        if visited.is_err() {
            index.condemn();
        }
        visited
    }

    /// Lets go of the index at once, as it is.
    pub(in crate::log) fn abandon(self) {
        self.index().abandon();
    }

    fn index(&self) -> &Arc<Index> {
        let index = self.index.as_ref();
        index.expect("taken only by drop, after which there is no index")
    }
}

impl Drop for LiveIndex {
    /// Waits until the index has everything and sled is closed, but not for ever.
    fn drop(&mut self) {
        self.progress.wanted().stop = true;
        self.progress.changed.notify_one();
        let Some(index) = self.index.take() else {
            return;
        };
        if index.is_abandoned() || index.is_suspect() {
            return;
        }
        if self.ended.recv_timeout(self.timeout) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the index did not catch up in time; the next open repairs it");
            index.abandon();
            return;
        }
        let closed = within(self.timeout, move || {
            drop(index);
            Ok(())
        });
        if let Err(fault) = closed {
            tracing::warn!(%fault, "the index did not close; the next open repairs it");
        }
    }
}

impl Progress {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        // Nobody panics between two changes that belong together.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until more than `filled_seq` is durable, and returns how much; `None` when it is time to stop.
    fn next(&self, filled_seq: u64) -> Option<u64> {
        let mut wanted = self.wanted();
        wanted.idle = wanted.durable_seq <= filled_seq;
        let waiting = |wanted: &mut Wanted| !wanted.stop && wanted.durable_seq <= filled_seq;
        let waited = self.changed.wait_while(wanted, waiting);
        let wanted = waited.unwrap_or_else(PoisonError::into_inner);
        let gathering = |wanted: &mut Wanted| !wanted.stop;
        let gathered = self.changed.wait_timeout_while(wanted, GATHER, gathering);
        let (wanted, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        (wanted.durable_seq > filled_seq).then_some(wanted.durable_seq)
    }
}

/// Inserts what the journal gets, and removes what it drops, until it is told to stop and has everything, or until
/// something fails.
fn fill(index: &Index, follower: &mut Follower, progress: &Progress, bounds: &Bounds) {
    let mut first_seq = Head::START.seq;
    while let Some(until_seq) = progress.next(follower.head().seq) {
        let filled = follower.follow(until_seq, |frame| {
            if index.is_abandoned() || index.is_suspect() {
                return Err(Stop::Visitor(ReplayError::Visit(IndexFault::Abandoned)));
            }
            let inserted = index.insert(frame.stored, frame.first_seq);
            inserted.map_err(|fault| Stop::Visitor(ReplayError::Visit(fault)))
        });
        let followed = filled.and_then(|()| {
            let trimmed = trim(index, &mut first_seq, bounds);
            trimmed.map_err(ReplayError::Visit)
        });
        match followed {
            Ok(()) => bounds.set_indexed(follower.head().seq),
            Err(ReplayError::Visit(IndexFault::Abandoned)) => return,
            Err(ReplayError::Visit(fault)) => {
                tracing::warn!(%fault, "the index failed; reading from the journal until the next open");
                index.condemn();
                return;
            }
            Err(ReplayError::Log(error)) => {
                tracing::warn!(%error, "the index cannot follow the journal until the next open");
                return;
            }
        }
    }
}

/// Removes what the journal has dropped since the index began with `first_seq`. Only behind the journal: a crash between
/// the two leaves records that nobody asks for.
fn trim(index: &Index, first_seq: &mut u64, bounds: &Bounds) -> Result<(), IndexFault> {
    let wanted = bounds.first_seq();
    while *first_seq < wanted {
        if index.is_abandoned() || index.is_suspect() {
            return Err(IndexFault::Abandoned);
        }
        if !index.remove_before(wanted)? {
            *first_seq = wanted;
        }
    }
    Ok(())
}
