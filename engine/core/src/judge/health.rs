//! What the figures of updated devices mean for the running phase.

use alloc::vec::Vec;

use fleetfold_schemas::campaign::HealthRule;

use super::HoldReason;
use crate::{
    fact::{PauseCause, Range, Trouble},
    gate::{
        Estimate,
        health::{Assessment, Degradation, Margin, Observed},
        measure::Measure,
        split,
    },
    state::Campaign,
};

/// What each health gate of the running phase has come to.
pub fn assess(campaign: &Campaign) -> Vec<(Measure, HealthRule, Assessment)> {
    assess_by(campaign, margin)
}

/// The same by other margins. How often nothing is taken for something does not depend on how many margins are looked at:
/// the intervals hold all at once.
fn assess_by(
    campaign: &Campaign,
    margin: impl Fn(&HealthRule) -> Margin,
) -> Vec<(Measure, HealthRule, Assessment)> {
    let (Some(health), Some(gates)) = (&campaign.health, &campaign.gates().health) else {
        return Vec::new();
    };
    // Split over all measures that any phase may look at.
    let all = campaign.spec.gates.health.iter();
    let measures = all.flat_map(|gates| gates.rules()).count();
    let alpha = split(campaign.spec.false_pause.as_ratio(), measures);
    let assess = |(metric, rule): (_, HealthRule)| {
        let measure = Measure::from(metric);
        let observed = Observed {
            measure,
            against: rule.against,
            margin: margin(&rule),
            figures: health.figures(measure),
        };
        (measure, rule, observed.assess(alpha))
    };
    gates.rules().map(assess).collect()
}

fn margin(rule: &HealthRule) -> Margin {
    #[expect(
        clippy::cast_precision_loss,
        reason = "u32 times a thousand at most is far below 2^53"
    )]
    let least = rule.at_least as f64;
    Margin {
        share: rule.worse_by.as_ratio(),
        least,
    }
}

/// The first measure that is worse by more than is bearable.
pub fn failure(campaign: &Campaign) -> Option<PauseCause> {
    let false_pause_bp = campaign.spec.false_pause.get();
    first_worse(assess(campaign)).map(|worse| cause(&worse, false_pause_bp))
}

fn first_worse(assessed: Vec<(Measure, HealthRule, Assessment)>) -> Option<Degradation> {
    assessed
        .into_iter()
        .find_map(|(_, _, assessment)| match assessment {
            Assessment::Worse(worse) => Some(worse),
            Assessment::TooFew { .. } | Assessment::Open(_) | Assessment::Bearable(_) => None,
        })
}

fn cause(worse: &Degradation, false_pause_bp: u16) -> PauseCause {
    PauseCause::Health {
        measure: worse.measure,
        devices: worse.devices,
        before: rounded(worse.before),
        margin: rounded(worse.margin),
        past: worse.against_past.map(range),
        pairs: worse.pairs,
        others: worse.against_others.map(range),
        false_pause_bp,
    }
}

fn range(estimate: Estimate) -> Range {
    Range {
        value: rounded(estimate.value),
        low: rounded(estimate.low),
        high: rounded(estimate.high),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "figures are u32 and intervals about them; what is beyond i64 saturates"
)]
fn rounded(figure: f64) -> i64 {
    libm::round(figure) as i64
}

/// The first measure that is shown to be worse by more than this share of what was before, whatever share its gate can bear.
/// What is too little for the gate in figures is so here: of nothing before, any share is nothing. Both are taken by this
/// much of the limit.
pub fn degradation(campaign: &Campaign, share: f64, of_limit: f64) -> Option<Trouble> {
    let margin = |rule: &HealthRule| Margin {
        share: share * of_limit,
        least: margin(rule).least * of_limit,
    };
    first_worse(assess_by(campaign, margin)).map(|worse| Trouble::PerformanceDegradation {
        measure: worse.measure,
        devices: worse.devices,
        before: rounded(worse.before),
        margin: rounded(worse.margin),
        past: worse.against_past.map(range),
        pairs: worse.pairs,
        others: worse.against_others.map(range),
    })
}

/// The first measure that a gate wants proof of, while devices may still bring it.
pub fn waiting_for(campaign: &Campaign) -> Option<HoldReason> {
    let health = campaign.health.as_ref()?;
    assess(campaign)
        .into_iter()
        .filter(|(measure, rule, _)| rule.required && health.awaits(*measure))
        .find_map(|(measure, _, assessment)| match assessment {
            Assessment::TooFew { devices, needed } => Some(HoldReason::HealthUnknown {
                measure,
                devices,
                needed,
            }),
            Assessment::Open(degradation) => Some(HoldReason::HealthOpen {
                measure,
                devices: degradation.devices,
            }),
            Assessment::Bearable(_) | Assessment::Worse(_) => None,
        })
}
