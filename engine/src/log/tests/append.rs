//! Appending, replaying, limits and segments.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::{append, batch, closed_log, contents, contents_from, grow, noise, open, segments};
use crate::log::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, RECORD_BYTES_MAX};
use crate::log::{Batch, BatchError, Head, Log, LogError, LogOptions, ReplayError, verify};

#[test]
fn what_is_appended_is_replayed_after_reopening() {
    let dir = TempDir::new().unwrap();
    let (mut log, opened) = open(dir.path());
    assert_eq!(opened.head, Head::START);
    append(&mut log, 1_000, &["provisioned", "activated"]);
    append(&mut log, 1_000, &[""]);
    let head = append(&mut log, 1_700, &["reported"]);
    assert_eq!((head.seq, head.at_ms), (4, 1_700));
    drop(log);

    let (log, opened) = open(dir.path());
    assert_eq!(opened.head, head);
    assert_eq!(log.head(), head);
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    let expected = [
        (1, 1_000, "provisioned"),
        (2, 1_000, "activated"),
        (3, 1_000, ""),
        (4, 1_700, "reported"),
    ];
    assert_eq!(
        contents(&log),
        expected.map(|(seq, at_ms, record)| (seq, at_ms, record.as_bytes().to_vec()))
    );
}

#[test]
fn a_replay_starts_at_any_record() {
    let (dir, records) = closed_log(4);
    let (log, _) = open(dir.path());
    for from_seq in 0..=14 {
        let skipped = usize::try_from(from_seq)
            .unwrap()
            .saturating_sub(1)
            .min(records.len());
        assert_eq!(
            contents_from(&log, from_seq),
            records[skipped..],
            "from {from_seq}"
        );
    }
}

#[test]
fn a_visitor_ends_the_replay_with_its_own_error() {
    let (dir, _) = closed_log(4);
    let (log, _) = open(dir.path());
    let ended = log.replay(1, |seq, _, _| if seq < 5 { Ok(()) } else { Err(seq) });
    assert!(matches!(ended, Err(ReplayError::Visit(5))), "{ended:?}");
}

#[test]
fn an_empty_batch_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, 1);
    let (head, bytes) = (
        log.head(),
        fs::metadata(&segments(dir.path())[0]).unwrap().len(),
    );
    assert_eq!(log.append(&Batch::new(4, 9_999)).unwrap(), head);
    assert_eq!(fs::metadata(&segments(dir.path())[0]).unwrap().len(), bytes);
    grow(&mut log, 1);
    assert_eq!(contents(&log).len(), 6);
}

#[test]
fn a_batch_that_does_not_continue_the_log_is_refused_and_the_log_goes_on() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    let head = append(&mut log, 500, &["first"]);
    for first_seq in [0, 1, 3] {
        let refused = log.append(&batch(first_seq, 500, &["second"]));
        assert!(
            matches!(refused, Err(LogError::OutOfOrder { expected: 2, .. })),
            "{refused:?}"
        );
    }
    let refused = log.append(&batch(2, 499, &["second"]));
    assert!(
        matches!(
            refused,
            Err(LogError::TimeRegressed {
                at_ms: 499,
                tail_ms: 500
            })
        ),
        "{refused:?}"
    );
    assert_eq!(log.head(), head);
    append(&mut log, 500, &["second"]);
    assert_eq!(contents(&log).len(), 2);
}

#[test]
fn records_and_batches_may_be_as_large_as_their_limits_and_no_larger() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());

    let mut largest = Batch::new(1, 0);
    let refused = largest.push(&noise(0, RECORD_BYTES_MAX + 1));
    assert_eq!(
        refused,
        Err(BatchError::RecordTooLarge {
            bytes: RECORD_BYTES_MAX + 1
        })
    );
    for seed in 1..64 {
        assert_eq!(largest.push(&noise(seed, RECORD_BYTES_MAX)), Ok(seed));
    }
    let room = BATCH_BYTES_MAX - largest.packed().len();
    let refused = largest.push(&noise(64, room - 2));
    assert_eq!(
        refused,
        Err(BatchError::BatchTooLarge {
            bytes: BATCH_BYTES_MAX + 1
        })
    );
    assert_eq!(largest.push(&noise(64, room - 3)), Ok(64));
    log.append(&largest).unwrap();

    let mut longest = Batch::new(65, 0);
    for seq in 65..65 + u64::from(BATCH_RECORDS_MAX) {
        assert_eq!(longest.push(&seq.to_le_bytes()), Ok(seq));
    }
    assert_eq!(longest.push(b"one more"), Err(BatchError::TooManyRecords));
    log.append(&longest).unwrap();

    let records = contents(&log);
    drop(log);
    let (log, opened) = open(dir.path());
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(contents(&log), records);
    assert_eq!(records.len(), 64 + BATCH_RECORDS_MAX as usize);
    assert_eq!(records[40].2, noise(41, RECORD_BYTES_MAX));
    assert_eq!(records[64].2, 65u64.to_le_bytes());
}

