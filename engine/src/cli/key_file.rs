//! Ed25519 keys in files.
//!
//! A public key is 64 lower-case hexadecimal digits (the 32 bytes of RFC 8032, section 5.1.5) and a newline, as devices and
//! `keys trust` take it. A secret key is its seed in the same form, with `ed25519-secret:` before it, so that neither can
//! be taken for the other; only its owner may read the file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::failure::Failure;

const SECRET_MARK: &str = "ed25519-secret:";

/// A key pair that was just made.
pub(crate) struct NewKey {
    pub(crate) secret: PathBuf,
    pub(super) public: PathBuf,
    pub(super) key: VerifyingKey,
}

impl NewKey {
    /// Makes `NAME.key` and `NAME.pub` in the directory. Neither may exist.
    pub(crate) fn make(dir: &Path, name: &str) -> Result<Self, Failure> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Failure::new(format!("the system gives no random numbers: {error}"))
        })?;
        let key = SigningKey::from_bytes(&seed);
        let made = Self {
            secret: dir.join(format!("{name}.key")),
            public: dir.join(format!("{name}.pub")),
            key: key.verifying_key(),
        };
        fs::create_dir_all(dir)
            .map_err(|error| Failure::of_file("make the directory", dir, error))?;
        let secret = format!("{SECRET_MARK}{}\n", hex::encode(seed));
        create(&made.secret, &secret, 0o600)?;
        let public = format!("{}\n", hex::encode(made.key.as_bytes()));
        if let Err(failure) = create(&made.public, &public, 0o644) {
            // Half a pair would stand in the way of the next attempt.
            let _ = fs::remove_file(&made.secret);
            return Err(failure);
        }
        Ok(made)
    }

    /// Takes it back.
    pub(super) fn remove(&self) {
        for path in [&self.secret, &self.public] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes a file that must not exist, and syncs it: a key that is trusted and then lost cannot be had again.
fn create(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(format!(
            "{} exists, and keys are not overwritten",
            path.display()
        ))
        .advise("take another name or another directory"),
        _ => Failure::of_file("write", path, error),
    })
}

pub(super) fn read_public(path: &Path) -> Result<VerifyingKey, Failure> {
    let text = read(path)?;
    if text.starts_with(SECRET_MARK) {
        return Err(
            Failure::new(format!("{} holds a secret key", path.display()))
                .advise("the public one is beside it and ends in .pub"),
        );
    }
    decode(&text)
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .filter(|key| !key.is_weak())
        .ok_or_else(|| {
            Failure::new(format!(
                "{} is not an Ed25519 public key of 64 hexadecimal digits",
                path.display()
            ))
        })
}

pub(crate) fn read_secret(path: &Path) -> Result<SigningKey, Failure> {
    let text = read(path)?;
    let seed = text.strip_prefix(SECRET_MARK).and_then(decode);
    seed.map(|seed| SigningKey::from_bytes(&seed))
        .ok_or_else(|| {
            Failure::new(format!("{} is not a secret key file", path.display()))
                .advise("`fleetfold keys new` makes them: NAME.key")
        })
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::of_file("read", path, error))?;
    Ok(text.trim_end().to_owned())
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_key_is_for_its_owner_alone_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let made = NewKey::make(dir.path(), "release-1").unwrap();
        let mode = fs::metadata(&made.secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read_public(&made.public).unwrap(), made.key);
        let secret = read_secret(&made.secret).unwrap();
        assert_eq!(secret.verifying_key(), made.key);

        assert!(NewKey::make(dir.path(), "release-1").is_err());
        fs::remove_file(&made.secret).unwrap();
        assert!(
            NewKey::make(dir.path(), "release-1").is_err(),
            "the .pub is there"
        );
        assert!(!made.secret.exists(), "half a pair is not left behind");
        assert_eq!(read_public(&made.public).unwrap(), made.key);
    }

    #[test]
    fn a_secret_key_is_not_taken_for_a_public_one_nor_the_other_way() {
        let dir = tempfile::tempdir().unwrap();
        let made = NewKey::make(dir.path(), "k").unwrap();
        let refused = read_public(&made.secret).unwrap_err().to_string();
        assert!(refused.contains("secret"), "{refused}");
        assert!(read_secret(&made.public).is_err());
        let bad = dir.path().join("bad.pub");
        for text in ["", "00", &"0".repeat(64), &"zz".repeat(32)] {
            fs::write(&bad, text).unwrap();
            assert!(read_public(&bad).is_err(), "{text:?}");
        }
    }
}
