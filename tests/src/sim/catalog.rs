//! Firmware: images of a few KiB, honestly signed, and what becomes of devices that boot them.

use std::{collections::BTreeSet, sync::Arc};

use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    DeviceId, Digest, ModelId, Name, Sha256, Version,
    command::{Command, PublishRelease, RollbackManifest},
    cose::TrustedKeys,
    suit,
};

use super::random::Stream;

/// Who makes the devices.
pub const VENDOR: &str = "sim.example";
/// Pages of an image change between versions, so that a delta is worth its while.
const PAGE_BYTES: usize = 256;

/// All firmware of a simulation.
#[derive(Debug)]
pub struct Catalog {
    pub models: Vec<Model>,
    pub release_key: SigningKey,
    /// Somebody else's: what it signs must never run.
    pub rogue_key: SigningKey,
    pub rogue_image: Arc<[u8]>,
    signed: BTreeSet<Digest>,
}

#[derive(Debug)]
pub struct Model {
    pub id: ModelId,
    /// The first is what devices leave the factory with.
    pub releases: Vec<Firmware>,
}

#[derive(Debug, Clone)]
pub struct Firmware {
    pub version: Version,
    pub sequence: u64,
    pub image: Arc<[u8]>,
    pub digest: Digest,
    /// Of a hundred devices, those on which it does not pass its self-test.
    pub bad_percent: u64,
    /// On those it hangs instead of failing.
    pub hangs: bool,
    /// So many releases before it can be gone back to, if they have been published.
    pub ways_back: usize,
}

impl Catalog {
    #[must_use]
    pub fn new(mut stream: Stream, models: usize, releases: usize) -> Self {
        let mut secret = || {
            let mut secret = [0; 32];
            stream.fill(&mut secret);
            SigningKey::from_bytes(&secret)
        };
        let (release_key, rogue_key) = (secret(), secret());
        let mut rogue_image = vec![0; 2048];
        stream.fill(&mut rogue_image);
        let models: Vec<_> = (0..models)
            .map(|number| Model::new(&mut stream, number, releases))
            .collect();
        let signed = models
            .iter()
            .flat_map(|model| model.releases.iter().map(|release| release.digest))
            .collect();
        Self {
            models,
            release_key,
            rogue_key,
            rogue_image: rogue_image.into(),
            signed,
        }
    }

    #[must_use]
    pub fn release_keys(&self) -> TrustedKeys {
        std::iter::once(self.release_key.verifying_key()).collect()
    }

    /// Whether these bytes are an image that a trusted key has signed, or left the factory.
    #[must_use]
    pub fn is_signed(&self, image: Digest) -> bool {
        self.signed.contains(&image)
    }

    #[must_use]
    pub fn firmware(&self, image: Digest) -> Option<&Firmware> {
        let mut all = self.models.iter().flat_map(|model| &model.releases);
        all.find(|release| release.digest == image)
    }
}

impl Model {
    fn new(stream: &mut Stream, number: usize, releases: usize) -> Self {
        let pages = stream.within(8..=40);
        let mut image = vec![0; usize::try_from(pages).expect("a small number") * PAGE_BYTES];
        stream.fill(&mut image);
        let mut all = Vec::new();
        for release in 1..=releases + 1 {
            let is_factory = release == 1;
            if !is_factory {
                for page in image.chunks_mut(PAGE_BYTES) {
                    if stream.percent(20) {
                        stream.fill(page);
                    }
                }
                // Never the same image again.
                image[0] = image[0].wrapping_add(1);
            }
            let bad_percent = if is_factory {
                0
            } else {
                stream.pick(&[0, 0, 0, 0, 5, 10, 25, 60, 100])
            };
            let image: Arc<[u8]> = image.clone().into();
            all.push(Firmware {
                version: Version::parse(&format!("{release}.0.0"))
                    .expect("digits and dots are valid"),
                sequence: 10 * release as u64,
                digest: Digest::of(&image),
                image,
                bad_percent,
                hangs: stream.percent(25),
                ways_back: stream.pick(&[0, 1, 2, 3, 9, 9]),
            });
        }
        Self {
            id: ModelId::parse(&format!("model-{number}")).expect("our own names are valid"),
            releases: all,
        }
    }

    /// The command that makes a release of the uploaded image, with ways back to images that are known.
    #[must_use]
    pub fn publish(
        &self,
        release: usize,
        key: &SigningKey,
        is_known: impl Fn(Digest) -> bool,
    ) -> Command {
        let firmware = &self.releases[release];
        let earlier = self.releases[..release].iter().rev();
        let ways_back = (1..).zip(earlier.take(firmware.ways_back));
        let rollbacks = ways_back
            .filter(|(_, earlier)| is_known(earlier.digest))
            .map(|(way, earlier)| RollbackManifest {
                to: earlier.version.clone(),
                manifest: self.manifest(earlier, firmware.sequence + way, key),
            });
        Command::PublishRelease(PublishRelease {
            vendor: VENDOR.to_owned(),
            model: self.id.clone(),
            version: firmware.version.clone(),
            image: firmware.digest,
            manifest: self.manifest(firmware, firmware.sequence, key),
            security: false,
            advisories: Vec::new(),
            requires: None,
            hardware: Vec::new(),
            rollbacks: rollbacks.collect(),
        })
    }

    #[must_use]
    pub fn manifest(&self, firmware: &Firmware, sequence: u64, key: &SigningKey) -> Vec<u8> {
        let vendor_id = suit::vendor_id(VENDOR);
        suit::Manifest {
            sequence,
            vendor_id,
            class_id: suit::class_id(vendor_id, &self.id),
            component: Name::parse(suit::FIRMWARE).expect("our own names are valid"),
            image_sha256: Sha256::of(&firmware.image),
            image_size_bytes: firmware.image.len() as u64,
            version: firmware.version.clone(),
            uri: format!("blake3:{}", firmware.digest),
        }
        .sign(key)
    }
}

impl Firmware {
    /// Whether it fails on this device, for good.
    #[must_use]
    pub fn is_bad_on(&self, device: &DeviceId) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(device.as_str().as_bytes());
        hasher.update(&self.digest.0);
        let share = hasher.finalize().as_bytes()[..4]
            .try_into()
            .map_or(0, u32::from_le_bytes);
        u64::from(share) % 100 < self.bad_percent
    }
}
