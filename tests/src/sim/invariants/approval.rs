//! What more than one person has to want: who may want it, how many must, and what ends a request.

use std::collections::{BTreeMap, BTreeSet};

use fleetfold_core::{
    CampaignIx, Fact,
    fact::{Action, ApprovalRequested, ApprovalVoided, CommandAccepted, RollbackCause, VoidCause},
};
use fleetfold_schemas::{
    Digest, OperatorId, approval::ApprovalPolicy, campaign::CampaignSpec, operator::Role,
    status::CampaignStatus,
};

use super::{
    Book, Checked, breach,
    campaign::{Campaign, Status},
    course::Step,
    demand,
};

/// What waits for people, and who they are.
#[derive(Debug, Default)]
pub struct Approvals {
    policy: ApprovalPolicy,
    roles: BTreeMap<OperatorId, Role>,
    open: BTreeMap<u64, Asked>,
    authors: BTreeMap<CampaignIx, BTreeSet<OperatorId>>,
}

/// What somebody has asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub campaign: CampaignIx,
    pub by: OperatorId,
    action: Action,
    pub digest: Digest,
    expires_ms: u64,
    pub given: BTreeSet<OperatorId>,
}

/// What sets devices going: the campaign, and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Going(CampaignIx, String);

impl Going {
    fn of(campaign: CampaignIx, action: &Action) -> Self {
        let name = action.name();
        Self(
            campaign,
            match action {
                Action::Advance { phase } => format!("{name} {phase}"),
                Action::Expedite { device } => format!("{name} {device}"),
                Action::Rollback { reason, phases_bp } => {
                    format!("{name} {reason:?} {phases_bp:?}")
                }
                // Which arm it was shows in what is created.
                Action::Start | Action::Resume | Action::Promote { .. } => name.to_owned(),
            },
        )
    }
}

