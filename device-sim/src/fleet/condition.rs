//! How devices are doing beside their updates: what they say of boot time, battery and crashes.

use std::ops::RangeInclusive;

use fleetfold_schemas::{DeviceId, Digest};

use super::{
    Verdict,
    behaviour::{Dice, Traits},
};
use crate::agent::Vitals;

/// How the devices of a fleet are doing. Times are virtual.
#[derive(Debug, Clone)]
pub struct Condition {
    /// How often a device says how it is doing.
    pub every_ms: u64,
    /// Hundredths of a percent of the battery's capacity a day. Each device draws its own.
    pub drain_bp_per_day: RangeInclusive<u64>,
    /// By how many percent a figure differs from one boot of a device to the next, up or down, at most.
    pub noise_percent: u64,
    /// Of what an image does to a device, if it does.
    pub ailments: Vec<Ailment>,
}

/// What an image does to a device.
#[derive(Debug, Clone, Default)]
pub struct Ailment {
    /// Whether this image does it to this device: as a verdict that fails.
    pub when: Verdict,
    pub slower_percent: u64,
    pub drains_more_percent: u64,
    /// It crashes, each time after so long; no such range: never.
    pub crashes_after_ms: Option<RangeInclusive<u64>>,
}

/// A device's condition from one boot to the next.
#[derive(Debug)]
pub(super) struct Pulse {
    vitals: Vitals,
    every_ms: u64,
    pub next_ms: u64,
    pub crashes_ms: Option<u64>,
}

impl Condition {
    /// Nothing ails anybody, and everybody says so every quarter of an hour.
    #[must_use]
    pub const fn fair() -> Self {
        Self {
            every_ms: 15 * 60 * 1000,
            drain_bp_per_day: 200..=600,
            noise_percent: 10,
            ailments: Vec::new(),
        }
    }
}

impl Pulse {
    pub fn of(
        condition: &Condition,
        (device, image, reboots): (&DeviceId, &Digest, u64),
        traits: Traits,
        dice: &mut Dice,
        now: u64,
    ) -> Self {
        let ails = |ailment: &&Ailment| ailment.when.fails(device, image);
        let ailments = || condition.ailments.iter().filter(ails);
        let slower = ailments().map(|it| it.slower_percent).sum::<u64>();
        let more = ailments().map(|it| it.drains_more_percent).sum::<u64>();
        let mut figure = |usual: u64, more: u64| {
            let noise = condition.noise_percent.min(100);
            let percent = dice.within(&(100 - noise..=100 + noise));
            usual * (100 + more) * percent / 10_000
        };
        let vitals = Vitals {
            boot_ms: Some(figure(traits.boot_ms, slower)),
            battery_drain_bp_per_day: Some(figure(traits.drain_bp, more)),
            unexpected_reboots: Some(reboots),
        };
        let crashes = ailments().find_map(|it| it.crashes_after_ms.as_ref());
        Self {
            vitals,
            every_ms: condition.every_ms.max(1),
            // Devices do not all speak at once.
            next_ms: now + dice.within(&(0..=condition.every_ms)),
            crashes_ms: crashes.map(|range| now + dice.within(range).max(1)),
        }
    }

    /// What is known before the battery has run down for a while.
    pub const fn at_boot(&self) -> Vitals {
        Vitals {
            battery_drain_bp_per_day: None,
            ..self.vitals
        }
    }

    /// It is time to say so, the next time after the usual while.
    pub fn beat(&mut self, now: u64) -> Vitals {
        self.next_ms = now + self.every_ms;
        self.vitals
    }
}
