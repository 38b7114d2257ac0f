//! Devices as they are assumed to be, from what each has shown so far.

use fleetfold_core::{DeviceIx, State, Timestamp};
use fleetfold_schemas::{
    Name,
    campaign::DAY_MS,
    device::{DeviceError, ErrorClass},
    job::Job,
};

use super::{
    chance::{Chance, Question},
    stage::{Behaviour, Moment, Outcome, Work, offered_bytes},
};

/// Nobody is asked more often; and a device that was heard of just now is not at the other end of the line for ever.
const CONTACT_MIN_MS: u64 = 60_000;
/// Beyond this, silence says nothing more about the next contact.
const CONTACT_MAX_MS: u64 = 7 * DAY_MS;

/// What is assumed of all devices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    pub contact_ms: u64,
    /// That holds for all devices, whatever is known of each.
    pub contact_of_all: bool,
    pub bandwidth_bytes_per_s: u64,
    pub install_ms: u64,
    pub boot_ms: u64,
}

/// What is assumed of each device of a cast.
#[derive(Debug)]
pub struct Crew {
    habits: Habits,
    /// Until contact on average, and from reboot to outcome.
    each: Vec<(u64, u64)>,
}

impl Crew {
    /// At a random moment, the time since something last happened is distributed as the time until it happens next, if
    /// it keeps to its ways (Feller 1971, XI.4). So a device's silence so far is the estimate of its silence to come.
    #[must_use]
    pub fn of(state: &State, devices: &[DeviceIx], habits: Habits) -> Self {
        let each = devices.iter().map(|ix| {
            let device = state.devices.get(*ix);
            let silence = (device.last_seen())
                .filter(|_| !habits.contact_of_all)
                .map(|at| state.recorded_at.saturating_sub(at))
                .map(|silence| silence.clamp(CONTACT_MIN_MS, CONTACT_MAX_MS));
            let boot = device.boot_ms().map_or(habits.boot_ms, u64::from);
            (silence.unwrap_or(habits.contact_ms), boot)
        });
        Self {
            habits,
            each: each.collect(),
        }
    }

    /// For one run, in which the release fails on this share of the devices.
    #[must_use]
    pub const fn on_stage(&self, chance: Chance, failure_rate: f64) -> Acting<'_> {
        Acting {
            crew: self,
            chance,
            failure_rate,
        }
    }
}

/// [`Crew`] in one run.
#[derive(Debug)]
pub struct Acting<'c> {
    crew: &'c Crew,
    chance: Chance,
    failure_rate: f64,
}

impl Behaviour for Acting<'_> {
    fn contact(&mut self, device: DeviceIx, attempt: u32) -> Option<Moment> {
        let (mean_ms, _) = self.crew.each[device as usize];
        let after_ms = (self.chance).wait_ms(Question::Contact, device, attempt, mean_ms);
        Some(Moment { after_ms, order: 0 })
    }

    fn work(&mut self, device: DeviceIx, job: &Job, now: Timestamp) -> Work {
        let habits = &self.crew.habits;
        let download_ms = offered_bytes(job) * 1000 / habits.bandwidth_bytes_per_s.max(1);
        let (moment, outcome) = self.ready(device, job, now, download_ms);
        Work::Accepts {
            download_ms,
            outcome: Some((moment, outcome)),
        }
    }

    fn install(&mut self, device: DeviceIx, job: &Job, now: Timestamp) -> (Moment, Outcome) {
        self.ready(device, job, now, 0)
    }
}

impl Acting<'_> {
    /// What comes of a job whose image is there so long from now. It may be downloaded before the window opens, but not
    /// installed.
    fn ready(
        &self,
        device: DeviceIx,
        job: &Job,
        now: Timestamp,
        download_ms: u64,
    ) -> (Moment, Outcome) {
        let (_, boot_ms) = self.crew.each[device as usize];
        let ready_at = now + download_ms;
        let begins_at = match &job.install_window {
            Some(window) if window.until_ms <= ready_at => {
                let moment = Moment {
                    after_ms: download_ms,
                    order: 0,
                };
                return (moment, Outcome::TooLate);
            }
            Some(window) => ready_at.max(window.from_ms),
            None => ready_at,
        };
        let after_ms = begins_at - now + self.crew.habits.install_ms + boot_ms;
        // It is the device that the release fails on, at every attempt.
        let fails = self.chance.share(Question::Fails, device, 0) < self.failure_rate;
        let outcome = if fails {
            Outcome::Failed {
                error: rehearsed(),
                restored: true,
            }
        } else {
            Outcome::Succeeded {
                boot_ms: Some(boot_ms),
            }
        };
        (Moment { after_ms, order: 0 }, outcome)
    }
}

fn rehearsed() -> DeviceError {
    DeviceError {
        class: ErrorClass::SelfTest,
        code: Name::parse("rehearsed").expect("our own names are valid"),
        message: String::new(),
    }
}
