//! What the campaigns of a run came to, to see that a run has seen everything.

use fleetfold_core::{
    Fact,
    fact::{DeferralCause, PauseCause, RemovalCause, RollbackCause, Trouble, VoidCause},
};
use fleetfold_schemas::device::WaitingFor;

#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub pauses_by_threshold: u64,
    pub pauses_by_evidence: u64,
    pub pauses_unreachable: u64,
    pub pauses_by_operator: u64,
    pub resumes: u64,
    pub retries: u64,
    pub timeouts: u64,
    pub not_contacted: u64,
    pub retracted: u64,
    pub deferred: u64,
    pub rejected: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub already: u64,
    pub superseded: u64,
    pub starts_limited: u64,
    pub pauses_by_bad_rate: u64,
    pub pauses_by_stratum: u64,
    pub promoted: u64,
    pub joined: u64,
    pub expedited: u64,
    pub excluded: u64,
    pub retries_ordered: u64,
    pub edited: u64,
    pub advanced: u64,
    pub archived: u64,
    pub made_way: u64,
    pub rollbacks_by_operator: u64,
    pub rollbacks_by_threshold: u64,
    pub rolled_back_in_phases: u64,
    pub rollback_advanced: u64,
    pub returned: u64,
    pub returned_by_itself: u64,
    pub return_failed: u64,
    pub return_retried: u64,
    pub kept: u64,
    pub return_deferred: u64,
    pub pauses_of_rollback: u64,
    /// To the image that they came from, which is not the newest that there is a way to.
    pub sent_further_back: u64,
    pub approvals_asked: u64,
    pub approvals_given: u64,
    pub approvals_granted: u64,
    pub approvals_declined: u64,
    pub approvals_expired: u64,
    pub approvals_edited: u64,
    pub approvals_overtaken: u64,
    pub approvals_unasked: u64,
    pub approvals_lost: u64,
    pub alerts_of_failures: u64,
    pub alerts_of_timeouts: u64,
    pub alerts_of_stalls: u64,
    pub alerts_of_silence: u64,
    pub alerts_of_pauses: u64,
    pub alerts_cleared: u64,
    pub tickets_opened: u64,
    pub tickets_closed: u64,
    pub winners: u64,
    pub verdicts: u64,
    /// Steps at whose end a campaign had to wait for its rates.
    pub held_by_rate: u64,
    pub held_by_in_flight: u64,
    pub held_by_exposure: u64,
    pub deferred_for_window: u64,
    pub windows_missed: u64,
    pub waits_for_window: u64,
    pub waits_for_consent: u64,
    pub waits_for_space: u64,
    pub waits_for_power: u64,
    pub called_back: u64,
    pub waited_in_vain: u64,
    pub consent_denied: u64,
    pub could_not_wait: u64,
    pub alerts_of_windows: u64,
    pub freezes: u64,
    pub schedules_ended: u64,
}

impl Counts {
    pub(super) const fn add_time(&mut self, fact: &Fact) {
        match fact {
            Fact::CampaignFrozen(_) => self.freezes += 1,
            Fact::ScheduleEnded(_) => self.schedules_ended += 1,
            _ => {}
        }
    }

