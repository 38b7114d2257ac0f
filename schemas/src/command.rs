//! What operators ask for, and the answer.
//!
//! One JSON object: `command` names what is wanted, `id` makes it safe to repeat, `expected_version` makes it safe to
//! race; the other keys are the command's own, and unknown ones are refused.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64ct::{Base64, Encoding};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::{
    campaign::{BasisPoints, CampaignDraft, Minutes, Moment, VersionRequirement},
    code::{Code, Rejection},
    codec::{COMMAND_BYTES_MAX, DecodeError, encode_json},
    id::{CampaignId, CommandId, DeviceId, Digest, ModelId, Name, OperatorId, TicketId, Version},
    operator::{Role, Tenants},
    password::{NewPassword, Password, PasswordHash, SecretText},
    plain::{Plain, Source},
};

/// A command's keys and values.
type Map<'b> = Vec<(Cow<'b, str>, Plain<'b>)>;

/// A command as it came, with what all commands may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMessage {
    /// Repeating a command under the same id gets the stored answer, not a second execution.
    pub id: Option<CommandId>,
    /// Refuse if the campaign has changed since this version of its status. Only for commands about one that exists.
    pub expected_version: Option<u64>,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    AddOperator(AddOperator),
    ChangeOperator(ChangeOperator),
    SetPassword(SetPassword),
    RevokeOperator(RevokeOperator),
    ListOperators(ListOperators),
    TrustKey(TrustKey),
    RegisterDevice(RegisterDevice),
    SetLifecycle(SetLifecycle),
    AssignDevice(AssignDevice),
    ExplainDevice(ExplainDevice),
    UpdateDevice(UpdateDevice),
    Compliance(Compliance),
    PublishRelease(PublishRelease),
    CreateCampaign(CreateCampaign),
    StartCampaign(CampaignCommand),
    PauseCampaign(CampaignCommand),
    ResumeCampaign(CampaignCommand),
    CancelCampaign(CampaignCommand),
    EditCampaign(EditCampaign),
    AdvanceCampaign(CampaignCommand),
    ArchiveCampaign(CampaignCommand),
    RollbackCampaign(RollbackCampaign),
    RetryCampaign(RetryCampaign),
    ExcludeDevice(MemberCommand),
    ExpediteDevice(MemberCommand),
    RehearseCampaign(RehearseCampaign),
    PromoteArm(PromoteArm),
    ApproveCampaign(ApproveCampaign),
    DeclineCampaign(DeclineCampaign),
    CloseTicket(CloseTicket),
    UnflagDevice(UnflagDevice),
}

/// Somebody may log in from now on. Written as an object with `password` or `password_hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddOperator {
    pub operator: OperatorId,
    pub role: Role,
    pub tenants: Tenants,
    pub password: NewPassword,
}

/// What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeOperator {
    pub operator: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
}

/// Written as an object with `password` or `password_hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPassword {
    pub operator: OperatorId,
    pub password: NewPassword,
}

/// The operator's access ends for good; its name is never given to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeOperator {
    pub operator: OperatorId,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer's `result` is an [`crate::operator::OperatorList`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListOperators {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAdd {
    operator: OperatorId,
    role: Role,
    #[serde(default, skip_serializing_if = "Tenants::is_all")]
    tenants: Tenants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<SecretText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPassword {
    operator: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<SecretText>,
}

impl NewPassword {
    fn read(plain: Option<SecretText>, hash: Option<SecretText>) -> Result<Self, Rejection> {
        match (plain, hash) {
            (Some(SecretText(plain)), None) => Password::new(plain).map(Self::Plain),
            (None, Some(SecretText(hash))) => PasswordHash::parse(&hash).map(Self::Hash),
            _ => Err(Rejection::new(
                Code::Malformed,
                "either `password` or `password_hash` is needed",
            )),
        }
    }

    fn write(&self) -> (Option<SecretText>, Option<SecretText>) {
        match self {
            Self::Plain(plain) => (Some(SecretText(plain.reveal().into())), None),
            Self::Hash(hash) => (None, Some(SecretText(hash.as_str().into()))),
        }
    }
}

impl TryFrom<WrittenAdd> for AddOperator {
    type Error = Rejection;

    fn try_from(written: WrittenAdd) -> Result<Self, Rejection> {
        Ok(Self {
            operator: written.operator,
            role: written.role,
            tenants: written.tenants,
            password: NewPassword::read(written.password, written.password_hash)?,
        })
    }
}

impl From<&AddOperator> for WrittenAdd {
    fn from(command: &AddOperator) -> Self {
        let (password, password_hash) = command.password.write();
        Self {
            operator: command.operator.clone(),
            role: command.role,
            tenants: command.tenants.clone(),
            password,
            password_hash,
        }
    }
}

