//! Verification, beside a writer and by someone who has only the file format's description.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::TempDir;

use super::{append, closed_log, contents, frame_offsets, grow, open, segments};
use crate::log::{Head, Log, LogError, LogOptions, ReplayError, verify, verify_with};

#[test]
fn verification_sees_the_writers_chain_while_the_log_is_open() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    assert_eq!(verify(dir.path()).unwrap().head, Head::START);
    for batches in 1..5 {
        grow(&mut log, batches);
        let verified = verify(dir.path()).unwrap();
        assert_eq!(verified.head, log.head());
        assert_eq!(verified.records, log.head().seq);
        assert_eq!(verified.incomplete, None);
    }
    assert_eq!(verify(dir.path()).unwrap().batches, 10);
}

#[test]
fn verification_beside_a_writer_at_work_finds_a_whole_log_every_time() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 2_000,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    let verified_once = AtomicBool::new(false);
    let head = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while log.head().seq < 600 || !verified_once.load(Ordering::Relaxed) {
                grow(&mut log, 1);
            }
            log.head()
        });
        let mut seen = 0;
        while !writer.is_finished() {
            let verified = verify(dir.path()).unwrap();
            assert!(verified.head.seq >= seen);
            seen = verified.head.seq;
            verified_once.store(seen > 0, Ordering::Relaxed);
        }
        writer.join().unwrap()
    });
    assert_eq!(verify(dir.path()).unwrap().head, head);
}

#[test]
fn verification_can_fold_what_it_verifies() {
    let (dir, records) = closed_log(3);
    let mut seen = Vec::new();
    verify_with(dir.path(), |seq, at_ms, record| {
        seen.push((seq, at_ms, record.to_vec()));
        Ok::<(), ()>(())
    })
    .unwrap();
    assert_eq!(seen, records);
    let ended = verify_with(
        dir.path(),
        |seq, _, _| if seq < 4 { Ok(()) } else { Err("enough") },
    );
    assert!(
        matches!(ended, Err(ReplayError::Visit("enough"))),
        "{ended:?}"
    );
}

#[test]
fn a_directory_without_a_journal_does_not_verify() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(
        verify(dir.path()),
        Err(LogError::ListDirectory { .. })
    ));
    fs::create_dir(dir.path().join("journal")).unwrap();
    assert!(matches!(
        verify(dir.path()),
        Err(LogError::NoJournal { .. })
    ));
}

#[test]
fn anyone_can_recompute_the_chain_from_the_stored_bytes() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, 3);
    append(&mut log, 50, &[vec![b'x'; 5_000]]);
    let segment = &segments(dir.path())[0];
    let (bytes, offsets) = (fs::read(segment).unwrap(), frame_offsets(segment));
    let mut chain = [0; 32];
    for frame in offsets.windows(2).map(|ends| &bytes[ends[0]..ends[1]]) {
        chain = *blake3::hash(&[&chain, &frame[40..]].concat()).as_bytes();
        assert_eq!(frame[8..40], chain);
    }
    assert_eq!(chain, log.head().chain);
    assert_eq!(contents(&log).len(), 10);
}

/// Format 3, byte for byte. It must stay readable: if this fails, the format has changed and needs another number.
#[test]
fn the_third_journal_format_is_what_it_was() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 1,
        ..LogOptions::default()
    };
    let (mut log, _) = Log::open(dir.path(), &options).unwrap();
    append(&mut log, 1_700_000_000_000, &["fact one", "fact two"]);
    append(&mut log, 1_700_000_000_001, &["fact three"]);
    let sealed = fs::read(&segments(dir.path())[0]).unwrap();
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    let header = "46464a4f55524e4c030000000100000000000000";
    let nothing_before = "0".repeat(80);
    assert_eq!(hex[..120], format!("{header}{nothing_before}"));
    let body = "01000000000000000068e5cf8b010000020000001200000000";
    let records = "4866616374206f6e65486661637420";
    assert_eq!(hex[208..208 + 50], *body);
    assert_eq!(hex[258..258 + 30], *records);

    let (before, seal) = sealed.split_at(sealed.len() - 112);
    let chain = &before[72..104];
    let last_and_time = "02000000000000000068e5cf8b010000";
    assert_eq!(seal[4..16], *b"\0\0\0\0FFSEALED");
    assert_eq!(hex[2 * before.len() + 32..][..32], *last_and_time);
    assert_eq!(seal[32..64], *chain);
    let two_records_in_one_batch = [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(seal[64..80], two_records_in_one_batch);
    assert_eq!(seal[80..], *blake3::hash(before).as_bytes());
    assert_eq!(seal[..4], crc32fast::hash(&seal[4..]).to_le_bytes());
}
