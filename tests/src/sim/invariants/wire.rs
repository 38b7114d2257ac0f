//! What the engine says to the world, held against the book.

use fleetfold_schemas::{
    DeviceId, DeviceTopic, OperatorTopic, Topic,
    command::Reply,
    device::Ack,
    job::{Job, JobKind},
    status::{CampaignStatus, DeviceStatus, FleetSummary},
    topic::CampaignTopic,
};

use fleetfold_core::calendar::Window;

use super::{Book, Checked, Place, Status, breach, demand};
use crate::sim::world::Sim;

impl Sim {
    /// A message of the engine's, or a retained value that it gives out.
    pub fn check_published(&mut self, topic: &Topic, payload: &[u8]) {
        if let Topic::Device(id, DeviceTopic::Job) = topic {
            self.forger.sees(id, payload);
        }
        let checked = match topic {
            Topic::Device(id, DeviceTopic::Job) => self.check_job(id, payload),
            Topic::Device(id, DeviceTopic::Ack) => self.book.check_ack(id, payload),
            Topic::Device(id, DeviceTopic::Status) => self.book.check_device(id, payload),
            Topic::Operator(id, OperatorTopic::Reply) => {
                match serde_json::from_slice::<Reply>(payload) {
                    Ok(reply) => self.book.check_reply(id, &reply),
                    Err(error) => breach("a reply can be read", error.to_string()),
                }
            }
            Topic::Campaign(_, CampaignTopic::Status) => self.book.check_campaign(payload),
            Topic::FleetSummary => self.book.check_summary(payload),
            Topic::LogFacts => self.check_shown_fact(payload),
            Topic::Alert(id) => self.book.check_alert(id, payload),
            Topic::Device(..)
            | Topic::Operator(..)
            | Topic::Campaign(_, CampaignTopic::Report)
            | Topic::Release(..)
            | Topic::Ticket(_)
            | Topic::Campaign(_, CampaignTopic::Rehearsal) => Ok(()),
        };
        self.judge(checked);
    }

    /// Whether a device may be told this now.
    fn check_job(&self, id: &DeviceId, payload: &[u8]) -> Checked {
        const RULE: &str = "a job topic holds the device's open execution";
        let Some(device) = self.book.fleet.find(id) else {
            return breach(RULE, format!("{id} is not registered"));
        };
        let open = self.book.open_on(device);
        if payload.is_empty() {
            let is_shown = open.iter().any(|ix| {
                let campaign = self.book.campaign(*ix);
                let member = campaign.member(device);
                member.is_some_and(|member| match member.place {
                    Place::Queued => campaign.may_start(),
                    place if place.is_queued() => campaign.status == Status::RollingBack,
                    // No job says that its window never opens.
                    place => {
                        let may_install = member.window != Some(Window::NEVER);
                        place.is_open() && (may_install || campaign.cancels(member))
                    }
                })
            });
            return demand(!is_shown, RULE, || {
                format!("{id} has a job, and none is shown")
            });
        }
        let job = match Job::verify(payload, &self.job_keys) {
            Ok(job) => job,
            Err(error) => return breach("every job is signed", error.to_string()),
        };
        let campaigns = &self.book.campaigns;
        let Some(campaign) = campaigns.iter().find(|c| *c.id() == job.campaign) else {
            return breach(RULE, format!("{job:?}"));
        };
        let Some(member) = campaign.member(device).filter(|m| m.place.is_open()) else {
            return breach(RULE, format!("{id}: {job:?}"));
        };
        let is = |holds: bool, invariant: &'static str| {
            demand(holds, invariant, || {
                format!("{id}, {:?} in {:?}: {job:?}", member.place, campaign.status)
            })
        };
        is(job.device == *id, RULE)?;
        match &job.kind {
            JobKind::Install(installation) => {
                let model = &self.book.fleet.get(device).model;
                let target = campaign.release_of(member, model);
                let target = target.map(|at| self.book.releases[at as usize].image);
                is(
                    job.sequence == member.job && Some(installation.target) == target,
                    RULE,
                )?;
                is(
                    job.install_window.map(|it| (it.from_ms, it.until_ms))
                        == member.window.map(|it| (it.from, it.until)),
                    "a job says its window",
                )?;
                is(
                    !member.place.is_held() || !campaign.calls_back(),
                    "who waits is called back while nothing new is to start",
                )?;
                is(
                    member.place != Place::Queued || campaign.may_start(),
                    "no job is offered while paused or frozen",
                )
            }
            JobKind::Cancel { sequence } => {
                is(*sequence == member.job && campaign.cancels(member), RULE)
            }
            JobKind::Rollback(installation) => {
                let Place::Back { to, .. } = member.place else {
                    return is(false, RULE);
                };
                let image = self.book.releases[to as usize].image;
                is(
                    job.sequence == member.job && installation.target == image,
                    RULE,
                )?;
                is(
                    !member.place.is_queued() || campaign.status == Status::RollingBack,
                    "no job is offered while paused",
                )
            }
        }
    }

    fn check_shown_fact(&self, payload: &[u8]) -> Checked {
        let value: serde_json::Value = match serde_json::from_slice(payload) {
            Ok(value) => value,
            Err(error) => return breach("a shown fact can be read", error.to_string()),
        };
        let position = value["position"].as_u64().unwrap_or(0);
        demand(
            (1..=self.book.position()).contains(&position),
            "only what is recorded is shown",
            || value.to_string(),
        )
    }
}

