//! What a log says of one campaign: the state before its start, and how each device went through each attempt.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use fleetfold_core::{
    CampaignIx, Core, DeviceIx, Fact, State, Timestamp,
    fact::{ExecutionFailed, ExecutionQueued, ExecutionSucceeded, PauseCause, RemovalCause},
};
use fleetfold_schemas::{CampaignId, device::DeviceError};

use super::known::KnownError;
use crate::{
    log::{Disk, Head, LogReader, OsDisk},
    replay::decode,
    server::log_dir,
};

/// One attempt of a device, as it was recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    queued_at: Timestamp,
    /// How long the campaign had been paused or frozen by then, in all.
    paused_ms: u64,
    accepted_at: Timestamp,
    /// How long it had waited, or worked, when the record ended without a word: what follows comes later.
    pub open_ms: u64,
    pub fate: Fate,
}

/// After so long, at this place in the log.
pub type Mark = (u64, u64);

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Fate {
    /// Nobody knows: the record ends, or others have ended it.
    #[default]
    Open,
    Accepted(Mark),
    NotContacted,
    Declined(Mark, DeviceError),
    Silent(Mark),
    Succeeded(Mark, Mark),
    Failed(Mark, Mark, DeviceError, bool),
}

/// A gate's pause, or the beginning of the way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    pub at: Timestamp,
    pub position: u64,
    pub exposed: u64,
    /// `None`: a rollback.
    pub cause: Option<PauseCause>,
}

/// A campaign's course.
#[derive(Debug)]
pub struct Record {
    /// Before its start, which was then.
    pub before: State,
    pub campaign: CampaignIx,
    pub started_at: Timestamp,
    pub attempts: BTreeMap<DeviceIx, Vec<Attempt>>,
    /// Of the log, from the start on: when it stood where. Alerts are left out: they come after what they tell.
    pub positions: Vec<(Timestamp, u64)>,
    pub stop: Option<Stop>,
    /// Commands about it after its start.
    pub commands: u64,
    pub late_joiners: u64,
    /// At the end of the log.
    pub after: State,
    paused_since: Option<Timestamp>,
    paused_ms: u64,
}

/// Reads a campaign's course from the beginning of the log.
///
/// # Errors
/// The log cannot be read, or its beginning is archived. `None`: the campaign has not been started.
pub fn record(data: &Path, id: &CampaignId) -> Result<Option<Record>, KnownError> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let mut reader = LogReader::new(disk, &log_dir(data), Head::START);
    let mut core = Core::default();
    let mut found: Option<Record> = None;
    reader.read(|position, at, record| {
        let fact = decode(position, record)?;
        take(&mut core, &mut found, id, (position, at), &fact);
        Ok(())
    })?;
    Ok(found.map(|mut record| {
        record.after = core.state().clone();
        record.close();
        record
    }))
}

fn take(
    core: &mut Core,
    found: &mut Option<Record>,
    id: &CampaignId,
    (position, at): (u64, Timestamp),
    fact: &Fact,
) {
    if let Fact::CampaignStarted(started) = fact
        && core.state().campaigns.get(started.campaign).id() == id
    {
        *found = Some(Record::new(core.state().clone(), started.campaign, at));
    }
    core.replay(at, fact);
    if let Some(record) = found {
        if !matches!(fact, Fact::AlertRaised(_) | Fact::AlertCleared(_)) {
            record.positions.push((at, position));
        }
        if fact.campaign() == Some(record.campaign) {
            record.follow((position, at), fact, core.state());
        }
    }
}

impl Record {
    fn new(before: State, campaign: CampaignIx, started_at: Timestamp) -> Self {
        Self {
            before,
            campaign,
            started_at,
            attempts: BTreeMap::new(),
            positions: Vec::new(),
            stop: None,
            commands: 0,
            late_joiners: 0,
            after: State::default(),
            paused_since: None,
            paused_ms: 0,
        }
    }

    /// Where the log stood at a moment.
    #[must_use]
    pub fn position_at(&self, at: Timestamp) -> u64 {
        let until = self.positions.partition_point(|(then, _)| *then <= at);
        let last = until
            .checked_sub(1)
            .and_then(|last| self.positions.get(last));
        last.map_or(self.before.position, |(_, position)| *position)
    }

