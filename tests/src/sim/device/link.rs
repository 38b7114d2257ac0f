//! A device's connection: how it comes about, what goes over it, and what comes twice.

use std::collections::BTreeMap;

use fleetfold_device_sim::agent::{Publish, Qos};

use super::super::{
    event::{DeviceEvent, Event, Packet},
    net::{Client, ConnId, End},
    random::Chance,
    world::Sim,
};

/// How long a connection attempt takes to fail.
const DIAL_FAILS_MS: u64 = 5_000;
/// Messages of earlier connections that may come again.
const OLD_MESSAGES_KEPT: usize = 6;
/// Devices whose clocks are off by more say nothing about the time in their tokens.
const TOKEN_SKEW_MAX_MS: u64 = 50_000;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) conn: ConnId,
    pub(super) is_up: bool,
    next_id: u16,
    sent: BTreeMap<u16, Option<u64>>,
}

impl Sim {
    pub(super) fn dial(&mut self, at: usize, login: u64) {
        let now = self.queue.now_ms();
        let device = &mut self.devices[at];
        let boot = device.boot;
        if self.process.is_none() || self.net.partitioned.contains(&at) {
            let wait_ms = device.stream.within(50..=DIAL_FAILS_MS);
            self.queue
                .after(wait_ms, Event::Device(at, DeviceEvent::DialFailed { boot }));
            return;
        }
        let has_clock = device.skew_ms.unsigned_abs() <= TOKEN_SKEW_MAX_MS;
        let now_s = has_clock.then(|| device.clock(now) / 1000);
        let packet = Packet::Connect {
            client_id: device.id.to_string(),
            username: device.id.to_string(),
            password: device.credential.password(&device.id, login, now_s),
        };
        let conn = self.net.dial(&mut self.queue, Client::Device(at), packet);
        self.devices[at].link = Some(Link {
            conn,
            is_up: false,
            next_id: 0,
            sent: BTreeMap::new(),
        });
    }

    pub(super) fn device_sends(&mut self, at: usize, packet: Packet) {
        if let Some(link) = self.devices[at].link.as_ref().filter(|link| link.is_up) {
            self.net
                .send(&mut self.queue, link.conn, End::Broker, packet);
        }
    }

    pub(super) fn device_publishes(&mut self, at: usize, publish: Publish) {
        let device = &mut self.devices[at];
        let Some(link) = device.link.as_mut().filter(|link| link.is_up) else {
            return;
        };
        let id = (publish.qos == Qos::AtLeastOnce).then(|| {
            link.next_id = link.next_id.wrapping_add(1).max(1);
            link.sent.insert(link.next_id, publish.seq);
            link.next_id
        });
        let packet = Packet::Publish {
            topic: publish.topic.to_string(),
            payload: publish.payload.into(),
            id,
            retain: publish.retain,
        };
        if publish.seq.is_some() {
            if device.old.len() == OLD_MESSAGES_KEPT {
                device.old.remove(0);
            }
            device.old.push(packet.clone());
        }
        self.device_sends(at, packet);
    }

    /// A packet has reached a device.
    pub fn device_hears(&mut self, at: usize, conn: ConnId, packet: Packet) {
        let now = self.queue.now_ms();
        let echo = self.plan.weather.echo;
        let device = &mut self.devices[at];
        let clock = device.clock(now);
        let (Some(agent), Some(link)) = (&mut device.agent, &mut device.link) else {
            return;
        };
        if link.conn != conn {
            return;
        }
        // An answer must not lead to another message that is answered, or there would be ever more of them.
        let is_answer = match &packet {
            Packet::Puback { .. } => true,
            Packet::Publish { topic, .. } => topic.ends_with("/ack"),
            _ => false,
        };
        match packet {
            Packet::Connack { is_accepted: true } => {
                link.is_up = true;
                agent.connected(clock);
            }
            Packet::Connack { is_accepted: false } => {
                device.link = None;
                agent.disconnected(clock);
            }
            Packet::Publish { topic, payload, .. } => agent.message(&topic, &payload, clock),
            Packet::Puback { id, .. } => {
                if let Some(Some(seq)) = link.sent.remove(&id) {
                    agent.puback(seq);
                }
            }
            Packet::Connect { .. } | Packet::Subscribe(_) => {}
        }
        self.perform(at);
        if !is_answer {
            self.send_old_again(at, echo);
        }
    }

    /// A message of long ago comes once more: some queue between device and engine had kept it.
    fn send_old_again(&mut self, at: usize, chance: Chance) {
        let device = &mut self.devices[at];
        if device.old.is_empty() || !device.stream.happens(chance) {
            return;
        }
        let Some(link) = device.link.as_mut().filter(|link| link.is_up) else {
            return;
        };
        let mut packet = device.stream.pick(&device.old);
        link.next_id = link.next_id.wrapping_add(1).max(1);
        link.sent.insert(link.next_id, None);
        if let Packet::Publish { id, .. } = &mut packet {
            *id = Some(link.next_id);
        }
        self.count("old_message_again");
        self.device_sends(at, packet);
    }

    pub fn device_loses_link(&mut self, at: usize, conn: ConnId) {
        let now = self.queue.now_ms();
        let device = &mut self.devices[at];
        if device.link.as_ref().is_none_or(|link| link.conn != conn) {
            return;
        }
        device.link = None;
        let clock = device.clock(now);
        if let Some(agent) = &mut device.agent {
            agent.disconnected(clock);
        }
        self.perform(at);
    }
}
