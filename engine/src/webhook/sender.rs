//! One request to the other side, signed as Standard Webhooks 1.0 says.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Encoding};
use fleetfold_schemas::Name;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use ureq::{Agent, tls::TlsConfig};

use super::{Notice, Secret, Target};

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Http(Box<ureq::Error>),
    #[error("it answered with status {0}")]
    Status(u16),
}

#[derive(Debug)]
pub struct Sender {
    agent: Agent,
    target: Target,
    site: String,
}

impl Sender {
    pub fn new(target: Target, site: &Name) -> Self {
        let tls = TlsConfig::builder().root_certs(target.roots.clone());
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(target.timeout))
            .http_status_as_error(false)
            // Who moves says so to the operator, not to us.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The configuration alone says where it goes.
            .proxy(None)
            .user_agent(concat!("fleetfold/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            target,
            site: site.to_string(),
        }
    }

    pub fn send(&self, notice: &Notice) -> Result<(), SendError> {
        // The same whenever the notice is repeated, and another one if the log was put back and has gone on otherwise.
        let id = format!("{}-{}-{}", self.site, notice.position, notice.at);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = now.map_or(0, |since| since.as_secs()).to_string();
        let mut request = self
            .agent
            .post(&self.target.url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp);
        let sign = |secret| sign(secret, &id, &timestamp, &notice.body);
        let signatures: Vec<_> = self.target.secrets.iter().map(sign).collect();
        if !signatures.is_empty() {
            request = request.header("webhook-signature", signatures.join(" "));
        }
        let sent = request.send(&notice.body[..]);
        let response = sent.map_err(|error| SendError::Http(Box::new(error)))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(SendError::Status(status.as_u16()))
        }
    }
}

/// `v1,` and the HMAC-SHA256 over id, timestamp and body, in Base64.
fn sign(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.key());
    let mut mac = mac.expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn a_signature_is_the_one_that_the_specification_shows() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
