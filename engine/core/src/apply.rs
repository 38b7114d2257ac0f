//! Folds one fact into the state. Total: what is in the log has happened, so nothing here refuses.

mod approval;
mod health;
mod rollback;
mod watch;

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::num::NonZeroU32;

use fleetfold_schemas::{
    CommandId, Name, OperatorId,
    command::Lifecycle,
    device::{DeviceError, ErrorClass, Waiting},
    mutant::{Mutant, is_on},
};

pub use self::health::says_anything;
use crate::{
    CampaignIx, DeviceIx, ReleaseIx, Timestamp,
    fact::{
        CampaignCanceled, CampaignCompleted, CampaignDefaultsSet, CampaignFailed, CampaignFrozen,
        CampaignMonitoring, CampaignPaused, CampaignResumed, CampaignStaged, CampaignStarted,
        DeviceGreeted, DeviceReported, ExecutionQueued, ExecutionSucceeded, Fact, KeyTrusted,
        LifecycleChanged, MemberJoined, PhaseAdvanced, PhasePassed, PhaseStarted, ReleasePublished,
        RetriesOrdered, SiteOpened,
    },
    membership::takers,
    offers::offered_bytes,
    state::{
        Answered, Campaign, Counted, Delta, Device, Evidence, Flag, Frozen, Hop, Member,
        MemberState, Operator, Place, Release, Roster, Said, Site, State, Status, StorageShortage,
        Wait, stratum_of, tell_apart,
    },
};

