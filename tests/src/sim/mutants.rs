//! A test of the simulator: each seeded defect must be noticed, soon.

use std::ops::Range;

use fleetfold_schemas::mutant::{self, Mutant};

use super::{report::Failed, seeds};

/// Seeds after which a defect must have been noticed at the latest. Most are noticed by the first; the others have about
/// four times what they took when this was written, as a change anywhere may give the seeds other stories.
const SEEDS_MAX: [(Mutant, u64); Mutant::ALL.len()] = [
    (Mutant::AcknowledgeBeforeFlush, 8),
    (Mutant::PublishBeforeFlush, 8),
    (Mutant::JournalNotSynced, 8),
    (Mutant::ChainBegunAnew, 8),
    (Mutant::MessagesRepeated, 8),
    (Mutant::CommandsRepeated, 8),
    (Mutant::LoginCounterReused, 8),
    (Mutant::ThresholdOnItsLimit, 44),
    (Mutant::GateNotAskedAfterFailure, 8),
    (Mutant::TallyForgotten, 8),
    (Mutant::StartsOffByOne, 208),
    (Mutant::JobShownWhilePaused, 20),
    (Mutant::CancelForgetsQueued, 156),
    (Mutant::TimersForgotten, 60),
    (Mutant::RetriesWithoutLimit, 8),
    (Mutant::ImageNotChecked, 52),
    (Mutant::RateOffByOne, 40),
    (Mutant::InFlightNotCounted, 40),
    (Mutant::CriteriaIgnored, 8),
    (Mutant::JitterBeyondTheWait, 8),
    (Mutant::ExpediteWhilePaused, 432),
    (Mutant::JobTakenByAnybody, 56),
    (Mutant::WayBackToNewest, 60),
    (Mutant::RollbackForgetsQueued, 20),
    (Mutant::RollbackAllAtOnce, 20),
    (Mutant::ReturnNotAttested, 20),
    (Mutant::RetriedWhileGoingBack, 60),
    (Mutant::ControlOffered, 60),
    (Mutant::ArmByRank, 60),
    (Mutant::ApprovedByAsker, 24),
    (Mutant::ApprovedByTooFew, 24),
    (Mutant::ApprovalOutlivesEdit, 160),
    (Mutant::ApprovalNeverExpires, 16),
    (Mutant::AlertFlickers, 128),
    (Mutant::AlertOutlivesCampaign, 40),
    (Mutant::GivingUpIsAWord, 136),
    (Mutant::RetiredIsMissed, 100),
    (Mutant::WordGoesUnheard, 40),
    (Mutant::TicketForgotten, 8),
    (Mutant::JobShownWhileFrozen, 136),
    (Mutant::ThawedEarly, 12),
    (Mutant::WindowByUtc, 12),
    (Mutant::DueBeforeWindow, 204),
    (Mutant::PatienceRenewed, 312),
    (Mutant::ScheduleEndForgetsQueued, 208),
];

/// How a defect was noticed.
#[derive(Debug)]
pub struct Caught {
    pub mutant: Mutant,
    /// Including the one that noticed it.
    pub seeds: u64,
    pub failed: Box<Failed>,
}

/// Lets each defect loose on the seeds from 1 on, or only those of these names.
///
/// # Errors
/// The defects that nobody noticed within their number of seeds.
pub fn run(
    threads: usize,
    seeds_max: Option<u64>,
    only: &[String],
    mut tell: impl FnMut(&Caught),
) -> Result<(), Vec<(Mutant, u64)>> {
    let mut survivors = Vec::new();
    let is_meant = |mutant: &Mutant| only.is_empty() || only.contains(&format!("{mutant:?}"));
    for (mutant, most) in SEEDS_MAX.into_iter().filter(|(it, _)| is_meant(it)) {
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
