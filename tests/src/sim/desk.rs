//! The work of an operator: a plan that is carried out whatever happens.

use std::collections::VecDeque;

use super::{
    catalog::Model,
    draft::spec,
    invariants::Status,
    operator::{OrderId, ROOT},
    random::Stream,
    world::Sim,
};
use fleetfold_core::CampaignIx;
use fleetfold_schemas::{
    CampaignId, DeviceId, Name, OperatorTopic, Topic,
    campaign::{BasisPoints, CampaignSpec, HOUR_MS, MINUTE_MS, Other, Rates, ReleaseRef},
    command::{
        ArmName, CampaignCommand, Command, CreateCampaign, Credential, EditCampaign, Lifecycle,
        MemberCommand, PromoteArm, RegisterDevice, RetryCampaign, RollbackCampaign, RollbackReason,
        SetLifecycle, TrustKey,
    },
};

/// Commands sent at once: a first set-up of a large fleet is done in bursts, too.
const BURST: usize = 200;
/// The end of the name of a campaign that brings the winner of a test to everybody.
const WINNER: &str = "-winner";
/// Its last phase alone takes three days.
const WINNER_MS_MAX: u64 = 80 * HOUR_MS;
/// Resumes of one campaign before its operator has had enough.
const RESUMES_MAX: u32 = 4;

/// The operator's plan.
#[derive(Debug)]
pub struct Desk {
    lanes: Vec<Lane>,
    campaigns: Vec<Care>,
    stream: Stream,
}

/// Things that are done one after the other, independently of other lanes. The first is the set-up.
#[derive(Debug)]
struct Lane {
    at_ms: u64,
    steps: VecDeque<Step>,
    waiting: Vec<(OrderId, Option<Command>)>,
}

#[derive(Debug, Clone)]
enum Step {
    Commands(Vec<Command>),
    /// With the ways back that there can be by then.
    Publish {
        model: usize,
        release: usize,
    },
    /// If it compares with another release, with what there is by then.
    Create(Box<CampaignSpec>),
    Upload {
        model: usize,
        release: usize,
    },
}

/// What the operator thinks of one campaign.
#[derive(Debug, Default, Clone)]
struct Care {
    decide_at_ms: Option<u64>,
    resumes: u32,
    is_left: bool,
}

impl Desk {
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self {
            lanes: Vec::new(),
            campaigns: Vec::new(),
            stream,
        }
    }

    fn lane(&mut self, at_ms: u64, steps: Vec<Step>) {
        self.lanes.push(Lane {
            at_ms,
            steps: steps.into(),
            waiting: Vec::new(),
        });
    }
}

impl Sim {
    /// Lays out everything that the operator wants to do.
    pub fn make_plan(&mut self) {
        let trust = Command::TrustKey(TrustKey {
            name: Name::parse("release").expect("our own names are valid"),
            public_key: self.catalog.release_key.verifying_key().to_bytes(),
        });
        let mut steps = vec![Step::Commands(vec![trust])];
        let catalog = &self.catalog;
        // Who comes late may be in time for a campaign under way.
        let late_percent = self.desk.stream.pick(&[0, 0, 20, 50]);
        let (late, early): (Vec<_>, Vec<_>) = self
            .devices
            .iter()
            .map(|device| device.registration(catalog))
            .partition(|_| self.desk.stream.percent(late_percent));
        let liars = self.liars.iter().map(|liar| liar.registration(catalog));
        let mut registrations: Vec<_> = early.into_iter().chain(liars).collect();
        registrations.extend((0..self.plan.ghosts).map(|number| ghost(number, &catalog.models[0])));
        steps.extend(
            registrations
                .chunks(BURST)
                .map(|burst| Step::Commands(burst.to_vec())),
        );
        for model in 0..catalog.models.len() {
            // Deltas from the factory's image need it, too.
            steps.extend(publication(model, 0));
        }
        let now = self.queue.now_ms();
        self.desk.lane(now, steps);
        for registration in late {
            let wait_ms = 10 * MINUTE_MS..=self.plan.safety_ms / 2 + HOUR_MS;
            let at_ms = now + self.desk.stream.within(wait_ms);
            self.desk
                .lane(at_ms, vec![Step::Commands(vec![registration])]);
        }
        for number in 0..self.plan.campaigns {
            self.plan_campaign(number);
        }
    }

