//! Where notices go.

use std::{fmt, net::IpAddr, ops::RangeInclusive, time::Duration};

use base64ct::{Base64, Encoding};
use ureq::{
    http::Uri,
    tls::{PemItem, RootCerts, parse_pem},
};

/// The other side.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) url: String,
    pub(super) secrets: Vec<Secret>,
    pub(super) roots: RootCerts,
    pub(super) timeout: Duration,
}

/// What requests are signed with, shared with the other side.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Keys of the specification have 24 to 64 bytes.
const KEY_BYTES: RangeInclusive<usize> = 24..=64;
/// Requests carry a signature with each: the one that goes, and the one that comes.
const SECRETS_MAX: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("{0:?} is no URL that begins with https:// or http:// and names a host")]
    Url(String),
    #[error("a URL with a name or password in it is not called; requests are signed instead")]
    Credentials,
    #[error(
        "{0:?} would send alerts over the network in the clear; use https://, or http:// on this machine"
    )]
    NotEncrypted(String),
    #[error("expected 1 to {SECRETS_MAX} lines, each whsec_ and 24 to 64 bytes in Base64")]
    Secret,
    #[error("no certificate in PEM format")]
    NoCertificate,
}

impl Target {
    /// Encrypted, or to this machine.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, TargetError> {
        let no_url = || TargetError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| no_url())?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(no_url)?;
        if uri
            .authority()
            .is_some_and(|whole| whole.as_str().contains('@'))
        {
            return Err(TargetError::Credentials);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_here(host) => {}
            Some("http") => return Err(TargetError::NotEncrypted(url.to_owned())),
            _ => return Err(no_url()),
        }
        Ok(Self {
            url: url.to_owned(),
            secrets: Vec::new(),
            roots: RootCerts::WebPki,
            timeout,
        })
    }

    /// The same, with requests signed by the secrets of a file, one a line.
    pub fn signed(mut self, secrets: &str) -> Result<Self, TargetError> {
        let lines = secrets.lines().map(str::trim);
        let secrets = lines.filter(|line| !line.is_empty()).map(Secret::parse);
        self.secrets = secrets.collect::<Result<_, _>>()?;
        if (1..=SECRETS_MAX).contains(&self.secrets.len()) {
            Ok(self)
        } else {
            Err(TargetError::Secret)
        }
    }

    /// The same, trusting these certificates, in PEM, instead of those that browsers trust.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, TargetError> {
        let mut roots = Vec::new();
        for item in parse_pem(pem) {
            match item.map_err(|_| TargetError::NoCertificate)? {
                PemItem::Certificate(certificate) => roots.push(certificate),
                _ => return Err(TargetError::NoCertificate),
            }
        }
        if roots.is_empty() {
            return Err(TargetError::NoCertificate);
        }
        self.roots = RootCerts::new_with_certs(&roots);
        Ok(self)
    }
}

fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Secret {
    /// As the specification writes it.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let base64 = text.strip_prefix("whsec_");
        let base64 = base64.ok_or(TargetError::Secret)?;
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
            ("https://name:word@alerts.example/", false),
            ("https://", false),
            ("alerts.example", false),
            ("/hook", false),
            ("", false),
        ] {
            let target = Target::new(url, Duration::from_secs(1));
            assert_eq!(target.is_ok(), is_taken, "{url}");
        }
    }

    #[test]
    fn secrets_are_few_long_enough_and_in_base64() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (text, secrets) in [
            (format!("{secret}\n"), Some(1)),
            (format!("{secret}\r\n\n{secret}"), Some(2)),
            (format!("{secret}\n").repeat(5), None),
            (String::new(), None),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), None),
            ("whsec_MfKQ9r8G".to_owned(), None),
            ("whsec_!".to_owned(), None),
        ] {
            let target = Target::new("https://alerts.example/", Duration::from_secs(1)).unwrap();
            let signed = target.signed(&text);
            assert_eq!(signed.ok().map(|of| of.secrets.len()), secrets, "{text}");
        }
    }

    #[test]
    fn what_is_trusted_is_certificates() {
        for pem in [
            "",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        ] {
            let target = Target::new("https://alerts.example/", Duration::from_secs(1)).unwrap();
            let trusting = target.trusting(pem.as_bytes());
            assert!(matches!(trusting, Err(TargetError::NoCertificate)), "{pem}");
        }
    }
}
