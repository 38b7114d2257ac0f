//! What must hold before the device goes on: room to download; then the user, the window, the battery and the plug.
//!
//! Whatever lacks is waited for. What the user has said is in flash, so nobody is asked twice because of a power cut, and
//! a postponement is not longer for one; the rest is looked at anew.

use fleetfold_schemas::{
    device::{CONSENT_DENIED, ErrorClass, JobState, PRECONDITION_UNMET, Waiting, WaitingFor},
    job::{AtLimit, Conditions, Consent},
};

use super::{Activity, Agent, Output, order};
use crate::flash::{Asked, Asking, Mutation, OpenJob, Step};

/// How often the device looks whether it is charged, plugged in and has room by now. What changes within minutes is seen
/// in time, and a device that sleeps wakes up seldom.
const LOOK_MS: u64 = 60_000;

/// What the hardware says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// Absent: it has no battery.
    pub battery_percent: Option<u8>,
    pub external_power: bool,
    pub free_bytes: u64,
}

/// A device on the mains with all the room it needs.
impl Default for Surroundings {
    fn default() -> Self {
        Self {
            battery_percent: None,
            external_power: true,
            free_bytes: u64::MAX,
        }
    }
}

/// What the user says to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Install,
    /// Not now, but in so many milliseconds; cut to what the job allows.
    Postpone {
        ms: u64,
    },
}

impl Surroundings {
    /// What lacks before a download.
    fn lacks_to_download(&self, conditions: &Conditions) -> Option<WaitingFor> {
        let bytes = conditions.free_bytes_min?;
        (self.free_bytes < bytes).then_some(WaitingFor::Space)
    }

    /// What lacks before an installation.
    fn lacks_to_install(&self, conditions: &Conditions) -> Option<WaitingFor> {
        let is_low = |percent| {
            self.battery_percent
                .is_some_and(|charged| charged < percent)
        };
        if conditions.external_power && !self.external_power {
            Some(WaitingFor::Power)
        } else if conditions.battery_percent_min.is_some_and(is_low) {
            Some(WaitingFor::Battery)
        } else {
            None
        }
    }
}

impl Agent {
    /// What [`Output::Sense`] has asked for.
    pub fn sensed(&mut self, surroundings: Surroundings, now: u64) {
        let Activity::Sensing { .. } = self.activity else {
            return;
        };
        let Some(OpenJob {
            step,
            conditions: Some(conditions),
            ..
        }) = &self.record.job
        else {
            return;
        };
        let is_download = matches!(step, Step::Fetch { .. });
        let lacks = if is_download {
            surroundings.lacks_to_download(conditions)
        } else {
            surroundings.lacks_to_install(conditions)
        };
        match lacks {
            Some(what) => self.wait_for(what, now + LOOK_MS, now),
            None if is_download => self.fetch(now),
            None => self.begin_installing(),
        }
    }

    /// The user's answer to [`Output::AskUser`].
    pub fn answered(&mut self, answer: Answer, now: u64) {
        let (Some(asked), Some(consent)) = (self.asked(), self.consent()) else {
            return;
        };
        if !matches!(asked.asking, Asking::Open { .. }) {
            return;
        }
        let asking = match answer {
            Answer::Install => Asking::Agreed,
            Answer::Postpone { .. } if asked.postponed >= consent.postponements_max => return,
            Answer::Postpone { ms } => Asking::Postponed {
                until_ms: now + ms.min(consent.postpone_ms_max),
            },
        };
        let is_postponed = matches!(asking, Asking::Postponed { .. });
        self.flash(Mutation::Asked(Asked {
            postponed: asked.postponed + u32::from(is_postponed),
            asking,
        }));
        self.install(now);
    }

    /// Begins to look at what must hold, if anything must.
    pub(super) fn sense(&mut self, is_needed: impl Fn(&Conditions) -> bool) -> bool {
        let conditions = self.record.job.as_ref().and_then(|job| job.conditions);
        let is_needed = conditions.is_some_and(|conditions| is_needed(&conditions));
        if is_needed {
            let was = self.waiting().map(|waiting| waiting.what);
            self.activity = Activity::Sensing { was };
            self.outputs.push_back(Output::Sense);
        }
        is_needed
    }

