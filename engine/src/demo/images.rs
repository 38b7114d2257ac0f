//! The two images of a demonstration: the user's own, or two made on the spot that differ as firmware versions do.

use std::{fs, io, path::Path, sync::Arc};

/// Of an image made on the spot. A microcontroller's flash is of this order.
const IMAGE_BYTES: usize = 256 * 1024;
/// How many places of an image change from one version to the next.
const EDITS: usize = 40;

#[derive(Debug, Clone)]
pub struct Images {
    pub old: Arc<[u8]>,
    pub new: Arc<[u8]>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read the image {path}")]
pub struct ImageError {
    path: String,
    #[source]
    source: io::Error,
}

impl Images {
    pub fn read(old: &Path, new: &Path) -> Result<Self, ImageError> {
        let read = |path: &Path| {
            fs::read(path).map(Arc::from).map_err(|source| ImageError {
                path: path.display().to_string(),
                source,
            })
        };
        Ok(Self {
            old: read(old)?,
            new: read(new)?,
        })
    }

    /// Made of the seed alone. The new one has words changed all over, and a piece inserted in its middle.
    #[must_use]
    pub fn make(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"fleetfold/demo/image/v1");
        hasher.update(&seed.to_le_bytes());
        let mut stream = hasher.finalize_xof();
        let mut old = vec![0; IMAGE_BYTES];
        stream.fill(&mut old);
        let mut new = old.clone();
        for _ in 0..EDITS {
            let mut place = [0; 4];
            stream.fill(&mut place);
            let at = u32::from_le_bytes(place) as usize % (IMAGE_BYTES - 4);
            stream.fill(&mut new[at..at + 4]);
        }
        let mut inserted = vec![0; 1024];
        stream.fill(&mut inserted);
        new.splice(IMAGE_BYTES / 2..IMAGE_BYTES / 2, inserted);
        Self {
            old: old.into(),
            new: new.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_two_images_and_they_differ_a_little() {
        let (first, again) = (Images::make(7), Images::make(7));
        assert_eq!((&first.old, &first.new), (&again.old, &again.new));
        let changed = first.old.iter().zip(first.new.iter()).take(IMAGE_BYTES / 2);
        let changed = changed.filter(|(old, new)| old != new).count();
        assert!(
            (1..1000).contains(&changed),
            "{changed} bytes of the first half differ"
        );
        assert_ne!(Images::make(8).old, first.old);
    }
}
