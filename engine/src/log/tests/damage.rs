//! What crashes leave behind, and what they cannot have done.

use std::fs::{self, File};
use std::path::Path;

use tempfile::TempDir;

use super::{
    append, build, closed_log, contents, copy, flip, frame_offsets, grow, open, overwrite, segments,
};
use crate::log::{Damage, Head, Log, LogError, LogOptions, Repair, Torn, verify};

fn open_fails(dir: &Path) -> LogError {
    Log::open(dir, &LogOptions::default()).expect_err("the damage is noticed")
}

fn remove_index(dir: &Path) {
    fs::remove_dir_all(dir.join("index")).unwrap();
}

/// The same log as after a crash that nothing of the index survived, cut off at `length`.
fn cut_copy(dir: &Path, length: usize) -> TempDir {
    let crashed = TempDir::new().unwrap();
    copy(&dir.join("journal"), &crashed.path().join("journal"));
    let segment = segments(crashed.path()).pop().unwrap();
    File::options()
        .write(true)
        .open(segment)
        .unwrap()
        .set_len(length as u64)
        .unwrap();
    crashed
}

#[test]
fn a_torn_tail_of_any_length_is_cut_and_nothing_else_is_lost() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, 2);
    let (head, records) = (log.head(), contents(&log));
    append(&mut log, 9, &["torn"]);
    drop(log);

    let segment = &segments(dir.path())[0];
    let (bytes, offsets) = (fs::read(segment).unwrap(), frame_offsets(segment));
    let [.., last, end] = offsets[..] else {
        panic!("there are frames")
    };
    for length in last..end {
        let crashed = cut_copy(dir.path(), length);
        let segment = segments(crashed.path()).pop().unwrap();
        let is_zero = |byte: &&u8| **byte == 0;
        let zeros = bytes[last..length].iter().rev().take_while(is_zero).count();
        let torn = Torn {
            segment: segment.clone(),
            offset: last as u64,
            bytes: (length - last - zeros) as u64,
        };
        let verified = verify(crashed.path()).unwrap();
        assert_eq!(verified.head, head);
        assert_eq!(verified.incomplete, (length > last).then_some(torn.clone()));

        let (mut log, opened) = open(crashed.path());
        assert_eq!(opened.head, head, "cut at {length}");
        assert_eq!(contents(&log), records, "cut at {length}");
        assert_eq!(fs::metadata(&segment).unwrap().len(), last as u64);
        let cut = opened.repairs.iter().find_map(|repair| match repair {
            Repair::TornTailCut(cut) => Some(cut),
            _ => None,
        });
        assert_eq!(cut, (length > last).then_some(&torn));
        append(&mut log, 9, &["torn"]);
        assert_eq!(verify(crashed.path()).unwrap().head.chain, log.head().chain);
    }
}

#[test]
fn a_tail_whose_bytes_never_reached_the_disk_is_cut_like_a_short_one() {
    let (dir, records) = closed_log(3);
    remove_index(dir.path());
    let segment = &segments(dir.path())[0];
    let end = fs::metadata(segment).unwrap().len();
    for garbage in [vec![0; 500], vec![0xff; 500], b"stale blocks ".repeat(50)] {
        let mut bytes = fs::read(segment).unwrap();
        bytes.extend_from_slice(&garbage);
        fs::write(segment, bytes).unwrap();
        let (log, _) = open(dir.path());
        assert_eq!(contents(&log), records);
        drop(log);
        assert_eq!(fs::metadata(segment).unwrap().len(), end);
    }
}

#[test]
fn more_bad_bytes_than_one_append_writes_are_damage() {
    let (dir, _) = closed_log(3);
    let segment = &segments(dir.path())[0];
    let whole = fs::read(segment).unwrap();
    for garbage in [vec![b'x'; 2 * 1024 * 1024], vec![0; 3 * 1024 * 1024]] {
        fs::write(segment, [&whole[..], &garbage].concat()).unwrap();
        let refused = open_fails(dir.path());
        assert!(
            matches!(refused, LogError::Corrupt { offset, .. } if offset == whole.len() as u64),
            "{refused:?}"
        );
    }
}

#[test]
fn a_flipped_byte_before_the_last_frame_is_refused_by_file_and_offset() {
    let (dir, _) = closed_log(3);
    let segment = &segments(dir.path())[0];
    let offsets = frame_offsets(segment);
    for frame in 0..2 {
        for at in offsets[frame]..offsets[frame + 1] {
            flip(segment, at);
            for refused in [open_fails(dir.path()), verify(dir.path()).unwrap_err()] {
                let LogError::Corrupt {
                    segment: named,
                    offset,
                    ..
                } = &refused
                else {
                    panic!("{refused:?}")
                };
                assert_eq!(
                    (named, *offset),
                    (segment, offsets[frame] as u64),
                    "flipped at {at}"
                );
            }
            flip(segment, at);
        }
    }
    assert_eq!(open(dir.path()).1.head.seq, 9);
}

#[test]
fn a_flipped_byte_in_a_header_is_refused() {
    let (dir, _) = closed_log(1);
    let segment = &segments(dir.path())[0];
    for at in 0..64 {
        flip(segment, at);
        let refused = open_fails(dir.path());
        let named = match &refused {
            LogError::Corrupt {
                segment,
                offset: 0,
                damage: Damage::SegmentHeader,
            } => segment,
            LogError::UnknownFormat { segment, .. } if (8..12).contains(&at) => segment,
            _ => panic!("flipped at {at}: {refused:?}"),
        };
        assert_eq!(named, segment);
        flip(segment, at);
    }
}

