//! An A/B test as operators see it.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use fleetfold_schemas::{
    campaign::ReleaseRef,
    status::{ArmStatus, ComparisonStatus},
};

use crate::{
    gate::{
        ab::{Arm, TooEarly, Verdict},
        measure::Measure,
    },
    state::{Campaign, Comparison, ComparisonVerdict},
};

pub fn comparison(row: &Campaign) -> Option<ComparisonStatus> {
    let test = row.spec.ab_testing.as_ref()?;
    let comparison = row.comparison.as_ref()?;
    let arms = vec![
        arm(comparison, Arm::A, &row.spec.releases),
        arm(comparison, Arm::B, test.other.releases()),
    ];
    Some(ComparisonStatus {
        verdict: comparison.verdict.map(|verdict| name(verdict).to_string()),
        text: match comparison.verdict {
            Some(verdict) => sentence(verdict).to_string(),
            None => so_far(row, comparison),
        },
        arms,
    })
}

fn arm(comparison: &Comparison, arm: Arm, releases: &[ReleaseRef]) -> ArmStatus {
    let boot_ms = comparison.boot_ms.of(arm);
    let drain = comparison.battery_drain.of(arm);
    ArmStatus {
        arm: match arm {
            Arm::A => "a",
            Arm::B => "b",
        }
        .to_string(),
        releases: Vec::from(releases),
        devices: *comparison.devices.of(arm),
        outcomes: *comparison.outcomes.outcomes().of(arm),
        succeeded: *comparison.outcomes.succeeded().of(arm),
        boot_ms: (boot_ms.count > 0).then_some(boot_ms.mean),
        battery_drain: (drain.count > 0).then(|| Measure::BatteryDrain.in_unit(drain.mean)),
    }
}

const fn name(verdict: ComparisonVerdict) -> &'static str {
    match verdict {
        ComparisonVerdict::A => "a",
        ComparisonVerdict::B => "b",
        ComparisonVerdict::NoDifference => "no_difference",
        ComparisonVerdict::Mixed => "mixed",
        ComparisonVerdict::Invalid => "invalid",
        ComparisonVerdict::TooFew => "too_few",
    }
}

const fn sentence(verdict: ComparisonVerdict) -> &'static str {
    match verdict {
        ComparisonVerdict::A => "arm A is better",
        ComparisonVerdict::B => "arm B is better",
        ComparisonVerdict::NoDifference => "no difference was shown",
        ComparisonVerdict::Mixed => "each arm is better by some metric",
        ComparisonVerdict::Invalid => {
            "the arms do not have the sizes that they should: no figure can be trusted"
        }
        ComparisonVerdict::TooFew => "there were too few figures to tell",
    }
}

fn so_far(row: &Campaign, comparison: &Comparison) -> String {
    match comparison
        .compare(&row.spec, row.roster.len(), false)
        .map(|compared| compared.verdict)
    {
        Some(Verdict::TooEarly(TooEarly::TooFew {
            devices, needed, ..
        })) => format!(
            "too few figures as yet: {} and {} of {needed} in each arm",
            devices.a, devices.b
        ),
        _ => "no difference is shown as yet".to_string(),
    }
}
