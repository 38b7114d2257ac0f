//! The thread that tells.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use fleetfold_core::view;
use metrics::{counter, gauge};

use super::{
    Following, Item, Notice, Query, Recorded, Wanted,
    cursor::Cursor,
    sender::{SendError, Sender},
};
use crate::{
    log::{Head, LogError, LogReader, OsDisk, ReplayError},
    replay::{NotAFact, decode},
    report::in_one_line,
};

/// Facts that are read from the log before they are told: they are in memory twice, at most 16 KiB each.
const PAGE_FACTS: usize = 64;
/// At most this after a failure, then twice as long each time.
const WAIT_MIN: Duration = Duration::from_millis(500);
/// A server that comes back is told within this time.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What the thread has.
pub struct Work {
    pub sender: Sender,
    pub cursor: Cursor,
    pub log_dir: PathBuf,
    pub ask: Box<dyn Fn(Query) -> bool + Send>,
    pub stop: Arc<AtomicBool>,
}

/// The engine stops.
struct Stopped;

/// Why no more is read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Record(#[from] NotAFact),
    #[error("there is more")]
    PageIsFull,
    #[error("the engine stops")]
    Stopped,
}

impl Work {
    pub fn run(mut self) {
        while self.go_on().is_ok() {}
    }

    /// What the log has and the other side has not, and then what is committed, as long as the queue lasts.
    fn go_on(&mut self) -> Result<(), Stopped> {
        let Following { from, queue } = self.ask(Wanted::Follow)?;
        if self.cursor.told() > from.seq {
            let error = LogError::EndsBefore {
                seq: self.cursor.told(),
                head_seq: from.seq,
            };
            self.pass_over(&error, from);
        }
        while self.cursor.head() != from {
            if let Err(error) = self.catch_up(from)? {
                tracing::warn!(
                    error = in_one_line(&error),
                    "the webhook cannot read the log"
                );
                return self.wait(WAIT_MAX);
            }
        }
        for item in queue {
            match item {
                Item::Notice(notice) => self.deliver(&notice)?,
                Item::Upto(head) => self.cursor.move_to(head),
            }
        }
        Ok(())
    }

    /// Tells of a page of facts up to `end`.
    fn catch_up(&mut self, end: Head) -> Result<Result<(), ReadError>, Stopped> {
        let (page, upto) = match self.read(end) {
            Ok(read) => read,
            Err(ReadError::Stopped) => return Err(Stopped),
            Err(ReadError::Log(error)) if is_gone(&error) => {
                self.pass_over(&error, end);
                return Ok(Ok(()));
            }
            Err(error) => return Ok(Err(error)),
        };
        if !page.is_empty() {
            for notice in self.ask(|reply| Wanted::Words(page, reply))? {
                self.deliver(&notice)?;
            }
        }
        self.cursor.move_to(upto);
        Ok(Ok(()))
    }

    /// What the place speaks of is not in the log.
    fn pass_over(&mut self, error: &LogError, end: Head) {
        let to = end.seq;
        tracing::warn!(
            error = in_one_line(error),
            to,
            "the webhook goes on with what is recorded from here on"
        );
        counter!("fleetfold_webhook_gaps_total").increment(1);
        self.cursor.begin_at(end);
    }

    /// Facts to tell of that have not been told, and the end of the last batch that was read whole.
    fn read(&self, end: Head) -> Result<(Vec<Recorded>, Head), ReadError> {
        // It would go further than what is durable, which `end` is; and it does not keep the directory locked, as long as the
        // other side may hang.
        let mut reader = LogReader::new(Arc::new(OsDisk), &self.log_dir, self.cursor.head());
        let mut page = Vec::new();
        let read = reader.read(|position, at, record| {
            if self.is_stopped() {
                return Err(ReadError::Stopped);
            }
            if page.len() == PAGE_FACTS || position > end.seq {
                return Err(ReadError::PageIsFull);
            }
            if position > self.cursor.told() {
                let fact = decode(position, record)?;
                if view::is_notable(&fact) {
                    page.push(Recorded { position, at, fact });
                }
            }
            Ok(())
        });
        match read {
            Ok(_) | Err(ReplayError::Visit(ReadError::PageIsFull)) => Ok((page, reader.head())),
            Err(ReplayError::Visit(error)) => Err(error),
            Err(ReplayError::Log(error)) => Err(error.into()),
        }
    }

    /// Until the other side has taken it.
    fn deliver(&mut self, notice: &Notice) -> Result<(), Stopped> {
        // It may come a second time, by another way.
        if notice.position <= self.cursor.told() {
            return Ok(());
        }
        let mut failures = 0;
        while let Err(error) = self.attempt(notice)? {
            counter!("fleetfold_webhook_failures_total").increment(1);
            failures += 1;
            gauge!("fleetfold_webhook_failures_in_a_row").set(failures);
            let wait = full_jitter(failures);
            let (position, wait_ms) = (notice.position, wait.as_millis());
            tracing::warn!(
                error = in_one_line(&error),
                position,
                wait_ms,
                "the webhook has not taken a notice"
            );
            self.wait(wait)?;
        }
        counter!("fleetfold_webhook_sent_total").increment(1);
        gauge!("fleetfold_webhook_failures_in_a_row").set(0);
        self.cursor.told_upto(notice.position);
        Ok(())
    }

    fn attempt(&self, notice: &Notice) -> Result<Result<(), SendError>, Stopped> {
        if self.is_stopped() {
            return Err(Stopped);
        }
        Ok(self.sender.send(notice))
    }

    fn ask<T>(&self, what: impl FnOnce(SyncSender<T>) -> Wanted) -> Result<T, Stopped> {
        let (reply, answer) = sync_channel(1);
        if self.is_stopped() || !(self.ask)(Query(what(reply))) {
            return Err(Stopped);
        }
        answer.recv().map_err(|_| Stopped)
    }

    fn wait(&self, wait: Duration) -> Result<(), Stopped> {
        // Cut short by the owner's end alone, or by chance, which does no harm.
        thread::park_timeout(wait);
        if self.is_stopped() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The log does not have what follows the place: it was dropped, or an older copy of the log was put back.
const fn is_gone(error: &LogError) -> bool {
    matches!(
        error,
        LogError::HistoryMissing { .. }
            | LogError::OtherHistory { .. }
            | LogError::EndsBefore { .. }
    )
}

/// Anything up to a limit that doubles, so that those who wait for the same server do not come back together.
fn full_jitter(failures: u32) -> Duration {
    let doubled = WAIT_MIN.saturating_mul(1 << failures.clamp(1, 16).saturating_sub(1));
    let limit = doubled.min(WAIT_MAX);
    // Without randomness nobody is spread, and nothing else is lost.
    let share = getrandom::u32().unwrap_or(u32::MAX);
    limit.mul_f64(f64::from(share) / f64::from(u32::MAX))
}
