//! Reports of campaigns: when they are due, and those of large campaigns, kept for a while.
//!
//! A report passes over all members of its campaign, about 0.1 s for a million of them, while nothing else is done. So a
//! large campaign's is made once an interval, when it is due, and anew only when the campaign has been changed since.

use std::{cell::RefCell, collections::BTreeMap};

use bytes::Bytes;
use fleetfold_core::{CampaignIx, State, Timestamp, state::Campaign, view};
use fleetfold_schemas::{campaign::HOUR_MS, codec::encode_json, report::Prices};

/// Reports of campaigns up to this size take a few milliseconds and are made whenever somebody asks.
const MEMBERS_SMALL_MAX: u32 = 50_000;

/// How long a report is kept when none follows: what is over does not change any more, but for late words of single
/// devices.
const KEPT_MS: u64 = 24 * HOUR_MS;

/// What the shell remembers of reports. Nothing of it outlives the process: a report follows from the state.
#[derive(Debug, Default)]
pub struct Reports {
    prices: Option<Prices>,
    /// How many intervals of each campaign under way are over and done with.
    intervals: BTreeMap<CampaignIx, u64>,
    kept: RefCell<BTreeMap<CampaignIx, Kept>>,
}

/// A report and what it is good for.
#[derive(Debug)]
struct Kept {
    key: Key,
    until: Timestamp,
    payload: Bytes,
}

/// A campaign that was paused, resumed or ended is worth a new report.
type Key = (u64, Option<Timestamp>);

impl Reports {
    /// What costs are reckoned with.
    #[must_use]
    pub fn with_prices(prices: Option<Prices>) -> Self {
        Self {
            prices,
            ..Self::default()
        }
    }

    /// `campaigns/{campaign}/report`
    pub fn payload(&self, state: &State, ix: CampaignIx, now: Timestamp) -> Bytes {
        let row = state.campaigns.get(ix);
        if row.roster.len() <= MEMBERS_SMALL_MAX {
            return self.make(state, ix, now);
        }
        let key = (row.version, row.ended_at);
        let mut kept = self.kept.borrow_mut();
        if let Some(kept) = kept.get(&ix)
            && kept.key == key
            && now < kept.until
        {
            return kept.payload.clone();
        }
        let payload = self.make(state, ix, now);
        let until = next_due(row, now).unwrap_or(now + KEPT_MS);
        let made = Kept {
            key,
            until,
            payload: payload.clone(),
        };
        kept.insert(ix, made);
        payload
    }

    fn make(&self, state: &State, ix: CampaignIx, now: Timestamp) -> Bytes {
        encode_json(&view::report(state, ix, now, self.prices.as_ref())).into()
    }

    /// The process starts: what was due before was somebody else's business.
    pub fn resume(&mut self, state: &State, now: Timestamp) {
        self.take_due(state, now);
    }

    /// Campaigns under way of which another interval is over.
    pub fn take_due(&mut self, state: &State, now: Timestamp) -> Vec<CampaignIx> {
        let mut due = Vec::new();
        for ix in state.campaigns.active() {
            let Some(over) = intervals(state.campaigns.get(ix), now) else {
                continue;
            };
            let done = self.intervals.entry(ix).or_default();
            if over > *done {
                *done = over;
                due.push(ix);
            }
        }
        self.intervals
            .retain(|ix, _| state.campaigns.get(*ix).status.is_active());
        due
    }

    /// When the next report is due.
    #[must_use]
    pub fn next(&self, state: &State, now: Timestamp) -> Option<Timestamp> {
        let active = state.campaigns.active();
        active
            .filter_map(|ix| next_due(state.campaigns.get(ix), now))
            .min()
    }
}

/// How many intervals of a campaign are over.
fn intervals(row: &Campaign, now: Timestamp) -> Option<u64> {
    Some(now.saturating_sub(row.started_at?) / interval_ms(row)?)
}

/// When a campaign's present interval is over.
fn next_due(row: &Campaign, now: Timestamp) -> Option<Timestamp> {
    if !row.status.is_active() {
        return None;
    }
    Some(row.started_at? + (intervals(row, now)? + 1) * interval_ms(row)?)
}

/// `None`: there are no reports but the last.
fn interval_ms(row: &Campaign) -> Option<u64> {
    let monitoring = &row.spec.monitoring;
    (monitoring.generate_reports).then(|| monitoring.report_interval_hours.ms().max(1))
}
