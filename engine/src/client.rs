//! An operator's MQTT client: commands with their answers, uploads, and what the engine publishes.
//!
//! It does nothing that `mosquitto_pub` and `mosquitto_sub` could not do. What it adds is patience: a command is repeated
//! under its own id until its answer arrives, a piece of an upload until its PUBACK does, and subscriptions are renewed,
//! over as many connections as that takes. MQTT 5.0, because its reason codes say why something was refused.

mod connect;
mod driver;
mod error;
mod subscription;
mod upload;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use fleetfold_schemas::{
    code::Code,
    command::{Command, CommandMessage},
    id::{CommandId, OperatorId},
    topic::{OperatorTopic, Topic},
};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time::timeout,
};

pub use connect::{BrokerAddress, ConnectOptions};
use driver::{Driver, Outgoing, Request, Waiting};
pub use error::{CommandError, ConnectError, LoginRefusal, SubscribeError, UploadError};
pub use subscription::{Message, Subscription, SubscriptionEnd};
pub use upload::UPLOAD_PIECE_BYTES;

/// Messages on their way or waiting for an answer: ten times what the broker acknowledges at once, so that neither side
/// ever waits for the other, and a bound on what a lost connection makes us repeat.
const OUTSTANDING_MAX: usize = 1_000;
/// The engine's words follow a PUBACK that refuses, if the refusal is the engine's.
const WORDS_WAIT: Duration = Duration::from_millis(500);

/// A connection that renews itself. Clones share it; it is closed with the last of them.
#[derive(Clone)]
pub struct OperatorClient {
    operator: OperatorId,
    requests: mpsc::UnboundedSender<Request>,
    places: Arc<Semaphore>,
    /// One upload at a time: its refusals name no upload.
    uploading: Arc<Mutex<()>>,
    connected: watch::Receiver<bool>,
    reply_timeout: Duration,
}

/// The engine has recorded the command and will act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Where in the log.
    pub position: u64,
    /// The answer to a question, or what else there is to know.
    pub result: Option<serde_json::Value>,
}

/// A command that is on its way.
struct Pending {
    answer: oneshot::Receiver<Result<Accepted, CommandError>>,
    refused: oneshot::Receiver<Refused>,
    /// Its place among the outstanding.
    _place: OwnedSemaphorePermit,
}

impl OperatorClient {
    /// Logs in and subscribes to the operator's replies. A first connection that fails is not tried again.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let (requests, received) = mpsc::unbounded_channel();
        let (is_connected, connected) = watch::channel(false);
        let (ready, outcome) = oneshot::channel();
        let operator = options.operator.clone();
        let reply_timeout = options.reply_timeout;
        let driver = Driver::new(options, received, is_connected, ready)?;
        tokio::spawn(driver.run());
        outcome.await.unwrap_or(Err(ConnectError::Closed))?;
        Ok(Self {
            operator,
            requests,
            places: Arc::new(Semaphore::new(OUTSTANDING_MAX)),
            uploading: Arc::default(),
            connected,
            reply_timeout,
        })
    }

    #[must_use]
    pub const fn operator(&self) -> &OperatorId {
        &self.operator
    }

    /// Whether there is a connection just now, for those who want to show it.
    #[must_use]
    pub fn connected(&self) -> watch::Receiver<bool> {
        let mut connected = self.connected.clone();
        // What was before the caller asked is no change.
        connected.mark_unchanged();
        connected
    }

    /// Gives one command and waits for its answer.
    ///
    /// `expected_version` makes it fail if the campaign has changed since that version of its status.
    pub async fn command(
        &self,
        command: Command,
        expected_version: Option<u64>,
    ) -> Result<Accepted, CommandError> {
        let pending = self.send(command, expected_version).await?;
        self.answer(pending).await
    }

    /// Gives many commands, without waiting for one answer before the next command; the answers are in the same order.
    ///
    /// `answered` is told after each answer how many there are.
    pub async fn commands(
        &self,
        commands: impl IntoIterator<Item = Command>,
        mut answered: impl FnMut(usize),
    ) -> Vec<Result<Accepted, CommandError>> {
        let mut answers = Vec::new();
        let mut pending = VecDeque::new();
        for command in commands {
            // Half of the places, so that others get through meanwhile.
            if pending.len() >= OUTSTANDING_MAX / 2
                && let Some(oldest) = pending.pop_front()
            {
                answers.push(self.settle(oldest).await);
                answered(answers.len());
            }
            pending.push_back(self.send(command, None).await);
        }
        for oldest in pending {
            answers.push(self.settle(oldest).await);
            answered(answers.len());
        }
        answers
    }

    /// Ends the connection in good form; waits until that is said.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.requests.send(Request::Close(done)).is_ok() {
            // An error means that the connection has gone already.
            let _ = closed.await;
        }
    }

    async fn settle(&self, sent: Result<Pending, CommandError>) -> Result<Accepted, CommandError> {
        self.answer(sent?).await
    }

    async fn send(
        &self,
        command: Command,
        expected_version: Option<u64>,
    ) -> Result<Pending, CommandError> {
        let id = new_command_id()?;
        let message = CommandMessage {
            id: Some(id.clone()),
            expected_version,
            command,
        };
        let topic = Topic::Operator(self.operator.clone(), OperatorTopic::Command);
        let (sender, answer) = oneshot::channel();
        let (to, refused) = oneshot::channel();
        let place = self.place().await;
        let outgoing = Outgoing {
            topic: topic.to_string(),
            payload: message.encode().into(),
            waiting: Waiting::Reply {
                id,
                sender,
                refused: Some(to),
            },
        };
        self.requests
            .send(Request::Publish(outgoing))
            .map_err(|_| CommandError::Closed)?;
        Ok(Pending {
            answer,
            refused,
            _place: place,
        })
    }

    async fn answer(&self, mut pending: Pending) -> Result<Accepted, CommandError> {
        let answered = async {
            let refused = tokio::select! {
                biased;
                answer = &mut pending.answer => return answer.unwrap_or(Err(CommandError::Closed)),
                Ok(refused) = &mut pending.refused => refused,
            };
            match timeout(WORDS_WAIT, &mut pending.answer).await {
                Ok(answer) => answer.unwrap_or(Err(CommandError::Closed)),
                Err(_) => Err(CommandError::Rejected(refused)),
            }
        };
        match timeout(self.reply_timeout, answered).await {
            Ok(answer) => answer,
            Err(_) => Err(CommandError::NoReply {
                after: self.reply_timeout,
            }),
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }
}

impl std::fmt::Debug for OperatorClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperatorClient")
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

/// A ULID: unique, and its age can be told.
fn new_command_id() -> Result<CommandId, CommandError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(CommandError::Randomness)?;
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let id = ulid::Ulid::from_parts(now_ms, u128::from_le_bytes(random));
    Ok(CommandId::parse(&id.to_string()).expect("a ULID has digits and letters only"))
}

/// What the engine or the broker says when it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// One of [`Code`], or of the broker's own.
    pub code: String,
    pub message: String,
}

impl Refused {
    #[must_use]
    pub fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }
}
