//! The rows of a snapshot: numbered, so that each may gain keys.
//!
//! A number refers to a row of a table before it, counted from 0. Absent means none, nothing or zero.

use alloc::{string::String, vec::Vec};

use fleetfold_schemas::{
    Digest, ModelId, Name, OperatorId, Sha256, Version,
    approval::ApprovalPolicy,
    campaign::{CampaignDefaults, CampaignSpec, OnEnd, VersionRequirement},
    command::{Credential, Lifecycle},
    device::{DeviceError, Slot, Stage, Waiting, WaitingFor},
    operator::Tenants,
};
use minicbor::{Decode, Encode};

use crate::{
    CampaignIx, DeviceIx, ReleaseIx,
    calendar::Window,
    fact::{KeptCause, Ordered, RemovalCause, Role, RollbackCause},
    gate::health::Figures,
    state::{
        Answered, Approval, Comparison, Counted, Delta, Evidence, Frozen, MemberState, PhaseTally,
        Positions, Reboots, ReturnStep, Standing, Status, Stratum, Streak, Wait, Watch,
    },
};

/// What a section holds. A later kind comes later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    #[default]
    Head = 0,
    Operators = 10,
    Keys = 20,
    Answers = 30,
    Releases = 40,
    Models = 50,
    Images = 51,
    Profiles = 52,
    Attributes = 53,
    Devices = 60,
    Campaigns = 70,
    /// Of all campaigns, one campaign after the other.
    Members = 80,
    /// Of all campaigns that compare with devices that are given nothing, one campaign after the other.
    Controls = 85,
    Tickets = 90,
}

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::Head,
        Self::Operators,
        Self::Keys,
        Self::Answers,
        Self::Releases,
        Self::Models,
        Self::Images,
        Self::Profiles,
        Self::Attributes,
        Self::Devices,
        Self::Campaigns,
        Self::Members,
        Self::Controls,
        Self::Tickets,
    ];

    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    pub const fn number(self) -> u32 {
        self as u32
    }

    /// For messages, in the plural.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "heads",
            Self::Operators => "operators",
            Self::Keys => "keys",
            Self::Answers => "answers",
            Self::Releases => "releases",
            Self::Models => "models",
            Self::Images => "images",
            Self::Profiles => "profiles",
            Self::Attributes => "attributes",
            Self::Devices => "devices",
            Self::Campaigns => "campaigns",
            Self::Members => "members",
            Self::Controls => "controls",
            Self::Tickets => "tickets",
        }
    }
}

#[derive(Debug, Default, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    #[n(0)]
    pub position: u64,
    #[n(1)]
    pub recorded_at: u64,
    #[n(2)]
    pub site: Option<Name>,
    #[n(3)]
    pub speed: Option<u32>,
    #[n(4)]
    pub operators: u32,
    #[n(5)]
    pub keys: u32,
    #[n(6)]
    pub answers: u32,
    #[n(7)]
    pub releases: u32,
    #[n(8)]
    pub models: u32,
    #[n(9)]
    pub images: u32,
    #[n(10)]
    pub profiles: u32,
    #[n(11)]
    pub attributes: u32,
    #[n(12)]
    pub devices: u32,
    #[n(13)]
    pub campaigns: u32,
    #[n(14)]
    pub shortage: Option<ShortageRow>,
    #[cbor(n(15), default, with = "crate::stored::json", skip_if = "says_nothing")]
    pub campaign_defaults: CampaignDefaults,
    #[cbor(
        n(75),
        default,
        with = "crate::stored::json",
        skip_if = "asks_for_nothing"
    )]
    pub approval_policy: ApprovalPolicy,
    /// Those of the site that have ever been raised.
    #[cbor(n(70), default, skip_if = "Vec::is_empty")]
    pub alerts: Vec<Standing>,
    #[cbor(n(71), default, skip_if = "is_none")]
    pub tickets: u32,
    #[cbor(n(16), default, skip_if = "is_none")]
    pub controls: u32,
}

