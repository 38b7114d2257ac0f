//! Commands: each has exactly one outcome on record, and a reply says that outcome.

use std::collections::BTreeMap;

use fleetfold_core::Fact;
use fleetfold_schemas::{
    CommandId, OperatorId,
    command::{CommandMessage, Outcome, Reply},
};

use super::{Book, Checked, breach, demand};
use crate::sim::world::Sim;

#[derive(Debug, Default)]
pub struct Commands {
    outcomes: BTreeMap<(OperatorId, CommandId), Recorded>,
    /// Outcomes of commands without an id, by operator.
    anonymous: BTreeMap<OperatorId, u64>,
    /// Acknowledgements of such commands that have been seen.
    anonymous_acknowledged: BTreeMap<OperatorId, u64>,
    pub accepted: u64,
    pub refused: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Recorded {
    Accepted(u64),
    Refused(String),
}

impl Commands {
    pub(super) fn count(&mut self, position: u64, fact: &Fact) -> Checked {
        let (operator, id, outcome) = match fact {
            Fact::CommandAccepted(fact) => {
                self.accepted += 1;
                (&fact.operator, &fact.id, Recorded::Accepted(position))
            }
            Fact::CommandRefused(fact) => {
                self.refused += 1;
                let refused = Recorded::Refused(fact.code.clone());
                (&fact.operator, &fact.id, refused)
            }
            _ => return Ok(()),
        };
        let Some(id) = id else {
            *self.anonymous.entry(operator.clone()).or_default() += 1;
            return Ok(());
        };
        let key = (operator.clone(), id.clone());
        demand(
            !self.outcomes.contains_key(&key),
            "a command has exactly one recorded outcome",
            || {
                let before = &self.outcomes[&key];
                format!("{operator} {id}: {outcome:?} after {before:?}")
            },
        )?;
        self.outcomes.insert(key, outcome);
        Ok(())
    }

    fn acknowledged(&mut self, operator: &OperatorId, id: Option<CommandId>) -> Checked {
        const RULE: &str = "an acknowledged command has an outcome on record";
        let Some(id) = id else {
            let seen = self
                .anonymous_acknowledged
                .entry(operator.clone())
                .or_default();
            *seen += 1;
            let recorded = self.anonymous.get(operator).copied().unwrap_or(0);
            return demand(*seen <= recorded, RULE, || {
                format!("{operator}: {seen} acknowledged, {recorded} recorded")
            });
        };
        let key = (operator.clone(), id);
        demand(self.outcomes.contains_key(&key), RULE, || {
            format!("{operator} {}", key.1)
        })
    }
}

impl Book {
    pub(super) fn check_reply(&self, operator: &OperatorId, reply: &Reply) -> Checked {
        const RULE: &str = "a reply says what is on record";
        match &reply.outcome {
            Outcome::Accepted { position, .. } => {
                let Some(Fact::CommandAccepted(fact)) = self.fact_at(*position) else {
                    return breach(RULE, format!("{reply:?}"));
                };
                demand(
                    fact.operator == *operator && fact.id == reply.id,
                    RULE,
                    || format!("{reply:?} but {fact:?}"),
                )
            }
            Outcome::Rejected { code, .. } => {
                let Some(id) = &reply.id else {
                    return Ok(());
                };
                let key = (operator.clone(), id.clone());
                let recorded = self.commands.outcomes.get(&key);
                demand(
                    recorded == Some(&Recorded::Refused(code.clone())),
                    RULE,
                    || format!("{reply:?} but {recorded:?}"),
                )
            }
        }
    }
}

impl Sim {
    /// An operator has the PUBACK of a command.
    pub fn check_command_acknowledged(&mut self, operator: &OperatorId, payload: &[u8]) {
        let id = match CommandMessage::decode(payload) {
            Ok(message) => message.id,
            Err(unreadable) => unreadable.id,
        };
        let checked = self.book.commands.acknowledged(operator, id);
        self.judge(checked);
    }
}
