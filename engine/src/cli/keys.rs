//! `fleetfold keys`

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use fleetfold_schemas::{
    command::{Command, TrustKey},
    cose::KeyId,
    id::Name,
};

use super::{
    connection::Connection,
    failure::Failure,
    key_file::{self, NewKey},
    output::done,
};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make an Ed25519 key pair to sign releases with
    ///
    /// NAME.key is the secret one, for its owner alone (mode 0600); NAME.pub is for the engine and for devices. Both are
    /// text: 64 hexadecimal digits, in NAME.key behind `ed25519-secret:`. Keep NAME.key where releases are signed, never
    /// on the server. Existing files are not overwritten.
    New {
        /// The directory for both files; made if need be
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[arg(long)]
        name: Name,
    },
    /// Accept releases signed with this key from now on
    Trust {
        /// The public key, NAME.pub
        file: PathBuf,
        /// What the log shall call it [default: the file's name]
        #[arg(long)]
        name: Option<Name>,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(command: KeysCommand) -> Result<ExitCode, Failure> {
    match command {
        KeysCommand::New { out, name } => {
            let made = NewKey::make(&out, name.as_str())?;
            done(&format!(
                "key id  {}\nsecret  {}\npublic  {}\nnext    fleetfold keys trust {}",
                KeyId::of(&made.key),
                made.secret.display(),
                made.public.display(),
                made.public.display(),
            ))
        }
        KeysCommand::Trust {
            file,
            name,
            connection,
        } => {
            let key = key_file::read_public(&file)?;
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            let name = match name {
                Some(name) => name,
                None => stem
                    .and_then(|stem| Name::parse(stem).ok())
                    .ok_or_else(|| {
                        Failure::new("the file's name is not fit to be the key's name")
                            .advise("give one with --name")
                    })?,
            };
            let command = Command::TrustKey(TrustKey {
                name: name.clone(),
                public_key: key.to_bytes(),
            });
            let accepted = connection.send(command, None).await?;
            done(&format!(
                "key {} is trusted as {name} from position {} on",
                KeyId::of(&key),
                accepted.position
            ))
        }
    }
}
