//! The journal: the log's durable form, a directory of segment files that are only ever appended to.

mod segment;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use segment::{SegmentReader, Step};

use super::error::{Damage, LogError};
use super::frame::Frame;
use super::{Head, Repair};

/// The journal, open for appending.
pub(super) struct Journal {
    dir: PathBuf,
    segment_bytes_max: u64,
    /// The first sequence number of every segment, ascending; never empty.
    segments: Vec<u64>,
    tail: File,
    tail_bytes: u64,
}

/// Why a visitor of frames ends its visit.
pub(super) enum Stop<E> {
    /// The frame is damaged: the visit fails with an error that says where the frame is.
    Damaged(Damage),
    /// The visitor's own error.
    Visitor(E),
}

/// What a look at every frame found.
pub(super) struct Scan {
    pub(super) head: Head,
    pub(super) segments: u64,
    pub(super) batches: u64,
    /// Of all files, without a torn tail.
    pub(super) bytes: u64,
    /// Of the last file, without a torn tail.
    tail_bytes: u64,
    pub(super) torn: Option<Torn>,
}

/// What an interrupted append left at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    pub segment: PathBuf,
    /// Where the last whole frame ends.
    pub offset: u64,
    pub bytes: u64,
}

impl Journal {
    /// Checks every frame, cuts off what an interrupted append left behind, and opens the last segment.
    pub(super) fn open(
        dir: &Path,
        segment_bytes_max: u64,
    ) -> Result<(Self, Scan, Vec<Repair>), LogError> {
        let mut repairs = remove_unfinished(dir)?;
        if list(dir, segment::FINISHED)?.is_empty() {
            create_segment(dir, &Head::START)?;
        }
        let mut scan = scan(dir, |_| Ok::<(), Stop<LogError>>(()))?;
        let segments = first_seqs(dir)?;
        let path = segment::path(dir, segments[segments.len() - 1]);
        let opened = OpenOptions::new().append(true).open(&path);
        let tail = opened.map_err(|source| LogError::Read {
            path: path.clone(),
            source,
        })?;
        if let Some(torn) = scan.torn.take() {
            let cut = tail.set_len(torn.offset).and_then(|()| tail.sync_all());
            cut.map_err(|source| LogError::Truncate { path, source })?;
            repairs.push(Repair::TornTailCut(torn));
        }
        let tail_bytes = scan.tail_bytes;
        Ok((
            Self {
                dir: dir.to_owned(),
                segment_bytes_max,
                segments,
                tail,
                tail_bytes,
            },
            scan,
            repairs,
        ))
    }

    /// Appends one frame, which continues `head`, and returns when it is on stable storage.
    pub(super) fn append(&mut self, head: &Head, frame: &[u8]) -> Result<(), LogError> {
        let full = self.tail_bytes + frame.len() as u64 > self.segment_bytes_max;
        if full && self.tail_bytes > segment::HEADER_BYTES as u64 {
            self.tail = create_segment(&self.dir, head)?;
            self.tail_bytes = segment::HEADER_BYTES as u64;
            self.segments.push(head.seq + 1);
        }
        let written = self
            .tail
            .write_all(frame)
            .and_then(|()| self.tail.sync_data());
        written.map_err(|source| {
            let path = segment::path(&self.dir, self.segments[self.segments.len() - 1]);
            LogError::Append { path, source }
        })?;
        self.tail_bytes += frame.len() as u64;
        Ok(())
    }

    /// Visits the frames from the one that holds `from_seq` on.
    pub(super) fn visit<E: From<LogError>>(
        &self,
        from_seq: u64,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<(), E> {
        let first = self
            .segments
            .partition_point(|first_seq| *first_seq <= from_seq)
            .saturating_sub(1);
        for first_seq in &self.segments[first..] {
            let (mut reader, mut head) = SegmentReader::open(&self.dir, *first_seq)?;
            let wanted = |frame: &Frame<'_>| {
                if frame.last_seq < from_seq {
                    Ok(())
                } else {
                    visit(frame)
                }
            };
            if let Some(damage) = walk(&mut reader, &mut head, wanted)? {
                return Err(reader.corrupt(damage).into());
            }
        }
        Ok(())
    }
}

