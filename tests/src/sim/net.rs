//! Connections: packets arrive in order or, because this is TCP, the connection breaks.

use std::collections::BTreeSet;

use super::{
    event::{Event, Packet},
    queue::Queue,
    random::{Chance, Stream},
};

/// A keep-alive of a minute, given up after one and a half of it.
const KEEP_ALIVE_GIVEN_UP_MS: u64 = 90_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Client,
    Broker,
}

/// Who dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    Device(usize),
    Liar(usize),
    Operator(usize),
}

#[derive(Debug)]
pub struct Conn {
    pub client: Client,
    /// Whether packets still get through.
    is_whole: bool,
    /// What each end believes.
    pub client_open: bool,
    pub broker_open: bool,
    latency_ms: u64,
    last_up_ms: u64,
    last_down_ms: u64,
}

/// How connections fare. Chances are for each packet.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkWeather {
    pub loss: Chance,
    pub delay: Chance,
    pub delay_max_ms: u64,
    pub duplicate: Chance,
    /// Of broken connections, those that one end does not hear of.
    pub half_open: Chance,
}

#[derive(Debug)]
pub struct Net {
    conns: Vec<Conn>,
    pub weather: LinkWeather,
    stream: Stream,
    /// Devices that are cut off.
    pub partitioned: BTreeSet<usize>,
    pub counts: Counts,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub packets: u64,
    pub lost: u64,
    pub delayed: u64,
    pub duplicated: u64,
    pub half_open: u64,
}

impl Net {
    #[must_use]
    pub fn new(weather: LinkWeather, stream: Stream) -> Self {
        Self {
            conns: Vec::new(),
            weather,
            stream,
            partitioned: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    #[must_use]
    pub fn conn(&self, id: ConnId) -> &Conn {
        &self.conns[id.0]
    }

    /// A new connection, whose first packet is on its way with this.
    pub fn dial(&mut self, queue: &mut Queue, client: Client, packet: Packet) -> ConnId {
        let id = ConnId(self.conns.len());
        let now = queue.now_ms();
        self.conns.push(Conn {
            client,
            is_whole: true,
            client_open: true,
            broker_open: true,
            latency_ms: self.stream.within(2..=150),
            last_up_ms: now,
            last_down_ms: now,
        });
        self.send(queue, id, End::Broker, packet);
        id
    }

    /// Puts a packet on its way. It arrives after those before it, late, twice, or never, and then nothing does any more.
    pub fn send(&mut self, queue: &mut Queue, id: ConnId, to: End, packet: Packet) {
        self.counts.packets += 1;
        if !self.conns[id.0].is_whole {
            self.counts.lost += 1;
            return;
        }
        if self.stream.happens(self.weather.loss) {
            self.counts.lost += 1;
            self.break_by_chance(queue, id);
            return;
        }
        let is_repeated = matches!(packet, Packet::Publish { id: Some(_), .. })
            && to == End::Broker
            && self.stream.happens(self.weather.duplicate);
        if is_repeated {
            self.counts.duplicated += 1;
            self.put(queue, id, to, packet.clone());
        }
        self.put(queue, id, to, packet);
    }

    fn put(&mut self, queue: &mut Queue, id: ConnId, to: End, packet: Packet) {
        let conn = &mut self.conns[id.0];
        let mut at_ms = queue.now_ms() + conn.latency_ms + self.stream.within(0..=5);
        if self.stream.happens(self.weather.delay) {
            self.counts.delayed += 1;
            at_ms += self.stream.within(100..=self.weather.delay_max_ms.max(100));
        }
        let last_ms = match to {
            End::Broker => &mut conn.last_up_ms,
            End::Client => &mut conn.last_down_ms,
        };
        *last_ms = at_ms.max(*last_ms);
        queue.at(
            *last_ms,
            Event::Deliver {
                conn: id,
                to,
                packet,
            },
        );
    }

    /// Whether a packet that was on its way still arrives.
    pub fn arrives(&mut self, id: ConnId, to: End) -> bool {
        let conn = &self.conns[id.0];
        let is_heard = conn.is_whole
            && match to {
                End::Client => conn.client_open,
                End::Broker => conn.broker_open,
            };
        if !is_heard {
            self.counts.lost += 1;
        }
        is_heard
    }

    fn break_by_chance(&mut self, queue: &mut Queue, id: ConnId) {
        let is_half_open = self.stream.happens(self.weather.half_open);
        let client_knows = !is_half_open || self.stream.percent(40);
        let broker_knows = !is_half_open || self.stream.percent(40);
        self.cut(queue, id, client_knows, broker_knows);
    }

    /// Nothing gets through any more. An end that does not hear of it finds out by its keep-alive.
    pub fn cut(&mut self, queue: &mut Queue, id: ConnId, client_knows: bool, broker_knows: bool) {
        let conn = &mut self.conns[id.0];
        conn.is_whole = false;
        for (is_open, knows, end) in [
            (conn.client_open, client_knows, End::Client),
            (conn.broker_open, broker_knows, End::Broker),
        ] {
            if !is_open {
                continue;
            }
            let wait_ms = if knows {
                conn.latency_ms
            } else {
                self.counts.half_open += 1;
                KEEP_ALIVE_GIVEN_UP_MS
            };
            queue.after(wait_ms, Event::Closed { conn: id, end });
        }
    }

    /// The client closes its end, in good order or, without power, in none.
    pub fn client_leaves(&mut self, queue: &mut Queue, id: ConnId, is_orderly: bool) {
        let conn = &mut self.conns[id.0];
        conn.client_open = false;
        if is_orderly && conn.is_whole {
            let at_ms = conn.last_up_ms.max(queue.now_ms() + conn.latency_ms);
            queue.at(
                at_ms,
                Event::Closed {
                    conn: id,
                    end: End::Broker,
                },
            );
        } else {
            self.cut(queue, id, true, false);
        }
    }

    /// The broker closes its end; what it sent before still arrives.
    pub fn broker_leaves(&mut self, queue: &mut Queue, id: ConnId) {
        let conn = &mut self.conns[id.0];
        conn.broker_open = false;
        if !conn.is_whole {
            return;
        }
        let at_ms = conn.last_down_ms.max(queue.now_ms() + conn.latency_ms);
        queue.at(
            at_ms,
            Event::Closed {
                conn: id,
                end: End::Client,
            },
        );
    }

    /// The machine that the broker ran on lost power, or its process ended and the kernel sends on what it has.
    pub fn broker_dies(&mut self, queue: &mut Queue, id: ConnId, is_power_lost: bool) {
        if is_power_lost || self.stream.percent(30) {
            let hears = !self.stream.happens(self.weather.half_open);
            self.conns[id.0].broker_open = false;
            self.cut(queue, id, hears, true);
        } else {
            self.broker_leaves(queue, id);
        }
    }

    /// An end has learned that the connection is gone; whether it is news.
    pub fn closed(&mut self, id: ConnId, end: End) -> bool {
        let conn = &mut self.conns[id.0];
        let is_open = match end {
            End::Client => &mut conn.client_open,
            End::Broker => &mut conn.broker_open,
        };
        std::mem::replace(is_open, false)
    }

    /// All connections that the broker believes in.
    pub fn open_at_broker(&self) -> impl Iterator<Item = ConnId> + '_ {
        let open = self.conns.iter().enumerate();
        open.filter(|(_, conn)| conn.broker_open)
            .map(|(at, _)| ConnId(at))
    }
}
