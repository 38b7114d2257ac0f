//! Reports as an operator would tell them.

use fleetfold_schemas::{
    campaign::human_duration,
    report::{CampaignReport, Kpi, Target, Timeline, Unit},
};

use super::words::tally;

/// Everything a report says, one line a matter.
pub fn report(report: &CampaignReport) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &report.progress {
        let tally = tally(&row.tally);
        lines.push(format!(
            "{}, {}: {} devices | {tally}",
            row.group, row.phase, row.devices
        ));
    }
    lines.push(timeline(&report.timeline));
    let failures = &report.failures;
    lines.push(format!(
        "failed: {} of {} with an outcome",
        failures.failed, failures.devices
    ));
    for error in &failures.errors {
        let (class, code) = (error.class, &error.code);
        lines.push(format!("  {class} {code}: {} devices", error.devices));
    }
    for finding in &failures.findings {
        lines.push(format!("finding: {}", finding.text));
        if !finding.same_devices.is_empty() {
            lines.push(format!(
                "  same devices: {}",
                finding.same_devices.join(", ")
            ));
        }
    }
    for value in &failures.factors {
        lines.push(format!(
            "  {} {}: {} of {} against {} of {}, p = {:.2e}, adjusted {:.2e}",
            value.factor.as_str(),
            value.value,
            value.failed,
            value.devices,
            value.other_failed,
            value.other_devices,
            value.p_value,
            value.p_adjusted,
        ));
    }
    lines.extend(report.kpis.iter().map(kpi));
    if let Some(cost) = &report.cost {
        lines.push(format!(
            "cost: infrastructure {:.2}, operations {:.2}, support {:.2}, total {:.2}",
            cost.infrastructure, cost.operations, cost.support, cost.total
        ));
    }
    for advice in &report.recommendations {
        lines.push(format!("advice: {} [{}]", advice.text, advice.kind));
        lines.push(format!("  because {}", advice.reason));
    }
    lines
}

/// What happened when; nothing of the steps in which nothing did.
fn timeline(timeline: &Timeline) -> String {
    let told = |name: &str, counts: &[u64]| {
        let steps = (0..).zip(counts).filter(|(_, count)| **count > 0);
        let told = steps.map(|(step, count)| {
            let since = human_duration(step * timeline.step_ms);
            format!(" {count} at {since}")
        });
        format!("{name}{}", told.collect::<Vec<_>>().join(","))
    };
    format!(
        "{}; {}",
        told("updated", &timeline.updated),
        told("failed", &timeline.failed)
    )
}

fn kpi(kpi: &Kpi) -> String {
    let shown = |value: f64| match kpi.unit {
        Unit::Ratio => format!("{:.2} %", value * 100.0),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time was a whole number of milliseconds"
        )]
        Unit::Ms => human_duration(value as u64),
        Unit::Bytes => format!("{value} bytes"),
        Unit::Money => format!("{value:.2}"),
    };
    let value = kpi.value.map_or_else(|| "not yet".into(), shown);
    let target = match kpi.target {
        Some(Target::Above(limit)) => format!(", target above {}", shown(limit)),
        Some(Target::Below(limit)) => format!(", target below {}", shown(limit)),
        None => String::new(),
    };
    let met = match kpi.is_met {
        Some(true) => ": met",
        Some(false) => ": missed",
        None => "",
    };
    let name = serde_json::to_value(kpi.kpi).unwrap();
    format!("{}: {value}{target}{met}", name.as_str().unwrap())
}
