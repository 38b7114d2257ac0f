//! Reports from the publish of 100 devices to their PUBACK.
//!
//! Ours writes every report to disk as a fact, and synced, before it acknowledges; the peer only passes on what nobody
//! has subscribed to. So this compares our promise with the absence of one.

use std::{path::Path, thread, time::Duration};

use fleetfold::client::OperatorClient;
use fleetfold_schemas::{DeviceId, ModelId, Topic, status::FleetSummary};
use serde_json::{Value, json};

use super::{
    load::{self, Source},
    median,
    mosquitto::Mosquitto,
};
use crate::{
    Failure, devices,
    served::{ServeCommand, free_ports},
    site,
};

const CONNECTIONS: usize = 100;
/// Ports of this benchmark are looked for from here.
const SALT: u64 = 1;
/// After a run, for whatever the other side still does in the background.
const REST: Duration = Duration::from_millis(500);

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub pairs: usize,
    pub warm_up: Duration,
    pub measured: Duration,
}

impl Effort {
    pub const FULL: Self = Self {
        pairs: 7,
        warm_up: Duration::from_secs(1),
        measured: Duration::from_secs(5),
    };
    /// Well within 40 seconds.
    pub const QUICK: Self = Self {
        pairs: 3,
        warm_up: Duration::from_millis(500),
        measured: Duration::from_secs(3),
    };
}

/// Runs in an empty directory, and returns one JSON object.
pub async fn run(effort: Effort, below: &Path) -> Result<Value, Failure> {
    let address = free_ports(SALT + 1).next().ok_or("there is no free port")?;
    let peer = Mosquitto::start(below, address).await?;
    let serve = ServeCommand::prepare(below, SALT)?;
    let mut server = serve.spawn()?;
    server.ready().await?;
    let ours = serve.site();
    let operator = ours.operator().await?;
    let mut sources = register(&operator).await?;
    // The first hello of a device is two facts; here each message is to be one.
    let greeting = sources.clone();
    for (source, mut greeter) in sources.iter_mut().zip(greeting) {
        drop(greeter.open(ours.address).await?);
        *source = greeter;
    }
    let before = events(&operator).await?;

    let mut acknowledged = 0;
    let (mut our_rates, mut peer_rates) = (Vec::new(), Vec::new());
    for pair in 1..=effort.pairs {
        for (address, rates) in [
            (ours.address, &mut our_rates),
            (peer.address, &mut peer_rates),
        ] {
            let moved = std::mem::take(&mut sources);
            let (rate, moved) = measure(moved, address, effort).await?;
            sources = moved;
            if address == ours.address {
                acknowledged += rate.acknowledged;
            }
            rates.push(rate.per_second);
            tokio::time::sleep(REST).await;
        }
        let last = |rates: &[f64]| rates.last().copied().unwrap_or_default();
        eprintln!(
            "{pair}: {:.0} reports/s, {} {:.0}",
            last(&our_rates),
            peer.name,
            last(&peer_rates)
        );
    }

    let recorded = events(&operator).await? - before;
    if recorded != acknowledged {
        return Err(format!(
            "{acknowledged} publishes were acknowledged and {recorded} facts recorded"
        )
        .into());
    }
    let (value, peer_value) = (median(our_rates), median(peer_rates));
    Ok(json!({
        "bench": "ingest",
        "figure": "ingest",
        "value": value.round(),
        "unit": "reports/s",
        "peer": format!("{} (no persistence)", peer.name),
        "peer_value": peer_value.round(),
        "ratio": (value / peer_value * 100.0).round() / 100.0,
    }))
}

/// The load has a thread of its own, and nothing else has it.
async fn measure(
    mut sources: Vec<Source>,
    address: std::net::SocketAddr,
    effort: Effort,
) -> Result<(load::Rate, Vec<Source>), Failure> {
    let (sender, result) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        let rate = load::run(&mut sources, address, effort.warm_up, effort.measured);
        // Nobody waits only if the benchmark has ended.
        let _ = sender.send(rate.map(|rate| (rate, sources)));
    });
    result.await?
}

async fn register(operator: &OperatorClient) -> Result<Vec<Source>, Failure> {
    let model = ModelId::parse("bench")?;
    let sources = (0..CONNECTIONS)
        .map(|number| {
            let id = DeviceId::parse(&format!("bench-{number:03}"))?;
            let token = format!("token of {id}");
            Ok(Source::new(id, model.clone(), token))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let commands = sources
        .iter()
        .map(|source| devices::with_token(&source.id, &model, &source.token));
    for answer in operator
        .commands(commands.collect::<Vec<_>>(), |_| {})
        .await
    {
        answer?;
    }
    Ok(sources)
}

/// Facts in the log.
async fn events(operator: &OperatorClient) -> Result<u64, Failure> {
    let summary: FleetSummary = site::current(operator, &Topic::FleetSummary).await?;
    Ok(summary.events)
}
