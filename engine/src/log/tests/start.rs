//! Opening from a snapshot on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{contents_from, copy, flip, frame_offsets, grow, segments};
use crate::log::{
    Head, Log, LogError, LogOptions, Opened, OsDisk, Repair, ReplayError, Snapshot, SnapshotDamage,
    SnapshotWriter, verify,
};

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: 400,
        ..LogOptions::default()
    }
}

fn open(dir: &Path) -> (Log, Opened) {
    Log::open(dir, &options()).unwrap()
}

fn snapshot(dir: &Path, head: Head) -> Snapshot {
    let mut writer = SnapshotWriter::create(Arc::new(OsDisk), dir, head, 1).unwrap();
    writer.section(&head.seq.to_le_bytes()).unwrap();
    writer.finish().unwrap()
}

/// A closed log of sixteen batches in several segments, with snapshots after some of them, and all its heads.
fn log_with_snapshots(after: &[usize]) -> (TempDir, Vec<Head>) {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    let mut heads = vec![log.head()];
    for _ in 0..16 {
        grow(&mut log, 1);
        heads.push(log.head());
    }
    assert!(segments(dir.path()).len() > 5);
    for batch in after {
        snapshot(dir.path(), heads[*batch]);
    }
    (dir, heads)
}

fn positions(opened: &Opened) -> Vec<u64> {
    opened
        .snapshots
        .iter()
        .map(|snapshot| snapshot.head().seq)
        .collect()
}

fn set_aside(opened: &Opened) -> Vec<(&PathBuf, SnapshotDamage)> {
    opened
        .repairs
        .iter()
        .filter_map(|repair| match repair {
            Repair::SnapshotSetAside { to, damage } => Some((to, *damage)),
            _ => None,
        })
        .collect()
}

