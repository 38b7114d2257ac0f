//! What may pause a campaign, and what a phase must have shown before it passes.

use core::fmt;

use alloc::string::String;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{BasisPoints, HealthGates, SpecError, layer::block};
use crate::id::Name;

block! {
    /// Any gate may pause the campaign. `confident` and `sprt` look at first outcomes over the whole campaign.
    Gates, GatesDraft {
        /// More than `failure_threshold` of the outcomes are failures.
        threshold: bool = true,
        /// The failure rate is above `expected_failure`, wrongly with a probability of `false_pause` at most.
        confident: bool = true,
    }
    absent unless said {
        /// The failure rate is a bad one that is known, rather than the expected one.
        sprt: SprtSpec,
        /// `confident` asks for each kind of device, and averages: a release that fails on one model of ten does not hide
        /// in the sum.
        strata: StrataKey,
        /// A phase waits until the failure rate is proven to be below this, or all its devices have an outcome.
        proven_below: BasisPoints,
        /// How updated devices are doing. Wrongly, all of these together pause with a probability of `false_pause` at most.
        health: HealthGates,
    }
}

/// Wald's test of `expected_failure` against a bad rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SprtSpec {
    pub bad_failure: BasisPoints,
    /// The chance that a bad release is taken for a good one.
    #[serde(default = "default_false_pass")]
    pub false_pass: BasisPoints,
}

const fn default_false_pass() -> BasisPoints {
    BasisPoints::from_percent(10)
}

/// What tells the kinds of devices apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrataKey {
    DeviceType,
    HardwareRevision,
    Region,
    Tenant,
    /// Of the image that runs at the start.
    Version,
    /// Written `attribute:NAME`.
    Attribute(Name),
}

impl Gates {
    /// `key` is where they stand in the description.
    pub(super) fn check(&self, key: &str, expected_failure: BasisPoints) -> Result<(), SpecError> {
        let wrong = |name: &str, problem: &str, allowed: &'static str| {
            let key = alloc::format!("{key}.{name}");
            Err(SpecError::new(key, problem, allowed))
        };
        if let Some(sprt) = &self.sprt {
            if sprt.bad_failure <= expected_failure || sprt.bad_failure == BasisPoints::ALL {
                return wrong(
                    "sprt.bad_failure",
                    "it is not above expected_failure and below 100 %",
                    "allowed is above expected_failure and below 100",
                );
            }
            if sprt.false_pass.get() == 0 || sprt.false_pass >= BasisPoints::from_percent(50) {
                return wrong(
                    "sprt.false_pass",
                    "it can never decide anything, or is no better than a coin",
                    "allowed is above 0 and below 50",
                );
            }
        }
        if self.strata.is_some() && !self.confident {
            return wrong(
                "strata",
                "they are for the confident gate, which is off",
                "they stand with confident: true",
            );
        }
        match self.proven_below {
            Some(rate) if rate.get() == 0 || rate == BasisPoints::ALL => wrong(
                "proven_below",
                "it can never decide anything",
                "allowed is above 0 and below 100",
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StrataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeviceType => f.write_str("device_type"),
            Self::HardwareRevision => f.write_str("hardware_revision"),
            Self::Region => f.write_str("region"),
            Self::Tenant => f.write_str("tenant"),
            Self::Version => f.write_str("version"),
            Self::Attribute(name) => write!(f, "attribute:{name}"),
        }
    }
}

impl Serialize for StrataKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StrataKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unknown = || {
            de::Error::invalid_value(
                de::Unexpected::Str(&text),
                &"device_type, hardware_revision, region, tenant, version or attribute:NAME",
            )
        };
        Ok(match text.as_str() {
            "device_type" => Self::DeviceType,
            "hardware_revision" => Self::HardwareRevision,
            "region" => Self::Region,
            "tenant" => Self::Tenant,
            "version" => Self::Version,
            _ => {
                let name = text.strip_prefix("attribute:").ok_or_else(unknown)?;
                Self::Attribute(Name::parse(name).map_err(|_| unknown())?)
            }
        })
    }
}
