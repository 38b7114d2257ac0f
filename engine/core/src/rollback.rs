//! The way back: who is sent, where to, and when it is over.

use alloc::{vec, vec::Vec};

use fleetfold_schemas::{
    Name,
    campaign::BasisPoints,
    command::Lifecycle,
    device::{DeviceError, ErrorClass},
    mutant::{Mutant, is_on},
};

use crate::{
    CampaignIx, Fact, ReleaseIx, State, Timestamp,
    decide::{Availability, availability, retry_at, taken_back},
    fact::{
        CampaignPaused, CampaignRolledBack, KeptCause, PauseCause, ReturnDeferral, ReturnDeferred,
        ReturnFailed, ReturnQueued, ReturnSkipped, Returned, RollbackAdvanced, RollbackCause,
        RollbackStarted,
    },
    gate::threshold,
    judge::HoldReason,
    pace::{Limit, allowance},
    state::{Campaign, Device, Member, MemberState, ReturnStep, Returns, Rollback, Status},
    turns::{Places, Ready, Turns},
};

/// What the way back of a campaign comes to next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Pause(PauseCause),
    /// So many members may have their turn.
    Offer(u32),
    Advance,
    End,
    Hold(HoldReason),
}

/// Judges a campaign that is rolling back. Failure comes first, as on the way there.
#[must_use]
pub fn judge(row: &Campaign, rollback: &Rollback, now: Timestamp) -> Verdict {
    let tally = row.totals();
    if let Some(cause) = failing(row, rollback) {
        return Verdict::Pause(cause);
    }
    let waiting = u32::try_from(row.to_return.len()).expect("devices are numbered by u32");
    let may_begin = rollback.may_begin(&tally).min(waiting);
    if may_begin > 0 {
        return match allowance(row, now) {
            Ok(allowed) => Verdict::Offer(may_begin.min(allowed)),
            Err(limit) => Verdict::Hold(HoldReason::Limited(limit)),
        };
    }
    let to_go = row.to_go_back(&tally);
    if rollback.is_last_phase() {
        if to_go == 0 {
            return Verdict::End;
        }
    } else if tally.returning == 0 && row.updating(&tally) == 0 {
        return Verdict::Advance;
    }
    Verdict::Hold(HoldReason::Returning {
        to_go: to_go.into(),
        out_of_reach: tally.out_of_reach.into(),
    })
}

/// Too many could not go back: devices that refuse the old image are no better off with more of them trying.
fn failing(row: &Campaign, rollback: &Rollback) -> Option<PauseCause> {
    let (spec, tally) = (&row.spec, row.totals());
    let now = Returns::of(&tally);
    let failed = u64::from(now.failed - rollback.forgiven.failed);
    let resolved = u64::from(now.resolved - rollback.forgiven.resolved);
    let cohort = resolved + u64::from(row.to_go_back(&tally));
    let limit = spec.failure_threshold;
    threshold::pauses(failed, resolved, limit, spec.sample_min.into(), cohort).then(|| {
        PauseCause::RollbackFailing {
            failed,
            resolved,
            limit_bp: limit.get(),
        }
    })
}

/// The way back begins by itself when the description wants it and the failures are more than it bears.
#[must_use]
pub fn is_due(row: &Campaign) -> Option<RollbackCause> {
    let (spec, handling) = (&row.spec, &row.spec.failure_handling);
    let is_judged = match &row.status {
        Status::Rolling | Status::Monitoring => row.started_at.is_some(),
        // What an operator or the schedule has paused waits for an operator; after a gate's pause, what was under way comes
        // to an end.
        Status::Paused { cause } => cause.is_gate(),
        _ => false,
    };
    if !handling.auto_rollback_on_failure || !is_judged {
        return None;
    }
    let tally = row.so_far();
    // As the failure threshold counts.
    let failed = u64::from(tally.new_failed);
    let resolved = failed + u64::from(tally.new_updated);
    let reviewed = u64::from(tally.failed + tally.updated) - resolved;
    let cohort = u64::from(tally.devices - tally.removed) - reviewed;
    let limit = handling.rollback_threshold;
    threshold::pauses(failed, resolved, limit, spec.sample_min.into(), cohort).then(|| {
        RollbackCause::FailureThreshold {
            failed,
            resolved,
            limit_bp: limit.get(),
        }
    })
}