/// A device that is given nothing, whose figures have been counted. In ascending order of campaigns, then devices.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct ControlRow {
    #[n(0)]
    pub campaign: CampaignIx,
    #[n(1)]
    pub device: DeviceIx,
    /// The sum of [`ControlRow::BOOTED`] and its like.
    #[n(2)]
    pub marks: u64,
}

impl ControlRow {
    pub const BOOTED: u64 = 1;
    pub const DRAINED: u64 = 2;
    pub const MARKS: u64 = Self::BOOTED | Self::DRAINED;
}

/// Open ones, in ascending order of their numbers.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct TicketRow {
    #[n(0)]
    pub number: u64,
    #[n(1)]
    pub campaign: CampaignIx,
    #[n(2)]
    pub member: Option<u32>,
    #[n(3)]
    pub opened_at: u64,
    #[n(4)]
    pub error: Option<DeviceError>,
    #[cbor(n(5), default, skip_if = "is_none")]
    pub attempts: u32,
}

/// There is hardly room for the log.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct ShortageRow {
    #[n(0)]
    pub since: u64,
    #[n(1)]
    pub free_bytes: u64,
    #[n(2)]
    pub floor_bytes: u64,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct OperatorRow {
    #[n(0)]
    pub id: OperatorId,
    #[n(1)]
    pub role: Role,
    #[n(2)]
    pub password_hash: String,
    #[cbor(n(3), default, skip_if = "Tenants::is_all")]
    pub tenants: Tenants,
    #[n(4)]
    pub revoked_at: Option<u64>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct KeyRow {
    #[n(0)]
    pub name: Name,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public_key: [u8; 32],
}

/// In the order in which they were given.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct AnswerRow<'b> {
    #[n(0)]
    pub at: u64,
    #[b(1)]
    pub operator: &'b str,
    #[b(2)]
    pub id: &'b str,
    #[n(3)]
    pub answer: Answered,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct ReleaseRow {
    #[n(0)]
    pub model: ModelId,
    #[n(1)]
    pub version: Version,
    #[n(2)]
    pub vendor: String,
    #[n(3)]
    pub sequence: u64,
    #[n(4)]
    pub image: Digest,
    #[n(5)]
    pub image_sha256: Sha256,
    #[n(6)]
    pub image_bytes: u64,
    #[cbor(n(7), with = "minicbor::bytes")]
    pub manifest: Vec<u8>,
    #[cbor(n(8), with = "minicbor::bytes")]
    pub key_id: Vec<u8>,
    #[n(9)]
    pub published_at: u64,
    /// In ascending order of the release they start from.
    #[n(10)]
    pub deltas: Vec<(ReleaseIx, Delta)>,
    /// In ascending order of the release they lead to.
    #[cbor(n(11), default, skip_if = "Vec::is_empty")]
    pub rollbacks: Vec<RollbackManifestRow>,
    #[n(85)]
    pub advisories: Option<Vec<Name>>,
    #[cbor(
        n(86),
        default,
        skip_if = "Option::is_none",
        with = "crate::stored::json"
    )]
    pub requires: Option<VersionRequirement>,
    #[cbor(n(87), default, skip_if = "Vec::is_empty")]
    pub hardware: Vec<Version>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct RollbackManifestRow {
    #[n(0)]
    pub to: ReleaseIx,
    #[n(1)]
    pub sequence: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub manifest: Vec<u8>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct DeviceRow<'a> {
    #[n(0)]
    pub id: &'a str,
    #[n(1)]
    pub model: u32,
    #[n(2)]
    pub lifecycle: Lifecycle,
    #[n(3)]
    pub credential: Credential,
    #[n(4)]
    pub login_counter: Option<u64>,
    #[n(5)]
    pub epoch: u64,
    #[n(6)]
    pub seq: u64,
    #[n(7)]
    pub fingerprint: u32,
    #[n(8)]
    pub last_seen: Option<u64>,
    /// The slot that runs and the number of the image in it.
    #[n(9)]
    pub running: Option<(Slot, u32)>,
    #[n(10)]
    pub standby: Option<u32>,
    #[n(11)]
    pub profile: Option<u32>,
    #[n(12)]
    pub attributes: Option<u32>,
    #[n(13)]
    pub boot_ms: Option<u32>,
    /// The latest execution: a campaign and the member's place in it.
    #[n(14)]
    pub execution: Option<(CampaignIx, u32)>,
    #[n(15)]
    pub stage: Option<Stage>,
    #[n(16)]
    pub progress_percent: Option<u8>,
    #[n(80)]
    pub battery_drain: Option<u32>,
    #[n(81)]
    pub reboots: Option<Reboots>,
    #[cbor(n(85), skip_if = "is_zero")]
    pub registered_at: u64,
    #[n(86)]
    pub streak: Option<Streak>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct CampaignRow {
    #[cbor(n(0), with = "crate::stored::json")]
    pub spec: CampaignSpec,
    #[n(1)]
    pub releases: Vec<ReleaseIx>,
    #[n(2)]
    pub status: Status,
    #[n(3)]
    pub version: u64,
    #[n(4)]
    pub created_at: u64,
    #[n(5)]
    pub started_at: Option<u64>,
    #[n(6)]
    pub resumed_at: Option<u64>,
    #[n(7)]
    pub ended_at: Option<u64>,
    #[n(8)]
    pub canceled_position: Option<u64>,
    #[n(9)]
    pub members: u32,
    /// Of them, how many have been there from the start.
    #[n(10)]
    pub enrolled: u32,
    #[n(11)]
    pub runs: Vec<RunRow>,
    #[n(12)]
    pub run: u32,
    #[n(13)]
    pub evidence: Evidence,
    #[n(14)]
    pub forgiven: Evidence,
    #[n(15)]
    pub exposed: u32,
    /// By the number of the error class.
    #[n(16)]
    pub errors: Vec<u32>,
    /// By group in the order of offers, then by phase; empty before the start. To be checked, not to be believed.
    #[n(17)]
    pub tallies: Vec<PhaseTally>,
    #[n(18)]
    pub starts: StartsRow,
    #[cbor(n(19), skip_if = "is_zero")]
    pub retries: u64,
    #[cbor(n(20), skip_if = "is_zero")]
    pub retry_bytes: u64,
    /// The sum of [`CampaignRow::ARCHIVED`] and its like.
    #[cbor(n(21), skip_if = "is_zero")]
    pub marks: u64,
    #[cbor(n(22), default, skip_if = "Vec::is_empty")]
    pub strata: Vec<Stratum>,
    #[n(23)]
    pub comparison: Option<Comparison>,
    #[n(40)]
    pub rollback: Option<RollbackRow>,
    /// What members ran before, by number from 1.
    #[cbor(n(50), default, skip_if = "Vec::is_empty")]
    pub sources: Vec<Version>,
    /// Since when the watch time stands still.
    #[n(60)]
    pub held_since: Option<u64>,
    #[n(61)]
    pub frozen: Option<Frozen>,
    #[n(62)]
    pub schedule_ended: Option<OnEnd>,
    #[n(65)]
    pub recalled_position: Option<u64>,
    #[n(66)]
    pub recalled_at: Option<u64>,
    #[cbor(n(75), default, skip_if = "Vec::is_empty")]
    pub authors: Vec<OperatorId>,
    #[cbor(n(76), default, skip_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// Those that have ever been raised.
    #[cbor(n(70), default, skip_if = "Vec::is_empty")]
    pub alerts: Vec<Standing>,
    /// Members that have failed for good, and are to have tickets, in ascending order.
    #[cbor(n(71), default, skip_if = "Vec::is_empty")]
    pub to_open: Vec<u32>,
    #[n(80)]
    pub health: Option<HealthRow>,
    #[cbor(n(85), default, skip_if = "is_unset")]
    pub positions: Positions,
    #[n(86)]
    pub ordered: Option<Ordered>,
}

/// How the updated devices of a campaign are doing.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct HealthRow {
    /// By the number of the measure.
    #[n(0)]
    pub figures: Vec<Figures>,
    /// By group in the order of offers.
    #[n(1)]
    pub tried: Vec<u32>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct RollbackRow {
    #[n(0)]
    pub cause: RollbackCause,
    #[n(1)]
    pub started_at: u64,
    #[n(2)]
    pub phases_bp: Vec<u16>,
    #[n(3)]
    pub phase: u32,
    #[n(4)]
    pub forgiven_failed: u32,
    #[n(5)]
    pub forgiven_resolved: u32,
}

/// Executions started, for the rates.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct StartsRow {
    /// Up to now only read: when a minute began, and how many were started in it.
    #[cbor(n(0), default, skip_if = "is_zero")]
    pub minute: u64,
    #[cbor(n(1), default, skip_if = "is_zero")]
    pub in_minute: u64,
    #[n(2)]
    pub notified: u32,
    /// Those of the last minute, oldest first: by second, the time of the last and how many.
    #[cbor(n(60), default, skip_if = "Vec::is_empty")]
    pub recent: Vec<(u64, u32)>,
}

