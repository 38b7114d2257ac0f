//! The way back of a campaign, counted again: who goes, where to, how many at a time, and when it is over.

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact, ReleaseIx,
    fact::{
        CampaignPaused, KeptCause, PauseCause, ReturnDeferral, ReturnFailed, ReturnQueued,
        ReturnSkipped, RollbackCause, RollbackStarted,
    },
};
use fleetfold_schemas::{
    campaign::{BasisPoints, Jitter},
    command::Lifecycle,
    device::ErrorClass,
};

use super::{
    Book, Checked, breach,
    campaign::{Campaign, Status},
    course::Step,
    demand,
    gate::Sums,
    member::{BackStep, Member, Place},
    pace,
    turn::rule,
};

/// How far a campaign has gone back.
#[derive(Debug)]
pub(super) struct WayBack {
    pub(super) started_ms: u64,
    /// Cumulative shares, in basis points.
    shares: Vec<u64>,
    phase: usize,
    /// Failures and outcomes that an operator has accepted.
    forgiven: (u64, u64),
}

/// Sums over members of what has become of them on the way back.
#[derive(Debug, Default, Clone, Copy)]
struct Returns {
    /// That were updated.
    all: u64,
    /// Whose turn has come.
    begun: u64,
    /// Under way or with another attempt to come.
    under_way: u64,
    returned: u64,
    failed: u64,
    kept: u64,
    /// Whose update is under way.
    updating: u64,
    waiting: u64,
}

impl Returns {
    fn of(campaign: &Campaign) -> Self {
        let mut sums = Self::default();
        let count = |is_so: bool| u64::from(is_so);
        for Member { place, .. } in campaign.members() {
            let returned = count(*place == Place::Returned);
            sums.all += count(place.is_updated()) + returned;
            sums.begun += count(place.has_begun_back());
            sums.under_way += count(matches!(
                place,
                Place::Back {
                    step: BackStep::Queued | BackStep::InProgress | BackStep::Retrying { .. },
                    ..
                }
            ));
            sums.returned += returned;
            sums.failed += count(matches!(place, Place::ReturnFailed { .. }));
            sums.kept += count(matches!(place, Place::Kept(_)));
            sums.updating += count(matches!(
                place,
                Place::Queued | Place::InProgress | Place::Held { .. }
            ));
            sums.waiting += count(*place == Place::Succeeded);
        }
        sums
    }

    /// Who has not come to an end.
    const fn to_go(self) -> u64 {
        self.all - self.returned - self.failed - self.kept + self.updating
    }
}

impl WayBack {
    fn share(&self) -> u64 {
        self.shares[self.phase]
    }

    fn is_last(&self) -> bool {
        self.phase + 1 == self.shares.len()
    }

    /// How many more may have their turn.
    fn may_begin(&self, sums: &Returns) -> u64 {
        let allowed = (sums.all * self.share()).div_ceil(10_000);
        allowed.saturating_sub(sums.begun).min(sums.waiting)
    }

    /// A failed return that turns out well was no failure, and nobody has accepted it as one.
    fn correct(&mut self, sums: &Returns) {
        self.forgiven.0 = self.forgiven.0.min(sums.failed);
    }
}

impl Campaign {
    /// Whether too many have failed, by the same rule as the threshold gate: failed and resolved if so.
    fn exceeds(&self, (failed, resolved): (u64, u64), limit: BasisPoints, cohort: u64) -> bool {
        let needed = u64::from(self.spec.sample_min).min(cohort);
        resolved >= needed && failed * 10_000 > u64::from(limit.get()) * resolved
    }

    /// Whether the campaign must go back by itself, with the figures that say so.
    fn must_go_back(&self) -> Option<(u64, u64)> {
        let handling = &self.spec.failure_handling;
        let is_judged = match &self.status {
            Status::Rolling | Status::Monitoring => true,
            Status::Paused(cause) => !matches!(
                cause,
                PauseCause::Operator { .. } | PauseCause::ScheduleEnded
            ),
            _ => false,
        };
        if !handling.auto_rollback_on_failure || !is_judged {
            return None;
        }
        let sums = Sums::of(self.members_so_far());
        let figures = (sums.new_failed, sums.new_failed + sums.new_updated);
        let reviewed = sums.failed + sums.updated - figures.1;
        let cohort = sums.devices - sums.removed - reviewed;
        self.exceeds(figures, handling.rollback_threshold, cohort)
            .then_some(figures)
    }

