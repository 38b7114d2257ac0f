//! The engine, its devices and operators, in virtual time.

use std::collections::BTreeMap;

use super::{
    Steps,
    agent::{Agent, Deed, Traits},
    book::Book,
    command, explained, notices, reported,
    script::{self, Line},
    words,
};
use fleetfold_core::{
    Answer, Core, DeltaOutcome, DeviceIx, Effect, Fact, Request, State, Step, StoredArtifact,
    Timestamp, fact::Role, snapshot, view,
};
use fleetfold_schemas::{
    DeviceId, Digest, ModelId, Name, OperatorId, TicketId, Version,
    campaign::{DAY_MS, HOUR_MS, MINUTE_MS},
    code::Code,
    command::{
        CloseTicket, Command, CommandMessage, Credential, Lifecycle, RegisterDevice, SetLifecycle,
        TrustKey,
    },
    device::Waiting,
    job::{Job, JobKind},
    report::Prices,
};

/// 2026-01-01T00:00:00Z, when every story begins.
const START: Timestamp = 1_767_225_600_000;
/// What a story's rollout costs.
const PRICES: Prices = Prices {
    per_gigabyte: 0.05,
    per_device_month: 0.10,
    operations_per_campaign: 20.0,
    per_support_ticket: 15.0,
};
/// Facts between two snapshots at the least: no divisor of how often a story repeats itself.
const SNAPSHOT_INTERVAL: usize = 7;
/// Snapshots in a story, about, so that long ones do not take for ever.
const SNAPSHOTS_MAX: usize = 50;
/// Wake-ups within one wait, at most: more is a loop that leads nowhere.
const WAKEUPS_MAX: u32 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Restarts {
    Never,
    /// Before every command and every wake-up, the state is thrown away and folded from the log anew.
    Often,
    /// The same, from a snapshot of it.
    Restored,
}

pub struct World {
    pub(super) core: Core,
    now: Timestamp,
    log: Vec<(Timestamp, Fact)>,
    steps: Steps,
    book: Book,
    pub(super) agents: Vec<Agent>,
    /// What the effects have put on the devices' job topics.
    pub(super) topics: BTreeMap<DeviceIx, Job>,
    /// The last headline told of each campaign.
    told: Vec<String>,
    model: ModelId,
    version: String,
    sequence: u64,
    restarts: Restarts,
}

impl World {
    /// A site with the admin ann and a trusted release key.
    pub fn new(restarts: Restarts) -> Self {
        let mut world = Self {
            core: Core::default(),
            now: START,
            log: Vec::new(),
            steps: Vec::new(),
            book: Book::default(),
            agents: Vec::new(),
            topics: BTreeMap::new(),
            told: Vec::new(),
            model: ModelId::parse("none").unwrap(),
            version: String::new(),
            sequence: 0,
            restarts,
        };
        let site = Name::parse("story").unwrap();
        world.step(&[Request::OpenSite { site, speed: None }]);
        world.operator("ann", Role::Admin);
        world.command(
            "ann",
            Command::TrustKey(TrustKey {
                name: Name::parse("release").unwrap(),
                public_key: command::release_key().verifying_key().to_bytes(),
            }),
        );
        world
    }

