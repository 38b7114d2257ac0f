//! What a log says, counted fact by fact from the journal, without the engine's projections.
//!
//! It knows what facts mean and nothing of how the engine keeps its accounts: that is what makes it worth comparing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use fleetfold::log::{self, ReplayError, Verified};
use fleetfold_core::{
    CampaignIx, DeviceIx, Fact,
    fact::{
        CampaignCreated, CampaignStarted, CommandAccepted, DeviceGreeted, DeviceRegistered,
        DeviceReported, ExecutionFailed, ExecutionSucceeded, PhaseStarted,
    },
};
use fleetfold_schemas::{CampaignId, DeviceId, status::Tally};

use crate::Failure;

/// A log, counted.
#[derive(Debug)]
pub struct Recount {
    /// The journal's checksums and chain hold up to here.
    pub verified: Verified,
    /// The fact at position 1 is the first, and so on.
    pub facts: Vec<Recorded>,
    pub devices: Vec<DeviceId>,
    /// Hellos and reports.
    pub messages: BTreeMap<DeviceId, BTreeSet<Number>>,
    /// Messages that are there a second time.
    pub repeated: Vec<(DeviceId, Number)>,
    pub campaigns: Vec<Campaign>,
    /// By device, as facts leave it out where it has not changed.
    epochs: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub at_ms: u64,
    pub fact: Fact,
}

/// Boot epoch and sequence number.
pub type Number = (u64, u64);

#[derive(Debug)]
pub struct Campaign {
    pub id: CampaignId,
    /// Members that its start counted.
    pub devices: u32,
    /// Cumulative cuts of the phases that have started.
    pub cuts: Vec<u32>,
    pub executions: BTreeMap<DeviceId, Execution>,
    pub completed: u32,
    pub pauses: u32,
}

/// What happened to one device in one campaign.
#[derive(Debug, Default)]
pub struct Execution {
    /// The phase that ran when it was first offered the update, from 0.
    pub phase: usize,
    pub queued: u32,
    pub accepted: u32,
    pub succeeded: u32,
    pub failed: u32,
    now: Now,
    has_failed: bool,
    is_restored: bool,
}

/// How far a device is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Now {
    #[default]
    Offered,
    InProgress,
    Updated,
    Failed,
    Removed,
}

impl Recount {
    /// Counts the log of a data directory. An engine may be at work on it.
    pub fn of(data: &Path) -> Result<Self, Failure> {
        let mut facts = Vec::new();
        let dir = fleetfold::server::log_dir(data);
        let verified = log::verify_with(&dir, |position, at_ms, record| {
            let fact = Fact::decode(record).map_err(|error| format!("fact {position}: {error}"))?;
            facts.push(Recorded { at_ms, fact });
            Ok::<(), String>(())
        });
        let verified = verified.map_err(|error| match error {
            ReplayError::Log(error) => Failure::from(error),
            ReplayError::Visit(error) => error.into(),
        })?;
        let mut recount = Self {
            verified,
            facts: Vec::new(),
            devices: Vec::new(),
            messages: BTreeMap::new(),
            repeated: Vec::new(),
            campaigns: Vec::new(),
            epochs: Vec::new(),
        };
        for recorded in &facts {
            recount.count(&recorded.fact);
        }
        recount.facts = facts;
        Ok(recount)
    }

    /// The fact at a position.
    #[must_use]
    pub fn at(&self, position: u64) -> Option<&Recorded> {
        let index = usize::try_from(position.checked_sub(1)?).ok()?;
        self.facts.get(index)
    }

    /// The name of the command that was accepted at a position.
    #[must_use]
    pub fn command_at(&self, position: u64) -> Option<&str> {
        match &self.at(position)?.fact {
            Fact::CommandAccepted(CommandAccepted { command, .. }) => Some(command),
            _ => None,
        }
    }

    #[must_use]
    pub fn campaign(&self, id: &CampaignId) -> Option<&Campaign> {
        self.campaigns.iter().find(|campaign| campaign.id == *id)
    }

    fn count(&mut self, fact: &Fact) {
        match fact {
            Fact::DeviceRegistered(DeviceRegistered { id, .. }) => {
                self.devices.push(id.clone());
                self.epochs.push(0);
            }
            Fact::DeviceGreeted(DeviceGreeted {
                device, epoch, seq, ..
            }) => self.message(*device, Some(*epoch), *seq),
            Fact::DeviceReported(DeviceReported {
                device, epoch, seq, ..
            }) => self.message(*device, *epoch, *seq),
            Fact::CampaignCreated(CampaignCreated { spec, .. }) => self.campaigns.push(Campaign {
                id: spec.id.clone(),
                devices: 0,
                cuts: Vec::new(),
                executions: BTreeMap::new(),
                completed: 0,
                pauses: 0,
            }),
            _ => {
                if let Some(campaign) = fact.campaign() {
                    self.campaign_fact(campaign, fact);
                }
            }
        }
    }