    /// Counts what a fact says of a campaign or of one of its members.
    pub(super) fn add(&mut self, fact: &Fact) {
        let count = match fact {
            Fact::CampaignPaused(fact) => match &fact.cause {
                PauseCause::Operator { .. } => &mut self.pauses_by_operator,
                PauseCause::FailureThreshold { .. } => &mut self.pauses_by_threshold,
                PauseCause::FailureEvidence { .. } => &mut self.pauses_by_evidence,
                PauseCause::BadRate { .. } => &mut self.pauses_by_bad_rate,
                PauseCause::StratumEvidence { .. } => &mut self.pauses_by_stratum,
                PauseCause::SuccessUnreachable { .. } => &mut self.pauses_unreachable,
                PauseCause::RollbackFailing { .. } => &mut self.pauses_of_rollback,
                PauseCause::Health { .. } | PauseCause::ScheduleEnded => return,
            },
            Fact::CampaignResumed(_) => &mut self.resumes,
            Fact::ExecutionQueued(fact) if fact.attempt > 1 => &mut self.retries,
            Fact::ExecutionSucceeded(fact) if fact.already => &mut self.already,
            Fact::ExecutionSucceeded(_) => &mut self.succeeded,
            Fact::ExecutionFailed(_) => &mut self.failed,
            Fact::ExecutionRejected(_) => &mut self.rejected,
            Fact::ExecutionTimedOut(_) => &mut self.timeouts,
            Fact::ExecutionRemoved(fact) => match fact.cause {
                RemovalCause::NotContacted => &mut self.not_contacted,
                RemovalCause::Superseded => &mut self.superseded,
                RemovalCause::PreconditionUnmet => &mut self.waited_in_vain,
                RemovalCause::ConsentDenied => &mut self.consent_denied,
                RemovalCause::ConditionsUnsupported => &mut self.could_not_wait,
                RemovalCause::Retired
                | RemovalCause::ScheduleEnded
                | RemovalCause::NoPath
                | RemovalCause::Flagged
                | RemovalCause::Hardware => return,
            },
            Fact::ExecutionRetracted(_) => &mut self.retracted,
            Fact::ExecutionDeferred(fact) if fact.cause == DeferralCause::MadeWay => {
                &mut self.made_way
            }
            Fact::ExecutionDeferred(fact) if fact.cause == DeferralCause::Window => {
                &mut self.deferred_for_window
            }
            Fact::ExecutionDeferred(fact) if fact.cause == DeferralCause::CalledBack => {
                &mut self.called_back
            }
            Fact::ExecutionDeferred(_) => &mut self.deferred,
            Fact::WindowRenewed(_) => &mut self.windows_missed,
            Fact::ExecutionHeld(fact) => match fact.waiting_for {
                WaitingFor::Window => &mut self.waits_for_window,
                WaitingFor::Consent => &mut self.waits_for_consent,
                WaitingFor::Space => &mut self.waits_for_space,
                WaitingFor::Battery | WaitingFor::Power => &mut self.waits_for_power,
                WaitingFor::Start | WaitingFor::Other => return,
            },
            Fact::GatePromoted(_) => &mut self.promoted,
            Fact::MemberJoined(_) => &mut self.joined,
            Fact::ExecutionExpedited(_) => &mut self.expedited,
            Fact::DeviceExcluded(_) => &mut self.excluded,
            Fact::RetriesOrdered(_) => &mut self.retries_ordered,
            Fact::CampaignEdited(_) => &mut self.edited,
            Fact::PhaseAdvanced(_) => &mut self.advanced,
            Fact::CampaignArchived(_) => &mut self.archived,
            Fact::RollbackStarted(fact) => match fact.cause {
                RollbackCause::Operator { .. } => &mut self.rollbacks_by_operator,
                RollbackCause::FailureThreshold { .. } => &mut self.rollbacks_by_threshold,
            },
            Fact::RollbackAdvanced(_) => &mut self.rollback_advanced,
            Fact::Returned(fact) if fact.already => &mut self.returned_by_itself,
            Fact::Returned(_) => &mut self.returned,
            Fact::ReturnFailed(_) => &mut self.return_failed,
            Fact::ReturnQueued(fact) if fact.attempt > 1 => &mut self.return_retried,
            Fact::ReturnSkipped(_) => &mut self.kept,
            Fact::ReturnDeferred(_) => &mut self.return_deferred,
            Fact::ArmsCompared(_) => &mut self.verdicts,
            Fact::AlertRaised(fact) => match fact.trouble {
                Trouble::FailureRate { .. } => &mut self.alerts_of_failures,
                Trouble::Timeouts { .. } => &mut self.alerts_of_timeouts,
                Trouble::Stalled { .. } => &mut self.alerts_of_stalls,
                Trouble::DevicesOffline { .. } => &mut self.alerts_of_silence,
                Trouble::Paused { .. } => &mut self.alerts_of_pauses,
                Trouble::WindowNeverOpens { .. } => &mut self.alerts_of_windows,
                Trouble::PerformanceDegradation { .. } => return,
            },
            Fact::AlertCleared(_) => &mut self.alerts_cleared,
            Fact::TicketOpened(_) => &mut self.tickets_opened,
            Fact::TicketClosed(_) => &mut self.tickets_closed,
            Fact::ApprovalRequested(_) => &mut self.approvals_asked,
            Fact::ApprovalGiven(_) => &mut self.approvals_given,
            Fact::ApprovalGranted(_) => &mut self.approvals_granted,
            Fact::ApprovalDeclined(_) => &mut self.approvals_declined,
            Fact::ApprovalVoided(fact) => match fact.cause {
                VoidCause::Expired => &mut self.approvals_expired,
                VoidCause::Edited => &mut self.approvals_edited,
                VoidCause::Overtaken => &mut self.approvals_overtaken,
                VoidCause::Asker => &mut self.approvals_unasked,
            },
            Fact::ApprovalLost(_) => &mut self.approvals_lost,
            _ => return,
        };
        *count += 1;
    }
}
