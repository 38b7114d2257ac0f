//! One client's session: who it is, what it may be sent, what it awaits.
//!
//! The session is apart from its connection. The connection's task is the only one that waits on it; the host, other
//! connections and `Ack`s reach in from any thread, change it under its lock and wake that task if it sleeps. Nothing
//! here blocks or waits.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use fleetfold_schemas::{id::Name, topic::DeviceTopic};
use tokio::sync::Notify;

use crate::{
    frame::Version,
    host::Identity,
    meters::Meters,
    outbox::{Limits, Outbox, Outgoing, Pushed},
    packet::{self, Answer, Options},
    presence::Value,
    refusal::Refusal,
    subscriptions::Subscriptions,
    window::Window,
};

pub(crate) struct Session {
    /// Tells this session from an earlier or later one of the same client.
    pub(crate) number: u64,
    pub(crate) identity: Identity,
    pub(crate) client_id: String,
    pub(crate) version: Version,
    wants_reasons: bool,
    admitted: AtomicBool,
    state: Mutex<State>,
    /// For retained values that found no room.
    room: Notify,
    meters: Arc<Meters>,
}

struct State {
    outbox: Outbox,
    window: Window,
    subscriptions: Subscriptions,
    requests: VecDeque<Request>,
    running: Option<Running>,
    /// The presence to publish when the connection ends without a DISCONNECT.
    will: Option<Value>,
    /// Whom the device belongs to.
    tenant: Option<Name>,
    closing: Option<Refusal>,
    /// The connection's task, when it sleeps.
    waker: Option<Waker>,
    room_is_wanted: bool,
}

/// A subscription whose retained values are still to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) number: u64,
    pub(crate) filter: String,
    pub(crate) options: Options,
}

/// The request that is being answered, and the topics that had a live message meanwhile: their retained value may have
/// been read before it and must not follow it.
struct Running {
    number: u64,
    overtaken: HashSet<u64>,
    hasher: RandomState,
}

/// What became of a retained value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetainedPush {
    /// Sent, or made obsolete by a newer live message.
    Done,
    NoRoom,
    /// The subscription or the session is gone.
    Over,
}

pub(crate) struct SessionParts {
    pub(crate) number: u64,
    pub(crate) identity: Identity,
    pub(crate) client_id: String,
    pub(crate) version: Version,
    pub(crate) wants_reasons: bool,
    pub(crate) will: Option<Value>,
    pub(crate) limits: Limits,
    pub(crate) receive_max: u16,
}

impl Session {
    pub(crate) fn new(parts: SessionParts, meters: Arc<Meters>) -> Self {
        let admitted = matches!(parts.identity, Identity::Operator { .. });
        Self {
            number: parts.number,
            identity: parts.identity,
            client_id: parts.client_id,
            version: parts.version,
            wants_reasons: parts.wants_reasons,
            admitted: AtomicBool::new(admitted),
            state: Mutex::new(State {
                outbox: Outbox::new(parts.version, parts.limits),
                window: Window::new(usize::from(parts.receive_max)),
                subscriptions: Subscriptions::default(),
                requests: VecDeque::new(),
                running: None,
                will: parts.will,
                tenant: None,
                closing: None,
                waker: None,
                room_is_wanted: false,
            }),
            room: Notify::new(),
            meters,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds a session")
    }

    pub(crate) fn is_admitted(&self) -> bool {
        self.admitted.load(Ordering::Acquire)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.state().closing.is_some()
    }

    fn admit(&self, tenant: Option<Name>) {
        self.state().tenant = tenant;
        self.admitted.store(true, Ordering::Release);
        self.state().wake();
    }

    pub(crate) fn tenant(&self) -> Option<Name> {
        self.state().tenant.clone()
    }

    /// Ends the session; the first reason stands.
    pub(crate) fn close(&self, refusal: Refusal) {
        let mut state = self.state();
        if state.closing.is_none() {
            state.closing = Some(refusal);
        }
        state.wake();
        self.room.notify_waiters();
    }

    /// Hands the will over, once. A session that never proved itself has none.
    pub(crate) fn take_will(&self) -> Option<Value> {
        let will = self.state().will.take();
        will.filter(|_| self.is_admitted())
    }

    /// Takes a place in the window; `None` while the socket must not be read further.
    pub(crate) fn open(&self, packet_id: u16) -> Option<u64> {
        let mut state = self.state();
        if state.must_pause() {
            return None;
        }
        Some(state.window.open(packet_id))
    }

    pub(crate) fn must_pause(&self) -> bool {
        self.state().must_pause()
    }

    pub(crate) fn answer(&self, number: u64, answer: Answer) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.window.answer(number, answer);
        let reasons_max = if self.wants_reasons {
            state.outbox.packet_bytes_max()
        } else {
            0
        };
        let mut any = false;
        while let Some((id, answer)) = state.window.next() {
            packet::puback(self.version, id, answer, reasons_max, state.outbox.ready());
            any = true;
        }
        if any {
            state.wake();
        }
    }

