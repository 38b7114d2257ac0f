//! Commands about campaigns.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::{
    CampaignId, OperatorId,
    campaign::{CampaignDefaults, CampaignDraft, CampaignSpec, ReleaseRef, SpecError},
    code::{Code, Rejection},
    command::{ArmName, CampaignCommand, PromoteArm, RehearseCampaign},
    rehearsal::RUNS_MAX,
    topic::{CampaignTopic, Topic},
};
use serde_json::{Value, json};

use super::{approval, operator::check_size, scope};
use crate::{
    Answer, CampaignIx, Fact, ReleaseIx, State, Timestamp,
    calendar::check_zones,
    compared::{NoWinner, promotion},
    fact::{
        CampaignArchived, CampaignCanceled, CampaignCreated, CampaignDefaultsSet, CampaignEdited,
        CampaignPaused, CampaignResumed, CampaignStaged, ExecutionCanceled, KeptCause, PauseCause,
        PhaseAdvanced, ReturnSkipped,
    },
    gate::ab::Arm,
    schedule,
    state::{Campaign, MemberState, ReturnStep, Status},
};

pub fn create(
    state: &State,
    operator: &OperatorId,
    draft: &CampaignDraft,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    if state.campaigns.find(&draft.id).is_some() {
        return Err(Rejection::new(
            Code::CampaignExists,
            format!("{} exists", draft.id),
        ));
    }
    let spec = resolved(state, draft)?;
    scope::described(state, operator, &spec)?;
    let described = described(state, &spec)?;
    facts.push(
        CampaignCreated {
            campaign: state.campaigns.len(),
            release: described.first,
            spec,
            other_releases: described.others,
            other_arm: described.other_arm,
            authors: vec![operator.clone()],
            ordered: None,
        }
        .into(),
    );
    Ok(())
}

/// Nothing is known of a campaign's course before its start, so until then anything may change but its name.
pub fn edit(
    state: &State,
    operator: &OperatorId,
    draft: &CampaignDraft,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &draft.id, version)?;
    if row.status != Status::Draft {
        return Err(invalid(row, "edited"));
    }
    let spec = resolved(state, draft)?;
    scope::described(state, operator, &spec)?;
    let described = described(state, &spec)?;
    facts.extend(approval::edited(campaign, row));
    facts.push(
        CampaignEdited {
            campaign,
            release: described.first,
            spec,
            other_releases: described.others,
            other_arm: described.other_arm,
            authors: vec![operator.clone()],
        }
        .into(),
    );
    Ok(())
}

/// What is left out is as the site has it now, whatever it says later.
pub fn resolved(state: &State, draft: &CampaignDraft) -> Result<CampaignSpec, Rejection> {
    let spec = draft.resolve(&state.campaign_defaults);
    let spec = spec.and_then(|spec| check_zones(&spec).map(|()| spec));
    spec.map_err(impossible)
}

/// The releases of a description.
pub struct Described {
    pub first: ReleaseIx,
    pub others: Vec<ReleaseIx>,
    /// Of arm B, where releases are compared.
    pub other_arm: Vec<ReleaseIx>,
}

pub fn described(state: &State, spec: &CampaignSpec) -> Result<Described, Rejection> {
    let mut releases = published(state, &spec.releases)?;
    // A description that has been checked names one at least.
    let first = releases.remove(0);
    let other_arm = spec.ab_testing.as_ref().map(|test| test.other.releases());
    Ok(Described {
        first,
        others: releases,
        other_arm: published(state, other_arm.unwrap_or_default())?,
    })
}

fn published(state: &State, named: &[ReleaseRef]) -> Result<Vec<ReleaseIx>, Rejection> {
    let find = |named: &ReleaseRef| {
        let found = state.releases.find(&named.model, &named.version);
        found.ok_or_else(|| {
            Rejection::new(
                Code::UnknownRelease,
                format!("no release {} {}", named.model, named.version),
            )
        })
    };
    named.iter().map(find).collect()
}

