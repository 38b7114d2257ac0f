//! What waits for one client, and what is on its way to it.
//!
//! Bytes that may leave now lie encoded in one buffer, so that one write carries many packets. QoS 1 messages beyond the
//! client's receive maximum wait as messages, since their packet identifier is not known yet. Both are bounded: at QoS 0
//! what does not fit is dropped, at QoS 1 the client is too slow and has to come again, which loses nothing because
//! everything published at QoS 1 is a current value that it gets at its next SUBSCRIBE.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::{
    frame::Version,
    host::Qos,
    packet::{self, Delivery},
};

/// A buffer that has grown larger than this is given back when it is empty: idle clients are many.
const KEPT_BYTES_MAX: usize = 4 * 1024;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) inflight_max: usize,
    pub(crate) messages_max: usize,
    pub(crate) bytes_max: usize,
    /// The client's maximum packet size; what is larger is not sent to it (section 3.1.2.11.4).
    pub(crate) packet_bytes_max: usize,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    version: Version,
    limits: Limits,
    ready: BytesMut,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    inflight: VecDeque<u16>,
    last_id: u16,
}

#[derive(Debug)]
struct Waiting {
    topic: Box<str>,
    payload: Bytes,
    retain: bool,
}

/// A message on its way to subscribers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a Bytes,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It will be sent.
    Taken,
    /// QoS 0 and no room, or larger than the client or the outbox ever takes.
    Dropped,
    /// QoS 1 and no room.
    TooSlow,
}

impl Outbox {
    pub(crate) fn new(version: Version, limits: Limits) -> Self {
        Self {
            version,
            limits,
            ready: BytesMut::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            inflight: VecDeque::new(),
            last_id: 0,
        }
    }

    fn bytes(&self) -> usize {
        self.ready.len() + self.waiting_bytes
    }

    /// Whether the client's own requests must wait until it has read what it was sent.
    ///
    /// Messages that wait for its PUBACK don't count: the PUBACK may stand behind such a request.
    pub(crate) fn is_full(&self) -> bool {
        self.ready.len() >= self.limits.bytes_max
    }

    /// Whether there is room for more of what can wait, with as much again left for what can't.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes() < self.limits.bytes_max / 2
            && self.waiting.len() < self.limits.messages_max / 2
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Where answers to the client's own packets are written.
    pub(crate) const fn ready(&mut self) -> &mut BytesMut {
        &mut self.ready
    }

    /// Longest packet that may go to the client.
    pub(crate) const fn packet_bytes_max(&self) -> usize {
        self.limits.packet_bytes_max
    }

    /// Moves what may leave now into an empty buffer.
    pub(crate) fn take(&mut self, into: &mut BytesMut) {
        debug_assert!(into.is_empty(), "what is being written would be sent twice");
        if into.capacity() > KEPT_BYTES_MAX {
            *into = BytesMut::new();
        }
        into.clear();
        std::mem::swap(&mut self.ready, into);
    }

    pub(crate) fn push(&mut self, message: Outgoing<'_>) -> Pushed {
        let Outgoing {
            topic,
            payload,
            qos,
            retain,
        } = message;
        let len = packet::publish_len(self.version, topic, payload, qos);
        // What could never be sent must not cost the connection, or the client would come again for ever.
        if len > self.limits.packet_bytes_max.min(self.limits.bytes_max) {
            return Pushed::Dropped;
        }
        let fits = self.bytes() + len <= self.limits.bytes_max;
        match qos {
            Qos::AtMostOnce if fits => {
                let delivery = Delivery { id: None, retain };
                packet::publish(self.version, topic, payload, delivery, &mut self.ready);
                Pushed::Taken
            }
            Qos::AtMostOnce => Pushed::Dropped,
            Qos::AtLeastOnce if !fits || self.waiting.len() >= self.limits.messages_max => {
                Pushed::TooSlow
            }
            Qos::AtLeastOnce => {
                if self.inflight.len() < self.limits.inflight_max {
                    self.send(topic, payload, retain);
                } else {
                    self.waiting_bytes += len;
                    self.waiting.push_back(Waiting {
                        topic: topic.into(),
                        payload: payload.clone(),
                        retain,
                    });
                }
                Pushed::Taken
            }
        }
    }

