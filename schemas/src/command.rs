//! What operators ask for, and the answer.
//!
//! One JSON object: `command` names what is wanted, `id` makes it safe to repeat, `expected_version` makes it safe to
//! race; the other keys are the command's own, and unknown ones are refused.

mod campaign;
mod device;
mod operator;
mod release;

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use self::operator::{WrittenAdd, WrittenPassword};
pub use self::{
    campaign::{
        ApproveCampaign, ArmName, CampaignCommand, CreateCampaign, DeclineCampaign, EditCampaign,
        MemberCommand, PromoteArm, RehearseCampaign, RetryCampaign, RollbackCampaign,
        RollbackReason,
    },
    device::{
        AssignDevice, CloseTicket, Compliance, Credential, ExplainDevice, Lifecycle,
        RegisterDevice, SetLifecycle, UnflagDevice, UpdateDevice,
    },
    operator::{AddOperator, ChangeOperator, ListOperators, RevokeOperator, SetPassword},
    release::{PublishRelease, RollbackManifest, TrustKey},
};

use crate::{
    code::{Code, Rejection},
    codec::{COMMAND_BYTES_MAX, DecodeError, encode_json},
    id::CommandId,
    password::{NewPassword, Password, PasswordHash},
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
