//! Executions started, for the rates.

use alloc::{collections::VecDeque, vec::Vec};

use fleetfold_schemas::campaign::MINUTE_MS;

use crate::Timestamp;

/// Executions started, for the rates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Starts {
    /// Those of the last minute, oldest first: when the last ones of a second were started, and how many in it. Whoever
    /// was started earlier within that second is counted for up to a second too long, never too short.
    recent: VecDeque<(Timestamp, u32)>,
    /// Devices that have been offered a job so far.
    pub notified: u32,
}

impl Starts {
    pub(crate) fn of(recent: Vec<(Timestamp, u32)>, notified: u32) -> Self {
        Self {
            recent: recent.into(),
            notified,
        }
    }

    pub(crate) fn count(&mut self, at: Timestamp, is_first: bool) {
        while self
            .recent
            .front()
            .is_some_and(|(last, _)| last + MINUTE_MS <= at)
        {
            self.recent.pop_front();
        }
        match self.recent.back_mut() {
            Some((last, count)) if *last / 1000 == at / 1000 => {
                *last = at;
                *count += 1;
            }
            _ => self.recent.push_back((at, 1)),
        }
        self.notified += u32::from(is_first);
    }

    /// Oldest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (Timestamp, u32)> + '_ {
        self.recent.iter().copied()
    }

    /// How many were started within the minute that ends now.
    #[must_use]
    pub fn in_minute(&self, now: Timestamp) -> u32 {
        let recent = self.recent();
        recent
            .filter(|(last, _)| last + MINUTE_MS > now)
            .map(|(_, count)| count)
            .sum()
    }

    /// When there is room for one more at this rate, if nothing is started until then.
    #[must_use]
    pub fn room_at(&self, per_minute: u32, now: Timestamp) -> Timestamp {
        let mut started = self.in_minute(now);
        let mut at = now;
        for (last, count) in self.recent().filter(|(last, _)| last + MINUTE_MS > now) {
            if started < per_minute {
                break;
            }
            started -= count;
            at = last + MINUTE_MS;
        }
        at
    }
}
