//! What to do, from the numbers alone. Each rule is a function; the first ones are the most urgent.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use fleetfold_schemas::{
    device::ErrorClass,
    report::{CampaignReport, Cost, Factor, Finding, KpiName, Recommendation},
};

use super::{census::Census, devices, factors::named, percent};
use crate::state::{Campaign, Status};

/// One error is *the* error when half of the failed devices have it.
const DOMINANT_ONE_IN: u64 = 2;
/// Fewer devices than these are no pattern.
const DEVICES_MIN: u64 = 3;
/// Devices never reached are worth a remark from one in twenty on: as many as success may lack.
const SILENT_ONE_IN: u64 = 20;

pub fn advice(row: &Campaign, census: &Census<'_>, report: &CampaignReport) -> Vec<Recommendation> {
    let mut all = Vec::new();
    all.extend(paused(row, report));
    all.extend(stayed(row));
    all.extend(windows(row, report));
    all.extend(report.failures.findings.iter().map(found));
    all.extend(dominant_error(report));
    all.extend(lost(census));
    all.extend(silent(census, report));
    all.extend(missed(row, report));
    if all.is_empty() && report.failures.devices >= DEVICES_MIN {
        all.push(Recommendation {
            kind: "none".to_string(),
            text: "nothing: it goes as it should".to_string(),
            reason: format!(
                "{} of {} with an outcome failed, and no target is missed",
                report.failures.failed,
                devices(report.failures.devices)
            ),
        });
    }
    all
}

fn paused(row: &Campaign, report: &CampaignReport) -> Option<Recommendation> {
    let Status::Paused { cause } = &row.status else {
        return None;
    };
    if !cause.is_gate() {
        return None;
    }
    Some(Recommendation {
        kind: "decide".to_string(),
        text: "decide whether to resume, to cancel or to roll back: nothing new starts until then, and resuming accepts \
               the failures so far"
            .to_string(),
        reason: report.cause.as_ref()?.text.clone(),
    })
}

/// Devices that did not go back with the others, and may run what the others were taken back from.
fn stayed(row: &Campaign) -> Option<Recommendation> {
    let kept = row.totals().kept;
    (kept > 0 && row.status == Status::RolledBack).then(|| Recommendation {
        kind: "update_kept".to_string(),
        text: "bring the devices that have not gone back to a release that is newer and sound; device.explain says of each \
               why it stayed"
            .to_string(),
        reason: format!(
            "{} stayed as they were: no way back was signed for them, they were out of reach, or ran another image",
            devices(kept.into())
        ),
    })
}

/// Devices that wait in vain.
fn windows(row: &Campaign, report: &CampaignReport) -> Option<Recommendation> {
    let never = u64::from(row.window_census(report.at_ms).never);
    (never > 0 && !row.status.is_final()).then(|| Recommendation {
        kind: "open_windows".to_string(),
        text: "update the devices whose windows never open with campaign.expedite, which does not wait for them, or in a \
               campaign with other windows"
            .to_string(),
        reason: format!(
            "no maintenance window of {} opens before the campaign is over",
            devices(never)
        ),
    })
}

fn found(finding: &Finding) -> Recommendation {
    let value = &finding.value;
    let others = match finding.same_devices.as_slice() {
        [] => String::new(),
        same => format!(" (the same devices as {})", same.join(", ")),
    };
    let text = match value.factor {
        Factor::Hour => format!(
            "find out what happened about {} h after the start{others}: the network, the load, what else changed",
            value.value
        ),
        Factor::Model | Factor::Hardware | Factor::Region | Factor::Source => format!(
            "find out what is different about {}{others}; until then keep such devices out of the campaign",
            named(value)
        ),
    };
    Recommendation {
        kind: "look_into_factor".to_string(),
        text,
        reason: finding.text.clone(),
    }
}

