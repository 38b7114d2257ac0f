//! Names and digests, checked once where bytes become types.
//!
//! An id is `[A-Za-z0-9:_-]{1,128}`, a version `[A-Za-z0-9._+-]{1,64}`. Neither can contain `/`, `+` as a whole level,
//! `#` or a control character, so a valid id is always a valid MQTT topic level.

use alloc::{string::String, sync::Arc};
use core::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest id, in bytes. AWS thing names and hawkBit controller ids fit.
pub const ID_BYTES_MAX: usize = 128;
/// Longest version, in bytes.
pub const VERSION_BYTES_MAX: usize = 64;
/// Longest id of an alert, in bytes: a campaign's, a hyphen and what is wrong.
pub const ALERT_ID_BYTES_MAX: usize = ID_BYTES_MAX + 32;
/// Longest name of a time zone, in bytes. The IANA's longest has 30.
pub const TIME_ZONE_BYTES_MAX: usize = 64;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("a {kind} must not be empty")]
    Empty { kind: &'static str },
    #[error("a {kind} has at most {max} characters, this one {len}")]
    TooLong {
        kind: &'static str,
        len: usize,
        max: usize,
    },
    #[error("a {kind} consists of {allowed}; {found:?} is not allowed")]
    Character {
        kind: &'static str,
        allowed: &'static str,
        found: char,
    },
}

fn is_id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')
}

fn is_version_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-')
}

fn is_time_zone_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-')
}

fn check(
    kind: &'static str,
    text: &str,
    max: usize,
    allowed: &'static str,
    is_allowed: fn(char) -> bool,
) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind });
    }
    if let Some(found) = text.chars().find(|c| !is_allowed(*c)) {
        return Err(IdError::Character {
            kind,
            allowed,
            found,
        });
    }
    if text.len() > max {
        return Err(IdError::TooLong {
            kind,
            len: text.len(),
            max,
        });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:expr, $allowed:literal, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text against this kind's alphabet and length.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                Self::check(text)?;
                Ok(Self(text.into()))
            }

            /// As [`Self::parse`], for whoever keeps the text elsewhere.
            pub fn check(text: &str) -> Result<(), IdError> {
                check($kind, text, $max, $allowed, $is_allowed)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, concat!("a ", $kind))
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                Self::parse(d.str()?).map_err(minicbor::decode::Error::message)
            }
        }
    };
}

text_id!(
    /// The name of a device: its topic segment, client id and username.
    DeviceId, "device id", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// The name of a person or program that gives commands.
    OperatorId, "operator id", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// The name of a campaign, chosen by its author.
    CampaignId, "campaign id", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// The name of a device model (device type): what a release is built for.
    ModelId, "model id", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// An operator's number for a command, unique per operator. A ULID tells its age, too.
    CommandId, "command id", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// A short name: a phase, a region, a tenant, a tag, an attribute's key.
    Name, "name", ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// The name of an alert: what is wrong, behind the campaign that it is about and a hyphen if it is about one.
    AlertId, "alert id", ALERT_ID_BYTES_MAX, "letters, digits, ':', '_' and '-'", is_id_character
);
text_id!(
    /// A firmware or hardware version.
    Version, "version", VERSION_BYTES_MAX, "letters, digits, '.', '_', '+' and '-'", is_version_character
);

/// A ticket: `t-` and the log position of the fact that opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(pub u64);

/// Why a text is not a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a ticket is t- and a number")]
pub struct TicketIdError;

impl TicketId {
    pub fn parse(text: &str) -> Result<Self, TicketIdError> {
        let digits = text.strip_prefix("t-").ok_or(TicketIdError)?;
        let is_canonical = !digits.starts_with(['0', '+']);
        let number = digits.parse().ok().filter(|_| is_canonical);
        number.map(Self).ok_or(TicketIdError)
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}

impl FromStr for TicketId {
    type Err = TicketIdError;
    fn from_str(text: &str) -> Result<Self, TicketIdError> {
        Self::parse(text)
    }
}

impl Serialize for TicketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TicketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
text_id!(
    /// A time zone as the IANA names it: `Europe/Berlin`. Whether there is such a one is known to those who reckon with it.
    TimeZoneName, "time zone", TIME_ZONE_BYTES_MAX, "letters, digits, '/', '_', '+' and '-'", is_time_zone_character
);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct DigestError;

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Reads 64 lower-case hexadecimal digits.
            pub fn parse(text: &str) -> Result<Self, DigestError> {
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(DigestError);
                }
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError)?;
                Ok(Self(bytes))
            }

            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}..)", stringify!($name), &hex::encode(&self.0[..4]))
            }
        }

        impl FromStr for $name {
            type Err = DigestError;
            fn from_str(text: &str) -> Result<Self, DigestError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            /// Hexadecimal where people read (JSON), 32 bytes elsewhere (CBOR).
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(&hex::encode(self.0))
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a digest of 32 bytes")
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<$name, E> {
                        bytes.try_into().map($name).map_err(|_| E::invalid_length(bytes.len(), &self))
                    }
                }
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(Visitor)
                } else {
                    deserializer.deserialize_bytes(Visitor)
                }
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                d.bytes()?
                    .try_into()
                    .map(Self)
                    .map_err(|_| minicbor::decode::Error::message("a digest has 32 bytes"))
            }
        }
    };
}

digest!(
    /// BLAKE3 of an image or a delta: names the bytes in the store and in flight.
    Digest
);
digest!(
    /// SHA-256 of an image, as SUIT manifests demand it.
    Sha256
);

impl Digest {
    /// BLAKE3 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl Sha256 {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// A text of bounded length from outside, kept as it came but for control characters.
#[must_use]
pub fn printable(text: &str, max: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_on_the_limit_is_accepted_and_one_beyond_refused() {
        let longest = "a".repeat(ID_BYTES_MAX);
        assert_eq!(DeviceId::parse(&longest).unwrap().as_str(), longest);
        assert!(matches!(
            DeviceId::parse(&"a".repeat(ID_BYTES_MAX + 1)),
            Err(IdError::TooLong {
                len: 129,
                max: 128,
                ..
            })
        ));
        assert!(matches!(DeviceId::parse(""), Err(IdError::Empty { .. })));
    }

    #[test]
    fn nothing_that_means_something_in_a_topic_gets_into_an_id() {
        for bad in ["a/b", "+", "#", "$sys", "a b", "é", "a\0", "a.b"] {
            assert!(DeviceId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(DeviceId::parse("AA:bb_c-9").is_ok());
        assert!(Version::parse("1.2.3-rc.1+build_5").is_ok());
        assert!(Version::parse("1/2").is_err());
    }

    #[test]
    fn a_digest_is_hex_for_people_and_bytes_for_devices() {
        let digest = Digest::of(b"firmware");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json.len(), 66);
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        let mut cbor = alloc::vec::Vec::new();
        ciborium::into_writer(&digest, &mut cbor).unwrap();
        assert_eq!(cbor[..2], [0x58, 32]);
        assert_eq!(
            ciborium::from_reader::<Digest, _>(&cbor[..]).unwrap(),
            digest
        );
        assert!(Digest::parse(&"A".repeat(64)).is_err());
    }
}
