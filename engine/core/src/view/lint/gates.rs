//! Whether a first phase is large enough for its gates to say anything.

use alloc::{format, vec::Vec};

use fleetfold_schemas::{
    campaign::{HealthMetric, PhaseSpec},
    rehearsal::{Finding, Severity},
};

use super::{devices, finding};
use crate::{
    gate::{
        confident,
        mean::COUNT_MIN,
        promotion,
        rates::Rates,
        sprt::{Sprt, Verdict},
        threshold,
    },
    state::{Campaign, Devices, Member, Roster},
};

/// Looks no further than this for how many devices a gate needs.
const ENOUGH_MAX: u64 = 100_000;

pub fn look(campaign: &Campaign, roster: &Roster, table: &Devices, found: &mut Vec<Finding>) {
    health(campaign, roster, table, found);
    let Some(phase) = campaign.spec.phases.first() else {
        return;
    };
    let tracks = roster.groups().iter().map(|group| group.track).max();
    for track in tracks.map_or(0..0, |last| 0..last + 1) {
        let first = roster.sum(|group, phase| group.track == track && phase == 0);
        let size = u64::from(first.devices);
        if size > 0 {
            pausing(campaign, phase, size, found);
            passing(campaign, phase, size, found);
        }
    }
}

/// Who has never said how it is doing has no past to be held against.
fn health(campaign: &Campaign, roster: &Roster, table: &Devices, found: &mut Vec<Finding>) {
    let gates = campaign.spec.gates.health.iter();
    for (metric, _) in gates.flat_map(|gates| gates.rules()) {
        let has_said = |member: &&Member| {
            let device = table.get(member.device);
            match metric {
                HealthMetric::BootTime => device.boot_ms().is_some(),
                HealthMetric::BatteryDrain => device.battery_drain().is_some(),
                HealthMetric::RebootRate => device.reboots().is_some(),
            }
        };
        let known = roster.all().iter().filter(has_said).count();
        let silent = roster.all().len() - known;
        if silent > 0 {
            let severity = if (known as u64) < COUNT_MIN {
                Severity::Warning
            } else {
                Severity::Info
            };
            let name = metric.as_str();
            found.push(Finding {
                devices: Some(silent as u64),
                ..finding(
                    severity,
                    "health_unknown",
                    format!(
                        "{} never said what {name} is about: the gate judges by the other {known}, {COUNT_MIN} at least",
                        devices(silent as u64)
                    ),
                    "have devices report it for a while before the update, or leave the gate out",
                )
            });
        }
    }
}

/// Even if every device of it failed.
fn pausing(campaign: &Campaign, phase: &PhaseSpec, size: u64, found: &mut Vec<Finding>) {
    let spec = &campaign.spec;
    let gates = phase.gates.as_ref().unwrap_or(&spec.gates);
    let (p0, alpha) = (
        spec.expected_failure.as_ratio(),
        spec.false_pause.as_ratio(),
    );
    let sample_min = spec.sample_min.into();
    let by_threshold =
        gates.threshold && threshold::pauses(size, size, spec.failure_threshold, sample_min, size);
    let by_success = phase.wait_for_success && !phase.success_threshold.is_reached_by(0, size);
    let by_evidence = |failed| confident::pauses(failed, 0, p0, alpha);
    let by_sprt = |failed| {
        sprt(campaign, phase).is_some_and(|sprt| sprt.verdict(failed, 0) == Verdict::Pause)
    };
    let has_sprt = sprt(campaign, phase).is_some();
    let weak = [
        (
            "confident",
            gates.confident && !by_evidence(size),
            smallest(by_evidence),
        ),
        ("sprt", has_sprt && !by_sprt(size), smallest(by_sprt)),
    ];
    for (gate, _, needed) in weak.into_iter().filter(|(_, is_weak, _)| *is_weak) {
        let needed = needed.map_or_else(|| "more".into(), devices);
        let strong = by_threshold || by_success;
        let severity = if strong {
            Severity::Info
        } else {
            Severity::Warning
        };
        found.push(Finding {
            devices: Some(size),
            ..finding(
                severity,
                "canary_too_small",
                format!(
                    "phase {} begins with {}: even if all of them failed, the gate {gate} could not pause; it takes {needed}",
                    phase.name,
                    devices(size)
                ),
                "raise the phase's percentage; the threshold gate and wait_for_success judge small phases, too",
            )
        });
    }
}

/// Even if no device of it failed.
fn passing(campaign: &Campaign, phase: &PhaseSpec, size: u64, found: &mut Vec<Finding>) {
    if !phase.wait_for_success {
        return;
    }
    let spec = &campaign.spec;
    let gates = phase.gates.as_ref().unwrap_or(&spec.gates);
    let alpha = spec.false_pause.as_ratio();
    let proven = gates
        .proven_below
        .and_then(|rate| promotion::successes_needed(0, 0, rate.as_ratio(), alpha));
    let promoted = sprt(campaign, phase)
        .and_then(|sprt| smallest(|succeeded| sprt.verdict(0, succeeded) == Verdict::Promote));
    for (gate, needed) in [("proven_below", proven), ("sprt", promoted)] {
        if let Some(needed) = needed.filter(|needed| *needed > size) {
            found.push(Finding {
                devices: Some(size),
                ..finding(
                    Severity::Info,
                    "canary_waits_for_all",
                    format!(
                        "phase {} begins with {}: {gate} takes {needed} successes, so it passes only once all of them have an outcome",
                        phase.name,
                        devices(size)
                    ),
                    "raise the phase's percentage, or accept that one silent device holds it",
                )
            });
        }
    }
}

fn sprt(campaign: &Campaign, phase: &PhaseSpec) -> Option<Sprt> {
    let spec = &campaign.spec;
    let gates = phase.gates.as_ref().unwrap_or(&spec.gates);
    let wanted = gates.sprt?;
    let rates = Rates::new(
        spec.expected_failure.as_ratio(),
        wanted.bad_failure.as_ratio(),
    )?;
    Sprt::new(
        rates,
        spec.false_pause.as_ratio(),
        wanted.false_pass.as_ratio(),
    )
}

/// The smallest number that will do, for what stays true from there on.
fn smallest(will_do: impl Fn(u64) -> bool) -> Option<u64> {
    if !will_do(ENOUGH_MAX) {
        return None;
    }
    let (mut low, mut high) = (0, ENOUGH_MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        if will_do(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
