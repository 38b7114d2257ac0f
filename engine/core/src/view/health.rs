//! How updated devices are doing, as operators see it.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use fleetfold_schemas::status::{Degraded, HealthStatus, HealthVerdict};

use super::campaign::devices;
use crate::{
    fact::Range,
    gate::{Estimate, health::Assessment, measure::Measure},
    judge::assess_health,
    state::Campaign,
};

pub fn health(row: &Campaign) -> Vec<HealthStatus> {
    let Some(health) = &row.health else {
        return Vec::new();
    };
    let status = |(measure, _, assessment): (Measure, _, Assessment)| {
        let (verdict, degradation) = match assessment {
            Assessment::TooFew { .. } => (HealthVerdict::TooFew, None),
            Assessment::Open(degradation) => (HealthVerdict::Open, Some(degradation)),
            Assessment::Bearable(degradation) => (HealthVerdict::Bearable, Some(degradation)),
            Assessment::Worse(degradation) => (HealthVerdict::Worse, Some(degradation)),
        };
        let figures = health.figures(measure);
        let has_any = figures.change.count > 0;
        let degraded = |estimate: Estimate| Degraded {
            value: measure.in_unit(estimate.value),
            low: measure.in_unit(estimate.low),
            high: measure.in_unit(estimate.high),
        };
        HealthStatus {
            measure: measure.as_str().to_string(),
            unit: measure.unit().to_string(),
            verdict,
            devices: figures.change.count,
            pairs: figures.excess.count,
            before: has_any.then(|| measure.in_unit(figures.before.mean)),
            after: has_any.then(|| measure.in_unit(figures.before.mean + figures.change.mean)),
            margin: degradation.map(|it| measure.in_unit(it.margin)),
            against_past: degradation.and_then(|it| it.against_past).map(degraded),
            against_others: degradation.and_then(|it| it.against_others).map(degraded),
        }
    };
    assess_health(row).into_iter().map(status).collect()
}

/// Why a campaign paused.
pub fn cause(
    measure: Measure,
    (past, updated): (Option<Range>, u64),
    (others, pairs): (Option<Range>, u64),
    margin: i64,
) -> String {
    let figure = |figure: i64| figure_of(measure, figure);
    let worse = |range: Range, than: String| {
        format!(
            "by {} (from {} to {}) than {than}",
            figure(range.value),
            figure(range.low),
            figure(range.high)
        )
    };
    let than_past = past.map(|range| {
        let before = format!("before the update, on {}", devices(updated));
        worse(range, before)
    });
    let than_others = others.map(|range| {
        let beside = format!("on devices not updated, beside {pairs} of them");
        worse(range, beside)
    });
    let worse: Vec<_> = than_past.into_iter().chain(than_others).collect();
    format!(
        "{} is worse {}; {} {} is bearable",
        measure.as_str(),
        worse.join(", and "),
        figure(margin),
        measure.unit(),
    )
}

/// As people count it, with as many digits as its smallest unit has at most.
fn figure_of(measure: Measure, figure: i64) -> String {
    let units = i64::from(measure.units());
    let (whole, rest) = (figure.abs() / units, figure.abs() % units);
    let sign = if figure < 0 { "-" } else { "" };
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let digits = units.ilog10() as usize;
    let text = format!("{sign}{whole}.{rest:0digits$}");
    text.trim_end_matches('0').to_string()
}
