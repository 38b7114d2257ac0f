//! When to give up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::DeltaDeclined;

/// Looked at now and then by whatever takes long.
pub struct Budget<'a> {
    began: Instant,
    deadline: Duration,
    stop: &'a AtomicBool,
}

impl<'a> Budget<'a> {
    pub fn new(deadline: Duration, stop: &'a AtomicBool) -> Self {
        Self {
            began: Instant::now(),
            deadline,
            stop,
        }
    }

    pub fn check(&self) -> Result<(), DeltaDeclined> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(DeltaDeclined::Stopped);
        }
        if self.began.elapsed() > self.deadline {
            return Err(DeltaDeclined::Deadline(self.deadline));
        }
        Ok(())
    }
}
