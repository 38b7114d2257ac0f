//! COSE_Sign1 (RFC 9052 section 4.2) with Ed25519 and nothing else, for manifests, jobs and vouchers.
//!
//! ```text
//! sign1    = #6.18([ protected: bstr .cbor prot-hdr, unprotected: {}, payload: bstr / nil, signature: bstr .size 64 ])
//! prot-hdr = { 1 => (-19 / -8), 4 => bstr }
//! ```
//! The algorithm in the header is checked, never obeyed: the key found by the key id is an Ed25519 key, so there is
//! nothing for a forged header to choose. Signatures are verified over the bytes received.

use alloc::{string::String, vec::Vec};
use core::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::cbor::{CborError, KeyOrder, Limits, Negative, Reader, Writer};

/// CBOR tag of a COSE_Sign1.
const SIGN1_TAG: u64 = 18;
/// Header parameter labels, RFC 9052 section 3.1.
const HEADER_ALGORITHM: i64 = 1;
const HEADER_KEY_ID: i64 = 4;
/// Ed25519 by its fully specified number, RFC 9864. What we emit.
const ALGORITHM_ED25519: i64 = -19;
/// EdDSA by the older number that leaves the curve to the key, RFC 9053. Accepted.
const ALGORITHM_EDDSA: i64 = -8;

/// Around a payload: tag, array, header with algorithm and key id, signature. 106 bytes as we write it.
pub const OVERHEAD_BYTES_MAX: usize = 256;
/// Tag and array; the header is a string of its own.
const DEPTH_MAX: usize = 3;

/// Which key signed: the first 8 bytes of SHA-256 of the public key. It selects a key and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    #[must_use]
    pub fn of(key: &VerifyingKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        let mut id = [0; 8];
        id.copy_from_slice(&digest[..8]);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The public keys trusted for one role (releases, jobs, vouchers). Each role has a set of its own.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(Vec<(KeyId, VerifyingKey)>);

impl TrustedKeys {
    /// Trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, key: VerifyingKey) -> KeyId {
        let id = KeyId::of(&key);
        if self.get(&id.0).is_none() {
            self.0.push((id, key));
        }
        id
    }

    /// The key with exactly this id.
    #[must_use]
    pub fn get(&self, id: &[u8]) -> Option<&VerifyingKey> {
        self.0
            .iter()
            .find(|(known, _)| known.0 == id)
            .map(|(_, key)| key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (KeyId, &VerifyingKey)> {
        self.0.iter().map(|(id, key)| (*id, key))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<VerifyingKey> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        let mut trusted = Self::new();
        for key in keys {
            trusted.add(key);
        }
        trusted
    }
}

/// Why a COSE_Sign1 was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    #[error("the signature's wrapping: {0}")]
    Malformed(#[from] CborError),
    #[error("algorithm {0} is not Ed25519")]
    Algorithm(i64),
    #[error("no trusted key has the id {kid}")]
    UnknownKey { kid: String },
    #[error("the signature does not belong to this content and key")]
    Signature,
}

/// What a valid signature vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'b> {
    pub payload: &'b [u8],
    pub signer: KeyId,
}

/// Signs a payload that travels within. `purpose` (external_aad) keeps a signature from serving elsewhere.
#[must_use]
pub fn sign_attached(payload: &[u8], purpose: &[u8], key: &SigningKey) -> Vec<u8> {
    sign(payload, purpose, key, true)
}

/// Signs a payload that the reader has from elsewhere.
#[must_use]
pub fn sign_detached(payload: &[u8], purpose: &[u8], key: &SigningKey) -> Vec<u8> {
    sign(payload, purpose, key, false)
}

/// Verifies a payload that travelled within.
pub fn verify_attached<'b>(
    sign1: &'b [u8],
    purpose: &[u8],
    keys: &TrustedKeys,
    payload_bytes_max: usize,
) -> Result<Signed<'b>, CoseError> {
    let mut reader = Reader::open(sign1, limits(payload_bytes_max))?;
    let protected = read_headers(&mut reader)?;
    let payload = reader.bytes()?;
    let signer = verify(protected, payload, reader.bytes_of()?, purpose, keys)?;
    Ok(Signed { payload, signer })
}