impl TryFrom<WrittenPassword> for SetPassword {
    type Error = Rejection;

    fn try_from(written: WrittenPassword) -> Result<Self, Rejection> {
        Ok(Self {
            operator: written.operator,
            password: NewPassword::read(written.password, written.password_hash)?,
        })
    }
}

impl From<&SetPassword> for WrittenPassword {
    fn from(command: &SetPassword) -> Self {
        let (password, password_hash) = command.password.write();
        Self {
            operator: command.operator.clone(),
            password,
            password_hash,
        }
    }
}

/// Manifests signed by this key are accepted from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustKey {
    pub name: Name,
    #[serde(with = "hex32")]
    pub public_key: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterDevice {
    pub device: DeviceId,
    pub model: ModelId,
    /// Whom it belongs to. Absent: the first hello that names a tenant says so; or the operator's one tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    pub credential: Credential,
}

/// The device belongs to another tenant from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignDevice {
    pub device: DeviceId,
    pub tenant: Name,
}

/// What a device proves itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// The device's Ed25519 public key, 64 hexadecimal digits; it logs in with a JWT signed by it.
    #[serde(with = "hex32")]
    #[n(0)]
    PublicKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// SHA-256 of the device's token, 64 hexadecimal digits; the token itself never comes here.
    #[serde(with = "hex32")]
    #[n(1)]
    TokenSha256(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Lifecycle {
    /// Registered, never heard of.
    #[n(0)]
    Provisioned,
    #[n(1)]
    Active,
    /// Kept out of campaigns.
    #[n(2)]
    Maintenance,
    /// Gone for good; may not log in.
    #[n(3)]
    Retired,
}

impl Lifecycle {
    pub const ALL: [Self; 4] = [
        Self::Provisioned,
        Self::Active,
        Self::Maintenance,
        Self::Retired,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::Active => "active",
            Self::Maintenance => "maintenance",
            Self::Retired => "retired",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLifecycle {
    pub device: DeviceId,
    pub lifecycle: Lifecycle,
}

/// Why this device, why now or why not yet. The answer's `result` is an [`crate::explain::Explanation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainDevice {
    pub device: DeviceId,
    /// Absent: all campaigns that are under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
}

/// One device is updated by itself, outside the campaigns of its fleet: in a campaign of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDevice {
    pub device: DeviceId,
    /// Of a release of its model.
    pub version: Version,
    /// Not before then. Absent: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which devices lack a security release. The answer's `result` is a [`crate::compliance::CompliancePage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// Where to go on: `next` of the page before. Absent: from the first device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// How many lacking devices to tell of, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Makes an uploaded image and its signed manifest a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRelease {
    /// The vendor's domain, from which the manifest's vendor id is derived.
    pub vendor: String,
    pub model: ModelId,
    pub version: Version,
    /// BLAKE3 of the image, as uploaded.
    pub image: Digest,
    /// The SUIT envelope, in Base64.
    #[serde(with = "base64_bytes")]
    pub manifest: Vec<u8>,
    /// The ways back from it, signed at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<RollbackManifest>,
    /// It repairs what others could abuse, so all devices of the model should have it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub security: bool,
    /// What it repairs, such as CVE-2026-1234; only with `security`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<Name>,
    /// What a device must run before it may install it; who does not is first given what leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<VersionRequirement>,
    /// The hardware revisions that it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardware: Vec<Version>,
}

/// A manifest for an older image under a sequence above the release's own, so that devices with the release accept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackManifest {
    /// The release whose image it is about.
    pub to: Version,
    /// The SUIT envelope, in Base64.
    #[serde(with = "base64_bytes")]
    pub manifest: Vec<u8>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum ArmName {
    #[n(0)]
    A,
    #[n(1)]
    B,
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

/// Somebody has looked at a device whose executions kept failing: it may be offered something again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnflagDevice {
    pub device: DeviceId,
    /// For the record: what was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody has seen to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseTicket {
    pub ticket: TicketId,
    /// For the record: what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignCommand {
    pub campaign: CampaignId,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Command {
    /// The names of all commands.
    pub const NAMES: [&'static str; 31] = [
        "operator.add",
        "operator.change",
        "operator.password",
        "operator.revoke",
        "operator.list",
        "key.trust",
        "device.register",
        "device.lifecycle",
        "device.assign",
        "device.explain",
        "device.update",
        "fleet.compliance",
        "release.publish",
        "campaign.create",
        "campaign.start",
        "campaign.pause",
        "campaign.resume",
        "campaign.cancel",
        "campaign.edit",
        "campaign.advance",
        "campaign.archive",
        "campaign.rollback",
        "campaign.retry",
        "campaign.exclude",
        "campaign.expedite",
        "campaign.rehearse",
        "campaign.promote",
        "campaign.approve",
        "campaign.decline",
        "ticket.close",
        "device.unflag",
    ];

    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AddOperator(_) => "operator.add",
            Self::ChangeOperator(_) => "operator.change",
            Self::SetPassword(_) => "operator.password",
            Self::RevokeOperator(_) => "operator.revoke",
            Self::ListOperators(_) => "operator.list",
            Self::TrustKey(_) => "key.trust",
            Self::RegisterDevice(_) => "device.register",
            Self::SetLifecycle(_) => "device.lifecycle",
            Self::AssignDevice(_) => "device.assign",
            Self::ExplainDevice(_) => "device.explain",
            Self::UpdateDevice(_) => "device.update",
            Self::Compliance(_) => "fleet.compliance",
            Self::PublishRelease(_) => "release.publish",
            Self::CreateCampaign(_) => "campaign.create",
            Self::StartCampaign(_) => "campaign.start",
            Self::PauseCampaign(_) => "campaign.pause",
            Self::ResumeCampaign(_) => "campaign.resume",
            Self::CancelCampaign(_) => "campaign.cancel",
            Self::EditCampaign(_) => "campaign.edit",
            Self::AdvanceCampaign(_) => "campaign.advance",
            Self::ArchiveCampaign(_) => "campaign.archive",
            Self::RollbackCampaign(_) => "campaign.rollback",
            Self::RetryCampaign(_) => "campaign.retry",
            Self::ExcludeDevice(_) => "campaign.exclude",
            Self::ExpediteDevice(_) => "campaign.expedite",
            Self::RehearseCampaign(_) => "campaign.rehearse",
            Self::PromoteArm(_) => "campaign.promote",
            Self::ApproveCampaign(_) => "campaign.approve",
            Self::DeclineCampaign(_) => "campaign.decline",
            Self::CloseTicket(_) => "ticket.close",
            Self::UnflagDevice(_) => "device.unflag",
        }
    }

    fn read(name: &str, rest: Plain<'_>) -> Result<Self, Rejection> {
        fn parse<T: de::DeserializeOwned>(rest: Plain<'_>, code: Code) -> Result<T, Rejection> {
            // With the way to the key at fault, as in `phases[0].percentage: expected a percentage`.
            serde_path_to_error::deserialize(Source::json(rest)).map_err(|error| {
                let text = error.to_string();
                let text = match code {
                    // The one key that there is besides.
                    Code::CampaignInvalid => text
                        .strip_prefix("campaign.")
                        .or_else(|| text.strip_prefix("campaign: "))
                        .unwrap_or(&text),
                    _ => &text,
                };
                Rejection::new(code, text)
            })
        }
        let malformed = Code::Malformed;
        Ok(match name {
            "operator.add" => Self::AddOperator(parse::<WrittenAdd>(rest, malformed)?.try_into()?),
            "operator.change" => Self::ChangeOperator(parse(rest, malformed)?),
            "operator.password" => {
                Self::SetPassword(parse::<WrittenPassword>(rest, malformed)?.try_into()?)
            }
            "operator.revoke" => Self::RevokeOperator(parse(rest, malformed)?),
            "operator.list" => Self::ListOperators(parse(rest, malformed)?),
            "key.trust" => Self::TrustKey(parse(rest, malformed)?),
            "device.register" => Self::RegisterDevice(parse(rest, malformed)?),
            "device.lifecycle" => Self::SetLifecycle(parse(rest, malformed)?),
            "device.assign" => Self::AssignDevice(parse(rest, malformed)?),
            "device.explain" => Self::ExplainDevice(parse(rest, malformed)?),
            "device.update" => Self::UpdateDevice(parse(rest, malformed)?),
            "fleet.compliance" => Self::Compliance(parse(rest, malformed)?),
            "release.publish" => Self::PublishRelease(parse(rest, malformed)?),
            "campaign.create" => Self::CreateCampaign(parse(rest, Code::CampaignInvalid)?),
            "campaign.start" => Self::StartCampaign(parse(rest, malformed)?),
            "campaign.pause" => Self::PauseCampaign(parse(rest, malformed)?),
            "campaign.resume" => Self::ResumeCampaign(parse(rest, malformed)?),
            "campaign.cancel" => Self::CancelCampaign(parse(rest, malformed)?),
            "campaign.edit" => Self::EditCampaign(parse(rest, Code::CampaignInvalid)?),
            "campaign.advance" => Self::AdvanceCampaign(parse(rest, malformed)?),
            "campaign.archive" => Self::ArchiveCampaign(parse(rest, malformed)?),
            "campaign.rollback" => Self::RollbackCampaign(parse(rest, malformed)?),
            "campaign.retry" => Self::RetryCampaign(parse(rest, malformed)?),
            "campaign.exclude" => Self::ExcludeDevice(parse(rest, malformed)?),
            "campaign.expedite" => Self::ExpediteDevice(parse(rest, malformed)?),
            "campaign.rehearse" => Self::RehearseCampaign(parse(rest, malformed)?),
            "campaign.promote" => Self::PromoteArm(parse(rest, malformed)?),
            "campaign.approve" => Self::ApproveCampaign(parse(rest, malformed)?),
            "campaign.decline" => Self::DeclineCampaign(parse(rest, malformed)?),
            "ticket.close" => Self::CloseTicket(parse(rest, malformed)?),
            "device.unflag" => Self::UnflagDevice(parse(rest, malformed)?),
            _ => {
                return Err(Rejection::new(
                    Code::UnknownCommand,
                    format!("no command {name:?}; there are {}", Self::NAMES.join(", ")),
                ));
            }
        })
    }

    /// Whether it is about something whose changes are counted, so that it may say `expected_version`.
    #[must_use]
    pub const fn is_versioned(&self) -> bool {
        match self {
            Self::StartCampaign(_)
            | Self::PauseCampaign(_)
            | Self::ResumeCampaign(_)
            | Self::CancelCampaign(_)
            | Self::EditCampaign(_)
            | Self::AdvanceCampaign(_)
            | Self::ArchiveCampaign(_)
            | Self::RollbackCampaign(_)
            | Self::RetryCampaign(_)
            | Self::ExcludeDevice(_)
            | Self::ExpediteDevice(_)
            | Self::PromoteArm(_)
            | Self::ApproveCampaign(_)
            | Self::DeclineCampaign(_) => true,
            Self::AddOperator(_)
            | Self::ChangeOperator(_)
            | Self::SetPassword(_)
            | Self::RevokeOperator(_)
            | Self::ListOperators(_)
            | Self::TrustKey(_)
            | Self::RegisterDevice(_)
            | Self::SetLifecycle(_)
            | Self::AssignDevice(_)
            | Self::ExplainDevice(_)
            | Self::UpdateDevice(_)
            | Self::Compliance(_)
            | Self::PublishRelease(_)
            | Self::CreateCampaign(_)
            | Self::RehearseCampaign(_)
            | Self::CloseTicket(_)
            | Self::UnflagDevice(_) => false,
        }
    }

    /// Whether it only asks: it changes nothing, leaves no record, and its answer has a `result`.
    #[must_use]
    pub const fn is_question(&self) -> bool {
        matches!(
            self,
            Self::ListOperators(_)
                | Self::ExplainDevice(_)
                | Self::Compliance(_)
                | Self::RehearseCampaign(_)
        )
    }

    /// A password that must be replaced by its hash before the command goes anywhere.
    #[must_use]
    pub const fn plain_password(&self) -> Option<&Password> {
        match self {
            Self::AddOperator(AddOperator {
                password: NewPassword::Plain(plain),
                ..
            })
            | Self::SetPassword(SetPassword {
                password: NewPassword::Plain(plain),
                ..
            }) => Some(plain),
            _ => None,
        }
    }

    /// Says the hash instead of the password.
    pub fn set_password_hash(&mut self, hash: PasswordHash) {
        match self {
            Self::AddOperator(AddOperator { password, .. })
            | Self::SetPassword(SetPassword { password, .. }) => {
                *password = NewPassword::Hash(hash);
            }
            _ => {}
        }
    }

    fn write(&self) -> Value {
        fn value<T: Serialize>(body: &T) -> Value {
            serde_json::to_value(body).expect("commands have text keys")
        }
        match self {
            Self::AddOperator(body) => value(&WrittenAdd::from(body)),
            Self::ChangeOperator(body) => value(body),
            Self::SetPassword(body) => value(&WrittenPassword::from(body)),
            Self::RevokeOperator(body) => value(body),
            Self::ListOperators(body) => value(body),
            Self::TrustKey(body) => value(body),
            Self::RegisterDevice(body) => value(body),
            Self::SetLifecycle(body) => value(body),
            Self::AssignDevice(body) => value(body),
            Self::ExplainDevice(body) => value(body),
            Self::UpdateDevice(body) => value(body),
            Self::Compliance(body) => value(body),
            Self::PublishRelease(body) => value(body),
            Self::CreateCampaign(body) => value(body),
            Self::StartCampaign(body)
            | Self::PauseCampaign(body)
            | Self::ResumeCampaign(body)
            | Self::CancelCampaign(body)
            | Self::AdvanceCampaign(body)
            | Self::ArchiveCampaign(body) => value(body),
            Self::EditCampaign(body) => value(body),
            Self::RollbackCampaign(body) => value(body),
            Self::RetryCampaign(body) => value(body),
            Self::PromoteArm(body) => value(body),
            Self::ApproveCampaign(body) => value(body),
            Self::DeclineCampaign(body) => value(body),
            Self::CloseTicket(body) => value(body),
            Self::UnflagDevice(body) => value(body),
            Self::ExcludeDevice(body) | Self::ExpediteDevice(body) => value(body),
            Self::RehearseCampaign(body) => value(body),
        }
    }
}

