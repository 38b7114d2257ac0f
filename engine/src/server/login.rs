//! Who may connect: operators by password, devices by a token they sign or by one we know the hash of.
//!
//! Times in device tokens are always the wall's, whatever clock the engine runs on.

use argon2::{Argon2, PasswordVerifier, password_hash::phc::PasswordHash};
use fleetfold_broker::{Identity, Login, LoginRefused};
use fleetfold_schemas::Name;
use tokio::sync::{Semaphore, oneshot};

use super::{
    clock::wall_ms,
    inbox::{Inbox, LoginQuery, LoginRecord, Message},
};
use crate::turn::{self, login::Shown};

/// Password checks at once. Each takes 19 MiB and tens of milliseconds by design; more would let strangers stop the
/// engine with logins.
const PASSWORD_CHECKS_MAX: usize = 2;

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
                    role: turn::login::role(role),
                })
            }
            Some(LoginRecord::Device(device)) => device.log_in(&Shown {
                client_id: &login.client_id,
                password: &login.password,
                site: self.site.as_str(),
                now_s: wall_ms() / 1000,
            }),
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
}
