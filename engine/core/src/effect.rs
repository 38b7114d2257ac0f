//! What the world should look like now. Level-triggered: losing or repeating one is harmless.

use alloc::{string::String, vec::Vec};

use fleetfold_schemas::{
    DeviceId, OperatorId, command::Lifecycle, command::Reply, status::AlertName,
};

use crate::{
    CampaignIx, DeviceIx, Fact, ReleaseIx,
    fact::{
        DeferralCause, DeltaRequested, LifecycleChanged, OperatorChanged, OperatorPasswordSet,
        OperatorRevoked, ReleasePublished,
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell a device what is on disk, or what was refused for good.
    Ack {
        device: DeviceId,
        epoch: u64,
        seq: u64,
        code: Option<String>,
    },
    Reply {
        operator: OperatorId,
        reply: Reply,
    },
    /// The device's job topic should hold what [`crate::view::job`] says.
    DeviceJob(DeviceIx),
    /// The job topics of all members with an open execution.
    CampaignJobs(CampaignIx),
    DeviceStatus(DeviceIx),
    CampaignStatus(CampaignIx),
    /// The campaign is over: its last report is due. Those before it follow the clock, which is the shell's.
    CampaignReport(CampaignIx),
    Release(ReleaseIx),
    FleetSummary,
    /// An alert was raised or cleared; without a campaign it is about the site.
    Alert(Option<CampaignIx>, AlertName),
    /// A ticket was opened or closed, by its number.
    Ticket(u64),
    /// Build a delta and hand its outcome in as a request.
    BuildDelta {
        release: ReleaseIx,
        from: ReleaseIx,
    },
    /// Close the device's session; it may not come back.
    Disconnect(DeviceIx),
    /// Close the operator's sessions.
    DisconnectOperator {
        operator: OperatorId,
        cause: OperatorCut,
    },
}

/// Why an operator's sessions are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorCut {
    /// It has other rights, or another password, from now on: it is to log in again.
    Renewed,
    /// It may not come back.
    Revoked,
}

/// What a committed fact changes in the world.
pub fn of(position: u64, fact: &Fact, effects: &mut Vec<Effect>) {
    if let Some(device) = fact.device() {
        effects.push(Effect::DeviceStatus(device));
    }
    if let Some(campaign) = fact.campaign() {
        effects.push(Effect::CampaignStatus(campaign));
    }
    match fact {
        Fact::StorageLow(_) | Fact::StorageRecovered(_) => {
            effects.push(Effect::Alert(None, AlertName::StorageLow));
        }
        Fact::AlertRaised(fact) => effects.push(Effect::Alert(fact.campaign, fact.trouble.name())),
        Fact::AlertCleared(fact) => effects.push(Effect::Alert(fact.campaign, fact.alert)),
        Fact::TicketOpened(_) => effects.push(Effect::Ticket(position)),
        Fact::TicketClosed(fact) => effects.push(Effect::Ticket(fact.ticket)),
        _ => of_kind(fact, effects),
    }
}

