//! When something ends, opens or is due in a campaign.

use fleetfold_schemas::{
    campaign::{OnEnd, Schedule},
    mutant::{Mutant, is_on},
};

use super::{Campaign, Status};
use crate::{
    Timestamp,
    calendar::Window,
    state::{Member, MemberState, ReturnStep, Wait, shared::Number},
};

/// How members stand to their windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowCensus {
    /// They wait for theirs to open.
    pub waiting: u32,
    /// Theirs is open.
    pub open: u32,
    /// Those of them that wait in vain: none of theirs opens before the campaign's end.
    pub never: u32,
    /// When the first of those that wait opens; `None`: never.
    pub opens: Option<Timestamp>,
}

impl Campaign {
    /// When that phase began.
    #[must_use]
    pub fn phase_started_at(&self) -> Option<Timestamp> {
        self.runs[self.run].started_at
    }

    /// When that phase has been watched long enough, if its watch time does not stand still again.
    #[must_use]
    pub fn watched_until(&self, now: Timestamp) -> Option<Timestamp> {
        let run = self.runs[self.run];
        let started_at = run.started_at?;
        let held_ms = match self.held_since {
            Some(since) => now.saturating_sub(since.max(started_at)),
            None => 0,
        };
        Some(started_at + self.phase().duration_hours.ms() + run.held_ms + held_ms)
    }

    /// The watch time stands still while nothing new may start.
    pub(crate) fn hold_watch(&mut self, at: Timestamp) {
        let is_held = matches!(self.status, Status::Paused { .. }) || self.frozen.is_some();
        match (is_held, self.held_since) {
            (true, None) => self.held_since = Some(at),
            (false, Some(since)) => {
                let run = &mut self.runs[self.run];
                // A phase that has not begun is not watched yet.
                if let Some(started_at) = run.started_at {
                    run.held_ms += at - since.max(started_at);
                }
                self.held_since = None;
            }
            _ => {}
        }
    }

