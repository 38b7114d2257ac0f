//! One device's MQTT connection, and the pace at which a fleet makes them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fleetfold_schemas::{
    DeviceId, Topic,
    token::{DeviceToken, Lifetime},
};
use rumqttc::{
    AsyncClient, ClientError, Event, EventLoop, Incoming, LastWill, MqttOptions, Outgoing, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::time::Instant;

use super::{Credential, device::World};
use crate::agent::{Publish, Qos};

/// Real time between two signs of life of an idle connection.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// A job or a chunk with its topic and frame; the largest of them is a job.
const PACKET_BYTES_MAX: usize = 80 * 1024;
/// Unacknowledged QoS 1 messages. A device has a hello, a presence and a few reports under way.
const INFLIGHT_MAX: u16 = 16;
/// Messages handed over and not sent yet. Beyond it they count as lost, as on any bad link: the agent repeats what matters.
const QUEUE_MAX: usize = 64;
/// Well under the five minutes that a token may live, and enough for a slow handshake.
const TOKEN_LIFETIME_S: u64 = 120;

/// The sending half. A connection is never reused: each has a token of its own, and what the last one left unsent is
/// stale.
#[derive(Debug)]
pub(super) struct Link {
    client: AsyncClient,
    /// Numbers of the QoS 1 messages that have not been given a packet id, in order.
    queued: VecDeque<Option<u64>>,
    /// Numbers by packet id.
    sent: HashMap<u16, u64>,
}

/// What happened on a connection, as far as an agent wants to know.
#[derive(Debug)]
pub(super) enum Heard {
    Nothing,
    Connected,
    Message(rumqttc::Publish),
    Puback(u64),
    Refused,
}

impl Link {
    /// Prepares a connection. It is made when the loop is first polled.
    pub fn dial(
        world: &World,
        device: &DeviceId,
        credential: &Credential,
        login: u64,
        will: &Publish,
    ) -> (Self, EventLoop) {
        let password = match credential {
            Credential::Token(token) => token.clone(),
            Credential::Key(key) => DeviceToken {
                device,
                site: &world.site,
                lifetime: Some(lifetime()),
                counter: login,
                voucher: None,
            }
            .sign(key),
        };
        let mut options = MqttOptions::new(device.as_str(), &world.host, world.port);
        options
            .set_credentials(device.as_str(), password)
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(true)
            .set_inflight(INFLIGHT_MAX)
            .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX)
            .set_last_will(LastWill::new(
                will.topic.to_string(),
                will.payload.clone(),
                mqtt_qos(will.qos),
                will.retain,
            ));
        let (client, events) = AsyncClient::new(options, QUEUE_MAX);
        let link = Self {
            client,
            queued: VecDeque::new(),
            sent: HashMap::new(),
        };
        (link, events)
    }

    pub fn subscribe(&self, topics: &[Topic]) -> Result<(), ClientError> {
        let filters = topics
            .iter()
            .map(|topic| SubscribeFilter::new(topic.to_string(), QoS::AtLeastOnce));
        self.client.try_subscribe_many(filters)
    }

    pub fn publish(&mut self, publish: Publish) -> Result<(), ClientError> {
        let qos = mqtt_qos(publish.qos);
        self.client.try_publish(
            publish.topic.to_string(),
            qos,
            publish.retain,
            publish.payload,
        )?;
        if qos != QoS::AtMostOnce {
            self.queued.push_back(publish.seq);
        }
        Ok(())
    }

    pub fn hear(&mut self, event: Event) -> Heard {
        match event {
            Event::Incoming(Incoming::ConnAck(_)) => Heard::Connected,
            Event::Incoming(Incoming::Publish(publish)) => Heard::Message(publish),
            Event::Incoming(Incoming::SubAck(answer))
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) =>
            {
                Heard::Refused
            }
            Event::Incoming(Incoming::PubAck(answer)) => self
                .sent
                .remove(&answer.pkid)
                .map_or(Heard::Nothing, Heard::Puback),
            // A QoS 1 message has been given its packet id: in the order they were handed over.
            Event::Outgoing(Outgoing::Publish(pkid)) if pkid != 0 => {
                if let Some(Some(seq)) = self.queued.pop_front() {
                    self.sent.insert(pkid, seq);
                }
                Heard::Nothing
            }
            Event::Incoming(_) | Event::Outgoing(_) => Heard::Nothing,
        }
    }
}

const fn mqtt_qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
    }
}

/// In real time, whatever the simulation's clock says.
fn lifetime() -> Lifetime {
    let issued_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Lifetime {
        issued_s,
        expires_s: issued_s + TOKEN_LIFETIME_S,
    }
}

/// Hands out the moments at which devices may connect.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub fn new(per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// The next free moment, now or later.
    pub fn slot(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = (*next).max(Instant::now());
        *next = slot + self.interval;
        slot
    }
}
