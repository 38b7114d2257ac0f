//! Reports of large campaigns: made on a thread of its own, of what the log on disk folds to.
//!
//! It takes some seconds and the memory of another state, at most once an interval and after a campaign was changed; the
//! owner goes on meanwhile. What is ordered while reports are being made waits, and is then made of one state.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
};

use super::{
    clock::Clock,
    inbox::{Inbox, Message},
};
use crate::{
    rehearsal::known,
    report::in_one_line,
    turn::reports::{MadeReport, ReportOrder},
};

/// Below everything that acknowledges or decides.
const NICENESS: i32 = 19;

#[derive(Debug)]
pub struct Reporter {
    data: PathBuf,
    clock: Clock,
    inbox: Inbox,
    is_busy: bool,
    waiting: Vec<ReportOrder>,
}

impl Reporter {
    /// Of the engine with this data directory; reports come back through the inbox.
    #[must_use]
    pub const fn new(data: PathBuf, clock: Clock, inbox: Inbox) -> Self {
        Self {
            data,
            clock,
            inbox,
            is_busy: false,
            waiting: Vec::new(),
        }
    }

    /// Has a report made, at once or after those that are being made.
    pub fn order(&mut self, order: ReportOrder) {
        self.waiting.push(order);
        self.go_on();
    }

    /// The reports that were being made have come.
    pub fn is_done(&mut self) {
        self.is_busy = false;
        self.go_on();
    }

    fn go_on(&mut self) {
        if self.is_busy || self.waiting.is_empty() {
            return;
        }
        let orders = std::mem::take(&mut self.waiting);
        let (data, clock, inbox) = (self.data.clone(), self.clock, self.inbox.clone());
        let started = thread::Builder::new()
            .name("reports".to_owned())
            .spawn(move || {
                let reports = make_all(&data, clock, orders);
                // The owner is gone only when the process is ending.
                let _ = inbox.blocking_send(Message::Reported(reports));
            });
        match started {
            Ok(_) => self.is_busy = true,
            // The orders stay open, so that nobody asks for a thread with every turn.
            Err(error) => tracing::warn!(%error, "there is no thread to make reports on"),
        }
    }
}

fn make_all(data: &Path, clock: Clock, orders: Vec<ReportOrder>) -> Vec<MadeReport> {
    // On Linux this is the priority of the calling thread alone.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "reports are made with ordinary priority");
    }
    // A fault of ours must not stop those to come.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let core = known(data)?;
        let make = |order: ReportOrder| order.make(core.state(), clock.now_ms());
        Ok::<_, crate::rehearsal::KnownError>(orders.iter().cloned().map(make).collect())
    }));
    match made {
        Ok(Ok(reports)) => return reports,
        Ok(Err(error)) => tracing::warn!(error = in_one_line(&error), "no report was made"),
        Err(_) => tracing::warn!("making a report broke off; the engine's own log says where"),
    }
    orders.into_iter().map(ReportOrder::failed).collect()
}
