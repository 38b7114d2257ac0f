//! Late drift within a long campaign: the detector of Shiryaev and Roberts (Shiryaev 1963, Roberts 1966).
//!
//! [`confident`](super::confident) weighs all outcomes since the start, so ten thousand successes of the morning outvote
//! the failures of the afternoon. R sums the likelihood ratios of every possible moment at which the rate could have
//! turned from normal to bad: R = (1 + R) * ratio of the latest outcome, from 0 on. It is an e-detector in the sense of
//! Shin, Ramdas and Rinaldo 2024: alarming at R >= A, the mean number of outcomes to a false alarm is A at least.
//!
//! Mind what that promises: with A = 20, one false alarm in twenty outcomes or more. [`ln_limit`] gives the A that keeps the
//! probability of any false alarm below alpha over a campaign of known length.

use libm::{expm1, log};
use minicbor::{Decode, Encode};

use super::{
    rates::Rates,
    special::{count, ln_sum},
};

/// R as far as it has run. The same outcomes in the same order give the same bits, on every machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Encode, Decode)]
pub struct Drift {
    /// ln(1 + R), which begins at 0 and stays finite and not negative where R would overflow or have no logarithm.
    #[n(0)]
    ln_one_plus_r: f64,
}

impl Drift {
    #[must_use]
    pub fn observe(self, has_failed: bool, rates: Rates) -> Self {
        let ln_r = self.ln_one_plus_r + rates.ln_ratio_of(has_failed);
        Self {
            ln_one_plus_r: ln_sum(0.0, ln_r),
        }
    }

    /// ln R; minus infinity before the first outcome.
    #[must_use]
    pub fn ln_r(self) -> f64 {
        /// Beyond it, one is nothing beside R.
        const LARGE: f64 = 40.0;
        if self.ln_one_plus_r > LARGE {
            self.ln_one_plus_r
        } else {
            log(expm1(self.ln_one_plus_r))
        }
    }

    /// Whether R has reached a limit given as its logarithm.
    #[must_use]
    pub fn alarms(self, ln_limit: f64) -> bool {
        self.ln_r() >= ln_limit
    }
}

/// The logarithm of the limit at which any alarm among `outcomes` outcomes at the normal rate has probability `alpha` at
/// most: outcomes/alpha, because R less the number of outcomes is a martingale (Doob's inequality).
#[must_use]
pub fn ln_limit(outcomes: u64, alpha: f64) -> f64 {
    log(count(outcomes.max(1))) - log(alpha)
}

/// The logarithm of the limit at which false alarms are `outcomes` outcomes apart in the mean, or more.
#[must_use]
pub fn ln_limit_by_mean_time(outcomes: u64) -> f64 {
    log(count(outcomes.max(1)))
}

#[cfg(test)]
mod tests {
    use super::super::simulated::Random;
    use super::*;
    use libm::exp;

    fn rates() -> Rates {
        Rates::new(0.02, 0.10).expect("in order")
    }

    #[test]
    fn r_goes_the_way_computed_independently() {
        let outcomes = [0, 0, 1, 0, 1, 0, 1, 0, 1];
        let expected = [
            0.918_367,
            1.761_766,
            13.808_830,
            13.599_946,
            72.999_728,
            67.958_934,
            344.794_669,
            317.566_533,
            1_592.832_666,
        ];
        let mut drift = Drift::default();
        assert_eq!(drift.ln_r(), f64::NEG_INFINITY);
        for (outcome, expected) in outcomes.into_iter().zip(expected) {
            drift = drift.observe(outcome == 1, rates());
            let r = exp(drift.ln_r());
            assert!((r - expected).abs() < 6e-7, "{r}");
            assert_eq!(drift.alarms(ln_limit_by_mean_time(20)), expected >= 20.0);
        }
    }

    #[test]
    fn a_rise_after_ten_thousand_successes_is_seen_within_a_few_dozen_outcomes() {
        let limit = ln_limit(20_000, 0.05);
        let mut drift = Drift::default();
        for n in 0..10_000 {
            drift = drift.observe(n % 50 == 0, rates());
            assert!(!drift.alarms(limit), "{n}");
        }
        let seen = (1..).find(|n| {
            drift = drift.observe(n % 4 == 0, rates());
            drift.alarms(limit)
        });
        assert!(seen.is_some_and(|n| n <= 60), "{seen:?}");
    }

    #[test]
    fn a_normal_campaign_is_alarmed_about_no_more_often_than_stated() {
        let limit = ln_limit(1_000, 0.05);
        let mut random = Random::new(2);
        let (campaigns, mut alarmed) = (1_000, 0);
        for _ in 0..campaigns {
            let mut drift = Drift::default();
            alarmed += u32::from((0..1_000).any(|_| {
                drift = drift.observe(random.happens(0.02), rates());
                drift.alarms(limit)
            }));
        }
        assert!(alarmed > 0 && alarmed <= campaigns / 20, "{alarmed}");
    }

    #[test]
    fn it_stays_finite_through_a_million_failures_and_comes_back_from_a_snapshot_bit_by_bit() {
        let mut drift = Drift::default();
        for _ in 0..1_000_000 {
            drift = drift.observe(true, rates());
        }
        assert!(drift.ln_r().is_finite());
        let bytes = minicbor::to_vec(drift).expect("writing to memory does not fail");
        assert_eq!(minicbor::decode::<Drift>(&bytes).ok(), Some(drift));
    }
}
