//! The bytes of every message, and that PROTOCOL.md speaks of all there is.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod device;
mod operator;
mod report;
mod signed;
mod status;
#[path = "../vectors/mod.rs"]
mod vectors;
mod webhook;
mod world;

use std::path::Path;

use fleetfold_schemas::{DeviceTopic, Topic, code::Code, command::Command, device::ErrorClass};
use vectors::{Golden, Vectors};
use world::of_device;

const PROTOCOL_MD: &str = include_str!("../../PROTOCOL.md");

fn goldens() -> Vec<Golden> {
    [
        device::hellos(),
        device::reports(),
        device::presences(),
        device::acks(),
        device::chunks(),
        signed::envelopes(),
        signed::jobs(),
        signed::tokens(),
        operator::specs(),
        operator::commands(),
        operator::replies(),
        status::device_statuses(),
        status::campaign_statuses(),
        status::rehearsals(),
        status::other_statuses(),
        report::reports(),
        webhook::notices(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn vectors() -> Vectors {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    Vectors::new(directory, goldens())
}

#[test]
fn every_message_is_written_as_it_always_was_and_read_back() {
    let vectors = vectors();
    vectors.check_written();
    vectors.check_read();
}

#[test]
fn every_topic_and_every_command_has_a_vector() {
    let goldens = goldens();
    let has_topic = |topic: Topic| {
        let topic = topic.to_string();
        goldens
            .iter()
            .any(|golden| golden.notes.contains(&("topic", topic.clone())))
    };
    for topic in DeviceTopic::ALL {
        assert!(has_topic(of_device(topic)), "{}", topic.as_str());
    }
    for command in Command::NAMES {
        let name = format!("command-{command}");
        assert!(
            goldens.iter().any(|golden| golden.name == name),
            "{command}"
        );
    }
}

fn is_documented(what: &str) -> bool {
    PROTOCOL_MD.contains(&format!("`{what}`"))
}

#[test]
fn the_protocol_text_explains_every_code_and_every_command() {
    for code in Code::ALL {
        assert!(is_documented(code.as_str()), "{code}");
    }
    for command in Command::NAMES {
        assert!(is_documented(command), "{command}");
    }
    for class in ErrorClass::ALL {
        assert!(is_documented(class.as_str()), "{class}");
    }
}

/// The source is the list of reasons.
#[test]
fn the_protocol_text_explains_every_reason_of_an_explanation() {
    let (_, reasons) = include_str!("../../src/explain.rs")
        .split_once("pub enum Reason {")
        .unwrap();
    let names = reasons.lines().map(str::trim);
    let names: Vec<_> = names
        .filter_map(|line| line.strip_suffix(','))
        .map(|name| {
            let snake = name.split_inclusive(|_: char| true);
            let snake = snake.map(|letter| match letter.to_lowercase() {
                lower if lower != letter => format!("_{lower}"),
                lower => lower,
            });
            snake.collect::<String>().trim_start_matches('_').to_owned()
        })
        .collect();
    assert!(names.len() > 30);
    for name in names {
        assert!(is_documented(&name), "{name}");
    }
}

/// Refusals of jobs, manifests and tokens have their codes where they are made; the source is the list.
#[test]
fn the_protocol_text_explains_every_refusal_of_a_signed_message() {
    for (source, prefix) in [
        (include_str!("../../src/job.rs"), "job_"),
        (include_str!("../../src/suit.rs"), "suit_"),
        (include_str!("../../src/token.rs"), "token_"),
    ] {
        let codes: Vec<_> = source
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| text.starts_with(prefix) && !text.contains(' '))
            .collect();
        assert!(codes.len() >= 5, "{prefix}");
        for code in codes {
            assert!(is_documented(code), "{code}");
        }
    }
}
