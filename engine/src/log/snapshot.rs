//! Snapshots: what the records up to some point fold to, so that opening does not grow with history.
//!
//! A snapshot is a file in the log's directory `snapshots`, named after the last record it covers and after its
//! content: `<seq, 20 digits>-<digest>.ffs`. What the content means is its writer's business: to the log it is a
//! sequence of sections, byte strings of at most [`SECTION_BYTES_MAX`]. All integers are little-endian.
//! ```text
//! header:
//!   magic     8 bytes   "FFSNAPSH"
//!   version   u32       of this layout
//!   format    u32       of the content
//!   seq       u64       the head of the log up to which the content is folded
//!   at_ms     u64
//!   chain     32 bytes
//!   crc32     u32       over all of the above
//! each section:
//!   bytes     u32       before compression
//!   stored    u32       as it stands here
//!   crc32     u32       over both lengths and what is stored
//!   stored    zstd
//! end:
//!   magic     8 bytes   "FFSNAPND"
//!   sections  u32
//!   bytes     u64       of all sections before compression
//!   digest    32 bytes
//!   crc32     u32       over all of the end
//! ```
//! The digest is BLAKE3 over, for every section, its length (u32) and its bytes, uncompressed: whoever folds the log
//! can compute the same. It stands at the end because a file only ever grows. A file has its name only once it is
//! complete and synced, so one that does not read is damaged and never the work of a crash.

mod content;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

pub use writer::SnapshotWriter;

use super::error::LogError;
use super::{Chain, Disk, DiskFile, Head};

/// The largest section, inclusive: bounds what a reader must hold.
pub const SECTION_BYTES_MAX: usize = 1024 * 1024;

/// The layout that this version reads and writes.
const FILE_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"FFSNAPSH";
const HEADER_BYTES: usize = 8 + 4 + 4 + 8 + 8 + 32 + 4;
const SECTION_HEADER_BYTES: usize = 4 + 4 + 4;
const END_MAGIC: [u8; 8] = *b"FFSNAPND";
const END_BYTES: usize = 8 + 4 + 8 + 32 + 4;

/// The suffix of a snapshot, of one that is being written, and of one that was set aside.
const FINISHED: &str = ".ffs";
const UNFINISHED: &str = ".ffs-new";
const ASIDE: &str = ".damaged";

/// The BLAKE3 digest of a snapshot's content.
pub type Digest = [u8; 32];

/// A snapshot whose header, end and name are in order. What is between shows only on reading it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    head: Head,
    format: u32,
    end: End,
    file_bytes: u64,
}

/// What the end of a snapshot says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    sections: u32,
    bytes: u64,
    digest: Digest,
}

/// What is wrong with a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SnapshotDamage {
    #[error("its header is damaged")]
    Header,
    #[error("it has file version {0}; this version reads {FILE_VERSION}")]
    Version(u32),
    #[error("its end is missing or damaged")]
    End,
    #[error("its name and its content disagree")]
    Name,
    #[error("section {0} is damaged")]
    Section(u32),
    #[error("its content is not what its digest says")]
    Digest,
    #[error("the log's chain has another value at {seq}: it is of another history")]
    Differs { seq: u64 },
}

/// Reading a snapshot ended early. Whatever was made of its sections must be thrown away.
#[derive(Debug, Error)]
pub enum SnapshotError<E> {
    #[error("the snapshot {}: {damage}", path.display())]
    Damaged {
        path: PathBuf,
        damage: SnapshotDamage,
    },
    #[error("cannot read the snapshot {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The visitor's own error.
    #[error("the reader of the snapshot stopped")]
    Visit(#[source] E),
}

/// The snapshots of a log.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// Newest first.
    pub found: Vec<Snapshot>,
    /// Files that are named like snapshots and cannot be used.
    pub damaged: Vec<DamagedSnapshot>,
}

/// A file that is named like a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedSnapshot {
    pub path: PathBuf,
    /// The record up to which its name says it goes.
    pub seq: u64,
    pub damage: SnapshotDamage,
}

