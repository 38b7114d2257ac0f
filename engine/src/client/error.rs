//! What can go wrong, one variant for each thing that an operator would do something different about.

use std::time::Duration;

use super::Refused;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{broker:?} is not the address of a broker: {problem}")]
    Address {
        broker: String,
        problem: &'static str,
    },
    #[error("nothing answers at {broker}")]
    Unreachable {
        broker: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{broker} did not answer within {after:?}")]
    Timeout { broker: String, after: Duration },
    #[error("the broker at {broker} refused the login of {operator}: {refusal}")]
    Refused {
        broker: String,
        operator: String,
        refusal: LoginRefusal,
    },
    #[error("what answers at {broker} does not speak MQTT 5.0 as we do")]
    Protocol {
        broker: String,
        #[source]
        source: Box<rumqttc::v5::ConnectionError>,
    },
    #[error("{operator} may not read its own replies at {broker}: {reason}")]
    RepliesRefused {
        broker: String,
        operator: String,
        reason: String,
    },
    #[error("the client was closed")]
    Closed,
}

/// The broker's reason for refusing a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    #[error("wrong name or password")]
    BadCredentials,
    #[error("this operator may not connect")]
    NotAuthorized,
    #[error("it has too much to do or is starting; try again")]
    Busy,
    /// As MQTT calls it.
    #[error("{0}")]
    Other(String),
}

/// Why a command has no success.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    #[error("{}: {}", .0.code, .0.message)]
    Rejected(Refused),
    #[error(
        "no answer within {after:?}; whether the command was carried out is not known, its object's status tells"
    )]
    NoReply { after: Duration },
    /// A later connection was refused, so no answer can come.
    #[error("the connection was lost and the broker does not let us in again: {0}")]
    LoggedOut(LoginRefusal),
    #[error("the client was closed before the answer came")]
    Closed,
    #[error("the system gives no random numbers")]
    Randomness(#[source] getrandom::Error),
}

/// Why an upload did not come through.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UploadError {
    #[error("{}: {}", .0.code, .0.message)]
    Rejected(Refused),
    #[error(
        "nothing was acknowledged for {after:?}; a repeated upload goes on where this one stopped"
    )]
    NoAnswer { after: Duration },
    #[error("the connection was lost and the broker does not let us in again: {0}")]
    LoggedOut(LoginRefusal),
    #[error("the client was closed during the upload")]
    Closed,
}

/// Why there is no subscription.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    #[error("may not subscribe to {filter}: {reason}")]
    Refused { filter: String, reason: String },
    #[error("no answer to the subscription of {filter} within {after:?}")]
    NoAnswer { filter: String, after: Duration },
    #[error("the connection was lost and the broker does not let us in again: {0}")]
    LoggedOut(LoginRefusal),
    #[error("more came on {filter} than was read")]
    Lagged { filter: String },
    #[error("the client was closed")]
    Closed,
}

impl CommandError {
    /// The stable code of a rejection.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Rejected(refused) => Some(&refused.code),
            Self::NoReply { .. } | Self::LoggedOut(_) | Self::Closed | Self::Randomness(_) => None,
        }
    }
}