    /// The record ends.
    fn close(&mut self) {
        let end = self.after.recorded_at;
        // A paused campaign hides its jobs.
        let shown_until = self.paused_since.unwrap_or(end);
        for attempt in self.attempts.values_mut().flatten() {
            attempt.open_ms = match attempt.fate {
                Fate::Open => (shown_until.saturating_sub(attempt.queued_at))
                    .saturating_sub(self.paused_ms - attempt.paused_ms),
                Fate::Accepted(_) => end - attempt.accepted_at,
                _ => 0,
            };
        }
    }

    fn follow(&mut self, (position, at): (u64, Timestamp), fact: &Fact, state: &State) {
        match fact {
            Fact::CampaignPaused(paused) => {
                self.paused_since.get_or_insert(at);
                match &paused.cause {
                    PauseCause::Operator { .. } => self.commands += 1,
                    cause => self.stopped((position, at), Some(cause.clone()), state),
                }
            }
            Fact::RollbackStarted(_) => self.stopped((position, at), None, state),
            Fact::CampaignResumed(_) => {
                self.commands += 1;
                self.shown_again(at);
            }
            // Jobs that nobody has accepted are hidden as in a pause.
            Fact::CampaignFrozen(_) => {
                self.paused_since.get_or_insert(at);
            }
            Fact::CampaignThawed(_) => self.shown_again(at),
            Fact::CampaignCanceled(_)
            | Fact::PhaseAdvanced(_)
            | Fact::RetriesOrdered(_)
            | Fact::ExecutionExpedited(_)
            | Fact::DeviceExcluded(_) => self.commands += 1,
            Fact::MemberJoined(_) => self.late_joiners += 1,
            Fact::ExecutionQueued(ExecutionQueued { device, .. }) => {
                let attempt = Attempt {
                    queued_at: at,
                    paused_ms: self.paused_ms,
                    ..Attempt::default()
                };
                self.attempts.entry(*device).or_default().push(attempt);
            }
            _ => self.attempted((position, at), fact),
        }
    }

    fn shown_again(&mut self, at: Timestamp) {
        let since = self.paused_since.take().unwrap_or(at);
        self.paused_ms += at - since;
    }

    fn stopped(
        &mut self,
        (position, at): (u64, Timestamp),
        cause: Option<PauseCause>,
        state: &State,
    ) {
        let exposed = state.campaigns.get(self.campaign).exposed.into();
        self.stop.get_or_insert(Stop {
            at,
            position,
            exposed,
            cause,
        });
    }

    fn attempted(&mut self, (position, at): (u64, Timestamp), fact: &Fact) {
        let paused_ms = self.paused_ms;
        let Some(attempt) = fact
            .device()
            .and_then(|device| self.attempts.get_mut(&device))
            .and_then(|attempts| attempts.last_mut())
        else {
            return;
        };
        let waited = (at - attempt.queued_at).saturating_sub(paused_ms - attempt.paused_ms);
        let worked = (at.saturating_sub(attempt.accepted_at), position);
        attempt.fate = match (fact, attempt.fate.clone()) {
            (Fact::ExecutionAccepted(_), Fate::Open) => {
                attempt.accepted_at = at;
                Fate::Accepted((waited, position))
            }
            (
                Fact::ExecutionSucceeded(ExecutionSucceeded { already: false, .. }),
                Fate::Accepted(accepted),
            ) => Fate::Succeeded(accepted, worked),
            (Fact::HopReached(_), Fate::Accepted(accepted)) => Fate::Succeeded(accepted, worked),
            (
                Fact::ExecutionFailed(ExecutionFailed {
                    error, restored, ..
                }),
                Fate::Accepted(accepted),
            ) => Fate::Failed(accepted, worked, error.clone(), *restored),
            (Fact::ExecutionRejected(fact), _) => {
                Fate::Declined((waited, position), fact.error.clone())
            }
            (Fact::ExecutionTimedOut(_), Fate::Accepted(accepted)) => Fate::Silent(accepted),
            (Fact::ExecutionRemoved(fact), Fate::Open)
                if fact.cause == RemovalCause::NotContacted =>
            {
                Fate::NotContacted
            }
            // Neither way, as one that was never reached.
            (Fact::ExecutionRemoved(fact), Fate::Accepted(_))
                if matches!(
                    fact.cause,
                    RemovalCause::PreconditionUnmet | RemovalCause::ConsentDenied
                ) =>
            {
                Fate::NotContacted
            }
            (_, fate) => fate,
        };
    }
}
