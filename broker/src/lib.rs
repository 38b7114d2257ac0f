//! The MQTT broker of Fleetfold: PUBACK means recorded.
//!
//! An ordinary broker acknowledges a message when it has it. This one acknowledges when its host says so, which is after
//! the message is in the event log; a device may then forget it. That one difference explains the rest: the broker stores
//! no message (what it would retain is state of the host, asked for at SUBSCRIBE), it knows every topic there is and who
//! may use it, and it stops reading from whoever outruns the host.
//!
//! MQTT 3.1.1 and 5.0 over TCP, QoS 0 and 1, clean sessions. Not offered, and said so in CONNACK or SUBACK: QoS 2 (a
//! subscription that asks for it is granted QoS 1), sessions that outlive their connection, shared subscriptions,
//! subscription identifiers, topic aliases, extended authentication. Message expiry is not kept: presence, the only value
//! kept here, is current until it is replaced.
//!
//! The way of a message: `listener` accepts, `connection` runs one task per client, `frame` decides whether bytes are a
//! packet, `acl` whether its sender may, `reader` hands it to the [`Host`], whose [`Ack`] puts the PUBACK into the
//! session's `window`. The other way: [`Broker::publish`] finds sessions in the `registry` and leaves the message in
//! their `outbox`.

mod ack;
mod acl;
mod broker;
mod closings;
pub mod config;
mod connection;
mod fields;
mod frame;
#[cfg(test)]
mod fuzz;
mod handshake;
mod host;
mod index;
mod input;
mod listener;
mod meters;
mod outbox;
mod packet;
mod presence;
mod reader;
mod refusal;
mod registry;
mod retained;
mod session;
mod subscriptions;
mod window;

/// The access rules alone, for whoever carries messages some other way: a simulator without sockets.
pub mod policy {
    pub use crate::acl::{in_scope, is_retained, publishable, readable, subscribable};
}

pub use ack::{Ack, AckReason};
pub use broker::{Broker, BrokerError};
pub use config::BrokerConfig;
pub use host::{Concerns, Host, Identity, Login, LoginRefused, Qos, Received, Role, no_tenants};
pub use refusal::{DisconnectCause, Refusal};
pub use retained::{RetainedSink, SinkClosed};
pub use session::SessionHandle;
