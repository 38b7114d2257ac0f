//! What may happen to campaigns and executions, and what must hold at the end of a step.

use fleetfold_core::{
    CampaignIx, Fact,
    fact::{FailureCause, PauseCause, RemovalCause},
};

use super::{
    Book, Checked, breach,
    campaign::{Campaign, STARTS_PER_STEP_MAX, Status, Step},
    demand,
    fleet::Device,
    gate::Gates,
    member::{Member, Place},
};

impl Book {
    /// Whether a change of a campaign was allowed.
    pub(super) fn check_status(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        fact: &Fact,
        was_asked: bool,
    ) -> Checked {
        let campaign = &self.campaigns[ix as usize];
        let is = |holds, invariant| campaign.demand(holds, invariant, fact);
        match fact {
            Fact::CampaignStaged(_) => is(
                campaign.status == Status::Draft && was_asked,
                "only a draft is started, by a command",
            ),
            Fact::CampaignStarted(_) => is(
                campaign.status == Status::Staged,
                "only a staged campaign begins",
            ),
            Fact::CampaignPaused(fact) => {
                let gates = Gates::of(campaign);
                let by_operator = matches!(fact.cause, PauseCause::Operator { .. });
                is(
                    campaign.status.is_rolling() && by_operator == was_asked,
                    "only what runs is paused, by a gate or a command",
                )?;
                demand(
                    gates.is_true(&fact.cause),
                    "a pause has a true cause",
                    || format!("{}: {:?} but {gates:?}", campaign.id(), fact.cause),
                )
            }
            Fact::CampaignResumed(_) => is(
                matches!(campaign.status, Status::Paused(_)) && was_asked,
                "only a paused campaign is resumed, by a command",
            ),
            Fact::CampaignCanceled(_) => is(
                !campaign.status.is_final() && was_asked,
                "only what is not over is canceled, by a command",
            ),
            _ => self.check_progress(at_ms, campaign, fact),
        }
    }

    /// Whether a campaign may be as far as that.
    fn check_progress(&self, at_ms: u64, campaign: &Campaign, fact: &Fact) -> Checked {
        let is = |holds, invariant| campaign.demand(holds, invariant, fact);
        match fact {
            Fact::PhaseStarted(fact) => {
                let phase = fact.phase as usize;
                let before = phase.checked_sub(1).map(|at| campaign.phases[at]);
                let is_next = campaign.phases[phase].started_ms.is_none()
                    && before.is_none_or(|before| before.is_passed)
                    && fact.cut as usize == campaign.phases[phase].cut;
                is(
                    is_next && campaign.status.is_rolling(),
                    "phases run in their order, with their own cut",
                )
            }
            Fact::PhasePassed(fact) => {
                is(
                    fact.phase as usize == campaign.phase,
                    "phases run in their order, with their own cut",
                )?;
                self.check_pass(at_ms, campaign)
            }
            Fact::CampaignMonitoring(_) => is(
                campaign.status == Status::Rolling
                    && campaign.is_last_phase()
                    && Gates::of(campaign).sums.open == 0,
                "only a resolved last phase is monitored",
            ),
            Fact::CampaignCompleted(_) => is(
                !campaign.status.is_final()
                    && campaign.is_last_phase()
                    && campaign.phases[campaign.phase].is_passed,
                "a campaign completes once its last phase has passed",
            ),
            Fact::CampaignFailed(fact) => {
                let FailureCause::Deadline { phase } = fact.cause;
                is(
                    campaign.deadline_ms().is_some_and(|at| at <= at_ms)
                        && phase as usize == campaign.phase
                        && !campaign.status.is_final(),
                    "a campaign fails at its deadline",
                )
            }
            _ => Ok(()),
        }
    }

