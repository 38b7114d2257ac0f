//! What reaches the task that owns the state.

use fleetfold_broker::{Ack, Identity, SessionHandle};
use fleetfold_core::{Answer, Request};
use fleetfold_schemas::rehearsal::RehearsalStatus;
use tokio::sync::{mpsc, oneshot};

use crate::{
    turn::{login::KnownDevice, reports::MadeReport, retained::RetainedPage},
    webhook,
};

/// Bursts of messages that may wait for the owner, one per connection's read. Each holds at most a receive window, so
/// this bounds memory; a full inbox stops the connections from reading.
const INBOX_BURSTS_MAX: usize = 256;

/// Where to send what the owner should see.
pub type Inbox = mpsc::Sender<Message>;

#[must_use]
pub fn channel() -> (Inbox, mpsc::Receiver<Message>) {
    mpsc::channel(INBOX_BURSTS_MAX)
}

#[derive(Debug)]
pub enum Message {
    Requests(Vec<Pending>),
    Login(LoginQuery),
    Retained(RetainedQuery),
    /// A rehearsal is over.
    Rehearsed(RehearsalStatus),
    /// The reports that were ordered together.
    Reported(Vec<MadeReport>),
    /// The webhook's worker asks.
    Webhook(webhook::Query),
    Stop,
}

/// A request and who waits for its answer.
#[derive(Debug)]
pub struct Pending {
    pub request: Request,
    pub answer_to: AnswerTo,
}

#[derive(Debug)]
pub enum AnswerTo {
    /// A PUBACK. The session is there for a hello, which admits it.
    Publisher {
        ack: Ack,
        session: Option<SessionHandle>,
    },
    Caller(oneshot::Sender<Answer>),
    /// The engine asks itself.
    Nobody,
}

/// What is on record about someone who wants to log in.
#[derive(Debug)]
pub struct LoginQuery {
    pub username: String,
    pub reply: oneshot::Sender<Option<LoginRecord>>,
}

#[derive(Debug, Clone)]
pub enum LoginRecord {
    Operator {
        role: fleetfold_core::fact::Role,
        tenants: fleetfold_schemas::operator::Tenants,
        password_hash: String,
    },
    /// An operator whose access has ended.
    Revoked,
    Device(KnownDevice),
}

/// The current values of the retained topics that a filter matches, a page at a time.
#[derive(Debug)]
pub struct RetainedQuery {
    pub who: Identity,
    pub filter: String,
    /// Where the page before ended.
    pub cursor: usize,
    pub reply: oneshot::Sender<RetainedPage>,
}