/// Checks every frame of the journal in `dir` and shows it to `visit`. Needs no lock: beside a running writer it sees
/// the journal as it was at some moment since it was called, possibly amid an append.
pub(super) fn scan<E: From<LogError>>(
    dir: &Path,
    mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
) -> Result<Scan, E> {
    let segments = first_seqs(dir)?;
    let mut scan = Scan {
        head: Head::START,
        segments: 0,
        batches: 0,
        bytes: 0,
        tail_bytes: 0,
        torn: None,
    };
    for (at, first_seq) in segments.iter().enumerate() {
        let (mut reader, continued) = SegmentReader::open(dir, *first_seq)?;
        if continued != scan.head {
            return Err(reader.corrupt(continued.unlike(&scan.head)).into());
        }
        let mut batches = 0;
        let damage = walk(&mut reader, &mut scan.head, |frame| {
            visit(frame)?;
            batches += 1;
            Ok(())
        })?;
        if let Some(damage) = damage {
            let last = at + 1 == segments.len();
            if !last || !reader.is_torn(damage, &scan.head)? {
                return Err(reader.corrupt(damage).into());
            }
            let segment = reader.path().to_owned();
            scan.torn = Some(Torn {
                segment,
                offset: reader.offset(),
                bytes: reader.tail_bytes(),
            });
        }
        scan.segments += 1;
        scan.batches += batches;
        scan.bytes += reader.offset();
        scan.tail_bytes = reader.offset();
    }
    Ok(scan)
}

/// Visits the frames of one segment as long as each continues `head`. Returns what is wrong with the frame at the
/// reader's offset, or `None` at the end of the file.
fn walk<E: From<LogError>>(
    reader: &mut SegmentReader,
    head: &mut Head,
    mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
) -> Result<Option<Damage>, E> {
    loop {
        let frame = match reader.step()? {
            Step::Frame(frame) => frame,
            Step::Bad(damage) => return Ok(Some(damage)),
            Step::End => return Ok(None),
        };
        let next = match head.after(&frame) {
            Ok(next) => next,
            Err(damage) => return Ok(Some(damage)),
        };
        match visit(&frame) {
            Ok(()) => *head = next,
            Err(Stop::Damaged(damage)) => return Ok(Some(damage)),
            Err(Stop::Visitor(error)) => return Err(error),
        }
    }
}

fn create_segment(dir: &Path, head: &Head) -> Result<File, LogError> {
    segment::create(dir, head).map_err(|source| LogError::CreateSegment {
        path: segment::path(dir, head.seq + 1),
        source,
    })
}

/// Removes segments whose creation a crash interrupted: they have no name yet and hold no frame.
fn remove_unfinished(dir: &Path) -> Result<Vec<Repair>, LogError> {
    let mut repairs = Vec::new();
    for name in list(dir, segment::UNFINISHED)? {
        let path = dir.join(name);
        fs::remove_file(&path).map_err(|source| LogError::CreateSegment {
            path: path.clone(),
            source,
        })?;
        repairs.push(Repair::UnfinishedSegmentRemoved(path));
    }
    Ok(repairs)
}

/// The first sequence numbers of the segments in `dir`, ascending, at least one.
fn first_seqs(dir: &Path) -> Result<Vec<u64>, LogError> {
    let names = list(dir, segment::FINISHED)?;
    let mut first_seqs: Vec<u64> = names
        .iter()
        .filter_map(|name| segment::first_seq_of(name))
        .collect();
    first_seqs.sort_unstable();
    if first_seqs.is_empty() {
        return Err(LogError::NoJournal {
            dir: dir.to_owned(),
        });
    }
    Ok(first_seqs)
}

fn list(dir: &Path, suffix: &str) -> Result<Vec<String>, LogError> {
    let names = || -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(
                entry?
                    .file_name()
                    .into_string()
                    .ok()
                    .filter(|name| name.ends_with(suffix)),
            );
        }
        Ok(names)
    };
    names().map_err(|source| LogError::ListDirectory {
        path: dir.to_owned(),
        source,
    })
}
