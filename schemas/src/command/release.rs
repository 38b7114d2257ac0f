//! Releases, and the keys that sign them.

use alloc::{string::String, vec::Vec};

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::hex32;
use crate::{
    campaign::VersionRequirement,
    id::{Digest, ModelId, Name, Version},
};

/// Manifests signed by this key are accepted from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustKey {
    pub name: Name,
    #[serde(with = "hex32")]
    pub public_key: [u8; 32],
}

/// Makes an uploaded image and its signed manifest a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRelease {
    /// The vendor's domain, from which the manifest's vendor id is derived.
    pub vendor: String,
    pub model: ModelId,
    pub version: Version,
    /// BLAKE3 of the image, as uploaded.
    pub image: Digest,
    /// The SUIT envelope, in Base64.
    #[serde(with = "base64_bytes")]
    pub manifest: Vec<u8>,
    /// The ways back from it, signed at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<RollbackManifest>,
    /// It repairs what others could abuse, so all devices of the model should have it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub security: bool,
    /// What it repairs, such as CVE-2026-1234; only with `security`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<Name>,
    /// What a device must run before it may install it; who does not is first given what leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<VersionRequirement>,
    /// The hardware revisions that it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardware: Vec<Version>,
}

/// A manifest for an older image under a sequence above the release's own, so that devices with the release accept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackManifest {
    /// The release whose image it is about.
    pub to: Version,
    /// The SUIT envelope, in Base64.
    #[serde(with = "base64_bytes")]
    pub manifest: Vec<u8>,
}

mod base64_bytes {
    use super::{Base64, Deserialize, Deserializer, Encoding, Serializer, String, Vec, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64::decode_vec(&text).map_err(|_| de::Error::custom("expected Base64 with padding"))
    }
}