impl CampaignRow {
    pub const ARCHIVED: u64 = 1;
    pub const PROMOTED: u64 = 2;
    pub const MARKS: u64 = Self::ARCHIVED | Self::PROMOTED;
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct RunRow {
    #[n(0)]
    pub started_at: Option<u64>,
    #[n(1)]
    pub passed_at: Option<u64>,
    /// How long its watch time has stood still.
    #[cbor(n(60), default, skip_if = "is_zero")]
    pub held_ms: u64,
    #[cbor(n(85), skip_if = "is_zero")]
    pub position: u64,
}

fn is_unset(positions: &Positions) -> bool {
    *positions == Positions::default()
}

/// Those from the start by group, then rank; then the others as they came.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct MemberRow {
    #[n(0)]
    pub device: DeviceIx,
    #[n(1)]
    pub rank: u64,
    #[n(2)]
    pub state: StateNumber,
    /// Of the retry that is due.
    #[n(3)]
    pub retry_at: Option<u64>,
    #[cbor(n(4), skip_if = "is_zero")]
    pub since: u64,
    #[cbor(n(5), skip_if = "is_zero")]
    pub attempts: u64,
    #[cbor(n(6), skip_if = "is_zero")]
    pub job: u64,
    /// The sum of [`MemberRow::ACCEPTED`] and its like.
    #[cbor(n(7), skip_if = "is_zero")]
    pub marks: u64,
    #[n(8)]
    pub counted: Option<Counted>,
    #[n(9)]
    pub error: Option<DeviceError>,
    /// In the order of offers.
    #[cbor(n(10), skip_if = "is_zero")]
    pub group: u64,
    #[cbor(n(11), skip_if = "is_zero")]
    pub phase: u64,
    #[cbor(n(12), skip_if = "is_zero")]
    pub stratum: u64,
    /// On the way back: the release that it goes to.
    #[n(40)]
    pub to: Option<ReleaseIx>,
    /// The number of what it ran before.
    #[n(30)]
    pub source: Option<u8>,
    #[n(31)]
    pub first_offer_s: Option<u32>,
    #[cbor(n(13), skip_if = "is_zero")]
    pub arm: u64,
    /// Of the job it has, or waits for.
    #[n(60)]
    pub window: Option<Window>,
    /// What its device waits for.
    #[n(65)]
    pub wait: Option<WaitRow>,
    /// When it last accepted a job of whose outcome it has said nothing, unless it has been in progress since then.
    #[n(70)]
    pub silent_since: Option<u64>,
    #[n(80)]
    pub watch: Option<Watch>,
    /// Where its state is written.
    #[cbor(n(85), skip_if = "is_zero")]
    pub position: u64,
    #[n(86)]
    pub removed_for: Option<RemovalCause>,
    #[n(87)]
    pub excluded_by: Option<OperatorId>,
    /// On the way to this release, before the target.
    #[n(88)]
    pub via: Option<ReleaseIx>,
    #[cbor(n(89), skip_if = "is_zero")]
    pub attempts_before: u64,
    /// The last release that it has passed through.
    #[n(73)]
    pub passed: Option<ReleaseIx>,
    /// 1: it has gone back from there.
    #[cbor(n(74), skip_if = "is_zero")]
    pub left: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WaitRow {
    #[n(0)]
    pub waiting_for: WaitingFor,
    #[n(1)]
    pub until: Option<u64>,
    #[cbor(n(2), skip_if = "is_zero")]
    pub postponed: u64,
}

impl WaitRow {
    fn of(wait: Wait) -> Self {
        let said = wait.said();
        Self {
            waiting_for: said.what,
            until: said.until_ms,
            postponed: said.postponed.into(),
        }
    }

