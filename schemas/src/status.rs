//! What the engine tells operators: retained JSON, one value per topic, always the whole truth about its object.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    approval::ApprovalStatus,
    campaign::{BasisPoints, CampaignSpec, ReleaseRef, VersionRequirement},
    command::Lifecycle,
    device::{DeviceError, Slot, Stage, Waiting},
    id::{
        AlertId, CampaignId, DeviceId, Digest, ModelId, Name, OperatorId, Sha256, TicketId,
        TimeZoneName, Version,
    },
};

/// `devices/{device}/status`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStatus {
    pub device: DeviceId,
    pub model: ModelId,
    pub lifecycle: Lifecycle,
    /// Whom it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<SlotStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby: Option<SlotStatus>,
    /// Its executions keep failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flagged: Option<FlaggedStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// The engine does not know that zone: the campaign's counts instead.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub time_zone_unknown: bool,
    /// The open execution, or else the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionView>,
}

/// Nothing is offered to a device since then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlaggedStatus {
    pub since_ms: u64,
    /// Executions that had failed for good in a row.
    pub failed: u32,
    /// Whose was the last.
    pub campaign: CampaignId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotStatus {
    pub slot: Slot,
    pub version: Version,
    pub digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionView {
    pub campaign: CampaignId,
    pub attempt: u32,
    /// What it is given on its way to the campaign's release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Version>,
    pub status: ExecutionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_percent: Option<u8>,
    /// What the device waits for, as it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Of the latest failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<DeviceError>,
    pub changed_ms: u64,
}

/// The statuses of AWS IoT Jobs, and one more: success that the device took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    Queued,
    InProgress,
    Succeeded,
    Failed,
    Rejected,
    TimedOut,
    Canceled,
    Removed,
    RolledBack,
}

impl ExecutionStatus {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::InProgress,
        Self::Succeeded,
        Self::Failed,
        Self::Rejected,
        Self::TimedOut,
        Self::Canceled,
        Self::Removed,
        Self::RolledBack,
    ];

    /// As a metric label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed_out",
            Self::Canceled => "canceled",
            Self::Removed => "removed",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// `campaigns/{campaign}/status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignStatus {
    pub campaign: CampaignId,
    /// Counts the changes by command; give it back as `expected_version` to be safe from racing others.
    pub version: u64,
    pub status: CampaignState,
    /// Why it does not go on by itself just now, in one sentence; the same everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Why it is paused, canceled, failed or rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What has been asked for and waits for others to approve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalStatus>,
    /// How far the way back is, once it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackProgress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Name>,
    pub devices: u64,
    /// Devices whose running image this campaign has replaced, or tried to.
    pub exposed: u64,
    pub totals: Tally,
    /// In the order in which they are offered the update.
    pub groups: Vec<GroupStatus>,
    pub phases: Vec<PhaseStatus>,
    /// What the `confident` gate knows.
    pub evidence: Evidence,
    /// Of an A/B test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonStatus>,
    /// Of a campaign for one device that an operator asked to be updated by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<OrderedStatus>,
    /// One for each health gate of the running phase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub health: Vec<HealthStatus>,
    /// How its devices stand to their maintenance windows, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsStatus>,
    pub errors: BTreeMap<String, u64>,
    /// How many devices wait for what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<String, u64>,
    pub created_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// The log position this is true at.
    pub position: u64,
    /// Who has described it: none of them approves what is asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<OperatorId>,
    pub spec: CampaignSpec,
}

/// Who asked for the update of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedStatus {
    pub device: DeviceId,
    pub operator: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Devices that have a job for a maintenance window, or wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsStatus {
    /// Theirs has not opened yet.
    pub waiting: u64,
    /// Theirs is open.
    pub open: u64,
    /// When the first of those that wait opens; absent if none of them ever does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    Draft,
    Staged,
    Rolling,
    Paused,
    Monitoring,
    Completed,
    Canceled,
    Failed,
    /// Its devices are sent back to the images they came from.
    RollingBack,
    RolledBack,
}

impl CampaignState {
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Staged,
        Self::Rolling,
        Self::Paused,
        Self::Monitoring,
        Self::Completed,
        Self::Canceled,
        Self::Failed,
        Self::RollingBack,
        Self::RolledBack,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Staged => "staged",
            Self::Rolling => "rolling",
            Self::Paused => "paused",
            Self::Monitoring => "monitoring",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
            Self::RollingBack => "rolling_back",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Nothing follows by itself any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Canceled | Self::Failed | Self::RolledBack
        )
    }
}

