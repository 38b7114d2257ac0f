//! A test of the simulator: each seeded defect must be noticed, soon.

use std::ops::Range;

use fleetfold_schemas::mutant::{self, Mutant};

use super::{report::Failed, seeds};

/// Seeds after which a defect must have been noticed at the latest: about four times what it took when this was
/// written (1, but for the two rarest: 11 and 14), as a change anywhere may give the seeds other stories.
const SEEDS_MAX: [(Mutant, u64); Mutant::ALL.len()] = [
    (Mutant::AcknowledgeBeforeFlush, 4),
    (Mutant::PublishBeforeFlush, 4),
    (Mutant::JournalNotSynced, 4),
    (Mutant::ChainBegunAnew, 4),
    (Mutant::MessagesRepeated, 4),
    (Mutant::CommandsRepeated, 4),
    (Mutant::LoginCounterReused, 4),
    (Mutant::ThresholdOnItsLimit, 44),
    (Mutant::GateNotAskedAfterFailure, 4),
    (Mutant::TallyForgotten, 4),
    (Mutant::StartsOffByOne, 56),
    (Mutant::JobShownWhilePaused, 4),
    (Mutant::CancelForgetsQueued, 4),
    (Mutant::TimersForgotten, 4),
    (Mutant::RetriesWithoutLimit, 4),
    (Mutant::ImageNotChecked, 4),
];

/// How a defect was noticed.
#[derive(Debug)]
pub struct Caught {
    pub mutant: Mutant,
    /// Including the one that noticed it.
    pub seeds: u64,
    pub failed: Box<Failed>,
}

/// Lets each defect loose on the seeds from 1 on.
///
/// # Errors
/// The defects that nobody noticed within their number of seeds.
pub fn run(
    threads: usize,
    seeds_max: Option<u64>,
    mut tell: impl FnMut(&Caught),
) -> Result<(), Vec<(Mutant, u64)>> {
    let mut survivors = Vec::new();
    for (mutant, most) in SEEDS_MAX {
        let most = seeds_max.unwrap_or(most);
        let seeds: Range<u64> = 1..most + 1;
        mutant::set(Some(mutant));
        let ran = seeds::run(seeds, threads, false);
        mutant::set(None);
        match ran {
            Err(failed) => tell(&Caught {
                mutant,
                seeds: failed.seed,
                failed,
            }),
            Ok(_) => survivors.push((mutant, most)),
        }
    }
    if survivors.is_empty() {
        Ok(())
    } else {
        Err(survivors)
    }
}
