//! Plays one campaign in virtual time: the core decides, virtual devices behave.
//!
//! Time jumps to whatever happens next, so a week takes as long as its events do.

use std::{cmp::Reverse, collections::BinaryHeap};

use fleetfold_core::{
    Core, DeviceIx, DeviceMessage, Fact, Request, Timestamp,
    fact::{ExecutionQueued, PauseCause},
    state::{Campaign, Status},
    view,
};
use fleetfold_schemas::{
    Digest, Version,
    command::{CampaignCommand, Command, CommandMessage},
    device::{DeviceError, JobReport, JobState, Report, Running, Slot, Stage as JobStage},
    job::{InstallWindow, Job, JobKind, Offer},
};

use super::cast::{CAMPAIGN, operator};

/// What virtual devices do.
pub trait Behaviour {
    /// When a device notices the job that it was offered now. `None`: never.
    fn contact(&mut self, device: DeviceIx, attempt: u32) -> Option<Moment>;

    /// What it does with the job once it has noticed it, and what it has to send.
    fn work(&mut self, device: DeviceIx, job: &Job, now: Timestamp) -> Work;

    /// What comes of a job that has come again with another window, its image downloaded.
    fn install(&mut self, device: DeviceIx, job: &Job, now: Timestamp) -> (Moment, Outcome);
}

/// Some time from now; among what happens in the same millisecond, the lower `order` is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub after_ms: u64,
    pub order: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    Declines(DeviceError),
    Accepts {
        download_ms: u64,
        /// `None`: nothing is heard of it any more.
        outcome: Option<(Moment, Outcome)>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Succeeded {
        boot_ms: Option<u64>,
    },
    Failed {
        error: DeviceError,
        restored: bool,
    },
    /// It was ready only after its window: it says so, and waits for another one.
    TooLate,
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    pub end: End,
    /// From the campaign's start to the end.
    pub took_ms: u64,
    pub exposed: u64,
    pub updated: u64,
    pub failed: u64,
    /// Offered to devices that accepted.
    pub bytes: u64,
    pub peak_downloads: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Completed,
    Paused(PauseCause),
    /// Too many failures: devices are sent back.
    RolledBack,
    /// Over its time.
    Failed,
    /// Nothing would ever happen any more; or it was stopped otherwise.
    Stuck,
}

impl End {
    /// By a gate, before the end.
    #[must_use]
    pub const fn is_stop(&self) -> bool {
        matches!(self, Self::Paused(_) | Self::RolledBack)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: Timestamp,
    order: u64,
    /// In the order in which they were filed, to tell any two apart.
    filed: u64,
    device: DeviceIx,
}

#[derive(Debug)]
enum What {
    Contact { job: u64 },
    Downloaded,
    Outcome { job: u64, outcome: Outcome },
}

/// The play under way.
#[derive(Debug)]
pub struct Stage<B> {
    core: Core,
    behaviour: B,
    agenda: BinaryHeap<Reverse<Event>>,
    /// By `filed`.
    whats: Vec<Option<What>>,
    downloads: u64,
    peak_downloads: u64,
    bytes: u64,
    now: Timestamp,
    /// The facts, where somebody wants them.
    #[cfg(test)]
    facts: Vec<(Timestamp, Fact)>,
}

impl<B: Behaviour> Stage<B> {
    /// The core of a cast; the play begins at `now`.
    #[must_use]
    pub fn new(core: Core, behaviour: B, now: Timestamp) -> Self {
        Self {
            core,
            behaviour,
            agenda: BinaryHeap::new(),
            whats: Vec::new(),
            downloads: 0,
            peak_downloads: 0,
            bytes: 0,
            now,
            #[cfg(test)]
            facts: Vec::new(),
        }
    }

    /// Starts the campaign and plays it until it has come to its end, or a gate has paused it.
    #[must_use]
    pub fn play(mut self) -> Played {
        self.play_through();
        self.played()
    }

    /// The same, for its facts.
    #[cfg(test)]
    pub fn facts(mut self) -> Vec<(Timestamp, Fact)> {
        self.play_through();
        self.facts
    }

