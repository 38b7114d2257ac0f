//! `fleetfold report`

use std::{collections::BTreeMap, process::ExitCode};

use clap::Subcommand;
use fleetfold_schemas::{
    command::{Command, Compliance},
    compliance::{CompliancePage, LackingDevice},
    id::Name,
};

use super::{
    connection::Connection,
    failure::Failure,
    output::{self, print},
};

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Which devices lack a security release, since when, and why; as Markdown
    Compliance {
        /// One JSON object: all pages in one
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(command: ReportCommand) -> Result<ExitCode, Failure> {
    let ReportCommand::Compliance { json, connection } = command;
    let client = connection.open().await?;
    let mut whole: Option<CompliancePage> = None;
    let mut from = None;
    loop {
        let question = Command::Compliance(Compliance { from, limit: None });
        let answer = client.command(question, None).await?;
        let page: CompliancePage = serde_json::from_value(answer.result.unwrap_or_default())
            .map_err(output::unreadable)?;
        from = page.next;
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => add(whole, page),
        }
        if from.is_none() {
            break;
        }
    }
    client.close().await;
    let Some(whole) = whole else {
        unreachable!("there is always a first page")
    };
    if json {
        let text = serde_json::to_string(&whole).map_err(output::unreadable)?;
        print(&format!("{text}\n"))?;
    } else {
        print(&markdown(&whole))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A release that was published between two pages counts from there on.
fn add(whole: &mut CompliancePage, page: CompliancePage) {
    whole.devices += page.devices;
    whole.next = page.next;
    whole.lacking.extend(page.lacking);
    for release in page.releases {
        let known = whole
            .releases
            .iter_mut()
            .find(|known| known.model == release.model && known.version == release.version);
        match known {
            Some(known) => {
                known.have += release.have;
                known.lack += release.lack;
            }
            None => whole.releases.push(release),
        }
    }
}

fn markdown(whole: &CompliancePage) -> String {
    let mut text = format!("# Security releases over {} devices\n\n", whole.devices);
    if whole.releases.is_empty() {
        text += "No release has been published as a security release.\n";
        return text;
    }
    text += "| model | version | repairs | published | have it | lack it | share |\n|---|---|---|---|--:|--:|--:|\n";
    for release in &whole.releases {
        let repairs: Vec<_> = release.advisories.iter().map(Name::as_str).collect();
        let all = u64::from(release.have) + u64::from(release.lack);
        let share = match all {
            0 => "-".to_owned(),
            _ => format!("{} %", u64::from(release.have) * 100 / all),
        };
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {share} |\n",
            release.model,
            release.version,
            repairs.join(", "),
            output::time(release.published_ms),
            release.have,
            release.lack,
        );
    }
    if whole.lacking.is_empty() {
        text += "\nEvery device has what it should.\n";
        return text;
    }
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    for device in &whole.lacking {
        *reasons.entry(why(device)).or_default() += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    text += "\n## Why\n\n";
    for (reason, count) in reasons.iter().take(REASONS_MAX) {
        text += &format!("- {count}: {reason}\n");
    }
    text += "\n## Who\n\n| device | runs | lacks | since | campaign | last heard of | why |\n|---|---|---|---|---|---|---|\n";
    for device in &whole.lacking {
        text += &row(device);
    }
    text
}

/// What many devices have in common comes first; a reason of a single device stands in its row.
const REASONS_MAX: usize = 20;

fn why(device: &LackingDevice) -> String {
    let texts: Vec<_> = device.why.iter().map(|why| why.text.as_str()).collect();
    texts.join("; ")
}

fn row(device: &LackingDevice) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let lacks: Vec<_> = device.lacks.iter().map(ToString::to_string).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        device.device,
        or_dash(device.running.as_ref().map(ToString::to_string)),
        lacks.join(", "),
        output::time(device.since_ms),
        or_dash(device.campaign.as_ref().map(ToString::to_string)),
        or_dash(device.last_seen_ms.map(output::time)),
        why(device).replace('|', "\\|"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lacking: serde_json::Value, next: Option<u32>) -> CompliancePage {
        let page = serde_json::json!({
            "devices": 2,
            "releases": [{"model": "sensor", "version": "2.0.0", "advisories": ["CVE-2026-1"],
                          "published_ms": 1_795_326_012_000_u64, "have": 1, "lack": 1}],
            "lacking": lacking,
            "next": next,
        });
        serde_json::from_value(page).expect("it is a page")
    }

    #[test]
    fn pages_add_up() {
        let lacking = serde_json::json!([{"device": "d1", "model": "sensor", "running": "1.0.0", "lacks": ["2.0.0"],
            "since_ms": 1_795_326_012_000_u64, "campaign": "spring",
            "why": [{"reason": "campaign_paused", "text": "paused"}]}]);
        let mut whole = page(serde_json::json!([]), Some(2));
        add(&mut whole, page(lacking, None));
        assert_eq!(
            markdown(&whole),
            "# Security releases over 4 devices\n\n\
             | model | version | repairs | published | have it | lack it | share |\n|---|---|---|---|--:|--:|--:|\n\
             | sensor | 2.0.0 | CVE-2026-1 | 2026-11-22 05:40:12Z | 2 | 2 | 50 % |\n\n\
             ## Why\n\n- 1: paused\n\n## Who\n\n\
             | device | runs | lacks | since | campaign | last heard of | why |\n|---|---|---|---|---|---|---|\n\
             | d1 | 1.0.0 | 2.0.0 | 2026-11-22 05:40:12Z | spring | - | paused |\n"
        );
    }
}
