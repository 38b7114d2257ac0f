//! Following the journal behind its writer, without ever seeing what is not durable yet.

use std::path::PathBuf;
use std::sync::Arc;

use super::Stop;
use super::reader::{SegmentReader, Step};
use crate::log::Head;
use crate::log::disk::Disk;
use crate::log::error::{Damage, LogError};
use crate::log::frame::Frame;

/// A reader of frames that goes on where it stopped, from segment to segment.
pub(in crate::log) struct Follower {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    reader: SegmentReader,
    head: Head,
}

impl Follower {
    /// Follows from `head` on, which stands at `offset` of the segment that begins with `first_seq`.
    pub(super) fn at(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        first_seq: u64,
        offset: u64,
        head: Head,
    ) -> Result<Self, LogError> {
        let (mut reader, _) = SegmentReader::open(&*disk, &dir, first_seq)?;
        reader.go_to(offset);
        Ok(Self {
            disk,
            dir,
            reader,
            head,
        })
    }

    /// The head of what was visited.
    pub(in crate::log) fn head(&self) -> Head {
        self.head
    }

    /// Visits the frames up to the one that ends with `until_seq`, which is durable.
    pub(in crate::log) fn follow<E: From<LogError>>(
        &mut self,
        until_seq: u64,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<(), E> {
        self.reader.refresh()?;
        while self.head.seq < until_seq {
            let next = match self.reader.step()? {
                Step::Frame(frame) => {
                    self.head
                        .after(&frame)
                        .and_then(|next| match visit(&frame) {
                            Ok(()) => Ok(Ok(next)),
                            Err(Stop::Damaged(damage)) => Err(damage),
                            Err(Stop::Visitor(error)) => Ok(Err(error)),
                        })
                }
                Step::Seal(_) => continue,
                Step::Bad(damage) => Err(damage),
                Step::End => {
                    self.next_segment()?;
                    continue;
                }
            };
            self.head = next.map_err(|damage| self.reader.corrupt(damage))??;
        }
        Ok(())
    }

    fn next_segment(&mut self) -> Result<(), LogError> {
        let (reader, continued) = SegmentReader::open(&*self.disk, &self.dir, self.head.seq + 1)?;
        if continued != self.head {
            let damage: Damage = continued.unlike(&self.head);
            return Err(reader.corrupt(damage));
        }
        self.reader = reader;
        Ok(())
    }
}
