//! Tells another server of alerts and tickets, over HTTP: each at least once, in the order of the log.
//!
//! The worker has a thread of its own and a place in the log that it keeps in a file: whatever lies before it has been
//! taken by the other side. It asks the owner for what comes behind, a page at a time; once it has all, the owner hands
//! it what is committed from then on through a short queue. When that is full, because the other side does not answer, the
//! owner lets the queue go and never waits; the worker asks for pages again when it has come so far. A restart goes on
//! from the file in the same way, so nothing is lost, and what was on its way is repeated.

mod cursor;
mod sender;
mod target;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use fleetfold_core::{Fact, State, Timestamp, view};
use fleetfold_schemas::{codec::encode_json, webhook};
use metrics::counter;

pub use self::target::{Secret, Target, TargetError};
use self::{cursor::Cursor, sender::Sender};
use crate::{
    log::{Log, LogError, ReplayError},
    replay::decode,
    report::in_one_line,
};

/// Notices that may wait for the other side in memory; what does not fit is read from the log again.
const QUEUE_MAX: usize = 256;
/// Facts looked at for one page: about ten milliseconds of the owner's time.
const PAGE_FACTS: u64 = 20_000;
/// The place is moved at the latest after so many facts, so that a start has no more than these to look through.
const MARK_EVERY: u64 = 100_000;
/// After a failure, then twice as long each time.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// A server that comes back is told within this time.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// One request to be made.
#[derive(Debug)]
pub struct Notice {
    pub position: u64,
    pub body: Vec<u8>,
}

#[derive(Debug)]
enum Item {
    Notice(Notice),
    /// There is nothing up to here.
    Nothing(u64),
}

/// A part of the log, seen for what there is to tell.
#[derive(Debug)]
pub struct Page {
    notices: Vec<Notice>,
    /// There is no more up to here.
    upto: u64,
    /// What is committed from here on, if this was the end of the log.
    live: Option<Live>,
}

/// The worker's end of the queue.
#[derive(Debug)]
struct Live(Receiver<Item>);

/// The worker wants the page behind this position.
#[derive(Debug)]
pub struct Query {
    after: u64,
    reply: SyncSender<Page>,
}

