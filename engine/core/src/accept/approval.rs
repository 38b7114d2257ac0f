//! Commands that more than one person has to want.

use alloc::{format, string::String, vec::Vec};

use fleetfold_schemas::{
    OperatorId,
    approval::ApprovalPolicy,
    campaign::BasisPoints,
    code::{Code, Rejection},
    command::{
        ApproveCampaign, CampaignCommand, Command, DeclineCampaign, MemberCommand, PromoteArm,
        RollbackCampaign,
    },
    mutant::{Mutant, is_on},
};
use serde_json::{Value, json};

use super::{campaign::find, operator::act};
use crate::{
    Answer, CampaignIx, Fact, State, Timestamp,
    approval::{approvers, digest, is_partial, may_approve, needed, told_pending},
    fact::{
        Action, ApprovalDeclined, ApprovalGiven, ApprovalGranted, ApprovalPolicySet,
        ApprovalRequested, ApprovalVoided, VoidCause,
    },
    state::{Approval, Campaign},
};

/// On record only if it differs from what holds already.
pub fn set_policy(state: &State, policy: &ApprovalPolicy, facts: &mut Vec<Fact>) -> Answer {
    if *policy == state.approval_policy {
        return Answer::Duplicate;
    }
    if let Err((key, what)) = policy.check() {
        return Answer::Rejected(Rejection::new(Code::Malformed, format!("{key}: {what}")));
    }
    let policy = policy.clone();
    facts.push(ApprovalPolicySet { policy }.into());
    Answer::Accepted
}

/// What a command asks for, if the site wants more people to want it.
pub fn needs(state: &State, command: &Command) -> Option<(CampaignIx, Action, Option<String>)> {
    let (campaign, reason) = match command {
        Command::StartCampaign(command)
        | Command::AdvanceCampaign(command)
        | Command::ResumeCampaign(command) => (&command.campaign, &command.reason),
        Command::ExpediteDevice(command) => (&command.campaign, &command.reason),
        Command::RollbackCampaign(command) => (&command.campaign, &None),
        Command::PromoteArm(command) => (&command.campaign, &command.reason),
        _ => return None,
    };
    let campaign = state.campaigns.find(campaign)?;
    let action = match command {
        Command::StartCampaign(_) => Action::Start,
        Command::AdvanceCampaign(_) => {
            let run = state.campaigns.get(campaign).run;
            let phase = u32::try_from(run).expect("phases are few");
            Action::Advance { phase }
        }
        Command::ResumeCampaign(_) => Action::Resume,
        Command::ExpediteDevice(command) => Action::Expedite {
            device: command.device.clone(),
        },
        Command::RollbackCampaign(command) => Action::Rollback {
            reason: command.reason,
            phases_bp: command.phases.iter().map(|share| share.get()).collect(),
        },
        Command::PromoteArm(command) => Action::Promote { arm: command.arm },
        _ => return None,
    };
    (needed(&state.approval_policy, &action) > 0).then(|| (campaign, action, reason.clone()))
}

/// The command as it was given, for when it is carried out.
fn command(row: &Campaign, asked: &Approval) -> Command {
    let campaign = row.id().clone();
    let reason = asked.reason.clone();
    let plain = |campaign, reason| CampaignCommand { campaign, reason };
    match &asked.action {
        Action::Start => Command::StartCampaign(plain(campaign, reason)),
        Action::Advance { .. } => Command::AdvanceCampaign(plain(campaign, reason)),
        Action::Resume => Command::ResumeCampaign(plain(campaign, reason)),
        Action::Expedite { device } => Command::ExpediteDevice(MemberCommand {
            campaign,
            device: device.clone(),
            reason,
        }),
        Action::Rollback { reason, phases_bp } => Command::RollbackCampaign(RollbackCampaign {
            campaign,
            reason: *reason,
            phases: (phases_bp.iter())
                .filter_map(|share| BasisPoints::new(*share))
                .collect(),
        }),
        Action::Promote { arm } => Command::PromoteArm(PromoteArm {
            campaign,
            arm: *arm,
            reason,
        }),
    }
}

