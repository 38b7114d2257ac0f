//! Schedules and freezes: what may happen when, from the descriptions alone.

use fleetfold_core::Fact;
use fleetfold_schemas::campaign::{FreezeBound, OnEnd};

use super::{
    Checked,
    campaign::{Campaign, Status},
    demand,
    member::Place,
};

impl Campaign {
    /// Devices may be offered something, as far as its state goes.
    pub(super) const fn may_start(&self) -> bool {
        self.status.is_rolling() && self.frozen_until_ms.is_none()
    }

    /// Its time is over, and what is under way comes to its end.
    pub(super) fn is_finishing(&self) -> bool {
        self.has_schedule_ended && self.spec.schedule.on_end == OnEnd::Finish
    }

    fn is_past_its_end(&self, at_ms: u64) -> bool {
        let end = self.spec.schedule.end;
        end.is_some_and(|end| end.ms() <= at_ms)
    }

    fn is_under_way(&self) -> bool {
        self.status.is_rolling() || matches!(self.status, Status::Paused(_))
    }

    pub(super) fn freeze_times(&self) -> impl Iterator<Item = (u64, u64)> {
        let bound = |bound: &FreezeBound| match bound {
            FreezeBound::Moment(moment) => moment.ms(),
            FreezeBound::Day(day) => unreachable!("nobody here freezes by days: {day}"),
        };
        let freezes = self.spec.freezes.iter();
        freezes.map(move |freeze| (bound(&freeze.from), bound(&freeze.to)))
    }

    /// When a freeze that lasts at this time is over, by its description.
    fn frozen_at(&self, at_ms: u64) -> Option<u64> {
        let lasting = self
            .freeze_times()
            .filter(|(from, to)| (*from..*to).contains(&at_ms));
        lasting.map(|(_, to)| to).max()
    }

    /// The watch time stands still no more, unless something else holds it.
    pub(super) fn watch_again(&mut self, at_ms: u64) {
        if self.frozen_until_ms.is_some() {
            return;
        }
        let held_ms = self.held_ms.take().unwrap_or(at_ms);
        // One that has not begun has missed nothing.
        let started_ms = self.phases[self.phase].started_ms.unwrap_or(at_ms);
        self.phases[self.phase].unwatched_ms += at_ms - held_ms.max(started_ms);
    }

    /// How long the watch time of the running phase stands still by now.
    pub(super) fn held_for_ms(&self, at_ms: u64) -> u64 {
        let started_ms = self.phases[self.phase].started_ms;
        let since_ms = self
            .held_ms
            .zip(started_ms)
            .map(|(held, started)| held.max(started));
        since_ms.map_or(0, |since| at_ms.saturating_sub(since))
    }

    /// Its time is over, and nothing is under way any more.
    pub(super) fn is_finished(&self) -> bool {
        let phases = self.spec.phases.len();
        let mut members = self.members.iter().filter(|it| it.phase < phases);
        self.is_finishing() && !members.any(|member| member.place.is_open())
    }

    pub(super) fn go_by_the_calendar(&mut self, at_ms: u64, fact: &Fact) {
        match fact {
            Fact::CampaignFrozen(fact) => {
                self.frozen_until_ms = Some(fact.until);
                self.held_ms.get_or_insert(at_ms);
            }
            Fact::CampaignThawed(_) => {
                self.frozen_until_ms = None;
                self.resumed_ms = Some(at_ms);
                self.watch_again(at_ms);
            }
            _ => self.has_schedule_ended = true,
        }
    }

    /// Whether the calendar allows what has happened to a campaign.
    pub(super) fn check_calendar(&self, at_ms: u64, fact: &Fact) -> Checked {
        let is = |holds: bool, invariant: &'static str| {
            demand(holds, invariant, || {
                format!("{} is {:?} at {at_ms}: {fact:?}", self.id(), self.status)
            })
        };
        let is_early = self
            .spec
            .schedule
            .start
            .is_some_and(|start| at_ms < start.ms());
        let is_over = self.is_past_its_end(at_ms);
        match fact {
            Fact::CampaignStarted(_) => is(!is_early, "no campaign begins before its schedule"),
            Fact::CampaignFrozen(fact) => is(
                self.status.is_rolling()
                    && self.frozen_until_ms.is_none()
                    && self.frozen_at(at_ms) == Some(fact.until),
                "a campaign is frozen when its description says so",
            ),
            Fact::CampaignThawed(_) => is(
                self.status.is_rolling() && self.frozen_until_ms.is_some_and(|at| at <= at_ms),
                "a freeze lasts as long as it should",
            ),
            Fact::ScheduleEnded(fact) => is(
                is_over
                    && !self.has_schedule_ended
                    && self.is_under_way()
                    && fact.on_end == self.spec.schedule.on_end,
                "a schedule ends once, when it should",
            ),
            Fact::ExecutionQueued(_) | Fact::PhaseStarted(_) => {
                is(
                    self.frozen_at(at_ms).is_none(),
                    "nothing starts in a freeze",
                )?;
                // Who resumes after the end has been told.
                let goes_on = self.spec.schedule.on_end == OnEnd::Pause && self.has_schedule_ended;
                is(
                    !is_over || goes_on,
                    "nothing starts after the end of the schedule",
                )
            }
            _ => Ok(()),
        }
    }

    /// What the calendar asks for has happened by the end of a step.
    pub(super) fn check_on_time(&self, at_ms: u64) -> Checked {
        demand(
            !self.is_under_way() || !self.is_past_its_end(at_ms) || self.has_schedule_ended,
            "a schedule ends once, when it should",
            || format!("{} is {:?} at {at_ms}", self.id(), self.status),
        )?;
        let is_left =
            self.is_finishing() && self.members.iter().any(|it| it.place == Place::Queued);
        demand(
            !is_left,
            "after the end of a schedule nothing waits to be accepted",
            || format!("{} at {at_ms}", self.id()),
        )?;
        let is_rolling = self.status.is_rolling() && !self.is_finishing();
        demand(
            !is_rolling || self.frozen_at(at_ms).is_none() || self.frozen_until_ms.is_some(),
            "a campaign is frozen when its description says so",
            || format!("{} is {:?} at {at_ms}", self.id(), self.status),
        )
    }
}
