//! How much room the log has: looked at now and then, and told to the core when it has crossed the floor.

use std::time::{Duration, Instant};

use fleetfold_core::{Request, State};
use metrics::gauge;

use crate::log::{Log, LogError};

/// A look costs microseconds; at 100,000 records a second the log grows by a few MiB between two.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Room {
    floor_bytes: u64,
    looked: Option<Instant>,
}

impl Room {
    pub const fn new(floor_bytes: u64) -> Self {
        Self {
            floor_bytes,
            looked: None,
        }
    }

    /// What the core does not know yet.
    pub fn look(&mut self, log: &Log, state: &State) -> Option<Request> {
        if self.next_look() > Duration::ZERO {
            return None;
        }
        self.looked = Some(Instant::now());
        let free_bytes = match log.free_space_bytes() {
            Ok(free_bytes) => free_bytes,
            Err(error) => {
                warn(&error);
                return None;
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "for people to look at")]
        gauge!("fleetfold_log_free_bytes").set(free_bytes as f64);
        let is_low = state.storage_low.is_some();
        // While it is low every look is told: when it is over is for the core to say.
        (is_low || free_bytes < self.floor_bytes).then_some(Request::Storage {
            free_bytes,
            floor_bytes: self.floor_bytes,
        })
    }

    /// How long until the next look is due; an engine that nobody talks to need not look at all, unless it waits for room.
    pub fn due_in(&self, state: &State) -> Option<Duration> {
        state.storage_low.is_some().then(|| self.next_look())
    }

    fn next_look(&self) -> Duration {
        self.looked.map_or(Duration::ZERO, |looked| {
            LOOK_EVERY.saturating_sub(looked.elapsed())
        })
    }
}

fn warn(error: &LogError) {
    tracing::warn!(%error, "cannot tell how much room is left for the log");
}
