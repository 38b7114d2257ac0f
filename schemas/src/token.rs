//! The token a device logs in with: a compact JWT (RFC 7519) signed with the device's Ed25519 key.
//!
//! It is good for one connection to one site: `ctr` must be above that of every earlier login, and `exp` at most five
//! minutes after `iat`. A device without a clock leaves both times out and relies on `ctr` alone. Nothing is negotiated:
//! the header is `{"alg":"EdDSA","typ":"JWT"}`, and the key is the one on record for the device, or, on first contact,
//! the one in the voucher that the token carries as `vch`.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::id::DeviceId;

/// Longest token accepted, in bytes. With a voucher ours are about 700.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;
/// Longest time from `iat` to `exp`, in seconds, inclusive: a stolen token is soon worthless.
pub const LIFETIME_S_MAX: u64 = 300;

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "JWT";

/// What a device says when it connects.
#[derive(Debug, Clone, Copy)]
pub struct DeviceToken<'a> {
    pub device: &'a DeviceId,
    /// The installation it wants to talk to, so that no other one can use the token.
    pub site: &'a str,
    /// None for a device without a clock.
    pub lifetime: Option<Lifetime>,
    /// Above that of every earlier token, for ever.
    pub counter: u64,
    /// On first contact, the signed voucher of the factory.
    pub voucher: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Seconds since 1970, UTC.
    pub issued_s: u64,
    /// The first second at which the token is void.
    pub expires_s: u64,
}

/// What the broker knows, and the token must agree with.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The client id and username of the connection.
    pub device: &'a DeviceId,
    pub site: &'a str,
    pub now_s: u64,
    /// The last counter seen from this device, None on first contact.
    pub last_counter: Option<u64>,
    /// How far the device's clock may be off, in seconds, inclusive.
    pub skew_s: u64,
}

/// What a verified token adds to what the broker knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    pub counter: u64,
    /// None from a device without a clock: its site must then use TLS.
    pub lifetime: Option<Lifetime>,
}

/// Why a token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("not a readable device token: {what}")]
    Malformed { what: &'static str },
    #[error("algorithm or type other than EdDSA and JWT")]
    Algorithm,
    #[error("the token is not signed with this device's key")]
    Signature,
    #[error("the token is for another device than the connection")]
    Subject,
    #[error("the token is for another site")]
    Audience,
    #[error("a lifetime of {lifetime_s} s is not within 1 and {LIFETIME_S_MAX} s")]
    Lifetime { lifetime_s: u64 },
    #[error("the token is from the future by {ahead_s} s")]
    Early { ahead_s: u64 },
    #[error("the token expired {late_s} s ago")]
    Expired { late_s: u64 },
    #[error("counter {counter} is not above {last}, the last one used")]
    Counter { counter: u64, last: u64 },
}

impl TokenError {
    /// The stable name of this refusal, for logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::Signature => "token_signature",
            Self::Subject => "token_subject",
            Self::Audience => "token_audience",
            Self::Lifetime { .. } => "token_lifetime",
            Self::Early { .. } => "token_early",
            Self::Expired { .. } => "token_expired",
            Self::Counter { .. } => "token_counter",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    sub: String,
    aud: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    ctr: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    vch: Option<String>,
}

impl DeviceToken<'_> {
    /// The token, to be sent as the password of CONNECT.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let header = encode(&Header {
            alg: ALGORITHM.to_string(),
            typ: TYPE.to_string(),
        });
        let body = encode(&Body {
            sub: self.device.to_string(),
            aud: self.site.to_string(),
            iat: self.lifetime.map(|lifetime| lifetime.issued_s),
            exp: self.lifetime.map(|lifetime| lifetime.expires_s),
            ctr: self.counter,
            vch: self.voucher.map(Base64UrlUnpadded::encode_string),
        });
        let signed = format!("{header}.{body}");
        let signature = key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
    }
}

/// Verifies a token with the key on record for the device.
pub fn verify(token: &str, key: &VerifyingKey, expect: &Expect<'_>) -> Result<Claims, TokenError> {
    UnverifiedToken::parse(token)?.verify(key, expect)
}

