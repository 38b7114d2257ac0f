//! What operators of tenants may command: what is their tenants' alone.

use alloc::format;

use fleetfold_schemas::{
    CampaignId, DeviceId, Name, OperatorId,
    campaign::CampaignSpec,
    code::{Code, Rejection},
    command::{Command, RegisterDevice},
    operator::Tenants,
};

use crate::State;

/// Refuses what concerns others, too. What a description is about is looked at when it has been read ([`described`]).
pub fn check(state: &State, operator: &OperatorId, command: &Command) -> Result<(), Rejection> {
    let Some(tenants) = confined(state, operator) else {
        return Ok(());
    };
    match command {
        // Only its own, or for admins, who are for everybody.
        Command::SetPassword(_)
        | Command::AddOperator(_)
        | Command::ChangeOperator(_)
        | Command::RevokeOperator(_)
        | Command::ListOperators(_)
        | Command::TrustKey(_) => Ok(()),
        Command::PublishRelease(_) => Err(refused(
            "releases are everybody's: they are published by operators of all tenants",
        )),
        Command::AssignDevice(_) => Err(refused(
            "devices are given to another tenant by operators of all tenants",
        )),
        Command::RegisterDevice(command) => tenant_for(state, operator, command).map(drop),
        Command::SetLifecycle(command) => of_device(state, tenants, &command.device),
        Command::UpdateDevice(command) => of_device(state, tenants, &command.device),
        Command::UnflagDevice(command) => of_device(state, tenants, &command.device),
        Command::ExplainDevice(command) => of_device(state, tenants, &command.device),
        // It tells of their own devices alone.
        Command::Compliance(_) => Ok(()),
        // Its groups are known when it has been resolved.
        Command::CreateCampaign(_) => Ok(()),
        Command::EditCampaign(command) => of_campaign(state, tenants, &command.campaign.id),
        Command::StartCampaign(command)
        | Command::PauseCampaign(command)
        | Command::ResumeCampaign(command)
        | Command::CancelCampaign(command)
        | Command::AdvanceCampaign(command)
        | Command::ArchiveCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::RollbackCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::RetryCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::ExcludeDevice(command) | Command::ExpediteDevice(command) => {
            of_campaign(state, tenants, &command.campaign)
        }
        Command::RehearseCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::PromoteArm(command) => of_campaign(state, tenants, &command.campaign),
        Command::ApproveCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::DeclineCampaign(command) => of_campaign(state, tenants, &command.campaign),
        Command::CloseTicket(command) => match state.tickets.get(command.ticket.0) {
            Some(ticket) => {
                let id = state.campaigns.get(ticket.campaign).id();
                of_campaign(state, tenants, id)
            }
            None => Ok(()),
        },
    }
}

/// Refuses a description that could reach devices of others.
pub fn described(
    state: &State,
    operator: &OperatorId,
    spec: &CampaignSpec,
) -> Result<(), Rejection> {
    match confined(state, operator) {
        Some(tenants) if !tenants.include(&spec.owners()) => Err(refused(&format!(
            "each group of {} has to name its tenants, of {tenants} alone",
            spec.id
        ))),
        _ => Ok(()),
    }
}

/// Whom a device that is registered belongs to.
pub fn tenant_for(
    state: &State,
    operator: &OperatorId,
    command: &RegisterDevice,
) -> Result<Option<Name>, Rejection> {
    match (confined(state, operator), &command.tenant) {
        (None, tenant) => Ok(tenant.clone()),
        (Some(tenants), Some(tenant)) if tenants.has(tenant) => Ok(Some(tenant.clone())),
        // There is but one that it could be.
        (Some(Tenants::Only(own)), None) if own.len() == 1 => Ok(own.first().cloned()),
        (Some(tenants), _) => Err(refused(&format!(
            "tenant: {} has to belong to one of {tenants}",
            command.device
        ))),
    }
}

pub fn confined<'s>(state: &'s State, operator: &OperatorId) -> Option<&'s Tenants> {
    let row = state.operators.get(operator)?;
    (!row.tenants.is_all()).then_some(&row.tenants)
}

fn of_campaign(state: &State, tenants: &Tenants, id: &CampaignId) -> Result<(), Rejection> {
    // What is not there is said to be so where it is looked for.
    let Some(ix) = state.campaigns.find(id) else {
        return Ok(());
    };
    if tenants.include(&state.campaigns.get(ix).spec.owners()) {
        return Ok(());
    }
    Err(refused(&format!("{id} is not for {tenants} alone")))
}

fn of_device(state: &State, tenants: &Tenants, id: &DeviceId) -> Result<(), Rejection> {
    let Some(ix) = state.devices.find(id) else {
        return Ok(());
    };
    match state.devices.get(ix).tenant() {
        Some(tenant) if tenants.has(&tenant) => Ok(()),
        _ => Err(refused(&format!("{id} does not belong to {tenants}"))),
    }
}

fn refused(why: &str) -> Rejection {
    Rejection::new(Code::NotAuthorized, why)
}
