//! The end of the journal: the one file that is appended to.

use fleetfold_schemas::mutant::{Mutant, is_on};
use std::io;

use super::seal::Seal;
use crate::log::Head;
use crate::log::disk::DiskFile;

/// The last segment, as long as frames may follow in it.
pub(in crate::log) struct Tail {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) content: Content,
}

/// What a segment holds, for its seal.
#[derive(Debug, Clone)]
pub(in crate::log) struct Content {
    /// The head that the segment continues.
    pub(super) from: Head,
    pub(super) bytes: u64,
    pub(super) batches: u64,
    /// Of all the bytes.
    pub(super) digest: blake3::Hasher,
}

impl Tail {
    /// Writes a frame and returns when it is on stable storage.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        self.write(frame)?;
        if !is_on(Mutant::JournalNotSynced) {
            self.sync()?;
        }
        Ok(())
    }

    /// Writes a frame, which may not be durable yet.
    pub(in crate::log) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.append(frame)?;
        self.content.add(frame);
        self.content.batches += 1;
        Ok(())
    }

    pub(in crate::log) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Closes the segment for ever, at `head`, and returns when that is on stable storage.
    pub(in crate::log) fn seal(mut self, head: &Head) -> io::Result<()> {
        self.file.append(&self.content.seal(head).to_bytes())?;
        self.file.sync()?;
        // A precaution against hands and programs, on which nothing relies.
        if let Err(error) = self.file.protect() {
            tracing::debug!(%error, "a sealed segment's file cannot be made read-only");
        }
        Ok(())
    }
}

impl Content {
    pub(super) fn new(from: Head) -> Self {
        Self {
            from,
            bytes: 0,
            batches: 0,
            digest: blake3::Hasher::new(),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(super) fn seal(&self, head: &Head) -> Seal {
        Seal {
            head: *head,
            records: head.seq - self.from.seq,
            batches: self.batches,
            digest: self.digest.finalize().into(),
        }
    }
}
