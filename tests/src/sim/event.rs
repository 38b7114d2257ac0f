//! What can happen.

use std::{fmt, sync::Arc};

use fleetfold_core::{DeltaOutcome, ReleaseIx};

use super::net::{ConnId, End};

/// One thing that happens at one moment.
#[derive(Debug)]
pub enum Event {
    /// A packet reaches the other end of its connection.
    Deliver {
        conn: ConnId,
        to: End,
        packet: Packet,
    },
    /// One end learns that its connection is gone.
    Closed {
        conn: ConnId,
        end: End,
    },
    /// A device that has not said hello by then is turned out.
    HelloDue(ConnId),
    /// The engine takes what waits.
    Turn {
        process: u32,
    },
    StartEngine,
    CrashEngine,
    StepClock,
    Delta {
        process: u32,
        release: ReleaseIx,
        from: ReleaseIx,
        outcome: DeltaOutcome,
    },
    /// A partition begins or, with its devices, ends.
    PartitionBegins,
    PartitionEnds(Vec<usize>),
    Device(usize, DeviceEvent),
    Liar(usize),
    Operator(usize, OperatorEvent),
    /// Somebody between engine and devices tries something.
    Forge,
    Audit,
    FaultsEnd,
}

#[derive(Debug)]
pub enum DeviceEvent {
    /// Power is there again, or was never gone.
    Boot,
    /// The agent of this boot asked to be woken.
    Timer {
        boot: u32,
    },
    TaskDone {
        boot: u32,
    },
    /// A connection could not be made.
    DialFailed {
        boot: u32,
    },
}

#[derive(Debug)]
pub enum OperatorEvent {
    Dial,
    /// Looks at what is unanswered, and for something new to do.
    Work,
}

/// What MQTT carries, as far as it matters here.
#[derive(Debug, Clone)]
pub enum Packet {
    Connect {
        client_id: String,
        username: String,
        password: Arc<[u8]>,
    },
    Connack {
        is_accepted: bool,
    },
    Subscribe(Vec<String>),
    Publish {
        topic: String,
        payload: Arc<[u8]>,
        /// With a packet id at QoS 1.
        id: Option<u16>,
        retain: bool,
    },
    Puback {
        id: u16,
        /// The reason of a refusal, which MQTT 5 carries.
        reason: Option<String>,
    },
}

/// For the trace.
impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { client_id, .. } => write!(f, "connect {client_id}"),
            Self::Connack { is_accepted } => write!(f, "connack {is_accepted}"),
            Self::Subscribe(filters) => write!(f, "subscribe {filters:?}"),
            Self::Publish {
                topic, payload, id, ..
            } => write!(
                f,
                "publish {topic} {} bytes {:08x} id {id:?}",
                payload.len(),
                fingerprint(payload)
            ),
            Self::Puback { id, reason } => write!(f, "puback {id} {reason:?}"),
        }
    }
}

/// Tells two payloads apart in a trace.
fn fingerprint(bytes: &[u8]) -> u32 {
    let digest = blake3::hash(bytes);
    digest.as_bytes()[..4]
        .try_into()
        .map_or(0, u32::from_le_bytes)
}
