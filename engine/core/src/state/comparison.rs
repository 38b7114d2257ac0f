//! An A/B test as far as it has run.

use alloc::{collections::BTreeSet, vec::Vec};

use fleetfold_schemas::campaign::{CampaignSpec, Metric};
use minicbor::{Decode, Encode};

use crate::{
    DeviceIx, ReleaseIx,
    gate::{
        ab::{Arm, Comparison as Compared, Evidence, PerArm, Plan, blocks::Blocks, compare},
        measure::Measure,
        moments::Moments,
    },
};

/// The two arms of a campaign that compares. The numbers are those of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Comparison {
    /// What arm B gets, one a model of the description; empty: nothing.
    #[n(0)]
    pub other: Vec<ReleaseIx>,
    /// Devices that accepted a job.
    #[n(1)]
    pub devices: PerArm<u64>,
    /// First outcomes.
    #[n(2)]
    pub outcomes: Blocks,
    /// How long devices took to boot what they were given, in milliseconds.
    #[n(3)]
    pub boot_ms: PerArm<Moments>,
    /// What it has come to.
    #[n(4)]
    pub verdict: Option<Verdict>,
    /// Devices of an arm that is given nothing whose boot has been counted: one figure a device. There may be many, so in a
    /// snapshot they have rows of their own; up to now only read.
    #[cbor(n(5), default, skip_if = "has_rows")]
    pub controls: BTreeSet<DeviceIx>,
    /// How fast batteries run down, in hundredths of a percent a day.
    #[cbor(n(80), default, skip_if = "is_empty")]
    pub battery_drain: PerArm<Moments>,
    /// As `controls`, of the battery.
    #[cbor(n(81), default, skip_if = "has_rows")]
    pub drained_controls: BTreeSet<DeviceIx>,
}

const fn has_rows(_: &BTreeSet<DeviceIx>) -> bool {
    true
}

fn is_empty(figures: &PerArm<Moments>) -> bool {
    figures.a.count == 0 && figures.b.count == 0
}

/// What a comparison has come to. The numbers are those of a snapshot and of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Arm A is better.
    #[n(0)]
    A,
    /// Arm B is better.
    #[n(1)]
    B,
    #[n(2)]
    NoDifference,
    /// Each is better by some metric.
    #[n(3)]
    Mixed,
    /// The arms do not have the sizes that they should: no figure can be trusted.
    #[n(4)]
    Invalid,
    /// The time is over, and there are too few figures to tell.
    #[n(5)]
    TooFew,
}

impl Comparison {
    pub(crate) fn accepted(&mut self, arm: Arm) {
        *self.devices.of_mut(arm) += 1;
    }

    pub(crate) fn count(&mut self, arm: Arm, has_succeeded: bool) {
        self.outcomes.push(arm, has_succeeded);
    }

    pub(crate) fn booted(&mut self, arm: Arm, boot_ms: u32) {
        self.boot_ms.of_mut(arm).push(f64::from(boot_ms));
    }

    pub(crate) fn drained(&mut self, arm: Arm, battery_drain: u32) {
        self.battery_drain
            .of_mut(arm)
            .push(f64::from(battery_drain));
    }

    /// A device of an arm that is given nothing has said how it is doing.
    pub(crate) fn control(
        &mut self,
        device: DeviceIx,
        boot_ms: Option<u32>,
        battery_drain: Option<u32>,
    ) {
        if let Some(boot_ms) = boot_ms
            && self.controls.insert(device)
        {
            self.booted(Arm::B, boot_ms);
        }
        if let Some(battery_drain) = battery_drain
            && self.drained_controls.insert(device)
        {
            self.drained(Arm::B, battery_drain);
        }
    }

    /// Devices of an arm that is given nothing of which anything has been counted.
    pub(crate) fn all_controls(&self) -> impl Iterator<Item = DeviceIx> {
        self.controls.union(&self.drained_controls).copied()
    }

    /// Where it stands. `members` is how many devices there are in both arms.
    #[must_use]
    pub fn compare(&self, spec: &CampaignSpec, members: u32, is_over: bool) -> Option<Compared> {
        let test = spec.ab_testing.as_ref()?;
        let measures: Vec<_> = test
            .metrics
            .iter()
            .filter_map(|metric| match metric {
                Metric::BootTime => Some((Measure::BootTime, self.boot_ms)),
                Metric::BatteryDrain => Some((Measure::BatteryDrain, self.battery_drain)),
                Metric::SuccessRate => None,
            })
            .collect();
        let compares_success =
            test.metrics.contains(&Metric::SuccessRate) && !self.other.is_empty();
        let plan = Plan {
            alpha: spec.false_pause.as_ratio(),
            share_a: test.split_percentage.as_ratio(),
            planned: members.into(),
        };
        // Devices of an arm that is given nothing accept nothing.
        let devices = if self.other.is_empty() {
            PerArm::default()
        } else {
            self.devices
        };
        Some(compare(
            &plan,
            &Evidence {
                devices,
                success_rate: compares_success.then_some(&self.outcomes),
                measures: &measures,
                is_over,
            },
        ))
    }
}
