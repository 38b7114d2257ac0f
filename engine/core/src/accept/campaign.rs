//! Commands about campaigns.

use alloc::{format, string::ToString, vec::Vec};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    CampaignId, OperatorId,
    campaign::CampaignSpec,
    code::{Code, Rejection},
    command::CampaignCommand,
};

use crate::{
    CampaignIx, Fact, ReleaseIx, State,
    fact::{
        CampaignArchived, CampaignCanceled, CampaignCreated, CampaignEdited, CampaignPaused,
        CampaignResumed, CampaignStaged, ExecutionCanceled, PauseCause, PhaseAdvanced,
    },
    state::{Campaign, MemberState, Status},
};

pub fn create(state: &State, spec: &CampaignSpec, facts: &mut Vec<Fact>) -> Result<(), Rejection> {
    if state.campaigns.find(&spec.id).is_some() {
        return Err(Rejection::new(
            Code::CampaignExists,
            format!("{} exists", spec.id),
        ));
    }
    let (release, other_releases) = described(state, spec)?;
    facts.push(
        CampaignCreated {
            campaign: state.campaigns.len(),
            release,
            spec: spec.clone(),
            other_releases,
        }
        .into(),
    );
    Ok(())
}

/// Nothing is known of a campaign's course before its start, so until then anything may change but its name.
pub fn edit(
    state: &State,
    spec: &CampaignSpec,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &spec.id, version)?;
    if row.status != Status::Draft {
        return Err(invalid(row, "edited"));
    }
    let (release, other_releases) = described(state, spec)?;
    facts.push(
        CampaignEdited {
            campaign,
            release,
            spec: spec.clone(),
            other_releases,
        }
        .into(),
    );
    Ok(())
}

/// The releases of a description that can be carried out: the first, and the others.
fn described(state: &State, spec: &CampaignSpec) -> Result<(ReleaseIx, Vec<ReleaseIx>), Rejection> {
    spec.check()
        .map_err(|error| Rejection::new(Code::CampaignInvalid, error.to_string()))?;
    let mut releases = Vec::new();
    for named in &spec.releases {
        let found = state.releases.find(&named.model, &named.version);
        releases.push(found.ok_or_else(|| {
            Rejection::new(
                Code::UnknownRelease,
                format!("no release {} {}", named.model, named.version),
            )
        })?);
    }
    // A description that has been checked names one at least.
    let first = releases.remove(0);
    Ok((first, releases))
}

pub fn start(
    state: &State,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if row.status != Status::Draft {
        return Err(invalid(row, "started"));
    }
    facts.push(CampaignStaged { campaign }.into());
    Ok(())
}

pub fn pause(
    state: &State,
    operator: &OperatorId,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if !row.status.is_rolling() {
        return Err(invalid(row, "paused"));
    }
    let cause = PauseCause::Operator {
        operator: operator.clone(),
        reason: command.reason.clone(),
    };
    facts.push(CampaignPaused { campaign, cause }.into());
    Ok(())
}

pub fn resume(
    state: &State,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if !matches!(row.status, Status::Paused { .. }) {
        return Err(invalid(row, "resumed"));
    }
    facts.push(CampaignResumed { campaign }.into());
    Ok(())
}

/// What no device has accepted is withdrawn at once; the others are sent a cancel job and may still finish.
pub fn cancel(
    state: &State,
    operator: &OperatorId,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if row.status.is_final() {
        return Err(invalid(row, "canceled"));
    }
    facts.push(
        CampaignCanceled {
            campaign,
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    let queued = row
        .roster
        .begun()
        .filter(|(_, member)| member.state == MemberState::Queued)
        .filter(|_| !is_on(Mutant::CancelForgetsQueued));
    facts.extend(queued.map(|(_, member)| {
        Fact::from(ExecutionCanceled {
            campaign,
            device: member.device,
        })
    }));
    Ok(())
}

/// The phase passes now, whatever it waits for; gates that have been reached stay reached.
pub fn advance(
    state: &State,
    operator: &OperatorId,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if !row.status.is_rolling() || row.phase_started_at().is_none() {
        return Err(invalid(row, "advanced"));
    }
    if row.is_last_phase() {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} is in its last phase: there is none to advance to",
                row.id()
            ),
        ));
    }
    facts.push(
        PhaseAdvanced {
            campaign,
            phase: u32::try_from(row.run).expect("phases are few"),
            operator: operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    Ok(())
}

/// What is over may go out of sight; its record stays.
pub fn archive(
    state: &State,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if !row.status.is_final() || row.is_archived {
        return Err(invalid(row, "archived"));
    }
    facts.push(CampaignArchived { campaign }.into());
    Ok(())
}

pub(super) fn find<'s>(
    state: &'s State,
    id: &CampaignId,
    expected_version: Option<u64>,
) -> Result<(CampaignIx, &'s Campaign), Rejection> {
    let Some(ix) = state.campaigns.find(id) else {
        return Err(Rejection::new(
            Code::UnknownCampaign,
            format!("no campaign {id}"),
        ));
    };
    let row = state.campaigns.get(ix);
    match expected_version {
        Some(expected) if expected != row.version => Err(Rejection::new(
            Code::VersionConflict,
            format!("{id} is at version {}, not {expected}", row.version),
        )),
        _ => Ok((ix, row)),
    }
}

pub(super) fn invalid(row: &Campaign, wanted: &str) -> Rejection {
    let state = match row.is_archived {
        true => "archived",
        false => crate::view::campaign_state(&row.status).as_str(),
    };
    Rejection::new(
        Code::InvalidTransition,
        format!("{} is {state} and cannot be {wanted}", row.spec.id),
    )
}
