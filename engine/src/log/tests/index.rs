//! The index in every state that sled can be found in.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{
    append, build, closed_log, contents, contents_from, copy, filled, flip, grow, noise, open,
    replaced_index, set_aside,
};
use crate::log::{IndexFault, Log, LogOptions, Repair};

/// What is done to something, in words and in deeds.
type Change<'a, T> = (&'static str, &'a dyn Fn(&T));

/// Waits until the sled of a log that was dropped has ended its last background task.
fn wait_for_sled(dir: &Path) {
    File::open(build(dir, 1).join("db"))
        .unwrap()
        .lock()
        .unwrap();
}

/// Changes the rows of a closed index.
fn tamper(dir: &Path, change: impl FnOnce(&sled::Tree)) {
    wait_for_sled(dir);
    let config = sled::Config::new()
        .path(build(dir, 1))
        .segment_size(8 * 1024 * 1024);
    let tree = config.open().unwrap().open_tree("frames-v1").unwrap();
    change(&tree);
    tree.flush().unwrap();
}

#[test]
fn an_index_that_is_gone_is_built_again() {
    let (dir, records) = closed_log(5);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let (log, opened) = open(dir.path());
    assert!(
        matches!(opened.repairs[..], [Repair::IndexFilled { batches: 5 }]),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
    drop(log);
    assert!(open(dir.path()).1.repairs.is_empty());
}

#[test]
fn an_index_in_any_state_of_ruin_costs_no_record() {
    let (dir, records) = closed_log(5);
    let garbage = noise(1, 50_000);
    let ruins: [Change<'_, Path>; 7] = [
        ("db is garbage", &|build| {
            fs::write(build.join("db"), &garbage).unwrap()
        }),
        ("conf is garbage", &|build| {
            fs::write(build.join("conf"), &garbage).unwrap()
        }),
        ("db is empty", &|build| {
            fs::write(build.join("db"), b"").unwrap()
        }),
        ("db is cut", &|build| {
            File::options()
                .write(true)
                .open(build.join("db"))
                .unwrap()
                .set_len(3_000)
                .unwrap()
        }),
        ("conf is gone", &|build| {
            fs::remove_file(build.join("conf")).unwrap()
        }),
        ("all but the directory is gone", &|build| {
            fs::remove_dir_all(build).unwrap();
            fs::create_dir(build).unwrap();
        }),
        ("a file is where the directory was", &|build| {
            fs::remove_dir_all(build).unwrap();
            fs::write(build, &garbage).unwrap();
        }),
    ];
    for (what, ruin) in ruins {
        let ruined = TempDir::new().unwrap();
        copy(dir.path(), ruined.path());
        ruin(&build(ruined.path(), 1));
        let (mut log, opened) = open(ruined.path());
        assert_eq!(contents(&log), records, "{what}: {:?}", opened.repairs);
        grow(&mut log, 1);
        let head = log.head();
        drop(log);
        let (log, opened) = open(ruined.path());
        assert_eq!(opened.head, head, "{what}");
        assert!(opened.repairs.is_empty(), "{what}: {:?}", opened.repairs);
        assert_eq!(contents(&log).len(), 18, "{what}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_sled_costs_no_record() {
    let (dir, records) = closed_log(5);
    let db_bytes = fs::read(build(dir.path(), 1).join("db")).unwrap();
    let used = db_bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for at in (0..used).step_by(used / 25 + 1) {
        let ruined = TempDir::new().unwrap();
        copy(dir.path(), ruined.path());
        flip(&build(ruined.path(), 1).join("db"), at);
        let (log, opened) = open(ruined.path());
        assert_eq!(
            contents(&log),
            records,
            "flipped at {at}: {:?}",
            opened.repairs
        );
    }
}

#[test]
fn an_index_that_lags_is_given_what_it_lacks() {
    let (dir, _) = closed_log(2);
    let old = TempDir::new().unwrap();
    copy(dir.path(), old.path());
    let (mut log, _) = open(dir.path());
    grow(&mut log, 3);
    let records = contents(&log);
    drop(log);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(&old.path().join("index"), &dir.path().join("index"));

    let (log, opened) = open(dir.path());
    assert!(
        matches!(opened.repairs[..], [Repair::IndexFilled { batches: 3 }]),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
}

#[test]
fn an_index_of_another_log_is_set_aside() {
    let (dir, records) = closed_log(3);
    for their_batches in [1, 2] {
        let other = TempDir::new().unwrap();
        let (mut log, _) = open(other.path());
        for _ in 0..their_batches {
            append(&mut log, 7, &["x", "y", "z"]);
        }
        drop(log);
        fs::remove_dir_all(dir.path().join("index")).unwrap();
        copy(&other.path().join("index"), &dir.path().join("index"));
        let (log, opened) = open(dir.path());
        assert!(set_aside(&opened), "{:?}", opened.repairs);
        assert_eq!(filled(&opened), 3);
        assert_eq!(contents(&log), records);
    }
}

#[test]
fn a_replay_goes_on_in_the_journal_where_the_index_is_damaged_and_the_next_open_rebuilds_it() {
    let third = 7u64.to_be_bytes();
    let damages: [Change<'_, sled::Tree>; 5] = [
        ("a row is missing", &|tree| {
            drop(tree.remove(third).unwrap())
        }),
        ("the first row is missing", &|tree| {
            drop(tree.remove(1u64.to_be_bytes()).unwrap())
        }),
        ("a row is cut", &|tree| {
            let row = tree.get(third).unwrap().unwrap();
            tree.insert(third, &row[..row.len() - 1]).unwrap();
        }),
        ("a row is changed", &|tree| {
            let mut row = tree.get(third).unwrap().unwrap().to_vec();
            row[70] ^= 1;
            tree.insert(third, row).unwrap();
        }),
        ("a row is another's", &|tree| {
            let row = tree.get(4u64.to_be_bytes()).unwrap().unwrap();
            tree.insert(third, row).unwrap();
        }),
    ];
    for (what, damage) in damages {
        let (dir, records) = closed_log(5);
        tamper(dir.path(), damage);
        let (mut log, opened) = open(dir.path());
        assert!(
            opened.repairs.is_empty(),
            "{what}: the end is as it should be"
        );
        for from_seq in 1..=15 {
            assert_eq!(
                contents_from(&log, from_seq),
                records[from_seq as usize - 1..],
                "{what}, from {from_seq}"
            );
        }
        grow(&mut log, 1);
        drop(log);
        let (log, opened) = open(dir.path());
        let fault = replaced_index(&opened, 6);
        assert!(
            matches!(fault, Some(IndexFault::Suspect)),
            "{what}: {:?}",
            opened.repairs
        );
        assert_eq!(contents(&log).len(), 18);
    }
}

#[test]
fn foreign_rows_at_the_end_of_the_index_are_not_taken_for_records() {
    let rows: [(&[u8], &[u8]); 3] = [
        (&[0xff; 8], b"not a frame"),
        (b"odd", b""),
        (&[0xff; 12], &[0; 90]),
    ];
    for (key, value) in rows {
        let (dir, records) = closed_log(2);
        tamper(dir.path(), |tree| drop(tree.insert(key, value).unwrap()));
        let (log, opened) = open(dir.path());
        assert!(set_aside(&opened), "{:?}", opened.repairs);
        assert_eq!(contents(&log), records);
    }
}

#[test]
fn an_index_that_does_not_open_in_time_is_given_up() {
    let (dir, records) = closed_log(2);
    wait_for_sled(dir.path());
    // Whoever holds sled's lock makes it hang.
    let held = File::open(build(dir.path(), 1).join("db")).unwrap();
    held.try_lock().unwrap();
    let index_timeout = Duration::from_secs(2);
    let options = LogOptions {
        index_timeout,
        ..LogOptions::default()
    };
    let (log, opened) = Log::open(dir.path(), &options).unwrap();
    let fault = replaced_index(&opened, 2);
    assert!(
        matches!(fault, Some(IndexFault::TimedOut)),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
    assert!(build(dir.path(), 2).is_dir());
}

#[test]
fn only_the_latest_index_is_kept_aside() {
    let (dir, records) = closed_log(2);
    for number in 1..4 {
        fs::write(build(dir.path(), number).join("conf"), noise(2, 100)).unwrap();
        let (log, opened) = open(dir.path());
        assert!(set_aside(&opened), "{:?}", opened.repairs);
        assert_eq!(contents(&log), records);
    }
    let mut left: Vec<_> = fs::read_dir(dir.path().join("index"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["000003.aside", "000004"]);
}
