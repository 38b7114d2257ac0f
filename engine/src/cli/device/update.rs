//! `fleetfold device update`

use std::process::ExitCode;

use clap::Args;
use fleetfold_schemas::{
    command::{Command, UpdateDevice},
    id::{DeviceId, Version},
};

use super::super::{connection::Connection, failure::Failure, output::done};

#[derive(Debug, Args)]
pub struct Update {
    device: DeviceId,
    /// Of a release of its model
    version: Version,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

impl Update {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let client = self.connection.open().await?;
        let command = Command::UpdateDevice(UpdateDevice {
            device: self.device.clone(),
            version: self.version.clone(),
            reason: self.reason,
        });
        let accepted = client.command(command, None).await?;
        client.close().await;
        done(&format!(
            "{} is updated to {} from position {} on; `fleetfold campaign list --manual` has its campaign, and \
             `fleetfold device explain {}` says how it stands",
            self.device, self.version, accepted.position, self.device
        ))
    }
}
