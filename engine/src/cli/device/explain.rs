//! `fleetfold device explain`

use std::process::ExitCode;

use clap::Args;
use fleetfold_schemas::{
    command::{Command, ExplainDevice},
    explain::{CampaignExplanation, Explanation, Statement},
    id::{CampaignId, DeviceId},
};

use super::{
    super::{
        connection::Connection,
        failure::Failure,
        output::{self, print},
    },
    name_of,
};

#[derive(Debug, Args)]
pub struct Explain {
    device: DeviceId,
    /// Of this campaign only [default: of all that are under way]
    #[arg(long)]
    campaign: Option<CampaignId>,
    /// One JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Explain {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let question = Command::ExplainDevice(ExplainDevice {
            device: self.device,
            campaign: self.campaign,
        });
        let answer = self.connection.send(question, None).await?;
        let result = answer.result.unwrap_or_default();
        if self.json {
            print(&format!("{result}\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let explanation = serde_json::from_value(result).map_err(output::unreadable)?;
        print(&described(&explanation, answer.position))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A line a reason, with where in the log it is written.
fn described(explanation: &Explanation, position: u64) -> String {
    let mut text = format!(
        "{}, a {}, is {} at position {position}\n",
        explanation.device,
        explanation.model,
        name_of(&explanation.lifecycle),
    );
    if explanation.campaigns.is_empty() {
        text += "no campaign that is under way is for it\n";
    }
    for campaign in &explanation.campaigns {
        text += &part(campaign);
    }
    text
}

fn part(campaign: &CampaignExplanation) -> String {
    let mut text = format!(
        "\ncampaign {}, which is {}: {}",
        campaign.campaign,
        name_of(&campaign.status),
        name_of(&campaign.standing),
    );
    if let Some(place) = &campaign.place {
        let phase = place.phase.as_ref().map_or("none", |phase| phase.as_str());
        text += &format!(" (group {}, phase {phase})", place.group);
    }
    text += "\n  why this device\n";
    text.extend(campaign.membership.iter().map(line));
    if !campaign.turn.is_empty() {
        text += "  why now, or why not yet\n";
        text.extend(campaign.turn.iter().map(line));
    }
    text
}

fn line(statement: &Statement) -> String {
    let mut text = format!("    {}", statement.text);
    if let Some(until) = statement.until_ms {
        text += &format!(", until {}", output::time(until));
    }
    if let Some(position) = statement.position {
        text += &format!("  [position {position}]");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_line_and_its_position() {
        let explanation = serde_json::json!({
            "device": "d1", "model": "sensor", "lifecycle": "active",
            "campaigns": [{
                "campaign": "spring", "status": "rolling", "standing": "waiting", "attempts": 0,
                "place": {"group": "all", "phase": "full", "rank": 3, "of": 9},
                "membership": [{"reason": "fits_group", "text": "it fits", "position": 7}],
                "turn": [{"reason": "campaign_waits", "text": "it waits", "until_ms": 1_795_326_012_000_u64}],
            }],
        });
        let explanation: Explanation = serde_json::from_value(explanation).expect("it is one");
        assert_eq!(
            described(&explanation, 12),
            "d1, a sensor, is active at position 12\n\n\
             campaign spring, which is rolling: waiting (group all, phase full)\n  \
             why this device\n    it fits  [position 7]\n  \
             why now, or why not yet\n    it waits, until 2026-11-22 05:40:12Z\n"
        );
    }
}
