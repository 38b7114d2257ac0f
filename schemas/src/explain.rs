//! The answer to `device.explain`: why this device, and why now or why not yet.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    command::Lifecycle,
    id::{CampaignId, DeviceId, ModelId, Name},
    status::CampaignState,
};

/// What a device's part in campaigns is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub device: DeviceId,
    pub model: ModelId,
    pub lifecycle: Lifecycle,
    /// The one asked about; or all that are under way, in the order in which they get a device that several want.
    pub campaigns: Vec<CampaignExplanation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignExplanation {
    pub campaign: CampaignId,
    pub status: CampaignState,
    pub standing: Standing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceView>,
    /// Jobs it was offered so far.
    pub attempts: u32,
    /// Why this device.
    pub membership: Vec<Statement>,
    /// Why now, or why not yet.
    pub turn: Vec<Statement>,
}

/// Where a device stands among the others of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    pub group: Name,
    /// Absent: beyond the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Name>,
    /// Its number in the group, counted from 1 in the order of offers; absent for who joined after the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// Devices that the group had at the start.
    pub of: u32,
    /// Of a campaign that compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

/// One reason, with where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub reason: Reason,
    /// For people.
    pub text: String,
    /// The log position of the fact that it follows from; absent where it follows from none alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// When it ends, or what is waited for comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// What a device is to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    NotAMember,
    /// The campaign has not started; the device would take part if it did now.
    WouldJoin,
    Waiting,
    Deferred,
    Queued,
    InProgress,
    Retrying,
    Updated,
    Failed,
    Rejected,
    TimedOut,
    Canceled,
    Removed,
    RolledBack,
    GoingBack,
    SentBack,
    Kept,
}

/// Why. Never changes its meaning; more may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    // Why this device.
    FitsGroup,
    CriterionFails,
    NoRelease,
    Retired,
    UntreatedArm,
    JoinedLater,
    CameLater,
    InPhase,
    BeyondPhases,
    InArm,
    // Why a release is lacking.
    NoCampaign,
    NotARelease,
    // Why now or why not yet, of the campaign.
    CampaignDraft,
    CampaignWaits,
    CampaignPaused,
    CampaignOver,
    CampaignRollingBack,
    PhaseNotReached,
    // Of the device.
    Next,
    Ahead,
    NeverHeardOf,
    LastHeard,
    Maintenance,
    Flagged,
    Busy,
    GoesFirst,
    StandsBehind,
    Supersedes,
    Queued,
    Hidden,
    InProgress,
    DeviceWaits,
    Window,
    AttemptFailed,
    RetryAt,
    NoRetryLeft,
    PassesThrough,
    Updated,
    AlreadyUpdated,
    Canceled,
    Excluded,
    NotContacted,
    Superseded,
    ScheduleEnded,
    PreconditionUnmet,
    ConsentDenied,
    ConditionsUnsupported,
    NoPath,
    WrongHardware,
    RolledBack,
    GoingBack,
    OutOfReach,
    SentBack,
    Kept,
}
