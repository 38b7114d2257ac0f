//! What JSON and CBOR have in common, and nothing a sender could say in two ways.
//!
//! Derived readers are generous: most fill a struct from a list by position, take `{"a": null}` for the word `a`, let a
//! repeated key win, and look through CBOR tags. So messages from outside are first read into a [`Plain`], which has
//! text keys only, each once, and no tags; [`Source`] then hands it to a type, structs only from maps and words only
//! from texts.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, VariantAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::cbor::{CborError, CborFault, Item, Limits, Reader};
use crate::slip;

/// A value of JSON, or of CBOR without tags and with text keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain<'b> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Bytes(&'b [u8]),
    Text(Cow<'b, str>),
    List(Vec<Self>),
    /// In the order they came, no key twice.
    Map(Vec<(Cow<'b, str>, Self)>),
}

impl<'b> Plain<'b> {
    pub(crate) fn from_json(bytes: &'b [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub(crate) fn from_cbor(bytes: &'b [u8], limits: Limits) -> Result<Self, CborError> {
        Self::read(&mut Reader::open(bytes, limits)?)
    }

    /// The checker has bounded the depth and seen that no key comes twice.
    fn read(reader: &mut Reader<'b>) -> Result<Self, CborError> {
        const UNTAGGED: CborFault = CborFault::Expected("a value without a tag");
        const NUMBER: CborFault = CborFault::Expected("an integer of at most 64 bits");
        let at = reader.position();
        Ok(match reader.item()? {
            Item::Null => Self::Null,
            Item::Bool(value) => Self::Bool(value),
            Item::Unsigned(value) => Self::Unsigned(value),
            Item::Negative(value) => match i64::try_from(value) {
                Ok(value) => Self::Negative(!value),
                Err(_) => return Err(CborError { at, fault: NUMBER }),
            },
            Item::Float(value) => Self::Float(value),
            Item::Bytes(value) => Self::Bytes(value),
            Item::Text(value) => Self::Text(Cow::Borrowed(value)),
            Item::Array(len) => {
                let mut list = Vec::new();
                for _ in 0..len {
                    list.push(Self::read(reader)?);
                }
                Self::List(list)
            }
            Item::Map(len) => {
                let mut map = Vec::new();
                for _ in 0..len {
                    let key = Cow::Borrowed(reader.text()?);
                    map.push((key, Self::read(reader)?));
                }
                Self::Map(map)
            }
            Item::Tag(_) => {
                return Err(CborError {
                    at,
                    fault: UNTAGGED,
                });
            }
        })
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Negative(value) => Unexpected::Signed(*value),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Bytes(value) => Unexpected::Bytes(value),
            Self::Text(value) => Unexpected::Str(value),
            Self::List(_) => Unexpected::Seq,
            Self::Map(_) => Unexpected::Map,
        }
    }
}

impl<'de: 'b, 'b> Deserialize<'de> for Plain<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl<'de> Visitor<'de> for Value {
            type Value = Plain<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Plain<'de>, E> {
                Ok(Plain::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Plain<'de>, E> {
                Ok(Plain::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Plain<'de>, E> {
                Ok(Plain::Unsigned(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Plain<'de>, E> {
                Ok(Plain::Negative(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Plain<'de>, E> {
                Ok(Plain::Float(value))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Plain<'de>, E> {
                Ok(Plain::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Plain<'de>, E> {
                Ok(Plain::Text(Cow::Owned(value.into())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain<'de>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(Plain::List(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, _>()? {
                    entries.push((Cow::Owned(key), value));
                }
                match repeated(&entries) {
                    Some(key) => Err(A::Error::custom(format_args!("the key {key:?} twice"))),
                    None => Ok(Plain::Map(entries)),
                }
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// Sorting keeps a hostile object of n keys from costing n^2 comparisons.
fn repeated<'e>(entries: &'e [(Cow<'_, str>, Plain<'_>)]) -> Option<&'e str> {
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(twice[0])
}

/// Why a value is not of its type, for the person who wrote it.
#[derive(Debug)]
pub(crate) struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self(problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = slip::expected_of(expected);
        match found {
            Unexpected::Unit => Self(format!("expected {expected}, found nothing")),
            _ => Self(format!("expected {expected}, found {found}")),
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(found: &str, allowed: &'static [&'static str]) -> Self {
        Self(slip::unknown("key", found, allowed))
    }

    fn unknown_variant(found: &str, allowed: &'static [&'static str]) -> Self {
        Self(slip::unknown("value", found, allowed))
    }

    fn duplicate_field(key: &'static str) -> Self {
        Self(format!("'{key}' is said twice, perhaps under two names"))
    }

    fn missing_field(key: &'static str) -> Self {
        Self(format!("the key '{key}' is missing"))
    }
}

/// A value on its way into a type.
pub(crate) struct Source<'b> {
    value: Plain<'b>,
    /// Whether it came from where digests are text.
    is_json: bool,
}

impl<'b> Source<'b> {
    pub(crate) const fn json(value: Plain<'b>) -> Self {
        Self {
            value,
            is_json: true,
        }
    }

    pub(crate) const fn cbor(value: Plain<'b>) -> Self {
        Self {
            value,
            is_json: false,
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Source<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Source<'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        self.is_json
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_json = self.is_json;
        let source = |value| Self { value, is_json };
        match self.value {
            Plain::Null => visitor.visit_unit(),
            Plain::Bool(value) => visitor.visit_bool(value),
            Plain::Unsigned(value) => visitor.visit_u64(value),
            Plain::Negative(value) => visitor.visit_i64(value),
            Plain::Float(value) => visitor.visit_f64(value),
            Plain::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Plain::Text(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Plain::Text(Cow::Owned(value)) => visitor.visit_string(value),
            Plain::List(values) => {
                let mut values = SeqDeserializer::new(values.into_iter().map(source));
                let list = visitor.visit_seq(&mut values)?;
                values.end()?;
                Ok(list)
            }
            Plain::Map(entries) => {
                let entries = entries.into_iter().map(|(key, value)| (key, source(value)));
                let mut entries = MapDeserializer::new(entries);
                let map = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(map)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Plain::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Plain::Map(_) => self.deserialize_any(visitor),
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    /// A word is a text; a choice with content is a map of one entry.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Plain::Text(word) => visitor.visit_enum(word.into_deserializer()),
            Plain::Map(mut entries) if entries.len() == 1 => {
                let (name, value) = entries.swap_remove(0);
                let is_json = self.is_json;
                let content = Self { value, is_json };
                visitor.visit_enum(Choice { name, content })
            }
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

/// One of several alternatives, with its content.
struct Choice<'b> {
    name: Cow<'b, str>,
    content: Source<'b>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Error;
    type Variant = Source<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Source<'de>), Error> {
        let name = seed.deserialize(self.name.into_deserializer())?;
        Ok((name, self.content))
    }
}

impl<'de> VariantAccess<'de> for Source<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::invalid_type(Unexpected::Map, &"a word"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}
