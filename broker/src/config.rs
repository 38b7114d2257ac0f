//! What the broker bounds, and why each bound has its value.

use std::{net::SocketAddr, time::Duration};

/// Sockets at once: the usual hard limit of open files is 20,000, and the log and the dashboard need some.
pub const CONNECTIONS_MAX: usize = 19_000;
/// Time for CONNECT to arrive and be answered: a radio link takes seconds, an attacker would take for ever.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a device's hello to be in the log; until then the login could be a replayed one.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest CONNECT: a token with a voucher takes about 2 KiB, and before the login nobody is owed memory.
pub const CONNECT_PACKET_BYTES_MAX: usize = 16 * 1024;
/// Largest packet of a device: the largest of its messages, a hello with inventory, stays below a quarter of it.
pub const DEVICE_PACKET_BYTES_MAX: usize = 64 * 1024;
/// Largest packet of an operator: a campaign description with a long list of devices, or a piece of an upload.
pub const OPERATOR_PACKET_BYTES_MAX: usize = 1024 * 1024;
/// QoS 1 messages of one client that may await the host: a group commit of 1 ms then allows 100,000 a second a client.
pub const RECEIVE_MAX: u16 = 100;
/// QoS 1 messages on their way to one client: what rumqttc and most others keep in flight themselves.
pub const INFLIGHT_MAX: u16 = 100;
/// Messages that wait for a place in flight: ten windows; a client further behind is better served by a reconnect.
pub const OUTBOX_MESSAGES_MAX: usize = 1_000;
/// Bytes that wait for a device: four of its largest packets.
pub const DEVICE_OUTBOX_BYTES_MAX: usize = 256 * 1024;
/// Bytes that wait for an operator: four of its largest packets.
pub const OPERATOR_OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Subscriptions of one session: a device has five topics to read, a dashboard a handful of filters.
pub const SUBSCRIPTIONS_MAX: usize = 64;
/// Largest presence value: online or offline, an epoch, and room for a reason.
pub const PRESENCE_BYTES_MAX: usize = 256;

/// How one broker listens, and what it bounds.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Port 0 lets the system choose; `Broker::address` tells.
    pub listen: SocketAddr,
    pub connections_max: usize,
    pub connect_timeout: Duration,
    pub hello_timeout: Duration,
    pub connect_packet_bytes_max: usize,
    pub device_packet_bytes_max: usize,
    pub operator_packet_bytes_max: usize,
    /// Receive maximum announced to v5 clients, and held for all: beyond it the socket is not read.
    pub receive_max: u16,
    /// QoS 1 messages in flight to one client, if it does not ask for fewer.
    pub inflight_max: u16,
    pub outbox_messages_max: usize,
    pub device_outbox_bytes_max: usize,
    pub operator_outbox_bytes_max: usize,
    pub subscriptions_max: usize,
}

impl BrokerConfig {
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            connections_max: CONNECTIONS_MAX,
            connect_timeout: CONNECT_TIMEOUT,
            hello_timeout: HELLO_TIMEOUT,
            connect_packet_bytes_max: CONNECT_PACKET_BYTES_MAX,
            device_packet_bytes_max: DEVICE_PACKET_BYTES_MAX,
            operator_packet_bytes_max: OPERATOR_PACKET_BYTES_MAX,
            receive_max: RECEIVE_MAX,
            inflight_max: INFLIGHT_MAX,
            outbox_messages_max: OUTBOX_MESSAGES_MAX,
            device_outbox_bytes_max: DEVICE_OUTBOX_BYTES_MAX,
            operator_outbox_bytes_max: OPERATOR_OUTBOX_BYTES_MAX,
            subscriptions_max: SUBSCRIPTIONS_MAX,
        }
    }
}