fn impossible(error: SpecError) -> Rejection {
    Rejection::new(Code::CampaignInvalid, error.to_string())
}

/// On record only if they differ, so that a start leaves no trace that nothing has come of.
pub fn set_defaults(state: &State, defaults: &CampaignDefaults, facts: &mut Vec<Fact>) -> Answer {
    if *defaults == state.campaign_defaults {
        return Answer::Duplicate;
    }
    let start = facts.len();
    let defaults = defaults.clone();
    let checked = defaults.check().and_then(|spec| check_zones(&spec));
    let checked = checked.map_err(impossible);
    facts.push(CampaignDefaultsSet { defaults }.into());
    match checked.and_then(|()| check_size(&facts[start..])) {
        Ok(()) => Answer::Accepted,
        Err(rejection) => {
            facts.truncate(start);
            Answer::Rejected(rejection)
        }
    }
}

pub fn start(
    state: &State,
    now: Timestamp,
    command: &CampaignCommand,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    if row.status != Status::Draft {
        return Err(invalid(row, "started"));
    }
    if schedule::is_over(row, now) {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!("the schedule of {} is over: edit it", row.id()),
        ));
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
    if !row.status.is_rolling() && row.status != Status::RollingBack {
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
    if !matches!(
        row.status,
        Status::Paused { .. } | Status::RollbackPaused { .. }
    ) {
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
    canceled(
        campaign,
        row,
        Some(operator.clone()),
        command.reason.clone(),
        facts,
    );
    Ok(())
}

/// All that the end of a campaign by a command, or of its schedule, comes to.
pub fn canceled(
    campaign: CampaignIx,
    row: &Campaign,
    operator: Option<OperatorId>,
    reason: Option<String>,
    facts: &mut Vec<Fact>,
) {
    facts.push(
        CampaignCanceled {
            campaign,
            operator,
            reason,
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
    // On the way back, what no device has accepted stays as it is.
    let on_the_way = row.roster.begun().filter(|(_, member)| {
        let is_accepted = |step| step == ReturnStep::InProgress;
        matches!(member.state, MemberState::Returning { step, .. } if !is_accepted(step))
    });
    facts.extend(on_the_way.map(|(_, member)| {
        Fact::from(ReturnSkipped {
            campaign,
            device: member.device,
            cause: KeptCause::Canceled,
        })
    }));
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
    // The next one waits for the end of a freeze.
    if row.runs[row.run].passed_at.is_some() {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!("the phase of {} has passed", row.id()),
        ));
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

/// Whoever runs the core plays the campaign through; here it is only said where the outcome will be.
pub fn rehearse(state: &State, command: &RehearseCampaign) -> Result<Value, Rejection> {
    let (_, row) = find(state, &command.campaign, None)?;
    if command
        .runs
        .is_some_and(|runs| !(1..=RUNS_MAX).contains(&runs))
    {
        return Err(Rejection::new(
            Code::Malformed,
            format!("runs: 1 to {RUNS_MAX} are possible"),
        ));
    }
    let topic = Topic::Campaign(row.id().clone(), CampaignTopic::Rehearsal);
    Ok(json!({ "topic": topic.to_string() }))
}

/// What one arm of a comparison that is over was given goes to everybody.
pub fn promote(
    state: &State,
    operator: &OperatorId,
    command: &PromoteArm,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (_, row) = find(state, &command.campaign, version)?;
    let arm = match command.arm {
        ArmName::A => Arm::A,
        ArmName::B => Arm::B,
    };
    if !row.status.is_final() {
        return Err(invalid(row, "promoted: its test is not over"));
    }
    let promotion = promotion(state, row, arm, Some(operator)).map_err(|why| {
        let id = row.id();
        let text = match why {
            NoWinner::NoComparison => format!("{id} compares nothing"),
            NoWinner::Nothing => format!("this arm of {id} was given nothing"),
            NoWinner::Name => format!("{id}-winner is taken, or too long for an id"),
        };
        Rejection::new(Code::InvalidTransition, text)
    })?;
    facts.extend(promotion);
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
