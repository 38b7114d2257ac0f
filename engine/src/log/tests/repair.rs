//! The repair of logs that do not open.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;

use super::faulty::FaultyDisk;
use super::{Records, contents, contents_from, copy, flip, frame_offsets, grow, noise, segments};
use crate::log::repair::repair_on;
use crate::log::{
    Disk, Dropped, Head, Keeper, Log, LogError, LogOptions, OsDisk, RepairReport, Retention,
    repair, verify,
};

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 600,
        ..LogOptions::default()
    }
}

fn open(dir: &Path) -> Log {
    Log::open(dir, &options()).unwrap().0
}

fn opens_without_index(dir: &Path) -> Result<Records, LogError> {
    let (log, _) = Log::open_on(Arc::new(OsDisk), dir, &options())?;
    Ok(contents(&log))
}

fn snapshot(keeper: &Keeper, head: Head) {
    let mut writer = keeper.snapshot(head, 1).unwrap();
    writer.section(&noise(head.seq, 2_000)).unwrap();
    writer.section(b"the end").unwrap();
    writer.finish().unwrap();
}

/// A closed log, what it holds, and an archive of its sealed segments.
struct Story {
    dir: TempDir,
    archive: TempDir,
    records: Records,
    heads: Vec<Head>,
}

impl Story {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let archive = TempDir::new().unwrap();
        let mut log = open(dir.path());
        let mut heads = vec![log.head()];
        for _ in 0..30 {
            grow(&mut log, 1);
            heads.push(log.head());
        }
        log.keeper().archive(archive.path()).unwrap();
        assert!(segments(dir.path()).len() > 4);
        Self {
            records: contents(&log),
            dir,
            archive,
            heads,
        }
    }

    /// Drops what is archived and two snapshots cover.
    fn drop_history(&self) -> Dropped {
        let log = open(self.dir.path());
        let keeper = log.keeper();
        snapshot(&keeper, self.heads[27]);
        snapshot(&keeper, self.heads[28]);
        let retention = Retention {
            archive: self.archive.path().to_owned(),
            keep_ms: 0,
            now_ms: 1_000,
        };
        keeper.drop_history(&retention).unwrap()
    }

    /// A copy of the log, without the index if it is not wanted.
    fn copy(&self, with_index: bool) -> TempDir {
        let copied = TempDir::new().unwrap();
        copy(
            &self.dir.path().join("journal"),
            &copied.path().join("journal"),
        );
        for part in ["index", "snapshots"] {
            let from = self.dir.path().join(part);
            if from.exists() && (with_index || part != "index") {
                copy(&from, &copied.path().join(part));
            }
        }
        copied
    }
}

fn journal_files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(dir.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                PathBuf::from(path.file_name().unwrap()),
                fs::read(path).unwrap(),
            )
        })
        .collect()
}

fn name(segment: &Path) -> PathBuf {
    PathBuf::from(segment.file_name().unwrap())
}

fn cut(segment: &Path, bytes: usize) {
    let whole = fs::read(segment).unwrap();
    fs::write(segment, &whole[..bytes]).unwrap();
}

