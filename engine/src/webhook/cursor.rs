//! How far the other side has been told, in a file of its own.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use crate::log::Head;

#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    place: Place,
}

/// Everything up to a head, and of what is behind it that up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    head: Head,
    told: u64,
}

/// As it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// The end of a batch of the log, all of which has been told.
    position: u64,
    at_ms: u64,
    chain: String,
    /// What has been told of those behind it.
    told: u64,
}

/// Why it is not known where to go on.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    #[error("cannot {what} {}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{} does not say how far the webhook has been told; without this file it begins with what is recorded from then on",
        path.display()
    )]
    Content { path: PathBuf },
}

impl Cursor {
    /// Without a file it begins at `head`.
    pub fn open(path: PathBuf, head: Head) -> Result<Self, CursorError> {
        let place = match fs::read(&path) {
            Ok(bytes) => match Place::read(&bytes) {
                Some(place) => place,
                None => return Err(CursorError::Content { path }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place {
                head,
                told: head.seq,
            },
            Err(source) => {
                let what = "read";
                return Err(CursorError::File { what, path, source });
            }
        };
        let cursor = Self { path, place };
        match cursor.write() {
            Ok(()) => Ok(cursor),
            Err(source) => Err(CursorError::File {
                what: "write",
                path: cursor.path,
                source,
            }),
        }
    }

    /// Up to here all is told.
    pub const fn head(&self) -> Head {
        self.place.head
    }

    /// Up to here what there was to tell is told: at the head or behind it.
    pub const fn told(&self) -> u64 {
        self.place.told
    }

    /// The other side has taken the notice at this position, after all before it.
    pub fn told_upto(&mut self, position: u64) {
        let told = position;
        self.note(Place { told, ..self.place });
    }

    /// There is no more to tell up to here.
    pub fn move_to(&mut self, head: Head) {
        let told = head.seq.max(self.place.told);
        self.note(Place { head, told });
    }

    /// Whatever was told: there is no more to tell up to here.
    pub fn begin_at(&mut self, head: Head) {
        let told = head.seq;
        self.note(Place { head, told });
    }

    fn note(&mut self, place: Place) {
        if place == self.place {
            return;
        }
        self.place = place;
        if let Err(error) = self.write() {
            // What lies between is told again after a restart.
            tracing::warn!(%error, path = %self.path.display(), "cannot note how far the webhook has been told");
        }
    }

    /// Replaces the file as a whole: after a power cut it is the one before or this one.
    fn write(&self) -> io::Result<()> {
        let next = self.path.with_extension("new");
        let mut file = File::create(&next)?;
        file.write_all(&self.place.stored())?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        match self.path.parent() {
            Some(dir) => File::open(dir)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Place {
    fn stored(&self) -> Vec<u8> {
        let stored = Stored {
            position: self.head.seq,
            at_ms: self.head.at_ms,
            chain: hex::encode(self.head.chain),
            told: self.told,
        };
        let mut bytes = serde_json::to_vec(&stored).expect("numbers and text have a form in JSON");
        bytes.push(b'\n');
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let mut chain = [0; 32];
        hex::decode_to_slice(stored.chain, &mut chain).ok()?;
        let head = Head {
            seq: stored.position,
            at_ms: stored.at_ms,
            chain,
        };
        let told = stored.told;
        (told >= head.seq).then_some(Self { head, told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64) -> Head {
        Head {
            seq,
            at_ms: 1_000 + seq,
            chain: [7; 32],
        }
    }

    #[test]
    fn a_place_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        let at = |now| {
            let cursor = Cursor::open(path.clone(), head(now)).unwrap();
            (cursor.head(), cursor.told())
        };
        assert_eq!(at(7), (head(7), 7));
        assert_eq!(at(90), (head(7), 7));
        let mut cursor = Cursor::open(path.clone(), head(90)).unwrap();
        cursor.told_upto(12);
        assert_eq!(at(90), (head(7), 12));
        cursor.move_to(head(10));
        assert_eq!(at(90), (head(10), 12));
        cursor.move_to(head(80));
        assert_eq!(at(90), (head(80), 80));
        cursor.begin_at(head(20));
        assert_eq!(at(90), (head(20), 20));
    }

    #[test]
    fn a_file_that_is_no_place_is_not_taken_for_the_present() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        let backwards = format!(
            r#"{{"position":7,"at_ms":1,"chain":"{}","told":6}}"#,
            "07".repeat(32)
        );
        for text in ["", "7", "{}", r#"{"position":7}"#, &backwards] {
            fs::write(&path, text).unwrap();
            let error = Cursor::open(path.clone(), head(90)).unwrap_err();
            assert!(matches!(error, CursorError::Content { .. }), "{text}");
        }
    }
}
