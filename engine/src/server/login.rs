//! Who may connect: operators by password, devices by a token they sign or by one we know the hash of.
//!
//! Times in device tokens are always the wall's, whatever clock the engine runs on.

use argon2::{Argon2, PasswordVerifier, password_hash::phc::PasswordHash};
use fleetfold_broker::{Identity, Login, LoginRefused, Role};
use fleetfold_core::fact;
use fleetfold_schemas::{
    DeviceId, Name,
    command::{Credential, Lifecycle},
    token::{Expect, UnverifiedToken},
};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, oneshot};

use super::{
    clock::wall_ms,
    inbox::{Inbox, LoginQuery, LoginRecord, Message},
};

/// Password checks at once. Each takes 19 MiB and tens of milliseconds by design; more would let strangers stop the
/// engine with logins.
const PASSWORD_CHECKS_MAX: usize = 2;
/// How far a device's clock may differ from ours.
const CLOCK_SKEW_S: u64 = 60;

/// Checks logins against what the owner has on record.
#[derive(Debug)]
pub struct Authenticator {
    inbox: Inbox,
    site: Name,
    password_checks: Semaphore,
}

impl Authenticator {
    pub fn new(inbox: Inbox, site: Name) -> Self {
        Self {
            inbox,
            site,
            password_checks: Semaphore::new(PASSWORD_CHECKS_MAX),
        }
    }

    pub async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        let record = self.record(&login.username).await?;
        match record {
            None => Err(LoginRefused::BadCredentials),
            Some(LoginRecord::Operator {
                role,
                password_hash,
            }) => {
                self.check_password(login.password, password_hash).await?;
                let id = login
                    .username
                    .parse()
                    .map_err(|_| LoginRefused::BadCredentials)?;
                Ok(Identity::Operator {
                    id,
                    role: broker_role(role),
                })
            }
            Some(LoginRecord::Device {
                id,
                lifecycle,
                credential,
                login_counter,
            }) => {
                // A device's client id is its name, so that a second connection takes over the first.
                if login.client_id != login.username {
                    return Err(LoginRefused::BadCredentials);
                }
                let counter =
                    self.check_device(&id, &credential, login_counter, &login.password)?;
                if lifecycle == Lifecycle::Retired {
                    return Err(LoginRefused::NotAuthorized);
                }
                Ok(Identity::Device {
                    id,
                    login_counter: counter,
                })
            }
        }
    }

    async fn record(&self, username: &str) -> Result<Option<LoginRecord>, LoginRefused> {
        let (reply, answer) = oneshot::channel();
        let query = LoginQuery {
            username: username.to_owned(),
            reply,
        };
        let sent = self.inbox.send(Message::Login(query)).await;
        sent.map_err(|_| LoginRefused::Unavailable)?;
        answer.await.map_err(|_| LoginRefused::Unavailable)
    }

    async fn check_password(&self, password: Vec<u8>, stored: String) -> Result<(), LoginRefused> {
        let _permit = self
            .password_checks
            .acquire()
            .await
            .map_err(|_| LoginRefused::Unavailable)?;
        let is_right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(&password, &hash).is_ok())
        });
        match is_right.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LoginRefused::BadCredentials),
            Err(_) => Err(LoginRefused::Unavailable),
        }
    }

    fn check_device(
        &self,
        device: &DeviceId,
        credential: &Credential,
        last_counter: Option<u64>,
        password: &[u8],
    ) -> Result<Option<u64>, LoginRefused> {
        match credential {
            Credential::TokenSha256(stored) => {
                let given: [u8; 32] = Sha256::digest(password).into();
                if given == *stored {
                    Ok(None)
                } else {
                    Err(LoginRefused::BadCredentials)
                }
            }
            Credential::PublicKey(key) => {
                let refuse = |reason: &'static str| {
                    tracing::info!(%device, reason, "device token refused");
                    LoginRefused::BadCredentials
                };
                let key =
                    ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| refuse("key"))?;
                let text = std::str::from_utf8(password).map_err(|_| refuse("token_malformed"))?;
                let expect = Expect {
                    device,
                    site: self.site.as_str(),
                    now_s: wall_ms() / 1000,
                    last_counter,
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

const fn broker_role(role: fact::Role) -> Role {
    match role {
        fact::Role::Viewer => Role::Viewer,
        fact::Role::Operator => Role::Operator,
        fact::Role::Approver => Role::Approver,
        fact::Role::Admin => Role::Admin,
    }
}
