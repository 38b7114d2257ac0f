//! One life of a process with a log: open, read everything, append, close; and open once more. The process is recorded
//! from outside, and says what it knows by marks.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use fleetfold::log::{Head, Log, LogError, LogOptions, Opened, ReplayError, verify_with};
use serde::{Deserialize, Serialize};

use super::history::{History, stamp};
use super::keeping::{Keeping, check_snapshot};
use crate::Failure;

/// A sled that hangs is given up after that.
const INDEX_TIMEOUT: Duration = Duration::from_secs(30);

/// The log failed, with an error of its own.
pub(super) const LOG_FAILED: u8 = 3;

#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub struct Life {
    #[arg(long)]
    pub seed: u64,
    /// Which life of this log it is, from 1
    #[arg(long)]
    pub life: u32,
    #[arg(long)]
    pub batches: u32,
    #[arg(long)]
    pub segment_bytes: u64,
    /// Take snapshots, archive, and drop what is archived
    #[arg(long)]
    pub keeps: bool,
}

/// What is true at this point of the process's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// The log was read: whatever depends on what it holds may happen now.
    Opened(Known),
    /// A batch of this time that ends with this number is about to be appended.
    Sending { at_ms: u64, last_seq: u64 },
    /// It was.
    Appended(Known),
    /// There is a snapshot of everything up to this number.
    Snapshot { seq: u64 },
}

/// What the process knows of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub seq: u64,
    pub chain: String,
}

/// What the process says at its end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Account {
    pub first: Reading,
    pub last: Reading,
}

/// What was found when the log was opened.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    pub known: Known,
    /// The times of all batches, those that only the archive has included.
    pub batches: Vec<u64>,
    /// The first record that the log itself still has.
    pub first_seq: u64,
    /// Up to where there are snapshots, newest first.
    pub snapshots: Vec<u64>,
    pub repairs: Vec<String>,
}

impl Known {
    fn of(head: &Head) -> Self {
        let chain = hex::encode(head.chain);
        Self {
            seq: head.seq,
            chain,
        }
    }
}

impl Life {
    /// Lives in this process, with the log in `dir`.
    pub fn run(&self, dir: &Path, marks: &Path) -> ExitCode {
        match self.live(dir, marks) {
            Ok(account) => {
                println!("{}", serde_json::json!(account));
                ExitCode::SUCCESS
            }
            Err(error) => {
                fleetfold::report::report(&*error);
                match error.downcast_ref::<LogError>() {
                    Some(_) => ExitCode::from(LOG_FAILED),
                    None => ExitCode::FAILURE,
                }
            }
        }
    }

    fn live(&self, dir: &Path, marks_path: &Path) -> Result<Account, Failure> {
        let options = LogOptions {
            segment_bytes: self.segment_bytes,
            index_timeout: INDEX_TIMEOUT,
        };
        let mut marks = File::create(marks_path)?;
        let mut mark = |mark: Mark| marks.write_all(serde_json::json!(mark).to_string().as_bytes());
        let kept = self
            .keeps
            .then(|| Keeping::prepare(dir, marks_path))
            .transpose()?;
        let (mut log, opened) = Log::open(dir, &options)?;
        let first = self.read(dir, &log, opened, kept.as_ref())?;
        mark(Mark::Opened(first.known.clone()))?;
        let history = History::new(self.seed);
        for _ in 0..self.batches {
            let first_seq = log.head().seq + 1;
            let batch = history.batch(self.life, first_seq);
            mark(Mark::Sending {
                at_ms: batch.at_ms(),
                last_seq: log.head().seq + u64::from(batch.len()),
            })?;
            let head = log.append(&batch)?;
            mark(Mark::Appended(Known::of(&head)))?;
            if let Some(kept) = &kept {
                kept.work(&log, &history, &mut mark)?;
            }
        }
        drop(log);

        let (log, opened) = Log::open(dir, &options)?;
        let last = self.read(dir, &log, opened, kept.as_ref())?;
        mark(Mark::Opened(last.known.clone()))?;
        drop(log);
        Ok(Account { first, last })
    }

