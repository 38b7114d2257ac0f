//! A campaign that is past, under other phases, gates or rates: devices do what they are on record for.

use std::collections::BTreeSet;

use fleetfold_core::{DeviceIx, Timestamp, state::Status, view};
use fleetfold_schemas::{
    campaign::CampaignSpec,
    job::Job,
    rehearsal::{Happened, Stopped, WhatIf},
};

use super::{
    cast::Line,
    chance::{Chance, Question},
    kind,
    record::{Attempt, Fate, Mark, Record, Stop},
    stage::{Behaviour, End, Moment, Outcome, Stage, Work},
};

/// Plays the recorded campaign as `spec` describes it.
#[must_use]
pub fn what_if(record: &Record, spec: CampaignSpec, seed: u64) -> WhatIf {
    let row = record.before.campaigns.get(record.campaign);
    let is_unchanged = row.spec == spec;
    let line = Line::of(&record.before, spec, row);
    let cast = line.sample(usize::MAX, seed);
    let mut borrowed = BTreeSet::new();
    let acting = Recorded {
        devices: &cast.devices,
        record,
        pool: record
            .attempts
            .values()
            .flatten()
            .filter(|a| is_known(a))
            .collect(),
        chance: Chance::new(seed),
        chosen: vec![None; cast.devices.len()],
        borrows: vec![false; cast.devices.len()],
        borrowed: &mut borrowed,
    };
    let played = Stage::new(cast.core.clone(), acting, record.started_at).play();
    let stopped = played.end.is_stop().then(|| Stopped {
        position: record.position_at(record.started_at + played.took_ms),
        after_ms: played.took_ms,
        exposed: played.exposed,
        cause: match &played.end {
            End::Paused(cause) => kind(cause),
            _ => ROLLBACK.to_owned(),
        },
    });
    let status = match &played.end {
        End::Completed => "completed",
        End::Paused(_) => "paused",
        End::RolledBack => "rolling_back",
        End::Failed => "failed",
        End::Stuck => "rolling",
    };
    WhatIf {
        campaign: row.id().clone(),
        seed,
        is_unchanged,
        started_ms: record.started_at,
        recorded: recorded(record),
        instead: Happened {
            status: status.to_owned(),
            stopped,
            took_ms: played.took_ms,
            exposed: played.exposed,
            updated: played.updated,
            failed: played.failed,
            bytes: Some(played.bytes),
        },
        devices: line.devices(),
        borrowed: borrowed.len() as u64,
        late_joiners: record.late_joiners,
        commands: record.commands,
    }
}

/// The kind of stop that is no pause.
const ROLLBACK: &str = "rollback_threshold";

fn recorded(record: &Record) -> Happened {
    let row = record.after.campaigns.get(record.campaign);
    let totals = row.totals();
    let until = row.ended_at.unwrap_or(record.after.recorded_at);
    Happened {
        status: view::campaign_state(&row.status).as_str().to_owned(),
        stopped: record.stop.as_ref().map(|stop| Stopped {
            position: stop.position,
            after_ms: stop.at - record.started_at,
            exposed: stop.exposed,
            cause: cause(stop),
        }),
        took_ms: match &row.status {
            Status::Paused { .. } => record.stop.as_ref().map_or(until, |stop| stop.at),
            _ => until,
        } - record.started_at,
        exposed: row.exposed.into(),
        updated: totals.updated.into(),
        failed: totals.failed.into(),
        bytes: None,
    }
}

fn cause(stop: &Stop) -> String {
    stop.cause
        .as_ref()
        .map_or_else(|| ROLLBACK.to_owned(), kind)
}

const fn is_known(attempt: &Attempt) -> bool {
    !matches!(attempt.fate, Fate::Open | Fate::Accepted(_))
}

/// Devices that do again what they did; those that were never reached do what another one did.
struct Recorded<'r> {
    /// By their numbers on the stage.
    devices: &'r [DeviceIx],
    record: &'r Record,
    /// Attempts that came to an end.
    pool: Vec<&'r Attempt>,
    chance: Chance,
    /// What each device is at.
    chosen: Vec<Option<Fate>>,
    /// Of each device: what it is at is another one's.
    borrows: Vec<bool>,
    borrowed: &'r mut BTreeSet<DeviceIx>,
}

