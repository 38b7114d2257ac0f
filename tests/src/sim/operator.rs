//! Operators: they send commands until they are answered, and some of them get in each other's way.

use std::{collections::BTreeMap, sync::Arc};

use fleetfold_core::fact::Role;
use fleetfold_schemas::{
    CommandId, OperatorId, OperatorTopic, Topic,
    campaign::MINUTE_MS,
    command::{Command, CommandMessage, Outcome, Reply},
};
use ulid::Ulid;

use super::{
    event::{Event, OperatorEvent, Packet},
    net::{Client, ConnId, End},
    random::Stream,
    world::Sim,
};

/// Everybody who works here. The first carries out the plan.
pub const STAFF: [(&str, Role); 6] = [
    ("root", Role::Admin),
    ("ann", Role::Operator),
    ("bob", Role::Operator),
    ("max", Role::Approver),
    ("eve", Role::Viewer),
    ("zoe", Role::Approver),
];
/// Who carries out the plan.
pub const ROOT: usize = 0;
/// How long an operator waits for an answer before saying it again.
const PATIENCE_MS: u64 = 30_000;
/// How often an operator who has something to do looks at it.
const WORK_EVERY_MS: u64 = 20_000;
/// And one who has nothing.
const IDLE_EVERY_MS: u64 = 3 * MINUTE_MS;

/// Names something that an operator has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderId {
    pub operator: usize,
    pub order: usize,
}

#[derive(Debug)]
pub struct Operator {
    pub id: OperatorId,
    pub role: Role,
    link: Option<Link>,
    orders: Vec<Order>,
    /// Orders that are not done.
    open: Vec<usize>,
    skew_ms: i64,
    next_work_ms: u64,
    pub stream: Stream,
}

#[derive(Debug)]
struct Link {
    conn: ConnId,
    is_up: bool,
    next_id: u16,
    sent: BTreeMap<u16, usize>,
}

/// Something that an operator sends until it is answered.
#[derive(Debug)]
struct Order {
    id: Option<CommandId>,
    topic: String,
    payload: Arc<[u8]>,
    /// When to say it again; with an id it is safe to, without one it is done once it is acknowledged.
    again_at_ms: u64,
    is_acknowledged: bool,
    reply: Option<Reply>,
    /// The PUBACK said no.
    refusal: Option<String>,
    /// Nobody waits for it: said once.
    is_casual: bool,
}

impl Order {
    const fn is_done(&self) -> bool {
        let is_answered = match &self.id {
            Some(_) => self.reply.is_some(),
            None => self.is_acknowledged,
        };
        is_answered || self.refusal.is_some()
    }
}

impl Operator {
    #[must_use]
    pub fn new(number: usize, skew_max_ms: u64, mut stream: Stream) -> Self {
        let (name, role) = STAFF[number];
        let skew = stream.within(0..=2 * skew_max_ms);
        Self {
            id: name.parse().expect("our own names are valid"),
            role,
            link: None,
            orders: Vec::new(),
            open: Vec::new(),
            skew_ms: i64::try_from(skew).unwrap_or(0) - i64::try_from(skew_max_ms).unwrap_or(0),
            next_work_ms: 0,
            stream,
        }
    }

    /// A new command id, made at this moment by this operator's clock, or at another.
    pub fn command_id(&mut self, now_ms: u64) -> CommandId {
        let mut random = [0; 16];
        self.stream.fill(&mut random);
        let at_ms = now_ms.saturating_add_signed(self.skew_ms);
        let ulid = Ulid::from_parts(at_ms, u128::from_le_bytes(random));
        CommandId::parse(&ulid.to_string()).expect("a ULID is an id")
    }

    fn order(&mut self, order: Order) -> usize {
        self.orders.push(order);
        self.open.push(self.orders.len() - 1);
        self.orders.len() - 1
    }

    #[must_use]
    pub fn is_done(&self, order: usize) -> bool {
        self.orders[order].is_done()
    }

    #[must_use]
    pub fn open_orders(&self) -> usize {
        self.open.len()
    }
}

impl Sim {
    pub fn operator_event(&mut self, at: usize, event: OperatorEvent) {
        match event {
            OperatorEvent::Dial => self.operator_dials(at),
            OperatorEvent::Work => {
                let now = self.queue.now_ms();
                if self.operators[at].next_work_ms > now {
                    return;
                }
                self.send_open_orders(at);
                self.review(at);
                if at == ROOT {
                    self.change_staff();
                    self.have_second_thoughts();
                    self.close_tickets();
                    self.follow_plan();
                }
                if !self.is_peaceful {
                    self.make_trouble(at);
                }
                let is_busy = self.operators[at].open_orders() > 0 || at == ROOT;
                let wait_ms = if is_busy {
                    WORK_EVERY_MS
                } else {
                    IDLE_EVERY_MS
                };
                self.operators[at].next_work_ms = now + wait_ms;
                self.queue
                    .after(wait_ms, Event::Operator(at, OperatorEvent::Work));
            }
        }
    }

    fn operator_dials(&mut self, at: usize) {
        let operator = &self.operators[at];
        if operator.link.is_some() {
            return;
        }
        if self.process.is_none() {
            self.queue
                .after(5_000, Event::Operator(at, OperatorEvent::Dial));
            return;
        }
        let packet = Packet::Connect {
            client_id: format!("console-{at}"),
            username: operator.id.to_string(),
            password: operator.id.as_str().as_bytes().into(),
        };
        let conn = self.net.dial(&mut self.queue, Client::Operator(at), packet);
        self.operators[at].link = Some(Link {
            conn,
            is_up: false,
            next_id: 0,
            sent: BTreeMap::new(),
        });
    }

