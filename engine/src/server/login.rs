//! Who may connect: operators by password, devices by a token they sign or by one we know the hash of.
//!
//! Times in device tokens are always the wall's, whatever clock the engine runs on.

use fleetfold_broker::{Identity, Login, LoginRefused};
use fleetfold_schemas::Name;
use tokio::sync::oneshot;

use super::{
    clock::wall_ms,
    inbox::{Inbox, LoginQuery, LoginRecord, Message},
    passwords::{Passwords, Unavailable},
};
use crate::turn::{self, login::Shown};

/// Checks logins against what the owner has on record.
#[derive(Debug)]
pub struct Authenticator {
    inbox: Inbox,
    site: Name,
    passwords: Passwords,
}

impl Authenticator {
    pub const fn new(inbox: Inbox, site: Name, passwords: Passwords) -> Self {
        Self {
            inbox,
            site,
            passwords,
        }
    }

    pub async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        let record = self.record(&login.username).await?;
        match record {
            None => Err(LoginRefused::BadCredentials),
            // Their hash is gone, so nothing can be proven; and the two are not told apart.
            Some(LoginRecord::Revoked) => Err(LoginRefused::BadCredentials),
            Some(LoginRecord::Operator {
                role,
                tenants,
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
                    tenants,
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
        match self.passwords.is_right(password, stored).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LoginRefused::BadCredentials),
            Err(Unavailable) => Err(LoginRefused::Unavailable),
        }
    }
}
