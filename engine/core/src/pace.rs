//! How many executions a campaign may start now.

use fleetfold_schemas::{
    campaign::Pace,
    mutant::{Mutant, is_on},
};

use crate::{Timestamp, state::Campaign};

/// Why none may start just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many have started in the last minute; the next one may start then.
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

/// How many executions may start now on devices that nothing is under way on: at least one, or the limit that is in the
/// way.
pub fn allowance(row: &Campaign, now: Timestamp) -> Result<u32, Limit> {
    let mut left = in_flight(row)?;
    if let Some(max) = row.spec.rates.exposure_max {
        let tally = row.totals();
        let silent = match row.status.is_rolling_back() {
            false => tally.unknown,
            // Those that were lost on the way there must not keep the others from going back.
            true => row.lost_on_the_way_back,
        };
        // Those that wait are among the open ones: they may go on all at once.
        let exposed = tally.open + silent;
        left = left.min(max.saturating_sub(exposed));
        if left == 0 {
            return Err(Limit::Exposure { exposed, max });
        }
    }
    paced(row, now, left)
}

/// The same on devices that are out of sight: exposed they are as it is.
pub fn allowance_again(row: &Campaign, now: Timestamp) -> Result<u32, Limit> {
    paced(row, now, in_flight(row)?)
}

fn in_flight(row: &Campaign) -> Result<u32, Limit> {
    let Some(max) = row.spec.rates.in_flight_max else {
        return Ok(u32::MAX);
    };
    let open = if is_on(Mutant::InFlightNotCounted) {
        0
    } else {
        // Devices that wait put no load on anything.
        let tally = row.totals();
        tally.open - tally.held
    };
    match max.saturating_sub(open) {
        0 => Err(Limit::InFlight { open, max }),
        left => Ok(left),
    }
}

fn paced(row: &Campaign, now: Timestamp, left: u32) -> Result<u32, Limit> {
    let mut left = left;
    let rates = &row.spec.rates;
    if let Some(pace) = &rates.executions_per_minute {
        let per_minute = per_minute(row, pace) + u32::from(is_on(Mutant::RateOffByOne));
        left = left.min(per_minute.saturating_sub(row.starts.in_minute(now)));
        if left == 0 {
            let until = row.starts.room_at(per_minute, now);
            return Err(Limit::Rate { per_minute, until });
        }
    }
    Ok(left)
}

/// When a limit that passes by itself is over.
pub const fn until(limit: &Limit) -> Option<Timestamp> {
    match limit {
        Limit::Rate { until, .. } => Some(*until),
        Limit::InFlight { .. } | Limit::Exposure { .. } => None,
    }
}

fn per_minute(row: &Campaign, pace: &Pace) -> u32 {
    match pace {
        Pace::Constant(rate) => *rate,
        Pace::Growing(growth) => growth.rate(row.starts.notified, row.totals().updated),
    }
}