/// After everything that is on record for the same millisecond.
const UNRECORDED: u64 = u64::MAX / 2;

impl Recorded<'_> {
    /// The attempt as it was; further ones as its last; and what is not on record, from someone who is.
    fn choose(&mut self, device: DeviceIx, attempt: u32) -> Option<Fate> {
        self.borrows[device as usize] = false;
        let original = self.devices[device as usize];
        let own = self.record.attempts.get(&original);
        let nth = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let own = own.and_then(|own| own.get(nth).or_else(|| own.last()));
        if let Some(own) = own.filter(|own| is_known(own)) {
            return Some(own.fate.clone());
        }
        let count = u64::try_from(self.pool.len())
            .ok()
            .filter(|count| *count > 0)?;
        let drawn = self.chance.bits(Question::Borrows, original, attempt) % count;
        let drawn = self.pool[usize::try_from(drawn).expect("it is below a length")];
        let open_ms = own.map_or(0, |own| own.open_ms);
        // What had not happened when the record ended happens after that, if at all.
        let late = |(after_ms, _): Mark| (after_ms.max(open_ms + 1), UNRECORDED);
        let whole = |(after_ms, _): Mark| (after_ms, UNRECORDED);
        self.borrows[device as usize] = true;
        Some(match (own.map(|own| &own.fate), &drawn.fate) {
            // It had accepted when the record ended: that much is its own.
            (Some(Fate::Accepted(own)), Fate::Succeeded(_, then)) => {
                Fate::Succeeded(*own, late(*then))
            }
            (Some(Fate::Accepted(own)), Fate::Failed(_, then, error, restored)) => {
                Fate::Failed(*own, late(*then), error.clone(), *restored)
            }
            (Some(Fate::Accepted(own)), _) => Fate::Silent(*own),
            (_, Fate::Succeeded(first, then)) => Fate::Succeeded(late(*first), whole(*then)),
            (_, Fate::Failed(first, then, error, restored)) => {
                Fate::Failed(late(*first), whole(*then), error.clone(), *restored)
            }
            (_, Fate::Declined(then, error)) => Fate::Declined(late(*then), error.clone()),
            (_, Fate::Silent(first)) => Fate::Silent(late(*first)),
            (_, other) => other.clone(),
        })
    }
}

const fn moment((after_ms, order): Mark) -> Moment {
    Moment { after_ms, order }
}

impl Behaviour for Recorded<'_> {
    fn contact(&mut self, device: DeviceIx, attempt: u32) -> Option<Moment> {
        let fate = self.choose(device, attempt);
        let first = match &fate {
            Some(
                Fate::Succeeded(first, _)
                | Fate::Failed(first, ..)
                | Fate::Silent(first)
                | Fate::Declined(first, _),
            ) => Some(moment(*first)),
            Some(Fate::NotContacted | Fate::Open | Fate::Accepted(_)) | None => None,
        };
        self.chosen[device as usize] = fate;
        first
    }

    fn work(&mut self, device: DeviceIx, _job: &Job, _now: Timestamp) -> Work {
        if self.borrows[device as usize] {
            self.borrowed.insert(device);
        }
        let (download_ms, outcome) = match self.chosen[device as usize].take() {
            Some(Fate::Declined(_, error)) => return Work::Declines(error),
            Some(Fate::Succeeded(_, then)) => {
                let outcome = Outcome::Succeeded { boot_ms: None };
                (then.0, Some((moment(then), outcome)))
            }
            Some(Fate::Failed(_, then, error, restored)) => {
                let outcome = Outcome::Failed { error, restored };
                (then.0, Some((moment(then), outcome)))
            }
            _ => (0, None),
        };
        Work::Accepts {
            download_ms,
            outcome,
        }
    }

    /// Its time is that on record, whatever the window.
    fn install(&mut self, _device: DeviceIx, _job: &Job, _now: Timestamp) -> (Moment, Outcome) {
        unreachable!("what is on record is never too late")
    }
}
