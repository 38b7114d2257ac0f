//! `campaigns/{campaign}/report`: how a campaign has gone, why devices fail in it, and what to do about that.
//!
//! Rates are shares of one, times are milliseconds, money is in the currency of the configured prices.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    device::ErrorClass,
    id::{CampaignId, Name},
    status::{CampaignState, Cause, HealthStatus, Hold, Tally},
};

/// Everything that follows from a campaign's facts up to `position`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignReport {
    pub campaign: CampaignId,
    pub status: CampaignState,
    /// Why it does not go on by itself just now, as its status says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Why it is paused, canceled or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When the report was made, and the log position it is true at.
    pub at_ms: u64,
    pub position: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    pub devices: u64,
    pub totals: Tally,
    /// By group in the order in which they are offered the update, then by phase.
    pub progress: Vec<Progress>,
    pub timeline: Timeline,
    pub milestones: Milestones,
    pub failures: Failures,
    /// How updated devices are doing, one for each health gate of the running phase, or of the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub health: Vec<HealthStatus>,
    pub kpis: Vec<Kpi>,
    /// Absent without configured prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The most urgent first.
    pub recommendations: Vec<Recommendation>,
}

/// The devices that one phase adds to those of the phases before it, of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub group: Name,
    pub phase: Name,
    pub devices: u64,
    pub tally: Tally,
}

/// Devices by when it happened, in steps of equal length from the start on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    pub step_ms: u64,
    /// Devices that run the target now, by when that was known.
    pub updated: Vec<u64>,
    /// Devices that count as failed now, by when they came to their present state.
    pub failed: Vec<u64>,
}

/// How long after the start so many of all its devices ran the target; absent: they never did so far.
///
/// A device that has gone back to its old image is no longer counted, so a time can grow again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_50_percent_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_95_percent_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_100_percent_ms: Option<u64>,
}

/// What failed, and what those devices have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// Failed attempts by class, all of them counted.
    pub attempts: Vec<ClassCount>,
    /// Devices by the error of their last failed attempt, the most frequent first.
    pub errors: Vec<ErrorCount>,
    /// Devices with an outcome of their own: those that had been on the target already are left out.
    pub devices: u64,
    /// Of them, those with a failed attempt, whether or not a later one succeeded.
    pub failed: u64,
    /// The factors that explain the failures, each found among the devices that those before it do not explain.
    pub findings: Vec<Finding>,
    /// Every value looked at, the least likely chance first.
    pub factors: Vec<FactorValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    pub class: ErrorClass,
    pub attempts: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    pub class: ErrorClass,
    pub code: Name,
    pub devices: u64,
}

/// In what devices of one campaign differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    Model,
    Hardware,
    Region,
    /// The version that the device ran when it was first offered the update.
    Source,
    /// Full hours from the campaign's start to the device's first offer. Not to its outcome: failing takes its own time.
    Hour,
}

impl Factor {
    pub const ALL: [Self; 5] = [
        Self::Model,
        Self::Hardware,
        Self::Region,
        Self::Source,
        Self::Hour,
    ];

    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Hardware => "hardware",
            Self::Region => "region",
            Self::Source => "source version",
            Self::Hour => "hour",
        }
    }
}

/// The devices with one value of a factor against all others: do they fail more often than chance explains?
///
/// `p_value` is Fisher's exact test, one-sided; `p_adjusted` is Holm's correction over all values looked at. The ratio of
/// the failure rates stands with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorValue {
    pub factor: Factor,
    pub value: String,
    pub devices: u64,
    pub failed: u64,
    pub other_devices: u64,
    pub other_failed: u64,
    pub rate_ratio: f64,
    pub rate_ratio_low: f64,
    pub rate_ratio_high: f64,
    pub p_value: f64,
    pub p_adjusted: f64,
}

/// A factor that explains failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    #[serde(flatten)]
    pub value: FactorValue,
    /// 1 - `p_adjusted`.
    pub confidence: f64,
    /// Values that hold for just the same devices, as far as can be told: the cause may be any of these.
    pub same_devices: Vec<String>,
    /// One sentence for people.
    pub text: String,
}

/// One figure beside its target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kpi {
    pub kpi: KpiName,
    pub unit: Unit,
    /// Absent: not known, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Absent: there is no target, or it is not decided yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_met: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiName {
    /// Of the devices with an outcome, those that run the target.
    SuccessRate,
    /// Of the devices with an outcome, those that have failed.
    FailureRate,
    #[serde(rename = "time_to_50_percent")]
    TimeTo50Percent,
    #[serde(rename = "time_to_95_percent")]
    TimeTo95Percent,
    #[serde(rename = "time_to_100_percent")]
    TimeTo100Percent,
    /// Of all campaigns of this installation that are over, those that were rolled back.
    CampaignRollbackRate,
    /// What the devices were offered, attempt by attempt, by the ways to the image that there are now.
    BytesOffered,
    /// For each updated device.
    CostPerDevice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share of one.
    Ratio,
    Ms,
    Bytes,
    /// The currency of the configured prices.
    Money,
}

/// The value is met beyond the limit, not on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Above(f64),
    Below(f64),
}

/// What things cost this installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    /// Infrastructure: 10^9 bytes sent.
    pub per_gigabyte: f64,
    /// Infrastructure: one device of the campaign for 30 days.
    pub per_device_month: f64,
    /// Operations: people's work for one campaign.
    pub operations_per_campaign: f64,
    /// Support: one device that has failed for good.
    pub per_support_ticket: f64,
}

/// What a campaign has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    pub infrastructure: f64,
    pub operations: f64,
    pub support: f64,
    pub total: f64,
    pub prices: Prices,
}

/// What to do, and the numbers that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// For programs.
    pub kind: String,
    /// What to do, in one sentence.
    pub text: String,
    pub reason: String,
}