#[test]
fn records_of_every_length_come_back_as_they_were() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    let lengths = [0, 1, 23, 24, 25, 255, 256, 257, 4_000, RECORD_BYTES_MAX];
    for (seed, length) in (0..).zip(lengths) {
        append(&mut log, 0, &[noise(seed, length)]);
        append(&mut log, 0, &[vec![7; length], noise(seed, length)]);
    }
    let records = contents(&log);
    for (seed, length) in (0..).zip(lengths) {
        let [alone, same, with] = &records[3 * seed..3 * seed + 3] else {
            panic!("three records a length")
        };
        assert_eq!(alone.2, noise(seed as u64, length));
        assert_eq!(same.2, vec![7; length]);
        assert_eq!(with.2, noise(seed as u64, length));
    }
}

#[test]
fn the_journal_goes_on_in_a_new_segment_when_one_is_full() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 400,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    grow(&mut log, 10);
    let (head, records) = (log.head(), contents(&log));
    drop(log);

    let names: Vec<String> = segments(dir.path())
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.len() > 2, "{names:?}");
    assert_eq!(names[0], "00000000000000000001.ffj");
    for segment in segments(dir.path()) {
        assert!(
            fs::metadata(&segment).unwrap().len() <= 400,
            "{}",
            segment.display()
        );
    }
    assert_eq!(verify(dir.path()).unwrap().segments, names.len() as u64);

    // A log may be opened with another size, and a frame larger than a segment gets one of its own.
    let options = LogOptions {
        segment_bytes: 100,
        ..LogOptions::default()
    };
    let (mut log, opened) = Log::open(dir.path(), &options).unwrap();
    assert_eq!((opened.head, opened.segments), (head, names.len() as u64));
    grow(&mut log, 2);
    assert_eq!(segments(dir.path()).len(), names.len() + 2);
    assert_eq!(contents(&log)[..30], records);
    assert_eq!(contents(&log).len(), 36);
}

#[test]
fn a_second_writer_is_told_that_the_log_is_in_use() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    let refused = Log::open(dir.path(), &LogOptions::default());
    assert!(
        matches!(&refused, Err(LogError::InUse { dir: busy }) if busy == dir.path()),
        "{refused:?}"
    );
    grow(&mut log, 1);
    drop(log);
    assert_eq!(open(dir.path()).1.head.seq, 3);
}

#[test]
fn after_a_failed_append_the_log_refuses_everything_and_loses_nothing_durable() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 1,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    grow(&mut log, 1);
    let head = log.head();

    // The next segment cannot be created.
    fs::rename(dir.path().join("journal"), dir.path().join("elsewhere")).unwrap();
    let failed = log.append(&batch(4, 9, &["lost"]));
    assert!(
        matches!(failed, Err(LogError::CreateSegment { .. })),
        "{failed:?}"
    );
    fs::rename(dir.path().join("elsewhere"), dir.path().join("journal")).unwrap();

    let refused = log.append(&batch(4, 9, &["also lost"]));
    assert!(matches!(refused, Err(LogError::Poisoned)), "{refused:?}");
    let refused = log.replay(1, |_, _, _| Ok::<(), ()>(()));
    assert!(
        matches!(refused, Err(ReplayError::Log(LogError::Poisoned))),
        "{refused:?}"
    );
    assert_eq!(log.head(), head);

    // Sled was let go of without its destructor, which may hang, so this process never gets it back.
    drop(log);
    let index_timeout = Duration::from_secs(2);
    let options = LogOptions {
        index_timeout,
        ..LogOptions::default()
    };
    let (mut log, opened) = Log::open(dir.path(), &options).unwrap();
    assert_eq!(opened.head, head);
    grow(&mut log, 1);
    assert_eq!(contents(&log).len(), 6);
}

#[test]
fn the_free_space_of_the_logs_file_system_is_known() {
    let dir = TempDir::new().unwrap();
    let there = dir.path().join("log");
    let (log, _) = open(&there);
    assert!(log.free_space_bytes().unwrap() > 0);
    fs::rename(&there, dir.path().join("elsewhere")).unwrap();
    let failed = log.free_space_bytes();
    assert!(
        matches!(failed, Err(LogError::FreeSpace { .. })),
        "{failed:?}"
    );
}
