//! A disk in memory that knows what has been synced, and forgets and tears the rest when power is cut.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fleetfold::log::{Disk, DiskFile};

use super::random::Stream;

/// What a sector write can damage: the unit in which a disk forgets.
const SECTOR_BYTES: usize = 512;
/// Room that is always left: a full disk is another test's business.
const FREE_BYTES: u64 = 1 << 40;

/// A file system on which several handles may be open.
#[derive(Debug, Clone)]
pub struct SimDisk(Arc<Mutex<Drive>>);

#[derive(Debug)]
struct Drive {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since their directory was last synced, in order.
    renamings: Vec<Renaming>,
    operations: u64,
    syncs: u64,
    trap: Option<Trap>,
    is_dead: bool,
    stream: Stream,
}

#[derive(Debug, Default)]
struct File {
    live: Vec<u8>,
    durable: Vec<u8>,
    is_dirty: bool,
}

#[derive(Debug, Clone)]
enum Renaming {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
}

/// What befalls one of the operations to come.
#[derive(Debug, Clone, Copy)]
struct Trap {
    at: u64,
    kind: TrapKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrapKind {
    /// The process or the machine ends in the middle of it; every operation after it fails.
    Death,
    /// It fails, and what it wrote is anybody's guess.
    Error,
}

/// What a power cut did to what had not been synced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    pub tails_lost: u64,
    pub tails_torn: u64,
    pub tails_flipped: u64,
    pub names_lost: u64,
}

impl SimDisk {
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Drive {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamings: Vec::new(),
            operations: 0,
            syncs: 0,
            trap: None,
            is_dead: false,
            stream,
        })))
    }

    fn drive(&self) -> MutexGuard<'_, Drive> {
        // A simulated program that panics while it writes leaves what it has written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the `nth` operation from now on, counted from 1, end badly.
    pub fn set_trap(&self, nth: u64, kind: TrapKind) {
        let mut drive = self.drive();
        let at = drive.operations + nth;
        drive.trap = Some(Trap { at, kind });
    }

    pub fn clear_trap(&self) {
        self.drive().trap = None;
    }

    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.drive().is_dead
    }

    /// How many files have been synced so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.drive().syncs
    }

    /// Whether a power cut now would cost nothing.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        let drive = self.drive();
        let is_dirty = |file: &usize| drive.files[*file].is_dirty;
        drive.renamings.is_empty() && !drive.names.values().any(is_dirty)
    }

    /// The process ended and the machine did not: what was written is there.
    pub fn restart_process(&self) {
        let mut drive = self.drive();
        drive.is_dead = false;
        drive.trap = None;
    }

    /// Power is cut: of what was not synced, chance keeps, drops, tears or flips what it likes.
    pub fn cut_power(&self) -> Cut {
        let mut drive = self.drive();
        drive.is_dead = false;
        drive.trap = None;
        drive.cut()
    }
}

impl Drive {
    fn cut(&mut self) -> Cut {
        let mut cut = Cut::default();
        let renamings = std::mem::take(&mut self.renamings);
        // A journalling file system keeps the order, others keep what they happened to write.
        let keeps_order = self.stream.percent(50);
        let mut is_over = false;
        for renaming in renamings {
            is_over |= keeps_order && self.stream.percent(50);
            let is_kept = if keeps_order {
                !is_over
            } else {
                self.stream.percent(50)
            };
            if is_kept {
                apply(&mut self.durable_names, &renaming);
            } else {
                cut.names_lost += 1;
            }
        }
        self.names.clone_from(&self.durable_names);
        for file in &mut self.files {
            if std::mem::take(&mut file.is_dirty) && file.live != file.durable {
                cut_file(file, &mut self.stream, &mut cut);
            }
        }
        cut
    }

    /// Counts an operation. `Err`: it must not be done, or, with a share, only in part.
    fn count(&mut self) -> Result<(), TrapKind> {
        if self.is_dead {
            return Err(TrapKind::Death);
        }
        self.operations += 1;
        if let Some(Trap { at, kind }) = self.trap
            && at <= self.operations
        {
            self.trap = None;
            self.is_dead = kind == TrapKind::Death;
            return Err(kind);
        }
        Ok(())
    }

    fn check(&mut self) -> io::Result<()> {
        self.count().map_err(|_| failed())
    }

