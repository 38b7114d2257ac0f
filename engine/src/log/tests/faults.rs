//! Disks that refuse.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tempfile::TempDir;

use super::faulty::FaultyDisk;
use super::{batch, contents, grow, open};
use crate::log::{Head, Log, LogError, LogOptions, OsDisk, Repair, verify};

/// So small that every third batch of [`grow`] begins a segment.
const SMALL: LogOptions = LogOptions {
    segment_bytes: 400,
    index_timeout: Duration::from_secs(30),
};

/// Opens a log and appends eight batches, until something fails. Returns the head of what was acknowledged.
fn run(disk: &Arc<FaultyDisk>, dir: &Path) -> (Head, Result<(), LogError>) {
    let mut log = match Log::open_on(disk.clone(), dir, &SMALL) {
        Ok((log, _)) => log,
        Err(error) => return (Head::START, Err(error)),
    };
    for number in 1..=8 {
        let next = batch(log.head().seq + 1, number, &["one", "two", "three"]);
        let head = log.head();
        if let Err(error) = log.append(&next) {
            assert_eq!(log.head(), head, "what failed is not claimed");
            let refused = log.append(&next);
            assert!(matches!(refused, Err(LogError::Poisoned)), "{refused:?}");
            return (head, Err(error));
        }
    }
    (log.head(), Ok(()))
}

fn source(error: &LogError) -> Option<i32> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<io::Error>()?.raw_os_error()
}

#[test]
fn whichever_operation_fails_the_error_is_told_and_nothing_acknowledged_is_lost() {
    for errno in [Errno::NOSPC, Errno::IO, Errno::ROFS] {
        let mut failures = Vec::new();
        for sound in 0.. {
            let dir = TempDir::new().unwrap();
            let disk = FaultyDisk::failing_after(sound, errno);
            let (acknowledged, outcome) = run(&disk, dir.path());
            let Some(operation) = disk.failed() else {
                outcome.unwrap();
                assert_eq!(acknowledged.seq, 24);
                break;
            };
            if operation == "truncate" && acknowledged.seq == 24 {
                // Only the zeros behind the last frame are still there.
                assert_eq!(verify(dir.path()).unwrap().head, acknowledged);
                continue;
            }
            let error = outcome.expect_err("a failed operation is noticed");
            assert_eq!(source(&error), Some(errno.raw_os_error()), "{error:?}");
            failures.push(operation);

            let (mut log, opened) = Log::open_on(Arc::new(OsDisk), dir.path(), &SMALL).unwrap();
            let stored = opened.head.seq;
            assert!(
                stored == acknowledged.seq || stored == acknowledged.seq + 3,
                "{operation}: {stored} of {acknowledged:?}"
            );
            grow(&mut log, 2);
            assert_eq!(contents(&log).len() as u64, stored + 6);
            assert_eq!(verify(dir.path()).unwrap().head, log.head());
        }
        for operation in [
            "create_dir",
            "create",
            "append",
            "write_at",
            "truncate",
            "sync",
            "rename",
            "sync_dir",
        ] {
            assert!(failures.contains(&operation), "{operation}: {failures:?}");
        }
    }
}

#[test]
fn a_batch_whose_sync_fails_is_never_acknowledged_and_the_log_goes_no_further() {
    let dir = TempDir::new().unwrap();
    let disk = FaultyDisk::sound();
    let (mut log, _) = Log::open_on(disk.clone(), dir.path(), &LogOptions::default()).unwrap();
    grow(&mut log, 2);
    let head = log.head();
    // The write succeeds, and the sync does not.
    disk.fail_after(1, Errno::IO);
    let failed = log.append(&batch(7, 9, &["perhaps stored"])).unwrap_err();
    assert_eq!(disk.failed(), Some("sync"));
    assert!(
        matches!(&failed, LogError::Append { path, .. } if path.ends_with("00000000000000000001.ffj"))
    );
    assert_eq!(source(&failed), Some(Errno::IO.raw_os_error()));
    // A second sync may well succeed without having written anything, so there is none.
    let refused = log.append(&batch(7, 9, &["perhaps stored"]));
    assert!(matches!(refused, Err(LogError::Poisoned)), "{refused:?}");
    assert_eq!(log.head(), head);
    drop(log);

    let (log, opened) = open(dir.path());
    assert!([6, 7].contains(&opened.head.seq), "{opened:?}");
    assert_eq!(contents(&log).len() as u64, opened.head.seq);
}

#[test]
fn a_disk_that_fails_while_a_torn_tail_is_cut_leaves_a_log_that_opens() {
    for sound in 0.. {
        let dir = TempDir::new().unwrap();
        let torn = FaultyDisk::sound();
        let (mut log, _) = Log::open_on(torn.clone(), dir.path(), &LogOptions::default()).unwrap();
        grow(&mut log, 2);
        torn.fail_after(0, Errno::NOSPC);
        let failed = log.append(&batch(7, 9, &["torn"]));
        assert!(matches!(failed, Err(LogError::Append { .. })), "{failed:?}");
        drop(log);

        let disk = FaultyDisk::failing_after(sound, Errno::IO);
        let outcome = Log::open_on(disk.clone(), dir.path(), &SMALL);
        let sound_throughout = disk.failed().is_none();
        if let Ok((_, opened)) = &outcome {
            assert!(sound_throughout);
            assert!(matches!(opened.repairs[..], [Repair::TornTailCut(_)]));
        }
        assert_eq!(outcome.is_ok(), sound_throughout);
        let (log, opened) = open(dir.path());
        assert_eq!((opened.head.seq, contents(&log).len()), (6, 6));
        if sound_throughout {
            break;
        }
    }
}

#[test]
fn where_nothing_can_be_created_the_error_names_what_could_not_be() {
    // Not even root creates anything there.
    let refused = Log::open(Path::new("/sys/log"), &SMALL).unwrap_err();
    assert!(
        matches!(&refused, LogError::CreateDirectory { path, .. } if path == Path::new("/sys/log")),
        "{refused:?}"
    );
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("lock")).unwrap();
    let refused = Log::open(dir.path(), &SMALL).unwrap_err();
    assert!(
        matches!(&refused, LogError::Lock { path, .. } if *path == dir.path().join("lock")),
        "{refused:?}"
    );
}
