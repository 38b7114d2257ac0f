//! Who may connect as a device: held against what is on record, with the time as an argument.

use fleetfold_broker::{Identity, LoginRefused, Role};
use fleetfold_core::{fact, state::Device};
use fleetfold_schemas::{
    DeviceId,
    command::{Credential, Lifecycle},
    token::{Expect, UnverifiedToken},
};
use sha2::{Digest as _, Sha256};

/// How far a device's clock may differ from ours.
const CLOCK_SKEW_S: u64 = 60;

/// What is on record about a device that wants to log in.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    pub id: DeviceId,
    pub lifecycle: Lifecycle,
    pub credential: Credential,
    /// Of its last token.
    pub login_counter: Option<u64>,
}

/// What a device shows when it connects.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub client_id: &'a str,
    pub password: &'a [u8],
    /// The audience that its token must name.
    pub site: &'a str,
    pub now_s: u64,
}

impl KnownDevice {
    #[must_use]
    pub fn of(device: Device<'_>) -> Self {
        Self {
            id: device.id(),
            lifecycle: device.lifecycle(),
            credential: device.credential().clone(),
            login_counter: device.login_counter(),
        }
    }

    /// The identity of a connection that proves to be this device's.
    ///
    /// # Errors
    /// What is shown is not this device's, or the device has been retired.
    pub fn log_in(self, shown: &Shown<'_>) -> Result<Identity, LoginRefused> {
        // A device's client id is its name, so that a second connection takes over the first.
        if shown.client_id != self.id.as_str() {
            return Err(LoginRefused::BadCredentials);
        }
        let login_counter = self.check(shown)?;
        if self.lifecycle == Lifecycle::Retired {
            return Err(LoginRefused::NotAuthorized);
        }
        Ok(Identity::Device {
            id: self.id,
            login_counter,
        })
    }

    /// The counter of the token, if that is what it logs in with.
    fn check(&self, shown: &Shown<'_>) -> Result<Option<u64>, LoginRefused> {
        match &self.credential {
            Credential::TokenSha256(stored) => {
                let given: [u8; 32] = Sha256::digest(shown.password).into();
                if given == *stored {
                    Ok(None)
                } else {
                    Err(LoginRefused::BadCredentials)
                }
            }
            Credential::PublicKey(key) => {
                let refuse = |reason: &'static str| {
                    tracing::info!(device = %self.id, reason, "device token refused");
                    LoginRefused::BadCredentials
                };
                let key =
                    ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| refuse("key"))?;
                let text =
                    std::str::from_utf8(shown.password).map_err(|_| refuse("token_malformed"))?;
                let expect = Expect {
                    device: &self.id,
                    site: shown.site,
                    now_s: shown.now_s,
                    last_counter: self.login_counter,
                    skew_s: CLOCK_SKEW_S,
                };
                let claims = UnverifiedToken::parse(text)
                    .and_then(|token| token.verify(&key, &expect))
                    .map_err(|error| refuse(error.code()))?;
                Ok(Some(claims.counter))
            }
        }
    }
}

/// An operator's role, as the broker knows it.
#[must_use]
pub const fn role(role: fact::Role) -> Role {
    match role {
        fact::Role::Viewer => Role::Viewer,
        fact::Role::Operator => Role::Operator,
        fact::Role::Approver => Role::Approver,
        fact::Role::Admin => Role::Admin,
    }
}