/// What is done to a file, in words and in deeds.
type Ruin = (&'static str, fn(&Path));

/// What may happen to the file of a segment that is not the last.
fn ruins() -> Vec<Ruin> {
    vec![
        ("a frame is flipped", |segment| {
            flip(segment, frame_offsets(segment)[1] + 50);
        }),
        ("all frames are flipped", |segment| {
            let offsets = frame_offsets(segment);
            for frame in &offsets[..offsets.len() - 1] {
                flip(segment, frame + 50);
            }
        }),
        ("its header is flipped", |segment| flip(segment, 30)),
        ("it ends inside a frame", |segment| {
            cut(segment, frame_offsets(segment)[1] + 10);
        }),
        ("it ends between two frames", |segment| {
            cut(segment, frame_offsets(segment)[2]);
        }),
        ("it is empty", |segment| fs::write(segment, b"").unwrap()),
        ("it is something else", |segment| {
            fs::write(segment, noise(5, 700)).unwrap();
        }),
        ("it is gone", |segment| fs::remove_file(segment).unwrap()),
        ("a frame was cut out", |segment| {
            let whole = fs::read(segment).unwrap();
            let offsets = frame_offsets(segment);
            let spliced = [&whole[..offsets[1]], &whole[offsets[2]..]].concat();
            fs::write(segment, spliced).unwrap();
        }),
    ]
}

#[test]
fn a_journal_that_is_whole_stays_as_it_is() {
    let story = Story::new();
    let before = journal_files(story.dir.path());
    for archive in [None, Some(story.archive.path())] {
        let report = repair(story.dir.path(), archive).unwrap();
        let head = *story.heads.last().unwrap();
        let replaced = Vec::new();
        assert_eq!(report, RepairReport { head, replaced });
        assert_eq!(journal_files(story.dir.path()), before);
    }
}

#[test]
fn a_log_that_somebody_has_open_is_not_repaired() {
    let story = Story::new();
    let _log = open(story.dir.path());
    let refused = repair(story.dir.path(), None);
    assert!(
        matches!(refused, Err(LogError::InUse { .. })),
        "{refused:?}"
    );
}

#[test]
fn whatever_happened_to_a_sealed_segment_the_archive_gives_it_back_byte_for_byte() {
    let story = Story::new();
    let whole = journal_files(story.dir.path());
    let sealed = segments(story.dir.path()).len() - 1;
    for (what, ruin) in ruins() {
        for number in 0..sealed {
            let ruined = story.copy(false);
            let segment = segments(ruined.path()).remove(number);
            ruin(&segment);
            let damaged = fs::read(&segment).ok();
            assert!(opens_without_index(ruined.path()).is_err(), "{what}");

            let report = repair(ruined.path(), Some(story.archive.path())).unwrap();
            let [replaced] = &report.replaced[..] else {
                panic!("{what}: {report:?}")
            };
            assert_eq!(replaced.segment, segment, "{what}");
            assert_eq!(
                (replaced.from_index, replaced.from_journal),
                (0, 0),
                "{what}"
            );
            let kept = replaced
                .damaged
                .as_ref()
                .map(|damaged| fs::read(&damaged.kept_as).unwrap());
            assert_eq!(kept, damaged, "{what}: the damaged file is kept");
            let mut files = journal_files(ruined.path());
            files.retain(|name, _| name.extension().is_some_and(|extension| extension == "ffj"));
            assert_eq!(files, whole, "{what}");
            assert_eq!(
                opens_without_index(ruined.path()).unwrap(),
                story.records,
                "{what}"
            );
        }
    }
}

#[test]
fn without_an_archive_the_index_gives_the_frames_back() {
    let story = Story::new();
    let whole = journal_files(story.dir.path());
    for (what, ruin) in ruins() {
        if what == "its header is flipped" {
            continue;
        }
        let ruined = story.copy(true);
        let segment = segments(ruined.path()).remove(1);
        ruin(&segment);
        let report = repair(ruined.path(), None).unwrap();
        let [replaced] = &report.replaced[..] else {
            panic!("{what}: {report:?}")
        };
        assert!(replaced.from_index > 0, "{what}: {replaced:?}");
        assert_eq!(replaced.from_archive, 0, "{what}");
        assert_eq!(
            fs::read(&segment).unwrap(),
            whole[&name(&segment)],
            "{what}"
        );
        let (log, opened) = Log::open(ruined.path(), &options()).unwrap();
        assert!(opened.repairs.is_empty(), "{what}: {:?}", opened.repairs);
        assert_eq!(contents(&log), story.records, "{what}");
    }
}

#[test]
fn what_is_in_no_copy_is_named_and_nothing_is_changed() {
    let story = Story::new();
    for (what, ruin) in ruins() {
        if what == "its header is flipped" {
            continue;
        }
        let ruined = story.copy(false);
        let segment = segments(ruined.path()).remove(1);
        let first: u64 = segment
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        ruin(&segment);
        let before = journal_files(ruined.path());
        let refused = repair(ruined.path(), None).unwrap_err();
        let LogError::Lost { from, to: Some(to) } = refused else {
            panic!("{what}: {refused:?}")
        };
        let next: u64 = segments(ruined.path())
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap())
            .find(|next| *next > first)
            .unwrap();
        assert!(
            first <= from && from <= to && to < next,
            "{what}: {from} to {to}"
        );
        assert_eq!(journal_files(ruined.path()), before, "{what}");
    }
}

