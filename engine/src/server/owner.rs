//! The one task that owns the engine: it receives what waits and has it taken in a turn, over and over.
//!
//! It runs on a thread of its own, because appending blocks; and the engine never works ahead of the disk, so whatever
//! it answers or shows has been flushed.

use std::time::Duration;

use bytes::Bytes;
use fleetfold_broker::{AckReason, Broker, Concerns, DisconnectCause, Identity, Qos, Role};
use fleetfold_core::{Answer, DeviceMessage, Effect, OperatorCut, Request, State, Step};
use fleetfold_schemas::{
    DeviceId, Name, OperatorId, Topic, code::Code, command::Command, operator::Tenants,
};
use tokio::sync::mpsc;

use super::{
    clock::Clock,
    inbox::{AnswerTo, LoginRecord, Message, Pending},
    keeper::Keeper,
    meters::{self, Meters},
    rehearsals::Rehearsals,
    reporter::Reporter,
    room::Room,
};
use crate::{
    delta::DeltaWorker,
    log::LogError,
    turn::{
        DeltaOrder, Engine, REQUESTS_PER_TURN_MAX, Turned, World, login::KnownDevice,
        reports::ReportOrder, scope::concerns,
    },
    webhook::Webhook,
};

pub struct Owner {
    engine: Engine,
    clock: Clock,
    inbox: mpsc::Receiver<Message>,
    outside: Outside,
    meters: Meters,
    room: Room,
    keeper: Keeper,
    /// Last: it is let go of when nothing comes in any more.
    webhook: Option<Webhook>,
}

impl Owner {
    pub fn new(
        engine: Engine,
        clock: Clock,
        inbox: mpsc::Receiver<Message>,
        outside: Outside,
        room: Room,
        keeper: Keeper,
        webhook: Option<Webhook>,
    ) -> Self {
        let meters = Meters::new(engine.core().state());
        Self {
            engine,
            clock,
            inbox,
            outside,
            meters,
            room,
            keeper,
            webhook,
        }
    }

    /// Runs until told to stop, or until the log fails: then nothing more may be acknowledged, and the process ends.
    pub async fn run(mut self) -> Result<(), LogError> {
        self.engine.resume(self.clock.now_ms(), &mut self.outside);
        loop {
            let Some(pending) = self.receive().await else {
                return Ok(());
            };
            if let Err(error) = self.turn(pending) {
                // The same disk would fail the log's destructor too, and it may hang.
                std::mem::forget(self.engine.into_log());
                return Err(error);
            }
        }
    }

    /// Waits for a message or the next wake-up, and takes what waits. `None`: stop.
    async fn receive(&mut self) -> Option<Vec<Pending>> {
        let mut pending = Vec::new();
        let now = self.clock.now_ms();
        let wakeup = self.engine.next_wakeup(now);
        if wakeup.is_none_or(|at| at > now) {
            let asleep = async {
                let due = wakeup.map(|at| self.clock.until(at));
                let meters = self.meters.due_in();
                let room = self.room.due_in(self.engine.core().state());
                match [due, meters, room].into_iter().flatten().min() {
                    Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.inbox.recv() => self.take(message?, &mut pending)?,
                () = asleep => {}
            }
        }
        while pending.len() < REQUESTS_PER_TURN_MAX {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message, &mut pending)?,
                Err(_) => break,
            }
        }
        let core = self.engine.core();
        if let Some(request) = self.room.look(self.engine.log(), core.state()) {
            let answer_to = AnswerTo::Nobody;
            // First, so that everything else is judged by it.
            pending.insert(0, Pending { request, answer_to });
        }
        Some(pending)
    }

    /// Queries are answered at once: the state here is always on disk.
    fn take(&mut self, message: Message, pending: &mut Vec<Pending>) -> Option<()> {
        match message {
            Message::Requests(mut requests) => pending.append(&mut requests),
            Message::Login(query) => {
                // Whoever asked may have gone.
                let _ = query.reply.send(self.login_record(&query.username));
            }
            Message::Retained(query) => {
                let renderer = self.engine.renderer(self.clock.now_ms());
                let mut page = renderer.page(&query.who, &query.filter, query.cursor);
                if query.cursor == 0
                    && let Identity::Operator { tenants, .. } = &query.who
                {
                    let state = self.engine.core().state();
                    let rehearsals = self.outside.rehearsals.matching(&query.filter);
                    let own = rehearsals.filter(|(topic, _)| concerns(state, topic, tenants));
                    page.values.extend(own);
                }
                let _ = query.reply.send(page);
            }
            Message::Rehearsed(status) => {
                let (topic, payload) = self.outside.rehearsals.finish(&status);
                let state = self.engine.core().state();
                let concerns = |tenants: &Tenants| concerns(state, &topic, tenants);
                self.outside
                    .publish(&topic, payload, Qos::AtLeastOnce, &concerns);
            }
            Message::Reported(reports) => {
                let now = self.clock.now_ms();
                self.outside.reporter.is_done();
                for report in reports {
                    self.engine.reported(report, now, &mut self.outside);
                }
            }
            Message::Webhook(query) => {
                if let Some(webhook) = &mut self.webhook {
                    let (state, head) = (self.engine.core().state(), self.engine.log().head());
                    webhook.answer(query, state, head);
                }
            }
            Message::Stop => return None,
        }
        Some(())
    }

    fn login_record(&self, username: &str) -> Option<LoginRecord> {
        let state = self.engine.core().state();
        if let Some(operator) = state.operators.get(username) {
            if operator.standing().is_none() {
                return Some(LoginRecord::Revoked);
            }
            return Some(LoginRecord::Operator {
                role: operator.role,
                tenants: operator.tenants.clone(),
                password_hash: operator.password_hash.clone(),
            });
        }
        let id = username.parse().ok()?;
        let device = state.devices.get(state.devices.find(&id)?);
        Some(LoginRecord::Device(KnownDevice::of(device)))
    }

    fn turn(&mut self, mut pending: Vec<Pending>) -> Result<(), LogError> {
        self.outside.rehearsals.turn_away(&mut pending);
        let (requests, answers_to): (Vec<Request>, Vec<AnswerTo>) = pending
            .into_iter()
            .map(|pending| (pending.request, pending.answer_to))
            .unzip();
        self.outside.answers_to = answers_to.into_iter();
        let turned = self
            .engine
            .turn(self.clock.now_ms(), &requests, &mut self.outside)?;
        self.observe(&turned);
        self.keeper.appended(self.engine.log().head());
        Ok(())
    }

    fn observe(&mut self, turned: &Turned) {
        let Step { facts, effects, .. } = &turned.step;
        if !facts.is_empty() {
            self.meters.appended(facts.len(), turned.append_took);
        }
        for effect in effects {
            if let Effect::Reply { operator, reply } = effect {
                tracing::info!(%operator, command = ?reply.command, outcome = ?reply.outcome, "command");
            }
        }
        let state = self.engine.core().state();
        self.meters.observe(state, turned.at, &turned.step);
        if let Some(webhook) = &mut self.webhook {
            webhook.committed(state, turned.at, facts, self.engine.log().head());
        }
    }
}

