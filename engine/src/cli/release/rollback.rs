//! The ways back from a release, signed when it is published.

use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    command::RollbackManifest,
    cose::TrustedKeys,
    id::{Name, Version},
    status::ReleaseStatus,
    suit::{self, Manifest},
};

use super::Of;
use crate::cli::failure::Failure;

/// Devices are seldom further behind, and each way costs a record in the log.
const WAYS_BACK: usize = 3;

/// Manifests for the images of earlier releases of the model under the numbers after the release's own: of those named, or
/// of the three before it.
pub(super) fn ways_back(
    manifest: &[u8],
    key: &SigningKey,
    of: &Of,
    releases: &[ReleaseStatus],
    named: &[Version],
) -> Result<Vec<RollbackManifest>, Failure> {
    let keys: TrustedKeys = [key.verifying_key()].into_iter().collect();
    let verified = suit::verify(manifest, &keys).map_err(|error| {
        Failure::new(format!(
            "the manifest was not signed with this key: {error}"
        ))
        .advise("give the key that `release sign` had, or leave out --key")
    })?;
    let sequence = verified.manifest().sequence;
    let mut earlier: Vec<_> = releases
        .iter()
        .filter(|release| release.model == of.model && release.sequence < sequence)
        .collect();
    earlier.sort_by_key(|release| std::cmp::Reverse(release.sequence));
    if named.is_empty() {
        earlier.truncate(WAYS_BACK);
    } else {
        for version in named {
            if !earlier.iter().any(|release| release.version == *version) {
                return Err(Failure::new(format!(
                    "there is no earlier release {} {version} to go back to",
                    of.model
                )));
            }
        }
        earlier.retain(|release| named.contains(&release.version));
    }
    let vendor_id = suit::vendor_id(&of.vendor);
    let sign = |(sequence, release): (u64, &ReleaseStatus)| {
        let manifest = Manifest {
            sequence,
            vendor_id,
            class_id: suit::class_id(vendor_id, &of.model),
            component: Name::parse(suit::FIRMWARE).expect("our own name is valid"),
            image_sha256: release.image_sha256,
            image_size_bytes: release.image_bytes,
            version: release.version.clone(),
            uri: format!("blake3:{}", release.image),
        };
        RollbackManifest {
            to: release.version.clone(),
            manifest: manifest.sign(key),
        }
    };
    Ok((sequence + 1..).zip(earlier).map(sign).collect())
}

#[cfg(test)]
mod tests {
    use fleetfold_schemas::{
        id::{Digest, ModelId, Sha256},
        suit::Target,
    };

    use super::*;

    fn release(version: &str, sequence: u64) -> ReleaseStatus {
        let image = version.as_bytes();
        ReleaseStatus {
            model: ModelId::parse("sensor-a").unwrap(),
            version: Version::parse(version).unwrap(),
            vendor: "acme.example".to_owned(),
            sequence,
            image: Digest::of(image),
            image_sha256: Sha256::of(image),
            image_bytes: image.len() as u64,
            signed_by: String::new(),
            deltas: Vec::new(),
            rollbacks: Vec::new(),
            security: false,
            advisories: Vec::new(),
            requires: None,
            hardware: Vec::new(),
            published_ms: 0,
        }
    }

    fn of() -> Of {
        Of {
            vendor: "acme.example".to_owned(),
            model: ModelId::parse("sensor-a").unwrap(),
            version: Version::parse("5.0.0").unwrap(),
        }
    }

    #[test]
    fn a_device_with_the_release_accepts_the_ways_back_to_the_three_before_it() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let published = [
            release("1.0.0", 10),
            release("2.0.0", 20),
            release("3.0.0", 30),
            release("4.0.0", 40),
        ];
        let manifest = super::super::manifest(b"five", &of(), 5).sign(&key);
        let ways = ways_back(&manifest, &key, &of(), &published, &[]).unwrap();
        let to: Vec<_> = ways.iter().map(|way| way.to.to_string()).collect();
        assert_eq!(to, ["4.0.0", "3.0.0", "2.0.0"]);

        let keys: TrustedKeys = [key.verifying_key()].into_iter().collect();
        let vendor_id = suit::vendor_id("acme.example");
        for (sequence, way) in (51..).zip(&ways) {
            let verified = suit::verify(&way.manifest, &keys).unwrap();
            assert_eq!(verified.manifest().sequence, sequence);
            assert_eq!(verified.manifest().version, way.to);
            let device = Target {
                vendor_id,
                class_id: suit::class_id(vendor_id, &of().model),
                component: "fw",
                installed_sequence: 50,
            };
            assert_eq!(verified.check_for(&device), Ok(()));
        }
    }

    #[test]
    fn a_way_back_is_to_a_release_that_is_there_and_signed_with_the_releases_key() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let published = [release("1.0.0", 10), release("2.0.0", 20)];
        let manifest = super::super::manifest(b"five", &of(), 5).sign(&key);
        let named = |version| [Version::parse(version).unwrap()];
        let ways = ways_back(&manifest, &key, &of(), &published, &named("1.0.0")).unwrap();
        assert_eq!(ways.len(), 1);
        assert_eq!(ways[0].to.to_string(), "1.0.0");
        assert!(ways_back(&manifest, &key, &of(), &published, &named("3.0.0")).is_err());
        let other = SigningKey::from_bytes(&[8; 32]);
        assert!(ways_back(&manifest, &other, &of(), &published, &[]).is_err());
    }
}
