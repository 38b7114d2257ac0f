//! One turn of the engine: step the core, append and flush, acknowledge, publish. The order is written here and nowhere
//! else.
//!
//! [`Engine`] is the state and its log; what is around them is a [`World`]: the broker and the workers of a server, or
//! all that a simulator invents. [`ingress`] makes requests of what the world says, [`egress`] makes messages of what
//! the core decides, [`retained`] answers what a topic holds now, [`reports`]
//! when a report is due, [`login`] says who may connect, [`scope`] whom a topic concerns.

pub mod egress;
pub mod ingress;
pub mod login;
pub mod reports;
pub mod retained;
pub mod scope;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold_broker::{Concerns, Qos};
use fleetfold_core::{Answer, Core, Fact, OperatorCut, ReleaseIx, Request, State, Step, Timestamp};
use fleetfold_schemas::{
    DeviceId, Digest, OperatorId, Topic,
    mutant::{Mutant, is_on},
    report::Prices,
};

use crate::log::{Batch, BatchError, Log, LogError};
use reports::{MadeReport, ReportOrder, Reports};
use retained::Renderer;

/// Requests taken into one turn, at most. The batches of the log have the same bound.
pub const REQUESTS_PER_TURN_MAX: usize = 8_192;

/// What a turn may do to the outside, all of it after the flush.
pub trait World {
    /// Called once for each request, in their order, before anything is published; `state` is that after all of them.
    fn answer(&mut self, request: &Request, answer: &Answer, state: &State);

    /// Whether a message on this topic would reach anyone, so that nobody renders or signs it for no one.
    /// `concerns` says for which operators of tenants it would be.
    fn has_subscriber(&self, topic: &Topic, concerns: Concerns<'_>) -> bool;

    /// Sends a message to whoever subscribes to its topic now.
    fn publish(&mut self, topic: &Topic, payload: Bytes, qos: Qos, concerns: Concerns<'_>);

    /// Ends the sessions of a device whose credentials are no longer good.
    fn disconnect(&mut self, device: &DeviceId);

    /// Ends the sessions of an operator, which may come back unless it has been revoked.
    fn disconnect_operator(&mut self, operator: &OperatorId, cause: OperatorCut);

    /// Has a delta built; its outcome comes back as [`Request::Delta`].
    fn build_delta(&mut self, order: DeltaOrder);

    /// Has a report made of what is on disk; it comes back by [`Engine::reported`].
    fn make_report(&mut self, order: ReportOrder);
}

/// A delta between the images of two releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaOrder {
    pub release: ReleaseIx,
    pub from: ReleaseIx,
    pub new: Digest,
    pub old: Digest,
}

/// What a turn has done.
#[derive(Debug)]
pub struct Turned {
    /// The timestamp of everything in it: the given one, or the log's last if that is later.
    pub at: Timestamp,
    pub step: Step,
    /// To bring the facts to disk; zero if there were none.
    pub append_took: Duration,
}

/// The state and its log. It never works ahead of the disk, so whatever is read here between two turns is flushed.
#[derive(Debug)]
pub struct Engine {
    core: Core,
    log: Log,
    job_key: SigningKey,
    reports: Reports,
    record: Vec<u8>,
}

impl Engine {
    /// `core` is the fold of `log`; jobs are signed with `job_key`.
    #[must_use]
    pub fn new(core: Core, log: Log, job_key: SigningKey) -> Self {
        Self {
            core,
            log,
            job_key,
            reports: Reports::default(),
            record: Vec::new(),
        }
    }

    /// The same, with what costs are reckoned with in reports.
    #[must_use]
    pub fn with_prices(mut self, prices: Option<Prices>) -> Self {
        self.reports = Reports::with_prices(prices);
        self
    }

    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The log alone, for whoever must not run its destructor.
    #[must_use]
    pub fn into_log(self) -> Log {
        self.log
    }

    /// What topics hold at this moment.
    #[must_use]
    pub const fn renderer(&self, now: Timestamp) -> Renderer<'_> {
        Renderer {
            state: self.core.state(),
            job_key: &self.job_key,
            reports: &self.reports,
            now,
        }
    }

    /// When to take a turn if nothing comes.
    #[must_use]
    pub fn next_wakeup(&self, now: Timestamp) -> Option<Timestamp> {
        let report = self.reports.next(self.core.state(), now);
        [self.core.next_wakeup(now), report]
            .into_iter()
            .flatten()
            .min()
    }

