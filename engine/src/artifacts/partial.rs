//! Uploads under way: files that grow at their end until the bytes have the digest they were announced with.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fleetfold_core::StoredArtifact;
use fleetfold_schemas::{
    Digest,
    code::{Code, Rejection},
};

use super::Limits;
use super::error::{ArtifactError, Refused};
use super::file::{self, Content};

#[derive(Debug)]
pub struct Partials {
    dir: PathBuf,
    limits: Limits,
    files: HashMap<Digest, Partial>,
}

#[derive(Debug)]
struct Partial {
    file: File,
    length: u64,
    /// By the clock that stamps files, also when time is simulated: it is compared with their stamps.
    touched: SystemTime,
}

/// A finished file, to be put on the shelf.
pub struct Finished {
    pub path: PathBuf,
    pub stored: StoredArtifact,
}

impl Partials {
    /// Goes on with the uploads that an earlier process left.
    pub fn open_directory(dir: PathBuf, limits: Limits) -> Result<Self, ArtifactError> {
        file::create_directory(&dir)?;
        let list_error = |source| ArtifactError::ListDirectory {
            path: dir.clone(),
            source,
        };
        let mut files = HashMap::new();
        for entry in fs::read_dir(&dir).map_err(list_error)? {
            let entry = entry.map_err(list_error)?;
            let name = entry.file_name();
            let Some(digest) = name.to_str().and_then(|name| Digest::parse(name).ok()) else {
                continue;
            };
            files.insert(digest, Partial::reopen(&entry.path())?);
        }
        let mut partials = Self { dir, limits, files };
        partials.drop_stale()?;
        Ok(partials)
    }

    /// How many bytes of an upload are here.
    pub fn received_bytes(&self, digest: &Digest) -> u64 {
        self.files.get(digest).map_or(0, |partial| partial.length)
    }

    /// Stores a piece: it continues what is here, or repeats some of it. Returns how many bytes are here then.
    ///
    /// Where a repeat differs from what is here, the repeat is believed and what follows it is forgotten: a crash may
    /// have left bytes at the end that were never synced, and if the sender is wrong the digest will say so.
    pub fn write(&mut self, digest: &Digest, offset: u64, bytes: &[u8]) -> Result<u64, Refused> {
        let length = self.received_bytes(digest);
        if offset > length {
            return Err(rejected(
                Code::UploadGap,
                format!("the piece begins at {offset}; {length} bytes are here, go on from there"),
            ));
        }
        let end = offset.saturating_add(bytes.len() as u64);
        let growth = end.saturating_sub(length);
        self.admit_artifact(end)?;
        self.admit_upload(digest, growth)?;
        self.admit_to_disk(growth)?;
        self.store(digest, offset, bytes)?;
        Ok(self.received_bytes(digest))
    }

    /// Stores all bytes of an artifact at once, which keeps no upload from beginning and is kept by none.
    pub fn write_whole(&mut self, digest: &Digest, bytes: &[u8]) -> Result<Finished, Refused> {
        self.admit_artifact(bytes.len() as u64)?;
        self.admit_to_disk(bytes.len() as u64)?;
        self.discard(digest)?;
        self.store(digest, 0, bytes)?;
        self.finish(digest)
    }

    /// Ends an upload, whose bytes have all been synced. Whether they were right or not, it is no longer under way.
    pub fn finish(&mut self, digest: &Digest) -> Result<Finished, Refused> {
        let path = self.path(digest);
        let partial = self.begin(digest)?;
        let Content {
            digest: found,
            stored,
        } = file::hash(&partial.file, &path)?;
        if found == *digest {
            self.files.remove(digest);
            return Ok(Finished { path, stored });
        }
        self.discard(digest)?;
        Err(rejected(
            Code::UploadMismatch,
            format!(
                "the {} bytes uploaded have the digest {found}; begin again",
                stored.bytes
            ),
        ))
    }

    /// Forgets an upload.
    pub fn discard(&mut self, digest: &Digest) -> Result<(), ArtifactError> {
        self.files.remove(digest);
        remove(&self.path(digest))
    }

    fn store(&mut self, digest: &Digest, offset: u64, bytes: &[u8]) -> Result<(), ArtifactError> {
        let path = self.path(digest);
        let stored = self.begin(digest)?.write(&path, offset, bytes);
        if stored.is_err() {
            // After a failed write or sync nobody can tell what the file holds.
            self.discard(digest)?;
        }
        stored
    }

    fn admit_artifact(&self, bytes: u64) -> Result<(), Refused> {
        let bytes_max = self.limits.artifact_bytes_max;
        if bytes > bytes_max {
            return Err(rejected(
                Code::TooLarge,
                format!("an artifact has at most {bytes_max} bytes"),
            ));
        }
        Ok(())
    }

