//! Firmware: images that differ as much as wanted, signed and published as an operator would.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use fleetfold::client::{Accepted, OperatorClient};
use fleetfold_schemas::{
    Digest, ModelId, Name, Sha256, Version,
    command::{Command, PublishRelease, TrustKey},
    cose::TrustedKeys,
    suit,
};

use crate::Failure;

/// Who makes the devices.
pub const VENDOR: &str = "tests.example";

/// One version of a model's firmware.
#[derive(Debug, Clone)]
pub struct Release {
    pub version: Version,
    pub sequence: u64,
    pub image: Arc<[u8]>,
}

/// A model and the key that its releases are signed with.
#[derive(Debug)]
pub struct Model {
    pub id: ModelId,
    key: SigningKey,
}

impl Release {
    /// Bytes that follow from the seed, as version 1.0.0.
    #[must_use]
    pub fn first(seed: u64, bytes: usize) -> Self {
        let mut image = vec![0; bytes];
        stream("image", seed).fill(&mut image);
        Self {
            version: Version::parse("1.0.0").expect("our own versions are valid"),
            sequence: 10,
            image: image.into(),
        }
    }

    /// The next version: every `stride`th of the 256-byte pages is another one.
    #[must_use]
    pub fn next(&self, seed: u64, stride: usize) -> Self {
        let mut image = self.image.to_vec();
        let mut changes = stream("change", seed);
        for page in image.chunks_mut(256).step_by(stride) {
            changes.fill(page);
        }
        let number = self.sequence / 10 + 1;
        Self {
            version: Version::parse(&format!("{number}.0.0")).expect("digits and dots are valid"),
            sequence: 10 * number,
            image: image.into(),
        }
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.image)
    }
}

impl Model {
    #[must_use]
    pub fn new(id: &str, seed: u64) -> Self {
        let mut secret = [0; 32];
        stream("release key", seed).fill(&mut secret);
        Self {
            id: ModelId::parse(id).expect("our own names are valid"),
            key: SigningKey::from_bytes(&secret),
        }
    }

    /// Whom this model's devices trust to sign manifests.
    #[must_use]
    pub fn release_keys(&self) -> TrustedKeys {
        std::iter::once(self.key.verifying_key()).collect()
    }

    /// Makes the engine trust the key, too.
    #[must_use]
    pub fn trust(&self) -> Command {
        Command::TrustKey(TrustKey {
            name: Name::parse("release").expect("our own names are valid"),
            public_key: self.key.verifying_key().to_bytes(),
        })
    }

    /// Uploads the image and publishes it with a manifest.
    pub async fn publish(
        &self,
        operator: &OperatorClient,
        release: &Release,
    ) -> Result<Accepted, Failure> {
        operator.upload(release.image.to_vec(), |_| {}).await?;
        Ok(operator.command(self.publication(release), None).await?)
    }

    /// The command that publishes a release whose image has been uploaded.
    #[must_use]
    pub fn publication(&self, release: &Release) -> Command {
        let image = release.digest();
        let vendor_id = suit::vendor_id(VENDOR);
        let manifest = suit::Manifest {
            sequence: release.sequence,
            vendor_id,
            class_id: suit::class_id(vendor_id, &self.id),
            component: Name::parse(suit::FIRMWARE).expect("our own names are valid"),
            image_sha256: Sha256::of(&release.image),
            image_size_bytes: release.image.len() as u64,
            version: release.version.clone(),
            uri: format!("blake3:{image}"),
        };
        Command::PublishRelease(PublishRelease {
            vendor: VENDOR.to_owned(),
            model: self.id.clone(),
            version: release.version.clone(),
            image,
            manifest: manifest.sign(&self.key),
            security: false,
            advisories: Vec::new(),
            requires: None,
            hardware: Vec::new(),
            rollbacks: Vec::new(),
        })
    }
}

/// Bytes without end that follow from a purpose and a seed.
pub(crate) fn stream(purpose: &str, seed: u64) -> blake3::OutputReader {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"fleetfold/tests/v1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    hasher.finalize_xof()
}
