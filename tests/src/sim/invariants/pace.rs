//! Rates, counted again: how many executions a campaign has started, and how many are under way.

use fleetfold_schemas::campaign::{Factor, Growth, MINUTE_MS, Pace};

use super::{campaign::Campaign, member::Place};

/// What has been started.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Starts {
    /// A minute begins with its first execution.
    minute_ms: u64,
    in_minute: u64,
    notified: u64,
}

/// What keeps a campaign from starting more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Rate,
    InFlight,
    Exposure,
}

impl Starts {
    pub(super) const fn count(&mut self, at_ms: u64, attempt: u32) {
        if at_ms >= self.minute_ms + MINUTE_MS {
            self.minute_ms = at_ms;
            self.in_minute = 0;
        }
        self.in_minute += 1;
        if attempt == 1 {
            self.notified += 1;
        }
    }
}

/// Why not even one more may be started now.
pub(super) fn limit(campaign: &Campaign, at_ms: u64) -> Option<Limit> {
    let rates = &campaign.spec.rates;
    let phases = campaign.spec.phases.len();
    let members = campaign.members().iter();
    let members = members.filter(|member| member.phase < phases);
    let (mut open, mut silent, mut updated) = (0, 0, 0);
    for member in members {
        let is_open = member.place.is_open();
        open += u32::from(is_open);
        silent += u32::from(member.is_silent && !is_open);
        updated += u64::from(member.place == Place::Succeeded);
    }
    if rates.in_flight_max.is_some_and(|max| open >= max) {
        return Some(Limit::InFlight);
    }
    if rates.exposure_max.is_some_and(|max| open + silent >= max) {
        return Some(Limit::Exposure);
    }
    let starts = campaign.starts;
    let a_minute = match &rates.executions_per_minute {
        None => return None,
        Some(Pace::Constant(rate)) => u64::from(*rate),
        Some(Pace::Growing(growth)) => grown(growth, starts.notified, updated),
    };
    let is_same_minute = at_ms < starts.minute_ms + MINUTE_MS;
    (is_same_minute && starts.in_minute >= a_minute).then_some(Limit::Rate)
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
