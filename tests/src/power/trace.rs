//! A recorded process's trace, read.

#[path = "../../recorder/src/trace.rs"]
#[expect(
    dead_code,
    reason = "the recorder has the same file, and writes what this reads"
)]
mod format;

use std::path::Path;
use std::{fs, iter};

pub(super) use format::Op;

use crate::Failure;

#[derive(Debug)]
pub(super) struct Trace(Vec<u8>);

impl Trace {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self(fs::read(path)?))
    }

    pub(super) fn ops(&self) -> Result<Vec<Op<'_>>, Failure> {
        let mut rest = self.0.as_slice();
        let mut ops = Vec::new();
        while !rest.is_empty() {
            ops.push(Op::decode(&mut rest).ok_or("the trace is not whole")?);
        }
        Ok(ops)
    }
}

/// Where a cut may find something else than right before: the points around every operation that decides what is
/// durable. A point is the number of operations before the cut.
pub(super) fn turning_points(ops: &[Op<'_>]) -> Vec<usize> {
    let mut points = Vec::new();
    for (at, op) in ops.iter().copied().enumerate() {
        match op {
            // Most is at stake right before a sync, above all of something appended: so these moments count for more.
            Op::Synced { inode } | Op::SyncFailed { inode } => {
                let is_append = at.checked_sub(1).is_some_and(|before| {
                    matches!(ops[before], Op::Written { inode: written, offset: 1.., .. } if written == inode)
                });
                points.extend(iter::repeat_n(at, if is_append { 15 } else { 3 }));
                points.push(at + 1);
            }
            Op::Renamed { .. }
            | Op::Removed { .. }
            | Op::DirectoryMade { .. }
            | Op::Opened { made: true, .. }
            | Op::Resized { .. } => points.extend([at, at + 1]),
            // What follows an acknowledgement may be the first to need it.
            Op::Marked { .. } => points.push(at + 1),
            Op::Opened { made: false, .. } | Op::Written { .. } | Op::Filled { .. } => {}
        }
    }
    points
}

/// Right after the process has read what it found: from then on others may rely on that.
pub(super) fn first_promise(ops: &[Op<'_>]) -> Option<usize> {
    let is_mark = |op: &Op<'_>| matches!(op, Op::Marked { .. });
    ops.iter().position(is_mark).map(|at| at + 1)
}
