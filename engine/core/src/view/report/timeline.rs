//! When devices were updated and when they failed.

use alloc::{vec, vec::Vec};

use fleetfold_schemas::{
    campaign::{DAY_MS, HOUR_MS, MINUTE_MS},
    report::Timeline,
};

use super::census::Census;
use crate::{Timestamp, state::Campaign};

/// What people divide time by. The last holds for whatever is longer.
const STEPS_MS: [u64; 9] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    7 * DAY_MS,
];
/// More points than these make a picture no clearer, and a report no smaller.
const POINTS_MAX: u64 = 120;

/// From the start to the end, or to now.
pub fn timeline(row: &Campaign, census: &Census<'_>, now: Timestamp) -> Timeline {
    let Some(started_at) = row.started_at else {
        return Timeline::default();
    };
    let length_ms = row.ended_at.unwrap_or(now).saturating_sub(started_at);
    let step_ms = STEPS_MS
        .into_iter()
        .find(|step| length_ms / step < POINTS_MAX)
        .unwrap_or_else(|| length_ms.div_ceil(POINTS_MAX - 1));
    let points = usize::try_from(length_ms / step_ms + 1).expect("there are few points");
    let counts = |times: &[Timestamp]| -> Vec<u64> {
        let mut counts = vec![0; points];
        for at in times {
            let point = at.saturating_sub(started_at) / step_ms;
            // What was reported after the end still belongs to it.
            let point = usize::try_from(point).map_or(points - 1, |point| point.min(points - 1));
            counts[point] += 1;
        }
        counts
    };
    Timeline {
        step_ms,
        updated: counts(&census.updated_at),
        failed: counts(&census.failed_at),
    }
}
