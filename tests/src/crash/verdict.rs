//! What was acknowledged and published, held against the log and the devices.

use std::collections::BTreeSet;

use fleetfold_core::{Fact, fact::DeviceRegistered};
use fleetfold_device_sim::fleet::DeviceState;
use fleetfold_schemas::{
    CampaignId, Digest,
    device::JobState,
    status::{CampaignState, CampaignStatus},
};
use serde_json::{Value, json};

use super::{
    reporter::Heard,
    witness::{Acknowledged, Published},
};
use crate::recount::{Campaign, Recorded, Recount};

/// Of each kind of wrong, so many are listed; the count says how many there are.
const LISTED_MAX: usize = 5;

#[derive(Debug)]
pub(super) struct Evidence {
    pub campaign: CampaignId,
    pub new: Digest,
    pub acknowledged: Acknowledged,
    pub reporters: Vec<Heard>,
    pub published: Published,
    /// The fleet when it was switched off.
    pub devices: Vec<DeviceState>,
    /// As a server that replayed the whole log retains it.
    pub status: CampaignStatus,
    pub recount: Recount,
}

impl Evidence {
    /// Everything that is wrong, in words.
    pub fn examine(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        list(
            &mut wrong,
            "accepted commands are not in the log",
            self.lost_commands(),
        );
        list(
            &mut wrong,
            "accepted registrations are not in the log",
            self.lost_registrations(),
        );
        list(
            &mut wrong,
            "devices are registered twice",
            self.registered_twice(),
        );
        list(
            &mut wrong,
            "commands were answered wrongly",
            self.acknowledged.wrong_answers.clone(),
        );
        list(
            &mut wrong,
            "acknowledged reports are not in the log",
            self.lost_reports(),
        );
        let repeated = self
            .recount
            .repeated
            .iter()
            .map(|twice| format!("{twice:?}"));
        list(
            &mut wrong,
            "reports are in the log twice",
            repeated.collect(),
        );
        list(
            &mut wrong,
            "published facts are not in the log",
            self.lost_facts(),
        );
        let contradictions = self.published.contradictions.iter();
        list(
            &mut wrong,
            "positions were published with two facts",
            contradictions.map(u64::to_string).collect(),
        );
        list(
            &mut wrong,
            "devices are not as one update leaves them",
            self.wrong_devices(),
        );
        match self.recount.campaign(&self.campaign) {
            Some(campaign) => self.examine_campaign(campaign, &mut wrong),
            None => wrong.push("the campaign is not in the log".to_owned()),
        }
        // A test that has seen next to nothing has shown nothing.
        for (what, count) in [
            ("acknowledged reports", self.acknowledged_reports()),
            ("published facts", self.published.facts.len()),
            ("accepted commands", self.acknowledged.commands.len()),
        ] {
            if count < self.devices.len() {
                wrong.push(format!("only {count} {what} to examine"));
            }
        }
        wrong
    }

    pub fn summary(&self) -> Value {
        json!({
            "test": "crash",
            "devices": self.devices.len(),
            "facts": self.recount.facts.len(),
            "batches": self.recount.verified.batches,
            "acknowledged_commands": self.acknowledged.commands.len(),
            "acknowledged_reports": self.acknowledged_reports(),
            "sent_reports": self.reporters.iter().map(|heard| heard.sent).sum::<u64>(),
            "reporter_connections": self.reporters.iter().map(|heard| heard.connections).sum::<u64>(),
            "published_facts": self.published.facts.len(),
            "lost": 0,
            "updated_twice": 0,
        })
    }

    fn acknowledged_reports(&self) -> usize {
        self.reporters
            .iter()
            .map(|heard| heard.acknowledged.len())
            .sum()
    }

    fn lost_commands(&self) -> Vec<String> {
        let commands = self.acknowledged.commands.iter();
        commands
            .filter(|(position, name)| self.recount.command_at(*position) != Some(name))
            .map(|(position, name)| format!("{name} at {position}"))
            .collect()
    }

    /// The fact stands right behind its command.
    fn lost_registrations(&self) -> Vec<String> {
        let is_there = |position: u64, device| {
            matches!(
                self.recount.at(position + 1),
                Some(Recorded { fact: Fact::DeviceRegistered(DeviceRegistered { id, .. }), .. }) if id == device
            )
        };
        let registrations = self.acknowledged.registrations.iter();
        registrations
            .filter(|(position, id)| !is_there(*position, id))
            .map(|(position, id)| format!("{id} at {position}"))
            .collect()
    }

