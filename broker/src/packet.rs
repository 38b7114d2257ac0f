//! From checked frames to packets, and from packets to bytes: the only file that calls rumqttd's codec.
//!
//! The three packets of the hot path (PUBLISH, PUBACK, PINGRESP) are written here directly; the codec's `Publish` keeps
//! its packet identifier private. The others go through the codec, with care for what its writers get wrong: v4 panics
//! on properties and on v5 codes, and a v5 DISCONNECT without properties is written with the wrong length.

use bytes::{BufMut, Bytes, BytesMut};
use rumqttd::protocol::{
    ConnAck, ConnAckProperties, ConnectReturnCode, Disconnect, DisconnectProperties, Packet,
    Protocol, QoS, RetainForwardRule, SubAck, SubscribeReasonCode, UnsubAck, UnsubAckReason,
    v4::V4, v5::V5,
};

use crate::{
    frame::{FrameError, Version},
    host::Qos,
    refusal::Refusal,
};

/// A decoded CONNECT (section 3.1).
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    pub(crate) version: Version,
    pub(crate) client_id: String,
    pub(crate) clean_start: bool,
    /// Seconds; 0 means that the client need not be heard of.
    pub(crate) keep_alive: u16,
    pub(crate) username: String,
    pub(crate) password: Vec<u8>,
    pub(crate) will: Option<WillPacket>,
    /// QoS 1 messages the client takes before it has acknowledged one. 3.1.1 clients can't say.
    pub(crate) receive_max: Option<u16>,
    pub(crate) packet_bytes_max: Option<u32>,
    pub(crate) wants_session: bool,
    /// Whether reason strings are welcome on PUBACK and SUBACK (section 3.1.2.11.7).
    pub(crate) wants_reasons: bool,
    pub(crate) has_authentication_method: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct WillPacket {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
}

/// One filter of a SUBSCRIBE (section 3.8.3).
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) filter: String,
    pub(crate) options: Options,
    pub(crate) retained: RetainedWish,
}

/// How a subscription wants its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) qos: Qos,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetainedWish {
    Always,
    IfNew,
    Never,
}

fn decode(frame: &[u8], version: Version) -> Result<Packet, FrameError> {
    // A copy, so that nothing decoded from it keeps the read buffer.
    let mut bytes = BytesMut::from(frame);
    let limit = frame.len();
    match version {
        Version::V4 => V4.read_mut(&mut bytes, limit),
        Version::V5 => V5.read_mut(&mut bytes, limit),
    }
    // Whatever the codec says, `InsufficientBytes` included: the frame is complete.
    .map_err(|_| FrameError::Malformed("the codec does not read it"))
}

const NOT_THE_TYPE: FrameError = FrameError::Malformed("the codec reads another packet");

pub(crate) fn connect(frame: &[u8], version: Version) -> Result<Connect, FrameError> {
    let Packet::Connect(connect, properties, will, _, login) = decode(frame, version)? else {
        return Err(NOT_THE_TYPE);
    };
    let will = will
        .map(|will| {
            Ok(WillPacket {
                topic: String::from_utf8(will.topic.to_vec())
                    .map_err(|_| FrameError::Malformed("the will's topic is not UTF-8"))?,
                payload: Bytes::copy_from_slice(&will.message),
                retain: will.retain,
            })
        })
        .transpose()?;
    let (username, password) = login.map_or_else(Default::default, |login| {
        (login.username, login.password.into_bytes())
    });
    let properties = properties.as_ref();
    Ok(Connect {
        version,
        client_id: connect.client_id,
        clean_start: connect.clean_session,
        keep_alive: connect.keep_alive,
        username,
        password,
        will,
        receive_max: properties.and_then(|p| p.receive_maximum),
        packet_bytes_max: properties.and_then(|p| p.max_packet_size),
        wants_session: properties
            .and_then(|p| p.session_expiry_interval)
            .is_some_and(|seconds| seconds > 0),
        wants_reasons: properties.and_then(|p| p.request_problem_info) != Some(0),
        has_authentication_method: properties.is_some_and(|p| p.authentication_method.is_some()),
    })
}