    fn play_through(&mut self) {
        let command = Command::StartCampaign(CampaignCommand {
            campaign: self.campaign().id().clone(),
            reason: None,
        });
        let start = Request::Operator {
            operator: operator(),
            message: Ok(CommandMessage {
                id: None,
                expected_version: None,
                command,
            }),
            artifact: None,
        };
        let mut goes_on = self.step(Some(start));
        while !self.is_over() {
            let event = self.agenda.peek().map(|Reverse(event)| event.at);
            let wakeup = self.core.next_wakeup(self.now);
            // A step that led to nothing will lead to nothing at the same moment.
            let earliest = self.now + u64::from(!goes_on);
            let wakeup = wakeup.map(|at| at.max(earliest));
            let Some(at) = [event, wakeup].into_iter().flatten().min() else {
                break;
            };
            self.now = self.now.max(at);
            let is_due = event.is_some_and(|at| at <= self.now);
            if is_due && let Some(Reverse(event)) = self.agenda.pop() {
                self.happen(&event);
                goes_on = true;
            } else {
                goes_on = self.step(None);
            }
        }
    }

    fn campaign(&self) -> &Campaign {
        self.core.state().campaigns.get(CAMPAIGN)
    }

    fn is_over(&self) -> bool {
        let status = &self.campaign().status;
        !status.is_active() || matches!(status, Status::Paused { .. } | Status::RollingBack)
    }

    /// Whether anything came of it.
    fn step(&mut self, request: Option<Request>) -> bool {
        let first = self.core.state().position + 1;
        let requests: Vec<Request> = request.into_iter().collect();
        let step = self.core.step(self.now, &requests);
        for (job, fact) in (first..).zip(&step.facts) {
            if let Fact::ExecutionQueued(ExecutionQueued {
                device, attempt, ..
            }) = fact
                && let Some(moment) = self.behaviour.contact(*device, *attempt)
            {
                self.file(moment, *device, What::Contact { job });
            }
        }
        let is_something = !step.facts.is_empty();
        #[cfg(test)]
        self.facts
            .extend(step.facts.into_iter().map(|fact| (self.now, fact)));
        is_something
    }

    fn file(&mut self, moment: Moment, device: DeviceIx, what: What) {
        let event = Event {
            at: self.now + moment.after_ms,
            order: moment.order,
            filed: self.whats.len() as u64,
            device,
        };
        self.agenda.push(Reverse(event));
        self.whats.push(Some(what));
    }

    fn happen(&mut self, event: &Event) {
        let at = usize::try_from(event.filed).expect("it was a length");
        match self.whats[at].take().expect("it happens once") {
            What::Contact { job } => self.contact(event.device, job),
            What::Downloaded => self.downloads -= 1,
            What::Outcome { job, outcome } => self.outcome(event.device, job, outcome),
        }
    }

    /// The device looks at its topic, and finds the job or finds it gone.
    fn contact(&mut self, device: DeviceIx, sequence: u64) {
        let Some(job) = view::job(self.core.state(), device) else {
            self.look_again(device, sequence);
            return;
        };
        let job = match &job.install_window {
            // It greets before it looks: a window that is over is replaced.
            Some(window) if window.until_ms <= self.now => match self.greeted(device) {
                Some(job) => job,
                None => return,
            },
            _ => job,
        };
        let (JobKind::Install(_) | JobKind::Rollback(_)) = job.kind else {
            return;
        };
        if job.sequence != sequence {
            return;
        }
        let (download_ms, outcome) = match self.behaviour.work(device, &job, self.now) {
            Work::Accepts {
                download_ms,
                outcome,
            } => (download_ms, outcome),
            Work::Declines(error) => {
                self.report(device, sequence, JobState::Rejected { error }, None);
                return;
            }
        };
        self.bytes += offered_bytes(&job);
        self.downloads += 1;
        self.peak_downloads = self.peak_downloads.max(self.downloads);
        let downloaded = Moment {
            after_ms: download_ms,
            order: 0,
        };
        self.file(downloaded, device, What::Downloaded);
        if let Some((moment, outcome)) = outcome {
            let job = sequence;
            self.file(moment, device, What::Outcome { job, outcome });
        }
        let state = JobState::InProgress {
            stage: JobStage::Downloading,
            progress_percent: None,
            waiting: None,
        };
        self.report(device, sequence, state, None);
    }

    /// The job is hidden while the campaign is frozen: the time until the device notices it goes on afterwards.
    fn look_again(&mut self, device: DeviceIx, sequence: u64) {
        let row = self.campaign();
        let (Some(frozen), Some(since)) = (&row.frozen, row.held_since) else {
            return;
        };
        let moment = Moment {
            after_ms: frozen.until.saturating_sub(since),
            order: 0,
        };
        self.file(moment, device, What::Contact { job: sequence });
    }

