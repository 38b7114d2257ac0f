//! Which factor explains the failures.
//!
//! Each value of each factor is held against all other devices. What is found first is the value that chance explains
//! least; what it explains is then taken away, so that a second finding is not the first one in other words.

use alloc::{format, string::String, vec::Vec};

use fleetfold_schemas::report::{Factor, FactorValue, Finding};

use super::{census::Cells, devices, percent};
use crate::gate::association::{Table, holm};

/// A finding is made up by chance with this probability at most, whatever number of values was looked at.
const ALPHA: f64 = 0.05;
/// On either side: a test of fewer finds nothing, and each one looked at makes all others less certain. The choice looks
/// at the sizes alone, never at the failures, and so spoils no probability.
const DEVICES_MIN: u64 = 5;
/// Of each factor, the largest ones: a report stays readable.
const VALUES_MAX: usize = 50;
/// Findings after the third are about what is left over.
const FINDINGS_MAX: usize = 3;
/// Values shown, the least likely chances.
const SHOWN_MAX: usize = 30;

/// A value of a factor against the other devices.
struct Candidate {
    factor: Factor,
    number: u32,
    table: Table,
    value: FactorValue,
}

/// The findings, and all values looked at.
pub fn explain(cells: &Cells) -> (Vec<Finding>, Vec<FactorValue>) {
    let mut explained: Vec<(Factor, u32)> = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut all = Vec::new();
    while findings.len() < FINDINGS_MAX {
        let candidates = candidates(cells, &explained);
        let best = candidates
            .first()
            .filter(|best| best.value.p_adjusted < ALPHA);
        if let Some(best) = best {
            findings.push(finding(best, &candidates[1..]));
            explained.push((best.factor, best.number));
        }
        let is_over = best.is_none();
        if all.is_empty() {
            all = candidates.into_iter().map(|one| one.value).collect();
            all.truncate(SHOWN_MAX);
        }
        if is_over {
            break;
        }
    }
    (findings, all)
}

/// All values worth a test among the devices that are not explained yet, the least likely chance first.
fn candidates(cells: &Cells, explained: &[(Factor, u32)]) -> Vec<Candidate> {
    let is_left = |values: &[u32; 5]| {
        let has = |(factor, number): &(Factor, u32)| values[*factor as usize] == *number;
        !explained.iter().any(has)
    };
    let left = cells.sum(is_left);
    let mut tables = Vec::new();
    for factor in Factor::ALL {
        let sums = cells.by_value(factor, is_left);
        let mut own: Vec<_> = (cells.names(factor).iter())
            .map(|(name, number)| (name, *number, sums[*number as usize]))
            .filter(|(_, _, (devices, _))| {
                *devices >= DEVICES_MIN && left.devices - devices >= DEVICES_MIN
            })
            .collect();
        own.sort_by_key(|(_, _, (devices, _))| core::cmp::Reverse(*devices));
        own.truncate(VALUES_MAX);
        tables.extend(own.into_iter().map(|(name, number, (devices, failed))| {
            let table = Table {
                devices,
                failed,
                other_devices: left.devices - devices,
                other_failed: left.failed - failed,
            };
            (factor, name, number, table)
        }));
    }
    let p_values: Vec<_> = (tables.iter().map(|(.., table)| table.p_value())).collect();
    let adjusted = holm(&p_values);
    let mut candidates: Vec<_> = tables
        .into_iter()
        .zip(p_values.into_iter().zip(adjusted))
        .map(|((factor, name, number, table), p)| Candidate {
            factor,
            number,
            table,
            value: value(factor, name, &table, p),
        })
        .collect();
    // Stable: among equals, the order of the factors.
    candidates.sort_by(|a, b| a.value.p_value.total_cmp(&b.value.p_value));
    candidates
}

fn value(
    factor: Factor,
    name: &str,
    table: &Table,
    (p_value, p_adjusted): (f64, f64),
) -> FactorValue {
    let ratio = table.rate_ratio();
    FactorValue {
        factor,
        value: name.into(),
        devices: table.devices,
        failed: table.failed,
        other_devices: table.other_devices,
        other_failed: table.other_failed,
        rate_ratio: ratio.value,
        rate_ratio_low: ratio.low,
        rate_ratio_high: ratio.high,
        p_value,
        p_adjusted,
    }
}

fn finding(best: &Candidate, others: &[Candidate]) -> Finding {
    let value = best.value.clone();
    let same_devices = others
        .iter()
        .filter(|other| other.table == best.table)
        .map(|other| named(&other.value))
        .collect();
    let confidence = 1.0 - value.p_adjusted;
    let text = format!(
        "{}: {} of {} failed, against {} of {} elsewhere: {}, with confidence {}",
        named(&value),
        value.failed,
        devices(value.devices),
        value.other_failed,
        value.other_devices,
        times_as_often(&value),
        confidently(confidence),
    );
    Finding {
        value,
        confidence,
        same_devices,
        text,
    }
}

/// "region eu", "hour 3"
pub fn named(value: &FactorValue) -> String {
    format!("{} {}", value.factor.as_str(), value.value)
}

fn times_as_often(value: &FactorValue) -> String {
    let (low, high) = (value.rate_ratio_low, value.rate_ratio_high);
    if value.other_failed == 0 {
        return format!("at least {low:.1} times as often (95 % interval)");
    }
    let ratio = value.rate_ratio;
    format!("{ratio:.1} times as often (95 % interval {low:.1} to {high:.1})")
}

fn confidently(confidence: f64) -> String {
    if confidence > 0.999 {
        return "above 99.9 %".into();
    }
    if confidence > 0.99 {
        return format!("{:.1} %", confidence * 100.0);
    }
    percent(confidence)
}
