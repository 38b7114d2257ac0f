//! The log's vocabulary: everything that ever happened, in the past tense.
//!
//! Variants and keys are numbered and never changed or reused; an old fact is understood for ever, an unknown variant
//! stops an older program. Facts name devices, campaigns and releases by their row, which is stable because rows are
//! assigned by facts. Every fact is one CBOR item.

mod alert;
mod approval;
mod cause;
mod rollback;

use alloc::{string::String, vec::Vec};

use fleetfold_schemas::{
    CommandId, DeviceId, Digest, ModelId, Name, OperatorId, Sha256, TimeZoneName, Version,
    approval::ApprovalPolicy,
    campaign::{CampaignDefaults, CampaignSpec, OnEnd, VersionRequirement},
    command::{Credential, Lifecycle},
    device::{DeviceError, Image, Running, Stage, WaitingFor},
    operator::Tenants,
    status::AlertName,
};
use minicbor::{Decode, Encode};
use serde::Serialize;

pub use fleetfold_schemas::operator::Role;

pub use self::alert::{TicketClosure, Trouble};
pub use self::approval::{Action, VoidCause};
pub use self::cause::{DeferralCause, FailureCause, PauseCause, Range, RemovalCause};
pub use self::rollback::{KeptCause, ReturnDeferral, RollbackCause};
use crate::{CampaignIx, DeviceIx, ReleaseIx, calendar::Window, state::ComparisonVerdict};

