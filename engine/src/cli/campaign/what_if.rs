//! `fleetfold campaign what-if`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use fleetfold_schemas::{
    CampaignId,
    campaign::{CampaignDraft, CampaignSpec, human_duration},
    rehearsal::{Happened, Stopped, WhatIf},
};
use serde_json::Value;

use super::super::{
    failure::Failure,
    output::{self, print},
};
use crate::{
    rehearsal::{Record, record, what_if},
    yaml,
};

#[derive(Debug, Args)]
pub struct WhatIfArgs {
    campaign: CampaignId,
    /// The description to hold against what happened, in YAML or JSON
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// One key of the description, as in `failure_threshold=5` or `phases.0.percentage=2`
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "with")]
    set: Vec<String>,
    /// Whom devices take after that were never reached
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server's data directory
    #[arg(long, value_name = "DIR", default_value = "fleetfold-data")]
    data: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &WhatIfArgs) -> Result<ExitCode, Failure> {
    let record = record(&args.data, &args.campaign).map_err(Failure::new)?;
    let record = record.ok_or_else(|| {
        let data = args.data.display();
        Failure::new(format!(
            "campaign {} has not been started in {data}",
            args.campaign
        ))
        .advise("`fleetfold campaign rehearse` is for campaigns that have not been started")
    })?;
    let spec = described(args, &record)?;
    let answer = what_if(&record, spec, args.seed);
    if args.json {
        let text = serde_json::to_string(&answer).map_err(Failure::new)?;
        print(&format!("{text}\n"))?;
    } else {
        print(&told(&answer))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn described(args: &WhatIfArgs, record: &Record) -> Result<CampaignSpec, Failure> {
    let recorded = &record.before.campaigns.get(record.campaign).spec;
    let spec = if let Some(file) = &args.with {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| Failure::of_file("read", file, error))?;
        let draft: CampaignDraft = yaml::read(&text, &name).map_err(Failure::new)?;
        let defaults = &record.before.campaign_defaults;
        draft
            .resolve(defaults)
            .map_err(|error| Failure::new(error.to_string()))?
    } else {
        let mut value = serde_json::to_value(recorded).map_err(Failure::new)?;
        for change in &args.set {
            set(&mut value, change).map_err(Failure::new)?;
        }
        serde_json::from_value(value).map_err(|error| {
            Failure::new(format!("the description is not one any more: {error}"))
        })?
    };
    spec.check()
        .map_err(|error| Failure::new(error.to_string()))?;
    if spec.id != recorded.id || spec.releases != recorded.releases {
        return Err(Failure::new(
            "the id and the releases are what happened, and stay",
        ));
    }
    Ok(spec)
}

/// One `key=value`; the value is JSON, or else a text.
fn set(spec: &mut Value, change: &str) -> Result<(), String> {
    let (path, text) = (change.split_once('='))
        .ok_or_else(|| format!("{change}: a key and a value are expected, as in key=value"))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let mut place = spec;
    for key in path.split('.') {
        place = match place {
            Value::Array(list) => {
                let at = key.parse::<usize>().ok();
                at.and_then(|at| list.get_mut(at))
                    .ok_or_else(|| format!("{path}: there is no item {key}"))?
            }
            Value::Object(map) => map.entry(key).or_insert(Value::Null),
            other => {
                *other = Value::Object(serde_json::Map::new());
                other
                    .as_object_mut()
                    .map(|map| map.entry(key).or_insert(Value::Null))
                    .ok_or_else(|| format!("{path}: there is no {key}"))?
            }
        };
    }
    *place = value;
    Ok(())
}

fn told(answer: &WhatIf) -> String {
    let mut text = match (&answer.instead.stopped, &answer.recorded) {
        (Some(stop), recorded) => format!(
            "campaign {} would have {} at event {} ({}) with {} devices exposed instead of {}\n",
            answer.campaign,
            match answer.instead.status.as_str() {
                "rolling_back" => "been rolled back",
                _ => "paused",
            },
            stop.position,
            day(stop.after_ms),
            stop.exposed,
            recorded.exposed
        ),
        (None, _) => format!(
            "campaign {} would have {} after {}, without a pause\n",
            answer.campaign,
            match answer.instead.status.as_str() {
                "completed" => "completed",
                "failed" => "run out of time",
                _ => "stood still",
            },
            human_duration(answer.instead.took_ms)
        ),
    };
    let mut table = output::Table::new(&[
        "",
        "STATUS",
        "AFTER",
        "EXPOSED",
        "UPDATED",
        "FAILED",
        "FIRST STOP",
    ]);
    table.row(row("recorded", &answer.recorded));
    table.row(row("instead", &answer.instead));
    text.push_str(&table.to_string());
    if answer.is_unchanged {
        text.push_str("the description is the recorded one\n");
    }
    for (count, what) in [
        (
            answer.borrowed,
            "devices got further than on record, and did what a recorded one did",
        ),
        (
            answer.late_joiners,
            "devices joined after the start, and are left out",
        ),
        (
            answer.commands,
            "commands were given after the start, and are not given again",
        ),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}\n"));
        }
    }
    text
}

fn row(name: &str, happened: &Happened) -> Vec<String> {
    vec![
        name.to_owned(),
        happened.status.clone(),
        human_duration(happened.took_ms),
        happened.exposed.to_string(),
        happened.updated.to_string(),
        happened.failed.to_string(),
        happened
            .stopped
            .as_ref()
            .map_or_else(|| "none".to_owned(), stop),
    ]
}

fn stop(stop: &Stopped) -> String {
    format!(
        "{} at event {}, {}, {} exposed",
        stop.cause,
        stop.position,
        day(stop.after_ms),
        stop.exposed
    )
}

/// As in `day 1, 03:12`: days are counted from the first, hours and minutes within the day since the start.
fn day(after_ms: u64) -> String {
    let minutes = after_ms / 60_000;
    format!(
        "day {}, {:02}:{:02}",
        minutes / 1440 + 1,
        minutes / 60 % 24,
        minutes % 60
    )
}
