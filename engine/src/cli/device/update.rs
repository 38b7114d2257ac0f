//! `fleetfold device update`

use std::process::ExitCode;

use clap::Args;
use fleetfold_schemas::{
    campaign::Moment,
    command::{Command, UpdateDevice},
    id::{DeviceId, Version},
};

use super::super::{connection::Connection, failure::Failure, output::done};

#[derive(Debug, Args)]
pub struct Update {
    device: DeviceId,
    /// Of a release of its model
    version: Version,
    /// Not before then, as in 2026-12-01T02:30:00+01:00; at once, unless said
    #[arg(long, value_parser = moment)]
    at: Option<Moment>,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

impl Update {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let command = Command::UpdateDevice(UpdateDevice {
            device: self.device.clone(),
            version: self.version.clone(),
            at: self.at,
            reason: self.reason,
        });
        let accepted = self.connection.send(command, None).await?;
        let when = match self.at {
            None => format!("from position {} on", accepted.position),
            Some(at) => format!("at {at} (position {})", accepted.position),
        };
        done(&format!(
            "{} is updated to {} {when}; `fleetfold campaign list --manual` has its campaign, and \
             `fleetfold device explain {}` says how it stands",
            self.device, self.version, self.device
        ))
    }
}

fn moment(text: &str) -> Result<Moment, &'static str> {
    Moment::parse(text).ok_or("expected a time after 1970, as in 2026-12-01T02:30:00+01:00")
}
