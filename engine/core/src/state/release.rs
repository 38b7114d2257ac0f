//! Releases: signed images per model, and the deltas that lead to them.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use fleetfold_schemas::{Digest, ModelId, Name, Sha256, Version, campaign::VersionRequirement};
use minicbor::{Decode, Encode};

use crate::{ReleaseIx, Timestamp};

#[derive(Debug, Clone)]
pub struct Release {
    pub model: ModelId,
    pub version: Version,
    pub vendor: String,
    /// The manifest's sequence number.
    pub sequence: u64,
    pub image: Digest,
    pub image_sha256: Sha256,
    pub image_bytes: u64,
    pub manifest: Vec<u8>,
    pub key_id: Vec<u8>,
    pub published_at: Timestamp,
    /// What it repairs; `None`: it is no security release.
    pub advisories: Option<Vec<Name>>,
    /// What a device must run before it may install it.
    pub requires: Option<VersionRequirement>,
    /// The hardware revisions that it is for; empty: all.
    pub hardware: Vec<Version>,
    /// By the release they start from.
    pub deltas: BTreeMap<ReleaseIx, Delta>,
    /// By the release they lead to.
    pub rollbacks: BTreeMap<ReleaseIx, WayBack>,
}

/// A manifest for an older image that devices with this release accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    pub sequence: u64,
    pub manifest: Vec<u8>,
}

/// The numbers are those of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Delta {
    #[n(0)]
    Building,
    #[n(1)]
    Ready {
        #[n(0)]
        digest: Digest,
        #[n(1)]
        bytes: u64,
    },
    #[n(2)]
    Unavailable {
        #[n(0)]
        reason: String,
    },
}

impl Release {
    /// The highest that a device with this release may have seen: its ways back come after it.
    #[must_use]
    pub fn sequence_max(&self) -> u64 {
        let back = self.rollbacks.values().map(|back| back.sequence);
        back.fold(self.sequence, u64::max)
    }

    #[must_use]
    pub fn is_building_deltas(&self) -> bool {
        self.deltas.values().any(|delta| *delta == Delta::Building)
    }
}

/// All releases, in the order of their publication.
#[derive(Debug, Clone, Default)]
pub struct Releases {
    rows: Vec<Release>,
}

impl Releases {
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("rows are numbered by u32")
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn get(&self, ix: ReleaseIx) -> &Release {
        &self.rows[ix as usize]
    }

    pub(crate) fn get_mut(&mut self, ix: ReleaseIx) -> &mut Release {
        &mut self.rows[ix as usize]
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ReleaseIx, &Release)> {
        self.rows.iter().enumerate().map(|(ix, release)| {
            (
                ReleaseIx::try_from(ix).expect("rows are numbered by u32"),
                release,
            )
        })
    }

    #[must_use]
    pub fn find(&self, model: &ModelId, version: &Version) -> Option<ReleaseIx> {
        self.iter()
            .find(|(_, release)| release.model == *model && release.version == *version)
            .map(|(ix, _)| ix)
    }

    /// The release with the highest sequence number for a model.
    #[must_use]
    pub fn newest(&self, model: &ModelId) -> Option<&Release> {
        self.rows
            .iter()
            .filter(|release| release.model == *model)
            .max_by_key(|release| release.sequence)
    }

    /// Whether an image is only known from releases above this one.
    #[must_use]
    pub fn is_newer(&self, image: Digest, than: &Release) -> bool {
        let mut releases = self
            .rows
            .iter()
            .filter(|release| release.model == than.model && release.image == image)
            .peekable();
        releases.peek().is_some() && releases.all(|release| release.sequence > than.sequence)
    }

    pub(crate) fn push(&mut self, release: Release) {
        self.rows.push(release);
    }
}
