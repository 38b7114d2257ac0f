//! What `fleetfold demo` can be told.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use fleetfold_schemas::campaign::BasisPoints;

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit status: 0 campaign completed, 1 the demo itself failed, 3 campaign paused, 4 canceled or failed."
)]
pub struct DemoArgs {
    /// How many devices to simulate
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub devices: u32,
    /// Decides everything that is left to chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Share of trial boots that fail their self-test by chance, in percent
    #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = percent)]
    pub failure_rate: BasisPoints,
    /// The image that all devices run at first [default: made on the spot]
    #[arg(long, value_name = "OLD.bin", requires = "to")]
    pub from: Option<PathBuf>,
    /// The image to roll out [default: made on the spot]
    #[arg(long, value_name = "NEW.bin", requires = "from")]
    pub to: Option<PathBuf>,
    /// The new image fails its self-test on 30 % of every phase, at least one device
    #[arg(long)]
    pub bad_release: bool,
    /// How many times faster than the wall's the clock of engine and devices runs
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub speed: u32,
    /// Data directory [default: a temporary one, removed at the end]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// MQTT address and port; the next free port if it is taken
    #[arg(long, default_value = "127.0.0.1:1883")]
    pub listen: SocketAddr,
    /// Metrics address and port; the next free port if it is taken
    #[arg(long, default_value = "127.0.0.1:9464")]
    pub metrics_listen: SocketAddr,
    /// No progress; one JSON object at the end
    #[arg(long)]
    pub json: bool,
    /// Go on serving after the campaign has ended, until interrupted
    #[arg(long)]
    pub keep: bool,
}

fn percent(text: &str) -> Result<BasisPoints, String> {
    text.parse::<f64>()
        .ok()
        .and_then(BasisPoints::from_percent_f64)
        .ok_or_else(|| "a percentage from 0 to 100 with at most two decimals".to_owned())
}
