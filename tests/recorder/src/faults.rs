//! Failures of a disk, set by the environment.

use std::env;

use libc::c_int;

/// What fails. Nothing, unless told.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// `FLEETFOLD_RECORDER_FULL_AFTER`: so many bytes may files grow by, all together, until the disk is full.
    room: Option<u64>,
    /// `FLEETFOLD_RECORDER_FAIL_SYNC`: the sync with this number, from 1, fails, and no other. That is what Linux does:
    /// after an error it takes the lost pages for clean.
    sync: Option<u64>,
    /// `FLEETFOLD_RECORDER_FAIL_SYNCS_FROM`: that one, and every one after it.
    syncs_from: Option<u64>,
    /// `FLEETFOLD_RECORDER_FAIL_WRITE`: the write with this number fails, and every one after it.
    write: Option<u64>,
    /// `FLEETFOLD_RECORDER_FAIL_READ`: the read with this number fails, and every one after it.
    read: Option<u64>,
    /// `FLEETFOLD_RECORDER_READ_ONLY`: nothing can be changed.
    read_only: bool,
    syncs: u64,
    writes: u64,
    reads: u64,
}

impl Faults {
    pub(crate) fn from_environment() -> Self {
        let number = |name: &str| {
            let value = env::var(format!("FLEETFOLD_RECORDER_{name}")).ok()?;
            Some(value.parse().expect("the recorder is given numbers"))
        };
        Self {
            room: number("FULL_AFTER"),
            sync: number("FAIL_SYNC"),
            syncs_from: number("FAIL_SYNCS_FROM"),
            write: number("FAIL_WRITE"),
            read: number("FAIL_READ"),
            read_only: number("READ_ONLY").is_some(),
            ..Self::default()
        }
    }

    /// A name is about to be made, changed or removed.
    pub(crate) fn name(&self) -> Result<(), c_int> {
        if self.read_only {
            Err(libc::EROFS)
        } else {
            Ok(())
        }
    }

    /// A name is about to be made, for which a full disk has no room.
    pub(crate) fn new_name(&self) -> Result<(), c_int> {
        self.name()?;
        if self.room == Some(0) {
            Err(libc::ENOSPC)
        } else {
            Ok(())
        }
    }

    pub(crate) fn sync(&mut self) -> Result<(), c_int> {
        self.syncs += 1;
        let fails_from_here = self.syncs_from.is_some_and(|first| self.syncs >= first);
        if self.sync == Some(self.syncs) || fails_from_here {
            Err(libc::EIO)
        } else {
            Ok(())
        }
    }

    pub(crate) fn read(&mut self) -> Result<(), c_int> {
        self.reads += 1;
        if self.read.is_some_and(|first| self.reads >= first) {
            Err(libc::EIO)
        } else {
            Ok(())
        }
    }

    /// A write of `bytes` at `offset` of a file of `length` is about to happen: how many of the bytes it may write.
    pub(crate) fn write(&mut self, length: u64, offset: u64, bytes: u64) -> Result<u64, c_int> {
        self.writes += 1;
        if self.write.is_some_and(|first| self.writes >= first) {
            return Err(libc::EIO);
        }
        let growth = (offset + bytes).saturating_sub(length);
        let missing = self.room.map_or(0, |room| growth.saturating_sub(room));
        let allowed = bytes.saturating_sub(missing);
        if let Some(room) = &mut self.room {
            *room -= growth - missing;
        }
        if allowed == 0 && bytes > 0 {
            Err(libc::ENOSPC)
        } else {
            Ok(allowed)
        }
    }
}