/// The state after one more fact, recorded `at`.
pub fn apply(state: &mut State, at: Timestamp, fact: &Fact) {
    state.position += 1;
    state.recorded_at = at;
    match fact {
        Fact::SiteOpened(SiteOpened { site, speed }) => {
            state.site = Some(Site {
                name: site.clone(),
                speed: *speed,
            });
        }
        Fact::OperatorAdded(_)
        | Fact::OperatorChanged(_)
        | Fact::OperatorPasswordSet(_)
        | Fact::OperatorRevoked(_) => operator_changed(state, at, fact),
        Fact::KeyTrusted(KeyTrusted { name, public_key }) => {
            state.keys.add(name.clone(), *public_key);
        }
        Fact::CommandAccepted(fact) => {
            let position = state.position;
            let answer = Answered::Accepted { position };
            answered(state, at, &fact.operator, fact.id.as_ref(), answer);
        }
        Fact::CommandRefused(fact) => {
            let answer = Answered::Refused {
                code: fact.code.clone(),
                message: fact.message.clone(),
            };
            answered(state, at, &fact.operator, fact.id.as_ref(), answer);
        }
        Fact::StorageLow(fact) => {
            state.storage_low = Some(StorageShortage {
                since: at,
                free_bytes: fact.free_bytes,
                floor_bytes: fact.floor_bytes,
            });
        }
        Fact::StorageRecovered(_) => state.storage_low = None,
        Fact::CampaignDefaultsSet(CampaignDefaultsSet { defaults }) => {
            state.campaign_defaults = defaults.clone();
        }
        Fact::DeviceRegistered(fact) => {
            let id = fact.id.as_str();
            // `accept` refuses an id that is taken.
            let _is_new = state.devices.insert(id, &fact.model, &fact.credential);
            if let Some(tenant) = &fact.tenant {
                state.devices.set_tenant(fact.device, tenant);
            }
            state.devices.set_registered(fact.device, at);
        }
        Fact::DeviceGreeted(fact) => device_greeted(state, at, fact),
        Fact::DeviceAssigned(fact) => state.devices.set_tenant(fact.device, &fact.tenant),
        Fact::DeviceReported(fact) => device_reported(state, at, fact),
        Fact::LifecycleChanged(LifecycleChanged { device, lifecycle }) => {
            state.devices.set_lifecycle(*device, *lifecycle);
            if *lifecycle == Lifecycle::Retired {
                state.streaks.forget(*device);
                let last_seen = state.devices.get(*device).last_seen();
                state.campaigns.retired(*device, last_seen);
            }
        }
        Fact::DeviceFlagged(fact) => {
            let flag = Flag {
                since: at,
                position: state.position,
                campaign: fact.campaign,
                failed: fact.failed,
            };
            state.streaks.set_flag(fact.device, flag);
        }
        Fact::DeviceUnflagged(fact) => state.streaks.forget(fact.device),
        Fact::ReleasePublished(fact) => release_published(state, at, fact),
        Fact::DeltaRequested(fact) => delta(state, fact.release, fact.from, Delta::Building),
        Fact::DeltaAdded(fact) => {
            let (digest, bytes) = (fact.digest, fact.bytes);
            delta(
                state,
                fact.release,
                fact.from,
                Delta::Ready { digest, bytes },
            );
        }
        Fact::DeltaUnavailable(fact) => {
            let reason = fact.reason.clone();
            delta(
                state,
                fact.release,
                fact.from,
                Delta::Unavailable { reason },
            );
        }
        Fact::CampaignCreated(fact) => {
            let mut campaign = Campaign::new(fact.spec.clone(), fact.releases(), at);
            campaign.compare_with(&fact.other_arm);
            campaign.authors.clone_from(&fact.authors);
            campaign.positions.created = state.position;
            campaign.positions.status = state.position;
            campaign.ordered = fact.ordered.clone();
            state.campaigns.push(campaign);
        }
        Fact::MemberJoined(fact) => member_joined(state, fact),
        Fact::CampaignEdited(fact) => {
            let row = state.campaigns.get_mut(fact.campaign);
            let (version, created_at, positions) = (row.version + 1, row.created_at, row.positions);
            let mut authors = core::mem::take(&mut row.authors);
            let news = fact.authors.iter().filter(|by| !authors.contains(by));
            let news: Vec<_> = news.cloned().collect();
            authors.extend(news);
            let ordered = row.ordered.take();
            *row = Campaign::new(fact.spec.clone(), fact.releases(), created_at);
            row.positions = positions;
            row.ordered = ordered;
            row.compare_with(&fact.other_arm);
            row.version = version;
            row.authors = authors;
            state.campaigns.set_asking(fact.campaign);
        }
        Fact::CampaignArchived(fact) => {
            let row = state.campaigns.get_mut(fact.campaign);
            row.is_archived = true;
            row.version += 1;
        }
        Fact::ArmsCompared(fact) => {
            if let Some(comparison) = &mut state.campaigns.get_mut(fact.campaign).comparison {
                comparison.verdict = Some(fact.verdict);
            }
        }
        Fact::GatePromoted(fact) => state.campaigns.get_mut(fact.campaign).is_promoted = true,
        Fact::RetriesOrdered(fact) => retries_ordered(state, at, fact),
        // What follows from it comes as facts of its own.
        Fact::ExecutionExpedited(_) => {}
        Fact::CampaignStaged(_)
        | Fact::CampaignStarted(_)
        | Fact::PhaseStarted(_)
        | Fact::PhasePassed(_)
        | Fact::CampaignPaused(_)
        | Fact::CampaignResumed(_)
        | Fact::CampaignCanceled(_)
        | Fact::CampaignMonitoring(_)
        | Fact::CampaignCompleted(_)
        | Fact::CampaignFailed(_)
        | Fact::PhaseAdvanced(_)
        | Fact::CampaignFrozen(_)
        | Fact::CampaignThawed(_)
        | Fact::ScheduleEnded(_) => campaign_changed(state, at, fact),
        Fact::ExecutionQueued(_)
        | Fact::ExecutionAccepted(_)
        | Fact::ExecutionSucceeded(_)
        | Fact::ExecutionFailed(_)
        | Fact::ExecutionRejected(_)
        | Fact::ExecutionTimedOut(_)
        | Fact::ExecutionRemoved(_)
        | Fact::ExecutionCanceled(_)
        | Fact::ExecutionRetracted(_)
        | Fact::ExecutionDeferred(_)
        | Fact::HopReached(_)
        | Fact::ExecutionHeld(_)
        | Fact::ExecutionContinued(_)
        | Fact::WindowRenewed(_)
        | Fact::DeviceExcluded(_) => execution_changed(state, at, fact),
        Fact::ApprovalPolicySet(fact) => state.approval_policy = fact.policy.clone(),
        Fact::ApprovalRequested(_)
        | Fact::ApprovalGiven(_)
        | Fact::ApprovalGranted(_)
        | Fact::ApprovalDeclined(_)
        | Fact::ApprovalVoided(_)
        | Fact::ApprovalLost(_) => approval::changed(state, at, fact),
        Fact::AlertRaised(fact) => watch::raised(state, at, fact),
        Fact::AlertCleared(fact) => watch::cleared(state, at, fact),
        Fact::TicketOpened(fact) => watch::opened(state, at, fact),
        Fact::TicketClosed(fact) => watch::closed(state, fact),
        Fact::RollbackAdded(fact) => rollback::added(state, fact),
        Fact::RollbackStarted(_) | Fact::RollbackAdvanced(_) | Fact::CampaignRolledBack(_) => {
            rollback::campaign_changed(state, at, fact);
        }
        Fact::ReturnQueued(_)
        | Fact::ReturnAccepted(_)
        | Fact::Returned(_)
        | Fact::ReturnFailed(_)
        | Fact::ReturnSkipped(_)
        | Fact::ReturnDeferred(_) => rollback::member_changed(state, at, fact),
    }
}