/// Everything the start of the way back comes to: what no device has accepted is withdrawn at once.
pub fn start(
    campaign: CampaignIx,
    row: &Campaign,
    cause: RollbackCause,
    phases: &[BasisPoints],
    facts: &mut Vec<Fact>,
) {
    let mut phases_bp: Vec<_> = phases.iter().map(|share| share.get()).collect();
    if phases_bp.last() != Some(&BasisPoints::ALL.get()) {
        phases_bp.push(BasisPoints::ALL.get());
    }
    facts.push(
        RollbackStarted {
            campaign,
            cause,
            phases_bp,
        }
        .into(),
    );
    let queued = row
        .roster
        .begun()
        .filter(|(_, member)| member.state == MemberState::Queued)
        .filter(|_| !is_on(Mutant::RollbackForgetsQueued));
    facts.extend(queued.map(|(_, member)| {
        let device = member.device;
        Fact::from(crate::fact::ExecutionCanceled { campaign, device })
    }));
}

/// What a campaign that is rolling back does next.
pub fn go_on(
    state: &State,
    ix: CampaignIx,
    now: Timestamp,
    turns: &mut Turns<'_>,
    facts: &mut Vec<Fact>,
) {
    let row = state.campaigns.get(ix);
    let Some(rollback) = &row.rollback else {
        return;
    };
    let verdict = judge(row, rollback, now);
    if let Verdict::Pause(cause) = verdict {
        let campaign = ix;
        facts.push(CampaignPaused { campaign, cause }.into());
        return;
    }
    if state.storage_low.is_some() {
        return;
    }
    let before = facts.len();
    offer(state, ix, now, &verdict, turns, facts);
    if facts.len() > before {
        return;
    }
    let campaign = ix;
    match verdict {
        Verdict::Advance => {
            let phase = u32::try_from(rollback.phase + 1).expect("phases are few");
            facts.push(RollbackAdvanced { campaign, phase }.into());
        }
        Verdict::End => facts.push(CampaignRolledBack { campaign }.into()),
        Verdict::Offer(_) | Verdict::Hold(_) | Verdict::Pause(_) => {}
    }
}

/// First those that have had a turn before, then the next of those that have not.
fn offer(
    state: &State,
    ix: CampaignIx,
    now: Timestamp,
    verdict: &Verdict,
    turns: &mut Turns<'_>,
    facts: &mut Vec<Fact>,
) {
    let row = state.campaigns.get(ix);
    let mut places = Places::take(row, now, turns);
    while let Some(at) = places.next(turns.ready, row, |at| {
        is_ready(state, ix, row.member(at), now)
    }) {
        facts.extend(send_back(state, ix, row.member(at)));
    }
    if let Verdict::Offer(count) = verdict {
        let count = places.fresh().min(*count);
        for at in row.to_return.iter().take(count as usize) {
            places.use_fresh();
            facts.extend(send_back(state, ix, row.member(*at)));
        }
    }
    places.give_back(turns);
}

/// Whether a member that has had a turn on the way back may have another one.
#[must_use]
pub fn is_ready(state: &State, ix: CampaignIx, member: &Member, now: Timestamp) -> bool {
    let MemberState::Returning { step, .. } = member.state else {
        return false;
    };
    let device = state.devices.get(member.device);
    let is_free = || {
        matches!(
            availability(state, member.device, ix),
            Availability::Free | Availability::FreeAfter(_)
        )
    };
    match step {
        ReturnStep::Retrying { at } => at <= now,
        ReturnStep::Deferred => is_free(),
        ReturnStep::OutOfReach => {
            let is_heard = device.last_seen().is_some_and(|at| at > member.since);
            (is_heard || device.lifecycle() == Lifecycle::Retired) && is_free()
        }
        ReturnStep::Queued | ReturnStep::InProgress => false,
    }
}

/// What a member gets when its turn to go back comes.
fn send_back(state: &State, ix: CampaignIx, member: &Member) -> Vec<Fact> {
    let (campaign, device) = (ix, member.device);
    let row = state.campaigns.get(ix);
    let known = state.devices.get(device);
    let kept = |cause| {
        let skipped = ReturnSkipped {
            campaign,
            device,
            cause,
        };
        vec![skipped.into()]
    };
    if known.lifecycle() == Lifecycle::Retired {
        return kept(KeptCause::Retired);
    }
    let release = row.target(member, &state.devices);
    let runs =
        |release: ReleaseIx| known.running_digest() == Some(state.releases.get(release).image);
    let Some((to, attempt)) = goal(state, known, release, member) else {
        return match runs(release) {
            true => kept(KeptCause::NoRollbackImage),
            false => kept(KeptCause::RunsAnother),
        };
    };
    if runs(to) {
        let already = true;
        return vec![
            Returned {
                campaign,
                device,
                already,
            }
            .into(),
        ];
    }
    if !runs(release) {
        return kept(KeptCause::RunsAnother);
    }
    let mut facts = Vec::new();
    match availability(state, device, ix) {
        Availability::Free => {}
        Availability::FreeAfter(other) => facts.extend(taken_back(state, other, device)),
        Availability::Not(cause) => {
            let deferred = ReturnDeferred {
                campaign,
                device,
                to,
                cause: cause.into(),
            };
            return vec![deferred.into()];
        }
    }
    facts.push(
        ReturnQueued {
            campaign,
            device,
            attempt,
            to,
        }
        .into(),
    );
    facts
}

