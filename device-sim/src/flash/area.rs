//! The bytes of one area, shared between simulated devices where they are the same.
//!
//! A thousand devices that fetch the same image would hold it a thousand times. So an area that has so far received
//! exactly the beginning of a known content keeps only a reference and a length. The comparison is made byte by byte,
//! and the first difference makes it a copy of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fleetfold_schemas::{Digest, Sha256};

use crate::delta::DeltaError;

/// Contents kept at most. A simulation has a handful of images and deltas; a run with wrong bytes must not grow it.
const CONTENTS_MAX: usize = 256;

/// What an area holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// Written piece by piece, and like nothing known.
    Own(Vec<u8>),
    /// The first so many bytes of a known content.
    Prefix(Arc<[u8]>, usize),
    Whole(Arc<[u8]>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Content {
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Prefix(bytes, len) => &bytes[..*len],
            Self::Whole(bytes) => bytes,
        }
    }

    /// The bytes, without a copy if they are shared already.
    #[must_use]
    pub fn bytes(&self) -> Arc<[u8]> {
        match self {
            Self::Whole(bytes) => Arc::clone(bytes),
            Self::Own(_) | Self::Prefix(..) => self.as_slice().into(),
        }
    }

    /// Writes a piece at `offset`; what stood behind it is gone. `expected` is what the area may turn out to hold.
    pub(super) fn write(&mut self, offset: u64, piece: &[u8], expected: Option<Arc<[u8]>>) {
        let offset = usize::try_from(offset).expect("images fit in memory");
        if offset == 0 {
            *self = expected.map_or_else(Self::default, |known| Self::Prefix(known, 0));
        }
        if let Self::Prefix(known, len) = self {
            let end = offset + piece.len();
            if offset == *len && known.get(offset..end) == Some(piece) {
                *self = if end == known.len() {
                    Self::Whole(Arc::clone(known))
                } else {
                    Self::Prefix(Arc::clone(known), end)
                };
                return;
            }
        }
        let mut own = match std::mem::take(self) {
            Self::Own(bytes) => bytes,
            shared => shared.as_slice().to_vec(),
        };
        own.resize(offset, 0xff);
        own.extend_from_slice(piece);
        *self = Self::Own(own);
    }
}

/// What identifies a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    pub blake3: Digest,
    pub sha256: Sha256,
    pub bytes: u64,
}

impl Digests {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            blake3: Digest::of(bytes),
            sha256: Sha256::of(bytes),
            bytes: bytes.len() as u64,
        }
    }
}

/// Contents that several devices hold, by digest, and what has been computed from them.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Shelves>);

#[derive(Debug, Default)]
struct Shelves {
    contents: HashMap<Digest, (Arc<[u8]>, Digests)>,
    /// By the digests of the old image and of the delta.
    rebuilt: HashMap<(Digest, Digest), Arc<[u8]>>,
}

impl Pool {
    /// Lets devices share this content from the first byte on.
    pub fn add(&self, content: &Arc<[u8]>) -> Digests {
        self.digest(&mut Content::Whole(Arc::clone(content)))
    }

    #[must_use]
    pub fn get(&self, digest: Digest) -> Option<Arc<[u8]>> {
        let shelves = self.shelves();
        let (content, _) = shelves.contents.get(&digest)?;
        Some(Arc::clone(content))
    }

    /// Digests a content, and from then on shares it with whoever holds the same.
    pub(super) fn digest(&self, content: &mut Content) -> Digests {
        if let Content::Whole(shared) = content
            && let Some(digests) = self.known(shared)
        {
            return digests;
        }
        let digests = Digests::of(content.as_slice());
        let mut shelves = self.shelves();
        if let Some((known, _)) = shelves.contents.get(&digests.blake3) {
            *content = Content::Whole(Arc::clone(known));
        } else if shelves.contents.len() < CONTENTS_MAX {
            let shared = content.bytes();
            *content = Content::Whole(Arc::clone(&shared));
            shelves.contents.insert(digests.blake3, (shared, digests));
        }
        digests
    }

    /// The result of applying a delta, computed once for all devices that hold the same.
    pub(super) fn rebuilt(
        &self,
        old: &Arc<[u8]>,
        patch: &Arc<[u8]>,
        apply: impl FnOnce() -> Result<Vec<u8>, DeltaError>,
    ) -> Result<Arc<[u8]>, DeltaError> {
        let (Some(from), Some(by)) = (self.known(old), self.known(patch)) else {
            return apply().map(Into::into);
        };
        let key = (from.blake3, by.blake3);
        if let Some(known) = self.shelves().rebuilt.get(&key) {
            return Ok(Arc::clone(known));
        }
        let new: Arc<[u8]> = apply()?.into();
        let mut shelves = self.shelves();
        if shelves.rebuilt.len() < CONTENTS_MAX {
            shelves.rebuilt.insert(key, Arc::clone(&new));
        }
        Ok(new)
    }

    fn known(&self, content: &Arc<[u8]>) -> Option<Digests> {
        self.shelves()
            .contents
            .values()
            .find(|(known, _)| Arc::ptr_eq(known, content))
            .map(|(_, digests)| *digests)
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        // A cache: whatever a panicking holder left behind is still true.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
