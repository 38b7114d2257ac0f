//! Decides whether bytes are a packet that a client may send, before any codec sees them.
//!
//! rumqttd's codec panics on packet types that only a server sends, takes packet identifier 0, header flags, trailing
//! bytes, NUL and a receive maximum of 0 on trust, and refuses a DISCONNECT of one byte. So every frame is walked here
//! first, field by field, without copying. For PUBLISH, PUBACK, PINGREQ and DISCONNECT that walk is all that is needed;
//! CONNECT, SUBSCRIBE and UNSUBSCRIBE then go to the codec.

use crate::{
    fields::{Fields, Place, properties},
    refusal::Refusal,
};

/// The protocol of one connection, named in its CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// MQTT 3.1.1, protocol level 4.
    V4,
    /// MQTT 5.0.
    V5,
}

/// Why bytes are not a packet for us. The text is for the person who debugs the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("malformed packet: {0}")]
    Malformed(&'static str),
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    #[error("the packet is larger than allowed")]
    TooLarge,
    #[error("QoS 2 is not offered")]
    Qos,
    #[error("topic aliases are not offered")]
    TopicAlias,
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Malformed(_) => Self::MalformedPacket,
            FrameError::Protocol(_) => Self::ProtocolError,
            FrameError::TooLarge => Self::PacketTooLarge,
            FrameError::Qos => Self::QosUnsupported,
            FrameError::TopicAlias => Self::TopicAliasInvalid,
        }
    }
}

/// The packets that a client may send to a broker without QoS 2 and without extended authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect,
    Publish,
    PubAck,
    Subscribe,
    Unsubscribe,
    PingReq,
    Disconnect,
}

/// A checked fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    flags: u8,
    body_at: usize,
    /// Length of the whole packet in bytes.
    pub(crate) len: usize,
}

impl Header {
    /// Reads the fixed header at the start of the buffer; `None` when more bytes are needed to know it.
    ///
    /// A packet of exactly `limit` bytes is allowed. Refuses as soon as it can: a type that no client sends is refused at
    /// its first byte, and a length over the limit before any of it has come.
    pub(crate) fn read(
        buffer: &[u8],
        version: Option<Version>,
        limit: usize,
    ) -> Result<Option<Self>, FrameError> {
        let Some((&first, rest)) = buffer.split_first() else {
            return Ok(None);
        };
        let (kind, flags) = kind(first)?;
        let mut remaining = 0_usize;
        for (index, &byte) in rest.iter().take(4).enumerate() {
            remaining |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                // Only version 5 demands the shortest form (section 1.5.5); some 3.1.1 clients pad.
                if version == Some(Version::V5) && index > 0 && byte == 0 {
                    return Err(FrameError::Malformed(
                        "the length is longer than it need be",
                    ));
                }
                let body_at = index + 2;
                let len = body_at + remaining;
                if len > limit {
                    return Err(FrameError::TooLarge);
                }
                return Ok(Some(Self {
                    kind,
                    flags,
                    body_at,
                    len,
                }));
            }
        }
        if rest.len() >= 4 {
            return Err(FrameError::Malformed("the length has more than four bytes"));
        }
        Ok(None)
    }

    fn body<'a>(&self, frame: &'a [u8]) -> Fields<'a> {
        Fields::new(&frame[self.body_at..self.len])
    }
}

fn kind(first: u8) -> Result<(Kind, u8), FrameError> {
    let flags = first & 0x0f;
    let (kind, required) = match first >> 4 {
        1 => (Kind::Connect, 0),
        3 => (Kind::Publish, flags),
        4 => (Kind::PubAck, 0),
        5..=7 => return Err(FrameError::Protocol("a packet of QoS 2")),
        8 => (Kind::Subscribe, 2),
        10 => (Kind::Unsubscribe, 2),
        12 => (Kind::PingReq, 0),
        14 => (Kind::Disconnect, 0),
        15 => return Err(FrameError::Protocol("AUTH without a method")),
        0 => return Err(FrameError::Malformed("packet type 0")),
        _ => return Err(FrameError::Protocol("a packet that only a server sends")),
    };
    if flags == required {
        Ok((kind, flags))
    } else {
        Err(FrameError::Malformed(
            "the header flags are not those of the packet type",
        ))
    }
}