/// A well-formed token that nobody vouches for yet.
///
/// On first contact the key to verify it with is in the voucher it carries, so the voucher, which the factory signed,
/// can be had before; nothing else can.
pub struct UnverifiedToken<'t> {
    /// The first two parts, over which the signature is.
    signed: &'t str,
    signature: [u8; Signature::BYTE_SIZE],
    body: Body,
    voucher: Option<Vec<u8>>,
}

impl core::fmt::Debug for UnverifiedToken<'_> {
    /// Without the token: whoever reads it in a log could use it.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnverifiedToken").finish_non_exhaustive()
    }
}

impl<'t> UnverifiedToken<'t> {
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed("too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed("not three parts"))?;
        let (header, body) = signed.split_once('.').ok_or(malformed("not three parts"))?;
        let header: Header = decode(header, "the header")?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return Err(TokenError::Algorithm);
        }
        let body: Body = decode(body, "the claims")?;
        let voucher = match &body.vch {
            Some(voucher) => Some(from_base64(voucher).ok_or(malformed("the voucher"))?),
            None => None,
        };
        let signature = from_base64(signature)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(malformed("the signature"))?;
        Ok(Self {
            signed,
            signature,
            body,
            voucher,
        })
    }

    /// The factory's voucher, to be verified by itself.
    #[must_use]
    pub fn voucher(&self) -> Option<&[u8]> {
        self.voucher.as_deref()
    }

    /// Checks signature, subject, audience, times and counter, in this order.
    pub fn verify(&self, key: &VerifyingKey, expect: &Expect<'_>) -> Result<Claims, TokenError> {
        // Strict, as in `cose`: no keys of small order.
        key.verify_strict(
            self.signed.as_bytes(),
            &Signature::from_bytes(&self.signature),
        )
        .map_err(|_| TokenError::Signature)?;
        if self.body.sub != expect.device.as_str() {
            return Err(TokenError::Subject);
        }
        if self.body.aud != expect.site {
            return Err(TokenError::Audience);
        }
        let lifetime = self.lifetime()?;
        if let Some(lifetime) = lifetime {
            lifetime.check(expect)?;
        }
        let counter = self.body.ctr;
        match expect.last_counter {
            Some(last) if counter <= last => Err(TokenError::Counter { counter, last }),
            Some(_) | None => Ok(Claims { counter, lifetime }),
        }
    }

    fn lifetime(&self) -> Result<Option<Lifetime>, TokenError> {
        match (self.body.iat, self.body.exp) {
            (Some(issued_s), Some(expires_s)) => Ok(Some(Lifetime {
                issued_s,
                expires_s,
            })),
            (_, None) => Ok(None),
            // Without iat, exp may be years away.
            (None, Some(_)) => Err(malformed("exp without iat")),
        }
    }
}

impl Lifetime {
    fn check(self, expect: &Expect<'_>) -> Result<(), TokenError> {
        let lifetime_s = self.expires_s.saturating_sub(self.issued_s);
        if !(1..=LIFETIME_S_MAX).contains(&lifetime_s) {
            return Err(TokenError::Lifetime { lifetime_s });
        }
        let ahead_s = self.issued_s.saturating_sub(expect.now_s);
        if ahead_s > expect.skew_s {
            return Err(TokenError::Early { ahead_s });
        }
        // Void from `exp` on, RFC 7519 section 4.1.4, but for the skew.
        if self.expires_s.saturating_add(expect.skew_s) <= expect.now_s {
            let late_s = expect.now_s.saturating_sub(self.expires_s);
            return Err(TokenError::Expired { late_s });
        }
        Ok(())
    }
}

fn encode<T: Serialize>(part: &T) -> String {
    let json = serde_json::to_vec(part).expect("strings and integers are always JSON");
    Base64UrlUnpadded::encode_string(&json)
}

fn decode<T: DeserializeOwned>(part: &str, what: &'static str) -> Result<T, TokenError> {
    from_base64(part)
        // serde also fills a struct from an array, by position.
        .filter(|json| json.starts_with(b"{"))
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(malformed(what))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

fn malformed(what: &'static str) -> TokenError {
    TokenError::Malformed { what }
}
