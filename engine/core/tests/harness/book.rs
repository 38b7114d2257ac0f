//! A second account of what the facts say, kept by other means than the core's, and what must hold at all times.

use std::collections::{BTreeMap, BTreeSet};

use fleetfold_core::{
    CampaignIx, DeviceIx, Fact, Timestamp,
    fact::{ExecutionQueued, PhaseAdvanced, PhasePassed, PhaseStarted},
    state::TICKETS_MAX,
};
use fleetfold_schemas::status::{AlertName, CampaignStatus};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Standing {
    Untouched,
    InProgress,
    Updated,
    Failed,
    Removed,
    Returned,
}

#[derive(Default)]
struct Sheet {
    is_started: bool,
    is_paused: bool,
    is_frozen: bool,
    has_ended: bool,
    is_over: bool,
    is_rolling_back: bool,
    phase: Option<u32>,
    is_phase_passed: bool,
    cut: u32,
    standing: BTreeMap<DeviceIx, Standing>,
    /// Those that are raised.
    alerts: BTreeSet<AlertName>,
    /// Whom the open tickets are about; `None`: all further devices.
    tickets: BTreeSet<Option<DeviceIx>>,
}

#[derive(Default)]
pub struct Book {
    campaigns: Vec<Sheet>,
    /// Whose execution is open on a device.
    open: BTreeMap<DeviceIx, CampaignIx>,
    last: Timestamp,
}

impl Book {
    pub fn enter(&mut self, at: Timestamp, fact: &Fact) {
        assert!(self.last <= at, "time runs backwards");
        self.last = at;
        if let Fact::CampaignCreated(created) = fact {
            assert_eq!(
                created.campaign as usize,
                self.campaigns.len(),
                "rows are in order"
            );
            self.campaigns.push(Sheet::default());
        }
        let Some(campaign) = fact.campaign() else {
            return;
        };
        if self.enter_trouble(campaign, fact) {
            return;
        }
        match fact.device() {
            None => self.campaigns[campaign as usize].enter(fact),
            Some(device) => self.enter_execution(campaign, device, fact),
        }
    }

    /// Alerts are raised and cleared in turns, and tickets opened and closed once.
    fn enter_trouble(&mut self, campaign: CampaignIx, fact: &Fact) -> bool {
        let sheet = &mut self.campaigns[campaign as usize];
        match fact {
            Fact::AlertRaised(fact) => {
                assert!(!sheet.is_over, "an alert about what is over");
                let is_new = sheet.alerts.insert(fact.trouble.name());
                assert!(is_new, "raised twice");
            }
            Fact::AlertCleared(fact) => {
                assert!(sheet.alerts.remove(&fact.alert), "cleared and not raised");
            }
            Fact::TicketOpened(fact) => {
                assert!(sheet.tickets.len() <= TICKETS_MAX, "too many tickets");
                let is_new = sheet.tickets.insert(fact.device);
                assert!(is_new, "a second ticket about the same");
                if let Some(device) = fact.device {
                    let standing = sheet.standing.get(&device);
                    assert!(
                        matches!(standing, Some(Standing::Failed | Standing::Updated)),
                        "a ticket about a device that has not failed"
                    );
                }
            }
            Fact::TicketClosed(fact) => {
                assert!(sheet.tickets.remove(&fact.device), "closed and not open");
            }
            _ => return false,
        }
        true
    }

