//! The end of the journal: the one file that is appended to.
//!
//! Zeros are written ahead of the frames, and every frame over some of them. A sync that finds the file as long as before has
//! only bytes to make durable; one after a file has grown waits for the file system's own journal, too, and so for whatever
//! else that has to write, and takes about twice as long.

use fleetfold_schemas::mutant::{Mutant, is_on};
use std::io;

use super::seal::Seal;
use super::segment::Format;
use crate::log::Head;
use crate::log::disk::DiskFile;

/// The last segment, as long as frames may follow in it.
pub(in crate::log) struct Tail {
    pub(super) file: Box<dyn DiskFile>,
    pub(super) content: Content,
    /// The file's length: that of the content, and of the zeros behind it.
    pub(super) file_bytes: u64,
}

/// A frame of a thousand reports is written over zeros in 64 of 65 cases, and the other takes some milliseconds.
static ZEROS: [u8; ZEROS_MAX] = [0; ZEROS_MAX];

/// The most zeros that stand behind the frames.
pub(super) const ZEROS_MAX: usize = 1024 * 1024;

/// What a segment holds, for its seal.
#[derive(Debug, Clone)]
pub(in crate::log) struct Content {
    pub(super) format: Format,
    /// The head that the segment continues.
    pub(super) from: Head,
    pub(super) bytes: u64,
    pub(super) batches: u64,
    /// Of all the bytes.
    pub(super) digest: blake3::Hasher,
}

impl Tail {
    /// Writes a frame, and zeros up to `room_bytes` at most if there are none left, and returns when all is on stable storage.
    pub(super) fn append(&mut self, frame: &[u8], room_bytes: u64) -> io::Result<()> {
        self.write(frame)?;
        if self.content.format == Format::Three && self.file_bytes == self.content.bytes {
            self.write_ahead(room_bytes)?;
        }
        if !is_on(Mutant::JournalNotSynced) {
            self.sync()?;
        }
        Ok(())
    }

    /// Writes a frame, which may not be durable yet.
    pub(in crate::log) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_at(self.content.bytes, frame)?;
        self.content.add(frame);
        self.content.batches += 1;
        self.file_bytes = self.file_bytes.max(self.content.bytes);
        Ok(())
    }

    fn write_ahead(&mut self, room_bytes: u64) -> io::Result<()> {
        let room = room_bytes.saturating_sub(self.file_bytes);
        let zeros = usize::try_from(room).map_or(ZEROS.len(), |room| room.min(ZEROS.len()));
        if zeros > 0 {
            self.file.append(&ZEROS[..zeros])?;
            self.file_bytes += zeros as u64;
        }
        Ok(())
    }

    /// Cuts off the zeros. What a crash leaves of this is as good.
    pub(super) fn trim(&mut self) -> io::Result<()> {
        if self.file_bytes > self.content.bytes {
            self.file.truncate(self.content.bytes)?;
            self.file_bytes = self.content.bytes;
        }
        Ok(())
    }

    pub(in crate::log) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Closes the segment for ever, at `head`, and returns when that is on stable storage.
    pub(in crate::log) fn seal(mut self, head: &Head) -> io::Result<()> {
        if self.file_bytes > self.content.bytes {
            self.trim()?;
            // Else a crash could leave zeros behind a seal.
            self.file.sync()?;
        }
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
    pub(super) fn new(format: Format, from: Head) -> Self {
        Self {
            format,
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
