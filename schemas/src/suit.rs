//! The firmware manifest: a SUIT envelope in a small, strict profile.
//!
//! CBOR tag 107 around a detached COSE_Sign1 and a manifest that can say one thing only: *if you are this vendor's device
//! of this class, fetch this image, and it is good if its SHA-256 and size match*. SUIT is a small programming language;
//! a manifest with any other program is refused, so that no interpreter is needed where firmware is trusted.
//!
//! ```text
//! fw-envelope   = #6.107({ 2 => bstr .cbor auth-wrapper, 3 => bstr .cbor manifest })
//! auth-wrapper  = [ bstr .cbor sha256-digest, + bstr .cbor sign1 ]
//! sha256-digest = [ -16, bstr .size 32 ]
//! manifest      = { 1 => 1, 2 => uint, 3 => bstr .cbor common, ? 4 => tstr,
//!                   7 => bstr .cbor validate-seq, 20 => bstr .cbor install-seq }
//! common        = { 2 => [ [ bstr ] ], 4 => bstr .cbor shared-seq }
//! shared-seq    = [ 20, params, 1, policy, 2, policy ]   ; override-parameters, condition-vendor, condition-class
//! params        = { 1 => uuid, 2 => uuid, 3 => bstr .cbor sha256-digest, 14 => uint, -257 => tstr, * nint => any }
//! validate-seq  = [ 3, policy ]                          ; condition-image-match
//! install-seq   = [ 20, { 21 => tstr }, 21, policy, 3, policy ]  ; uri, fetch, image-match
//! policy        = 0..15                                  ; what to report, which our own reports cover
//! ```
//! RFC 9019 and RFC 9124 give the architecture.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use ed25519_dalek::SigningKey;
pub use uuid::Uuid;

use crate::{
    cbor::{CborError, KeyOrder, Limits, Negative, Reader, Writer},
    cose::{self, CoseError, KeyId, TrustedKeys},
    id::{ModelId, Name, Sha256, Version},
};

/// The text this profile was cut from. Numbers could still move before it is an RFC.
pub const DRAFT: &str = "draft-ietf-suit-manifest-37";
/// Largest envelope accepted, in bytes. Ours are about 450; the rest is room for long addresses and more signatures.
pub const ENVELOPE_BYTES_MAX: usize = 16 * 1024;
/// Signatures on one envelope: enough to change release keys with an overlap.
pub const SIGNATURES_MAX: u64 = 4;
/// The logical component all our manifests describe. Never a slot: the device chooses that.
pub const FIRMWARE: &str = "fw";

const LIMITS: Limits = Limits {
    bytes_max: ENVELOPE_BYTES_MAX,
    // No layer nests deeper than three; each byte string that is CBOR begins anew.
    depth_max: 4,
    key_order: KeyOrder::Ascending,
};

const ENVELOPE_TAG: u64 = 107;
const ENVELOPE_AUTHENTICATION: i64 = 2;
const ENVELOPE_MANIFEST: i64 = 3;
const MANIFEST_VERSION: i64 = 1;
const MANIFEST_SEQUENCE: i64 = 2;
const MANIFEST_COMMON: i64 = 3;
const MANIFEST_REFERENCE_URI: i64 = 4;
const MANIFEST_VALIDATE: i64 = 7;
const MANIFEST_INSTALL: i64 = 20;
const COMMON_COMPONENTS: i64 = 2;
const COMMON_SEQUENCE: i64 = 4;
const CONDITION_VENDOR: i64 = 1;
const CONDITION_CLASS: i64 = 2;
const CONDITION_IMAGE_MATCH: i64 = 3;
const DIRECTIVE_OVERRIDE_PARAMETERS: i64 = 20;
const DIRECTIVE_FETCH: i64 = 21;
const PARAMETER_VENDOR: i64 = 1;
const PARAMETER_CLASS: i64 = 2;
const PARAMETER_IMAGE_DIGEST: i64 = 3;
const PARAMETER_IMAGE_SIZE: i64 = 14;
const PARAMETER_URI: i64 = 21;
/// The version as text. SUIT's own version is a list of integers and cannot say "2.0.0-rc.1", so this is a custom
/// parameter, from the range for private use.
const PARAMETER_VERSION: i64 = -257;
const DIGEST_SHA256: i64 = -16;
/// Report success and failure, each with the system's state: SUIT's examples write 15 throughout.
const POLICY_REPORT_ALL: u64 = 15;

