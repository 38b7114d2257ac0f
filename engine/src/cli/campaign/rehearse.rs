//! `fleetfold campaign rehearse`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use fleetfold_schemas::{
    CampaignId,
    campaign::{BasisPoints, Minutes, human_duration},
    rehearsal::{Exposure, Finding, Quantiles, Rehearsal, Severity},
};

use super::super::{
    failure::Failure,
    output::{self, Table, print},
};
use crate::rehearsal::{Options, known, rehearse};

#[derive(Debug, Args)]
pub struct RehearseArgs {
    campaign: CampaignId,
    /// The server's data directory
    #[arg(long, value_name = "DIR", default_value = "fleetfold-data")]
    data: PathBuf,
    /// How often the campaign is played through
    #[arg(long, default_value_t = Options::default().runs, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// The same seed over the same log gives the same rehearsal
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// The share of devices on which the release fails, in percent [default: the campaign's expected_failure]
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    failure_rate: Option<BasisPoints>,
    /// How long devices take to notice their job, on average, like 5m or 4h [default: as long as each has been silent]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    contact: Option<Minutes>,
    /// What each device downloads with, in bytes a second
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().bandwidth_bytes_per_s, value_parser = clap::value_parser!(u64).range(1..))]
    bandwidth: u64,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

fn percent(text: &str) -> Result<BasisPoints, String> {
    let percent = text.trim_end_matches('%').trim().parse().ok();
    let share = percent.and_then(BasisPoints::from_percent_f64);
    share.ok_or_else(|| "a percentage like 2 or 0.5, with two decimals at most".to_owned())
}

fn duration(text: &str) -> Result<Minutes, String> {
    let value = match text.parse::<u64>() {
        Ok(minutes) => minutes.into(),
        Err(_) => text.into(),
    };
    serde_json::from_value(value)
        .map_err(|_| "a duration like 90s, 5m or 4h, or a number of minutes".to_owned())
}

pub(super) fn run(args: &RehearseArgs) -> Result<ExitCode, Failure> {
    let core = known(&args.data).map_err(Failure::new)?;
    let state = core.state();
    let ix = state.campaigns.find(&args.campaign).ok_or_else(|| {
        let data = args.data.display();
        Failure::new(format!("there is no campaign {} in {data}", args.campaign))
            .advise("`fleetfold log show --data DIR campaigns` shows all there are")
    })?;
    let options = Options {
        runs: args.runs,
        seed: args.seed,
        failure_rate: args.failure_rate,
        contact_ms: args.contact.map(Minutes::ms),
        bandwidth_bytes_per_s: args.bandwidth,
        ..Options::default()
    };
    let rehearsal = rehearse(state, ix, &options);
    if args.json {
        let text = serde_json::to_string(&rehearsal).map_err(Failure::new)?;
        print(&format!("{text}\n"))?;
    } else {
        print(&told(&rehearsal))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// For people.
fn told(rehearsal: &Rehearsal) -> String {
    let mut text = format!(
        "campaign {}: {} devices, as known at position {} ({})\n",
        rehearsal.campaign,
        rehearsal.devices,
        rehearsal.position,
        output::time(rehearsal.at_ms)
    );
    text.push_str(&findings(&rehearsal.findings));
    text.push_str(&expected(rehearsal));
    text.push_str("\nif the release fails:\n");
    let mut table = Table::new(&["RATE", "PAUSED", "EXPOSED P10", "P50", "P90", "AFTER (P50)"]);
    for exposure in &rehearsal.exposure {
        table.row(row(exposure));
    }
    text.push_str(&table.to_string());
    if let Some(devices) = rehearsal.exposure.iter().find_map(|row| row.of_first) {
        text.push_str(&format!(
            "  rehearsed with the first {devices} devices in line only: what nothing paused there goes on\n"
        ));
    }
    let assumed = &rehearsal.assumptions;
    text.push_str(&format!(
        "\nassumed: {} bytes/s a device, {} to install, {} to boot where unknown; seed {}\n",
        assumed.bandwidth_bytes_per_s,
        human_duration(assumed.install_ms),
        human_duration(assumed.boot_ms),
        assumed.seed
    ));
    for note in &rehearsal.notes {
        text.push_str(&format!("  {note}\n"));
    }
    text
}

fn findings(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "nothing to object to\n".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        text.push_str(&format!(
            "{}: {} [{}]\n",
            finding.severity.as_str(),
            finding.text,
            finding.key
        ));
        if finding.severity != Severity::Info {
            text.push_str(&format!("  {}\n", finding.advice));
        }
    }
    text
}

fn expected(rehearsal: &Rehearsal) -> String {
    let (course, assumed) = (&rehearsal.expected, &rehearsal.assumptions);
    let mut text = format!(
        "\nif it fails on {} of the devices, {} runs: {} completed, {} paused by a gate, {} ran out of time\n",
        assumed.failure_rate, assumed.runs, course.completed, course.paused, course.failed
    );
    let mut table = Table::new(&["", "P10", "P50", "P90"]);
    let mut add = |name: &str, quantiles: Quantiles, write: fn(u64) -> String| {
        let Quantiles { p10, p50, p90 } = quantiles;
        let mut cells = vec![name.to_owned()];
        cells.extend([p10, p50, p90].map(write));
        table.row(cells);
    };
    if let Some(duration) = course.duration_ms {
        add("duration", duration, human_duration);
    }
    let count = |figure: u64| figure.to_string();
    add("updated", course.updated, count);
    add("downloads at once", course.peak_downloads, count);
    let per_second = |figure| format!("{}/s", output::bytes(figure));
    add("sent at once", course.peak_bytes_per_s, per_second);
    add("sent in all", course.bytes, output::bytes);
    text.push_str(&table.to_string());
    text
}

fn row(exposure: &Exposure) -> Vec<String> {
    let after = exposure.paused_after_ms;
    vec![
        exposure.failure_rate.to_string(),
        format!("{} of {}", exposure.paused, exposure.runs),
        exposure.exposed.p10.to_string(),
        exposure.exposed.p50.to_string(),
        exposure.exposed.p90.to_string(),
        after.map_or_else(|| "never".to_owned(), |after| human_duration(after.p50)),
    ]
}