    /// What came of a line.
    pub fn run(&mut self, line: &str) -> Vec<String> {
        self.restart_if_wanted();
        let mut lines = match script::parse(line) {
            Line::Fleet {
                count,
                model,
                running,
                traits,
            } => self.fleet(count, model, running, &traits),
            Line::Become(who, traits) => {
                for at in self.select(&who, None) {
                    self.agents[at].traits = traits.clone();
                }
                self.devices(&who, &Deed::Greet, None)
            }
            Line::Operator(name, role, None) => self.operator(name, role),
            Line::Operator(name, role, Some(tenants)) => {
                let json = command::add_operator(name, role, tenants);
                self.send("ann", &json.to_string(), None)
            }
            Line::Release(release) => self.release(&release),
            Line::Delta { to, from, is_built } => self.delta(to, from, is_built),
            Line::Campaign(name, text) => self.campaign("campaign.create", name, text),
            Line::Edit(name, text) => self.campaign("campaign.edit", name, text),
            Line::Verb(verb, words) => {
                let (who, json) = command::verb(verb, &words);
                self.send(who, &json.to_string(), None)
            }
            Line::Lifecycle(who, lifecycle) => self.lifecycle(&who, lifecycle),
            Line::Send(who, json) => self.send(who, json, None),
            Line::Devices { who, deed, nth } => self.devices(&who, &deed, nth),
            Line::Wait(ms) => self.wait(ms),
            Line::Until(at) => self.wait(at - self.now),
            Line::Step => self.tell(&[]),
            Line::Room(free, floor) => self.tell(&[Request::Storage {
                free_bytes: free << 20,
                floor_bytes: floor << 20,
            }]),
            Line::Defaults(json) => {
                let defaults = serde_json::from_str(json).expect("defaults are JSON");
                self.tell(&[Request::SetCampaignDefaults(defaults)])
            }
            Line::Approvals(json) => {
                let policy = serde_json::from_str(json).expect("a policy is JSON");
                self.tell(&[Request::SetApprovalPolicy(policy)])
            }
            Line::Status(name) => {
                let status = view::campaign(self.core.state(), self.campaign_ix(name), self.now);
                return words::status(&status);
            }
            Line::Report(name) => {
                let (state, ix) = (self.core.state(), self.campaign_ix(name));
                return reported::report(&view::report(state, ix, self.now, Some(&PRICES)));
            }
            Line::Show(name) => {
                let ix = self.device_ix(name);
                return words::device(self.core.state(), ix, self.now, self.topics.get(&ix));
            }
            Line::Explain(name, campaign) => {
                let (state, device) = (self.core.state(), self.device_ix(name));
                let campaign = campaign.map(|campaign| self.campaign_ix(campaign));
                let explanation = view::explain(state, device, campaign, self.now);
                return explained::explanation(&explanation, self.now);
            }
            Line::Troubles => return words::troubles(self.core.state()),
            Line::CloseTicket(device, campaign) => {
                let ticket = self.ticket(device, campaign);
                let reason = Some("seen to".to_owned());
                self.command("ann", Command::CloseTicket(CloseTicket { ticket, reason }))
            }
            Line::Restart => {
                self.restart();
                Vec::new()
            }
        };
        lines.extend(self.news());
        lines
    }

    fn fleet(
        &mut self,
        count: u32,
        model: &str,
        running: Option<&str>,
        traits: &Traits,
    ) -> Vec<String> {
        self.model = ModelId::parse(model).unwrap();
        let version = Version::parse(running.unwrap_or("0.0.0")).unwrap();
        let first = self.agents.len() + 1;
        let (mut registrations, mut hellos) = (Vec::new(), Vec::new());
        for number in (first..).take(count as usize) {
            let id = DeviceId::parse(&format!("d{number}")).unwrap();
            let register = Command::RegisterDevice(RegisterDevice {
                tenant: None,
                device: id.clone(),
                model: self.model.clone(),
                credential: Credential::TokenSha256([1; 32]),
            });
            registrations.push(request("ann", &message(register), None));
            let mut agent = Agent::new(id, self.model.clone(), version.clone());
            agent.traits = traits.clone();
            if running.is_some() {
                hellos.extend(agent.act(&Deed::Greet, None, None));
            }
            self.agents.push(agent);
        }
        let registered = self.step(&registrations);
        let greeted = self.step(&hellos);
        let mut lines = match self.agents.len() {
            0 => Vec::new(),
            last => vec![format!("d{first} to d{last}")],
        };
        // What comes of them where a campaign is under way.
        for step in [registered, greeted] {
            let is_own = |fact: &&Fact| {
                !matches!(fact, Fact::DeviceRegistered(_) | Fact::LifecycleChanged(_))
            };
            let facts: Vec<_> = step.facts.iter().filter(is_own).cloned().collect();
            lines.extend(words::facts(self.core.state(), self.now, &facts));
        }
        lines
    }

    fn operator(&mut self, name: &str, role: Role) -> Vec<String> {
        self.tell(&[Request::AddOperator {
            operator: OperatorId::parse(name).unwrap(),
            role,
            password_hash: "none".into(),
        }])
    }

