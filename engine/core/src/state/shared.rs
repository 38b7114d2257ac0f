//! Values that many rows share, kept once and found by number.
//!
//! A value stays as long as a row uses it; its number is then given to another. So numbers depend on history and mean
//! nothing outside: a snapshot numbers values anew, in the order of the rows.

use alloc::{collections::BTreeSet, format, vec::Vec};
use core::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash},
    num::NonZeroU32,
};

use hashbrown::{HashTable, hash_table::Entry};
use rustc_hash::FxBuildHasher;

/// Names a value in its table. Not zero, so that no value takes no room.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number(NonZeroU32);

/// Which number it is depends on history.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl Number {
    fn of(at: usize) -> Self {
        let number = u32::try_from(at + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("values are numbered by u32"))
    }

    /// Its place among the numbers of the table, from 0.
    pub const fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The hash function is fixed and the order of the hash table is never looked at, so replay is exact.
#[derive(Clone)]
pub struct Shared<T> {
    slots: Vec<Slot<T>>,
    free: Vec<Number>,
    numbers: HashTable<Number>,
}

#[derive(Debug, Clone)]
struct Slot<T> {
    /// `None` while the slot is free.
    value: Option<T>,
    uses: u32,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            numbers: HashTable::new(),
        }
    }
}

impl<T: Hash + Eq> Shared<T> {
    /// One past the highest number there is.
    pub fn end(&self) -> usize {
        self.slots.len()
    }

    /// The values in use, and by how many; in no order that means anything.
    pub fn uses(&self) -> impl Iterator<Item = (&T, u32)> {
        let slots = self.slots.iter();
        slots.filter_map(|slot| Some((slot.value.as_ref()?, slot.uses)))
    }

    pub fn get(&self, number: Number) -> &T {
        value(&self.slots, number)
    }

    pub fn find<Q: Hash + Eq + ?Sized>(&self, wanted: &Q) -> Option<Number>
    where
        T: Borrow<Q>,
    {
        let is_it = |number: &Number| *wanted == *value(&self.slots, *number).borrow();
        self.numbers.find(hash(wanted), is_it).copied()
    }

    /// Uses a value once more; `own` makes it if there is none like it yet.
    pub fn take<Q: Hash + Eq + ?Sized>(&mut self, wanted: &Q, own: impl FnOnce(&Q) -> T) -> Number
    where
        T: Borrow<Q>,
    {
        let slots = &self.slots;
        let entry = self.numbers.entry(
            hash(wanted),
            |number| *wanted == *value(slots, *number).borrow(),
            |number| hash(value(slots, *number)),
        );
        match entry {
            Entry::Occupied(entry) => {
                let number = *entry.get();
                self.slots[number.at()].uses += 1;
                number
            }
            Entry::Vacant(entry) => {
                let number = match self.free.pop() {
                    Some(number) => number,
                    None => Number::of(self.slots.len()),
                };
                entry.insert(number);
                let slot = Slot {
                    value: Some(own(wanted)),
                    uses: 1,
                };
                match self.slots.get_mut(number.at()) {
                    Some(free) => *free = slot,
                    None => self.slots.push(slot),
                }
                number
            }
        }
    }

    /// Uses once more what is used already.
    pub fn share(&mut self, number: Number) {
        self.slots[number.at()].uses += 1;
    }

    /// Uses a value once less, and forgets it with its last use.
    pub fn release(&mut self, number: Number) {
        let slot = &mut self.slots[number.at()];
        slot.uses -= 1;
        if slot.uses > 0 {
            return;
        }
        let hash = hash(value(&self.slots, number));
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        self.slots[number.at()].value = None;
        self.free.push(number);
    }

    /// Has `place` use `wanted` instead of what it used.
    pub fn replace<Q: Hash + Eq + ?Sized>(
        &mut self,
        place: &mut Option<Number>,
        wanted: Option<&Q>,
        own: impl FnOnce(&Q) -> T,
    ) where
        T: Borrow<Q>,
    {
        // Most often it is the same.
        if let (Some(number), Some(wanted)) = (*place, wanted)
            && *wanted == *self.get(number).borrow()
        {
            return;
        }
        if let Some(number) = place.take() {
            self.release(number);
        }
        *place = wanted.map(|wanted| self.take(wanted, own));
    }
}

impl<T: Hash + Eq + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.uses().map(|used| format!("{used:?}"));
        f.debug_set()
            .entries(used.collect::<BTreeSet<_>>())
            .finish()
    }
}

fn value<T>(slots: &[Slot<T>], number: Number) -> &T {
    let value = slots[number.at()].value.as_ref();
    value.expect("a number in use names a value")
}

fn hash<Q: Hash + ?Sized>(value: &Q) -> u64 {
    FxBuildHasher.hash_one(value)
}

#[cfg(test)]
mod tests {
    use alloc::{
        borrow::ToOwned,
        string::{String, ToString},
    };

    use super::*;

    #[test]
    fn equal_values_are_kept_once_and_forgotten_with_their_last_use() {
        let mut shared = Shared::<String>::default();
        let eu = shared.take("eu", str::to_owned);
        assert_eq!(shared.take("eu", |_| unreachable!()), eu);
        let us = shared.take("us", str::to_owned);
        shared.release(eu);
        assert_eq!(shared.get(eu), "eu");
        shared.release(eu);
        assert_eq!(shared.find("eu"), None);
        let asia = shared.take("asia", str::to_owned);
        assert_eq!((asia, shared.end()), (eu, 2), "the slot is used again");
        assert_eq!(shared.find("us"), Some(us));
    }

    #[test]
    fn a_place_that_changes_lets_go_of_what_it_used() {
        let mut shared = Shared::<String>::default();
        let mut place = None;
        for round in 0..100 {
            shared.replace(&mut place, Some(round.to_string().as_str()), str::to_owned);
        }
        assert_eq!(shared.get(place.unwrap()), "99");
        assert_eq!(shared.end(), 1);
        shared.replace(&mut place, None::<&str>, str::to_owned);
        assert_eq!((place, shared.find("99")), (None, None));
    }
}
