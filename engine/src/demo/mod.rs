//! `fleetfold demo`: a whole rollout in one process, with real parts: broker, log, signatures, downloads, slots.
//!
//! Everything goes over MQTT as it would with real devices and a real operator. Only the clock runs faster.

mod args;
mod images;
mod outcome;
mod plan;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

pub use self::args::DemoArgs;
use self::{images::Images, outcome::Outcome};
use crate::{
    cli::key_file::{self, NewKey},
    client::{ConnectOptions, OperatorClient},
    progress::ProgressView,
    report::report,
    server::{ADMIN, ADMIN_PASSWORD_FILE, Keeping, Server, ServerOptions, log_dir},
};
use ed25519_dalek::SigningKey;
use fleetfold_device_sim::fleet::{Broker, Fleet, FleetConfig, SimClock};
use fleetfold_schemas::{
    CampaignId, Digest, Name, OperatorId, Sha256, Topic,
    command::{
        CampaignCommand, Command, CreateCampaign, Credential, PublishRelease, RegisterDevice,
        TrustKey,
    },
    status::{CampaignState, CampaignStatus, FleetSummary},
    suit,
    topic::CampaignTopic,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Connection attempts of the fleet, per second.
const CONNECTS_PER_SECOND: u32 = 500;
/// A campaign that has paused is watched until its open executions have ended, for at most this long.
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);