impl Book {
    fn check_ack(&self, id: &DeviceId, payload: &[u8]) -> Checked {
        let ack = match Ack::decode(payload) {
            Ok(ack) => ack,
            Err(error) => return breach("an ack can be read", error.to_string()),
        };
        if ack.code.is_some() {
            return Ok(());
        }
        let device = self.fleet.find(id).map(|ix| self.fleet.get(ix));
        demand(
            device.is_some_and(|device| device.number >= (ack.epoch, ack.seq)),
            "an ack covers only what is recorded",
            || format!("{id}: {ack:?}, on record is {:?}", device.map(|d| d.number)),
        )
    }

    fn check_device(&self, id: &DeviceId, payload: &[u8]) -> Checked {
        let status: DeviceStatus = match serde_json::from_slice(payload) {
            Ok(status) => status,
            Err(error) => return breach("a device's status can be read", error.to_string()),
        };
        let Some(ix) = self.fleet.find(id) else {
            return breach("a device's status is true", format!("{status:?}"));
        };
        let device = self.fleet.get(ix);
        demand(
            status.lifecycle == device.lifecycle
                && status.running.as_ref().map(|running| running.digest) == device.running,
            "a device's status is true",
            || format!("{status:?} but {device:?}"),
        )
    }

    fn check_campaign(&self, payload: &[u8]) -> Checked {
        const RULE: &str = "tallies equal a recount";
        let status: CampaignStatus = match serde_json::from_slice(payload) {
            Ok(status) => status,
            Err(error) => return breach("a campaign's status can be read", error.to_string()),
        };
        let campaigns = &self.campaigns;
        let Some(campaign) = campaigns.iter().find(|c| *c.id() == status.campaign) else {
            return breach(RULE, format!("{status:?}"));
        };
        let is = |holds: bool, what: &str| {
            demand(holds, RULE, || {
                format!("{what} of {}: {status:?}, but {campaign:?}", campaign.id())
            })
        };
        is(status.position == self.position(), "the position")?;
        is(status.status == campaign.status.public(), "the state")?;
        is(status.version == campaign.version, "the version")?;
        is(status.totals == campaign.tally(None), "the totals")?;
        is(status.exposed == campaign.exposed, "the exposed devices")?;
        is(
            (status.evidence.failed, status.evidence.succeeded) == campaign.fresh_evidence(),
            "the evidence",
        )?;
        for (at, phase) in status.phases.iter().enumerate() {
            is(phase.tally == campaign.tally(Some(at)), "a phase")?;
        }
        for (at, group) in status.groups.iter().enumerate() {
            let tally = campaign.tally_of(|member| member.group == at);
            let mut members = campaign.members().iter();
            let devices = members.by_ref().filter(|it| it.group == at).count();
            is(
                group.tally == tally && group.devices == devices as u64,
                "a group",
            )?;
        }
        let arms = status.comparison.as_ref().map(|comparison| {
            let arms = comparison.arms.iter();
            arms.map(|arm| (arm.devices, arm.outcomes, arm.succeeded))
                .collect::<Vec<_>>()
        });
        is(arms == campaign.arms().map(Vec::from), "the arms")?;
        self.check_shown_approvals(&status)?;
        let is_paused = campaign.status.is_paused();
        is(
            !is_paused || status.cause.is_some() && status.hold.is_some(),
            "the cause",
        )
    }

    fn check_summary(&self, payload: &[u8]) -> Checked {
        let summary: FleetSummary = match serde_json::from_slice(payload) {
            Ok(summary) => summary,
            Err(error) => return breach("the summary can be read", error.to_string()),
        };
        let devices: u64 = summary.devices.values().sum();
        demand(
            devices == self.fleet.devices.len() as u64
                && summary.campaigns == self.campaigns.len() as u64
                && summary.releases == self.releases.len() as u64
                && summary.events == self.position(),
            "the summary is true",
            || format!("{summary:?}"),
        )
    }
}
