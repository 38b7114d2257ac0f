//! Reading a snapshot's content: one thread reads, checks and decompresses, the caller's takes what it gets.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use zstd::bulk::Decompressor;

use super::writer::section_crc;
use super::{Digester, END_BYTES, HEADER_BYTES, SECTION_BYTES_MAX, SECTION_HEADER_BYTES};
use super::{Snapshot, SnapshotDamage, SnapshotError, read_exactly, take};
use crate::log::{DiskFile, LogError};

/// One that is being taken, one that waits and one that is being decompressed.
const BUFFERS: usize = 3;

impl Snapshot {
    /// Shows every section to `visit`, in order. Only when this returns without an error is what it showed the
    /// content that the digest names: whatever was made of the sections must be thrown away otherwise.
    ///
    /// # Errors
    /// The file is damaged or cannot be read, or whatever `visit` returned.
    pub fn read<E>(
        &self,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), SnapshotError<E>> {
        let (full, filled) = sync_channel::<Vec<u8>>(BUFFERS);
        let (empty, emptied) = sync_channel(BUFFERS);
        for _ in 0..BUFFERS {
            empty
                .send(Vec::with_capacity(SECTION_BYTES_MAX))
                .expect("the channel has room for all buffers");
        }
        // Whichever way this ends, it lets go of the channels, and so the reader ends too.
        thread::scope(move |scope| {
            let (filled, empty) = (filled, empty);
            let reader = thread::Builder::new().name("snapshot-read".to_owned());
            let reader = reader.spawn_scoped(scope, move || self.decode(&full, &emptied));
            let reader = reader.map_err(|source| self.unread(source))?;
            for section in filled {
                visit(&section).map_err(SnapshotError::Visit)?;
                // A reader that has read everything waits for no more buffers.
                let _done = empty.send(section);
            }
            match reader.join().expect("reading a snapshot does not panic") {
                Ok(()) => Ok(()),
                Err(Fault::Damaged(damage)) => Err(SnapshotError::Damaged {
                    path: self.path.clone(),
                    damage,
                }),
                Err(Fault::Io(source)) => Err(self.unread(source)),
            }
        })
    }

    /// Reads everything and compares it with the digest.
    ///
    /// # Errors
    /// The file is damaged or cannot be read.
    pub fn verify(&self) -> Result<(), SnapshotError<Infallible>> {
        self.read(|_| Ok(()))
    }

    /// Whether everything reads and is what the digest says.
    ///
    /// # Errors
    /// The file system fails.
    pub fn is_intact(&self) -> Result<bool, LogError> {
        match self.verify() {
            Ok(()) => Ok(true),
            Err(SnapshotError::Damaged { path, damage }) => {
                tracing::warn!(path = %path.display(), %damage, "a snapshot is damaged");
                Ok(false)
            }
            Err(SnapshotError::Read { path, source }) => {
                Err(LogError::ReadSnapshot { path, source })
            }
            Err(SnapshotError::Visit(never)) => match never {},
        }
    }

    /// Sends every section. Ends early, without an error, when nobody takes them any more.
    fn decode(&self, full: &SyncSender<Vec<u8>>, emptied: &Receiver<Vec<u8>>) -> Result<(), Fault> {
        let file = self.disk.open(&self.path)?;
        let mut sections = Sections {
            end_at: self.file_bytes - END_BYTES as u64,
            offset: HEADER_BYTES as u64,
            file,
            number: 0,
            stored: Vec::new(),
            zstd: Decompressor::new()?,
        };
        let mut digester = Digester::new();
        let mut content_bytes = 0;
        while sections.offset < sections.end_at {
            let Ok(mut section) = emptied.recv() else {
                return Ok(());
            };
            sections.next(&mut section)?;
            digester.section(&section);
            content_bytes += section.len() as u64;
            if full.send(section).is_err() {
                return Ok(());
            }
        }
        let intact = sections.number == self.end.sections
            && content_bytes == self.end.bytes
            && digester.finish() == self.end.digest;
        if intact {
            Ok(())
        } else {
            Err(Fault::Damaged(SnapshotDamage::Digest))
        }
    }

    fn unread<E>(&self, source: io::Error) -> SnapshotError<E> {
        SnapshotError::Read {
            path: self.path.clone(),
            source,
        }
    }
}

enum Fault {
    Damaged(SnapshotDamage),
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The sections of a file in order.
struct Sections {
    file: Box<dyn DiskFile>,
    /// Where the next section is, and where the last ends.
    offset: u64,
    end_at: u64,
    /// How many were read.
    number: u32,
    stored: Vec<u8>,
    zstd: Decompressor<'static>,
}

impl Sections {
    /// Reads the next section, of which there is one.
    fn next(&mut self, section: &mut Vec<u8>) -> Result<(), Fault> {
        let damaged = Fault::Damaged(SnapshotDamage::Section(self.number));
        let mut header = [0; SECTION_HEADER_BYTES];
        if !read_exactly(&*self.file, self.offset, &mut header)? {
            return Err(damaged);
        }
        let Some((bytes, stored_bytes, crc)) = parse_section_header(&header) else {
            return Err(damaged);
        };
        let payload_at = self.offset + SECTION_HEADER_BYTES as u64;
        let next_at = payload_at + stored_bytes as u64;
        if bytes > SECTION_BYTES_MAX
            || stored_bytes > zstd::zstd_safe::compress_bound(SECTION_BYTES_MAX)
            || next_at > self.end_at
        {
            return Err(damaged);
        }
        self.stored.resize(stored_bytes, 0);
        if !read_exactly(&*self.file, payload_at, &mut self.stored)?
            || section_crc(&header[..8], &self.stored) != crc
        {
            return Err(damaged);
        }
        // Capacity is what bounds the output here.
        section.clear();
        let unpacked = self.zstd.decompress_to_buffer(&self.stored, section);
        if unpacked.ok() != Some(bytes) {
            return Err(damaged);
        }
        self.offset = next_at;
        self.number += 1;
        Ok(())
    }
}

fn parse_section_header(header: &[u8; SECTION_HEADER_BYTES]) -> Option<(usize, usize, u32)> {
    let mut rest: &[u8] = header;
    let bytes = u32::from_le_bytes(take(&mut rest)?) as usize;
    let stored_bytes = u32::from_le_bytes(take(&mut rest)?) as usize;
    Some((bytes, stored_bytes, u32::from_le_bytes(take(&mut rest)?)))
}