#[test]
fn a_flipped_header_needs_no_copy_because_the_chain_tells_what_it_was() {
    let story = Story::new();
    for number in 0..segments(story.dir.path()).len() {
        let ruined = story.copy(false);
        let segment = segments(ruined.path()).remove(number);
        flip(&segment, 30);
        let report = repair(ruined.path(), None).unwrap();
        let [replaced] = &report.replaced[..] else {
            panic!("{report:?}")
        };
        assert!(replaced.from_journal > 0);
        assert_eq!((replaced.from_archive, replaced.from_index), (0, 0));
        assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);
    }
}

#[test]
fn copies_that_are_each_damaged_make_up_for_each_other() {
    let story = Story::new();
    let ruined = story.copy(false);
    let archive = TempDir::new().unwrap();
    copy(story.archive.path(), archive.path());
    let segment = segments(ruined.path()).remove(1);
    let archived = archive.path().join(name(&segment));
    let offsets = frame_offsets(&segment);
    flip(&segment, offsets[0] + 60);
    flip(&archived, offsets[1] + 60);
    let report = repair(ruined.path(), Some(archive.path())).unwrap();
    assert_eq!(report.replaced[0].from_archive, 1);
    assert!(report.replaced[0].from_journal > 1);
    assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);

    let ruined = story.copy(false);
    flip(&segments(ruined.path())[1], offsets[1] + 60);
    let refused = repair(ruined.path(), Some(archive.path()));
    assert!(matches!(refused, Err(LogError::Lost { .. })), "{refused:?}");
}

#[test]
fn several_ruined_segments_are_repaired_at_once() {
    let story = Story::new();
    let ruined = story.copy(true);
    let all = segments(ruined.path());
    fs::remove_file(&all[0]).unwrap();
    fs::remove_file(&all[1]).unwrap();
    flip(&all[3], frame_offsets(&all[3])[1] + 44);
    let tail = all.last().unwrap();
    flip(tail, frame_offsets(tail)[0] + 44);
    let report = repair(ruined.path(), Some(story.archive.path())).unwrap();
    let names: Vec<&PathBuf> = report
        .replaced
        .iter()
        .map(|replaced| &replaced.segment)
        .collect();
    assert_eq!(names, [&all[0], &all[1], &all[3], tail]);
    assert_eq!(report.head, *story.heads.last().unwrap());
    assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);
}

#[test]
fn a_damaged_frame_in_the_last_segment_is_lost_unless_the_index_has_it() {
    let story = Story::new();
    let tail_of = |dir: &Path| segments(dir).pop().unwrap();
    assert!(
        frame_offsets(&tail_of(story.dir.path())).len() > 2,
        "there are two frames"
    );
    let ruined = story.copy(true);
    flip(
        &tail_of(ruined.path()),
        frame_offsets(&tail_of(story.dir.path()))[0] + 44,
    );
    let report = repair(ruined.path(), None).unwrap();
    assert_eq!(report.replaced[0].from_index, 1);
    assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);

    let ruined = story.copy(false);
    flip(
        &tail_of(ruined.path()),
        frame_offsets(&tail_of(story.dir.path()))[0] + 44,
    );
    let refused = repair(ruined.path(), Some(story.archive.path())).unwrap_err();
    let LogError::Lost { from, to: Some(to) } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(to, from + 2);
}

