//! How far the other side has been told, in a file of its own.
//!
//! It is replaced as a whole, and not synced: after a power cut it may be an older one, and what lies between is told
//! again.

use std::{fs, io, path::PathBuf};

#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    position: u64,
}

impl Cursor {
    /// Without a file, or with one that says nothing that could be, it begins at `head`.
    pub fn open(path: PathBuf, head: u64) -> io::Result<Self> {
        let position = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().ok().filter(|position| *position <= head),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let cursor = Self {
            path,
            position: position.unwrap_or(head),
        };
        cursor.write()?;
        Ok(cursor)
    }

    pub const fn position(&self) -> u64 {
        self.position
    }

    pub fn move_to(&mut self, position: u64) {
        if position == self.position {
            return;
        }
        self.position = position;
        if let Err(error) = self.write() {
            tracing::warn!(%error, path = %self.path.display(), "cannot note how far the webhook has been told");
        }
    }

    fn write(&self) -> io::Result<()> {
        let next = self.path.with_extension("new");
        fs::write(&next, format!("{}\n", self.position))?;
        fs::rename(&next, &self.path)
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_and_one_beyond_the_log_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor");
        assert_eq!(Cursor::open(path.clone(), 7).unwrap().position(), 7);
        assert_eq!(Cursor::open(path.clone(), 90).unwrap().position(), 7);
        let mut cursor = Cursor::open(path.clone(), 90).unwrap();
        cursor.move_to(80);
        assert_eq!(Cursor::open(path.clone(), 90).unwrap().position(), 80);
        assert_eq!(Cursor::open(path.clone(), 12).unwrap().position(), 12);
        fs::write(&path, "nonsense").unwrap();
        assert_eq!(Cursor::open(path, 90).unwrap().position(), 90);
    }
}