    /// Whether too many could not go back, with the figures that say so.
    fn is_failing_back(&self) -> Option<(u64, u64)> {
        let back = self.back.as_ref()?;
        let sums = Returns::of(self);
        let failed = sums.failed - back.forgiven.0;
        let resolved = sums.failed + sums.returned - back.forgiven.1;
        let cohort = resolved + sums.to_go();
        self.exceeds((failed, resolved), self.spec.failure_threshold, cohort)
            .then_some((failed, resolved))
    }

    fn check_back_started(&self, fact: &RollbackStarted, was_asked: bool) -> Checked {
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!("{} is {:?}: {fact:?}", self.id(), self.status)
            })
        };
        let shares = &fact.phases_bp;
        is(
            shares.is_sorted_by(|before, after| before < after) && shares.last() == Some(&10_000),
            "a rollback comes to all in the end",
        )?;
        is(
            self.started_ms.is_some() && self.back.is_none() && !self.is_archived,
            "a campaign is rolled back once, after its start",
        )?;
        match fact.cause {
            RollbackCause::Operator { .. } => is(was_asked, "an operator's rollback is a command"),
            RollbackCause::FailureThreshold {
                failed, resolved, ..
            } => is(
                !was_asked && self.must_go_back() == Some((failed, resolved)) && shares.len() == 1,
                "a campaign goes back by itself for a true cause only",
            ),
        }
    }

    fn check_advanced_back(&self, phase: usize) -> Checked {
        let Some(back) = &self.back else {
            return breach("only what goes back advances", self.id().to_string());
        };
        let sums = Returns::of(self);
        demand(
            self.status == Status::RollingBack
                && phase == back.phase + 1
                && !back.is_last()
                && sums.under_way == 0
                && sums.updating == 0
                && back.may_begin(&sums) == 0,
            "the next share goes back once the one before it is through",
            || format!("{}: {back:?}, {sums:?}", self.id()),
        )
    }

    fn check_back_ended(&self, at_ms: u64) -> Checked {
        let sums = Returns::of(self);
        let is_over = self.deadline_ms().is_some_and(|at| at <= at_ms);
        let is_last = self.back.as_ref().is_some_and(WayBack::is_last);
        demand(
            self.status.is_going_back() && sums.to_go() == 0 && (is_over || is_last),
            "a campaign is rolled back when nobody is left to go",
            || format!("{}: {:?}, {sums:?}", self.id(), self.back),
        )
    }

    /// What must hold at the end of every step of a campaign that goes back; `is_full`: the step could start no more.
    pub(super) fn check_way_back(&self, at_ms: u64, is_full: bool) -> Checked {
        let id = self.id();
        if self.status.is_going_back() {
            demand(
                !self.members.iter().any(|it| it.place == Place::Queued),
                "nothing is offered while a campaign goes back",
                || id.to_string(),
            )?;
        }
        demand(
            self.must_go_back().is_none(),
            "a campaign that must go back does so in the same step",
            || format!("{id}: {:?} {:?}", self.status, self.must_go_back()),
        )?;
        let Some(back) = self
            .back
            .as_ref()
            .filter(|_| self.status == Status::RollingBack)
        else {
            return Ok(());
        };
        let sums = Returns::of(self);
        demand(
            self.is_failing_back().is_none(),
            "a way back that fails too often pauses in the same step",
            || format!("{id}: {back:?}, {sums:?}"),
        )?;
        demand(
            is_full || pace::may_hold(self, at_ms).is_some() || back.may_begin(&sums) == 0,
            "whoever may go back is sent back",
            || format!("{id}: {back:?}, {sums:?}"),
        )?;
        demand(
            !(back.is_last() && sums.to_go() == 0),
            "a way back that is through is over",
            || format!("{id}: {back:?}, {sums:?}"),
        )
    }

    /// What an operator accepts by resuming.
    pub(super) fn resume_back(&mut self, was_gate: bool) {
        let sums = Returns::of(self);
        if let Some(back) = &mut self.back
            && was_gate
        {
            back.forgiven = (sums.failed, sums.failed + sums.returned);
        }
        self.status = Status::RollingBack;
    }

    /// What has happened to a member on its way back.
    fn enter_back(&mut self, position: u64, at_ms: u64, at: usize, fact: &Fact) {
        let member = &mut self.members[at];
        let goal = match member.place {
            Place::Back { to, .. } | Place::ReturnFailed { to } => Some(to),
            _ => None,
        };
        let before = member.place;
        let back = |to: Option<ReleaseIx>, step| to.map_or(before, |to| Place::Back { to, step });
        match fact {
            Fact::ReturnQueued(fact) => {
                // As an attempt after the first: nobody is notified of an update.
                self.starts.count(at_ms, u32::MAX);
                member.attempts = fact.attempt;
                member.job = position;
                member.given.clear();
                member.place = back(Some(fact.to), BackStep::Queued);
            }
            Fact::ReturnAccepted(_) => member.place = back(goal, BackStep::InProgress),
            Fact::Returned(_) => member.place = Place::Returned,
            Fact::ReturnFailed(fact) => {
                member.is_silent = fact.error.class == ErrorClass::LostContact;
                member.place = match (fact.retry_at, goal) {
                    (Some(at_ms), _) => back(goal, BackStep::Retrying { at_ms }),
                    (None, Some(to)) => Place::ReturnFailed { to },
                    (None, None) => before,
                };
            }
            Fact::ReturnSkipped(fact) => member.place = Place::Kept(fact.cause),
            Fact::ReturnDeferred(fact) => {
                match member.place {
                    Place::Back {
                        step: BackStep::Queued,
                        ..
                    } => member.attempts -= 1,
                    Place::Back { .. } => {}
                    _ => (member.attempts, member.job) = (0, 0),
                }
                member.place = back(
                    Some(fact.to),
                    match fact.cause {
                        ReturnDeferral::NotContacted => BackStep::OutOfReach,
                        _ => BackStep::Deferred,
                    },
                );
            }
            _ => {}
        }
        // That it has another attempt, or none just now, is no word of the device.
        member.is_silent &= matches!(
            fact,
            Fact::ReturnFailed(_) | Fact::ReturnQueued(_) | Fact::ReturnDeferred(_)
        );
        member.since_ms = at_ms;
        let sums = Returns::of(self);
        if let Some(back) = &mut self.back {
            back.correct(&sums);
        }
    }
}