    fn message(&mut self, device: DeviceIx, epoch: Option<u64>, seq: u64) {
        let last = &mut self.epochs[device as usize];
        *last = epoch.unwrap_or(*last);
        let number = (*last, seq);
        let id = &self.devices[device as usize];
        if !self.messages.entry(id.clone()).or_default().insert(number) {
            self.repeated.push((id.clone(), number));
        }
    }

    fn campaign_fact(&mut self, campaign: CampaignIx, fact: &Fact) {
        let device = fact.device().map(|ix| self.devices[ix as usize].clone());
        let campaign = &mut self.campaigns[campaign as usize];
        match (fact, device) {
            (Fact::CampaignStarted(CampaignStarted { devices, .. }), _) => {
                campaign.devices = *devices;
            }
            (Fact::PhaseStarted(PhaseStarted { cut, .. }), _) => campaign.cuts.push(*cut),
            (Fact::CampaignCompleted(_), _) => campaign.completed += 1,
            (Fact::CampaignPaused(_), _) => campaign.pauses += 1,
            (_, Some(device)) => {
                let phase = campaign.cuts.len().saturating_sub(1);
                let execution = campaign.executions.entry(device);
                let execution = execution.or_insert_with(|| Execution {
                    phase,
                    ..Execution::default()
                });
                execution.count(fact);
            }
            (_, None) => {}
        }
    }
}

impl Campaign {
    /// What the campaign's status should say, in all or of one phase.
    #[must_use]
    pub fn tally(&self, phase: Option<usize>) -> Tally {
        let mut tally = Tally::default();
        let counted = self
            .executions
            .values()
            .filter(|execution| phase.is_none_or(|phase| execution.phase == phase));
        for execution in counted {
            let place = match (execution.now, execution.has_failed) {
                (Now::Updated, _) => &mut tally.updated,
                (Now::Removed, _) => &mut tally.removed,
                (Now::Failed, _) | (Now::Offered | Now::InProgress, true) => &mut tally.failed,
                (Now::InProgress, false) => &mut tally.in_progress,
                (Now::Offered, false) => &mut tally.not_contacted,
            };
            *place += 1;
            if execution.is_restored {
                tally.rolled_back += 1;
            }
        }
        // Those that have not been offered anything leave no trace of their own.
        let counted = tally.updated + tally.failed + tally.in_progress + tally.not_contacted;
        let devices = phase.map_or(self.devices, |phase| self.phase_devices(phase));
        tally.not_contacted += u64::from(devices) - counted - tally.removed;
        tally
    }

    /// Devices that a phase adds to those before it.
    #[must_use]
    pub fn phase_devices(&self, phase: usize) -> u32 {
        let before = phase.checked_sub(1).map_or(0, |before| self.cuts[before]);
        self.cuts[phase] - before
    }
}

impl Execution {
    fn count(&mut self, fact: &Fact) {
        match fact {
            Fact::ExecutionQueued(_) => {
                self.queued += 1;
                self.now = Now::Offered;
            }
            Fact::ExecutionAccepted(_) => {
                self.accepted += 1;
                self.now = Now::InProgress;
            }
            Fact::ExecutionSucceeded(ExecutionSucceeded { .. }) => {
                self.succeeded += 1;
                self.now = Now::Updated;
                (self.has_failed, self.is_restored) = (false, false);
            }
            Fact::ExecutionFailed(ExecutionFailed { restored, .. }) => {
                self.fail();
                self.is_restored |= restored;
            }
            Fact::ExecutionRejected(_) | Fact::ExecutionTimedOut(_) => self.fail(),
            Fact::ExecutionRetracted(_) => {
                self.fail();
                self.is_restored = true;
            }
            Fact::ExecutionRemoved(_) | Fact::ExecutionCanceled(_) => self.now = Now::Removed,
            Fact::HopReached(_) => self.now = Now::Offered,
            _ => {}
        }
    }

    fn fail(&mut self) {
        self.failed += 1;
        self.now = Now::Failed;
        self.has_failed = true;
    }
}
