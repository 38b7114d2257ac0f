//! The journal: the log's durable form, a directory of segment files that are only ever appended to.

mod follower;
mod reader;
mod seal;
mod segment;
mod tail;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use follower::Follower;
pub(super) use reader::{SegmentReader, look_at};
pub(super) use segment::{draft as draft_segment, path as segment_path};

use reader::Step;
use seal::{SEAL_BYTES, Seal};
use tail::{Content, Tail};

use super::disk::Disk;
use super::error::{Damage, LogError};
use super::frame::Frame;
use super::{Head, Repair};

/// Where a segment's first frame is.
pub(super) const FIRST_FRAME_AT: usize = segment::HEADER_BYTES;

/// The journal, open for appending.
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes_max: u64,
    /// The first sequence number of every segment, ascending; never empty.
    segments: Vec<u64>,
    /// `None` if the last segment is complete: the next append begins another.
    tail: Option<Tail>,
    /// The length of the last segment.
    tail_bytes: u64,
}

/// Why a visitor of frames ends its visit.
pub(super) enum Stop<E> {
    /// The frame is damaged: the visit fails with an error that says where the frame is.
    Damaged(Damage),
    /// The visitor's own error.
    Visitor(E),
}

/// What a look at the frames found.
pub(super) struct Scan {
    /// Where the look began: at the start of the log, or where some segment goes on.
    pub(super) base: Head,
    pub(super) head: Head,
    pub(super) segments: u64,
    /// From the base on.
    pub(super) batches: u64,
    /// Of all files, without a torn tail.
    pub(super) bytes: u64,
    /// Of the last file, without a torn tail.
    tail_bytes: u64,
    /// What the last file holds, if frames may follow in it.
    tail: Option<Content>,
    pub(super) torn: Option<Torn>,
}

/// What an interrupted append left at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    pub segment: PathBuf,
    /// Where the last whole frame ends.
    pub offset: u64,
    /// Without the zeros at the end.
    pub bytes: u64,
}

