//! `fleetfold campaign approve` and `decline`

use std::process::ExitCode;

use clap::Args;
use fleetfold_schemas::{
    command::{ApproveCampaign, Command, DeclineCampaign},
    id::{CampaignId, Digest},
};

use crate::{
    cli::{connection::Connection, failure::Failure, output::done},
    client::Accepted,
};

#[derive(Debug, Args)]
pub struct Approve {
    campaign: CampaignId,
    /// Which request, by its number (see `campaign status --json`); needed where several are open
    #[arg(long, value_name = "N")]
    request: Option<u64>,
    /// Refuse if the campaign's description has another digest than this
    #[arg(long)]
    digest: Option<Digest>,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
pub struct Decline {
    campaign: CampaignId,
    /// Which request, by its number (see `campaign status --json`); needed where several are open
    #[arg(long, value_name = "N")]
    request: Option<u64>,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

impl Approve {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let command = Command::ApproveCampaign(ApproveCampaign {
            campaign: self.campaign.clone(),
            request: self.request,
            digest: self.digest,
            reason: self.reason,
        });
        let accepted = self.connection.send(command, None).await?;
        done_or_pending(&self.campaign, &accepted, |position| {
            format!(
                "approved, and carried out for campaign {} at position {position}",
                self.campaign
            )
        })
    }
}

impl Decline {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let command = Command::DeclineCampaign(DeclineCampaign {
            campaign: self.campaign.clone(),
            request: self.request,
            reason: self.reason,
        });
        let accepted = self.connection.send(command, None).await?;
        done(&format!(
            "declined for campaign {} at position {}",
            self.campaign, accepted.position
        ))
    }
}

/// Says what has been done, or that others have to approve it first.
pub(super) fn done_or_pending(
    campaign: &CampaignId,
    accepted: &Accepted,
    said: impl FnOnce(u64) -> String,
) -> Result<ExitCode, Failure> {
    done(&pending(campaign, accepted).unwrap_or_else(|| said(accepted.position)))
}

/// What to say if others have to approve it first.
fn pending(campaign: &CampaignId, accepted: &Accepted) -> Option<String> {
    let result = accepted.result.as_ref()?;
    if result.get("approval")?.as_str()? != "pending" {
        return None;
    }
    let needed = result.get("needed")?.as_u64()?;
    let (approvals, need) = if needed == 1 {
        ("approval", "is")
    } else {
        ("approvals", "are")
    };
    Some(format!(
        "{needed} {approvals} by others {need} needed, since position {}: `fleetfold campaign approve {campaign}`",
        accepted.position
    ))
}