/// Instead of what the command would have led to, which has been found possible.
pub fn ask(
    state: &State,
    now: Timestamp,
    by: &OperatorId,
    (campaign, action, reason): (CampaignIx, Action, Option<String>),
    facts: &mut Vec<Fact>,
) -> Result<Value, Rejection> {
    let row = state.campaigns.get(campaign);
    let name = action.name();
    let is_alike = |open: &&Approval| open.action.name() == name;
    if let Some(open) = row.approvals.iter().find(is_alike) {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} has asked for {name} of {} already: it waits for approval",
                open.by,
                row.id()
            ),
        ));
    }
    let needed = needed(&state.approval_policy, &action);
    let available = approvers(state, row, by);
    if available < usize::from(needed) {
        return Err(Rejection::new(
            Code::TooFewApprovers,
            format!(
                "{name} has to be approved by {needed} besides {by} and the authors of {}, and {available} may: make \
                 somebody an approver, or ask for fewer in the engine's configuration",
                row.id()
            ),
        ));
    }
    facts.push(
        ApprovalRequested {
            campaign,
            by: by.clone(),
            action,
            digest: digest(row),
            expires_at: now + state.approval_policy.expires_hours.ms(),
            reason,
        }
        .into(),
    );
    // It stands right behind the command's own fact.
    let request = state.position + 2;
    Ok(told_pending(needed.into(), request))
}

/// With the last approval, what was asked for is done as it would have been without.
pub fn approve(
    state: &State,
    now: Timestamp,
    by: &OperatorId,
    wanted: &ApproveCampaign,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<Value, Rejection> {
    let (campaign, row) = find(state, &wanted.campaign, version)?;
    let asked = open(row, wanted.request)?;
    if is_partial(row, &asked.by, by) && !is_on(Mutant::ApprovedByAsker) {
        let why = if *by == asked.by {
            "who asks for something does not approve it"
        } else {
            "who has described a campaign does not approve what is asked for it"
        };
        return Err(Rejection::new(
            Code::NotAuthorized,
            format!("{why}: another person is needed"),
        ));
    }
    let refused = |code, why: &str| Err(Rejection::new(code, format!("{} {why}", row.id())));
    let covered = digest(row);
    if asked.digest != covered || wanted.digest.is_some_and(|digest| digest != covered) {
        return refused(
            Code::VersionConflict,
            "is described otherwise than the digest says",
        );
    }
    if asked.given.contains(by) {
        return refused(
            Code::InvalidTransition,
            "has this operator's approval already",
        );
    }
    let request = asked.request;
    facts.push(
        ApprovalGiven {
            campaign,
            request,
            by: by.clone(),
            reason: wanted.reason.clone(),
        }
        .into(),
    );
    let needed = usize::from(needed(&state.approval_policy, &asked.action));
    let is_lax = usize::from(is_on(Mutant::ApprovedByTooFew));
    let missing = needed.saturating_sub(asked.given.len() + 1 + is_lax);
    if missing > 0 {
        return Ok(told_pending(missing, request));
    }
    facts.push(ApprovalGranted { campaign, request }.into());
    act(
        state,
        now,
        &asked.by,
        &command(row, asked),
        None,
        None,
        facts,
    )?;
    Ok(json!({ "approval": "granted", "request": request }))
}

pub fn decline(
    state: &State,
    by: &OperatorId,
    wanted: &DeclineCampaign,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &wanted.campaign, version)?;
    let asked = open(row, wanted.request)?;
    let may_decline = state.operators.get(by).is_some_and(may_approve);
    if *by != asked.by && !may_decline {
        return Err(Rejection::new(
            Code::NotAuthorized,
            format!("only {} and those who may approve may decline it", asked.by),
        ));
    }
    facts.push(
        ApprovalDeclined {
            campaign,
            request: asked.request,
            by: by.clone(),
            reason: wanted.reason.clone(),
        }
        .into(),
    );
    Ok(())
}

/// What was approved is not what is there any more.
pub fn edited(campaign: CampaignIx, row: &Campaign) -> impl Iterator<Item = Fact> {
    let open = row.approvals.iter();
    let voided = open.filter(|_| !is_on(Mutant::ApprovalOutlivesEdit));
    voided.map(move |asked| {
        ApprovalVoided {
            campaign,
            request: asked.request,
            cause: VoidCause::Edited,
        }
        .into()
    })
}

/// The request that is named, or the only one.
fn open(row: &Campaign, request: Option<u64>) -> Result<&Approval, Rejection> {
    let mut open = row.approvals.iter();
    let refused = |code, what: String| Err(Rejection::new(code, what));
    match (request, row.approvals.as_slice()) {
        (None, [only]) => Ok(only),
        (None, []) => refused(
            Code::InvalidTransition,
            format!("nothing waits for approval in {}", row.id()),
        ),
        (None, [..]) => refused(
            Code::Malformed,
            format!(
                "request: several wait for approval in {}: say which",
                row.id()
            ),
        ),
        (Some(request), _) => match open.find(|asked| asked.request == request) {
            Some(asked) => Ok(asked),
            None => refused(
                Code::InvalidTransition,
                format!(
                    "request {request} of {} does not wait for approval",
                    row.id()
                ),
            ),
        },
    }
}
