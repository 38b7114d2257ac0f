//! One connection: what was given to rumqttc, in which order, and under which packet ids it went out.

use std::collections::{HashMap, VecDeque};

use rumqttc::v5::{AsyncClient, mqttbytes::QoS};

use super::outbox::Outbox;

/// Publishes without PUBACK at once. Below `PACKET_IDS`, so that the ids which subscriptions take in between never make
/// rumqttc give one out twice, which it does not recover from quickly.
const PUBLISHES_MAX: usize = 64;
/// Packet ids that rumqttc goes round in; as many as our broker lets be in flight.
pub(super) const PACKET_IDS: u16 = 100;
/// Requests that rumqttc has not yet sent: a full window and some subscriptions.
pub(super) const HANDED_MAX: usize = 128;

/// A packet that will be acknowledged.
#[derive(Debug)]
pub(super) enum Item {
    /// By its number in the outbox.
    Publish(u64),
    Subscribe(String),
    Unsubscribe(String),
}

pub(super) struct Link {
    client: AsyncClient,
    is_open: bool,
    /// Not given to rumqttc yet.
    queue: VecDeque<Item>,
    /// Given, and not yet sent: rumqttc says what it sends in the order it was given.
    handed: VecDeque<Item>,
    in_flight: HashMap<u16, Item>,
    publishes: usize,
}

impl Link {
    pub(super) fn new(client: AsyncClient) -> Self {
        Self {
            client,
            is_open: false,
            queue: VecDeque::new(),
            handed: VecDeque::new(),
            in_flight: HashMap::new(),
            publishes: 0,
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// CONNACK has come.
    pub(super) const fn open(&mut self) {
        self.is_open = true;
    }

    /// Begins with these, and forgets what was queued before there was a connection.
    pub(super) fn replace(&mut self, items: impl Iterator<Item = Item>, outbox: &mut Outbox) {
        self.queue.clear();
        self.push(items, outbox);
    }

    pub(super) fn push(&mut self, items: impl IntoIterator<Item = Item>, outbox: &mut Outbox) {
        if self.is_open {
            self.queue.extend(items);
            self.pump(outbox);
        }
    }

    /// Gives rumqttc as much as may be on its way.
    pub(super) fn pump(&mut self, outbox: &mut Outbox) {
        while self.handed.len() < HANDED_MAX {
            let is_publish = matches!(self.queue.front(), Some(Item::Publish(_)));
            if is_publish && self.publishes >= PUBLISHES_MAX {
                return;
            }
            let Some(item) = self.queue.pop_front() else {
                return;
            };
            if self.hand(&item, outbox) {
                self.publishes += usize::from(is_publish);
                self.handed.push_back(item);
            }
        }
    }

    /// False if nobody waits for it any more.
    fn hand(&self, item: &Item, outbox: &mut Outbox) -> bool {
        let handed = match item {
            Item::Publish(number) => match outbox.get(*number) {
                Some((topic, payload)) => {
                    self.client
                        .try_publish(topic, QoS::AtLeastOnce, false, payload)
                }
                None => return false,
            },
            Item::Subscribe(filter) => self.client.try_subscribe(filter, QoS::AtLeastOnce),
            Item::Unsubscribe(filter) => self.client.try_unsubscribe(filter),
        };
        handed.expect("topics and filters were checked, and the channel holds HANDED_MAX");
        true
    }

    /// rumqttc has sent what it was given first.
    pub(super) fn sent(&mut self, packet_id: u16) {
        if let Some(item) = self.handed.pop_front() {
            self.in_flight.insert(packet_id, item);
        }
    }

    pub(super) fn acknowledged(&mut self, packet_id: u16) -> Option<Item> {
        let item = self.in_flight.remove(&packet_id)?;
        self.publishes -= usize::from(matches!(item, Item::Publish(_)));
        Some(item)
    }

    pub(super) fn disconnect(&self) {
        // A full channel means that the connection hangs; it ends with this process at the latest.
        let _ = self.client.try_disconnect();
    }
}