macro_rules! facts {
    ($($(#[$doc:meta])* $n:literal $name:ident { $($(#[$meta:meta])* $k:literal $field:ident: $type:ty,)* })*) => {
        /// One thing that happened.
        #[derive(Debug, Clone, PartialEq, Encode, Decode, Serialize)]
        #[serde(tag = "fact", rename_all = "snake_case")]
        pub enum Fact {
            $($(#[$doc])* #[n($n)] $name(#[n(0)] $name),)*
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Encode, Decode, Serialize)]
            #[cbor(map)]
            pub struct $name {
                $($(#[$meta])* #[n($k)] pub $field: $type,)*
            }

            impl From<$name> for Fact {
                fn from(fact: $name) -> Self {
                    Self::$name(fact)
                }
            }
        )*
    };
}

facts! {
    /// The first fact of every log.
    1 SiteOpened {
        /// What device tokens name as their audience.
        0 site: Name,
        /// Set where time runs faster than the wall's: a demo or a test, never to be served.
        1 speed: Option<u32>,
    }
    2 OperatorAdded {
        0 operator: OperatorId,
        1 role: Role,
        /// Argon2id in PHC format.
        #[serde(skip)]
        2 password_hash: String,
        #[cbor(default, skip_if = "Tenants::is_all")]
        3 tenants: Tenants,
    }
    3 KeyTrusted {
        0 name: Name,
        #[serde(serialize_with = "crate::stored::hex")]
        #[cbor(with = "minicbor::bytes")]
        1 public_key: [u8; 32],
    }
    /// Stands before the facts that carry the command out.
    4 CommandAccepted {
        0 operator: OperatorId,
        1 id: Option<CommandId>,
        2 command: String,
    }
    5 CommandRefused {
        0 operator: OperatorId,
        1 id: Option<CommandId>,
        2 command: Option<String>,
        3 code: String,
        4 message: String,
    }
    /// The log's file system has less room left than its floor. From here on only what ends work is admitted.
    6 StorageLow {
        0 free_bytes: u64,
        1 floor_bytes: u64,
    }
    7 StorageRecovered {
        0 free_bytes: u64,
    }
    /// What holds from here on for campaigns that do not say otherwise. Those that exist are as they were resolved.
    8 CampaignDefaultsSet {
        #[cbor(with = "crate::stored::json")]
        0 defaults: CampaignDefaults,
    }
    10 DeviceRegistered {
        0 device: DeviceIx,
        1 id: DeviceId,
        2 model: ModelId,
        3 credential: Credential,
        /// Whom it belongs to. Absent: the first hello that names a tenant says so.
        75 tenant: Option<Name>,
    }
    11 DeviceGreeted {
        0 device: DeviceIx,
        1 epoch: u64,
        2 seq: u64,
        3 fingerprint: u32,
        /// The counter of the token that this connection logged in with.
        4 login_counter: Option<u64>,
        5 hardware: Option<Version>,
        6 capabilities: Vec<Name>,
        7 region: Option<Name>,
        8 tenant: Option<Name>,
        9 tags: Vec<Name>,
        10 attributes: Vec<(Name, String)>,
        11 running: Running,
        12 standby: Option<Image>,
        #[serde(skip_serializing_if = "Option::is_none")]
        60 time_zone: Option<TimeZoneName>,
    }
    12 DeviceReported {
        0 device: DeviceIx,
        /// Absent: as before.
        1 epoch: Option<u64>,
        2 seq: u64,
        /// Of the message, to tell a repeat from a second device with the same identity.
        3 fingerprint: u32,
        /// Absent: as before.
        4 running: Option<Running>,
        /// Of the open execution.
        5 stage: Option<Stage>,
        6 progress_percent: Option<u8>,
        7 boot_ms: Option<u64>,
        /// Since the last boot, in hundredths of a percent of the battery's capacity a day.
        160 battery_drain_bp_per_day: Option<u64>,
        /// In the device's whole life.
        161 unexpected_reboots: Option<u64>,
    }
    13 LifecycleChanged {
        0 device: DeviceIx,
        1 lifecycle: Lifecycle,
    }
    20 ReleasePublished {
        0 release: ReleaseIx,
        1 model: ModelId,
        2 version: Version,
        3 vendor: String,
        4 sequence: u64,
        5 image: Digest,
        6 image_sha256: Sha256,
        7 image_bytes: u64,
        /// The SUIT envelope as it was signed.
        #[serde(skip)]
        #[cbor(with = "minicbor::bytes")]
        8 manifest: Vec<u8>,
        #[serde(serialize_with = "crate::stored::hex")]
        #[cbor(with = "minicbor::bytes")]
        9 key_id: Vec<u8>,
        /// It repairs these; absent: it is no security release.
        #[cbor(default, skip_if = "Option::is_none")]
        #[serde(skip_serializing_if = "Option::is_none")]
        10 advisories: Option<Vec<Name>>,
        /// What a device must run before it may install it.
        #[cbor(default, skip_if = "Option::is_none", with = "crate::stored::json")]
        #[serde(skip_serializing_if = "Option::is_none")]
        11 requires: Option<VersionRequirement>,
        /// The hardware revisions that it is for; empty: all.
        #[cbor(default, skip_if = "Vec::is_empty")]
        #[serde(skip_serializing_if = "Vec::is_empty")]
        12 hardware: Vec<Version>,
    }
    21 DeltaRequested {
        0 release: ReleaseIx,
        1 from: ReleaseIx,
    }
    22 DeltaAdded {
        0 release: ReleaseIx,
        1 from: ReleaseIx,
        2 digest: Digest,
        3 bytes: u64,
    }
    23 DeltaUnavailable {
        0 release: ReleaseIx,
        1 from: ReleaseIx,
        2 reason: String,
    }
    30 CampaignCreated {
        0 campaign: CampaignIx,
        /// The first that the description names.
        1 release: ReleaseIx,
        #[cbor(with = "crate::stored::json")]
        2 spec: CampaignSpec,
        /// The others, in its order.
        #[cbor(default, skip_if = "Vec::is_empty")]
        3 other_releases: Vec<ReleaseIx>,
        /// What arm B gets, where releases are compared.
        #[cbor(default, skip_if = "Vec::is_empty")]
        4 other_arm: Vec<ReleaseIx>,
        /// Who has described it, and what it comes from.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[cbor(default, skip_if = "Vec::is_empty")]
        75 authors: Vec<OperatorId>,
        /// It updates one device by itself.
        #[cbor(default, skip_if = "Option::is_none")]
        #[serde(skip_serializing_if = "Option::is_none")]
        5 ordered: Option<Ordered>,
    }
    31 CampaignStaged {
        0 campaign: CampaignIx,
    }
    /// Membership is fixed here: every device that fits a group, has a release for its model and is not retired.
    32 CampaignStarted {
        0 campaign: CampaignIx,
        1 devices: u32,
    }
    33 PhaseStarted {
        0 campaign: CampaignIx,
        /// Counted over all tracks of groups: each goes through all phases of the description.
        1 phase: u32,
        /// How many members from the start belong to this phase and those before it.
        2 cut: u32,
    }
    34 PhasePassed {
        0 campaign: CampaignIx,
        1 phase: u32,
    }
    35 CampaignPaused {
        0 campaign: CampaignIx,
        1 cause: PauseCause,
    }
    36 CampaignResumed {
        0 campaign: CampaignIx,
    }
    37 CampaignCanceled {
        0 campaign: CampaignIx,
        /// Absent: it was its schedule that ended.
        1 operator: Option<OperatorId>,
        2 reason: Option<String>,
    }
    /// All executions of the last phase are resolved; only its watch time remains.
    38 CampaignMonitoring {
        0 campaign: CampaignIx,
    }
    39 CampaignCompleted {
        0 campaign: CampaignIx,
    }
    40 CampaignFailed {
        0 campaign: CampaignIx,
        1 cause: FailureCause,
    }
    /// Described anew before its start.
    41 CampaignEdited {
        0 campaign: CampaignIx,
        /// As in [`CampaignCreated`].
        1 release: ReleaseIx,
        #[cbor(with = "crate::stored::json")]
        2 spec: CampaignSpec,
        #[cbor(default, skip_if = "Vec::is_empty")]
        3 other_releases: Vec<ReleaseIx>,
        /// What arm B gets, where releases are compared.
        #[cbor(default, skip_if = "Vec::is_empty")]
        4 other_arm: Vec<ReleaseIx>,
        /// Who has described it anew; those before stay its authors.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[cbor(default, skip_if = "Vec::is_empty")]
        75 authors: Vec<OperatorId>,
    }
    /// An operator did not wait for the phase to pass.
    42 PhaseAdvanced {
        0 campaign: CampaignIx,
        1 phase: u32,
        2 operator: OperatorId,
        3 reason: Option<String>,
    }
    43 CampaignArchived {
        0 campaign: CampaignIx,
    }
    /// Devices that have failed get another attempt: this one, or all.
    44 RetriesOrdered {
        0 campaign: CampaignIx,
        1 only: Option<DeviceIx>,
        2 operator: OperatorId,
        3 reason: Option<String>,
    }
    /// A device gets its turn now, before the others.
    45 ExecutionExpedited {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 operator: OperatorId,
        3 reason: Option<String>,
    }
    /// An operator took a device out before it accepted anything; counts neither way.
    46 DeviceExcluded {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 operator: OperatorId,
        3 reason: Option<String>,
    }
    /// The `sprt` gate takes the release for a good one: it is not asked again.
    70 GatePromoted {
        0 campaign: CampaignIx,
        1 failed: u64,
        2 succeeded: u64,
    }
    /// What the comparison of two arms has come to: the numbers that it was judged by.
    71 ArmsCompared {
        0 campaign: CampaignIx,
        1 verdict: ComparisonVerdict,
        2 outcomes_a: u64,
        3 succeeded_a: u64,
        4 outcomes_b: u64,
        5 succeeded_b: u64,
    }
    /// The device's job topic holds a job from now on; this fact's position is the job's sequence number.
    50 ExecutionQueued {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 attempt: u32,
        /// When the device may install; absent: at any time.
        #[serde(skip_serializing_if = "Option::is_none")]
        60 window: Option<Window>,
        /// A release that must be passed through comes first.
        #[cbor(default, skip_if = "Option::is_none")]
        #[serde(skip_serializing_if = "Option::is_none")]
        85 via: Option<ReleaseIx>,
    }
    51 ExecutionAccepted {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
    }
    52 ExecutionSucceeded {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        /// The device ran the target before it was offered anything.
        2 already: bool,
    }
    53 ExecutionFailed {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 error: DeviceError,
        /// It had booted the new image and is back on the old one.
        3 restored: bool,
        /// When the next attempt is due; absent: none is left.
        4 retry_at: Option<u64>,
    }
    54 ExecutionRejected {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 error: DeviceError,
        /// When the next attempt is due; absent: none is left.
        3 retry_at: Option<u64>,
    }
    /// Accepted, then silent past its deadline.
    55 ExecutionTimedOut {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 retry_at: Option<u64>,
    }
    /// Withdrawn before the device accepted it; counts neither way.
    56 ExecutionRemoved {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 cause: RemovalCause,
    }
    57 ExecutionCanceled {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
    }
    /// A device that had succeeded has gone back to another image by itself.
    58 ExecutionRetracted {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 running: Digest,
    }
    /// Its turn came, but it cannot take a job now; it is offered one as soon as it can.
    59 ExecutionDeferred {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 cause: DeferralCause,
        /// The one that it waits for.
        #[serde(skip_serializing_if = "Option::is_none")]
        60 window: Option<Window>,
    }
    /// A device has come to fit a group after the start.
    60 MemberJoined {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        /// In the order of offers.
        2 group: u16,
        /// The first phase that it is in.
        3 phase: u16,
    }
    /// A device that has accepted its job waits for something, or for something else than before.
    120 ExecutionHeld {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 waiting_for: WaitingFor,
        /// As the device says it.
        3 until_ms: Option<u64>,
        /// How often its user has put it off.
        4 postponed: u32,
    }
    /// It has what it waited for.
    121 ExecutionContinued {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
    }
    /// A device runs a release that it had to pass through; the next step of the same execution follows.
    170 HopReached {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 release: ReleaseIx,
    }
    /// A device's executions keep failing: nothing is offered to it until somebody has looked at it.
    171 DeviceFlagged {
        0 device: DeviceIx,
        /// Whose execution was the last to fail.
        1 campaign: CampaignIx,
        /// In a row.
        2 failed: u32,
    }
    /// Somebody has; it begins anew.
    172 DeviceUnflagged {
        0 device: DeviceIx,
        1 operator: OperatorId,
        2 reason: Option<String>,
    }
    /// Signed at release time: devices with the release accept this one's image under it.
    80 RollbackAdded {
        0 release: ReleaseIx,
        1 to: ReleaseIx,
        2 sequence: u64,
        /// The SUIT envelope as it was signed.
        #[serde(skip)]
        #[cbor(with = "minicbor::bytes")]
        3 manifest: Vec<u8>,
    }
    /// Nothing new starts; those that have been updated go back.
    81 RollbackStarted {
        0 campaign: CampaignIx,
        1 cause: RollbackCause,
        /// Cumulative shares of the devices; the last is all.
        2 phases_bp: Vec<u16>,
    }
    /// The next share of the devices may go back.
    82 RollbackAdvanced {
        0 campaign: CampaignIx,
        1 phase: u32,
    }
    /// As [`ExecutionQueued`], on the way back: attempts are counted anew.
    83 ReturnQueued {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 attempt: u32,
        3 to: ReleaseIx,
    }
    84 ReturnAccepted {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
    }
    85 Returned {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        /// It was back by itself.
        2 already: bool,
    }
    86 ReturnFailed {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 error: DeviceError,
        /// When the next attempt is due; absent: none is left.
        3 retry_at: Option<u64>,
    }
    /// It stays as it is.
    87 ReturnSkipped {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 cause: KeptCause,
    }
    /// It cannot go back now; it is sent as soon as it can.
    88 ReturnDeferred {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 to: ReleaseIx,
        3 cause: ReturnDeferral,
    }
    89 CampaignRolledBack {
        0 campaign: CampaignIx,
    }
    /// Something is wrong that somebody should look at.
    130 AlertRaised {
        /// Absent: it is about the site.
        #[serde(skip_serializing_if = "Option::is_none")]
        0 campaign: Option<CampaignIx>,
        1 trouble: Trouble,
    }
    /// It is over.
    131 AlertCleared {
        #[serde(skip_serializing_if = "Option::is_none")]
        0 campaign: Option<CampaignIx>,
        1 alert: AlertName,
    }
    /// A device has failed for good; this fact's position is the ticket's number.
    132 TicketOpened {
        0 campaign: CampaignIx,
        /// Absent: the campaign has as many open tickets as it may have, and this one is about all further devices.
        #[serde(skip_serializing_if = "Option::is_none")]
        1 device: Option<DeviceIx>,
        /// Of its last attempt. Absent as well where it had succeeded and went back by itself.
        2 error: Option<DeviceError>,
        3 attempts: u32,
    }
    133 TicketClosed {
        0 ticket: u64,
        1 campaign: CampaignIx,
        #[serde(skip_serializing_if = "Option::is_none")]
        2 device: Option<DeviceIx>,
        3 closure: TicketClosure,
    }
    /// A device that has not got to installing within its window has another one.
    110 WindowRenewed {
        0 campaign: CampaignIx,
        1 device: DeviceIx,
        2 window: Window,
    }
    /// A freeze has begun: nothing new starts.
    111 CampaignFrozen {
        0 campaign: CampaignIx,
        1 until: u64,
        2 reason: Option<String>,
    }
    112 CampaignThawed {
        0 campaign: CampaignIx,
    }
    /// What follows from it comes as facts of its own.
    113 ScheduleEnded {
        0 campaign: CampaignIx,
        1 on_end: OnEnd,
    }
    /// How an operator stands from here on.
    100 OperatorChanged {
        0 operator: OperatorId,
        1 role: Role,
        #[cbor(default, skip_if = "Tenants::is_all")]
        2 tenants: Tenants,
    }
    101 OperatorPasswordSet {
        0 operator: OperatorId,
        /// Argon2id in PHC format.
        #[serde(skip)]
        1 password_hash: String,
        /// Who set it.
        2 by: OperatorId,
    }
    /// The operator may no longer log in, and the name is not given to another.
    102 OperatorRevoked {
        0 operator: OperatorId,
        1 reason: Option<String>,
    }
    /// How many people must want what one asks for, from here on.
    150 ApprovalPolicySet {
        #[cbor(with = "crate::stored::json")]
        0 policy: ApprovalPolicy,
    }
    /// Somebody wants what others have to approve; this fact's position names the request.
    151 ApprovalRequested {
        0 campaign: CampaignIx,
        1 by: OperatorId,
        2 action: Action,
        /// Of the description as it is stored, which is what is approved.
        3 digest: Digest,
        4 expires_at: u64,
        5 reason: Option<String>,
    }
    152 ApprovalGiven {
        0 campaign: CampaignIx,
        1 request: u64,
        2 by: OperatorId,
        3 reason: Option<String>,
    }
    /// Enough have approved; what was asked for follows.
    153 ApprovalGranted {
        0 campaign: CampaignIx,
        1 request: u64,
    }
    154 ApprovalDeclined {
        0 campaign: CampaignIx,
        1 request: u64,
        2 by: OperatorId,
        3 reason: Option<String>,
    }
    /// The request is not open any more.
    155 ApprovalVoided {
        0 campaign: CampaignIx,
        1 request: u64,
        2 cause: VoidCause,
    }
    /// Who gave this approval may give none any more.
    156 ApprovalLost {
        0 campaign: CampaignIx,
        1 request: u64,
        2 by: OperatorId,
    }
    /// It belongs to another tenant from here on.
    157 DeviceAssigned {
        0 device: DeviceIx,
        1 tenant: Name,
    }
}

/// An operator asked for the update of one device. The numbers are those of a snapshot, too.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Ordered {
    #[n(0)]
    pub device: DeviceIx,
    #[n(1)]
    pub operator: OperatorId,
    #[n(2)]
    pub reason: Option<String>,
}

impl CampaignCreated {
    /// As the description names them.
    #[must_use]
    pub fn releases(&self) -> Vec<ReleaseIx> {
        all_releases(self.release, &self.other_releases)
    }
}

impl CampaignEdited {
    /// As the description names them.
    #[must_use]
    pub fn releases(&self) -> Vec<ReleaseIx> {
        all_releases(self.release, &self.other_releases)
    }
}

fn all_releases(first: ReleaseIx, others: &[ReleaseIx]) -> Vec<ReleaseIx> {
    core::iter::once(first)
        .chain(others.iter().copied())
        .collect()
}

impl Fact {
    /// Appends the fact's stored form.
    pub fn encode_into(&self, bytes: &mut Vec<u8>) {
        minicbor::encode(self, bytes).expect("writing to memory does not fail");
    }

    /// Reads one stored fact.
    pub fn decode(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let fact = decoder.decode()?;
        if decoder.position() != bytes.len() {
            return Err(minicbor::decode::Error::message("bytes after the fact"));
        }
        Ok(fact)
    }

    /// The campaign this fact may have changed.
    #[must_use]
    pub const fn campaign(&self) -> Option<CampaignIx> {
        match self {
            Self::CampaignCreated(CampaignCreated { campaign, .. })
            | Self::CampaignStaged(CampaignStaged { campaign })
            | Self::CampaignStarted(CampaignStarted { campaign, .. })
            | Self::PhaseStarted(PhaseStarted { campaign, .. })
            | Self::PhasePassed(PhasePassed { campaign, .. })
            | Self::CampaignPaused(CampaignPaused { campaign, .. })
            | Self::CampaignResumed(CampaignResumed { campaign })
            | Self::CampaignCanceled(CampaignCanceled { campaign, .. })
            | Self::CampaignMonitoring(CampaignMonitoring { campaign })
            | Self::CampaignCompleted(CampaignCompleted { campaign })
            | Self::CampaignFailed(CampaignFailed { campaign, .. })
            | Self::CampaignEdited(CampaignEdited { campaign, .. })
            | Self::PhaseAdvanced(PhaseAdvanced { campaign, .. })
            | Self::CampaignArchived(CampaignArchived { campaign })
            | Self::RetriesOrdered(RetriesOrdered { campaign, .. })
            | Self::ExecutionExpedited(ExecutionExpedited { campaign, .. })
            | Self::DeviceExcluded(DeviceExcluded { campaign, .. })
            | Self::GatePromoted(GatePromoted { campaign, .. })
            | Self::ArmsCompared(ArmsCompared { campaign, .. })
            | Self::ExecutionQueued(ExecutionQueued { campaign, .. })
            | Self::ExecutionAccepted(ExecutionAccepted { campaign, .. })
            | Self::ExecutionSucceeded(ExecutionSucceeded { campaign, .. })
            | Self::ExecutionFailed(ExecutionFailed { campaign, .. })
            | Self::ExecutionRejected(ExecutionRejected { campaign, .. })
            | Self::ExecutionTimedOut(ExecutionTimedOut { campaign, .. })
            | Self::ExecutionRemoved(ExecutionRemoved { campaign, .. })
            | Self::ExecutionCanceled(ExecutionCanceled { campaign, .. })
            | Self::ExecutionRetracted(ExecutionRetracted { campaign, .. })
            | Self::ExecutionDeferred(ExecutionDeferred { campaign, .. })
            | Self::ExecutionHeld(ExecutionHeld { campaign, .. })
            | Self::ExecutionContinued(ExecutionContinued { campaign, .. })
            | Self::MemberJoined(MemberJoined { campaign, .. })
            | Self::HopReached(HopReached { campaign, .. })
            | Self::RollbackStarted(RollbackStarted { campaign, .. })
            | Self::RollbackAdvanced(RollbackAdvanced { campaign, .. })
            | Self::ReturnQueued(ReturnQueued { campaign, .. })
            | Self::ReturnAccepted(ReturnAccepted { campaign, .. })
            | Self::Returned(Returned { campaign, .. })
            | Self::ReturnFailed(ReturnFailed { campaign, .. })
            | Self::ReturnSkipped(ReturnSkipped { campaign, .. })
            | Self::ReturnDeferred(ReturnDeferred { campaign, .. })
            | Self::CampaignRolledBack(CampaignRolledBack { campaign })
            | Self::ApprovalRequested(ApprovalRequested { campaign, .. })
            | Self::ApprovalGiven(ApprovalGiven { campaign, .. })
            | Self::ApprovalGranted(ApprovalGranted { campaign, .. })
            | Self::ApprovalDeclined(ApprovalDeclined { campaign, .. })
            | Self::ApprovalVoided(ApprovalVoided { campaign, .. })
            | Self::ApprovalLost(ApprovalLost { campaign, .. })
            | Self::TicketOpened(TicketOpened { campaign, .. })
            | Self::TicketClosed(TicketClosed { campaign, .. })
            | Self::WindowRenewed(WindowRenewed { campaign, .. })
            | Self::CampaignFrozen(CampaignFrozen { campaign, .. })
            | Self::CampaignThawed(CampaignThawed { campaign })
            | Self::ScheduleEnded(ScheduleEnded { campaign, .. }) => Some(*campaign),
            Self::AlertRaised(AlertRaised { campaign, .. })
            | Self::AlertCleared(AlertCleared { campaign, .. }) => *campaign,
            Self::SiteOpened(_)
            | Self::OperatorAdded(_)
            | Self::OperatorChanged(_)
            | Self::OperatorPasswordSet(_)
            | Self::OperatorRevoked(_)
            | Self::KeyTrusted(_)
            | Self::CommandAccepted(_)
            | Self::CommandRefused(_)
            | Self::StorageLow(_)
            | Self::StorageRecovered(_)
            | Self::CampaignDefaultsSet(_)
            | Self::ApprovalPolicySet(_)
            | Self::DeviceRegistered(_)
            | Self::DeviceGreeted(_)
            | Self::DeviceReported(_)
            | Self::LifecycleChanged(_)
            | Self::DeviceAssigned(_)
            | Self::DeviceFlagged(_)
            | Self::DeviceUnflagged(_)
            | Self::ReleasePublished(_)
            | Self::DeltaRequested(_)
            | Self::DeltaAdded(_)
            | Self::DeltaUnavailable(_)
            | Self::RollbackAdded(_) => None,
        }
    }

    /// The device this fact may have changed.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceIx> {
        match self {
            Self::DeviceRegistered(DeviceRegistered { device, .. })
            | Self::DeviceGreeted(DeviceGreeted { device, .. })
            | Self::DeviceReported(DeviceReported { device, .. })
            | Self::LifecycleChanged(LifecycleChanged { device, .. })
            | Self::DeviceAssigned(DeviceAssigned { device, .. })
            | Self::DeviceFlagged(DeviceFlagged { device, .. })
            | Self::DeviceUnflagged(DeviceUnflagged { device, .. })
            | Self::ExecutionQueued(ExecutionQueued { device, .. })
            | Self::ExecutionAccepted(ExecutionAccepted { device, .. })
            | Self::ExecutionSucceeded(ExecutionSucceeded { device, .. })
            | Self::ExecutionFailed(ExecutionFailed { device, .. })
            | Self::ExecutionRejected(ExecutionRejected { device, .. })
            | Self::ExecutionTimedOut(ExecutionTimedOut { device, .. })
            | Self::ExecutionRemoved(ExecutionRemoved { device, .. })
            | Self::ExecutionCanceled(ExecutionCanceled { device, .. })
            | Self::ExecutionRetracted(ExecutionRetracted { device, .. })
            | Self::ExecutionDeferred(ExecutionDeferred { device, .. })
            | Self::ExecutionHeld(ExecutionHeld { device, .. })
            | Self::ExecutionContinued(ExecutionContinued { device, .. })
            | Self::MemberJoined(MemberJoined { device, .. })
            | Self::HopReached(HopReached { device, .. })
            | Self::ExecutionExpedited(ExecutionExpedited { device, .. })
            | Self::DeviceExcluded(DeviceExcluded { device, .. })
            | Self::ReturnQueued(ReturnQueued { device, .. })
            | Self::ReturnAccepted(ReturnAccepted { device, .. })
            | Self::Returned(Returned { device, .. })
            | Self::ReturnFailed(ReturnFailed { device, .. })
            | Self::ReturnSkipped(ReturnSkipped { device, .. })
            | Self::ReturnDeferred(ReturnDeferred { device, .. })
            | Self::WindowRenewed(WindowRenewed { device, .. }) => Some(*device),
            Self::TicketOpened(TicketOpened { device, .. })
            | Self::TicketClosed(TicketClosed { device, .. }) => *device,
            Self::SiteOpened(_)
            | Self::OperatorAdded(_)
            | Self::OperatorChanged(_)
            | Self::OperatorPasswordSet(_)
            | Self::OperatorRevoked(_)
            | Self::KeyTrusted(_)
            | Self::CommandAccepted(_)
            | Self::CommandRefused(_)
            | Self::StorageLow(_)
            | Self::StorageRecovered(_)
            | Self::CampaignDefaultsSet(_)
            | Self::ReleasePublished(_)
            | Self::DeltaRequested(_)
            | Self::DeltaAdded(_)
            | Self::DeltaUnavailable(_)
            | Self::CampaignCreated(_)
            | Self::CampaignStaged(_)
            | Self::CampaignStarted(_)
            | Self::PhaseStarted(_)
            | Self::PhasePassed(_)
            | Self::CampaignPaused(_)
            | Self::CampaignResumed(_)
            | Self::CampaignCanceled(_)
            | Self::CampaignMonitoring(_)
            | Self::CampaignCompleted(_)
            | Self::CampaignFailed(_)
            | Self::CampaignEdited(_)
            | Self::PhaseAdvanced(_)
            | Self::CampaignArchived(_)
            | Self::RetriesOrdered(_)
            | Self::GatePromoted(_)
            | Self::ArmsCompared(_)
            | Self::RollbackAdded(_)
            | Self::RollbackStarted(_)
            | Self::RollbackAdvanced(_)
            | Self::CampaignRolledBack(_)
            | Self::ApprovalPolicySet(_)
            | Self::ApprovalRequested(_)
            | Self::ApprovalGiven(_)
            | Self::ApprovalGranted(_)
            | Self::ApprovalDeclined(_)
            | Self::ApprovalVoided(_)
            | Self::ApprovalLost(_)
            | Self::AlertRaised(_)
            | Self::AlertCleared(_)
            | Self::CampaignFrozen(_)
            | Self::CampaignThawed(_)
            | Self::ScheduleEnded(_) => None,
        }
    }
}
