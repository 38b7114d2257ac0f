//! How a campaign is described: the same schema in YAML and JSON.
//!
//! Thresholds are in percent with at most two decimals and become basis points; durations are numbers in the unit their
//! key names, or texts like `30m`, `4h`, `2d`. Unknown keys are refused.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{CampaignId, ModelId, Name, Version};

/// Most phases of a campaign; a phase a device would be fewer than this for small fleets already.
pub const PHASES_MAX: usize = 100;
/// Most further attempts after a first failure.
pub const RETRIES_MAX: u8 = 10;
/// The longest any duration may be: a year. Longer is a slip of the unit.
pub const DURATION_MS_MAX: u64 = 366 * 24 * HOUR_MS;

pub const MINUTE_MS: u64 = 60 * 1000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// A ratio in basis points, 0 to 10,000; written as a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasisPoints(u16);

impl BasisPoints {
    pub const ALL: Self = Self(10_000);

    /// `None` above 10,000.
    #[must_use]
    pub const fn new(basis_points: u16) -> Option<Self> {
        if basis_points <= 10_000 {
            Some(Self(basis_points))
        } else {
            None
        }
    }

    #[must_use]
    pub const fn from_percent(percent: u8) -> Self {
        assert!(percent <= 100);
        Self(percent as u16 * 100)
    }

    /// `None` outside 0 to 100 or with more than two decimals.
    #[must_use]
    pub fn from_percent_f64(percent: f64) -> Option<Self> {
        let basis_points = percent * 100.0;
        let nearest = libm::round(basis_points);
        let is_exact = libm::fabs(basis_points - nearest) < 1e-6;
        if !(is_exact && (0.0..=10_000.0).contains(&nearest)) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 10,000"
        )]
        Some(Self(nearest as u16))
    }

    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// This share of `whole`, rounded up.
    #[must_use]
    pub const fn of_rounded_up(self, whole: u64) -> u64 {
        (whole * self.0 as u64).div_ceil(10_000)
    }

    /// Whether `part` of `whole` is at least this share.
    #[must_use]
    pub const fn is_reached_by(self, part: u64, whole: u64) -> bool {
        part * 10_000 >= self.0 as u64 * whole
    }

    /// Whether `part` of `whole` is more than this share; exactly on it is not.
    #[must_use]
    pub const fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        part * 10_000 > self.0 as u64 * whole
    }

    #[must_use]
    pub fn as_ratio(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole} %"),
            _ if rest % 10 == 0 => write!(f, "{whole}.{} %", rest / 10),
            _ => write!(f, "{whole}.{rest:02} %"),
        }
    }
}

