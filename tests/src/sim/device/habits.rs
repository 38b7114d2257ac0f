//! How a device is lived with: when it is plugged in and how full it is, and what its user says to an update.

use fleetfold_device_sim::agent::{Answer, Surroundings};
use fleetfold_schemas::campaign::{HOUR_MS, MINUTE_MS};

use super::super::{draft::FREE_BYTES_MAX, random::Stream};

/// A battery is charged as fast as it is used up, and both again and again.
#[derive(Debug)]
pub(super) struct Habits {
    has_battery: bool,
    charging_ms: u64,
    offset_ms: u64,
    free_bytes: [u64; 2],
    answers: Stream,
}

impl Habits {
    pub(super) fn new(stream: &mut Stream) -> Self {
        let mut seed = [0; 8];
        stream.fill(&mut seed);
        Self {
            has_battery: stream.percent(60),
            charging_ms: stream.within(1..=8) * HOUR_MS,
            offset_ms: stream.within(0..=16) * HOUR_MS,
            free_bytes: [
                stream.within(0..=FREE_BYTES_MAX),
                stream.within(0..=FREE_BYTES_MAX),
            ],
            answers: Stream::of(u64::from_le_bytes(seed), "user"),
        }
    }

    pub(super) fn surroundings(&self, now_ms: u64) -> Surroundings {
        let at_ms = (now_ms + self.offset_ms) % (2 * self.charging_ms);
        let is_charging = at_ms < self.charging_ms;
        let percent = at_ms * 100 / self.charging_ms;
        let percent = if is_charging { percent } else { 200 - percent };
        Surroundings {
            battery_percent: self
                .has_battery
                .then(|| u8::try_from(percent).unwrap_or(100)),
            external_power: is_charging,
            free_bytes: self.free_bytes[usize::from(is_charging)],
        }
    }

    /// `None`: nobody is there to answer.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        match self.answers.below(5) {
            0 | 1 => Some(Answer::Install),
            2 | 3 => Some(Answer::Postpone {
                ms: self.answers.within(1..=300) * MINUTE_MS,
            }),
            _ => None,
        }
    }
}
