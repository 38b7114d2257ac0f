//! `fleetfold-device-sim`: a fleet of simulated devices against a running server.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::{Args, Parser, Subcommand};
use ed25519_dalek::{SigningKey, VerifyingKey};
use fleetfold_device_sim::{
    agent::Inventory,
    fleet::{
        Battery, Behaviour, Broker, Credential, DeviceSpec, Fleet, FleetConfig, Offline, SimClock,
        Users, Verdict,
    },
};
use fleetfold_schemas::{
    DeviceId, ModelId, Name, TimeZoneName, Version,
    campaign::BasisPoints,
    command::{self, Command, CommandMessage, RegisterDevice},
    cose::TrustedKeys,
};

/// Simulated devices for a Fleetfold server: real MQTT connections, real jobs, no hardware.
///
/// Each device has an Ed25519 key that follows from the seed and its id. Register them once with the commands that
/// `register` prints, one JSON object a line, for the operator's command topic; then `run` the fleet.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    fleet: FleetArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Args)]
struct FleetArgs {
    /// How many devices.
    #[arg(long, default_value_t = 10)]
    devices: u32,
    /// Device ids are this and a number, as in sim-0007.
    #[arg(long, default_value = "sim")]
    prefix: Name,
    /// The model of all devices.
    #[arg(long, default_value = "sensor")]
    model: ModelId,
    /// Decides the keys, and everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the command that registers each device, one a line.
    Register,
    /// Run the fleet until interrupted, printing what it runs. Every run begins with devices fresh from the factory.
    Run(RunArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The broker, as host:port. No TLS: use loopback, or a proxy that speaks it.
    #[arg(long, default_value = "127.0.0.1:1883")]
    broker: String,
    /// The installation's name: the audience of login tokens.
    #[arg(long)]
    site: String,
    /// The DNS domain of the devices' maker, as in the manifests.
    #[arg(long)]
    vendor: String,
    /// Folder with the trusted public keys, 64 hexadecimal digits a file: release*.pub for manifests, job*.pub for jobs.
    #[arg(long)]
    keys: PathBuf,
    /// The image that the devices come with; without it, a few made-up bytes.
    #[arg(long)]
    image: Option<PathBuf>,
    /// The version of that image.
    #[arg(long, default_value = "1.0.0")]
    version: Version,
    /// The hardware revision of all devices.
    #[arg(long)]
    hardware: Option<Version>,
    /// A time zone by whose clock devices' maintenance windows open; of several, devices have them by turns.
    #[arg(long, value_name = "ZONE")]
    time_zone: Vec<TimeZoneName>,
    /// Percent of trials that fail by chance.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    failing: u8,
    /// Percent of chunk requests that get lost.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    lossy: u8,
    /// Devices go offline for some minutes every hour or so.
    #[arg(long)]
    restless: bool,
    /// Percent of devices that run on a battery, 5 to 60 % full, until they are plugged in within the hour.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    on_battery: u8,
    /// Percent of questions to users that they answer with "later".
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    postponing: u8,
    /// Downloads, installation, boots and self-tests take no time of their own; else a device needs a minute or so.
    #[arg(long)]
    brisk: bool,
    /// Connections a second.
    #[arg(long, default_value_t = 200)]
    pace: u32,
    /// The broker is not Fleetfold's own, so its PUBACK proves nothing.
    #[arg(long)]
    external: bool,
}

#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0:?} is not host:port")]
    Broker(String),
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("{} is not a public key of 64 hexadecimal digits", path.display())]
    Key { path: PathBuf },
    #[error("no {role}*.pub in {}", folder.display())]
    NoKeys { role: &'static str, folder: PathBuf },
    #[error("{0} is not a device id")]
    Device(String),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            let mut prefix = "error: ";
            while let Some(error) = cause {
                eprintln!("{prefix}{error}");
                prefix = "  because: ";
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    match cli.action {
        Action::Register => {
            for index in 1..=cli.fleet.devices {
                println!(
                    "{}",
                    registration(&cli.fleet, device_id(&cli.fleet, index)?)
                );
            }
            Ok(())
        }
        Action::Run(args) => {
            let config = configure(&cli.fleet, args)?;
            tokio::runtime::Runtime::new()
                .map_err(CliError::Runtime)?
                .block_on(watch(config));
            Ok(())
        }
    }
}

async fn watch(config: FleetConfig) {
    // Nothing is kept between runs but the server's memory of them, and the clock only goes forward.
    let fleet = Fleet::start_after(config, wall_ms() / 1000);
    let mut last = String::new();
    loop {
        let line = summary(&fleet);
        if line != last {
            println!("{line}");
            last = line;
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    fleet.stop().await;
}

fn summary(fleet: &Fleet) -> String {
    let states = fleet.states();
    let mut versions = BTreeMap::<_, usize>::new();
    for state in &states {
        *versions.entry(&state.running.version).or_default() += 1;
    }
    let online = states.iter().filter(|state| state.connected).count();
    let busy = states.iter().filter(|state| state.job.is_some()).count();
    let versions: Vec<_> = versions
        .iter()
        .map(|(version, count)| format!("{count} on {version}"))
        .collect();
    format!(
        "{online} of {} online, {busy} busy; {}",
        states.len(),
        versions.join(", ")
    )
}

fn device_id(fleet: &FleetArgs, index: u32) -> Result<DeviceId, CliError> {
    let id = format!("{}-{index:04}", fleet.prefix);
    DeviceId::parse(&id).map_err(|_| CliError::Device(id))
}

fn device_key(seed: u64, device: &DeviceId) -> SigningKey {
    let mut hasher = blake3::Hasher::new_derive_key("fleetfold-device-sim device key v1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(device.as_str().as_bytes());
    SigningKey::from_bytes(hasher.finalize().as_bytes())
}

fn registration(fleet: &FleetArgs, device: DeviceId) -> String {
    let key = device_key(fleet.seed, &device);
    let message = CommandMessage {
        id: None,
        expected_version: None,
        command: Command::RegisterDevice(RegisterDevice {
            tenant: None,
            device,
            model: fleet.model.clone(),
            credential: command::Credential::PublicKey(key.verifying_key().to_bytes()),
        }),
    };
    String::from_utf8(message.encode()).expect("commands are JSON")
}

fn configure(fleet: &FleetArgs, args: RunArgs) -> Result<FleetConfig, CliError> {
    let (host, port) = args
        .broker
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .ok_or_else(|| CliError::Broker(args.broker.clone()))?;
    let image: Arc<[u8]> = match &args.image {
        Some(path) => read(path)?.into(),
        None => format!("{} {}", fleet.model, args.version)
            .into_bytes()
            .into(),
    };
    let mut zones = args.time_zone.iter().cloned().cycle();
    let mut devices = Vec::new();
    for index in 1..=fleet.devices {
        let id = device_id(fleet, index)?;
        devices.push(DeviceSpec {
            credential: Credential::Key(device_key(fleet.seed, &id)),
            id,
            model: fleet.model.clone(),
            image: Arc::clone(&image),
            version: args.version.clone(),
            manifest_sequence: 0,
            inventory: Inventory {
                hardware: args.hardware.clone(),
                time_zone: zones.next(),
                ..Inventory::default()
            },
        });
    }
    Ok(FleetConfig {
        host,
        port,
        release_keys: trusted(&args.keys, "release")?,
        job_keys: trusted(&args.keys, "job")?,
        behaviour: behaviour(&args),
        site: args.site,
        seed: fleet.seed,
        vendor: args.vendor,
        devices,
        clock: SimClock::starting_now(wall_ms(), 1),
        connects_per_second: args.pace,
        images: Vec::new(),
        broker: if args.external {
            Broker::External
        } else {
            Broker::Embedded
        },
    })
}

fn behaviour(args: &RunArgs) -> Behaviour {
    const MINUTE_MS: u64 = 60_000;
    let usual = if args.brisk {
        Behaviour::instant()
    } else {
        Behaviour::fair()
    };
    Behaviour {
        self_test_failure: BasisPoints::from_percent(args.failing),
        chunk_loss: BasisPoints::from_percent(args.lossy),
        offline: args.restless.then_some(Offline {
            every_ms: 30 * MINUTE_MS..=90 * MINUTE_MS,
            length_ms: MINUTE_MS..=10 * MINUTE_MS,
        }),
        verdict: Verdict::Good,
        battery: (args.on_battery > 0).then_some(Battery {
            share: BasisPoints::from_percent(args.on_battery),
            percent: 5..=60,
            plugged_in_after_ms: MINUTE_MS..=60 * MINUTE_MS,
        }),
        users: Users {
            postponing: BasisPoints::from_percent(args.postponing),
            ..usual.users
        },
        ..usual
    }
}

fn wall_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(path).map_err(|cause| CliError::Read {
        path: path.to_owned(),
        cause,
    })
}

fn trusted(folder: &Path, role: &'static str) -> Result<TrustedKeys, CliError> {
    let unreadable = |cause| CliError::Read {
        path: folder.to_owned(),
        cause,
    };
    let mut keys = TrustedKeys::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_ours = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(role) && name.ends_with(".pub"));
        if is_ours {
            let key = parse_key(&read(&path)?).ok_or(CliError::Key { path })?;
            keys.add(key);
        }
    }
    if keys.is_empty() {
        return Err(CliError::NoKeys {
            role,
            folder: folder.to_owned(),
        });
    }
    Ok(keys)
}

fn parse_key(text: &[u8]) -> Option<VerifyingKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut bytes).ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}