    fn plan_campaign(&mut self, number: usize) {
        let now = self.queue.now_ms();
        let stream = &mut self.desk.stream;
        let releases = self.catalog.models[0].releases.len();
        let release = (1 + number).min(releases - 1);
        let at_ms = now + 10 * MINUTE_MS + stream.within(0..=self.plan.safety_ms / 2);
        let id = CampaignId::parse(&format!("campaign-{number}")).expect("our own names are valid");
        let mut describe = || {
            let mut spec = spec(stream, &id, &self.catalog, (release, at_ms));
            if self.plan.ghosts > 0 && number == 0 {
                // One at least that more devices wait for than a step may start.
                let all = spec.releases.clone();
                spec.groups = CampaignSpec::new(id.clone(), all).groups;
                spec.rates = Rates::default();
            }
            spec
        };
        let (draft, edited) = (describe(), describe());
        let is_edited = stream.percent(30);
        let mut steps: Vec<_> = (0..self.catalog.models.len())
            .flat_map(|model| publication(model, release))
            .collect();
        steps.push(Step::Create(Box::new(draft)));
        if is_edited {
            steps.push(Step::Commands(vec![Command::EditCampaign(EditCampaign {
                campaign: edited.into(),
            })]));
        }
        steps.push(Step::Commands(vec![Command::StartCampaign(of(&id))]));
        self.desk.lane(at_ms, steps);
    }

    #[must_use]
    pub fn is_plan_done(&self) -> bool {
        let is_done = |lane: &Lane| lane.steps.is_empty() && lane.waiting.is_empty();
        self.desk.lanes.iter().all(is_done)
    }

    pub fn follow_plan(&mut self) {
        for at in 0..self.desk.lanes.len() {
            self.follow_lane(at);
            let is_set_up =
                self.desk.lanes[0].steps.is_empty() && self.desk.lanes[0].waiting.is_empty();
            if !is_set_up {
                return;
            }
        }
        for ix in 0..self.book.campaigns.len() {
            self.care_for(ix);
        }
        if self.is_peaceful {
            self.end_maintenance();
        }
    }

    fn follow_lane(&mut self, at: usize) {
        let now = self.queue.now_ms();
        let waiting = std::mem::take(&mut self.desk.lanes[at].waiting);
        let mut still = Vec::new();
        for (order, command) in waiting {
            if !self.is_answered(order) {
                still.push((order, command));
            } else if let Some(command) = command.filter(|_| self.was_untimely(order)) {
                // The clocks disagree: without an id, time plays no part.
                let order = self.command(ROOT, command, false);
                still.push((order, None));
            }
        }
        let lane = &mut self.desk.lanes[at];
        if lane.at_ms > now || !still.is_empty() {
            lane.waiting = still;
            return;
        }
        let Some(step) = lane.steps.pop_front() else {
            return;
        };
        let orders = match step {
            Step::Commands(commands) => commands
                .into_iter()
                .map(|command| {
                    let with_id = self.desk.stream.percent(85);
                    let order = self.command(ROOT, command.clone(), with_id);
                    (order, Some(command))
                })
                .collect(),
            Step::Publish { model, release } => {
                let releases = &self.book.releases;
                let is_known = |image| releases.iter().any(|release| release.image == image);
                let key = &self.catalog.release_key;
                let command = self.catalog.models[model].publish(release, key, is_known);
                vec![(self.command(ROOT, command.clone(), true), Some(command))]
            }
            Step::Create(mut spec) => {
                self.choose_other(&mut spec);
                let campaign = (*spec).into();
                let command = Command::CreateCampaign(CreateCampaign { campaign });
                vec![(self.command(ROOT, command.clone(), true), Some(command))]
            }
            Step::Upload { model, release } => {
                let firmware = self.catalog.models[model].releases[release].clone();
                let operator = self.operators[ROOT].id.clone();
                let upload = OperatorTopic::Upload(firmware.digest, 0);
                let topic = Topic::Operator(operator, upload).to_string();
                let order = self.send_order(ROOT, None, topic, firmware.image.to_vec(), false);
                vec![(order, None)]
            }
        };
        self.desk.lanes[at].waiting = orders;
    }