    /// All of it, or a share where that ends badly.
    fn write(&mut self, file: usize, start: usize, bytes: &[u8]) -> io::Result<()> {
        let counted = self.count();
        let written = match counted {
            Ok(()) => bytes.len(),
            Err(_) => self.stream.below(bytes.len() + 1),
        };
        let file = &mut self.files[file];
        let end = start + written;
        if file.live.len() < end {
            file.live.resize(end, 0);
        }
        file.live[start..end].copy_from_slice(&bytes[..written]);
        file.is_dirty = true;
        counted.map_err(|_| failed())
    }
}

fn failed() -> io::Error {
    io::Error::other("simulated")
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, renaming: &Renaming) {
    match renaming {
        Renaming::Create(path, file) => {
            names.insert(path.clone(), *file);
        }
        Renaming::Rename(from, to, file) => {
            names.remove(from);
            names.insert(to.clone(), *file);
        }
        Renaming::Remove(path) => {
            names.remove(path);
        }
    }
}

fn cut_file(file: &mut File, stream: &mut Stream, cut: &mut Cut) {
    let old = file.durable.len();
    if file.live.len() < old {
        // It was truncated: either that took place or it did not.
        if stream.percent(50) {
            file.live.clone_from(&file.durable);
        } else {
            file.durable.clone_from(&file.live);
        }
        return;
    }
    // What was not there before is compared with zeros, as which it is read where only the length reached the disk.
    file.durable.resize(file.live.len(), 0);
    let differs = |at: &usize| file.live[*at] != file.durable[*at];
    let changed = match (0..file.live.len()).find(differs) {
        Some(first) => first..(first..file.live.len()).rfind(differs).unwrap_or(first) + 1,
        None => old..file.live.len(),
    };
    match stream.below(4) {
        0 => {
            cut.tails_lost += 1;
            file.live.clone_from(&file.durable);
            file.live.truncate(old);
        }
        1 => {
            cut.tails_torn += 1;
            let end = changed.start + stream.below(changed.len() + 1);
            file.live[end..].copy_from_slice(&file.durable[end..]);
            if stream.percent(50) {
                file.live.truncate(end.max(old));
            }
        }
        2 => {
            cut.tails_flipped += 1;
            let at = changed.start + stream.below(changed.len());
            file.live[at] ^= 1 << stream.below(8);
        }
        // The length reached the disk, some sectors did not.
        _ => {
            cut.tails_torn += 1;
            for start in changed.clone().step_by(SECTOR_BYTES) {
                let sector = start..changed.end.min(start + SECTOR_BYTES);
                if stream.percent(50) {
                    file.live[sector.clone()].copy_from_slice(&file.durable[sector]);
                }
            }
        }
    }
    file.durable.clone_from(&file.live);
}

