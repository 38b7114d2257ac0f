//! The `fleetfold` program.

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use fleetfold::{
    cli::{self, OperatorCommand},
    demo::{self, DemoArgs},
    serve::{self, ServeArgs},
};
use tracing_subscriber::EnvFilter;

/// Names what is logged to stderr, as in `FLEETFOLD_LOG=info,fleetfold_broker=debug`.
const LOG_VARIABLE: &str = "FLEETFOLD_LOG";

/// Roll firmware out to fleets of devices over MQTT
#[derive(Debug, Parser)]
#[command(version, after_help = cli::EXIT_STATUS, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: MQTT broker and rollout engine
    Serve(ServeArgs),
    /// Show a whole rollout with simulated devices, in seconds
    Demo(DemoArgs),
    #[command(flatten)]
    Operator(OperatorCommand),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(args) => {
            log("info,bidiff=warn");
            serve::run(args).await
        }
        Command::Demo(args) => {
            log("error");
            demo::run(args).await
        }
        Command::Operator(command) => {
            log("error");
            cli::run(command).await
        }
    }
}

fn log(default: &str) {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
}