    /// Whether there is room for an upload, or for more of one.
    fn admit_upload(&mut self, digest: &Digest, growth: u64) -> Result<(), Refused> {
        let limits = self.limits;
        if !self.files.contains_key(digest) {
            self.drop_stale()?;
            if self.files.len() >= limits.partials_max {
                return Err(rejected(
                    Code::StorageLow,
                    format!(
                        "{} uploads are unfinished; finish one first",
                        self.files.len()
                    ),
                ));
            }
        }
        let unfinished: u64 = self.files.values().map(|partial| partial.length).sum();
        if growth > 0 && unfinished.saturating_add(growth) > limits.partial_bytes_max {
            return Err(rejected(
                Code::StorageLow,
                format!("unfinished uploads hold {unfinished} bytes; finish one first"),
            ));
        }
        Ok(())
    }

    /// Whether the disk keeps its floor of free space with so many bytes more.
    fn admit_to_disk(&self, growth: u64) -> Result<(), Refused> {
        let free = file::free_space_bytes(&self.dir)?;
        let floor = self.limits.free_bytes_min;
        if growth > 0 && free < floor.saturating_add(growth) {
            return Err(rejected(
                Code::StorageLow,
                format!("{free} bytes are free on the disk and {floor} must stay so"),
            ));
        }
        Ok(())
    }

    /// The upload, begun if it was not.
    fn begin(&mut self, digest: &Digest) -> Result<&mut Partial, ArtifactError> {
        if !self.files.contains_key(digest) {
            let partial = Partial::create(&self.path(digest))?;
            file::sync_directory(&self.dir)?;
            self.files.insert(*digest, partial);
        }
        Ok(self
            .files
            .get_mut(digest)
            .expect("it was inserted if it was absent"))
    }

    fn drop_stale(&mut self) -> Result<(), ArtifactError> {
        let now = SystemTime::now();
        let age_max = self.limits.partial_age_max;
        let stale: Vec<Digest> = self
            .files
            .iter()
            // A stamp from the future is of no age.
            .filter(|(_, partial)| {
                now.duration_since(partial.touched).unwrap_or_default() > age_max
            })
            .map(|(digest, _)| *digest)
            .collect();
        for digest in stale {
            tracing::info!(%digest, "an unfinished upload was abandoned");
            self.discard(&digest)?;
        }
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.to_string())
    }
}

impl Partial {
    fn create(path: &Path) -> Result<Self, ArtifactError> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path);
        Ok(Self {
            file: file.map_err(|source| ArtifactError::Open {
                path: path.to_owned(),
                source,
            })?,
            length: 0,
            touched: SystemTime::now(),
        })
    }

    fn reopen(path: &Path) -> Result<Self, ArtifactError> {
        let reopened = File::options()
            .read(true)
            .write(true)
            .open(path)
            .and_then(|file| Ok((file.metadata()?, file)))
            .and_then(|(metadata, file)| Ok((metadata.len(), metadata.modified()?, file)));
        let (length, touched, file) = reopened.map_err(|source| ArtifactError::Open {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            file,
            length,
            touched,
        })
    }

    fn write(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> Result<(), ArtifactError> {
        let known = self
            .known_prefix(offset, bytes)
            .map_err(|source| ArtifactError::Read {
                path: path.to_owned(),
                source,
            })?;
        if known < bytes.len() {
            let from = offset + known as u64;
            self.replace_end(from, &bytes[known..])
                .map_err(|source| ArtifactError::Write {
                    path: path.to_owned(),
                    source,
                })?;
        }
        // A repeat is synced, too: the process that wrote it may have died before it could.
        self.file
            .sync_data()
            .map_err(|source| ArtifactError::Sync {
                path: path.to_owned(),
                source,
            })?;
        self.touched = SystemTime::now();
        Ok(())
    }

    /// How many of the bytes are here already, at their place.
    fn known_prefix(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let here = usize::try_from(self.length - offset).unwrap_or(usize::MAX);
        let mut found = vec![0; here.min(bytes.len())];
        self.file.read_exact_at(&mut found, offset)?;
        let differs = found.iter().zip(bytes).position(|(a, b)| a != b);
        Ok(differs.unwrap_or(found.len()))
    }

    fn replace_end(&mut self, from: u64, bytes: &[u8]) -> io::Result<()> {
        if from < self.length {
            self.file.set_len(from)?;
        }
        self.file.write_all_at(bytes, from)?;
        self.length = from + bytes.len() as u64;
        Ok(())
    }
}

fn remove(path: &Path) -> Result<(), ArtifactError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ArtifactError::Remove {
            path: path.to_owned(),
            source,
        }),
    }
}

fn rejected(code: Code, message: String) -> Refused {
    Refused::Rejected(Rejection::new(code, message))
}
