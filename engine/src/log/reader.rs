//! Reading a log beside its writer: no lock, and whoever reads on continues where it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{LogError, ReplayError};
use super::frame::Frame;
use super::journal::{SegmentReader, Stop, first_seqs, holding, walk};
use super::keeper::Bounds;
use super::replay::Replay;
use super::{Disk, Head, journal_dir};

/// A place in a log, from which its records can be read on as they are appended.
#[derive(Debug)]
pub struct LogReader {
    disk: Arc<dyn Disk>,
    journal_dir: PathBuf,
    /// Of what was shown.
    head: Head,
    /// The segment that ends or goes on at the head, and the offset; `None` before the first read.
    place: Option<(u64, u64)>,
    /// What the writer says is durable, if it tells.
    bounds: Option<Arc<Bounds>>,
}

impl LogReader {
    /// A reader of what follows `from`. It sees what the writer has written, durable or not: enough to look at a log,
    /// but a snapshot must be made by [`Keeper::reader`](super::Keeper::reader).
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, log_dir: &Path, from: Head) -> Self {
        Self {
            disk,
            journal_dir: journal_dir(log_dir),
            head: from,
            place: None,
            bounds: None,
        }
    }

    /// A reader that goes no further than the writer says.
    pub(super) fn bounded(
        disk: Arc<dyn Disk>,
        log_dir: &Path,
        from: Head,
        bounds: Arc<Bounds>,
    ) -> Self {
        Self {
            bounds: Some(bounds),
            ..Self::new(disk, log_dir, from)
        }
    }

    /// The head of what was shown.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Shows every record that was appended since the last time to `visit`, in whole batches: its number, time in
    /// milliseconds UTC and bytes. Returns the head of what was shown.
    ///
    /// # Errors
    /// Whatever `visit` returned, after which the batch that it was in is shown again; the log does not continue
    /// where the reader began, or it is damaged or cannot be read.
    pub fn read<E>(
        &mut self,
        visit: impl FnMut(u64, u64, &[u8]) -> Result<(), E>,
    ) -> Result<Head, ReplayError<E>> {
        // Before the files: whatever is durable now is in them.
        let limit = self.bounds.as_ref().map(|bounds| bounds.durable_seq());
        if limit == Some(self.head.seq) {
            return Ok(self.head);
        }
        let mut replay = Replay::after(self.head, visit)?;
        let segments = first_seqs(&*self.disk, &self.journal_dir)?;
        let mut at = match self.place {
            Some((first_seq, _)) => match segments.binary_search(&first_seq) {
                Ok(at) => at,
                // The history was dropped up to a later segment.
                Err(_) => return Err(self.missing(&segments).into()),
            },
            None => self.find(&segments)?,
        };
        loop {
            let last = at + 1 == segments.len();
            self.read_segment(segments[at], last, limit, &mut replay)?;
            at += 1;
            if last || limit.is_some_and(|limit| self.head.seq >= limit) {
                break;
            }
            self.enter(segments[at])?;
        }
        match limit {
            Some(limit) if self.head.seq < limit => Err(LogError::EndsBefore {
                seq: limit,
                head_seq: self.head.seq,
            }
            .into()),
            _ => Ok(self.head),
        }
    }

    /// Finds the place of the head, and returns which of the segments it is in.
    fn find(&mut self, segments: &[u64]) -> Result<usize, LogError> {
        let wanted = self.head.seq + 1;
        if wanted < segments[0] {
            return Err(self.missing(segments));
        }
        let at = holding(segments, wanted, |segment| *segment);
        let (mut reader, mut head) =
            SegmentReader::open(&*self.disk, &self.journal_dir, segments[at])?;
        let walked = walk(&mut reader, &mut head, |frame| {
            if frame.last_seq <= self.head.seq {
                Ok(())
            } else {
                Err(Stop::Visitor(Ended::Enough))
            }
        });
        let is_at_end = matches!(walked, Ok(None));
        match walked {
            Ok(Some(damage)) if head.seq < self.head.seq => return Err(reader.corrupt(damage)),
            // What is behind the head is for the reading to judge.
            Ok(_) | Err(Ended::Enough) => {}
            Err(Ended::Failed(error)) => return Err(error),
        }
        if head.seq < self.head.seq && at + 1 == segments.len() && is_at_end {
            return Err(LogError::EndsBefore {
                seq: self.head.seq,
                head_seq: head.seq,
            });
        }
        if head != self.head {
            return Err(LogError::OtherHistory { seq: self.head.seq });
        }
        self.place = Some((segments[at], reader.offset()));
        Ok(at)
    }

    fn missing(&self, segments: &[u64]) -> LogError {
        LogError::HistoryMissing {
            from: self.head.seq + 1,
            to: segments[0] - 1,
        }
    }

    /// Goes to the beginning of the next segment.
    fn enter(&mut self, first_seq: u64) -> Result<(), LogError> {
        let (reader, continued) = SegmentReader::open(&*self.disk, &self.journal_dir, first_seq)?;
        if continued != self.head {
            return Err(reader.corrupt(continued.unlike(&self.head)));
        }
        self.place = Some((first_seq, reader.next_offset()));
        Ok(())
    }

    /// Shows what is new in the segment of the reader's place.
    fn read_segment<V, E>(
        &mut self,
        first_seq: u64,
        last: bool,
        limit: Option<u64>,
        replay: &mut Replay<V>,
    ) -> Result<(), ReplayError<E>>
    where
        V: FnMut(u64, u64, &[u8]) -> Result<(), E>,
    {
        let (mut reader, _) = SegmentReader::open(&*self.disk, &self.journal_dir, first_seq)?;
        if let Some((_, offset)) = self.place {
            reader.go_to(offset);
        }
        let walked = walk(&mut reader, &mut self.head, |frame: &Frame<'_>| {
            if limit.is_some_and(|limit| frame.last_seq > limit) {
                return Err(Stop::Visitor(Ended::Enough));
            }
            replay.show(frame).map_err(|stop| match stop {
                Stop::Damaged(damage) => Stop::Damaged(damage),
                Stop::Visitor(error) => Stop::Visitor(Ended::Failed(error)),
            })
        });
        self.place = Some((first_seq, reader.offset()));
        match walked {
            Ok(None) | Err(Ended::Enough) => Ok(()),
            Ok(Some(damage)) => {
                let durable = limit.is_some_and(|limit| self.head.seq < limit);
                if last && !durable && reader.is_torn(damage, &self.head)? {
                    Ok(())
                } else {
                    Err(reader.corrupt(damage).into())
                }
            }
            Err(Ended::Failed(error)) => Err(error),
        }
    }
}

/// How a walk over frames ends early.
enum Ended<E> {
    /// There is more, which is not wanted.
    Enough,
    Failed(E),
}

impl From<LogError> for Ended<LogError> {
    fn from(error: LogError) -> Self {
        Self::Failed(error)
    }
}

impl<E> From<LogError> for Ended<ReplayError<E>> {
    fn from(error: LogError) -> Self {
        Self::Failed(error.into())
    }
}
