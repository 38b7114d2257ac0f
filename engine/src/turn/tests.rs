use std::{fs, path::Path};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use fleetfold_broker::{Concerns, Qos};
use fleetfold_core::{Answer, Core, Fact, OperatorCut, Request, State, fact::Role};
use fleetfold_schemas::{DeviceId, OperatorId, Topic};
use serde_json::json;

use super::{DeltaOrder, Engine, World, ingress, reports::ReportOrder};
use crate::log::{Log, LogOptions};

/// Nobody is there.
struct Nobody;

impl World for Nobody {
    fn answer(&mut self, _: &Request, answer: &Answer, _: &State) {
        assert_eq!(*answer, Answer::Accepted);
    }

    fn has_subscriber(&self, _: &Topic, _: Concerns<'_>) -> bool {
        false
    }

    fn publish(&mut self, topic: &Topic, _: Bytes, _: Qos, _: Concerns<'_>) {
        panic!("nobody subscribes to {topic}");
    }

    fn disconnect(&mut self, _: &DeviceId) {}

    fn disconnect_operator(&mut self, _: &OperatorId, _: OperatorCut) {}

    fn build_delta(&mut self, _: DeltaOrder) {}

    fn make_report(&mut self, _: ReportOrder) {}
}

/// Two facts each: that it was accepted, and what it did.
fn trust_key(number: u32) -> Request {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    let key = SigningKey::from_bytes(&seed).verifying_key();
    let command = json!({
        "command": "key.trust",
        "name": format!("key-{number}"),
        "public_key": hex::encode(key.as_bytes()),
    });
    let ann = "ann".parse().expect("a name");
    ingress::command(ann, command.to_string().as_bytes()).request(None)
}

fn cut_last_byte(log: &Path) {
    let segments = fs::read_dir(log.join("journal")).unwrap();
    let path = segments.last().unwrap().unwrap().path();
    // What stands behind it is room for more.
    let bytes = fs::read(&path).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    fs::write(path, &bytes[..last]).unwrap();
}

#[test]
fn a_crash_amid_a_large_step_leaves_no_command_half_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let log_dir = dir.path().join("log");
    let (log, _) = Log::open(&log_dir, &LogOptions::default()).unwrap();
    let mut engine = Engine::new(Core::default(), log, SigningKey::from_bytes(&[7; 32]));
    let ann = Request::AddOperator {
        operator: "ann".parse().unwrap(),
        role: Role::Admin,
        password_hash: String::new(),
    };
    // One fact and then twos: the batch's limit of 8,192 falls between the two facts of a command.
    let requests: Vec<Request> = std::iter::once(ann)
        .chain((0..4096).map(trust_key))
        .collect();
    let turned = engine.turn(1_000, &requests, &mut Nobody).unwrap();
    assert_eq!(turned.step.facts.len(), 8_193);

    std::mem::forget(engine.into_log());
    cut_last_byte(&log_dir);
    fs::remove_dir_all(log_dir.join("index")).unwrap();

    let lock_free = dir.path().join("copy");
    fs::create_dir(&lock_free).unwrap();
    fs::rename(log_dir.join("journal"), lock_free.join("journal")).unwrap();
    let (log, _) = Log::open(&lock_free, &LogOptions::default()).unwrap();
    let mut last = None;
    log.replay(1, |_, _, record| {
        last = Some(Fact::decode(record)?);
        Ok::<(), minicbor::decode::Error>(())
    })
    .unwrap();
    assert_eq!(log.head().seq, 8_191);
    assert!(matches!(last, Some(Fact::KeyTrusted(_))), "{last:?}");
}
