//! Findings about schedule and maintenance windows.

use alloc::format;

use fleetfold_schemas::{campaign::human_duration, rehearsal::Severity};

use super::{Lint, devices, finding, survey::begins};
use crate::{Timestamp, calendar::clock, schedule};

impl Lint<'_> {
    pub(super) fn calendar(&mut self, now: Timestamp) {
        self.schedule(now);
        let windows = &self.survey.windows;
        let (never, without_zone) = (windows.never, windows.without_zone);
        let text = format!(
            "no maintenance window of {} opens before the campaign is over",
            devices(never)
        );
        let advice = "give them a window, or the campaign more time";
        self.about(
            self.severity_of(never),
            "window_never_opens",
            never,
            text,
            advice,
        );
        let zone = self.campaign.spec.time_zone.as_ref();
        let text = format!(
            "{} do not say a time zone that is known: their windows open by the clock of {}",
            devices(without_zone),
            zone.map_or("UTC", |zone| zone.as_str())
        );
        let advice = "nothing, if that is their clock; else have them say `time_zone`, or set the campaign's";
        self.about(Severity::Info, "no_time_zone", without_zone, text, advice);
    }

    fn schedule(&mut self, now: Timestamp) {
        let spec = &self.campaign.spec;
        let zone = spec.time_zone.as_ref();
        let Some(end) = spec.schedule.end.map(|end| end.ms()) else {
            return;
        };
        if schedule::is_over(self.campaign, now) {
            self.found.push(finding(
                Severity::Error,
                "schedule_over",
                format!(
                    "its schedule ended at {}: it cannot be started",
                    clock(end, zone)
                ),
                "set a later schedule.end, or none",
            ));
            return;
        }
        let (phases, limit) = (self.phases_ms(), end - begins(self.campaign, now));
        if phases > limit {
            self.found.push(finding(
                Severity::Error,
                "phases_too_long",
                format!(
                    "the phases take {} at least, and the schedule ends after {}",
                    human_duration(phases),
                    human_duration(limit)
                ),
                "shorten the phases or set a later schedule.end",
            ));
        }
    }
}
