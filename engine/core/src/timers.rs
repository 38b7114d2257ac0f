//! When which member of which campaign has to be looked at again.
//!
//! A wheel of whole seconds: entries of the same second share one bucket, so a million deadlines cost a million pushes
//! and no million tree nodes. An entry only says "look": whether anything is due is decided from the state, so stale and
//! double entries are harmless, and the wheel can be rebuilt from the state at any time.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{CampaignIx, State, Timestamp};

#[derive(Debug, Clone, Default)]
pub struct Timers {
    buckets: BTreeMap<u64, Vec<(CampaignIx, u32)>>,
}

impl Timers {
    /// All that open executions and waiting retries need.
    pub fn rebuild(&mut self, state: &State) {
        self.buckets.clear();
        for (ix, _) in state.campaigns.iter() {
            self.add_campaign(state, ix);
        }
    }

    /// Every member of one campaign: after a resume, whose clocks start again.
    pub fn add_campaign(&mut self, state: &State, ix: CampaignIx) {
        let row = state.campaigns.get(ix);
        for (at, _) in row.roster.begun() {
            self.add(state, ix, at);
        }
    }

    pub fn add(&mut self, state: &State, ix: CampaignIx, at: u32) {
        let row = state.campaigns.get(ix);
        if let Some(due) = row.due(row.member(at)) {
            self.buckets
                .entry(due.div_ceil(1000))
                .or_default()
                .push((ix, at));
        }
    }

    /// Removes and returns at most about `max` entries due by `now`, whole buckets at a time.
    pub fn take_due(&mut self, now: Timestamp, max: usize) -> Vec<(CampaignIx, u32)> {
        let mut due = Vec::new();
        while due.len() < max
            && let Some(first) = self.buckets.first_entry()
            && *first.key() <= now / 1000
        {
            due.append(&mut first.remove());
        }
        due.sort_unstable();
        due.dedup();
        due
    }

    /// When the next entry is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        // A device may say that it waits for ever.
        let second = self.buckets.keys().next();
        second.map(|second| second.saturating_mul(1000))
    }
}