    fn enter_execution(&mut self, campaign: CampaignIx, device: DeviceIx, fact: &Fact) {
        let sheet = &mut self.campaigns[campaign as usize];
        let before = sheet.standing.get(&device).copied();
        let had_failed = before == Some(Standing::Failed);
        let keeps = if had_failed {
            Standing::Failed
        } else {
            Standing::Untouched
        };
        let is_open = self.open.get(&device) == Some(&campaign);
        let after = match fact {
            Fact::ExecutionQueued(ExecutionQueued { attempt, .. }) => {
                assert!(sheet.is_started, "queued before the start");
                assert!(!sheet.is_paused, "queued while paused");
                assert!(!sheet.is_over, "queued after the end");
                assert!(!sheet.is_rolling_back, "queued on the way back");
                assert!(*attempt > 0);
                let other = self.open.insert(device, campaign);
                assert_eq!(other, None, "device {device} has two open executions");
                keeps
            }
            Fact::ExecutionAccepted(_) => {
                let other = self.open.insert(device, campaign);
                assert!(
                    other.is_none_or(|other| other == campaign),
                    "accepted amid another"
                );
                if had_failed {
                    Standing::Failed
                } else {
                    Standing::InProgress
                }
            }
            Fact::ExecutionHeld(_) | Fact::ExecutionContinued(_) => {
                assert!(is_open, "a wait with nothing");
                if had_failed {
                    Standing::Failed
                } else {
                    Standing::InProgress
                }
            }
            Fact::ExecutionSucceeded(_) => Standing::Updated,
            Fact::ExecutionFailed(_) | Fact::ExecutionTimedOut(_) | Fact::ExecutionRejected(_) => {
                // Between two steps nothing is open.
                let has_left = matches!(fact, Fact::ExecutionFailed(fact) if fact.error.code.as_str() == "fell_back");
                assert!(is_open || has_left, "a failure of nothing");
                Standing::Failed
            }
            Fact::ExecutionRemoved(_) | Fact::ExecutionCanceled(_) | Fact::DeviceExcluded(_) => {
                if had_failed {
                    Standing::Failed
                } else {
                    Standing::Removed
                }
            }
            Fact::ExecutionRetracted(_) => {
                assert_eq!(before, Some(Standing::Updated), "retracted what never was");
                Standing::Failed
            }
            Fact::HopReached(_) => {
                assert!(sheet.is_started, "a step before the start");
                keeps
            }
            Fact::ExecutionDeferred(_) | Fact::ExecutionExpedited(_) => keeps,
            Fact::WindowRenewed(_) => before.unwrap_or(keeps),
            Fact::MemberJoined(_) => {
                assert!(sheet.is_started && before.is_none(), "joined twice");
                keeps
            }
            _ => sheet.going_back(before, fact),
        };
        if let Fact::ReturnQueued(_) | Fact::ReturnAccepted(_) = fact {
            let other = self.open.insert(device, campaign);
            assert!(
                other.is_none_or(|other| other == campaign),
                "device {device} has two open executions"
            );
        }
        let stays_open = matches!(
            fact,
            Fact::ExecutionQueued(_)
                | Fact::ExecutionAccepted(_)
                | Fact::ExecutionHeld(_)
                | Fact::ExecutionContinued(_)
                | Fact::WindowRenewed(_)
                | Fact::ReturnQueued(_)
                | Fact::ReturnAccepted(_)
        );
        if is_open && !stays_open {
            self.open.remove(&device);
        }
        sheet.standing.insert(device, after);
    }

    /// Holds a campaign's status against the account.
    pub fn check(&self, campaign: CampaignIx, status: &CampaignStatus) {
        let sheet = &self.campaigns[campaign as usize];
        assert!(
            sheet.alerts.is_empty() || !status.status.is_final(),
            "an alert outlives {}",
            status.campaign
        );
        let count = |wanted| {
            let standing = sheet.standing.values();
            standing.filter(|standing| **standing == wanted).count() as u64
        };
        let totals = &status.totals;
        let counted = [
            totals.updated,
            totals.failed,
            totals.in_progress,
            totals.removed,
            totals.returned,
        ];
        let recounted = [
            count(Standing::Updated),
            count(Standing::Failed),
            count(Standing::InProgress),
            count(Standing::Removed),
            count(Standing::Returned),
        ];
        assert_eq!(
            counted, recounted,
            "updated, failed, in progress, removed, returned of {}",
            status.campaign
        );
        let sum = counted.iter().sum::<u64>() + totals.not_contacted;
        assert_eq!(
            sum, status.devices,
            "the parts of {} do not add up",
            status.campaign
        );
        for phase in &status.phases {
            let tally = &phase.tally;
            let sum = tally.updated
                + tally.failed
                + tally.in_progress
                + tally.not_contacted
                + tally.removed
                + tally.returned;
            assert_eq!(
                sum, phase.devices,
                "the parts of {} do not add up",
                phase.name
            );
        }
        let devices: u64 = status.phases.iter().map(|phase| phase.devices).sum();
        assert_eq!(
            devices, status.devices,
            "phases and campaign {}",
            status.campaign
        );
    }
}

impl Sheet {
    /// What becomes of a member on the way back.
    fn going_back(&self, before: Option<Standing>, fact: &Fact) -> Standing {
        assert_eq!(
            before,
            Some(Standing::Updated),
            "{fact:?} of one not updated"
        );
        match fact {
            Fact::ReturnQueued(_) => {
                assert!(self.is_rolling_back && !self.is_paused && !self.is_over);
                Standing::Updated
            }
            Fact::ReturnDeferred(_) => {
                assert!(self.is_rolling_back && !self.is_over);
                Standing::Updated
            }
            Fact::Returned(_) => Standing::Returned,
            Fact::ReturnAccepted(_) | Fact::ReturnFailed(_) | Fact::ReturnSkipped(_) => {
                Standing::Updated
            }
            _ => unreachable!("{fact:?} is no execution's"),
        }
    }

