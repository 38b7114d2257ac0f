//! Virtual time: what happens next, and when it is.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::event::Event;

/// The one clock of the simulation, and all that is to happen. What is due in the same millisecond happens in the order
/// in which it was planned.
#[derive(Debug, Default)]
pub struct Queue {
    now_ms: u64,
    planned: u64,
    heap: BinaryHeap<Reverse<Planned>>,
}

#[derive(Debug)]
struct Planned {
    at_ms: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Planned {
    const fn key(&self) -> (u64, u64) {
        (self.at_ms, self.number)
    }
}

impl Queue {
    #[must_use]
    pub fn starting_at(now_ms: u64) -> Self {
        Self {
            now_ms,
            ..Self::default()
        }
    }

    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Nothing happens in the past: what was due before now is due now.
    pub fn at(&mut self, at_ms: u64, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse(Planned {
            at_ms: at_ms.max(self.now_ms),
            number: self.planned,
            event,
        }));
    }

    pub fn after(&mut self, wait_ms: u64, event: Event) {
        self.at(self.now_ms + wait_ms, event);
    }

    /// Goes on to the next event.
    pub fn next(&mut self) -> Option<Event> {
        let Reverse(planned) = self.heap.pop()?;
        self.now_ms = planned.at_ms;
        Some(planned.event)
    }
}
