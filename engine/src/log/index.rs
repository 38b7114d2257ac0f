//! The index: the same frames in sled, found by sequence number.
//!
//! Sled's own flush is not durable, one flipped bit can make it panic, and it can hang. So nothing here is trusted:
//! it opens on a thread with a deadline, every call is guarded against panics, every frame read is checked, and
//! whatever looks wrong condemns the whole index, which is then rebuilt from the journal at the next open.
//!
//! A frame's key is its first sequence number, big-endian. A frame over [`ROW_BYTES_MAX`] continues in rows whose keys
//! have one more byte, 1, 2, ..., and so sort right behind it.
//!
//! Each build has a directory of its own number. A sled that hangs in one of them cannot come back later and write
//! into the next.

mod guard;
mod live;
mod reading;

use std::fs::{self, File};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use guard::{guarded, within};
pub(super) use live::LiveIndex;
use sled::IVec;

use super::error::{Damage, IndexFault, LogError};
use super::frame::{FRAME_BYTES_MAX, Frame, stored_bytes};
use super::journal::Stop;
use super::{Head, Repair};

/// The largest value. Sled moves a page of 17 values that exceeds a quarter of a segment to a file that it never
/// syncs, so values stay under `SEGMENT_BYTES / 4 / 17`.
const ROW_BYTES_MAX: usize = 96 * 1024;
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
const _: () = assert!(ROW_BYTES_MAX < SEGMENT_BYTES / 4 / 17);
const _: () = assert!(FRAME_BYTES_MAX / ROW_BYTES_MAX < u8::MAX as usize);

/// Replay reads once and in order, and what is asked for later is mostly the tail: a large cache would buy nothing.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A crash costs what the last flush did not reach, and the journal gives that back.
const FLUSH_EVERY_MS: u64 = 1_000;

/// Rows that are removed at once: some milliseconds in which the index falls behind the journal.
const REMOVED_ROWS: usize = 1_000;

/// Named after the layout of rows, so that another layout can stand beside this one.
const TREE: &str = "frames-v1";

pub(super) struct Index {
    /// `None` only while it is dropped.
    sled: Option<Sled>,
    dir: PathBuf,
    number: u64,
    suspect: AtomicBool,
    /// Sled's destructor, which can hang after an I/O error, is not to run.
    abandoned: AtomicBool,
}

/// The tree of frames; it keeps its database open.
struct Sled {
    frames: sled::Tree,
}

impl Index {
    /// Opens the newest build in `dir`, or begins one. An index that cannot be used is set aside for a new one.
    pub(super) fn open(
        dir: &Path,
        timeout: Duration,
        repairs: &mut Vec<Repair>,
    ) -> Result<(Self, Head), LogError> {
        let numbers = builds(dir)?;
        let Some(number) = numbers.last().copied() else {
            return Self::begin(dir, 1, timeout);
        };
        let opened = if suspect_path(dir, number).exists() {
            Err(IndexFault::Suspect)
        } else {
            Self::open_build(dir, number, timeout)
        };
        match opened {
            Ok(opened) => Ok(opened),
            Err(fault) => {
                repairs.push(set_aside(dir, number, fault)?);
                Self::begin(dir, number + 1, timeout)
            }
        }
    }

    /// Opens the newest build in `dir` for whoever only looks up what it has, be it suspect or not. `None` if there is
    /// none that opens.
    pub(super) fn as_it_is(dir: &Path, timeout: Duration) -> Option<Self> {
        match Self::open_as_it_is(dir, timeout)? {
            Ok(index) => Some(index),
            Err(fault) => {
                tracing::warn!(%fault, "the index cannot help");
                None
            }
        }
    }

    /// Like [`Index::as_it_is`], and says why the newest build does not open. `None` if there is none.
    pub(super) fn open_as_it_is(dir: &Path, timeout: Duration) -> Option<Result<Self, IndexFault>> {
        let number = builds(dir).ok()?.last().copied()?;
        let opened = Self::open_build(dir, number, timeout);
        Some(opened.map(|(index, _)| index))
    }

    /// Sets this index aside and begins an empty one.
    pub(super) fn replace(
        self,
        fault: IndexFault,
        timeout: Duration,
        repairs: &mut Vec<Repair>,
    ) -> Result<(Self, Head), LogError> {
        let (dir, number) = (self.dir.clone(), self.number);
        self.abandon();
        repairs.push(set_aside(&dir, number, fault)?);
        Self::begin(&dir, number + 1, timeout)
    }

