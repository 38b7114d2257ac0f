//! Durations: numbers in the unit their key names, or texts like `30m`, `4h`, `2d`.

use alloc::{format, string::String};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest any duration may be: a year. Longer is a slip of the unit.
pub const DURATION_MS_MAX: u64 = 366 * 24 * HOUR_MS;

pub const MINUTE_MS: u64 = 60 * 1000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// A duration in milliseconds whose bare numbers count `UNIT_MS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span<const UNIT_MS: u64>(u64);

pub type Minutes = Span<MINUTE_MS>;
pub type Hours = Span<HOUR_MS>;
pub type Days = Span<DAY_MS>;

impl<const UNIT_MS: u64> Span<UNIT_MS> {
    #[must_use]
    pub const fn of(units: u64) -> Self {
        Self(units * UNIT_MS)
    }

    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// The same time, counted in another unit.
    #[must_use]
    pub const fn into_unit<const OTHER_MS: u64>(self) -> Span<OTHER_MS> {
        Span(self.0)
    }

    /// Reads `90s`, `30m`, `4h`, `2d`.
    fn parse(text: &str) -> Option<Self> {
        let (number, unit_ms) = match text.as_bytes().last()? {
            b's' => (&text[..text.len() - 1], 1000),
            b'm' => (&text[..text.len() - 1], MINUTE_MS),
            b'h' => (&text[..text.len() - 1], HOUR_MS),
            b'd' => (&text[..text.len() - 1], DAY_MS),
            _ => return None,
        };
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Self::within_limit(number.parse::<u64>().ok()?.checked_mul(unit_ms)?)
    }

    fn within_limit(ms: u64) -> Option<Self> {
        (ms <= DURATION_MS_MAX).then_some(Self(ms))
    }
}

/// A duration for people: `45 s`, `30 m`, `4 h`, `2 d`, or the largest two units of it.
#[must_use]
pub fn human_duration(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (1000, "s")];
    for (i, (unit_ms, unit)) in UNITS.into_iter().enumerate() {
        if ms < unit_ms {
            continue;
        }
        let rest = ms % unit_ms;
        return match UNITS.get(i + 1) {
            Some((next_ms, next)) if rest >= *next_ms => {
                format!("{} {unit} {} {next}", ms / unit_ms, rest / next_ms)
            }
            _ => format!("{} {unit}", ms / unit_ms),
        };
    }
    format!("{ms} ms")
}

impl<const UNIT_MS: u64> Serialize for Span<UNIT_MS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(UNIT_MS) {
            serializer.serialize_u64(self.0 / UNIT_MS)
        } else if self.0.is_multiple_of(MINUTE_MS) {
            serializer.collect_str(&format_args!("{}m", self.0 / MINUTE_MS))
        } else {
            serializer.collect_str(&format_args!("{}s", self.0 / 1000))
        }
    }
}

impl<'de, const UNIT_MS: u64> Deserialize<'de> for Span<UNIT_MS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const UNIT_MS: u64>;
        impl<const UNIT_MS: u64> de::Visitor<'_> for Visitor<UNIT_MS> {
            type Value = Span<UNIT_MS>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number in the key's unit, or a text like 30m, 4h or 2d, at most 366 days")
            }
            fn visit_u64<E: de::Error>(self, units: u64) -> Result<Self::Value, E> {
                units
                    .checked_mul(UNIT_MS)
                    .and_then(Span::within_limit)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(units), &self))
            }
            fn visit_i64<E: de::Error>(self, units: i64) -> Result<Self::Value, E> {
                match u64::try_from(units) {
                    Ok(units) => self.visit_u64(units),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(units), &self)),
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Span::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
