//! Operators' commands as they would send them: JSON.

use ed25519_dalek::SigningKey;
use fleetfold_core::{StoredArtifact, fact::Role};
use fleetfold_schemas::{
    Digest, ModelId, Name, Sha256, Version,
    campaign::VersionRequirement,
    command::{Command, PublishRelease, RollbackManifest},
    suit::{self, Manifest},
};
use serde_json::{Map, Value, json};

use super::{
    agent::image,
    script::{Flaw, Release, WaysFlaw},
};

pub const VENDOR: &str = "acme.example";

pub fn release_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Somebody who is there for some tenants.
pub fn add_operator(name: &str, role: Role, tenants: &str) -> Value {
    let tenants: Vec<_> = tenants.split(',').collect();
    json!({
        "command": "operator.add",
        "operator": name,
        "role": role.as_str(),
        "tenants": tenants,
        "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M",
    })
}

/// `phases canary 1% 24h 100%, full 100% 72h 95% timed; max_retries 1, sample_min 5`
pub fn campaign(name: &str, model: &ModelId, version: &str, text: &str) -> Value {
    let (text, more) = text.split_once("with ").unwrap_or((text, "{}"));
    let (phases, keys) = text.split_once(';').unwrap_or((text, ""));
    let mut spec = json!({"id": name, "release": {"model": model, "version": version}});
    // Waits are told as they are doubled; a story about their jitter says so.
    spec["failure_handling"]["retry_jitter"] = "none".into();
    if let Some(phases) = phases.trim().strip_prefix("phases ") {
        spec["phases"] = phases.split(',').map(phase).collect();
    }
    for pair in keys.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (key, value) = pair.trim().split_once(' ').expect("a key and its value");
        let value = value_of(value.trim());
        match key {
            "max_retries" => spec["failure_handling"]["max_retries"] = value,
            "jitter" => spec["failure_handling"]["retry_jitter"] = value,
            "backoff" => spec["failure_handling"]["retry_backoff_hours"] = value,
            "contact" => spec["timeouts"]["contact_hours"] = value,
            "execution" => spec["timeouts"]["execution_hours"] = value,
            "deadline" => spec["max_rollout_days"] = value,
            key => spec[key] = value,
        }
    }
    let more: Map<String, Value> = serde_json::from_str(more).expect("what comes with it is JSON");
    for (key, value) in more {
        // Either way of naming what is to be installed.
        if key == "releases" {
            spec.as_object_mut()
                .expect("a campaign is an object")
                .remove("release");
        }
        match (&mut spec[&key], value) {
            (Value::Object(said), Value::Object(more)) => said.extend(more),
            (said, value) => *said = value,
        }
    }
    json!({"command": "campaign.create", "campaign": spec})
}

fn phase(text: &str) -> Value {
    let words: Vec<_> = text.split_whitespace().collect();
    let [name, percentage, duration, rest @ ..] = words.as_slice() else {
        panic!(
            "a phase is a name, a percentage, a duration and perhaps a success threshold: {text}"
        )
    };
    let mut phase = json!({
        "name": name,
        "percentage": value_of(percentage),
        "duration_hours": value_of(duration),
    });
    for word in rest {
        match *word {
            "timed" => phase["wait_for_success"] = false.into(),
            threshold => phase["success_threshold"] = value_of(threshold),
        }
    }
    phase
}

/// `10%` and `10` are numbers, `24h` is a text.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text.trim_end_matches('%')).unwrap_or_else(|_| text.into())
}

/// `spring because TEXT`, `spring as WHO id ID version N`: who says it, and the command.
pub fn verb<'a>(verb: &str, words: &[&'a str]) -> (&'a str, Value) {
    let [campaign, arguments @ ..] = words else {
        panic!("{verb} what?")
    };
    let mut rest: &[&str] = arguments;
    let mut map = Map::new();
    map.insert("command".into(), format!("campaign.{verb}").into());
    map.insert("campaign".into(), (*campaign).into());
    let mut who = "ann";
    while !rest.is_empty() {
        rest = match rest {
            ["request", request, rest @ ..] => {
                map.insert("request".into(), value_of(request));
                rest
            }
            ["digest", digest, rest @ ..] => {
                map.insert("digest".into(), (*digest).into());
                rest
            }
            ["arm", arm, rest @ ..] => {
                map.insert("arm".into(), (*arm).into());
                rest
            }
            ["device", device, rest @ ..] => {
                map.insert("device".into(), (*device).into());
                rest
            }
            ["phases", shares, rest @ ..] => {
                let shares = shares.split(',').map(value_of).collect();
                map.insert("phases".into(), shares);
                rest
            }
            ["because", reason @ ..] => {
                map.insert("reason".into(), reason.join(" ").into());
                &[]
            }
            ["as", name, rest @ ..] => {
                who = name;
                rest
            }
            ["id", id, rest @ ..] => {
                map.insert("id".into(), (*id).into());
                rest
            }
            ["version", version, rest @ ..] => {
                map.insert("expected_version".into(), value_of(version));
                rest
            }
            _ => panic!("what does this mean? {rest:?}"),
        };
    }
    (who, map.into())
}

