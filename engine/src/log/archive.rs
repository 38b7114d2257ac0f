//! The archive: every sealed segment of the journal, byte for byte, in another directory.
//!
//! It may be any mounted path. It must exist: a mount that is missing is not to be taken for an empty archive. A file
//! has its name there only when it is whole and synced, was read back and proved to be the segment.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Damage, LogError};
use super::frame::Frame;
use super::journal::{SegmentReader, Stop, first_seqs, look_at, segment_path, walk};
use super::{Disk, DiskFile, Head, journal_dir};

/// The suffix of a copy that is not complete.
const UNFINISHED: &str = "ffj-new";

/// What is read and written at once: large enough for any disk's full speed.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What exporting did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The copies that were made, oldest first.
    pub copied: Vec<PathBuf>,
    pub copied_bytes: u64,
    /// How many sealed segments of the journal the archive had before.
    pub present: u64,
}

/// Copies every sealed segment of the log in `log_dir`, which is all but the last, to the directory `archive`, unless
/// it is there. Needs no lock; a writer may be at work, but only one exporter.
///
/// # Errors
/// A segment is damaged, the archive has another file of the same name, or the file system fails. What was copied
/// before stays, and exporting again goes on.
pub fn archive(disk: &Arc<dyn Disk>, log_dir: &Path, archive: &Path) -> Result<Archived, LogError> {
    let disk = &**disk;
    let journal = journal_dir(log_dir);
    remove_unfinished(disk, archive)?;
    let mut archived = Archived::default();
    for sealed in first_seqs(disk, &journal)?.windows(2) {
        let [first_seq, next_seq] = [sealed[0], sealed[1]];
        let (source, copy) = (
            segment_path(&journal, first_seq),
            segment_path(archive, first_seq),
        );
        if is_there(disk, archive, &copy)? {
            if look_at(disk, &source, first_seq)? != look_at(disk, &copy, first_seq)? {
                // The headers of two histories differ as soon as anything before them does.
                return Err(LogError::ArchiveDiffers { path: copy });
            }
            archived.present += 1;
            continue;
        }
        let (_, end) = look_at(disk, &segment_path(&journal, next_seq), next_seq)?;
        archived.copied_bytes += export(disk, &source, &copy, first_seq, &end)?;
        archived.copied.push(copy);
    }
    // Also after an export that was cut off between a copy's rename and this.
    sync_names(disk, archive)?;
    Ok(archived)
}

