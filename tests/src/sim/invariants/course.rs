//! What becomes of campaigns and their members, fact by fact.

use std::collections::BTreeSet;

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    fact::{DeferralCause, PauseCause, RemovalCause, RetriesOrdered, VoidCause},
};
use fleetfold_schemas::OperatorId;

use super::{
    Book, Checked,
    approval::{Going, commander},
    back::returning,
    breach,
    campaign::{Campaign, Status},
    demand,
    gate::Gates,
    group,
    member::{BackStep, Place},
    pace,
};

/// The most turns in one step: `STARTS_PER_STEP_MAX` of the core, written down again.
pub const TURNS_PER_STEP_MAX: u64 = 1000;

/// What one step has done so far.
#[derive(Debug, Default)]
pub struct Step {
    pub at_ms: u64,
    /// Members who have had their turn, whatever came of it.
    pub turns: u64,
    pub last: Option<Fact>,
    /// The last command.
    command: Option<Fact>,
    /// Enough people have approved it just now.
    pub(super) granted: Option<Going>,
    /// Whose turn an operator has asked for, as long as it has not come.
    expedited: Option<(CampaignIx, DeviceIx)>,
    /// A queued job was taken back to make way: the device, the campaign, and whether that was paused.
    made_way: Option<(DeviceIx, CampaignIx, bool)>,
    /// The device whose queued job has just made way.
    freed: Option<DeviceIx>,
    /// Devices that have said what they are like.
    pub described: BTreeSet<DeviceIx>,
}

impl Step {
    /// A command has been accepted just before.
    pub(super) const fn is_by_command(&self) -> bool {
        matches!(self.last, Some(Fact::CommandAccepted(_)))
    }

    /// The schedule has ended just before.
    pub(super) const fn is_by_schedule(&self) -> bool {
        matches!(self.last, Some(Fact::ScheduleEnded(_)))
    }

    /// Notes who has said what it is like.
    pub(super) fn describe(&mut self, fact: &Fact) {
        match fact {
            Fact::DeviceGreeted(fact) => {
                self.described.insert(fact.device);
            }
            Fact::DeviceRegistered(fact) => {
                self.described.insert(fact.device);
            }
            // It fits by what has changed since, which is no reason to join.
            Fact::DeviceReported(fact) if fact.running.is_some() => {
                self.described.remove(&fact.device);
            }
            _ => {}
        }
    }

    /// Who has given the command that what comes now follows from.
    pub(super) const fn commander(&self) -> Option<&OperatorId> {
        commander(self.last.as_ref())
    }

    /// What is to be carried out with enough approvals, or in place of them, follows from the command that brought the last.
    pub(super) fn is_after(&mut self, fact: &Fact) {
        match fact {
            Fact::CommandAccepted(_) => self.command = Some(fact.clone()),
            Fact::ApprovalGranted(_) => {
                self.last.clone_from(&self.command);
                return;
            }
            Fact::ApprovalVoided(voided)
                if voided.cause == VoidCause::Edited && self.commander().is_some() =>
            {
                return;
            }
            _ => {}
        }
        self.last = Some(fact.clone());
    }

    /// What was announced has come.
    pub(super) fn check_end(&self) -> Checked {
        demand(
            self.expedited.is_none(),
            "an expedited device has its turn at once",
            || format!("{:?}", self.expedited),
        )?;
        demand(
            self.made_way.is_none(),
            "a job makes way for another one only",
            || format!("{:?}", self.made_way),
        )
    }
}

impl Book {
    pub(super) fn count_campaign(
        &mut self,
        position: u64,
        at_ms: u64,
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        let ix = fact.campaign().expect("only called for campaign facts");
        let was_asked = step.is_by_command();
        self.counts.add(fact);
        match fact {
            Fact::CampaignCreated(created) => {
                self.check_created(created, was_asked, step)?;
                self.approvals.count_authors(fact, step)?;
                let fact = created;
                let releases = (fact.release, fact.other_releases.as_slice());
                let campaign = Campaign::new(fact.spec.clone(), releases, &fact.other_arm);
                self.campaigns.push(campaign);
                Ok(())
            }
            Fact::CampaignStaged(_) if self.is_promoted_now(ix, step) => {
                let campaign = &mut self.campaigns[ix as usize];
                campaign.version += 1;
                campaign.status = Status::Staged;
                self.counts.winners += 1;
                Ok(())
            }
            Fact::RollbackStarted(_) | Fact::RollbackAdvanced(_) | Fact::CampaignRolledBack(_) => {
                self.count_back(at_ms, ix, fact, was_asked)
            }
            Fact::MemberJoined(fact) => {
                let (group, phase) = (usize::from(fact.group), usize::from(fact.phase));
                self.count_joined(ix, fact.device, (group, phase))
            }
            Fact::ExecutionExpedited(fact) => {
                let at = self.check_expedited(ix, fact.device, was_asked)?;
                self.campaigns[ix as usize].members[at].was_expedited = true;
                step.expedited = Some((ix, fact.device));
                Ok(())
            }
            _ => match fact.device() {
                Some(device) => self.count_execution(position, at_ms, (ix, device), fact, step),
                None => {
                    self.approvals.count_authors(fact, step)?;
                    self.count_status(at_ms, ix, fact, step)
                }
            },
        }
    }

