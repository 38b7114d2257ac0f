//! Every reason for which this broker says no or hangs up.
//!
//! One vocabulary serves three readers: a v5 client gets the MQTT reason code with our code as reason string, a 3.1.1
//! client gets the closed connection or the host's word on its `ack` topic, and an operator gets the code as the label
//! of `fleetfold_broker_refused_total`.

use std::fmt;

use rumqttd::protocol::{ConnectReturnCode, DisconnectReasonCode, SubscribeReasonCode};

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $reason:literal;)*) => {
        /// Why a packet, a login or a whole connection was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $variant,)*
        }

        impl Refusal {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it stands in reason strings and metric labels. Codes never change their meaning.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The MQTT 5.0 reason code (section 2.4) that says the same.
            #[must_use]
            pub const fn reason(self) -> u8 {
                match self {
                    $(Self::$variant => $reason,)*
                }
            }
        }
    };
}

refusals! {
    // One publish or subscription; the connection stays.
    /// This identity may not publish on, or read from, this topic.
    NotAuthorized = "not_authorized", 0x87;
    /// The topic is none of Fleetfold's.
    UnknownTopic = "unknown_topic", 0x90;
    /// Retain was set on something other than a device's own presence.
    RetainRefused = "retain_refused", 0x87;
    /// A device published something before its hello.
    HelloFirst = "hello_first", 0x87;
    /// A presence value is longer than the broker keeps.
    PresenceTooLarge = "presence_too_large", 0x97;
    /// `$share` subscriptions are not offered.
    SharedSubscription = "shared_subscription", 0x9E;
    /// The session has as many subscriptions as it may have.
    SubscriptionLimit = "subscription_limit", 0x97;

    // A login; answered with CONNACK.
    /// Neither MQTT 3.1.1 nor 5.0.
    UnsupportedVersion = "unsupported_version", 0x84;
    /// The host does not accept these credentials.
    BadCredentials = "bad_credentials", 0x86;
    /// The credentials are right, but this identity may not connect (any more).
    LoginNotAuthorized = "login_not_authorized", 0x87;
    /// The client id is missing, or not the one that belongs to the identity.
    ClientIdRefused = "client_id_refused", 0x85;
    /// Extended authentication (MQTT 5.0 section 4.12) is not offered.
    AuthenticationMethod = "authentication_method", 0x8C;
    /// A will may only be a device's own presence.
    WillRefused = "will_refused", 0x87;
    /// The host cannot check credentials at the moment.
    ServerUnavailable = "server_unavailable", 0x88;
    /// The host has too many logins to check at the moment.
    ServerBusy = "server_busy", 0x89;

    // A connection; answered with DISCONNECT on v5.
    /// There are as many connections as there may be.
    TooManyConnections = "too_many_connections", 0x89;
    /// No complete CONNECT, or no answer to it, in time.
    ConnectTimeout = "connect_timeout", 0x8D;
    /// Not a well-formed packet of the version it claims.
    MalformedPacket = "malformed_packet", 0x81;
    /// Well-formed, but not allowed here by the standard.
    ProtocolError = "protocol_error", 0x82;
    /// The packet is larger than the limit announced in CONNACK.
    PacketTooLarge = "packet_too_large", 0x95;
    /// QoS 2, which is not offered.
    QosUnsupported = "qos_unsupported", 0x9B;
    /// A topic alias, though CONNACK allowed none.
    TopicAliasInvalid = "topic_alias_invalid", 0x94;
    /// A QoS 1 message did not fit into what waits for this client.
    SlowConsumer = "slow_consumer", 0x97;
    /// Nothing was heard for one and a half times the keepalive.
    KeepAliveTimeout = "keep_alive_timeout", 0x8D;
    /// The device's hello was not accepted in time.
    HelloTimeout = "hello_timeout", 0x87;
    /// The same client connected again.
    SessionTakenOver = "session_taken_over", 0x8E;
    /// The broker stops.
    ShuttingDown = "shutting_down", 0x8B;
    /// The host closed this session.
    Administrative = "administrative", 0x98;
    /// The host withdrew this identity's credentials.
    CredentialsRevoked = "credentials_revoked", 0x87;
    /// The host has no room to record this session's first message; the client shall come back later.
    StorageLow = "storage_low", 0x97;
    /// The host dropped a message without answering it; the client shall send it again.
    Unanswered = "unanswered", 0x83;
}