    /// Reads everything in two ways, and checks every byte.
    fn read(
        &self,
        dir: &Path,
        log: &Log,
        opened: Opened,
        kept: Option<&Keeping>,
    ) -> Result<Reading, Failure> {
        if opened.head != log.head() {
            return Err(format!("opened at {:?}, goes on at {:?}", opened.head, log.head()).into());
        }
        let whole = match kept {
            Some(kept) => kept.put_together(dir)?,
            None => dir.to_owned(),
        };
        let mut reader = Reader::new(self.seed);
        let verified = verify_with(&whole, |seq, at_ms, record| reader.see(seq, at_ms, record));
        let verified = verified.map_err(ended)?;
        if verified.head != log.head() || verified.incomplete.is_some() {
            return Err(format!("the log has {:?}, verified {verified:?}", log.head()).into());
        }
        let batches = reader.end(log.head().seq)?;

        let first_seq = match log.replay(1, |_, _, _| Err("enough")) {
            Err(ReplayError::Log(LogError::HistoryMissing { to, .. })) => to + 1,
            Err(ReplayError::Log(error)) => return Err(error.into()),
            Err(ReplayError::Visit("enough")) | Ok(()) => 1,
            Err(ReplayError::Visit(_)) => unreachable!("the visitor says nothing else"),
        };
        let mut reader = Reader::starting(self.seed, first_seq);
        let replayed = log.replay(first_seq, |seq, at_ms, record| {
            reader.see(seq, at_ms, record)
        });
        replayed.map_err(ended)?;
        if !batches.ends_with(&reader.end(log.head().seq)?) {
            return Err(format!("from {first_seq} on, index and journal differ").into());
        }
        let history = History::new(self.seed);
        for snapshot in &opened.snapshots {
            check_snapshot(snapshot, &history)?;
        }
        let snapshots: Vec<u64> = opened.snapshots.iter().map(|s| s.head().seq).collect();
        if snapshots
            .first()
            .is_none_or(|newest| newest + 1 < first_seq)
            && first_seq > 1
        {
            return Err(format!("nothing covers what is before {first_seq}").into());
        }
        Ok(Reading {
            known: Known::of(&log.head()),
            batches,
            first_seq,
            snapshots,
            repairs: opened.repairs.iter().map(|r| format!("{r:?}")).collect(),
        })
    }
}

pub(super) fn ended(error: ReplayError<String>) -> Failure {
    match error {
        ReplayError::Log(error) => error.into(),
        ReplayError::Visit(wrong) => wrong.into(),
    }
}

/// Compares records with those that were sent.
pub(super) struct Reader {
    history: History,
    next_seq: u64,
    at_ms: u64,
    /// Of the current batch, those that are still to come.
    expected: std::vec::IntoIter<Vec<u8>>,
    batches: Vec<u64>,
}

impl Reader {
    pub(super) fn new(seed: u64) -> Self {
        Self::starting(seed, 1)
    }

    /// From the first record of a batch on.
    fn starting(seed: u64, next_seq: u64) -> Self {
        Self {
            history: History::new(seed),
            next_seq,
            at_ms: 0,
            expected: Vec::new().into_iter(),
            batches: Vec::new(),
        }
    }

    pub(super) fn see(&mut self, seq: u64, at_ms: u64, record: &[u8]) -> Result<(), String> {
        if seq != self.next_seq {
            return Err(format!("record {seq} where {} is next", self.next_seq));
        }
        if at_ms != self.at_ms {
            let life = u32::try_from(at_ms >> 32).unwrap_or(u32::MAX);
            if self.expected.len() > 0 || at_ms != stamp(life, seq) || at_ms < self.at_ms {
                return Err(format!("record {seq} begins batch {at_ms:#x} out of turn"));
            }
            self.at_ms = at_ms;
            self.expected = self.history.records(at_ms).into_iter();
            self.batches.push(at_ms);
        }
        if self.expected.next().as_deref() != Some(record) {
            return Err(format!("record {seq} is not what was sent"));
        }
        self.next_seq += 1;
        Ok(())
    }

    /// The times of all batches, if the log ends here.
    pub(super) fn end(self, seq: u64) -> Result<Vec<u64>, String> {
        if self.next_seq != seq + 1 || self.expected.len() > 0 {
            let shown = self.next_seq - 1;
            return Err(format!(
                "the log ends at {seq}, but {shown} records were shown"
            ));
        }
        Ok(self.batches)
    }
}
