//! What operators ask for: who may, whether it was answered before, and the record of it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::id::printable;
use fleetfold_schemas::{
    CommandId, DeviceId, OperatorId,
    code::{Code, Rejection},
    command::{
        AssignDevice, Command, CommandMessage, Credential, Lifecycle, RegisterDevice, SetLifecycle,
        TrustKey, UnreadableCommand,
    },
    compliance::PAGE_LACKING_MAX,
};
use serde::Serialize;
use serde_json::Value;
use ulid::Ulid;

use super::{
    approval, campaign, flag, manual, member, release, rollback, scope, staff, storage_low, ticket,
};
use crate::{
    DeviceIx, Fact, State, Timestamp,
    fact::{
        CommandAccepted, CommandRefused, DeferralCause, DeviceAssigned, DeviceRegistered,
        ExecutionCanceled, ExecutionDeferred, ExecutionRemoved, KeptCause, KeyTrusted,
        LifecycleChanged, RemovalCause, ReturnDeferral, ReturnDeferred, ReturnSkipped, Role,
    },
    request::{Answer, StoredArtifact},
    state::{ANSWERS_KEPT_MS, CLOCK_SKEW_MAX_MS, MemberState, ReturnStep},
    view,
};

/// The log takes records of up to 16 KiB, so that each can be a leaf of an audit tree.
const FACT_BYTES_MAX: usize = 16 * 1024;
/// How much of a refusal goes on record: it may quote the sender.
const REFUSAL_CHARS_MAX: usize = 512;

pub fn accept(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    message: &Result<CommandMessage, UnreadableCommand>,
    artifact: Option<&StoredArtifact>,
    facts: &mut Vec<Fact>,
) -> Answer {
    let (id, name) = match message {
        Ok(message) => (
            message.id.as_ref(),
            Some(message.command.name().to_string()),
        ),
        Err(unreadable) => (unreadable.id.as_ref(), unreadable.name.clone()),
    };
    if let Some(id) = id
        && state.commands.answer(operator, id).is_some()
        && !is_on(Mutant::CommandsRepeated)
    {
        return Answer::Duplicate;
    }
    let start = facts.len();
    let result = match message {
        Ok(message) if message.command.is_question() => {
            let answer = check_age(state, id, now)
                .and_then(|()| check_role(state, operator, &message.command))
                .and_then(|()| scope::check(state, operator, &message.command))
                .and_then(|()| answer(state, now, operator, &message.command));
            match answer {
                Ok(result) => return Answer::Told(result),
                Err(rejection) => Err(rejection),
            }
        }
        Ok(message) => {
            facts.push(
                CommandAccepted {
                    operator: operator.clone(),
                    id: id.cloned(),
                    command: message.command.name().to_string(),
                }
                .into(),
            );
            check_room(state, &message.command)
                .and_then(|()| check_age(state, id, now))
                .and_then(|()| check_role(state, operator, &message.command))
                .and_then(|()| scope::check(state, operator, &message.command))
                .and_then(|()| carry_out(state, now, operator, message, artifact, facts))
                .and_then(|told| check_size(&facts[start..]).map(|()| told))
        }
        Err(unreadable) => Err(unreadable.rejection.clone()),
    };
    match result {
        Ok(None) => Answer::Accepted,
        Ok(Some(told)) => Answer::Told(told),
        Err(rejection) => {
            facts.truncate(start);
            // Without room not even refusals are recorded, so the same command can succeed later under the same id.
            if state.storage_low.is_none() {
                facts.push(refused(operator, id, name, &rejection).into());
            }
            Answer::Rejected(rejection)
        }
    }
}

fn refused(
    operator: &OperatorId,
    id: Option<&CommandId>,
    command: Option<String>,
    rejection: &Rejection,
) -> CommandRefused {
    CommandRefused {
        operator: operator.clone(),
        id: id.cloned(),
        command,
        code: rejection.code.as_str().to_string(),
        message: printable(&rejection.message, REFUSAL_CHARS_MAX),
    }
}

/// While there is hardly room left, only what ends work is taken.
fn check_room(state: &State, command: &Command) -> Result<(), Rejection> {
    match command {
        Command::PauseCampaign(_) | Command::CancelCampaign(_) => Ok(()),
        _ if state.storage_low.is_some() => Err(storage_low()),
        _ => Ok(()),
    }
}