#[test]
fn damage_is_refused_in_sealed_segments_where_a_torn_tail_cannot_be() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 300,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    grow(&mut log, 6);
    drop(log);
    let files = segments(dir.path());
    assert!(files.len() > 2);

    let bytes = fs::read(&files[1]).unwrap();
    overwrite(&files[1], &bytes[..bytes.len() - 1]);
    let refused = open_fails(dir.path());
    assert!(
        matches!(&refused, LogError::Corrupt { segment, .. } if *segment == files[1]),
        "{refused:?}"
    );

    // Cut at a frame's end, so that everything there is whole, without the seal and without a frame.
    let offsets = frame_offsets(&files[0]);
    overwrite(&files[1], &bytes);
    let whole = fs::read(&files[0]).unwrap();
    for length in &offsets[offsets.len() - 2..] {
        overwrite(&files[0], &whole[..*length]);
        let refused = open_fails(dir.path());
        let LogError::Corrupt {
            segment,
            offset,
            damage: Damage::Unsealed,
        } = &refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!((segment, *offset), (&files[0], *length as u64));
    }

    overwrite(&files[0], &whole);
    fs::rename(&files[1], dir.path().join("lost")).unwrap();
    let refused = open_fails(dir.path());
    let LogError::Corrupt {
        segment,
        damage: Damage::Sequence { .. },
        ..
    } = &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(*segment, files[2]);

    fs::rename(
        dir.path().join("lost"),
        dir.path().join("journal/00000000000000000002.ffj"),
    )
    .unwrap();
    let refused = open_fails(dir.path());
    assert!(
        matches!(
            &refused,
            LogError::Corrupt {
                damage: Damage::SegmentName,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_whole_frame_of_another_history_is_refused_even_at_the_end() {
    let (dir, _) = closed_log(2);
    let other = TempDir::new().unwrap();
    let (mut log, _) = open(other.path());
    append(&mut log, 1, &["a", "b", "c"]);
    append(&mut log, 2, &["d", "e", "f"]);
    drop(log);
    let (mine, theirs) = (&segments(dir.path())[0], &segments(other.path())[0]);
    let (at, from) = (frame_offsets(mine)[1], frame_offsets(theirs)[1]);
    let spliced = [
        &fs::read(mine).unwrap()[..at],
        &fs::read(theirs).unwrap()[from..],
    ]
    .concat();
    fs::write(mine, spliced).unwrap();
    let refused = open_fails(dir.path());
    assert!(
        matches!(
            refused,
            LogError::Corrupt {
                damage: Damage::Chain,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_process_that_is_killed_loses_nothing_it_appended() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    for batches in 1..6 {
        grow(&mut log, batches);
        // What is on disk while the log is open is what a kill leaves.
        let killed = TempDir::new().unwrap();
        copy(dir.path(), killed.path());
        let (revived, opened) = open(killed.path());
        assert_eq!(opened.head, log.head());
        assert_eq!(contents(&revived), contents(&log));
    }
}

#[test]
fn a_segment_whose_creation_was_interrupted_is_removed() {
    let (dir, records) = closed_log(2);
    let unfinished = dir.path().join("journal/00000000000000000007.ffj-new");
    fs::write(&unfinished, b"FFJO").unwrap();
    let (log, opened) = open(dir.path());
    assert!(
        matches!(&opened.repairs[..], [Repair::UnfinishedSegmentRemoved(path)] if *path == unfinished)
    );
    assert!(!unfinished.exists());
    assert_eq!(contents(&log), records);
}

#[test]
fn a_journal_that_lost_its_end_gets_it_back_from_the_index() {
    let (dir, records) = closed_log(5);
    let segment = &segments(dir.path())[0];
    let offsets = frame_offsets(segment);
    let whole = fs::read(segment).unwrap();

    for length in [offsets[4] + 10, offsets[3], offsets[1], 64] {
        fs::write(segment, &whole[..length]).unwrap();
        let (log, opened) = open(dir.path());
        assert_eq!(opened.head.seq, 15);
        assert_eq!(contents(&log), records);
        drop(log);
        assert_eq!(fs::read(segment).unwrap(), whole);
        assert!(
            matches!(opened.repairs.last(), Some(Repair::JournalRestored { .. })),
            "{:?}",
            opened.repairs
        );
    }

    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let (log, opened) = open(dir.path());
    assert!(
        matches!(opened.repairs[..], [Repair::JournalRestored { batches: 5 }]),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
    drop(log);
    assert_eq!(fs::read(segment).unwrap(), whole);
}

#[test]
fn an_index_that_does_not_continue_the_journal_restores_nothing() {
    let (dir, records) = closed_log(1);
    let other = TempDir::new().unwrap();
    let (mut log, _) = open(other.path());
    append(&mut log, 1, &["another", "history", "entirely"]);
    append(&mut log, 1, &["and longer"]);
    drop(log);
    remove_index(dir.path());
    copy(&build(other.path(), 1), &build(dir.path(), 1));

    let (log, opened) = open(dir.path());
    assert_eq!(contents(&log), records);
    let [
        Repair::IndexSetAside { to, .. },
        Repair::IndexFilled { batches: 1 },
    ] = &opened.repairs[..]
    else {
        panic!("{:?}", opened.repairs)
    };
    assert!(to.is_dir());
    assert_ne!(opened.head, Head::START);
}
