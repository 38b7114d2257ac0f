//! A report's figures in words, the same in Markdown and HTML.

use fleetfold_schemas::{
    campaign::human_duration,
    report::{CampaignReport, FactorValue, Kpi, KpiName, Target, Unit},
    status::{Degraded, HealthVerdict},
};

use crate::cli::output;

/// The head of the report: names and values.
pub(super) fn head(report: &CampaignReport) -> Vec<(&'static str, String)> {
    let mut head = vec![("Status", report.status.as_str().replace('_', " "))];
    if let Some(cause) = &report.cause {
        head.push(("Why", cause.text.clone()));
    }
    if let Some(hold) = &report.hold {
        head.push(("Waits for", hold.text.clone()));
    }
    for (name, at) in [("Started", report.started_ms), ("Ended", report.ended_ms)] {
        head.extend(at.map(|at| (name, output::time(at))));
    }
    let (made, position) = (output::time(report.at_ms), report.position);
    head.push(("As of", format!("{made}, log position {position}")));
    head
}

pub(super) const PROGRESS: [&str; 8] = [
    "Group",
    "Phase",
    "Devices",
    "Updated",
    "Failed",
    "In progress",
    "Not contacted",
    "Removed",
];

pub(super) fn progress(report: &CampaignReport) -> Vec<Vec<String>> {
    let rows = report.progress.iter().map(|row| {
        let tally = &row.tally;
        let counts = [
            row.devices,
            tally.updated,
            tally.failed,
            tally.in_progress,
            tally.not_contacted,
            tally.removed,
        ];
        let names = [row.group.to_string(), row.phase.to_string()];
        names
            .into_iter()
            .chain(counts.map(|count| count.to_string()))
            .collect()
    });
    rows.collect()
}

pub(super) const KPIS: [&str; 4] = ["Figure", "Value", "Target", "Result"];

/// Name, value, target, and whether it is met.
pub(super) fn kpis(report: &CampaignReport) -> Vec<Vec<String>> {
    let rows = report.kpis.iter().map(|kpi| {
        vec![
            name(kpi.kpi).to_owned(),
            kpi.value
                .map_or_else(|| "not known yet".to_owned(), |value| shown(kpi, value)),
            match kpi.target {
                Some(Target::Above(limit)) => format!("above {}", shown(kpi, limit)),
                Some(Target::Below(limit)) => format!("below {}", shown(kpi, limit)),
                None => String::new(),
            },
            match kpi.is_met {
                Some(true) => "met",
                Some(false) => "missed",
                None => "",
            }
            .to_owned(),
        ]
    });
    rows.collect()
}

const fn name(kpi: KpiName) -> &'static str {
    match kpi {
        KpiName::SuccessRate => "Success rate",
        KpiName::FailureRate => "Failure rate",
        KpiName::TimeTo50Percent => "Time to 50 % of the devices",
        KpiName::TimeTo95Percent => "Time to 95 % of the devices",
        KpiName::TimeTo100Percent => "Time to all devices",
        KpiName::CampaignRollbackRate => "Campaigns rolled back",
        KpiName::BytesOffered => "Offered to devices",
        KpiName::CostPerDevice => "Cost of an updated device",
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times and sizes are whole numbers that JSON writes as any other"
)]
fn shown(kpi: &Kpi, value: f64) -> String {
    match kpi.unit {
        Unit::Ratio => format!("{:.2} %", value * 100.0),
        Unit::Ms => human_duration(value as u64),
        Unit::Bytes => output::bytes(value as u64),
        Unit::Money => format!("{value:.2}"),
    }
}

pub(super) const ERRORS: [&str; 3] = ["Class", "Code", "Devices"];

pub(super) fn errors(report: &CampaignReport) -> Vec<Vec<String>> {
    let rows = report.failures.errors.iter().map(|error| {
        vec![
            error.class.to_string(),
            error.code.to_string(),
            error.devices.to_string(),
        ]
    });
    rows.collect()
}

pub(super) const FACTORS: [&str; 6] = [
    "Devices with",
    "Failed",
    "Others failed",
    "Times as often",
    "95 % interval",
    "p, corrected",
];

pub(super) fn factors(report: &CampaignReport) -> Vec<Vec<String>> {
    report.failures.factors.iter().map(factor).collect()
}

fn factor(value: &FactorValue) -> Vec<String> {
    vec![
        format!("{} {}", value.factor.as_str(), value.value),
        format!("{} of {}", value.failed, value.devices),
        format!("{} of {}", value.other_failed, value.other_devices),
        format!("{:.1}", value.rate_ratio),
        format!(
            "{:.1} to {:.1}",
            value.rate_ratio_low, value.rate_ratio_high
        ),
        if value.p_adjusted < 0.0001 {
            "below 0.0001".to_owned()
        } else {
            format!("{:.4}", value.p_adjusted)
        },
    ]
}

/// Of all devices with an outcome.
pub(super) fn failures(report: &CampaignReport) -> String {
    format!(
        "{} of {} devices with an outcome of their own had a failed attempt.",
        report.failures.failed, report.failures.devices
    )
}

pub(super) fn findings(report: &CampaignReport) -> Vec<String> {
    let findings = report.failures.findings.iter().map(|finding| {
        let mut text = finding.text.clone();
        if !finding.same_devices.is_empty() {
            let same = finding.same_devices.join(", ");
            text.push_str(&format!(". The same devices: {same}"));
        }
        text
    });
    findings.collect()
}

pub(super) fn cost(report: &CampaignReport) -> Option<String> {
    let cost = report.cost.as_ref()?;
    Some(format!(
        "{:.2} in all: infrastructure {:.2}, operations {:.2}, support {:.2}.",
        cost.total, cost.infrastructure, cost.operations, cost.support
    ))
}

pub(super) const HEALTH: [&str; 8] = [
    "What",
    "Devices",
    "Before",
    "After",
    "Worse than before",
    "Worse than others",
    "Bearable",
    "Verdict",
];

/// How updated devices are doing.
pub(super) fn health(report: &CampaignReport) -> Vec<Vec<String>> {
    let figure = |figure: Option<f64>| figure.map_or_else(String::new, rounded);
    let interval = |worse: Option<Degraded>| {
        worse.map_or_else(String::new, |Degraded { value, low, high }| {
            let [value, low, high] = [value, low, high].map(rounded);
            format!("{value} ({low} to {high})")
        })
    };
    let rows = report.health.iter().map(|health| {
        vec![
            format!("{}, {}", health.measure, health.unit),
            health.devices.to_string(),
            figure(health.before),
            figure(health.after),
            interval(health.against_past),
            interval(health.against_others),
            figure(health.margin),
            match health.verdict {
                HealthVerdict::TooFew => "too few to tell",
                HealthVerdict::Open => "not decided",
                HealthVerdict::Bearable => "bearable",
                HealthVerdict::Worse => "worse",
            }
            .to_owned(),
        ]
    });
    rows.collect()
}

/// Milliseconds are many and need no decimals; reboots a day are few and need more.
fn rounded(figure: f64) -> String {
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        1.0.. => format!("{figure:.2}"),
        _ => format!("{figure:.4}"),
    }
}
