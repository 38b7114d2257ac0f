//! What may happen to members of campaigns: offers, outcomes, and attempts to come.

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    fact::{DeferralCause, RemovalCause},
};
use fleetfold_schemas::{
    campaign::{ClassRule, FailureHandling, Jitter},
    command::Lifecycle,
    device::ErrorClass,
};

use super::{
    Book, Checked,
    campaign::Campaign,
    demand,
    fleet::Device,
    gate::Gates,
    member::{Member, Place},
    pace,
};

impl Book {
    pub(super) fn check_execution(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        at: usize,
        fact: &Fact,
        was_asked: bool,
    ) -> Checked {
        let campaign = &self.campaigns[ix as usize];
        let member = &campaign.members[at];
        let device = self.fleet.get(member.device);
        let target = campaign.release_of(member, &device.model);
        let target = target.map(|release| self.releases[release as usize].image);
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
            Fact::ExecutionQueued(queued) => {
                campaign.check_calendar(at_ms, fact)?;
                case.check_offer(queued.attempt)
            }
            Fact::ExecutionAccepted(_) => is(
                matches!(
                    member.place,
                    Place::Queued | Place::Removed | Place::Canceled | Place::Deferred
                ),
                "only an offered job is accepted",
            ),
            Fact::ExecutionSucceeded(_) => is(
                target.is_some() && device.running == target,
                "success is attested by the running digest",
            ),
            Fact::ExecutionFailed(fact) => {
                is(
                    member.place == Place::InProgress || member.place.is_held(),
                    "only what runs fails",
                )?;
                self.check_retry(&case, at_ms, (fact.error.class, fact.retry_at), false)
            }
            Fact::ExecutionTimedOut(fact) => {
                is(
                    is_due && (member.place == Place::InProgress || member.place.is_held()),
                    "only what is overdue times out",
                )?;
                self.check_retry(
                    &case,
                    at_ms,
                    (ErrorClass::LostContact, fact.retry_at),
                    is_over,
                )
            }
            Fact::ExecutionRejected(fact) => {
                is(member.place.is_open(), "only an open job is rejected")?;
                // Whatever class the device gives its error.
                self.check_retry(&case, at_ms, (ErrorClass::Rejected, fact.retry_at), false)
            }
            Fact::ExecutionDeferred(fact) => {
                let others = self.open_on(member.device);
                is(
                    match fact.cause {
                        DeferralCause::Busy => others.iter().any(|other| *other != ix),
                        DeferralCause::Maintenance => {
                            // A queued job is taken back just before the device is taken out of service.
                            device.lifecycle == Lifecycle::Maintenance
                                || was_asked && member.place == Place::Queued
                        }
                        DeferralCause::MadeWay => true,
                        DeferralCause::CalledBack => member.place.is_held(),
                        DeferralCause::Reconsidered => member.place == Place::Queued,
                        DeferralCause::Window => campaign.has_windows(),
                    },
                    "a device is passed over only if it cannot take a job",
                )
            }
            Fact::DeviceExcluded(_) => is(
                was_asked
                    && !campaign.status.is_final()
                    && (member.place.is_before_offer() || member.place == Place::Queued),
                "only what is not accepted is excluded, by a command",
            ),
            Fact::ExecutionRemoved(fact) => match fact.cause {
                RemovalCause::PreconditionUnmet
                | RemovalCause::ConsentDenied
                | RemovalCause::ConditionsUnsupported => {
                    self.check_given_up(ix, member, fact.cause, is_due)
                }
                _ => case.check_withdrawal(&fact.cause, is_due),
            },
            Fact::ExecutionHeld(_) => is(
                member.place == Place::InProgress || member.place.is_held(),
                "only who has accepted waits",
            ),
            Fact::ExecutionContinued(_) => is(member.place.is_held(), "only who waits goes on"),
            Fact::WindowRenewed(fact) => self.check_renewed(at_ms, ix, at, fact.window),
            Fact::ExecutionRetracted(_) => is(
                member.place == Place::Succeeded
                    && device.running != target
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
        case: &Case<'_>,
        at_ms: u64,
        (class, retry_at): (ErrorClass, Option<u64>),
        is_over: bool,
    ) -> Checked {
        let (campaign, member) = (case.campaign, case.member);
        let handling = &campaign.spec.failure_handling;
        let (retries, backoff_ms) = rule(handling, class);
        let budget = handling.retries_max.map(u64::from);
        let has_more = member.attempts <= retries
            && !campaign.status.is_final()
            && !campaign.status.is_going_back()
            && !campaign.is_finishing()
            && !is_over
            && budget.is_none_or(|budget| campaign.retries < budget);
        // A retry may cost what is offered for the image of before this message, or of after it.
        let in_budget = |bytes: u64| {
            let most = handling.retry_bytes_max;
            most.is_none_or(|most| campaign.retry_bytes + bytes <= most)
        };
        let [before, now] = self.offered_before_and_now(campaign, member.device);
        let is_expected = if retry_at.is_some() {
            has_more && (in_budget(before) || in_budget(now))
        } else {
            !has_more || !in_budget(before) || !in_budget(now)
        };
        let wait_ms = backoff_ms << member.attempts.saturating_sub(1);
        let is_within = |at: u64| match handling.retry_jitter {
            Jitter::Full => (at_ms..=at_ms + wait_ms).contains(&at),
            Jitter::None => at == at_ms + wait_ms,
        };
        demand(
            is_expected && retry_at.is_none_or(is_within),
            "a retry is due when it should be",
            || {
                format!(
                    "{}: {retry_at:?} after {at_ms}, within {wait_ms} ms, attempt {} of 1 + {retries}, {} retries and \
                     {} bytes of them so far, {before} or {now} bytes more",
                    campaign.id(),
                    member.attempts,
                    campaign.retries,
                    campaign.retry_bytes,
                )
            },
        )
    }

    /// What the next attempt of a device may cost to send.
    pub(super) fn offered_bytes(&self, ix: CampaignIx, device: DeviceIx) -> u64 {
        let [_, now] = self.offered_before_and_now(self.campaign(ix), device);
        now
    }

    fn offered_before_and_now(&self, campaign: &Campaign, device: DeviceIx) -> [u64; 2] {
        let member = campaign.member(device);
        let device = self.fleet.get(device);
        let release = member.and_then(|member| campaign.release_of(member, &device.model));
        let Some(release) = release else {
            return [0, 0];
        };
        let whole = self.releases[release as usize].bytes;
        [device.before, (device.running, device.can_patch)].map(|(running, can_patch)| {
            let of_image = self.deltas.iter().find(|((to, from), _)| {
                *to == release && Some(self.releases[*from as usize].image) == running
            });
            match of_image {
                Some((_, bytes)) if can_patch => *bytes,
                _ => whole,
            }
        })
    }

    /// Whether it is a member's turn.
    pub(super) fn check_turn(
        &self,
        at_ms: u64,
        ix: CampaignIx,
        at: usize,
        is_expedited: bool,
        fact: &Fact,
    ) -> Checked {
        let campaign = self.campaign(ix);
        let member = &campaign.members[at];
        let device = self.fleet.get(member.device);
        let case = Case {
            campaign,
            member,
            device,
            fact,
        };
        if matches!(fact, Fact::ExecutionRemoved(_)) && !campaign.status.is_rolling() {
            // Retired by a command.
            return Ok(());
        }
        case.demand(
            !Gates::of(campaign).must_pause(),
            "a gate that is reached pauses before anything else",
        )?;
        if is_expedited {
            return Ok(());
        }
        case.demand(
            campaign.is_reached(member) || member.was_expedited,
            "no job ahead of its phase",
        )?;
        let is_exposed = member.is_silent && !member.place.is_open();
        let limit = pace::limit(campaign, at_ms, is_exposed);
        case.demand(
            limit.is_none() || matches!(fact, Fact::ExecutionRemoved(_)),
            "the rates are kept",
        )?;
        case.demand(
            match member.place {
                Place::Retrying { at_ms: due } => due <= at_ms,
                _ => true,
            },
            "an attempt begins when it is due",
        )?;
        if member.place != Place::Waiting {
            return Ok(());
        }
        let key = (member.group, at);
        let mut members = campaign.members.iter().enumerate();
        let earlier = members.find(|(other, it)| {
            it.place == Place::Waiting && (it.group, *other) < key && campaign.is_reached(it)
        });
        demand(earlier.is_none(), "turns go by group, then by rank", || {
            format!("{:?} before {earlier:?} in {}", case.member, campaign.id())
        })
    }

    /// Whether a member may be given its turn by an operator; its place among the members.
    pub(super) fn check_expedited(
        &self,
        ix: CampaignIx,
        device: DeviceIx,
        was_asked: bool,
    ) -> Result<usize, super::Breach> {
        let campaign = self.campaign(ix);
        let id = &self.fleet.get(device).id;
        let Some(at) = campaign.place_of(device) else {
            return Err(super::Breach {
                invariant: "no job outside its cohort",
                what: id.to_string(),
            });
        };
        let member = &campaign.members[at];
        demand(
            was_asked
                && campaign.may_start()
                && !campaign.is_finishing()
                && member.place.is_before_offer()
                && member.phase < campaign.spec.phases.len(),
            "only who waits is expedited, in a campaign that rolls, by a command",
            || format!("{id} is {:?} in {:?}", member.place, campaign.status),
        )?;
        Ok(at)
    }
}

/// Retries after an error of this class, and the wait before the first.
pub(super) fn rule(handling: &FailureHandling, class: ErrorClass) -> (u32, u64) {
    let classes = &handling.classes;
    let (rule, retries) = match class {
        ErrorClass::Download => (classes.download, handling.max_retries),
        ErrorClass::Verification => (classes.verification, handling.max_retries),
        ErrorClass::Installation => (classes.installation, handling.max_retries),
        ErrorClass::SelfTest => (classes.self_test, handling.max_retries),
        ErrorClass::LostContact => (classes.lost_contact, handling.max_retries),
        ErrorClass::NotAttested => (classes.not_attested, handling.max_retries),
        ErrorClass::Rejected => (classes.rejected, 0),
    };
    let ClassRule {
        max_retries,
        retry_backoff_hours,
    } = rule.unwrap_or_default();
    let backoff = retry_backoff_hours.unwrap_or(handling.retry_backoff_hours);
    (max_retries.unwrap_or(retries).into(), backoff.ms())
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

    /// Whether the member may be offered the update once it is its turn.
    fn check_offer(&self, attempt: u32) -> Checked {
        self.demand(
            self.campaign.status.is_rolling(),
            "no new execution while paused or over",
        )?;
        self.demand(
            self.device.is_available(),
            "no job for a device in maintenance or retired",
        )?;
        self.demand(
            self.member.place.is_before_offer() && attempt == self.member.attempts + 1,
            "an attempt follows the one before it",
        )
    }

    fn check_withdrawal(&self, cause: &RemovalCause, is_due: bool) -> Checked {
        match cause {
            RemovalCause::NotContacted => self.demand(
                self.member.place == Place::Queued && is_due,
                "only what was offered for long enough is withdrawn",
            ),
            RemovalCause::ScheduleEnded => self.demand(
                self.member.place == Place::Queued && self.campaign.is_finishing(),
                "only the end of its schedule withdraws by that",
            ),
            RemovalCause::Retired
            | RemovalCause::Superseded
            | RemovalCause::PreconditionUnmet
            | RemovalCause::ConsentDenied
            | RemovalCause::ConditionsUnsupported
            | RemovalCause::NoPath
            | RemovalCause::Flagged
            | RemovalCause::Hardware => self.demand(
                self.member.place != Place::InProgress,
                "only what is not accepted is withdrawn",
            ),
        }
    }
}
