//! What a report says of a campaign in trouble.

use fleetfold_schemas::{
    Topic,
    device::ErrorClass,
    report::{
        CampaignReport, ClassCount, Cost, ErrorCount, Factor, FactorValue, Failures, Finding, Kpi,
        KpiName, Milestones, Prices, Progress, Recommendation, Target, Timeline, Unit,
    },
    status::{CampaignState, Cause, Degraded, HealthStatus, HealthVerdict, Hold, Tally},
    topic::CampaignTopic,
};

use crate::{
    status::status,
    vectors::Golden,
    world::{HOUR_MS, NOW_MS, campaign, name},
};

pub fn reports() -> Vec<Golden> {
    let totals = Tally {
        updated: 63,
        failed: 17,
        not_contacted: 20,
        rolled_back: 17,
        ..Tally::default()
    };
    let report = CampaignReport {
        campaign: campaign(),
        status: CampaignState::Paused,
        hold: Some(Hold {
            kind: "paused".to_owned(),
            text: "paused until an operator resumes or cancels".to_owned(),
            until_ms: None,
        }),
        cause: Some(Cause {
            kind: "failure_threshold".to_owned(),
            text: "17 of 80 outcomes failed, more than 10 %".to_owned(),
        }),
        at_ms: NOW_MS + 3 * HOUR_MS,
        position: 1_204,
        started_ms: Some(NOW_MS),
        ended_ms: None,
        devices: 100,
        totals,
        progress: vec![Progress {
            group: name("all"),
            phase: name("full"),
            devices: 100,
            tally: totals,
        }],
        timeline: Timeline {
            step_ms: HOUR_MS,
            updated: vec![40, 21, 2, 0],
            failed: vec![3, 12, 2, 0],
        },
        milestones: Milestones {
            to_50_percent_ms: Some(HOUR_MS + 600_000),
            ..Milestones::default()
        },
        failures: failures(),
        health: vec![health()],
        kpis: kpis(),
        cost: Some(Cost {
            infrastructure: 0.75,
            operations: 20.0,
            support: 255.0,
            total: 275.75,
            prices: Prices {
                per_gigabyte: 0.09,
                per_device_month: 0.02,
                operations_per_campaign: 20.0,
                per_support_ticket: 15.0,
            },
        }),
        recommendations: vec![Recommendation {
            kind: "look_into_factor".to_owned(),
            text: "find out what is different about hardware 3; until then keep such devices out of the campaign"
                .to_owned(),
            reason: "hardware 3: 15 of 18 devices failed, against 2 of 62 elsewhere".to_owned(),
        }],
    };
    vec![status(
        "report-campaign",
        "A campaign that has paused, and why its devices fail",
        Topic::Campaign(campaign(), CampaignTopic::Report),
        report,
    )]
}

/// As the status has it, too.
pub fn health() -> HealthStatus {
    let degraded = |value, low, high| Some(Degraded { value, low, high });
    HealthStatus {
        measure: "battery_drain".to_owned(),
        unit: "% a day".to_owned(),
        verdict: HealthVerdict::Open,
        devices: 60,
        pairs: 58,
        before: Some(4.0),
        after: Some(4.5),
        margin: Some(0.4),
        against_past: degraded(0.5, 0.25, 0.75),
        against_others: degraded(0.375, 0.0, 0.75),
    }
}

fn failures() -> Failures {
    let value = FactorValue {
        factor: Factor::Hardware,
        value: "3".to_owned(),
        devices: 18,
        failed: 15,
        other_devices: 62,
        other_failed: 2,
        rate_ratio: 20.75,
        rate_ratio_low: 5.5,
        rate_ratio_high: 78.25,
        p_value: 0.000_000_5,
        p_adjusted: 0.000_002,
    };
    Failures {
        attempts: vec![ClassCount {
            class: ErrorClass::SelfTest,
            attempts: 34,
        }],
        errors: vec![ErrorCount {
            class: ErrorClass::SelfTest,
            code: name("watchdog"),
            devices: 17,
        }],
        devices: 80,
        failed: 17,
        findings: vec![Finding {
            value: value.clone(),
            confidence: 0.999_998,
            same_devices: vec!["source version 1.1.0".to_owned()],
            text: "hardware 3: 15 of 18 devices failed, against 2 of 62 elsewhere".to_owned(),
        }],
        factors: vec![value],
    }
}

fn kpis() -> Vec<Kpi> {
    vec![
        Kpi {
            kpi: KpiName::SuccessRate,
            unit: Unit::Ratio,
            value: Some(0.7875),
            target: Some(Target::Above(0.95)),
            is_met: Some(false),
        },
        Kpi {
            kpi: KpiName::TimeTo95Percent,
            unit: Unit::Ms,
            value: None,
            target: Some(Target::Below(604_800_000.0)),
            is_met: None,
        },
        Kpi {
            kpi: KpiName::BytesOffered,
            unit: Unit::Bytes,
            value: Some(8_388_608.0),
            target: None,
            is_met: None,
        },
    ]
}
