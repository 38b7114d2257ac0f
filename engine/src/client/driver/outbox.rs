//! What must arrive, over as many connections as that takes.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use fleetfold_schemas::{command::Outcome, id::CommandId};
use tokio::sync::oneshot;

use crate::client::{
    Accepted, Refused,
    error::{CommandError, UploadError},
};

/// A message to be repeated until what it waits for has come.
#[derive(Debug)]
pub(in crate::client) struct Outgoing {
    pub(in crate::client) topic: String,
    pub(in crate::client) payload: Bytes,
    pub(in crate::client) waiting: Waiting,
}

#[derive(Debug)]
pub(in crate::client) enum Waiting {
    /// For its PUBACK.
    Acknowledgement(oneshot::Sender<Result<(), UploadError>>),
    /// For the answer to the command with this id. Its PUBACK says only that it is recorded.
    Reply {
        id: CommandId,
        sender: oneshot::Sender<Result<Accepted, CommandError>>,
        /// Told when the PUBACK is a refusal. The engine's answer follows it, the broker's own refusals stand alone.
        refused: Option<oneshot::Sender<Refused>>,
    },
}

/// Twice what can be waited for at once: then it is time to look for what nobody waits for any more.
const PRUNED_AT: usize = 2 * crate::client::OUTSTANDING_MAX;

impl Waiting {
    /// Whoever waited has lost patience.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Acknowledgement(sender) => sender.is_closed(),
            Self::Reply { sender, .. } => sender.is_closed(),
        }
    }
}

/// In the order in which it was given to us.
#[derive(Default)]
pub(super) struct Outbox {
    next: u64,
    messages: BTreeMap<u64, Outgoing>,
    by_command: HashMap<CommandId, u64>,
}

impl Outbox {
    pub(super) fn add(&mut self, outgoing: Outgoing) -> u64 {
        if self.messages.len() >= PRUNED_AT {
            self.messages
                .retain(|_, outgoing| !outgoing.waiting.is_abandoned());
            let messages = &self.messages;
            self.by_command
                .retain(|_, number| messages.contains_key(number));
        }
        let number = self.next;
        self.next += 1;
        if let Waiting::Reply { id, .. } = &outgoing.waiting {
            self.by_command.insert(id.clone(), number);
        }
        self.messages.insert(number, outgoing);
        number
    }

    /// What is still to be said, in order.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.messages.keys().copied().collect()
    }

    /// `None` if it is done, or nobody waits for it any more.
    pub(super) fn get(&mut self, number: u64) -> Option<(&str, Bytes)> {
        if self.messages.get(&number)?.waiting.is_abandoned() {
            self.remove(number);
            return None;
        }
        let outgoing = self.messages.get(&number)?;
        Some((&outgoing.topic, outgoing.payload.clone()))
    }

    fn remove(&mut self, number: u64) -> Option<Waiting> {
        let waiting = self.messages.remove(&number)?.waiting;
        if let Waiting::Reply { id, .. } = &waiting {
            self.by_command.remove(id);
        }
        Some(waiting)
    }

    /// Its PUBACK has come, with what the broker says against it.
    pub(super) fn acknowledged(&mut self, number: u64, refusal: Option<Refused>) {
        // A command may have been answered before it was acknowledged.
        match self
            .messages
            .get_mut(&number)
            .map(|outgoing| &mut outgoing.waiting)
        {
            Some(Waiting::Acknowledgement(_)) => {
                if let Some(Waiting::Acknowledgement(sender)) = self.remove(number) {
                    let done = refusal.map_or(Ok(()), |why| Err(UploadError::Rejected(why)));
                    // Whoever waited may have lost patience.
                    let _ = sender.send(done);
                }
            }
            Some(Waiting::Reply { refused, .. }) => {
                if let (Some(refused), Some(why)) = (refused.take(), refusal) {
                    let _ = refused.send(why);
                }
            }
            None => {}
        }
    }

    /// The answer to a command has come; that of another client's is not ours.
    pub(super) fn answered(&mut self, id: &CommandId, outcome: Outcome) {
        let Some(number) = self.by_command.get(id).copied() else {
            return;
        };
        let answer = match outcome {
            Outcome::Accepted { position, result } => Ok(Accepted { position, result }),
            Outcome::Rejected { code, message } => {
                Err(CommandError::Rejected(Refused { code, message }))
            }
        };
        if let Some(Waiting::Reply { sender, .. }) = self.remove(number) {
            let _ = sender.send(answer);
        }
    }

    /// Nothing of it will be said any more.
    pub(super) fn fail(&mut self, command: &CommandError, upload: &UploadError) {
        self.by_command.clear();
        for outgoing in std::mem::take(&mut self.messages).into_values() {
            let _ = match outgoing.waiting {
                Waiting::Acknowledgement(sender) => sender.send(Err(upload.clone())).is_ok(),
                Waiting::Reply { sender, .. } => sender.send(Err(command.clone())).is_ok(),
            };
        }
    }
}