fn operator_changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let operators = &mut state.operators;
    match fact {
        Fact::OperatorAdded(fact) => {
            let operator = Operator {
                role: fact.role,
                tenants: fact.tenants.clone(),
                password_hash: fact.password_hash.clone(),
                revoked_at: None,
            };
            operators.insert(fact.operator.clone(), operator);
        }
        Fact::OperatorChanged(fact) => {
            if let Some(operator) = operators.get_mut(&fact.operator) {
                operator.role = fact.role;
                operator.tenants = fact.tenants.clone();
            }
        }
        Fact::OperatorPasswordSet(fact) => {
            if let Some(operator) = operators.get_mut(&fact.operator) {
                operator.password_hash.clone_from(&fact.password_hash);
            }
        }
        Fact::OperatorRevoked(fact) => {
            if let Some(operator) = operators.get_mut(&fact.operator) {
                operator.revoked_at = Some(at);
                // Nobody logs in with it any more.
                operator.password_hash.clear();
            }
        }
        _ => unreachable!("only called for facts about operators"),
    }
}

fn answered(
    state: &mut State,
    at: Timestamp,
    operator: &OperatorId,
    id: Option<&CommandId>,
    answer: Answered,
) {
    if let Some(id) = id {
        state.commands.remember(at, operator, id, answer);
    }
}

fn delta(state: &mut State, release: ReleaseIx, from: ReleaseIx, delta: Delta) {
    state.releases.get_mut(release).deltas.insert(from, delta);
}

fn device_greeted(state: &mut State, at: Timestamp, fact: &DeviceGreeted) {
    let (devices, device) = (&mut state.devices, fact.device);
    state
        .campaigns
        .heard(device, devices.get(device).last_seen(), at);
    devices.set_last(device, (fact.epoch, fact.seq), fact.fingerprint, Some(at));
    if let Some(counter) = fact.login_counter {
        devices.set_login_counter(device, counter);
    }
    if devices.set_running(device, &fact.running) {
        devices.begin_vitals_anew(device, at);
    }
    devices.set_standby(device, fact.standby.as_ref());
    devices.set_inventory(
        device,
        &Said {
            hardware: fact.hardware.as_ref(),
            capabilities: &fact.capabilities,
            region: fact.region.as_ref(),
            tenant: fact.tenant.as_ref(),
            time_zone: fact.time_zone.as_ref(),
            tags: &fact.tags,
            attributes: &fact.attributes,
        },
    );
}