impl Refusal {
    /// The return code of a 3.1.1 CONNACK (section 3.2.2.3); it has five.
    pub(crate) fn connack_v4(self) -> ConnectReturnCode {
        match self {
            Self::UnsupportedVersion => ConnectReturnCode::RefusedProtocolVersion,
            Self::ClientIdRefused => ConnectReturnCode::ClientIdentifierNotValid,
            Self::BadCredentials => ConnectReturnCode::BadUserNamePassword,
            Self::ServerUnavailable | Self::ServerBusy | Self::TooManyConnections => {
                ConnectReturnCode::ServiceUnavailable
            }
            _ => ConnectReturnCode::NotAuthorized,
        }
    }

    pub(crate) fn connack_v5(self) -> ConnectReturnCode {
        match self.reason() {
            0x81 => ConnectReturnCode::MalformedPacket,
            0x82 => ConnectReturnCode::ProtocolError,
            0x84 => ConnectReturnCode::UnsupportedProtocolVersion,
            0x85 => ConnectReturnCode::ClientIdentifierNotValid,
            0x86 => ConnectReturnCode::BadUserNamePassword,
            0x87 => ConnectReturnCode::NotAuthorized,
            0x88 => ConnectReturnCode::ServerUnavailable,
            0x89 => ConnectReturnCode::ServerBusy,
            0x8C => ConnectReturnCode::BadAuthenticationMethod,
            0x95 => ConnectReturnCode::PacketTooLarge,
            0x97 => ConnectReturnCode::QuotaExceeded,
            0x9B => ConnectReturnCode::QoSNotSupported,
            _ => ConnectReturnCode::UnspecifiedError,
        }
    }

    pub(crate) fn disconnect_v5(self) -> DisconnectReasonCode {
        match self.reason() {
            0x81 => DisconnectReasonCode::MalformedPacket,
            0x82 => DisconnectReasonCode::ProtocolError,
            0x83 => DisconnectReasonCode::ImplementationSpecificError,
            0x87 => DisconnectReasonCode::NotAuthorized,
            0x89 => DisconnectReasonCode::ServerBusy,
            0x8B => DisconnectReasonCode::ServerShuttingDown,
            0x8D => DisconnectReasonCode::KeepAliveTimeout,
            0x8E => DisconnectReasonCode::SessionTakenOver,
            0x94 => DisconnectReasonCode::TopicAliasInvalid,
            0x95 => DisconnectReasonCode::PacketTooLarge,
            0x97 => DisconnectReasonCode::QuotaExceeded,
            0x98 => DisconnectReasonCode::AdministrativeAction,
            0x9B => DisconnectReasonCode::QoSNotSupported,
            _ => DisconnectReasonCode::UnspecifiedError,
        }
    }

    pub(crate) fn suback_v5(self) -> SubscribeReasonCode {
        match self.reason() {
            0x87 => SubscribeReasonCode::NotAuthorized,
            0x97 => SubscribeReasonCode::QuotaExceeded,
            0x9E => SubscribeReasonCode::SharedSubscriptionsNotSupported,
            _ => SubscribeReasonCode::Unspecified,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// Why the host wants a session closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectCause {
    /// An operator asked for it, or the host needs a fresh login.
    Administrative,
    /// The identity may not connect any more.
    CredentialsRevoked,
}

impl From<DisconnectCause> for Refusal {
    fn from(cause: DisconnectCause) -> Self {
        match cause {
            DisconnectCause::Administrative => Self::Administrative,
            DisconnectCause::CredentialsRevoked => Self::CredentialsRevoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_one_refusal_and_a_reason_is_an_mqtt_failure() {
        for (index, refusal) in Refusal::ALL.iter().enumerate() {
            assert!(refusal.reason() >= 0x80, "{refusal}");
            let first = Refusal::ALL.iter().position(|r| r.code() == refusal.code());
            assert_eq!(first, Some(index), "{refusal}");
        }
    }
}