#[test]
fn a_journal_that_lost_its_last_segments_gets_them_from_the_archive() {
    let story = Story::new();
    let last = *story.heads.last().unwrap();
    let log = open(story.dir.path());
    snapshot(&log.keeper(), story.heads[29]);
    drop(log);
    let ruined = story.copy(false);
    let mut all = segments(ruined.path());
    let tail = all.pop().unwrap();
    let archived_end: u64 = tail.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::remove_file(tail).unwrap();
    fs::remove_file(all.pop().unwrap()).unwrap();
    cut(&all[all.len() - 1], 64);
    assert!(matches!(
        opens_without_index(ruined.path()),
        Err(LogError::Behind { .. })
    ));
    // The snapshot proves that there was more than the archive has.
    let refused = repair(ruined.path(), Some(story.archive.path())).unwrap_err();
    let LogError::Lost { from, to: Some(to) } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((from, to), (archived_end, story.heads[29].seq));
    assert!(to < last.seq);

    fs::remove_dir_all(ruined.path().join("snapshots")).unwrap();
    let report = repair(ruined.path(), Some(story.archive.path())).unwrap();
    assert_eq!(report.head.seq + 1, archived_end);
    let left = usize::try_from(report.head.seq).unwrap();
    assert_eq!(
        opens_without_index(ruined.path()).unwrap(),
        story.records[..left]
    );
}

#[test]
fn history_that_was_dropped_comes_back_when_no_snapshot_covers_it_any_more() {
    let story = Story::new();
    let dropped = story.drop_history();
    assert!(dropped.first_seq > 10);

    let report = repair(story.dir.path(), Some(story.archive.path())).unwrap();
    assert!(report.replaced.is_empty(), "a snapshot covers it");
    fs::remove_dir_all(story.dir.path().join("snapshots")).unwrap();
    assert!(matches!(
        Log::open(story.dir.path(), &options()),
        Err(LogError::HistoryMissing { from: 1, .. })
    ));
    let ruined = story.copy(false);
    let refused = repair(ruined.path(), None);
    assert!(
        matches!(refused, Err(LogError::Lost { from: 1, .. })),
        "{refused:?}"
    );
    let report = repair(ruined.path(), Some(story.archive.path())).unwrap();
    assert_eq!(report.replaced.len(), dropped.segments.len());
    assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);
}

#[test]
fn a_first_segment_without_header_or_file_begins_where_the_archive_ends() {
    let story = Story::new();
    let dropped = story.drop_history();
    let rest = &story.records[usize::try_from(dropped.first_seq).unwrap() - 1..];
    let ruined = story.copy(false);
    let first = segments(ruined.path()).remove(0);
    flip(&first, 30);
    assert!(repair(ruined.path(), None).is_err());
    let report = repair(ruined.path(), Some(story.archive.path())).unwrap();
    assert_eq!(report.replaced.len(), 1);
    let (log, _) = Log::open_on(Arc::new(OsDisk), ruined.path(), &options()).unwrap();
    assert_eq!(contents_from(&log, dropped.first_seq), rest);
}

#[test]
fn a_repair_that_is_cut_off_anywhere_is_made_again() {
    let story = Story::new();
    for sound in 0.. {
        let ruined = story.copy(false);
        let all = segments(ruined.path());
        flip(&all[0], frame_offsets(&all[0])[0] + 44);
        fs::remove_file(&all[2]).unwrap();
        flip(&all[3], 20);
        let disk = FaultyDisk::failing_after(sound, Errno::IO);
        let disk_dyn: Arc<dyn Disk> = disk.clone();
        let cut_off = repair_on(&disk_dyn, ruined.path(), Some(story.archive.path()));
        let done = disk.failed().is_none();
        assert_eq!(cut_off.is_ok(), done);
        if !done {
            // Before it is whole it does not open, and then it may already be.
            if let Ok(records) = opens_without_index(ruined.path()) {
                assert_eq!(records, story.records);
            }
            repair(ruined.path(), Some(story.archive.path())).unwrap();
        }
        assert_eq!(opens_without_index(ruined.path()).unwrap(), story.records);
        assert_eq!(
            verify(ruined.path()).unwrap().head,
            *story.heads.last().unwrap()
        );
        if done {
            break;
        }
    }
}

#[test]
fn a_second_damage_of_the_same_segment_is_kept_beside_the_first() {
    let story = Story::new();
    let ruined = story.copy(false);
    let segment = segments(ruined.path()).remove(1);
    let mut kept = Vec::new();
    for at in [70, 90, 110] {
        flip(&segment, at);
        let mut report = repair(ruined.path(), Some(story.archive.path())).unwrap();
        kept.push(report.replaced.remove(0).damaged.unwrap().kept_as);
    }
    kept.dedup();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|kept| kept.exists()));
}