/// The broker's clients and the delta worker.
pub struct Outside {
    broker: Broker,
    deltas: DeltaWorker,
    rehearsals: Rehearsals,
    reporter: Reporter,
    /// Of the turn's requests, in their order.
    answers_to: std::vec::IntoIter<AnswerTo>,
}

impl Outside {
    pub fn new(
        broker: Broker,
        deltas: DeltaWorker,
        rehearsals: Rehearsals,
        reporter: Reporter,
    ) -> Self {
        Self {
            broker,
            deltas,
            rehearsals,
            reporter,
            answers_to: Vec::new().into_iter(),
        }
    }

    /// What is asked of others than the core.
    fn ask(&mut self, request: &Request, answer: &Answer) {
        if let (Request::Operator { message, .. }, Answer::Told(_)) = (request, answer)
            && let Ok(message) = message
            && let Command::RehearseCampaign(command) = &message.command
        {
            self.rehearsals.start(command.clone());
        }
    }
}

impl World for Outside {
    fn answer(&mut self, request: &Request, answer: &Answer, state: &State) {
        self.ask(request, answer);
        if let Answer::Rejected(rejection) = answer {
            tracing::info!(code = %rejection.code, message = %rejection.message, from = sender(request), "rejected");
            meters::rejected(rejection.code.as_str(), sender_kind(request));
        }
        let to = self.answers_to.next();
        match to.expect("every request came with someone who waits for its answer") {
            AnswerTo::Nobody => {}
            AnswerTo::Caller(caller) => {
                // Whoever asked may have gone.
                let _ = caller.send(answer.clone());
            }
            AnswerTo::Publisher { ack, session } => match answer {
                Answer::Accepted | Answer::Told(_) | Answer::Duplicate => {
                    if let Some(session) = session {
                        session.admit(tenant_of(state, request));
                    }
                    ack.accept();
                }
                // A hello carries what nothing later repeats, so this one refusal is not for good.
                Answer::Rejected(rejection)
                    if rejection.code == Code::StorageLow && session.is_some() =>
                {
                    ack.turn_away();
                }
                Answer::Rejected(rejection) => {
                    ack.refuse_as(kind(rejection.code), rejection.code.as_str());
                }
            },
        }
    }

    fn has_subscriber(&self, topic: &Topic, concerns: Concerns<'_>) -> bool {
        self.broker.has_subscriber_for(topic, concerns)
    }

    fn publish(&mut self, topic: &Topic, payload: Bytes, qos: Qos, concerns: Concerns<'_>) {
        self.broker.publish_for(topic, payload, qos, concerns);
    }

    fn disconnect(&mut self, device: &DeviceId) {
        let identity = Identity::Device {
            id: device.clone(),
            login_counter: None,
        };
        self.broker
            .disconnect(&identity, DisconnectCause::CredentialsRevoked);
    }

    fn disconnect_operator(&mut self, operator: &OperatorId, cause: OperatorCut) {
        // Whatever the role: it is whose sessions they are that counts.
        let identity = Identity::Operator {
            id: operator.clone(),
            role: Role::Viewer,
            tenants: Tenants::All,
        };
        let why = match cause {
            OperatorCut::Renewed => DisconnectCause::Administrative,
            OperatorCut::Revoked => DisconnectCause::CredentialsRevoked,
        };
        self.broker.disconnect(&identity, why);
    }

    fn build_delta(&mut self, order: DeltaOrder) {
        self.deltas
            .request(order.release, order.from, order.old, order.new);
    }

    fn make_report(&mut self, order: ReportOrder) {
        self.reporter.order(order);
    }
}

/// Whom the device that greets belongs to.
fn tenant_of(state: &State, request: &Request) -> Option<Name> {
    let Request::Device { device, .. } = request else {
        return None;
    };
    state.devices.get(state.devices.find(device)?).tenant()
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
        Request::OpenSite { .. }
        | Request::AddOperator { .. }
        | Request::SetCampaignDefaults(_)
        | Request::SetApprovalPolicy(_)
        | Request::Storage { .. }
        | Request::Delta { .. } => "engine",
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
        Request::OpenSite { .. }
        | Request::AddOperator { .. }
        | Request::SetCampaignDefaults(_)
        | Request::SetApprovalPolicy(_)
        | Request::Storage { .. }
        | Request::Delta { .. } => "engine",
    }
}