/// The owner's side.
#[derive(Debug)]
pub struct Webhook {
    live: Option<SyncSender<Item>>,
    /// The last position that the queue has said anything about.
    told: u64,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Webhook {
    /// `ask` hands a query to the owner, and says whether there is one. Without a file at `place` nothing before `head` is
    /// told.
    pub fn start(
        target: Target,
        site: String,
        place: PathBuf,
        head: u64,
        ask: impl Fn(Query) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work {
            sender: Sender::new(target, site),
            cursor: Cursor::open(place, head)?,
            ask: Box::new(ask),
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("webhook".to_owned())
            .spawn(move || work.run())?;
        Ok(Self {
            live: None,
            told: head,
            stop,
            thread: Some(thread),
        })
    }

    /// Facts are on disk, the first of them at the position `first`.
    pub fn committed(&mut self, state: &State, first: u64, at: Timestamp, facts: &[Fact]) {
        let Some(live) = &self.live else {
            return;
        };
        let mut last = self.told;
        for (position, fact) in (first..).zip(facts) {
            last = position;
            let Some(notice) = notice(state, position, at, fact) else {
                continue;
            };
            if live.try_send(Item::Notice(notice)).is_err() {
                self.live = None;
                return;
            }
            self.told = position;
        }
        // With a full queue the place waits for what is in it anyway.
        if last - self.told >= MARK_EVERY && live.try_send(Item::Nothing(last)).is_ok() {
            self.told = last;
        }
    }

    /// Answers a query from the log, of which `state` is the fold.
    pub fn answer(&mut self, query: &Query, log: &Log, state: &State) {
        let head = log.head().seq;
        let mut page = match page(log, state, query.after.min(head)) {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(error = in_one_line(&error), "cannot look for notices");
                return;
            }
        };
        if page.upto == head {
            let (live, queue) = sync_channel(QUEUE_MAX);
            self.live = Some(live);
            self.told = head;
            page.live = Some(Live(queue));
        }
        // It may have been told to stop.
        let _ = query.reply.try_send(page);
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.live = None;
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A request that is on its way ends with its time-out at the latest.
            let _ = thread.join();
        }
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
    Some(Notice { position, body })
}

/// Why no more records are shown.
enum Enough {
    Page,
    Unreadable,
}

fn page(log: &Log, state: &State, after: u64) -> Result<Page, LogError> {
    let end = log.head().seq.min(after + PAGE_FACTS);
    let mut page = Page {
        notices: Vec::new(),
        upto: after,
        live: None,
    };
    if after == end {
        return Ok(page);
    }
    let shown = log.replay(after + 1, |position, at, record| {
        if position > end {
            return Err(Enough::Page);
        }
        let fact = decode(position, record).map_err(|_| Enough::Unreadable)?;
        page.notices.extend(notice(state, position, at, &fact));
        page.upto = position;
        Ok(())
    });
    match shown {
        Ok(()) | Err(ReplayError::Visit(Enough::Page)) => Ok(page),
        Err(ReplayError::Visit(Enough::Unreadable)) => {
            unreachable!("the state is the fold of these very records")
        }
        Err(ReplayError::Log(LogError::HistoryMissing { from, to })) => {
            tracing::warn!(from, to, "history was dropped that the webhook had not been told");
            page.upto = to;
            Ok(page)
        }
        Err(ReplayError::Log(error)) => Err(error),
    }
}

/// What the thread has.
struct Work {
    sender: Sender,
    cursor: Cursor,
    ask: Box<dyn Fn(Query) -> bool + Send>,
    stop: Arc<AtomicBool>,
}

/// The engine stops.
struct Stopped;

impl Work {
    fn run(mut self) {
        while self.go_on().is_ok() {}
    }

    /// One page, and what is committed behind it.
    fn go_on(&mut self) -> Result<(), Stopped> {
        let (reply, answer) = sync_channel(1);
        let after = self.cursor.position();
        if self.is_stopped() || !(self.ask)(Query { after, reply }) {
            return Err(Stopped);
        }
        let Ok(page) = answer.recv() else {
            // The owner could not read its log, or has ended; the next question tells which.
            return self.wait(WAIT_MAX);
        };
        for notice in page.notices {
            self.deliver(&notice)?;
        }
        self.cursor.move_to(page.upto);
        let Some(Live(queue)) = page.live else {
            return Ok(());
        };
        for item in queue {
            match item {
                Item::Notice(notice) => self.deliver(&notice)?,
                Item::Nothing(upto) => self.cursor.move_to(upto),
            }
        }
        Ok(())
    }

    /// Until the other side has taken it.
    fn deliver(&mut self, notice: &Notice) -> Result<(), Stopped> {
        let mut wait = WAIT_MIN;
        loop {
            if self.is_stopped() {
                return Err(Stopped);
            }
            match self.sender.send(notice) {
                Ok(()) => {
                    counter!("fleetfold_webhook_sent_total").increment(1);
                    self.cursor.move_to(notice.position);
                    return Ok(());
                }
                Err(error) => {
                    counter!("fleetfold_webhook_failures_total").increment(1);
                    let position = notice.position;
                    tracing::warn!(%error, position, wait_s = wait.as_secs(), "the webhook has not taken a notice");
                }
            }
            self.wait(wait)?;
            wait = (2 * wait).min(WAIT_MAX);
        }
    }

    fn wait(&self, wait: Duration) -> Result<(), Stopped> {
        // Cut short by the owner's end alone, or by chance, which does no harm.
        thread::park_timeout(wait);
        if self.is_stopped() { Err(Stopped) } else { Ok(()) }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