    /// Asks again for everything that may have been lost with the process before: for a start.
    pub fn resume(&mut self, now: Timestamp, world: &mut impl World) {
        self.reports.resume(self.core.state(), now);
        egress::perform(&self.renderer(now), &self.core.outstanding(), world);
    }

    /// Takes requests and all that time has made due.
    ///
    /// # Errors
    /// The log failed: nothing was answered or published, and nothing may be from now on. Recovery is replay.
    pub fn turn(
        &mut self,
        now: Timestamp,
        requests: &[Request],
        world: &mut impl World,
    ) -> Result<Turned, LogError> {
        let at = now.max(self.log.head().at_ms);
        let first = self.core.state().position + 1;
        let step = self.core.step(at, requests);
        if is_on(Mutant::AcknowledgeBeforeFlush) {
            self.answer(requests, &step, world);
        }
        if is_on(Mutant::PublishBeforeFlush) {
            self.publish(first, at, &step, world);
        }
        let append_took = self.append(first, at, &step)?;
        if !is_on(Mutant::AcknowledgeBeforeFlush) {
            self.answer(requests, &step, world);
        }
        if !is_on(Mutant::PublishBeforeFlush) {
            self.publish(first, at, &step, world);
        }
        for ix in self.reports.take_due(self.core.state(), at) {
            egress::publish_report(&self.renderer(at), ix, world);
        }
        for order in self.reports.take_orders() {
            world.make_report(order);
        }
        Ok(Turned {
            at,
            step,
            append_took,
        })
    }

    /// A report that was ordered has been made, or not.
    pub fn reported(&mut self, report: MadeReport, now: Timestamp, world: &mut impl World) {
        let campaign = report.campaign;
        if self.reports.keep(report, self.core.state(), now) {
            egress::publish_made_report(&self.renderer(now), campaign, world);
        }
    }

    fn answer(&self, requests: &[Request], step: &Step, world: &mut impl World) {
        for (request, answer) in requests.iter().zip(&step.answers) {
            world.answer(request, answer, self.core.state());
        }
    }

    fn publish(&self, first: u64, at: Timestamp, step: &Step, world: &mut impl World) {
        let renderer = self.renderer(at);
        egress::publish_facts(&renderer, first, &step.facts, world);
        egress::perform(&renderer, &step.effects, world);
    }

    /// Returns when all facts are on disk.
    ///
    /// A step that is too large for one batch is divided between two requests: of one request's own facts none may
    /// survive a crash without the others. Only what follows from a request, and would be decided again after a crash,
    /// is divided elsewhere.
    fn append(&mut self, first: u64, at: Timestamp, step: &Step) -> Result<Duration, LogError> {
        if step.facts.is_empty() {
            return Ok(Duration::ZERO);
        }
        let started = Instant::now();
        let mut batch = Batch::new(first, at);
        let mut done = 0;
        for end in step.ends.iter().copied().chain([step.facts.len()]) {
            let facts = &step.facts[done..end];
            done = end;
            let before = batch.mark();
            if self.push_all(&mut batch, facts).is_ok() {
                continue;
            }
            batch.rewind(before);
            self.flush(&mut batch)?;
            for fact in facts {
                if self
                    .push_all(&mut batch, std::slice::from_ref(fact))
                    .is_err()
                {
                    self.flush(&mut batch)?;
                    self.push_all(&mut batch, std::slice::from_ref(fact))
                        .expect("an empty batch has room for a record");
                }
            }
        }
        self.flush(&mut batch)?;
        Ok(started.elapsed())
    }

    /// Adds all facts or fails for want of room.
    fn push_all(&mut self, batch: &mut Batch, facts: &[Fact]) -> Result<(), BatchError> {
        for fact in facts {
            self.record.clear();
            fact.encode_into(&mut self.record);
            match batch.push(&self.record) {
                Err(error @ BatchError::RecordTooLarge { .. }) => {
                    unreachable!("messages are bounded well below a record: {error}")
                }
                pushed => pushed?,
            };
        }
        Ok(())
    }

    fn flush(&mut self, batch: &mut Batch) -> Result<(), LogError> {
        let head = self.log.append(batch)?;
        batch.reset(head.seq + 1, batch.at_ms());
        Ok(())
    }
}