/// Runs the demonstration; see [`DemoArgs`] for the exit status.
pub async fn run(args: DemoArgs) -> ExitCode {
    match demonstrate(&args).await {
        Ok(outcome) => match outcome.status {
            CampaignState::Completed => ExitCode::SUCCESS,
            CampaignState::Paused => ExitCode::from(3),
            _ => ExitCode::from(4),
        },
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn demonstrate(args: &DemoArgs) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let images = match (&args.from, &args.to) {
        (Some(old), Some(new)) => Images::read(old, new)?,
        _ => Images::make(args.seed),
    };
    let temporary = tempfile::Builder::new()
        .prefix("fleetfold-demo-")
        .tempdir()?;
    let data = args
        .data
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    if log_dir(&data).exists() {
        let data = data.display();
        return Err(format!(
            "{data} holds an earlier run; give --data a directory that does not exist"
        )
        .into());
    }
    let server = start_server(args, &data).await?;
    let teller = Teller { quiet: args.json };
    teller.tell(&format!(
        "MQTT at {}, metrics at http://{}/metrics",
        server.address, server.http_address
    ));

    let operator = connect(&server, &data).await?;
    let release_key = release_key(&data)?;
    publish(&operator, &release_key, &images, &teller).await?;
    register(&operator, args, &teller).await?;
    let fleet = start_fleet(args, &server, &release_key, &images);
    wait_for_fleet(&operator, args.devices, &teller).await?;

    let status = roll_out(&operator, &teller).await?;
    let summary: FleetSummary = current(&operator, &Topic::FleetSummary).await?;
    let outcome = Outcome::new(&status, &summary, started.elapsed());
    if args.json {
        println!("{}", serde_json::to_string(&outcome)?);
    } else {
        println!("{}", outcome.text(&server, &data, args.keep));
    }
    if args.keep {
        teller.tell("Serving on; interrupt to stop.");
        tokio::signal::ctrl_c().await?;
    }
    operator.close().await;
    fleet.stop().await;
    server.stop().await?;
    Ok(outcome)
}

/// Says what is going on, unless only the result is wanted.
struct Teller {
    quiet: bool,
}

impl Teller {
    fn tell(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

async fn start_server(args: &DemoArgs, data: &Path) -> Result<Server, Failure> {
    Ok(Server::start(ServerOptions {
        data: data.to_owned(),
        site: Name::parse("demo")?,
        listen: args.listen,
        listen_near: true,
        http_listen: args.metrics_listen,
        speed: Some(args.speed),
        keeping: Keeping::default(),
        campaigns: fleetfold_schemas::campaign::CampaignDefaults::default(),
        approvals: fleetfold_schemas::approval::ApprovalPolicy::default(),
        prices: None,
        webhook: None,
    })
    .await?)
}

async fn connect(server: &Server, data: &Path) -> Result<OperatorClient, Failure> {
    let password = std::fs::read_to_string(data.join(ADMIN_PASSWORD_FILE))?;
    let options = ConnectOptions::new(
        server.address.to_string(),
        OperatorId::parse(ADMIN)?,
        password.trim(),
    );
    Ok(OperatorClient::connect(options).await?)
}

/// A demonstration's release key lies in its data directory; nobody else's does.
fn release_key(data: &Path) -> Result<SigningKey, Failure> {
    let made = NewKey::make(data, "demo-release").map_err(|failure| failure.to_string())?;
    Ok(key_file::read_secret(&made.secret).map_err(|failure| failure.to_string())?)
}

async fn publish(
    operator: &OperatorClient,
    key: &SigningKey,
    images: &Images,
    teller: &Teller,
) -> Result<(), Failure> {
    let trust = Command::TrustKey(TrustKey {
        name: Name::parse("demo-release")?,
        public_key: key.verifying_key().to_bytes(),
    });
    operator.command(trust, None).await?;
    for (number, version, image) in [
        (1, plan::OLD_VERSION, &images.old),
        (2, plan::NEW_VERSION, &images.new),
    ] {
        let image_digest = Digest::of(image);
        let vendor_id = suit::vendor_id(plan::VENDOR);
        let manifest = suit::Manifest {
            sequence: 10 * number,
            vendor_id,
            class_id: suit::class_id(vendor_id, &plan::model()),
            component: Name::parse(suit::FIRMWARE)?,
            image_sha256: Sha256::of(image),
            image_size_bytes: image.len() as u64,
            version: plan::version(version),
            uri: format!("blake3:{image_digest}"),
        };
        operator.upload(image.to_vec(), |_| {}).await?;
        let command = Command::PublishRelease(PublishRelease {
            vendor: plan::VENDOR.to_owned(),
            model: plan::model(),
            version: plan::version(version),
            image: image_digest,
            manifest: manifest.sign(key),
            security: false,
            advisories: Vec::new(),
            requires: None,
            hardware: Vec::new(),
            rollbacks: Vec::new(),
        });
        operator.command(command, None).await?;
        teller.tell(&format!(
            "signed and published {} {version}, {} bytes, {image_digest:.16}",
            plan::model(),
            image.len()
        ));
    }
    Ok(())
}

async fn register(
    operator: &OperatorClient,
    args: &DemoArgs,
    teller: &Teller,
) -> Result<(), Failure> {
    let commands = (0..args.devices).map(|index| {
        let (device, key) = plan::device(args.seed, index);
        Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device,
            model: plan::model(),
            credential: Credential::PublicKey(key.verifying_key().to_bytes()),
        })
    });
    for answer in operator.commands(commands, |_| {}).await {
        answer?;
    }
    teller.tell(&format!("registered {} devices", args.devices));
    Ok(())
}

fn start_fleet(
    args: &DemoArgs,
    server: &Server,
    release_key: &SigningKey,
    images: &Images,
) -> Fleet {
    Fleet::start(FleetConfig {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        site: server.site.to_string(),
        seed: args.seed,
        vendor: plan::VENDOR.to_owned(),
        release_keys: std::iter::once(release_key.verifying_key()).collect(),
        job_keys: std::iter::once(server.job_key.verifying_key()).collect(),
        devices: plan::devices(args, images),
        behaviour: plan::behaviour(args, images),
        clock: SimClock::starting_now(server.clock.now_ms(), args.speed),
        connects_per_second: CONNECTS_PER_SECOND,
        images: vec![images.old.clone(), images.new.clone()],
        broker: Broker::Embedded,
    })
}

/// Until every device has said hello once.
async fn wait_for_fleet(
    operator: &OperatorClient,
    devices: u32,
    teller: &Teller,
) -> Result<(), Failure> {
    let active = |summary: &FleetSummary| summary.devices.get("active").copied().unwrap_or(0);
    let everyone = async {
        let mut summaries = operator.subscribe(&Topic::FleetSummary.to_string()).await?;
        loop {
            let message = summaries.next().await?;
            if active(&serde_json::from_slice(&message.payload)?) >= u64::from(devices) {
                return Ok::<(), Failure>(());
            }
        }
    };
    tokio::time::timeout(plan::connect_patience(devices), everyone)
        .await
        .map_err(|_| "not all devices have connected in time")??;
    teller.tell(&format!("{devices} devices are online"));
    Ok(())
}

/// Creates and starts the campaign, and shows it until it ends or pauses.
async fn roll_out(operator: &OperatorClient, teller: &Teller) -> Result<CampaignStatus, Failure> {
    let campaign = CampaignId::parse(plan::CAMPAIGN)?;
    let create = Command::CreateCampaign(CreateCampaign {
        campaign: plan::campaign().into(),
    });
    operator.command(create, None).await?;
    let topic = Topic::Campaign(campaign.clone(), CampaignTopic::Status).to_string();
    let mut statuses = operator.subscribe(&topic).await?;
    let reason = None;
    operator
        .command(
            Command::StartCampaign(CampaignCommand { campaign, reason }),
            None,
        )
        .await?;
    let mut view = (!teller.quiet).then(ProgressView::for_stderr);
    let mut paused_at: Option<Instant> = None;
    loop {
        let patience = paused_at.map_or(Duration::MAX, |at| {
            SETTLE_PATIENCE.saturating_sub(at.elapsed())
        });
        let Ok(message) = tokio::time::timeout(patience, statuses.next()).await else {
            return current(operator, &Topic::parse(&topic)?).await;
        };
        let message = message?;
        let status: CampaignStatus = serde_json::from_slice(&message.payload)?;
        if let Some(view) = &mut view {
            view.update(&status);
        }
        if status.status == CampaignState::Paused {
            paused_at.get_or_insert_with(Instant::now);
        }
        let is_settled = status.totals.in_progress == 0;
        if status.status.is_final() || (paused_at.is_some() && is_settled) {
            if let Some(view) = &mut view {
                view.finish();
            }
            return Ok(status);
        }
    }
}

/// The retained value of a topic.
async fn current<T: serde::de::DeserializeOwned>(
    operator: &OperatorClient,
    topic: &Topic,
) -> Result<T, Failure> {
    let mut values = operator.subscribe(&topic.to_string()).await?;
    let message = values.next().await?;
    Ok(serde_json::from_slice(&message.payload)?)
}