/// Verifies a payload that came by another way, and says who signed it.
pub fn verify_detached(
    sign1: &[u8],
    payload: &[u8],
    purpose: &[u8],
    keys: &TrustedKeys,
) -> Result<KeyId, CoseError> {
    let mut reader = Reader::open(sign1, limits(0))?;
    let protected = read_headers(&mut reader)?;
    reader.null()?;
    verify(protected, payload, reader.bytes_of()?, purpose, keys)
}

fn sign(payload: &[u8], purpose: &[u8], key: &SigningKey, attached: bool) -> Vec<u8> {
    let kid = KeyId::of(&key.verifying_key());
    let mut header = Writer::new();
    header.map(2);
    header.int(HEADER_ALGORITHM).int(ALGORITHM_ED25519);
    header.int(HEADER_KEY_ID).bytes(&kid.0);
    let protected = header.finish();
    let signature = key.sign(&to_be_signed(&protected, purpose, payload));

    let mut sign1 = Writer::new();
    sign1.tag(SIGN1_TAG).array(4).bytes(&protected).map(0);
    if attached {
        sign1.bytes(payload);
    } else {
        sign1.null();
    }
    sign1.bytes(&signature.to_bytes());
    sign1.finish()
}

fn verify(
    protected: &[u8],
    payload: &[u8],
    signature: [u8; Signature::BYTE_SIZE],
    purpose: &[u8],
    keys: &TrustedKeys,
) -> Result<KeyId, CoseError> {
    let mut reader = Reader::open(protected, limits(0))?;
    let mut header = reader.fields(Negative::Refused)?;
    let algorithm = header.required(HEADER_ALGORITHM)?.int()?;
    if !matches!(algorithm, ALGORITHM_ED25519 | ALGORITHM_EDDSA) {
        return Err(CoseError::Algorithm(algorithm));
    }
    let kid = header.required(HEADER_KEY_ID)?.bytes()?;
    // An unknown header could change what the signature means.
    header.end()?;

    let key = keys.get(kid).ok_or_else(|| CoseError::UnknownKey {
        kid: hex::encode(&kid[..kid.len().min(32)]),
    })?;
    // Strict: also refuses keys and signatures of small order, for which one signature fits many messages.
    key.verify_strict(
        &to_be_signed(protected, purpose, payload),
        &Signature::from_bytes(&signature),
    )
    .map_err(|_| CoseError::Signature)?;
    Ok(KeyId::of(key))
}

/// Reads up to the payload and returns the protected header as it was signed.
fn read_headers<'b>(reader: &mut Reader<'b>) -> Result<&'b [u8], CborError> {
    reader.tag(SIGN1_TAG)?;
    reader.array_of(4)?;
    let protected = reader.bytes()?;
    reader.fields(Negative::Refused)?.end()?;
    Ok(protected)
}

/// Sig_structure, RFC 9052 section 4.4.
fn to_be_signed(protected: &[u8], purpose: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut structure = Writer::new();
    structure.array(4).text("Signature1");
    structure.bytes(protected).bytes(purpose).bytes(payload);
    structure.finish()
}

fn limits(payload_bytes_max: usize) -> Limits {
    Limits {
        bytes_max: payload_bytes_max + OVERHEAD_BYTES_MAX,
        depth_max: DEPTH_MAX,
        key_order: KeyOrder::Ascending,
    }
}

impl CoseError {
    /// The sender may be newer than we are, as opposed to wrong.
    #[must_use]
    pub fn is_unknown_vocabulary(&self) -> bool {
        match self {
            Self::Algorithm(_) => true,
            Self::Malformed(error) => error.is_unknown_vocabulary(),
            Self::UnknownKey { .. } | Self::Signature => false,
        }
    }
}
