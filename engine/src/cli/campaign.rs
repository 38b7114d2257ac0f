//! `fleetfold campaign`

mod approval;
mod control;
mod rehearse;
mod report;
mod watch;
mod what_if;

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use fleetfold_core::calendar::check_zones;
use fleetfold_schemas::{
    campaign::{CampaignDefaults, CampaignDraft},
    command::{Command, CreateCampaign, EditCampaign},
    id::CampaignId,
    status::CampaignStatus,
    topic::{CampaignTopic, Topic, filter},
};

use self::control::{Control, ForDevice, Promote, Retry, Rollback};
use super::{
    connection::Connection,
    failure::Failure,
    output::{self, Table, done, print},
};
use crate::{
    client::{Message, OperatorClient},
    progress, yaml,
};

#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// Create a campaign from its description in YAML or JSON
    Create {
        /// The description; `-` is stdin
        file: PathBuf,
        /// Only check the description, without an engine, and show it with everything that is left to built-in defaults
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Describe a campaign anew, as long as it has not been started
    Edit {
        /// The whole description; `-` is stdin
        file: PathBuf,
        /// Refuse if the campaign has been changed since this version (see `campaign status`)
        #[arg(long, value_name = "N")]
        expected_version: Option<u64>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Start a campaign
    Start(Control),
    /// Pause a campaign: no further device begins; those that have begun go on
    Pause(Control),
    /// Resume a paused campaign
    Resume(Control),
    /// Cancel a campaign for good: devices that have not begun never will
    Cancel(Control),
    /// Send the devices that a campaign has updated back to the images they came from
    ///
    /// Nothing new starts, what no device has accepted is withdrawn, and who is updating comes to its end first. It takes
    /// the ways back that were signed with the release. Whatever has been started can be rolled back, also when it is over.
    Rollback(Rollback),
    /// Have the running phase pass now, whatever it waits for; gates apply all the same
    Advance(Control),
    /// Give a device that has failed for good, or was taken out, another attempt; or all that have failed for good
    Retry(Retry),
    /// Take a device out that has not accepted anything yet: it counts neither way
    Exclude(ForDevice),
    /// Give a device its turn now, before its phase and whatever the rates and windows say
    Expedite(ForDevice),
    /// Roll what one arm of an A/B test was given out to all its devices, by a campaign of its own
    Promote(Promote),
    /// Put a campaign that is over out of sight; its record stays
    Archive(Control),
    /// Want what somebody has asked for: with the last approval that is needed it is carried out
    Approve(approval::Approve),
    /// End a request that waits for approval: as one who may approve, or to take back one's own
    Decline(approval::Decline),
    /// Show where a campaign stands, and why it does not go on
    Status {
        campaign: CampaignId,
        /// One JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Watch a campaign until it ends or pauses
    ///
    /// Ends with 0 when it has completed, 3 when it is paused, 4 when it was canceled, has failed or was rolled
    /// back.
    Watch {
        campaign: CampaignId,
        /// One JSON object a line, for every change
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Play a campaign through with virtual devices: what to expect, and what it costs if the release is bad
    ///
    /// The fleet is as the log knows it, the decisions are this engine's own. Reads only; the server may run meanwhile.
    Rehearse(rehearse::RehearseArgs),
    /// Play a campaign that is past again, as it would have gone under other phases, gates or rates
    ///
    /// Devices do what they are on record for. Reads the whole log, and only reads; the server may run meanwhile.
    WhatIf(what_if::WhatIfArgs),
    /// Report how a campaign has gone: progress, why devices fail, figures beside their targets, and what to do
    Report {
        campaign: CampaignId,
        #[arg(long, value_enum, default_value = "markdown")]
        format: report::Format,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the campaigns there are
    List {
        /// Those for single devices, made by `device update`, which are left out otherwise
        #[arg(long)]
        manual: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(super) async fn run(command: CampaignCommand) -> Result<ExitCode, Failure> {
    match command {
        CampaignCommand::Create {
            file, check: true, ..
        } => check(&file),
        CampaignCommand::Create {
            file, connection, ..
        } => create(&file, &connection).await,
        CampaignCommand::Start(control) => control.run("started", Command::StartCampaign).await,
        CampaignCommand::Pause(control) => control.run("paused", Command::PauseCampaign).await,
        CampaignCommand::Resume(control) => control.run("resumed", Command::ResumeCampaign).await,
        CampaignCommand::Cancel(control) => control.run("canceled", Command::CancelCampaign).await,
        CampaignCommand::Edit {
            file,
            expected_version,
            connection,
        } => edit(&file, expected_version, &connection).await,
        CampaignCommand::Rollback(rollback) => rollback.run().await,
        CampaignCommand::Advance(control) => {
            control.run("advanced", Command::AdvanceCampaign).await
        }
        CampaignCommand::Retry(retry) => retry.run().await,
        CampaignCommand::Exclude(device) => {
            device.run("out of campaign", Command::ExcludeDevice).await
        }
        CampaignCommand::Expedite(device) => {
            let done_is = "next in campaign";
            device.run(done_is, Command::ExpediteDevice).await
        }
        CampaignCommand::Promote(promote) => promote.run().await,
        CampaignCommand::Archive(control) => {
            control.run("archived", Command::ArchiveCampaign).await
        }
        CampaignCommand::Approve(approve) => approve.run().await,
        CampaignCommand::Decline(decline) => decline.run().await,
        CampaignCommand::Status {
            campaign,
            json,
            connection,
        } => show(&campaign, json, &connection).await,
        CampaignCommand::Watch {
            campaign,
            json,
            connection,
        } => watch::watch(&campaign, json, &connection).await,
        CampaignCommand::Rehearse(args) => rehearse::run(&args),
        CampaignCommand::WhatIf(args) => what_if::run(&args),
        CampaignCommand::Report {
            campaign,
            format,
            connection,
        } => report::report(&campaign, format, &connection).await,
        CampaignCommand::List {
            manual,
            json,
            connection,
        } => list(manual, json, &connection).await,
    }
}

async fn create(file: &Path, connection: &Connection) -> Result<ExitCode, Failure> {
    let campaign = read(file)?.draft;
    let id = campaign.id.clone();
    let command = Command::CreateCampaign(CreateCampaign { campaign });
    let accepted = connection.send(command, None).await?;
    done(&format!(
        "campaign {id} is created at position {}; `fleetfold campaign start {id}` starts it",
        accepted.position
    ))
}

async fn edit(
    file: &Path,
    expected_version: Option<u64>,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let campaign = read(file)?.draft;
    let id = campaign.id.clone();
    let command = Command::EditCampaign(EditCampaign { campaign });
    let accepted = connection.send(command, expected_version).await?;
    done(&format!(
        "campaign {id} is described anew at position {}",
        accepted.position
    ))
}

/// A description as it stands in its file.
struct Written {
    name: String,
    text: String,
    draft: CampaignDraft,
}

fn read(file: &Path) -> Result<Written, Failure> {
    let name = file.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| Failure::of_file("read", file, error))?;
    let draft = yaml::read(&text, &name).map_err(Failure::new)?;
    Ok(Written { name, text, draft })
}

/// Shows what would be carried out if the engine's configuration says nothing of campaigns.
fn check(file: &Path) -> Result<ExitCode, Failure> {
    let Written { name, text, draft } = read(file)?;
    let spec = draft.resolve(&CampaignDefaults::default());
    let spec = spec.and_then(|spec| check_zones(&spec).map(|()| spec));
    let spec = spec.map_err(|error| Failure::new(yaml::refused(&text, &name, None, &error)))?;
    print(&yaml::write(&spec).map_err(Failure::new)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The status of a campaign as it is now.
async fn current(client: &OperatorClient, campaign: &CampaignId) -> Result<Message, Failure> {
    let topic = Topic::Campaign(campaign.clone(), CampaignTopic::Status).to_string();
    let mut values = client.collect_retained(topic).await?;
    values.pop().ok_or_else(|| {
        Failure::new(format!("there is no campaign {campaign}"))
            .advise("`fleetfold campaign list` shows all there are")
    })
}

async fn show(
    campaign: &CampaignId,
    json: bool,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let value = current(&client, campaign).await?;
    client.close().await;
    if json {
        print(&output::json_line(&value.payload)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let status: CampaignStatus =
        serde_json::from_slice(&value.payload).map_err(output::unreadable)?;
    let mut text = progress::report(&status, output::is_terminal());
    for line in progress::calendar(&status) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str(&format!("created {}", output::time(status.created_ms)));
    for (what, at) in [("started", status.started_ms), ("ended", status.ended_ms)] {
        if let Some(at) = at {
            text.push_str(&format!(", {what} {}", output::time(at)));
        }
    }
    let (version, position) = (status.version, status.position);
    text.push_str(&format!(
        "; version {version}, as of log position {position}\n"
    ));
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(manual: bool, json: bool, connection: &Connection) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let values = client
        .collect_retained(filter::every_campaign_status())
        .await?;
    client.close().await;
    let mut text = String::new();
    let mut table = Table::new(&[
        "CAMPAIGN", "RELEASE", "STATUS", "PHASE", "DEVICES", "UPDATED", "FAILED", "WHY",
    ]);
    for value in &values {
        let status: CampaignStatus =
            serde_json::from_slice(&value.payload).map_err(output::unreadable)?;
        if status.ordered.is_some() != manual {
            continue;
        }
        if json {
            text.push_str(&output::json_line(&value.payload)?);
        } else {
            table.row(row(&status));
        }
    }
    print(&if json { text } else { table.to_string() })?;
    Ok(ExitCode::SUCCESS)
}

fn row(status: &CampaignStatus) -> Vec<String> {
    vec![
        status.campaign.to_string(),
        progress::releases(status),
        status.status.as_str().to_owned(),
        status
            .phase
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string),
        status.devices.to_string(),
        status.totals.updated.to_string(),
        status.totals.failed.to_string(),
        progress::standstill(status).map_or_else(String::new, |(_, text)| text.to_owned()),
    ]
}
