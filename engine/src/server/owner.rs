//! The one task that owns the state and the log.
//!
//! The order is written here and nowhere else: receive what waits, step the core, append and flush, acknowledge, publish.
//! It runs on a thread of its own, because appending blocks; and it never works ahead of the disk, so whatever it
//! answers or shows has been flushed.

use std::time::{Duration, Instant};

use fleetfold_broker::AckReason;
use fleetfold_core::{Answer, Core, DeviceMessage, Effect, Fact, Request, Step};
use fleetfold_schemas::code::Code;
use tokio::sync::mpsc;

use super::{
    clock::Clock,
    inbox::{AnswerTo, LoginRecord, Message, Pending},
    meters::Meters,
    performer::Performer,
    retained::Renderer,
};
use crate::log::{Batch, BatchError, Log, LogError};

/// Requests taken into one step. The batches of the log have the same bound.
const REQUESTS_PER_STEP_MAX: usize = 8_192;

pub struct Owner {
    core: Core,
    log: Log,
    clock: Clock,
    inbox: mpsc::Receiver<Message>,
    performer: Performer,
    meters: Meters,
    record: Vec<u8>,
}

impl Owner {
    pub fn new(
        core: Core,
        log: Log,
        clock: Clock,
        inbox: mpsc::Receiver<Message>,
        performer: Performer,
    ) -> Self {
        let meters = Meters::new(core.state());
        Self {
            core,
            log,
            clock,
            inbox,
            performer,
            meters,
            record: Vec::new(),
        }
    }

    /// Runs until told to stop, or until the log fails: then nothing more may be acknowledged, and the process ends.
    pub async fn run(mut self) -> Result<(), LogError> {
        self.performer
            .perform(&self.core, &self.core.outstanding(), self.clock.now_ms());
        loop {
            let Some(pending) = self.receive().await else {
                return Ok(());
            };
            if let Err(error) = self.step(pending) {
                // The same disk would fail the log's destructor too, and it may hang.
                std::mem::forget(self.log);
                return Err(error);
            }
        }
    }