/// What the log would not take must not be accepted.
pub(super) fn check_size(facts: &[Fact]) -> Result<(), Rejection> {
    let mut bytes = Vec::new();
    for fact in facts {
        bytes.clear();
        fact.encode_into(&mut bytes);
        if bytes.len() > FACT_BYTES_MAX {
            return Err(Rejection::new(
                Code::TooLarge,
                format!(
                    "the command comes to {} bytes in the log, at most {FACT_BYTES_MAX} are allowed",
                    bytes.len()
                ),
            ));
        }
    }
    Ok(())
}

/// A ULID tells when it was made. Answers are forgotten after a while, so what could have been forgotten is refused; an
/// id from the future would outlive its answer.
fn check_age(state: &State, id: Option<&CommandId>, now: Timestamp) -> Result<(), Rejection> {
    // Where time runs faster than operators' clocks, their ids say nothing about it.
    if state.site.as_ref().is_some_and(|site| site.speed.is_some()) {
        return Ok(());
    }
    let Some(ulid) = id.and_then(|id| Ulid::from_string(id.as_str()).ok()) else {
        return Ok(());
    };
    if ulid.timestamp_ms() > now + CLOCK_SKEW_MAX_MS {
        return Err(Rejection::new(
            Code::StaleCommand,
            "the command's id is from the future; set the clock right and give it a new one",
        ));
    }
    if ulid.timestamp_ms() + ANSWERS_KEPT_MS < now {
        return Err(Rejection::new(
            Code::StaleCommand,
            "the command's id is older than seven days; give it a new one if it is still wanted",
        ));
    }
    Ok(())
}

fn check_role(state: &State, operator: &OperatorId, command: &Command) -> Result<(), Rejection> {
    let role = (state.operators.get(operator)).and_then(|operator| operator.standing());
    let needed = match command {
        Command::SetPassword(command) if command.operator == *operator => Role::Viewer,
        Command::ExplainDevice(_) | Command::Compliance(_) => Role::Viewer,
        Command::AddOperator(_)
        | Command::ChangeOperator(_)
        | Command::SetPassword(_)
        | Command::RevokeOperator(_)
        | Command::ListOperators(_)
        | Command::TrustKey(_) => Role::Admin,
        Command::RegisterDevice(_)
        | Command::SetLifecycle(_)
        | Command::AssignDevice(_)
        | Command::PublishRelease(_)
        | Command::CreateCampaign(_)
        | Command::StartCampaign(_)
        | Command::PauseCampaign(_)
        | Command::ResumeCampaign(_)
        | Command::CancelCampaign(_)
        | Command::EditCampaign(_)
        | Command::AdvanceCampaign(_)
        | Command::ArchiveCampaign(_)
        | Command::RollbackCampaign(_)
        | Command::RetryCampaign(_)
        | Command::ExcludeDevice(_)
        | Command::ExpediteDevice(_)
        | Command::UpdateDevice(_)
        | Command::RehearseCampaign(_)
        | Command::PromoteArm(_)
        // Whoever asked takes it back so.
        | Command::DeclineCampaign(_)
        | Command::CloseTicket(_)
        | Command::UnflagDevice(_) => Role::Operator,
        Command::ApproveCampaign(_) => Role::Approver,
    };
    if role < Some(needed) {
        return Err(Rejection::new(
            Code::NotAuthorized,
            format!("{} is not for this operator's role", command.name()),
        ));
    }
    Ok(())
}

/// What there is to tell, if the command is not just done.
fn carry_out(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    message: &CommandMessage,
    artifact: Option<&StoredArtifact>,
    facts: &mut Vec<Fact>,
) -> Result<Option<Value>, Rejection> {
    let (command, version) = (&message.command, message.expected_version);
    if let Command::ApproveCampaign(command) = command {
        return approval::approve(state, now, operator, command, version, facts).map(Some);
    }
    let start = facts.len();
    act(state, now, operator, command, version, artifact, facts)?;
    match approval::needs(state, command) {
        None => Ok(None),
        // It is possible, so it can be asked for.
        Some(wanted) => {
            facts.truncate(start);
            approval::ask(state, now, operator, wanted, facts).map(Some)
        }
    }
}

