//! `campaigns/{campaign}/report`
//!
//! A report passes over the campaign's members once: whoever asks for one of a large campaign keeps it for a while.

mod advice;
mod census;
mod factors;
mod kpi;
mod timeline;

use alloc::{format, string::ToString, vec::Vec};

use fleetfold_schemas::{
    campaign::BasisPoints,
    device::ErrorClass,
    report::{CampaignReport, ClassCount, ErrorCount, Failures, Milestones, Prices, Progress},
};

use self::census::Census;
use crate::{
    CampaignIx, State, Timestamp,
    state::{Campaign, Place, group_order},
};

/// Errors named in a report, the most frequent ones: a code is free text of devices, and there may be any number.
const ERRORS_MAX: usize = 20;

/// What there is to say of a campaign now.
#[must_use]
pub fn report(
    state: &State,
    ix: CampaignIx,
    now: Timestamp,
    prices: Option<&Prices>,
) -> CampaignReport {
    let row = state.campaigns.get(ix);
    let mut census = Census::of(state, ix);
    let status = super::campaign(state, ix, now);
    let milestones = milestones(row, &mut census);
    let timeline = timeline::timeline(row, &census, now);
    let failures = failures(row, &census);
    let cost = prices.map(|prices| kpi::cost(row, &census, *prices, now));
    let kpis = kpi::kpis(state, row, &census, &milestones, cost.as_ref(), now);
    let mut report = CampaignReport {
        campaign: status.campaign,
        status: status.status,
        hold: status.hold,
        cause: status.cause,
        at_ms: now,
        position: state.position,
        started_ms: row.started_at,
        ended_ms: row.ended_at,
        devices: row.totals().devices.into(),
        totals: status.totals,
        progress: progress(row),
        timeline,
        milestones,
        failures,
        health: status.health,
        kpis,
        cost,
        recommendations: Vec::new(),
    };
    report.recommendations = advice::advice(row, &census, &report);
    report
}

/// By group in the order of offers, then by phase; nothing before the start.
fn progress(row: &Campaign) -> Vec<Progress> {
    let mut progress = Vec::new();
    if row.started_at.is_none() {
        return progress;
    }
    for (group, (at, _)) in (0u16..).zip(group_order(&row.spec)) {
        for (phase, spec) in (0u16..).zip(&row.spec.phases) {
            let tally = row.roster.tally(Place { group, phase });
            progress.push(Progress {
                group: row.spec.groups[usize::from(at)].name.clone(),
                phase: spec.name.clone(),
                devices: tally.devices.into(),
                tally: tally.public(),
            });
        }
    }
    progress
}

/// When so many of all devices ran the target: the time of the update that made it so many.
fn milestones(row: &Campaign, census: &mut Census) -> Milestones {
    let Some(started_at) = row.started_at else {
        return Milestones::default();
    };
    census.updated_at.sort_unstable();
    let time_to = |percent: u8| {
        let wanted = BasisPoints::from_percent(percent).of_rounded_up(row.totals().devices.into());
        let last = usize::try_from(wanted).ok()?.checked_sub(1)?;
        let at = census.updated_at.get(last)?;
        Some(at.saturating_sub(started_at))
    };
    Milestones {
        to_50_percent_ms: time_to(50),
        to_95_percent_ms: time_to(95),
        to_100_percent_ms: time_to(100),
    }
}

fn failures(row: &Campaign, census: &Census) -> Failures {
    let attempts = ErrorClass::ALL.iter().zip(row.errors);
    let attempts = attempts.filter(|(_, attempts)| *attempts > 0);
    let mut errors: Vec<_> = (census.errors.iter())
        .map(|((class, code), devices)| ErrorCount {
            class: *class,
            code: code.clone(),
            devices: (*devices).into(),
        })
        .collect();
    // The map's order settles ties.
    errors.sort_by_key(|error| core::cmp::Reverse(error.devices));
    errors.truncate(ERRORS_MAX);
    let cells = census.cells();
    let (findings, factors) = factors::explain(&cells);
    Failures {
        attempts: attempts
            .map(|(class, attempts)| ClassCount {
                class: *class,
                attempts: attempts.into(),
            })
            .collect(),
        errors,
        devices: cells.sum(|_| true).devices,
        failed: cells.sum(|_| true).failed,
        findings,
        factors,
    }
}

/// A share of one in percent, with as many digits as say something.
fn percent(share: f64) -> alloc::string::String {
    if share >= 0.1 || share == 0.0 {
        format!("{:.0} %", share * 100.0)
    } else {
        format!("{:.1} %", share * 100.0)
    }
}

/// "1 device", "2 devices".
fn devices(count: u64) -> alloc::string::String {
    match count {
        1 => "1 device".to_string(),
        count => format!("{count} devices"),
    }
}
