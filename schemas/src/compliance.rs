//! Security releases and who lacks them: the answer to `fleet.compliance`, a page at a time.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    explain::Statement,
    id::{CampaignId, DeviceId, ModelId, Name, Version},
};

/// Devices looked at for one page at most: a few milliseconds of the engine's time.
pub const PAGE_DEVICES_MAX: u32 = 20_000;
/// Lacking devices told of on one page at most, and unless the question says fewer.
pub const PAGE_LACKING_MAX: u32 = 200;

/// A page: what it says is of the devices that it has looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompliancePage {
    /// Devices that are not retired.
    pub devices: u32,
    /// All security releases, in the order of their publication.
    pub releases: Vec<ReleaseCompliance>,
    pub lacking: Vec<LackingDevice>,
    /// Where the next page begins; absent: this was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
}

/// A security release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCompliance {
    pub model: ModelId,
    pub version: Version,
    /// What it repairs, such as CVE-2026-1234.
    pub advisories: Vec<Name>,
    pub published_ms: u64,
    /// Devices of its model that run it or a newer release.
    pub have: u32,
    pub lack: u32,
}

/// A device that lacks at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackingDevice {
    pub device: DeviceId,
    pub model: ModelId,
    /// Absent: not known, for it has never been heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Version>,
    /// Of its model's security releases, those that it lacks, oldest first.
    pub lacks: Vec<Version>,
    /// Since when it lacks the first of them: its publication, or the device's registration if that was later.
    pub since_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_ms: Option<u64>,
    /// The campaign that is to bring it the newest of them, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// What it waits for there, or what has come of it; of a device without a campaign, that there is none.
    pub why: Vec<Statement>,
}
