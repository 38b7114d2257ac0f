//! Whether a failure rate is proven to be low enough to go on.
//!
//! Proven means that the upper end of the beta-binomial confidence sequence ([`confident::interval`]; Howard, Ramdas,
//! McAuliffe and Sekhon 2021) is below the highest rate that is accepted. However often one looks, a release that fails more
//! often than that is promoted with probability alpha at most.
//!
//! What counts as a failure here, an accepted execution past its deadline included, and the quorum of those that must
//! have an outcome, is for whoever asks.
//!
//! [`confident::interval`]: super::confident::interval

use libm::{log, log1p};

use super::special::{count, ln_beta};

/// Whether the upper end of the confidence sequence is below `rate_max`, strictly between 0 and 1.
#[must_use]
pub fn is_proven(failed: u64, succeeded: u64, rate_max: f64, alpha: f64) -> bool {
    let (f, s) = (count(failed), count(succeeded));
    // A rate outside the sequence lies above it or below it; above, if it is above what was observed.
    rate_max * (f + s) > f
        && f * log(rate_max) + s * log1p(-rate_max) < log(alpha) + ln_beta(f + 1.0, s + 1.0)
}

/// How many successes in a row would prove it; `None` if more than any fleet has.
#[must_use]
pub fn successes_needed(failed: u64, succeeded: u64, rate_max: f64, alpha: f64) -> Option<u64> {
    /// More devices than anybody has.
    const FLEET_MAX: u64 = 1 << 40;
    let proves = |more: u64| is_proven(failed, succeeded + more, rate_max, alpha);
    if proves(0) {
        return Some(0);
    }
    let mut enough = 1;
    while !proves(enough) {
        enough *= 2;
        if enough > FLEET_MAX {
            return None;
        }
    }
    let mut too_few = enough / 2;
    while enough - too_few > 1 {
        let middle = u64::midpoint(too_few, enough);
        if proves(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::super::{confident, simulated::Random};
    use super::*;

    #[test]
    fn it_is_proven_exactly_when_the_upper_end_is_below_the_limit() {
        for (failed, succeeded, high) in [
            (0, 50, 0.129_381),
            (1, 49, 0.168_822),
            (3, 97, 0.129_720),
            (10, 990, 0.027_942),
            (50, 950, 0.080_171),
        ] {
            assert!(is_proven(failed, succeeded, high + 1e-6, 0.05));
            assert!(!is_proven(failed, succeeded, high - 1e-6, 0.05));
        }
    }

    #[test]
    fn a_rate_below_what_was_observed_is_never_proven() {
        assert!(!is_proven(50, 950, 0.01, 0.05));
        assert!(!is_proven(0, 0, 0.5, 0.05));
        assert!(!is_proven(1_000_000, 0, 0.9, 0.05));
    }

    #[test]
    fn the_successes_needed_are_the_fewest_that_prove_it() {
        for (failed, succeeded) in [(0, 0), (0, 50), (3, 97), (10, 90)] {
            let needed = successes_needed(failed, succeeded, 0.05, 0.05).expect("it can be proven");
            let proven = |more| confident::interval(failed, succeeded + more, 0.05).1 < 0.05;
            assert!(needed > 0 && proven(needed) && !proven(needed - 1));
        }
        assert_eq!(successes_needed(0, 1_000, 0.05, 0.05), Some(0));
        assert_eq!(successes_needed(1 << 39, 0, 1e-6, 0.05), None);
    }

    #[test]
    fn a_release_that_fails_at_the_limit_is_promoted_no_more_often_than_stated() {
        let mut random = Random::new(3);
        let (campaigns, mut promoted) = (1_000, 0);
        for _ in 0..campaigns {
            let (mut failed, mut succeeded) = (0, 0);
            promoted += u32::from((0..1_000).any(|_| {
                let has_failed = random.happens(0.05);
                failed += u64::from(has_failed);
                succeeded += u64::from(!has_failed);
                is_proven(failed, succeeded, 0.05, 0.05)
            }));
        }
        assert!(promoted > 0 && promoted <= campaigns / 20, "{promoted}");
    }
}
