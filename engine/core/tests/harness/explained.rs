//! An explanation in the words of a story.

use fleetfold_core::Timestamp;
use fleetfold_schemas::{
    campaign::human_duration,
    explain::{CampaignExplanation, Explanation, Statement},
};

/// One line a campaign, and one a reason.
pub fn explanation(explanation: &Explanation, now: Timestamp) -> Vec<String> {
    if explanation.campaigns.is_empty() {
        return vec!["no campaign wants it".into()];
    }
    let campaigns = explanation.campaigns.iter();
    campaigns.flat_map(|part| campaign(part, now)).collect()
}

fn campaign(part: &CampaignExplanation, now: Timestamp) -> Vec<String> {
    let mut head = format!(
        "{} {}: {}",
        part.campaign,
        part.status.as_str(),
        word(&part.standing)
    );
    if let Some(place) = &part.place {
        let phase = place
            .phase
            .as_ref()
            .map_or("no phase", |phase| phase.as_str());
        head += &format!(" in {phase} of {}", place.group);
    }
    let reasons = part.membership.iter().chain(&part.turn);
    let mut lines = vec![head];
    lines.extend(reasons.map(|statement| self::statement(statement, now)));
    lines
}

fn statement(statement: &Statement, now: Timestamp) -> String {
    let mut text = format!("- {}: {}", word(&statement.reason), statement.text);
    if let Some(until) = statement.until_ms {
        text += &match until.checked_sub(now) {
            Some(left) => format!(", {} to go", human_duration(left)),
            None => ", by now".into(),
        };
    }
    if let Some(position) = statement.position {
        text += &format!(" [{position}]");
    }
    text
}

fn word(word: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(word).expect("it is a word");
    word.as_str().expect("it is a word").into()
}
