//! Reports of campaigns: when they are due, and those of large campaigns, made elsewhere and kept for a while.
//!
//! A report passes over all members of its campaign, some 0.1 s for a million of them, and whoever owns the state does
//! nothing else meanwhile. So a large campaign's is made by somebody else, of the state that the log on disk folds to,
//! and comes back a little later: once an interval, when it is due, and anew when the campaign has been changed since.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use bytes::Bytes;
use fleetfold_core::{CampaignIx, State, Timestamp, state::Campaign, view};
use fleetfold_schemas::{campaign::HOUR_MS, codec::encode_json, report::Prices};

/// Reports of campaigns up to this size take a few milliseconds and are made whenever somebody asks.
const MEMBERS_SMALL_MAX: u32 = 50_000;

/// How long a report is kept when none follows: what is over does not change any more, but for late words of single
/// devices.
const KEPT_MS: u64 = 24 * HOUR_MS;

/// What the shell remembers of reports. Nothing of it outlives the process: a report follows from the state.
#[derive(Debug)]
pub struct Reports {
    prices: Option<Prices>,
    small_max: u32,
    /// How many intervals of each campaign under way are over and done with.
    intervals: BTreeMap<CampaignIx, u64>,
    kept: BTreeMap<CampaignIx, Kept>,
    /// Of large campaigns, asked for and not made yet.
    wanted: RefCell<BTreeSet<CampaignIx>>,
    /// Of `wanted`: somebody makes them.
    ordered: BTreeSet<CampaignIx>,
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

/// The report of a large campaign, which somebody is to make.
#[derive(Debug, Clone)]
pub struct ReportOrder {
    pub campaign: CampaignIx,
    /// What costs are reckoned with.
    pub prices: Option<Prices>,
}

/// What came of an order.
#[derive(Debug)]
pub struct MadeReport {
    pub campaign: CampaignIx,
    /// `None`: there is none, and whoever asks again orders anew.
    made: Option<(Key, Bytes)>,
}

impl ReportOrder {
    /// The report of the campaign as it stands in a state.
    #[must_use]
    pub fn make(self, state: &State, now: Timestamp) -> MadeReport {
        let report = make(state, self.campaign, now, self.prices.as_ref());
        MadeReport {
            campaign: self.campaign,
            made: Some((key(state.campaigns.get(self.campaign)), report)),
        }
    }

    /// There is no state to make it of.
    #[must_use]
    pub const fn failed(self) -> MadeReport {
        MadeReport {
            campaign: self.campaign,
            made: None,
        }
    }
}

impl Default for Reports {
    fn default() -> Self {
        Self::with_prices(None)
    }
}

impl Reports {
    /// What costs are reckoned with.
    #[must_use]
    pub const fn with_prices(prices: Option<Prices>) -> Self {
        Self {
            prices,
            small_max: MEMBERS_SMALL_MAX,
            intervals: BTreeMap::new(),
            kept: BTreeMap::new(),
            wanted: RefCell::new(BTreeSet::new()),
            ordered: BTreeSet::new(),
        }
    }

    /// `campaigns/{campaign}/report`: of a small campaign as it is now, of a large one the last that was made, if any.
    /// One that is out of date is wanted from now on.
    #[must_use]
    pub fn payload(&self, state: &State, ix: CampaignIx, now: Timestamp) -> Option<Bytes> {
        let row = state.campaigns.get(ix);
        if row.roster.len() <= self.small_max {
            return Some(make(state, ix, now, self.prices.as_ref()));
        }
        let kept = self.kept.get(&ix);
        if kept.is_none_or(|kept| kept.key != key(row) || kept.until <= now) {
            self.wanted.borrow_mut().insert(ix);
        }
        kept.map(|kept| kept.payload.clone())
    }

    /// What there is of a large campaign's report is out of date.
    #[must_use]
    pub fn is_wanted(&self, ix: CampaignIx) -> bool {
        self.wanted.borrow().contains(&ix)
    }

