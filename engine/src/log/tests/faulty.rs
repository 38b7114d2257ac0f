//! A disk that refuses one operation, whichever it is asked to.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustix::io::Errno;

use crate::log::{Disk, DiskFile, OsDisk};

/// The machine's disk with a fault at one of its operations. Looking at what is there never fails.
#[derive(Debug)]
pub(super) struct FaultyDisk {
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    /// Counts down to the fault.
    left: AtomicU64,
    errno: AtomicI32,
    failed: Mutex<Option<&'static str>>,
}

impl FaultyDisk {
    /// The first `sound` operations that change something succeed, and the next fails.
    pub(super) fn failing_after(sound: u64, errno: Errno) -> Arc<Self> {
        let disk = Arc::new(Self {
            plan: Arc::new(Plan {
                left: AtomicU64::new(0),
                errno: AtomicI32::new(0),
                failed: Mutex::new(None),
            }),
        });
        disk.fail_after(sound, errno);
        disk
    }

    pub(super) fn sound() -> Arc<Self> {
        Self::failing_after(u64::MAX, Errno::IO)
    }

    pub(super) fn fail_after(&self, sound: u64, errno: Errno) {
        self.plan
            .errno
            .store(errno.raw_os_error(), Ordering::SeqCst);
        self.plan.left.store(sound, Ordering::SeqCst);
    }

    /// The name of the operation that failed, once it has.
    pub(super) fn failed(&self) -> Option<&'static str> {
        *self.plan.failed.lock().unwrap()
    }
}

impl Plan {
    fn step(&self, operation: &'static str) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.wrapping_sub(1), Ordering::SeqCst);
        if left > 0 {
            return Ok(());
        }
        *self.failed.lock().unwrap() = Some(operation);
        Err(io::Error::from_raw_os_error(
            self.errno.load(Ordering::SeqCst),
        ))
    }

    /// What is written: the first half before it fails, as on a full disk.
    fn write<'b>(&self, operation: &'static str, bytes: &'b [u8]) -> (&'b [u8], io::Result<()>) {
        match self.step(operation) {
            Ok(()) => (bytes, Ok(())),
            Err(error) => (&bytes[..bytes.len() / 2], Err(error)),
        }
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.plan.step("create_dir")?;
        OsDisk.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        OsDisk.list(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.plan.step("create")?;
        self.file(OsDisk.create(path)?)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.file(OsDisk.open(path)?)
    }

    fn open_writable(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.plan.step("open_writable")?;
        self.file(OsDisk.open_writable(path)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.step("rename")?;
        OsDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.plan.step("remove")?;
        OsDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.plan.step("sync_dir")?;
        OsDisk.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        OsDisk.free_bytes(dir)
    }
}

impl FaultyDisk {
    #[expect(clippy::unnecessary_wraps, reason = "it ends every opening")]
    fn file(&self, file: Box<dyn DiskFile>) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FaultyFile {
            plan: Arc::clone(&self.plan),
            file,
        }))
    }
}

#[derive(Debug)]
struct FaultyFile {
    plan: Arc<Plan>,
    file: Box<dyn DiskFile>,
}

impl DiskFile for FaultyFile {
    fn bytes(&self) -> io::Result<u64> {
        self.file.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (bytes, failed) = self.plan.write("append", bytes);
        self.file.append(bytes).and(failed)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (bytes, failed) = self.plan.write("write_at", bytes);
        self.file.write_at(offset, bytes).and(failed)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.plan.step("truncate")?;
        self.file.truncate(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.plan.step("sync")?;
        self.file.sync()
    }
}
