//! How fast a campaign goes, and how much it may risk at once.

use alloc::format;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Minutes, SpecError,
    layer::{self, layered},
};

/// Bounds on what may be under way. Whatever is left out is not bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// New executions in any minute, retries included.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub executions_per_minute: Option<Pace>,
    /// Executions queued or in progress.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_flight_max: Option<u32>,
    /// Devices whose fate is open: queued, in progress, or lost out of sight. What is lost stays counted, so a release
    /// that silences devices comes to a halt by itself.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub exposure_max: Option<u32>,
    /// Devices begin at different times within this long, so that not all of them download at once.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub start_jitter_minutes: Option<Minutes>,
}

/// New executions in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Constant(u32),
    /// Faster and faster, as AWS IoT Jobs does it: from `base`, times `factor` whenever so many more devices have been
    /// notified or have succeeded, up to `maximum`.
    Growing(Growth),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Growth {
    pub base: u32,
    pub factor: Factor,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub every_notified: Option<u32>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub every_succeeded: Option<u32>,
    pub maximum: u32,
}

/// A factor above 1 with one decimal, in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor(u16);

/// The largest factor, in tenths.
const FACTOR_TENTHS_MAX: u16 = 100;

impl Growth {
    /// Executions in a minute, once so many devices have been notified and have succeeded.
    #[must_use]
    pub fn rate(&self, notified: u32, succeeded: u32) -> u32 {
        let times = match (self.every_notified, self.every_succeeded) {
            (Some(every), _) => notified / every.max(1),
            (None, Some(every)) => succeeded / every.max(1),
            (None, None) => 0,
        };
        let maximum = u64::from(self.maximum);
        let mut rate = u64::from(self.base);
        for _ in 0..times {
            if rate >= maximum {
                break;
            }
            // Rounded up, or a small rate would never grow.
            rate = (rate * u64::from(self.factor.0)).div_ceil(10);
        }
        u32::try_from(rate.min(maximum)).expect("it is at most the maximum")
    }
}

layered!(Rates {
    executions_per_minute,
    in_flight_max,
    exposure_max,
    start_jitter_minutes,
});

impl Rates {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let above_zero = |key: &str, value: Option<u32>| match value {
            Some(0) => Err(SpecError::new(
                format!("rates.{key}"),
                "nothing could ever start",
                "allowed is 1 or more, or no such key for no bound",
            )),
            _ => Ok(()),
        };
        above_zero("in_flight_max", self.in_flight_max)?;
        above_zero("exposure_max", self.exposure_max)?;
        match self.executions_per_minute {
            None => Ok(()),
            Some(Pace::Constant(rate)) => above_zero("executions_per_minute", Some(rate)),
            Some(Pace::Growing(growth)) => growth.check(),
        }
    }
}

impl Growth {
    fn check(&self) -> Result<(), SpecError> {
        let wrong = |key: &str, problem: &str, allowed: &'static str| {
            let key = format!("rates.executions_per_minute.{key}");
            Err(SpecError::new(key, problem, allowed))
        };
        if self.base == 0 {
            return wrong("base", "nothing could ever start", "allowed is 1 or more");
        }
        if self.maximum < self.base {
            return wrong(
                "maximum",
                "it is below the base",
                "allowed is the base or more",
            );
        }
        match (self.every_notified, self.every_succeeded) {
            (Some(0), _) | (_, Some(0)) => wrong(
                "every_notified",
                "a step of no devices",
                "allowed is 1 or more, for just one of every_notified and every_succeeded",
            ),
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => wrong(
                "every_notified",
                "it must be clear when the rate grows",
                "allowed is just one of every_notified and every_succeeded",
            ),
        }
    }
}

impl Serialize for Pace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(rate) => rate.serialize(serializer),
            Self::Growing(growth) => growth.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Pace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Pace;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("executions a minute, or how they grow: base, factor, every_notified or every_succeeded, maximum")
            }
            fn visit_u64<E: de::Error>(self, rate: u64) -> Result<Pace, E> {
                u32::try_from(rate)
                    .map(Pace::Constant)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(rate), &self))
            }
            fn visit_i64<E: de::Error>(self, rate: i64) -> Result<Pace, E> {
                u32::try_from(rate)
                    .map(Pace::Constant)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(rate), &self))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Pace, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                Growth::deserialize(map).map(Pace::Growing)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(10) {
            serializer.serialize_u16(self.0 / 10)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 10.0)
        }
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let factor = f64::deserialize(deserializer)?;
        let tenths = libm::round(factor * 10.0);
        let is_exact = libm::fabs(factor * 10.0 - tenths) < 1e-6;
        if !(is_exact && (11.0..=f64::from(FACTOR_TENTHS_MAX)).contains(&tenths)) {
            return Err(de::Error::invalid_value(
                de::Unexpected::Float(factor),
                &"a factor from 1.1 to 10 with at most one decimal",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "11 to 100"
        )]
        Ok(Self(tenths as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(json: &str) -> Growth {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_growing_rate_grows_with_every_so_many_devices_up_to_its_maximum() {
        let growth =
            growth(r#"{"base": 50, "factor": 1.5, "every_notified": 1000, "maximum": 300}"#);
        let rates: alloc::vec::Vec<_> = [0, 999, 1000, 2000, 3000, 5000, u32::MAX]
            .map(|notified| growth.rate(notified, 0))
            .into();
        assert_eq!(rates, [50, 50, 75, 113, 170, 300, 300]);
    }

    #[test]
    fn a_small_rate_grows_too() {
        let growth = growth(r#"{"base": 1, "factor": 1.1, "every_succeeded": 1, "maximum": 1000}"#);
        assert_eq!(growth.rate(0, 1), 2);
        assert_eq!(growth.rate(0, 2), 3);
    }
}
