//! Who else remembers: an operator his accepted commands, an auditor the facts that were published.

use std::{collections::BTreeMap, time::Duration};

use fleetfold::client::{Accepted, OperatorClient, SubscribeError};
use fleetfold_schemas::{DeviceId, ModelId, Topic, command::Command};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};

use crate::{Failure, devices};

/// Commands under way at once, so that a kill finds some at every stage.
const COMMANDS_AT_ONCE: usize = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// What the operator was told.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    /// Position and name of each accepted command.
    pub commands: Vec<(u64, &'static str)>,
    /// Registered devices, and where.
    pub registrations: Vec<(u64, DeviceId)>,
    /// Commands that were answered otherwise than they should.
    pub wrong_answers: Vec<String>,
}

impl Acknowledged {
    pub fn command(&mut self, accepted: &Accepted, name: &'static str) {
        self.commands.push((accepted.position, name));
    }

    /// Gives commands that register these devices.
    pub async fn register(
        &mut self,
        operator: &OperatorClient,
        ids: Vec<DeviceId>,
        commands: Vec<Command>,
    ) -> Result<(), Failure> {
        let answers = operator.commands(commands, |_| {}).await;
        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(accepted) => {
                    self.command(&accepted, "device.register");
                    self.registrations.push((accepted.position, id));
                }
                Err(error) => self
                    .wrong_answers
                    .push(format!("device.register {id}: {error}")),
            }
        }
        Ok(())
    }
}

/// Registers devices of another model, as long as it may.
pub(super) async fn command(
    operator: OperatorClient,
    mut acknowledged: Acknowledged,
    stopped: watch::Receiver<bool>,
) -> Result<Acknowledged, Failure> {
    let model = ModelId::parse("bystander")?;
    let mut count = 0;
    while !*stopped.borrow() {
        let ids = (count..count + COMMANDS_AT_ONCE)
            .map(|number| DeviceId::parse(&format!("bystander-{number}")))
            .collect::<Result<Vec<_>, _>>()?;
        count += COMMANDS_AT_ONCE;
        let commands = ids
            .iter()
            .map(|id| devices::with_token(id, &model, id.as_str()));
        let commands = commands.collect();
        acknowledged.register(&operator, ids, commands).await?;
        sleep(PAUSE).await;
    }
    Ok(acknowledged)
}

/// Facts as they were published, by position. An auditor who was away misses some; what he has seen is for ever.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub facts: BTreeMap<u64, Value>,
    /// Positions at which two different facts were published.
    pub contradictions: Vec<u64>,
}

pub(super) async fn audit(
    operator: OperatorClient,
    mut stopped: watch::Receiver<bool>,
) -> Result<Published, Failure> {
    let mut published = Published::default();
    while !*stopped.borrow() {
        let mut facts = operator.subscribe(Topic::LogFacts.to_string()).await?;
        loop {
            let message = tokio::select! {
                message = facts.next() => message,
                // Fails only when the test is over.
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(published),
            };
            match message {
                Ok(message) => published.add(serde_json::from_slice(&message.payload)?),
                Err(SubscribeError::Lagged { .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(published)
}

impl Published {
    fn add(&mut self, fact: Value) {
        let position = fact["position"].as_u64().unwrap_or(0);
        let before = self.facts.insert(position, fact.clone());
        if before.is_some_and(|before| before != fact) {
            self.contradictions.push(position);
        }
    }
}
