//! `fleetfold log`

mod export;
mod history;
mod repair;
mod show;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use fleetfold_schemas::topic::Topic;
use serde_json::{Map, Value};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, print},
};

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Show facts as they are recorded, from now on, until interrupted
    Tail {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Check the log of a data directory from its first byte to its last
    ///
    /// Every checksum, the hash chain over all records, their numbering, and that each is a fact that this version
    /// understands and can fold; that every snapshot holds what the facts before it fold to; and, if no server has the
    /// directory, the index. Changes nothing; the server may run meanwhile. The chain value printed vouches for every
    /// record, the state digest for what they add up to: keep them elsewhere, and a later run shows whether history is
    /// still the same.
    Verify(verify::VerifyArgs),
    /// Put a log that is refused together again, from the copies that are intact
    ///
    /// Damaged or missing stretches of the journal are replaced by the very bytes, if the index or the archive has them:
    /// checksum, numbering and hash chain prove it. Damaged files are kept beside. If some records are in no copy,
    /// nothing is changed, and they are named. Crashes need no repair: the server does what they need when it starts.
    Repair(repair::RepairArgs),
    /// Write facts as JSON lines, the same as on the topic log/facts
    ///
    /// Reads only; the server may run meanwhile.
    Export(export::ExportArgs),
    /// Print what was known at some moment, as JSON
    ///
    /// The same as the retained topics held then. Reads only; the server may run meanwhile.
    Show(show::ShowArgs),
}

/// Where a log is.
#[derive(Debug, Args)]
pub struct LogDir {
    /// The server's data directory
    #[arg(long, value_name = "DIR", default_value = "fleetfold-data")]
    data: PathBuf,
}

pub(super) async fn run(command: LogCommand) -> Result<ExitCode, Failure> {
    match command {
        LogCommand::Tail { json, connection } => tail(json, &connection).await,
        LogCommand::Verify(args) => verify::run(&args),
        LogCommand::Repair(args) => repair::run(&args),
        LogCommand::Export(args) => export::run(&args),
        LogCommand::Show(args) => show::run(&args),
    }
}

async fn tail(json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let mut facts = client.subscribe(Topic::LogFacts.to_string()).await?;
    loop {
        let fact = facts.next().await?;
        if json {
            print(&output::json_line(&fact.payload)?)?;
        } else {
            let value = serde_json::from_slice(&fact.payload).map_err(output::unreadable)?;
            print(&format!("{}\n", line(value)))?;
        }
    }
}

/// A fact in one line: where, when, what, and the rest as it comes.
fn line(mut fact: Map<String, Value>) -> String {
    let position = fact.remove("position").and_then(|value| value.as_u64());
    let at = fact.remove("at_ms").and_then(|value| value.as_u64());
    let (position, at) = (position.unwrap_or(0), output::time(at.unwrap_or(0)));
    let mut line = format!("{position:>8}  {at}");
    if let Some(Value::String(name)) = fact.remove("fact") {
        line.push_str(&format!("  {name}"));
    }
    for (key, value) in fact {
        match value {
            Value::String(text) => line.push_str(&format!("  {key}={text}")),
            other => line.push_str(&format!("  {key}={other}")),
        }
    }
    fleetfold_schemas::id::printable(&line, usize::MAX)
}
