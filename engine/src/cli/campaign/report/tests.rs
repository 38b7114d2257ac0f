use std::{fs, path::PathBuf};

use fleetfold_schemas::report::CampaignReport;

use super::{html, markdown};

/// The report of the protocol's own vector.
fn report() -> CampaignReport {
    let vector = include_str!("../../../../../schemas/tests/vectors/report-campaign.txt");
    let (_, json) = vector.split_once("== json ==\n").unwrap();
    serde_json::from_str(json).unwrap()
}

/// The page must be the one on file; `UPDATE_PAGES=1` writes down what it is instead.
fn check(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pages")
        .join(name);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page, "{name}");
}

#[test]
fn a_report_is_written_as_the_pages_on_file() {
    check("report.md", &markdown::page(&report()));
    check("report.html", &html::page(&report()));
}

#[test]
fn what_people_write_is_never_markup() {
    let mut report = report();
    report.recommendations[0].text = "<script>alert('&')</script> | [x](y)".to_owned();
    let page = html::page(&report);
    assert!(!page.contains("<script"), "{page}");
    assert!(
        page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)"),
        "{page}"
    );
    let page = markdown::page(&report);
    assert!(
        page.contains(r"\<script\>") && page.contains(r"\| \[x\]"),
        "{page}"
    );
}

#[test]
fn a_page_loads_nothing() {
    let page = html::page(&report());
    for forbidden in ["http://", "https://", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}