/// The command that publishes a release, and what the store holds of its image.
pub fn release(
    line: &Release<'_>,
    model: &ModelId,
    sequence: u64,
) -> (Command, Option<StoredArtifact>) {
    let version = Version::parse(line.version).unwrap();
    let bytes = image(model, &version);
    let made_for = match line.flaw {
        Some(Flaw::MadeFor(model)) => ModelId::parse(model).unwrap(),
        _ => model.clone(),
    };
    let label = match line.flaw {
        Some(Flaw::LabelledAs(label)) => label,
        _ => line.version,
    };
    let manifest = manifest(&made_for, version, &bytes, sequence);
    let key = match line.flaw {
        Some(Flaw::Stranger) => SigningKey::from_bytes(&[9; 32]),
        _ => release_key(),
    };
    let mut envelope = manifest.sign(&key);
    if let Some(Flaw::Unsigned) = line.flaw {
        // Within the signature, which stands before the manifest.
        envelope[100] ^= 1;
    }
    let stored = match line.flaw {
        Some(Flaw::ImageEdited) => [&bytes[..], b"!"].concat(),
        _ => bytes,
    };
    let artifact = StoredArtifact {
        sha256: Sha256::of(&stored),
        bytes: stored.len() as u64,
    };
    let command = Command::PublishRelease(PublishRelease {
        vendor: VENDOR.into(),
        model: model.clone(),
        version: Version::parse(label).unwrap(),
        image: Digest::of(&stored),
        manifest: envelope,
        security: line.security,
        advisories: line
            .advisories
            .iter()
            .map(|id| id.parse().unwrap())
            .collect(),
        requires: line
            .requires
            .map(|versions| VersionRequirement::parse(versions).unwrap()),
        hardware: line
            .hardware
            .iter()
            .map(|revision| revision.parse().unwrap())
            .collect(),
        rollbacks: ways_back(line, model, sequence),
    });
    let is_missing = matches!(line.flaw, Some(Flaw::ImageMissing));
    (command, (!is_missing).then_some(artifact))
}

fn manifest(model: &ModelId, version: Version, image: &[u8], sequence: u64) -> Manifest {
    let vendor_id = suit::vendor_id(VENDOR);
    Manifest {
        sequence,
        vendor_id,
        class_id: suit::class_id(vendor_id, model),
        component: Name::parse(suit::FIRMWARE).unwrap(),
        image_sha256: Sha256::of(image),
        image_size_bytes: image.len() as u64,
        version,
        uri: "fleetfold:image".into(),
    }
}

fn ways_back(line: &Release<'_>, model: &ModelId, sequence: u64) -> Vec<RollbackManifest> {
    let flaw = match line.flaw {
        Some(Flaw::Ways(flaw)) => Some(flaw),
        _ => None,
    };
    let way = |(number, version): (u64, &&str)| {
        let to = Version::parse(version).unwrap();
        let mut bytes = image(model, &to);
        if flaw == Some(WaysFlaw::Edited) {
            bytes.push(b'!');
        }
        let sequence = match flaw {
            Some(WaysFlaw::Below) => sequence - number,
            Some(WaysFlaw::Alike) => sequence + 1,
            _ => sequence + number,
        };
        let label = match flaw {
            Some(WaysFlaw::Mislabelled) => Version::parse(line.version).unwrap(),
            _ => to.clone(),
        };
        let key = match flaw {
            Some(WaysFlaw::Unsigned) => SigningKey::from_bytes(&[9; 32]),
            _ => release_key(),
        };
        let manifest = manifest(model, label, &bytes, sequence).sign(&key);
        RollbackManifest { to, manifest }
    };
    (1..).zip(&line.back_to).map(way).collect()
}