    fn whole(self) -> Option<Wait> {
        Some(Wait::from(Waiting {
            what: self.waiting_for,
            until_ms: self.until,
            postponed: u32::try_from(self.postponed).ok()?,
        }))
    }
}

impl MemberRow {
    pub const ACCEPTED: u64 = 1;
    pub const FAILED: u64 = 2;
    pub const RESTORED: u64 = 4;
    pub const REVIEWED: u64 = 8;
    pub const SILENT: u64 = 16;
    pub const MARKS: u64 =
        Self::ACCEPTED | Self::FAILED | Self::RESTORED | Self::REVIEWED | Self::SILENT;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StateNumber {
    #[n(0)]
    Waiting,
    #[n(1)]
    Deferred,
    #[n(2)]
    Queued,
    #[n(3)]
    InProgress,
    #[n(4)]
    Retrying,
    #[n(5)]
    Succeeded,
    #[n(6)]
    Failed,
    #[n(7)]
    Rejected,
    #[n(8)]
    TimedOut,
    #[n(9)]
    Canceled,
    #[n(10)]
    Removed,
    #[n(11)]
    RolledBack,
    #[n(20)]
    ReturnDeferred,
    #[n(21)]
    OutOfReach,
    #[n(22)]
    ReturnQueued,
    #[n(23)]
    ReturnInProgress,
    #[n(24)]
    ReturnRetrying,
    #[n(25)]
    Returned,
    #[n(26)]
    ReturnFailed,
    #[n(30)]
    KeptNoRollbackImage,
    #[n(31)]
    KeptNotContacted,
    #[n(32)]
    KeptRunsAnother,
    #[n(33)]
    KeptRetired,
    #[n(34)]
    KeptCanceled,
    #[n(65)]
    Held,
}

/// A member's state in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateParts {
    pub number: StateNumber,
    pub retry_at: Option<u64>,
    pub to: Option<ReleaseIx>,
    pub wait: Option<WaitRow>,
}

impl StateParts {
    pub fn of(state: MemberState) -> Self {
        let (number, retry_at, to) = match state {
            MemberState::Waiting => (StateNumber::Waiting, None, None),
            MemberState::Deferred => (StateNumber::Deferred, None, None),
            MemberState::Queued => (StateNumber::Queued, None, None),
            MemberState::InProgress => (StateNumber::InProgress, None, None),
            MemberState::Held(_) => (StateNumber::Held, None, None),
            MemberState::Retrying { at } => (StateNumber::Retrying, Some(at), None),
            MemberState::Succeeded => (StateNumber::Succeeded, None, None),
            MemberState::Failed => (StateNumber::Failed, None, None),
            MemberState::Rejected => (StateNumber::Rejected, None, None),
            MemberState::TimedOut => (StateNumber::TimedOut, None, None),
            MemberState::Canceled => (StateNumber::Canceled, None, None),
            MemberState::Removed => (StateNumber::Removed, None, None),
            MemberState::RolledBack => (StateNumber::RolledBack, None, None),
            MemberState::Returning { to, step } => {
                let (number, retry_at) = match step {
                    ReturnStep::Deferred => (StateNumber::ReturnDeferred, None),
                    ReturnStep::OutOfReach => (StateNumber::OutOfReach, None),
                    ReturnStep::Queued => (StateNumber::ReturnQueued, None),
                    ReturnStep::InProgress => (StateNumber::ReturnInProgress, None),
                    ReturnStep::Retrying { at } => (StateNumber::ReturnRetrying, Some(at)),
                };
                (number, retry_at, Some(to))
            }
            MemberState::Returned => (StateNumber::Returned, None, None),
            MemberState::ReturnFailed { to } => (StateNumber::ReturnFailed, None, Some(to)),
            MemberState::Kept(cause) => {
                let number = match cause {
                    KeptCause::NoRollbackImage => StateNumber::KeptNoRollbackImage,
                    KeptCause::NotContacted => StateNumber::KeptNotContacted,
                    KeptCause::RunsAnother => StateNumber::KeptRunsAnother,
                    KeptCause::Retired => StateNumber::KeptRetired,
                    KeptCause::Canceled => StateNumber::KeptCanceled,
                };
                (number, None, None)
            }
        };
        Self {
            number,
            retry_at,
            to,
            wait: state.wait().map(WaitRow::of),
        }
    }

