//! What devices say and hear outside the signed job.

use std::collections::BTreeMap;

use fleetfold_schemas::{
    DeviceTopic, Digest,
    code::Code,
    codec::{decode_from_device, encode_cbor, encode_json},
    device::{
        Ack, ChunkData, ChunkGet, ErrorClass, Hello, Image, JobReport, JobState, PROTOCOL,
        Presence, Report, Running, Slot, Stage, Waiting, WaitingFor,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    vectors::{Content, Golden},
    world::{HOUR_MS, NOW_MS, error, name, new_image, of_device, old_image, running, version},
};

/// What a device sends, in CBOR.
fn from_device<T>(
    name: &str,
    about: &'static str,
    topic: DeviceTopic,
    rule: &str,
    value: T,
) -> Golden
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    let content = Content::Cbor(encode_cbor(&value));
    Golden::new(name, about, content, value, read_from_device)
        .note("topic", of_device(topic))
        .note("cddl", rule)
}

/// The same in JSON.
fn from_device_json<T>(name: &str, about: &'static str, topic: DeviceTopic, value: T) -> Golden
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    let content = Content::Json(encode_json(&value));
    Golden::new(name, about, content, value, read_from_device).note("topic", of_device(topic))
}

fn read_from_device<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let read = decode_from_device::<T>(bytes).map_err(|error| error.to_string())?;
    if read.unknown_keys == 0 {
        Ok(read.message)
    } else {
        Err(format!("{} unknown keys", read.unknown_keys))
    }
}

fn hello_full() -> Hello {
    Hello {
        protocol: PROTOCOL,
        epoch: 3,
        seq: 1,
        model: "sensor-a".parse().unwrap(),
        hardware: Some(version("rev-c.2")),
        capabilities: vec![name("bidiff-zstd")],
        region: Some(name("eu-north")),
        time_zone: Some("Europe/Berlin".parse().unwrap()),
        tenant: Some(name("acme")),
        tags: vec![name("line-2"), name("indoor")],
        attributes: BTreeMap::from([(name("site"), "hall 4".to_owned())]),
        running: running(old_image(), Slot::A),
        standby: Some(Image {
            version: version("1.3.1"),
            digest: Digest::of(b"firmware 1.3.1"),
        }),
        job: Some(JobReport {
            sequence: 4711,
            state: JobState::InProgress {
                stage: Stage::Downloading,
                progress_percent: Some(40),
                waiting: None,
            },
        }),
    }
}

pub fn hellos() -> Vec<Golden> {
    let least = Hello {
        hardware: None,
        capabilities: vec![],
        region: None,
        tenant: None,
        time_zone: None,
        tags: vec![],
        attributes: BTreeMap::new(),
        standby: None,
        job: None,
        ..hello_full()
    };
    vec![
        from_device(
            "hello-least",
            "The first message of a connection, with what no hello may lack.",
            DeviceTopic::Hello,
            "hello",
            least,
        ),
        from_device(
            "hello-full",
            "The first message of a connection, with everything it may contain.",
            DeviceTopic::Hello,
            "hello",
            hello_full(),
        ),
        from_device_json(
            "hello-full-json",
            "The same as hello-full, from a device that speaks JSON.",
            DeviceTopic::Hello,
            hello_full(),
        ),
    ]
}

fn report(seq: u64, running: Running, state: Option<JobState>) -> Report {
    Report {
        epoch: 3,
        seq,
        running,
        job: state.map(|state| JobReport {
            sequence: 4711,
            state,
        }),
        boot_ms: None,
        battery_drain_bp_per_day: None,
        unexpected_reboots: None,
    }
}