    /// Whether the user has agreed, or need not. Otherwise the job waits, or is over.
    pub(super) fn has_consent(&mut self, now: u64) -> bool {
        let (Some(asked), Some(consent)) = (self.asked(), self.consent()) else {
            return true;
        };
        let since_ms = match asked.asking {
            Asking::Agreed => return true,
            Asking::Postponed { until_ms } if now < until_ms => {
                self.wait_for(WaitingFor::Consent, until_ms, now);
                return false;
            }
            Asking::Postponed { .. } if asked.postponed >= consent.postponements_max => {
                return self.is_at_limit(&consent, now);
            }
            Asking::NotYet | Asking::Postponed { .. } => now,
            Asking::Open { since_ms } => since_ms,
        };
        let until_ms = since_ms.saturating_add(consent.postpone_ms_max);
        if until_ms <= now {
            // Nobody has answered: that is an answer, too.
            self.flash(Mutation::Asked(Asked {
                postponed: asked.postponed + 1,
                asking: Asking::Postponed { until_ms: now },
            }));
            return self.has_consent(now);
        }
        let is_open = asked.asking == Asking::Open { since_ms };
        if !is_open {
            self.flash(Mutation::Asked(Asked {
                asking: Asking::Open { since_ms },
                ..asked
            }));
        }
        // After a boot, the user is shown the question anew.
        if !is_open || !self.is_question_shown {
            self.is_question_shown = true;
            self.outputs.push_back(Output::AskUser {
                postponements_left: consent.postponements_max.saturating_sub(asked.postponed),
                postpone_ms_max: consent.postpone_ms_max,
            });
        }
        self.wait_for(WaitingFor::Consent, until_ms, now);
        false
    }

    /// The user may not put it off any more.
    fn is_at_limit(&mut self, consent: &Consent, now: u64) -> bool {
        match consent.at_limit {
            AtLimit::Install => true,
            AtLimit::GiveUp => {
                self.give_up(CONSENT_DENIED, "its user has put it off to the limit", now);
                false
            }
        }
    }

    /// Nothing is done about the job until then; what has been waited for in vain is given up.
    pub(super) fn wait_for(&mut self, what: WaitingFor, until_ms: u64, now: u64) {
        let mut until_ms = until_ms;
        if !what.is_timed() {
            let patience_ms = self.patience_until().unwrap_or(u64::MAX);
            if patience_ms <= now {
                let message = format!("waited for too long: {what}");
                return self.give_up(PRECONDITION_UNMET, &message, now);
            }
            until_ms = until_ms.min(patience_ms);
        }
        self.activity = Activity::Waiting { what, until_ms };
        let waiting = self.waiting();
        if self.told != waiting {
            self.told = waiting;
            self.report();
        }
    }

    pub(super) fn give_up(&mut self, code: &str, message: &str, now: u64) {
        let error = order::error(ErrorClass::Rejected, code, message);
        self.finish(JobState::Rejected { error }, now);
    }

    /// As reports say it.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        let (what, until_ms) = match self.activity {
            Activity::Waiting { what, until_ms } => (what, Some(until_ms)),
            Activity::Sensing { was: Some(what) } => (what, None),
            _ => return None,
        };
        let asked = self.asked().filter(|_| what == WaitingFor::Consent);
        let until_ms = match asked.map(|asked| asked.asking) {
            Some(Asking::Postponed { until_ms }) => Some(until_ms),
            // When it looks again is of no interest to anybody.
            _ => until_ms.filter(|_| what.is_timed()),
        };
        Some(Waiting {
            what,
            until_ms,
            postponed: asked.map_or(0, |asked| asked.postponed),
        })
    }

    fn patience_until(&self) -> Option<u64> {
        let job = self.record.job.as_ref()?;
        let patience_ms = job.conditions?.patience_ms;
        Some(job.accepted_ms.saturating_add(patience_ms))
    }

    fn consent(&self) -> Option<Consent> {
        self.record.job.as_ref()?.conditions?.consent
    }

    fn asked(&self) -> Option<Asked> {
        Some(self.record.job.as_ref()?.asked)
    }
}
