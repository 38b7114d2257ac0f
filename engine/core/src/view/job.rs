//! What a device's job topic should hold. Made on demand from facts, signed by the shell, never stored.

use fleetfold_schemas::mutant::{Mutant, is_on};

use fleetfold_schemas::job::{Installation, Job, JobKind};

use crate::{
    DeviceIx, State,
    offers::offers,
    state::{Campaign, Member, MemberState, Status},
};

/// `None`: the topic is empty.
#[must_use]
pub fn job(state: &State, ix: DeviceIx) -> Option<Job> {
    let device = state.devices.get(ix);
    let (campaign_ix, at) = device.execution()?;
    let campaign = state.campaigns.get(campaign_ix);
    let member = campaign.member(at);
    if !is_shown(campaign, member) {
        return None;
    }
    let timeouts = &campaign.spec.timeouts;
    let cancels = match (&campaign.status, campaign.canceled_position) {
        (Status::Canceled { .. }, Some(position)) => Some(position),
        _ => None,
    };
    let release = state.releases.get(campaign.target(ix, &state.devices));
    let issued_ms = campaign.shown_since(member);
    Some(Job {
        device: device.id(),
        campaign: campaign.spec.id.clone(),
        attempt: member.attempts,
        sequence: cancels.unwrap_or(member.job),
        kind: match cancels {
            Some(_) => JobKind::Cancel {
                sequence: member.job,
            },
            None => JobKind::Install(Installation {
                envelope: release.manifest.clone(),
                target: release.image,
                size_bytes: release.image_bytes,
                offers: offers(state, device, release),
            }),
        },
        issued_ms,
        expires_ms: issued_ms + timeouts.contact_hours.ms() + timeouts.execution_hours.ms(),
        install_window: None,
        stage_limit_ms: timeouts.execution_hours.ms(),
    })
}

/// A queued job is hidden while its campaign is paused, so nothing new starts then; one that the device has accepted
/// stays, so it can finish.
pub(crate) fn is_shown(campaign: &Campaign, member: &Member) -> bool {
    match member.state {
        MemberState::Queued => campaign.status.is_rolling() || is_on(Mutant::JobShownWhilePaused),
        MemberState::InProgress => true,
        _ => false,
    }
}