/// Does what a command says, as if one person were enough.
pub(super) fn act(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    command: &Command,
    version: Option<u64>,
    artifact: Option<&StoredArtifact>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    match command {
        Command::AddOperator(command) => staff::add(state, command, facts),
        Command::ChangeOperator(command) => staff::change(state, command, facts),
        Command::SetPassword(command) => staff::set_password(state, operator, command, facts),
        Command::RevokeOperator(command) => staff::revoke(state, command, facts),
        Command::ListOperators(_)
        | Command::ExplainDevice(_)
        | Command::Compliance(_)
        | Command::RehearseCampaign(_)
        | Command::ApproveCampaign(_) => {
            unreachable!("questions and approvals have been answered before")
        }
        Command::DeclineCampaign(command) => {
            approval::decline(state, operator, command, version, facts)
        }
        Command::TrustKey(command) => trust_key(state, command, facts),
        Command::RegisterDevice(command) => register_device(state, operator, command, facts),
        Command::SetLifecycle(command) => set_lifecycle(state, command, facts),
        Command::AssignDevice(command) => assign_device(state, command, facts),
        Command::PublishRelease(command) => release::publish(state, command, artifact, facts),
        Command::CreateCampaign(command) => {
            campaign::create(state, operator, &command.campaign, facts)
        }
        Command::StartCampaign(command) => campaign::start(state, now, command, version, facts),
        Command::PauseCampaign(command) => {
            campaign::pause(state, operator, command, version, facts)
        }
        Command::ResumeCampaign(command) => campaign::resume(state, command, version, facts),
        Command::CancelCampaign(command) => {
            campaign::cancel(state, operator, command, version, facts)
        }
        Command::EditCampaign(command) => {
            campaign::edit(state, operator, &command.campaign, version, facts)
        }
        Command::AdvanceCampaign(command) => {
            campaign::advance(state, operator, command, version, facts)
        }
        Command::ArchiveCampaign(command) => campaign::archive(state, command, version, facts),
        Command::RollbackCampaign(command) => {
            rollback::order(state, operator, command, version, facts)
        }
        Command::RetryCampaign(command) => member::retry(state, operator, command, version, facts),
        Command::ExcludeDevice(command) => {
            member::exclude(state, operator, command, version, facts)
        }
        Command::UpdateDevice(command) => manual::update(state, now, operator, command, facts),
        Command::PromoteArm(command) => campaign::promote(state, operator, command, version, facts),
        Command::ExpediteDevice(command) => {
            member::expedite(state, now, operator, command, version, facts)
        }
        Command::CloseTicket(command) => ticket::close(state, operator, command, facts),
        Command::UnflagDevice(command) => flag::take_back(state, operator, command, facts),
    }
}

/// What is true at the state's position.
fn answer(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    command: &Command,
) -> Result<Value, Rejection> {
    match command {
        Command::ListOperators(_) => Ok(json(&view::operators(state))),
        Command::ExplainDevice(command) => {
            let device = state.devices.find(&command.device).ok_or_else(|| {
                let text = format!("{} is not registered", command.device);
                Rejection::new(Code::UnknownDevice, text)
            })?;
            let campaign = match &command.campaign {
                Some(id) => Some(campaign::find(state, id, None)?.0),
                None => None,
            };
            Ok(json(&view::explain(state, device, campaign, now)))
        }
        Command::Compliance(command) => Ok(json(&view::compliance(
            state,
            scope::confined(state, operator),
            command.from.unwrap_or_default(),
            command
                .limit
                .unwrap_or(PAGE_LACKING_MAX)
                .clamp(1, PAGE_LACKING_MAX),
            now,
        ))),
        Command::RehearseCampaign(command) => campaign::rehearse(state, command),
        _ => unreachable!("only questions are answered"),
    }
}

fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("answers have text keys")
}

fn trust_key(state: &State, command: &TrustKey, facts: &mut Vec<Fact>) -> Result<(), Rejection> {
    if ed25519_dalek::VerifyingKey::from_bytes(&command.public_key).is_err() {
        return Err(Rejection::new(
            Code::Malformed,
            "public_key is not an Ed25519 public key",
        ));
    }
    let is_taken = |(name, key): &(_, _)| *name == command.name || *key == command.public_key;
    if state.keys.names.iter().any(is_taken) {
        return Err(Rejection::new(
            Code::KeyExists,
            format!("the name {} or this key is taken", command.name),
        ));
    }
    facts.push(
        KeyTrusted {
            name: command.name.clone(),
            public_key: command.public_key,
        }
        .into(),
    );
    Ok(())
}

