//! From the report that trips a gate to the pause on the wire, while the fleet reports on.
//!
//! Each sample is a campaign of its own for one device: its first failure is evidence enough for the `confident` gate.
//! The clock runs from the write of the report to the operator's receipt of the campaign's status with the pause in it;
//! before that, the report has been appended and synced.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use fleetfold::client::{OperatorClient, Subscription};
use fleetfold_schemas::{
    CampaignId, DeviceId, DeviceTopic, Digest, ModelId, Topic, Version,
    codec::encode_cbor,
    command::Command,
    device::{DeviceError, ErrorClass, Hello, JobReport, JobState, Report, Running, Slot, Stage},
    status::{CampaignState, CampaignStatus},
    topic::filter,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    load::{self, Source},
    median,
};
use crate::{
    Failure, devices,
    firmware::{Model, Release},
    mqtt,
    served::ServeCommand,
    site,
};

/// Reports a second that flow meanwhile.
const LOAD: u32 = 20_000;
const CONNECTIONS: usize = 100;
/// Ports of this benchmark are looked for from here.
const SALT: u64 = 3;
const SEED: u64 = 5;
/// Between two samples, so that each finds the engine busy with the load alone.
const PAUSE: Duration = Duration::from_millis(20);
/// The load must have come up before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// A pause that has not come by then never will.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a PUBACK.
const PUBACK_BYTES: usize = 4;

/// Runs in an empty directory, and returns a JSON object for each figure.
pub async fn run(is_quick: bool, below: &Path) -> Result<Vec<Value>, Failure> {
    let samples = if is_quick { 100 } else { 1000 };
    let serve = ServeCommand::prepare(below, SALT)?;
    let mut server = serve.spawn()?;
    server.ready().await?;
    let ours = serve.site();
    let operator = ours.operator().await?;
    let sources = sources(&operator).await?;
    let mut victims = victims(&operator, ours.address, samples).await?;

    let is_over = Arc::new(AtomicBool::new(false));
    let load = {
        let (mut sources, is_over) = (sources, Arc::clone(&is_over));
        thread::spawn(move || {
            load::run_steadily(&mut sources, ours.address, LOAD, &is_over)
                .map_err(|error| error.to_string())
        })
    };
    sleep(WARM_UP).await;
    let mut statuses = operator.subscribe(filter::every_campaign_status()).await?;
    let mut times = Vec::with_capacity(samples);
    for victim in &mut victims {
        sleep(PAUSE).await;
        times.push(victim.trip(&mut statuses).await?);
    }
    is_over.store(true, Ordering::Relaxed);
    let load = load.join().map_err(|_| "the load has panicked")??;

    times.sort_by(f64::total_cmp);
    // The smallest value that 99 % are not above.
    let p99 = times[(samples * 99).div_ceil(100) - 1];
    let figure = |name: &str, value: f64| {
        json!({
            "bench": "gate-latency",
            "figure": name,
            "value": (value * 1000.0).round() / 1000.0,
            "unit": "ms",
            "samples": samples,
            "load": load.per_second.round(),
        })
    };
    Ok(vec![
        figure("pause_latency_p99", p99),
        figure("pause_latency_p50", median(times)),
    ])
}

async fn sources(operator: &OperatorClient) -> Result<Vec<Source>, Failure> {
    let model = ModelId::parse("bench")?;
    let sources: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let id = DeviceId::parse(&format!("bench-{number:03}"))?;
            let token = format!("token of {id}");
            Ok(Source::new(id, model.clone(), token))
        })
        .collect::<Result<_, Failure>>()?;
    let commands = sources
        .iter()
        .map(|source| devices::with_token(&source.id, &model, &source.token));
    all_accepted(operator, commands.collect()).await?;
    Ok(sources)
}

async fn all_accepted(operator: &OperatorClient, commands: Vec<Command>) -> Result<(), Failure> {
    for answer in operator.commands(commands, |_| {}).await {
        answer?;
    }
    Ok(())
}

/// A device with a campaign of its own.
struct Victim {
    campaign: CampaignId,
    id: DeviceId,
    stream: TcpStream,
    seq: u64,
    running: Running,
    job: u64,
}