/// The snapshots in the log directory `log_dir`. Looks at no content.
///
/// # Errors
/// The file system fails.
pub fn snapshots(disk: &Arc<dyn Disk>, log_dir: &Path) -> Result<Snapshots, LogError> {
    let dir = snapshot_dir(log_dir);
    let mut snapshots = Snapshots::default();
    for name in names(disk, &dir)? {
        let Some((seq, digest)) = parse_name(&name) else {
            continue;
        };
        let path = dir.join(&name);
        match Snapshot::open(disk, &path, seq, &digest) {
            Ok(snapshot) => snapshots.found.push(snapshot),
            Err(SnapshotError::Damaged { path, damage }) => {
                snapshots
                    .damaged
                    .push(DamagedSnapshot { path, seq, damage });
            }
            // Someone tidied up since the directory was listed.
            Err(SnapshotError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            }
            Err(SnapshotError::Read { path, source }) => {
                return Err(LogError::ReadSnapshot { path, source });
            }
            Err(SnapshotError::Visit(never)) => match never {},
        }
    }
    snapshots
        .found
        .sort_by_key(|snapshot| std::cmp::Reverse(snapshot.head.seq));
    Ok(snapshots)
}

impl Snapshot {
    fn open(
        disk: &Arc<dyn Disk>,
        path: &Path,
        seq: u64,
        digest: &Digest,
    ) -> Result<Self, SnapshotError<std::convert::Infallible>> {
        let read = |source| SnapshotError::Read {
            path: path.to_owned(),
            source,
        };
        let damaged = |damage| SnapshotError::Damaged {
            path: path.to_owned(),
            damage,
        };
        let file = disk.open(path).map_err(read)?;
        let file_bytes = file.bytes().map_err(read)?;
        let mut header = [0; HEADER_BYTES];
        if !read_exactly(&*file, 0, &mut header).map_err(read)? {
            return Err(damaged(SnapshotDamage::Header));
        }
        let (head, format) = parse_header(&header).map_err(damaged)?;
        let end_at = file_bytes
            .checked_sub(END_BYTES as u64)
            .filter(|at| *at >= HEADER_BYTES as u64)
            .ok_or(damaged(SnapshotDamage::End))?;
        let mut end = [0; END_BYTES];
        if !read_exactly(&*file, end_at, &mut end).map_err(read)? {
            return Err(damaged(SnapshotDamage::End));
        }
        let end = parse_end(&end).ok_or(damaged(SnapshotDamage::End))?;
        if head.seq != seq || end.digest != *digest {
            return Err(damaged(SnapshotDamage::Name));
        }
        Ok(Self {
            disk: Arc::clone(disk),
            path: path.to_owned(),
            head,
            format,
            end,
            file_bytes,
        })
    }

    /// The head of the log up to which the content is folded.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The format of the content, as its writer numbers them.
    #[must_use]
    pub fn format(&self) -> u32 {
        self.format
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        self.end.digest
    }

    /// The content's size before compression.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.end.bytes
    }

    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the snapshot for good.
    ///
    /// # Errors
    /// The file system fails.
    pub fn remove(self) -> Result<(), LogError> {
        let removed = self
            .disk
            .remove(&self.path)
            .and_then(|()| sync_parent(&self.disk, &self.path));
        removed.map_err(|source| LogError::RemoveSnapshot {
            path: self.path,
            source,
        })
    }

    /// Gives a snapshot that proved damaged another name, so that nobody tries it again and someone can look at it.
    ///
    /// # Errors
    /// The file system fails.
    pub fn set_aside(self) -> Result<PathBuf, LogError> {
        set_aside(&self.disk, self.path)
    }
}

/// Renames a snapshot that cannot be used and returns its new name.
pub(super) fn set_aside(disk: &Arc<dyn Disk>, path: PathBuf) -> Result<PathBuf, LogError> {
    let mut to = path.clone().into_os_string();
    to.push(ASIDE);
    let to = PathBuf::from(to);
    let moved = disk
        .rename(&path, &to)
        .and_then(|()| sync_parent(disk, &path));
    match moved {
        Ok(()) => Ok(to),
        Err(source) => Err(LogError::SetAside { path, source }),
    }
}

/// Removes what an interrupted writer left. Only for whoever has the log's lock and writes no snapshot now.
pub(super) fn remove_unfinished(
    disk: &Arc<dyn Disk>,
    log_dir: &Path,
) -> Result<Vec<PathBuf>, LogError> {
    let dir = snapshot_dir(log_dir);
    let mut removed = Vec::new();
    for name in names(disk, &dir)? {
        if !name.ends_with(UNFINISHED) {
            continue;
        }
        let path = dir.join(name);
        if let Err(source) = disk.remove(&path) {
            return Err(LogError::RemoveSnapshot { path, source });
        }
        removed.push(path);
    }
    Ok(removed)
}

pub(super) fn snapshot_dir(log_dir: &Path) -> PathBuf {
    log_dir.join("snapshots")
}

