//! One segment's replacement: written beside the journal, then put in the place of what is damaged, which is kept.

use std::io;
use std::path::{Path, PathBuf};

use super::super::archive::copy_file;
use super::super::error::{Damage, LogError};
use super::super::{Disk, Head};
use super::sources::{Copy, damaged_path};
use super::{DamagedSegment, Replaced};

/// A replacement that is written and synced and has not taken its name yet.
pub(super) struct Planned {
    pub(super) unfinished: PathBuf,
    pub(super) segment: PathBuf,
    /// What is wrong with the file that is there, and where.
    pub(super) found: Option<(Damage, u64)>,
    pub(super) written: Written,
}

/// What a replacement is made of.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) head: Head,
    first_seq: u64,
    from_journal: u64,
    pub(super) from_archive: u64,
    from_index: u64,
}

impl Planned {
    /// Takes its name, after a copy of what it replaces.
    pub(super) fn install(self, disk: &dyn Disk, journal: &Path) -> Result<Replaced, LogError> {
        let damaged = match self.found {
            Some((damage, offset)) => Some(DamagedSegment {
                offset,
                damage,
                kept_as: keep(disk, journal, &self.segment)?,
            }),
            None => None,
        };
        let renamed = disk.rename(&self.unfinished, &self.segment);
        let renamed = renamed.and_then(|()| disk.sync_dir(journal));
        renamed.map_err(|source| writing(&self.segment, source))?;
        Ok(Replaced {
            segment: self.segment,
            damaged,
            first_seq: self.written.first_seq,
            last_seq: self.written.head.seq,
            from_journal: self.written.from_journal,
            from_archive: self.written.from_archive,
            from_index: self.written.from_index,
        })
    }
}

impl Written {
    pub(super) fn begin(head: Head) -> Self {
        Self {
            head,
            first_seq: head.seq + 1,
            from_journal: 0,
            from_archive: 0,
            from_index: 0,
        }
    }

    pub(super) fn add(&mut self, head: Head, copy: Copy) {
        self.head = head;
        match copy {
            Copy::Journal => self.from_journal += 1,
            Copy::Archive => self.from_archive += 1,
            Copy::Index => self.from_index += 1,
        }
    }
}

/// Keeps a copy of a damaged file beside it, durably, and returns where.
fn keep(disk: &dyn Disk, journal: &Path, segment: &Path) -> Result<PathBuf, LogError> {
    let kept = || -> io::Result<PathBuf> {
        let to = damaged_path(disk, segment)?;
        let unfinished = segment.with_extension("damaged.ffj-new");
        copy_file(disk, segment, &unfinished)?;
        disk.rename(&unfinished, &to)?;
        disk.sync_dir(journal)?;
        Ok(to)
    };
    kept().map_err(|source| LogError::SetAside {
        path: segment.to_owned(),
        source,
    })
}

pub(super) fn writing(path: &Path, source: io::Error) -> LogError {
    LogError::CreateSegment {
        path: path.to_owned(),
        source,
    }
}
