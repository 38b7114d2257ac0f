//! From the first byte to CONNACK.
//!
//! Nothing is owed to a client before its login: one packet of bounded size, one question to the host, one deadline over
//! it all. Every refusal that the protocol has a code for is said before the connection is closed.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bytes::BytesMut;
use fleetfold_schemas::topic::{DeviceTopic, Topic};
use tokio::io::AsyncRead;

use crate::{
    acl,
    broker::Shared,
    config::PRESENCE_BYTES_MAX,
    frame::{self, ConnectFrame, Header, Kind, Version},
    host::{Host, Identity, Login},
    input::Input,
    outbox::Limits,
    packet::{self, Announcement, Connect, WillPacket},
    presence::Value,
    refusal::Refusal,
    session::{Session, SessionParts},
};

/// Why there will be no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The client closed the connection or it broke.
    Gone,
    /// Said with CONNACK when it is known which one the client understands.
    Refused(Refusal, Option<Version>),
}

/// A client that has logged in.
pub(crate) struct Opened {
    pub(crate) session: Arc<Session>,
    pub(crate) login_began: Instant,
    pub(crate) keep_alive: u16,
    pub(crate) packet_bytes_max: usize,
    /// CONNACK, to be the first output of the session.
    pub(crate) connack: BytesMut,
}

pub(crate) async fn open<H: Host>(
    shared: &Shared,
    host: &H,
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Input,
    peer: SocketAddr,
) -> Result<Opened, Failed> {
    let mut connect = read_connect(shared, stream, input).await?;
    let version = connect.version;
    let refused = |refusal| Failed::Refused(refusal, Some(version));
    if connect.has_authentication_method {
        return Err(refused(Refusal::AuthenticationMethod));
    }
    let login = Login {
        client_id: connect.client_id.clone(),
        username: std::mem::take(&mut connect.username),
        password: std::mem::take(&mut connect.password),
        peer,
    };
    let login_began = Instant::now();
    let identity = host
        .authenticate(login)
        .await
        .map_err(|why| refused(why.into()))?;
    let assigned = client_id(shared, &identity, &connect).map_err(refused)?;
    let will = connect.will.take().map(|will| accept_will(&identity, will));
    let will = will.transpose().map_err(refused)?;
    let opened = Opening {
        identity,
        connect,
        assigned,
        will,
        login_began,
    };
    Ok(session(shared, opened))
}

async fn read_connect(
    shared: &Shared,
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Input,
) -> Result<Connect, Failed> {
    let limit = shared.config.connect_packet_bytes_max;
    let unversioned = |refusal: Refusal| Failed::Refused(refusal, None);
    let header = loop {
        let header =
            Header::read(input.bytes(), None, limit).map_err(|error| unversioned(error.into()))?;
        // The first packet must be CONNECT (section 3.1).
        if header.is_some_and(|header| header.kind != Kind::Connect) {
            return Err(unversioned(Refusal::ProtocolError));
        }
        let missing = match header {
            Some(header) if header.len <= input.bytes().len() => break header,
            Some(header) => header.len - input.bytes().len(),
            None => 1,
        };
        match input.fill(stream, missing).await {
            Ok(0) | Err(_) => return Err(Failed::Gone),
            Ok(count) => shared.meters.bytes_in.increment(count as u64),
        }
    };
    let bytes = &input.bytes()[..header.len];
    let connect = decode_connect(bytes, &header)?;
    input.consume(header.len);
    Ok(connect)
}

fn decode_connect(bytes: &[u8], header: &Header) -> Result<Connect, Failed> {
    let claimed = frame::claimed_version(bytes, header);
    let refused = |error: frame::FrameError| Failed::Refused(error.into(), claimed);
    match frame::connect(bytes, header).map_err(refused)? {
        ConnectFrame::Decodable(version) => packet::connect(bytes, version).map_err(refused),
        ConnectFrame::BinaryPassword(version) => {
            Err(Failed::Refused(Refusal::BadCredentials, Some(version)))
        }
        ConnectFrame::Unsupported { level } => {
            // In the form of the older or the newer version, whichever is nearer to what the client speaks.
            let nearer = if level < 5 { Version::V4 } else { Version::V5 };
            Err(Failed::Refused(Refusal::UnsupportedVersion, Some(nearer)))
        }
    }
}

/// Checks the client id, and makes one where that is allowed (section 3.1.3.1).
fn client_id(
    shared: &Shared,
    identity: &Identity,
    connect: &Connect,
) -> Result<Option<String>, Refusal> {
    match identity {
        // A device's client id is its identity; to assign one would be to invent a device.
        Identity::Device { id, .. } if connect.client_id == id.as_str() => Ok(None),
        Identity::Device { .. } => Err(Refusal::ClientIdRefused),
        Identity::Operator { .. } if !connect.client_id.is_empty() => Ok(None),
        // 3.1.1 allows an empty one with a clean session only.
        Identity::Operator { .. } if connect.version == Version::V4 && !connect.clean_start => {
            Err(Refusal::ClientIdRefused)
        }
        Identity::Operator { .. } => Ok(Some(format!("assigned-{}", shared.number()))),
    }
}

fn accept_will(identity: &Identity, will: WillPacket) -> Result<Value, Refusal> {
    match acl::publishable(identity, &will.topic) {
        Ok(Topic::Device(_, DeviceTopic::Presence)) if will.payload.len() <= PRESENCE_BYTES_MAX => {
            Ok(Value {
                payload: will.payload,
                retain: will.retain,
            })
        }
        _ => Err(Refusal::WillRefused),
    }
}

/// A login that the host and the rules have let through.
struct Opening {
    identity: Identity,
    connect: Connect,
    assigned: Option<String>,
    will: Option<Value>,
    login_began: Instant,
}

fn session(shared: &Shared, opening: Opening) -> Opened {
    let Opening {
        identity,
        connect,
        assigned,
        will,
        login_began,
    } = opening;
    let config = &shared.config;
    let (packet_bytes_max, outbox_bytes_max) = match &identity {
        Identity::Device { .. } => (
            config.device_packet_bytes_max,
            config.device_outbox_bytes_max,
        ),
        Identity::Operator { .. } => (
            config.operator_packet_bytes_max,
            config.operator_outbox_bytes_max,
        ),
    };
    let said = Announcement {
        receive_max: config.receive_max,
        packet_bytes_max: u32::try_from(packet_bytes_max).unwrap_or(u32::MAX),
        assigned_client_id: assigned.clone(),
        session_ends: connect.wants_session,
    };
    let mut connack = BytesMut::new();
    packet::connack_accepted(connect.version, said, &mut connack);
    let limits = Limits {
        // A client may take fewer than we would send, never more (section 3.1.2.11.3).
        inflight_max: connect
            .receive_max
            .unwrap_or(u16::MAX)
            .min(config.inflight_max)
            .into(),
        messages_max: config.outbox_messages_max,
        bytes_max: outbox_bytes_max,
        packet_bytes_max: connect
            .packet_bytes_max
            .map_or(usize::MAX, |max| max as usize),
    };
    let parts = SessionParts {
        number: shared.number(),
        identity,
        client_id: assigned.unwrap_or(connect.client_id),
        version: connect.version,
        wants_reasons: connect.wants_reasons,
        will,
        limits,
        receive_max: config.receive_max,
    };
    Opened {
        session: Arc::new(Session::new(parts, Arc::clone(&shared.meters))),
        login_began,
        keep_alive: connect.keep_alive,
        packet_bytes_max,
        connack,
    }
}
