//! Phases, and the strategies that stand for some.

use alloc::{vec, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{BasisPoints, Gates, Hours};
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

/// How a rollout widens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// 1 % for a day without a failure, 10 % for a day, 30 % for two days, then all for three.
    #[default]
    Phased,
    /// 5 % for two days without a failure, then all for five.
    Canary,
    /// 5, 10, 25, 50 and 100 %, each for a day.
    Progressive,
}

impl Strategy {
    /// The phases it stands for.
    #[must_use]
    pub fn phases(self) -> Vec<PhaseSpec> {
        let phase = |name, percent, hours, success| PhaseSpec {
            name: Name::parse(name).expect("our own names are valid"),
            percentage: BasisPoints::from_percent(percent),
            duration_hours: Hours::of(hours),
            wait_for_success: true,
            success_threshold: BasisPoints::from_percent(success),
            gates: None,
        };
        match self {
            Self::Phased => vec![
                phase("canary", 1, 24, 100),
                phase("early", 10, 24, 95),
                phase("broad", 30, 48, 95),
                phase("full", 100, 72, 95),
            ],
            Self::Canary => vec![phase("canary", 5, 48, 100), phase("full", 100, 120, 95)],
            Self::Progressive => vec![
                phase("p5", 5, 24, 95),
                phase("p10", 10, 24, 95),
                phase("p25", 25, 24, 95),
                phase("p50", 50, 24, 95),
                phase("p100", 100, 24, 95),
            ],
        }
    }
}

const fn default_true() -> bool {
    true
}

const fn default_success_threshold() -> BasisPoints {
    BasisPoints::from_percent(95)
}