pub(crate) fn subscribe(frame: &[u8], version: Version) -> Result<(u16, Vec<Wish>), FrameError> {
    let Packet::Subscribe(subscribe, _) = decode(frame, version)? else {
        return Err(NOT_THE_TYPE);
    };
    let wishes = subscribe
        .filters
        .into_iter()
        .map(|filter| Wish {
            filter: filter.path,
            options: Options {
                // QoS 2 is granted as 1, as section 3.8.4 allows.
                qos: match filter.qos {
                    QoS::AtMostOnce => Qos::AtMostOnce,
                    QoS::AtLeastOnce | QoS::ExactlyOnce => Qos::AtLeastOnce,
                },
                no_local: filter.nolocal,
                retain_as_published: filter.preserve_retain,
            },
            retained: match filter.retain_forward_rule {
                RetainForwardRule::OnEverySubscribe => RetainedWish::Always,
                RetainForwardRule::OnNewSubscribe => RetainedWish::IfNew,
                RetainForwardRule::Never => RetainedWish::Never,
            },
        })
        .collect();
    Ok((subscribe.pkid, wishes))
}

pub(crate) fn unsubscribe(
    frame: &[u8],
    version: Version,
) -> Result<(u16, Vec<String>), FrameError> {
    let Packet::Unsubscribe(unsubscribe, _) = decode(frame, version)? else {
        return Err(NOT_THE_TYPE);
    };
    Ok((unsubscribe.pkid, unsubscribe.filters))
}

fn encode(packet: Packet, version: Version, out: &mut BytesMut) {
    match version {
        Version::V4 => V4.write(packet, out),
        Version::V5 => V5.write(packet, out),
    }
    .expect("our own packets are far below the length limit, their only error");
}

/// What a v5 CONNACK announces (section 3.2.2.3).
#[derive(Debug, Clone)]
pub(crate) struct Announcement {
    pub(crate) receive_max: u16,
    pub(crate) packet_bytes_max: u32,
    pub(crate) assigned_client_id: Option<String>,
    /// The client asked for a session that outlives the connection, and is told that there is none.
    pub(crate) session_ends: bool,
}

pub(crate) fn connack_accepted(version: Version, said: Announcement, out: &mut BytesMut) {
    let properties = (version == Version::V5).then(|| ConnAckProperties {
        session_expiry_interval: said.session_ends.then_some(0),
        receive_max: Some(said.receive_max),
        max_qos: Some(1),
        max_packet_size: Some(said.packet_bytes_max),
        assigned_client_identifier: said.assigned_client_id,
        topic_alias_max: Some(0),
        subscription_identifiers_available: Some(0),
        shared_subscription_available: Some(0),
        ..ConnAckProperties::default()
    });
    let connack = ConnAck {
        session_present: false,
        code: ConnectReturnCode::Success,
    };
    encode(Packet::ConnAck(connack, properties), version, out);
}

pub(crate) fn connack_refused(version: Version, refusal: Refusal, out: &mut BytesMut) {
    let (code, properties) = match version {
        Version::V4 => (refusal.connack_v4(), None),
        Version::V5 => (
            refusal.connack_v5(),
            Some(ConnAckProperties {
                reason_string: Some(refusal.code().into()),
                ..ConnAckProperties::default()
            }),
        ),
    };
    encode(
        Packet::ConnAck(
            ConnAck {
                session_present: false,
                code,
            },
            properties,
        ),
        version,
        out,
    );
}

pub(crate) fn suback(
    version: Version,
    id: u16,
    granted: &[Result<Qos, Refusal>],
    out: &mut BytesMut,
) {
    let return_codes = granted
        .iter()
        .map(|grant| match (grant, version) {
            (Ok(Qos::AtMostOnce), _) => SubscribeReasonCode::QoS0,
            (Ok(Qos::AtLeastOnce), _) => SubscribeReasonCode::QoS1,
            (Err(_), Version::V4) => SubscribeReasonCode::Failure,
            (Err(refusal), Version::V5) => refusal.suback_v5(),
        })
        .collect();
    encode(
        Packet::SubAck(
            SubAck {
                pkid: id,
                return_codes,
            },
            None,
        ),
        version,
        out,
    );
}

