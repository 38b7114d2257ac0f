//! A disk, as a recorded process has left it: what it shows while the power is on, and what of that is durable.
//!
//! Durable are a file's bytes and length as of its last sync, and a directory's names as of its own last one. Everything
//! else is pending, whatever the process did with it since; ext4, XFS and btrfs all promise more, each something else. A
//! sync covers its own file or directory alone: not the file's name, not the directory's files.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::trace::Op;
use crate::Failure;

/// A file or directory, for ever: what has no name any more keeps its number.
pub(super) type Id = usize;

#[derive(Debug, Clone)]
pub(super) struct Disk {
    pub(super) objects: Vec<Object>,
    /// Changes of names that are not durable, oldest first.
    pub(super) names: Vec<NameChange>,
    /// The inodes that the recorded process knows.
    inodes: HashMap<u64, Id>,
    lie: Option<Lie>,
}

/// A disk that does not do what it is asked, to see whether the test notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lie {
    /// Syncing a file does nothing.
    Files,
    /// Syncing a directory does nothing.
    Directories,
}

#[derive(Debug, Clone)]
pub(super) enum Object {
    File(FileState),
    Directory(DirectoryState),
}

#[derive(Debug, Clone, Default)]
pub(super) struct FileState {
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) current: Arc<Vec<u8>>,
    pub(super) pending: Vec<DataChange>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct DirectoryState {
    pub(super) durable: BTreeMap<String, Id>,
    pub(super) current: BTreeMap<String, Id>,
}

#[derive(Debug, Clone)]
pub(super) enum DataChange {
    Write { offset: usize, bytes: Arc<Vec<u8>> },
    Resize { length: usize },
}

/// What one operation does to names, all of it or nothing: a rename is two of them.
#[derive(Debug, Clone)]
pub(super) struct NameChange {
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) directory: Id,
    pub(super) name: String,
    /// `None`: the name is gone.
    pub(super) object: Option<Id>,
}

/// The directory that is recorded; it was there before, so its own name is no concern of the process.
pub(super) const ROOT: Id = 0;

impl Disk {
    pub(super) fn empty() -> Self {
        Self::lying(None)
    }

    pub(super) fn lying(lie: Option<Lie>) -> Self {
        Self {
            lie,
            objects: vec![Object::Directory(DirectoryState::default())],
            names: Vec::new(),
            inodes: HashMap::new(),
        }
    }

    /// What stands in a directory, all of it durable.
    pub(super) fn read_from(dir: &Path) -> Result<Self, Failure> {
        let mut disk = Self::empty();
        disk.read_directory(ROOT, dir)?;
        Ok(disk)
    }

