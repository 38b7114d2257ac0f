//! `fleetfold alert`

use std::process::ExitCode;

use clap::Subcommand;
use fleetfold_schemas::{
    status::Alert,
    topic::{Topic, filter},
};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, Table, print},
};

#[derive(Debug, Subcommand)]
pub enum AlertCommand {
    /// List the alerts that are raised
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(command: AlertCommand) -> Result<ExitCode, Failure> {
    let AlertCommand::List { json, connection } = command;
    let client = connection.open().await?;
    let values = client.collect_retained(filter::every_alert()).await?;
    client.close().await;
    let mut text = String::new();
    let mut table = Table::new(&["ALERT", "SINCE", "WHY"]);
    for value in &values {
        if json {
            text.push_str(&output::json_line(&value.payload)?);
            continue;
        }
        let alert: Alert = serde_json::from_slice(&value.payload).map_err(output::unreadable)?;
        let id = match Topic::parse(&value.topic) {
            Ok(Topic::Alert(id)) => id.to_string(),
            _ => value.topic.clone(),
        };
        table.row(vec![id, output::time(alert.since_ms), alert.text]);
    }
    print(&if json { text } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}
