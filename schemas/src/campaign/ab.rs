//! Comparing two releases, or one with none, on devices drawn for it.

use alloc::{format, vec, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    BasisPoints, Days, PhaseSpec, ReleaseRef, SpecError, check::above_zero, layer::Layer, list,
};
use crate::id::Name;

/// What an A/B test compares, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbTesting {
    /// The share of the devices that is in arm A and gets the campaign's releases; the others are in arm B.
    pub split_percentage: BasisPoints,
    /// The most important first.
    pub metrics: Vec<Metric>,
    pub test_duration_days: Days,
    pub other: Other,
    /// The winner goes to all devices of the groups by itself, as a campaign of its own.
    #[serde(default)]
    pub promote_winner: bool,
}

/// What an A/B test compares, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AbTestingDraft {
    /// The same as saying `rollout_strategy: ab`.
    #[serde(
        default,
        deserialize_with = "super::layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub enabled: Option<bool>,
    /// The share of the devices that is in arm A and gets the campaign's releases; the others are in arm B.
    #[serde(
        default,
        deserialize_with = "super::layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub split_percentage: Option<BasisPoints>,
    /// What is compared, the most important first.
    #[serde(
        default,
        deserialize_with = "list::said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<super::schema::OneOrMany<Metric>>")
    )]
    pub metrics: Option<Vec<Metric>>,
    #[serde(
        default,
        deserialize_with = "super::layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub test_duration_days: Option<Days>,
    /// What arm B gets.
    #[serde(
        default,
        deserialize_with = "super::layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub other: Option<Other>,
    /// The winner goes to all devices of the groups by itself, as a campaign of its own.
    #[serde(
        default,
        deserialize_with = "super::layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub promote_winner: Option<bool>,
}

/// What two arms are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    SuccessRate,
    BootTime,
    BatteryDrain,
}

/// What arm B gets: releases, one for each model of the campaign's, or `none`: it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    Nothing,
    Releases(Vec<ReleaseRef>),
}

impl Other {
    /// None where arm B stays as it is.
    #[must_use]
    pub fn releases(&self) -> &[ReleaseRef] {
        match self {
            Self::Nothing => &[],
            Self::Releases(releases) => releases,
        }
    }
}

impl Serialize for Other {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_str("none"),
            Self::Releases(releases) => releases.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Other {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Other;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the releases of arm B, or none")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Other, E> {
                match text {
                    "none" => Ok(Other::Nothing),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Other, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                ReleaseRef::deserialize(map).map(|release| Other::Releases(vec![release]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Other, A::Error> {
                let list = de::value::SeqAccessDeserializer::new(list);
                Vec::deserialize(list).map(Other::Releases)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Layer for AbTestingDraft {
    fn over(self, below: &Self) -> Self {
        Self {
            enabled: self.enabled.over(&below.enabled),
            split_percentage: self.split_percentage.over(&below.split_percentage),
            metrics: self.metrics.over(&below.metrics),
            test_duration_days: self.test_duration_days.over(&below.test_duration_days),
            other: self.other.over(&below.other),
            promote_winner: self.promote_winner.over(&below.promote_winner),
        }
    }
}

impl AbTestingDraft {
    pub(super) fn resolve(self) -> Result<AbTesting, SpecError> {
        let Some(other) = self.other else {
            return Err(SpecError::new(
                "ab_testing.other",
                "there is nothing to compare the campaign's releases with",
                "it names the releases of arm B, or is none",
            ));
        };
        Ok(AbTesting {
            split_percentage: self
                .split_percentage
                .unwrap_or(BasisPoints::from_percent(50)),
            metrics: self.metrics.unwrap_or_else(|| vec![Metric::SuccessRate]),
            test_duration_days: self.test_duration_days.unwrap_or(Days::of(7)),
            other,
            promote_winner: self.promote_winner.unwrap_or(false),
        })
    }
}

impl From<AbTesting> for AbTestingDraft {
    fn from(ab: AbTesting) -> Self {
        Self {
            enabled: Some(true),
            split_percentage: Some(ab.split_percentage),
            metrics: Some(ab.metrics),
            test_duration_days: Some(ab.test_duration_days),
            other: Some(ab.other),
            promote_winner: Some(ab.promote_winner),
        }
    }
}

impl AbTesting {
    /// Of a test, where nothing else is said: what devices of both arms must reach.
    pub(super) const SUCCESS_THRESHOLD: BasisPoints = BasisPoints::from_percent(90);

    /// The whole test is one phase.
    pub(super) fn phases(&self, success_threshold: BasisPoints) -> Vec<PhaseSpec> {
        vec![PhaseSpec {
            name: Name::parse("test").expect("our own names are valid"),
            percentage: BasisPoints::ALL,
            duration_hours: self.test_duration_days.into_unit(),
            wait_for_success: true,
            success_threshold,
            gates: None,
        }]
    }

    pub(super) fn check(&self, releases: &[ReleaseRef]) -> Result<(), SpecError> {
        let split = self.split_percentage;
        if split.get() == 0 || split == BasisPoints::ALL {
            return Err(SpecError::new(
                "ab_testing.split_percentage",
                format!("at {split} one arm is empty"),
                "allowed is above 0 and below 100",
            ));
        }
        above_zero("ab_testing.test_duration_days", self.test_duration_days)?;
        if self.metrics.is_empty() {
            return Err(SpecError::new(
                "ab_testing.metrics",
                "nothing is compared",
                "allowed are success_rate, boot_time and battery_drain, at least one",
            ));
        }
        for (i, metric) in self.metrics.iter().enumerate() {
            if self.metrics[..i].contains(metric) {
                return Err(SpecError::new(
                    format!("ab_testing.metrics[{i}]"),
                    "it stands there twice",
                    "each metric is compared once",
                ));
            }
        }
        match &self.other {
            Other::Nothing => Ok(()),
            Other::Releases(others) => check_other(others, releases),
        }
    }
}

/// A device must have something to get in whichever arm it is.
fn check_other(others: &[ReleaseRef], releases: &[ReleaseRef]) -> Result<(), SpecError> {
    const ALLOWED: &str = "it names one other release for each model of `releases`, or is none";
    for (i, other) in others.iter().enumerate() {
        let key = format!("ab_testing.other[{i}].model");
        let model = &other.model;
        if others[..i].iter().any(|before| before.model == *model) {
            let problem = format!("{model} has a release in arm B already");
            return Err(SpecError::new(key, problem, ALLOWED));
        }
        match releases.iter().find(|release| release.model == *model) {
            None => {
                let problem = format!("{model} has no release in arm A");
                return Err(SpecError::new(key, problem, ALLOWED));
            }
            Some(release) if release.version == other.version => {
                return Err(SpecError::new(
                    format!("ab_testing.other[{i}].version"),
                    format!("{} is what arm A gets as well", other.version),
                    ALLOWED,
                ));
            }
            Some(_) => {}
        }
    }
    let missing = releases
        .iter()
        .find(|release| others.iter().all(|other| other.model != release.model));
    match missing {
        None => Ok(()),
        Some(release) => Err(SpecError::new(
            "ab_testing.other",
            format!("{} has no release in arm B", release.model),
            ALLOWED,
        )),
    }
}