impl Book {
    /// The whole campaign goes back, or is back.
    pub(super) fn count_back(
        &mut self,
        at_ms: u64,
        ix: CampaignIx,
        fact: &Fact,
        was_asked: bool,
    ) -> Checked {
        let campaign = &mut self.campaigns[ix as usize];
        match fact {
            Fact::RollbackStarted(fact) => {
                campaign.check_back_started(fact, was_asked)?;
                campaign.version += 1;
                campaign.status = Status::RollingBack;
                campaign.frozen_until_ms = None;
                campaign.back = Some(WayBack {
                    started_ms: at_ms,
                    shares: fact.phases_bp.iter().copied().map(u64::from).collect(),
                    phase: 0,
                    forgiven: (0, 0),
                });
                self.counts.rolled_back_in_phases += u64::from(fact.phases_bp.len() > 1);
            }
            Fact::RollbackAdvanced(fact) => {
                let phase = fact.phase as usize;
                campaign.check_advanced_back(phase)?;
                if let Some(back) = &mut campaign.back {
                    back.phase = phase;
                }
            }
            Fact::CampaignRolledBack(_) => {
                campaign.check_back_ended(at_ms)?;
                campaign.status = Status::RolledBack;
            }
            _ => return breach("every fact is known here", format!("{fact:?}")),
        }
        Ok(())
    }

    /// A pause on the way back has a true cause, too.
    pub(super) fn check_back_paused(&self, ix: CampaignIx, fact: &CampaignPaused) -> Checked {
        let campaign = self.campaign(ix);
        let is_true = match fact.cause {
            PauseCause::Operator { .. } => true,
            PauseCause::RollbackFailing {
                failed, resolved, ..
            } => campaign.is_failing_back() == Some((failed, resolved)),
            _ => false,
        };
        demand(is_true, "a pause has a true cause", || {
            format!(
                "{}: {:?} but {:?}",
                campaign.id(),
                fact.cause,
                Returns::of(campaign)
            )
        })
    }

