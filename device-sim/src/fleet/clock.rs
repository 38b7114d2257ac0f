//! Virtual time: as fast as wanted, from wherever wanted.

use std::time::{Duration, Instant};

/// Milliseconds UTC that pass `speed` times as fast as real ones. Copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub struct SimClock {
    origin_ms: u64,
    speed: u32,
    started: Instant,
}

impl SimClock {
    /// Reads `origin_ms` now. A speed of 0 is taken for 1: time that stands still helps nobody.
    #[must_use]
    pub fn starting_now(origin_ms: u64, speed: u32) -> Self {
        Self {
            origin_ms,
            speed: speed.max(1),
            started: Instant::now(),
        }
    }

    #[must_use]
    pub const fn speed(&self) -> u32 {
        self.speed
    }

    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let real_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let virtual_us = real_us.saturating_mul(u64::from(self.speed));
        self.origin_ms.saturating_add(virtual_us / 1000)
    }

    /// When in real time it will be `at_ms`.
    #[must_use]
    pub fn instant_of(&self, at_ms: u64) -> Instant {
        self.started + self.real(at_ms.saturating_sub(self.origin_ms))
    }

    /// How long so much virtual time really takes, rounded up so that a sleep never ends too early.
    #[must_use]
    pub fn real(&self, virtual_ms: u64) -> Duration {
        let us = virtual_ms
            .saturating_mul(1000)
            .div_ceil(u64::from(self.speed));
        Duration::from_micros(us)
    }

    /// How much virtual time passes in so much real time.
    #[must_use]
    pub fn virtual_ms(&self, real: Duration) -> u64 {
        let ms = u64::try_from(real.as_millis()).unwrap_or(u64::MAX);
        ms.saturating_mul(u64::from(self.speed))
    }
}
