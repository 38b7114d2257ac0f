//! Sudden death, again and again, in the middle of a campaign; and afterwards nothing that was acknowledged is missing.
//!
//! The server is the real program. What it acknowledges and publishes is remembered outside of it by everybody who talks
//! to it: an operator (accepted commands with their positions), reporters (PUBACKs) and an auditor (published facts).
//! When the campaign has ended, the log is counted from its journal, and [`verdict`] holds the one against the other.

mod reporter;
mod verdict;
mod witness;

use std::{
    io::IsTerminal,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fleetfold::client::OperatorClient;
use fleetfold_core::cohort;
use fleetfold_device_sim::fleet::{Behaviour, Fleet, SimClock};
use fleetfold_schemas::{
    CampaignId, DeviceId, ModelId,
    campaign::CampaignSpec,
    command::Command,
    status::{CampaignState, CampaignStatus},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

use self::{reporter::Reporter, verdict::Evidence, witness::Acknowledged};
use crate::{
    Failure,
    devices::{self, Device},
    firmware::{Model, Release},
    recount::Recount,
    served::{ServeCommand, Served},
    site::{self, Site},
};

/// Devices of the campaign: enough for four phases that each take a while, and few enough for a small machine.
const DEVICES: usize = 60;
/// Of those, so many are not switched on before the last kill: the campaign is open until then, however fast it goes.
const LATECOMERS: usize = 3;
const REPORTERS: usize = 16;
/// From ready to the next kill.
const GAP_MS: std::ops::RangeInclusive<u64> = 50..=2_900;
/// From its start to the kill, where it is not given the time to get ready.
const EARLY_GAP_MS: std::ops::RangeInclusive<u64> = 0..=150;
/// One in so many kills is an early one.
const EARLY_ONE_IN: u32 = 5;
/// One in so many rounds ends with a death in the middle of an append instead. A signal from outside hardly ever meets
/// the microseconds between an answer and its record, should they ever be in the wrong order.
const IN_APPEND_ONE_IN: u32 = 2;
/// What the journal may still grow by until then: a moment's worth of a storm.
const LAST_BYTES: std::ops::RangeInclusive<u64> = 1..=65_536;
/// Before a death the reporters do not pause, so that it meets batches of many, with the answers of the one before still
/// on their way.
const STORM_MS: std::ops::RangeInclusive<u64> = 10..=60;
/// Of the watch times of all phases, for each round: about the time from one kill to the next.
const CAMPAIGN_MS_PER_ROUND: u64 = 1_600;
const PHASES: [(&str, u8); 4] = [("canary", 10), ("early", 30), ("broad", 60), ("full", 100)];
/// A round takes two seconds on an idle machine.
const PATIENCE_PER_ROUND: Duration = Duration::from_secs(6);
/// Beginning and end: registrations, the latecomers' updates, the last waits of devices that could not connect.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: u32,
    /// Decides devices, images and the moments of the kills; not, of course, what else the machine does meanwhile.
    pub seed: u64,
}

/// How the server died.
#[derive(Debug, Default)]
struct Deaths {
    killed: u32,
    /// Of the killed, those that had not been ready.
    killed_early: u32,
    in_append: u32,
}

/// Runs the whole test in a directory that is there and empty, and returns what it found as one JSON object.
pub async fn run(plan: Plan, below: &Path) -> Result<Value, Failure> {
    let serve = ServeCommand::prepare(below, plan.seed)?;
    let outcome = Run::new(plan, serve.clone()).all().await;
    outcome.map_err(|error| {
        format!("{error}\nthe server's last words:\n{}", serve.last_words()).into()
    })
}

struct Run {
    plan: Plan,
    serve: ServeCommand,
    site: Site,
    dice: ChaCha8Rng,
    storm: Arc<AtomicBool>,
    deadline: Instant,
    model: Model,
    old: Release,
    new: Release,
    devices: Vec<Device>,
    campaign: CampaignId,
}

impl Run {
    fn new(plan: Plan, serve: ServeCommand) -> Self {
        let campaign = CampaignId::parse("crash").expect("our own names are valid");
        let mut devices = Device::many("device", plan.seed, DEVICES);
        // In the order of the campaign, so that the latecomers belong to its last phase.
        devices.sort_by_key(|device| cohort::rank(&campaign, &device.id));
        let old = Release::first(plan.seed, 128 * 1024);
        Self {
            site: serve.site(),
            serve,
            dice: ChaCha8Rng::seed_from_u64(plan.seed),
            storm: Arc::default(),
            deadline: Instant::now() + PATIENCE + PATIENCE_PER_ROUND * plan.rounds,
            model: Model::new("sensor", plan.seed),
            // Half of the pages change: a delta of four chunks, which a device can be interrupted at.
            new: old.next(plan.seed, 2),
            old,
            devices,
            campaign,
            plan,
        }
    }

    async fn all(mut self) -> Result<Value, Failure> {
        let started = Instant::now();
        let server = self.start().await?;
        let operator = self.site.operator().await?;
        let mut acknowledged = Acknowledged::default();
        let reporters = self.set_up(&operator, &mut acknowledged).await?;

        let late = self.devices.split_off(DEVICES - LATECOMERS);
        let fleet = self.switch_on(&self.devices)?;
        let (stop, stopped) = watch::channel(false);
        let auditor = self.site.operator().await?;
        let auditing = tokio::spawn(witness::audit(auditor, stopped.clone()));
        let commanding = tokio::spawn(witness::command(
            operator.clone(),
            acknowledged,
            stopped.clone(),
        ));
        let reporting: Vec<_> = reporters
            .into_iter()
            .map(|reporter| {
                let dice = ChaCha8Rng::from_rng(&mut self.dice);
                tokio::spawn(reporter.run(self.site.address, dice, stopped.clone()))
            })
            .collect();
        let beginning = tokio::spawn(begin(operator.clone(), self.spec()));

        let (server, deaths) = self.kill_and_restart(server).await?;
        let campaign_acknowledged = within(self.deadline, "its start", beginning).await???;
        let latecomers = self.switch_on(&late)?;
        let completed = self.completed(&operator);
        within(self.deadline, "the campaign's end", completed).await??;

        stop.send_replace(true);
        let mut acknowledged = within(self.deadline, "an answer", commanding).await???;
        acknowledged.commands.extend(campaign_acknowledged);
        let mut heard = Vec::new();
        for reporter in reporting {
            heard.push(within(self.deadline, "a reporter", reporter).await??);
        }
        let published = within(self.deadline, "the auditor", auditing).await???;
        let mut devices = fleet.stop().await;
        devices.extend(latecomers.stop().await);

        // Once more, so that what is compared is what replay makes of the log.
        server.kill()?;
        let server = self.start().await?;
        let status: CampaignStatus =
            site::current(&operator, &site::campaign_status(&self.campaign)).await?;
        server.kill()?;
        let evidence = Evidence {
            campaign: self.campaign,
            new: self.new.digest(),
            acknowledged,
            reporters: heard,
            published,
            devices,
            status,
            recount: Recount::of(&self.site.data)?,
        };
        let wrong = evidence.examine();
        if !wrong.is_empty() {
            return Err(wrong.join("\n").into());
        }
        let mut summary = evidence.summary();
        summary["seed"] = self.plan.seed.into();
        summary["killed"] = deaths.killed.into();
        summary["killed_while_starting"] = deaths.killed_early.into();
        summary["died_in_append"] = deaths.in_append.into();
        summary["seconds"] = started.elapsed().as_secs().into();
        Ok(summary)
    }

    async fn start(&self) -> Result<Served, Failure> {
        let mut server = self.serve.spawn()?;
        within(self.deadline, "a restart", server.ready()).await??;
        Ok(server)
    }

    /// Registers devices and publishes two releases.
    async fn set_up(
        &mut self,
        operator: &OperatorClient,
        acknowledged: &mut Acknowledged,
    ) -> Result<Vec<Reporter>, Failure> {
        let reporter_model = ModelId::parse("reporter")?;
        let reporters: Vec<_> = (0..REPORTERS)
            .map(|number| {
                let id = DeviceId::parse(&format!("reporter-{number}"))?;
                let token = format!("{:032x}", self.dice.random::<u128>());
                let (model, storm) = (reporter_model.clone(), Arc::clone(&self.storm));
                Ok(Reporter::new(id, model, token, storm))
            })
            .collect::<Result<_, Failure>>()?;
        let trusted = operator.command(self.model.trust(), None).await?;
        acknowledged.command(&trusted, "key.trust");
        for release in [&self.old, &self.new] {
            let published = self.model.publish(operator, release).await?;
            acknowledged.command(&published, "release.publish");
        }
        let devices = self.devices.iter().map(|device| {
            let command = device.registration(&self.model.id);
            (device.id.clone(), command)
        });
        let reporting = reporters.iter().map(|reporter| {
            let command = devices::with_token(&reporter.id, &reporter_model, &reporter.token);
            (reporter.id.clone(), command)
        });
        let (ids, commands): (Vec<_>, Vec<_>) = devices.chain(reporting).unzip();
        acknowledged.register(operator, ids, commands).await?;
        Ok(reporters)
    }

    fn switch_on(&self, devices: &[Device]) -> Result<Fleet, Failure> {
        let devices = devices
            .iter()
            .map(|device| device.running(&self.model.id, &self.old));
        let behaviour = Behaviour {
            // One to eight seconds for a download, so that it is often interrupted.
            link_bytes_per_second: 8_000..=64_000,
            install_ms: 100..=2_000,
            boot_ms: 100..=1_000,
            self_test_ms: 100..=1_000,
            ..Behaviour::fair()
        };
        let now = SimClock::starting_now(fleetfold::server::wall_ms(), 1);
        let (model, seed) = (&self.model, self.plan.seed);
        self.site
            .fleet(model, devices.collect(), behaviour, now, seed)
    }

    fn spec(&self) -> CampaignSpec {
        let duration_ms = CAMPAIGN_MS_PER_ROUND * u64::from(self.plan.rounds) / PHASES.len() as u64;
        let duration = format!("{}s", (duration_ms / 1000).max(1));
        let phases = PHASES.map(|(name, percentage)| {
            json!({"name": name, "percentage": percentage, "duration_hours": duration, "success_threshold": 100})
        });
        let spec = json!({
            "id": self.campaign,
            "release": {"model": self.model.id, "version": self.new.version},
            "phases": phases,
        });
        serde_json::from_value(spec).expect("our own campaign is valid")
    }

    async fn kill_and_restart(&mut self, mut server: Served) -> Result<(Served, Deaths), Failure> {
        let mut deaths = Deaths::default();
        let mut is_ready = true;
        for round in 1..=self.plan.rounds {
            let range = if is_ready { GAP_MS } else { EARLY_GAP_MS };
            sleep(Duration::from_millis(self.dice.random_range(range))).await;
            self.storm.store(true, Ordering::Relaxed);
            sleep(Duration::from_millis(self.dice.random_range(STORM_MS))).await;
            if is_ready && self.dice.random_ratio(1, IN_APPEND_ONE_IN) {
                let bytes = self.journal_bytes()? + self.dice.random_range(LAST_BYTES);
                server.limit_files(bytes)?;
                let ended = server.ended_in_write();
                within(self.deadline, "a death in an append", ended).await??;
                deaths.in_append += 1;
            } else {
                server
                    .kill()
                    .map_err(|error| format!("round {round}: {error}"))?;
                deaths.killed += 1;
                deaths.killed_early += u32::from(!is_ready);
            }
            self.storm.store(false, Ordering::Relaxed);
            server = self.serve.spawn()?;
            is_ready = round == self.plan.rounds || !self.dice.random_ratio(1, EARLY_ONE_IN);
            if is_ready {
                within(self.deadline, "a restart", server.ready())
                    .await?
                    .map_err(|error| format!("round {round}: {error}"))?;
            }
            if std::io::stderr().is_terminal() {
                let end = if round == self.plan.rounds { "\n" } else { "" };
                eprint!("\rround {round}{end}");
            }
        }
        Ok((server, deaths))
    }

    /// The length of the journal's newest segment.
    fn journal_bytes(&self) -> Result<u64, Failure> {
        let segments = fleetfold::server::log_dir(&self.site.data).join("journal");
        let mut newest = None;
        for entry in std::fs::read_dir(segments)? {
            newest = newest.max(Some(entry?.path()));
        }
        Ok(newest.ok_or("there is no journal")?.metadata()?.len())
    }

    async fn completed(&self, operator: &OperatorClient) -> Result<(), Failure> {
        let has_stopped = |status: &CampaignStatus| {
            status.status.is_final() || status.status == CampaignState::Paused
        };
        let status = site::until(operator, &self.campaign, has_stopped).await?;
        if status.status == CampaignState::Completed {
            return Ok(());
        }
        let (status, cause) = (status.status, status.cause);
        Err(format!("the campaign is {status:?}: {cause:?}").into())
    }
}

/// Creates and starts the campaign, while the server comes and goes.
async fn begin(
    operator: OperatorClient,
    spec: CampaignSpec,
) -> Result<Vec<(u64, &'static str)>, Failure> {
    let campaign = spec.id.clone();
    let created = operator.command(site::create(spec), None).await?;
    let start = Command::StartCampaign(site::of(&campaign));
    let started = operator.command(start, None).await?;
    Ok(vec![
        (created.position, "campaign.create"),
        (started.position, "campaign.start"),
    ])
}

async fn within<T>(
    deadline: Instant,
    what: &str,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    timeout_at(deadline, future)
        .await
        .map_err(|_| format!("out of time, waiting for {what}").into())
}
