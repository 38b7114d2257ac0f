//! What opening a log does to make its two copies one again after a crash.

use std::time::Duration;

use super::error::{IndexFault, LogError, ReplayError};
use super::index::Index;
use super::journal::{Journal, Stop};
use super::{Head, Repair};

/// Gives journal and index the same content, and returns the index and the head of both.
///
/// A frame reaches the index only after the journal's sync. So an index that continues the journal proves, by the
/// chain, that the journal has lost what was durable, and gives it back. Any other disagreement is the index's fault,
/// unless `check_end` knows that the log was longer than what both have.
pub(super) fn reconcile(
    journal: &mut Journal,
    head: Head,
    opened: (Index, Head),
    timeout: Duration,
    repairs: &mut Vec<Repair>,
    check_end: impl FnOnce(&Head) -> Result<(), LogError>,
) -> Result<(Index, Head), LogError> {
    let (mut index, mut indexed) = opened;
    let (head, restored) = restore_journal(journal, head, &index, &indexed)?;
    if restored > 0 {
        repairs.push(Repair::JournalRestored { batches: restored });
    }
    // Before anything is replaced that a repair could need.
    check_end(&head)?;
    if let Some(fault) = disagreement(journal, &head, &indexed)? {
        (index, indexed) = index.replace(fault, timeout, repairs)?;
    }
    let filled = match fill(journal, &index, &indexed, &head) {
        Ok(batches) => batches,
        Err(ReplayError::Log(error)) => return Err(error),
        // It opened and does not work: the last thing to try is a new one.
        Err(ReplayError::Visit(fault)) => {
            (index, indexed) = index.replace(fault, timeout, repairs)?;
            match fill(journal, &index, &indexed, &head) {
                Ok(batches) => batches,
                Err(ReplayError::Log(error)) => return Err(error),
                Err(ReplayError::Visit(source)) => return Err(index.unusable(source)),
            }
        }
    };
    if filled > 0 {
        repairs.push(Repair::IndexFilled { batches: filled });
    }
    Ok((index, head))
}

/// Appends to the journal what only the index has, as far as it continues the journal. Returns the journal's head and
/// how many batches that gave.
fn restore_journal(
    journal: &mut Journal,
    mut head: Head,
    index: &Index,
    indexed: &Head,
) -> Result<(Head, u64), LogError> {
    let mut batches = 0;
    if indexed.seq <= head.seq {
        return Ok((head, batches));
    }
    let visited = index.visit(head.seq + 1, |frame| {
        let next = head.after(frame).map_err(Stop::Damaged)?;
        journal.append(&head, frame.stored).map_err(Stop::Visitor)?;
        head = next;
        batches += 1;
        Ok(())
    });
    // A fault of the index only ends the restoring: its head is then not the journal's, and that replaces it.
    visited.unwrap_or(Ok(())).map(|()| (head, batches))
}

/// Why the index, whose last frame ends at `indexed`, is not a copy of the journal's beginning.
fn disagreement(
    journal: &Journal,
    head: &Head,
    indexed: &Head,
) -> Result<Option<IndexFault>, LogError> {
    if indexed == head || *indexed == Head::START {
        return Ok(None);
    }
    let differs = Some(IndexFault::Differs { seq: indexed.seq });
    if indexed.seq >= head.seq {
        return Ok(differs);
    }
    // Only the first frame visited is of interest: the one that holds the last record indexed.
    match journal.visit(indexed.seq, |frame| {
        Err(Stop::Visitor(ReplayError::Visit(Head::at(frame))))
    }) {
        Err(ReplayError::Visit(journaled)) if journaled == *indexed => Ok(None),
        Err(ReplayError::Visit(_)) | Ok(()) => Ok(differs),
        Err(ReplayError::Log(error)) => Err(error),
    }
}

/// Copies into the index what it lacks, and returns how many batches that were.
fn fill(
    journal: &Journal,
    index: &Index,
    indexed: &Head,
    head: &Head,
) -> Result<u64, ReplayError<IndexFault>> {
    let mut batches = 0;
    if indexed.seq < head.seq {
        journal.visit(indexed.seq + 1, |frame| {
            batches += 1;
            let inserted = index.insert(frame.stored, frame.first_seq);
            inserted.map_err(|fault| Stop::Visitor(ReplayError::Visit(fault)))
        })?;
    }
    Ok(batches)
}
