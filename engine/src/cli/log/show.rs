//! `fleetfold log show`

use std::{ops::ControlFlow, process::ExitCode};

use clap::{Args, Subcommand};
use fleetfold_core::{State, Timestamp, view};
use fleetfold_schemas::{CampaignId, DeviceId, ModelId, Version};
use serde::Serialize;

use super::{
    super::{failure::Failure, output::print},
    LogDir,
    history::{History, Until},
};

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    dir: LogDir,
    /// The position or moment: a number, or a time like 2026-11-22T05:40:12Z [default: the log's end]
    #[arg(long, value_name = "SEQ|TIME")]
    at: Option<Until>,
    #[command(subcommand)]
    projection: Projection,
}

#[derive(Debug, Subcommand)]
enum Projection {
    /// The fleet in numbers
    Fleet,
    /// Every campaign, one a line
    Campaigns,
    /// One campaign
    Campaign { id: CampaignId },
    /// Every device, one a line
    Devices,
    /// One device
    Device { id: DeviceId },
    /// Why a device was, or was not, being updated, and what it waited for
    Explain {
        device: DeviceId,
        /// Of this campaign only
        #[arg(long)]
        campaign: Option<CampaignId>,
    },
    /// Every release, one a line
    Releases,
    /// One release
    Release { model: ModelId, version: Version },
}

pub(super) fn run(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let until = args.at.unwrap_or(Until::End);
    let mut history = History::open(&args.dir, until.position())?;
    history.fold(until, |_, _, _, _| ControlFlow::Continue(()))?;
    let state = history.state();
    // As of the moment asked for, or else of the last fact before it: a hold may end between two facts.
    let now = match until {
        Until::Time(at_ms) => at_ms,
        Until::Position(_) | Until::End => state.recorded_at,
    };
    print(&show(state, now, &args.projection)?)?;
    Ok(ExitCode::SUCCESS)
}

fn show(state: &State, now: Timestamp, projection: &Projection) -> Result<String, Failure> {
    match projection {
        Projection::Fleet => one(&view::fleet(state)),
        Projection::Campaigns => lines(
            state
                .campaigns
                .iter()
                .map(|(ix, _)| view::campaign(state, ix, now)),
        ),
        Projection::Campaign { id } => {
            let ix = state.campaigns.find(id);
            let ix = ix.ok_or_else(|| unknown(state, "campaign", id.as_str()))?;
            one(&view::campaign(state, ix, now))
        }
        Projection::Devices => lines(state.devices.iter().map(|(ix, _)| view::device(state, ix))),
        Projection::Device { id } => {
            let ix = state.devices.find(id);
            let ix = ix.ok_or_else(|| unknown(state, "device", id.as_str()))?;
            one(&view::device(state, ix))
        }
        Projection::Explain { device, campaign } => {
            let ix = state.devices.find(device);
            let ix = ix.ok_or_else(|| unknown(state, "device", device.as_str()))?;
            let campaign = match campaign {
                Some(id) => {
                    let found = state.campaigns.find(id);
                    Some(found.ok_or_else(|| unknown(state, "campaign", id.as_str()))?)
                }
                None => None,
            };
            one(&view::explain(state, ix, campaign, now))
        }
        Projection::Releases => lines(
            state
                .releases
                .iter()
                .map(|(ix, _)| view::release(state, ix)),
        ),
        Projection::Release { model, version } => {
            let ix = state.releases.find(model, version);
            let ix = ix.ok_or_else(|| unknown(state, "release", &format!("{model} {version}")))?;
            one(&view::release(state, ix))
        }
    }
}

fn unknown(state: &State, kind: &str, name: &str) -> Failure {
    Failure::new(format!(
        "there was no {kind} {name} at position {}",
        state.position
    ))
}

fn one(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::new)?;
    text.push('\n');
    Ok(text)
}

fn lines<T: Serialize>(values: impl Iterator<Item = T>) -> Result<String, Failure> {
    let mut text = String::new();
    for value in values {
        text.push_str(&serde_json::to_string(&value).map_err(Failure::new)?);
        text.push('\n');
    }
    Ok(text)
}