    fn release(&mut self, release: &script::Release<'_>) -> Vec<String> {
        let model = match release.model {
            Some(model) => ModelId::parse(model).unwrap(),
            None => self.model.clone(),
        };
        let sequence = release.sequence.unwrap_or(self.sequence + 1);
        // The ways back have the numbers after it.
        self.sequence = sequence + release.back_to.len() as u64;
        self.version = release.version.into();
        let (command, artifact) = command::release(release, &model, sequence);
        self.send("ann", &message(command), artifact)
    }

    fn delta(&mut self, to: &str, from: &str, is_built: bool) -> Vec<String> {
        let find = |version: &str| {
            let version = Version::parse(version).unwrap();
            self.core
                .state()
                .releases
                .find(&self.model, &version)
                .unwrap()
        };
        let outcome = if is_built {
            DeltaOutcome::Built {
                digest: Digest::of(b"delta"),
                bytes: 5,
            }
        } else {
            DeltaOutcome::Unavailable {
                reason: "not worth it".into(),
            }
        };
        self.tell(&[Request::Delta {
            release: find(to),
            from: find(from),
            outcome,
        }])
    }

    fn campaign(&mut self, command: &str, name: &str, text: &str) -> Vec<String> {
        let (version, text) = match text.strip_prefix("of ") {
            Some(text) => text.split_once(' ').unwrap_or((text, "")),
            None => (self.version.as_str(), text),
        };
        let mut json = command::campaign(name, &self.model, version, text);
        json["command"] = command.into();
        self.send("ann", &json.to_string(), None)
    }

    fn lifecycle(&mut self, who: &[&str], lifecycle: Lifecycle) -> Vec<String> {
        let mut lines = Vec::new();
        for at in self.select(who, None) {
            let command = Command::SetLifecycle(SetLifecycle {
                device: self.agents[at].id.clone(),
                lifecycle,
            });
            lines.extend(self.command("ann", command));
        }
        lines
    }

    fn devices(&mut self, who: &[&str], deed: &Deed, nth: Option<usize>) -> Vec<String> {
        let mut requests = Vec::new();
        let timed = match deed {
            Deed::Wait(waiting) => Deed::Wait(Waiting {
                until_ms: waiting.until_ms.map(|ms| match ms {
                    0 => 0,
                    ms => self.now.saturating_add(ms),
                }),
                ..*waiting
            }),
            deed => deed.clone(),
        };
        let deed = &timed;
        for at in self.select(who, Some(deed)) {
            let ix = self.core.state().devices.find(&self.agents[at].id).unwrap();
            let job = self.topics.get(&ix);
            let version = job.and_then(|job| self.target_version(job));
            requests.extend(self.agents[at].act(deed, job.zip(version.as_ref()), nth));
        }
        self.tell(&requests)
    }

    fn target_version(&self, job: &Job) -> Option<Version> {
        let (JobKind::Install(installation) | JobKind::Rollback(installation)) = &job.kind else {
            return None;
        };
        let mut releases = self.core.state().releases.iter();
        let release = releases.find(|(_, release)| release.image == installation.target);
        release.map(|(_, release)| release.version.clone())
    }