    fn begin(dir: &Path, number: u64, timeout: Duration) -> Result<(Self, Head), LogError> {
        Self::open_build(dir, number, timeout).map_err(|source| LogError::Index {
            path: build_path(dir, number),
            source,
        })
    }

    fn open_build(dir: &Path, number: u64, timeout: Duration) -> Result<(Self, Head), IndexFault> {
        let path = build_path(dir, number);
        let (sled, head) = within(timeout, move || {
            wait_for_previous(&path)?;
            let config = sled::Config::new()
                .path(path)
                .segment_size(SEGMENT_BYTES)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(Some(FLUSH_EVERY_MS));
            let sled = Sled {
                frames: config.open()?.open_tree(TREE)?,
            };
            let head = sled.head()?;
            Ok((sled, head))
        })?;
        Ok((
            Self {
                sled: Some(sled),
                dir: dir.to_owned(),
                number,
                suspect: AtomicBool::new(false),
                abandoned: AtomicBool::new(false),
            },
            head,
        ))
    }

    /// Gives up on an index that not even a new build repaired.
    pub(super) fn unusable(self, source: IndexFault) -> LogError {
        self.abandon();
        let path = self.path();
        LogError::Index { path, source }
    }

    /// Stores a frame. It becomes durable at some later time, or never.
    pub(super) fn insert(&self, frame: &[u8], first_seq: u64) -> Result<(), IndexFault> {
        guarded(|| {
            let frames = &self.sled().frames;
            let key = first_seq.to_be_bytes();
            if frame.len() <= ROW_BYTES_MAX {
                frames.insert(key, frame)?;
                return Ok(());
            }
            // All rows or none, or the rest of a frame could stand without its beginning after a crash.
            let mut rows = sled::Batch::default();
            for (part, row) in (0..=u8::MAX).zip(frame.chunks(ROW_BYTES_MAX)) {
                rows.insert(row_key(key, part), row);
            }
            frames.apply_batch(rows)?;
            Ok(())
        })
    }

    /// Removes some rows of frames that begin before `first_seq`. Returns whether there may be more.
    pub(super) fn remove_before(&self, first_seq: u64) -> Result<bool, IndexFault> {
        guarded(|| {
            let frames = &self.sled().frames;
            let rows = frames.range(..first_seq.to_be_bytes()).keys();
            let keys = rows
                .take(REMOVED_ROWS)
                .collect::<sled::Result<Vec<IVec>>>()?;
            for key in &keys {
                frames.remove(key)?;
            }
            Ok(keys.len() == REMOVED_ROWS)
        })
    }

