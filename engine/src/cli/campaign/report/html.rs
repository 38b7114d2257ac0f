//! A report as one HTML page that needs nothing else: no scripts, nothing loaded, light and dark, and printable.

use fleetfold_schemas::report::CampaignReport;

use super::{chart::chart, words};

const STYLE: &str = include_str!("report.css");

pub(super) fn page(report: &CampaignReport) -> String {
    let title = format!("Campaign {}", escaped(report.campaign.as_str()));
    let mut body = format!("<h1>{title}</h1>\n<dl>\n");
    for (name, value) in words::head(report) {
        body.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(&value)));
    }
    body.push_str("</dl>\n");
    section(&mut body, "What to do", &advice(report));
    let cost =
        words::cost(report).map_or_else(String::new, |cost| paragraph(&format!("Cost: {cost}")));
    let figures = table(
        "Figures beside their targets",
        &words::KPIS,
        &words::kpis(report),
    );
    section(&mut body, "Figures", &(figures + &cost));
    let progress = table(
        "Devices by group and phase",
        &words::PROGRESS,
        &words::progress(report),
    );
    section(&mut body, "Progress", &(figure(report) + &progress));
    let health = table(
        "How updated devices are doing",
        &words::HEALTH,
        &words::health(report),
    );
    if !health.is_empty() {
        section(&mut body, "Health", &health);
    }
    section(&mut body, "Failures", &failures(report));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn section(body: &mut String, title: &str, content: &str) {
    body.push_str(&format!(
        "<section>\n<h2>{title}</h2>\n{content}</section>\n"
    ));
}

fn advice(report: &CampaignReport) -> String {
    if report.recommendations.is_empty() {
        return paragraph("Nothing yet.");
    }
    let items = report.recommendations.iter().map(|advice| {
        let (what, why) = (escaped(&advice.text), escaped(&advice.reason));
        format!("<li><strong>{what}.</strong><br>Because: {why}.</li>\n")
    });
    format!("<ol>\n{}</ol>\n", items.collect::<String>())
}

fn figure(report: &CampaignReport) -> String {
    let chart = chart(report);
    if chart.is_empty() {
        return chart;
    }
    format!(
        "<figure>\n{chart}<figcaption><span class=\"key updated\"></span>updated \
         <span class=\"key failed\"></span>failed</figcaption>\n</figure>\n"
    )
}

fn failures(report: &CampaignReport) -> String {
    let mut text = paragraph(&words::failures(report));
    let findings = words::findings(report);
    if !findings.is_empty() {
        let items = findings
            .iter()
            .map(|finding| format!("<li>{}.</li>\n", escaped(finding)));
        text.push_str(&format!("<ul>\n{}</ul>\n", items.collect::<String>()));
    }
    text.push_str(&table(
        "Last errors of the devices",
        &words::ERRORS,
        &words::errors(report),
    ));
    text.push_str(&table(
        "What failed devices have in common",
        &words::FACTORS,
        &words::factors(report),
    ));
    text
}

/// Nothing without rows.
fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = (head.iter())
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let mut text = format!(
        "<div class=\"wide\"><table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
    );
    for row in rows {
        let class = match row.last().map(String::as_str) {
            Some("missed") => " class=\"missed\"",
            Some("met") => " class=\"met\"",
            _ => "",
        };
        let cells: String = (row.iter())
            .map(|cell| format!("<td>{}</td>", escaped(cell)))
            .collect();
        text.push_str(&format!("<tr{class}>{cells}</tr>\n"));
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

/// What devices and people wrote stays text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