pub(crate) fn unsuback(version: Version, id: u16, existed: &[bool], out: &mut BytesMut) {
    let reasons = existed
        .iter()
        .map(|&existed| match existed {
            true => UnsubAckReason::Success,
            false => UnsubAckReason::NoSubscriptionExisted,
        })
        .collect();
    encode(
        Packet::UnsubAck(UnsubAck { pkid: id, reasons }, None),
        version,
        out,
    );
}

/// Only version 5 has a DISCONNECT from the server (section 3.14).
pub(crate) fn disconnect(refusal: Refusal, out: &mut BytesMut) {
    let properties = DisconnectProperties {
        session_expiry_interval: None,
        reason_string: Some(refusal.code().into()),
        user_properties: Vec::new(),
        server_reference: None,
    };
    let disconnect = Disconnect {
        reason_code: refusal.disconnect_v5(),
    };
    encode(
        Packet::Disconnect(disconnect, Some(properties)),
        Version::V5,
        out,
    );
}

pub(crate) fn pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xD0, 0]);
}

/// What a PUBACK says (section 3.4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    /// A reason code, and a code of ours as reason string.
    Refused(u8, &'static str),
}

/// `reasons_max` is how long a packet with a reason string may be; 0 when the client wants none.
pub(crate) fn puback(
    version: Version,
    id: u16,
    answer: Answer,
    reasons_max: usize,
    out: &mut BytesMut,
) {
    out.put_u8(0x40);
    match (version, answer) {
        (Version::V4, _) | (Version::V5, Answer::Accepted) => {
            out.put_u8(2);
            out.put_u16(id);
        }
        (Version::V5, Answer::Refused(reason, code)) => {
            let code_len = u8::try_from(code.len()).expect("a code is a word, not a text");
            if code.len() + 9 <= reasons_max && code_len < 0x7f - 7 {
                out.put_slice(&[7 + code_len]);
                out.put_u16(id);
                out.put_slice(&[reason, 3 + code_len, 0x1F, 0, code_len]);
                out.put_slice(code.as_bytes());
            } else {
                out.put_u8(3);
                out.put_u16(id);
                out.put_u8(reason);
            }
        }
    }
}

/// Length of a PUBLISH to a client in bytes.
pub(crate) fn publish_len(version: Version, topic: &str, payload: &[u8], qos: Qos) -> usize {
    let remaining = publish_remaining(version, topic, payload, qos);
    1 + variable_len(remaining) + remaining
}

fn publish_remaining(version: Version, topic: &str, payload: &[u8], qos: Qos) -> usize {
    2 + topic.len() + 2 * (qos as usize) + usize::from(version == Version::V5) + payload.len()
}

/// Writes a PUBLISH (section 3.3). The id is used at QoS 1.
pub(crate) fn publish(
    version: Version,
    topic: &str,
    payload: &[u8],
    delivery: Delivery,
    out: &mut BytesMut,
) {
    let qos = if delivery.id.is_some() {
        Qos::AtLeastOnce
    } else {
        Qos::AtMostOnce
    };
    let remaining = publish_remaining(version, topic, payload, qos);
    out.reserve(5 + remaining);
    out.put_u8(0x30 | ((qos as u8) << 1) | u8::from(delivery.retain));
    put_variable(remaining, out);
    out.put_u16(u16::try_from(topic.len()).expect("a topic of ours is made of bounded ids"));
    out.put_slice(topic.as_bytes());
    if let Some(id) = delivery.id {
        out.put_u16(id);
    }
    if version == Version::V5 {
        out.put_u8(0);
    }
    out.put_slice(payload);
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    /// Present at QoS 1.
    pub(crate) id: Option<u16>,
    pub(crate) retain: bool,
}

const fn variable_len(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}

fn put_variable(mut value: usize, out: &mut BytesMut) {
    while value > 0x7f {
        out.put_u8(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    out.put_u8(value as u8);
}