    fn enter(&mut self, fact: &Fact) {
        match fact {
            Fact::CampaignArchived(_) => assert!(self.is_over, "archived before the end"),
            Fact::RollbackStarted(_) => {}
            // What is over can be rolled back or promoted, so it can be asked for.
            Fact::ApprovalRequested(_)
            | Fact::ApprovalGiven(_)
            | Fact::ApprovalGranted(_)
            | Fact::ApprovalDeclined(_)
            | Fact::ApprovalVoided(_)
            | Fact::ApprovalLost(_) => {}
            _ => assert!(!self.is_over, "{fact:?} after the end"),
        }
        match fact {
            Fact::RollbackStarted(_) => {
                assert!(
                    self.is_started && !self.is_rolling_back,
                    "rolled back twice"
                );
                self.is_over = false;
                self.is_paused = false;
                self.is_rolling_back = true;
            }
            Fact::RollbackAdvanced(_) => assert!(self.is_rolling_back && !self.is_paused),
            Fact::CampaignRolledBack(_) => {
                assert!(self.is_rolling_back);
                self.is_over = true;
            }
            Fact::CampaignArchived(_)
            | Fact::ApprovalRequested(_)
            | Fact::ApprovalGiven(_)
            | Fact::ApprovalGranted(_)
            | Fact::ApprovalDeclined(_)
            | Fact::ApprovalVoided(_)
            | Fact::ApprovalLost(_) => {}
            Fact::CampaignEdited(_) => assert!(!self.is_started, "edited after the start"),
            Fact::RetriesOrdered(_) | Fact::GatePromoted(_) | Fact::ArmsCompared(_) => {
                assert!(self.is_started)
            }
            Fact::PhaseAdvanced(PhaseAdvanced { phase, .. }) => {
                assert_eq!(self.phase, Some(*phase));
                self.is_phase_passed = true;
            }
            Fact::CampaignCreated(_) | Fact::CampaignStaged(_) => assert!(!self.is_started),
            Fact::CampaignStarted(_) => {
                assert!(!self.is_started, "started twice");
                self.is_started = true;
            }
            Fact::PhaseStarted(PhaseStarted { phase, cut, .. }) => {
                assert!(!self.is_paused, "a phase started while paused");
                assert!(!self.is_frozen, "a phase started in a freeze");
                match self.phase {
                    None => assert_eq!(*phase, 0),
                    Some(before) => {
                        assert_eq!(*phase, before + 1, "a phase was skipped or repeated");
                        assert!(self.is_phase_passed, "phase {before} had not passed");
                    }
                }
                assert!(self.cut <= *cut, "a cut fell");
                self.phase = Some(*phase);
                self.is_phase_passed = false;
                self.cut = *cut;
            }
            Fact::PhasePassed(PhasePassed { phase, .. }) => {
                assert_eq!(self.phase, Some(*phase));
                assert!(!self.is_phase_passed, "passed twice");
                self.is_phase_passed = true;
            }
            Fact::CampaignPaused(_) => {
                assert!(self.is_started && !self.is_paused, "paused twice");
                self.is_paused = true;
            }
            Fact::CampaignResumed(_) => {
                assert!(self.is_paused, "resumed while rolling");
                self.is_paused = false;
            }
            Fact::CampaignFrozen(_) => {
                assert!(!self.is_paused && !self.is_frozen, "frozen twice");
                self.is_frozen = true;
            }
            Fact::CampaignThawed(_) => {
                assert!(!self.is_paused && self.is_frozen, "thawed twice");
                self.is_frozen = false;
            }
            Fact::ScheduleEnded(_) => {
                assert!(!self.has_ended, "a schedule ended twice");
                self.has_ended = true;
            }
            Fact::CampaignMonitoring(_) => assert!(!self.is_paused, "monitoring while paused"),
            Fact::CampaignCompleted(_) => {
                assert!(self.is_phase_passed, "completed with a phase not passed");
                self.is_over = true;
            }
            Fact::CampaignCanceled(_) | Fact::CampaignFailed(_) => self.is_over = true,
            _ => unreachable!("{fact:?} is no campaign's"),
        }
    }
}
