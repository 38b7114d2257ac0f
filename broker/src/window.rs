//! The QoS 1 publishes of one client that await their PUBACK.
//!
//! PUBACKs leave in the order of the PUBLISHes (MQTT 5.0 section 4.6), whatever order the host answers in. The window is
//! also the receive maximum: when it is full the socket is not read.

use std::collections::VecDeque;

use crate::packet::Answer;

#[derive(Debug)]
pub(crate) struct Window {
    slots: VecDeque<Slot>,
    /// Number of the slot at the front; numbers are never reused within a session.
    first: u64,
    max: usize,
}

#[derive(Debug)]
struct Slot {
    packet_id: u16,
    answer: Option<Answer>,
}

impl Window {
    pub(crate) const fn new(max: usize) -> Self {
        Self {
            slots: VecDeque::new(),
            first: 0,
            max,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.slots.len() >= self.max
    }

    /// Takes a place for a publish and returns the number to answer it by.
    pub(crate) fn open(&mut self, packet_id: u16) -> u64 {
        self.slots.push_back(Slot {
            packet_id,
            answer: None,
        });
        self.first + self.slots.len() as u64 - 1
    }

    pub(crate) fn answer(&mut self, number: u64, answer: Answer) {
        let index = usize::try_from(number - self.first).expect("the window is far smaller");
        let slot = self
            .slots
            .get_mut(index)
            .expect("a number is answered once, by its only ack");
        slot.answer = Some(answer);
    }

    /// The next PUBACK that may leave.
    pub(crate) fn next(&mut self) -> Option<(u16, Answer)> {
        let front = self.slots.front()?;
        let answered = (front.packet_id, front.answer?);
        self.slots.pop_front();
        self.first += 1;
        Some(answered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_in_the_order_of_the_publishes() {
        let mut window = Window::new(3);
        let [a, b, c] = [7, 8, 9].map(|id| window.open(id));
        assert!(window.is_full());
        window.answer(c, Answer::Accepted);
        window.answer(b, Answer::Refused(0x87, "x"));
        assert_eq!(window.next(), None);
        window.answer(a, Answer::Accepted);
        assert_eq!(window.next(), Some((7, Answer::Accepted)));
        assert!(!window.is_full());
        let d = window.open(7);
        assert_eq!(window.next(), Some((8, Answer::Refused(0x87, "x"))));
        assert_eq!(window.next(), Some((9, Answer::Accepted)));
        assert_eq!(window.next(), None);
        window.answer(d, Answer::Accepted);
        assert_eq!(window.next(), Some((7, Answer::Accepted)));
    }
}
