//! Seeded defects, for a test of the tests: the simulator switches one on and must notice.
//!
//! Without the feature `mutants`, which nothing that is shipped has, [`is_on`] is a constant `false` and the compiler
//! leaves nothing of the defects. With it, one of them at a time can be switched on in the running process.

/// Something that a program of ours could get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The engine answers before the log has been flushed.
    AcknowledgeBeforeFlush,
    /// The engine publishes before the log has been flushed.
    PublishBeforeFlush,
    /// The journal returns without having synced.
    JournalNotSynced,
    /// A log that is opened again begins its chain anew.
    ChainBegunAnew,
    /// A message of a device is taken again when it comes again.
    MessagesRepeated,
    /// A command is carried out again when it comes again.
    CommandsRepeated,
    /// A hello is taken although its connection's token has been used.
    LoginCounterReused,
    /// The failure threshold pauses on its limit, not above it.
    ThresholdOnItsLimit,
    /// A failure is not a reason to look at the gates.
    GateNotAskedAfterFailure,
    /// A withdrawn execution is not counted.
    TallyForgotten,
    /// One execution more is started in a step than may be.
    StartsOffByOne,
    /// A queued job is shown while its campaign is paused.
    JobShownWhilePaused,
    /// Canceling a campaign leaves its queued jobs.
    CancelForgetsQueued,
    /// Timers are not set again after a replay.
    TimersForgotten,
    /// A device may be tried again and again.
    RetriesWithoutLimit,
    /// The device takes for the image whatever has been written.
    ImageNotChecked,
    /// One execution more is started in a minute than may be.
    RateOffByOne,
    /// What is under way is not counted.
    InFlightNotCounted,
    /// Criteria are not asked: every device belongs to the first group.
    CriteriaIgnored,
    /// A retry may wait for twice as long as it should.
    JitterBeyondTheWait,
    /// A device may be expedited while its campaign is paused.
    ExpediteWhilePaused,
    /// Any campaign takes queued jobs out of its way.
    JobTakenByAnybody,
    /// Devices go back to the newest release there is a way to, not to where they came from.
    WayBackToNewest,
    /// What is queued when a campaign goes back stays queued.
    RollbackForgetsQueued,
    /// A way back in phases sends all devices at once.
    RollbackAllAtOnce,
    /// A device is back because it says so, whatever it runs.
    ReturnNotAttested,
    /// Failed updates are tried again while their campaign goes back.
    RetriedWhileGoingBack,
    /// The arm of a test that is to get nothing is treated as the other one.
    ControlOffered,
    /// Arms follow the ranks that phases follow, too.
    ArmByRank,
    /// Who asks for something, or has described the campaign, may approve it.
    ApprovedByAsker,
    /// One approval fewer than the site asks for is enough.
    ApprovedByTooFew,
    /// What was asked for stays open although the description is another one.
    ApprovalOutlivesEdit,
    /// What was asked for stays open for ever.
    ApprovalNeverExpires,
    /// An alert may come and go with every outcome.
    AlertFlickers,
    /// What is over for a campaign that has ended stays raised.
    AlertOutlivesCampaign,
    /// A device whose attempt was given up counts as one that has spoken.
    GivingUpIsAWord,
    /// Word is expected of a retired device.
    RetiredIsMissed,
    /// A device stays silent for the campaign although it has been heard of.
    WordGoesUnheard,
    /// Nobody is told that a device has failed for good.
    TicketForgotten,
    /// A queued job is shown while its campaign is frozen.
    JobShownWhileFrozen,
    /// A freeze begins and is over an hour early.
    ThawedEarly,
    /// What nobody has accepted stays queued at the end of the schedule.
    ScheduleEndForgetsQueued,
    /// Maintenance windows open by UTC, whatever the device's own clock says.
    WindowByUtc,
    /// The time to accept a job, or to be done with it, is over although its window is not.
    DueBeforeWindow,
    /// A device that waits for something else is given all its time anew.
    PatienceRenewed,
}

impl Mutant {
    pub const ALL: [Self; 45] = [
        Self::AcknowledgeBeforeFlush,
        Self::PublishBeforeFlush,
        Self::JournalNotSynced,
        Self::ChainBegunAnew,
        Self::MessagesRepeated,
        Self::CommandsRepeated,
        Self::LoginCounterReused,
        Self::ThresholdOnItsLimit,
        Self::GateNotAskedAfterFailure,
        Self::TallyForgotten,
        Self::StartsOffByOne,
        Self::JobShownWhilePaused,
        Self::CancelForgetsQueued,
        Self::TimersForgotten,
        Self::RetriesWithoutLimit,
        Self::ImageNotChecked,
        Self::RateOffByOne,
        Self::InFlightNotCounted,
        Self::CriteriaIgnored,
        Self::JitterBeyondTheWait,
        Self::ExpediteWhilePaused,
        Self::JobTakenByAnybody,
        Self::WayBackToNewest,
        Self::RollbackForgetsQueued,
        Self::RollbackAllAtOnce,
        Self::ReturnNotAttested,
        Self::RetriedWhileGoingBack,
        Self::ControlOffered,
        Self::ArmByRank,
        Self::ApprovedByAsker,
        Self::ApprovedByTooFew,
        Self::ApprovalOutlivesEdit,
        Self::ApprovalNeverExpires,
        Self::AlertFlickers,
        Self::AlertOutlivesCampaign,
        Self::GivingUpIsAWord,
        Self::RetiredIsMissed,
        Self::WordGoesUnheard,
        Self::TicketForgotten,
        Self::JobShownWhileFrozen,
        Self::ThawedEarly,
        Self::ScheduleEndForgetsQueued,
        Self::WindowByUtc,
        Self::DueBeforeWindow,
        Self::PatienceRenewed,
    ];
}

/// Whether a defect has been switched on.
#[cfg(not(feature = "mutants"))]
#[must_use]
#[inline]
pub const fn is_on(_: Mutant) -> bool {
    false
}

#[cfg(feature = "mutants")]
pub use switch::{is_on, set};

#[cfg(feature = "mutants")]
mod switch {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Mutant;

    /// One more than the number of the mutant that is on; 0 for none.
    static ON: AtomicU8 = AtomicU8::new(0);

    const fn number(mutant: Mutant) -> u8 {
        mutant as u8 + 1
    }

    /// Whether a defect has been switched on.
    #[must_use]
    pub fn is_on(mutant: Mutant) -> bool {
        ON.load(Ordering::Relaxed) == number(mutant)
    }

    /// Switches one defect on, or all of them off, in the whole process.
    pub fn set(mutant: Option<Mutant>) {
        ON.store(mutant.map_or(0, number), Ordering::Relaxed);
    }
}