fn register_device(
    state: &State,
    operator: &OperatorId,
    command: &RegisterDevice,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    if state.devices.find(&command.device).is_some() {
        return Err(Rejection::new(
            Code::DeviceExists,
            format!("{} is registered already", command.device),
        ));
    }
    if let Credential::PublicKey(key) = &command.credential
        && ed25519_dalek::VerifyingKey::from_bytes(key).is_err()
    {
        return Err(Rejection::new(
            Code::Malformed,
            "public_key is not an Ed25519 public key",
        ));
    }
    facts.push(
        DeviceRegistered {
            device: state.devices.len(),
            id: command.device.clone(),
            model: command.model.clone(),
            credential: command.credential.clone(),
            tenant: scope::tenant_for(state, operator, command)?,
        }
        .into(),
    );
    Ok(())
}

pub(super) fn find_device(state: &State, id: &DeviceId) -> Result<DeviceIx, Rejection> {
    state
        .devices
        .find(id)
        .ok_or_else(|| Rejection::new(Code::UnknownDevice, format!("{id} is not registered")))
}

/// What it takes part in already, it stays in.
fn assign_device(
    state: &State,
    command: &AssignDevice,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let device = find_device(state, &command.device)?;
    let row = state.devices.get(device);
    let tenant = command.tenant.clone();
    if row.lifecycle() == Lifecycle::Retired || row.tenant().as_ref() == Some(&tenant) {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} has been retired, or belongs to {tenant} already",
                command.device
            ),
        ));
    }
    facts.push(DeviceAssigned { device, tenant }.into());
    Ok(())
}

fn set_lifecycle(
    state: &State,
    command: &SetLifecycle,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let device = find_device(state, &command.device)?;
    let row = state.devices.get(device);
    let is_allowed = matches!(
        (row.lifecycle(), command.lifecycle),
        (Lifecycle::Active, Lifecycle::Maintenance)
            | (Lifecycle::Maintenance, Lifecycle::Active)
            | (
                Lifecycle::Provisioned | Lifecycle::Active | Lifecycle::Maintenance,
                Lifecycle::Retired
            )
    );
    if !is_allowed {
        return Err(Rejection::new(
            Code::InvalidTransition,
            match row.lifecycle() {
                from if from == command.lifecycle => {
                    format!("{} is {} already", command.device, from.as_str())
                }
                from => format!(
                    "{} is {}, which cannot become {}",
                    command.device,
                    from.as_str(),
                    command.lifecycle.as_str()
                ),
            },
        ));
    }
    let lifecycle = command.lifecycle;
    if let Some((campaign, member)) = row.execution() {
        let cause = RemovalCause::Retired;
        let member = state.campaigns.get(campaign).member(member);
        match (lifecycle, member.state) {
            (Lifecycle::Retired, MemberState::Queued) => facts.push(
                ExecutionRemoved {
                    campaign,
                    device,
                    cause,
                }
                .into(),
            ),
            (
                Lifecycle::Retired,
                MemberState::InProgress | MemberState::Held(_) | MemberState::Retrying { .. },
            ) => {
                facts.push(ExecutionCanceled { campaign, device }.into());
            }
            (Lifecycle::Retired, MemberState::Returning { .. }) => facts.push(
                ReturnSkipped {
                    campaign,
                    device,
                    cause: KeptCause::Retired,
                }
                .into(),
            ),
            (
                Lifecycle::Maintenance,
                MemberState::Returning {
                    to,
                    step: ReturnStep::Queued,
                },
            ) => facts.push(
                ReturnDeferred {
                    campaign,
                    device,
                    to,
                    cause: ReturnDeferral::Maintenance,
                }
                .into(),
            ),
            (Lifecycle::Maintenance, MemberState::Queued) => facts.push(
                ExecutionDeferred {
                    campaign,
                    device,
                    cause: DeferralCause::Maintenance,
                    window: None,
                }
                .into(),
            ),
            _ => {}
        }
    }
    facts.push(LifecycleChanged { device, lifecycle }.into());
    Ok(())
}
