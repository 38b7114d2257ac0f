//! Bits that flip and files that end early, anywhere: always noticed, and made good from a copy or refused.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Records, contents_from, copy, grow, noise};
use crate::log::{
    Head, Log, LogError, LogOptions, OsDisk, ReplayError, Snapshot, SnapshotError, SnapshotWriter,
    repair, verify,
};

const OPTIONS: LogOptions = LogOptions {
    segment_bytes: 1_000,
    index_timeout: std::time::Duration::from_secs(30),
};

/// A closed log with two snapshots and an archive, and what it holds.
struct Story {
    dir: TempDir,
    archive: TempDir,
    records: Records,
    head: Head,
}

impl Story {
    fn new() -> Self {
        let (dir, archive) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (mut log, _) = Log::open(dir.path(), &OPTIONS).unwrap();
        for more in [60, 20, 20] {
            grow(&mut log, more);
            let mut writer =
                SnapshotWriter::create(Arc::new(OsDisk), dir.path(), log.head(), 1).unwrap();
            for section in content(log.head()) {
                writer.section(&section).unwrap();
            }
            writer.finish().unwrap();
            grow(&mut log, 3);
        }
        log.keeper().thin_snapshots(2).unwrap();
        log.keeper().archive(archive.path()).unwrap();
        Self {
            records: contents_from(&log, 1),
            head: log.head(),
            dir,
            archive,
        }
    }

    fn copy(&self, parts: &[&str]) -> TempDir {
        let copied = TempDir::new().unwrap();
        for part in parts {
            copy(&self.dir.path().join(part), &copied.path().join(part));
        }
        copied
    }

