//! A replay: frames in, records out, from one copy of the log or from both in turn.

use super::Head;
use super::error::{Damage, LogError, ReplayError};
use super::frame::{Frame, Unpacker};
use super::journal::Stop;

pub(super) struct Replay<V> {
    /// The next record to be shown: a replay that changes copies goes on exactly here.
    pub(super) next_seq: u64,
    /// What the first frame must continue, if that is known.
    after: Option<Head>,
    unpacker: Unpacker,
    visit: V,
}

impl<V> Replay<V> {
    pub(super) fn from(seq: u64, visit: V) -> Result<Self, LogError> {
        let next_seq = seq.max(Head::START.seq + 1);
        let unpacker = Unpacker::new().map_err(|source| LogError::Zstd { source })?;
        Ok(Self {
            next_seq,
            after: (next_seq == Head::START.seq + 1).then_some(Head::START),
            unpacker,
            visit,
        })
    }

    /// A replay of what continues `head`.
    pub(super) fn after(head: Head, visit: V) -> Result<Self, LogError> {
        Ok(Self {
            after: Some(head),
            ..Self::from(head.seq + 1, visit)?
        })
    }

    /// Shows the visitor those records of a frame that it has not seen.
    pub(super) fn show<E>(&mut self, frame: &Frame<'_>) -> Result<(), Stop<ReplayError<E>>>
    where
        V: FnMut(u64, u64, &[u8]) -> Result<(), E>,
    {
        // Each copy checks that its frames follow each other; that the first is not too late shows only here.
        if frame.first_seq > self.next_seq {
            let (expected, found) = (self.next_seq, frame.first_seq);
            return Err(Stop::Damaged(Damage::Sequence { expected, found }));
        }
        if let Some(head) = self.after {
            head.after(frame).map_err(Stop::Damaged)?;
            self.after = None;
        }
        for record in self.unpacker.records(frame).map_err(Stop::Damaged)? {
            let (seq, record) = record.map_err(Stop::Damaged)?;
            if seq < self.next_seq {
                continue;
            }
            let shown = (self.visit)(seq, frame.at_ms, record);
            shown.map_err(|error| Stop::Visitor(ReplayError::Visit(error)))?;
            self.next_seq = seq + 1;
        }
        Ok(())
    }
}
