//! What the demonstration rolls out, and to whom.

use std::{collections::BTreeSet, sync::Arc};

use ed25519_dalek::SigningKey;
use fleetfold_core::cohort;
use fleetfold_device_sim::fleet::{Behaviour, Credential, DeviceSpec, Offline, Verdict};
use fleetfold_schemas::{
    CampaignId, DeviceId, Digest, ModelId, Name, Version,
    campaign::{BasisPoints, CampaignSpec, HOUR_MS, MINUTE_MS},
};
use serde_json::json;

use super::{args::DemoArgs, images::Images};

pub const VENDOR: &str = "demo.example";
pub const CAMPAIGN: &str = "demo";
pub const OLD_VERSION: &str = "1.0.0";
pub const NEW_VERSION: &str = "2.0.0";

/// Of every phase's devices, this share fails on a bad release.
const BAD_SHARE: BasisPoints = BasisPoints::from_percent(30);

#[must_use]
pub fn model() -> ModelId {
    ModelId::parse("sensor_v2").expect("our own names are valid")
}

#[must_use]
pub fn version(text: &str) -> Version {
    Version::parse(text).expect("our own versions are valid")
}

/// 1 % for an hour and without a failure, 10 % and then all for two hours at 95 %.
#[must_use]
pub fn campaign() -> CampaignSpec {
    let phase = |name: &str, percentage: u8, duration: &str, success: u8| json!({"name": name, "percentage": percentage, "duration_hours": duration, "success_threshold": success});
    let spec = json!({
        "id": CAMPAIGN,
        "release": {"model": model(), "version": NEW_VERSION},
        "phases": [phase("canary", 1, "1h", 100), phase("early", 10, "2h", 95), phase("full", 100, "2h", 95)],
        "failure_handling": {"max_retries": 2, "retry_backoff_hours": "10m"},
        "timeouts": {"contact_hours": 24, "execution_hours": 4},
    });
    serde_json::from_value(spec).expect("our own campaign is valid")
}

/// One device, with keys that follow from the seed: the same fleet can be started again on the same data.
#[must_use]
pub fn device(seed: u64, index: u32) -> (DeviceId, SigningKey) {
    let id = DeviceId::parse(&format!("demo-{index:05}")).expect("our own names are valid");
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"fleetfold/demo/device/v1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(&index.to_le_bytes());
    (id, SigningKey::from_bytes(hasher.finalize().as_bytes()))
}

#[must_use]
pub fn devices(args: &DemoArgs, images: &Images) -> Vec<DeviceSpec> {
    (0..args.devices)
        .map(|index| {
            let (id, key) = device(args.seed, index);
            DeviceSpec {
                id,
                model: model(),
                credential: Credential::Key(key),
                image: Arc::clone(&images.old),
                version: version(OLD_VERSION),
                manifest_sequence: 10,
                inventory: fleetfold_device_sim::agent::Inventory {
                    region: Some(
                        Name::parse(["north", "south", "east"][index as usize % 3]).expect("valid"),
                    ),
                    ..Default::default()
                },
            }
        })
        .collect()
}

/// A fleet as they are: links of all speeds, a few lost packets, devices that are away now and then.
#[must_use]
pub fn behaviour(args: &DemoArgs, images: &Images) -> Behaviour {
    let verdict = if args.bad_release {
        let victims = victims(args);
        let bad = Digest::of(&images.new);
        Verdict::fails_when(move |device, image| *image == bad && victims.contains(device))
    } else {
        Verdict::Good
    };
    Behaviour {
        self_test_failure: if args.bad_release {
            BasisPoints::from_percent(0)
        } else {
            args.failure_rate
        },
        chunk_loss: BasisPoints::from_percent(1),
        offline: Some(Offline {
            every_ms: 2 * HOUR_MS..=8 * HOUR_MS,
            length_ms: MINUTE_MS..=20 * MINUTE_MS,
        }),
        verdict,
        ..Behaviour::fair()
    }
}

/// The first devices of every phase, in the order that the engine offers the update in.
fn victims(args: &DemoArgs) -> BTreeSet<DeviceId> {
    let spec = campaign();
    let campaign = CampaignId::parse(CAMPAIGN).expect("our own names are valid");
    let mut ranked: Vec<DeviceId> = (0..args.devices)
        .map(|index| device(args.seed, index).0)
        .collect();
    ranked.sort_by_key(|id| cohort::rank(&campaign, id));
    let mut victims = BTreeSet::new();
    let mut start = 0;
    for phase in &spec.phases {
        let end = cohort::cut(phase.percentage, args.devices) as usize;
        let count = BAD_SHARE.of_rounded_up((end - start) as u64);
        let count = usize::try_from(count).expect("a share of the devices");
        victims.extend(ranked[start..end].iter().take(count).cloned());
        start = end;
    }
    victims
}

/// How long the fleet may take to connect before the demonstration gives up.
#[must_use]
pub fn connect_patience(devices: u32) -> std::time::Duration {
    std::time::Duration::from_secs(60 + u64::from(devices) / 50)
}