/// What a release says about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Grows with every release of a model; the device refuses a lower one.
    pub sequence: u64,
    /// See [`vendor_id`].
    pub vendor_id: Uuid,
    /// See [`class_id`].
    pub class_id: Uuid,
    /// A logical part of the device, [`FIRMWARE`] for all of it.
    pub component: Name,
    pub image_sha256: Sha256,
    pub image_size_bytes: u64,
    pub version: Version,
    /// Where the image can be had. A device of ours gets it from the offers of its job, by digest.
    pub uri: String,
}

/// A manifest that a trusted key signed. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedManifest {
    manifest: Manifest,
    signer: KeyId,
}

/// The device that a manifest is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub vendor_id: Uuid,
    pub class_id: Uuid,
    pub component: &'a str,
    /// Highest sequence this device has confirmed.
    pub installed_sequence: u64,
}

/// Why an envelope was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuitError {
    #[error("the manifest's encoding: {0}")]
    Cbor(#[source] CborError),
    #[error(transparent)]
    Cose(CoseError),
    #[error("{what} is not within its limits")]
    Malformed { what: &'static str },
    /// Valid SUIT perhaps, but outside the profile.
    #[error("{what} {found} is not supported")]
    Unsupported { what: &'static str, found: i64 },
    #[error("the manifest is not the one that was signed")]
    Digest,
    #[error("the manifest is for devices of vendor {wanted}")]
    Vendor { wanted: Uuid },
    #[error("the manifest is for devices of class {wanted}")]
    Class { wanted: Uuid },
    #[error("the manifest is for component {wanted}")]
    Component { wanted: Name },
    #[error("sequence {offered} is older than the installed {installed}")]
    Sequence { offered: u64, installed: u64 },
}

impl SuitError {
    /// The stable name of this refusal, for reports and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cose(CoseError::Signature) => "suit_signature",
            Self::Cose(CoseError::UnknownKey { .. }) => "suit_unknown_key",
            Self::Cose(error) if error.is_unknown_vocabulary() => "suit_unsupported",
            Self::Cbor(error) if error.is_unknown_vocabulary() => "suit_unsupported",
            Self::Cbor(_) | Self::Cose(_) | Self::Malformed { .. } => "suit_malformed",
            Self::Unsupported { .. } => "suit_unsupported",
            Self::Digest => "suit_digest",
            Self::Vendor { .. } => "suit_vendor",
            Self::Class { .. } => "suit_class",
            Self::Component { .. } => "suit_component",
            Self::Sequence { .. } => "suit_sequence",
        }
    }
}

impl From<CborError> for SuitError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

/// A vendor, by its DNS domain. RFC 9124 section 3.2 recommends this UUIDv5.
#[must_use]
pub fn vendor_id(domain: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, domain.as_bytes())
}

/// A device model of a vendor.
#[must_use]
pub fn class_id(vendor_id: Uuid, model: &ModelId) -> Uuid {
    Uuid::new_v5(&vendor_id, model.as_str().as_bytes())
}

impl Manifest {
    /// The envelope, ready for devices. The same manifest and key give the same bytes.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let manifest = Writer::new().bytes(&self.encode()).finish();
        let digest = encode_digest(Sha256::of(&manifest));
        // The payload is the digest array itself; inside the wrapper it is a byte string.
        let signature = cose::sign_detached(&digest, b"", key);
        let wrapper = Writer::new()
            .array(2)
            .bytes(&digest)
            .bytes(&signature)
            .finish();

