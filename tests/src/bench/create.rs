//! From the command that creates a campaign over a million devices to its first phase, queued and on disk; and what a
//! report costs while it runs, which must not depend on how many devices there are.

use std::{path::Path, time::Instant};

use serde_json::{Value, json};

use super::{fleet::Fleet, median};
use crate::Failure;

const DEVICES: u32 = 1_000_000;
/// `--quick` takes this share of them.
const QUICK: u32 = 20;
/// Steps of one report each.
const STEPS: usize = 10_000;

/// Builds the fleet below `dir`, and returns a JSON object for each figure.
pub fn run(is_quick: bool, dir: &Path) -> Result<Vec<Value>, Failure> {
    let devices = DEVICES / if is_quick { QUICK } else { 1 };
    let mut fleet = Fleet::open(dir, devices)?;
    let before = steps(&mut fleet)?;
    let started = Instant::now();
    let queued = fleet.start_campaign()?;
    let seconds = started.elapsed().as_secs_f64();
    let after = steps(&mut fleet)?;
    // Rounded up in each of two groups.
    let expected = devices as usize / 100..=devices as usize / 100 + 2;
    if !expected.contains(&queued) {
        return Err(format!("{queued} devices were queued, not one in a hundred").into());
    }
    let figure = |name: &str, value: f64, unit: &str| {
        let value = (value * 1000.0).round() / 1000.0;
        json!({
            "bench": "create",
            "figure": name,
            "value": value,
            "unit": unit,
            "devices": devices,
            "queued": queued,
        })
    };
    Ok(vec![
        figure("create", seconds, "s"),
        figure("report_before", before, "us"),
        figure("report_during", after, "us"),
    ])
}

/// What a step with one report takes, without its append: the median of many.
fn steps(fleet: &mut Fleet) -> Result<f64, Failure> {
    let mut core = fleet.core().clone();
    let mut times = Vec::with_capacity(STEPS);
    for _ in 0..STEPS {
        let (now, request) = (fleet.now(), fleet.any_report());
        let started = Instant::now();
        let step = core.step(now, &[request]);
        times.push(started.elapsed().as_secs_f64() * 1e6);
        if step.facts.is_empty() {
            return Err("a report has led to nothing".into());
        }
    }
    Ok(median(times))
}
