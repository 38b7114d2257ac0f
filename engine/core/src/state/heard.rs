//! When the devices of a campaign were last heard of, as a whole.

use alloc::collections::{BTreeMap, VecDeque};

use fleetfold_schemas::{campaign::MINUTE_MS, command::Lifecycle};

use super::Devices;
use crate::{DeviceIx, Timestamp};

/// How finely it is known when devices were last heard of: fine enough beside hours, and few enough to be counted.
const SLOT_MS: u64 = 10 * MINUTE_MS;

/// How many of the devices were last heard of in which ten minutes. Nothing is kept of a device but that it takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Of those that have ever been heard of.
    known: u32,
    slots: BTreeMap<u64, u32>,
    /// A bit for each device from the first to the last that takes part, in words: a campaign of one device has one.
    members: VecDeque<u64>,
    /// Words before the first of these.
    words_before: usize,
}

impl Heard {
    /// A device takes part from now on.
    pub(crate) fn add(&mut self, device: DeviceIx, last_seen: Option<Timestamp>) {
        *self.word_mut(device) |= bit_of(device);
        if let Some(at) = last_seen {
            self.count(at);
        }
    }

    /// These take part. They may come in any order; the table of devices is gone through in its own, since the places in it
    /// are far apart in any other.
    pub(crate) fn of(members: impl Iterator<Item = DeviceIx>, devices: &Devices) -> Self {
        let mut heard = Self::default();
        for device in members {
            *heard.word_mut(device) |= bit_of(device);
        }
        for at in 0..heard.members.len() {
            let mut left = heard.members[at];
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let first = (heard.words_before + at) * 64;
                let first = u32::try_from(first).expect("devices are numbered by u32");
                let device = devices.get(first + bit);
                if device.lifecycle() == Lifecycle::Retired {
                    heard.members[at] &= !(1 << bit);
                } else if let Some(seen) = device.last_seen() {
                    heard.count(seen);
                }
            }
        }
        heard
    }

    #[must_use]
    pub fn takes_part(&self, device: DeviceIx) -> bool {
        let at = word_of(device).checked_sub(self.words_before);
        let word = at.and_then(|at| self.members.get(at));
        word.is_some_and(|word| word & bit_of(device) != 0)
    }

    /// A device has been heard of, and before that at another time, if ever.
    pub(crate) fn heard(&mut self, device: DeviceIx, before: Option<Timestamp>, at: Timestamp) {
        if self.takes_part(device) {
            self.forget(before);
            self.count(at);
        }
    }

    /// Nothing is expected of a device any more.
    pub(crate) fn remove(&mut self, device: DeviceIx, last_seen: Option<Timestamp>) {
        if self.takes_part(device) {
            self.forget(last_seen);
            *self.word_mut(device) &= !bit_of(device);
        }
    }

    fn word_mut(&mut self, device: DeviceIx) -> &mut u64 {
        let word = word_of(device);
        if self.members.is_empty() {
            self.words_before = word;
        }
        while word < self.words_before {
            self.members.push_front(0);
            self.words_before -= 1;
        }
        let at = word - self.words_before;
        if self.members.len() <= at {
            self.members.resize(at + 1, 0);
        }
        &mut self.members[at]
    }

    fn count(&mut self, seen: Timestamp) {
        self.known += 1;
        *self.slots.entry(seen / SLOT_MS).or_default() += 1;
    }

    fn forget(&mut self, before: Option<Timestamp>) {
        let Some(slot) = before.map(|at| at / SLOT_MS) else {
            return;
        };
        self.known -= 1;
        if let Some(count) = self.slots.get_mut(&slot) {
            *count -= 1;
            if *count == 0 {
                self.slots.remove(&slot);
            }
        }
    }

    /// How many have ever been heard of.
    #[must_use]
    pub const fn known(&self) -> u32 {
        self.known
    }

    /// How many of them have not been heard of for so long, or up to ten minutes longer.
    #[must_use]
    pub fn silent(&self, now: Timestamp, limit_ms: u64) -> u32 {
        let newest_first = self.slots.iter().rev();
        let recent = newest_first.take_while(|(slot, _)| end_of(**slot) + limit_ms > now);
        self.known - recent.map(|(_, count)| count).sum::<u32>()
    }

    /// When more than so many will have been silent for so long, if nothing is heard until then.
    #[must_use]
    pub fn silent_at(&self, allowed: u32, limit_ms: u64) -> Option<Timestamp> {
        let mut left = self.known.checked_sub(allowed).filter(|left| *left > 0)?;
        for (slot, count) in self.slots.iter().rev() {
            if *count >= left {
                return Some(end_of(*slot) + limit_ms);
            }
            left -= count;
        }
        None
    }
}

/// Whether hearing of a device again tells anything that was not known.
#[must_use]
pub fn is_news(before: Option<Timestamp>, at: Timestamp) -> bool {
    before.is_none_or(|before| before / SLOT_MS != at / SLOT_MS)
}

const fn end_of(slot: u64) -> Timestamp {
    (slot + 1) * SLOT_MS
}

const fn word_of(device: DeviceIx) -> usize {
    device as usize / 64
}

const fn bit_of(device: DeviceIx) -> u64 {
    1 << (device % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * MINUTE_MS;

    #[test]
    fn more_than_so_many_are_silent_from_the_moment_that_is_foretold() {
        let mut heard = Heard::default();
        for device in 0..10 {
            heard.add(device, Some(u64::from(device) * HOUR_MS));
        }
        heard.add(10, None);
        assert_eq!(heard.known(), 10);
        for allowed in 0..10 {
            let at = heard.silent_at(allowed, 24 * HOUR_MS).expect("it comes");
            assert!(heard.silent(at, 24 * HOUR_MS) > allowed, "{allowed}");
            assert!(heard.silent(at - 1, 24 * HOUR_MS) <= allowed, "{allowed}");
        }
        assert_eq!(heard.silent_at(10, HOUR_MS), None);
    }

    #[test]
    fn a_device_takes_part_wherever_it_stands_in_the_table() {
        let mut heard = Heard::default();
        for device in [1_000_000, 70, 1_000_200] {
            heard.add(device, None);
        }
        for device in [0, 6, 69, 71, 1_000_001, 2_000_000] {
            assert!(!heard.takes_part(device), "{device}");
        }
        heard.remove(70, None);
        assert!(
            heard.takes_part(1_000_000) && heard.takes_part(1_000_200) && !heard.takes_part(70)
        );
    }

    #[test]
    fn who_is_heard_of_is_silent_no_more_and_who_has_left_is_not_counted() {
        let mut heard = Heard::default();
        heard.add(3, Some(HOUR_MS));
        heard.add(70, None);
        heard.heard(70, None, 2 * HOUR_MS);
        heard.heard(71, None, 2 * HOUR_MS);
        assert_eq!((heard.known(), heard.silent(9 * HOUR_MS, HOUR_MS)), (2, 2));
        heard.heard(3, Some(HOUR_MS), 9 * HOUR_MS);
        assert_eq!(heard.silent(9 * HOUR_MS, HOUR_MS), 1);
        heard.remove(70, Some(2 * HOUR_MS));
        assert_eq!((heard.known(), heard.silent(9 * HOUR_MS, HOUR_MS)), (1, 0));
    }
}
