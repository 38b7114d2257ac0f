//! What a device's job topic should hold. Made on demand from facts, signed by the shell, never stored.

use fleetfold_schemas::{
    job::{InstallWindow, Installation, Job, JobKind},
    mutant::{Mutant, is_on},
};

use crate::{
    DeviceIx, ReleaseIx, State,
    calendar::Window,
    cohort::start_jitter_ms,
    offers::offers,
    state::{Campaign, Member, MemberState, Release, ReturnStep, Status},
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
    let cancels = campaign.recall(member);
    let issued_ms = cancels.map_or(campaign.shown_since(member), |(_, at)| at);
    let jitter_ms = campaign.start_jitter_ms(member);
    let is_install = cancels.is_none() && !matches!(member.state, MemberState::Returning { .. });
    // Whoever has accepted its job knows when to begin.
    let is_spread = is_install && jitter_ms > 0 && member.state == MemberState::Queued;
    let contact_ms = timeouts.contact_hours.ms();
    // A device that has taken it has its time from the end of the window on.
    let window = campaign.window(member);
    if window == Some(Window::NEVER) && cancels.is_none() {
        // It turned out to have accepted its job when no window opened for it any more. It goes by the one it was told.
        return None;
    }
    let closes = campaign.closes(member);
    Some(Job {
        device: device.id(),
        campaign: campaign.spec.id.clone(),
        attempt: member.attempts,
        sequence: cancels.map_or(member.job, |(position, _)| position),
        kind: match cancels {
            Some(_) => JobKind::Cancel {
                sequence: member.job,
            },
            None => order(state, ix, campaign.aim(at, &state.devices), member)?,
        },
        issued_ms,
        expires_ms: closes.max(issued_ms + jitter_ms + contact_ms) + timeouts.execution_hours.ms(),
        install_window: window
            .filter(|_| cancels.is_none())
            .map(|window| InstallWindow {
                from_ms: window.from,
                until_ms: window.until,
            }),
        stage_limit_ms: timeouts.execution_hours.ms(),
        conditions: (campaign.spec.preconditions)
            .conditions(timeouts.waiting().ms())
            .filter(|_| is_install),
        not_before_ms: is_spread.then(|| {
            let attempt = member.attempts;
            issued_ms + start_jitter_ms(campaign.id(), device.name(), attempt, jitter_ms)
        }),
    })
}

/// To install the campaign's release; or to go back from it, under the manifest that was signed for that.
fn order(state: &State, ix: DeviceIx, release: ReleaseIx, member: &Member) -> Option<JobKind> {
    let release = state.releases.get(release);
    let installation = |image: &Release, manifest: &[u8]| Installation {
        envelope: manifest.to_vec(),
        target: image.image,
        size_bytes: image.image_bytes,
        offers: offers(state, state.devices.get(ix), image),
    };
    match member.state {
        MemberState::Returning { to, .. } => {
            let way = release.rollbacks.get(&to)?;
            let image = state.releases.get(to);
            Some(JobKind::Rollback(installation(image, &way.manifest)))
        }
        _ => Some(JobKind::Install(installation(release, &release.manifest))),
    }
}

/// A queued job is hidden while its campaign is paused or frozen, so nothing new starts then; one that the device has accepted
/// stays, so it can finish.
pub(crate) fn is_shown(campaign: &Campaign, member: &Member) -> bool {
    match member.state {
        MemberState::Queued => {
            let is_frozen = campaign.frozen.is_some() && !is_on(Mutant::JobShownWhileFrozen);
            let may_start = campaign.status.is_rolling() && !is_frozen;
            may_start || is_on(Mutant::JobShownWhilePaused)
        }
        MemberState::InProgress | MemberState::Held(_) => true,
        MemberState::Returning { step, .. } => match step {
            ReturnStep::Queued => campaign.status == Status::RollingBack,
            ReturnStep::InProgress => true,
            ReturnStep::Deferred | ReturnStep::OutOfReach | ReturnStep::Retrying { .. } => false,
        },
        _ => false,
    }
}
