//! Writing a snapshot, section by section.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zstd::bulk::Compressor;

use super::{Digester, End, SECTION_BYTES_MAX, SECTION_HEADER_BYTES, Snapshot, UNFINISHED};
use super::{header, snapshot_dir, snapshot_path};
use crate::log::{Disk, DiskFile, Head, LogError};

/// The fastest regular level: rows of numbers shrink to a third with it, and stronger ones gain little.
const ZSTD_LEVEL: i32 = 1;

/// How much may wait for the disk. On a journaling file system an append's sync can have to wait for all of it, so a
/// snapshot is written in steps that a disk takes in some ten milliseconds.
const UNSYNCED_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A snapshot that is being written. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct SnapshotWriter {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    head: Head,
    format: u32,
    unfinished: PathBuf,
    finished: bool,
    file: Box<dyn DiskFile>,
    zstd: Zstd,
    digester: Digester,
    sections: u32,
    content_bytes: u64,
    file_bytes: u64,
    unsynced_bytes: u64,
    /// One section as it is stored.
    stored: Vec<u8>,
}

struct Zstd(Compressor<'static>);

impl SnapshotWriter {
    /// Begins a snapshot of what the log folds to up to `head`, which must be durable: a snapshot beyond the log's
    /// end is taken for a proof that the log lost its end.
    ///
    /// # Errors
    /// The file system fails.
    pub fn create(
        disk: Arc<dyn Disk>,
        log_dir: &Path,
        head: Head,
        format: u32,
    ) -> Result<Self, LogError> {
        let dir = snapshot_dir(log_dir);
        let created = disk.create_dir(&dir).and_then(|()| disk.sync_dir(log_dir));
        created.map_err(|source| LogError::CreateDirectory {
            path: dir.clone(),
            source,
        })?;
        let unfinished = dir.join(format!("{:020}{UNFINISHED}", head.seq));
        let header = header(&head, format);
        let begun = disk.create(&unfinished).and_then(|mut file| {
            file.append(&header)?;
            Ok(file)
        });
        let file = begun.map_err(|source| LogError::WriteSnapshot {
            path: unfinished.clone(),
            source,
        })?;
        let zstd = Compressor::new(ZSTD_LEVEL).map_err(|source| LogError::Zstd { source })?;
        Ok(Self {
            disk,
            dir,
            head,
            format,
            unfinished,
            finished: false,
            file,
            zstd: Zstd(zstd),
            digester: Digester::new(),
            sections: 0,
            content_bytes: 0,
            file_bytes: header.len() as u64,
            unsynced_bytes: header.len() as u64,
            stored: Vec::new(),
        })
    }

    /// Adds a section.
    ///
    /// # Errors
    /// It is larger than [`SECTION_BYTES_MAX`], or the file system fails. After an error the snapshot is worth
    /// nothing: drop it.
    pub fn section(&mut self, section: &[u8]) -> Result<(), LogError> {
        if section.len() > SECTION_BYTES_MAX {
            return Err(LogError::SectionTooLarge {
                bytes: section.len(),
            });
        }
        self.digester.section(section);
        self.sections += 1;
        self.content_bytes += section.len() as u64;
        self.pack(section)
            .and_then(|()| self.append())
            .map_err(|source| self.failed(source))
    }

    /// Makes the snapshot durable and gives it its name.
    ///
    /// # Errors
    /// The file system fails.
    pub fn finish(mut self) -> Result<Snapshot, LogError> {
        let end = End {
            sections: self.sections,
            bytes: self.content_bytes,
            digest: self.digester.finish(),
        };
        let path = snapshot_path(&self.dir, self.head.seq, &end.digest);
        self.stored.clear();
        self.stored.extend_from_slice(&end.to_bytes());
        let named = self
            .append()
            .and_then(|()| self.file.sync())
            .and_then(|()| self.disk.rename(&self.unfinished, &path));
        named.map_err(|source| self.failed(source))?;
        self.finished = true;
        self.disk
            .sync_dir(&self.dir)
            .map_err(|source| self.failed(source))?;
        Ok(Snapshot {
            disk: Arc::clone(&self.disk),
            path,
            head: self.head,
            format: self.format,
            end,
            file_bytes: self.file_bytes,
        })
    }

    /// Puts the section's header and its compressed bytes into `stored`.
    fn pack(&mut self, section: &[u8]) -> io::Result<()> {
        let room = SECTION_HEADER_BYTES + zstd::zstd_safe::compress_bound(section.len());
        self.stored.clear();
        self.stored.resize(room, 0);
        let (header, payload) = self.stored.split_at_mut(SECTION_HEADER_BYTES);
        let stored_bytes = self.zstd.0.compress_to_buffer(section, payload)?;
        let [bytes, stored] = [section.len(), stored_bytes]
            .map(|bytes| u32::try_from(bytes).expect("a section is at most a mebibyte"));
        header[..4].copy_from_slice(&bytes.to_le_bytes());
        header[4..8].copy_from_slice(&stored.to_le_bytes());
        let crc = section_crc(&header[..8], &payload[..stored_bytes]);
        header[8..].copy_from_slice(&crc.to_le_bytes());
        self.stored.truncate(SECTION_HEADER_BYTES + stored_bytes);
        Ok(())
    }

    fn append(&mut self) -> io::Result<()> {
        self.file.append(&self.stored)?;
        self.file_bytes += self.stored.len() as u64;
        self.unsynced_bytes += self.stored.len() as u64;
        if self.unsynced_bytes >= UNSYNCED_BYTES_MAX {
            self.file.sync()?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> LogError {
        LogError::WriteSnapshot {
            path: self.unfinished.clone(),
            source,
        }
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the log is opened.
        if !self.finished
            && let Err(error) = self.disk.remove(&self.unfinished)
        {
            tracing::debug!(%error, "an unfinished snapshot stays until the next open");
        }
    }
}

pub(super) fn section_crc(lengths: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(lengths);
    crc.update(payload);
    crc.finalize()
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zstd")
    }
}
