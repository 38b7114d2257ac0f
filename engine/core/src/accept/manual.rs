//! An update of one device by itself.

use alloc::{format, vec, vec::Vec};

use fleetfold_schemas::{
    CampaignId, Name, OperatorId,
    campaign::{
        BasisPoints, CampaignSpec, Criteria, DURATION_MS_MAX, GroupSpec, Hours, Moment, PhaseSpec,
        ReleaseRef, human_duration,
    },
    code::{Code, Rejection},
    command::{Lifecycle, UpdateDevice},
};

use super::{flag::refuse_flagged, operator::find_device};
use crate::{
    Fact, State, Timestamp,
    approval::needed,
    fact::{Action, CampaignCreated, CampaignStaged, Ordered},
    path::{Way, way},
};

/// Somebody waits for it, so it goes before ordinary campaigns, and urgent ones can still go before it.
const PRIORITY: u8 = 50;

/// A campaign for this device, named after the position of the command: everything that holds for a campaign holds for
/// it. There is nothing that a gate could learn from one device; what comes of it is its outcome.
pub fn update(
    state: &State,
    now: Timestamp,
    operator: &OperatorId,
    command: &UpdateDevice,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    if let Some(at) = command.at {
        check_time(at, now)?;
    }
    let device = find_device(state, &command.device)?;
    let row = state.devices.get(device);
    if row.lifecycle() == Lifecycle::Retired {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!("{} has been retired", command.device),
        ));
    }
    refuse_flagged(state, device, &command.device)?;
    let Some(release) = state.releases.find(row.model(), &command.version) else {
        return Err(Rejection::new(
            Code::UnknownRelease,
            format!("no release {} {}", row.model(), command.version),
        ));
    };
    let published = state.releases.get(release);
    if let Some(running) = row.running_digest()
        && state.releases.is_newer(running, published)
    {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} runs a newer release, and devices refuse to go back to an older one",
                command.device
            ),
        ));
    }
    let refused = match way(&state.releases, release, row) {
        Way::Direct | Way::Via(_) | Way::Unknown => None,
        Way::None => Some("no releases lead there from what it runs"),
        Way::Hardware => Some("the release is not for its hardware"),
    };
    if let Some(why) = refused {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!(
                "{} cannot be brought to {}: {why}",
                command.device, command.version
            ),
        ));
    }
    let campaign = state.campaigns.len();
    facts.push(
        CampaignCreated {
            campaign,
            release,
            spec: spec(state, command, row.model(), row.tenant())?,
            other_releases: Vec::new(),
            other_arm: Vec::new(),
            authors: vec![operator.clone()],
            ordered: Some(Ordered {
                device,
                operator: operator.clone(),
                reason: command.reason.clone(),
            }),
        }
        .into(),
    );
    // What others have to approve, they approve as for any campaign; until then it is a draft.
    if needed(&state.approval_policy, &Action::Start) == 0 {
        facts.push(CampaignStaged { campaign }.into());
    }
    Ok(())
}

/// As far ahead as any duration may be. Who means "at once" says no time: a time that is over is a mistake.
fn check_time(at: Moment, now: Timestamp) -> Result<(), Rejection> {
    let why = if at.ms() <= now {
        "is over"
    } else if at.ms() - now > DURATION_MS_MAX {
        "is too far ahead"
    } else {
        return Ok(());
    };
    let most = human_duration(DURATION_MS_MAX);
    Err(Rejection::new(
        Code::CampaignInvalid,
        format!("at: {at} {why}; allowed is after now, up to {most} ahead"),
    ))
}

fn spec(
    state: &State,
    command: &UpdateDevice,
    model: &fleetfold_schemas::ModelId,
    tenant: Option<Name>,
) -> Result<CampaignSpec, Rejection> {
    // Where the command itself stands, as the reply says; a long name of the device would not fit beside it.
    let position = state.position + 1;
    let long = format!("manual-{}-{position}", command.device);
    let id = CampaignId::parse(&long)
        .or_else(|_| CampaignId::parse(&format!("manual-{position}")))
        .expect("a number is short");
    if state.campaigns.find(&id).is_some() {
        return Err(Rejection::new(Code::CampaignExists, format!("{id} exists")));
    }
    let release = ReleaseRef {
        model: model.clone(),
        version: command.version.clone(),
    };
    let name = |text| Name::parse(text).expect("our own names are valid");
    let mut spec = CampaignSpec::new(id, vec![release]);
    spec.groups = vec![GroupSpec {
        name: name("device"),
        priority: 1,
        rollout_order: 1,
        criteria: Criteria {
            devices: Some([command.device.clone()].into()),
            // So that it is theirs who may command the device.
            tenant: tenant.map(|tenant| vec![tenant]),
            ..Criteria::default()
        },
    }];
    spec.phases = vec![PhaseSpec {
        name: name("update"),
        percentage: BasisPoints::ALL,
        duration_hours: Hours::of(0),
        wait_for_success: false,
        success_threshold: BasisPoints::ALL,
        gates: None,
    }];
    spec.gates.threshold = false;
    spec.gates.confident = false;
    spec.priority = PRIORITY;
    spec.schedule.start = command.at;
    Ok(spec)
}
