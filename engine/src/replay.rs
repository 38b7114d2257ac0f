//! Folding a log into a core, on two threads: one reads, checks, unpacks and decodes, the other applies.
//!
//! Either half takes about as long as the other, and facts are applied in the order of the log whatever the threads do.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use fleetfold_core::{Core, Fact, Timestamp};

use crate::log::{Head, Log, LogError, ReplayError};

/// Facts that are handed over together: enough to forget what handing over costs, little enough for the second cache.
const CHUNK: usize = 512;
/// Chunks under way, at most. When the thread that decodes is so far ahead, it waits.
const CHUNKS: usize = 8;

/// Why a log could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("cannot read the log")]
    Log(#[from] LogError),
    #[error(transparent)]
    Record(#[from] NotAFact),
}

/// A record that the log has whole, as it was written, and that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error(
    "record {position} is whole but not a fact this version understands; was it written by a newer version?"
)]
pub struct NotAFact {
    pub position: u64,
    pub source: minicbor::decode::Error,
}

/// The fact that the log has at `position`.
///
/// # Errors
/// It is none that this version understands.
pub fn decode(position: u64, record: &[u8]) -> Result<Fact, NotAFact> {
    Fact::decode(record).map_err(|source| NotAFact { position, source })
}

/// The core after all facts of the log, from what those up to `after` fold to. [`Core::replayed`] is for the caller to
/// call.
///
/// # Errors
/// The log does not go on from there or cannot be read, or a record in it is no fact.
///
/// # Panics
/// The core stands elsewhere.
pub fn fold(log: &Log, after: &Head, core: Core) -> Result<Core, FoldError> {
    assert_eq!(core.state().position, after.seq, "the core's own head");
    fold_with(core, |visit| log.replay_after(after, visit)).map_err(|error| match error {
        ReplayError::Log(error) => FoldError::Log(error),
        ReplayError::Visit(error) => FoldError::Record(error),
    })
}

type Chunk = Vec<(Timestamp, Fact)>;

/// Folds in what `read` shows to its visitor.
fn fold_with(
    mut core: Core,
    read: impl FnOnce(
        &mut dyn FnMut(u64, Timestamp, &[u8]) -> Result<(), NotAFact>,
    ) -> Result<(), ReplayError<NotAFact>>,
) -> Result<Core, ReplayError<NotAFact>> {
    let (chunks, decoded) = sync_channel::<Chunk>(CHUNKS);
    // Applied facts go back to be freed where they were allocated, which is cheaper, and their room is used again.
    let (applied, spent) = sync_channel::<Chunk>(2 * CHUNKS);
    thread::scope(|scope| {
        let applier = scope.spawn(move || {
            apply(&mut core, decoded, &applied);
            core
        });
        let mut decoder = Decoder {
            chunk: Vec::with_capacity(CHUNK),
            chunks,
            spent,
        };
        let read = read(&mut |position, at, record| decoder.take(position, at, record));
        decoder.hand_over();
        drop(decoder);
        let core = applier.join();
        let core = core.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.map(|()| core)
    })
}

fn apply(core: &mut Core, decoded: Receiver<Chunk>, applied: &SyncSender<Chunk>) {
    for chunk in decoded {
        for (at, fact) in &chunk {
            core.replay(*at, fact);
        }
        // The other side may be done; and never wait for it, while it may wait for us.
        let _ = applied.try_send(chunk);
    }
}

struct Decoder {
    chunk: Chunk,
    chunks: SyncSender<Chunk>,
    spent: Receiver<Chunk>,
}

impl Decoder {
    fn take(&mut self, position: u64, at: Timestamp, record: &[u8]) -> Result<(), NotAFact> {
        self.chunk.push((at, decode(position, record)?));
        if self.chunk.len() == CHUNK {
            self.hand_over();
        }
        Ok(())
    }

    fn hand_over(&mut self) {
        let mut next = self.spent.try_recv().unwrap_or_default();
        next.clear();
        next.reserve(CHUNK);
        // It fails only if the other side has panicked, and joining tells that.
        let _ = self.chunks.send(std::mem::replace(&mut self.chunk, next));
    }
}

#[cfg(test)]
mod tests {
    use fleetfold_core::{
        fact::{OperatorAdded, Role},
        snapshot,
    };
    use fleetfold_schemas::operator::Tenants;

    use super::*;
    use crate::log::{Batch, LogOptions};

    /// Some chunks and a piece of one.
    const FACTS: u64 = 3 * CHUNK as u64 + 100;

    fn fact(position: u64) -> Fact {
        OperatorAdded {
            operator: format!("operator-{position}").parse().unwrap(),
            role: Role::Viewer,
            password_hash: String::new(),
            tenants: Tenants::All,
        }
        .into()
    }

    /// A log in which the record at one position is no fact, and its head after each.
    fn log(dir: &std::path::Path, no_fact: Option<u64>) -> (Log, Vec<Head>) {
        let (mut log, _) = Log::open(dir, &LogOptions::default()).unwrap();
        let mut heads = vec![log.head()];
        let mut record = Vec::new();
        for position in 1..=FACTS {
            record.clear();
            fact(position).encode_into(&mut record);
            if no_fact == Some(position) {
                record.push(0);
            }
            let mut batch = Batch::new(position, 1000 + position / 100);
            batch.push(&record).unwrap();
            heads.push(log.append(&batch).unwrap());
        }
        (log, heads)
    }

    #[test]
    fn two_threads_fold_what_one_would_and_go_on_where_a_core_stands() {
        let dir = tempfile::tempdir().unwrap();
        let (log, heads) = log(dir.path(), None);
        let mut alone = Core::default();
        for position in 1..=FACTS {
            alone.replay(1000 + position / 100, &fact(position));
        }
        let mut half = Core::default();
        for position in 1..=FACTS / 2 {
            half.replay(1000 + position / 100, &fact(position));
        }
        for start in [Core::default(), half, alone.clone()] {
            let after = heads[usize::try_from(start.state().position).unwrap()];
            let folded = fold(&log, &after, start).unwrap();
            assert_eq!(
                snapshot::digest(folded.state()),
                snapshot::digest(alone.state())
            );
        }
    }

    #[test]
    fn a_record_that_is_no_fact_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (log, heads) = log(dir.path(), Some(700));
        let error = fold(&log, &heads[0], Core::default()).unwrap_err();
        assert!(
            matches!(error, FoldError::Record(NotAFact { position: 700, .. })),
            "{error:?}"
        );
    }
    #[test]
    fn a_core_of_another_history_is_not_folded_on() {
        let dir = tempfile::tempdir().unwrap();
        let (log, heads) = log(dir.path(), None);
        let other = Head {
            chain: [9; 32],
            ..heads[1]
        };
        let mut core = Core::default();
        core.replay(1000, &fact(1));
        let error = fold(&log, &other, core).unwrap_err();
        assert!(matches!(error, FoldError::Log(_)), "{error:?}");
    }
}