    /// Visits the frames from the one that holds `from_seq` on; the inner result is the visitor's.
    pub(super) fn visit<E>(
        &self,
        from_seq: u64,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<Result<(), E>, IndexFault> {
        let mut rows = guarded(|| self.sled().from(from_seq))?;
        let mut joined = Vec::new();
        let mut head: Option<Head> = None;
        while let Some((first_seq, row)) = guarded(|| rows.next())? {
            let damaged = |damage| IndexFault::Row { first_seq, damage };
            let stored = guarded(|| rows.join(&row, &mut joined))?;
            let frame = Frame::parse(stored).map_err(damaged)?;
            let next = match head {
                Some(head) => head.after(&frame).map_err(damaged)?,
                None if frame.first_seq == first_seq => Head::at(&frame),
                None => {
                    return Err(damaged(Damage::Sequence {
                        expected: first_seq,
                        found: frame.first_seq,
                    }));
                }
            };
            head = Some(next);
            if frame.last_seq < from_seq {
                continue;
            }
            match visit(&frame) {
                Ok(()) => {}
                Err(Stop::Damaged(damage)) => return Err(damaged(damage)),
                Err(Stop::Visitor(error)) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// Remembers that this index is damaged, so that nobody reads it and the next open rebuilds it.
    pub(super) fn condemn(&self) {
        self.suspect.store(true, Ordering::Relaxed);
        // Without the mark the next open may have to find the damage again, and no more.
        if let Err(error) = fs::write(suspect_path(&self.dir, self.number), b"") {
            tracing::warn!(%error, "the index is damaged and cannot be marked so");
        }
    }

    fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    /// Lets go of sled: whoever drops the index last leaves it as it is.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    fn path(&self) -> PathBuf {
        build_path(&self.dir, self.number)
    }

    fn sled(&self) -> &Sled {
        self.sled
            .as_ref()
            .expect("taken only by drop, after which there is no index")
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        if *self.suspect.get_mut() || *self.abandoned.get_mut() {
            mem::forget(self.sled.take());
        }
    }
}

impl Sled {
    /// The head after the last frame.
    fn head(&self) -> Result<Head, IndexFault> {
        let Some(last) = self.frames.last()? else {
            return Ok(Head::START);
        };
        let first_seq = seq_of(&last.0)?;
        let mut rows = self.from(first_seq)?;
        let damaged = |damage| IndexFault::Row { first_seq, damage };
        let (_, row) = rows.next()?.ok_or(damaged(Damage::Cut))?;
        let mut joined = Vec::new();
        let frame = Frame::parse(rows.join(&row, &mut joined)?).map_err(damaged)?;
        match rows.rows.next() {
            None => Ok(Head::at(&frame)),
            Some(_not_of_it) => Err(damaged(Damage::Field("key"))),
        }
    }

    /// The rows from the beginning of the frame that holds `seq`.
    fn from(&self, seq: u64) -> Result<Rows, IndexFault> {
        let mut first = seq;
        if let Some(before) = self.frames.range(..=seq.to_be_bytes()).next_back() {
            first = seq_of(&before?.0)?;
        }
        Ok(Rows {
            rows: self.frames.range(first.to_be_bytes()..),
        })
    }
}

/// Rows in order.
struct Rows {
    rows: sled::Iter,
}

impl Rows {
    /// The first row of the next frame.
    fn next(&mut self) -> Result<Option<(u64, IVec)>, IndexFault> {
        let Some(row) = self.rows.next() else {
            return Ok(None);
        };
        let (key, value) = row?;
        let first_seq = seq_of(&key)?;
        if key.len() != size_of::<u64>() {
            return Err(IndexFault::Row {
                first_seq,
                damage: Damage::Cut,
            });
        }
        Ok(Some((first_seq, value)))
    }

    /// The frame that begins with `row`, put together in `joined` if it has more rows.
    fn join<'a>(&mut self, row: &'a IVec, joined: &'a mut Vec<u8>) -> Result<&'a [u8], IndexFault> {
        let Ok(Some(wanted)) = stored_bytes(row) else {
            return Ok(row);
        };
        if row.len() >= wanted {
            return Ok(row);
        }
        joined.clear();
        joined.extend_from_slice(row);
        while joined.len() < wanted {
            let Some(part) = self.rows.next() else { break };
            joined.extend_from_slice(&part?.1);
        }
        Ok(joined)
    }
}

fn seq_of(key: &[u8]) -> Result<u64, IndexFault> {
    let seq = key.first_chunk().map(|seq| u64::from_be_bytes(*seq));
    seq.ok_or(IndexFault::Row {
        first_seq: 0,
        damage: Damage::Field("key"),
    })
}

fn row_key(first_seq: [u8; 8], part: u8) -> Vec<u8> {
    let mut key = first_seq.to_vec();
    key.extend((part > 0).then_some(part));
    key
}

fn build_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:06}"))
}

fn suspect_path(dir: &Path, number: u64) -> PathBuf {
    build_path(dir, number).with_extension("suspect")
}

/// The numbers of the builds in `dir`, ascending.
fn builds(dir: &Path) -> Result<Vec<u64>, LogError> {
    let listed = || -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(dir)? {
            numbers.extend(
                entry?
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse::<u64>().ok()),
            );
        }
        numbers.sort_unstable();
        Ok(numbers)
    };
    listed().map_err(|source| LogError::ListDirectory {
        path: dir.to_owned(),
        source,
    })
}

/// Renames a build, so that someone can look at what happened to it. Only the latest is kept: it is a copy.
fn set_aside(dir: &Path, number: u64, fault: IndexFault) -> Result<Repair, LogError> {
    let path = build_path(dir, number);
    let to = path.with_extension("aside");
    let moved = || -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let old = entry?.path();
            if old
                .extension()
                .is_some_and(|extension| extension == "aside")
            {
                fs::remove_dir_all(old)?;
            }
        }
        fs::rename(&path, &to)?;
        match fs::remove_file(suspect_path(dir, number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    };
    moved().map_err(|source| LogError::SetAside { path, source })?;
    Ok(Repair::IndexSetAside { to, fault })
}

/// Waits until sled's lock in `path` is free. A dropped sled lets go of it only when the last of its background tasks
/// ends, and the lock on the log's own directory, which we hold, says that nobody else can have it.
fn wait_for_previous(path: &Path) -> Result<(), IndexFault> {
    match File::open(path.join("db")) {
        Ok(db) => db.lock()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    // If that took so long that the build was set aside, opening would create it anew.
    if path.exists() {
        Ok(())
    } else {
        Err(IndexFault::TimedOut)
    }
}
