//! What a log must hold after a power cut, and what it may.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::life::{Known, Mark, Reading};

/// What was sent to a log and what was promised of it, up to a moment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    sent: Vec<Sent>,
    /// So many of the sent batches must be there for ever.
    promised: usize,
    /// The chain values that were told, by the number of the record before.
    chains: BTreeMap<u64, String>,
    /// The newest snapshot.
    snapshot: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sent {
    at_ms: u64,
    last_seq: u64,
}

impl Ledger {
    /// Goes on with what the process said, or says what is wrong with that.
    pub(super) fn note(&mut self, mark: &Mark) -> Result<(), String> {
        match mark {
            Mark::Sending { at_ms, last_seq } => self.sent.push(Sent {
                at_ms: *at_ms,
                last_seq: *last_seq,
            }),
            // What is not there now never was, and must not come back.
            Mark::Opened(known) => {
                let before = self.sent.partition_point(|sent| sent.last_seq <= known.seq);
                self.sent.truncate(before);
                self.promise(known)?;
            }
            Mark::Appended(known) => self.promise(known)?,
            Mark::Snapshot { seq } => self.snapshot = *seq,
        }
        Ok(())
    }

    fn promise(&mut self, known: &Known) -> Result<(), String> {
        let last_seq = self.last_seq();
        if known.seq != last_seq {
            return Err(format!(
                "sent up to {last_seq}, the log is at {}",
                known.seq
            ));
        }
        if self.sent.len() < self.promised {
            let (left, promised) = (self.sent.len(), self.promised);
            return Err(format!("{left} batches are left of {promised} promised"));
        }
        self.promised = self.sent.len();
        self.chains.split_off(&(known.seq + 1));
        let told = self.chains.entry(known.seq);
        let told = told.or_insert_with(|| known.chain.clone());
        if *told != known.chain {
            return Err(format!("another chain value at {}", known.seq));
        }
        Ok(())
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.sent.last().map_or(0, |sent| sent.last_seq)
    }

    /// Whether a log may read like this after a power cut: all that was promised, and of the rest a beginning.
    pub(super) fn judge(&self, reading: &Reading) -> Result<(), String> {
        let found = &reading.batches;
        let is_sent = self
            .sent
            .iter()
            .zip(found)
            .all(|(s, at_ms)| s.at_ms == *at_ms);
        if !is_sent || found.len() > self.sent.len() {
            return Err(format!(
                "it holds {found:x?}, but sent were {:x?}",
                self.sent
            ));
        }
        if found.len() < self.promised {
            let promised = self.promised;
            return Err(format!(
                "{} batches are left of {promised} promised",
                found.len()
            ));
        }
        let seq = found
            .len()
            .checked_sub(1)
            .map_or(0, |last| self.sent[last].last_seq);
        if reading.known.seq != seq {
            return Err(format!("it ends at {}, not at {seq}", reading.known.seq));
        }
        if reading.snapshots.first().copied().unwrap_or(0) < self.snapshot {
            let (found, newest) = (&reading.snapshots, self.snapshot);
            return Err(format!(
                "there are snapshots at {found:?}, and none at {newest}"
            ));
        }
        match self.chains.get(&seq) {
            Some(chain) if *chain != reading.known.chain => {
                Err(format!("it has another chain value at {seq}"))
            }
            _ => Ok(()),
        }
    }
}