async fn victims(
    operator: &OperatorClient,
    address: SocketAddr,
    count: usize,
) -> Result<Vec<Victim>, Failure> {
    let model = Model::new("gate", SEED);
    all_accepted(operator, vec![model.trust()]).await?;
    let release = Release::first(SEED, 4096);
    model.publish(operator, &release).await?;
    let mut victims = Vec::with_capacity(count);
    for number in 0..count {
        let id = DeviceId::parse(&format!("gate-{number:04}"))?;
        let token = format!("token of {id}");
        operator
            .command(devices::with_token(&id, &model.id, &token), None)
            .await?;
        let mut victim = Victim {
            campaign: CampaignId::parse(&format!("gate-{number:04}"))?,
            stream: mqtt::login(address, id.as_str(), &token).await?,
            id,
            seq: 0,
            running: Running {
                slot: Slot::A,
                version: Version::parse("0.9.0")?,
                digest: Digest::of(b"before"),
            },
            job: 0,
        };
        victim.greet(&model.id).await?;
        victims.push(victim);
    }
    let mut facts = operator.subscribe(Topic::LogFacts.to_string()).await?;
    for victim in &mut victims {
        let spec = json!({
            "id": victim.campaign,
            "release": {"model": model.id, "version": release.version},
            "groups": [{"name": "one", "criteria": {"devices": victim.id}}],
            "phases": [{"name": "all", "percentage": 100, "duration_hours": 1}],
            "failure_handling": {"max_retries": 0},
        });
        operator
            .command(site::create(serde_json::from_value(spec)?), None)
            .await?;
        operator
            .command(Command::StartCampaign(site::of(&victim.campaign)), None)
            .await?;
        victim.job = loop {
            let fact: Value = serde_json::from_slice(&facts.next().await?.payload)?;
            if fact["fact"] == "execution_queued" {
                break fact["position"].as_u64().ok_or("a fact has a position")?;
            }
        };
        let stage = Stage::Downloading;
        let state = JobState::InProgress {
            stage,
            progress_percent: None,
            waiting: None,
        };
        victim.report(state).await?;
        victim.acknowledged().await?;
    }
    Ok(victims)
}

impl Victim {
    async fn greet(&mut self, model: &ModelId) -> Result<(), Failure> {
        self.seq += 1;
        let hello = Hello {
            seq: self.seq,
            ..devices::hello(model, self.running.clone())
        };
        self.send(DeviceTopic::Hello, &encode_cbor(&hello)).await?;
        self.acknowledged().await
    }

    async fn report(&mut self, state: JobState) -> Result<(), Failure> {
        self.seq += 1;
        let report = Report {
            epoch: 1,
            seq: self.seq,
            running: self.running.clone(),
            job: Some(JobReport {
                sequence: self.job,
                state,
            }),
            boot_ms: None,
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        };
        self.send(DeviceTopic::Report, &encode_cbor(&report)).await
    }

    async fn send(&mut self, topic: DeviceTopic, payload: &[u8]) -> Result<(), Failure> {
        let topic = Topic::Device(self.id.clone(), topic).to_string();
        let packet_id = u16::try_from(self.seq)?;
        Ok(self
            .stream
            .write_all(&mqtt::publish(&topic, packet_id, payload))
            .await?)
    }

    async fn acknowledged(&mut self) -> Result<(), Failure> {
        self.stream.read_exact(&mut [0; PUBACK_BYTES]).await?;
        Ok(())
    }

    /// Fails, and says how many milliseconds later the world knows of the pause.
    async fn trip(&mut self, statuses: &mut Subscription) -> Result<f64, Failure> {
        let started = Instant::now();
        self.report(JobState::Failed {
            error: DeviceError {
                class: ErrorClass::SelfTest,
                code: "watchdog".parse()?,
                message: String::new(),
            },
            restored: true,
        })
        .await?;
        loop {
            let message = timeout(PATIENCE, statuses.next()).await??;
            let status: CampaignStatus = serde_json::from_slice(&message.payload)?;
            if status.campaign == self.campaign && status.status == CampaignState::Paused {
                let took = started.elapsed();
                self.acknowledged().await?;
                return Ok(took.as_secs_f64() * 1000.0);
            }
        }
    }
}
