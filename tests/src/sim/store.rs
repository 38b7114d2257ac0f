//! Images and deltas as the engine keeps them: what an upload's PUBACK promised is there after every crash.

use std::{collections::BTreeMap, sync::Arc};

use fleetfold_core::StoredArtifact;
use fleetfold_schemas::{
    Digest, Sha256,
    code::Code,
    device::{CHUNK_BYTES_MAX, ChunkData, ChunkGet},
};

#[derive(Debug, Default)]
pub struct Store {
    artifacts: BTreeMap<Digest, (Arc<[u8]>, StoredArtifact)>,
}

impl Store {
    /// Takes a whole artifact, if it is what its name says.
    pub fn add(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), Code> {
        if Digest::of(bytes) != digest {
            return Err(Code::UploadMismatch);
        }
        let stored = StoredArtifact {
            sha256: Sha256::of(bytes),
            bytes: bytes.len() as u64,
        };
        self.artifacts
            .entry(digest)
            .or_insert((bytes.into(), stored));
        Ok(())
    }

    #[must_use]
    pub fn describe(&self, digest: &Digest) -> Option<StoredArtifact> {
        self.artifacts.get(digest).map(|(_, stored)| *stored)
    }

    #[must_use]
    pub fn bytes(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        self.artifacts
            .get(digest)
            .map(|(bytes, _)| Arc::clone(bytes))
    }

    #[must_use]
    pub fn read(&self, get: &ChunkGet) -> ChunkData {
        ChunkData {
            digest: get.digest,
            offset: get.offset,
            content: self.piece(get).map_err(|code| code.as_str().to_owned()),
        }
    }

    fn piece(&self, get: &ChunkGet) -> Result<Vec<u8>, Code> {
        let (bytes, _) = self
            .artifacts
            .get(&get.digest)
            .ok_or(Code::UnknownArtifact)?;
        let range = usize::try_from(get.offset).ok().and_then(|start| {
            let end = start.checked_add(get.length as usize)?;
            bytes.get(start..end)
        });
        match range {
            Some(piece) if !piece.is_empty() && get.length <= CHUNK_BYTES_MAX => Ok(piece.to_vec()),
            _ => Err(Code::ChunkRange),
        }
    }
}
