//! Rates, counted again: how many executions a campaign has started, and how many are under way.

use std::collections::VecDeque;

use fleetfold_schemas::campaign::{Factor, Growth, MINUTE_MS, Pace};

use super::campaign::Campaign;

/// What has been started.
#[derive(Debug, Default, Clone)]
pub(super) struct Starts {
    /// When each execution was, oldest first; those a while back are forgotten.
    times_ms: VecDeque<u64>,
    notified: u64,
}

/// The engine counts by the second, and so may take one that is up to a second older for one of the last minute.
const COUNTED_TOO_LONG_MS: u64 = 1000;

/// What keeps a campaign from starting more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Rate,
    InFlight,
    Exposure,
}

impl Starts {
    pub(super) fn count(&mut self, at_ms: u64, attempt: u32) {
        let is_past = |time: &u64| time + MINUTE_MS + COUNTED_TOO_LONG_MS <= at_ms;
        while self.times_ms.front().is_some_and(is_past) {
            self.times_ms.pop_front();
        }
        self.times_ms.push_back(at_ms);
        self.notified += u64::from(attempt == 1);
    }

    /// How many have been started in the time up to now.
    fn within(&self, span_ms: u64, at_ms: u64) -> u64 {
        let times = self.times_ms.iter().rev();
        times.take_while(|time| **time + span_ms > at_ms).count() as u64
    }
}

/// Why the engine may start not even one more now, on a device that nothing is under way on.
pub(super) fn may_hold(campaign: &Campaign, at_ms: u64) -> Option<Limit> {
    limit_of(campaign, at_ms, MINUTE_MS + COUNTED_TOO_LONG_MS, false)
}

/// Why not even one more may be started now, on a device that is exposed as it is or on any other.
pub(super) fn limit(campaign: &Campaign, at_ms: u64, is_exposed: bool) -> Option<Limit> {
    limit_of(campaign, at_ms, MINUTE_MS, is_exposed)
}

fn limit_of(campaign: &Campaign, at_ms: u64, minute_ms: u64, is_exposed: bool) -> Option<Limit> {
    let rates = &campaign.spec.rates;
    let phases = campaign.spec.phases.len();
    let members = campaign.members().iter();
    let members = members.filter(|member| member.phase < phases);
    let (mut open, mut held, mut silent, mut updated) = (0, 0, 0, 0);
    for member in members {
        let is_open = member.place.is_open();
        open += u32::from(is_open);
        held += u32::from(member.place.is_held());
        // Going back is kept from nobody by those that were lost on the way there.
        let is_counted = !campaign.status.is_going_back() || member.place.is_on_the_way_back();
        silent += u32::from(member.is_silent && !is_open && is_counted);
        updated += u64::from(member.place.is_updated());
    }
    if rates.in_flight_max.is_some_and(|max| open - held >= max) {
        return Some(Limit::InFlight);
    }
    if !is_exposed && rates.exposure_max.is_some_and(|max| open + silent >= max) {
        return Some(Limit::Exposure);
    }
    let starts = &campaign.starts;
    let a_minute = match &rates.executions_per_minute {
        None => return None,
        Some(Pace::Constant(rate)) => u64::from(*rate),
        Some(Pace::Growing(growth)) => grown(growth, starts.notified, updated),
    };
    (starts.within(minute_ms, at_ms) >= a_minute).then_some(Limit::Rate)
}

/// The base, times the factor for every so many devices, each time rounded up, and never above the maximum.
fn grown(growth: &Growth, notified: u64, updated: u64) -> u64 {
    let steps = match (growth.every_notified, growth.every_succeeded) {
        (Some(every), _) => notified / u64::from(every),
        (_, Some(every)) => updated / u64::from(every),
        _ => 0,
    };
    let factor = tenths(&growth.factor);
    let maximum = u64::from(growth.maximum);
    let mut rate = u64::from(growth.base);
    for _ in 0..steps {
        if rate >= maximum {
            break;
        }
        rate = (rate * factor).div_ceil(10);
    }
    rate.min(maximum)
}

/// A factor has at most one decimal.
fn tenths(factor: &Factor) -> u64 {
    let text = serde_json::to_value(factor).map_or_else(|_| "1".to_owned(), |it| it.to_string());
    let (whole, tenth) = text.split_once('.').unwrap_or((&text, "0"));
    let number = |digits: &str| digits.parse::<u64>().unwrap_or(0);
    number(whole) * 10 + number(tenth)
}