/// Where a member goes, and which attempt of it the next one is. Once chosen, the goal stays.
fn goal(
    state: &State,
    device: Device<'_>,
    release: ReleaseIx,
    member: &Member,
) -> Option<(ReleaseIx, u32)> {
    match member.state {
        MemberState::Returning { to, .. } => Some((to, member.attempts + 1)),
        _ => Some((way_back(state, device, release)?, 1)),
    }
}

/// The release that a device with this one goes back to: the one whose image its other slot still holds, or else the
/// newest that there is a manifest for.
fn way_back(state: &State, device: Device<'_>, release: ReleaseIx) -> Option<ReleaseIx> {
    let from = state.releases.get(release);
    let ways = || {
        let other = |to: &ReleaseIx| state.releases.get(*to).image != from.image;
        from.rollbacks.keys().copied().filter(other)
    };
    let standby = device.standby().map(|image| image.digest);
    ways()
        .filter(|_| !is_on(Mutant::WayBackToNewest))
        .find(|to| Some(state.releases.get(*to).image) == standby)
        .or_else(|| ways().max_by_key(|to| state.releases.get(*to).sequence))
}

/// What is due by now for a member on its way back.
pub fn member_due(state: &State, ix: CampaignIx, at: u32, now: Timestamp) -> Option<Fact> {
    let row = state.campaigns.get(ix);
    let member = row.member(at);
    let (campaign, device) = (ix, member.device);
    let MemberState::Returning { to, step } = member.state else {
        return None;
    };
    match step {
        ReturnStep::Queued if row.status == Status::RollingBack => {
            let cause = ReturnDeferral::NotContacted;
            let deferred = ReturnDeferred {
                campaign,
                device,
                to,
                cause,
            };
            Some(deferred.into())
        }
        ReturnStep::InProgress => {
            let retry_at = retry_at(state, ix, member, ErrorClass::LostContact, now);
            Some(lost(campaign, member, retry_at))
        }
        _ => None,
    }
}

fn lost(campaign: CampaignIx, member: &Member, retry_at: Option<Timestamp>) -> Fact {
    ReturnFailed {
        campaign,
        device: member.device,
        error: DeviceError {
            class: ErrorClass::LostContact,
            code: Name::parse("deadline").expect("our own names are valid"),
            message: "no outcome within the execution deadline".into(),
        },
        retry_at,
    }
    .into()
}

/// The time for the way back is over: who is not back stays as it is, and the report says so.
pub fn end_at_deadline(campaign: CampaignIx, row: &Campaign, facts: &mut Vec<Fact>) {
    let before = facts.len();
    for (_, member) in row.roster.begun() {
        let device = member.device;
        match member.state {
            MemberState::InProgress => facts.push(
                crate::fact::ExecutionTimedOut {
                    campaign,
                    device,
                    retry_at: None,
                }
                .into(),
            ),
            MemberState::Held(_) => facts.push(
                crate::fact::ExecutionRemoved {
                    campaign,
                    device,
                    cause: crate::fact::RemovalCause::PreconditionUnmet,
                }
                .into(),
            ),
            MemberState::Returning {
                step: ReturnStep::InProgress | ReturnStep::Retrying { .. },
                ..
            } => facts.push(lost(campaign, member, None)),
            MemberState::Returning { .. } | MemberState::Succeeded => facts.push(
                ReturnSkipped {
                    campaign,
                    device,
                    cause: KeptCause::NotContacted,
                }
                .into(),
            ),
            _ => {}
        }
    }
    if facts.len() == before {
        facts.push(CampaignRolledBack { campaign }.into());
    }
}

/// When a campaign that is rolling back should be looked at again if nothing happens.
#[must_use]
pub fn wakeup(
    row: &Campaign,
    may_start: bool,
    ready: Option<&Ready>,
    now: Timestamp,
) -> Option<Timestamp> {
    let rollback = row.rollback.as_ref()?;
    if row.status != Status::RollingBack {
        return None;
    }
    let verdict = judge(row, rollback, now);
    let next = match verdict {
        Verdict::Pause(_) => Some(now),
        _ if !may_start => None,
        Verdict::Offer(_) | Verdict::Advance | Verdict::End => Some(now),
        Verdict::Hold(HoldReason::Limited(Limit::Rate { until, .. })) => Some(until),
        Verdict::Hold(_) => None,
    };
    let turn = ready.and_then(|ready| ready.wakeup(row, now));
    [next, turn].into_iter().flatten().min()
}
