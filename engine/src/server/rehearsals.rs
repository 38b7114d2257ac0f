//! Rehearsals that operators ask for: one at a time, on a thread of its own, from the log on disk.
//!
//! What came of the last one of each campaign is kept here until the process ends; it is no part of the record.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
};

use bytes::Bytes;
use fleetfold_core::{Request, Timestamp};
use fleetfold_schemas::{
    CampaignId, Topic,
    code::{Code, Rejection},
    codec::encode_json,
    command::{Command, CommandMessage, RehearseCampaign, UnreadableCommand},
    rehearsal::RehearsalStatus,
    topic::{self, CampaignTopic},
};

use super::inbox::{Inbox, Message, Pending};
use crate::{
    rehearsal::{KnownError, Options, known, rehearse},
    report::in_one_line,
};

/// Below everything that acknowledges or decides.
const NICENESS: i32 = 19;

#[derive(Debug)]
pub struct Rehearsals {
    data: PathBuf,
    inbox: Inbox,
    is_busy: bool,
    last: BTreeMap<CampaignId, Bytes>,
}

impl Rehearsals {
    /// Of the engine with this data directory; what comes of them comes back through the inbox.
    #[must_use]
    pub fn new(data: PathBuf, inbox: Inbox) -> Self {
        Self {
            data,
            inbox,
            is_busy: false,
            last: BTreeMap::new(),
        }
    }

    /// Refuses whoever asks for a rehearsal while there is one.
    pub fn turn_away(&self, pending: &mut [Pending]) {
        let mut is_busy = self.is_busy;
        for pending in pending {
            let Request::Operator { message, .. } = &mut pending.request else {
                continue;
            };
            let Ok(asked) = message else { continue };
            if !matches!(asked.command, Command::RehearseCampaign(_)) {
                continue;
            }
            if is_busy {
                *message = Err(busy(asked));
            }
            is_busy = true;
        }
    }

    /// Begins one, for which there must be time.
    pub fn start(&mut self, command: RehearseCampaign) {
        let (data, inbox) = (self.data.clone(), self.inbox.clone());
        let started = thread::Builder::new()
            .name("rehearsal".to_owned())
            .spawn(move || {
                let status = play(&data, command);
                // The owner is gone only when the process is ending.
                let _ = inbox.blocking_send(Message::Rehearsed(status));
            });
        match started {
            Ok(_) => self.is_busy = true,
            Err(error) => tracing::warn!(%error, "there is no thread to rehearse on"),
        }
    }

    /// Keeps what came of it, and says what to publish where.
    pub fn finish(&mut self, status: &RehearsalStatus) -> (Topic, Bytes) {
        self.is_busy = false;
        let campaign = match status {
            RehearsalStatus::Done(rehearsal) => &rehearsal.campaign,
            RehearsalStatus::Failed { campaign, .. } => campaign,
        };
        let payload = Bytes::from(encode_json(status));
        self.last.insert(campaign.clone(), payload.clone());
        (topic_of(campaign), payload)
    }

    /// Retained values that a filter matches.
    pub fn matching(&self, filter: &str) -> impl Iterator<Item = (Topic, Bytes)> {
        self.last.iter().filter_map(move |(campaign, payload)| {
            let topic = topic_of(campaign);
            topic::matches(filter, &topic.to_string()).then(|| (topic, payload.clone()))
        })
    }
}

fn topic_of(campaign: &CampaignId) -> Topic {
    Topic::Campaign(campaign.clone(), CampaignTopic::Rehearsal)
}

fn busy(asked: &CommandMessage) -> UnreadableCommand {
    UnreadableCommand {
        id: asked.id.clone(),
        name: Some(asked.command.name().to_owned()),
        rejection: Rejection::new(
            Code::Busy,
            "a rehearsal is under way; ask again when it is over",
        ),
    }
}

fn play(data: &Path, command: RehearseCampaign) -> RehearsalStatus {
    // On Linux this is the priority of the calling thread alone.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "rehearsing with ordinary priority");
    }
    let campaign = command.campaign.clone();
    let failed = |reason: String| {
        tracing::warn!(%campaign, reason, "no rehearsal");
        RehearsalStatus::Failed {
            campaign: campaign.clone(),
            reason,
        }
    };
    // A fault of ours must not stop those to come.
    match catch_unwind(AssertUnwindSafe(|| rehearsed(data, command))) {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => failed(in_one_line(&error)),
        Err(_) => failed("the rehearsal broke off; the engine's own log says where".to_owned()),
    }
}

fn rehearsed(data: &Path, command: RehearseCampaign) -> Result<RehearsalStatus, KnownError> {
    let core = known(data)?;
    let state = core.state();
    let Some(ix) = state.campaigns.find(&command.campaign) else {
        // It was there when the command was taken, and the log is never behind that.
        unreachable!("campaigns are never forgotten");
    };
    let defaults = Options::default();
    let options = Options {
        runs: command.runs.unwrap_or(defaults.runs),
        seed: command.seed.unwrap_or(defaults.seed),
        failure_rate: command.failure_rate,
        contact_ms: command
            .contact_minutes
            .map(|minutes| -> Timestamp { minutes.ms() }),
        ..defaults
    };
    let rehearsal = rehearse(state, ix, &options);
    Ok(RehearsalStatus::Done(Box::new(rehearsal)))
}