/// A PUBLISH, as it lies in the read buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublishFrame<'a> {
    pub(crate) topic: &'a str,
    /// Present at QoS 1.
    pub(crate) packet_id: Option<u16>,
    pub(crate) retain: bool,
    pub(crate) payload: &'a [u8],
}

/// Section 3.3.
pub(crate) fn publish<'a>(
    frame: &'a [u8],
    header: &Header,
    version: Version,
) -> Result<PublishFrame<'a>, FrameError> {
    let mut fields = header.body(frame);
    let qos = (header.flags >> 1) & 3;
    match qos {
        0 if header.flags & 8 != 0 => return Err(FrameError::Malformed("DUP at QoS 0")),
        0 | 1 => {}
        2 => return Err(FrameError::Qos),
        _ => return Err(FrameError::Malformed("QoS 3")),
    }
    let topic = match version {
        Version::V4 => fields.topic_name()?,
        // An empty name is well-formed in version 5, if there is an alias, which the properties below refuse.
        Version::V5 => fields.text()?,
    };
    let packet_id = if qos == 1 {
        Some(fields.packet_id()?)
    } else {
        None
    };
    if version == Version::V5 {
        properties(&mut fields, Place::Publish)?;
        if topic.is_empty() {
            return Err(FrameError::Protocol("neither a topic nor an alias"));
        }
        if topic.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
            return Err(FrameError::Malformed("a topic name has a wildcard"));
        }
    }
    Ok(PublishFrame {
        topic,
        packet_id,
        retain: header.flags & 1 != 0,
        payload: fields.rest(),
    })
}

/// Section 3.4. Any reason code frees the identifier, so only its presence is checked.
pub(crate) fn puback(frame: &[u8], header: &Header, version: Version) -> Result<u16, FrameError> {
    let mut fields = header.body(frame);
    let id = fields.packet_id()?;
    if version == Version::V5 && !fields.is_empty() {
        fields.u8()?;
        if !fields.is_empty() {
            properties(&mut fields, Place::PubAck)?;
        }
    }
    fields.finish()?;
    Ok(id)
}

pub(crate) fn pingreq(frame: &[u8], header: &Header) -> Result<(), FrameError> {
    header.body(frame).finish()
}

/// Reason code of a client that leaves but wants its will to be published.
const DISCONNECT_WITH_WILL: u8 = 0x04;

/// Section 3.14. Whether the will is to be published in spite of the DISCONNECT.
pub(crate) fn disconnect(
    frame: &[u8],
    header: &Header,
    version: Version,
) -> Result<bool, FrameError> {
    let mut fields = header.body(frame);
    let mut with_will = false;
    if version == Version::V5 && !fields.is_empty() {
        let reason = fields.u8()?;
        with_will = reason == DISCONNECT_WITH_WILL;
        if reason != 0 && !with_will && reason < 0x80 {
            return Err(FrameError::Protocol(
                "a reason that only other packets have",
            ));
        }
        if !fields.is_empty() {
            properties(&mut fields, Place::Disconnect)?;
        }
    }
    fields.finish()?;
    Ok(with_will)
}

/// Section 3.8.
pub(crate) fn subscribe(frame: &[u8], header: &Header, version: Version) -> Result<(), FrameError> {
    let mut fields = header.body(frame);
    fields.packet_id()?;
    if version == Version::V5 {
        properties(&mut fields, Place::Subscribe)?;
    }
    if fields.is_empty() {
        return Err(FrameError::Protocol("a SUBSCRIBE without a filter"));
    }
    while !fields.is_empty() {
        let filter = fields.topic_filter()?;
        let options = fields.u8()?;
        let reserved = match version {
            Version::V4 => 0b1111_1100,
            Version::V5 => 0b1100_0000,
        };
        if options & reserved != 0 || options & 3 == 3 {
            return Err(FrameError::Malformed(
                "subscription options that do not exist",
            ));
        }
        if options & 0b0011_0000 == 0b0011_0000 {
            return Err(FrameError::Protocol("retain handling 3"));
        }
        if filter.starts_with("$share/") && options & 0b0100 != 0 {
            return Err(FrameError::Protocol("no local on a shared subscription"));
        }
    }
    Ok(())
}

