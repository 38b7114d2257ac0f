//! The broker, as far as it decides anything: who is logged in, who may say and hear what, who must say hello first, and
//! in which order acknowledgements go out. Its access policy is the real one.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use fleetfold::turn::{
    ingress,
    login::{self, KnownDevice, Shown},
};
use fleetfold_broker::{Identity, Qos, Refusal, policy};
use fleetfold_schemas::{
    DeviceId, DeviceTopic, OperatorId, OperatorTopic, Topic,
    codec::{decode_from_device, encode_json},
    command::{Outcome, Reply},
    device::{Ack, ChunkGet},
    topic,
};

use super::{
    engine::{Origin, Pending},
    event::{Event, Packet},
    net::{Client, ConnId, End},
    trace::Kind,
    world::Sim,
};

/// What device tokens are made out to.
pub const SITE: &str = "sim";
/// As the broker's configuration has it.
const HELLO_DUE_MS: u64 = 10_000;

/// All sessions of one process.
#[derive(Debug, Default)]
pub struct Broker {
    sessions: BTreeMap<ConnId, Session>,
    by_client: BTreeMap<String, ConnId>,
    operators: Vec<ConnId>,
    presence: BTreeMap<DeviceId, Arc<[u8]>>,
}

#[derive(Debug)]
struct Session {
    identity: Identity,
    client_id: String,
    /// A device's hello has been recorded.
    is_admitted: bool,
    /// Its hello is on its way to the log.
    has_greeted: bool,
    filters: Vec<String>,
    /// Came behind the hello and waits for it.
    held: VecDeque<Packet>,
    /// QoS 1 messages in their order, each with its answer once there is one.
    window: VecDeque<(u64, u16, Option<Option<String>>)>,
    opened: u64,
    next_id: u16,
}

impl Broker {
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    fn wants(&self, conn: ConnId, topic: &Topic, text: &str) -> bool {
        let Some(session) = self.sessions.get(&conn) else {
            return false;
        };
        let is_let_in = session.is_admitted || matches!(topic, Topic::Device(_, DeviceTopic::Ack));
        is_let_in
            && policy::readable(&session.identity, topic)
            && session
                .filters
                .iter()
                .any(|filter| topic::matches(filter, text))
    }

    /// The sessions that get a message.
    fn subscribers(&self, topic: &Topic) -> Vec<ConnId> {
        let text = topic.to_string();
        let own = match topic {
            Topic::Device(id, _) => self.by_client.get(id.as_str()),
            _ => None,
        };
        let candidates = own.into_iter().chain(&self.operators);
        candidates
            .filter(|conn| self.wants(**conn, topic, &text))
            .copied()
            .collect()
    }

    #[must_use]
    pub fn has_subscriber(&self, topic: &Topic) -> bool {
        !self.subscribers(topic).is_empty()
    }

    fn remove(&mut self, conn: ConnId) -> Option<Session> {
        let session = self.sessions.remove(&conn)?;
        self.operators.retain(|other| *other != conn);
        if self.by_client.get(&session.client_id) == Some(&conn) {
            self.by_client.remove(&session.client_id);
        }
        Some(session)
    }
}

impl Sim {
    /// A packet has reached the broker.
    pub fn broker_hears(&mut self, conn: ConnId, packet: Packet) {
        match packet {
            Packet::Connect {
                client_id,
                username,
                password,
            } => self.log_in(conn, client_id, &username, &password),
            Packet::Subscribe(filters) => self.subscribe(conn, filters),
            Packet::Publish { .. } => self.published(conn, packet),
            Packet::Connack { .. } | Packet::Puback { .. } => {}
        }
    }