    /// Loads the newest snapshot that is whole and replays the rest, as a server does.
    fn load(&self, log: &Log, snapshots: Vec<Snapshot>) -> Result<(), ReplayError<Infallible>> {
        let mut from = Head::START;
        for snapshot in snapshots {
            let mut loaded = Vec::new();
            match snapshot.read(|section| {
                loaded.push(section.to_vec());
                Ok::<(), Infallible>(())
            }) {
                Ok(()) => {
                    assert_eq!(loaded, content(snapshot.head()), "shown as if intact");
                    from = snapshot.head();
                    break;
                }
                Err(SnapshotError::Damaged { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let mut expected = self.records[usize::try_from(from.seq).unwrap()..].iter();
        log.replay_after(&from, |seq, at_ms, record| {
            let expected = expected.next().expect("no record too many");
            assert_eq!((seq, at_ms, record), (expected.0, expected.1, &*expected.2));
            Ok(())
        })?;
        assert_eq!(expected.next(), None, "no record too few");
        Ok(())
    }
}

fn content(head: Head) -> Vec<Vec<u8>> {
    vec![noise(head.seq, 3_000), vec![7; 5_000], b"the end".to_vec()]
}

/// Chooses by a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 += 1;
        let digest = blake3::hash(&self.0.to_le_bytes());
        let (number, _) = digest.as_bytes().split_first_chunk().unwrap();
        (u64::from_le_bytes(*number) % limit as u64) as usize
    }

    /// Flips a bit of one of the files, cuts it off or wipes a sector of it.
    fn damage(&mut self, files: &[PathBuf]) -> String {
        let file = &files[self.below(files.len())];
        let mut bytes = fs::read(file).unwrap();
        let at = self.below(bytes.len());
        let what = match self.below(4) {
            0 => {
                bytes.truncate(at);
                "cut"
            }
            1 => {
                let end = (at + 512).min(bytes.len());
                bytes[at..end].fill(0);
                "wiped"
            }
            _ => {
                bytes[at] ^= 1 << self.below(8);
                "flipped"
            }
        };
        fs::write(file, bytes).unwrap();
        format!("{} {what} at {at}", file.display())
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.metadata().unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

#[test]
fn damage_in_the_journal_is_noticed_and_repaired_from_the_archive() {
    let story = Story::new();
    let sealed = files(&story.dir.path().join("journal")).len() - 1;
    assert!(sealed > 8);
    for seed in 0..150 {
        let ruined = story.copy(&["journal", "snapshots"]);
        let mut chance = Chance(1_000 * seed);
        let what = chance.damage(&files(&ruined.path().join("journal"))[..sealed]);
        let what = format!("seed {seed}: {what}");

        // What opening does not look at, reading does.
        let opened = Log::open_on(Arc::new(OsDisk), ruined.path(), &OPTIONS);
        let intact = match opened {
            Ok((log, opened)) => {
                story.load(&log, opened.snapshots).unwrap();
                let mut expected = story.records.iter();
                log.replay(1, |seq, at_ms, record| {
                    let expected = expected.next().expect("no record too many");
                    assert_eq!((seq, at_ms, record), (expected.0, expected.1, &*expected.2));
                    Ok::<(), Infallible>(())
                })
                .is_ok()
            }
            Err(_) => false,
        };
        // A seal that is gone costs no record, and verification misses it.
        let whole = verify(ruined.path()).is_ok();
        assert!(intact || !whole, "{what}");
        let report = repair(ruined.path(), Some(story.archive.path())).expect(&what);
        assert_eq!(report.replaced.is_empty(), whole, "{what}");
        assert_eq!(verify(ruined.path()).expect(&what).head, story.head);
        let (log, opened) = Log::open_on(Arc::new(OsDisk), ruined.path(), &OPTIONS).expect(&what);
        assert_eq!(opened.snapshots.len(), 2, "{what}");
        assert_eq!(contents_from(&log, 1), story.records, "{what}");
    }
}

#[test]
fn damage_at_the_journals_end_costs_what_no_copy_has_or_is_refused() {
    let story = Story::new();
    for seed in 0..60 {
        let ruined = story.copy(&["journal", "snapshots"]);
        let tail = files(&ruined.path().join("journal")).pop().unwrap();
        let what = Chance(2_000 * seed).damage(&[tail]);
        match Log::open_on(Arc::new(OsDisk), ruined.path(), &OPTIONS) {
            // A tail that looks like an append that never ended is cut off; no copy was left to know better.
            Ok((log, _)) => {
                let left = contents_from(&log, 1);
                assert_eq!(left, story.records[..left.len()], "seed {seed}: {what}");
            }
            Err(
                LogError::Corrupt { .. } | LogError::UnknownFormat { .. } | LogError::Behind { .. },
            ) => match repair(ruined.path(), Some(story.archive.path())) {
                Ok(report) => assert_eq!(report.head, story.head, "seed {seed}: {what}"),
                Err(LogError::Lost { .. } | LogError::UnknownFormat { .. }) => {}
                Err(error) => panic!("seed {seed}: {what}: {error:?}"),
            },
            Err(error) => panic!("seed {seed}: {what}: {error:?}"),
        }
    }
}

#[test]
fn damage_in_a_snapshot_costs_no_more_than_the_snapshot() {
    let story = Story::new();
    for seed in 0..150 {
        let ruined = story.copy(&["journal", "snapshots"]);
        let mut chance = Chance(3_000 * seed);
        let snapshots = files(&ruined.path().join("snapshots"));
        let mut what = chance.damage(&snapshots);
        if seed % 3 == 0 {
            what = format!("{what}, {}", chance.damage(&snapshots));
        }
        let opened = Log::open_on(Arc::new(OsDisk), ruined.path(), &OPTIONS);
        let (log, opened) = opened.unwrap_or_else(|error| panic!("seed {seed}: {what}: {error:?}"));
        assert_eq!(opened.head, story.head);
        story.load(&log, opened.snapshots).unwrap();
    }
}

#[test]
fn damage_in_the_index_costs_no_record() {
    let story = Story::new();
    for seed in 0..25 {
        let ruined = story.copy(&["journal", "snapshots", "index"]);
        let build = ruined.path().join("index/000001");
        let what = Chance(4_000 * seed).damage(&files(&build));
        let (log, opened) = Log::open(ruined.path(), &OPTIONS).expect(&what);
        assert_eq!(opened.head, story.head, "seed {seed}: {what}");
        assert_eq!(contents_from(&log, 1), story.records, "seed {seed}: {what}");
        story.load(&log, opened.snapshots).unwrap();
    }
}

#[test]
fn damage_in_the_archive_never_enters_the_journal() {
    let story = Story::new();
    for seed in 0..60 {
        let ruined = story.copy(&["journal", "snapshots"]);
        let archive = TempDir::new().unwrap();
        copy(story.archive.path(), archive.path());
        let mut chance = Chance(5_000 * seed);
        let archived = files(archive.path());
        // The same segment, so that often both have lost the same.
        let which = chance.below(archived.len());
        let segment = files(&ruined.path().join("journal")).remove(which);
        let what = [
            chance.damage(&archived[which..=which]),
            chance.damage(&[segment]),
        ];
        match repair(ruined.path(), Some(archive.path())) {
            Ok(_) => {
                let (log, _) = Log::open_on(Arc::new(OsDisk), ruined.path(), &OPTIONS).unwrap();
                assert_eq!(
                    contents_from(&log, 1),
                    story.records,
                    "seed {seed}: {what:?}"
                );
            }
            Err(LogError::Lost { .. } | LogError::UnknownFormat { .. }) => {}
            Err(error) => panic!("seed {seed}: {what:?}: {error:?}"),
        }
    }
}