/// A reason to wait: the kind for programs, the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub kind: String,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Why a campaign stopped: the kind for programs, the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub kind: String,
    pub text: String,
}

/// How far a campaign's way back is. `returned`, `failed`, `kept` and `to_go` add up to the devices that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackProgress {
    /// Why, in one sentence.
    pub cause: String,
    pub started_ms: u64,
    /// What share of the devices may be under way by now.
    pub percentage: BasisPoints,
    pub returned: u64,
    /// Could not go back, and no attempt is left.
    pub failed: u64,
    /// Stay as they are: no way back was signed for them, or they have been out of reach to the end.
    pub kept: u64,
    pub to_go: u64,
}

/// Executions by what has become of them. The first five and `returned` add up to the devices counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub updated: u64,
    pub failed: u64,
    pub in_progress: u64,
    /// Not offered yet, or offered and not accepted.
    pub not_contacted: u64,
    /// Withdrawn by cancel or deadline before they were accepted.
    pub removed: u64,
    /// Of the failed: back on the image they came from.
    pub rolled_back: u64,
    /// Sent back by a rollback of the campaign, having been updated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returned: u64,
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStatus {
    pub name: Name,
    /// Of them, `tally` counts those within the last phase.
    pub devices: u64,
    pub tally: Tally,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseStatus {
    pub name: Name,
    /// Of the groups that go through it here, where groups follow each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout_order: Option<u16>,
    pub state: PhaseState,
    pub percentage: BasisPoints,
    /// Devices that this phase adds to those before it.
    pub devices: u64,
    pub tally: Tally,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhaseState {
    Pending,
    Running,
    Soaking,
    Passed,
}

/// First-attempt outcomes so far and what they say about the failure rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub succeeded: u64,
    pub failed: u64,
    /// The e-value against "the failure rate is normal"; the gate pauses at `limit`.
    pub e_value: f64,
    pub limit: f64,
    /// Where the failure rate lies, at every moment at once, with confidence 1 - false_pause.
    pub rate_low: f64,
    pub rate_high: f64,
}

/// How updated devices are doing by one measure. Figures are in its unit; worse is above zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthStatus {
    /// `boot_time`, `battery_drain`, `reboot_rate`
    pub measure: String,
    pub unit: String,
    pub verdict: HealthVerdict,
    /// That have brought their figure.
    pub devices: u64,
    /// Of them, those that one not updated was looked at beside.
    pub pairs: u64,
    /// The mean of these devices' figures before the update, and after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// How much worse is bearable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// How much worse they are than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_past: Option<Degraded>,
    /// How much more the figures have become worse than those of devices not updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_others: Option<Degraded>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthVerdict {
    /// Too few devices have brought their figure to say anything.
    TooFew,
    /// Neither shown to be worse than is bearable nor not to be.
    Open,
    /// Shown not to be worse than is bearable.
    Bearable,
    /// Shown to be worse than is bearable: pauses.
    Worse,
}

/// How much worse, and where the truth lies at every moment at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Degraded {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The two arms of an A/B test, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonStatus {
    /// `a` or `b` is better; `no_difference`, `mixed`, `invalid`, `too_few`. Absent: the test goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// One sentence.
    pub text: String,
    pub arms: Vec<ArmStatus>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmStatus {
    /// `a` or `b`
    pub arm: String,
    /// What its devices are given; empty: nothing.
    pub releases: Vec<ReleaseRef>,
    /// That accepted a job.
    pub devices: u64,
    /// First outcomes.
    pub outcomes: u64,
    pub succeeded: u64,
    /// The mean of how long its devices took to boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<f64>,
    /// The mean of how fast its devices' batteries run down, in percent of their capacity a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_drain: Option<f64>,
}

/// `releases/{model}/{version}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseStatus {
    pub model: ModelId,
    pub version: Version,
    pub vendor: String,
    /// The manifest's sequence number.
    pub sequence: u64,
    pub image: Digest,
    pub image_sha256: Sha256,
    pub image_bytes: u64,
    /// The key that signed it, by its id.
    pub signed_by: String,
    pub deltas: Vec<DeltaStatus>,
    /// Which releases devices can be sent back to from this one.
    #[serde(default)]
    pub rollbacks: Vec<RollbackStatus>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub security: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<Name>,
    /// What a device must run before it may install this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<VersionRequirement>,
    /// The hardware revisions that it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardware: Vec<Version>,
    pub published_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackStatus {
    pub to: Version,
    /// The sequence number of the manifest for the way back.
    pub sequence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaStatus {
    pub from: Digest,
    #[serde(flatten)]
    pub state: DeltaState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum DeltaState {
    Building,
    Ready {
        digest: Digest,
        bytes: u64,
    },
    /// Not worth it, or not possible: devices get the whole image.
    Unavailable {
        reason: String,
    },
}

/// `fleet/summary`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSummary {
    pub devices: BTreeMap<String, u64>,
    /// Of them, those whose executions keep failing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flagged: u64,
    pub campaigns: u64,
    pub releases: u64,
    /// Facts in the log.
    pub events: u64,
}

/// `alerts/{alert}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// That it is about; absent: the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    pub since_ms: u64,
    /// One sentence for people.
    pub text: String,
    #[serde(flatten)]
    pub kind: AlertKind,
}