    fn check_pass(&self, at_ms: u64, campaign: &Campaign) -> Checked {
        let gates = Gates::of(campaign);
        let phase = campaign.phases[campaign.phase];
        let Some(started_ms) = phase.started_ms.filter(|_| !phase.is_passed) else {
            return breach("only a running phase passes", format!("{campaign:?}"));
        };
        let passes = !gates.must_pause()
            && campaign.status.is_rolling()
            && gates.may_pass(started_ms, at_ms, campaign.is_last_phase());
        let is_over = campaign.deadline_ms().is_some_and(|at| at <= at_ms);
        let passes_at_deadline =
            is_over && campaign.is_last_phase() && gates.is_success_at_deadline();
        demand(
            passes || passes_at_deadline,
            "a phase passes only when it may",
            || format!("{} at {at_ms}: {gates:?}", campaign.id()),
        )
    }

    pub(super) fn check_enrolled(&self, ix: CampaignIx, fact: &Fact) -> Checked {
        let Fact::CampaignStarted(fact) = fact else {
            return Ok(());
        };
        let members = self.campaigns[ix as usize].members.len();
        demand(
            fact.devices as usize == members,
            "a campaign is for every device of its model",
            || format!("{fact:?}, but there are {members}"),
        )
    }

    pub(super) fn check_execution(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        at: usize,
        fact: &Fact,
    ) -> Checked {
        let campaign = &self.campaigns[ix as usize];
        let member = &campaign.members[at];
        let device = self.fleet.get(member.device);
        let target = self.releases[campaign.release as usize].image;
        let case = Case {
            campaign,
            member,
            device,
            fact,
        };
        let is = |holds, invariant| case.demand(holds, invariant);
        let is_over = campaign.deadline_ms().is_some_and(|due| due <= at_ms);
        let is_due = campaign.due_ms(member).is_some_and(|due| due <= at_ms) || is_over;
        match fact {
            Fact::ExecutionQueued(fact) => case.check_offer(at_ms, at, fact.attempt),
            Fact::ExecutionAccepted(_) => is(
                matches!(
                    member.place,
                    Place::Queued | Place::Removed | Place::Canceled | Place::Deferred
                ),
                "only an offered job is accepted",
            ),
            Fact::ExecutionSucceeded(_) => is(
                device.running == Some(target),
                "success is attested by the running digest",
            ),
            Fact::ExecutionFailed(fact) => {
                is(member.place == Place::InProgress, "only what runs fails")?;
                self.check_retry(campaign, member, at_ms, fact.retry_at, false)
            }
            Fact::ExecutionTimedOut(fact) => {
                is(
                    member.place == Place::InProgress && is_due,
                    "only what is overdue times out",
                )?;
                self.check_retry(campaign, member, at_ms, fact.retry_at, is_over)
            }
            Fact::ExecutionRejected(_) => is(
                member.place.is_open() || member.place == Place::Deferred,
                "only an open job is rejected",
            ),
            Fact::ExecutionRemoved(fact) => case.check_withdrawal(&fact.cause, is_due),
            Fact::ExecutionRetracted(_) => is(
                member.place == Place::Succeeded
                    && device.running != Some(target)
                    && !campaign.status.is_final(),
                "only a success that is gone is retracted",
            ),
            Fact::ExecutionCanceled(_) => is(
                member.place.may_change(),
                "only what is not over is canceled",
            ),
            _ => Ok(()),
        }
    }

    /// The wait is within what doubles with every attempt, and there are only so many.
    fn check_retry(
        &self,
        campaign: &Campaign,
        member: &Member,
        at_ms: u64,
        retry_at: Option<u64>,
        is_over: bool,
    ) -> Checked {
        let handling = &campaign.spec.failure_handling;
        let has_more = member.attempts <= u32::from(handling.max_retries)
            && !campaign.status.is_final()
            && !is_over;
        let wait_ms = handling.retry_backoff_hours.ms() << member.attempts.saturating_sub(1);
        let is_within = |at: u64| (at_ms..=at_ms + wait_ms).contains(&at);
        let is_expected = retry_at.is_some() == has_more && retry_at.is_none_or(is_within);
        let is_given_up_at_deadline = is_over && retry_at.is_none();
        demand(
            is_expected || is_given_up_at_deadline,
            "a retry is due when it should be",
            || {
                format!(
                    "{}: {retry_at:?} after {at_ms}, within {wait_ms} ms",
                    campaign.id()
                )
            },
        )
    }