    fn read_directory(&mut self, id: Id, dir: &Path) -> Result<(), Failure> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let new = self.objects.len();
            if entry.file_type()?.is_dir() {
                self.objects
                    .push(Object::Directory(DirectoryState::default()));
                self.read_directory(new, &entry.path())?;
            } else {
                let bytes = Arc::new(fs::read(entry.path())?);
                self.objects.push(Object::File(FileState {
                    durable: Arc::clone(&bytes),
                    current: bytes,
                    pending: Vec::new(),
                }));
            }
            let directory = self.directory_mut(id);
            directory.durable.insert(name.clone(), new);
            directory.current.insert(name, new);
        }
        Ok(())
    }

    /// Carries out what a process did.
    pub(super) fn apply(&mut self, op: &Op<'_>) -> Result<(), Failure> {
        match *op {
            Op::Opened { inode, made, path } => {
                let id = if made {
                    self.make(path, Object::File(FileState::default()))?
                } else {
                    self.find(path)?
                };
                self.inodes.insert(inode, id);
            }
            Op::DirectoryMade { inode, path } => {
                let id = self.make(path, Object::Directory(DirectoryState::default()))?;
                self.inodes.insert(inode, id);
            }
            Op::Written {
                inode,
                offset,
                bytes,
            } => self.write(inode, offset, bytes.to_vec())?,
            Op::Filled {
                inode,
                offset,
                length,
                byte,
            } => self.write(
                inode,
                offset,
                vec![u8::try_from(byte)?; usize::try_from(length)?],
            )?,
            Op::Resized { inode, length } => {
                let length = usize::try_from(length)?;
                self.file(inode)?.change(DataChange::Resize { length });
            }
            Op::Synced { inode } => self.sync(inode)?,
            Op::SyncFailed { .. } | Op::Marked { .. } => {}
            Op::Renamed { from, to } => {
                let object = self.find(from)?;
                let (from, to) = (self.entry(from, None)?, self.entry(to, Some(object))?);
                self.change_names(vec![from, to]);
            }
            Op::Removed { path } => {
                self.find(path)?;
                let entry = self.entry(path, None)?;
                self.change_names(vec![entry]);
            }
        }
        Ok(())
    }

    /// Writes what a process would see into `to`, which is there and empty, and lets a process that is recorded there
    /// go on with this disk.
    pub(super) fn write_to(&mut self, to: &Path) -> Result<(), Failure> {
        self.inodes.clear();
        self.write_directory(ROOT, to)?;
        Ok(())
    }

    fn write_directory(&mut self, id: Id, to: &Path) -> Result<(), Failure> {
        self.inodes.insert(fs::metadata(to)?.ino(), id);
        for (name, id) in self.directory(id).current.clone() {
            let path = to.join(name);
            match &self.objects[id] {
                Object::Directory(_) => {
                    fs::create_dir(&path)?;
                    self.write_directory(id, &path)?;
                }
                Object::File(file) => {
                    let inode = write_sparse(&path, &file.current)?;
                    self.inodes.insert(inode, id);
                }
            }
        }
        Ok(())
    }

    /// Says how what stands in `dir` differs from what this disk would show.
    pub(super) fn differs_from(&self, dir: &Path) -> Result<Option<String>, Failure> {
        self.directory_differs(ROOT, dir)
    }

    fn directory_differs(&self, id: Id, dir: &Path) -> Result<Option<String>, Failure> {
        let expected = &self.directory(id).current;
        let mut names: Vec<String> = expected.keys().cloned().collect();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !expected.contains_key(&name) {
                names.push(name);
            }
        }
        for name in names {
            let path = dir.join(&name);
            let differs = match expected.get(&name).map(|id| (*id, &self.objects[*id])) {
                Some((id, Object::Directory(_))) if path.is_dir() => {
                    self.directory_differs(id, &path)?
                }
                Some((_, Object::File(file))) if path.is_file() => {
                    (fs::read(&path)? != *file.current).then(|| "has other bytes".to_owned())
                }
                Some(_) => Some("is not there, or of another kind".to_owned()),
                None => Some("should not be there".to_owned()),
            };
            if let Some(how) = differs {
                return Ok(Some(format!("{}: {how}", path.display())));
            }
        }
        Ok(None)
    }

    pub(super) fn directory(&self, id: Id) -> &DirectoryState {
        match &self.objects[id] {
            Object::Directory(directory) => directory,
            Object::File(_) => unreachable!("only directories are looked into"),
        }
    }

    fn directory_mut(&mut self, id: Id) -> &mut DirectoryState {
        match &mut self.objects[id] {
            Object::Directory(directory) => directory,
            Object::File(_) => unreachable!("only directories are looked into"),
        }
    }

    fn file(&mut self, inode: u64) -> Result<&mut FileState, Failure> {
        let id = *self
            .inodes
            .get(&inode)
            .ok_or("a write to an unknown file")?;
        match &mut self.objects[id] {
            Object::File(file) => Ok(file),
            Object::Directory(_) => Err("a write to a directory".into()),
        }
    }

    fn write(&mut self, inode: u64, offset: u64, bytes: Vec<u8>) -> Result<(), Failure> {
        let (offset, bytes) = (usize::try_from(offset)?, Arc::new(bytes));
        self.file(inode)?
            .change(DataChange::Write { offset, bytes });
        Ok(())
    }

    fn sync(&mut self, inode: u64) -> Result<(), Failure> {
        let id = *self.inodes.get(&inode).ok_or("a sync of an unknown file")?;
        match &mut self.objects[id] {
            Object::File(_) if self.lie == Some(Lie::Files) => {}
            Object::Directory(_) if self.lie == Some(Lie::Directories) => {}
            Object::File(file) => {
                file.durable = Arc::clone(&file.current);
                file.pending.clear();
            }
            Object::Directory(directory) => {
                directory.durable = directory.current.clone();
                self.make_names_durable(id);
            }
        }
        Ok(())
    }

    /// A rename between two directories is durable as soon as one of them is synced: no file system tears it apart.
    fn make_names_durable(&mut self, synced: Id) {
        let (done, pending) = std::mem::take(&mut self.names)
            .into_iter()
            .partition::<Vec<_>, _>(|change| change.entries.iter().any(|e| e.directory == synced));
        self.names = pending;
        for entry in done.into_iter().flat_map(|change| change.entries) {
            if entry.directory != synced {
                set(&mut self.directory_mut(entry.directory).durable, &entry);
            }
        }
    }

    fn make(&mut self, path: &[u8], object: Object) -> Result<Id, Failure> {
        let id = self.objects.len();
        self.objects.push(object);
        let entry = self.entry(path, Some(id))?;
        self.change_names(vec![entry]);
        Ok(id)
    }

    fn change_names(&mut self, entries: Vec<Entry>) {
        for entry in &entries {
            set(&mut self.directory_mut(entry.directory).current, entry);
        }
        self.names.push(NameChange { entries });
    }

    fn entry(&self, path: &[u8], object: Option<Id>) -> Result<Entry, Failure> {
        let path = Path::new(std::str::from_utf8(path)?);
        let name = path.file_name().and_then(|name| name.to_str());
        let parent = path.parent().and_then(Path::to_str).unwrap_or_default();
        Ok(Entry {
            directory: self.find(parent.as_bytes())?,
            name: name.ok_or("a path without a name")?.to_owned(),
            object,
        })
    }

    fn find(&self, path: &[u8]) -> Result<Id, Failure> {
        let path = std::str::from_utf8(path)?;
        let mut id = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Object::Directory(directory) = &self.objects[id] else {
                return Err(format!("{path} leads through a file").into());
            };
            let next = directory.current.get(name);
            id = *next.ok_or_else(|| format!("{path} was not seen being made"))?;
        }
        Ok(id)
    }
}

pub(super) fn set(names: &mut BTreeMap<String, Id>, entry: &Entry) {
    match entry.object {
        Some(id) => names.insert(entry.name.clone(), id),
        None => names.remove(&entry.name),
    };
}

impl FileState {
    fn change(&mut self, change: DataChange) {
        change.apply(Arc::make_mut(&mut self.current));
        self.pending.push(change);
    }
}

impl DataChange {
    pub(super) fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Resize { length } => file.resize(*length, 0),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

/// Writes a file without the zeros that sled fills its own with, and returns its inode.
pub(super) fn write_sparse(path: &Path, bytes: &[u8]) -> io::Result<u64> {
    const BLOCK: usize = 4096;
    let file = File::create_new(path)?;
    for (at, block) in (0u64..).step_by(BLOCK).zip(bytes.chunks(BLOCK)) {
        if block.iter().any(|byte| *byte != 0) {
            file.write_all_at(block, at)?;
        }
    }
    file.set_len(bytes.len() as u64)?;
    Ok(file.metadata()?.ino())
}