/// One for each state a job can be in.
pub fn reports() -> Vec<Golden> {
    let old = || running(old_image(), Slot::A);
    let downloading = JobState::InProgress {
        stage: Stage::Downloading,
        progress_percent: Some(75),
        waiting: None,
    };
    let installing = JobState::InProgress {
        stage: Stage::Installing,
        progress_percent: None,
        waiting: None,
    };
    let waiting = |what, until_ms, postponed| JobState::InProgress {
        stage: Stage::Installing,
        progress_percent: None,
        waiting: Some(Waiting {
            what,
            until_ms,
            postponed,
        }),
    };
    let failed = JobState::Failed {
        error: error(ErrorClass::SelfTest, "watchdog", "no heartbeat within 60 s"),
        restored: true,
    };
    let rejected = JobState::Rejected {
        error: error(ErrorClass::Verification, "suit_class", ""),
    };
    let succeeded = Report {
        epoch: 4,
        boot_ms: Some(8200),
        battery_drain_bp_per_day: None,
        unexpected_reboots: None,
        ..report(2, running(new_image(), Slot::B), Some(JobState::Succeeded))
    };
    let healthy = Report {
        boot_ms: Some(8200),
        battery_drain_bp_per_day: Some(412),
        unexpected_reboots: Some(3),
        ..report(3, old(), None)
    };
    let all = [
        (
            "report-health",
            "A device that says how it is doing.",
            healthy,
        ),
        (
            "report-idle",
            "A device without a job.",
            report(2, old(), None),
        ),
        (
            "report-downloading",
            "A job is under way, and this stage has a progress.",
            report(3, old(), Some(downloading.clone())),
        ),
        (
            "report-installing",
            "A job is under way, and this stage has none.",
            report(4, old(), Some(installing)),
        ),
        (
            "report-waiting",
            "The device has the image and waits to be charged before it installs.",
            report(4, old(), Some(waiting(WaitingFor::Battery, None, 0))),
        ),
        (
            "report-postponed",
            "Its user has put the installation off twice.",
            report(
                4,
                old(),
                Some(waiting(WaitingFor::Consent, Some(NOW_MS + HOUR_MS), 2)),
            ),
        ),
        (
            "report-succeeded",
            "The new image runs, has passed its self-test and is confirmed.",
            succeeded,
        ),
        (
            "report-failed",
            "The new image did not pass its self-test, and the device is back on the old one.",
            report(5, old(), Some(failed)),
        ),
        (
            "report-rejected",
            "The device will not do this job; no text for people.",
            report(6, old(), Some(rejected)),
        ),
        (
            "report-canceled",
            "The device has stopped a job that the engine took back.",
            report(7, old(), Some(JobState::Canceled)),
        ),
    ];
    let mut goldens: Vec<_> = all
        .into_iter()
        .map(|(name, about, report)| {
            from_device(name, about, DeviceTopic::Report, "report", report)
        })
        .collect();
    goldens.push(from_device_json(
        "report-downloading-json",
        "The same as report-downloading, from a device that speaks JSON.",
        DeviceTopic::Report,
        report(3, old(), Some(downloading)),
    ));
    goldens
}

pub fn presences() -> Vec<Golden> {
    let said = |online| Presence { online, epoch: 3 };
    vec![
        from_device(
            "presence-online",
            "Published after the hello, retained.",
            DeviceTopic::Presence,
            "presence",
            said(true),
        ),
        from_device(
            "presence-offline",
            "The will of the connection, retained.",
            DeviceTopic::Presence,
            "presence",
            said(false),
        ),
        from_device_json(
            "presence-offline-json",
            "The same as presence-offline, readable with any MQTT client.",
            DeviceTopic::Presence,
            said(false),
        ),
    ]
}

pub fn acks() -> Vec<Golden> {
    let ack = |name, about, epoch, seq, code: Option<Code>| {
        let ack = Ack {
            epoch,
            seq,
            code: code.map(|code| code.to_string()),
        };
        let content = Content::Cbor(ack.encode());
        Golden::new(name, about, content, ack, Ack::decode)
            .note("topic", of_device(DeviceTopic::Ack))
            .note("cddl", "ack")
    };
    vec![
        ack(
            "ack",
            "Everything up to message 2 of epoch 3 is on disk.",
            3,
            2,
            None,
        ),
        ack(
            "ack-refused",
            "Message 3 of epoch 2 is refused for good.",
            2,
            3,
            Some(Code::EpochRegressed),
        ),
        ack(
            "ack-unnumbered",
            "Something without a readable number is refused.",
            0,
            0,
            Some(Code::Malformed),
        ),
    ]
}

pub fn chunks() -> Vec<Golden> {
    let get = ChunkGet {
        digest: new_image().digest,
        offset: 4096,
        length: 4096,
    };
    let data = |name, about, content: Result<&[u8], Code>| {
        let data = ChunkData {
            digest: new_image().digest,
            offset: 4096,
            content: content.map(<[u8]>::to_vec).map_err(|code| code.to_string()),
        };
        let content = Content::Cbor(data.encode());
        Golden::new(name, about, content, data, ChunkData::decode)
            .note("topic", of_device(DeviceTopic::ChunkData))
            .note("cddl", "chunk-data")
    };
    vec![
        from_device(
            "chunk-get",
            "A device asks for the second 4 KiB of an artifact.",
            DeviceTopic::ChunkGet,
            "chunk-get",
            get.clone(),
        ),
        from_device_json(
            "chunk-get-json",
            "The same as chunk-get, from a device that speaks JSON.",
            DeviceTopic::ChunkGet,
            get,
        ),
        data(
            "chunk-data",
            "The piece (shortened: a real one has the length that was asked for).",
            Ok(b"firmware"),
        ),
        data(
            "chunk-data-refused",
            "There is no such piece.",
            Err(Code::ChunkRange),
        ),
    ]
}
