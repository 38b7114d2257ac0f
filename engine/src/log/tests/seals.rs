//! Segments that are complete and say so themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Records, SEAL_BYTES, contents, copy, flip, grow, open, overwrite, segments};
use crate::log::{Damage, Log, LogError, LogOptions, Repair, verify};

const SMALL: LogOptions = LogOptions {
    segment_bytes: 400,
    index_timeout: Duration::from_secs(30),
};

/// A log whose first segments are sealed, and the journal's files.
fn sealed_log() -> (TempDir, Records, Vec<PathBuf>) {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = Log::open(dir.path(), &SMALL).unwrap();
    grow(&mut log, 8);
    let records = contents(&log);
    drop(log);
    let files = segments(dir.path());
    assert!(files.len() > 2);
    (dir, records, files)
}

/// The same journal up to its first segment, whose length is `length`.
fn first_segment_alone(dir: &Path, length: usize) -> (TempDir, PathBuf) {
    let alone = TempDir::new().unwrap();
    copy(&dir.join("journal"), &alone.path().join("journal"));
    let mut files = segments(alone.path()).into_iter();
    let first = files.next().unwrap();
    files.for_each(|later| fs::remove_file(later).unwrap());
    let bytes = fs::read(&first).unwrap();
    overwrite(&first, &bytes[..length]);
    (alone, first)
}

fn length(file: &Path) -> usize {
    usize::try_from(fs::metadata(file).unwrap().len()).unwrap()
}

#[test]
fn a_flipped_byte_in_a_sealed_segment_is_noticed_without_what_follows_it() {
    let (dir, _, files) = sealed_log();
    let whole = length(&files[0]);
    let (alone, segment) = first_segment_alone(dir.path(), whole);
    assert_eq!(verify(alone.path()).unwrap().incomplete, None);
    for at in 0..whole {
        flip(&segment, at);
        match verify(alone.path()) {
            Err(LogError::Corrupt { segment: named, .. }) => assert_eq!(named, segment),
            Err(LogError::UnknownFormat { .. }) => assert!((8..12).contains(&at)),
            // It may as well be the rest of a seal that was never finished: all records are there.
            Ok(verified) => {
                let torn = verified.incomplete.expect("the seal is not whole");
                assert_eq!(torn.offset, (whole - SEAL_BYTES) as u64);
                assert!(at >= whole - SEAL_BYTES, "flipped at {at}");
            }
            Err(other) => panic!("flipped at {at}: {other:?}"),
        }
        flip(&segment, at);
    }
}

#[test]
fn what_stands_behind_a_seal_is_damage() {
    let (dir, _, files) = sealed_log();
    let whole = length(&files[0]);
    let (alone, segment) = first_segment_alone(dir.path(), whole);
    let mut bytes = fs::read(&segment).unwrap();
    let frame = bytes[64..150].to_vec();
    for more in [vec![0], frame, bytes[whole - SEAL_BYTES..].to_vec()] {
        bytes.truncate(whole);
        bytes.extend_from_slice(&more);
        overwrite(&segment, &bytes);
        let refused = verify(alone.path()).unwrap_err();
        assert!(
            matches!(refused, LogError::Corrupt { offset, damage: Damage::BehindSeal, .. } if offset == whole as u64),
            "{refused:?}"
        );
    }
}

#[test]
fn a_crash_between_a_seal_and_the_next_segment_costs_nothing() {
    let (dir, records, files) = sealed_log();
    let (alone, segment) = first_segment_alone(dir.path(), length(&files[0]));
    let before = fs::read(&segment).unwrap();
    for _ in 0..2 {
        // Nothing is created before there is something to store.
        let (_, opened) = Log::open(alone.path(), &SMALL).unwrap();
        assert_eq!(opened.segments, 1);
    }
    let (mut log, opened) = Log::open(alone.path(), &SMALL).unwrap();
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    grow(&mut log, 5);
    assert_eq!(contents(&log), records[..contents(&log).len()]);
    assert_eq!(verify(alone.path()).unwrap().head, log.head());
    assert_eq!(fs::read(&segment).unwrap(), before);
    assert_eq!(segments(alone.path())[1].file_name(), files[1].file_name());
}

#[test]
fn a_seal_that_a_crash_tore_is_cut_and_written_again() {
    let (dir, records, files) = sealed_log();
    let whole = length(&files[0]);
    for missing in 1..=SEAL_BYTES {
        let (alone, segment) = first_segment_alone(dir.path(), whole - missing);
        let (mut log, opened) = Log::open(alone.path(), &SMALL).unwrap();
        let cut = opened.repairs.iter().find_map(|repair| match repair {
            Repair::TornTailCut(cut) => Some(cut),
            _ => None,
        });
        assert_eq!(cut.is_some(), missing < SEAL_BYTES, "{missing} missing");
        grow(&mut log, 5);
        assert_eq!(contents(&log), records[..contents(&log).len()]);
        assert_eq!(fs::read(&segment).unwrap(), fs::read(&files[0]).unwrap());
    }
}

#[test]
fn sealed_segments_are_read_only_and_the_last_is_not() {
    let (dir, _, files) = sealed_log();
    let (last, sealed) = files.split_last().unwrap();
    for file in sealed {
        assert!(fs::metadata(file).unwrap().permissions().readonly());
    }
    assert!(!fs::metadata(last).unwrap().permissions().readonly());
    let (mut log, _) = open(dir.path());
    grow(&mut log, 1);
}
