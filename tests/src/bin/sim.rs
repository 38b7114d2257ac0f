//! Simulates whole installations, one for each seed; see `fleetfold_tests::sim`.

use std::{ops::Range, process::ExitCode};

use clap::Parser;
use fleetfold_tests::sim::{report::SEEDS_TO_SEE_ALL, seeds};

/// Simulate installations in which everything goes wrong, and look for what must never happen
#[derive(Debug, Parser)]
struct Arguments {
    /// Which, as in 1..201; the end is not included
    #[arg(long, default_value = "1..201", value_parser = range)]
    seeds: Range<u64>,
    /// Say everything that happens
    #[arg(long)]
    verbose: bool,
    /// Switch on seeded defects, one after the other, and see whether each is noticed
    #[cfg(feature = "mutants")]
    #[arg(long)]
    mutants: bool,
    /// Let each defect have so many seeds [default: as many as it is known to need, and some]
    #[cfg(feature = "mutants")]
    #[arg(long, requires = "mutants")]
    seeds_max: Option<u64>,
    /// Only the defects of this name
    #[cfg(feature = "mutants")]
    #[arg(long, requires = "mutants")]
    only: Vec<String>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (start, end) = text.split_once("..").ok_or("as in 1..201")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok(number(start)?..number(end)?)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = if arguments.verbose {
        1
    } else {
        std::thread::available_parallelism().map_or(1, usize::from)
    };
    #[cfg(feature = "mutants")]
    if arguments.mutants {
        return mutants(threads, arguments.seeds_max, &arguments.only);
    }
    simulate(arguments.seeds, threads, arguments.verbose)
}

fn simulate(seeds: Range<u64>, threads: usize, is_verbose: bool) -> ExitCode {
    match seeds::run(seeds, threads, is_verbose) {
        Ok(summary) => {
            println!("{summary}");
            let missing = summary.missing();
            if summary.seeds >= SEEDS_TO_SEE_ALL && !missing.is_empty() {
                eprintln!("FAILED: these never happened: {}", missing.join(", "));
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(failed) => {
            eprintln!("FAILED: {failed}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "mutants")]
fn mutants(threads: usize, seeds_max: Option<u64>, only: &[String]) -> ExitCode {
    use fleetfold_tests::sim::mutants::{self, Caught};

    // A defect may well make something panic, which is as good a way to be noticed as any.
    std::panic::set_hook(Box::new(|_| {}));
    let tell = |caught: &Caught| {
        let Caught {
            mutant,
            seeds,
            failed,
        } = caught;
        println!("{mutant:?}: seed {seeds}: {}", failed.breach.invariant);
    };
    match mutants::run(threads, seeds_max, only, tell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(survivors) => {
            for (mutant, seeds) in survivors {
                eprintln!("FAILED: {mutant:?} was not noticed within {seeds} seeds");
            }
            ExitCode::FAILURE
        }
    }
}
