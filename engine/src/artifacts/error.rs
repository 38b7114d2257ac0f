//! What can go wrong with the artifact store.

use std::io;
use std::path::PathBuf;

use fleetfold_schemas::{
    Digest,
    code::{Code, Rejection},
};
use thiserror::Error;

/// An operation on the store failed.
#[derive(Debug, Error)]
pub enum ArtifactError {
    #[error("cannot create the directory {}", path.display())]
    CreateDirectory { path: PathBuf, source: io::Error },
    #[error("cannot list {}", path.display())]
    ListDirectory { path: PathBuf, source: io::Error },
    #[error("cannot open {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot sync {}", path.display())]
    Sync { path: PathBuf, source: io::Error },
    #[error("cannot rename {}", path.display())]
    Rename { path: PathBuf, source: io::Error },
    #[error("cannot remove {}", path.display())]
    Remove { path: PathBuf, source: io::Error },
    #[error("cannot tell the free space of {}", path.display())]
    FreeSpace { path: PathBuf, source: io::Error },
    #[error("{} is damaged: its bytes have the digest {found}", path.display())]
    Corrupt { path: PathBuf, found: Digest },
}

/// Why bytes were not stored or not given out.
#[derive(Debug, Error)]
pub enum Refused {
    /// The sender's fault.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The disk's.
    #[error(transparent)]
    Failed(#[from] ArtifactError),
}

impl From<Refused> for Rejection {
    /// What the sender is told. To whoever wants it, a damaged artifact is one that is not there.
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(rejection) => rejection,
            Refused::Failed(error @ ArtifactError::Corrupt { .. }) => {
                Self::new(Code::UnknownArtifact, error.to_string())
            }
            Refused::Failed(error) => {
                let message = match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                Self::new(Code::StorageLow, message)
            }
        }
    }
}
