//! Logs that earlier versions wrote, and one of this version for those to come. Beside each, its twin with one flipped
//! bit. A version that changes the format adds a directory, and never changes one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Records, append, contents, copy, grow, open, segments};
use crate::log::{Head, Log, LogError, LogOptions, verify};

struct Fixture {
    name: &'static str,
    /// What is appended goes to a new segment.
    tail_is_complete: bool,
    /// In the damaged twin.
    damaged_segment: &'static str,
    damaged_frame: u64,
}

const FIXTURES: [Fixture; 3] = [
    Fixture {
        name: "v1",
        tail_is_complete: true,
        damaged_segment: "00000000000000000028.ffj",
        damaged_frame: 331,
    },
    Fixture {
        name: "v2",
        tail_is_complete: false,
        damaged_segment: "00000000000000000025.ffj",
        damaged_frame: 153,
    },
    Fixture {
        name: "v3",
        tail_is_complete: false,
        damaged_segment: "00000000000000000025.ffj",
        damaged_frame: 153,
    },
];

fn fixture(name: &str, which: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/log/fixtures")
        .join(name)
        .join(which)
}

/// A copy in a directory of its own.
fn fresh(name: &str, which: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    copy(&fixture(name, which), dir.path());
    dir
}

/// What is in every fixture.
fn write(log: &mut Log) {
    grow(log, 12);
    let long: Vec<String> = (1..=60)
        .map(|n| format!("a fact that repeats itself, number {n}"))
        .collect();
    append(log, 1_700_000_000_000, &long);
    grow(log, 4);
}

fn expected() -> (Head, Records) {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    write(&mut log);
    (log.head(), contents(&log))
}

/// With UPDATE_FIXTURES set it writes the current version's, which belongs into the repository.
#[test]
fn every_version_that_was_ever_written_opens_and_goes_on() {
    if env::var_os("UPDATE_FIXTURES").is_some() {
        write_fixture(&FIXTURES[FIXTURES.len() - 1]);
    }
    let (head, records) = expected();
    for Fixture {
        name,
        tail_is_complete,
        ..
    } in FIXTURES
    {
        let dir = fresh(name, "whole");
        let before = segments(dir.path());
        let files: Vec<Vec<u8>> = before.iter().map(|path| fs::read(path).unwrap()).collect();
        let verified = verify(dir.path()).unwrap();
        assert_eq!((verified.head.seq, verified.head.at_ms), (108, head.at_ms));
        assert_eq!(
            (verified.segments, verified.batches),
            (files.len() as u64, 17)
        );

        let (mut log, opened) = open(dir.path());
        assert_eq!(opened.head, verified.head, "{name}");
        assert_eq!(contents(&log), records, "{name}");
        // Opening alone changes nothing, so that the version that wrote it can have it back.
        assert_eq!(segments(dir.path()), before);
        grow(&mut log, 2);
        drop(log);

        let after = segments(dir.path());
        let added = usize::from(tail_is_complete);
        assert_eq!(after.len(), before.len() + added, "{name}");
        for (path, bytes) in before.iter().zip(&files) {
            let now = fs::read(path).unwrap();
            assert_eq!(now[..bytes.len()], bytes[..], "{name}");
            assert!(now.len() == bytes.len() || !tail_is_complete, "{name}");
        }
        let (log, opened) = open(dir.path());
        assert!(opened.repairs.is_empty(), "{name}: {:?}", opened.repairs);
        assert_eq!(contents(&log).len(), 114);
        assert_eq!(contents(&log)[..108], records);
        assert_eq!(verify(dir.path()).unwrap().head, log.head());
    }
}

#[test]
fn the_damaged_twin_of_every_version_is_refused_by_file_and_offset() {
    for Fixture {
        name,
        damaged_segment,
        damaged_frame,
        ..
    } in FIXTURES
    {
        let dir = fresh(name, "damaged");
        let path = dir.path().join("journal").join(damaged_segment);
        let opened = Log::open(dir.path(), &LogOptions::default());
        for refused in [verify(dir.path()).unwrap_err(), opened.unwrap_err()] {
            let LogError::Corrupt {
                segment, offset, ..
            } = &refused
            else {
                panic!("{name}: {refused:?}")
            };
            assert_eq!((segment, *offset), (&path, damaged_frame), "{name}");
        }
    }
}

#[test]
fn a_log_of_the_first_version_that_never_got_a_record_goes_on_too() {
    let dir = fresh("v1", "whole");
    let [first, rest @ ..] = &segments(dir.path())[..] else {
        panic!("there are segments")
    };
    rest.iter()
        .for_each(|segment| fs::remove_file(segment).unwrap());
    let header = fs::read(first).unwrap()[..64].to_vec();
    fs::write(first, &header).unwrap();

    let (mut log, opened) = open(dir.path());
    assert_eq!(opened.head, Head::START);
    assert_eq!(fs::read(first).unwrap(), header);
    grow(&mut log, 2);
    let records = contents(&log);
    drop(log);
    assert_eq!(segments(dir.path()), std::slice::from_ref(first));
    assert_eq!(fs::read(first).unwrap()[8], 3);
    let (log, opened) = open(dir.path());
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(contents(&log), records);
}

#[test]
fn a_torn_tail_of_the_first_version_is_cut_before_this_one_goes_on() {
    let dir = fresh("v1", "whole");
    let last = segments(dir.path()).pop().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    let whole = bytes.len();
    bytes.extend_from_slice(b"half a frame");
    fs::write(&last, &bytes).unwrap();
    let (mut log, _) = open(dir.path());
    assert_eq!(fs::read(&last).unwrap(), bytes[..whole]);
    grow(&mut log, 1);
    assert_eq!(contents(&log).len(), 111);
    assert_eq!(verify(dir.path()).unwrap().head, log.head());
}

#[test]
fn a_version_to_come_is_refused_by_its_number() {
    let dir = fresh("v3", "whole");
    let last = segments(dir.path()).pop().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    bytes[8] = 4;
    fs::write(&last, bytes).unwrap();
    let refused = Log::open(dir.path(), &LogOptions::default()).unwrap_err();
    assert!(
        matches!(&refused, LogError::UnknownFormat { segment, version: 4 } if *segment == last),
        "{refused:?}"
    );
}

fn write_fixture(fixture_of: &Fixture) {
    let (whole, damaged) = (
        fixture(fixture_of.name, "whole"),
        fixture(fixture_of.name, "damaged"),
    );
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 900,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    write(&mut log);
    drop(log);
    for to in [&whole, &damaged] {
        copy(&dir.path().join("journal"), &to.join("journal"));
    }
    let segment = damaged.join("journal").join(fixture_of.damaged_segment);
    let at = usize::try_from(fixture_of.damaged_frame).unwrap() + 50;
    super::flip(&segment, at);
}