/// The digest of a description as it is stored.
fn digest(spec: &CampaignSpec) -> Digest {
    let text = serde_json::to_string(spec).expect("a description is JSON");
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

fn needed(policy: &ApprovalPolicy, action: &Action) -> usize {
    let needed = match action.name() {
        "start" | "promote" => policy.start,
        "advance" | "expedite" => policy.advance,
        "resume" => policy.resume,
        _ => policy.rollback,
    };
    needed.into()
}

impl Approvals {
    #[must_use]
    pub const fn open(&self) -> &BTreeMap<u64, Asked> {
        &self.open
    }

    #[must_use]
    pub fn role(&self, operator: &OperatorId) -> Option<Role> {
        self.roles.get(operator).copied()
    }

    pub(super) fn count_people(&mut self, fact: &Fact) {
        match fact {
            Fact::OperatorAdded(fact) => {
                self.roles.insert(fact.operator.clone(), fact.role);
            }
            Fact::OperatorChanged(fact) => {
                self.roles.insert(fact.operator.clone(), fact.role);
            }
            Fact::OperatorRevoked(fact) => {
                self.roles.remove(&fact.operator);
            }
            Fact::ApprovalPolicySet(fact) => self.policy = fact.policy.clone(),
            _ => {}
        }
    }

    pub(super) fn count_authors(&mut self, fact: &Fact, step: &Step) -> Checked {
        let (campaign, authors, is_described) = match fact {
            Fact::CampaignCreated(fact) => {
                let is_described = !fact.spec.id.as_str().ends_with("-winner");
                (fact.campaign, &fact.authors, is_described)
            }
            Fact::CampaignEdited(fact) => (fact.campaign, &fact.authors, true),
            _ => return Ok(()),
        };
        self.authors
            .entry(campaign)
            .or_default()
            .extend(authors.iter().cloned());
        let is_author = |by: &OperatorId| authors.contains(by);
        demand(
            !is_described || step.commander().is_some_and(is_author),
            "who describes a campaign is its author",
            || format!("{fact:?} after {:?}", step.last),
        )
    }

    fn is_approver(&self, operator: &OperatorId) -> bool {
        matches!(self.role(operator), Some(Role::Approver | Role::Admin))
    }

    /// Whether it is somebody else who wants it, too.
    fn is_other(&self, campaign: CampaignIx, asker: &OperatorId, operator: &OperatorId) -> bool {
        let authors = self.authors.get(&campaign);
        operator != asker && !authors.is_some_and(|authors| authors.contains(operator))
    }
}

impl Book {
    /// What sets devices going has been approved as often as the site asks for, and what has been approved is done.
    pub(super) fn check_approved(&self, fact: &Fact, step: &mut Step) -> Checked {
        let going = self.going(fact, step);
        if let Some(granted) = step.granted.take() {
            return demand(
                going.as_ref().map(|(going, _)| going) == Some(&granted),
                "what has been approved is done at once",
                || format!("{fact:?} after {granted:?} was approved"),
            );
        }
        let Some((_, action)) = going else {
            return Ok(());
        };
        demand(
            step.commander().is_none() || needed(&self.approvals.policy, &action) == 0,
            "what others have to approve waits for them",
            || format!("{fact:?} by {:?}", step.commander()),
        )
    }

    /// What a fact sets going, if that is for people to want.
    fn going(&self, fact: &Fact, step: &Step) -> Option<(Going, Action)> {
        let (campaign, action) = match fact {
            Fact::CampaignStaged(fact) if !self.is_promoted_now(fact.campaign, step) => {
                (fact.campaign, Action::Start)
            }
            Fact::CampaignResumed(fact) => (fact.campaign, Action::Resume),
            Fact::PhaseAdvanced(fact) => (fact.campaign, Action::Advance { phase: fact.phase }),
            Fact::ExecutionExpedited(fact) => {
                let device = self.fleet.get(fact.device).id.clone();
                (fact.campaign, Action::Expedite { device })
            }
            Fact::RollbackStarted(fact) => {
                let RollbackCause::Operator { reason, .. } = &fact.cause else {
                    return None;
                };
                // All of them last, which nobody has to say.
                let said = fact.phases_bp.len().saturating_sub(1);
                let action = Action::Rollback {
                    reason: *reason,
                    phases_bp: fact.phases_bp[..said].to_vec(),
                };
                (fact.campaign, action)
            }
            Fact::CampaignCreated(fact) => {
                let test = fact.spec.id.as_str().strip_suffix("-winner")?;
                let mut tests = (0..).zip(&self.campaigns);
                let (ix, _) = tests.find(|(_, campaign)| campaign.id().as_str() == test)?;
                // Either arm: see above.
                let arm = fleetfold_schemas::command::ArmName::A;
                (ix, Action::Promote { arm })
            }
            _ => return None,
        };
        Some((Going::of(campaign, &action), action))
    }

    pub(super) fn count_approval(&mut self, at_ms: u64, fact: &Fact, step: &mut Step) -> Checked {
        let position = self.position();
        self.counts.add(fact);
        match fact {
            Fact::ApprovalRequested(fact) => {
                self.check_asked(at_ms, fact, step)?;
                let asked = Asked {
                    campaign: fact.campaign,
                    by: fact.by.clone(),
                    action: fact.action.clone(),
                    digest: fact.digest,
                    expires_ms: fact.expires_at,
                    given: BTreeSet::new(),
                };
                self.approvals.open.insert(position, asked);
                Ok(())
            }
            Fact::ApprovalGiven(given) => {
                self.check_given(at_ms, given.request, &given.by, step)?;
                if let Some(asked) = self.approvals.open.get_mut(&given.request) {
                    asked.given.insert(given.by.clone());
                }
                Ok(())
            }
            Fact::ApprovalGranted(granted) => {
                let is_last = matches!(
                    &step.last,
                    Some(Fact::ApprovalGiven(given)) if given.request == granted.request
                );
                let asked = self.approvals.open.remove(&granted.request);
                let policy = &self.approvals.policy;
                let Some(asked) = asked
                    .filter(|asked| is_last && asked.given.len() >= needed(policy, &asked.action))
                else {
                    return breach("enough people have approved", format!("{fact:?}"));
                };
                step.granted = Some(Going::of(asked.campaign, &asked.action));
                Ok(())
            }
            Fact::ApprovalDeclined(declined) => {
                let asked = self.approvals.open.remove(&declined.request);
                let may = |asked: &Asked| {
                    asked.by == declined.by || self.approvals.is_approver(&declined.by)
                };
                demand(
                    asked.as_ref().is_some_and(may) && step.commander() == Some(&declined.by),
                    "what is open is declined by who asked or may approve",
                    || format!("{fact:?}, {asked:?}"),
                )
            }
            Fact::ApprovalVoided(voided) => self.count_voided(at_ms, voided, step),
            Fact::ApprovalLost(lost) => {
                let asked = self.approvals.open.get_mut(&lost.request);
                let was_given = asked.is_some_and(|asked| asked.given.remove(&lost.by));
                demand(
                    was_given && !self.approvals.is_approver(&lost.by),
                    "an approval is lost with the right to give it only",
                    || format!("{fact:?}"),
                )
            }
            _ => breach("every fact is known here", format!("{fact:?}")),
        }
    }

    fn check_asked(&self, at_ms: u64, fact: &ApprovalRequested, step: &Step) -> Checked {
        let (campaign, approvals) = (self.campaign(fact.campaign), &self.approvals);
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!("{fact:?} in {:?}: {approvals:?}", campaign.status)
            })
        };
        let needed = needed(&approvals.policy, &fact.action);
        is(
            needed > 0 && step.commander() == Some(&fact.by),
            "only what others have to approve is asked for, by a command",
        )?;
        let is_alike = |open: &Asked| {
            open.campaign == fact.campaign && open.action.name() == fact.action.name()
        };
        is(
            !approvals.open.values().any(is_alike),
            "nothing is asked for while it waits",
        )?;
        let others = approvals.roles.keys().filter(|operator| {
            approvals.is_approver(operator) && approvals.is_other(fact.campaign, &fact.by, operator)
        });
        is(
            others.count() >= needed,
            "nothing is asked for that too few may approve",
        )?;
        is(
            fact.digest == digest(&campaign.spec),
            "an approval covers the description as it is stored",
        )?;
        is(
            fact.expires_at == at_ms + approvals.policy.expires_hours.ms(),
            "a request is open for as long as the site says",
        )?;
        is(
            self.is_possible(campaign, &fact.action),
            "only what can be done is asked for",
        )
    }

    fn check_given(&self, at_ms: u64, request: u64, by: &OperatorId, step: &Step) -> Checked {
        let approvals = &self.approvals;
        let Some(asked) = approvals.open.get(&request) else {
            return breach(
                "only what is open is approved",
                format!("{request} by {by}"),
            );
        };
        let is = |holds, invariant| {
            demand(holds, invariant, || {
                format!("{asked:?} by {by} at {at_ms}: {approvals:?}")
            })
        };
        is(
            step.commander() == Some(by)
                && approvals.is_approver(by)
                && approvals.is_other(asked.campaign, &asked.by, by)
                && !asked.given.contains(by),
            "another person approves, once",
        )?;
        is(at_ms < asked.expires_ms, "only what is open is approved")?;
        is(
            asked.digest == digest(&self.campaign(asked.campaign).spec),
            "an approval covers the description as it is stored",
        )
    }

    fn count_voided(&mut self, at_ms: u64, fact: &ApprovalVoided, step: &Step) -> Checked {
        let Some(asked) = self.approvals.open.remove(&fact.request) else {
            return breach("only what is open is voided", format!("{fact:?}"));
        };
        let campaign = self.campaign(asked.campaign);
        let is_true = match fact.cause {
            VoidCause::Expired => asked.expires_ms <= at_ms,
            // The edit follows.
            VoidCause::Edited => campaign.status == Status::Draft && step.commander().is_some(),
            VoidCause::Overtaken => !self.is_possible(campaign, &asked.action),
            VoidCause::Asker => self.approvals.role(&asked.by) < Some(Role::Operator),
        };
        demand(is_true, "a request is void for a true cause", || {
            format!("{fact:?}, {asked:?}, {:?}", campaign.status)
        })
    }

    /// Whether the campaign is where it would have to be.
    fn is_possible(&self, campaign: &Campaign, action: &Action) -> bool {
        match action {
            Action::Start => campaign.status == Status::Draft,
            Action::Resume => campaign.status.is_paused(),
            Action::Promote { .. } => campaign.status.is_final(),
            Action::Rollback { .. } => campaign.back.is_none() && !campaign.is_archived,
            Action::Advance { phase } => {
                let phase = *phase as usize;
                campaign.status.is_rolling()
                    && campaign.phase == phase
                    && !campaign.phases[phase].is_passed
            }
            Action::Expedite { device } => {
                let device = self.fleet.find(device);
                let member = device.and_then(|device| campaign.member(device));
                campaign.status.is_rolling()
                    && member.is_some_and(|member| member.place.is_before_offer())
            }
        }
    }

    /// What must hold at the end of every step.
    pub(super) fn check_approvals(&self, at_ms: u64, step: &Step) -> Checked {
        demand(
            step.granted.is_none(),
            "what has been approved is done at once",
            || format!("{:?}", step.granted),
        )?;
        for asked in self.approvals.open.values() {
            let campaign = self.campaign(asked.campaign);
            let is_open = at_ms < asked.expires_ms
                && asked.digest == digest(&campaign.spec)
                && self.approvals.role(&asked.by) >= Some(Role::Operator)
                && self.is_possible(campaign, &asked.action);
            demand(
                is_open,
                "what cannot be done any more does not wait for approval",
                || format!("{asked:?} at {at_ms}, {:?}", campaign.status),
            )?;
            let mut given = asked.given.iter();
            demand(
                given.all(|by| self.approvals.is_approver(by)),
                "an approval is lost with the right to give it",
                || format!("{asked:?}: {:?}", self.approvals.roles),
            )?;
        }
        Ok(())
    }

    /// The status shows what waits.
    pub(super) fn check_shown_approvals(&self, status: &CampaignStatus) -> Checked {
        let ours = self
            .approvals
            .open
            .iter()
            .filter(|(_, asked)| *self.campaign(asked.campaign).id() == status.campaign);
        let ours: Vec<_> = ours
            .map(|(request, asked)| {
                let needed = needed(&self.approvals.policy, &asked.action);
                (*request, asked.given.len(), needed)
            })
            .collect();
        let shown: Vec<_> = (status.approvals.iter())
            .map(|shown| (shown.request, shown.given.len(), shown.needed.into()))
            .collect();
        demand(
            ours == shown,
            "a status says what waits for approval",
            || format!("{:?}, but {ours:?}", status.approvals),
        )
    }
}

/// Who has given the command that stands last.
pub(super) const fn commander(last: Option<&Fact>) -> Option<&OperatorId> {
    match last {
        Some(Fact::CommandAccepted(CommandAccepted { operator, .. })) => Some(operator),
        _ => None,
    }
}
