//! Where a repair finds frames: the damaged file itself, the archive and the index.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::log::error::LogError;
use crate::log::frame::Frame;
use crate::log::index::Index;
use crate::log::journal::{FIRST_FRAME_AT, Stop, sealed_head, segment_path};
use crate::log::{Disk, Head};

/// A copy of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copy {
    /// The damaged file itself, where it is not damaged.
    Journal,
    Archive,
    Index,
}

/// All copies of one stretch of the log.
pub(super) struct Sources<'a> {
    journal: Option<Salvage>,
    archive: Option<Salvage>,
    index: Option<&'a Index>,
    /// The frame of the index that was looked up last.
    found: Vec<u8>,
}

impl<'a> Sources<'a> {
    /// The copies of the segment that begins with `first_seq`.
    pub(super) fn of(
        disk: &dyn Disk,
        journal: &Path,
        archive: Option<&Path>,
        index: Option<&'a Index>,
        first_seq: u64,
    ) -> Result<Self, LogError> {
        let salvage = |dir: &Path| Salvage::read(disk, &segment_path(dir, first_seq), first_seq);
        Ok(Self {
            journal: salvage(journal)?,
            archive: archive.map(salvage).transpose()?.flatten(),
            index,
            found: Vec::new(),
        })
    }

    /// The frame that comes next after `head`, with the copy that has it. What it proves by checksum, numbering, time
    /// and chain is that it is the very one.
    pub(super) fn next(&mut self, head: &Head) -> Option<(Frame<'_>, Head, Copy)> {
        let seq = head.seq + 1;
        let salvaged = [
            (&self.journal, Copy::Journal),
            (&self.archive, Copy::Archive),
        ];
        for (salvage, copy) in salvaged {
            let frame = salvage.as_ref().and_then(|salvage| salvage.frame(seq));
            if let Some((frame, next)) = frame.and_then(|frame| continued(head, frame)) {
                return Some((frame, next, copy));
            }
        }
        self.found = self.index.and_then(|index| row(index, seq))?;
        let frame = Frame::parse(&self.found).ok()?;
        let (frame, next) = continued(head, frame)?;
        Some((frame, next, Copy::Index))
    }

    /// The next record after `seq` that some copy knows of: it was durable once.
    pub(super) fn known_after(&self, seq: u64) -> Option<u64> {
        let salvaged = [&self.journal, &self.archive].into_iter().flatten();
        let salvaged = salvaged.filter_map(|salvage| salvage.next_seq(seq));
        salvaged
            .chain(self.index.and_then(|index| indexed_after(index, seq)))
            .min()
    }

    /// Whether the damaged file has a whole frame that begins after `seq`.
    pub(super) fn salvaged_after(&self, seq: u64) -> bool {
        let salvage = self.journal.as_ref();
        salvage.is_some_and(|salvage| salvage.next_seq(seq).is_some())
    }

    /// Whether the file, if there is one, is as long as one that was just begun.
    pub(super) fn is_just_begun(&self) -> bool {
        let salvage = self.journal.as_ref();
        salvage.is_none_or(|salvage| salvage.bytes.len() == FIRST_FRAME_AT)
    }

    /// How many bytes of the damaged file stand behind its last whole frame.
    pub(super) fn bytes_behind(&self) -> usize {
        self.journal.as_ref().map_or(0, Salvage::bytes_behind)
    }
}

fn continued<'f>(head: &Head, frame: Frame<'f>) -> Option<(Frame<'f>, Head)> {
    let next = head.after(&frame).ok()?;
    Some((frame, next))
}

/// The frame of the index that begins with `seq`.
fn row(index: &Index, seq: u64) -> Option<Vec<u8>> {
    let mut row = None;
    // A fault is no frame, like everything else that is not the one that is wanted.
    let _fault = index.visit(seq, |frame| {
        row = (frame.first_seq == seq).then(|| frame.stored.to_vec());
        Err(Stop::Visitor(()))
    });
    row
}

/// The first record of the index after `seq`.
fn indexed_after(index: &Index, seq: u64) -> Option<u64> {
    let mut after = None;
    let _fault = index.visit(seq + 1, |frame| {
        after = Some(frame.first_seq.max(seq + 1));
        Err(Stop::Visitor(()))
    });
    after
}

/// Every whole frame of a file, wherever it is.
struct Salvage {
    bytes: Vec<u8>,
    /// Where the frames are, by first record.
    frames: BTreeMap<u64, Range<usize>>,
}

impl Salvage {
    /// Searches the file, if there is one, which is taken into memory whole.
    fn read(disk: &dyn Disk, path: &Path, first_seq: u64) -> Result<Option<Self>, LogError> {
        let bytes = match read_file(disk, path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(LogError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let mut frames = BTreeMap::new();
        let mut at = FIRST_FRAME_AT.min(bytes.len());
        while at < bytes.len() {
            let frame = Frame::likely(&bytes[at..]).filter(|frame| frame.first_seq >= first_seq);
            match frame {
                Some(frame) => {
                    let end = at + frame.stored.len();
                    frames.entry(frame.first_seq).or_insert(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        Ok(Some(Self { bytes, frames }))
    }

    fn frame(&self, first_seq: u64) -> Option<Frame<'_>> {
        let range = self.frames.get(&first_seq)?;
        Frame::parse(&self.bytes[range.clone()]).ok()
    }

    /// The next record after `seq` that the file has, or the one behind those that its seal counts.
    fn next_seq(&self, seq: u64) -> Option<u64> {
        let frame = self.frames.range(seq + 1..).next();
        let sealed = sealed_head(&self.bytes).filter(|sealed| sealed.seq > seq);
        frame
            .map(|(first_seq, _)| *first_seq)
            .or(sealed.map(|sealed| sealed.seq + 1))
    }

    fn bytes_behind(&self) -> usize {
        let end = self.frames.values().map(|range| range.end).max();
        self.bytes.len() - end.unwrap_or(FIRST_FRAME_AT.min(self.bytes.len()))
    }
}

fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = usize::try_from(file.bytes()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(filled as u64, &mut bytes[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Where a segment's damaged file is kept: the first name that is free.
pub(super) fn damaged_path(disk: &dyn Disk, segment: &Path) -> io::Result<PathBuf> {
    let dir = segment.parent().unwrap_or(Path::new("."));
    let names = disk.list(dir)?;
    let name = segment.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 1_u32;
    loop {
        let damaged = match number {
            1 => format!("{name}.damaged"),
            _ => format!("{name}.damaged-{number}"),
        };
        if !names.contains(&damaged) {
            return Ok(dir.join(damaged));
        }
        number += 1;
    }
}
