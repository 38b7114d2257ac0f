//! How much room the log has left.

use std::path::Path;

use super::disk::{Disk, OsDisk};
use super::error::LogError;

/// The bytes that an unprivileged process may still write to the file system of `dir`.
///
/// # Errors
/// The file system cannot be asked.
pub fn free_space_bytes(dir: &Path) -> Result<u64, LogError> {
    OsDisk
        .free_bytes(dir)
        .map_err(|source| LogError::FreeSpace {
            path: dir.to_owned(),
            source,
        })
}