    /// A test compares with the newest other release there is, or with none.
    fn choose_other(&mut self, spec: &mut CampaignSpec) {
        let Some(test) = &mut spec.ab_testing else {
            return;
        };
        if self.desk.stream.percent(30) {
            return;
        }
        let others = spec.releases.iter().map(|own| {
            let mut models = self.catalog.models.iter();
            let model = models.find(|model| model.id == own.model)?;
            let mut others = model.releases.iter().rev().filter(|release| {
                let mut known = self.book.releases.iter();
                release.version != own.version && known.any(|known| known.image == release.digest)
            });
            others.next().map(|release| ReleaseRef {
                model: model.id.clone(),
                version: release.version.clone(),
            })
        });
        if let Some(others) = others.collect() {
            test.other = Other::Releases(others);
        }
    }

    /// Looks after a campaign that is paused, or was never started.
    fn care_for(&mut self, ix: usize) {
        let now = self.queue.now_ms();
        while self.desk.campaigns.len() <= ix {
            self.desk.campaigns.push(Care::default());
        }
        let campaign = self
            .book
            .campaign(CampaignIx::try_from(ix).expect("few campaigns"));
        let (id, status) = (campaign.id().clone(), campaign.status.clone());
        let care = &mut self.desk.campaigns[ix];
        if care.is_left {
            return;
        }
        match (&status, care.decide_at_ms) {
            (Status::Paused(_) | Status::BackPaused(_) | Status::Draft, None) => {
                let most_ms = if self.is_peaceful {
                    10 * MINUTE_MS
                } else {
                    2 * HOUR_MS
                };
                care.decide_at_ms = Some(now + self.desk.stream.within(MINUTE_MS..=most_ms));
            }
            (Status::Draft, Some(at_ms)) if at_ms <= now && self.is_peaceful => {
                care.decide_at_ms = None;
                let start = self.desk.stream.percent(70);
                self.campaign_command(&id, if start { Verb::Start } else { Verb::Cancel });
            }
            (Status::Paused(_) | Status::BackPaused(_), Some(at_ms)) if at_ms <= now => {
                care.decide_at_ms = None;
                care.resumes += 1;
                let resumes = care.resumes;
                if self.desk.stream.percent(15) {
                    self.campaign_command(&id, Verb::Retry);
                }
                match self.desk.stream.below(100) {
                    0..75 if resumes <= RESUMES_MAX => self.campaign_command(&id, Verb::Resume),
                    75..82 => self.campaign_command(&id, Verb::Cancel),
                    82..87 => self.campaign_command(&id, Verb::RollBack),
                    _ if self.is_peaceful => self.desk.campaigns[ix].is_left = true,
                    _ => {}
                }
            }
            (Status::Rolling, _) if !self.is_peaceful && self.desk.stream.below(1_000) == 0 => {
                let verb = self.desk.stream.pick(&WHIMS);
                self.campaign_command(&id, verb);
            }
            (Status::Rolling | Status::RollingBack, _)
                if self.is_peaceful && id.as_str().ends_with(WINNER) =>
            {
                self.hurry(ix);
            }
            _ if status.is_final() && self.desk.stream.below(1_000) == 0 => {
                let verb = self.desk.stream.pick(&AFTERTHOUGHTS);
                if !self.is_peaceful || matches!(verb, Verb::Archive) {
                    self.campaign_command(&id, verb);
                }
            }
            _ => {}
        }
    }

    /// A winner's campaign takes a week, which nobody here has.
    fn hurry(&mut self, ix: usize) {
        let campaign = &self.book.campaigns[ix];
        let (id, is_last) = (campaign.id().clone(), campaign.is_last_phase());
        let started_ms = campaign.started_ms.unwrap_or(0);
        if self.operators[ROOT].open_orders() > 0 || self.desk.stream.below(20) != 0 {
            return;
        }
        if started_ms + WINNER_MS_MAX < self.queue.now_ms() {
            self.campaign_command(&id, Verb::Cancel);
        } else if !is_last && campaign.status == Status::Rolling {
            self.campaign_command(&id, Verb::Advance);
        }
    }

    fn campaign_command(&mut self, id: &CampaignId, verb: Verb) {
        let device = self.desk.stream.below(self.devices.len());
        let command = verb.of(id, &self.devices[device].id);
        self.command(ROOT, command, true);
    }