    fn count_status(&mut self, at_ms: u64, ix: CampaignIx, fact: &Fact, step: &Step) -> Checked {
        self.check_status(at_ms, ix, fact, step)?;
        let campaign = &mut self.campaigns[ix as usize];
        match fact {
            Fact::CampaignEdited(fact) => {
                let releases = (fact.release, fact.other_releases.as_slice());
                let version = campaign.version + 1;
                *campaign = Campaign::new(fact.spec.clone(), releases, &fact.other_arm);
                campaign.version = version;
            }
            Fact::CampaignStaged(_) => {
                campaign.version += 1;
                campaign.status = Status::Staged;
            }
            Fact::CampaignStarted(_) => {
                campaign.status = Status::Rolling;
                campaign.started_ms = Some(at_ms);
                campaign.enroll(&self.fleet);
            }
            Fact::PhaseStarted(fact) => {
                campaign.phase = fact.phase as usize;
                campaign.phases[campaign.phase].started_ms = Some(at_ms);
            }
            Fact::PhasePassed(_) => campaign.phases[campaign.phase].is_passed = true,
            Fact::PhaseAdvanced(_) => {
                campaign.version += 1;
                campaign.phases[campaign.phase].is_passed = true;
            }
            Fact::GatePromoted(_) => campaign.is_promoted = true,
            Fact::ArmsCompared(fact) => campaign.decide(fact),
            Fact::RetriesOrdered(fact) => order_retries(campaign, at_ms, fact),
            Fact::CampaignPaused(fact) => {
                campaign.version += 1;
                campaign.held_ms.get_or_insert(at_ms);
                let cause = fact.cause.clone();
                campaign.status = match campaign.status {
                    Status::RollingBack => Status::BackPaused(cause),
                    _ => Status::Paused(cause),
                };
            }
            Fact::CampaignResumed(_) => {
                campaign.version += 1;
                campaign.resumed_ms = Some(at_ms);
                campaign.watch_again(at_ms);
                let was_gate = !matches!(
                    campaign.status,
                    Status::Paused(PauseCause::Operator { .. } | PauseCause::ScheduleEnded)
                        | Status::BackPaused(PauseCause::Operator { .. })
                );
                if campaign.status.is_going_back() {
                    campaign.resume_back(was_gate);
                } else {
                    if was_gate {
                        campaign.accept_outcomes();
                    }
                    campaign.status = Status::Rolling;
                }
            }
            Fact::CampaignCanceled(_) => {
                campaign.version += 1;
                campaign.status = Status::Canceled;
            }
            Fact::CampaignArchived(_) => {
                campaign.version += 1;
                campaign.is_archived = true;
            }
            Fact::CampaignFrozen(_) | Fact::CampaignThawed(_) | Fact::ScheduleEnded(_) => {
                campaign.go_by_the_calendar(at_ms, fact);
                self.counts.add_time(fact);
            }
            Fact::CampaignMonitoring(_) => campaign.status = Status::Monitoring,
            Fact::CampaignCompleted(_) => campaign.status = Status::Completed,
            Fact::CampaignFailed(_) => campaign.status = Status::Failed,
            _ => return breach("every fact is known here", format!("{fact:?}")),
        }
        self.check_enrolled(ix, fact)
    }

    /// A device has come to fit a group after the start.
    fn count_joined(&mut self, ix: CampaignIx, device: DeviceIx, place: (usize, usize)) -> Checked {
        self.check_may_join(ix, device)?;
        let known = self.fleet.get(device);
        let campaign = &mut self.campaigns[ix as usize];
        let Some(group) = group::group_of(&campaign.spec, &campaign.groups, known) else {
            return breach("no job outside its groups", known.id.to_string());
        };
        campaign.join(device, known, group);
        let found = campaign.members.last().map(|it| (it.group, it.phase));
        demand(
            found == Some(place),
            "a device joins where its rank belongs",
            || format!("{} in {place:?}, but {found:?}", known.id),
        )
    }

    fn count_execution(
        &mut self,
        position: u64,
        at_ms: u64,
        (ix, device): (CampaignIx, DeviceIx),
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        let Some(at) = self.campaigns[ix as usize].place_of(device) else {
            return breach("no job outside its cohort", format!("{fact:?}"));
        };
        let place = self.campaigns[ix as usize].members[at].place;
        self.check_made_way((ix, device), fact, step)?;
        if returning(fact).is_some() {
            self.check_first((ix, device), fact, step)?;
            self.count_return(position, at_ms, (ix, at), fact, step)?;
            return self.check_alone(device, fact);
        }
        if is_turn(fact) && place.is_before_offer() {
            let is_expedited = step.expedited.take_if(|it| *it == (ix, device)).is_some();
            step.turns += u64::from(!is_expedited);
            demand(
                step.turns <= TURNS_PER_STEP_MAX,
                "a step starts no more than its limit",
                || format!("{} starts", step.turns),
            )?;
            self.check_turn(at_ms, ix, at, is_expedited, fact)?;
            self.check_window(at_ms, (ix, device), fact, is_expedited)?;
            if !is_expedited {
                self.check_first((ix, device), fact, step)?;
            }
        }
        let was_asked = step.is_by_command();
        self.check_execution(at_ms, ix, at, fact, was_asked)?;
        if let Fact::ExecutionQueued(fact) = fact
            && fact.attempt > 1
        {
            let bytes = self.offered_bytes(ix, device);
            let campaign = &mut self.campaigns[ix as usize];
            campaign.retries += 1;
            campaign.retry_bytes += bytes;
        }
        self.campaigns[ix as usize].enter(position, at_ms, at, fact);
        self.check_alone(device, fact)
    }

