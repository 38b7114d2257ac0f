//! Kills `fleetfold serve` again and again during a campaign and looks for what it has lost; see `fleetfold_tests::crash`.

use std::process::ExitCode;

use clap::Parser;
use fleetfold_tests::{
    Failure,
    crash::{self, Plan},
};

/// Kill the server during a campaign, again and again; then look for what was lost
#[derive(Debug, Parser)]
struct Arguments {
    /// How often
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Decides the moments, the devices and the images [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let rounds = arguments.rounds;
    let seed = match arguments.seed {
        Some(seed) => seed,
        // Small enough to be typed again.
        None => u64::from(getrandom::u32()? >> 8),
    };
    eprintln!("crash --rounds {rounds} --seed {seed}");
    let dir = tempfile::Builder::new()
        .prefix("fleetfold-crash-")
        .tempdir()?;
    match crash::run(Plan { rounds, seed }, dir.path()).await {
        Ok(summary) => {
            println!("{summary}");
            Ok(())
        }
        Err(error) => {
            let kept = dir.keep();
            let again = format!("crash --rounds {rounds} --seed {seed}");
            Err(format!("{error}\nagain: {again}\nwhat it left: {}", kept.display()).into())
        }
    }
}