    /// Every device that was taken out of service comes back.
    fn end_maintenance(&mut self) {
        let out: Vec<_> = self
            .book
            .fleet
            .devices
            .iter()
            .filter(|device| device.lifecycle == Lifecycle::Maintenance)
            .map(|device| device.id.clone())
            .collect();
        if self.operators[ROOT].open_orders() > 0 {
            return;
        }
        for device in out {
            let lifecycle = Lifecycle::Active;
            let command = Command::SetLifecycle(SetLifecycle { device, lifecycle });
            self.command(ROOT, command, true);
        }
    }
}

/// What an operator may do to a campaign.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Start,
    Pause,
    Resume,
    Cancel,
    Advance,
    Archive,
    Retry,
    RetryOne,
    Exclude,
    Expedite,
    RollBack,
    /// A few at first.
    RollBackInPhases,
    PromoteA,
    PromoteB,
}

/// What comes to mind about a campaign that is over.
const AFTERTHOUGHTS: [Verb; 10] = [
    Verb::Archive,
    Verb::Archive,
    Verb::Archive,
    Verb::Archive,
    Verb::Archive,
    Verb::Archive,
    Verb::RollBack,
    Verb::RollBackInPhases,
    Verb::PromoteA,
    Verb::PromoteB,
];

/// What comes to the mind of one who looks at a campaign that runs.
const WHIMS: [Verb; 15] = [
    Verb::Pause,
    Verb::Pause,
    Verb::Cancel,
    Verb::Advance,
    Verb::Advance,
    Verb::Retry,
    Verb::RetryOne,
    Verb::Exclude,
    Verb::Exclude,
    Verb::Expedite,
    Verb::Expedite,
    Verb::Expedite,
    Verb::RollBack,
    Verb::RollBackInPhases,
    Verb::RollBackInPhases,
];

impl Verb {
    pub(super) const ALL: [Self; 14] = [
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Cancel,
        Self::Advance,
        Self::Archive,
        Self::Retry,
        Self::RetryOne,
        Self::Exclude,
        Self::Expedite,
        Self::RollBack,
        Self::RollBackInPhases,
        Self::PromoteA,
        Self::PromoteB,
    ];

    /// The command, with a device in case it is about one.
    pub(super) fn of(self, id: &CampaignId, device: &DeviceId) -> Command {
        let member = MemberCommand {
            campaign: id.clone(),
            device: device.clone(),
            reason: None,
        };
        let retry = |device| {
            Command::RetryCampaign(RetryCampaign {
                campaign: id.clone(),
                device,
                reason: None,
            })
        };
        let back = |phases: &[u8]| {
            Command::RollbackCampaign(RollbackCampaign {
                campaign: id.clone(),
                reason: RollbackReason::CriticalBug,
                phases: phases
                    .iter()
                    .copied()
                    .map(BasisPoints::from_percent)
                    .collect(),
            })
        };
        let promote = |arm| {
            Command::PromoteArm(PromoteArm {
                campaign: id.clone(),
                arm,
                reason: None,
            })
        };
        match self {
            Self::RollBack => back(&[]),
            Self::RollBackInPhases => back(&[20, 60]),
            Self::PromoteA => promote(ArmName::A),
            Self::PromoteB => promote(ArmName::B),
            Self::Start => Command::StartCampaign(of(id)),
            Self::Pause => Command::PauseCampaign(of(id)),
            Self::Resume => Command::ResumeCampaign(of(id)),
            Self::Cancel => Command::CancelCampaign(of(id)),
            Self::Advance => Command::AdvanceCampaign(of(id)),
            Self::Archive => Command::ArchiveCampaign(of(id)),
            Self::Retry => retry(None),
            Self::RetryOne => retry(Some(device.clone())),
            Self::Exclude => Command::ExcludeDevice(member),
            Self::Expedite => Command::ExpediteDevice(member),
        }
    }
}

fn of(id: &CampaignId) -> CampaignCommand {
    CampaignCommand {
        campaign: id.clone(),
        reason: None,
    }
}

fn ghost(number: usize, model: &Model) -> Command {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Command::RegisterDevice(RegisterDevice {
        tenant: None,
        device: DeviceId::parse(&format!("ghost-{number}")).expect("our own names are valid"),
        model: model.id.clone(),
        credential: Credential::TokenSha256(hash),
    })
}

fn publication(model: usize, release: usize) -> Vec<Step> {
    vec![
        Step::Upload { model, release },
        Step::Publish { model, release },
    ]
}