    fn registered_twice(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let devices = self.recount.devices.iter();
        devices
            .filter(|id| !seen.insert(*id))
            .map(ToString::to_string)
            .collect()
    }

    fn lost_reports(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for heard in &self.reporters {
            let logged = self.recount.messages.get(&heard.id);
            let missing = heard
                .acknowledged
                .iter()
                .filter(|number| !logged.is_some_and(|logged| logged.contains(number)));
            lost.extend(missing.map(|(epoch, seq)| format!("{} {epoch}/{seq}", heard.id)));
        }
        lost
    }

    fn lost_facts(&self) -> Vec<String> {
        let published = self.published.facts.iter();
        published
            .filter(|(position, fact)| {
                let recorded = self.recount.at(**position);
                !recorded.is_some_and(|recorded| is_published_as(recorded, fact))
            })
            .map(|(position, fact)| format!("{} at {position}", fact["fact"]))
            .collect()
    }

    fn wrong_devices(&self) -> Vec<String> {
        let devices = self.devices.iter();
        devices
            .filter_map(|device| {
                let wrong = wrong_device(device, self.new)?;
                Some(format!("{}: {wrong}", device.id))
            })
            .collect()
    }

    fn examine_campaign(&self, campaign: &Campaign, wrong: &mut Vec<String>) {
        if campaign.completed != 1 || self.status.status != CampaignState::Completed {
            let (completed, status) = (campaign.completed, self.status.status);
            wrong.push(format!(
                "the campaign completed {completed} times and is {status:?}"
            ));
        }
        let not_once = self.devices.iter().filter_map(|device| {
            let execution = campaign.executions.get(&device.id)?;
            let counts = (
                execution.queued,
                execution.accepted,
                execution.succeeded,
                execution.failed,
            );
            (counts != (1, 1, 1, 0)).then(|| {
                format!(
                    "{}: queued, accepted, succeeded, failed {counts:?} times",
                    device.id
                )
            })
        });
        list(
            wrong,
            "devices were not updated exactly once",
            not_once.collect(),
        );
        if campaign.executions.len() != self.devices.len() {
            let (executions, devices) = (campaign.executions.len(), self.devices.len());
            wrong.push(format!("{executions} executions of {devices} devices"));
        }
        let mut compare = |what: &str, said: String, counted: String| {
            if said != counted {
                wrong.push(format!("{what}: the status says {said}, the log {counted}"));
            }
        };
        let debug = |tally| format!("{tally:?}");
        compare(
            "totals",
            debug(self.status.totals),
            debug(campaign.tally(None)),
        );
        compare(
            "devices",
            self.status.devices.to_string(),
            campaign.devices.to_string(),
        );
        for (number, phase) in self.status.phases.iter().enumerate() {
            let name = phase.name.as_str();
            if number >= campaign.cuts.len() {
                compare(name, "it has started".to_owned(), "it has not".to_owned());
                continue;
            }
            compare(
                name,
                debug(phase.tally),
                debug(campaign.tally(Some(number))),
            );
            compare(
                name,
                phase.devices.to_string(),
                campaign.phase_devices(number).to_string(),
            );
        }
    }
}

/// Says what shows that there was not exactly one update.
fn wrong_device(device: &DeviceState, new: Digest) -> Option<String> {
    // From the factory to the old image, and from there to the trial of the new one.
    const BOOTS: u64 = 2;
    if device.running.digest != new {
        return Some(format!("runs {}", device.running.digest));
    }
    if device.boots != BOOTS {
        return Some(format!("booted {} times instead of {BOOTS}", device.boots));
    }
    match &device.outcome {
        Some(outcome) if outcome.state == JobState::Succeeded && device.job.is_none() => None,
        outcome => Some(format!("job {:?}, outcome {outcome:?}", device.job)),
    }
}

/// Whether what auditors read is this fact. They read names where the log has row numbers, which are left out here.
fn is_published_as(recorded: &Recorded, published: &Value) -> bool {
    const NAMED: [&str; 4] = ["device", "campaign", "release", "from"];
    let stored = serde_json::to_value(&recorded.fact).expect("facts have text keys");
    let stored = stored.as_object().expect("a fact is a struct");
    published["at_ms"].as_u64() == Some(recorded.at_ms)
        && stored
            .iter()
            .filter(|(key, _)| !NAMED.contains(&key.as_str()))
            .all(|(key, value)| published.get(key) == Some(value))
}

fn list(wrong: &mut Vec<String>, what: &str, found: Vec<String>) {
    if !found.is_empty() {
        let listed = found[..found.len().min(LISTED_MAX)].join("; ");
        wrong.push(format!("{} {what}: {listed}", found.len()));
    }
}
