//! Answers to commands, kept so that a repeated command is answered, not repeated.

use alloc::{boxed::Box, collections::VecDeque, string::String};
use core::{fmt, hash::BuildHasher};

use fleetfold_schemas::{
    CommandId, OperatorId,
    campaign::{DAY_MS, MINUTE_MS},
    id::IdError,
};
use hashbrown::{HashTable, hash_table};
use minicbor::{Decode, Encode};
use rustc_hash::FxBuildHasher;
use ulid::{ULID_LEN, Ulid};

use super::shared::{Number, Shared};
use crate::Timestamp;

/// How long an answer is kept. A command whose id says it is older is refused as stale, so that forgetting an answer can
/// never repeat a command.
pub const ANSWERS_KEPT_MS: u64 = 7 * DAY_MS;
/// How far ahead of ours an operator's clock may be: NTP keeps a second, people who set clocks by hand a few minutes.
/// Answers are kept for so much longer, as their ids look so much younger.
pub const CLOCK_SKEW_MAX_MS: u64 = 5 * MINUTE_MS;

/// The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answered {
    #[n(0)]
    Accepted {
        #[n(0)]
        position: u64,
    },
    #[n(1)]
    Refused {
        #[n(0)]
        code: String,
        #[n(1)]
        message: String,
    },
}

/// A fleet is registered with a command for each device, so a week's answers may be millions.
#[derive(Clone, Default)]
pub struct Commands {
    operators: Shared<OperatorId>,
    oldest_first: VecDeque<Entry>,
    /// How many entries have been forgotten; wraps around.
    forgotten: u32,
    /// Each entry's place among all there ever were, wrapped around.
    places: HashTable<u32>,
}

#[derive(Debug, Clone)]
struct Entry {
    at: Timestamp,
    operator: Number,
    id: Id,
    kept: Kept,
}

/// A command's id, of which almost all are ULIDs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerId(Id);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Id {
    /// In the spelling that a ULID has by itself.
    Ulid([u8; 16]),
    Text(CommandId),
}

/// [`Answered`], of which almost all are acceptances.
#[derive(Debug, Clone)]
enum Kept {
    Accepted { position: u64 },
    Refused(Box<(String, String)>),
}

impl AnswerId {
    /// Reads what a [`CommandId`] is; a ULID needs no memory of its own.
    pub(crate) fn parse(text: &str) -> Result<Self, IdError> {
        match Id::ulid(text) {
            Some(ulid) => Ok(Self(ulid)),
            None => CommandId::parse(text).map(|id| Self(Id::Text(id))),
        }
    }
}

impl Id {
    fn of(id: &CommandId) -> Self {
        Self::ulid(id.as_str()).unwrap_or_else(|| Self::Text(id.clone()))
    }

    fn ulid(text: &str) -> Option<Self> {
        let ulid = Ulid::from_string(text).ok()?;
        let is_spelt_so = *ulid.array_to_str(&mut [0; ULID_LEN]) == *text;
        is_spelt_so.then(|| Self::Ulid(ulid.to_bytes()))
    }

    fn text(&self) -> CommandId {
        match self {
            Self::Ulid(bytes) => {
                CommandId::parse(Ulid::from_bytes(*bytes).array_to_str(&mut [0; ULID_LEN]))
                    .expect("a ULID consists of letters and digits")
            }
            Self::Text(id) => id.clone(),
        }
    }
}

impl Kept {
    fn of(answer: Answered) -> Self {
        match answer {
            Answered::Accepted { position } => Self::Accepted { position },
            Answered::Refused { code, message } => Self::Refused(Box::new((code, message))),
        }
    }

    fn answer(&self) -> Answered {
        match self {
            Self::Accepted { position } => Answered::Accepted {
                position: *position,
            },
            Self::Refused(refusal) => {
                let (code, message) = (**refusal).clone();
                Answered::Refused { code, message }
            }
        }
    }
}