    /// Reports that somebody is to make.
    pub fn take_orders(&mut self) -> Vec<ReportOrder> {
        let wanted = self.wanted.get_mut();
        let new: Vec<_> = wanted.difference(&self.ordered).copied().collect();
        self.ordered.extend(&new);
        let order = |campaign| ReportOrder {
            campaign,
            prices: self.prices,
        };
        new.into_iter().map(order).collect()
    }

    /// Keeps a report that somebody has made, and says whether there is one.
    pub fn keep(&mut self, report: MadeReport, state: &State, now: Timestamp) -> bool {
        let MadeReport { campaign, made } = report;
        self.wanted.get_mut().remove(&campaign);
        self.ordered.remove(&campaign);
        let Some((key, payload)) = made else {
            return false;
        };
        let until = next_due(state.campaigns.get(campaign), now).unwrap_or(now + KEPT_MS);
        let kept = Kept {
            key,
            until,
            payload,
        };
        self.kept.insert(campaign, kept);
        true
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

fn make(state: &State, ix: CampaignIx, now: Timestamp, prices: Option<&Prices>) -> Bytes {
    encode_json(&view::report(state, ix, now, prices)).into()
}

const fn key(row: &Campaign) -> Key {
    (row.version, row.ended_at)
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

#[cfg(test)]
mod tests {
    use fleetfold_core::{
        Core, Fact,
        fact::{CampaignPaused, CampaignStaged, CampaignStarted, PauseCause},
    };

    use super::*;
    use crate::rehearsal::tests::{facts, spec};

    const NOW: Timestamp = 1_790_000_600_000;

    fn core_with(more: impl IntoIterator<Item = Fact>) -> Core {
        let mut core = Core::default();
        for (at, fact) in facts(3, spec()) {
            core.replay(at, &fact);
        }
        let campaign = 0;
        core.replay(NOW, &CampaignStaged { campaign }.into());
        let devices = 3;
        core.replay(NOW, &CampaignStarted { campaign, devices }.into());
        for fact in more {
            core.replay(NOW, &fact);
        }
        core
    }

    #[test]
    fn a_large_campaigns_report_is_made_elsewhere_and_kept_until_the_campaign_changes() {
        let core = core_with([]);
        let state = core.state();
        let mut reports = Reports {
            small_max: 2,
            ..Reports::default()
        };
        assert_eq!(reports.payload(state, 0, NOW), None);
        let mut orders = reports.take_orders();
        assert_eq!(reports.payload(state, 0, NOW), None);
        assert!(reports.take_orders().is_empty(), "it is being made");
        let order = orders.pop().expect("one is ordered");
        assert!(reports.keep(order.make(state, NOW), state, NOW));
        let first = reports.payload(state, 0, NOW).expect("it is kept");
        assert!(reports.take_orders().is_empty(), "it is up to date");
        assert_eq!(first, make(state, 0, NOW, None));

        let cause = PauseCause::Operator {
            operator: "ann".parse().expect("an operator"),
            reason: None,
        };
        let paused = core_with([CampaignPaused { campaign: 0, cause }.into()]);
        let state = paused.state();
        assert_eq!(reports.payload(state, 0, NOW), Some(first));
        let order = reports.take_orders().pop().expect("another is ordered");
        assert!(!reports.keep(order.failed(), state, NOW));
        assert!(reports.payload(state, 0, NOW).is_some());
        assert_eq!(reports.take_orders().len(), 1, "whoever asks orders anew");

        let due = NOW + 24 * HOUR_MS;
        let mut reports = Reports {
            small_max: 2,
            ..Reports::default()
        };
        assert_eq!(reports.payload(state, 0, NOW), None);
        let order = reports.take_orders().pop().expect("one is ordered");
        reports.keep(order.make(state, NOW), state, NOW);
        assert!(reports.payload(state, 0, due - 1).is_some());
        assert!(reports.take_orders().is_empty());
        assert!(reports.payload(state, 0, due).is_some());
        assert_eq!(reports.take_orders().len(), 1, "the next one is due");
    }

    #[test]
    fn a_small_campaigns_report_is_there_at_once() {
        let core = core_with([]);
        let mut reports = Reports::default();
        assert!(reports.payload(core.state(), 0, NOW).is_some());
        assert!(reports.take_orders().is_empty());
    }
}
