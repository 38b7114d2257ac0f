//! Phases, and the strategies that stand for some.

use alloc::{format, string::ToString, vec, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{BasisPoints, Gates, GatesDraft, Hours, layer};
use crate::id::Name;

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
    /// Instead of the campaign's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<Gates>,
}

/// A phase as an author writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseDraft {
    /// Unique within the campaign.
    pub name: Name,
    /// Of the devices, cumulative: above that of the phase before.
    pub percentage: BasisPoints,
    /// How long the phase is watched from its start; it cannot pass earlier.
    pub duration_hours: Hours,
    /// `true`, unless said otherwise: pass when `success_threshold` is met, and wait until then. `false`: pass when the
    /// time is over.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub wait_for_success: Option<bool>,
    /// Of the devices that accepted. The campaign's, unless said otherwise.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub success_threshold: Option<BasisPoints>,
    /// Instead of the campaign's.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub gates: Option<GatesDraft>,
}

impl PhaseDraft {
    pub(super) fn resolve(self, success_threshold: BasisPoints) -> PhaseSpec {
        PhaseSpec {
            name: self.name,
            percentage: self.percentage,
            duration_hours: self.duration_hours,
            wait_for_success: self.wait_for_success.unwrap_or(true),
            success_threshold: self.success_threshold.unwrap_or(success_threshold),
            gates: self.gates.map(GatesDraft::resolve),
        }
    }
}

impl From<PhaseSpec> for PhaseDraft {
    fn from(phase: PhaseSpec) -> Self {
        Self {
            name: phase.name,
            percentage: phase.percentage,
            duration_hours: phase.duration_hours,
            wait_for_success: Some(phase.wait_for_success),
            success_threshold: Some(phase.success_threshold),
            gates: phase.gates.map(GatesDraft::from),
        }
    }
}

/// How a rollout widens when no phases are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// 1 % for a day without a failure, 10 % for a day, 30 % for two days, then all for three.
    #[default]
    Phased,
    /// 5 % for two days without a failure, then all for five.
    Canary,
    /// All devices at once, in two arms that are compared.
    #[serde(alias = "ab_test")]
    Ab,
    /// 5, 10, 25, 50 and 100 %, each for a day; or from `initial_percentage` on twice as many each time.
    Progressive,
}

impl Strategy {
    /// As authors write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phased => "phased",
            Self::Canary => "canary",
            Self::Ab => "ab",
            Self::Progressive => "progressive",
        }
    }
}

/// The phases of [`Strategy::Phased`]; `success_threshold` is for all but the canaries.
pub(super) fn phased(success_threshold: BasisPoints) -> Vec<PhaseSpec> {
    vec![
        canaries(1, 24),
        phase("early", 10, 24, success_threshold),
        phase("broad", 30, 48, success_threshold),
        phase("full", 100, 72, success_threshold),
    ]
}

/// The phases of [`Strategy::Canary`].
pub(super) fn canary(success_threshold: BasisPoints) -> Vec<PhaseSpec> {
    vec![canaries(5, 48), phase("full", 100, 120, success_threshold)]
}

/// The phases of [`Strategy::Progressive`]: in its own steps, or from `initial` on twice as many each time.
pub(super) fn progressive(
    initial: Option<BasisPoints>,
    interval: Option<Hours>,
    success_threshold: BasisPoints,
) -> Vec<PhaseSpec> {
    let steps: Vec<_> = match initial {
        None => [5, 10, 25, 50, 100].map(BasisPoints::from_percent).into(),
        Some(initial) => {
            let doubled = |step: &BasisPoints| BasisPoints::new(step.get().saturating_mul(2));
            let below = |step: &BasisPoints| step.get() > 0 && *step < BasisPoints::ALL;
            let steps = core::iter::successors(Some(initial), doubled).take_while(below);
            steps.chain([BasisPoints::ALL]).collect()
        }
    };
    let steps = steps.into_iter().map(|percentage| PhaseSpec {
        name: Name::parse(&name(percentage)).expect("our own names are valid"),
        percentage,
        duration_hours: interval.unwrap_or(Hours::of(24)),
        wait_for_success: true,
        success_threshold,
        gates: None,
    });
    steps.collect()
}

/// `p25`, `p0_5`
fn name(percentage: BasisPoints) -> alloc::string::String {
    let number = percentage.to_string();
    format!("p{}", number.trim_end_matches(" %").replace('.', "_"))
}

/// No failure at all is borne among the first.
fn canaries(percent: u8, hours: u64) -> PhaseSpec {
    phase("canary", percent, hours, BasisPoints::ALL)
}

fn phase(name: &str, percent: u8, hours: u64, success_threshold: BasisPoints) -> PhaseSpec {
    PhaseSpec {
        name: Name::parse(name).expect("our own names are valid"),
        percentage: BasisPoints::from_percent(percent),
        duration_hours: Hours::of(hours),
        wait_for_success: true,
        success_threshold,
        gates: None,
    }
}

const fn default_true() -> bool {
    true
}

/// What must succeed in a phase unless something else is said.
pub(super) const fn default_success_threshold() -> BasisPoints {
    BasisPoints::from_percent(95)
}
