//! The zeros that are written ahead of the frames.

use std::fs;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{append, contents, flip, frame_offsets, grow, segments};
use crate::log::{Damage, Log, LogError, LogOptions, OsDisk, Repair, verify};

fn open(dir: &Path) -> (Log, Vec<Repair>) {
    let (log, opened) = Log::open_on(Arc::new(OsDisk), dir, &LogOptions::default()).unwrap();
    (log, opened.repairs)
}

/// A log of six records whose process was killed, and its only segment.
fn killed(dir: &Path) -> std::path::PathBuf {
    let (mut log, _) = open(dir);
    grow(&mut log, 2);
    mem::forget(log);
    segments(dir).pop().unwrap()
}

#[test]
fn a_file_grows_only_once_for_many_frames() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, 1);
    let segment = &segments(dir.path())[0];
    let bytes = fs::metadata(segment).unwrap().len();
    grow(&mut log, 100);
    assert_eq!(fs::metadata(segment).unwrap().len(), bytes);
    drop(log);
    let end = frame_offsets(segment).pop().unwrap();
    assert_eq!(fs::metadata(segment).unwrap().len(), end as u64);
}

#[test]
fn what_a_killed_process_leaves_needs_no_repair_and_goes_on() {
    let dir = TempDir::new().unwrap();
    let segment = killed(dir.path());
    let bytes = fs::metadata(&segment).unwrap().len();
    let verified = verify(dir.path()).unwrap();
    assert_eq!((verified.head.seq, verified.incomplete), (6, None));
    let (mut log, repairs) = open(dir.path());
    assert!(repairs.is_empty(), "{repairs:?}");
    append(&mut log, 9, &["one more"]);
    assert_eq!(fs::metadata(&segment).unwrap().len(), bytes);
    assert_eq!(contents(&log).len(), 7);
}

#[test]
fn half_a_frame_amid_the_zeros_is_cut_off() {
    let dir = TempDir::new().unwrap();
    let segment = killed(dir.path());
    let whole = fs::read(&segment).unwrap();
    let end = frame_offsets(&segment).pop().unwrap();
    // Its beginning, its middle, or its end reached the disk.
    for at in [0, 200, 500] {
        let mut bytes = whole.clone();
        bytes[end + at..][..40].fill(7);
        fs::write(&segment, &bytes).unwrap();
        let (log, repairs) = open(dir.path());
        let [Repair::TornTailCut(torn)] = &repairs[..] else {
            panic!("{at}: {repairs:?}")
        };
        assert_eq!((torn.offset, torn.bytes), (end as u64, at as u64 + 40));
        assert_eq!(contents(&log).len(), 6);
    }
}

#[test]
fn a_frame_behind_zeros_is_damage() {
    let dir = TempDir::new().unwrap();
    let segment = killed(dir.path());
    let offsets = frame_offsets(&segment);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[offsets[0]..offsets[1]].fill(0);
    fs::write(&segment, bytes).unwrap();
    let refused = verify(dir.path()).unwrap_err();
    assert!(
        matches!(refused, LogError::Corrupt { offset, .. } if offset == offsets[0] as u64),
        "{refused:?}"
    );
}

#[test]
fn nothing_stands_behind_a_seal() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 400,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open_on(Arc::new(OsDisk), dir.path(), &options).unwrap();
    grow(&mut log, 8);
    mem::forget(log);
    let files = segments(dir.path());
    let sealed = &files[0];
    let whole = fs::read(sealed).unwrap();
    assert_eq!(&whole[whole.len() - 104..][..8], b"FFSEALED");
    fs::remove_file(sealed).unwrap();
    fs::write(sealed, [&whole[..], &[0; 8]].concat()).unwrap();
    let refused = verify(dir.path()).unwrap_err();
    let damage = Damage::BehindSeal;
    assert!(
        matches!(&refused, LogError::Corrupt { damage: found, .. } if *found == damage),
        "{refused:?}"
    );
    fs::write(sealed, whole).unwrap();
    // The last one has zeros up to its limit, and still tells a changed bit.
    flip(files.last().unwrap(), 70);
    let refused = verify(dir.path()).unwrap_err();
    assert!(
        matches!(refused, LogError::Corrupt { offset: 64, .. }),
        "{refused:?}"
    );
}