        let mut envelope = Writer::new();
        envelope.tag(ENVELOPE_TAG).map(2);
        envelope.int(ENVELOPE_AUTHENTICATION).bytes(&wrapper);
        envelope.int(ENVELOPE_MANIFEST).bytes(&self.encode());
        envelope.finish()
    }

    fn encode(&self) -> Vec<u8> {
        let mut shared = Writer::new();
        shared.array(6);
        shared.int(DIRECTIVE_OVERRIDE_PARAMETERS).map(5);
        shared
            .int(PARAMETER_VENDOR)
            .bytes(self.vendor_id.as_bytes());
        shared.int(PARAMETER_CLASS).bytes(self.class_id.as_bytes());
        shared.int(PARAMETER_IMAGE_DIGEST);
        shared.bytes(&encode_digest(self.image_sha256));
        shared.int(PARAMETER_IMAGE_SIZE).uint(self.image_size_bytes);
        shared.int(PARAMETER_VERSION).text(self.version.as_str());
        shared.int(CONDITION_VENDOR).uint(POLICY_REPORT_ALL);
        shared.int(CONDITION_CLASS).uint(POLICY_REPORT_ALL);

        let mut common = Writer::new();
        common.map(2);
        common.int(COMMON_COMPONENTS).array(1).array(1);
        common.bytes(self.component.as_str().as_bytes());
        common.int(COMMON_SEQUENCE).bytes(&shared.finish());

        let mut validate = Writer::new();
        validate.array(2);
        validate.int(CONDITION_IMAGE_MATCH).uint(POLICY_REPORT_ALL);

        let mut install = Writer::new();
        install.array(6);
        install.int(DIRECTIVE_OVERRIDE_PARAMETERS).map(1);
        install.int(PARAMETER_URI).text(&self.uri);
        install.int(DIRECTIVE_FETCH).uint(POLICY_REPORT_ALL);
        install.int(CONDITION_IMAGE_MATCH).uint(POLICY_REPORT_ALL);

        let mut manifest = Writer::new();
        manifest.map(5);
        manifest.int(MANIFEST_VERSION).uint(1);
        manifest.int(MANIFEST_SEQUENCE).uint(self.sequence);
        manifest.int(MANIFEST_COMMON).bytes(&common.finish());
        manifest.int(MANIFEST_VALIDATE).bytes(&validate.finish());
        manifest.int(MANIFEST_INSTALL).bytes(&install.finish());
        manifest.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, SuitError> {
        let mut reader = Reader::open(bytes, LIMITS)?;
        let mut fields = reader.fields(Negative::Refused)?;
        let version = fields.required(MANIFEST_VERSION)?.int()?;
        if version != 1 {
            return Err(unsupported("manifest version", version));
        }
        let sequence = fields.required(MANIFEST_SEQUENCE)?.uint()?;
        let common = fields.required(MANIFEST_COMMON)?.bytes()?;
        if let Some(reference_uri) = fields.optional(MANIFEST_REFERENCE_URI)? {
            // For people and tools; nothing depends on it.
            reference_uri.text()?;
        }
        let validate = fields.required(MANIFEST_VALIDATE)?.bytes()?;
        let install = fields.required(MANIFEST_INSTALL)?.bytes()?;
        fields.end()?;

        let (component, parameters) = decode_common(common)?;
        check_validate(validate)?;
        Ok(Self {
            sequence,
            vendor_id: parameters.vendor_id,
            class_id: parameters.class_id,
            component,
            image_sha256: parameters.image_sha256,
            image_size_bytes: parameters.image_size_bytes,
            version: parameters.version,
            uri: decode_install(install)?,
        })
    }
}