/// A refused command, with as much of it as could be read: enough for a reply and for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableCommand {
    pub id: Option<CommandId>,
    pub name: Option<String>,
    pub rejection: Rejection,
}

impl CommandMessage {
    /// Reads a command; says as much as it could read when it refuses.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableCommand> {
        let mut refused = UnreadableCommand {
            id: None,
            name: None,
            rejection: Rejection::new(Code::Malformed, "a command is a JSON object"),
        };
        if bytes.len() > COMMAND_BYTES_MAX {
            refused.rejection = DecodeError::TooLarge {
                bytes: bytes.len(),
                bytes_max: COMMAND_BYTES_MAX,
            }
            .into();
            return Err(refused);
        }
        let mut map = match Plain::from_json(bytes) {
            Ok(Plain::Map(map)) => map,
            Ok(_) => return Err(refused),
            Err(error) => {
                refused.rejection = Rejection::new(Code::Malformed, format!("not JSON: {error}"));
                return Err(refused);
            }
        };
        match Self::read(&mut map, &mut refused) {
            Ok(message) => Ok(message),
            Err(rejection) => Err(UnreadableCommand {
                rejection,
                ..refused
            }),
        }
    }

    fn read(map: &mut Map<'_>, so_far: &mut UnreadableCommand) -> Result<Self, Rejection> {
        so_far.id = take(map, "id")?;
        let expected_version = take(map, "expected_version")?;
        let name: String = take(map, "command")?
            .ok_or_else(|| Rejection::new(Code::Malformed, "the key `command` is missing"))?;
        so_far.name = Some(crate::id::printable(&name, 64));
        let command = Command::read(&name, Plain::Map(core::mem::take(map)))?;
        if expected_version.is_some() && !command.is_versioned() {
            return Err(Rejection::new(
                Code::Malformed,
                format!("expected_version means nothing for {name}"),
            ));
        }
        Ok(Self {
            id: so_far.id.clone(),
            expected_version,
            command,
        })
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Value::Object(mut map) = self.command.write() else {
            unreachable!("every command's body is a struct")
        };
        map.insert("command".to_string(), self.command.name().into());
        if let Some(id) = &self.id {
            map.insert("id".to_string(), id.as_str().into());
        }
        if let Some(version) = self.expected_version {
            map.insert("expected_version".to_string(), version.into());
        }
        encode_json(&map)
    }
}

fn take<T: de::DeserializeOwned>(map: &mut Map<'_>, key: &str) -> Result<Option<T>, Rejection> {
    let Some(at) = map.iter().position(|(found, _)| found == key) else {
        return Ok(None);
    };
    match map.remove(at).1 {
        Plain::Null => Ok(None),
        value => T::deserialize(Source::json(value))
            .map(Some)
            .map_err(|error| Rejection::new(Code::Malformed, format!("{key}: {error}"))),
    }
}

/// The answer to a command, on the operator's reply topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<CommandId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// Done and on disk; `position` is where in the log. Of a question: the last position that the answer knows of.
    Accepted {
        position: u64,
        /// What a question's answer is, or what else there is to know about what was done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
    },
    Rejected {
        code: String,
        message: String,
    },
}

/// 32 bytes as 64 hexadecimal digits.
pub(crate) mod hex32 {
    use super::{Deserialize, Deserializer, Serializer, String, de};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| de::Error::custom("expected 64 hexadecimal digits"))?;
        Ok(bytes)
    }
}

mod base64_bytes {
    use super::{Base64, Deserialize, Deserializer, Encoding, Serializer, String, Vec, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64::decode_vec(&text).map_err(|_| de::Error::custom("expected Base64 with padding"))
    }
}
