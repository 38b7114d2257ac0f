//! `fleetfold campaign report`

mod chart;
mod html;
mod markdown;
#[cfg(test)]
mod tests;
mod words;

use std::process::ExitCode;

use clap::ValueEnum;
use fleetfold_schemas::{
    id::CampaignId,
    report::CampaignReport,
    topic::{CampaignTopic, Topic},
};

use crate::cli::{
    connection::Connection,
    failure::Failure,
    output::{self, print},
};

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
    let values = client.collect_retained(topic).await?;
    client.close().await;
    let Some(value) = values.first() else {
        return Err(Failure::new(format!("there is no campaign {campaign}"))
            .advise("`fleetfold campaign list` shows all there are"));
    };
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
