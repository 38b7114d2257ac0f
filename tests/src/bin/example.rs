//! Runs the example campaign that is shipped over a hundred devices, at high speed; see `fleetfold_tests::example`.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use fleetfold_tests::example;

/// Run a campaign as its author writes it, from its file to its report, and look at all that comes of it
#[derive(Debug, Parser)]
struct Arguments {
    /// The description
    #[arg(long, default_value = "deploy/examples/campaign.yaml")]
    campaign: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match example::run(&Arguments::parse().campaign).await {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}