    fn send(&mut self, topic: &str, payload: &[u8], retain: bool) {
        let id = self.free_id();
        self.inflight.push_back(id);
        let delivery = Delivery {
            id: Some(id),
            retain,
        };
        packet::publish(self.version, topic, payload, delivery, &mut self.ready);
    }

    /// The next identifier that is not in flight (section 2.2.1). The window is far smaller than the 65,535 there are.
    fn free_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.inflight.contains(&self.last_id) {
                return self.last_id;
            }
        }
    }

    /// The client has acknowledged; the next waiting message takes the place. An unknown identifier changes nothing.
    pub(crate) fn acknowledged(&mut self, id: u16) {
        // Clients acknowledge in order, so this looks at the front.
        let Some(index) = self.inflight.iter().position(|inflight| *inflight == id) else {
            return;
        };
        self.inflight.remove(index);
        if let Some(next) = self.waiting.pop_front() {
            let len =
                packet::publish_len(self.version, &next.topic, &next.payload, Qos::AtLeastOnce);
            self.waiting_bytes -= len;
            self.send(&next.topic, &next.payload, next.retain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(inflight_max: usize, messages_max: usize, bytes_max: usize) -> Outbox {
        let limits = Limits {
            inflight_max,
            messages_max,
            bytes_max,
            packet_bytes_max: 1_000,
        };
        Outbox::new(Version::V4, limits)
    }

    fn push(outbox: &mut Outbox, qos: Qos, payload: &'static [u8]) -> Pushed {
        outbox.push(Outgoing {
            topic: "t",
            payload: &Bytes::from_static(payload),
            qos,
            retain: false,
        })
    }

    fn taken(outbox: &mut Outbox) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        outbox.take(&mut bytes);
        bytes.to_vec()
    }

    #[test]
    fn a_message_beyond_the_window_waits_for_a_puback_and_keeps_its_order() {
        let mut outbox = outbox(1, 2, 100);
        for payload in [b"a", b"b", b"c"] {
            assert_eq!(push(&mut outbox, Qos::AtLeastOnce, payload), Pushed::Taken);
        }
        assert_eq!(push(&mut outbox, Qos::AtLeastOnce, b"d"), Pushed::TooSlow);
        assert_eq!(push(&mut outbox, Qos::AtMostOnce, b"e"), Pushed::Taken);
        assert_eq!(
            taken(&mut outbox),
            b"\x32\x06\0\x01t\0\x01a\x30\x04\0\x01te"
        );
        outbox.acknowledged(9);
        assert!(!outbox.has_output());
        outbox.acknowledged(1);
        assert_eq!(taken(&mut outbox), b"\x32\x06\0\x01t\0\x02b");
        outbox.acknowledged(2);
        outbox.acknowledged(3);
        assert_eq!(taken(&mut outbox), b"\x32\x06\0\x01t\0\x03c");
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn exactly_the_bytes_allowed_are_taken_and_one_more_is_not() {
        // Six bytes each.
        let mut outbox = outbox(10, 10, 12);
        assert_eq!(push(&mut outbox, Qos::AtMostOnce, b"a"), Pushed::Taken);
        assert_eq!(push(&mut outbox, Qos::AtMostOnce, b"b"), Pushed::Taken);
        assert!(outbox.is_full());
        assert_eq!(push(&mut outbox, Qos::AtMostOnce, b""), Pushed::Dropped);
        assert_eq!(push(&mut outbox, Qos::AtLeastOnce, b""), Pushed::TooSlow);
        assert_eq!(taken(&mut outbox).len(), 12);
        assert!(outbox.has_room());
    }

    #[test]
    fn what_is_larger_than_the_client_takes_is_not_sent_to_it() {
        let mut outbox = outbox(10, 10, 10_000);
        outbox.limits.packet_bytes_max = 8;
        assert_eq!(push(&mut outbox, Qos::AtLeastOnce, b"a"), Pushed::Taken);
        assert_eq!(push(&mut outbox, Qos::AtLeastOnce, b"ab"), Pushed::Dropped);
    }

    #[test]
    fn an_identifier_in_flight_is_not_used_again() {
        let mut outbox = outbox(10, 10, 10_000);
        push(&mut outbox, Qos::AtLeastOnce, b"first");
        outbox.last_id = u16::MAX;
        push(&mut outbox, Qos::AtLeastOnce, b"second");
        assert_eq!(outbox.inflight, [1, 2]);
    }
}
