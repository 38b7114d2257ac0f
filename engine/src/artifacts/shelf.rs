//! Whole artifacts: checked once in a process, then read.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use fleetfold_core::StoredArtifact;
use fleetfold_schemas::{
    Digest,
    code::{Code, Rejection},
    device::CHUNK_BYTES_MAX,
};

use super::error::{ArtifactError, Refused};
use super::file::{self, Content};

/// Files held open. A rollout reads one image and a few deltas; this many serve dozens of rollouts at once and are
/// nothing beside the sockets that share the process's limit.
const OPEN_FILES_MAX: usize = 64;

#[derive(Debug)]
pub struct Shelf {
    dir: PathBuf,
    checks: Mutex<HashMap<Digest, Arc<Mutex<Check>>>>,
    open: Mutex<OpenFiles>,
}

/// What this process knows of a file. Its lock is held during the check, so that one reader hashes and others wait.
/// Entries exist only for files that exist.
#[derive(Debug, Default)]
enum Check {
    #[default]
    Pending,
    Good(StoredArtifact),
    Corrupt {
        found: Digest,
    },
}

#[derive(Debug)]
pub struct OpenFile {
    file: File,
    path: PathBuf,
    pub stored: StoredArtifact,
}

impl Shelf {
    pub fn open_directory(dir: PathBuf) -> Result<Self, ArtifactError> {
        file::create_directory(&dir)?;
        Ok(Self {
            dir,
            checks: Mutex::default(),
            open: Mutex::default(),
        })
    }

    /// The artifact, if it is there and undamaged.
    pub fn open(&self, digest: &Digest) -> Result<Option<Arc<OpenFile>>, ArtifactError> {
        if let Some(open) = lock(&self.open).get(digest) {
            return Ok(Some(open));
        }
        let path = self.path(digest);
        if !path.exists() {
            return Ok(None);
        }
        let check = Arc::clone(lock(&self.checks).entry(*digest).or_default());
        let mut check = lock(&check);
        // Opened under the lock: a file opened before it may be the damaged one that `add` has just replaced.
        let Some(file) = file::open(&path)? else {
            return Ok(None);
        };
        let stored = checked(&mut check, digest, &file, &path)?;
        let open = Arc::new(OpenFile { file, path, stored });
        lock(&self.open).insert(*digest, &open);
        Ok(Some(open))
    }

    /// Takes in a file that has just been synced and found to hold the bytes of this digest. A damaged one that stood
    /// there is replaced.
    pub fn add(
        &self,
        digest: &Digest,
        stored: StoredArtifact,
        from: &Path,
    ) -> Result<(), ArtifactError> {
        let check = Arc::clone(lock(&self.checks).entry(*digest).or_default());
        let mut check = lock(&check);
        fs::rename(from, self.path(digest)).map_err(|source| ArtifactError::Rename {
            path: from.to_owned(),
            source,
        })?;
        *check = Check::Good(stored);
        // The new name first: a crash in between leaves two names, never none.
        file::sync_directory(&self.dir)?;
        from.parent().map_or(Ok(()), file::sync_directory)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.to_string())
    }
}

impl OpenFile {
    /// `length` bytes from `offset`, which must be there, and not more than a device may ask for at once.
    pub fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>, Refused> {
        let bytes = self.stored.bytes;
        let fits = offset
            .checked_add(length.into())
            .is_some_and(|end| end <= bytes);
        if !fits || length == 0 || length > CHUNK_BYTES_MAX {
            return Err(Refused::Rejected(Rejection::new(
                Code::ChunkRange,
                format!(
                    "{length} bytes at {offset} of {bytes}; a piece has 1 to {CHUNK_BYTES_MAX}"
                ),
            )));
        }
        Ok(self.read_exact(offset, length as usize)?)
    }

    /// Bytes that are known to be there.
    pub fn read_exact(&self, offset: u64, length: usize) -> Result<Vec<u8>, ArtifactError> {
        let mut bytes = vec![0; length];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(|source| ArtifactError::Read {
                path: self.path.clone(),
                source,
            })?;
        Ok(bytes)
    }

    /// The whole, checked again.
    pub fn read_all(&self, digest: &Digest) -> Result<Vec<u8>, ArtifactError> {
        let length = usize::try_from(self.stored.bytes).expect("an artifact is below 2 GiB");
        let bytes = self.read_exact(0, length)?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(ArtifactError::Corrupt {
                path: self.path.clone(),
                found,
            });
        }
        Ok(bytes)
    }
}

fn checked(
    check: &mut Check,
    digest: &Digest,
    file: &File,
    path: &Path,
) -> Result<StoredArtifact, ArtifactError> {
    if matches!(check, Check::Pending) {
        let Content {
            digest: found,
            stored,
        } = file::hash(file, path)?;
        *check = if found == *digest {
            Check::Good(stored)
        } else {
            tracing::error!(path = %path.display(), %found, "a damaged artifact is not served");
            Check::Corrupt { found }
        };
    }
    match *check {
        Check::Good(stored) => Ok(stored),
        Check::Corrupt { found } => Err(ArtifactError::Corrupt {
            path: path.to_owned(),
            found,
        }),
        Check::Pending => unreachable!("it was checked above"),
    }
}

/// The files used last.
#[derive(Debug, Default)]
struct OpenFiles {
    files: HashMap<Digest, (Arc<OpenFile>, u64)>,
    uses: u64,
}

impl OpenFiles {
    fn get(&mut self, digest: &Digest) -> Option<Arc<OpenFile>> {
        let (file, last_use) = self.files.get_mut(digest)?;
        self.uses += 1;
        *last_use = self.uses;
        Some(Arc::clone(file))
    }

    fn insert(&mut self, digest: Digest, file: &Arc<OpenFile>) {
        if self.files.len() >= OPEN_FILES_MAX {
            let oldest = self.files.iter().min_by_key(|(_, (_, last_use))| *last_use);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                self.files.remove(&oldest);
            }
        }
        self.uses += 1;
        self.files.insert(digest, (Arc::clone(file), self.uses));
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("nothing panics while it holds a lock of the store")
}
