//! Where in a document something stands that is named by its way: `phases[1].percentage`.
//!
//! The document is read once more, by a reader that goes this way only and fails at its end: the failure has a place.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_saphyr::Options;

/// Line and column from 1; of the last step that is there, if the way leads on. `None` if not even the first is.
pub fn of(text: &str, options: Options, way: &str) -> Option<(u64, u64)> {
    let steps: Vec<_> = way
        .split(['.', '[', ']'])
        .filter(|s| !s.is_empty())
        .collect();
    // What is said of a key that is left out is said of what should have it.
    (1..=steps.len()).rev().find_map(|length| {
        let options = options.clone();
        let goal = Goal(&steps[..length]);
        let read =
            serde_saphyr::with_deserializer_from_str_with_options(text, options, |document| {
                goal.deserialize(document)
            });
        super::place(&read.err()?)
    })
}

/// The rest of the way.
struct Goal<'s>(&'s [&'s str]);

impl<'de> DeserializeSeed<'de> for Goal<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        match self.0 {
            [] => Err(D::Error::custom("here")),
            [..] => value.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Goal<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is there")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0[0] || other_name(&key) == Some(self.0[0]) {
                map.next_value_seed(Goal(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let wanted = self.0[0].parse();
        for at in 0usize.. {
            let found = match wanted == Ok(at) {
                true => list.next_element_seed(Goal(&self.0[1..]))?.is_some(),
                false => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !found {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Keys that may be written in another way.
fn other_name(key: &str) -> Option<&'static str> {
    match key {
        "release" => Some("releases"),
        "model" => Some("device_type"),
        _ => None,
    }
}