    fn wait(&mut self, ms: u64) -> Vec<String> {
        let until = self.now + ms;
        let mut lines = Vec::new();
        for _ in 0..WAKEUPS_MAX {
            match self.core.next_wakeup(self.now) {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.restart_if_wanted();
                    let told = self.tell(&[]);
                    if !told.is_empty() {
                        lines.push(self.clock());
                        lines.extend(told);
                    }
                }
                _ => {
                    self.now = until;
                    return lines;
                }
            }
        }
        panic!("the engine wakes up for ever");
    }

    fn clock(&self) -> String {
        let since = self.now - START;
        let (days, rest) = (since / DAY_MS, since % DAY_MS);
        format!(
            "-- day {days}, {:02}:{:02}",
            rest / HOUR_MS,
            rest % HOUR_MS / MINUTE_MS
        )
    }

    fn command(&mut self, who: &str, command: Command) -> Vec<String> {
        self.send(who, &message(command), None)
    }

    fn send(&mut self, who: &str, json: &str, artifact: Option<StoredArtifact>) -> Vec<String> {
        self.tell(&[request(who, json, artifact)])
    }

    /// A step, and what it led to in words.
    fn tell(&mut self, requests: &[Request]) -> Vec<String> {
        let step = self.step(requests);
        let mut replies = step.effects.iter().filter_map(|effect| match effect {
            Effect::Reply { reply, .. } => Some(reply),
            _ => None,
        });
        let mut lines = Vec::new();
        for (request, answer) in requests.iter().zip(&step.answers) {
            let line = match request {
                Request::Operator { .. } => {
                    let reply = replies.next().expect("every command is answered");
                    words::reply(answer, &reply.outcome)
                }
                Request::Device { device, .. } => {
                    words::answer(answer).map(|answer| format!("{device}: {answer}"))
                }
                _ => words::answer(answer),
            };
            lines.extend(line);
        }
        lines.extend(words::facts(self.core.state(), self.now, &step.facts));
        lines
    }

    /// Headlines that have changed.
    fn news(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let state = self.core.state();
        self.told
            .resize(state.campaigns.len() as usize, String::new());
        for (ix, _) in state.campaigns.iter() {
            let headline = words::headline(&view::campaign(state, ix, self.now));
            let told = &mut self.told[ix as usize];
            if *told != headline {
                told.clone_from(&headline);
                lines.push(format!("= {headline}"));
            }
        }
        lines
    }

    fn step(&mut self, requests: &[Request]) -> Step {
        let due = self.core.next_wakeup(self.now).filter(|at| *at <= self.now);
        let step = self.core.step(self.now, requests);
        self.steps.push((self.now, requests.to_vec()));
        assert_eq!(
            step.answers.len(),
            requests.len(),
            "an answer for each request"
        );
        check_commands(requests, &step);
        for fact in &step.facts {
            self.book.enter(self.now, fact);
            self.log.push((self.now, fact.clone()));
        }
        notices::check(self.core.state(), self.now, &step.facts);
        self.perform(&step.effects);
        if due.is_some() {
            let next = self.core.next_wakeup(self.now);
            let is_progress = !step.facts.is_empty() || next.is_none_or(|next| next > self.now);
            assert!(is_progress, "woken up for nothing, again and again");
        }
        let state = self.core.state();
        for (ix, _) in state.campaigns.iter() {
            self.book.check(ix, &view::campaign(state, ix, self.now));
        }
        step
    }

    /// What the shell does with the effects that concern jobs.
    fn perform(&mut self, effects: &[Effect]) {
        let state = self.core.state();
        for effect in effects {
            let devices: Vec<_> = match effect {
                Effect::DeviceJob(ix) => vec![*ix],
                Effect::CampaignJobs(ix) => {
                    let members = state.campaigns.get(*ix).roster.begun();
                    let open = members.filter(|(_, member)| member.is_open());
                    open.map(|(_, member)| member.device).collect()
                }
                _ => Vec::new(),
            };
            for ix in devices {
                match view::job(state, ix) {
                    Some(job) => self.topics.insert(ix, job),
                    None => self.topics.remove(&ix),
                };
            }
        }
    }

    fn restart_if_wanted(&mut self) {
        match self.restarts {
            Restarts::Never => {}
            Restarts::Often => self.restart(),
            Restarts::Restored => {
                self.core = restored(self.core.state());
                self.core.replayed();
            }
        }
    }

    fn restart(&mut self) {
        let mut core = Core::default();
        for (at, fact) in &self.log {
            let mut bytes = Vec::new();
            fact.encode_into(&mut bytes);
            let read = Fact::decode(&bytes).unwrap();
            assert_eq!(read, *fact, "a fact is read as it was written");
            core.replay(*at, &read);
        }
        core.replayed();
        self.core = core;
    }

    /// The state after all facts, by way of a snapshot of it after every `interval` facts.
    fn folded_from_snapshots(&self, interval: usize) -> Core {
        let mut core = Core::default();
        for facts in self.log.chunks(interval) {
            core = restored(core.state());
            for (at, fact) in facts {
                core.replay(*at, fact);
            }
        }
        core
    }

    pub fn into_steps(self) -> (Steps, Vec<Fact>) {
        let facts = self.log.into_iter().map(|(_, fact)| fact);
        (self.steps, facts.collect())
    }

    /// What must hold whatever the story was.
    pub fn check_at_the_end(&mut self) {
        let state = format!("{:?}", self.core.state());
        let digest = snapshot::digest(self.core.state());
        for (ix, device) in self.core.state().devices.iter() {
            let due = view::job(self.core.state(), ix);
            let held = self.topics.get(&ix);
            let named = |job: &Job| (job.sequence, std::mem::discriminant(&job.kind));
            assert_eq!(
                held.map(named),
                due.as_ref().map(named),
                "the effects left something else on the job topic of {}",
                device.name()
            );
        }
        self.restart();
        assert_eq!(
            format!("{:?}", self.core.state()),
            state,
            "replay gives another state"
        );
        assert_eq!(
            snapshot::digest(self.core.state()),
            digest,
            "replay gives another snapshot"
        );
        let interval = SNAPSHOT_INTERVAL.max(self.log.len() / SNAPSHOTS_MAX);
        assert_eq!(
            snapshot::digest(self.folded_from_snapshots(interval).state()),
            digest,
            "snapshots on the way give another state"
        );
    }

    fn campaign_ix(&self, name: &str) -> u32 {
        let mut campaigns = self.core.state().campaigns.iter();
        let found = campaigns.find(|(_, row)| row.id().as_str() == name);
        found.unwrap_or_else(|| panic!("no campaign {name}")).0
    }

    /// The open ticket about a device, or one that is not there.
    fn ticket(&self, device: &str, campaign: &str) -> TicketId {
        let (state, ix) = (self.core.state(), self.campaign_ix(campaign));
        let device = (device != "further").then(|| self.device_ix(device));
        let mut tickets = state.tickets.iter().filter(|(_, ticket)| {
            let member = ticket.member.map(|at| state.campaigns.get(ix).member(at));
            ticket.campaign == ix && member.map(|member| member.device) == device
        });
        TicketId(tickets.next().map_or(1, |(number, _)| number))
    }

    fn device_ix(&self, name: &str) -> DeviceIx {
        let id = DeviceId::parse(name).unwrap();
        let found = self.core.state().devices.find(&id);
        found.unwrap_or_else(|| panic!("no device {name}"))
    }
}

