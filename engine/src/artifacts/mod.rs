//! Artifacts: images and deltas, as files named by what is in them.
//!
//! ```text
//! complete/{digest}   whole and checked, never written again
//! partial/{digest}    uploads under way
//! ```
//! A digest is BLAKE3, 64 hexadecimal digits, and no other text becomes a file name. A file gets its place in `complete`
//! when it is synced and its bytes have the digest; each process checks it once more before it first gives any of it
//! out, so what rots on the disk is refused instead of being served. Uploading a damaged artifact again replaces it.
//!
//! Calls block and belong on blocking threads. One process uses a directory at a time; the log's lock sees to that.

mod error;
mod file;
mod partial;
mod shelf;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleetfold_core::StoredArtifact;
use fleetfold_schemas::{
    Digest,
    code::{Code, Rejection},
};

pub use error::{ArtifactError, Refused};

use partial::{Finished, Partials};
use shelf::{OpenFile, Shelf, lock};

/// Largest artifact: suffix arrays and devices count in 31 bits.
pub const ARTIFACT_BYTES_MAX: u64 = (1 << 31) - 1;
/// Unfinished uploads at a time. Operators upload a release or a few; each holds a file open.
pub const PARTIALS_MAX: usize = 16;
/// What unfinished uploads may hold together: two of the largest, so that one abandoned upload blocks no other.
pub const PARTIAL_BYTES_MAX: u64 = 2 * ARTIFACT_BYTES_MAX;
/// An upload that was not continued for so long has been forgotten. A week outlasts holidays and slow links.
pub const PARTIAL_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Free space that artifacts leave on the disk, because the log is on it, too, and a log that cannot grow stops the
/// engine: a gigabyte is some ten million events.
pub const FREE_BYTES_MIN: u64 = 1 << 30;

/// How much the store takes in. All are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub artifact_bytes_max: u64,
    pub partials_max: usize,
    pub partial_bytes_max: u64,
    pub partial_age_max: Duration,
    pub free_bytes_min: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            artifact_bytes_max: ARTIFACT_BYTES_MAX,
            partials_max: PARTIALS_MAX,
            partial_bytes_max: PARTIAL_BYTES_MAX,
            partial_age_max: PARTIAL_AGE_MAX,
            free_bytes_min: FREE_BYTES_MIN,
        }
    }
}

/// How far an upload is. What it counts is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    pub received_bytes: u64,
    pub complete: bool,
}

/// The files below one directory.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    shelf: Arc<Shelf>,
    /// One writer at a time: uploads are rare, and what they share are the limits. Readers don't take this lock.
    partials: Arc<Mutex<Partials>>,
}

impl ArtifactStore {
    /// Opens the store, creating the directory if need be. Unfinished uploads go on where they were.
    pub fn open(dir: &Path, limits: Limits) -> Result<Self, ArtifactError> {
        let shelf = Shelf::open_directory(dir.join("complete"))?;
        let partials = Partials::open_directory(dir.join("partial"), limits)?;
        file::sync_directory(dir)?;
        Ok(Self {
            shelf: Arc::new(shelf),
            partials: Arc::new(Mutex::new(partials)),
        })
    }

    /// Takes a piece of the artifact with this digest. `Ok` means that the piece is synced.
    ///
    /// - Pieces come in order: each begins at or before the end of what is here, or is refused with
    ///   [`Code::UploadGap`]. Repeating a piece is fine at any time, also after the end.
    /// - **An empty piece at the end of what is here ends the upload.** If the bytes have the digest, the artifact is
    ///   complete and from now on immutable; if not, all of them are dropped and [`Code::UploadMismatch`] says so.
    /// - [`Code::TooLarge`] and [`Code::StorageLow`] tell of limits.
    pub fn upload(&self, digest: &Digest, offset: u64, bytes: &[u8]) -> Result<Uploaded, Refused> {
        let mut partials = lock(&self.partials);
        match self.shelf.open(digest) {
            Ok(Some(complete)) => return repeat(&complete, offset, bytes),
            Ok(None) | Err(ArtifactError::Corrupt { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let received_bytes = partials.write(digest, offset, bytes)?;
        let complete = bytes.is_empty() && offset == received_bytes;
        if complete {
            self.shelve(digest, partials.finish(digest)?)?;
        }
        Ok(Uploaded {
            received_bytes,
            complete,
        })
    }

    /// Stores bytes of our own making, whole. [`Code::TooLarge`] and [`Code::StorageLow`] tell of limits.
    pub fn insert(&self, bytes: &[u8]) -> Result<Digest, Refused> {
        let digest = Digest::of(bytes);
        let mut partials = lock(&self.partials);
        if let Ok(Some(_)) = self.shelf.open(&digest) {
            return Ok(digest);
        }
        self.shelve(&digest, partials.write_whole(&digest, bytes)?)?;
        Ok(digest)
    }

    /// What is stored under a digest. `None` also if it is damaged or cannot be read, which is logged.
    #[must_use]
    pub fn describe(&self, digest: &Digest) -> Option<StoredArtifact> {
        match self.shelf.open(digest) {
            Ok(found) => found.map(|complete| complete.stored),
            Err(error) => {
                tracing::error!(%digest, error = &error as &dyn std::error::Error, "cannot open an artifact");
                None
            }
        }
    }

    /// `length` bytes from `offset`, at most `CHUNK_BYTES_MAX`, all of which must be there.
    ///
    /// [`Code::UnknownArtifact`] if there is no undamaged artifact of this digest, [`Code::ChunkRange`] if it does not
    /// have these bytes, [`Code::StorageLow`] if the disk fails.
    pub fn read(&self, digest: &Digest, offset: u64, length: u32) -> Result<Vec<u8>, Rejection> {
        self.find(digest)
            .and_then(|complete| complete.read(offset, length))
            .map_err(Rejection::from)
    }

    /// The whole artifact, checked once more. Up to 2 GiB: ask [`Self::describe`] first.
    pub fn read_all(&self, digest: &Digest) -> Result<Vec<u8>, Refused> {
        Ok(self.find(digest)?.read_all(digest)?)
    }

    fn find(&self, digest: &Digest) -> Result<Arc<OpenFile>, Refused> {
        let missing = || Rejection::new(Code::UnknownArtifact, format!("there is no {digest}"));
        Ok(self.shelf.open(digest)?.ok_or_else(missing)?)
    }

    fn shelve(&self, digest: &Digest, finished: Finished) -> Result<(), ArtifactError> {
        let Finished { path, stored } = finished;
        self.shelf.add(digest, stored, &path)?;
        tracing::info!(%digest, bytes = stored.bytes, "artifact complete");
        Ok(())
    }
}

/// A piece of what is complete already.
fn repeat(complete: &OpenFile, offset: u64, bytes: &[u8]) -> Result<Uploaded, Refused> {
    let length = complete.stored.bytes;
    let is_within = offset
        .checked_add(bytes.len() as u64)
        .is_some_and(|end| end <= length);
    if !is_within || complete.read_exact(offset, bytes.len())? != bytes {
        return Err(Refused::Rejected(Rejection::new(
            Code::UploadMismatch,
            format!(
                "the artifact is complete with {length} bytes, and this is not one of its pieces"
            ),
        )));
    }
    Ok(Uploaded {
        received_bytes: length,
        complete: true,
    })
}
