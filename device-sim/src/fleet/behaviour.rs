//! The weather: how devices differ and what befalls them. All of it follows from the seed.

use std::{fmt, ops::RangeInclusive, sync::Arc};

use super::Condition;
use crate::agent::{Answer, Surroundings};
use fleetfold_schemas::{DeviceId, Digest, campaign::BasisPoints};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How the devices of a fleet behave. Times are virtual. Where a range is given each device draws its own value.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Download speed; how long transfers take, whatever the real connection could do.
    pub link_bytes_per_second: RangeInclusive<u64>,
    pub install_ms: RangeInclusive<u64>,
    pub boot_ms: RangeInclusive<u64>,
    pub self_test_ms: RangeInclusive<u64>,
    /// Times without any connection.
    pub offline: Option<Offline>,
    /// Of requests for a chunk that get lost.
    pub chunk_loss: BasisPoints,
    /// Of downloads that fail for good.
    pub download_error: BasisPoints,
    /// Of trials that fail by chance, on top of what `verdict` says.
    pub self_test_failure: BasisPoints,
    /// Of single steps (a write, a message, a reboot) before which power fails.
    pub power_loss: BasisPoints,
    pub verdict: Verdict,
    /// How devices are doing and say so; `None`: they keep it to themselves.
    pub condition: Option<Condition>,
    /// Devices that run on a battery; the others have none and are plugged in.
    pub battery: Option<Battery>,
    pub users: Users,
}

/// Devices that are on their battery when the fleet begins, until somebody plugs them in; then they are full.
#[derive(Debug, Clone)]
pub struct Battery {
    /// How many devices have one.
    pub share: BasisPoints,
    pub percent: RangeInclusive<u64>,
    pub plugged_in_after_ms: RangeInclusive<u64>,
}

/// What people say when their device asks whether it may install.
#[derive(Debug, Clone)]
pub struct Users {
    pub answer_ms: RangeInclusive<u64>,
    /// Of questions that are answered with "later".
    pub postponing: BasisPoints,
    pub postpone_ms: RangeInclusive<u64>,
}

/// Spells of absence.
#[derive(Debug, Clone)]
pub struct Offline {
    /// From one spell's end to the next one's beginning.
    pub every_ms: RangeInclusive<u64>,
    pub length_ms: RangeInclusive<u64>,
}

type Predicate = dyn Fn(&DeviceId, &Digest) -> bool + Send + Sync;

/// Whether an image fails its self-test on a device.
#[derive(Clone, Default)]
pub enum Verdict {
    /// Every image works.
    #[default]
    Good,
    FailsWhen(Arc<Predicate>),
}

impl Verdict {
    pub fn fails_when(
        predicate: impl Fn(&DeviceId, &Digest) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::FailsWhen(Arc::new(predicate))
    }

    pub(super) fn fails(&self, device: &DeviceId, image: &Digest) -> bool {
        match self {
            Self::Good => false,
            Self::FailsWhen(predicate) => predicate(device, image),
        }
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "Good",
            Self::FailsWhen(_) => "FailsWhen(..)",
        })
    }
}

const NEVER: BasisPoints = BasisPoints::from_percent(0);

impl Behaviour {
    /// A fleet where nothing goes wrong: minutes to download and install, seconds to boot.
    #[must_use]
    pub fn fair() -> Self {
        Self {
            link_bytes_per_second: 20_000..=200_000,
            install_ms: 5_000..=30_000,
            boot_ms: 5_000..=20_000,
            self_test_ms: 1_000..=10_000,
            offline: None,
            chunk_loss: NEVER,
            download_error: NEVER,
            self_test_failure: NEVER,
            power_loss: NEVER,
            verdict: Verdict::Good,
            condition: None,
            battery: None,
            users: Users {
                answer_ms: 1_000..=60_000,
                postponing: NEVER,
                postpone_ms: 300_000..=3_600_000,
            },
        }
    }

    /// As [`Behaviour::fair`], and nothing takes any time: for tests that are after something else.
    #[must_use]
    pub fn instant() -> Self {
        Self {
            link_bytes_per_second: u64::MAX..=u64::MAX,
            install_ms: 0..=0,
            boot_ms: 0..=0,
            self_test_ms: 0..=0,
            users: Users {
                answer_ms: 0..=0,
                ..Self::fair().users
            },
            ..Self::fair()
        }
    }
}

/// One device's stream of chance.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

/// What chance has made of one device, for good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    pub bytes_per_second: u64,
    pub install_ms: u64,
    pub boot_ms: u64,
    pub self_test_ms: u64,
    /// Hundredths of a percent a day.
    pub drain_bp: u64,
    /// How full its battery is, and how long until it is plugged in.
    pub battery: Option<(u8, u64)>,
}

impl Dice {
    /// The same seed and device give the same stream, whatever other devices there are.
    pub fn of(seed: u64, device: &DeviceId) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(device.as_str().as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    pub fn happens(&mut self, chance: BasisPoints) -> bool {
        chance != NEVER && self.0.random_ratio(chance.get().into(), 10_000)
    }

    pub fn within(&mut self, range: &RangeInclusive<u64>) -> u64 {
        if range.is_empty() {
            *range.start()
        } else {
            self.0.random_range(range.clone())
        }
    }
}

impl Users {
    /// What one of them says, and after how long.
    pub(super) fn answer(&self, dice: &mut Dice) -> (u64, Answer) {
        let wait_ms = dice.within(&self.answer_ms);
        let answer = if dice.happens(self.postponing) {
            let ms = dice.within(&self.postpone_ms);
            Answer::Postpone { ms }
        } else {
            Answer::Install
        };
        (wait_ms, answer)
    }
}

impl Traits {
    pub fn draw(behaviour: &Behaviour, dice: &mut Dice) -> Self {
        Self {
            bytes_per_second: dice.within(&behaviour.link_bytes_per_second).max(1),
            install_ms: dice.within(&behaviour.install_ms),
            boot_ms: dice.within(&behaviour.boot_ms),
            self_test_ms: dice.within(&behaviour.self_test_ms),
            drain_bp: match &behaviour.condition {
                Some(condition) => dice.within(&condition.drain_bp_per_day),
                None => 0,
            },
            battery: (behaviour.battery.as_ref())
                .filter(|battery| dice.happens(battery.share))
                .map(|battery| {
                    let percent = dice.within(&battery.percent).min(100);
                    let percent = u8::try_from(percent).unwrap_or(100);
                    (percent, dice.within(&battery.plugged_in_after_ms))
                }),
        }
    }

    /// How its hardware is, so long after the fleet began.
    pub fn surroundings(&self, since_ms: u64) -> Surroundings {
        match self.battery {
            Some((percent, plugged_in_after_ms)) if since_ms < plugged_in_after_ms => {
                Surroundings {
                    battery_percent: Some(percent),
                    external_power: false,
                    ..Surroundings::default()
                }
            }
            _ => Surroundings::default(),
        }
    }
}
