//! The one safe repair of a log that does not open.
//!
//! Every damaged or missing stretch of the journal is replaced by the very frames, if any copy has them: the damaged
//! file where it is intact, the archive, the index. Checksum, numbering, time and chain prove that they are the ones.
//! Nothing is invented and nothing that was durable is dropped: if a stretch is in no copy, nothing is changed, and the
//! error says which records are lost.
//!
//! All replacements are written and synced before the first takes its name. A damaged file is kept, under its name and
//! `.damaged`, by copying it first: a journal that lacks a file, even for a moment, could be opened without its end.
//! Whatever interrupts a repair, it can be made again.

mod replacement;
mod sources;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::copy_file;
use super::error::{Damage, LogError};
use super::frame::FRAME_BYTES_MAX;
use super::index::Index;
use super::journal::{
    SegmentReader, Stop, draft_segment, look_at, remove_unfinished, segment_path, segments_in, walk,
};
use super::snapshot::snapshots;
use super::{Disk, Head, LogOptions, OsDisk, create_dir, journal_dir, lock};
use replacement::{Planned, Written, writing};
use sources::{Copy, Sources};

/// What a repair did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairReport {
    /// Where the journal ends now. The index may have more, which opening gives back to it.
    pub head: Head,
    /// What was written anew, oldest first; nothing if the journal was whole.
    pub replaced: Vec<Replaced>,
}

/// A segment that was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub segment: PathBuf,
    /// What was wrong with the file that was there; `None` if there was none.
    pub damaged: Option<DamagedSegment>,
    pub first_seq: u64,
    pub last_seq: u64,
    /// How many batches came from which copy.
    pub from_journal: u64,
    pub from_archive: u64,
    pub from_index: u64,
}

/// A file that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedSegment {
    pub offset: u64,
    pub damage: Damage,
    /// Where the file is kept as it was.
    pub kept_as: PathBuf,
}

/// Repairs the log in `dir`, which nobody may have open, with the help of its archive if there is one.
///
/// # Errors
/// [`LogError::InUse`]; [`LogError::Lost`] if some records are in no copy, and then nothing is changed; or the file
/// system fails.
pub fn repair(dir: &Path, archive: Option<&Path>) -> Result<RepairReport, LogError> {
    repair_on(&(Arc::new(OsDisk) as Arc<dyn Disk>), dir, archive)
}

/// Lock and index are the machine's, whatever disk the journal is on.
pub(super) fn repair_on(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    archive: Option<&Path>,
) -> Result<RepairReport, LogError> {
    let journal = journal_dir(dir);
    let _lock = lock(dir)?;
    create_dir(&**disk, &journal)?;
    remove_unfinished(&**disk, &journal)?;
    let index = Index::as_it_is(&dir.join("index"), LogOptions::default().index_timeout);
    let found = snapshots(disk, dir)?;
    let mut intact = Vec::new();
    for snapshot in &found.found {
        intact.extend(snapshot.is_intact()?.then(|| snapshot.head()));
    }
    let named = found.found.iter().map(|snapshot| snapshot.head().seq);
    let mut repairer = Repairer {
        disk: &**disk,
        journal: &journal,
        archive,
        index: index.as_ref(),
        in_journal: segments_in(&**disk, &journal)?,
        in_archive: archive.map_or(Ok(Vec::new()), |archive| segments_in(&**disk, archive))?,
        snapshots: intact,
        newest_claim: named
            .chain(found.damaged.iter().map(|damaged| damaged.seq))
            .max()
            .unwrap_or(0),
        vouched: false,
        planned: Vec::new(),
    };
    let head = match repairer.plan() {
        Ok(head) => head,
        Err(error) => {
            repairer.discard();
            return Err(error);
        }
    };
    let replaced = repairer.install()?;
    Ok(RepairReport { head, replaced })
}

struct Repairer<'a> {
    disk: &'a dyn Disk,
    journal: &'a Path,
    archive: Option<&'a Path>,
    index: Option<&'a Index>,
    /// The first records of the segments, ascending.
    in_journal: Vec<u64>,
    in_archive: Vec<u64>,
    /// The heads of the intact snapshots, newest first.
    snapshots: Vec<Head>,
    /// The newest record that any snapshot claims to cover.
    newest_claim: u64,
    /// Whether the journal begins at the first record, or some snapshot fits it.
    vouched: bool,
    planned: Vec<Planned>,
}

/// What a look at a segment's file found.
enum Found {
    Whole(Head),
    Damaged { damage: Damage, offset: u64 },
}

