//! `fleetfold campaign report`

mod chart;
mod html;
mod markdown;
#[cfg(test)]
mod tests;
mod words;

use std::{process::ExitCode, time::Duration};

use clap::ValueEnum;
use fleetfold_schemas::{
    id::CampaignId,
    report::CampaignReport,
    topic::{CampaignTopic, Topic},
};

use tokio::time::timeout;

use crate::{
    cli::{
        connection::Connection,
        failure::Failure,
        output::{self, print},
    },
    client::{Message, OperatorClient},
};

/// Of a million devices it takes some seconds, with a busy engine several times as long.
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// What the report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object, as it is on the report's topic
    Json,
    Markdown,
    /// A page that needs nothing else: to keep, to print, to send
    Html,
}

pub(super) async fn report(
    campaign: &CampaignId,
    format: Format,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    let topic = Topic::Campaign(campaign.clone(), CampaignTopic::Report).to_string();
    let mut values = client.collect_retained(topic.clone()).await?;
    let value = match values.pop() {
        Some(value) => value,
        None => {
            // There is a campaign, or this fails.
            super::current(&client, campaign).await?;
            made(&client, topic).await?
        }
    };
    client.close().await;
    let report = || -> Result<CampaignReport, Failure> {
        serde_json::from_slice(&value.payload).map_err(output::unreadable)
    };
    print(&match format {
        Format::Json => output::json_line(&value.payload)?,
        Format::Markdown => markdown::page(&report()?),
        Format::Html => html::page(&report()?),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A large campaign's report is not there at once: the engine makes it when somebody asks.
async fn made(client: &OperatorClient, topic: String) -> Result<Message, Failure> {
    let mut reports = client.subscribe(topic).await?;
    match timeout(MADE_WITHIN, reports.next()).await {
        Ok(report) => Ok(report?),
        Err(_) => Err(Failure::new("the engine has made no report in time")
            .advise("its own log says why; ask again in a minute")),
    }
}
