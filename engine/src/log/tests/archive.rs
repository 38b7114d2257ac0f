//! The archive and the retention that rests on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;

use super::faulty::FaultyDisk;
use super::{Records, contents_from, copy, flip, frame_offsets, grow, segments};
use crate::log::{
    Disk, Dropped, Head, Keeper, Kept, Log, LogError, LogOptions, OsDisk, ReplayError, Retention,
    verify, verify_history,
};

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 400,
        ..LogOptions::default()
    }
}

fn open(dir: &Path) -> Log {
    Log::open(dir, &options()).unwrap().0
}

fn snapshot(keeper: &Keeper, head: Head) {
    let mut writer = keeper.snapshot(head, 1).unwrap();
    writer.section(&head.seq.to_le_bytes()).unwrap();
    writer.finish().unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn is_copy(of: &Path, copy: &Path) -> bool {
    of.file_name() == copy.file_name() && fs::read(of).unwrap() == fs::read(copy).unwrap()
}

/// A log of sixteen batches, one a millisecond, in several segments; its heads; and a directory for its archive.
fn log_and_archive() -> (TempDir, Log, Vec<Head>, TempDir) {
    let dir = TempDir::new().unwrap();
    let mut log = open(dir.path());
    let mut heads = vec![log.head()];
    for _ in 0..16 {
        grow(&mut log, 1);
        heads.push(log.head());
    }
    assert!(segments(dir.path()).len() > 5);
    (dir, log, heads, TempDir::new().unwrap())
}

fn everything_old(archive: &Path) -> Retention {
    Retention {
        archive: archive.to_owned(),
        keep_ms: 0,
        now_ms: 1_000,
    }
}

/// Archives what is complete and drops what two snapshots cover.
fn drop_covered(keeper: &Keeper, covered: [Head; 2], archive: &Path) -> Dropped {
    for head in covered {
        snapshot(keeper, head);
    }
    keeper.archive(archive).unwrap();
    keeper.drop_history(&everything_old(archive)).unwrap()
}

#[test]
fn sealed_segments_are_archived_once_and_the_tail_is_not() {
    let (dir, mut log, _, archive) = log_and_archive();
    let keeper = log.keeper();
    let archived = keeper.archive(archive.path()).unwrap();
    let journal = segments(dir.path());
    assert_eq!(archived.copied.len(), journal.len() - 1);
    assert_eq!(archived.present, 0);
    assert_eq!(files(archive.path()), archived.copied);
    for (segment, copy) in journal.iter().zip(&archived.copied) {
        assert!(is_copy(segment, copy));
    }

    let again = keeper.archive(archive.path()).unwrap();
    assert!(again.copied.is_empty());
    assert_eq!(again.present, archived.copied.len() as u64);
    grow(&mut log, 6);
    let more = keeper.archive(archive.path()).unwrap();
    assert_eq!(more.present, again.present);
    assert_eq!(
        more.copied.len() + again.present as usize,
        segments(dir.path()).len() - 1
    );
}

#[test]
fn an_archive_that_is_not_there_is_not_made() {
    let (dir, log, _, _) = log_and_archive();
    let unmounted = dir.path().join("archive");
    let refused = log.keeper().archive(&unmounted);
    assert!(
        matches!(&refused, Err(LogError::ListDirectory { path, .. }) if *path == unmounted),
        "{refused:?}"
    );
    assert!(!unmounted.exists());
}

#[test]
fn another_file_in_the_archive_is_an_error_and_stays_as_it_is() {
    let (_dir, log, heads, archive) = log_and_archive();
    let first = log
        .keeper()
        .archive(archive.path())
        .unwrap()
        .copied
        .remove(0);

    // Of another log, so that only its content tells.
    let other = TempDir::new().unwrap();
    let mut theirs = open(other.path());
    for at_ms in 1..9 {
        super::append(&mut theirs, at_ms, &["fact x", "fact y", "fact z"]);
    }
    drop(theirs);
    let strange = fs::read(&segments(other.path())[0]).unwrap();
    for stranger in [
        strange,
        Vec::new(),
        fs::read(&first).unwrap()[..200].to_vec(),
    ] {
        fs::write(&first, &stranger).unwrap();
        let keeper = log.keeper();
        snapshot(&keeper, heads[15]);
        snapshot(&keeper, heads[16]);
        let refused = keeper
            .archive(archive.path())
            .and_then(|_| keeper.drop_history(&everything_old(archive.path())));
        match refused {
            Err(LogError::ArchiveDiffers { path } | LogError::Corrupt { segment: path, .. }) => {
                assert_eq!(path, first);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read(&first).unwrap(), stranger);
    }
}

#[test]
fn a_damaged_segment_is_named_and_not_archived() {
    let (dir, log, _, archive) = log_and_archive();
    let damaged = &segments(dir.path())[2];
    flip(damaged, frame_offsets(damaged)[1] + 50);
    for _ in 0..2 {
        let refused = log.keeper().archive(archive.path());
        assert!(
            matches!(&refused, Err(LogError::Corrupt { segment, .. }) if segment == damaged),
            "{refused:?}"
        );
        let names: Vec<_> = files(archive.path())
            .iter()
            .filter_map(|path| path.extension().map(|extension| extension == "ffj"))
            .collect();
        assert_eq!(names.iter().filter(|is_segment| **is_segment).count(), 2);
    }
}

/// What a log and its archive hold together, read without either's writer.
fn whole_history(archive: &Path, log: &Log, dropped: &Dropped) -> Records {
    let rebuilt = TempDir::new().unwrap();
    let journal = rebuilt.path().join("journal");
    copy(archive, &journal);
    for segment in files(&log.dir.join("journal")) {
        fs::copy(&segment, journal.join(segment.file_name().unwrap())).unwrap();
    }
    assert_eq!(verify(rebuilt.path()).unwrap().head, log.head());
    let rest = contents_from(log, dropped.first_seq);
    let all = contents_from(&open(rebuilt.path()), 1);
    assert_eq!(all[all.len() - rest.len()..], rest);
    all
}

#[test]
fn history_goes_from_both_copies_when_archived_covered_and_old() {
    let (dir, mut log, heads, archive) = log_and_archive();
    let records = contents_from(&log, 1);
    let keeper = log.keeper();
    let journal = segments(dir.path());
    let dropped = drop_covered(&keeper, [heads[10], heads[14]], archive.path());
    assert_eq!(dropped.segments, journal[..dropped.segments.len()]);
    assert!(dropped.segments.len() > 2);
    assert_eq!(segments(dir.path()), journal[dropped.segments.len()..]);
    // The older of the two snapshots bounds it.
    assert!(dropped.first_seq <= heads[10].seq + 1);
    assert!(matches!(dropped.kept, Kept::NotCovered { last_seq } if last_seq > heads[10].seq));
    assert_eq!(whole_history(archive.path(), &log, &dropped), records);

    let refused = log.replay(dropped.first_seq - 1, |_, _, _| Ok::<(), ()>(()));
    let Err(ReplayError::Log(LogError::HistoryMissing { to, .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(to, dropped.first_seq - 1);
    grow(&mut log, 1);
    assert_eq!(
        contents_from(&log, dropped.first_seq).len() as u64,
        log.head().seq + 1 - dropped.first_seq
    );
    let again = keeper
        .drop_history(&everything_old(archive.path()))
        .unwrap();
    assert!(again.segments.is_empty());
    assert_eq!(again.first_seq, dropped.first_seq);

    let head = log.head();
    drop((keeper, log));
    let (log, opened) = Log::open(dir.path(), &options()).unwrap();
    assert_eq!((opened.head, opened.snapshots.len()), (head, 2));
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(
        contents_from(&log, dropped.first_seq).len() as u64,
        head.seq + 1 - dropped.first_seq
    );
}

#[test]
fn a_log_whose_beginning_was_dropped_is_verified_alone_and_with_its_archive() {
    let (dir, log, heads, archive) = log_and_archive();
    let records = contents_from(&log, 1);
    let keeper = log.keeper();
    let dropped = drop_covered(&keeper, [heads[14], heads[15]], archive.path());
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    for (with, first_seq) in [(Some(archive.path()), 1), (None, dropped.first_seq)] {
        let mut seen = Vec::new();
        let verified = verify_history(&disk, dir.path(), with, |seq, at_ms, record| {
            seen.push((seq, at_ms, record.to_vec()));
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(
            (verified.from.seq + 1, verified.head),
            (first_seq, heads[16])
        );
        assert_eq!(seen, records[usize::try_from(first_seq).unwrap() - 1..]);
    }
    let missing = |error: &LogError| matches!(error, LogError::HistoryMissing { from: 1, .. });
    assert!(missing(&verify(dir.path()).unwrap_err()));

    // Damage in the archive is found, and without a snapshot nothing vouches for what was dropped.
    flip(&files(archive.path())[1], 100);
    let damaged = verify_history(&disk, dir.path(), Some(archive.path()), |_, _, _| {
        Ok::<(), ()>(())
    });
    assert!(
        matches!(damaged, Err(ReplayError::Log(LogError::Corrupt { .. }))),
        "{damaged:?}"
    );
    fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
    let unvouched = verify_history(&disk, dir.path(), None, |_, _, _| Ok::<(), ()>(()));
    assert!(matches!(unvouched, Err(ReplayError::Log(error)) if missing(&error)));
}

#[test]
fn the_index_loses_what_the_journal_dropped() {
    let (dir, mut log, heads, archive) = log_and_archive();
    let keeper = log.keeper();
    let dropped = drop_covered(&keeper, [heads[14], heads[15]], archive.path());
    assert!(dropped.first_seq > 9);
    grow(&mut log, 1);
    // An orderly stop waits until the index has followed.
    drop((keeper, log));

    let build = super::build(dir.path(), 1);
    fs::File::open(build.join("db")).unwrap().lock().unwrap();
    let config = sled::Config::new()
        .path(build)
        .segment_size(8 * 1024 * 1024);
    let tree = config.open().unwrap().open_tree("frames-v1").unwrap();
    let (first, _) = tree.first().unwrap().unwrap();
    assert_eq!(*first, dropped.first_seq.to_be_bytes());
    drop(tree);
    let (log, opened) = Log::open(dir.path(), &options()).unwrap();
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(
        contents_from(&log, dropped.first_seq)[0].0,
        dropped.first_seq
    );
}

#[test]
fn nothing_goes_that_is_young_uncovered_or_not_archived() {
    let (dir, log, heads, archive) = log_and_archive();
    let keeper = log.keeper();
    let kept = |retention: &Retention| {
        let dropped = keeper.drop_history(retention).unwrap();
        assert!(dropped.segments.is_empty());
        assert_eq!((dropped.first_seq, dropped.bytes), (1, 0));
        dropped.kept
    };
    let old = everything_old(archive.path());
    let second = segments(dir.path()).remove(1);
    let second: u64 = second
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let first_end = heads.iter().find(|head| head.seq + 1 == second).unwrap();

    assert_eq!(
        kept(&old),
        Kept::NotCovered {
            last_seq: first_end.seq
        }
    );
    snapshot(&keeper, heads[16]);
    assert_eq!(
        kept(&old),
        Kept::NotCovered {
            last_seq: first_end.seq
        }
    );
    snapshot(&keeper, heads[15]);
    let segment = segments(dir.path()).remove(0);
    assert_eq!(kept(&old), Kept::NotArchived { segment });
    keeper.archive(archive.path()).unwrap();

    // A millisecond too young, and then exactly old enough.
    let mut retention = Retention {
        keep_ms: 100,
        now_ms: first_end.at_ms + 99,
        ..old
    };
    let until_ms = first_end.at_ms + 100;
    assert_eq!(kept(&retention), Kept::Young { until_ms });
    retention.now_ms = until_ms;
    assert_eq!(keeper.drop_history(&retention).unwrap().segments.len(), 1);
}

#[test]
fn a_snapshot_that_is_damaged_inside_or_of_another_history_covers_nothing() {
    let (_dir, log, heads, archive) = log_and_archive();
    let keeper = log.keeper();
    keeper.archive(archive.path()).unwrap();
    snapshot(&keeper, heads[16]);
    snapshot(
        &keeper,
        Head {
            chain: [3; 32],
            ..heads[15]
        },
    );
    snapshot(&keeper, heads[14]);
    let newest = keeper.snapshots().unwrap().found[0].path().to_owned();
    flip(&newest, 70);
    let dropped = keeper
        .drop_history(&everything_old(archive.path()))
        .unwrap();
    assert!(matches!(dropped.kept, Kept::NotCovered { .. }));
    assert!(dropped.segments.is_empty());
    flip(&newest, 70);
    let dropped = keeper
        .drop_history(&everything_old(archive.path()))
        .unwrap();
    assert!(!dropped.segments.is_empty());
}

#[test]
fn a_copy_that_rotted_in_the_archive_keeps_its_segment_alive() {
    let (dir, log, heads, archive) = log_and_archive();
    let keeper = log.keeper();
    let copies = keeper.archive(archive.path()).unwrap().copied;
    snapshot(&keeper, heads[16]);
    snapshot(&keeper, heads[15]);
    flip(&copies[1], frame_offsets(&copies[1])[1] + 60);
    let refused = keeper.drop_history(&everything_old(archive.path()));
    assert!(
        matches!(&refused, Err(LogError::Corrupt { segment, .. }) if *segment == copies[1]),
        "{refused:?}"
    );
    assert_eq!(
        segments(dir.path())[0].file_name(),
        copies[1].file_name(),
        "what was proved to be archived before is gone"
    );
}

#[test]
fn whichever_operation_fails_nothing_is_lost_and_the_next_try_goes_on() {
    let (dir, log, heads, _) = log_and_archive();
    let records = contents_from(&log, 1);
    snapshot(&log.keeper(), heads[14]);
    snapshot(&log.keeper(), heads[16]);
    drop(log);
    for sound in 0.. {
        let copied = TempDir::new().unwrap();
        copy(dir.path(), copied.path());
        fs::remove_dir_all(copied.path().join("index")).unwrap();
        let archive = TempDir::new().unwrap();
        let disk = FaultyDisk::sound();
        let (log, _) = Log::open_on(disk.clone(), copied.path(), &options()).unwrap();
        disk.fail_after(sound, Errno::IO);
        let keeper = log.keeper();
        let failed = keeper
            .archive(archive.path())
            .and_then(|_| keeper.drop_history(&everything_old(archive.path())));
        let done = disk.failed().is_none();
        assert_eq!(failed.is_ok(), done);
        drop((keeper, log));

        let (log, opened) = Log::open_on(Arc::new(OsDisk), copied.path(), &options()).unwrap();
        assert_eq!(opened.snapshots.len(), 2);
        let keeper = log.keeper();
        keeper.archive(archive.path()).unwrap();
        let dropped = keeper
            .drop_history(&everything_old(archive.path()))
            .unwrap();
        assert!(dropped.first_seq > 30);
        assert_eq!(whole_history(archive.path(), &log, &dropped), records);
        if done {
            break;
        }
    }
}

#[test]
fn snapshots_are_thinned_to_the_newest_that_are_intact() {
    let (_dir, log, heads, _) = log_and_archive();
    let keeper = log.keeper();
    for head in &heads[4..9] {
        snapshot(&keeper, *head);
    }
    let damaged = keeper.snapshots().unwrap().found[1].path().to_owned();
    flip(&damaged, 70);
    assert_eq!(keeper.thin_snapshots(2).unwrap(), 2);
    let left: Vec<Head> = keeper
        .snapshots()
        .unwrap()
        .found
        .iter()
        .map(crate::log::Snapshot::head)
        .collect();
    assert_eq!(left, [heads[8], heads[6]]);
    assert!(!damaged.exists());
}

#[test]
fn a_snapshot_of_what_is_not_durable_is_refused() {
    let (_dir, log, heads, _) = log_and_archive();
    let beyond = Head {
        seq: heads[16].seq + 1,
        ..heads[16]
    };
    let refused = log.keeper().snapshot(beyond, 1).err();
    assert!(
        matches!(
            refused,
            Some(LogError::EndsBefore {
                seq: 49,
                head_seq: 48
            })
        ),
        "{refused:?}"
    );
}