/// What is wrong, with the numbers there were when it was noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "alert", rename_all = "snake_case")]
pub enum AlertKind {
    /// The log's file system has less room left than its floor: only what ends work is admitted.
    StorageLow { free_bytes: u64, floor_bytes: u64 },
    /// More than `limit_percent` of the outcomes are failures.
    FailureRate {
        failed: u64,
        outcomes: u64,
        limit_percent: BasisPoints,
    },
    /// Devices have accepted their job so long ago and have had no outcome.
    Timeouts { devices: u64, limit_ms: u64 },
    /// Nothing has happened to any device for so long, and the campaign waits for some.
    Stalled {
        last_change_ms: u64,
        limit_ms: u64,
        waiting: u64,
    },
    /// Devices wait for a maintenance window that does not open before the campaign is over.
    WindowNeverOpens { devices: u64 },
    /// More than `limit_percent` of the devices that have ever been heard of have not been for so long.
    DevicesOffline {
        devices: u64,
        known: u64,
        limit_percent: BasisPoints,
        limit_ms: u64,
    },
    /// Updated devices are shown to be worse off by more than `margin`.
    PerformanceDegradation {
        measure: String,
        unit: String,
        devices: u64,
        pairs: u64,
        before: f64,
        margin: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        against_past: Option<Degraded>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        against_others: Option<Degraded>,
    },
    /// The campaign has paused by itself, with so many devices exposed, and waits for an operator.
    Paused { exposed: u64 },
}

/// What an alert is about, as topics and metrics name it. The numbers are those of the log.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum AlertName {
    #[n(0)]
    StorageLow,
    #[n(1)]
    FailureRate,
    #[n(2)]
    Timeouts,
    #[n(3)]
    Stalled,
    #[n(60)]
    WindowNeverOpens,
    #[n(134)]
    DevicesOffline,
    #[n(135)]
    PerformanceDegradation,
    #[n(136)]
    Paused,
}

impl AlertName {
    pub const ALL: [Self; 8] = [
        Self::StorageLow,
        Self::FailureRate,
        Self::Timeouts,
        Self::Stalled,
        Self::WindowNeverOpens,
        Self::DevicesOffline,
        Self::PerformanceDegradation,
        Self::Paused,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StorageLow => "storage_low",
            Self::FailureRate => "failure_rate",
            Self::Timeouts => "timeouts",
            Self::Stalled => "stalled",
            Self::WindowNeverOpens => "window_never_opens",
            Self::DevicesOffline => "devices_offline",
            Self::PerformanceDegradation => "performance_degradation",
            Self::Paused => "paused",
        }
    }

    /// The alert's topic: no name has a hyphen, so it tells both parts.
    ///
    /// # Panics
    /// Never: an alert's id is long enough for both.
    #[must_use]
    pub fn id(self, campaign: Option<&CampaignId>) -> AlertId {
        let text = match campaign {
            Some(campaign) => format!("{campaign}-{}", self.as_str()),
            None => self.as_str().into(),
        };
        AlertId::parse(&text).expect("a campaign's id and a name make an alert's")
    }

    /// The campaign, if any, and the name that an id is made of. `None`: of no alert there is.
    #[must_use]
    pub fn of(id: &AlertId) -> Option<(Option<CampaignId>, Self)> {
        let (campaign, name) = match id.as_str().rsplit_once('-') {
            Some((campaign, name)) => (Some(CampaignId::parse(campaign).ok()?), name),
            None => (None, id.as_str()),
        };
        let alert = Self::ALL.into_iter().find(|alert| alert.as_str() == name)?;
        Some((campaign, alert))
    }
}

/// `tickets/{ticket}`, while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub ticket: TicketId,
    pub campaign: CampaignId,
    /// Absent: the campaign has more open tickets than it may have, and this one is about all further devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    pub opened_ms: u64,
    /// One sentence for people.
    pub text: String,
    /// Of its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeviceError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Of the one about all further devices: how many devices of the campaign have failed for good by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_devices: Option<u64>,
}
