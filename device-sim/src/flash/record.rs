//! The small part of flash: counters, what the slots hold, and the open job.

use fleetfold_schemas::{
    Digest, Sha256,
    device::{Image, JobReport, Slot},
    job::Conditions,
};

use super::Area;

/// Boots a new image gets to prove itself. One: a device that hangs is helped by its watchdog or a hand on the plug, and
/// that second boot should already be the old image.
const TRIAL_BOOTS: u8 = 1;

/// What the device remembers across power cuts, apart from the images themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Counts boots.
    pub epoch: u64,
    /// The `ctr` of the last login token; the next is greater.
    pub logins: u64,
    slot_a: SlotState,
    slot_b: SlotState,
    /// The slot to boot unless the other one is on trial.
    pub active: Slot,
    /// Sequence number of the newest manifest confirmed here; lower ones are refused.
    pub installed_sequence: u64,
    /// Sequence number of the newest job obeyed; jobs below it are replays.
    pub job_sequence: u64,
    pub job: Option<OpenJob>,
    /// How the last job ended. Every hello repeats it, so it is never lost for good.
    pub outcome: Option<JobReport>,
    /// The image for which a delta did not lead to the right bytes; it is fetched whole from then on.
    pub delta_failed_for: Option<Digest>,
}

/// What one slot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// Nothing, or bytes that are not (yet) known to be an image.
    Empty,
    /// A whole image, verified; it does not boot by itself.
    Written(Image),
    /// Boots `boots_left` more times; then the other slot does again.
    Trial { image: Image, boots_left: u8 },
    /// Has passed its self-test.
    Confirmed(Image),
}

/// An accepted job: what of it is needed once its signatures have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJob {
    pub sequence: u64,
    pub manifest_sequence: u64,
    pub image: Image,
    pub image_sha256: Sha256,
    pub image_bytes: u64,
    pub delta: Option<DeltaOffer>,
    /// When it may be installed, from (inclusive) and until (exclusive).
    pub window: Option<(u64, u64)>,
    /// When it may begin.
    pub not_before_ms: Option<u64>,
    /// What must hold before the device goes on.
    pub conditions: Option<Conditions>,
    pub accepted_ms: u64,
    pub asked: Asked,
    pub stage_limit_ms: u64,
    pub step: Step,
}

/// What the user has been asked and has said about the installation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    pub postponed: u32,
    pub asking: Asking,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asking {
    #[default]
    NotYet,
    /// The question has no answer as yet.
    Open {
        since_ms: u64,
    },
    Postponed {
        until_ms: u64,
    },
    Agreed,
}

/// A delta from the image that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaOffer {
    pub digest: Digest,
    pub bytes: u64,
    pub format: String,
}

/// How far a job has come, as far as it must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many bytes of the artifact have been written, in order.
    Fetch { source: Source, bytes: u64 },
    /// The standby slot holds the verified image.
    Install,
    /// The standby slot has been armed: the next boot tries it.
    Trial,
    /// The trial is over without success; the old image takes over again.
    Back(WhyBack),
}

/// What is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Image,
    Delta,
}

/// Why a trial ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyBack {
    SelfTestFailed,
    SelfTestTimedOut,
    BootBudgetSpent,
}

/// One atomic change of persistent state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mutation {
    /// The boot loader counts the boot and spends the trial slot's budget.
    Boot,
    /// A login token is about to be issued.
    Login,
    Accept(Box<OpenJob>),
    /// The user has been asked about the open job, or has answered.
    Asked(Asked),
    /// A job was obeyed that leaves no open job of its own, such as a cancel.
    Obeyed(u64),
    /// The open job has come again with a later window.
    Window(u64, u64),
    Erase(Area),
    /// The next bytes of the artifact.
    Append {
        area: Area,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// The delta did not lead to the right bytes: fetch the whole image.
    DeltaFailed,
    /// The standby slot holds the job's image; every digest has been checked.
    SlotWritten,
    /// The next boot tries the standby slot, once.
    Arm,
    /// The trial slot passed its self-test and becomes the active one.
    Confirm,
    /// The trial slot did not pass; the next boot is the active one's.
    Revert(WhyBack),
    /// The installed image is also the one of this, newer manifest.
    Installed(u64),
    /// The job is over.
    Finish(JobReport),
}

impl SlotState {
    /// The whole image in this slot.
    #[must_use]
    pub fn image(&self) -> Option<&Image> {
        match self {
            Self::Empty => None,
            Self::Written(image) | Self::Trial { image, .. } | Self::Confirmed(image) => {
                Some(image)
            }
        }
    }

    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }
}

impl WhyBack {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SelfTestFailed => "self_test_failed",
            Self::SelfTestTimedOut => "self_test_timed_out",
            Self::BootBudgetSpent => "boot_budget_spent",
        }
    }
}

impl OpenJob {
    /// Digest and length of what is to be fetched.
    #[must_use]
    pub fn artifact(&self) -> (Digest, u64) {
        match (self.step, &self.delta) {
            (
                Step::Fetch {
                    source: Source::Delta,
                    ..
                },
                Some(delta),
            ) => (delta.digest, delta.bytes),
            _ => (self.image.digest, self.image_bytes),
        }
    }
}

