//! A campaign's schedule, maintenance windows and freezes in lines for people.

use fleetfold_core::calendar::clock;
use fleetfold_schemas::{
    campaign::{CampaignSpec, Freeze, MaintenanceWindow, OnEnd, human_duration},
    status::CampaignStatus,
};

/// Nothing of what the campaign does not have.
#[must_use]
pub fn calendar(status: &CampaignStatus) -> Vec<String> {
    let spec = &status.spec;
    let mut lines = Vec::new();
    lines.extend(schedule(spec));
    lines.extend(spec.maintenance_windows.iter().map(window));
    if let Some(windows) = status.windows {
        let opens = windows.opens_ms.map_or_else(
            || "no further one opens".to_owned(),
            |at| format!("the next opens {}", clock(at, spec.time_zone.as_ref())),
        );
        let (open, waiting) = (windows.open, windows.waiting);
        lines.push(format!(
            "in their window: {open}; waiting for it: {waiting}, {opens}"
        ));
    }
    lines.extend(spec.freezes.iter().map(freeze));
    lines
}

fn schedule(spec: &CampaignSpec) -> Option<String> {
    let zone = spec.time_zone.as_ref();
    let (start, end) = (spec.schedule.start, spec.schedule.end);
    let start = start.map(|start| format!("starts {}", clock(start.ms(), zone)));
    let end = end.map(|end| {
        let what = match spec.schedule.on_end {
            OnEnd::Finish => "offers nothing new after",
            OnEnd::Pause => "pauses",
            OnEnd::Cancel => "is canceled",
        };
        format!("{what} {}", clock(end.ms(), zone))
    });
    let said: Vec<_> = [start, end].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("schedule: {}", said.join(", ")))
}

fn window(window: &MaintenanceWindow) -> String {
    let days: Vec<_> = window.days.names().collect();
    let days = match days.len() {
        7 => "every day".to_owned(),
        _ => days.join(", "),
    };
    let (hour, minute) = window.start.hour_and_minute();
    let whose = match &window.time_zone {
        Some(zone) => zone.to_string(),
        None => "by the devices' own clocks".to_owned(),
    };
    format!(
        "window: {days} from {hour:02}:{minute:02} {whose}, for {}",
        human_duration(window.duration_hours.ms())
    )
}

fn freeze(freeze: &Freeze) -> String {
    let text = format!("frozen: {} to {}", freeze.from, freeze.to);
    match &freeze.reason {
        Some(reason) => format!("{text}, {reason}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The campaign of the protocol's own vector.
    #[test]
    fn a_campaign_says_when_it_may_do_what() {
        let vector = include_str!("../../../schemas/tests/vectors/status-campaign-rolling.txt");
        let (_, json) = vector.split_once("== json ==\n").unwrap();
        let status = serde_json::from_str(json).unwrap();
        assert_eq!(
            calendar(&status),
            [
                "schedule: starts 2026-12-01 08:00 Europe/Berlin, pauses 2027-03-01 01:00 Europe/Berlin",
                "window: sat, sun from 02:00 by the devices' own clocks, for 3 h",
                "window: every day from 13:30 America/New_York, for 40 m",
                "in their window: 12; waiting for it: 80, the next opens 2026-09-22 03:20 Europe/Berlin",
                "frozen: 2026-12-20 to 2027-01-03, year's end",
                "frozen: 2027-02-01T18:00:00Z to 2027-02-02T06:00:00Z",
            ]
        );
    }
}
