//! How long a whole fleet takes to update at once, and what it costs: broker, engine's part and devices in one process.
//!
//! `cargo run --release -p fleetfold-device-sim --example rollout [devices] [image KiB] [delta: 0 or 1]`

#[path = "../tests/fleet/engine.rs"]
mod engine;

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use fleetfold_device_sim::fleet::{Behaviour, Broker, Fleet, FleetConfig, SimClock};

use engine::{Engine, Offering, SITE, VENDOR, device, trusted};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let mut next = |default| arguments.next().and_then(Result::ok).unwrap_or(default);
    let (devices, image_bytes, by_delta) = (next(1_000), next(256) * 1024, next(0) != 0);

    let mut old = vec![0; image_bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut old);
    let mut new = old.clone();
    new[image_bytes / 2..image_bytes / 2 + 100].fill(0);
    let old: Arc<[u8]> = old.into();
    let offering = Offering::new(&old, &new);
    let (engine, port) = Engine::start(offering, if by_delta { |_| true } else { |_| false }).await;
    let config = FleetConfig {
        host: "127.0.0.1".to_owned(),
        port,
        site: SITE.to_owned(),
        seed: 1,
        vendor: VENDOR.to_owned(),
        release_keys: trusted(1),
        job_keys: trusted(2),
        devices: (0..devices).map(|index| device(index, &old)).collect(),
        behaviour: Behaviour::instant(),
        clock: SimClock::starting_now(1_800_000_000_000, 100),
        connects_per_second: 2_000,
        images: Vec::new(),
        broker: Broker::Embedded,
    };
    report("before", Instant::now());
    let started = Instant::now();
    let fleet = Fleet::start(config);
    let peak = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            report("running", started);
        }
    });
    engine.finals(devices).await;
    peak.abort();
    report("all updated", started);
    tokio::time::sleep(Duration::from_secs(2)).await;
    report("idle", started);
    engine.reconnect_everyone().await;
    report("all reconnected", started);
    fleet.stop().await;
}

fn report(when: &str, started: Instant) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map_or("?", str::trim)
            .to_owned()
    };
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: Vec<u64> = stat
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|text| text.parse().ok())
        .collect();
    println!(
        "{when}: {:.1} s, {:.1} s CPU, RSS {}, peak {}",
        started.elapsed().as_secs_f64(),
        ticks.iter().sum::<u64>() as f64 / 100.0,
        field("VmRSS:"),
        field("VmHWM:"),
    );
}