/// Verifies an envelope over the bytes as they came; nothing is encoded again.
///
/// One signature by a trusted key is enough. Signatures by keys we don't know are passed over, so that an envelope can
/// serve devices with the old and with the new key; one that claims a known key and does not verify refuses it all.
pub fn verify(envelope: &[u8], keys: &TrustedKeys) -> Result<VerifiedManifest, SuitError> {
    let mut reader = Reader::open(envelope, LIMITS)?;
    reader.tag(ENVELOPE_TAG)?;
    let mut fields = reader.fields(Negative::Refused)?;
    let wrapper = fields.required(ENVELOPE_AUTHENTICATION)?.bytes()?;
    let (manifest, manifest_wrapped) = fields.required(ENVELOPE_MANIFEST)?.bytes_with_header()?;
    fields.end()?;

    let (digest, signer) = verify_wrapper(wrapper, keys)?;
    // Over the byte string with its header, draft-ietf-suit-manifest section 8.3.
    if Sha256::of(manifest_wrapped) != digest {
        return Err(SuitError::Digest);
    }
    // Everything from here on was written by the holder of the key.
    let manifest = Manifest::decode(manifest)?;
    Ok(VerifiedManifest { manifest, signer })
}

impl VerifiedManifest {
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    #[must_use]
    pub fn signer(&self) -> KeyId {
        self.signer
    }

    /// Whether this device may install it. A lower sequence is a downgrade, an equal one a repeated installation.
    pub fn check_for(&self, target: &Target<'_>) -> Result<(), SuitError> {
        let manifest = &self.manifest;
        if manifest.vendor_id != target.vendor_id {
            return Err(SuitError::Vendor {
                wanted: manifest.vendor_id,
            });
        }
        if manifest.class_id != target.class_id {
            return Err(SuitError::Class {
                wanted: manifest.class_id,
            });
        }
        if manifest.component.as_str() != target.component {
            return Err(SuitError::Component {
                wanted: manifest.component.clone(),
            });
        }
        if manifest.sequence < target.installed_sequence {
            return Err(SuitError::Sequence {
                offered: manifest.sequence,
                installed: target.installed_sequence,
            });
        }
        Ok(())
    }
}

fn verify_wrapper(wrapper: &[u8], keys: &TrustedKeys) -> Result<(Sha256, KeyId), SuitError> {
    let mut reader = Reader::open(wrapper, LIMITS)?;
    let elements = reader.array()?;
    if !(2..=1 + SIGNATURES_MAX).contains(&elements) {
        return Err(SuitError::Malformed {
            what: "the number of signatures",
        });
    }
    let digest = reader.bytes()?;
    let mut signer = None;
    let mut unknown = None;
    for _ in 1..elements {
        match cose::verify_detached(reader.bytes()?, digest, b"", keys) {
            Ok(kid) => signer = signer.or(Some(kid)),
            Err(error @ CoseError::UnknownKey { .. }) => unknown = Some(error),
            Err(error) => return Err(SuitError::Cose(error)),
        }
    }
    match (signer, unknown) {
        (Some(signer), _) => Ok((decode_digest(digest)?, signer)),
        (None, Some(unknown)) => Err(SuitError::Cose(unknown)),
        (None, None) => Err(SuitError::Cose(CoseError::Signature)),
    }
}

struct Parameters {
    vendor_id: Uuid,
    class_id: Uuid,
    image_sha256: Sha256,
    image_size_bytes: u64,
    version: Version,
}

fn decode_common(bytes: &[u8]) -> Result<(Name, Parameters), SuitError> {
    let mut reader = Reader::open(bytes, LIMITS)?;
    let mut fields = reader.fields(Negative::Refused)?;
    let component = decode_component(fields.required(COMMON_COMPONENTS)?)?;
    let shared = fields.required(COMMON_SEQUENCE)?.bytes()?;
    fields.end()?;

    let mut sequence = open_sequence(shared, 3)?;
    command(&mut sequence, DIRECTIVE_OVERRIDE_PARAMETERS)?;
    let parameters = decode_parameters(&mut sequence)?;
    condition(&mut sequence, CONDITION_VENDOR)?;
    condition(&mut sequence, CONDITION_CLASS)?;
    Ok((component, parameters))
}

