//! Numbered messages to the engine, and which of them must be said again.

/// The wait for an acknowledgement doubles at most so often: an engine that is away for a day needs no reminders, but
/// one that is back should not wait an hour for them.
const PATIENCE_DOUBLINGS_MAX: u32 = 6;

/// Counts hellos and reports of one epoch, and keeps those that need an acknowledgement.
///
/// Reports are snapshots, so at most two messages are ever kept: the hello of this connection and the newest final report.
/// What an earlier connection did not get acknowledged is part of the next one's hello.
#[derive(Debug, Default)]
pub(super) struct Voice {
    seq: u64,
    hello: Option<Kept>,
    last_word: Option<Kept>,
}

/// A message as it was sent. It is repeated byte for byte: other content under the same number would mean a clone.
#[derive(Debug)]
struct Kept {
    seq: u64,
    payload: Vec<u8>,
    sent_ms: u64,
    repeats: u32,
}

/// What is to be sent again.
#[derive(Debug)]
pub(super) enum Again {
    Hello(u64, Vec<u8>),
    Report(u64, Vec<u8>),
}

impl Voice {
    /// The number of the next message.
    pub fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// A connection begins: its hello replaces everything unacknowledged.
    pub fn keep_hello(&mut self, seq: u64, payload: Vec<u8>, now: u64) {
        self.hello = Some(Kept::new(seq, payload, now));
        self.last_word = None;
    }

    pub fn keep_final(&mut self, seq: u64, payload: Vec<u8>, now: u64) {
        self.last_word = Some(Kept::new(seq, payload, now));
    }

    /// Forgets the messages whose number is covered; whether there were any.
    pub fn acknowledged(&mut self, is_covered: impl Fn(u64) -> bool) -> bool {
        let hello = self.hello.take_if(|kept| is_covered(kept.seq));
        let last_word = self.last_word.take_if(|kept| is_covered(kept.seq));
        hello.is_some() || last_word.is_some()
    }

    /// What has waited too long for its acknowledgement.
    pub fn again(&mut self, now: u64, patience_ms: u64) -> Vec<Again> {
        let mut again = Vec::new();
        if let Some(payload) = repeat(&mut self.hello, now, patience_ms) {
            again.push(Again::Hello(payload.0, payload.1));
        }
        if let Some(payload) = repeat(&mut self.last_word, now, patience_ms) {
            again.push(Again::Report(payload.0, payload.1));
        }
        again
    }

    pub fn next_wakeup(&self, patience_ms: u64) -> Option<u64> {
        [&self.hello, &self.last_word]
            .into_iter()
            .flatten()
            .map(|kept| kept.due_ms(patience_ms))
            .min()
    }
}

impl Kept {
    fn new(seq: u64, payload: Vec<u8>, now: u64) -> Self {
        Self {
            seq,
            payload,
            sent_ms: now,
            repeats: 0,
        }
    }

    fn due_ms(&self, patience_ms: u64) -> u64 {
        self.sent_ms + (patience_ms << self.repeats.min(PATIENCE_DOUBLINGS_MAX))
    }
}

fn repeat(kept: &mut Option<Kept>, now: u64, patience_ms: u64) -> Option<(u64, Vec<u8>)> {
    let kept = kept
        .as_mut()
        .filter(|kept| kept.due_ms(patience_ms) <= now)?;
    kept.repeats += 1;
    kept.sent_ms = now;
    Some((kept.seq, kept.payload.clone()))
}