impl Journal {
    /// Lets `check` look at the frames, cuts off what an interrupted append left behind, and opens the last segment.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        segment_bytes_max: u64,
        check: impl FnOnce(&Path) -> Result<Scan, LogError>,
    ) -> Result<(Self, Scan, Vec<Repair>), LogError> {
        let mut repairs = remove_unfinished(&*disk, dir)?;
        if list(&*disk, dir, segment::FINISHED)?.is_empty() {
            create_segment(&*disk, dir, &Head::START)?;
        } else {
            // A process that was killed may have named the last segment, and not made the name durable.
            let synced = disk.sync_dir(dir);
            synced.map_err(|source| LogError::SyncDirectory {
                path: dir.to_owned(),
                source,
            })?;
        }
        let mut scan = check(dir)?;
        let segments = first_seqs(&*disk, dir)?;
        let path = segment::path(dir, segments[segments.len() - 1]);
        let tail = open_tail(&*disk, &path, scan.torn.as_ref(), scan.tail.take())?;
        repairs.extend(scan.torn.take().map(Repair::TornTailCut));
        let tail_bytes = scan.tail_bytes;
        Ok((
            Self {
                disk,
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
        let bytes = self.tail_bytes + (frame.len() + SEAL_BYTES) as u64;
        if bytes > self.segment_bytes_max && self.tail_bytes > segment::HEADER_BYTES as u64 {
            self.seal_tail(head)?;
        }
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => begin_segment(&*self.disk, &self.dir, &mut self.segments, head)?,
        };
        // A file that failed is left as it is.
        tail.append(frame, self.segment_bytes_max)
            .map_err(|source| {
                let path = segment::path(&self.dir, self.segments[self.segments.len() - 1]);
                LogError::Append { path, source }
            })?;
        self.tail_bytes = tail.content.bytes;
        self.tail = Some(tail);
        Ok(())
    }

    /// Closes the last segment for ever, at `head`.
    fn seal_tail(&mut self, head: &Head) -> Result<(), LogError> {
        let Some(tail) = self.tail.take() else {
            return Ok(());
        };
        tail.seal(head).map_err(|source| LogError::Seal {
            path: segment::path(&self.dir, self.segments[self.segments.len() - 1]),
            source,
        })
    }

    /// The first record that the journal holds, or will hold.
    pub(super) fn first_seq(&self) -> u64 {
        self.segments[0]
    }

    /// A follower that begins at `head`, the journal's.
    pub(super) fn follower(&self, head: Head) -> Result<Follower, LogError> {
        let (disk, dir) = (self.disk.clone(), self.dir.clone());
        let first_seq = self.segments[self.segments.len() - 1];
        Follower::at(disk, dir, first_seq, self.tail_bytes, head)
    }

    /// Visits the frames from the one that holds `from_seq` on.
    pub(super) fn visit<E: From<LogError>>(
        &self,
        from_seq: u64,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<(), E> {
        let first = holding(&self.segments, from_seq, |first_seq| *first_seq);
        for first_seq in &self.segments[first..] {
            let (mut reader, mut head) = SegmentReader::open(&*self.disk, &self.dir, *first_seq)?;
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

impl Drop for Journal {
    /// Leaves a file without zeros, which is nicer to look at and to copy.
    fn drop(&mut self) {
        if let Some(tail) = &mut self.tail
            && let Err(error) = tail.trim()
        {
            tracing::debug!(%error, "the last segment keeps the zeros at its end");
        }
    }
}

/// Checks the frames of the journal in `dir` from the segment that holds `from_seq` on, which is not always the first,
/// and shows them to `visit`. Of the segments before it looks at the headers alone. Needs no lock: beside a running
/// writer it sees the journal as it was at some moment since it was called, possibly amid an append.
pub(super) fn scan<E: From<LogError>>(
    disk: &dyn Disk,
    dir: &Path,
    from_seq: u64,
    visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
) -> Result<Scan, E> {
    let segments: Vec<(&Path, u64)> = first_seqs(disk, dir)?
        .into_iter()
        .map(|first_seq| (dir, first_seq))
        .collect();
    scan_segments(disk, &segments, from_seq, visit)
}

/// Like [`scan`], over segments that may lie in several directories.
pub(super) fn scan_segments<E: From<LogError>>(
    disk: &dyn Disk,
    segments: &[(&Path, u64)],
    from_seq: u64,
    mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
) -> Result<Scan, E> {
    let first = holding(segments, from_seq, |(_, first_seq)| *first_seq);
    let (bytes, base) = skip(disk, &segments[..=first])?;
    let mut scan = Scan {
        base,
        head: base,
        segments: segments.len() as u64,
        batches: 0,
        bytes,
        tail_bytes: 0,
        tail: None,
        torn: None,
    };
    for (at, (dir, first_seq)) in segments.iter().enumerate().skip(first) {
        let (mut reader, continued) = SegmentReader::open(disk, dir, *first_seq)?;
        if continued != scan.head {
            return Err(reader.corrupt(continued.unlike(&scan.head)).into());
        }
        let mut batches = 0;
        let damage = walk(&mut reader, &mut scan.head, |frame| {
            visit(frame)?;
            batches += 1;
            Ok(())
        })?;
        let last = at + 1 == segments.len();
        if damage.is_none() && !last && !reader.is_complete() {
            return Err(reader.corrupt(Damage::Unsealed).into());
        }
        if let Some(damage) = damage {
            if !last || !reader.is_torn(damage, &scan.head)? {
                return Err(reader.corrupt(damage).into());
            }
            let segment = reader.path().to_owned();
            scan.torn = Some(Torn {
                segment,
                offset: reader.offset(),
                bytes: reader.torn_bytes()?,
            });
        }
        scan.batches += batches;
        scan.bytes += reader.offset();
        scan.tail_bytes = reader.offset();
        scan.tail = reader.open_content().cloned();
    }
    Ok(scan)
}

/// Looks at the headers of segments that follow each other. Returns the length of all files but the last, and the head
/// that the last continues.
fn skip(disk: &dyn Disk, segments: &[(&Path, u64)]) -> Result<(u64, Head), LogError> {
    let (mut bytes_before, mut bytes) = (0, 0);
    let mut head = Head::START;
    for (dir, first_seq) in segments {
        let path = segment_path(dir, *first_seq);
        let (file_bytes, continued) = look_at(disk, &path, *first_seq)?;
        if continued.at_ms < head.at_ms {
            return Err(LogError::Corrupt {
                segment: path,
                offset: 0,
                damage: continued.unlike(&Head {
                    seq: continued.seq,
                    ..head
                }),
            });
        }
        head = continued;
        bytes_before = bytes;
        bytes += file_bytes;
    }
    Ok((bytes_before, head))
}

/// The last of some ascending segments that begins at or before `seq`, else the first.
pub(super) fn holding<T>(segments: &[T], seq: u64, first_seq: impl Fn(&T) -> u64) -> usize {
    segments
        .partition_point(|segment| first_seq(segment) <= seq)
        .saturating_sub(1)
}

/// The head of the log in `dir` at record `seq`, if a batch ends there. Reads one segment at most, and nothing behind
/// the record.
pub(super) fn head_at(disk: &dyn Disk, dir: &Path, seq: u64) -> Result<Option<Head>, LogError> {
    let segments = first_seqs(disk, dir)?;
    let first_seq = segments[holding(&segments, seq + 1, |first_seq| *first_seq)];
    let (mut reader, mut head) = SegmentReader::open(disk, dir, first_seq)?;
    if head.seq > seq {
        return Ok(None);
    }
    if head.seq == seq {
        return Ok(Some(head));
    }
    let mut found = None;
    let walked = walk(&mut reader, &mut head, |frame| {
        if frame.last_seq >= seq {
            found = (frame.last_seq == seq).then(|| Head::at(frame));
            return Err(Stop::Visitor(Reached::Seq));
        }
        Ok(())
    });
    match walked {
        Ok(None) | Err(Reached::Seq) => Ok(found),
        Ok(Some(damage)) => Err(reader.corrupt(damage)),
        Err(Reached::Fault(error)) => Err(error),
    }
}

/// How a walk to some record ends early.
enum Reached {
    Seq,
    Fault(LogError),
}

impl From<LogError> for Reached {
    fn from(error: LogError) -> Self {
        Self::Fault(error)
    }
}

/// How often what is bad is read before it is believed.
const LOOKS: u32 = 3;

/// Visits the frames of one segment as long as each continues `head`. Returns what is wrong with the frame at the
/// reader's offset, or `None` at the end of the file.
pub(super) fn walk<E: From<LogError>>(
    reader: &mut SegmentReader,
    head: &mut Head,
    mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
) -> Result<Option<Damage>, E> {
    let mut looks = 1;
    loop {
        let frame = match reader.step()? {
            Step::Frame(frame) => frame,
            Step::Seal(seal) if seal.head == *head => continue,
            Step::Seal(_) => return Ok(Some(Damage::Seal)),
            Step::Bad(damage) => {
                // Beside a writer, it may have been half written when it was read.
                if looks < LOOKS && reader.look_again() {
                    looks += 1;
                    continue;
                }
                return Ok(Some(damage));
            }
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

/// Cuts off what is torn and makes durable what the last segment holds: what a killed process wrote and did not sync
/// reads like everything else, and is about to be built upon. Returns the segment if frames may follow in it.
fn open_tail(
    disk: &dyn Disk,
    path: &Path,
    torn: Option<&Torn>,
    content: Option<Content>,
) -> Result<Option<Tail>, LogError> {
    let writes = content.is_some() || torn.is_some();
    let opened = if writes {
        disk.open_writable(path)
    } else {
        disk.open(path)
    };
    let mut file = opened.map_err(|source| LogError::OpenTail {
        path: path.to_owned(),
        source,
    })?;
    if let Some(torn) = torn {
        let cut = file.truncate(torn.offset);
        cut.map_err(|source| LogError::Truncate {
            path: path.to_owned(),
            source,
        })?;
    }
    let synced = file.sync();
    synced.map_err(|source| LogError::Append {
        path: path.to_owned(),
        source,
    })?;
    let Some(content) = content else {
        return Ok(None);
    };
    let file_bytes = file.bytes().map_err(|source| LogError::OpenTail {
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(Tail {
        file,
        content,
        file_bytes,
    }))
}

/// Creates the segment that follows `head`. The one before is complete and durable.
fn begin_segment(
    disk: &dyn Disk,
    dir: &Path,
    segments: &mut Vec<u64>,
    head: &Head,
) -> Result<Tail, LogError> {
    let tail = create_segment(disk, dir, head)?;
    // One of the older format without a frame was replaced.
    if segments.last() != Some(&(head.seq + 1)) {
        segments.push(head.seq + 1);
    }
    Ok(tail)
}

fn create_segment(disk: &dyn Disk, dir: &Path, head: &Head) -> Result<Tail, LogError> {
    segment::create(disk, dir, head).map_err(|source| LogError::CreateSegment {
        path: segment::path(dir, head.seq + 1),
        source,
    })
}

/// Removes segments whose creation a crash interrupted: they have no name yet and hold no frame.
pub(super) fn remove_unfinished(disk: &dyn Disk, dir: &Path) -> Result<Vec<Repair>, LogError> {
    let mut repairs = Vec::new();
    for name in list(disk, dir, segment::UNFINISHED)? {
        let path = dir.join(name);
        disk.remove(&path)
            .map_err(|source| LogError::CreateSegment {
                path: path.clone(),
                source,
            })?;
        repairs.push(Repair::UnfinishedSegmentRemoved(path));
    }
    Ok(repairs)
}

/// The head that a complete segment of these bytes says that it ends at.
pub(super) fn sealed_head(segment: &[u8]) -> Option<Head> {
    let seal = Seal::parse(segment.last_chunk::<SEAL_BYTES>()?);
    seal.ok().map(|seal| seal.head)
}

/// The first record that the journal in `dir` holds, or will hold.
pub(super) fn first_seq(disk: &dyn Disk, dir: &Path) -> Result<u64, LogError> {
    Ok(first_seqs(disk, dir)?[0])
}

/// The first sequence numbers of the segments in `dir`, ascending, at least one.
pub(super) fn first_seqs(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>, LogError> {
    let first_seqs = segments_in(disk, dir)?;
    if first_seqs.is_empty() {
        return Err(LogError::NoJournal {
            dir: dir.to_owned(),
        });
    }
    Ok(first_seqs)
}

/// Like [`first_seqs`], of any directory.
pub(super) fn segments_in(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>, LogError> {
    let names = list(disk, dir, segment::FINISHED)?;
    let mut first_seqs: Vec<u64> = names
        .iter()
        .filter_map(|name| segment::first_seq_of(name))
        .collect();
    first_seqs.sort_unstable();
    Ok(first_seqs)
}

fn list(disk: &dyn Disk, dir: &Path, suffix: &str) -> Result<Vec<String>, LogError> {
    let names = disk.list(dir).map_err(|source| LogError::ListDirectory {
        path: dir.to_owned(),
        source,
    })?;
    Ok(names
        .into_iter()
        .filter(|name| name.ends_with(suffix))
        .collect())
}
