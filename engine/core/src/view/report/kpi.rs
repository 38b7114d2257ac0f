//! The figures that a rollout is measured by, beside their targets.

use alloc::{vec, vec::Vec};

use fleetfold_schemas::{
    campaign::DAY_MS,
    report::{Cost, Kpi, KpiName, Milestones, Prices, Target, Unit},
};

use super::census::Census;
use crate::{State, Timestamp, state::Campaign};

const SUCCESS_RATE_ABOVE: f64 = 0.95;
const FAILURE_RATE_BELOW: f64 = 0.05;
const ROLLBACK_RATE_BELOW: f64 = 0.01;
const TIME_BELOW_MS: u64 = 7 * DAY_MS;
const COST_PER_DEVICE_BELOW: f64 = 0.50;
/// What prices mean by a gigabyte and by a month.
const GIGABYTE: f64 = 1e9;
const MONTH_MS: u64 = 30 * DAY_MS;

pub fn kpis(
    state: &State,
    row: &Campaign,
    census: &Census<'_>,
    milestones: &Milestones,
    cost: Option<&Cost>,
    now: Timestamp,
) -> Vec<Kpi> {
    let tally = row.totals();
    let (updated, failed) = (u64::from(tally.updated), u64::from(tally.failed));
    let (ended, rolled_back) = campaigns(state);
    vec![
        rate(
            KpiName::SuccessRate,
            ratio(updated, updated + failed),
            Target::Above(SUCCESS_RATE_ABOVE),
        ),
        rate(
            KpiName::FailureRate,
            ratio(failed, updated + failed),
            Target::Below(FAILURE_RATE_BELOW),
        ),
        time(
            row,
            KpiName::TimeTo50Percent,
            milestones.to_50_percent_ms,
            now,
        ),
        time(
            row,
            KpiName::TimeTo95Percent,
            milestones.to_95_percent_ms,
            now,
        ),
        time(
            row,
            KpiName::TimeTo100Percent,
            milestones.to_100_percent_ms,
            now,
        ),
        rate(
            KpiName::CampaignRollbackRate,
            ratio(rolled_back, ended),
            Target::Below(ROLLBACK_RATE_BELOW),
        ),
        Kpi {
            kpi: KpiName::BytesOffered,
            unit: Unit::Bytes,
            value: Some(number(census.bytes_offered())),
            target: None,
            is_met: None,
        },
        measured(
            KpiName::CostPerDevice,
            Unit::Money,
            cost.filter(|_| updated > 0)
                .map(|cost| cost.total / number(updated)),
            Target::Below(COST_PER_DEVICE_BELOW),
        ),
    ]
}

/// What a campaign has cost up to now.
pub fn cost(row: &Campaign, census: &Census<'_>, prices: Prices, now: Timestamp) -> Cost {
    let lasted_ms = row.started_at.map_or(0, |started_at| {
        row.ended_at.unwrap_or(now).saturating_sub(started_at)
    });
    let months = number(lasted_ms) / number(MONTH_MS);
    let devices = f64::from(row.totals().devices);
    let infrastructure = prices.per_gigabyte * number(census.bytes_offered()) / GIGABYTE
        + prices.per_device_month * devices * months;
    let operations = prices.operations_per_campaign;
    let support = prices.per_support_ticket * number(census.lost);
    Cost {
        infrastructure,
        operations,
        support,
        total: infrastructure + operations + support,
        prices,
    }
}

/// Campaigns that are over, and those of them that were rolled back.
fn campaigns(state: &State) -> (u64, u64) {
    let (mut ended, mut rolled_back) = (0, 0);
    for (_, row) in state.campaigns.iter() {
        let is_over = row.status.is_final();
        ended += u64::from(is_over);
        rolled_back += u64::from(is_over && row.rollback.is_some());
    }
    (ended, rolled_back)
}

fn rate(kpi: KpiName, value: Option<f64>, target: Target) -> Kpi {
    measured(kpi, Unit::Ratio, value, target)
}

fn measured(kpi: KpiName, unit: Unit, value: Option<f64>, target: Target) -> Kpi {
    Kpi {
        kpi,
        unit,
        value,
        target: Some(target),
        is_met: value.map(|value| match target {
            Target::Above(limit) => value > limit,
            Target::Below(limit) => value < limit,
        }),
    }
}

/// Missed as soon as the time is over, and not before.
fn time(row: &Campaign, kpi: KpiName, taken_ms: Option<u64>, now: Timestamp) -> Kpi {
    let is_over =
        row.status.is_final() || row.started_at.is_some_and(|at| now >= at + TIME_BELOW_MS);
    Kpi {
        kpi,
        unit: Unit::Ms,
        value: taken_ms.map(number),
        target: Some(Target::Below(number(TIME_BELOW_MS))),
        is_met: match taken_ms {
            Some(taken_ms) => Some(taken_ms < TIME_BELOW_MS),
            None => is_over.then_some(false),
        },
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| number(part) / number(whole))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts, bytes and times for people are far below 2^53"
)]
const fn number(count: u64) -> f64 {
    count as f64
}
