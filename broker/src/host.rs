//! What the broker asks of the program around it: who is this, take this, what is the value now.
//!
//! The broker stores no message. What arrives goes to the host, in order, and is acknowledged when the host says so;
//! retained values are the host's state, asked for at every SUBSCRIBE.

use std::{future::Future, net::SocketAddr};

use bytes::Bytes;
use fleetfold_schemas::{
    id::{DeviceId, OperatorId},
    operator::Tenants,
    topic::Topic,
};

use crate::{ack::Ack, refusal::Refusal, retained::RetainedSink, session::SessionHandle};

/// The program whose messages this broker carries.
pub trait Host: Send + Sync + 'static {
    /// Checks a login. Called once per connection, before anything else is read from it.
    fn authenticate(
        &self,
        login: Login,
    ) -> impl Future<Output = Result<Identity, LoginRefused>> + Send;

    /// Takes messages of one session, in the order they came.
    ///
    /// Until this returns, no more is read from that socket: it is how a busy host slows its clients down. The future is
    /// dropped when the session ends meanwhile; what was not acknowledged by then, the client repeats.
    fn receive(&self, batch: Vec<Received>) -> impl Future<Output = ()> + Send;

    /// Gives the sink the current value of every retained topic that the filter matches.
    ///
    /// It must read state that already contains everything the host has published before. Values given after a newer one
    /// was published meanwhile are dropped by the sink, so no order need be kept. Presence is not asked for: the broker
    /// keeps it. Of devices and campaigns, an operator of tenants is to be given those of its own: only the host knows whose
    /// they are.
    fn retained(
        &self,
        who: &Identity,
        filter: &str,
        sink: RetainedSink,
    ) -> impl Future<Output = ()> + Send;

    /// Learns of a publish that was refused before it became a message, so that it can tell a 3.1.1 device on its `ack`
    /// topic. Must not block.
    fn refused(&self, who: &Identity, refusal: Refusal) {
        let _ = (who, refusal);
    }
}

/// What a client claims to be.
#[derive(Clone)]
pub struct Login {
    /// Empty when an operator's client leaves the choice to us.
    pub client_id: String,
    /// Empty when there was none.
    pub username: String,
    pub password: Vec<u8>,
    pub peer: SocketAddr,
}

impl std::fmt::Debug for Login {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// Whom the host recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    Device {
        id: DeviceId,
        /// The counter of the token it logged in with; its hello carries it into the log.
        login_counter: Option<u64>,
    },
    Operator {
        id: OperatorId,
        role: Role,
        /// Whose devices and campaigns it may see.
        tenants: Tenants,
    },
}

/// Whether a message is for the operators of some tenants. Asked only while there is one who would get it.
pub type Concerns<'a> = &'a dyn Fn(&Tenants) -> bool;

/// For messages that no operator of tenants gets, unless everybody does.
#[must_use]
pub const fn no_tenants(_: &Tenants) -> bool {
    false
}

/// What an operator may do, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads, and may command what concerns itself.
    Viewer,
    /// Reads and commands.
    Operator,
    /// Also approves.
    Approver,
    /// Also reads the log.
    Admin,
}

/// Why the host lets nobody in; becomes the code of CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRefused {
    /// Unknown, or not proven. The two are not told apart.
    BadCredentials,
    /// Known and proven, but retired, quarantined or not yet approved.
    NotAuthorized,
    /// Nothing can be checked now.
    Unavailable,
    /// Too many checks at once.
    Busy,
}

impl From<LoginRefused> for Refusal {
    fn from(refused: LoginRefused) -> Self {
        match refused {
            LoginRefused::BadCredentials => Self::BadCredentials,
            LoginRefused::NotAuthorized => Self::LoginNotAuthorized,
            LoginRefused::Unavailable => Self::ServerUnavailable,
            LoginRefused::Busy => Self::ServerBusy,
        }
    }
}

/// One message that passed the access rules.
#[derive(Debug)]
pub struct Received {
    pub session: SessionHandle,
    pub topic: Topic,
    /// A copy of its own, so keeping it does not keep the read buffer.
    pub payload: Bytes,
    pub ack: Ack,
}

/// Quality of service, as far as this broker offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qos {
    AtMostOnce = 0,
    AtLeastOnce = 1,
}