    /// `None`: a part is missing, or one is there that means nothing.
    pub fn whole(self) -> Option<MemberState> {
        match (self.number, self.wait) {
            (StateNumber::Held, Some(wait)) if self.retry_at.is_none() && self.to.is_none() => {
                return wait.whole().map(MemberState::Held);
            }
            (StateNumber::Held, _) | (_, Some(_)) => return None,
            (_, None) => {}
        }
        if let Some(state) = self.on_the_way_back() {
            return Some(state);
        }
        Some(match (self.number, self.retry_at, self.to) {
            (StateNumber::Retrying, Some(at), None) => MemberState::Retrying { at },
            (StateNumber::Waiting, None, None) => MemberState::Waiting,
            (StateNumber::Deferred, None, None) => MemberState::Deferred,
            (StateNumber::Queued, None, None) => MemberState::Queued,
            (StateNumber::InProgress, None, None) => MemberState::InProgress,
            (StateNumber::Succeeded, None, None) => MemberState::Succeeded,
            (StateNumber::Failed, None, None) => MemberState::Failed,
            (StateNumber::Rejected, None, None) => MemberState::Rejected,
            (StateNumber::TimedOut, None, None) => MemberState::TimedOut,
            (StateNumber::Canceled, None, None) => MemberState::Canceled,
            (StateNumber::Removed, None, None) => MemberState::Removed,
            (StateNumber::RolledBack, None, None) => MemberState::RolledBack,
            _ => return None,
        })
    }

