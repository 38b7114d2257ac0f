//! The few things we ask of files, each with its name in the error.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use fleetfold_core::StoredArtifact;
use fleetfold_schemas::{Digest, Sha256};
use sha2::Digest as _;

use super::error::ArtifactError;
use crate::log::{Disk as _, OsDisk};

/// Read at once while hashing: enough to keep the disk busy, small beside a thread's stack and heap.
const HASH_STEP_BYTES: usize = 256 * 1024;

/// What the bytes of a file are.
pub struct Content {
    pub digest: Digest,
    pub stored: StoredArtifact,
}

/// Reads a whole file from its start. The file's position moves, which nobody here relies on.
pub fn hash(mut file: &File, path: &Path) -> Result<Content, ArtifactError> {
    let read_error = |source| ArtifactError::Read {
        path: path.to_owned(),
        source,
    };
    io::Seek::rewind(&mut file).map_err(read_error)?;
    let mut blake3 = blake3::Hasher::new();
    let mut sha256 = sha2::Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; HASH_STEP_BYTES];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_error(error)),
        };
        blake3.update(read);
        sha256.update(read);
        bytes += read.len() as u64;
    }
    Ok(Content {
        digest: Digest(*blake3.finalize().as_bytes()),
        stored: StoredArtifact {
            sha256: Sha256(sha256.finalize().into()),
            bytes,
        },
    })
}

/// Makes the names in a directory survive a power cut.
pub fn sync_directory(path: &Path) -> Result<(), ArtifactError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| ArtifactError::Sync {
            path: path.to_owned(),
            source,
        })
}

pub fn create_directory(path: &Path) -> Result<(), ArtifactError> {
    fs::create_dir_all(path).map_err(|source| ArtifactError::CreateDirectory {
        path: path.to_owned(),
        source,
    })
}

/// `None` if there is no such file.
pub fn open(path: &Path) -> Result<Option<File>, ArtifactError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ArtifactError::Open {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The bytes that an unprivileged process may still write to the file system of `path`.
pub fn free_space_bytes(path: &Path) -> Result<u64, ArtifactError> {
    let bytes = OsDisk.free_bytes(path);
    bytes.map_err(|source| ArtifactError::FreeSpace {
        path: path.to_owned(),
        source,
    })
}
