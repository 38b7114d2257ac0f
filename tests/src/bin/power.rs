//! Cuts the power of a log, lets its bits rot and its disk fail; see `fleetfold_tests::power`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fleetfold_tests::Failure;
use fleetfold_tests::power::{self, Lie, Life, Plan, Rot};

/// Cut the power of a log at many moments, and look for what it lost
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many power cuts
    #[arg(long, default_value_t = 300)]
    cuts: u32,
    /// How many cases of bit rot
    #[arg(long, default_value_t = 300)]
    rot: u32,
    /// Without failing disks
    #[arg(long)]
    no_failing: bool,
    /// Test the test: the disks lie about this, and that must come out
    #[arg(long)]
    lie: Option<Lie>,
    /// Decides what is written and what is lost [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Repeat a case that failed, from the directory that was kept
    #[arg(long, value_name = "DIR")]
    again: Option<PathBuf>,
}

/// What this program is when it runs itself.
#[derive(Debug, Subcommand)]
enum Part {
    #[command(hide = true)]
    Live {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long)]
        marks: PathBuf,
        #[command(flatten)]
        life: Life,
    },
    #[command(hide = true)]
    Rot {
        #[arg(long)]
        below: PathBuf,
        #[command(flatten)]
        rot: Rot,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Live { dir, marks, life }) => return life.run(&dir, &marks),
        Some(Part::Rot { below, rot }) => return rot.run(&below),
        None => {}
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let dir = directory()?;
    if let Some(kept) = arguments.again {
        println!("{}", power::again(&kept, dir.path())?);
        return Ok(());
    }
    let seed = match arguments.seed {
        Some(seed) => seed,
        // Small enough to be typed again.
        None => u64::from(getrandom::u32()? >> 8),
    };
    let plan = Plan {
        cuts: arguments.cuts,
        rot: arguments.rot,
        failing: !arguments.no_failing,
        seed,
    };
    let again = format!(
        "power --cuts {} --rot {} --seed {seed}",
        plan.cuts, plan.rot
    );
    eprintln!("{again}");
    let found = match arguments.lie {
        Some(lie) => power::check_with_a_lie(lie, plan, dir.path()),
        None => power::run(plan, dir.path()),
    };
    match found {
        Ok(summary) => {
            println!("{summary}");
            Ok(())
        }
        Err(error) => {
            let kept = dir.keep();
            Err(format!(
                "{error}\nall of it: {again}\nwhat it left: {}",
                kept.display()
            )
            .into())
        }
    }
}

/// In memory, where there is such a place: what is durable here is for the test to say, so no disk has to be waited for.
fn directory() -> Result<tempfile::TempDir, Failure> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("fleetfold-power-");
    let memory = Path::new("/dev/shm");
    Ok(match builder.tempdir_in(memory) {
        Ok(dir) => dir,
        Err(_none_here) => builder.tempdir()?,
    })
}