    /// When the campaign must be over.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let from = match &self.rollback {
            Some(rollback) => rollback.started_at,
            None => self.started_at?,
        };
        Some(from + self.spec.max_rollout_days.ms())
    }

    /// Until when windows may open: later ones come too late, as the campaign is over or offers nothing more.
    #[must_use]
    pub fn windows_end(&self, started_at: Timestamp) -> Timestamp {
        let Schedule { end, on_end, .. } = self.spec.schedule;
        let deadline = started_at + self.spec.max_rollout_days.ms();
        match end {
            // After a pause, it may go on.
            Some(end) if on_end != OnEnd::Pause => deadline.min(end.ms()),
            _ => deadline,
        }
    }

    /// Since when a device can see its job in its present state: paused campaigns hide their queued jobs, so the time for
    /// contact begins anew when they resume.
    #[must_use]
    pub fn shown_since(&self, member: &Member) -> Timestamp {
        match (member.state, self.resumed_at) {
            (
                MemberState::Queued
                | MemberState::Returning {
                    step: ReturnStep::Queued,
                    ..
                },
                Some(resumed_at),
            ) => member.since.max(resumed_at),
            _ => member.since,
        }
    }

    /// The sequence number of the cancel job that this member's topic holds, if any, and since when it does.
    ///
    /// While nothing new is to start, devices that wait are called back: they would go on without asking anyone.
    #[must_use]
    pub fn recall(&self, member: &Member) -> Option<(u64, Timestamp)> {
        let (position, at) = match (&self.status, member.state) {
            (Status::Canceled { .. }, _) => (self.canceled_position, self.ended_at),
            (
                Status::Paused { .. } | Status::RollingBack | Status::RollbackPaused { .. },
                MemberState::Held(_),
            ) => (self.recalled_position, self.recalled_at),
            _ => return None,
        };
        // It may have waited for longer than any job is good for.
        Some((position?, at.unwrap_or(member.since).max(member.since)))
    }

    /// When the patience with a device that waits ends.
    fn waits_until(&self, member: &Member, wait: Wait) -> Timestamp {
        let timeouts = &self.spec.timeouts;
        match wait.until() {
            // It ends by the clock, and then the device has work to do.
            Some(until) if wait.what.is_timed() => until
                .max(member.since)
                .saturating_add(timeouts.execution_hours.ms()),
            Some(_) | None => member.since + timeouts.waiting().ms(),
        }
    }

    /// How long after its job is shown a device may be told to begin, at most. The way back knows no such wait.
    #[must_use]
    pub fn start_jitter_ms(&self, member: &Member) -> u64 {
        match (member.state, self.spec.rates.start_jitter_minutes) {
            (MemberState::Returning { .. }, _) | (_, None) => 0,
            (_, Some(jitter)) => jitter.ms(),
        }
    }

    /// When an open member's patience ends, or a retry is due, or the window that it waits for opens.
    #[must_use]
    pub fn due(&self, member: &Member) -> Option<Timestamp> {
        let timeouts = &self.spec.timeouts;
        let step = match member.state {
            MemberState::Returning { step, .. } => step,
            MemberState::Queued => ReturnStep::Queued,
            MemberState::InProgress => ReturnStep::InProgress,
            MemberState::Held(wait) => return Some(self.waits_until(member, wait)),
            MemberState::Retrying { at } => ReturnStep::Retrying { at },
            MemberState::Deferred => return self.window(member)?.opens(),
            _ => return None,
        };
        // Nobody's time is over before its window is.
        let closes = match is_on(Mutant::DueBeforeWindow) {
            false => self.closes(member),
            true => 0,
        };
        match step {
            ReturnStep::Queued => {
                let jitter_ms = self.start_jitter_ms(member);
                let contact_ms = timeouts.contact_hours.ms();
                Some(closes.max(self.shown_since(member) + jitter_ms + contact_ms))
            }
            ReturnStep::InProgress => {
                Some(closes.max(member.since) + timeouts.execution_hours.ms())
            }
            ReturnStep::Retrying { at } => Some(at),
            ReturnStep::Deferred | ReturnStep::OutOfReach => None,
        }
    }

    /// When a member may install, or when one that is deferred may have its turn. `None`: at any time.
    #[must_use]
    pub fn window(&self, member: &Member) -> Option<Window> {
        member.window.map(|number| *self.windows.get(number))
    }

    /// When a member's window is over; 0 if it has none to wait for, or waits for one in vain.
    #[must_use]
    pub fn closes(&self, member: &Member) -> Timestamp {
        let window = self
            .window(member)
            .filter(|window| *window != Window::NEVER);
        window.map_or(0, |window| window.until)
    }

    pub(crate) fn set_window(&mut self, at: u32, window: Option<Window>) {
        let before = self.member(at).window;
        let mut number = before;
        self.windows
            .replace(&mut number, window.as_ref(), |window| *window);
        if number != before {
            self.roster.update(at, |member| member.window = number);
        }
    }

    /// As [`Campaign::set_window`], of a member that is read from a snapshot.
    pub(crate) fn share_window(&mut self, window: Option<Window>) -> Option<Number> {
        window.map(|window| self.windows.take(&window, |window| *window))
    }

    /// How many wait for their window, and how many are in it.
    #[must_use]
    pub fn window_census(&self, now: Timestamp) -> WindowCensus {
        let mut census = WindowCensus::default();
        for (window, uses) in self.windows.uses().filter(|(window, _)| now < window.until) {
            if window.from <= now {
                census.open += uses;
                continue;
            }
            census.waiting += uses;
            census.never += if window.opens().is_none() { uses } else { 0 };
            let opens = [census.opens, window.opens()];
            census.opens = opens.into_iter().flatten().min();
        }
        census
    }

    /// When the last of its members' windows opened.
    #[must_use]
    pub fn window_opened_at(&self, now: Timestamp) -> Option<Timestamp> {
        let opened = self.windows.uses().map(|(window, _)| window.from);
        opened.filter(|from| *from <= now).max()
    }
}