impl Serialize for BasisPoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u16(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for BasisPoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = BasisPoints;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage from 0 to 100 with at most two decimals")
            }
            fn visit_u64<E: de::Error>(self, percent: u64) -> Result<BasisPoints, E> {
                u8::try_from(percent)
                    .ok()
                    .filter(|percent| *percent <= 100)
                    .map(BasisPoints::from_percent)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(percent), &self))
            }
            fn visit_i64<E: de::Error>(self, percent: i64) -> Result<BasisPoints, E> {
                match u64::try_from(percent) {
                    Ok(percent) => self.visit_u64(percent),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(percent), &self)),
                }
            }
            fn visit_f64<E: de::Error>(self, percent: f64) -> Result<BasisPoints, E> {
                BasisPoints::from_percent_f64(percent)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Float(percent), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A duration in milliseconds whose bare numbers count `UNIT_MS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span<const UNIT_MS: u64>(u64);

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

/// A campaign as its author writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSpec {
    pub id: CampaignId,
    pub release: ReleaseRef,
    /// Without phases: canary 1 % for 24 h, 10 % for 24 h, 30 % for 48 h, 100 % for 72 h.
    #[serde(default = "phased")]
    pub phases: Vec<PhaseSpec>,
    /// Pause when more than this share of the resolved devices has failed.
    #[serde(default = "default_failure_threshold")]
    pub failure_threshold: BasisPoints,
    /// How many outcomes `failure_threshold` and promotion wait for; the whole cohort if that is smaller.
    #[serde(default = "default_sample_min")]
    pub sample_min: u32,
    /// The failure rate that is normal for this fleet, for the `confident` gate.
    #[serde(default = "default_expected_failure")]
    pub expected_failure: BasisPoints,
    /// The chance that the `confident` gate pauses a campaign whose failure rate is normal.
    #[serde(default = "default_false_pause")]
    pub false_pause: BasisPoints,
    /// The share of accepted executions that must be resolved before a phase can pass.
    #[serde(default = "default_quorum")]
    pub quorum: BasisPoints,
    #[serde(default)]
    pub failure_handling: FailureHandling,
    #[serde(default)]
    pub timeouts: Timeouts,
    /// After this, what is open is timed out and what was never reached is reported as not contacted.
    #[serde(default = "default_max_rollout")]
    pub max_rollout_days: Days,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRef {
    pub model: ModelId,
    pub version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSpec {
    pub name: Name,
    /// Of the fleet, cumulative.
    pub percentage: BasisPoints,
    /// How long the phase is watched from its start; it cannot pass earlier.
    pub duration_hours: Hours,
    /// `true`: pass when `success_threshold` is met, and wait until then. `false`: pass when the time is over.
    #[serde(default = "default_true")]
    pub wait_for_success: bool,
    #[serde(default = "default_success_threshold")]
    pub success_threshold: BasisPoints,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FailureHandling {
    /// Further attempts for a device after its first failure.
    pub max_retries: u8,
    /// Wait before the first retry; each further one waits twice as long.
    pub retry_backoff_hours: Hours,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// How long a device may take to accept its job before it counts as not contacted.
    pub contact_hours: Hours,
    /// How long a device may take from accepting its job to an outcome.
    pub execution_hours: Hours,
}

impl Default for FailureHandling {
    fn default() -> Self {
        Self {
            max_retries: 2,
            retry_backoff_hours: Hours::of(1),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            contact_hours: Hours::of(24),
            execution_hours: Hours::of(4),
        }
    }
}

fn phased() -> Vec<PhaseSpec> {
    let phase = |name, percent, hours, success| PhaseSpec {
        name: Name::parse(name).expect("our own names are valid"),
        percentage: BasisPoints::from_percent(percent),
        duration_hours: Hours::of(hours),
        wait_for_success: true,
        success_threshold: BasisPoints::from_percent(success),
    };
    vec![
        phase("canary", 1, 24, 100),
        phase("early", 10, 24, 95),
        phase("broad", 30, 48, 95),
        phase("full", 100, 72, 95),
    ]
}

const fn default_true() -> bool {
    true
}

const fn default_failure_threshold() -> BasisPoints {
    BasisPoints::from_percent(10)
}

const fn default_sample_min() -> u32 {
    20
}

const fn default_expected_failure() -> BasisPoints {
    BasisPoints::from_percent(2)
}

const fn default_false_pause() -> BasisPoints {
    BasisPoints::from_percent(5)
}

const fn default_quorum() -> BasisPoints {
    BasisPoints::from_percent(95)
}

const fn default_success_threshold() -> BasisPoints {
    BasisPoints::from_percent(95)
}

const fn default_max_rollout() -> Days {
    Days::of(14)
}

/// Why a well-formed description cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}; {allowed}")]
pub struct SpecError {
    pub key: String,
    pub problem: String,
    pub allowed: &'static str,
}

impl CampaignSpec {
    /// What types alone cannot say: how the values must relate.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_phases()?;
        let within = |key: &str, value: BasisPoints, allowed: &'static str| {
            if value.get() == 0 || value == BasisPoints::ALL {
                return Err(SpecError {
                    key: key.to_string(),
                    problem: format!("{value} can never decide anything"),
                    allowed,
                });
            }
            Ok(())
        };
        within(
            "expected_failure",
            self.expected_failure,
            "above 0 and below 100",
        )?;
        within("false_pause", self.false_pause, "above 0 and below 100")?;
        if self.failure_handling.max_retries > RETRIES_MAX {
            return Err(SpecError {
                key: "failure_handling.max_retries".to_string(),
                problem: format!("{} is too many", self.failure_handling.max_retries),
                allowed: "0 to 10",
            });
        }
        for (key, span_ms) in [
            ("timeouts.contact_hours", self.timeouts.contact_hours.ms()),
            (
                "timeouts.execution_hours",
                self.timeouts.execution_hours.ms(),
            ),
            ("max_rollout_days", self.max_rollout_days.ms()),
        ] {
            if span_ms == 0 {
                return Err(SpecError {
                    key: key.to_string(),
                    problem: "nothing can happen in no time".to_string(),
                    allowed: "above 0",
                });
            }
        }
        Ok(())
    }

    fn check_phases(&self) -> Result<(), SpecError> {
        if self.phases.is_empty() || self.phases.len() > PHASES_MAX {
            return Err(SpecError {
                key: "phases".to_string(),
                problem: format!("{} phases", self.phases.len()),
                allowed: "1 to 100 phases",
            });
        }
        let mut before = 0;
        for (i, phase) in self.phases.iter().enumerate() {
            if phase.percentage.get() <= before {
                return Err(SpecError {
                    key: format!("phases[{i}].percentage"),
                    problem: format!("{} is not above the phase before it", phase.percentage),
                    allowed: "percentages are cumulative and rise from phase to phase, up to 100",
                });
            }
            before = phase.percentage.get();
            if self.phases[..i]
                .iter()
                .any(|other| other.name == phase.name)
            {
                return Err(SpecError {
                    key: format!("phases[{i}].name"),
                    problem: format!("{} names two phases", phase.name),
                    allowed: "names are unique within a campaign",
                });
            }
        }
        Ok(())
    }
}