    /// Writes an answer to one of the client's own packets.
    pub(crate) fn reply(&self, write: impl FnOnce(&mut BytesMut)) {
        let mut state = self.state();
        write(state.outbox.ready());
        state.wake();
    }

    pub(crate) fn acknowledged(&self, id: u16) {
        // Room for retained values is offered when the message that follows has been taken for writing.
        self.state().outbox.acknowledged(id);
    }

    /// How this device wants one of its topics at the moment.
    ///
    /// Before it is admitted it hears only the acknowledgement of its hello; the other values come with admission.
    pub(crate) fn wanted(&self, kind: DeviceTopic) -> Option<Options> {
        if !self.is_admitted() && !matches!(kind, DeviceTopic::Ack) {
            return None;
        }
        self.state().subscriptions.of_device(kind)
    }

    /// Sends a live message. `retained` says that the topic is one whose value stays.
    pub(crate) fn deliver(&self, message: Outgoing<'_>, options: Options, retained: bool) {
        let mut state = self.state();
        if state.closing.is_some() {
            return;
        }
        let outgoing = Outgoing {
            qos: message.qos.min(options.qos),
            retain: retained && options.retain_as_published,
            ..message
        };
        let pushed = self.push(&mut state, outgoing);
        if pushed == Pushed::Taken
            && let Some(running) = &mut state.running
        {
            running
                .overtaken
                .insert(running.hasher.hash_one(message.topic));
        }
    }

    fn push(&self, state: &mut State, outgoing: Outgoing<'_>) -> Pushed {
        let pushed = state.outbox.push(outgoing);
        match pushed {
            Pushed::Taken => self.meters.messages_out.increment(1),
            Pushed::Dropped => self.meters.messages_dropped.increment(1),
            Pushed::TooSlow => state.closing = Some(Refusal::SlowConsumer),
        }
        state.wake();
        pushed
    }

    pub(crate) fn push_retained(
        &self,
        request: &Request,
        topic: &str,
        payload: &Bytes,
    ) -> RetainedPush {
        let mut state = self.state();
        if state.closing.is_some() || !state.subscriptions.contains(&request.filter) {
            return RetainedPush::Over;
        }
        let Some(running) = state
            .running
            .as_ref()
            .filter(|running| running.number == request.number)
        else {
            return RetainedPush::Over;
        };
        if running.overtaken.contains(&running.hasher.hash_one(topic)) {
            return RetainedPush::Done;
        }
        if !state.outbox.has_room() {
            state.room_is_wanted = true;
            return RetainedPush::NoRoom;
        }
        let qos = request.options.qos;
        self.push(
            &mut state,
            Outgoing {
                topic,
                payload,
                qos,
                retain: true,
            },
        );
        RetainedPush::Done
    }

    pub(crate) const fn room(&self) -> &Notify {
        &self.room
    }

    fn offer_room(&self, state: &mut State) {
        if state.room_is_wanted && state.outbox.has_room() {
            state.room_is_wanted = false;
            self.room.notify_waiters();
        }
    }

