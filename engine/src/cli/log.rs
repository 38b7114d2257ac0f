//! `fleetfold log`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use fleetfold_core::{Core, Fact};
use fleetfold_schemas::topic::Topic;
use serde_json::{Map, Value};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, done, print},
};
use crate::{
    log::{ReplayError, verify_with},
    server::log_dir,
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
    /// understands and can fold. Reads only; the server may run meanwhile. The chain value printed vouches for everything
    /// before it: keep it elsewhere, and a later run shows whether history is still the same.
    Verify {
        /// The server's data directory
        #[arg(long, value_name = "DIR", default_value = "fleetfold-data")]
        data: PathBuf,
    },
}

pub(super) async fn run(command: LogCommand) -> Result<ExitCode, Failure> {
    match command {
        LogCommand::Tail { json, connection } => tail(json, &connection).await,
        LogCommand::Verify { data } => verify(&data),
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

fn verify(data: &Path) -> Result<ExitCode, Failure> {
    let mut core = Core::default();
    let folded = verify_with(&log_dir(data), |position, at_ms, record| {
        let fact = Fact::decode(record).map_err(|source| (position, source))?;
        core.replay(at_ms, &fact);
        Ok(())
    });
    let verified = match folded {
        Ok(verified) => verified,
        Err(ReplayError::Log(error)) => return Err(Failure::new(error)),
        Err(ReplayError::Visit((position, error))) => {
            return Err(Failure::new(format!(
                "record {position} is whole but not a fact this version understands: {error}"
            ))
            .advise("was it written by a newer version?"));
        }
    };
    let state = core.state();
    let mut text = format!(
        "whole and in order: {} records, {} batches, {} segments, {}\n",
        verified.records,
        verified.batches,
        verified.segments,
        output::bytes(verified.journal_bytes)
    );
    text.push_str(&format!(
        "folded: {} devices, {} campaigns, {} releases\n",
        state.devices.len(),
        state.campaigns.len(),
        state.releases.len()
    ));
    if verified.incomplete.is_some() {
        text.push_str("behind them stands an append that is under way or was cut off by a crash\n");
    }
    let head = verified.head;
    text.push_str(&format!(
        "head {} at {}, chain {}",
        head.seq,
        output::time(head.at_ms),
        hex::encode(head.chain)
    ));
    done(&text)
}
