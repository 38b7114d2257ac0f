//! The operator's commands. Each does what any MQTT client could do; keys, signing and log verification are local.

mod campaign;
mod connection;
mod device;
mod failure;
pub(crate) mod key_file;
mod keys;
mod log;
mod operator;
mod output;
mod release;
mod report;

use std::process::ExitCode;

use clap::Subcommand;

pub use connection::Connection;
pub use failure::Failure;

/// What all commands end with; `--help` shows it.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  refused, or failed; stderr says why
  2  the command line is wrong
  3  campaign watch: the campaign is paused
  4  campaign watch: the campaign was canceled or has failed";

/// The commands of an operator.
#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Make release keys, and have the engine trust them
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Sign, publish and list firmware releases
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// Register and look at devices
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Create, control and watch campaigns
    #[command(subcommand)]
    Campaign(campaign::CampaignCommand),
    /// Report on the whole fleet
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Add, change and revoke operators, and set passwords
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// Follow and verify the event log
    #[command(subcommand)]
    Log(log::LogCommand),
}

/// Runs a command; says on stderr why it failed.
pub async fn run(command: OperatorCommand) -> ExitCode {
    let done = match command {
        OperatorCommand::Keys(command) => keys::run(command).await,
        OperatorCommand::Release(command) => release::run(command).await,
        OperatorCommand::Device(command) => device::run(command).await,
        OperatorCommand::Campaign(command) => campaign::run(command).await,
        OperatorCommand::Report(command) => report::run(command).await,
        OperatorCommand::Operator(command) => operator::run(command).await,
        OperatorCommand::Log(command) => log::run(command).await,
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            failure.report();
            ExitCode::FAILURE
        }
    }
}
