//! The thread that fills the index: when it hangs, fails or lags, nothing is lost and nobody waits.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::{batch, build, contents, contents_from, grow, noise, open, replaced_index, set_aside};
use crate::log::{Batch, Disk, DiskFile, IndexFault, Log, LogOptions, OsDisk, Repair};

const IMPATIENT: LogOptions = LogOptions {
    segment_bytes: 500,
    index_timeout: Duration::from_secs(1),
};

/// The machine's disk, on which the index's thread meets what the test wants.
#[derive(Debug, Default)]
struct Trap {
    mood: Mutex<Mood>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Mood {
    #[default]
    Sound,
    Hanging,
    Failing,
}

impl Trap {
    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
        self.changed.notify_all();
    }

    fn spring(&self) -> io::Result<()> {
        if thread::current().name() != Some("log-index") {
            return Ok(());
        }
        let hanging = |mood: &mut Mood| *mood == Mood::Hanging;
        let mood = self
            .changed
            .wait_while(self.mood.lock().unwrap(), hanging)
            .unwrap();
        if *mood == Mood::Failing {
            return Err(io::Error::other("the disk is bad"));
        }
        Ok(())
    }
}

#[derive(Debug, Default, Clone)]
struct TrapDisk(Arc<Trap>);

#[derive(Debug)]
struct TrapFile(Arc<Trap>, Box<dyn DiskFile>);

impl Disk for TrapDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.create_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(dir)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        OsDisk.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OsDisk.open(path)?;
        Ok(Box::new(TrapFile(Arc::clone(&self.0), file)))
    }
    fn open_writable(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        OsDisk.open_writable(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        OsDisk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        OsDisk.free_bytes(dir)
    }
}

impl DiskFile for TrapFile {
    fn bytes(&self) -> io::Result<u64> {
        self.0.spring()?;
        self.1.bytes()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.read_at(offset, buffer)
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.1.append(bytes)
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.1.write_at(offset, bytes)
    }
    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.1.truncate(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.1.sync()
    }
}

fn trapped_log(dir: &Path) -> (Log, Arc<Trap>) {
    let disk = TrapDisk::default();
    let trap = Arc::clone(&disk.0);
    let (log, _) = Log::open_indexed(Arc::new(disk), dir, &IMPATIENT).unwrap();
    (log, trap)
}

#[test]
fn an_index_that_hangs_holds_up_neither_appends_nor_replays_nor_the_end() {
    let dir = TempDir::new().unwrap();
    let (mut log, trap) = trapped_log(dir.path());
    grow(&mut log, 3);
    trap.set(Mood::Hanging);
    grow(&mut log, 9);
    let records = contents(&log);
    assert_eq!(records.len(), 36);
    assert_eq!(contents_from(&log, 20), records[19..]);
    drop(log);

    // Sled is still open over there, so this process gets a new one.
    let (log, opened) = Log::open(dir.path(), &IMPATIENT).unwrap();
    let fault = replaced_index(&opened, 12);
    assert!(
        matches!(fault, Some(IndexFault::TimedOut)),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
    // What comes back to life writes nowhere but where it was.
    trap.set(Mood::Sound);
    drop(log);
    let (log, opened) = open(dir.path());
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(contents(&log), records);
}

#[test]
fn an_index_that_lags_catches_up_from_the_journal() {
    let dir = TempDir::new().unwrap();
    let (mut log, trap) = trapped_log(dir.path());
    trap.set(Mood::Hanging);
    grow(&mut log, 20);
    log.append(&large(log.head().seq + 1)).unwrap();
    grow(&mut log, 2);
    let records = contents(&log);
    trap.set(Mood::Sound);
    drop(log);
    let (log, opened) = open(dir.path());
    assert!(opened.repairs.is_empty(), "{:?}", opened.repairs);
    assert_eq!(contents(&log), records);
}

#[test]
fn an_index_that_cannot_follow_the_journal_is_filled_at_the_next_open() {
    let dir = TempDir::new().unwrap();
    let (mut log, trap) = trapped_log(dir.path());
    trap.set(Mood::Failing);
    grow(&mut log, 5);
    let records = contents(&log);
    assert_eq!(records.len(), 15);
    drop(log);
    let (log, opened) = open(dir.path());
    assert!(
        matches!(opened.repairs[..], [Repair::IndexFilled { batches: 5 }]),
        "{:?}",
        opened.repairs
    );
    assert_eq!(contents(&log), records);
}

#[test]
fn a_replay_that_stops_early_leaves_an_index_that_closes_in_order() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    for _ in 0..12 {
        log.append(&large(log.head().seq + 1)).unwrap();
    }
    for last in [1, 40, 400] {
        let stopped = log.replay(1, |seq, _, _| if seq < last { Ok(()) } else { Err(()) });
        assert!(stopped.is_err());
    }
    drop(log);
    assert!(open(dir.path()).1.repairs.is_empty());
}

#[test]
fn a_log_that_failed_leaves_its_index_as_it_is_at_once() {
    let dir = TempDir::new().unwrap();
    let options = LogOptions {
        // Whoever waited for sled here would wait for the rest of the day.
        index_timeout: Duration::from_secs(100_000),
        segment_bytes: 1,
    };
    let disk = TrapDisk::default();
    let trap = Arc::clone(&disk.0);
    let (mut log, _) = Log::open_indexed(Arc::new(disk), dir.path(), &options).unwrap();
    trap.set(Mood::Hanging);
    grow(&mut log, 2);
    fs::rename(dir.path().join("journal"), dir.path().join("elsewhere")).unwrap();
    assert!(log.append(&batch(7, 9, &["lost"])).is_err());
    drop(log);
    fs::rename(dir.path().join("elsewhere"), dir.path().join("journal")).unwrap();

    let (log, opened) = Log::open(dir.path(), &IMPATIENT).unwrap();
    assert!(set_aside(&opened), "{:?}", opened.repairs);
    assert_eq!(contents(&log).len(), 6);
    assert!(build(dir.path(), 2).is_dir());
    trap.set(Mood::Sound);
}

/// Half a megabyte that does not shrink, so that it needs several rows.
fn large(first_seq: u64) -> Batch {
    let records: Vec<Vec<u8>> = (0..40).map(|n| noise(first_seq + n, 13_000)).collect();
    batch(first_seq, 1_000, &records)
}