fn device_reported(state: &mut State, at: Timestamp, fact: &DeviceReported) {
    let (devices, device) = (&mut state.devices, fact.device);
    state
        .campaigns
        .heard(device, devices.get(device).last_seen(), at);
    let (epoch, _) = devices.get(device).last_number();
    let number = (fact.epoch.unwrap_or(epoch), fact.seq);
    devices.set_last(device, number, fact.fingerprint, Some(at));
    if let Some(running) = &fact.running
        && devices.set_running(device, running)
    {
        devices.begin_vitals_anew(device, at);
    }
    devices.set_stage(device, fact.stage, fact.progress_percent);
    health::reported(state, at, fact);
}

fn release_published(state: &mut State, at: Timestamp, fact: &ReleasePublished) {
    state.releases.push(Release {
        model: fact.model.clone(),
        version: fact.version.clone(),
        vendor: fact.vendor.clone(),
        sequence: fact.sequence,
        image: fact.image,
        image_sha256: fact.image_sha256,
        image_bytes: fact.image_bytes,
        manifest: fact.manifest.clone(),
        key_id: fact.key_id.clone(),
        published_at: at,
        advisories: fact.advisories.clone(),
        requires: fact.requires.clone(),
        hardware: fact.hardware.clone(),
        deltas: BTreeMap::new(),
        rollbacks: BTreeMap::new(),
    });
}

fn campaign_changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let ix = fact.campaign().expect("only called for campaign facts");
    let position = state.position;
    if let Fact::CampaignStarted(_) = fact {
        enroll(state, ix);
    }
    let campaign = state.campaigns.get_mut(ix);
    let status = core::mem::discriminant(&campaign.status);
    match fact {
        Fact::CampaignStaged(CampaignStaged { .. }) => {
            campaign.version += 1;
            campaign.status = Status::Staged { since: at };
        }
        Fact::CampaignStarted(CampaignStarted { .. }) => {
            campaign.started_at = Some(at);
            campaign.positions.started = position;
            campaign.watch.moved_at = at;
            campaign.status = Status::Rolling;
        }
        Fact::PhaseStarted(PhaseStarted { phase, .. }) => {
            campaign.run = *phase as usize;
            campaign.runs[*phase as usize].started_at = Some(at);
            campaign.runs[*phase as usize].position = position;
            campaign.watch.moved_at = at;
        }
        Fact::PhasePassed(PhasePassed { phase, .. }) => {
            campaign.watch.moved_at = at;
            campaign.runs[*phase as usize].passed_at = Some(at);
        }
        Fact::PhaseAdvanced(PhaseAdvanced { phase, .. }) => {
            campaign.watch.moved_at = at;
            campaign.version += 1;
            campaign.runs[*phase as usize].passed_at = Some(at);
        }
        Fact::CampaignPaused(CampaignPaused { cause, .. }) => {
            campaign.version += 1;
            campaign.recalled_position = Some(position);
            campaign.recalled_at = Some(at);
            let cause = cause.clone();
            campaign.status = if campaign.status.is_rolling_back() {
                Status::RollbackPaused { cause }
            } else {
                Status::Paused { cause }
            };
        }
        Fact::CampaignResumed(CampaignResumed { .. }) => resumed(campaign, at),
        Fact::CampaignCanceled(CampaignCanceled {
            operator, reason, ..
        }) => {
            campaign.version += 1;
            campaign.ended_at = Some(at);
            campaign.canceled_position = Some(position);
            campaign.to_return = BTreeSet::new();
            campaign.status = Status::Canceled {
                operator: operator.clone(),
                reason: reason.clone(),
            };
        }
        Fact::CampaignMonitoring(CampaignMonitoring { .. }) => campaign.status = Status::Monitoring,
        Fact::CampaignCompleted(CampaignCompleted { .. }) => {
            campaign.ended_at = Some(at);
            campaign.status = Status::Completed;
        }
        Fact::CampaignFailed(CampaignFailed { cause, .. }) => {
            campaign.ended_at = Some(at);
            campaign.status = Status::Failed {
                cause: cause.clone(),
            };
        }
        Fact::CampaignFrozen(CampaignFrozen { until, reason, .. }) => {
            campaign.frozen = Some(Frozen {
                until: *until,
                reason: reason.clone(),
            });
        }
        Fact::CampaignThawed(_) => {
            campaign.frozen = None;
            campaign.resumed_at = Some(at);
            campaign.watch.moved_at = at;
        }
        Fact::ScheduleEnded(fact) => campaign.schedule_ended = Some(fact.on_end),
        _ => unreachable!("only called for campaign facts"),
    }
    campaign.hold_watch(at);
    if core::mem::discriminant(&campaign.status) != status {
        campaign.positions.status = position;
    }
    let is_active = campaign.status.is_active();
    if !is_active || matches!(fact, Fact::CampaignStarted(_)) {
        campaign.count_heard(&state.devices);
    }
    state.campaigns.set_active(ix, is_active);
}

