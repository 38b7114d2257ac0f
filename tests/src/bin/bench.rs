//! Benchmarks against what people use today; see `fleetfold_tests::bench`. One JSON object a line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use fleetfold_tests::{
    Failure,
    bench::{self, append, create, gate, gate_latency, ingest, replay},
};
use serde_json::Value;

/// The peer that a figure is compared with is not installed.
const PEER_MISSING: u8 = 2;

/// Measure the real program beside what people use today
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Debug, Subcommand)]
enum Figure {
    /// Reports a second, from publish through the log to PUBACK, beside mosquitto
    Ingest(Effort),
    /// Durable events a second at batches of 1, 10, 100 and 1,000, beside a bare append and fdatasync of the same bytes
    Append(Effort),
    /// Events a second from a log of ten million into the state of a million devices, and a restart from a snapshot
    Replay(Effort),
    /// How often the gates pause healthy campaigns, and how many devices a bad release reaches, beside fixed thresholds
    Gate(Effort),
    /// A campaign over a million devices: from its creation until its first phase is queued
    Create(Effort),
    /// From the report that trips a gate to the pause on the wire, with 20,000 reports a second flowing
    GateLatency(Effort),
    /// One process of `replay`
    #[command(hide = true)]
    ReplayPart {
        part: replay::Part,
        #[arg(long)]
        dir: PathBuf,
        #[arg(long)]
        devices: u32,
    },
}

#[derive(Debug, Args)]
struct Effort {
    /// Less exact, within 40 seconds
    #[arg(long)]
    quick: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if error.is::<bench::Missing>() {
                ExitCode::from(PEER_MISSING)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let dir = tempfile::Builder::new()
        .prefix("fleetfold-bench-")
        .tempdir()?;
    let figures = match arguments.figure {
        Figure::Ingest(Effort { quick }) => {
            let effort = if quick {
                ingest::Effort::QUICK
            } else {
                ingest::Effort::FULL
            };
            vec![ingest::run(effort, dir.path()).await?]
        }
        Figure::Append(Effort { quick }) => {
            let effort = if quick {
                append::Effort::QUICK
            } else {
                append::Effort::FULL
            };
            append::run(effort, dir.path())?
        }
        Figure::Replay(Effort { quick }) => replay::run(quick, dir.path())?,
        Figure::Gate(Effort { quick }) => {
            let effort = if quick {
                gate::Effort::QUICK
            } else {
                gate::Effort::FULL
            };
            let figures = gate::run(effort)?;
            let kept = gate::check(&figures);
            print(&figures);
            return kept;
        }
        Figure::Create(Effort { quick }) => create::run(quick, dir.path())?,
        Figure::GateLatency(Effort { quick }) => gate_latency::run(quick, dir.path()).await?,
        Figure::ReplayPart { part, dir, devices } => vec![replay::part(part, &dir, devices)?],
    };
    print(&figures);
    Ok(())
}

fn print(figures: &[Value]) {
    for figure in figures {
        println!("{figure}");
    }
}
