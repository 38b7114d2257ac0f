//! How many executions a campaign may start now.

use fleetfold_schemas::{
    campaign::{MINUTE_MS, Pace},
    mutant::{Mutant, is_on},
};

use crate::{Timestamp, state::Campaign};

/// Why none may start just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// This minute's are out; the next ones may start then.
    Rate {
        per_minute: u32,
        until: Timestamp,
    },
    InFlight {
        open: u32,
        max: u32,
    },
    Exposure {
        exposed: u32,
        max: u32,
    },
}

/// How many executions may start now: at least one, or the limit that is in the way.
pub fn allowance(row: &Campaign, now: Timestamp) -> Result<u32, Limit> {
    let rates = &row.spec.rates;
    let mut left = u32::MAX;
    if rates.in_flight_max.is_some() || rates.exposure_max.is_some() {
        let tally = row.totals();
        if let Some(max) = rates.in_flight_max {
            let open = if is_on(Mutant::InFlightNotCounted) {
                0
            } else {
                tally.open
            };
            left = max.saturating_sub(open);
            if left == 0 {
                return Err(Limit::InFlight { open, max });
            }
        }
        if let Some(max) = rates.exposure_max {
            let exposed = tally.open + tally.unknown;
            left = left.min(max.saturating_sub(exposed));
            if left == 0 {
                return Err(Limit::Exposure { exposed, max });
            }
        }
    }
    if let Some(pace) = &rates.executions_per_minute {
        let per_minute = per_minute(row, pace) + u32::from(is_on(Mutant::RateOffByOne));
        let until = row.starts.minute + MINUTE_MS;
        let started = if now < until { row.starts.in_minute } else { 0 };
        left = left.min(per_minute.saturating_sub(started));
        if left == 0 {
            return Err(Limit::Rate { per_minute, until });
        }
    }
    Ok(left)
}

fn per_minute(row: &Campaign, pace: &Pace) -> u32 {
    match pace {
        Pace::Constant(rate) => *rate,
        Pace::Growing(growth) => growth.rate(row.starts.notified, row.totals().updated),
    }
}
