//! What may happen to campaigns, and what must hold at the end of a step.

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    fact::{FailureCause, PauseCause},
};
use fleetfold_schemas::campaign::{Membership, OnEnd};

use super::{
    Book, Checked, breach,
    campaign::{Campaign, Status},
    course::{Step, TURNS_PER_STEP_MAX},
    demand,
    gate::{Doubt, Gates},
    group,
    member::Place,
    pace,
};

impl Book {
    /// Whether a change of a campaign was allowed.
    pub(super) fn check_status(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        fact: &Fact,
        step: &Step,
    ) -> Checked {
        let (was_asked, by_schedule) = (step.is_by_command(), step.is_by_schedule());
        let campaign = &self.campaigns[ix as usize];
        let is = |holds, invariant| campaign.demand(holds, invariant, fact);
        campaign.check_calendar(at_ms, fact)?;
        match fact {
            Fact::CampaignPaused(fact) if fact.cause == PauseCause::ScheduleEnded => is(
                campaign.status.is_rolling()
                    && by_schedule
                    && campaign.spec.schedule.on_end == OnEnd::Pause,
                "only the end of a schedule pauses by that",
            ),
            Fact::CampaignCanceled(fact) if fact.operator.is_none() => is(
                !campaign.status.is_final()
                    && by_schedule
                    && campaign.spec.schedule.on_end == OnEnd::Cancel,
                "only the end of a schedule cancels by itself",
            ),
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
                let goes_back = campaign.status == Status::RollingBack;
                is(
                    (campaign.status.is_rolling() || goes_back) && by_operator == was_asked,
                    "only what runs is paused, by a gate or a command",
                )?;
                if goes_back {
                    return self.check_back_paused(ix, fact);
                }
                demand(
                    gates.is_true(&fact.cause),
                    "a pause has a true cause",
                    || format!("{}: {:?} but {gates:?}", campaign.id(), fact.cause),
                )
            }
            Fact::CampaignResumed(_) => is(
                campaign.status.is_paused() && was_asked,
                "only a paused campaign is resumed, by a command",
            ),
            Fact::CampaignCanceled(_) => is(
                !campaign.status.is_final() && was_asked,
                "only what is not over is canceled, by a command",
            ),
            Fact::CampaignEdited(_) => is(
                campaign.status == Status::Draft && was_asked,
                "only a draft is edited, by a command",
            ),
            Fact::CampaignArchived(_) => is(
                campaign.status.is_final() && !campaign.is_archived && was_asked,
                "only what is over is archived, once, by a command",
            ),
            Fact::PhaseAdvanced(fact) => is(
                campaign.status.is_rolling()
                    && was_asked
                    && fact.phase as usize == campaign.phase
                    && !campaign.phases[campaign.phase].is_passed
                    && !campaign.is_last_phase(),
                "only a phase that runs, and is not the last, is cut short, by a command",
            ),
            Fact::RetriesOrdered(fact) => {
                let mut members = campaign.members().iter();
                let is_there = match fact.only {
                    None => members.any(|member| member.is_lost()),
                    Some(device) => campaign
                        .member(device)
                        .is_some_and(|member| member.is_lost() || member.place == Place::Removed),
                };
                is(
                    is_there
                        && was_asked
                        && !campaign.status.is_final()
                        && !campaign.is_finishing()
                        && !campaign.status.is_going_back(),
                    "only what is lost is retried by a command",
                )
            }
            Fact::ArmsCompared(fact) => campaign.check_verdict(at_ms, fact),
            Fact::GatePromoted(fact) => {
                let gates = Gates::of(campaign);
                demand(
                    campaign.status.is_rolling()
                        && gates.is_found_good(Doubt::Granted)
                        && (fact.failed, fact.succeeded) == campaign.fresh_evidence(),
                    "a release is taken for a good one only on evidence",
                    || format!("{}: {fact:?} but {gates:?}", campaign.id()),
                )
            }
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
                    && fact.cut as usize == campaign.cut(phase);
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
                    && Gates::of(campaign).reached.open == 0,
                "only a resolved last phase is monitored",
            ),
            Fact::CampaignCompleted(_) => is(
                !campaign.status.is_final()
                    && campaign.is_last_phase()
                    && campaign.phases[campaign.phase].is_passed,
                "a campaign completes once its last phase has passed",
            ),
            Fact::CampaignFailed(fact) => {
                let (phase, is_over) = match fact.cause {
                    FailureCause::Deadline { phase } => {
                        (phase, campaign.deadline_ms().is_some_and(|at| at <= at_ms))
                    }
                    FailureCause::ScheduleEnded { phase } => (phase, campaign.is_finished()),
                };
                is(
                    is_over && phase as usize == campaign.phase && !campaign.status.is_final(),
                    "a campaign fails at its deadline, or after the end of its schedule",
                )
            }
            _ => Ok(()),
        }
    }

    fn check_pass(&self, at_ms: u64, campaign: &Campaign) -> Checked {
        let gates = Gates::of(campaign);
        let phase = campaign.phases[campaign.phase];
        let Some(watched_from_ms) = phase.watched_from_ms().filter(|_| !phase.is_passed) else {
            return breach("only a running phase passes", format!("{campaign:?}"));
        };
        let watched_from_ms = watched_from_ms + campaign.held_for_ms(at_ms);
        let passes = !gates.must_pause()
            && campaign.status.is_rolling()
            && gates.may_pass(watched_from_ms, at_ms, Doubt::Granted);
        let is_over =
            campaign.deadline_ms().is_some_and(|at| at <= at_ms) || campaign.is_finished();
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
            "a campaign is for every device that fits its groups",
            || format!("{fact:?}, but there are {members}"),
        )
    }

    /// What must hold at the end of every step.
    pub(super) fn check_step_end(&mut self, at_ms: u64, step: &Step) -> Checked {
        step.check_end()?;
        self.check_approvals(at_ms, step)?;
        self.check_watches(at_ms)?;
        self.check_joined(step)?;
        self.count_limits(at_ms);
        for campaign in &self.campaigns {
            campaign.check_on_time(at_ms)?;
            // Gates have nothing to say any more where nothing is to come.
            if campaign.status.is_rolling() && !campaign.is_finishing() {
                self.check_rolling(at_ms, campaign, step)?;
            }
            campaign.check_way_back(at_ms, step.turns >= TURNS_PER_STEP_MAX)?;
            if campaign.status == Status::Canceled {
                demand(
                    !campaign.members.iter().any(|m| m.place.is_queued()),
                    "a canceled campaign offers nothing",
                    || campaign.id().to_string(),
                )?;
            }
        }
        Ok(())
    }

    /// Whoever has come to fit a dynamic campaign takes part.
    fn check_joined(&self, step: &Step) -> Checked {
        for device in &step.described {
            let known = self.fleet.get(*device);
            let outside = self.campaigns.iter().find(|campaign| {
                campaign.spec.membership == Membership::Dynamic
                    && campaign.started_ms.is_some()
                    && !campaign.status.is_final()
                    && !campaign.status.is_going_back()
                    && campaign.member(*device).is_none()
                    && group::group_of(&campaign.spec, &campaign.groups, known).is_some()
            });
            demand(
                outside.is_none(),
                "whoever comes to fit a dynamic campaign joins it",
                || format!("{known:?} is not in {outside:?}"),
            )?;
        }
        Ok(())
    }

    pub(super) fn check_may_join(&self, ix: CampaignIx, device: DeviceIx) -> Checked {
        let campaign = self.campaign(ix);
        demand(
            campaign.spec.membership == Membership::Dynamic
                && campaign.started_ms.is_some()
                && !campaign.status.is_final()
                && !campaign.status.is_going_back()
                && campaign.member(device).is_none(),
            "a device joins a dynamic campaign under way, once",
            || format!("{} in {}", self.fleet.get(device).id, campaign.id()),
        )
    }

    /// For the figures: how often campaigns had to wait, and for what.
    fn count_limits(&mut self, at_ms: u64) {
        for campaign in &self.campaigns {
            let is_held = |limit| {
                let mut members = campaign.members().iter();
                pace::limit(campaign, at_ms, false) == Some(limit)
                    && members.any(|it| it.place == Place::Waiting && campaign.is_reached(it))
            };
            if !campaign.may_start() || campaign.is_finishing() {
                continue;
            }
            self.counts.held_by_rate += u64::from(is_held(pace::Limit::Rate));
            self.counts.held_by_in_flight += u64::from(is_held(pace::Limit::InFlight));
            self.counts.held_by_exposure += u64::from(is_held(pace::Limit::Exposure));
        }
    }

    fn check_rolling(&self, at_ms: u64, campaign: &Campaign, step: &Step) -> Checked {
        let phase = campaign.phases[campaign.phase];
        let is_frozen = campaign.frozen_until_ms.is_some();
        let Some(watched_from_ms) = phase.watched_from_ms() else {
            return demand(is_frozen, "a campaign that rolls is in a phase", || {
                campaign.id().to_string()
            });
        };
        let watched_from_ms = watched_from_ms + campaign.held_for_ms(at_ms);
        let gates = Gates::of(campaign);
        demand(
            !gates.must_pause(),
            "a gate that is reached pauses in the same step",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        demand(
            phase.is_passed && is_frozen || !gates.may_pass(watched_from_ms, at_ms, Doubt::Denied),
            "a phase that may pass passes",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        demand(
            !gates.is_found_good(Doubt::Denied),
            "a release that is found good is taken for a good one at once",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        if is_frozen
            || pace::may_hold(campaign, at_ms).is_some()
            || step.turns >= TURNS_PER_STEP_MAX
        {
            return Ok(());
        }
        demand(
            gates.reached.waiting == 0,
            "whoever is in a running phase is offered the update",
            || format!("{}: {gates:?}", campaign.id()),
        )?;
        let forgotten = campaign.members.iter().find(|member| {
            member.place == Place::Deferred
                && !Campaign::waits_for_window(member, at_ms)
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
