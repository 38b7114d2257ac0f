//! What a device waits for before it goes on with its job.

use core::num::NonZeroU64;

use fleetfold_schemas::device::{Waiting, WaitingFor};

use crate::Timestamp;

/// As its device said it, except that a time of zero is taken for none. Small, for many members may wait at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub what: WaitingFor,
    until: Option<NonZeroU64>,
    pub postponed: u16,
}

impl Wait {
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until.map(NonZeroU64::get)
    }

    #[must_use]
    pub fn said(&self) -> Waiting {
        Waiting {
            what: self.what,
            until_ms: self.until(),
            postponed: self.postponed.into(),
        }
    }
}

impl From<Waiting> for Wait {
    fn from(said: Waiting) -> Self {
        Self {
            what: said.what,
            until: said.until_ms.and_then(NonZeroU64::new),
            postponed: u16::try_from(said.postponed).unwrap_or(u16::MAX),
        }
    }
}

/// How many members wait for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits([u32; WaitingFor::ALL.len()]);

impl Waits {
    /// Of those that are waited for.
    pub fn iter(&self) -> impl Iterator<Item = (WaitingFor, u32)> {
        let counts = WaitingFor::ALL.into_iter().zip(self.0);
        counts.filter(|(_, count)| *count > 0)
    }

    pub(crate) fn change(&mut self, before: Option<Wait>, after: Option<Wait>) {
        if let Some(wait) = before {
            self.0[wait.what as usize] -= 1;
        }
        if let Some(wait) = after {
            self.0[wait.what as usize] += 1;
        }
    }
}
