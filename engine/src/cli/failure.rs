//! How a command fails: what happened, because of what, and what to do about it.

use std::{error::Error, fmt, path::Path};

use fleetfold_schemas::code::Code;

use crate::client::{CommandError, ConnectError, LoginRefusal, SubscribeError, UploadError};

/// An error with advice.
#[derive(Debug)]
pub struct Failure {
    error: Box<dyn Error + Send + Sync>,
    advice: Option<String>,
}

impl Failure {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            error: error.into(),
            advice: None,
        }
    }

    /// Adds what to do.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// An operation on a file failed.
    pub(super) fn of_file(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::new(FileError {
            what,
            path: path.display().to_string(),
            source,
        })
    }

    /// Writes it to stderr.
    pub fn report(&self) {
        crate::report::report(&*self.error);
        if let Some(advice) = &self.advice {
            eprintln!("  {advice}");
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {path}")]
struct FileError {
    what: &'static str,
    path: String,
    #[source]
    source: std::io::Error,
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let advice = match &error {
            ConnectError::Address { .. } => "give it as --broker HOST:PORT or in FLEETFOLD_BROKER",
            ConnectError::Unreachable { .. } | ConnectError::Timeout { .. } => {
                "is `fleetfold serve` running there? Another broker: --broker HOST:PORT or FLEETFOLD_BROKER"
            }
            ConnectError::Refused {
                refusal: LoginRefusal::BadCredentials,
                ..
            } => {
                "check --operator and --password-file; the administrator's password is in the server's data directory, \
                 in the file admin-password"
            }
            ConnectError::Protocol { .. } => {
                "check host and port: MQTT is on another port than metrics"
            }
            ConnectError::Refused { .. }
            | ConnectError::RepliesRefused { .. }
            | ConnectError::Closed => return Self::new(error),
        };
        Self::new(error).advise(advice)
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let advice = error.code().and_then(advice);
        let failure = Self::new(error);
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

/// What to do about a rejection, where its message does not say.
fn advice(code: &str) -> Option<&'static str> {
    let code = Code::ALL.iter().find(|known| known.as_str() == code)?;
    match code {
        Code::NotAuthorized => Some("this needs another role or scope; see --operator"),
        Code::UnknownOperator => Some("`fleetfold operator list` shows all there are"),
        Code::LastAdmin => {
            Some("add another admin, or make somebody one: `fleetfold operator change`")
        }
        Code::VersionConflict => {
            Some("somebody was faster: look at `campaign status` and decide again")
        }
        Code::UnknownCampaign => Some("`fleetfold campaign list` shows all there are"),
        Code::UnknownRelease => Some("`fleetfold release list` shows all there are"),
        Code::ReleaseUnsigned => Some(
            "sign it with a key that is trusted here, or have the key trusted: `fleetfold keys trust`",
        ),
        Code::ReleaseSequence => {
            Some("a release number is used once: sign again with a higher --number")
        }
        Code::ImageMismatch => Some("sign the image that you publish, as it is"),
        Code::ManifestMismatch => Some("give the vendor, model and version that were signed"),
        _ => None,
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        Self::new(error)
    }
}

impl From<SubscribeError> for Failure {
    fn from(error: SubscribeError) -> Self {
        Self::new(error)
    }
}
