//! How much room the log has left.

use std::path::Path;

use super::error::LogError;

/// The bytes that an unprivileged process may still write to the file system of `dir`.
///
/// # Errors
/// The file system cannot be asked.
pub fn free_space_bytes(dir: &Path) -> Result<u64, LogError> {
    let stat = rustix::fs::statvfs(dir).map_err(|errno| LogError::FreeSpace {
        path: dir.to_owned(),
        source: errno.into(),
    })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