    fn log_in(&mut self, conn: ConnId, client_id: String, username: &str, password: &[u8]) {
        let Some(identity) = self.authenticate(&client_id, username, password) else {
            self.count("login_refused");
            self.net.send(
                &mut self.queue,
                conn,
                End::Client,
                Packet::Connack { is_accepted: false },
            );
            self.net.broker_leaves(&mut self.queue, conn);
            return;
        };
        if let Some(earlier) = self.broker.by_client.get(&client_id).copied() {
            self.count("takeover");
            self.end_session(earlier, true);
        }
        let is_operator = matches!(identity, Identity::Operator { .. });
        if is_operator {
            self.broker.operators.push(conn);
        } else {
            self.queue.after(HELLO_DUE_MS, Event::HelloDue(conn));
        }
        self.broker.by_client.insert(client_id.clone(), conn);
        self.broker.sessions.insert(
            conn,
            Session {
                identity,
                client_id,
                is_admitted: is_operator,
                has_greeted: false,
                filters: Vec::new(),
                held: VecDeque::new(),
                window: VecDeque::new(),
                opened: 0,
                next_id: 0,
            },
        );
        self.net.send(
            &mut self.queue,
            conn,
            End::Client,
            Packet::Connack { is_accepted: true },
        );
    }

    /// The engine's login, without the price of passwords.
    fn authenticate(&self, client_id: &str, username: &str, password: &[u8]) -> Option<Identity> {
        let state = self.process.as_ref()?.engine.core().state();
        if let Some(operator) = state.operators.get(username) {
            return (password == username.as_bytes()).then(|| Identity::Operator {
                id: username.parse().expect("it is on record"),
                role: login::role(operator.role),
                tenants: operator.tenants.clone(),
            });
        }
        let id: DeviceId = username.parse().ok()?;
        let device = state.devices.get(state.devices.find(&id)?);
        let shown = Shown {
            client_id,
            password,
            site: SITE,
            now_s: self.engine_now() / 1000,
        };
        KnownDevice::of(device).log_in(&shown).ok()
    }

    pub fn hello_due(&mut self, conn: ConnId) {
        let session = self.broker.sessions.get(&conn);
        if session.is_some_and(|session| !session.is_admitted) {
            self.count("hello_timeout");
            self.end_session(conn, true);
        }
    }

    /// The session is over, by the broker's will or because its connection is gone.
    pub fn end_session(&mut self, conn: ConnId, by_broker: bool) {
        if self.broker.remove(conn).is_some() && by_broker {
            self.net.broker_leaves(&mut self.queue, conn);
        }
    }

    fn subscribe(&mut self, conn: ConnId, filters: Vec<String>) {
        for filter in filters {
            let Some(session) = self.broker.sessions.get_mut(&conn) else {
                return;
            };
            if let Err(refusal) = policy::subscribable(&session.identity, &filter) {
                let identity = session.identity.clone();
                self.refused(&identity, refusal);
                continue;
            }
            session.filters.push(filter.clone());
            if session.is_admitted {
                self.send_retained(conn, &filter);
            }
        }
    }