/// The first record of every segment.
fn first_seqs(dir: &Path) -> Vec<u64> {
    segments(dir)
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn a_log_is_checked_from_its_newest_snapshot_on_and_lists_all_that_fit() {
    for batch in 0..=16 {
        let (dir, heads) = log_with_snapshots(&[batch, batch / 2, 16 - batch]);
        let (log, opened) = open(dir.path());
        let mut expected = vec![batch, batch / 2, 16 - batch];
        expected.sort_unstable();
        expected.dedup();
        expected.reverse();
        let expected: Vec<u64> = expected.iter().map(|batch| heads[*batch].seq).collect();
        assert_eq!(positions(&opened), expected);
        assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
        assert_eq!(opened.head, heads[16]);
        assert_eq!(opened.segments, segments(dir.path()).len() as u64);
        let newest = opened.snapshots[0].head();
        let unchecked = first_seqs(dir.path())
            .into_iter()
            .rfind(|first_seq| *first_seq <= newest.seq + 1)
            .unwrap();
        assert_eq!(opened.batches, (48 + 1 - unchecked) / 3);
        assert_eq!(
            contents_from(&log, newest.seq + 1).len() as u64,
            48 - newest.seq
        );
    }
}

#[test]
fn damage_before_the_snapshot_does_not_hinder_opening_and_is_never_shown() {
    let (dir, heads) = log_with_snapshots(&[12]);
    let damaged = &segments(dir.path())[1];
    flip(damaged, frame_offsets(damaged)[0] + 30);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    // The index has to be built again from all there is, so the damage is in the way now.
    let refused = Log::open(dir.path(), &options()).unwrap_err();
    assert!(
        matches!(&refused, LogError::Corrupt { segment, .. } if segment == damaged),
        "{refused:?}"
    );

    let (log, opened) = Log::open_on(Arc::new(OsDisk), dir.path(), &options()).unwrap();
    assert_eq!(positions(&opened), [36]);
    let mut shown = 0;
    log.replay_after(&heads[12], |_, _, _| {
        shown += 1;
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(shown, 12);
    let refused = log.replay(1, |seq, _, record| {
        assert_eq!(record, format!("fact {seq}").as_bytes());
        Ok::<(), ()>(())
    });
    assert!(
        matches!(&refused, Err(ReplayError::Log(LogError::Corrupt { segment, .. })) if segment == damaged),
        "{refused:?}"
    );
    assert!(verify(dir.path()).is_err());
}

#[test]
fn the_headers_of_segments_that_are_not_checked_are_looked_at() {
    let (dir, _) = log_with_snapshots(&[15]);
    let header = &segments(dir.path())[1];
    flip(header, 30);
    let refused = Log::open(dir.path(), &options()).unwrap_err();
    assert!(
        matches!(&refused, LogError::Corrupt { segment, offset: 0, .. } if segment == header),
        "{refused:?}"
    );
}

#[test]
fn a_snapshot_of_another_history_is_set_aside_and_the_next_is_used() {
    let (dir, heads) = log_with_snapshots(&[4]);
    let other = |batch: usize| Head {
        chain: [9; 32],
        ..heads[batch]
    };
    let amid_a_batch = Head {
        seq: heads[9].seq + 1,
        ..heads[9]
    };
    for stranger in [other(16), other(8), other(2), amid_a_batch] {
        let path = snapshot(dir.path(), stranger).path().to_owned();
        let (_, opened) = open(dir.path());
        assert_eq!(positions(&opened), [12]);
        let [(to, damage)] = set_aside(&opened)[..] else {
            panic!("{:?}", opened.repairs)
        };
        assert_eq!(damage, SnapshotDamage::Differs { seq: stranger.seq });
        assert!(to.exists() && !path.exists());
        assert!(open(dir.path()).1.repairs.is_empty());
    }
}

#[test]
fn a_snapshot_with_a_damaged_header_is_set_aside_and_says_why() {
    let (dir, heads) = log_with_snapshots(&[4, 9]);
    let path = snapshot(dir.path(), heads[13]).path().to_owned();
    flip(&path, 20);
    let (log, opened) = open(dir.path());
    assert_eq!(positions(&opened), [27, 12]);
    let [(_, SnapshotDamage::Header)] = set_aside(&opened)[..] else {
        panic!("{:?}", opened.repairs)
    };
    assert_eq!(contents_from(&log, 1).len(), 48);
}

#[test]
fn a_snapshot_of_a_newer_version_is_left_for_that_version() {
    let (dir, heads) = log_with_snapshots(&[4]);
    let path = snapshot(dir.path(), heads[13]).path().to_owned();
    flip(&path, 8);
    let (_, opened) = open(dir.path());
    assert_eq!(positions(&opened), [12]);
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert!(path.exists());
}

#[test]
fn a_snapshot_beyond_the_end_proves_a_loss_and_the_log_is_refused_untouched() {
    let (dir, heads) = log_with_snapshots(&[4, 16]);
    let lost = segments(dir.path()).pop().unwrap();
    fs::rename(&lost, dir.path().join("elsewhere")).unwrap();
    let whole = TempDir::new().unwrap();
    copy(dir.path(), whole.path());
    fs::remove_dir_all(dir.path().join("index")).unwrap();

    for damaged in [false, true] {
        if damaged {
            let newest = format!("{:020}-", heads[16].seq);
            let file = fs::read_dir(dir.path().join("snapshots"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| {
                    path.file_name()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .starts_with(&newest)
                });
            flip(&file.unwrap(), 20);
        }
        let refused = Log::open(dir.path(), &options()).unwrap_err();
        assert!(
            matches!(
                refused,
                LogError::Behind {
                    snapshot_seq: 48,
                    head_seq,
                    ..
                } if head_seq < 48
            ),
            "{refused:?}"
        );
    }

    // With the index, which has what the journal lost, it is no loss.
    let (log, opened) = open(whole.path());
    assert_eq!(positions(&opened), [48, 12]);
    assert!(matches!(
        opened.repairs[..],
        [Repair::JournalRestored { .. }]
    ));
    assert_eq!(log.head(), heads[16]);
}

#[test]
fn a_journal_whose_beginning_was_dropped_needs_a_snapshot_that_covers_it() {
    let (dir, heads) = log_with_snapshots(&[4, 9]);
    let firsts = first_seqs(dir.path());
    let mut dropped = 1;
    for (segment, next_first) in segments(dir.path()).iter().zip(&firsts[1..]) {
        fs::remove_file(segment).unwrap();
        dropped += 1;
        // Without and with an index that still has the records.
        fs::remove_dir_all(dir.path().join("index")).unwrap();
        for _ in 0..2 {
            let opened = Log::open(dir.path(), &options());
            if *next_first > heads[9].seq + 1 {
                let Err(LogError::HistoryMissing { from: 28, to }) = opened else {
                    panic!("{opened:?}")
                };
                assert_eq!(to, next_first - 1);
                continue;
            }
            let (log, opened) = opened.unwrap();
            let fit: Vec<u64> = [27, 12]
                .into_iter()
                .filter(|seq| seq + 1 >= *next_first)
                .collect();
            assert_eq!(positions(&opened), fit);
            assert_eq!(opened.head, heads[16]);
            assert!(set_aside(&opened).is_empty());
            assert_eq!(
                contents_from(&log, *next_first).len() as u64,
                49 - next_first
            );
            let refused = log.replay(next_first - 1, |_, _, _| Ok::<(), ()>(()));
            assert!(
                matches!(refused, Err(ReplayError::Log(LogError::HistoryMissing { to, .. })) if to == next_first - 1),
                "{refused:?}"
            );
        }
        if *next_first > heads[9].seq + 1 {
            break;
        }
    }
    assert!(dropped > 3, "some were covered and one was not");
}

#[test]
fn a_log_on_any_disk_begins_at_its_snapshot_too() {
    let (dir, heads) = log_with_snapshots(&[9]);
    let (_, opened) = Log::open_on(Arc::new(OsDisk), dir.path(), &options()).unwrap();
    assert_eq!(positions(&opened), [heads[9].seq]);
    let tail = segments(dir.path()).pop().unwrap();
    fs::remove_file(tail).unwrap();
    snapshot(dir.path(), heads[16]);
    let refused = Log::open_on(Arc::new(OsDisk), dir.path(), &options()).unwrap_err();
    assert!(matches!(refused, LogError::Behind { .. }), "{refused:?}");
}