    const fn on_the_way_back(self) -> Option<MemberState> {
        let (step, to) = match (self.number, self.retry_at, self.to) {
            (StateNumber::ReturnDeferred, None, Some(to)) => (ReturnStep::Deferred, to),
            (StateNumber::OutOfReach, None, Some(to)) => (ReturnStep::OutOfReach, to),
            (StateNumber::ReturnQueued, None, Some(to)) => (ReturnStep::Queued, to),
            (StateNumber::ReturnInProgress, None, Some(to)) => (ReturnStep::InProgress, to),
            (StateNumber::ReturnRetrying, Some(at), Some(to)) => (ReturnStep::Retrying { at }, to),
            (StateNumber::ReturnFailed, None, Some(to)) => {
                return Some(MemberState::ReturnFailed { to });
            }
            (StateNumber::Returned, None, None) => return Some(MemberState::Returned),
            (number, None, None) => {
                let cause = match number {
                    StateNumber::KeptNoRollbackImage => KeptCause::NoRollbackImage,
                    StateNumber::KeptNotContacted => KeptCause::NotContacted,
                    StateNumber::KeptRunsAnother => KeptCause::RunsAnother,
                    StateNumber::KeptRetired => KeptCause::Retired,
                    StateNumber::KeptCanceled => KeptCause::Canceled,
                    _ => return None,
                };
                return Some(MemberState::Kept(cause));
            }
            _ => return None,
        };
        Some(MemberState::Returning { to, step })
    }
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn asks_for_nothing(policy: &ApprovalPolicy) -> bool {
    *policy == ApprovalPolicy::default()
}

const fn is_none(count: &u32) -> bool {
    *count == 0
}

fn says_nothing(defaults: &CampaignDefaults) -> bool {
    *defaults == CampaignDefaults::default()
}
