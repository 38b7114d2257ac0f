//! The engine's time: the wall's, or faster for demonstrations.
//!
//! Tokens, keepalive and TLS always use the wall's time; only what is recorded and decided follows this clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes backwards.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    origin_ms: u64,
    speed: u32,
}

impl Clock {
    /// Starts at the wall's time, or at `floor_ms` if that is later: a log's next batch is never earlier than its last.
    #[must_use]
    pub fn start(floor_ms: u64, speed: u32) -> Self {
        Self {
            started: Instant::now(),
            origin_ms: wall_ms().max(floor_ms),
            speed: speed.max(1),
        }
    }

    /// Milliseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let elapsed = self.started.elapsed() * self.speed;
        self.origin_ms + u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    /// How long to wait, in the wall's time, until this clock shows `at_ms`.
    #[must_use]
    pub fn until(&self, at_ms: u64) -> Duration {
        Duration::from_millis(at_ms.saturating_sub(self.now_ms())) / self.speed
    }

    #[must_use]
    pub const fn origin_ms(&self) -> u64 {
        self.origin_ms
    }
}

/// The wall's time, milliseconds since the Unix epoch, UTC.
#[must_use]
pub fn wall_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the machine's clock is set to a time after 1970");
    u64::try_from(since.as_millis()).expect("the year 584 million is far")
}
