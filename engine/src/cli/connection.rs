//! Where the engine is, and as whom to speak to it.

use std::path::PathBuf;

use clap::Args;
use fleetfold_schemas::{command::Command, id::OperatorId};

use super::failure::Failure;
use crate::client::{Accepted, ConnectOptions, OperatorClient};

/// The password itself, where a file is not wanted.
const PASSWORD_VARIABLE: &str = "FLEETFOLD_PASSWORD";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The broker
    #[arg(
        long,
        env = "FLEETFOLD_BROKER",
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:1883"
    )]
    broker: String,
    /// The name to log in with
    #[arg(
        long,
        env = "FLEETFOLD_OPERATOR",
        value_name = "NAME",
        default_value = "admin"
    )]
    operator: OperatorId,
    /// The file that holds the password; FLEETFOLD_PASSWORD, if set, goes before it
    #[arg(
        long,
        env = "FLEETFOLD_PASSWORD_FILE",
        value_name = "FILE",
        default_value = "fleetfold-data/admin-password"
    )]
    password_file: PathBuf,
}

impl Connection {
    /// Logs in.
    pub(super) async fn open(&self) -> Result<OperatorClient, Failure> {
        let password = self.password()?;
        let options = ConnectOptions::new(&self.broker, self.operator.clone(), password);
        Ok(OperatorClient::connect(options).await?)
    }

    /// Logs in, gives one command or asks one question, and logs out.
    pub(super) async fn send(
        &self,
        command: Command,
        expected_version: Option<u64>,
    ) -> Result<Accepted, Failure> {
        let client = self.open().await?;
        let accepted = client.command(command, expected_version).await?;
        client.close().await;
        Ok(accepted)
    }

    fn password(&self) -> Result<String, Failure> {
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            return Ok(password);
        }
        let text = std::fs::read_to_string(&self.password_file).map_err(|error| {
            Failure::of_file("read the password from", &self.password_file, error).advise(
                "name the file with --password-file or FLEETFOLD_PASSWORD_FILE, or set FLEETFOLD_PASSWORD",
            )
        })?;
        // One line, however the editor ended it.
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}
