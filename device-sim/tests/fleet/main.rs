//! Fleets against the real broker, over real sockets.

mod engine;

use std::{sync::Arc, time::Duration};

use fleetfold_device_sim::fleet::{
    Behaviour, Broker, DeviceState, Fleet, FleetConfig, Offline, SimClock, Verdict,
};
use fleetfold_schemas::{
    DeviceId, Digest,
    campaign::BasisPoints,
    device::{ErrorClass, JobState},
};

use engine::{Engine, JOB, Offering, SITE, VENDOR, device, trusted};

/// Nothing here takes a second; this only keeps a broken build from hanging.
const PATIENCE: Duration = Duration::from_secs(60);

fn firmware(len: usize) -> (Arc<[u8]>, Vec<u8>) {
    let mut old = vec![0; len];
    blake3::Hasher::new().finalize_xof().fill(&mut old);
    let mut new = old.clone();
    new[len / 2..len / 2 + 100].fill(0);
    (old.into(), new)
}

fn fleet(port: u16, count: usize, image: &Arc<[u8]>, behaviour: Behaviour) -> FleetConfig {
    FleetConfig {
        host: "127.0.0.1".to_owned(),
        port,
        site: SITE.to_owned(),
        seed: 1,
        vendor: VENDOR.to_owned(),
        release_keys: trusted(1),
        job_keys: trusted(2),
        devices: (0..count).map(|index| device(index, image)).collect(),
        behaviour,
        clock: SimClock::starting_now(1_800_000_000_000, 1_000),
        connects_per_second: 1_000,
        images: Vec::new(),
        broker: Broker::Embedded,
    }
}

fn number(device: &DeviceId) -> usize {
    let digits = device.as_str().trim_start_matches("dev-");
    digits.parse().expect("our own ids end in a number")
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("done long before")
}

/// What the engine was told is how things are.
fn check_truth(engine: &Engine, states: &[DeviceState]) {
    let known = engine.known();
    for state in states {
        let told = &known[&state.id];
        assert_eq!(told.running.as_ref(), Some(&state.running), "{}", state.id);
        assert_eq!(told.job, state.outcome, "{}", state.id);
        assert_eq!(state.job, None, "{}", state.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_updates_and_its_bad_devices_go_back() {
    let (old, new) = firmware(100_000);
    let target = Digest::of(&new);
    let offering = Offering::new(&old, &new);
    let (engine, port) = Engine::start(offering, |device| number(device).is_multiple_of(2)).await;
    let mut behaviour = Behaviour::instant();
    behaviour.verdict = Verdict::fails_when(move |device, image| {
        *image == target && number(device).is_multiple_of(5)
    });
    let fleet = Fleet::start(fleet(port, 50, &old, behaviour));
    in_time(engine.finals(50)).await;
    let states = fleet.stop().await;
    check_truth(&engine, &states);
    for state in &states {
        let outcome = state.outcome.as_ref().unwrap();
        assert_eq!(outcome.sequence, JOB);
        if number(&state.id).is_multiple_of(5) {
            assert_ne!(state.running.digest, target);
            assert!(
                matches!(&outcome.state, JobState::Failed { error, restored: true }
                if error.class == ErrorClass::SelfTest)
            );
        } else {
            assert_eq!(state.running.digest, target);
            assert_eq!(outcome.state, JobState::Succeeded);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_in_bad_weather_ends_up_just_as_truthful() {
    let (old, new) = firmware(50_000);
    let target = Digest::of(&new);
    let offering = Offering::new(&old, &new);
    let (engine, port) = Engine::start(offering, |device| number(device).is_multiple_of(2)).await;
    let mut behaviour = Behaviour::fair();
    behaviour.offline = Some(Offline {
        every_ms: 60_000..=600_000,
        length_ms: 10_000..=100_000,
    });
    behaviour.chunk_loss = BasisPoints::from_percent(1);
    behaviour.download_error = BasisPoints::from_percent(10);
    behaviour.power_loss = BasisPoints::from_percent(1);
    let mut config = fleet(port, 50, &old, behaviour);
    config.clock = SimClock::starting_now(1_800_000_000_000, 200);
    let fleet = Fleet::start(config);
    in_time(engine.finals(50)).await;
    let states = fleet.stop().await;
    check_truth(&engine, &states);
    for state in &states {
        let outcome = &state.outcome.as_ref().unwrap().state;
        let runs_target = state.running.digest == target;
        assert_eq!(runs_target, *outcome == JobState::Succeeded, "{}", state.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_loses_all_its_connections_comes_back_with_new_logins() {
    let (old, new) = firmware(10_000);
    let (engine, port) = Engine::start(Offering::new(&old, &new), |_| false).await;
    let fleet = Fleet::start(fleet(port, 20, &old, Behaviour::instant()));
    in_time(engine.finals(20)).await;
    let before = engine.known().clone();
    in_time(engine.reconnect_everyone()).await;
    for (id, known) in engine.known().iter() {
        assert!(known.login > before[id].login, "{id}");
        assert_eq!(known.job, before[id].job, "{id}");
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_started_again_is_not_taken_for_a_replay_of_itself() {
    let (old, new) = firmware(10_000);
    let (engine, port) = Engine::start(Offering::new(&old, &new), |_| false).await;
    let first = Fleet::start(fleet(port, 5, &old, Behaviour::instant()));
    in_time(engine.finals(5)).await;
    let boots = first.stop().await.iter().map(|state| state.boots).max();
    let again = fleet(port, 5, &old, Behaviour::instant());
    let second = Fleet::start_after(again, boots.unwrap() + 100);
    // What the first fleet has said last may still be on its way.
    in_time(engine.finals_after(boots.unwrap() + 100, 5)).await;
    check_truth(&engine, &second.stop().await);
}
