//! Campaigns that cannot be: each is refused with the way to the key, the reason and what is allowed.
//!
//! `impossible.txt` has one campaign a line, of which the keys that are the same in all are left out, and below it what its
//! author is told. `UPDATE_VECTORS=1` writes down what is told instead.

use std::{fs, path::PathBuf};

use fleetfold_schemas::{
    campaign::{CampaignDefaults, CampaignSpec},
    command::{Command, CommandMessage},
};
use serde_json::{Map, Value, json};

/// At least so many ways to be wrong are told apart.
const CAMPAIGNS_MIN: usize = 40;

/// The campaign of a line: what is `null` there is left out.
fn campaign(line: &str) -> Value {
    let base = json!({"id": "spring", "release": {"model": "sensor_v2", "version": "2.0.0"}});
    let Value::Object(mut campaign) = base else {
        unreachable!("it is an object")
    };
    let keys: Map<String, Value> = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    for (key, value) in keys {
        match key.strip_prefix("without ") {
            Some(key) => drop(campaign.remove(key)),
            None => drop(campaign.insert(key, value)),
        }
    }
    campaign.into()
}

fn read(campaign: &Value) -> Result<CampaignSpec, String> {
    let message = json!({"command": "campaign.create", "campaign": campaign}).to_string();
    let message =
        CommandMessage::decode(message.as_bytes()).map_err(|refused| refused.rejection.message)?;
    let Command::CreateCampaign(create) = message.command else {
        unreachable!("that is what it is")
    };
    let spec = create.campaign.resolve(&CampaignDefaults::default());
    spec.map_err(|error| error.to_string())
}

#[test]
fn every_impossible_campaign_is_refused_with_key_reason_and_what_is_allowed() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/impossible.txt");
    let told = fs::read_to_string(&path).unwrap();
    let lines = told.lines().filter(|line| !line.starts_with(' '));
    let (mut happened, mut count) = (String::new(), 0);
    for line in lines {
        happened.push_str(line);
        happened.push('\n');
        if line.starts_with('{') {
            count += 1;
            let refusal = read(&campaign(line)).expect_err(line);
            happened.push_str(&format!("    {refusal}\n"));
        }
    }
    assert!(count >= CAMPAIGNS_MIN, "only {count}");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::write(&path, &happened).unwrap();
        return;
    }
    for (told, happened) in told.lines().zip(happened.lines()) {
        assert_eq!(told, happened, "UPDATE_VECTORS=1 writes what is told");
    }
    assert_eq!(told, happened, "UPDATE_VECTORS=1 writes what is told");
}

#[test]
fn what_looks_wrong_and_is_not_is_taken() {
    for line in [
        r#"{}"#,
        r#"{"phases":{"name":"some","percentage":30,"duration_hours":1}}"#,
        r#"{"max_rollout_days":7}"#,
        r#"{"rollout_strategy":"progressive","initial_percentage":0.5,"rollout_interval_hours":"90m"}"#,
        r#"{"defaults":{"initial_percentage":1},"phases":[{"name":"all","percentage":100,"duration_hours":0}]}"#,
        r#"{"rollout_strategy":"ab_test","ab_testing":{"other":"none"}}"#,
        r#"{"ab_testing":{"enabled":true,"split_percentage":10,"metrics":"boot_time","test_duration_days":"36h",
            "other":{"model":"sensor_v2","version":"1.9.0"}}}"#,
        r#"{"ab_testing":{"enabled":false}}"#,
        r#"{"groups":[{"name":"a","criteria":{"not":{"tags":"frail"}}},{"name":"b","rollout_order":2,"criteria":"*"}]}"#,
        r#"{"failure_handling":{"retry_backoff_hours":0,"max_retries":10}}"#,
        r#"{"defaults":{"max_rollout_days":20},"success_threshold":99.99}"#,
    ] {
        let taken = read(&campaign(line));
        assert!(taken.is_ok(), "{line}: {taken:?}");
    }
}

#[test]
fn what_is_resolved_resolves_to_itself() {
    for line in [
        r#"{}"#,
        r#"{"rollout_strategy":"canary","failure_handling":{"retries_max":7},"rates":{"in_flight_max":3}}"#,
        r#"{"rollout_strategy":"progressive","initial_percentage":3}"#,
        r#"{"rollout_strategy":"ab","ab_testing":{"other":"none"},"success_threshold":80}"#,
    ] {
        let spec = read(&campaign(line)).unwrap();
        assert_eq!(
            read(&serde_json::to_value(&spec).unwrap()),
            Ok(spec),
            "{line}"
        );
    }
}

#[test]
fn strategies_are_the_phases_that_they_are_said_to_be() {
    let phases = |line: &str| {
        let spec = read(&campaign(line)).unwrap();
        let phase = |phase: &fleetfold_schemas::campaign::PhaseSpec| {
            let hours = phase.duration_hours.ms() / 3_600_000;
            format!(
                "{} {} {hours} h {}",
                phase.name, phase.percentage, phase.success_threshold
            )
        };
        let phases: Vec<_> = spec.phases.iter().map(phase).collect();
        phases.join(", ")
    };
    assert_eq!(
        phases(r#"{"rollout_strategy":"phased"}"#),
        "canary 1 % 24 h 100 %, early 10 % 24 h 95 %, broad 30 % 48 h 95 %, full 100 % 72 h 95 %"
    );
    assert_eq!(
        phases(r#"{"rollout_strategy":"canary","success_threshold":98}"#),
        "canary 5 % 48 h 100 %, full 100 % 120 h 98 %"
    );
    assert_eq!(
        phases(r#"{"rollout_strategy":"progressive"}"#),
        "p5 5 % 24 h 95 %, p10 10 % 24 h 95 %, p25 25 % 24 h 95 %, p50 50 % 24 h 95 %, p100 100 % 24 h 95 %"
    );
    assert_eq!(
        phases(
            r#"{"rollout_strategy":"progressive","initial_percentage":12.5,"rollout_interval_hours":6}"#
        ),
        "p12_5 12.5 % 6 h 95 %, p25 25 % 6 h 95 %, p50 50 % 6 h 95 %, p100 100 % 6 h 95 %"
    );
    assert_eq!(
        phases(r#"{"rollout_strategy":"ab_test","ab_testing":{"other":"none"}}"#),
        "test 100 % 168 h 90 %"
    );
}