/// Section 3.10.
pub(crate) fn unsubscribe(
    frame: &[u8],
    header: &Header,
    version: Version,
) -> Result<(), FrameError> {
    let mut fields = header.body(frame);
    fields.packet_id()?;
    if version == Version::V5 {
        properties(&mut fields, Place::Unsubscribe)?;
    }
    if fields.is_empty() {
        return Err(FrameError::Protocol("an UNSUBSCRIBE without a filter"));
    }
    while !fields.is_empty() {
        fields.topic_filter()?;
    }
    Ok(())
}

/// What a CONNECT is, before it is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFrame {
    Decodable(Version),
    /// A protocol level that is not ours; nothing after it can be understood.
    Unsupported {
        level: u8,
    },
    /// The password is binary, which the standard allows and the codec does not. No credential of ours is.
    BinaryPassword(Version),
}

/// Section 3.1.
pub(crate) fn connect(frame: &[u8], header: &Header) -> Result<ConnectFrame, FrameError> {
    let mut fields = header.body(frame);
    let name = fields.text()?;
    let level = fields.u8()?;
    let version = match (name, level) {
        ("MQTT", 4) => Version::V4,
        ("MQTT", 5) => Version::V5,
        _ => return Ok(ConnectFrame::Unsupported { level }),
    };
    let flags = fields.u8()?;
    connect_flags(flags, version)?;
    fields.u16()?;
    if version == Version::V5 {
        properties(&mut fields, Place::Connect)?;
    }
    fields.text()?;
    if flags & WILL != 0 {
        if version == Version::V5 {
            properties(&mut fields, Place::Will)?;
        }
        fields.topic_name()?;
        fields.binary()?;
    }
    if flags & USERNAME != 0 {
        fields.text()?;
    }
    let mut is_text = true;
    if flags & PASSWORD != 0 {
        is_text = std::str::from_utf8(fields.binary()?).is_ok();
    }
    fields.finish()?;
    Ok(if is_text {
        ConnectFrame::Decodable(version)
    } else {
        ConnectFrame::BinaryPassword(version)
    })
}

const USERNAME: u8 = 0b1000_0000;
const PASSWORD: u8 = 0b0100_0000;
const WILL_RETAIN: u8 = 0b0010_0000;
const WILL_QOS: u8 = 0b0001_1000;
const WILL: u8 = 0b0000_0100;

/// Section 3.1.2.3.
fn connect_flags(flags: u8, version: Version) -> Result<(), FrameError> {
    if flags & 1 != 0 {
        return Err(FrameError::Malformed("the reserved flag of CONNECT is set"));
    }
    if flags & WILL == 0 && flags & (WILL_QOS | WILL_RETAIN) != 0 {
        return Err(FrameError::Malformed("options of a will without a will"));
    }
    if flags & WILL_QOS == WILL_QOS {
        return Err(FrameError::Malformed("a will of QoS 3"));
    }
    if version == Version::V5 && flags & WILL_QOS == 0b0001_0000 {
        return Err(FrameError::Qos);
    }
    if version == Version::V4 && flags & PASSWORD != 0 && flags & USERNAME == 0 {
        return Err(FrameError::Malformed("a password without a username"));
    }
    Ok(())
}

/// The version whose CONNACK the sender of a broken CONNECT would understand.
///
/// A broken 3.1.1 CONNECT is not answered (3.1.1 section 4.8), a broken one of version 5 may be (section 3.1.4).
pub(crate) fn claimed_version(frame: &[u8], header: &Header) -> Option<Version> {
    let mut fields = header.body(frame);
    match (fields.text(), fields.u8()) {
        (Ok("MQTT"), Ok(5)) => Some(Version::V5),
        _ => None,
    }
}
