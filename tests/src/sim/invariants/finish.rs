//! What must hold now and then, and at the end, when nothing goes wrong any more.

use fleetfold_schemas::command::Lifecycle;

use super::{Book, Checked, Place, Status, demand, member::BackStep, pace};
use crate::sim::world::Sim;

/// How late a timer may be: the wheel's second, and an engine that was busy.
const LATE_MS_MAX: u64 = 10_000;

impl Sim {
    /// Nothing is open past its deadline while there is an engine to notice.
    pub fn check_deadlines(&mut self) {
        let clock = self.engine_now();
        let Some(started_ms) = self.started_ms else {
            return;
        };
        let is_settled = self.process.is_some()
            && self.queue.now_ms() > started_ms + LATE_MS_MAX
            && self.queue.now_ms() > self.clock_stepped_ms + LATE_MS_MAX;
        if is_settled {
            let checked = self.book.check_deadlines(clock);
            self.judge(checked);
        }
    }

    /// Whether everything has come to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let campaigns = &self.book.campaigns;
        let is_over = |status: &Status| status.is_final() || status.is_paused();
        campaigns.iter().all(|campaign| is_over(&campaign.status))
            && self.process.is_some()
            && self.is_plan_done()
            && (0..self.devices.len()).all(|at| self.is_at_rest(at))
    }

    /// A device that is done with everything, and that the engine knows all of.
    fn is_at_rest(&self, at: usize) -> bool {
        let device = &self.devices[at];
        let Some(ix) = self.book.fleet.find(&device.id) else {
            return false;
        };
        let known = self.book.fleet.get(ix);
        if known.lifecycle == Lifecycle::Retired {
            return true;
        }
        let waits_in_vain = || {
            device.has_missed_its_window(self.queue.now_ms()) && self.book.open_on(ix).is_empty()
        };
        (device.is_settled() || waits_in_vain())
            && device.is_connected()
            && known.running == Some(device.running())
    }

    /// The end of the liveness phase.
    pub fn check_end(&mut self) {
        if self.is_finished() {
            let checked = self.check_truth();
            return self.judge(checked);
        }
        let campaigns = self.book.campaigns.iter();
        let open: Vec<_> = campaigns
            .filter(|campaign| !campaign.status.is_final())
            .map(|campaign| format!("{} {:?}", campaign.id(), campaign.status))
            .collect();
        let restless: Vec<_> = (0..self.devices.len())
            .filter(|at| !self.is_at_rest(*at))
            .map(|at| {
                let device = &self.devices[at];
                format!("{} {:?}", device.id, device.flash.record())
            })
            .collect();
        let what = format!(
            "plan done: {}, engine up: {}, open campaigns {open:?}, restless devices {restless:?}",
            self.is_plan_done(),
            self.process.is_some(),
        );
        self.breach("without faults everything comes to its end", what);
    }

    /// What the engine believes of honest devices is so.
    fn check_truth(&self) -> Checked {
        for device in &self.devices {
            let Some(ix) = self.book.fleet.find(&device.id) else {
                continue;
            };
            if self.book.fleet.get(ix).lifecycle == Lifecycle::Retired {
                continue;
            }
            let running = device.running();
            demand(
                self.catalog.is_signed(running),
                "every device ends on a confirmed signed image",
                || format!("{} runs {running}", device.id),
            )?;
            demand(
                self.book.open_on(ix).is_empty() || !device.is_settled() || self.has_paused(),
                "nothing is open once everybody is at rest",
                || format!("{} in {:?}", device.id, self.book.open_on(ix)),
            )?;
        }
        Ok(())
    }

    fn has_paused(&self) -> bool {
        let mut campaigns = self.book.campaigns.iter();
        campaigns.any(|campaign| campaign.status.is_paused())
    }
}

impl Book {
    fn check_deadlines(&self, clock_ms: u64) -> Checked {
        let limit_ms = clock_ms.saturating_sub(LATE_MS_MAX);
        for campaign in &self.campaigns {
            let is_over = campaign.deadline_ms().is_some_and(|at| at < limit_ms);
            demand(
                campaign.status.is_final() || !is_over,
                "nothing is open past its deadline",
                || format!("{} is {:?}", campaign.id(), campaign.status),
            )?;
            let is_limited = pace::may_hold(campaign, clock_ms).is_some();
            let overdue = campaign.members().iter().find(|member| {
                let waits_for_room = is_limited
                    && matches!(
                        member.place,
                        Place::Retrying { .. }
                            | Place::Back {
                                step: BackStep::Retrying { .. },
                                ..
                            }
                    );
                !waits_for_room
                    && campaign
                        .due_ms(member)
                        .is_some_and(|due_ms| due_ms < limit_ms)
            });
            demand(
                overdue.is_none(),
                "nothing is open past its deadline",
                || format!("{}: {overdue:?} at {clock_ms}", campaign.id()),
            )?;
        }
        Ok(())
    }
}
