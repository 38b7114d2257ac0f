//! The end of a demonstration: one object for programs, a few lines for people.

use std::{fmt::Write as _, path::Path, time::Duration};

use fleetfold_schemas::{
    Name,
    campaign::human_duration,
    status::{CampaignState, CampaignStatus, Cause, FleetSummary, PhaseState, Tally},
};
use serde::Serialize;

use crate::server::{ADMIN, ADMIN_PASSWORD_FILE, Server};

#[derive(Debug, Serialize)]
pub struct Outcome {
    pub status: CampaignState,
    pub cause: Option<Cause>,
    pub devices: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub rolled_back: u64,
    pub exposed: u64,
    pub phases: Vec<Phase>,
    /// Facts in the log.
    pub events: u64,
    pub duration_s: f64,
    /// How long the campaign took on its own clock, if it is over.
    pub campaign_s: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Phase {
    pub name: Name,
    pub state: PhaseState,
    pub devices: u64,
    #[serde(flatten)]
    pub tally: Tally,
}

impl Outcome {
    #[must_use]
    pub fn new(status: &CampaignStatus, fleet: &FleetSummary, took: Duration) -> Self {
        let phases = status.phases.iter().map(|phase| Phase {
            name: phase.name.clone(),
            state: phase.state,
            devices: phase.devices,
            tally: phase.tally,
        });
        let course = status.started_ms.zip(status.ended_ms);
        let campaign_s =
            course.map(|(from, to)| Duration::from_millis(to.saturating_sub(from)).as_secs_f64());
        Self {
            status: status.status,
            cause: status.cause.clone(),
            devices: status.devices,
            succeeded: status.totals.updated,
            failed: status.totals.failed,
            rolled_back: status.totals.rolled_back,
            exposed: status.exposed,
            phases: phases.collect(),
            events: fleet.events,
            duration_s: took.as_secs_f64(),
            campaign_s,
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self, server: &Server, data: &Path, keeps_serving: bool) -> String {
        let mut text = String::new();
        let mut line = |arguments: std::fmt::Arguments<'_>| {
            text.write_fmt(arguments)
                .expect("writing to a string does not fail");
            text.push('\n');
        };
        line(format_args!("Campaign {}.", self.status.as_str()));
        if let Some(cause) = &self.cause {
            line(format_args!("  because {}", cause.text));
        }
        line(format_args!(
            "  {} devices: {} updated, {} failed ({} of them back on their old image), {} never exposed",
            self.devices,
            self.succeeded,
            self.failed,
            self.rolled_back,
            self.devices.saturating_sub(self.exposed),
        ));
        line(format_args!(
            "  {} were exposed to the new image",
            self.exposed
        ));
        let on_its_clock = self.campaign_s.map_or_else(String::new, |seconds| {
            let took = human_duration((seconds * 1000.0) as u64);
            format!(", {took} on the campaign's clock")
        });
        line(format_args!(
            "  {} events in the log; {:.1} s here{on_its_clock}",
            self.events, self.duration_s,
        ));
        if keeps_serving {
            line(format_args!(
                "Metrics: http://{}/metrics",
                server.http_address
            ));
            line(format_args!(
                "Status:  mosquitto_sub -p {} -u {ADMIN} -P \"$(cat {})\" -v -t 'fleet/v1/campaigns/+/status'",
                server.address.port(),
                data.join(ADMIN_PASSWORD_FILE).display()
            ));
            line(format_args!(
                "         also fleet/v1/devices/+/status, fleet/v1/releases/+/+, fleet/v1/log/facts"
            ));
        } else {
            line(format_args!(
                "With --keep it goes on serving metrics (http://{}/metrics) and the topics\n  \
                 fleet/v1/campaigns/+/status, fleet/v1/devices/+/status, fleet/v1/releases/+/+, fleet/v1/log/facts",
                server.http_address
            ));
        }
        text
    }
}