/// Whether the archive has the segment that begins with `first_seq`, whole and the same as in the journal. `end` is
/// the head that the next segment continues.
pub(super) fn has(
    disk: &dyn Disk,
    archive: &Path,
    journal: &Path,
    first_seq: u64,
    end: &Head,
) -> Result<bool, LogError> {
    let copy = segment_path(archive, first_seq);
    if !is_there(disk, archive, &copy)? {
        return Ok(false);
    }
    check_segment(disk, &copy, first_seq, end)?;
    if same_bytes(disk, &segment_path(journal, first_seq), &copy)? {
        Ok(true)
    } else {
        Err(LogError::ArchiveDiffers { path: copy })
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_names(disk: &dyn Disk, dir: &Path) -> Result<(), LogError> {
    disk.sync_dir(dir)
        .map_err(|source| LogError::SyncDirectory {
            path: dir.to_owned(),
            source,
        })
}

/// Copies a sealed segment and returns its length.
fn export(
    disk: &dyn Disk,
    source: &Path,
    copy: &Path,
    first_seq: u64,
    end: &Head,
) -> Result<u64, LogError> {
    let unfinished = copy.with_extension(UNFINISHED);
    let failed = |source_error| LogError::Archive {
        path: copy.to_owned(),
        source: source_error,
    };
    let bytes = copy_file(disk, source, &unfinished).map_err(failed)?;
    // Read back: a copy that cannot be read is none.
    let checked = check_segment(disk, &unfinished, first_seq, end);
    if !same_bytes(disk, source, &unfinished)? {
        return Err(failed(io::Error::other("it is not read back as written")));
    }
    // The same bytes, so what is wrong with the copy is wrong with the segment.
    checked.map_err(|error| named(error, source))?;
    disk.rename(&unfinished, copy).map_err(failed)?;
    let dir = copy.parent().unwrap_or(Path::new("."));
    sync_names(disk, dir)?;
    Ok(bytes)
}

/// Copies a file, synced, and returns its length.
pub(super) fn copy_file(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<u64> {
    let source = disk.open(from)?;
    let mut copy = disk.create(to)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        match source.read_at(offset, &mut buffer)? {
            0 => break,
            read => {
                copy.append(&buffer[..read])?;
                offset += read as u64;
            }
        }
    }
    copy.sync()?;
    Ok(offset)
}

/// Checks that the file is a segment that begins with `first_seq` and ends at `end`.
fn check_segment(disk: &dyn Disk, path: &Path, first_seq: u64, end: &Head) -> Result<(), LogError> {
    let (mut reader, mut head) = SegmentReader::open_file(disk, path, first_seq)?;
    let any = |_: &Frame<'_>| Ok::<(), Stop<LogError>>(());
    match walk(&mut reader, &mut head, any)? {
        Some(damage) => Err(reader.corrupt(damage)),
        None if !reader.is_complete() => Err(reader.corrupt(Damage::Unsealed)),
        None if head != *end => Err(reader.corrupt(end.unlike(&head))),
        None => Ok(()),
    }
}

fn same_bytes(disk: &dyn Disk, one: &Path, other: &Path) -> Result<bool, LogError> {
    let mut sides = [Side::open(disk, one)?, Side::open(disk, other)?];
    loop {
        let [one, other] = &mut sides;
        one.fill()?;
        other.fill()?;
        if one.buffer[..one.filled] != other.buffer[..other.filled] {
            return Ok(false);
        }
        if one.filled == 0 {
            return Ok(true);
        }
    }
}

/// One of two files that are compared.
struct Side {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    offset: u64,
    buffer: Vec<u8>,
    filled: usize,
}

impl Side {
    fn open(disk: &dyn Disk, path: &Path) -> Result<Self, LogError> {
        let file = disk.open(path).map_err(|source| LogError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            offset: 0,
            buffer: vec![0; CHUNK_BYTES],
            filled: 0,
        })
    }

    /// Reads the next chunk, less of it only at the end of the file.
    fn fill(&mut self) -> Result<(), LogError> {
        self.filled = 0;
        while self.filled < self.buffer.len() {
            let read = self
                .file
                .read_at(self.offset, &mut self.buffer[self.filled..]);
            match read {
                Ok(0) => break,
                Ok(read) => {
                    self.filled += read;
                    self.offset += read as u64;
                }
                Err(source) => {
                    return Err(LogError::Read {
                        path: self.path.clone(),
                        source,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The same error about another file with the same bytes.
fn named(error: LogError, path: &Path) -> LogError {
    match error {
        LogError::Corrupt { offset, damage, .. } => LogError::Corrupt {
            segment: path.to_owned(),
            offset,
            damage,
        },
        other => other,
    }
}

/// Removes what an interrupted export left.
fn remove_unfinished(disk: &dyn Disk, archive: &Path) -> Result<(), LogError> {
    for name in list(disk, archive)? {
        let path = archive.join(name);
        if path
            .extension()
            .is_some_and(|extension| extension == UNFINISHED)
        {
            let removed = disk.remove(&path);
            removed.map_err(|source| LogError::Archive { path, source })?;
        }
    }
    Ok(())
}

fn is_there(disk: &dyn Disk, dir: &Path, path: &Path) -> Result<bool, LogError> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(list(disk, dir)?
        .iter()
        .any(|listed| Some(listed.as_str()) == name))
}

fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<String>, LogError> {
    disk.list(dir).map_err(|source| LogError::ListDirectory {
        path: dir.to_owned(),
        source,
    })
}
