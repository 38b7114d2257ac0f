//! Folds one fact into the state. Total: what is in the log has happened, so nothing here refuses.

mod approval;
mod campaign;
mod execution;
mod health;
mod rollback;
mod watch;

use alloc::{collections::BTreeMap, vec::Vec};

use fleetfold_schemas::{CommandId, OperatorId, command::Lifecycle};

pub use self::health::says_anything;
use crate::{
    CampaignIx, DeviceIx, ReleaseIx, Timestamp,
    fact::{
        CampaignDefaultsSet, DeviceGreeted, DeviceReported, Fact, KeyTrusted, LifecycleChanged,
        ReleasePublished, SiteOpened,
    },
    state::{
        Answered, Campaign, Delta, Flag, Operator, Release, Said, Site, State, StorageShortage,
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
        Fact::MemberJoined(fact) => campaign::member_joined(state, fact),
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
        Fact::RetriesOrdered(fact) => campaign::retries_ordered(state, at, fact),
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
        | Fact::ScheduleEnded(_) => campaign::changed(state, at, fact),
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
        | Fact::DeviceExcluded(_) => execution::changed(state, at, fact),
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