    /// Says how things are without a word about a job, and has its topic's job afterwards.
    fn greeted(&mut self, device: DeviceIx) -> Option<Job> {
        self.say(device, None, None);
        view::job(self.core.state(), device)
    }

    fn too_late(&mut self, device: DeviceIx, sequence: u64) {
        let state = JobState::InProgress {
            stage: JobStage::Installing,
            progress_percent: None,
            waiting: None,
        };
        self.report(device, sequence, state, None);
        let Some(job) = view::job(self.core.state(), device) else {
            return;
        };
        let is_renewed = |window: InstallWindow| self.now < window.until_ms;
        if job.sequence == sequence && job.install_window.is_none_or(is_renewed) {
            let (moment, outcome) = self.behaviour.install(device, &job, self.now);
            let job = sequence;
            self.file(moment, device, What::Outcome { job, outcome });
        }
    }

    fn outcome(&mut self, device: DeviceIx, sequence: u64, outcome: Outcome) {
        match outcome {
            Outcome::TooLate => self.too_late(device, sequence),
            Outcome::Succeeded { boot_ms } => {
                self.report(device, sequence, JobState::Succeeded, boot_ms);
            }
            Outcome::Failed { error, restored } => {
                let state = JobState::Failed { error, restored };
                self.report(device, sequence, state, None);
            }
        }
    }

    fn report(&mut self, device: DeviceIx, sequence: u64, state: JobState, boot_ms: Option<u64>) {
        self.say(device, Some(JobReport { sequence, state }), boot_ms);
    }

    fn say(&mut self, device: DeviceIx, job: Option<JobReport>, boot_ms: Option<u64>) {
        let row = self.core.state().devices.get(device);
        let before = row.running();
        let has_succeeded = (job.as_ref()).is_some_and(|job| job.state == JobState::Succeeded);
        let running = if has_succeeded {
            let campaign = self.campaign();
            let (_, at) = row.execution().expect("it reports about its job");
            let aim = campaign.aim(at, &self.core.state().devices);
            let release = self.core.state().releases.get(aim);
            Running {
                slot: before.map_or(Slot::A, |(slot, _)| slot.other()),
                version: release.version.clone(),
                digest: release.image,
            }
        } else {
            before.map_or_else(unknown, |(slot, image)| Running {
                slot,
                version: image.version.clone(),
                digest: image.digest,
            })
        };
        let (epoch, seq) = row.last_number();
        let report = Report {
            epoch: epoch.max(1),
            seq: seq + 1,
            running,
            job,
            boot_ms,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        };
        let request = Request::Device {
            device: row.id(),
            fingerprint: 0,
            message: DeviceMessage::Report(report),
        };
        self.step(Some(request));
    }

    fn played(&self) -> Played {
        let campaign = self.campaign();
        let end = match &campaign.status {
            Status::Completed => End::Completed,
            Status::Paused { cause } => End::Paused(cause.clone()),
            Status::RollingBack | Status::RolledBack => End::RolledBack,
            Status::Failed { .. } => End::Failed,
            _ => End::Stuck,
        };
        let totals = campaign.totals();
        let started = campaign.started_at.unwrap_or(self.now);
        Played {
            end,
            took_ms: self.now - started,
            exposed: campaign.exposed.into(),
            updated: totals.updated.into(),
            failed: totals.failed.into(),
            bytes: self.bytes,
            peak_downloads: self.peak_downloads,
        }
    }
}

/// What a device downloads that takes the first way it is offered.
#[must_use]
pub fn offered_bytes(job: &Job) -> u64 {
    let (JobKind::Install(installation) | JobKind::Rollback(installation)) = &job.kind else {
        return 0;
    };
    (installation.offers.first()).map_or(installation.size_bytes, |offer| match offer {
        Offer::Full { size_bytes, .. } | Offer::Delta { size_bytes, .. } => *size_bytes,
    })
}

/// What a device runs of which nothing is known.
fn unknown() -> Running {
    Running {
        slot: Slot::A,
        version: Version::parse("0.0.0").expect("our own versions are valid"),
        digest: Digest::of(b"unknown"),
    }
}