    /// Waits for a message or the next wake-up, and takes what waits. `None`: stop.
    async fn receive(&mut self) -> Option<Vec<Pending>> {
        let mut pending = Vec::new();
        let now = self.clock.now_ms();
        let wakeup = self.core.next_wakeup(now);
        if wakeup.is_none_or(|at| at > now) {
            let asleep = async {
                let due = wakeup.map(|at| self.clock.until(at));
                let meters = self.meters.due_in();
                match [due, meters].into_iter().flatten().min() {
                    Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.inbox.recv() => self.take(message?, &mut pending)?,
                () = asleep => {}
            }
        }
        while pending.len() < REQUESTS_PER_STEP_MAX {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message, &mut pending)?,
                Err(_) => break,
            }
        }
        Some(pending)
    }

    /// Queries are answered at once: the state here is always on disk.
    fn take(&self, message: Message, pending: &mut Vec<Pending>) -> Option<()> {
        match message {
            Message::Requests(mut requests) => pending.append(&mut requests),
            Message::Login(query) => {
                // Whoever asked may have gone.
                let _ = query.reply.send(self.login_record(&query.username));
            }
            Message::Retained(query) => {
                let renderer = Renderer {
                    state: self.core.state(),
                    job_key: &self.performer.job_key,
                    now: self.clock.now_ms(),
                };
                let page = renderer.page(&query.who, &query.filter, query.cursor);
                let _ = query.reply.send(page);
            }
            Message::Stop => return None,
        }
        Some(())
    }

    fn login_record(&self, username: &str) -> Option<LoginRecord> {
        let state = self.core.state();
        if let Some(operator) = state.operators.get(username) {
            return Some(LoginRecord::Operator {
                role: operator.role,
                password_hash: operator.password_hash.clone(),
            });
        }
        let id = username.parse().ok()?;
        let device = state.devices.get(state.devices.find(&id)?);
        Some(LoginRecord::Device {
            id,
            lifecycle: device.lifecycle,
            credential: device.credential.clone(),
            login_counter: device.login_counter,
        })
    }

    fn step(&mut self, pending: Vec<Pending>) -> Result<(), LogError> {
        let now = self.clock.now_ms().max(self.log.head().at_ms);
        let (requests, answers_to): (Vec<Request>, Vec<AnswerTo>) = pending
            .into_iter()
            .map(|pending| (pending.request, pending.answer_to))
            .unzip();
        let first = self.core.state().position + 1;
        let step = self.core.step(now, &requests);
        self.append(first, now, &step.facts)?;
        self.answer(&requests, answers_to, &step);
        self.performer
            .publish_facts(&self.core, first, now, &step.facts);
        self.performer.perform(&self.core, &step.effects, now);
        self.meters.observe(self.core.state(), now, &step);
        Ok(())
    }

    /// Returns when all facts are on disk.
    fn append(&mut self, first: u64, now: u64, facts: &[Fact]) -> Result<(), LogError> {
        if facts.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let mut batch = Batch::new(first, now);
        for (position, fact) in (first..).zip(facts) {
            self.record.clear();
            fact.encode_into(&mut self.record);
            match batch.push(&self.record) {
                Ok(_) => {}
                Err(BatchError::TooManyRecords | BatchError::BatchTooLarge { .. }) => {
                    self.log.append(&batch)?;
                    batch.reset(position, now);
                    batch
                        .push(&self.record)
                        .expect("an empty batch has room for a record");
                }
                Err(error @ BatchError::RecordTooLarge { .. }) => {
                    unreachable!("messages are bounded well below a record: {error}")
                }
            }
        }
        self.log.append(&batch)?;
        self.meters.appended(facts.len(), started.elapsed());
        Ok(())
    }

    fn answer(&self, requests: &[Request], answers_to: Vec<AnswerTo>, step: &Step) {
        for ((request, to), answer) in requests.iter().zip(answers_to).zip(&step.answers) {
            if let Answer::Rejected(rejection) = answer {
                tracing::info!(code = %rejection.code, message = %rejection.message, from = sender(request), "rejected");
                self.meters.rejected(rejection.code, sender_kind(request));
            }
            match to {
                AnswerTo::Caller(caller) => {
                    let _ = caller.send(answer.clone());
                }
                AnswerTo::Publisher { ack, session } => match answer {
                    Answer::Accepted | Answer::Duplicate => {
                        if let Some(session) = session {
                            session.admit();
                        }
                        ack.accept();
                    }
                    Answer::Rejected(rejection) => {
                        ack.refuse_as(kind(rejection.code), rejection.code.as_str())
                    }
                },
            }
        }
        for effect in &step.effects {
            if let Effect::Reply { operator, reply } = effect {
                tracing::info!(%operator, command = ?reply.command, outcome = ?reply.outcome, "command");
            }
        }
    }
}

const fn kind(code: Code) -> AckReason {
    match code {
        Code::Malformed | Code::TooLarge | Code::UnknownCommand | Code::UnsupportedProtocol => {
            AckReason::PayloadFormat
        }
        Code::NotAuthorized | Code::UnknownDevice | Code::DeviceRetired => AckReason::NotAuthorized,
        _ => AckReason::Implementation,
    }
}

fn sender(request: &Request) -> &str {
    match request {
        Request::Device { device, .. } => device.as_str(),
        Request::Operator { operator, .. } => operator.as_str(),
        Request::OpenSite { .. } | Request::AddOperator { .. } | Request::Delta { .. } => "engine",
    }
}

const fn sender_kind(request: &Request) -> &'static str {
    match request {
        Request::Device {
            message: DeviceMessage::Hello { .. },
            ..
        } => "hello",
        Request::Device {
            message: DeviceMessage::Report(_),
            ..
        } => "report",
        Request::Operator { .. } => "command",
        Request::OpenSite { .. } | Request::AddOperator { .. } | Request::Delta { .. } => "engine",
    }
}