    /// Adds a subscription; whether its filter is new.
    pub(crate) fn subscribe(
        &self,
        filter: &str,
        options: Options,
        max: usize,
    ) -> Result<bool, Refusal> {
        let mut state = self.state();
        let is_new = state.subscriptions.put(filter, options, max)?;
        self.index(&mut state);
        Ok(is_new)
    }

    /// Whether there was such a subscription.
    pub(crate) fn unsubscribe(&self, filter: &str) -> bool {
        let mut state = self.state();
        let existed = state.subscriptions.remove(filter);
        state.requests.retain(|request| request.filter != filter);
        self.index(&mut state);
        existed
    }

    fn index(&self, state: &mut State) {
        if let Identity::Device { id, .. } = &self.identity {
            state.subscriptions.index_for_device(id);
        }
    }

    pub(crate) fn filters(&self) -> Vec<String> {
        self.state()
            .subscriptions
            .filters()
            .map(Into::into)
            .collect()
    }

    /// Asks for the retained values of a filter. There is at most one request for each filter, so the limit of
    /// subscriptions bounds them, too.
    pub(crate) fn request(&self, request: Request) {
        let mut state = self.state();
        state
            .requests
            .retain(|waiting| waiting.filter != request.filter);
        state.requests.push_back(request);
        state.wake();
    }

    pub(crate) fn poll_request(&self, cx: &mut Context<'_>) -> Poll<Request> {
        let mut state = self.state();
        state.running = None;
        if self.is_admitted()
            && let Some(request) = state.requests.pop_front()
        {
            state.running = Some(Running {
                number: request.number,
                overtaken: HashSet::new(),
                hasher: RandomState::new(),
            });
            return Poll::Ready(request);
        }
        state.sleep(cx)
    }

    /// Moves what is to be written into the empty buffer, or says why the session ends.
    pub(crate) fn poll_output(
        &self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<Result<(), Refusal>> {
        let mut state = self.state();
        if let Some(refusal) = state.closing {
            return Poll::Ready(Err(refusal));
        }
        if state.outbox.has_output() {
            state.outbox.take(into);
            self.offer_room(&mut state);
            return Poll::Ready(Ok(()));
        }
        state.sleep(cx)
    }

    pub(crate) fn poll_closing(&self, cx: &mut Context<'_>) -> Poll<Refusal> {
        let mut state = self.state();
        match state.closing {
            Some(refusal) => Poll::Ready(refusal),
            None => state.sleep(cx),
        }
    }

    /// What is still to be written when the session has ended.
    pub(crate) fn last_output(&self, into: &mut BytesMut) {
        let mut state = self.state();
        if state.outbox.has_output() {
            state.outbox.take(into);
        }
    }

    /// Ready when the socket may be read on.
    pub(crate) fn poll_reading(&self, cx: &mut Context<'_>, needs_admission: bool) -> Poll<()> {
        let mut state = self.state();
        if state.must_pause() || (needs_admission && !self.is_admitted()) {
            return state.sleep(cx);
        }
        Poll::Ready(())
    }

    /// Whether it is the client who keeps us from reading, because it does not read itself.
    pub(crate) fn is_clogged(&self) -> bool {
        self.state().outbox.is_full()
    }

    /// The connection's task says that it will look at the output before it sleeps, so that answers given meanwhile
    /// need not wake it.
    pub(crate) fn stay_awake(&self) {
        self.state().waker = None;
    }
}

impl State {
    fn must_pause(&self) -> bool {
        self.window.is_full() || self.outbox.is_full()
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn sleep<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// The host's hold on a session.
#[derive(Clone)]
pub struct SessionHandle(pub(crate) Arc<Session>);

impl SessionHandle {
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The device's hello is in the log: from now on it may publish everything a device may, and gets its messages.
    /// `tenant` is whom it belongs to: operators of other tenants do not see its presence.
    pub fn admit(&self, tenant: Option<Name>) {
        self.0.admit(tenant);
    }

    /// Distinguishes the sessions of one client.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Whether the session still stands; answers to one that has ended go nowhere.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.0.is_closing()
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle")
            .field("number", &self.0.number)
            .field("identity", &self.0.identity)
            .field("admitted", &self.0.is_admitted())
            .finish_non_exhaustive()
    }
}
