//! Reading a segment frame by frame.

use std::path::{Path, PathBuf};

use super::segment::{HEADER_BYTES, HeaderFault, parse_header, path};
use crate::log::Head;
use crate::log::disk::{Disk, DiskFile};
use crate::log::error::{Damage, LogError};
use crate::log::frame::{FRAME_BYTES_MAX, Frame, LENGTH_END, stored_bytes};

/// Two of the largest frames, so that a refill seldom moves more than it reads.
const BUFFER_BYTES: usize = 2 * FRAME_BYTES_MAX;

/// Reads a segment from its start up to where it ended when it was opened.
pub(in crate::log) struct SegmentReader {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    file_bytes: u64,
    buffer: Vec<u8>,
    /// The buffer's first byte that is not consumed, and the end of what was read into it.
    start: usize,
    end: usize,
    /// The file offset of `start`.
    offset: u64,
    frame_bytes: usize,
}

/// What stands at the reader's offset.
pub(in crate::log) enum Step<'a> {
    Frame(Frame<'a>),
    Bad(Damage),
    End,
}

impl SegmentReader {
    /// Opens the segment and returns the head that its header continues.
    pub(in crate::log) fn open(
        disk: &dyn Disk,
        dir: &Path,
        first_seq: u64,
    ) -> Result<(Self, Head), LogError> {
        Self::open_file(disk, &path(dir, first_seq), first_seq)
    }

    /// Opens the segment that begins with `first_seq`, whatever its file is called.
    pub(in crate::log) fn open_file(
        disk: &dyn Disk,
        path: &Path,
        first_seq: u64,
    ) -> Result<(Self, Head), LogError> {
        Self::open_with(disk, path, first_seq, BUFFER_BYTES)
    }

    fn open_with(
        disk: &dyn Disk,
        path: &Path,
        first_seq: u64,
        buffer_bytes: usize,
    ) -> Result<(Self, Head), LogError> {
        let path = path.to_owned();
        let opened = disk.open(&path).and_then(|file| Ok((file.bytes()?, file)));
        let (file_bytes, file) = opened.map_err(|source| LogError::Read {
            path: path.clone(),
            source,
        })?;
        let buffer = vec![0; buffer_bytes];
        let mut reader = Self {
            path,
            file,
            file_bytes,
            buffer,
            start: 0,
            end: 0,
            offset: 0,
            frame_bytes: HEADER_BYTES,
        };
        reader.fill(HEADER_BYTES)?;
        let header = &reader.buffer[..reader.end];
        let head = match parse_header(header) {
            Ok(head) => head,
            Err(HeaderFault::Damaged) => return Err(reader.corrupt(Damage::SegmentHeader)),
            Err(HeaderFault::Version(version)) => {
                return Err(LogError::UnknownFormat {
                    segment: reader.path,
                    version,
                });
            }
        };
        if head.seq + 1 != first_seq {
            return Err(reader.corrupt(Damage::SegmentName));
        }
        Ok((reader, head))
    }

    /// Goes to an offset where a frame begins or the file ends.
    pub(in crate::log) fn go_to(&mut self, offset: u64) {
        (self.start, self.end) = (0, 0);
        self.offset = offset;
        self.frame_bytes = 0;
    }

    /// Goes past the frame of the last step and reads the next.
    pub(in crate::log) fn step(&mut self) -> Result<Step<'_>, LogError> {
        self.start += self.frame_bytes;
        self.offset += self.frame_bytes as u64;
        self.frame_bytes = 0;
        self.fill(LENGTH_END)?;
        if self.start == self.end {
            return Ok(Step::End);
        }
        match stored_bytes(&self.buffer[self.start..self.end]) {
            Ok(Some(bytes)) => self.fill(bytes)?,
            Ok(None) => return Ok(Step::Bad(Damage::Cut)),
            Err(damage) => return Ok(Step::Bad(damage)),
        }
        match Frame::parse(&self.buffer[self.start..self.end]) {
            Ok(frame) => {
                self.frame_bytes = frame.stored.len();
                Ok(Step::Frame(frame))
            }
            Err(damage) => Ok(Step::Bad(damage)),
        }
    }

    /// Whether the bad bytes at the offset can be what an interrupted append left, given that nothing before them is
    /// bad and the segment is the last. An append writes one frame and no other begins before it is synced: so there
    /// are no more bytes than a frame has, and no frame after them.
    pub(in crate::log) fn is_torn(
        &mut self,
        damage: Damage,
        head: &Head,
    ) -> Result<bool, LogError> {
        match damage {
            Damage::Cut | Damage::Length(_) | Damage::Checksum => {}
            // These have a checksum that matches: they were written like this.
            Damage::Field(_) | Damage::Codec(_) | Damage::Payload | Damage::Sequence { .. } => {
                return Ok(false);
            }
            Damage::Time { .. } | Damage::Chain | Damage::SegmentHeader | Damage::SegmentName => {
                return Ok(false);
            }
        }
        let Ok(tail_bytes) = usize::try_from(self.tail_bytes()) else {
            return Ok(false);
        };
        if tail_bytes > FRAME_BYTES_MAX {
            return Ok(false);
        }
        self.fill(tail_bytes)?;
        let tail = &self.buffer[self.start..self.end];
        let later_frame = (1..tail.len())
            .any(|at| Frame::parse(&tail[at..]).is_ok_and(|frame| frame.first_seq > head.seq));
        Ok(!later_frame)
    }

    /// Takes note of what was appended since the file was opened.
    pub(super) fn refresh(&mut self) -> Result<(), LogError> {
        // What was read ahead may have been half written.
        self.end = self.start + self.frame_bytes;
        self.file_bytes = self.file.bytes().map_err(|source| LogError::Read {
            path: self.path.clone(),
            source,
        })?;
        Ok(())
    }

    /// From the offset to the end of the file.
    pub(in crate::log) fn tail_bytes(&self) -> u64 {
        self.file_bytes.saturating_sub(self.offset)
    }

    pub(in crate::log) fn offset(&self) -> u64 {
        self.offset
    }

    /// The offset of the next step.
    pub(in crate::log) fn next_offset(&self) -> u64 {
        self.offset + self.frame_bytes as u64
    }

    pub(in crate::log) fn path(&self) -> &Path {
        &self.path
    }

    /// The error that says that what stands at the offset is damaged.
    pub(in crate::log) fn corrupt(&self, damage: Damage) -> LogError {
        LogError::Corrupt {
            segment: self.path.clone(),
            offset: self.offset,
            damage,
        }
    }

    /// Reads on until `wanted` bytes are buffered or the file is at its end.
    fn fill(&mut self, wanted: usize) -> Result<(), LogError> {
        if self.end - self.start >= wanted {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted {
            let at = self.offset + self.end as u64;
            let unread = self.file_bytes.saturating_sub(at);
            let room =
                (self.buffer.len() - self.end).min(usize::try_from(unread).unwrap_or(usize::MAX));
            let buffer = &mut self.buffer[self.end..self.end + room];
            match self.file.read_at(at, buffer) {
                Ok(0) => break,
                Ok(read) => self.end += read,
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

/// The length of a segment's file and the head that its header continues. Reads no frame.
pub(in crate::log) fn look_at(
    disk: &dyn Disk,
    path: &Path,
    first_seq: u64,
) -> Result<(u64, Head), LogError> {
    let (reader, head) = SegmentReader::open_with(disk, path, first_seq, HEADER_BYTES)?;
    Ok((reader.file_bytes, head))
}
