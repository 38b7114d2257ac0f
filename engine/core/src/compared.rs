//! What follows from an A/B test: its verdict, and the winner for everybody.

use alloc::{format, vec, vec::Vec};

use fleetfold_schemas::{CampaignId, OperatorId, campaign::CampaignSpec};

use crate::{
    CampaignIx, Fact, State, Timestamp,
    fact::{ArmsCompared, CampaignCreated, CampaignStaged},
    gate::ab::{self, Arm},
    state::{Campaign, ComparisonVerdict},
};

/// The verdict, when it falls.
pub fn verdict(ix: CampaignIx, row: &Campaign, now: Timestamp) -> Option<Fact> {
    let comparison = row.comparison.as_ref()?;
    if comparison.verdict.is_some() {
        return None;
    }
    let is_over = row.is_last_phase() && row.watched_until(now)? <= now;
    let compared = comparison.compare(&row.spec, row.roster.len(), is_over)?;
    let verdict = match compared.verdict {
        ab::Verdict::Better { arm: Arm::A, .. } => ComparisonVerdict::A,
        ab::Verdict::Better { arm: Arm::B, .. } => ComparisonVerdict::B,
        ab::Verdict::Mixed(_) => ComparisonVerdict::Mixed,
        ab::Verdict::Invalid(_) => ComparisonVerdict::Invalid,
        ab::Verdict::NoDifference => ComparisonVerdict::NoDifference,
        ab::Verdict::TooEarly(_) if is_over => ComparisonVerdict::TooFew,
        ab::Verdict::TooEarly(_) => return None,
    };
    let (outcomes, succeeded) = (
        comparison.outcomes.outcomes(),
        comparison.outcomes.succeeded(),
    );
    let fact = ArmsCompared {
        campaign: ix,
        verdict,
        outcomes_a: outcomes.a,
        succeeded_a: succeeded.a,
        outcomes_b: outcomes.b,
        succeeded_b: succeeded.b,
    };
    Some(fact.into())
}

/// Why an arm cannot be rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWinner {
    /// The campaign compares nothing.
    NoComparison,
    /// The arm was given nothing.
    Nothing,
    /// The name of its campaign is taken, or would be too long.
    Name,
}

/// A campaign that brings what one arm was given to all devices of the groups, in phases. `by`: who wants it, if it does not
/// come by itself.
pub fn promotion(
    state: &State,
    row: &Campaign,
    arm: Arm,
    by: Option<&OperatorId>,
) -> Result<Vec<Fact>, NoWinner> {
    let (Some(test), Some(comparison)) = (&row.spec.ab_testing, &row.comparison) else {
        return Err(NoWinner::NoComparison);
    };
    let (named, releases) = match arm {
        Arm::A => (row.spec.releases.clone(), row.releases.clone()),
        Arm::B => (test.other.releases().to_vec(), comparison.other.clone()),
    };
    let Some((first, others)) = releases.split_first() else {
        return Err(NoWinner::Nothing);
    };
    let id = CampaignId::parse(&format!("{}-winner", row.id())).map_err(|_| NoWinner::Name)?;
    if state.campaigns.find(&id).is_some() {
        return Err(NoWinner::Name);
    }
    let campaign = state.campaigns.len();
    // In the phases of a campaign that says nothing about them.
    let plain = CampaignSpec::new(id, named);
    let spec = CampaignSpec {
        ab_testing: None,
        id: plain.id,
        releases: plain.releases,
        rollout_strategy: plain.rollout_strategy,
        phases: plain.phases,
        max_rollout_days: row.spec.max_rollout_days.max(plain.max_rollout_days),
        ..row.spec.clone()
    };
    let mut authors = row.authors.clone();
    authors.extend(by.filter(|by| !row.authors.contains(by)).cloned());
    let created = CampaignCreated {
        campaign,
        release: *first,
        spec,
        other_releases: others.to_vec(),
        other_arm: Vec::new(),
        authors,
        ordered: None,
    };
    Ok(vec![created.into(), CampaignStaged { campaign }.into()])
}

/// What follows from the end of a comparison whose winner goes to everybody by itself.
pub fn by_itself(state: &State, row: &Campaign) -> Vec<Fact> {
    let (Some(test), Some(comparison)) = (&row.spec.ab_testing, &row.comparison) else {
        return Vec::new();
    };
    let arm = match comparison.verdict {
        Some(ComparisonVerdict::A) => Arm::A,
        Some(ComparisonVerdict::B) => Arm::B,
        _ => return Vec::new(),
    };
    if !test.promote_winner {
        return Vec::new();
    }
    promotion(state, row, arm, None).unwrap_or_default()
}