    /// Asks for something, with an id unless the operator is of the careless kind.
    pub fn command(&mut self, at: usize, command: Command, with_id: bool) -> OrderId {
        let now = self.queue.now_ms();
        let operator = &mut self.operators[at];
        let id = with_id.then(|| operator.command_id(now));
        let payload = CommandMessage {
            id: id.clone(),
            expected_version: None,
            command,
        }
        .encode();
        self.send_command(at, id, payload, false)
    }

    pub fn send_command(
        &mut self,
        at: usize,
        id: Option<CommandId>,
        payload: Vec<u8>,
        is_casual: bool,
    ) -> OrderId {
        let topic = Topic::Operator(self.operators[at].id.clone(), OperatorTopic::Command);
        self.send_order(at, id, topic.to_string(), payload, is_casual)
    }

    pub fn send_order(
        &mut self,
        at: usize,
        id: Option<CommandId>,
        topic: String,
        payload: Vec<u8>,
        is_casual: bool,
    ) -> OrderId {
        let order = self.operators[at].order(Order {
            id,
            topic,
            payload: payload.into(),
            again_at_ms: 0,
            is_acknowledged: false,
            reply: None,
            refusal: None,
            is_casual,
        });
        self.send_open_orders(at);
        OrderId {
            operator: at,
            order,
        }
    }

    /// Sends what has never been sent, or waited too long for its answer.
    fn send_open_orders(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let operator = &mut self.operators[at];
        let Some(link) = operator.link.as_mut().filter(|link| link.is_up) else {
            return;
        };
        let mut packets = Vec::new();
        let orders = &mut operator.orders;
        operator.open.retain(|number| {
            let order = &mut orders[*number];
            if order.is_done() {
                return false;
            }
            if order.again_at_ms <= now {
                order.again_at_ms = now + PATIENCE_MS;
                link.next_id = link.next_id.wrapping_add(1).max(1);
                link.sent.insert(link.next_id, *number);
                packets.push(Packet::Publish {
                    topic: order.topic.clone(),
                    payload: Arc::clone(&order.payload),
                    id: Some(link.next_id),
                    retain: false,
                });
                return !order.is_casual;
            }
            true
        });
        let conn = link.conn;
        for packet in packets {
            self.net.send(&mut self.queue, conn, End::Broker, packet);
        }
    }

    pub fn operator_hears(&mut self, at: usize, conn: ConnId, packet: Packet) {
        let operator = &mut self.operators[at];
        let Some(link) = operator.link.as_mut().filter(|link| link.conn == conn) else {
            return;
        };
        match packet {
            Packet::Connack { is_accepted: true } => {
                link.is_up = true;
                // Whatever was on its way on the last connection is said again.
                for number in &operator.open {
                    operator.orders[*number].again_at_ms = 0;
                }
                let filter = if at == ROOT {
                    format!("{}/#", fleetfold_schemas::topic::ROOT)
                } else {
                    Topic::Operator(operator.id.clone(), OperatorTopic::Reply).to_string()
                };
                self.net.send(
                    &mut self.queue,
                    conn,
                    End::Broker,
                    Packet::Subscribe(vec![filter]),
                );
                self.send_open_orders(at);
            }
            Packet::Connack { is_accepted: false } => {
                operator.link = None;
                self.queue
                    .after(5_000, Event::Operator(at, OperatorEvent::Dial));
            }
            Packet::Puback { id, reason } => {
                let number = link.sent.remove(&id);
                if let Some(number) = number {
                    let order = &mut operator.orders[number];
                    order.is_acknowledged = true;
                    order.refusal = reason;
                    let payload = Arc::clone(&order.payload);
                    let own = Topic::Operator(operator.id.clone(), OperatorTopic::Command);
                    // What the broker turns away never becomes a command.
                    if order.topic == own.to_string() {
                        let operator = operator.id.clone();
                        self.check_command_acknowledged(&operator, &payload);
                    }
                }
            }
            Packet::Publish { topic, payload, .. } => {
                if topic.ends_with("/reply") {
                    self.operator_reads_reply(at, &payload);
                }
            }
            Packet::Connect { .. } | Packet::Subscribe(_) => {}
        }
    }

    fn operator_reads_reply(&mut self, at: usize, payload: &[u8]) {
        let Ok(reply) = serde_json::from_slice::<Reply>(payload) else {
            return self.breach("a reply can be read", format!("{payload:?}"));
        };
        let operator = &mut self.operators[at];
        let Some(id) = &reply.id else {
            return;
        };
        let order = operator
            .open
            .iter()
            .find(|number| operator.orders[**number].id.as_ref() == Some(id));
        if let Some(number) = order {
            operator.orders[*number].reply = Some(reply);
        }
    }

    pub fn operator_loses_link(&mut self, at: usize, conn: ConnId) {
        let operator = &mut self.operators[at];
        if operator.link.as_ref().is_some_and(|link| link.conn == conn) {
            operator.link = None;
            let wait_ms = operator.stream.within(500..=10_000);
            self.queue
                .after(wait_ms, Event::Operator(at, OperatorEvent::Dial));
        }
    }

    /// Refused because of what the clocks said.
    #[must_use]
    pub fn was_untimely(&self, order: OrderId) -> bool {
        const UNTIMELY: &str = "stale_command";
        let order = &self.operators[order.operator].orders[order.order];
        let was_told = matches!(
            order.reply.as_ref().map(|reply| &reply.outcome),
            Some(Outcome::Rejected { code, .. }) if code == UNTIMELY
        );
        was_told || order.refusal.as_deref() == Some(UNTIMELY)
    }

    #[must_use]
    pub fn is_answered(&self, order: OrderId) -> bool {
        self.operators[order.operator].is_done(order.order)
    }
}
