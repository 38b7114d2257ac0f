//! Where notices go.

use std::{fmt, net::IpAddr, time::Duration};

use base64ct::{Base64, Encoding};
use ureq::http::Uri;

/// The other side.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) url: String,
    pub(super) secret: Option<Secret>,
    pub(super) timeout: Duration,
}

/// What requests are signed with, shared with the other side.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Keys of the specification have 24 to 64 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("{0:?} is no URL that begins with https:// or http://")]
    Url(String),
    #[error("{0:?} would send alerts over the network in the clear; use https://, or http:// on this machine")]
    NotEncrypted(String),
    #[error("expected whsec_ and 24 to 64 bytes in Base64")]
    Secret,
}

impl Target {
    /// Encrypted, or to this machine.
    pub fn new(url: &str, secret: Option<Secret>, timeout: Duration) -> Result<Self, TargetError> {
        let no_url = || TargetError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(no_url)?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_here(host) => {}
            Some("http") => return Err(TargetError::NotEncrypted(url.to_owned())),
            _ => return Err(no_url()),
        }
        Ok(Self {
            url: url.to_owned(),
            secret,
            timeout,
        })
    }
}

fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Secret {
    /// As the specification writes it.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let base64 = text.trim().strip_prefix("whsec_").ok_or(TargetError::Secret)?;
        let key = Base64::decode_vec(base64).map_err(|_| TargetError::Secret)?;
        if KEY_BYTES.contains(&key.len()) {
            Ok(Self(key))
        } else {
            Err(TargetError::Secret)
        }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_leave_the_machine_encrypted_or_not_at_all() {
        for (url, is_taken) in [
            ("https://alerts.example/fleetfold", true),
            ("https://192.0.2.1:8443/x?y=z", true),
            ("http://127.0.0.1:9000/hook", true),
            ("http://[::1]/hook", true),
            ("http://localhost/hook", true),
            ("http://alerts.example/fleetfold", false),
            ("http://192.0.2.1/", false),
            ("ftp://alerts.example/", false),
            ("alerts.example", false),
            ("/hook", false),
            ("", false),
        ] {
            let target = Target::new(url, None, Duration::from_secs(1));
            assert_eq!(target.is_ok(), is_taken, "{url}");
        }
    }

    #[test]
    fn a_secret_is_long_enough_and_in_base64() {
        for (text, is_taken) in [
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_MfKQ9r8G", false),
            ("whsec_!", false),
        ] {
            assert_eq!(Secret::parse(text).is_ok(), is_taken, "{text}");
        }
    }
}
