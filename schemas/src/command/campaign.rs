//! Campaigns, and single devices' part in them.

use alloc::{string::String, vec::Vec};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    campaign::{BasisPoints, CampaignDraft, Minutes},
    id::{CampaignId, DeviceId, Digest},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCampaign {
    pub campaign: CampaignDraft,
}

/// The whole description anew, of a campaign that has not been started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditCampaign {
    pub campaign: CampaignDraft,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignCommand {
    pub campaign: CampaignId,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Another attempt for devices that have failed, whatever attempts they have left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryCampaign {
    pub campaign: CampaignId,
    /// Absent: all that have failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// About one device's part in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberCommand {
    pub campaign: CampaignId,
    pub device: DeviceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Sends the devices of a campaign back to the images they came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackCampaign {
    pub campaign: CampaignId,
    pub reason: RollbackReason,
    /// How many of them by when: cumulative shares, each rising. Absent or empty: all at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<BasisPoints>,
}

/// Why an operator takes a release back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum RollbackReason {
    #[n(0)]
    HighFailureRate,
    #[n(1)]
    CriticalBug,
    #[n(2)]
    PerformanceDegradation,
    #[n(3)]
    Security,
}

impl RollbackReason {
    pub const ALL: [Self; 4] = [
        Self::HighFailureRate,
        Self::CriticalBug,
        Self::PerformanceDegradation,
        Self::Security,
    ];

    /// As it stands in a command.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HighFailureRate => "high_failure_rate",
            Self::CriticalBug => "critical_bug",
            Self::PerformanceDegradation => "performance_degradation",
            Self::Security => "security",
        }
    }
}

/// A question: plays the campaign through with virtual devices. The answer comes at once, what came of it on the
/// campaign's topic `rehearsal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearseCampaign {
    pub campaign: CampaignId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Instead of the campaign's `expected_failure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_rate: Option<BasisPoints>,
    /// How long devices take to notice their job, on average, instead of what their silence so far says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_minutes: Option<Minutes>,
}

/// What one arm of an A/B test was given goes to everybody, by a campaign of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromoteArm {
    pub campaign: CampaignId,
    pub arm: ArmName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum ArmName {
    #[n(0)]
    A,
    #[n(1)]
    B,
}

/// One more person wants what somebody has asked for. With the last approval that is needed it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveCampaign {
    pub campaign: CampaignId,
    /// Which request, by its position. Needed where several are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// Refuse if the campaign's description is another one than was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Ends a request. Whoever asked takes it back so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineCampaign {
    pub campaign: CampaignId,
    /// Which request, by its position. Needed where several are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
