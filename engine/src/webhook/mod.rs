//! Tells another server of alerts and tickets, over HTTP: each at least once, in the order of the log.
//!
//! The worker has a thread of its own, and a place in the log that it keeps in a file: whatever lies before it has been
//! taken by the other side. It asks the owner for a short queue of what is committed from now on, reads for itself what the
//! log has up to there, beside the owner, and then goes on with the queue. When that is full, because the other side does not
//! take what it is told, the owner lets go of it and never waits; the worker begins again at its place when it has come
//! through. A restart does the same from the file. So the log is the queue: nothing is lost, memory is bounded, and what
//! was on its way is repeated.

mod cursor;
mod sender;
mod target;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Thread},
    time::Duration,
};

use fleetfold_core::{Fact, State, Timestamp, view};
use fleetfold_schemas::{Name, codec::encode_json, webhook};

use self::{cursor::Cursor, sender::Sender, worker::Work};
pub use self::{
    cursor::CursorError,
    target::{Secret, Target, TargetError},
};
use crate::{log::Head, server::log_dir};

/// The worker's place, in the data directory.
pub const CURSOR_FILE: &str = "webhook-cursor.json";
/// Items that may wait for the other side in memory; what does not fit is read from the log.
const QUEUE_MAX: usize = 256;
/// The place is moved at the latest after so many facts, so that a start has no more than these to look through.
const MARK_EVERY: u64 = 100_000;
/// What a stop grants the request that is on its way, so that it need not be repeated after the next start.
const GRACE: Duration = Duration::from_secs(1);

/// One request to be made.
#[derive(Debug)]
pub struct Notice {
    position: u64,
    at: Timestamp,
    body: Vec<u8>,
}

#[derive(Debug)]
enum Item {
    Notice(Notice),
    /// There is no more up to here.
    Upto(Head),
}

/// A fact to be told of, as it was read from the log.
#[derive(Debug)]
struct Recorded {
    position: u64,
    at: Timestamp,
    fact: Fact,
}

/// What the worker wants of the owner.
#[derive(Debug)]
pub struct Query(Wanted);

#[derive(Debug)]
enum Wanted {
    Follow(SyncSender<Following>),
    /// The facts speak of campaigns and devices by number.
    Words(Vec<Recorded>, SyncSender<Vec<Notice>>),
}

/// All that is committed behind `from`.
#[derive(Debug)]
struct Following {
    from: Head,
    queue: Receiver<Item>,
}

/// The owner's side.
#[derive(Debug)]
pub struct Webhook {
    queue: Option<SyncSender<Item>>,
    /// The last position that the queue has said anything about.
    marked: u64,
    stop: Arc<AtomicBool>,
    worker: Thread,
    /// Closed when the worker has ended.
    ended: Receiver<()>,
}

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    Cursor(#[from] CursorError),
    #[error("cannot start the webhook's thread")]
    Thread(#[source] std::io::Error),
}

impl Webhook {
    /// `ask` hands a query to the owner, and says whether there is one. Without a file in `data` nothing that lies before
    /// `head` is told.
    pub fn start(
        target: Target,
        site: &Name,
        data: &Path,
        head: Head,
        ask: impl Fn(Query) -> bool + Send + 'static,
    ) -> Result<Self, WebhookError> {
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work {
            sender: Sender::new(target, site),
            cursor: Cursor::open(data.join(CURSOR_FILE), head)?,
            log_dir: log_dir(data),
            ask: Box::new(ask),
            stop: Arc::clone(&stop),
        };
        let (end, ended) = sync_channel(0);
        let thread = thread::Builder::new()
            .name("webhook".to_owned())
            .spawn(move || {
                work.run();
                drop(end);
            })
            .map_err(WebhookError::Thread)?;
        Ok(Self {
            queue: None,
            marked: head.seq,
            stop,
            worker: thread.thread().clone(),
            ended,
        })
    }

    /// These facts are on disk, the last of them at `head`, and `state` has folded them in.
    pub fn committed(&mut self, state: &State, at: Timestamp, facts: &[Fact], head: Head) {
        let Some(queue) = &self.queue else {
            return;
        };
        let first = head.seq + 1 - facts.len() as u64;
        let told = (first..).zip(facts);
        let notices = told.filter_map(|(position, fact)| notice(state, position, at, fact));
        let mut items = notices.map(Item::Notice).peekable();
        if items.peek().is_none() && head.seq - self.marked < MARK_EVERY {
            return;
        }
        self.marked = head.seq;
        let mut items = items.chain([Item::Upto(head)]);
        if !items.all(|item| queue.try_send(item).is_ok()) {
            self.queue = None;
        }
    }

    /// Answers of a log that ends at `head`, of which `state` is the fold.
    pub fn answer(&mut self, query: Query, state: &State, head: Head) {
        // Whoever asked may have been told to stop.
        match query.0 {
            Wanted::Follow(reply) => {
                let (queue, items) = sync_channel(QUEUE_MAX);
                self.queue = Some(queue);
                self.marked = head.seq;
                let _ = reply.try_send(Following {
                    from: head,
                    queue: items,
                });
            }
            Wanted::Words(facts, reply) => {
                let notices = facts
                    .iter()
                    .filter_map(|of| notice(state, of.position, of.at, &of.fact));
                let _ = reply.try_send(notices.collect());
            }
        }
    }
}

impl Drop for Webhook {
    /// Returns at the latest after the grace: the other side may hang, and then the thread ends by itself with its time-out.
    fn drop(&mut self) {
        self.queue = None;
        self.stop.store(true, Ordering::Relaxed);
        self.worker.unpark();
        // Nothing is ever sent: it ends, or it does not in time.
        let _ = self.ended.recv_timeout(GRACE);
    }
}

fn notice(state: &State, position: u64, at: Timestamp, fact: &Fact) -> Option<Notice> {
    let (kind, data) = view::notice(state, position, at, fact)?;
    let at_ms = i64::try_from(at).unwrap_or(i64::MAX);
    let timestamp = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::MAX);
    let body = encode_json(&webhook::Notice {
        kind,
        timestamp: timestamp.to_string(),
        data,
    });
    Some(Notice { position, at, body })
}
