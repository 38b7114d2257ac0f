//! What the broker counts. No label names a client.
//!
//! The handles are fetched once, at start, because a lookup per message would cost more than the message: a metrics
//! recorder must be installed before the broker starts.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::refusal::Refusal;

pub(crate) struct Meters {
    refused: Vec<Counter>,
    pub(crate) connections: Gauge,
    pub(crate) messages_in: Counter,
    pub(crate) messages_out: Counter,
    /// QoS 0 messages for which there was no room.
    pub(crate) messages_dropped: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
}

impl Meters {
    pub(crate) fn new() -> Self {
        describe();
        let refused = Refusal::ALL
            .iter()
            .map(|refusal| counter!("fleetfold_broker_refused_total", "code" => refusal.code()))
            .collect();
        Self {
            refused,
            connections: gauge!("fleetfold_broker_connections"),
            messages_in: counter!("fleetfold_broker_messages_total", "direction" => "in"),
            messages_out: counter!("fleetfold_broker_messages_total", "direction" => "out"),
            messages_dropped: counter!("fleetfold_broker_messages_dropped_total"),
            bytes_in: counter!("fleetfold_broker_bytes_total", "direction" => "in"),
            bytes_out: counter!("fleetfold_broker_bytes_total", "direction" => "out"),
        }
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        self.refused[refusal as usize].increment(1);
    }
}

fn describe() {
    describe_counter!(
        "fleetfold_broker_refused_total",
        Unit::Count,
        "Publishes, subscriptions, logins and connections refused, by code"
    );
    describe_gauge!(
        "fleetfold_broker_connections",
        Unit::Count,
        "Open MQTT connections"
    );
    describe_counter!(
        "fleetfold_broker_messages_total",
        Unit::Count,
        "MQTT messages from and to clients"
    );
    describe_counter!(
        "fleetfold_broker_messages_dropped_total",
        Unit::Count,
        "QoS 0 messages for which a client had no room"
    );
    describe_counter!(
        "fleetfold_broker_bytes_total",
        Unit::Bytes,
        "Bytes from and to clients"
    );
}
