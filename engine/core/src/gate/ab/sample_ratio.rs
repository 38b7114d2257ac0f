//! Sample ratio mismatch: do the sizes of the arms fit the intended split?
//!
//! The Bayes factor of a Dirichlet-multinomial about the intended split against that split itself (Lindon and Malek 2022).
//! Under the intended split it is a martingale, so it ever reaches 1/alpha with probability alpha at most (Ville 1939).

use libm::{exp, lgamma, log};

use super::PerArm;
use crate::gate::special::count;

/// How sure the prior is of being near the intended split, in devices: mismatches of a tenth or so are found soonest, which
/// is what lost devices make of a split.
const PRIOR_DEVICES: f64 = 100.0;

/// The numbers of the check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRatio {
    /// Devices counted in each arm: those that the comparison is made of, not only those assigned.
    pub devices: PerArm<u64>,
    /// The intended share of arm A, strictly between 0 and 1.
    pub share_a: f64,
    pub ln_factor: f64,
    /// A mismatch is flagged at this or above.
    pub ln_limit: f64,
}

impl SampleRatio {
    #[must_use]
    pub fn check(devices: PerArm<u64>, share_a: f64, alpha: f64) -> Self {
        let ln_term = |devices: u64, share: f64| {
            let prior = PRIOR_DEVICES * share;
            lgamma(prior + count(devices)) - lgamma(prior) - count(devices) * log(share)
        };
        let all = count(devices.a) + count(devices.b);
        Self {
            devices,
            share_a,
            ln_factor: lgamma(PRIOR_DEVICES) - lgamma(PRIOR_DEVICES + all)
                + ln_term(devices.a, share_a)
                + ln_term(devices.b, 1.0 - share_a),
            ln_limit: -log(alpha),
        }
    }

    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        self.ln_factor >= self.ln_limit
    }

    /// For people; it overflows to infinity, which is still true.
    #[must_use]
    pub fn factor(&self) -> f64 {
        exp(self.ln_factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::simulated::Random;

    fn check(a: u64, b: u64) -> SampleRatio {
        SampleRatio::check(PerArm { a, b }, 0.5, 0.05)
    }

    #[test]
    fn the_factor_is_the_one_computed_independently() {
        for (a, b, expected, is_mismatch) in [
            (5_200, 4_800, 274.133, true),
            (5_060, 4_940, 0.202_488, false),
            (520, 480, 0.623_052, false),
        ] {
            let ratio = check(a, b);
            assert!(
                (ratio.factor() / expected - 1.0).abs() < 3e-6,
                "{}",
                ratio.factor()
            );
            assert_eq!(ratio.is_mismatch(), is_mismatch);
        }
    }

    #[test]
    fn no_devices_are_no_evidence_and_a_million_overflow_nothing() {
        assert!(check(0, 0).ln_factor.abs() < 1e-12);
        assert!(check(1_000_000, 0).is_mismatch());
        assert!(!check(500_000, 500_000).is_mismatch());
    }

    #[test]
    fn an_uneven_split_is_checked_against_itself() {
        let ratio = |a, b| SampleRatio::check(PerArm { a, b }, 0.1, 0.05);
        assert!(!ratio(1_000, 9_000).is_mismatch());
        assert!(ratio(5_000, 5_000).is_mismatch());
    }

    #[test]
    fn a_fair_split_is_flagged_no_more_often_than_stated() {
        let mut random = Random::new(13);
        let (campaigns, mut flagged) = (1_000, 0);
        for _ in 0..campaigns {
            let (mut a, mut b) = (0, 0);
            flagged += u32::from((0..1_000).any(|_| {
                let in_a = random.happens(0.5);
                a += u64::from(in_a);
                b += u64::from(!in_a);
                check(a, b).is_mismatch()
            }));
        }
        assert!(flagged > 0 && flagged <= campaigns / 20, "{flagged}");
    }
}
