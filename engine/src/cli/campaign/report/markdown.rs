//! A report in Markdown.

use fleetfold_schemas::report::CampaignReport;

use super::words;

pub(super) fn page(report: &CampaignReport) -> String {
    let mut text = format!("# Campaign {}\n\n", report.campaign);
    for (name, value) in words::head(report) {
        text.push_str(&format!("- **{name}**: {}\n", plain(&value)));
    }
    text.push_str("\n## What to do\n\n");
    if report.recommendations.is_empty() {
        text.push_str("Nothing yet.\n");
    }
    for (at, advice) in report.recommendations.iter().enumerate() {
        let (what, why) = (plain(&advice.text), plain(&advice.reason));
        text.push_str(&format!("{}. {what}.\n   Because: {why}.\n", at + 1));
    }
    text.push_str("\n## Figures\n\n");
    text.push_str(&table(&words::KPIS, &words::kpis(report)));
    if let Some(cost) = words::cost(report) {
        text.push_str(&format!("\nCost: {cost}\n"));
    }
    text.push_str("\n## Progress\n\n");
    text.push_str(&table(&words::PROGRESS, &words::progress(report)));
    let health = words::health(report);
    if !health.is_empty() {
        text.push_str("\n## Health of updated devices\n\n");
        text.push_str(&table(&words::HEALTH, &health));
    }
    text.push_str(&format!("\n## Failures\n\n{}\n", words::failures(report)));
    for finding in words::findings(report) {
        text.push_str(&format!("\n- {}.\n", plain(&finding)));
    }
    for (head, rows) in [
        (&words::ERRORS[..], words::errors(report)),
        (&words::FACTORS[..], words::factors(report)),
    ] {
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(head, &rows));
        }
    }
    text
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| plain(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// What devices and people wrote, so that it neither breaks a table nor becomes a link or a tag.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '[' | ']' | '<' | '>' | '\\' => plain.extend(['\\', letter]),
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}