impl Disk for SimDisk {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        self.drive().check()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut drive = self.drive();
        drive.check()?;
        let names = drive.names.keys().filter(|path| path.parent() == Some(dir));
        let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        Ok(names.filter_map(name).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut drive = self.drive();
        let counted = drive.count();
        if counted.is_err_and(|kind| kind == TrapKind::Error || drive.stream.percent(50)) {
            return Err(failed());
        }
        let file = drive.files.len();
        drive.files.push(File::default());
        drive.names.insert(path.to_owned(), file);
        drive
            .renamings
            .push(Renaming::Create(path.to_owned(), file));
        counted.map_err(|_| failed())?;
        Ok(Box::new(SimFile {
            disk: self.clone(),
            file,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut drive = self.drive();
        drive.check()?;
        let file = *drive.names.get(path).ok_or_else(not_found)?;
        Ok(Box::new(SimFile {
            disk: self.clone(),
            file,
        }))
    }

    fn open_writable(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut drive = self.drive();
        drive.check()?;
        let file = drive.names.remove(from).ok_or_else(not_found)?;
        drive.names.insert(to.to_owned(), file);
        drive
            .renamings
            .push(Renaming::Rename(from.to_owned(), to.to_owned(), file));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut drive = self.drive();
        drive.check()?;
        drive.names.remove(path).ok_or_else(not_found)?;
        drive.renamings.push(Renaming::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut drive = self.drive();
        drive.check()?;
        drive.renamings.clear();
        drive.durable_names = drive.names.clone();
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        self.drive().check()?;
        Ok(FREE_BYTES)
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: usize,
}

impl DiskFile for SimFile {
    fn bytes(&self) -> io::Result<u64> {
        let mut drive = self.disk.drive();
        drive.check()?;
        Ok(drive.files[self.file].live.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut drive = self.disk.drive();
        drive.check()?;
        let live = &drive.files[self.file].live;
        let start = usize::try_from(offset).map_or(live.len(), |offset| offset.min(live.len()));
        let len = buffer.len().min(live.len() - start);
        buffer[..len].copy_from_slice(&live[start..start + len]);
        Ok(len)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut drive = self.disk.drive();
        let end = drive.files[self.file].live.len();
        drive.write(self.file, end, bytes)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| failed())?;
        self.disk.drive().write(self.file, start, bytes)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        let mut drive = self.disk.drive();
        drive.check()?;
        let bytes = usize::try_from(bytes).map_err(|_| failed())?;
        let file = &mut drive.files[self.file];
        file.live.resize(bytes, 0);
        file.is_dirty = true;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut drive = self.disk.drive();
        let counted = drive.count();
        // A sync that did not return may have done its work.
        if counted.is_err_and(|_| drive.stream.percent(50)) {
            return Err(failed());
        }
        drive.syncs += 1;
        let file = &mut drive.files[self.file];
        file.is_dirty = false;
        if file.live.starts_with(&file.durable) {
            let known = file.durable.len();
            file.durable.extend_from_slice(&file.live[known..]);
        } else {
            file.durable.clone_from(&file.live);
        }
        counted.map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIR: &str = "/d";

    fn read(disk: &SimDisk, path: &Path) -> Vec<u8> {
        let file = disk.open(path).unwrap();
        let mut bytes = vec![0; usize::try_from(file.bytes().unwrap()).unwrap()];
        assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
        bytes
    }

    /// A disk with a file that holds these bytes for sure.
    fn synced(seed: u64, bytes: &[u8]) -> (SimDisk, PathBuf, Box<dyn DiskFile>) {
        let disk = SimDisk::new(Stream::of(seed, "disk"));
        let path = Path::new(DIR).join("a");
        let mut file = disk.create(&path).unwrap();
        file.append(bytes).unwrap();
        file.sync().unwrap();
        disk.sync_dir(Path::new(DIR)).unwrap();
        (disk, path, file)
    }

    #[test]
    fn a_power_cut_keeps_what_was_synced_and_no_more_for_sure() {
        let mut was_changed = false;
        for seed in 0..50 {
            let (disk, path, mut file) = synced(seed, b"synced");
            assert!(disk.is_synced());
            file.append(b" and not").unwrap();
            assert!(!disk.is_synced());
            disk.cut_power();
            let left = read(&disk, &path);
            assert!(left.starts_with(b"synced"), "seed {seed}: {left:?}");
            was_changed |= left != b"synced and not";
            assert!(disk.is_synced());
        }
        assert!(was_changed);
    }

    #[test]
    fn what_is_written_over_zeros_is_lost_torn_or_kept_and_nothing_else_changes() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let (disk, path, mut file) = synced(seed, b"synced\0\0\0\0");
            file.write_at(6, b"new").unwrap();
            assert!(!disk.is_synced());
            disk.cut_power();
            let left = read(&disk, &path);
            assert!(left.starts_with(b"synced"), "seed {seed}: {left:?}");
            assert_eq!((left.len(), left[9]), (10, 0), "seed {seed}: {left:?}");
            seen.insert(left);
        }
        assert!(seen.contains(&b"synced\0\0\0\0"[..]) && seen.contains(&b"syncednew\0"[..]));
        assert!(seen.len() > 2, "{seen:?}");
    }

    #[test]
    fn a_name_is_there_for_sure_only_once_its_directory_is_synced() {
        let is_there = |seed: u64| {
            let disk = SimDisk::new(Stream::of(seed, "disk"));
            disk.create(&Path::new(DIR).join("a")).unwrap();
            disk.cut_power();
            !disk.list(Path::new(DIR)).unwrap().is_empty()
        };
        let there = (0..50).filter(|seed| is_there(*seed)).count();
        assert!((1..50).contains(&there), "{there} of 50");
    }

    #[test]
    fn a_trap_ends_everything_after_it() {
        let disk = SimDisk::new(Stream::of(1, "disk"));
        let mut file = disk.create(&Path::new(DIR).join("a")).unwrap();
        disk.set_trap(2, TrapKind::Death);
        file.append(b"one").unwrap();
        assert!(file.append(b"two").is_err());
        assert!(disk.is_dead());
        assert!(disk.list(Path::new(DIR)).is_err());
        disk.restart_process();
        assert_eq!(disk.list(Path::new(DIR)).unwrap(), ["a"]);
    }
}