impl Repairer<'_> {
    /// Goes through the whole journal and writes a replacement for every segment that needs one. Returns where the
    /// journal will end.
    fn plan(&mut self) -> Result<Head, LogError> {
        let base = self.base()?;
        self.vouched = base == Head::START || self.snapshots.contains(&base);
        let mut head = base;
        loop {
            let first_seq = head.seq + 1;
            let next = self.in_journal.iter().find(|next| **next > first_seq);
            let next = next.copied();
            let found = if self.in_journal.contains(&first_seq) {
                match self.look(first_seq, head, next)? {
                    // The last segment, which has no whole frame.
                    Found::Whole(end) if end == head => break,
                    Found::Whole(end) => {
                        head = end;
                        continue;
                    }
                    Found::Damaged { damage, offset } => Some((damage, offset)),
                }
            } else if next.is_some() || self.in_archive.contains(&first_seq) {
                None
            } else {
                break;
            };
            let end = self.replace(head, next, found)?;
            // The last segment may be one that was just begun.
            if end == head {
                break;
            }
            head = end;
        }
        self.check_end(&head)?;
        if self.vouched {
            Ok(head)
        } else {
            Err(LogError::HistoryMissing {
                from: 1,
                to: base.seq,
            })
        }
    }

    /// Where the journal has to begin: at the first record, or where some snapshot goes on.
    fn base(&self) -> Result<Head, LogError> {
        let Some(first) = self.in_journal.first().copied() else {
            return Ok(Head::START);
        };
        let newest = self.snapshots.first().map_or(0, |newest| newest.seq);
        if newest + 1 >= first {
            return self.head_before(first);
        }
        let archived = self.in_archive.iter().rev();
        let mut archived = archived.copied().filter(|archived| *archived <= newest + 1);
        self.head_before(archived.next().unwrap_or(1))
    }

    /// The head that the segment beginning with `first_seq` continues.
    fn head_before(&self, first_seq: u64) -> Result<Head, LogError> {
        let seq = first_seq - 1;
        if seq == 0 {
            return Ok(Head::START);
        }
        for dir in [Some(self.journal), self.archive].into_iter().flatten() {
            if let Ok((_, head)) = look_at(self.disk, &segment_path(dir, first_seq), first_seq) {
                return Ok(head);
            }
        }
        if let Some(head) = self.snapshots.iter().find(|head| head.seq == seq) {
            return Ok(*head);
        }
        let before = self
            .in_archive
            .iter()
            .rfind(|archived| **archived < first_seq);
        if let (Some(archive), Some(before)) = (self.archive, before)
            && let Ok(end) = self.end_of(archive, *before, None)
            && end.seq == seq
        {
            return Ok(end);
        }
        Err(LogError::Lost {
            from: 1,
            to: Some(seq),
        })
    }

    /// Walks a segment that has no damage, and continues `head` if that is given, to its end.
    fn end_of(&self, dir: &Path, first_seq: u64, head: Option<Head>) -> Result<Head, LogError> {
        let (mut reader, continued) = SegmentReader::open(self.disk, dir, first_seq)?;
        let mut end = head.unwrap_or(continued);
        if continued != end {
            return Err(reader.corrupt(continued.unlike(&end)));
        }
        match walk(&mut reader, &mut end, |_| Ok::<(), Stop<LogError>>(()))? {
            None => Ok(end),
            Some(damage) => Err(reader.corrupt(damage)),
        }
    }

    /// Looks whether the file of a segment, which continues `head` and goes up to where the `next` begins, is whole.
    fn look(&mut self, first_seq: u64, head: Head, next: Option<u64>) -> Result<Found, LogError> {
        let (mut reader, continued) = match SegmentReader::open(self.disk, self.journal, first_seq)
        {
            Ok(opened) => opened,
            Err(LogError::Corrupt { offset, damage, .. }) => {
                return Ok(Found::Damaged { damage, offset });
            }
            Err(error) => return Err(error),
        };
        if continued != head {
            let damage = continued.unlike(&head);
            return Ok(Found::Damaged { damage, offset: 0 });
        }
        let mut end = head;
        let walked = walk(&mut reader, &mut end, |frame| {
            self.vouched |= self.snapshots.contains(&Head::at(frame));
            Ok::<(), Stop<LogError>>(())
        })?;
        let damage = match (walked, next) {
            (None, None) => None,
            (None, Some(_)) if !reader.is_complete() => Some(Damage::Unsealed),
            (None, Some(next)) if next == end.seq + 1 => None,
            // It is the file after it that is missing.
            (None, Some(_)) if reader.is_sealed() || self.in_archive.contains(&(end.seq + 1)) => {
                None
            }
            (None, Some(next)) => Some(Damage::Sequence {
                expected: end.seq + 1,
                found: next,
            }),
            (Some(damage), None) if reader.is_torn(damage, &end)? => None,
            (Some(damage), _) => Some(damage),
        };
        if let Some(damage) = damage {
            let offset = reader.offset();
            return Ok(Found::Damaged { damage, offset });
        }
        // A file that ends too early looks whole. What only the index has opening gives back.
        if next.is_none()
            && let Some((_, _, Copy::Archive)) = self.sources(first_seq)?.next(&end)
        {
            let (damage, offset) = (Damage::Cut, reader.offset());
            return Ok(Found::Damaged { damage, offset });
        }
        Ok(Found::Whole(end))
    }

    /// Writes the segment that continues `head` anew, up to where the `next` begins, or as far as there is anything.
    fn replace(
        &mut self,
        head: Head,
        next: Option<u64>,
        found: Option<(Damage, u64)>,
    ) -> Result<Head, LogError> {
        let first_seq = head.seq + 1;
        let segment = segment_path(self.journal, first_seq);
        let unfinished = segment.with_extension("ffj-new");
        // It ends where its copy in the archive does, so that the two stay the same.
        let archived = self
            .in_archive
            .iter()
            .find(|archived| **archived > first_seq);
        let until = next.into_iter().chain(archived.copied()).min();
        let written = match self.copy_archived(head, until, &unfinished)? {
            Some(written) => written,
            None => self.collect(head, until, &unfinished)?,
        };
        // No crash damages a header: what was behind it is lost, unless there was nothing.
        if written.head == head && !self.sources(first_seq)?.is_just_begun() {
            return Err(LogError::Lost {
                from: first_seq,
                to: None,
            });
        }
        self.planned.push(Planned {
            unfinished,
            segment,
            found,
            written,
        });
        Ok(written.head)
    }

    /// Copies the archive's segment if it is the very one.
    fn copy_archived(
        &mut self,
        head: Head,
        until: Option<u64>,
        unfinished: &Path,
    ) -> Result<Option<Written>, LogError> {
        let first_seq = head.seq + 1;
        let Some(archive) = self
            .archive
            .filter(|_| self.in_archive.contains(&first_seq))
        else {
            return Ok(None);
        };
        let Ok(end) = self.end_of(archive, first_seq, Some(head)) else {
            return Ok(None);
        };
        if until.is_some_and(|until| until != end.seq + 1)
            || self.sources(first_seq)?.salvaged_after(end.seq)
        {
            return Ok(None);
        }
        let source = segment_path(archive, first_seq);
        copy_file(self.disk, &source, unfinished).map_err(|source| writing(unfinished, source))?;
        // What is copied is what is counted, and passed by.
        let (mut reader, mut copied) = SegmentReader::open_file(self.disk, unfinished, first_seq)?;
        let mut written = Written::begin(head);
        let walked = walk(&mut reader, &mut copied, |frame| {
            self.vouched |= self.snapshots.contains(&Head::at(frame));
            written.from_archive += 1;
            Ok::<(), Stop<LogError>>(())
        })?;
        match walked {
            None if copied == end => {
                written.head = end;
                Ok(Some(written))
            }
            damage => Err(reader.corrupt(damage.unwrap_or(Damage::Chain))),
        }
    }

    /// Puts the segment together frame by frame.
    fn collect(
        &mut self,
        head: Head,
        until: Option<u64>,
        unfinished: &Path,
    ) -> Result<Written, LogError> {
        let mut sources = self.sources(head.seq + 1)?;
        let mut written = Written::begin(head);
        let mut vouched = self.vouched;
        let failed = |source| writing(unfinished, source);
        let mut draft = draft_segment(self.disk, unfinished, &head).map_err(failed)?;
        while until.is_none_or(|until| written.head.seq + 1 < until) {
            let Some((frame, next, copy)) = sources.next(&written.head) else {
                break;
            };
            draft.write(frame.stored).map_err(failed)?;
            vouched |= self.snapshots.contains(&next);
            written.add(next, copy);
        }
        let lost_from = written.head.seq + 1;
        let known = sources.known_after(written.head.seq);
        let bytes_behind = sources.bytes_behind();
        self.vouched = vouched;
        match until {
            Some(until) if until == lost_from => {
                draft.seal(&written.head).map_err(failed)?;
                Ok(written)
            }
            Some(until) => Err(LogError::Lost {
                from: lost_from,
                to: Some(known.map_or(until, |known| known.min(until)) - 1),
            }),
            None if known.is_none() && bytes_behind <= FRAME_BYTES_MAX => {
                draft.sync().map_err(failed)?;
                Ok(written)
            }
            None => Err(LogError::Lost {
                from: lost_from,
                to: known
                    .filter(|known| *known > lost_from)
                    .map(|known| known - 1),
            }),
        }
    }

    fn sources(&self, first_seq: u64) -> Result<Sources<'_>, LogError> {
        Sources::of(self.disk, self.journal, self.archive, self.index, first_seq)
    }

    /// A journal that ends at `head`, with what opening gives it back from the index, must reach as far as every
    /// snapshot claims.
    fn check_end(&self, head: &Head) -> Result<(), LogError> {
        if self.newest_claim <= head.seq {
            return Ok(());
        }
        let mut end = *head;
        let mut sources = Sources::of(self.disk, self.journal, None, self.index, head.seq + 1)?;
        while let Some((_, next, _)) = sources.next(&end) {
            end = next;
        }
        if self.newest_claim <= end.seq {
            return Ok(());
        }
        Err(LogError::Lost {
            from: end.seq + 1,
            to: Some(self.newest_claim),
        })
    }

    /// Gives the replacements their names.
    fn install(&mut self) -> Result<Vec<Replaced>, LogError> {
        let planned = self.planned.drain(..);
        planned
            .map(|planned| planned.install(self.disk, self.journal))
            .collect()
    }

    /// Removes what was written in vain. What cannot be removed now is removed at the next open or repair.
    fn discard(&self) {
        if let Err(error) = remove_unfinished(self.disk, self.journal) {
            tracing::warn!(%error, "unfinished segments of a repair stay until the next open");
        }
    }
}
