//! What a new data directory needs: a site, an administrator, and the engine's own job key.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::SigningKey;
use fleetfold_core::{Answer, Request, fact::Role};
use fleetfold_schemas::OperatorId;
use tokio::sync::oneshot;

use super::{
    ServerOptions,
    inbox::{AnswerTo, Inbox, Message, Pending},
    passwords,
};

/// The operator that every installation begins with.
pub const ADMIN: &str = "admin";
/// Where the first start leaves the administrator's password, readable by the owner alone.
pub const ADMIN_PASSWORD_FILE: &str = "admin-password";
const JOB_KEY_FILE: &str = "job.key";
/// Given to devices, so that they take jobs from this engine only.
pub const JOB_PUBLIC_KEY_FILE: &str = "job.pub";

/// The administrator that was just made.
#[derive(Debug, Clone)]
pub struct FirstStart {
    pub operator: OperatorId,
    pub password_file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    #[error("cannot {what} {}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} does not hold the 64 hexadecimal digits of an Ed25519 secret key", path.display())]
    JobKey { path: PathBuf },
    #[error("no randomness from the operating system: {0}")]
    Random(getrandom::Error),
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    #[error("the engine ended before it had recorded the administrator")]
    Ended,
}

/// Records site and administrator, in one step.
pub async fn prepare(
    options: &ServerOptions,
    inbox: &Inbox,
) -> Result<FirstStart, FirstStartError> {
    let password = random_text()?;
    let password_file = options.data.join(ADMIN_PASSWORD_FILE);
    // The file first: an administrator whose password nobody knows would be worse than a file without one.
    write_secret(&password_file, &format!("{password}\n"))?;
    let operator = OperatorId::parse(ADMIN).expect("our own names are valid");
    let site = Request::OpenSite {
        site: options.site.clone(),
        speed: options.speed,
    };
    let admin = Request::AddOperator {
        operator: operator.clone(),
        role: Role::Admin,
        password_hash: passwords::hash(&password).map_err(FirstStartError::Hash)?,
    };
    let (site_recorded, _) = oneshot::channel();
    let (admin_recorded, recorded) = oneshot::channel();
    let requests = vec![pending(site, site_recorded), pending(admin, admin_recorded)];
    let sent = inbox.send(Message::Requests(requests)).await;
    sent.map_err(|_| FirstStartError::Ended)?;
    recorded.await.map_err(|_| FirstStartError::Ended)?;
    Ok(FirstStart {
        operator,
        password_file,
    })
}

fn pending(request: Request, caller: oneshot::Sender<Answer>) -> Pending {
    Pending {
        request,
        answer_to: AnswerTo::Caller(caller),
    }
}

/// The key that this engine signs jobs with, made on the first start. Release keys never come here.
pub fn job_key(data: &Path) -> Result<SigningKey, FirstStartError> {
    let path = data.join(JOB_KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mut secret = [0; 32];
            hex::decode_to_slice(text.trim(), &mut secret)
                .map_err(|_| FirstStartError::JobKey { path })?;
            Ok(SigningKey::from_bytes(&secret))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(FirstStartError::Random)?;
            let key = SigningKey::from_bytes(&secret);
            write_secret(&path, &format!("{}\n", hex::encode(secret)))?;
            let public = data.join(JOB_PUBLIC_KEY_FILE);
            let text = format!("{}\n", hex::encode(key.verifying_key().as_bytes()));
            fs::write(&public, text).map_err(|source| FirstStartError::File {
                what: "write",
                path: public,
                source,
            })?;
            Ok(key)
        }
        Err(source) => Err(FirstStartError::File {
            what: "read",
            path,
            source,
        }),
    }
}

/// 144 random bits, in characters that survive a shell.
fn random_text() -> Result<String, FirstStartError> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes).map_err(FirstStartError::Random)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

fn write_secret(path: &Path, text: &str) -> Result<(), FirstStartError> {
    let failed = |source| FirstStartError::File {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)
}
