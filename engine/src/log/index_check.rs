//! The second copy, looked at by itself.

use std::path::Path;

use super::disk::{Disk, OsDisk};
use super::error::{IndexFault, LogError};
use super::index::Index;
use super::journal::{Stop, head_at};
use super::{Head, LogOptions, journal_dir, lock};

/// What the index is worth.
#[derive(Debug)]
pub enum IndexVerified {
    /// Every frame has its checksum, continues the chain, and ends where the journal says. It may lack the journal's end,
    /// which opening gives to it.
    Whole { batches: u64, head: Head },
    /// There is none; opening builds it.
    Missing,
    /// It cannot be used; opening builds it anew from the journal.
    Unusable(IndexFault),
}

/// Verifies the index of the log in `dir`, which nobody may have open.
///
/// # Errors
/// [`LogError::InUse`], or the journal cannot be read.
pub fn verify_index(dir: &Path) -> Result<IndexVerified, LogError> {
    let disk: &dyn Disk = &OsDisk;
    let _lock = lock(dir)?;
    let timeout = LogOptions::default().index_timeout;
    let index = match Index::open_as_it_is(&dir.join("index"), timeout) {
        None => return Ok(IndexVerified::Missing),
        Some(Err(fault)) => return Ok(IndexVerified::Unusable(fault)),
        Some(Ok(index)) => index,
    };
    let (mut batches, mut head) = (0, None);
    let visited = index.visit(0, |frame| {
        batches += 1;
        head = Some(Head::at(frame));
        Ok::<(), Stop<std::convert::Infallible>>(())
    });
    if let Err(fault) = visited {
        index.abandon();
        return Ok(IndexVerified::Unusable(fault));
    }
    let head = head.unwrap_or(Head::START);
    if head != Head::START && head_at(disk, &journal_dir(dir), head.seq)? != Some(head) {
        let fault = IndexFault::Differs { seq: head.seq };
        return Ok(IndexVerified::Unusable(fault));
    }
    Ok(IndexVerified::Whole { batches, head })
}
