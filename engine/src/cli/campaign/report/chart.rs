//! Progress over time as an SVG: how many devices were updated, and how many failed, up to each moment.

use fleetfold_schemas::{campaign::human_duration, report::CampaignReport};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers on the left and below.
const LEFT: f64 = 60.0;
const BELOW: f64 = 26.0;
const ABOVE: f64 = 10.0;

/// Empty before the start.
pub(super) fn chart(report: &CampaignReport) -> String {
    let timeline = &report.timeline;
    let steps = timeline.updated.len();
    if steps == 0 || report.devices == 0 {
        return String::new();
    }
    let (updated, failed) = (sums(&timeline.updated), sums(&timeline.failed));
    let points = u64::try_from(steps).unwrap_or(u64::MAX);
    let length = human_duration(timeline.step_ms.saturating_mul(points));
    let (right, bottom) = (WIDTH, HEIGHT - BELOW);
    let label = format!(
        "{} of {} devices updated and {} failed within {length}",
        updated.last().unwrap_or(&0),
        report.devices,
        failed.last().unwrap_or(&0),
    );
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">\n<title>{label}</title>\n"
    );
    for (share, count) in [(0.0, 0), (0.5, report.devices / 2), (1.0, report.devices)] {
        let y = bottom - share * (bottom - ABOVE);
        svg.push_str(&format!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>\n",
            LEFT - 8.0,
            y + 4.0
        ));
    }
    for (class, counts) in [("updated", &updated), ("failed", &failed)] {
        let path = path(counts, report.devices);
        svg.push_str(&format!("<path class=\"{class}\" d=\"{path}\"/>\n"));
    }
    svg.push_str(&format!(
        "<text x=\"{LEFT}\" y=\"{y:.1}\">start</text><text x=\"{right}\" y=\"{y:.1}\" text-anchor=\"end\">{length}</text>\n</svg>\n",
        y = HEIGHT - 6.0
    ));
    svg
}

/// How many up to the end of each step.
fn sums(counts: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    let sums = counts.iter().map(|count| {
        sum += count;
        sum
    });
    sums.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture does not show the last digits"
)]
fn path(sums: &[u64], devices: u64) -> String {
    let bottom = HEIGHT - BELOW;
    let step = (WIDTH - LEFT) / sums.len() as f64;
    let mut path = format!("M{LEFT:.1} {bottom:.1}");
    for (at, sum) in (1..).zip(sums) {
        let x = LEFT + step * f64::from(at);
        let y = bottom - (*sum as f64 / devices as f64).min(1.0) * (bottom - ABOVE);
        path.push_str(&format!(" L{x:.1} {y:.1}"));
    }
    path
}