fn enroll(state: &mut State, ix: CampaignIx) {
    let row = state.campaigns.get(ix);
    let mut roster = Roster::enroll(row, takers(state, row), &state.devices);
    let strata = match &row.spec.gates.strata {
        Some(key) => tell_apart(key, roster.all_mut(), &state.devices),
        None => Vec::new(),
    };
    let campaign = state.campaigns.get_mut(ix);
    campaign.roster = roster;
    campaign.strata = strata;
}

/// Those that have failed for good are due for another attempt.
fn retries_ordered(state: &mut State, at: Timestamp, fact: &RetriesOrdered) {
    let position = state.position;
    let only = fact
        .only
        .and_then(|device| member_at(state, fact.campaign, device));
    let campaign = state.campaigns.get_mut(fact.campaign);
    let members: Vec<_> = match fact.only {
        Some(_) => only.into_iter().collect(),
        None => {
            let failed = campaign
                .roster
                .begun()
                .filter(|(_, member)| member.is_lost());
            failed.map(|(member, _)| member).collect()
        }
    };
    for member in members {
        campaign.watch.moved_at = at;
        campaign.watch.not_lost(member, false);
        campaign.update_member(member, |member| {
            member.enter(MemberState::Retrying { at }, at);
        });
        campaign.roster.mark(member, position);
    }
}

fn member_joined(state: &mut State, fact: &MemberJoined) {
    let place = Place {
        group: fact.group,
        phase: fact.phase,
    };
    let campaign = state.campaigns.get_mut(fact.campaign);
    let id = campaign.id().clone();
    let (arm, _) = campaign.arm_of(state.devices.get(fact.device));
    campaign
        .roster
        .join((&id, arm), fact.device, place, &state.devices);
    let at = campaign.roster.len() - 1;
    campaign.roster.mark(at, state.position);
    let last_seen = state.devices.get(fact.device).last_seen();
    campaign.watch.heard.add(fact.device, last_seen);
    if let Some(key) = &campaign.spec.gates.strata {
        let stratum = stratum_of(key, &campaign.strata, state.devices.get(fact.device));
        campaign.update_member(at, |member| member.stratum = stratum);
    }
}

/// Resuming after a gate accepts what the gate saw; resuming after any other pause forgives nothing.
fn resumed(campaign: &mut Campaign, at: Timestamp) {
    let was_gate = matches!(
        &campaign.status,
        Status::Paused { cause } | Status::RollbackPaused { cause } if cause.is_gate()
    );
    campaign.version += 1;
    campaign.resumed_at = Some(at);
    campaign.watch.moved_at = at;
    if campaign.status.is_rolling_back() {
        rollback::resumed(campaign, was_gate);
        return;
    }
    if was_gate {
        campaign.review();
    }
    campaign.status = Status::Rolling;
}