    /// One member goes back, or does not.
    pub(super) fn count_return(
        &mut self,
        position: u64,
        at_ms: u64,
        (ix, at): (CampaignIx, usize),
        fact: &Fact,
        step: &Step,
    ) -> Checked {
        self.check_return(at_ms, ix, at, fact, step)?;
        if let Fact::ReturnQueued(fact) = fact {
            let device = self.fleet.get(fact.device);
            let image = Some(self.releases[fact.to as usize].image);
            let is_newest = self.ways_from(ix, at).max() == Some(fact.to);
            self.counts.sent_further_back += u64::from(device.standby == image && !is_newest);
        }
        self.campaigns[ix as usize].enter_back(position, at_ms, at, fact);
        Ok(())
    }

    fn check_return(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        at: usize,
        fact: &Fact,
        step: &Step,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let member = &campaign.members[at];
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                let device = self.fleet.get(member.device);
                format!("{fact:?}, {:?}, {member:?}, {device:?}", campaign.status)
            })
        };
        let runs = |release: ReleaseIx| {
            self.fleet.get(member.device).running == Some(self.releases[release as usize].image)
        };
        match fact {
            Fact::ReturnQueued(fact) => self.check_sent(at_ms, ix, member, fact),
            Fact::ReturnAccepted(_) => is(
                matches!(
                    member.place,
                    Place::Back {
                        step: BackStep::Queued | BackStep::Deferred | BackStep::OutOfReach,
                        ..
                    }
                ),
                "only an offered job is accepted",
            ),
            Fact::Returned(_) => {
                let to = match member.place {
                    Place::Back { to, .. } | Place::ReturnFailed { to } => Some(to),
                    Place::Succeeded => self.way_back(ix, member),
                    _ => None,
                };
                is(
                    to.is_some_and(runs),
                    "a return is attested by the running digest",
                )
            }
            Fact::ReturnFailed(fact) => self.check_return_failed(at_ms, campaign, member, fact),
            Fact::ReturnSkipped(fact) => self.check_kept(at_ms, ix, member, fact, step),
            Fact::ReturnDeferred(fact) => {
                let device = self.fleet.get(member.device);
                let others = self.open_on(member.device);
                let was_asked = step.is_by_command();
                is(
                    match fact.cause {
                        ReturnDeferral::Busy => others.iter().any(|other| *other != ix),
                        ReturnDeferral::Maintenance => {
                            device.lifecycle == Lifecycle::Maintenance
                                || was_asked && member.place.is_queued()
                        }
                        ReturnDeferral::MadeWay => member.place.is_queued(),
                        ReturnDeferral::NotContacted => {
                            member.place.is_queued()
                                && campaign.due_ms(member).is_some_and(|due| due <= at_ms)
                        }
                    },
                    "a device is passed over only if it cannot take a job",
                )
            }
            _ => Ok(()),
        }
    }

    /// Whether a device may be sent back now, and there.
    fn check_sent(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        member: &Member,
        fact: &ReturnQueued,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let device = self.fleet.get(member.device);
        let is_exposed = member.is_silent && !member.place.is_open();
        let limit = pace::limit(campaign, at_ms, is_exposed);
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                let way = self.way_back(ix, member);
                format!(
                    "{fact:?}, way {way:?}, {:?}, {limit:?}, {member:?}, {device:?}",
                    campaign.status
                )
            })
        };
        is(
            campaign.status == Status::RollingBack,
            "a device is sent back only while its campaign goes back",
        )?;
        is(
            device.is_available(),
            "no job for a device in maintenance or retired",
        )?;
        let target = campaign.release_of(member, &device.model);
        let target = target.map(|release| self.releases[release as usize].image);
        is(
            target.is_some() && device.running == target,
            "only who runs what the campaign has brought goes back from it",
        )?;
        let sums = Returns::of(campaign);
        let is_next = match member.place {
            Place::Succeeded => {
                let may_begin = campaign.back.as_ref().map(|back| back.may_begin(&sums));
                is(
                    may_begin.is_some_and(|count| count > 0),
                    "no more go back than the phase has a share for",
                )?;
                is(
                    self.way_back(ix, member) == Some(fact.to),
                    "a device goes back to the image that it came from",
                )?;
                fact.attempt == 1
            }
            Place::Back { to, step } => {
                let is_due = match step {
                    BackStep::Deferred | BackStep::OutOfReach => true,
                    BackStep::Retrying { at_ms: due } => due <= at_ms,
                    BackStep::Queued | BackStep::InProgress => false,
                };
                is_due && fact.to == to && fact.attempt == member.attempts + 1
            }
            _ => false,
        };
        is(is_next, "an attempt follows the one before it")?;
        is(limit.is_none(), "the rates are kept")
    }

    /// The releases that a manifest leads back to from what a member was given.
    fn ways_from(&self, ix: CampaignIx, at: usize) -> impl Iterator<Item = ReleaseIx> {
        let campaign = self.campaign(ix);
        let member = &campaign.members[at];
        let from = campaign.release_of(member, &self.fleet.get(member.device).model);
        let ways = self.ways.iter().filter(move |(of, _)| Some(*of) == from);
        ways.map(|(_, to)| *to)
    }

    /// Where a member is to go: to the image that its other slot held when it last greeted, if there is a manifest for that;
    /// or else to the newest that there is one for.
    fn way_back(&self, ix: CampaignIx, member: &Member) -> Option<ReleaseIx> {
        let at = self.campaign(ix).place_of(member.device)?;
        let standby = self.fleet.get(member.device).standby;
        let mut ways: Vec<_> = self.ways_from(ix, at).collect();
        // Releases of a model are published in the order of their numbers.
        ways.sort_unstable();
        let came_from = ways
            .iter()
            .find(|to| Some(self.releases[**to as usize].image) == standby);
        came_from.or_else(|| ways.last()).copied()
    }

    fn check_return_failed(
        &self,
        at_ms: u64,
        campaign: &Campaign,
        member: &Member,
        fact: &ReturnFailed,
    ) -> Checked {
        let is_over = campaign.deadline_ms().is_some_and(|due| due <= at_ms);
        let is_open = match member.place {
            Place::Back { step, .. } => match step {
                BackStep::Queued | BackStep::InProgress => true,
                BackStep::Retrying { .. } => is_over,
                BackStep::Deferred | BackStep::OutOfReach => false,
            },
            _ => false,
        };
        let handling = &campaign.spec.failure_handling;
        let (retries, backoff_ms) = rule(handling, fact.error.class);
        let has_more = member.attempts <= retries && campaign.status.is_going_back();
        let wait_ms = backoff_ms << member.attempts.saturating_sub(1);
        let is_within = |at: u64| match handling.retry_jitter {
            Jitter::Full => (at_ms..=at_ms + wait_ms).contains(&at),
            Jitter::None => at == at_ms + wait_ms,
        };
        demand(
            is_open && fact.retry_at.is_none_or(is_within),
            "only who goes back fails to",
            || format!("{fact:?}, {member:?} in {}", campaign.id()),
        )?;
        // At the deadline itself it may have been decided just before.
        demand(
            fact.retry_at.is_some() == has_more || is_over,
            "a retry is due when it should be",
            || format!("{fact:?}, {member:?} in {}", campaign.id()),
        )
    }

    /// A device stays as it is for a true cause only.
    fn check_kept(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        member: &Member,
        fact: &ReturnSkipped,
        step: &Step,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let device = self.fleet.get(member.device);
        let runs = |release: Option<ReleaseIx>| {
            let image = release.map(|release| self.releases[release as usize].image);
            image.is_some() && device.running == image
        };
        let target = campaign.release_of(member, &device.model);
        let was_asked = step.is_by_command();
        let is_true = match fact.cause {
            KeptCause::NoRollbackImage => runs(target) && self.way_back(ix, member).is_none(),
            KeptCause::NotContacted => campaign.deadline_ms().is_some_and(|due| due <= at_ms),
            KeptCause::RunsAnother => !runs(target),
            KeptCause::Retired => device.is_retired() || was_asked,
            KeptCause::Canceled => campaign.status == Status::Canceled,
        };
        demand(
            is_true && (member.place.is_updated() && !matches!(member.place, Place::Kept(_))),
            "a device stays as it is for a true cause only",
            || format!("{fact:?}, {member:?}, {device:?} in {}", campaign.id()),
        )
    }

    /// A device whose queued job was taken back in favour of another campaign's.
    pub(super) fn made_way_back(fact: &Fact) -> bool {
        matches!(fact, Fact::ReturnDeferred(fact) if fact.cause == ReturnDeferral::MadeWay)
    }
}

/// The device that a fact about the way back is about.
pub(super) const fn returning(fact: &Fact) -> Option<DeviceIx> {
    match fact {
        Fact::ReturnQueued(_)
        | Fact::ReturnAccepted(_)
        | Fact::Returned(_)
        | Fact::ReturnFailed(_)
        | Fact::ReturnSkipped(_)
        | Fact::ReturnDeferred(_) => fact.device(),
        _ => None,
    }
}