fn of_kind(fact: &Fact, effects: &mut Vec<Effect>) {
    match fact {
        Fact::ExecutionQueued(_)
        | Fact::ExecutionSucceeded(_)
        | Fact::ExecutionFailed(_)
        | Fact::ExecutionRejected(_)
        | Fact::ExecutionTimedOut(_)
        | Fact::ExecutionRemoved(_)
        | Fact::ExecutionCanceled(_)
        | Fact::DeviceExcluded(_)
        | Fact::HopReached(_)
        | Fact::WindowRenewed(_)
        | Fact::ReturnQueued(_)
        | Fact::Returned(_)
        | Fact::ReturnFailed(_)
        | Fact::ReturnSkipped(_)
        | Fact::ReturnDeferred(_) => {
            effects.extend(fact.device().map(Effect::DeviceJob));
        }
        Fact::CampaignPaused(_)
        | Fact::CampaignResumed(_)
        | Fact::CampaignFrozen(_)
        | Fact::CampaignThawed(_)
        | Fact::RollbackStarted(_) => {
            effects.extend(fact.campaign().map(Effect::CampaignJobs));
        }
        Fact::CampaignCanceled(_)
        | Fact::CampaignCompleted(_)
        | Fact::CampaignFailed(_)
        | Fact::CampaignRolledBack(_) => {
            effects.extend(fact.campaign().map(Effect::CampaignJobs));
            effects.extend(fact.campaign().map(Effect::CampaignReport));
        }
        Fact::DeltaRequested(DeltaRequested { release, from }) => {
            effects.push(Effect::BuildDelta {
                release: *release,
                from: *from,
            });
            effects.push(Effect::Release(*release));
        }
        Fact::ReleasePublished(ReleasePublished { release, .. }) => {
            effects.push(Effect::Release(*release));
            effects.push(Effect::FleetSummary);
        }
        Fact::DeltaAdded(fact) => effects.push(Effect::Release(fact.release)),
        Fact::DeltaUnavailable(fact) => effects.push(Effect::Release(fact.release)),
        Fact::RollbackAdded(fact) => effects.push(Effect::Release(fact.release)),
        Fact::LifecycleChanged(LifecycleChanged { device, lifecycle }) => {
            if *lifecycle == Lifecycle::Retired {
                effects.push(Effect::Disconnect(*device));
            }
            effects.push(Effect::FleetSummary);
        }
        Fact::OperatorChanged(OperatorChanged { operator, .. }) => {
            effects.push(cut(operator, OperatorCut::Renewed));
        }
        Fact::OperatorPasswordSet(OperatorPasswordSet { operator, by, .. }) => {
            // Who sets the own one is logged in, and is to get the answer.
            if by != operator {
                effects.push(cut(operator, OperatorCut::Renewed));
            }
        }
        Fact::OperatorRevoked(OperatorRevoked { operator, .. }) => {
            effects.push(cut(operator, OperatorCut::Revoked));
        }
        Fact::DeviceRegistered(_)
        | Fact::DeviceFlagged(_)
        | Fact::DeviceUnflagged(_)
        | Fact::CampaignCreated(_) => effects.push(Effect::FleetSummary),
        Fact::SiteOpened(_)
        | Fact::StorageLow(_)
        | Fact::StorageRecovered(_)
        | Fact::AlertRaised(_)
        | Fact::AlertCleared(_)
        | Fact::TicketOpened(_)
        | Fact::TicketClosed(_)
        | Fact::OperatorAdded(_)
        | Fact::KeyTrusted(_)
        | Fact::CommandAccepted(_)
        | Fact::CommandRefused(_)
        | Fact::CampaignDefaultsSet(_)
        | Fact::ApprovalPolicySet(_)
        | Fact::DeviceGreeted(_)
        | Fact::DeviceAssigned(_)
        | Fact::DeviceReported(_)
        | Fact::CampaignStaged(_)
        | Fact::CampaignStarted(_)
        | Fact::PhaseStarted(_)
        | Fact::PhasePassed(_)
        | Fact::CampaignMonitoring(_)
        | Fact::ExecutionAccepted(_)
        | Fact::ExecutionRetracted(_)
        | Fact::ExecutionHeld(_)
        | Fact::ExecutionContinued(_)
        | Fact::MemberJoined(_)
        | Fact::CampaignEdited(_)
        | Fact::PhaseAdvanced(_)
        | Fact::CampaignArchived(_)
        | Fact::GatePromoted(_)
        | Fact::ArmsCompared(_)
        | Fact::RetriesOrdered(_)
        | Fact::ScheduleEnded(_)
        | Fact::ExecutionExpedited(_)
        | Fact::RollbackAdvanced(_)
        | Fact::ReturnAccepted(_)
        | Fact::ApprovalRequested(_)
        | Fact::ApprovalGiven(_)
        | Fact::ApprovalGranted(_)
        | Fact::ApprovalDeclined(_)
        | Fact::ApprovalVoided(_)
        | Fact::ApprovalLost(_) => {}
        // A queued job may have been taken back.
        Fact::ExecutionDeferred(fact) => {
            if matches!(
                fact.cause,
                DeferralCause::Maintenance
                    | DeferralCause::MadeWay
                    | DeferralCause::CalledBack
                    | DeferralCause::Reconsidered
            ) {
                effects.push(Effect::DeviceJob(fact.device));
            }
        }
    }
}

fn cut(operator: &OperatorId, cause: OperatorCut) -> Effect {
    Effect::DisconnectOperator {
        operator: operator.clone(),
        cause,
    }
}