/// Several components would need several images; a second one that nothing installs would pass for installed.
fn decode_component(reader: &mut Reader<'_>) -> Result<Name, SuitError> {
    let components = reader.array()?;
    let segments = if components == 1 { reader.array()? } else { 0 };
    if segments != 1 {
        return Err(unsupported(
            "a number of components or of parts in a component's name other than one:",
            i64::try_from(components.max(segments)).unwrap_or(i64::MAX),
        ));
    }
    core::str::from_utf8(reader.bytes()?)
        .ok()
        .and_then(|text| Name::parse(text).ok())
        .ok_or(SuitError::Malformed {
            what: "the component's name",
        })
}

fn decode_parameters(sequence: &mut Reader<'_>) -> Result<Parameters, SuitError> {
    // Other custom parameters are the release author's business; no command of the profile reads them.
    let mut fields = sequence.fields(Negative::Ignored)?;
    let vendor_id = Uuid::from_bytes(fields.required(PARAMETER_VENDOR)?.bytes_of()?);
    let class_id = Uuid::from_bytes(fields.required(PARAMETER_CLASS)?.bytes_of()?);
    let image_sha256 = decode_digest(fields.required(PARAMETER_IMAGE_DIGEST)?.bytes()?)?;
    let image_size_bytes = fields.required(PARAMETER_IMAGE_SIZE)?.uint()?;
    let version = fields.required(PARAMETER_VERSION)?.text()?;
    fields.end()?;
    Ok(Parameters {
        vendor_id,
        class_id,
        image_sha256,
        image_size_bytes,
        version: Version::parse(version).map_err(|_| SuitError::Malformed {
            what: "the version",
        })?,
    })
}

fn check_validate(bytes: &[u8]) -> Result<(), SuitError> {
    let mut sequence = open_sequence(bytes, 1)?;
    condition(&mut sequence, CONDITION_IMAGE_MATCH)
}

fn decode_install(bytes: &[u8]) -> Result<String, SuitError> {
    let mut sequence = open_sequence(bytes, 3)?;
    command(&mut sequence, DIRECTIVE_OVERRIDE_PARAMETERS)?;
    let mut fields = sequence.fields(Negative::Refused)?;
    let uri = fields.required(PARAMETER_URI)?.text()?.to_string();
    fields.end()?;
    condition(&mut sequence, DIRECTIVE_FETCH)?;
    condition(&mut sequence, CONDITION_IMAGE_MATCH)?;
    Ok(uri)
}

/// A command sequence is a flat list of commands and their arguments.
fn open_sequence(bytes: &[u8], commands: u64) -> Result<Reader<'_>, SuitError> {
    let mut reader = Reader::open(bytes, LIMITS)?;
    let elements = reader.array()?;
    if elements == 2 * commands {
        Ok(reader)
    } else {
        Err(unsupported(
            "a command sequence of length",
            i64::try_from(elements).unwrap_or(i64::MAX),
        ))
    }
}

fn command(sequence: &mut Reader<'_>, wanted: i64) -> Result<(), SuitError> {
    match sequence.int()? {
        found if found == wanted => Ok(()),
        found => Err(unsupported("at its place, command", found)),
    }
}

/// A command whose argument is a reporting policy.
fn condition(sequence: &mut Reader<'_>, wanted: i64) -> Result<(), SuitError> {
    command(sequence, wanted)?;
    match sequence.int()? {
        0..=15 => Ok(()),
        found => Err(unsupported("reporting policy", found)),
    }
}

fn encode_digest(digest: Sha256) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(2).int(DIGEST_SHA256).bytes(&digest.0);
    writer.finish()
}

fn decode_digest(bytes: &[u8]) -> Result<Sha256, SuitError> {
    let mut reader = Reader::open(bytes, LIMITS)?;
    reader.array_of(2)?;
    match reader.int()? {
        DIGEST_SHA256 => Ok(Sha256(reader.bytes_of()?)),
        found => Err(unsupported("digest algorithm", found)),
    }
}

fn unsupported(what: &'static str, found: i64) -> SuitError {
    SuitError::Unsupported { what, found }
}
