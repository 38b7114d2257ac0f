//! Operators who get in each other's way, overstep their role, or write nonsense.

use fleetfold_schemas::{
    CampaignId, Name, OperatorTopic, Topic,
    campaign::HOUR_MS,
    command::{
        Command, CommandMessage, CreateCampaign, EditCampaign, Lifecycle, SetLifecycle, TrustKey,
    },
};
use serde_json::json;

use super::{
    desk::Verb,
    draft::spec,
    operator::{ROOT, STAFF},
    world::Sim,
};

impl Sim {
    /// Now and then somebody does something that he should not, or that somebody else did not expect.
    pub fn make_trouble(&mut self, at: usize) {
        let chaos = self.plan.weather.chaos;
        if !self.operators[at].stream.happens(chaos) {
            return;
        }
        self.count("trouble");
        match self.operators[at].stream.below(13) {
            0..=3 => self.race(at),
            4 | 5 => self.change_lifecycle(at),
            6 => self.send_nonsense(at),
            7 => self.overstep(at),
            8 => self.repeat_id(at),
            9 => self.send_old_id(at),
            10 => self.send_impossible_campaign(at),
            11 => self.edit(at),
            _ => self.register_again(at),
        }
    }

    /// A command about a campaign, with the right version, a stale one or none.
    fn race(&mut self, at: usize) {
        if self.book.campaigns.is_empty() {
            return;
        }
        let now = self.queue.now_ms();
        let operator = &mut self.operators[at];
        let campaign = &self.book.campaigns[operator.stream.below(self.book.campaigns.len())];
        let version = campaign.version;
        let expected_version = match operator.stream.below(4) {
            0 => None,
            1 => Some(version.saturating_sub(1)),
            2 => Some(version + 1),
            _ => Some(version),
        };
        let mut verb = operator.stream.pick(&Verb::ALL);
        if matches!(verb, Verb::Cancel) && operator.stream.percent(70) {
            verb = Verb::Pause;
        }
        let device = operator.stream.below(self.devices.len());
        let command = verb.of(campaign.id(), &self.devices[device].id);
        let id = operator
            .stream
            .percent(60)
            .then(|| operator.command_id(now));
        let message = CommandMessage {
            id: id.clone(),
            expected_version,
            command,
        };
        self.send_command(at, id, message.encode(), false);
    }

    /// Changes a campaign that may have been started in the meantime.
    fn edit(&mut self, at: usize) {
        if self.book.campaigns.is_empty() {
            return;
        }
        let stream = &mut self.operators[at].stream;
        let campaign = &self.book.campaigns[stream.below(self.book.campaigns.len())];
        let mut spec = campaign.spec.clone();
        spec.priority = stream.pick(&[1, 50, 150]);
        let command = Command::EditCampaign(EditCampaign {
            campaign: spec.into(),
        });
        self.command(at, command, true);
    }

    fn change_lifecycle(&mut self, at: usize) {
        let device = self.operators[at].stream.below(self.devices.len());
        let device = self.devices[device].id.clone();
        let stream = &mut self.operators[at].stream;
        let lifecycle = match stream.below(20) {
            0 => Lifecycle::Retired,
            1..10 => Lifecycle::Maintenance,
            _ => Lifecycle::Active,
        };
        let command = Command::SetLifecycle(SetLifecycle { device, lifecycle });
        self.command(at, command, true);
    }

    fn send_nonsense(&mut self, at: usize) {
        let payload = match self.operators[at].stream.below(5) {
            0 => b"not json".to_vec(),
            1 => json!({"command": "campaign.explode"})
                .to_string()
                .into_bytes(),
            2 => json!({"command": "campaign.pause", "campaign": "campaign-0", "mood": "bad"})
                .to_string()
                .into_bytes(),
            3 => json!({"command": "device.lifecycle", "device": "nobody", "lifecycle": "active"})
                .to_string()
                .into_bytes(),
            _ => Vec::new(),
        };
        self.send_command(at, None, payload, false);
    }

    /// A command above the operator's role, or on somebody else's topic.
    fn overstep(&mut self, at: usize) {
        if self.operators[at].stream.percent(50) {
            let command = Command::TrustKey(TrustKey {
                name: Name::parse("rogue").expect("our own names are valid"),
                public_key: self.catalog.rogue_key.verifying_key().to_bytes(),
            });
            if at == ROOT {
                return;
            }
            self.command(at, command, true);
            return;
        }
        let other = STAFF[(at + 1) % STAFF.len()].0;
        let other = other.parse().expect("our own names are valid");
        let topic = Topic::Operator(other, OperatorTopic::Command).to_string();
        self.send_order(at, None, topic, b"{}".to_vec(), true);
    }

    /// Two different commands under the same id: the first that arrives is the one.
    fn repeat_id(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let id = self.operators[at].command_id(now);
        let campaign = CampaignId::parse("campaign-0").expect("our own names are valid");
        let device = self.devices[0].id.clone();
        for verb in [Verb::Resume, Verb::Pause] {
            let message = CommandMessage {
                id: Some(id.clone()),
                expected_version: None,
                command: verb.of(&campaign, &device),
            };
            self.send_command(at, Some(id.clone()), message.encode(), false);
        }
    }

    fn send_old_id(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let operator = &mut self.operators[at];
        let made_ms = operator
            .stream
            .pick(&[now - 8 * 24 * HOUR_MS, now + 2 * HOUR_MS]);
        let id = operator.command_id(made_ms);
        let campaign = CampaignId::parse("campaign-0").expect("our own names are valid");
        let message = CommandMessage {
            id: Some(id.clone()),
            expected_version: None,
            command: Verb::Resume.of(&campaign, &self.devices[0].id),
        };
        self.send_command(at, Some(id), message.encode(), false);
    }

    fn send_impossible_campaign(&mut self, at: usize) {
        let id = CampaignId::parse("campaign-0").expect("our own names are valid");
        let now = self.queue.now_ms();
        let stream = &mut self.operators[at].stream;
        let mut spec = spec(stream, &id, &self.catalog, (0, now));
        match stream.below(3) {
            // The id may be taken.
            0 => {}
            1 => spec.phases.push(spec.phases[0].clone()),
            _ => spec.releases[0].version = "9.9.9".parse().expect("our own versions are valid"),
        }
        if spec.phases.len() == 1 {
            // It would be possible, and take the id of a campaign to come.
            spec.phases.clear();
        }
        let command = Command::CreateCampaign(CreateCampaign {
            campaign: spec.into(),
        });
        self.command(at, command, true);
    }

    fn register_again(&mut self, at: usize) {
        let device = self.operators[at].stream.below(self.devices.len());
        let command = self.devices[device].registration(&self.catalog);
        self.command(at, command, true);
    }
}
