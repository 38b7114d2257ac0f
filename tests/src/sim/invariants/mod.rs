//! What must always hold, checked by accounts that share no code with the engine's own.
//!
//! [`Book`] is fed with the facts as they are recorded and with what is seen on the wire. It knows what facts mean from
//! PROTOCOL.md and nothing of how the engine keeps its projections.

mod alert;
mod approval;
mod arms;
mod back;
mod calendar;
mod campaign;
mod command;
mod counts;
mod course;
mod finish;
mod fleet;
mod gate;
mod group;
mod member;
mod pace;
mod rules;
mod silence;
mod turn;
pub(super) mod window;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use fleetfold::turn::Turned;
use fleetfold_core::{CampaignIx, DeviceIx, Fact, ReleaseIx, State};

use self::course::Step;
pub use self::{
    approval::Approvals,
    campaign::{Campaign, Status},
    command::Commands,
    counts::Counts,
    fleet::{Device, Fleet},
    member::Place,
};
use super::{trace::Kind, world::Sim};

/// Something that must never happen has happened.
#[derive(Debug, Clone)]
pub struct Breach {
    pub invariant: &'static str,
    pub what: String,
}

/// The verdict of one check.
pub(crate) type Checked = Result<(), Breach>;

pub(crate) fn breach(invariant: &'static str, what: impl Into<String>) -> Checked {
    Err(Breach {
        invariant,
        what: what.into(),
    })
}

/// `Ok` if the condition holds.
pub(crate) fn demand(
    holds: bool,
    invariant: &'static str,
    what: impl FnOnce() -> String,
) -> Checked {
    if holds {
        Ok(())
    } else {
        breach(invariant, what())
    }
}

/// Everything recorded, counted again.
#[derive(Debug, Default)]
pub struct Book {
    /// As they are on disk: the first has position 1.
    records: Vec<(u64, Vec<u8>)>,
    pub fleet: Fleet,
    pub commands: Commands,
    pub releases: Vec<Release>,
    /// From which release to which a signed manifest leads back.
    ways: BTreeSet<(ReleaseIx, ReleaseIx)>,
    /// Bytes of the delta to a release from another one.
    deltas: BTreeMap<(ReleaseIx, ReleaseIx), u64>,
    pub campaigns: Vec<Campaign>,
    pub approvals: Approvals,
    watches: BTreeMap<CampaignIx, alert::Watch>,
    pub counts: Counts,
}

/// What a release is, as far as campaigns need it.
#[derive(Debug, Clone)]
pub struct Release {
    pub model: fleetfold_schemas::ModelId,
    pub image: fleetfold_schemas::Digest,
    bytes: u64,
}

/// What a start read from the log.
#[derive(Debug, Default)]
pub struct Recovered(Vec<(u64, Vec<u8>, Fact)>);

impl Recovered {
    pub fn push(&mut self, at_ms: u64, record: &[u8], fact: Fact) {
        self.0.push((at_ms, record.to_vec(), fact));
    }
}

/// The digest by which two states are told apart.
#[must_use]
pub fn digest(state: &State) -> [u8; 32] {
    fleetfold_core::snapshot::digest(state)
}

impl Book {
    #[must_use]
    pub fn position(&self) -> u64 {
        self.records.len() as u64
    }