    /// What must hold at the end of every step.
    pub(super) fn check_step_end(&self, at_ms: u64, step: &Step) -> Checked {
        for campaign in &self.campaigns {
            if campaign.status.is_rolling() {
                self.check_rolling(at_ms, campaign, step)?;
            }
            if campaign.status == Status::Canceled {
                demand(
                    !campaign.members.iter().any(|m| m.place == Place::Queued),
                    "a canceled campaign offers nothing",
                    || campaign.id().to_string(),
                )?;
            }
        }
        Ok(())
    }

    fn check_rolling(&self, at_ms: u64, campaign: &Campaign, step: &Step) -> Checked {
        let phase = campaign.phases[campaign.phase];
        let Some(started_ms) = phase.started_ms else {
            return breach(
                "a campaign that rolls is in a phase",
                campaign.id().to_string(),
            );
        };
        let gates = Gates::of(campaign);
        demand(
            !gates.must_pause(),
            "a gate that is reached pauses in the same step",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        demand(
            !gates.may_pass(started_ms, at_ms, campaign.is_last_phase()),
            "a phase that may pass passes",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        demand(
            gates.sums.waiting == 0 || step.starts >= STARTS_PER_STEP_MAX,
            "whoever is in a running phase is offered the update",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        let forgotten = campaign.members.iter().find(|member| {
            member.place == Place::Deferred
                && self.fleet.get(member.device).is_available()
                && self.open_on(member.device).is_empty()
        });
        demand(
            forgotten.is_none(),
            "a free device is offered what it waited for",
            || format!("{}: {forgotten:?}", campaign.id()),
        )
    }
}

impl Campaign {
    /// Says what is said to have happened, if it must not have.
    fn demand(&self, holds: bool, invariant: &'static str, fact: &Fact) -> Checked {
        demand(holds, invariant, || {
            format!("{} is {:?}: {fact:?}", self.id(), self.status)
        })
    }
}

/// Something that is said to have happened to a member.
struct Case<'a> {
    campaign: &'a Campaign,
    member: &'a Member,
    device: &'a Device,
    fact: &'a Fact,
}

impl Case<'_> {
    fn demand(&self, holds: bool, invariant: &'static str) -> Checked {
        demand(holds, invariant, || {
            format!(
                "{} in {} ({:?}) is {:?}: {:?}",
                self.device.id,
                self.campaign.id(),
                self.campaign.status,
                self.member.place,
                self.fact
            )
        })
    }

    /// Whether the member, who is the `at`th, may be offered the update.
    fn check_offer(&self, at_ms: u64, at: usize, attempt: u32) -> Checked {
        self.demand(
            self.campaign.status.is_rolling(),
            "no new execution while paused or over",
        )?;
        self.demand(
            at < self.campaign.phases[self.campaign.phase].cut
                && self.campaign.phases[self.campaign.phase]
                    .started_ms
                    .is_some(),
            "no job outside its cohort",
        )?;
        self.demand(
            self.device.is_available(),
            "no job for a device in maintenance or retired",
        )?;
        self.demand(
            attempt == self.member.attempts + 1
                && attempt <= 1 + u32::from(self.campaign.spec.failure_handling.max_retries),
            "no more attempts than allowed",
        )?;
        self.demand(
            match self.member.place {
                Place::Waiting | Place::Deferred => true,
                Place::Retrying { at_ms: due } => due <= at_ms,
                _ => false,
            },
            "an attempt begins when it is due",
        )?;
        self.demand(
            !Gates::of(self.campaign).must_pause(),
            "a gate that is reached pauses before anything else",
        )
    }

    fn check_withdrawal(&self, cause: &RemovalCause, is_due: bool) -> Checked {
        match cause {
            RemovalCause::NotContacted => self.demand(
                self.member.place == Place::Queued && is_due,
                "only what was offered for long enough is withdrawn",
            ),
            RemovalCause::Retired | RemovalCause::Superseded => self.demand(
                !self.member.place.is_open() || self.member.place == Place::Queued,
                "only what is not accepted is withdrawn",
            ),
        }
    }
}