fn execution_changed(state: &mut State, at: Timestamp, fact: &Fact) {
    let (Some(ix), Some(device)) = (fact.campaign(), fact.device()) else {
        unreachable!("only called for execution facts")
    };
    let Some(at_member) = member_at(state, ix, device) else {
        unreachable!("an execution fact names a member of its campaign")
    };
    let position = state.position;
    if let Fact::ExecutionQueued(fact) = fact
        && is_retry(state.campaigns.get(ix), at_member, fact.attempt)
    {
        let bytes = offered_bytes(state, ix, device);
        let campaign = state.campaigns.get_mut(ix);
        campaign.retries += 1;
        campaign.retry_bytes += bytes;
    }
    let devices = &mut state.devices;
    let campaign = state.campaigns.get_mut(ix);
    campaign.deferred.remove(&at_member);
    keep_for_reports(campaign, at_member, devices.get(device), at, fact);
    // An acceptance follows the report that names the stage, and being passed over is no matter of the device's own job.
    if !matches!(
        fact,
        Fact::ExecutionAccepted(_)
            | Fact::ExecutionDeferred(_)
            | Fact::ExecutionHeld(_)
            | Fact::ExecutionContinued(_)
            | Fact::WindowRenewed(_)
    ) {
        devices.set_stage(device, None, None);
    }
    // The device's latest execution, to which its reports belong.
    if matches!(fact, Fact::ExecutionQueued(_) | Fact::ExecutionSucceeded(_)) {
        devices.set_execution(device, (ix, at_member));
    }
    match fact {
        Fact::ExecutionQueued(fact) => campaign.set_window(at_member, fact.window),
        Fact::ExecutionDeferred(fact) => campaign.set_window(at_member, fact.window),
        Fact::WindowRenewed(fact) => campaign.set_window(at_member, Some(fact.window)),
        Fact::ExecutionAccepted(_) | Fact::ExecutionHeld(_) | Fact::ExecutionContinued(_) => {}
        _ => campaign.set_window(at_member, None),
    }
    let is_first = campaign.member(at_member).counted == Counted::NotYet;
    let was_accepted = campaign.member(at_member).accepted;
    let was_given_up = watch::is_given_up(campaign.member(at_member));
    member_changed(campaign, at_member, at, position, fact);
    campaign.roster.mark(at_member, position);
    watch::moved(campaign, at_member, at, was_given_up, fact);
    watch::count_streak(campaign, &mut state.streaks, at_member, was_given_up, fact);
    let member = campaign.member(at_member);
    let (arm, counted) = (member.arm, member.counted);
    if let (Some(comparison), true, Counted::Success) =
        (&mut campaign.comparison, is_first, counted)
        && let Some(boot_ms) = devices.get(device).boot_ms()
    {
        comparison.booted(arm, boot_ms);
    }
    if campaign.health.is_some() {
        health::member_changed(state, ix, at_member, was_accepted, at);
    }
}

/// When a device was first offered the update, and what it ran then: later facts take both away.
fn keep_for_reports(
    campaign: &mut Campaign,
    at_member: u32,
    device: Device<'_>,
    at: Timestamp,
    fact: &Fact,
) {
    if !matches!(fact, Fact::ExecutionQueued(_))
        || campaign.member(at_member).first_offer_s.is_some()
    {
        return;
    }
    let running = device.running();
    let source = running.map(|(_, image)| campaign.sources.take(&image.version));
    let since_ms = at - campaign.started_at.unwrap_or(at);
    let since_s = u32::try_from(since_ms / 1000).unwrap_or(u32::MAX).max(1);
    campaign.update_member(at_member, |member| {
        member.source = source;
        member.first_offer_s = NonZeroU32::new(since_s);
    });
}