    fn check_alone(&self, device: DeviceIx, fact: &Fact) -> Checked {
        let open = self.open_on(device);
        demand(
            open.len() <= 1,
            "at most one execution is open on a device",
            || {
                let id = &self.fleet.get(device).id;
                format!("{id} in campaigns {open:?} after {fact:?}")
            },
        )
    }

    /// Of the campaigns that had to pass a device over, security campaigns have it first, then those with the lower priority
    /// number, then the older; and before any that takes it up anew.
    fn check_first(
        &self,
        (ix, device): (CampaignIx, DeviceIx),
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        let was_freed = step.freed.take() == Some(device);
        let is_offer = matches!(fact, Fact::ExecutionQueued(_) | Fact::ReturnQueued(_));
        if was_freed || !is_offer || step.turns >= TURNS_PER_STEP_MAX {
            return Ok(());
        }
        let key = |ix: CampaignIx| {
            let spec = &self.campaign(ix).spec;
            (!spec.security, spec.priority, ix)
        };
        let earlier = (0..).zip(&self.campaigns).find(|(other, campaign)| {
            let is_waiting = campaign.member(device).is_some_and(|it| match it.place {
                Place::Deferred => {
                    campaign.may_start()
                        && !Campaign::waits_for_window(it, step.at_ms)
                        && !campaign.is_finishing()
                        && !Gates::of(campaign).must_pause()
                }
                Place::Back {
                    step: BackStep::Deferred,
                    ..
                } => campaign.status == Status::RollingBack,
                _ => false,
            });
            key(*other) < key(ix) && is_waiting && pace::may_hold(campaign, step.at_ms).is_none()
        });
        demand(
            earlier.is_none(),
            "of those that wait for a device, the first has it first",
            || {
                let id = &self.fleet.get(device).id;
                let earlier = earlier.map(|(_, campaign)| (campaign.id(), &campaign.status));
                format!("{id}: {fact:?} before {earlier:?}")
            },
        )
    }

    /// A queued job is taken over only for a security campaign or from a paused one.
    fn check_made_way(
        &self,
        (ix, device): (CampaignIx, DeviceIx),
        fact: &Fact,
        step: &mut Step,
    ) -> Checked {
        const RULE: &str =
            "a queued job makes way only to a security campaign, or if its own is paused";
        let campaign = self.campaign(ix);
        if let Some((freed, other, was_paused)) = step.made_way.take() {
            step.freed = Some(device);
            return demand(
                freed == device
                    && ix != other
                    && (is_turn(fact) || matches!(fact, Fact::ReturnQueued(_)))
                    && (was_paused || campaign.spec.security),
                RULE,
                || format!("{fact:?} after it made way in campaign {other}"),
            );
        }
        let makes_way = match fact {
            Fact::ExecutionDeferred(fact) => fact.cause == DeferralCause::MadeWay,
            _ => Self::made_way_back(fact),
        };
        if makes_way {
            let is_paused = campaign.status.is_paused() || campaign.frozen_until_ms.is_some();
            let place = campaign.member(device).map(|member| member.place);
            step.made_way = Some((device, ix, is_paused));
            return demand(
                place.is_some_and(Place::is_queued) && (is_paused || !campaign.spec.security),
                RULE,
                || format!("{fact:?} from {place:?}"),
            );
        }
        Ok(())
    }
}

/// What a member's turn can come to.
const fn is_turn(fact: &Fact) -> bool {
    match fact {
        Fact::ExecutionQueued(_) => true,
        Fact::ExecutionSucceeded(fact) => fact.already,
        Fact::ExecutionDeferred(fact) => !matches!(
            fact.cause,
            DeferralCause::MadeWay | DeferralCause::CalledBack
        ),
        Fact::ExecutionRemoved(fact) => !matches!(
            fact.cause,
            RemovalCause::NotContacted
                | RemovalCause::ScheduleEnded
                | RemovalCause::PreconditionUnmet
                | RemovalCause::ConsentDenied
        ),
        _ => false,
    }
}

fn order_retries(campaign: &mut Campaign, at_ms: u64, fact: &RetriesOrdered) {
    for member in &mut campaign.members {
        let is_meant = match fact.only {
            Some(device) => device == member.device,
            None => member.is_lost(),
        };
        if is_meant {
            member.place = Place::Retrying { at_ms };
            member.since_ms = at_ms;
        }
    }
}