    #[must_use]
    pub fn fact_at(&self, position: u64) -> Option<Fact> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        Fact::decode(&self.records.get(index)?.1).ok()
    }

    #[must_use]
    pub fn campaign(&self, ix: CampaignIx) -> &Campaign {
        &self.campaigns[ix as usize]
    }

    /// The campaigns in which an execution is open on a device.
    fn open_on(&self, device: DeviceIx) -> Vec<CampaignIx> {
        let campaigns = (0..).zip(&self.campaigns);
        campaigns
            .filter(|(_, campaign)| {
                campaign
                    .member(device)
                    .is_some_and(|member| member.place.is_open())
            })
            .map(|(ix, _)| ix)
            .collect()
    }

    /// Counts one fact, and says what is wrong with it.
    fn count(&mut self, at_ms: u64, fact: &Fact, step: &mut Step) -> Checked {
        let mut record = Vec::new();
        fact.encode_into(&mut record);
        self.records.push((at_ms, record));
        let position = self.position();
        self.check_approved(fact, step)?;
        let was_given_up = self.given_up(fact);
        match fact {
            Fact::ReleasePublished(fact) => self.releases.push(Release {
                model: fact.model.clone(),
                image: fact.image,
                bytes: fact.image_bytes,
            }),
            Fact::CommandAccepted(_) | Fact::CommandRefused(_) => {
                self.commands.count(position, fact)?;
            }
            Fact::DeviceRegistered(_)
            | Fact::DeviceGreeted(_)
            | Fact::DeviceReported(_)
            | Fact::LifecycleChanged(_) => {
                self.fleet.count(at_ms, fact)?;
                step.describe(fact);
            }
            Fact::OperatorAdded(_)
            | Fact::OperatorChanged(_)
            | Fact::OperatorRevoked(_)
            | Fact::ApprovalPolicySet(_) => self.approvals.count_people(fact),
            Fact::ApprovalRequested(_)
            | Fact::ApprovalGiven(_)
            | Fact::ApprovalGranted(_)
            | Fact::ApprovalDeclined(_)
            | Fact::ApprovalVoided(_)
            | Fact::ApprovalLost(_) => self.count_approval(at_ms, fact, step)?,
            Fact::RollbackAdded(fact) => {
                self.ways.insert((fact.release, fact.to));
            }
            Fact::DeltaAdded(fact) => {
                self.deltas.insert((fact.release, fact.from), fact.bytes);
            }
            Fact::AlertRaised(_)
            | Fact::AlertCleared(_)
            | Fact::TicketOpened(_)
            | Fact::TicketClosed(_) => self.count_alert(at_ms, fact, step)?,
            _ if fact.campaign().is_some() => self.count_campaign(position, at_ms, fact, step)?,
            // The site itself, its people, keys, deltas and alerts: nothing here depends on them.
            _ => {}
        }
        self.look(at_ms, fact, was_given_up);
        step.is_after(fact);
        Ok(())
    }

    /// All facts of one step, then what must hold at its end.
    fn count_step(&mut self, at_ms: u64, facts: &[Fact]) -> Checked {
        let mut step = Step::default();
        step.at_ms = at_ms;
        for fact in facts {
            self.count(at_ms, fact, &mut step)?;
        }
        if step.turns >= course::TURNS_PER_STEP_MAX {
            self.counts.starts_limited += 1;
        }
        self.check_step_end(at_ms, &step)
    }
}

impl Sim {
    /// Something is wrong; the first finding stands.
    pub fn breach(&mut self, invariant: &'static str, what: String) {
        self.judge(breach(invariant, what));
    }

    pub(crate) fn judge(&mut self, checked: Checked) {
        if let (Err(breach), None) = (checked, &self.breach) {
            self.breach = Some(breach);
        }
    }

    /// A turn's facts are on disk.
    pub fn recorded(&mut self, turned: &Turned) {
        let facts = &turned.step.facts;
        let before = self.book.position();
        let checked = self.book.count_step(turned.at, facts);
        self.tell_facts(before, facts);
        self.judge(checked);
    }

    fn tell_facts(&mut self, before: u64, facts: &[Fact]) {
        let now = self.queue.now_ms();
        for (position, fact) in (before + 1..).zip(facts) {
            self.trace
                .say(Kind::Record, now, format_args!("#{position} {fact:?}"));
        }
    }

    /// A start has read the log: what was known to be recorded is there as it was, what follows is news, and the state is
    /// the one before the crash.
    pub fn recovered(&mut self, recovered: &Recovered, state: &State) {
        let known = self.book.records.len();
        let kept = recovered.0.iter().map(|(at_ms, record, _)| (at_ms, record));
        let ours = self
            .book
            .records
            .iter()
            .map(|(at_ms, record)| (at_ms, record));
        if recovered.0.len() < known || !kept.take(known).eq(ours) {
            let what = format!(
                "{known} records were seen to be recorded, {} are there now",
                recovered.0.len()
            );
            return self.breach(
                "what was acknowledged or shown is in the log after every crash",
                what,
            );
        }
        if let Some((position, before)) = self.flushed.take()
            && position == state.position
        {
            let after = digest(state);
            if before != after {
                let what = format!("at {position}: {} facts", recovered.0.len());
                self.breach("replay equals the live state", what);
            }
        }
        // Nobody says where a step ended that was only found on disk, so what holds per step is not checked for it.
        let mut step = Step::default();
        for (at_ms, _, fact) in &recovered.0[known..] {
            let before = self.book.position();
            step.at_ms = *at_ms;
            let checked = self.book.count(*at_ms, fact, &mut step);
            self.tell_facts(before, std::slice::from_ref(fact));
            self.judge(checked);
        }
    }
}