fn member_changed(campaign: &mut Campaign, ix: u32, at: Timestamp, position: u64, fact: &Fact) {
    match fact {
        Fact::ExecutionQueued(ExecutionQueued { attempt, via, .. }) => {
            step_begun(campaign, ix, *via);
            campaign.starts.count(at, *attempt == 1);
            campaign.update_member(ix, |member| {
                member.attempts = *attempt;
                member.job = position;
                member.enter(MemberState::Queued, at);
            });
        }
        Fact::ExecutionAccepted(_) => {
            accept(campaign, ix);
            campaign.update_member(ix, |member| member.enter(MemberState::InProgress, at));
        }
        Fact::ExecutionHeld(fact) => campaign.update_member(ix, |member| {
            let wait = Wait::from(Waiting {
                what: fact.waiting_for,
                until_ms: fact.until_ms,
                postponed: fact.postponed,
            });
            // Patience is with the whole wait, whatever it is for by turns.
            let was_waiting = member.state.wait().is_some();
            let since = if was_waiting && !is_on(Mutant::PatienceRenewed) {
                member.since
            } else {
                at
            };
            member.enter(MemberState::Held(wait), since);
        }),
        Fact::ExecutionContinued(_) => {
            campaign.update_member(ix, |member| member.enter(MemberState::InProgress, at));
        }
        Fact::ExecutionSucceeded(ExecutionSucceeded { already, .. }) => {
            if !already {
                accept(campaign, ix);
                count(campaign, ix, Counted::Success);
            }
            campaign.update_member(ix, |member| {
                member.failed = false;
                member.restored = false;
                member.reviewed = false;
                member.enter(MemberState::Succeeded, at);
            });
        }
        Fact::ExecutionRemoved(fact) => {
            campaign.excluded.remove(&ix);
            campaign.update_member(ix, |member| {
                member.removed_for = Some(fact.cause);
                member.enter(MemberState::Removed, at);
            });
        }
        Fact::DeviceExcluded(fact) => {
            campaign.excluded.insert(ix, fact.operator.clone());
            campaign.update_member(ix, |member| {
                member.removed_for = None;
                member.enter(MemberState::Removed, at);
            });
        }
        Fact::ExecutionCanceled(_) => {
            campaign.update_member(ix, |member| member.enter(MemberState::Canceled, at));
        }
        Fact::ExecutionRetracted(_) => retract(campaign, ix, at),
        Fact::HopReached(fact) => step_done(campaign, ix, at, fact.release),
        Fact::WindowRenewed(_) => {}
        Fact::ExecutionDeferred(_) => {
            campaign.deferred.insert(ix);
            campaign.update_member(ix, |member| {
                // A job taken back before the device accepted it, or began with it, was no attempt.
                let taken_back = matches!(member.state, MemberState::Queued | MemberState::Held(_));
                let taken_back = u32::from(taken_back);
                member.attempts = member.attempts.saturating_sub(taken_back);
                member.enter(MemberState::Deferred, at);
            });
        }
        _ => failed(campaign, ix, at, fact),
    }
}

/// The first attempt of a further step is none of those that retries are counted by.
fn is_retry(campaign: &Campaign, ix: u32, attempt: u32) -> bool {
    let before = campaign.hops.get(&ix).map_or(0, |hop| hop.attempts_before);
    attempt > before + 1
}

fn step_begun(campaign: &mut Campaign, ix: u32, via: Option<ReleaseIx>) {
    match (via, campaign.hops.get_mut(&ix)) {
        (via, Some(hop)) => hop.to = via,
        (Some(_), None) => {
            let hop = Hop {
                to: via,
                ..Hop::default()
            };
            campaign.hops.insert(ix, hop);
        }
        (None, None) => {}
    }
}

/// As soon as it can, it gets the next one. Who takes a step twice has gone back in between: that is what retries are for.
fn step_done(campaign: &mut Campaign, ix: u32, at: Timestamp, release: ReleaseIx) {
    let attempts = campaign.member(ix).attempts;
    let hop = campaign.hops.entry(ix).or_default();
    if hop.passed != Some(release) {
        hop.attempts_before = attempts;
    }
    hop.passed = Some(release);
    hop.has_left = false;
    hop.to = None;
    campaign.deferred.insert(ix);
    campaign.update_member(ix, |member| member.enter(MemberState::Deferred, at));
}

fn failed(campaign: &mut Campaign, ix: u32, at: Timestamp, fact: &Fact) {
    match fact {
        Fact::ExecutionFailed(fact) => {
            if !campaign.member(ix).is_in_progress()
                && let Some(hop) = campaign.hops.get_mut(&ix)
            {
                hop.has_left = true;
            }
            // A failed transport says nothing about the release.
            if fact.error.class != ErrorClass::Download {
                count(campaign, ix, Counted::Failure);
            }
            let state = retry_or(fact.retry_at, MemberState::Failed);
            fail(campaign, ix, at, &fact.error, fact.restored, state);
        }
        Fact::ExecutionRejected(fact) => {
            count(campaign, ix, Counted::Failure);
            let state = retry_or(fact.retry_at, MemberState::Rejected);
            fail(campaign, ix, at, &fact.error, false, state);
        }
        Fact::ExecutionTimedOut(fact) => {
            count(campaign, ix, Counted::Failure);
            let state = retry_or(fact.retry_at, MemberState::TimedOut);
            fail(campaign, ix, at, &lost_contact(), false, state);
        }
        _ => unreachable!("only called for execution facts"),
    }
}