impl Commands {
    #[must_use]
    pub fn answer(&self, operator: &OperatorId, id: &CommandId) -> Option<Answered> {
        let (operator, id) = (self.operators.find(operator)?, Id::of(id));
        let entry = |place: &u32| &self.oldest_first[index(*place, self.forgotten)];
        let is_it = |place: &u32| entry(place).operator == operator && entry(place).id == id;
        let place = self.places.find(hash(operator, &id), is_it)?;
        Some(entry(place).kept.answer())
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.oldest_first.len()).expect("a week's commands are counted by u32")
    }

    /// All answers there are, in the order in which they were given.
    pub(crate) fn oldest_first(
        &self,
    ) -> impl Iterator<Item = (Timestamp, &OperatorId, CommandId, Answered)> {
        self.oldest_first.iter().map(|entry| {
            let operator = self.operators.get(entry.operator);
            (entry.at, operator, entry.id.text(), entry.kept.answer())
        })
    }

    pub(crate) fn remember(
        &mut self,
        at: Timestamp,
        operator: &OperatorId,
        id: &CommandId,
        answer: Answered,
    ) {
        while self
            .oldest_first
            .front()
            .is_some_and(|oldest| oldest.at + ANSWERS_KEPT_MS + CLOCK_SKEW_MAX_MS < at)
        {
            self.forget_oldest();
        }
        // What was answered is not decided again, so a log has it once; should it be there twice, the first one stands.
        self.restore(at, operator, AnswerId(Id::of(id)), answer);
    }

    /// Adds an answer and forgets nothing. Says whether it could: there may be one.
    pub(crate) fn restore(
        &mut self,
        at: Timestamp,
        operator: &OperatorId,
        AnswerId(id): AnswerId,
        answer: Answered,
    ) -> bool {
        let place = self.forgotten.wrapping_add(self.len());
        let operator = self.operators.take(operator, OperatorId::clone);
        let (entries, forgotten) = (&self.oldest_first, self.forgotten);
        let entry = |place: &u32| &entries[index(*place, forgotten)];
        let is_it = |place: &u32| entry(place).operator == operator && entry(place).id == id;
        let hash_of = |place: &u32| hash(entry(place).operator, &entry(place).id);
        match self.places.entry(hash(operator, &id), is_it, hash_of) {
            hash_table::Entry::Occupied(_) => {
                self.operators.release(operator);
                return false;
            }
            hash_table::Entry::Vacant(vacant) => vacant.insert(place),
        };
        self.oldest_first.push_back(Entry {
            at,
            operator,
            id,
            kept: Kept::of(answer),
        });
        true
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.oldest_first.front() else {
            return;
        };
        let first = self.forgotten;
        let hash = hash(oldest.operator, &oldest.id);
        if let Ok(entry) = self.places.find_entry(hash, |place| *place == first) {
            entry.remove();
        }
        self.operators.release(oldest.operator);
        self.oldest_first.pop_front();
        self.forgotten = self.forgotten.wrapping_add(1);
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.oldest_first()).finish()
    }
}

fn index(place: u32, forgotten: u32) -> usize {
    place.wrapping_sub(forgotten) as usize
}

fn hash(operator: Number, id: &Id) -> u64 {
    FxBuildHasher.hash_one((operator.at(), id))
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    fn accepted(position: u64) -> Answered {
        Answered::Accepted { position }
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_no_longer() {
        let operators = ["ann", "bob"].map(|name| OperatorId::parse(name).unwrap());
        let ids = |number: u64| {
            let ulid = Ulid::from_parts(number, number.into()).to_string();
            // A ULID, the same in small letters, which is another id, and what is none.
            [ulid.clone(), ulid.to_lowercase(), format!("own-{number}")]
                .map(|id| CommandId::parse(&id).unwrap())
        };
        let mut commands = Commands::default();
        let day = |number: u64| number * DAY_MS;
        let mut position = 0;
        for number in 0..30 {
            for operator in &operators {
                for id in ids(number) {
                    position += 1;
                    commands.remember(day(number), operator, &id, accepted(position));
                }
            }
        }
        // The answers of seven days and today are kept.
        assert_eq!(commands.len(), 8 * 6);
        let mut position = 0;
        for number in 0..30 {
            for operator in &operators {
                for id in ids(number) {
                    position += 1;
                    let kept = (number >= 22).then(|| accepted(position));
                    assert_eq!(commands.answer(operator, &id), kept, "day {number}: {id}");
                }
            }
        }
        assert_eq!(commands.answer(&"eve".parse().unwrap(), &ids(29)[0]), None);
    }
}
