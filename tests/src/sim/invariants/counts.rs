//! What the campaigns of a run came to, to see that a run has seen everything.

use fleetfold_core::{
    Fact,
    fact::{PauseCause, RemovalCause},
};

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
}

impl Counts {
    /// Counts what a fact says of a campaign or of one of its members.
    pub(super) fn add(&mut self, fact: &Fact) {
        let count = match fact {
            Fact::CampaignPaused(fact) => match &fact.cause {
                PauseCause::Operator { .. } => &mut self.pauses_by_operator,
                PauseCause::FailureThreshold { .. } => &mut self.pauses_by_threshold,
                PauseCause::FailureEvidence { .. }
                | PauseCause::BadRate { .. }
                | PauseCause::StratumEvidence { .. } => &mut self.pauses_by_evidence,
                PauseCause::SuccessUnreachable { .. } => &mut self.pauses_unreachable,
                PauseCause::RollbackFailing { .. } => return,
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
                RemovalCause::Retired => return,
            },
            Fact::ExecutionRetracted(_) => &mut self.retracted,
            Fact::ExecutionDeferred(_) => &mut self.deferred,
            _ => return,
        };
        *count += 1;
    }
}