fn dominant_error(report: &CampaignReport) -> Option<Recommendation> {
    let first = report.failures.errors.first()?;
    let of_all: u64 = (report.failures.errors.iter())
        .map(|error| error.devices)
        .sum();
    if first.devices < DEVICES_MIN || first.devices * DOMINANT_ONE_IN < of_all {
        return None;
    }
    Some(Recommendation {
        kind: format!("error_{}", first.class.as_str()),
        text: remedy(first.class).to_string(),
        reason: format!(
            "{} of {} with a failed attempt failed last with {}, code {}",
            first.devices,
            devices(of_all),
            first.class.as_str(),
            first.code
        ),
    })
}

const fn remedy(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Download => {
            "check the devices' way to the images, and lower `rates` if they come too many at once"
        }
        ErrorClass::Verification => {
            "check that the image and its deltas are the ones that were signed, before anything else is rolled out"
        }
        ErrorClass::Installation => {
            "look at one of the devices: the image did not get into its slot (room, flash wear, bootloader)"
        }
        ErrorClass::SelfTest => {
            "treat the release as faulty on these devices: it booted there and did not pass its own test"
        }
        ErrorClass::Rejected => {
            "ask the devices' owners: the devices declined the job, and will again as long as nothing changes"
        }
        ErrorClass::LostContact => {
            "visit one of the devices: they accepted the update and have been silent since; let no further ones begin \
             before it is known why"
        }
        ErrorClass::NotAttested => {
            "look at one of the devices: it says that it has succeeded, and runs something else than the target"
        }
    }
}

fn lost(census: &Census<'_>) -> Option<Recommendation> {
    (census.lost > 0).then(|| Recommendation {
        kind: "retry_failed".to_string(),
        text: "when the cause is mended, have them try again with the command campaign.retry"
            .to_string(),
        reason: format!(
            "{} failed for good: their attempts are spent",
            devices(census.lost)
        ),
    })
}

fn silent(census: &Census<'_>, report: &CampaignReport) -> Option<Recommendation> {
    (census.silent > 0 && census.silent * SILENT_ONE_IN >= report.devices).then(|| Recommendation {
        kind: "reach_silent".to_string(),
        text: "look for the devices that were never reached, and update them in a campaign of their own".to_string(),
        reason: format!(
            "the job of {} of {} was taken back before they had accepted it",
            census.silent,
            devices(report.devices)
        ),
    })
}

/// Targets missed that none of the above is about.
fn missed(row: &Campaign, report: &CampaignReport) -> Vec<Recommendation> {
    let missed = report.kpis.iter().filter(|kpi| kpi.is_met == Some(false));
    missed
        .filter_map(|kpi| {
            let (text, reason) = match kpi.kpi {
                // Nobody is to be updated by it any more.
                KpiName::TimeTo100Percent if row.rollback.is_some() => return None,
                KpiName::TimeTo100Percent => (
                    "start larger phases earlier next time, or give the devices that are left more time",
                    format!(
                        "{} of {} are updated",
                        report.totals.updated,
                        devices(report.devices)
                    ),
                ),
                KpiName::CostPerDevice => (
                    "see whether what costs most can be had for less",
                    dearest(report.cost.as_ref()?, kpi.value?),
                ),
                KpiName::CampaignRollbackRate => (
                    "test releases longer before they are rolled out",
                    format!("{} of all campaigns were rolled back", percent(kpi.value?)),
                ),
                KpiName::SuccessRate
                | KpiName::FailureRate
                | KpiName::TimeTo50Percent
                | KpiName::TimeTo95Percent
                | KpiName::BytesOffered => return None,
            };
            Some(Recommendation {
                kind: "target_missed".to_string(),
                text: text.to_string(),
                reason,
            })
        })
        .collect()
}

fn dearest(cost: &Cost, per_device: f64) -> String {
    let parts = [
        (cost.infrastructure, "infrastructure"),
        (cost.operations, "operations"),
        (cost.support, "support"),
    ];
    let first = parts.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let (part, name) = first.expect("there are three");
    format!(
        "{per_device:.2} for each updated device, and {} of all is {name}",
        percent(part / cost.total)
    )
}
