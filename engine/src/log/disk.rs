//! The file operations that the journal and the snapshots are made of.
//!
//! Few on purpose: each is one that a power cut can tell apart. What is appended to a file is durable once
//! [`DiskFile::sync`] has returned, and a name (created, renamed, removed) once [`Disk::sync_dir`] has; nothing else is.
//! The machine's file system is one implementation, [`OsDisk`]; the simulator's, which forgets and tears what was not
//! synced, is another.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file system.
pub trait Disk: Debug + Send + Sync {
    /// Creates a directory whose parent exists. Fine if it is there.
    ///
    /// # Errors
    /// The file system refuses.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    ///
    /// # Errors
    /// There is no such directory, or the file system fails.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Creates a file, or empties it.
    ///
    /// # Errors
    /// The file system refuses.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that is there, for reading.
    ///
    /// # Errors
    /// There is no such file, or the file system refuses.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that is there, for reading and changing it.
    ///
    /// # Errors
    /// There is no such file, or the file system refuses.
    fn open_writable(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, replacing what has the new name.
    ///
    /// # Errors
    /// The file system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// There is no such file, or the file system refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// The file system fails.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// The bytes that an unprivileged process may still write here.
    ///
    /// # Errors
    /// The file system cannot be asked.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file that grows, is written over or is cut off at its end.
pub trait DiskFile: Debug + Send {
    /// # Errors
    /// The file system fails.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads what stands at `offset`, as much as there is up to the buffer's end; 0 at the end of the file.
    ///
    /// # Errors
    /// The file system fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes behind the file's last byte.
    ///
    /// # Errors
    /// The file system fails; any part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes at `offset`, which is not behind the file's end, over what stands there and beyond.
    ///
    /// # Errors
    /// The file system fails; any part may have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off.
    ///
    /// # Errors
    /// The file system fails.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;

    /// Returns when content and length are on stable storage.
    ///
    /// # Errors
    /// The file system fails; what was not durable before may or may not be now.
    fn sync(&mut self) -> io::Result<()>;

    /// Takes away everyone's right to change the file, where files have such rights. A precaution that a power cut may
    /// undo.
    ///
    /// # Errors
    /// The file system refuses.
    fn protect(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The machine's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        match fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            created => created,
        }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // None of our names is anything but ASCII.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        drop(File::create(path)?);
        self.open_writable(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OsFile(File::open(path)?)))
    }

    fn open_writable(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let opened = OpenOptions::new().read(true).write(true).open(path);
        Ok(Box::new(OsFile(opened?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[derive(Debug)]
struct OsFile(File);

impl DiskFile for OsFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, self.bytes()?)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn protect(&mut self) -> io::Result<()> {
        let mut permissions = self.0.metadata()?.permissions();
        permissions.set_readonly(true);
        self.0.set_permissions(permissions)
    }
}
