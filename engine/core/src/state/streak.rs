//! Devices whose executions keep failing.

use alloc::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::{CampaignIx, DeviceIx, Timestamp};

/// Of a device that has failed for good and has not succeeded since. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Streak {
    /// Executions that have failed for good in a row.
    #[n(0)]
    pub failed: u32,
    /// So many flag it, by what the campaign of the last one says; 0: none do.
    #[n(1)]
    pub limit: u32,
    #[n(2)]
    pub flag: Option<Flag>,
}

/// Nothing is offered to a flagged device until somebody has looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Flag {
    #[n(0)]
    pub since: Timestamp,
    #[n(1)]
    pub position: u64,
    /// Whose execution was the last to fail.
    #[n(2)]
    pub campaign: CampaignIx,
    #[n(3)]
    pub failed: u32,
}

impl Streak {
    const fn is_due(&self) -> bool {
        self.flag.is_none() && self.limit > 0 && self.failed >= self.limit
    }
}

/// The streaks of all devices that have one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streaks {
    rows: BTreeMap<DeviceIx, Streak>,
    /// To be flagged: only between two facts of a step.
    due: BTreeSet<DeviceIx>,
    flagged: u32,
}

impl Streaks {
    #[must_use]
    pub fn get(&self, device: DeviceIx) -> Option<&Streak> {
        self.rows.get(&device)
    }

    #[must_use]
    pub fn flag(&self, device: DeviceIx) -> Option<&Flag> {
        self.get(device)?.flag.as_ref()
    }

    /// How many devices are flagged.
    #[must_use]
    pub const fn flagged(&self) -> u32 {
        self.flagged
    }

    /// The first that is to be flagged.
    pub(crate) fn due(&self) -> Option<(DeviceIx, &Streak)> {
        let device = self.due.first()?;
        Some((*device, self.get(*device)?))
    }

    /// One more execution has failed for good.
    pub(crate) fn failed(&mut self, device: DeviceIx, limit: u32) {
        let streak = self.rows.entry(device).or_default();
        streak.failed = streak.failed.saturating_add(1);
        streak.limit = limit;
        if streak.is_due() {
            self.due.insert(device);
        }
    }

    /// It can do it after all. A flag stays until somebody has looked at the device.
    pub(crate) fn succeeded(&mut self, device: DeviceIx) {
        if let Some(streak) = self.rows.get_mut(&device) {
            streak.failed = 0;
            self.due.remove(&device);
            if streak.flag.is_none() {
                self.rows.remove(&device);
            }
        }
    }

    pub(crate) fn set_flag(&mut self, device: DeviceIx, flag: Flag) {
        self.due.remove(&device);
        let streak = self.rows.entry(device).or_default();
        if streak.flag.replace(flag).is_none() {
            self.flagged += 1;
        }
    }

    /// It begins anew.
    pub(crate) fn forget(&mut self, device: DeviceIx) {
        self.due.remove(&device);
        let streak = self.rows.remove(&device);
        if streak.is_some_and(|streak| streak.flag.is_some()) {
            self.flagged -= 1;
        }
    }

    /// As it was in a snapshot.
    pub(crate) fn restore(&mut self, device: DeviceIx, streak: Streak) {
        self.flagged += u32::from(streak.flag.is_some());
        if streak.is_due() {
            self.due.insert(device);
        }
        self.rows.insert(device, streak);
    }
}
