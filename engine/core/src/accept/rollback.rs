//! The way back of a campaign, as an operator orders it and as devices tell of it.

use alloc::{format, vec::Vec};

use fleetfold_schemas::{
    Name, OperatorId,
    campaign::{BasisPoints, PHASES_MAX},
    code::{Code, Rejection},
    command::RollbackCampaign,
    device::{DeviceError, ErrorClass, JobReport, JobState, Running},
    mutant::{Mutant, is_on},
};

use super::{
    campaign::{find, invalid},
    device::not_attested,
};
use crate::{
    CampaignIx, DeviceIx, Fact, ReleaseIx, State, Timestamp,
    decide::retry_at,
    fact::{KeptCause, ReturnAccepted, ReturnFailed, ReturnSkipped, Returned, RollbackCause},
    rollback,
    state::{Member, MemberState, ReturnStep, Status},
};

/// Bugs are often found when a campaign is long over, so whatever has put its releases on devices can be rolled back,
/// once.
pub fn order(
    state: &State,
    operator: &OperatorId,
    command: &RollbackCampaign,
    version: Option<u64>,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let (campaign, row) = find(state, &command.campaign, version)?;
    let may_go_back = match row.status {
        Status::Draft
        | Status::Staged { .. }
        | Status::RollingBack
        | Status::RollbackPaused { .. }
        | Status::RolledBack => false,
        Status::Rolling
        | Status::Paused { .. }
        | Status::Monitoring
        | Status::Completed
        | Status::Canceled { .. }
        | Status::Failed { .. } => row.started_at.is_some() && row.rollback.is_none(),
    };
    if !may_go_back || row.is_archived {
        return Err(invalid(row, "rolled back"));
    }
    check_phases(&command.phases)?;
    let cause = RollbackCause::Operator {
        operator: operator.clone(),
        reason: command.reason,
    };
    rollback::start(campaign, row, cause, &command.phases, facts);
    Ok(())
}

fn check_phases(phases: &[BasisPoints]) -> Result<(), Rejection> {
    let is_rising = phases.is_sorted_by(|before, after| before < after);
    let is_positive = phases.first().is_none_or(|first| first.get() > 0);
    if is_rising && is_positive && phases.len() <= PHASES_MAX {
        return Ok(());
    }
    Err(Rejection::new(
        Code::Malformed,
        format!(
            "phases: at most {PHASES_MAX} percentages, each above 0 and above the one before it"
        ),
    ))
}

/// A member on its way back, and what its device says.
pub struct Returning<'s> {
    pub state: &'s State,
    pub campaign: CampaignIx,
    pub member: &'s Member,
    pub device: DeviceIx,
    pub running: &'s Running,
}

impl Returning<'_> {
    /// What a snapshot means for it.
    pub fn follow(&self, now: Timestamp, job: Option<&JobReport>, facts: &mut Vec<Fact>) {
        let job = job.filter(|job| job.sequence == self.member.job);
        match self.member.state {
            MemberState::Returning { to, step } => self.returning(now, to, step, job, facts),
            // Late, but back.
            MemberState::ReturnFailed { to } => {
                let is_back = job.is_some_and(|job| job.state == JobState::Succeeded);
                if is_back && self.runs(to) {
                    facts.push(self.returned(false));
                }
            }
            _ => {}
        }
    }

    fn returning(
        &self,
        now: Timestamp,
        to: ReleaseIx,
        step: ReturnStep,
        job: Option<&JobReport>,
        facts: &mut Vec<Fact>,
    ) {
        let (campaign, device) = (self.campaign, self.device);
        let is_open = matches!(step, ReturnStep::Queued | ReturnStep::InProgress);
        let Some(job) = job else {
            // Gone back by itself before it took the job.
            if step != ReturnStep::InProgress && self.runs(to) {
                facts.push(self.returned(true));
            }
            return;
        };
        match &job.state {
            JobState::Succeeded if self.runs(to) => facts.push(self.returned(false)),
            JobState::InProgress { .. } => {
                // It may have been withdrawn while word of its acceptance was on the way.
                let is_news = !matches!(step, ReturnStep::InProgress | ReturnStep::Retrying { .. });
                if is_news {
                    facts.push(ReturnAccepted { campaign, device }.into());
                }
            }
            JobState::Canceled if is_open && self.is_canceled() => {
                let cause = KeptCause::Canceled;
                let skipped = ReturnSkipped {
                    campaign,
                    device,
                    cause,
                };
                facts.push(skipped.into());
            }
            _ if !is_open => {}
            JobState::Succeeded => facts.push(self.failed(now, not_attested())),
            JobState::Failed { error, .. } | JobState::Rejected { error } => {
                facts.push(self.failed(now, error.clone()));
            }
            JobState::Canceled => {
                let error = DeviceError {
                    class: ErrorClass::Rejected,
                    code: Name::parse("canceled_by_device").expect("our own names are valid"),
                    message: "the device canceled a job that the campaign did not".into(),
                };
                facts.push(self.failed(now, error));
            }
        }
    }

    fn is_canceled(&self) -> bool {
        let row = self.state.campaigns.get(self.campaign);
        matches!(row.status, Status::Canceled { .. })
    }

    fn runs(&self, release: ReleaseIx) -> bool {
        self.running.digest == self.state.releases.get(release).image
            || is_on(Mutant::ReturnNotAttested)
    }

    fn returned(&self, already: bool) -> Fact {
        Returned {
            campaign: self.campaign,
            device: self.device,
            already,
        }
        .into()
    }

    fn failed(&self, now: Timestamp, error: DeviceError) -> Fact {
        let retry_at = retry_at(self.state, self.campaign, self.member, error.class, now);
        ReturnFailed {
            campaign: self.campaign,
            device: self.device,
            error,
            retry_at,
        }
        .into()
    }
}