impl Record {
    /// As it leaves the factory: one confirmed image, in slot A.
    #[must_use]
    pub fn factory(image: Image, installed_sequence: u64) -> Self {
        Self {
            epoch: 0,
            logins: 0,
            slot_a: SlotState::Confirmed(image),
            slot_b: SlotState::Empty,
            active: Slot::A,
            installed_sequence,
            job_sequence: 0,
            job: None,
            outcome: None,
            delta_failed_for: None,
        }
    }

    #[must_use]
    pub fn slot(&self, slot: Slot) -> &SlotState {
        match slot {
            Slot::A => &self.slot_a,
            Slot::B => &self.slot_b,
        }
    }

    fn slot_mut(&mut self, slot: Slot) -> &mut SlotState {
        match slot {
            Slot::A => &mut self.slot_a,
            Slot::B => &mut self.slot_b,
        }
    }

    /// The slot that images are written to.
    #[must_use]
    pub fn standby(&self) -> Slot {
        self.active.other()
    }

    /// The slot that the last [`Mutation::Boot`] started, and runs unless the trial has ended since.
    #[must_use]
    pub fn running(&self) -> Slot {
        match self.slot(self.standby()) {
            SlotState::Trial { boots_left, .. } if *boots_left < TRIAL_BOOTS => self.standby(),
            _ => self.active,
        }
    }

    /// Makes one change. Total: a mutation that does not fit the state changes nothing.
    pub fn apply(&mut self, mutation: &Mutation) {
        let standby = self.standby();
        match mutation {
            Mutation::Boot => self.boot(),
            Mutation::Login => self.logins += 1,
            Mutation::Accept(job) => {
                self.job_sequence = job.sequence;
                self.job = Some((**job).clone());
            }
            Mutation::Asked(asked) => {
                if let Some(job) = &mut self.job {
                    job.asked = *asked;
                }
            }
            Mutation::Obeyed(sequence) => self.job_sequence = *sequence,
            Mutation::Window(from_ms, until_ms) => {
                if let Some(job) = &mut self.job {
                    job.window = Some((*from_ms, *until_ms));
                }
            }
            Mutation::Erase(Area::Slot(slot)) if *slot == standby => {
                *self.slot_mut(standby) = SlotState::Empty;
            }
            // The active slot is never erased, and the delta's place has no state of its own.
            Mutation::Erase(_) => {}
            Mutation::Append { offset, bytes, .. } => self.count_fetched(*offset, bytes.len()),
            Mutation::DeltaFailed => {
                self.delta_failed_for = self.job.as_ref().map(|job| job.image.digest);
                self.set_step(Step::Fetch {
                    source: Source::Image,
                    bytes: 0,
                });
            }
            Mutation::SlotWritten => {
                if let Some(job) = &self.job {
                    *self.slot_mut(standby) = SlotState::Written(job.image.clone());
                    self.set_step(Step::Install);
                }
            }
            Mutation::Arm => self.arm(),
            Mutation::Confirm => self.confirm(),
            Mutation::Revert(why) => self.revert(*why),
            Mutation::Installed(sequence) => self.installed_sequence = *sequence,
            Mutation::Finish(report) => {
                self.job = None;
                self.outcome = Some(report.clone());
            }
        }
    }

    fn boot(&mut self) {
        self.epoch += 1;
        let standby = self.standby();
        match self.slot_mut(standby) {
            SlotState::Trial { boots_left: 0, .. } => self.revert(WhyBack::BootBudgetSpent),
            SlotState::Trial { boots_left, .. } => *boots_left -= 1,
            SlotState::Empty | SlotState::Written(_) | SlotState::Confirmed(_) => {}
        }
    }

    fn count_fetched(&mut self, offset: u64, len: usize) {
        if let Some(OpenJob {
            step: Step::Fetch { bytes, .. },
            ..
        }) = &mut self.job
        {
            *bytes = offset + len as u64;
        }
    }

    fn arm(&mut self) {
        let standby = self.standby();
        if let Some(image) = self.slot(standby).image().cloned() {
            *self.slot_mut(standby) = SlotState::Trial {
                image,
                boots_left: TRIAL_BOOTS,
            };
            self.set_step(Step::Trial);
        }
    }

    fn confirm(&mut self) {
        let standby = self.standby();
        if let SlotState::Trial { image, .. } = self.slot(standby) {
            *self.slot_mut(standby) = SlotState::Confirmed(image.clone());
            self.active = standby;
            if let Some(job) = &self.job {
                self.installed_sequence = job.manifest_sequence;
            }
        }
    }

    fn revert(&mut self, why: WhyBack) {
        let standby = self.standby();
        if let SlotState::Trial { image, .. } = self.slot(standby) {
            *self.slot_mut(standby) = SlotState::Written(image.clone());
            self.set_step(Step::Back(why));
        }
    }

    fn set_step(&mut self, step: Step) {
        if let Some(job) = &mut self.job {
            job.step = step;
        }
    }
}
