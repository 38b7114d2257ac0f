//! What counts as a message of a device or an operator, and what only looks like one.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use ciborium::Value;
use fleetfold_schemas::{
    code::Code,
    codec::{decode_from_device, encode_cbor},
    command::CommandMessage,
    device::{ChunkGet, Hello, Presence, Report},
};
use serde_json::json;

const DIGEST: &str = "6f9902ac23f0cb124baf1d90a3a2ea06ab0b3d8a41fd18fd4b1cf9a3c1b1d4c8";

fn report() -> serde_json::Value {
    json!({
        "epoch": 3, "seq": 2,
        "running": {"slot": "a", "version": "1.3.2", "digest": DIGEST},
        "job": {
            "sequence": 4711, "status": "failed",
            "error": {"class": "self_test", "code": "watchdog", "message": "no answer"},
        },
    })
}

fn reads(report: &serde_json::Value) -> bool {
    decode_from_device::<Report>(report.to_string().as_bytes()).is_ok()
}

#[test]
fn a_structure_given_as_a_list_of_its_values_is_refused_at_every_depth() {
    assert!(reads(&report()));
    let edits: [(&str, serde_json::Value); 3] = [
        ("/running", json!(["a", "1.3.2", DIGEST])),
        ("/job", json!([4711, "succeeded"])),
        ("/job/error", json!(["self_test", "watchdog", "no answer"])),
    ];
    for (at, list) in edits {
        let mut bad = report();
        *bad.pointer_mut(at).unwrap() = list;
        assert!(!reads(&bad), "{bad}");
    }
    let list = json!([false, 3]).to_string();
    assert!(decode_from_device::<Presence>(list.as_bytes()).is_err());
    assert!(decode_from_device::<ChunkGet>(&encode_cbor(&(1, 2, 3))).is_err());
}

#[test]
fn a_word_given_as_an_object_is_refused() {
    for (at, object) in [
        ("/running/slot", json!({"a": null})),
        ("/job/status", json!({"failed": null})),
        ("/job/error/class", json!({"self_test": null})),
    ] {
        let mut bad = report();
        *bad.pointer_mut(at).unwrap() = object;
        assert!(!reads(&bad), "{bad}");
    }
}

#[test]
fn a_key_given_twice_is_refused_known_or_not() {
    for text in [
        r#"{"online":true,"online":false,"epoch":1}"#,
        r#"{"online":true,"epoch":1,"x":1,"x":2}"#,
        r#"{"online":true,"epoch":1,"x":{"y":1,"y":2}}"#,
    ] {
        assert!(
            decode_from_device::<Presence>(text.as_bytes()).is_err(),
            "{text}"
        );
    }
}

fn cbor(entries: Vec<(Value, Value)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&Value::Map(entries), &mut bytes).unwrap();
    bytes
}

#[test]
fn a_cbor_message_has_text_keys_and_no_tags() {
    let text = |key: &str| Value::from(key);
    let epoch = || (text("epoch"), Value::from(1));
    let online = || (text("online"), Value::from(true));
    let reads = |entries| decode_from_device::<Presence>(&cbor(entries)).is_ok();
    assert!(reads(vec![online(), epoch()]));
    assert!(!reads(vec![
        (Value::Bytes(b"online".to_vec()), Value::from(true)),
        epoch()
    ]));
    assert!(!reads(vec![
        (text("online"), Value::Tag(1, Box::new(Value::from(true)))),
        epoch()
    ]));
    assert!(!reads(vec![
        online(),
        (
            text("epoch"),
            Value::Tag(2, Box::new(Value::Bytes(vec![1])))
        ),
    ]));
    assert!(!reads(vec![
        online(),
        epoch(),
        (Value::from(7), Value::from(0))
    ]));
}

#[test]
fn what_a_newer_device_adds_is_counted_wherever_it_stands() {
    let mut newer = report();
    newer["battery"] = json!({"percent": 80});
    newer["running"]["signed"] = json!([true]);
    newer["job"]["error"]["trace"] = json!("x");
    let read = decode_from_device::<Report>(newer.to_string().as_bytes()).unwrap();
    assert_eq!(read.unknown_keys, 3);
    let plain = decode_from_device::<Report>(report().to_string().as_bytes()).unwrap();
    assert_eq!(read.message, plain.message);
    assert_eq!(plain.unknown_keys, 0);
}

#[test]
fn json_and_cbor_say_the_same() {
    let json = json!({
        "protocol": 1, "epoch": 3, "seq": 1, "model": "sensor-a", "tags": ["x"],
        "attributes": {"site": "north"},
        "running": {"slot": "b", "version": "1.3.2", "digest": DIGEST},
    });
    let hello = decode_from_device::<Hello>(json.to_string().as_bytes()).unwrap();
    let again = decode_from_device::<Hello>(&encode_cbor(&hello.message)).unwrap();
    assert_eq!(again, hello);
}

fn refusal(command: &str) -> Option<Code> {
    let read = CommandMessage::decode(command.as_bytes());
    read.err().map(|refused| refused.rejection.code)
}

#[test]
fn a_command_is_an_object_of_objects_with_each_key_once() {
    let phase = r#"{"name":"all","percentage":100,"duration_hours":1}"#;
    let create = |phase: &str, release: &str| {
        format!(
            r#"{{"command":"campaign.create","campaign":{{"id":"c","release":{release},"phases":[{phase}]}}}}"#
        )
    };
    let release = r#"{"model":"m","version":"1"}"#;
    assert_eq!(refusal(&create(phase, release)), None);
    for bad in [
        create(r#"["all",100,1]"#, release),
        create(phase, r#"["m","1"]"#),
        create(phase, r#"{"model":"m","version":"1","version":"2"}"#),
    ] {
        assert!(refusal(&bad).is_some(), "{bad}");
    }
    for bad in [
        r#"{"command":"campaign.pause","command":"campaign.resume","campaign":"c"}"#,
        r#"{"command":"campaign.pause","campaign":"a","campaign":"b"}"#,
        r#"{"command":"device.register","device":"d","model":"m","credential":["token_sha256"]}"#,
        r#"[1]"#,
        r#""campaign.pause""#,
    ] {
        assert_eq!(refusal(bad), Some(Code::Malformed), "{bad}");
    }
}

#[test]
fn an_expected_version_where_there_is_no_version_is_refused() {
    let pause = r#"{"command":"campaign.pause","campaign":"c","expected_version":4}"#;
    assert_eq!(refusal(pause), None);
    let lifecycle =
        r#"{"command":"device.lifecycle","device":"d","lifecycle":"retired","expected_version":4}"#;
    assert_eq!(refusal(lifecycle), Some(Code::Malformed));
}

#[test]
fn a_wrong_value_deep_in_a_campaign_is_refused_with_the_path_to_its_key() {
    let phase = r#"{"name":"all","percentage":101,"duration_hours":1}"#;
    let release = r#"{"model":"m","version":"1"}"#;
    let create = format!(
        r#"{{"command":"campaign.create","campaign":{{"id":"c","release":{release},"phases":[{phase}]}}}}"#
    );
    let refused = CommandMessage::decode(create.as_bytes()).unwrap_err();
    assert_eq!(refused.rejection.code, Code::CampaignInvalid);
    let message = refused.rejection.message;
    assert!(message.starts_with("phases[0].percentage: "), "{message}");
}