fn retry_or(retry_at: Option<Timestamp>, last: MemberState) -> MemberState {
    retry_at.map_or(last, |at| MemberState::Retrying { at })
}

/// The member behind a device: its latest execution in almost all cases, a look-up by rank otherwise.
fn member_at(state: &State, campaign: CampaignIx, device: DeviceIx) -> Option<u32> {
    match state.devices.get(device).execution() {
        Some((latest, member)) if latest == campaign => Some(member),
        _ => state
            .campaigns
            .get(campaign)
            .member_of(device, &state.devices),
    }
}

fn accept(campaign: &mut Campaign, at: u32) {
    if !campaign.member(at).accepted {
        campaign.exposed += 1;
        let arm = campaign.member(at).arm;
        if let Some(comparison) = &mut campaign.comparison {
            comparison.accepted(arm);
        }
        campaign.update_member(at, |member| member.accepted = true);
    }
}

/// Each device enters the evidence once, with its first outcome that is not a matter of transport.
fn count(campaign: &mut Campaign, at: u32, outcome: Counted) {
    if campaign.member(at).counted != Counted::NotYet {
        return;
    }
    let arm = campaign.member(at).arm;
    if let Some(comparison) = &mut campaign.comparison {
        comparison.count(arm, outcome == Counted::Success);
    }
    let stratum = usize::from(campaign.member(at).stratum);
    let stratum = campaign.strata.get_mut(stratum);
    let stratum = stratum.map(|stratum| &mut stratum.evidence);
    for evidence in core::iter::once(&mut campaign.evidence).chain(stratum) {
        match outcome {
            Counted::Success => evidence.succeeded += 1,
            Counted::Failure => evidence.failed += 1,
            Counted::NotYet => return,
        }
    }
    campaign.update_member(at, |member| member.counted = outcome);
}

fn fail(
    campaign: &mut Campaign,
    at_member: u32,
    at: Timestamp,
    error: &DeviceError,
    restored: bool,
    state: MemberState,
) {
    campaign.errors[error.class as usize] += 1;
    campaign.update_member(at_member, |member| {
        member.failed = true;
        member.restored |= restored;
        member.error = Some(Box::new(error.clone()));
        member.enter(state, at);
    });
}

/// Success moves to failure in the evidence, unless the campaign is over.
fn retract(campaign: &mut Campaign, at_member: u32, at: Timestamp) {
    let is_final = campaign.status.is_final();
    let member = campaign.member(at_member);
    if member.counted == Counted::Success && !is_final {
        let (stratum, was_reviewed) = (usize::from(member.stratum), u64::from(member.reviewed));
        let move_over = |evidence: &mut Evidence, forgiven: &mut Evidence| {
            forgiven.succeeded -= was_reviewed;
            evidence.succeeded -= 1;
            evidence.failed += 1;
        };
        move_over(&mut campaign.evidence, &mut campaign.forgiven);
        if let Some(stratum) = campaign.strata.get_mut(stratum) {
            move_over(&mut stratum.evidence, &mut stratum.forgiven);
        }
    }
    campaign.update_member(at_member, |member| {
        member.failed = true;
        member.restored = true;
        member.reviewed = false;
        if member.counted == Counted::Success {
            member.counted = Counted::Failure;
        }
        member.enter(MemberState::RolledBack, at);
    });
}

fn lost_contact() -> DeviceError {
    DeviceError {
        class: ErrorClass::LostContact,
        code: Name::parse("deadline").expect("our own names are valid"),
        message: "no outcome within the execution deadline".into(),
    }
}

impl Member {
    fn enter(&mut self, state: MemberState, at: Timestamp) {
        self.state = state;
        self.since = at;
    }
}
