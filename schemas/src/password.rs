//! Passwords of people, on their way to becoming a hash.

use alloc::{format, string::String};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::code::{Code, Rejection};

/// NIST SP 800-63B-4, section 3.1.1.2: what is the only proof of a person has at least 15 characters.
pub const PASSWORD_CHARS_MIN: usize = 15;
/// It must fit into a CONNECT with room to spare, and hashing it must not become work.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// The least work that a hash may stand for, as KiB of memory times passes: the lowest of the settings for Argon2id that
/// the OWASP password storage cheat sheet calls equally strong (7 MiB, five passes).
const HASH_WORK_MIN: u64 = 7168 * 5;
const HASH_MEMORY_KIB_MIN: u64 = 7168;
/// Two checks may run at once, and a login must not exhaust the machine: 64 MiB is the larger of the two settings that
/// RFC 9106 section 4 recommends for where 2 GiB are too much.
const HASH_MEMORY_KIB_MAX: u64 = 64 * 1024;
const HASH_PASSES_MAX: u64 = 16;
const HASH_LANES_MAX: u64 = 4;
/// RFC 9106 section 3.1, in bytes; upper limits so that a hash stays a small record.
const SALT_BYTES: core::ops::RangeInclusive<usize> = 8..=64;
const HASH_BYTES: core::ops::RangeInclusive<usize> = 16..=64;

/// A password in plain text. It is never shown, not even as what a deserializer did not expect.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Argon2id in PHC format, of parameters that are neither too weak nor too expensive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// How a new password is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewPassword {
    /// To be hashed before it is used for anything.
    Plain(Password),
    Hash(PasswordHash),
}

impl Password {
    /// # Errors
    /// It is too short or too long.
    pub fn new(text: impl Into<String>) -> Result<Self, Rejection> {
        let text = text.into();
        let chars = text.chars().count();
        if chars < PASSWORD_CHARS_MIN {
            return Err(refused(format!(
                "the password has {chars} characters, at least {PASSWORD_CHARS_MIN} are needed"
            )));
        }
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(refused(format!(
                "the password has {} bytes, at most {PASSWORD_BYTES_MAX} are taken",
                text.len()
            )));
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(...)")
    }
}

impl PasswordHash {
    /// # Errors
    /// It is no such hash.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        match check_hash(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(why) => Err(refused(format!("password_hash: {why}"))),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn refused(message: String) -> Rejection {
    Rejection::new(Code::PasswordRefused, message)
}

/// `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, and nothing else.
fn check_hash(text: &str) -> Result<(), String> {
    let parts: alloc::vec::Vec<_> = text.split('$').collect();
    let ["", "argon2id", "v=19", parameters, salt, hash] = parts.as_slice() else {
        return Err("expected $argon2id$v=19$m=...,t=...,p=...$salt$hash".into());
    };
    let named = |part: Option<&str>, name: &str| -> Result<u64, String> {
        part.and_then(|part| part.strip_prefix(name))
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| format!("expected m=...,t=...,p=..., found {parameters}"))
    };
    let mut numbers = parameters.splitn(3, ',');
    let memory = named(numbers.next(), "m=")?;
    let passes = named(numbers.next(), "t=")?;
    let lanes = named(numbers.next(), "p=")?;
    if memory < HASH_MEMORY_KIB_MIN || memory.saturating_mul(passes) < HASH_WORK_MIN {
        return Err(format!(
            "{parameters} is too weak: at least m={HASH_MEMORY_KIB_MIN}, and m times t at least {HASH_WORK_MIN}"
        ));
    }
    if memory > HASH_MEMORY_KIB_MAX
        || passes > HASH_PASSES_MAX
        || !(1..=HASH_LANES_MAX).contains(&lanes)
    {
        return Err(format!(
            "{parameters} is too expensive: at most m={HASH_MEMORY_KIB_MAX}, t={HASH_PASSES_MAX}, p={HASH_LANES_MAX}"
        ));
    }
    check_base64("salt", salt, &SALT_BYTES)?;
    check_base64("hash", hash, &HASH_BYTES)
}

fn check_base64(
    what: &str,
    text: &str,
    bytes: &core::ops::RangeInclusive<usize>,
) -> Result<(), String> {
    use base64ct::{Base64Unpadded, Encoding};
    let is_right = Base64Unpadded::decode_vec(text).is_ok_and(|read| bytes.contains(&read.len()));
    if is_right {
        Ok(())
    } else {
        let (least, most) = (bytes.start(), bytes.end());
        Err(format!(
            "the {what} is not {least} to {most} bytes in Base64 without padding"
        ))
    }
}

/// The text of a key that may hold a secret: what is not a text is refused without being quoted.
pub(crate) struct SecretText(pub(crate) String);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        const NO_TEXT: &str = "expected a text";
        macro_rules! refuse {
            ($($name:ident: $type:ty),*) => {
                $(fn $name<E: de::Error>(self, _: $type) -> Result<SecretText, E> {
                    Err(E::custom(NO_TEXT))
                })*
            };
        }
        impl de::Visitor<'_> for Visitor {
            type Value = SecretText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(text.into()))
            }
            refuse!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_password_has_a_least_and_a_greatest_length_in_characters_and_bytes() {
        let of = |count: usize| "ü".repeat(count);
        for (text, is_taken) in [
            (of(14), false),
            (of(15), true),
            (of(512), true),
            (of(513), false),
            (String::new(), false),
        ] {
            assert_eq!(Password::new(text.clone()).is_ok(), is_taken, "{text}");
        }
        let short = Password::new("too short").unwrap_err();
        assert_eq!(
            short.to_string(),
            "password_refused: the password has 9 characters, at least 15 are needed"
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        let secret = "correct horse battery staple";
        let password = Password::new(secret).unwrap();
        assert_eq!(format!("{password:?}"), "Password(...)");
        for json in ["123456789012345", "12.5", "true", "[\"123456789012345\"]"] {
            let error = serde_json::from_str::<SecretText>(json).err().unwrap();
            let said = error.to_string();
            assert!(!said.contains("12") && !said.contains("true"), "{said}");
        }
    }

    #[test]
    fn only_hashes_that_are_neither_weak_nor_ruinous_are_taken() {
        let of = |parameters: &str| {
            format!(
                "$argon2id$v=19${parameters}$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"
            )
        };
        for (text, is_taken) in [
            (of("m=19456,t=2,p=1"), true),
            (of("m=7168,t=5,p=1"), true),
            (of("m=65536,t=3,p=4"), true),
            (of("m=7167,t=6,p=1"), false),
            (of("m=19456,t=1,p=1"), false),
            (of("m=65537,t=3,p=4"), false),
            (of("m=19456,t=17,p=1"), false),
            (of("m=19456,t=2,p=5"), false),
            (of("m=19456,t=2,p=0"), false),
            (of("m=19456,t=2"), false),
            (of("m=19456,t=2,p=1,x=1"), false),
            (of("m=19456,t=2,p=1").replace("argon2id", "argon2i"), false),
            (of("m=19456,t=2,p=1").replace("v=19", "v=16"), false),
            (of("m=19456,t=2,p=1").replace("c29tZXNhbHQ", "c29"), false),
            (of("m=19456,t=2,p=1") + "$", false),
            ("secret".into(), false),
        ] {
            assert_eq!(PasswordHash::parse(&text).is_ok(), is_taken, "{text}");
        }
    }
}
