//! The data types that MQTT packets are made of (MQTT 5.0 section 1.5), and the properties of section 2.2.2.
//!
//! Everything is checked that rumqttd's codec takes on trust: text is UTF-8 without NUL, a variable byte integer is as
//! short as it can be, a property belongs to its packet and comes once, its value is one the standard allows, and
//! nothing follows the last field.

use crate::frame::FrameError;

/// What is left to read of one packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

const CUT: FrameError = FrameError::Malformed("a field reaches beyond the packet");

impl<'a> Fields<'a> {
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FrameError> {
        let (first, rest) = self.rest.split_first().ok_or(CUT)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, FrameError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        self.rest = rest;
        Ok(u16::from_be_bytes(*taken))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FrameError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*taken))
    }

    pub(crate) fn binary(&mut self) -> Result<&'a [u8], FrameError> {
        let count = self.u16()?;
        self.take(usize::from(count))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, FrameError> {
        let text = std::str::from_utf8(self.binary()?)
            .map_err(|_| FrameError::Malformed("a text is not UTF-8"))?;
        if text.as_bytes().contains(&0) {
            return Err(FrameError::Malformed("a text contains U+0000"));
        }
        Ok(text)
    }

    /// A topic name: not empty, no wildcard (section 4.7.3).
    pub(crate) fn topic_name(&mut self) -> Result<&'a str, FrameError> {
        let topic = self.text()?;
        if topic.is_empty() {
            return Err(FrameError::Malformed("a topic name is empty"));
        }
        if topic.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
            return Err(FrameError::Malformed("a topic name has a wildcard"));
        }
        Ok(topic)
    }

    pub(crate) fn topic_filter(&mut self) -> Result<&'a str, FrameError> {
        let filter = self.text()?;
        if !rumqttd::protocol::valid_filter(filter) {
            return Err(FrameError::Malformed("a topic filter is not valid"));
        }
        Ok(filter)
    }

    pub(crate) fn packet_id(&mut self) -> Result<u16, FrameError> {
        match self.u16()? {
            0 => Err(FrameError::Malformed("a packet identifier is 0")),
            id => Ok(id),
        }
    }

    pub(crate) fn variable(&mut self) -> Result<usize, FrameError> {
        let mut value = 0;
        for index in 0..4 {
            let byte = self.u8()?;
            value |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                if index > 0 && byte == 0 {
                    return Err(FrameError::Malformed("a length is longer than it need be"));
                }
                return Ok(value);
            }
        }
        Err(FrameError::Malformed("a length has more than four bytes"))
    }

    pub(crate) const fn finish(self) -> Result<(), FrameError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(FrameError::Malformed("bytes follow the last field"))
        }
    }
}

/// Where a list of properties stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Connect,
    Will,
    Publish,
    PubAck,
    Subscribe,
    Unsubscribe,
    Disconnect,
}

enum Kind {
    Flag,
    TwoBytes,
    FourBytes,
    Variable,
    Binary,
    Text,
    Pair,
}

/// The table of section 2.2.2.2, for what a client may send.
fn property(id: usize, place: Place) -> Result<Kind, FrameError> {
    use Place::{Connect, Disconnect, PubAck, Publish, Subscribe, Unsubscribe, Will};
    let (kind, places): (Kind, &[Place]) = match id {
        0x01 => (Kind::Flag, &[Publish, Will]),
        0x02 => (Kind::FourBytes, &[Publish, Will]),
        0x03 => (Kind::Text, &[Publish, Will]),
        0x08 => (Kind::Text, &[Publish, Will]),
        0x09 => (Kind::Binary, &[Publish, Will]),
        0x0B => (Kind::Variable, &[Subscribe]),
        0x11 => (Kind::FourBytes, &[Connect, Disconnect]),
        0x15 => (Kind::Text, &[Connect]),
        0x16 => (Kind::Binary, &[Connect]),
        0x17 | 0x19 => (Kind::Flag, &[Connect]),
        0x18 => (Kind::FourBytes, &[Will]),
        0x1F => (Kind::Text, &[PubAck, Disconnect]),
        0x21 | 0x22 => (Kind::TwoBytes, &[Connect]),
        0x23 => (Kind::TwoBytes, &[Publish]),
        0x26 => (
            Kind::Pair,
            &[
                Connect,
                Will,
                Publish,
                PubAck,
                Subscribe,
                Unsubscribe,
                Disconnect,
            ],
        ),
        0x27 => (Kind::FourBytes, &[Connect]),
        _ => return Err(FrameError::Malformed("a property does not exist")),
    };
    if places.contains(&place) {
        Ok(kind)
    } else {
        Err(FrameError::Protocol(
            "a property does not belong to its packet",
        ))
    }
}

/// Reads over one list of properties and checks each.
pub(crate) fn properties(fields: &mut Fields<'_>, place: Place) -> Result<(), FrameError> {
    let count = fields.variable()?;
    let mut list = Fields::new(fields.take(count)?);
    let mut seen = 0_u64;
    while !list.is_empty() {
        let id = list.variable()?;
        let kind = property(id, place)?;
        let bit = 1_u64 << id;
        if seen & bit != 0 && !matches!(kind, Kind::Pair) {
            return Err(FrameError::Protocol("a property comes twice"));
        }
        seen |= bit;
        value(&mut list, id, &kind)?;
    }
    // Authentication data means something only to a method (section 3.1.2.11.10).
    if seen & (1 << 0x16) != 0 && seen & (1 << 0x15) == 0 {
        return Err(FrameError::Protocol("authentication data without a method"));
    }
    Ok(())
}

fn value(list: &mut Fields<'_>, id: usize, kind: &Kind) -> Result<(), FrameError> {
    match kind {
        Kind::Flag => {
            if list.u8()? > 1 {
                return Err(FrameError::Protocol("a property is neither 0 nor 1"));
            }
        }
        Kind::TwoBytes => match (id, list.u16()?) {
            (0x21, 0) => return Err(FrameError::Protocol("the receive maximum is 0")),
            // CONNACK allows no topic alias, and 0 is never one (section 3.3.2.3.4).
            (0x23, _) => return Err(FrameError::TopicAlias),
            _ => {}
        },
        Kind::FourBytes => {
            if list.u32()? == 0 && id == 0x27 {
                return Err(FrameError::Protocol("the maximum packet size is 0"));
            }
        }
        Kind::Variable => {
            if list.variable()? == 0 {
                return Err(FrameError::Protocol("a subscription identifier is 0"));
            }
        }
        Kind::Binary => {
            list.binary()?;
        }
        // A response topic is a topic name (section 3.3.2.3.5).
        Kind::Text if id == 0x08 => {
            list.topic_name()?;
        }
        Kind::Text => {
            list.text()?;
        }
        Kind::Pair => {
            list.text()?;
            list.text()?;
        }
    }
    Ok(())
}
