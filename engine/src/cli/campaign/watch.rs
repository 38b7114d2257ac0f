//! `fleetfold campaign watch`

use std::process::ExitCode;

use fleetfold_schemas::{
    id::CampaignId,
    status::{CampaignState, CampaignStatus},
    topic::{CampaignTopic, Topic},
};

use super::current;
use crate::{
    cli::{
        connection::Connection,
        failure::Failure,
        output::{self, print},
    },
    progress::ProgressView,
};

/// Shows the campaign as it goes on; the exit status says how it ended.
pub(super) async fn watch(
    campaign: &CampaignId,
    json: bool,
    connection: &Connection,
) -> Result<ExitCode, Failure> {
    let client = connection.open().await?;
    // One that does not exist has no status, and would be waited for in vain.
    current(&client, campaign).await?;
    let topic = Topic::Campaign(campaign.clone(), CampaignTopic::Status).to_string();
    let mut statuses = client.subscribe(topic).await?;
    let mut connected = client.connected();
    let mut view = ProgressView::for_stdout();
    loop {
        let message = tokio::select! {
            message = statuses.next() => message?,
            Ok(()) = connected.changed(), if !json => {
                let is_back = *connected.borrow_and_update();
                view.note(if is_back { "connected again" } else { "connection lost; trying again" });
                continue;
            }
        };
        let status: CampaignStatus =
            serde_json::from_slice(&message.payload).map_err(output::unreadable)?;
        if json {
            print(&output::json_line(&message.payload)?)?;
        } else {
            view.update(&status);
        }
        if let Some(code) = exit_code(status.status) {
            view.finish();
            client.close().await;
            return Ok(code);
        }
    }
}

/// `None` while there is something to wait for.
fn exit_code(state: CampaignState) -> Option<ExitCode> {
    match state {
        CampaignState::Completed => Some(ExitCode::SUCCESS),
        CampaignState::Paused => Some(ExitCode::from(3)),
        CampaignState::Canceled | CampaignState::Failed | CampaignState::RolledBack => {
            Some(ExitCode::from(4))
        }
        CampaignState::Draft
        | CampaignState::Staged
        | CampaignState::Rolling
        | CampaignState::RollingBack
        | CampaignState::Monitoring => None,
    }
}
