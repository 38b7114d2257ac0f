//! Answers to commands, kept so that a repeated command is answered, not repeated.

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
};

use fleetfold_schemas::{
    CommandId, OperatorId,
    campaign::{DAY_MS, MINUTE_MS},
};
use minicbor::{Decode, Encode};

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

#[derive(Debug, Clone, Default)]
pub struct Commands {
    answers: BTreeMap<(OperatorId, CommandId), Answered>,
    oldest_first: VecDeque<(Timestamp, OperatorId, CommandId)>,
}

impl Commands {
    #[must_use]
    pub fn answer(&self, operator: &OperatorId, id: &CommandId) -> Option<&Answered> {
        self.answers.get(&(operator.clone(), id.clone()))
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.oldest_first.len()).expect("a week's commands are counted by u32")
    }

    /// All answers there are, in the order in which they were given.
    pub(crate) fn oldest_first(
        &self,
    ) -> impl Iterator<Item = (Timestamp, &OperatorId, &CommandId, &Answered)> {
        self.oldest_first.iter().map(|(at, operator, id)| {
            let answer = &self.answers[&(operator.clone(), id.clone())];
            (*at, operator, id, answer)
        })
    }

    pub(crate) fn remember(
        &mut self,
        at: Timestamp,
        operator: &OperatorId,
        id: &CommandId,
        answer: Answered,
    ) {
        while let Some((_, operator, id)) = self
            .oldest_first
            .pop_front_if(|(then, _, _)| *then + ANSWERS_KEPT_MS + CLOCK_SKEW_MAX_MS < at)
        {
            self.answers.remove(&(operator, id));
        }
        self.restore(at, operator, id, answer);
    }

    /// As [`Commands::remember`], and forgets nothing.
    pub(crate) fn restore(
        &mut self,
        at: Timestamp,
        operator: &OperatorId,
        id: &CommandId,
        answer: Answered,
    ) {
        let key = (operator.clone(), id.clone());
        if self.answers.insert(key, answer).is_none() {
            self.oldest_first
                .push_back((at, operator.clone(), id.clone()));
        }
    }
}