    fn send_retained(&mut self, conn: ConnId, filter: &str) {
        let Some(session) = self.broker.sessions.get(&conn) else {
            return;
        };
        let identity = session.identity.clone();
        let Some(process) = &self.process else {
            return;
        };
        let renderer = process.engine.renderer(self.engine_now());
        let mut values = Vec::new();
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            let page = renderer.page(&identity, filter, at);
            values.extend(page.values);
            cursor = page.next;
        }
        for (topic, payload) in values {
            if policy::readable(&identity, &topic) {
                self.check_published(&topic, &payload);
                self.deliver(conn, &topic, &payload, Qos::AtLeastOnce);
            }
        }
    }

    fn deliver(&mut self, conn: ConnId, topic: &Topic, payload: &[u8], qos: Qos) {
        let Some(session) = self.broker.sessions.get_mut(&conn) else {
            return;
        };
        session.next_id = session.next_id.wrapping_add(1).max(1);
        let id = (qos == Qos::AtLeastOnce).then_some(session.next_id);
        let packet = Packet::Publish {
            topic: topic.to_string(),
            payload: payload.into(),
            id,
            retain: false,
        };
        self.net.send(&mut self.queue, conn, End::Client, packet);
    }

    /// Gives a message of the engine's to whoever subscribes to it.
    pub fn broker_publishes(&mut self, topic: &Topic, payload: &[u8], qos: Qos) {
        for conn in self.broker.subscribers(topic) {
            self.deliver(conn, topic, payload, qos);
        }
    }

    /// What a client publishes: refused, held, or handed on.
    fn published(&mut self, conn: ConnId, packet: Packet) {
        let Packet::Publish {
            topic,
            payload,
            id,
            retain,
        } = &packet
        else {
            return;
        };
        let Some(session) = self.broker.sessions.get_mut(&conn) else {
            return;
        };
        let identity = session.identity.clone();
        let read = policy::publishable(&identity, topic);
        let is_hello = matches!(read, Ok(Topic::Device(_, DeviceTopic::Hello)));
        if !session.is_admitted && session.has_greeted && !is_hello {
            session.held.push_back(packet);
            return;
        }
        let may_retain = matches!(read, Ok(Topic::Device(_, DeviceTopic::Presence)));
        let topic = match read {
            Ok(_) if !session.is_admitted && !is_hello => Err(Refusal::HelloFirst),
            Ok(_) if *retain && !may_retain => Err(Refusal::RetainRefused),
            read => read,
        };
        let number = id.map(|id| session.open(id));
        match topic {
            Ok(topic) => {
                let payload = Arc::clone(payload);
                self.received(conn, number, topic, &payload);
            }
            Err(refusal) => {
                self.count("publish_refused");
                self.answer(conn, number, Some(refusal.code().to_owned()));
                self.refused(&identity, refusal);
            }
        }
    }

    fn received(&mut self, conn: ConnId, number: Option<u64>, topic: Topic, payload: &Arc<[u8]>) {
        match topic {
            Topic::Device(id, DeviceTopic::ChunkGet) => {
                self.serve_chunk(conn, number, &id, payload)
            }
            Topic::Device(id, DeviceTopic::Presence) => {
                self.answer(conn, number, None);
                self.broker.presence.insert(id.clone(), Arc::clone(payload));
                let topic = Topic::Device(id, DeviceTopic::Presence);
                self.broker_publishes(&topic, payload, Qos::AtLeastOnce);
            }
            Topic::Device(id, kind) => self.device_says(conn, number, &id, kind, payload),
            Topic::Operator(operator, OperatorTopic::Upload(digest, _)) => {
                let stored = self.store.add(digest, payload);
                self.answer(
                    conn,
                    number,
                    stored.err().map(|code| code.as_str().to_owned()),
                );
                if let Err(code) = stored {
                    let reply = Reply {
                        id: None,
                        command: Some("upload".to_owned()),
                        outcome: Outcome::Rejected {
                            code: code.as_str().to_owned(),
                            message: String::new(),
                        },
                    };
                    let topic = Topic::Operator(operator, OperatorTopic::Reply);
                    self.broker_publishes(&topic, &encode_json(&reply), Qos::AtLeastOnce);
                }
            }
            Topic::Operator(operator, _) => {
                let command = ingress::command(operator, payload);
                let artifact = command
                    .image()
                    .and_then(|image| self.store.describe(&image));
                let request = command.request(artifact);
                self.enqueue(Pending {
                    request,
                    origin: Origin::Publisher { conn, number },
                });
            }
            topic => unreachable!("nobody may publish to {topic}"),
        }
    }

    fn device_says(
        &mut self,
        conn: ConnId,
        number: Option<u64>,
        id: &DeviceId,
        kind: DeviceTopic,
        payload: &Arc<[u8]>,
    ) {
        let Some(session) = self.broker.sessions.get_mut(&conn) else {
            return;
        };
        let read = match kind {
            DeviceTopic::Hello => {
                session.has_greeted = true;
                let login_counter = match &session.identity {
                    Identity::Device { login_counter, .. } => *login_counter,
                    Identity::Operator { .. } => None,
                };
                ingress::hello(id.clone(), payload, login_counter)
            }
            _ => ingress::report(id.clone(), payload),
        };
        match read {
            Ok(read) => {
                self.book.heard(id, &read.request);
                self.enqueue(Pending {
                    request: read.request,
                    origin: Origin::Publisher { conn, number },
                });
            }
            Err(error) => {
                self.count("malformed");
                let code = fleetfold_schemas::code::Rejection::from(error).code;
                self.answer(conn, number, Some(code.as_str().to_owned()));
                self.tell(id, code.as_str());
            }
        }
    }

    fn serve_chunk(
        &mut self,
        conn: ConnId,
        number: Option<u64>,
        id: &DeviceId,
        payload: &Arc<[u8]>,
    ) {
        self.answer(conn, number, None);
        let Ok(get) = decode_from_device::<ChunkGet>(payload) else {
            self.count("malformed");
            return;
        };
        let data = self.store.read(&get.message);
        let topic = Topic::Device(id.clone(), DeviceTopic::ChunkData);
        self.broker_publishes(&topic, &data.encode(), Qos::AtMostOnce);
    }

    fn refused(&mut self, identity: &Identity, refusal: Refusal) {
        if let Identity::Device { id, .. } = identity {
            self.tell(&id.clone(), refusal.code());
        }
    }

    /// A refusal of something that has no number.
    fn tell(&mut self, id: &DeviceId, code: &str) {
        let ack = Ack {
            epoch: 0,
            seq: 0,
            code: Some(code.to_owned()),
        };
        let topic = Topic::Device(id.clone(), DeviceTopic::Ack);
        self.broker_publishes(&topic, &ack.encode(), Qos::AtMostOnce);
    }

    /// Answers a message; PUBACKs go out in the order of the messages.
    pub fn answer(&mut self, conn: ConnId, number: Option<u64>, refusal: Option<String>) {
        let (Some(number), Some(session)) = (number, self.broker.sessions.get_mut(&conn)) else {
            return;
        };
        if let Some(open) = session.window.iter_mut().find(|open| open.0 == number) {
            open.2 = Some(refusal);
        }
        let mut ready = Vec::new();
        while let Some((_, id, Some(reason))) = session.window.front() {
            ready.push((*id, reason.clone()));
            session.window.pop_front();
        }
        for (id, reason) in ready {
            self.net.send(
                &mut self.queue,
                conn,
                End::Client,
                Packet::Puback { id, reason },
            );
        }
    }

    /// The hello of a device is recorded: what waited for it follows.
    pub fn admit(&mut self, conn: ConnId) {
        let Some(session) = self.broker.sessions.get_mut(&conn) else {
            return;
        };
        if session.is_admitted {
            return;
        }
        session.is_admitted = true;
        let held = std::mem::take(&mut session.held);
        for filter in session.filters.clone() {
            self.send_retained(conn, &filter);
        }
        for packet in held {
            self.published(conn, packet);
        }
    }

    /// The device's credentials are no longer good.
    pub fn broker_disconnects(&mut self, device: &DeviceId) {
        if let Some(conn) = self.broker.by_client.get(device.as_str()).copied() {
            self.end_session(conn, true);
        }
    }

    pub fn broker_disconnects_operator(&mut self, operator: &OperatorId) {
        let is_own = |session: &Session| matches!(&session.identity, Identity::Operator { id, .. } if id == operator);
        let own = |conn: &ConnId| self.broker.sessions.get(conn).is_some_and(is_own);
        let conns: Vec<_> = (self.broker.operators.iter().copied())
            .filter(own)
            .collect();
        for conn in conns {
            self.end_session(conn, true);
        }
    }

    pub fn wire(&mut self, conn: ConnId, to: End, packet: &Packet) {
        let now = self.queue.now_ms();
        let who = match self.net.conn(conn).client {
            Client::Device(at) => format_args!("device {at}").to_string(),
            Client::Liar(at) => format_args!("liar {at}").to_string(),
            Client::Operator(at) => format_args!("operator {at}").to_string(),
        };
        let arrow = match to {
            End::Client => "<-",
            End::Broker => "->",
        };
        self.trace.say(
            Kind::Wire,
            now,
            format_args!("{who}/{} {arrow} {packet}", conn.0),
        );
    }
}

impl Session {
    fn open(&mut self, id: u16) -> u64 {
        self.opened += 1;
        self.window.push_back((self.opened, id, None));
        self.opened
    }
}