fn snapshot_path(dir: &Path, seq: u64, digest: &Digest) -> PathBuf {
    let digest = blake3::Hash::from_bytes(*digest).to_hex();
    dir.join(format!("{seq:020}-{digest}{FINISHED}"))
}

/// The names in the directory; none if there is no directory, since a log gets it with its first snapshot.
fn names(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Vec<String>, LogError> {
    match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| LogError::ListDirectory {
            path: dir.to_owned(),
            source,
        }),
    }
}

/// Position and digest in a snapshot's name; `None` for any other file.
fn parse_name(name: &str) -> Option<(u64, Digest)> {
    let (seq, digest) = name.strip_suffix(FINISHED)?.split_once('-')?;
    let seq = Some(seq).filter(|seq| seq.len() == 20)?.parse().ok()?;
    let digest = blake3::Hash::from_hex(digest).ok()?;
    Some((seq, *digest.as_bytes()))
}

fn sync_parent(disk: &Arc<dyn Disk>, path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| disk.sync_dir(dir))
}

/// Fills the buffer from `offset` on; `false` if the file ends before.
fn read_exactly(file: &dyn DiskFile, offset: u64, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(offset + filled as u64, &mut buffer[filled..])? {
            0 => return Ok(false),
            read => filled += read,
        }
    }
    Ok(true)
}

fn header(head: &Head, format: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&FILE_VERSION.to_le_bytes());
    header.extend_from_slice(&format.to_le_bytes());
    header.extend_from_slice(&head.seq.to_le_bytes());
    header.extend_from_slice(&head.at_ms.to_le_bytes());
    header.extend_from_slice(&head.chain);
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header
}

fn parse_header(header: &[u8; HEADER_BYTES]) -> Result<(Head, u32), SnapshotDamage> {
    let mut rest: &[u8] = header;
    let magic: [u8; 8] = take(&mut rest).ok_or(SnapshotDamage::Header)?;
    if magic != MAGIC {
        return Err(SnapshotDamage::Header);
    }
    // Before the checksum, which another version may place elsewhere.
    match u32::from_le_bytes(take(&mut rest).ok_or(SnapshotDamage::Header)?) {
        FILE_VERSION => {}
        version => return Err(SnapshotDamage::Version(version)),
    }
    let crc = crc32fast::hash(&header[..HEADER_BYTES - 4]);
    parse_position(rest)
        .filter(|(_, _, stored_crc)| *stored_crc == crc)
        .map(|(head, format, _)| (head, format))
        .ok_or(SnapshotDamage::Header)
}

/// The header from the content's format on.
fn parse_position(mut rest: &[u8]) -> Option<(Head, u32, u32)> {
    let format = u32::from_le_bytes(take(&mut rest)?);
    let head = Head {
        seq: u64::from_le_bytes(take(&mut rest)?),
        at_ms: u64::from_le_bytes(take(&mut rest)?),
        chain: take::<{ size_of::<Chain>() }>(&mut rest)?,
    };
    Some((head, format, u32::from_le_bytes(take(&mut rest)?)))
}

impl End {
    fn to_bytes(self) -> Vec<u8> {
        let mut end = Vec::with_capacity(END_BYTES);
        end.extend_from_slice(&END_MAGIC);
        end.extend_from_slice(&self.sections.to_le_bytes());
        end.extend_from_slice(&self.bytes.to_le_bytes());
        end.extend_from_slice(&self.digest);
        end.extend_from_slice(&crc32fast::hash(&end).to_le_bytes());
        end
    }
}

fn parse_end(end: &[u8; END_BYTES]) -> Option<End> {
    let mut rest: &[u8] = end;
    let magic: [u8; 8] = take(&mut rest)?;
    let sections = u32::from_le_bytes(take(&mut rest)?);
    let bytes = u64::from_le_bytes(take(&mut rest)?);
    let digest = take(&mut rest)?;
    let crc = crc32fast::hash(&end[..END_BYTES - 4]);
    (magic == END_MAGIC && rest == crc.to_le_bytes()).then_some(End {
        sections,
        bytes,
        digest,
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// The digest of content that is shown section by section.
#[derive(Debug)]
struct Digester(blake3::Hasher);

impl Digester {
    fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    fn section(&mut self, section: &[u8]) {
        let bytes = u32::try_from(section.len()).expect("a section is at most a mebibyte");
        self.0.update(&bytes.to_le_bytes());
        self.0.update(section);
    }

    fn finish(&self) -> Digest {
        self.0.finalize().into()
    }
}
