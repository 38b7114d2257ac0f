//! Where the broker is, who we are, and how MQTT says no to that.

use std::{fmt, time::Duration};

use fleetfold_schemas::id::OperatorId;
use rumqttc::v5::{ConnectionError, MqttOptions, StateError, mqttbytes::v5::ConnectReturnCode};

use super::error::{ConnectError, LoginRefusal};

/// What MQTT without TLS listens on.
const PORT: u16 = 1883;
/// A network that is there answers well within this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A command is answered after one flush of the log; the rest of this is for a connection to come back.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);
/// So that a dead peer is noticed while an operator is still looking.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Twice the largest packet our broker takes or sends.
const PACKET_BYTES_MAX: u32 = 2 * 1024 * 1024;

/// How to reach the broker, and as whom.
#[derive(Clone)]
pub struct ConnectOptions {
    /// `host:port`, or `host` for port 1883.
    pub broker: String,
    pub operator: OperatorId,
    pub password: String,
    pub connect_timeout: Duration,
    /// How long to wait for the answer to one command, reconnections included.
    pub reply_timeout: Duration,
}

impl ConnectOptions {
    #[must_use]
    pub fn new(
        broker: impl Into<String>,
        operator: OperatorId,
        password: impl Into<String>,
    ) -> Self {
        Self {
            broker: broker.into(),
            operator,
            password: password.into(),
            connect_timeout: CONNECT_TIMEOUT,
            reply_timeout: REPLY_TIMEOUT,
        }
    }

    /// The same session for rumqttc. `window` bounds what it has in flight.
    pub(super) fn to_mqtt(
        &self,
        client_id: &str,
        window: u16,
    ) -> Result<MqttOptions, ConnectError> {
        let address = BrokerAddress::parse(&self.broker)?;
        let mut options = MqttOptions::new(client_id, address.host, address.port);
        options
            .set_credentials(self.operator.as_str(), &self.password)
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(true)
            .set_connection_timeout(self.connect_timeout.as_secs().max(1))
            .set_max_packet_size(Some(PACKET_BYTES_MAX))
            .set_outgoing_inflight_upper_limit(window);
        Ok(options)
    }

    pub(super) fn error(&self, error: ConnectionError) -> ConnectError {
        let broker = self.broker.clone();
        match error {
            ConnectionError::Io(source) => ConnectError::Unreachable { broker, source },
            // Closed before CONNACK, as overloaded brokers and other protocols do.
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                let source = std::io::ErrorKind::ConnectionAborted.into();
                ConnectError::Unreachable { broker, source }
            }
            ConnectionError::Timeout(_) => ConnectError::Timeout {
                broker,
                after: self.connect_timeout,
            },
            ConnectionError::ConnectionRefused(code) => ConnectError::Refused {
                broker,
                operator: self.operator.to_string(),
                refusal: code.into(),
            },
            other => ConnectError::Protocol {
                broker,
                source: Box::new(other),
            },
        }
    }
}

impl fmt::Debug for ConnectOptions {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("broker", &self.broker)
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    pub port: u16,
}

impl BrokerAddress {
    /// Reads `host`, `host:port`, `[::1]:port`, with or without `mqtt://` before it.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let wrong = |problem| ConnectError::Address {
            broker: text.to_owned(),
            problem,
        };
        if text.starts_with("mqtts://") || text.starts_with("ssl://") {
            return Err(wrong("this client does not speak TLS"));
        }
        let place = text.strip_prefix("mqtt://").unwrap_or(text);
        let port_at = match place.rfind(']') {
            Some(end) => place[end..].find(':').map(|colon| end + colon),
            None => place.rfind(':'),
        };
        let (host, port) = match port_at {
            Some(colon) => (&place[..colon], place[colon + 1..].parse().ok()),
            None => (place, Some(PORT)),
        };
        let port = port.filter(|port| *port != 0);
        let port = port.ok_or(wrong("the port must be a number from 1 to 65535"))?;
        let is_plain = !host.starts_with('[') && host.contains(':');
        if host.is_empty() || is_plain || host.contains(['/', '@', ' ']) {
            return Err(wrong(
                "expected host:port, with an IPv6 address in brackets",
            ));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl From<ConnectReturnCode> for LoginRefusal {
    fn from(code: ConnectReturnCode) -> Self {
        match code {
            ConnectReturnCode::BadUserNamePassword => Self::BadCredentials,
            ConnectReturnCode::NotAuthorized | ConnectReturnCode::Banned => Self::NotAuthorized,
            ConnectReturnCode::ServerBusy
            | ConnectReturnCode::ServerUnavailable
            | ConnectReturnCode::ServiceUnavailable
            | ConnectReturnCode::QuotaExceeded
            | ConnectReturnCode::ConnectionRateExceeded => Self::Busy,
            other => Self::Other(format!("{other:?}")),
        }
    }
}

impl LoginRefusal {
    /// Whether trying again with the same credentials may help.
    pub(super) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("localhost", "localhost", 1883),
            ("localhost:1884", "localhost", 1884),
            ("mqtt://broker.example:1", "broker.example", 1),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
            ("[::1]", "[::1]", 1883),
            ("[::1]:7", "[::1]", 7),
        ] {
            let expected = BrokerAddress {
                host: host.to_owned(),
                port,
            };
            assert_eq!(BrokerAddress::parse(text).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            ":1883",
            "h:",
            "h:0",
            "h:65536",
            "h:x",
            "::1",
            "mqtts://h",
            "a/b:1",
            "u@h",
        ] {
            assert!(BrokerAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_in_debug_output() {
        let operator = OperatorId::parse("ann").unwrap();
        let options = ConnectOptions::new("h", operator, "sesame");
        assert!(!format!("{options:?}").contains("sesame"));
    }
}
