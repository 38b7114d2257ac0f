//! Reading a segment frame by frame.

use std::path::{Path, PathBuf};

use super::seal::{SEAL_BYTES, Seal};
use super::segment::{Format, HEADER_BYTES, HeaderFault, parse_header, path};
use super::tail::{Content, ZEROS_MAX};
use crate::log::Head;
use crate::log::disk::{Disk, DiskFile};
use crate::log::error::{Damage, LogError};
use crate::log::frame::{FRAME_BYTES_MAX, Frame, LENGTH_END, stored_bytes};

/// Two of the largest frames, so that a refill seldom moves more than it reads, and the largest end of a segment fits: what
/// is left of a frame, and the zeros behind it.
const BUFFER_BYTES: usize = 2 * FRAME_BYTES_MAX;
const _: () = assert!(BUFFER_BYTES >= FRAME_BYTES_MAX + ZEROS_MAX);

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
    format: Format,
    /// Everything before the offset; `None` without seals, and for a reader that began in the middle.
    content: Option<Content>,
    sealed: bool,
}

/// What stands at the reader's offset.
pub(in crate::log) enum Step<'a> {
    Frame(Frame<'a>),
    /// The segment is complete; nothing but its end follows.
    Seal(Seal),
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
            format: Format::Three,
            content: None,
            sealed: false,
        };
        reader.fill(HEADER_BYTES)?;
        let header = &reader.buffer[..reader.end];
        let head = match parse_header(header) {
            Ok((format, head)) => {
                reader.format = format;
                reader.content = (format != Format::One).then(|| Content::new(format, head));
                head
            }
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
        self.content = None;
        self.sealed = false;
    }

    /// Goes past the frame of the last step and reads the next.
    pub(in crate::log) fn step(&mut self) -> Result<Step<'_>, LogError> {
        self.pass();
        self.fill(LENGTH_END)?;
        if self.start == self.end {
            return Ok(Step::End);
        }
        if self.sealed {
            return Ok(Step::Bad(Damage::BehindSeal));
        }
        if self.is_at_zeros()? {
            return Ok(Step::End);
        }
        let begins = &self.buffer[self.start..self.end];
        if self.format != Format::One && Seal::begins(begins) {
            return self.seal();
        }
        match stored_bytes(begins) {
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

    /// Whether there is nothing but zeros from the offset on, and there may be.
    fn is_at_zeros(&mut self) -> Result<bool, LogError> {
        let begins = &self.buffer[self.start..self.end];
        let tail_bytes = usize::try_from(self.tail_bytes()).unwrap_or(usize::MAX);
        if self.format != Format::Three
            || begins.iter().take(LENGTH_END).any(|byte| *byte != 0)
            || tail_bytes > self.buffer.len()
        {
            return Ok(false);
        }
        self.fill(tail_bytes)?;
        Ok(self.buffer[self.start..self.end]
            .iter()
            .all(|byte| *byte == 0))
    }

    /// Forgets what was read ahead, if a writer may have changed it since.
    pub(super) fn look_again(&mut self) -> bool {
        let may_change = self.format == Format::Three && !self.sealed;
        if may_change {
            self.end = self.start;
        }
        may_change
    }

    /// Goes past what the last step found.
    fn pass(&mut self) {
        if let Some(content) = &mut self.content
            && self.frame_bytes > 0
        {
            content.add(&self.buffer[self.start..self.start + self.frame_bytes]);
            content.batches += u64::from(self.offset > 0);
        }
        self.start += self.frame_bytes;
        self.offset += self.frame_bytes as u64;
        self.frame_bytes = 0;
    }

    fn seal(&mut self) -> Result<Step<'_>, LogError> {
        self.fill(SEAL_BYTES)?;
        let seal = match Seal::parse(&self.buffer[self.start..self.end]) {
            Ok(seal) => seal,
            Err(damage) => return Ok(Step::Bad(damage)),
        };
        let matches = |content: &Content| content.seal(&seal.head) == seal;
        if !self.content.as_ref().is_none_or(matches) {
            return Ok(Step::Bad(Damage::Seal));
        }
        self.frame_bytes = SEAL_BYTES;
        self.sealed = true;
        Ok(Step::Seal(seal))
    }

    /// Whether the segment is complete, once its end was reached, as far as the segment itself tells.
    pub(in crate::log) fn is_complete(&self) -> bool {
        self.sealed || self.format == Format::One
    }

    /// Whether the segment's end was reached, and says that it is the end.
    pub(in crate::log) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Whether frames may follow in this segment, and what it then holds.
    pub(super) fn open_content(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| !self.sealed)
    }

    /// Whether the bad bytes at the offset can be what an interrupted append left, given that nothing before them is
    /// bad and the segment is the last. An append writes one frame and no other begins before it is synced: so there
    /// are no more bytes than a frame has, and neither a frame nor a seal after them.
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
            Damage::Seal | Damage::Unsealed | Damage::BehindSeal => return Ok(false),
        }
        let Some(torn) = self.torn()? else {
            return Ok(false);
        };
        if torn.len() > FRAME_BYTES_MAX {
            return Ok(false);
        }
        let is_later = |frame: Frame<'_>| frame.first_seq > head.seq;
        let later_frame = (1..torn.len()).any(|at| Frame::parse(&torn[at..]).is_ok_and(is_later));
        let sealed = self.buffer[self.start..self.end]
            .last_chunk::<SEAL_BYTES>()
            .is_some_and(|end| Seal::parse(end).is_ok());
        Ok(!later_frame && !sealed)
    }

    /// How many bytes there are from the offset on, without zeros at the end.
    pub(super) fn torn_bytes(&mut self) -> Result<u64, LogError> {
        let all = self.tail_bytes();
        Ok(self.torn()?.map_or(all, |torn| torn.len() as u64))
    }

    /// Everything from the offset on, without zeros at the end; `None` if that is far more than an append leaves.
    fn torn(&mut self) -> Result<Option<&[u8]>, LogError> {
        let tail_bytes = usize::try_from(self.tail_bytes()).unwrap_or(usize::MAX);
        if tail_bytes > self.buffer.len() {
            return Ok(None);
        }
        self.fill(tail_bytes)?;
        let tail = &self.buffer[self.start..self.end];
        let zeros = match self.format {
            Format::One | Format::Two => 0,
            Format::Three => tail.iter().rev().take_while(|byte| **byte == 0).count(),
        };
        Ok(Some(&tail[..tail.len() - zeros]))
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
    fn tail_bytes(&self) -> u64 {
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