/// The state from its snapshot.
fn restored(state: &State) -> Core {
    let mut reader = snapshot::Reader::default();
    snapshot::write(state, &mut |section| {
        reader
            .section(section)
            .unwrap_or_else(|error| panic!("{error:?}"));
    });
    let read = reader.finish().unwrap_or_else(|error| panic!("{error:?}"));
    Core::restore(read)
}

/// Each command has exactly one outcome on record, unless it was answered before.
fn check_commands(requests: &[Request], step: &Step) {
    let outcomes = step
        .facts
        .iter()
        .filter(|fact| matches!(fact, Fact::CommandAccepted(_) | Fact::CommandRefused(_)))
        .count();
    let answers = requests.iter().zip(&step.answers);
    let is_question = |request: &Request| match request {
        Request::Operator { message, .. } => {
            (message.as_ref()).is_ok_and(|message| message.command.is_question())
        }
        _ => false,
    };
    let expected = answers
        .filter(|(request, answer)| {
            matches!(request, Request::Operator { .. })
                && **answer != Answer::Duplicate
                && !(is_question(request) && matches!(answer, Answer::Told(_)))
                && !is_for_want_of_room(answer)
        })
        .count();
    assert_eq!(outcomes, expected, "outcomes of commands on record");
}

/// The one refusal that leaves no record.
fn is_for_want_of_room(answer: &Answer) -> bool {
    matches!(answer, Answer::Rejected(rejection) if rejection.code == Code::StorageLow)
}

fn message(command: Command) -> String {
    let message = CommandMessage {
        id: None,
        expected_version: None,
        command,
    };
    String::from_utf8(message.encode()).unwrap()
}

fn request(who: &str, json: &str, artifact: Option<StoredArtifact>) -> Request {
    Request::Operator {
        operator: OperatorId::parse(who).unwrap(),
        message: CommandMessage::decode(json.as_bytes()),
        artifact,
    }
}
