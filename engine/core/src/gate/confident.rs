//! The anytime-valid gate: a mixture e-value against "the failure rate is at most p0".
//!
//! E(F, S) is the likelihood ratio of a uniform mixture over (p0, 1] to p0 itself, after F failures and S successes:
//!
//! ```text
//! E = B(F+1, S+1) (1 - I_p0(F+1, S+1)) / ((1 - p0) p0^F (1 - p0)^S)
//! ```
//!
//! Under the hypothesis it is a supermartingale, so by Ville's inequality (Ville 1939) the probability that it ever
//! reaches 1/alpha is at most alpha, however often one looks; mixtures of this kind are Robbins 1970. The interval shown
//! beside it is the beta-binomial confidence sequence (Howard, Ramdas, McAuliffe and Sekhon 2021). Outcomes are assumed
//! independent given the past.

use libm::{exp, log, log1p};

use super::special::{count, divergence, ln_beta, ln_incomplete_beta, ln_one_minus_exp};

/// ln E(F, S) for a normal failure rate `p0` strictly between 0 and 1.
#[must_use]
pub fn ln_e_value(failed: u64, succeeded: u64, p0: f64) -> f64 {
    let (f, s) = (count(failed), count(succeeded));
    ln_unbounded(f, s, p0) + ln_incomplete_beta(1.0 - p0, s + 1.0, f + 1.0)
}

/// ln E without the factor 1 - I_p0(F+1, S+1), the share of the posterior above p0, which is at most one.
fn ln_unbounded(f: f64, s: f64, p0: f64) -> f64 {
    ln_beta(f + 1.0, s + 1.0) - f * log(p0) - (s + 1.0) * log1p(-p0)
}

/// Whether the evidence reaches 1/alpha.
///
/// Asked after every outcome, so it takes a fixed number of logarithms: the slow factor of E is only computed where its
/// bounds don't decide, which at large counts is next to never. The answer is the same.
#[must_use]
pub fn pauses(failed: u64, succeeded: u64, p0: f64, alpha: f64) -> bool {
    let limit = -log(alpha);
    let (f, s) = (count(failed), count(succeeded));
    // No rate above p0 explains the outcomes better than p0 does.
    if f <= (f + s) * p0 {
        return false;
    }
    let above = ln_unbounded(f, s, p0);
    if above < limit {
        return false;
    }
    // 1 - I_p0(F+1, S+1) is the probability that at most F of n+1 fail at p0; that more do is bounded by Chernoff 1952.
    let n = f + s + 1.0;
    let below = above + ln_one_minus_exp(-n * divergence((f + 1.0) / n, p0));
    below >= limit || ln_e_value(failed, succeeded, p0) >= limit
}

/// A bound that ln E(F, S) does not exceed, at the cost of a few logarithms.
pub(super) fn ln_e_above(failed: u64, succeeded: u64, p0: f64) -> f64 {
    let (f, s) = (count(failed), count(succeeded));
    if f <= (f + s) * p0 {
        0.0
    } else {
        ln_unbounded(f, s, p0)
    }
}

/// The rates p with p^F (1-p)^S >= alpha B(F+1, S+1): at all times at once, the true rate is outside with probability at
/// most alpha.
#[must_use]
pub fn interval(failed: u64, succeeded: u64, alpha: f64) -> (f64, f64) {
    let (f, s) = (count(failed), count(succeeded));
    let floor = log(alpha) + ln_beta(f + 1.0, s + 1.0);
    let is_inside = |p: f64| {
        let from_failures = if failed == 0 { 0.0 } else { f * log(p) };
        let from_successes = if succeeded == 0 { 0.0 } else { s * log1p(-p) };
        from_failures + from_successes >= floor
    };
    if failed + succeeded == 0 {
        return (0.0, 1.0);
    }
    let mode = f / (f + s);
    let low = if failed == 0 {
        0.0
    } else {
        edge(0.0, mode, is_inside)
    };
    let high = if succeeded == 0 {
        1.0
    } else {
        edge(1.0, mode, is_inside)
    };
    (low, high)
}

/// Bisects between a point outside and one inside.
fn edge(mut outside: f64, mut inside: f64, is_inside: impl Fn(f64) -> bool) -> f64 {
    /// Halvings until two doubles in 0..1 cannot be told apart.
    const HALVINGS: u32 = 60;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(outside, inside);
        if is_inside(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}

/// E itself, for people; it overflows to infinity, which is still true.
#[must_use]
pub fn e_value(failed: u64, succeeded: u64, p0: f64) -> f64 {
    exp(ln_e_value(failed, succeeded, p0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_e_value_is_the_one_computed_independently() {
        for (failed, succeeded, expected) in [
            (0, 10, 0.090_909_1),
            (1, 9, 0.545_454_5),
            (2, 8, 6.050_505_1),
            (3, 17, 7.505_848_0),
            (3, 97, 0.047_407_8),
            (5, 95, 0.281_198_7),
            (8, 92, 13.602_126_6),
            (10, 490, 0.009_355_6),
            (25, 475, 85.532_259_3),
        ] {
            let e = e_value(failed, succeeded, 0.02);
            assert!(
                (e - expected).abs() < 6e-8 * expected.max(1.0),
                "({failed},{succeeded}): {e}"
            );
        }
    }

    #[test]
    fn the_smallest_number_of_failures_that_pauses_is_the_one_computed_independently() {
        for (n, smallest) in [
            (2, 2),
            (5, 2),
            (10, 3),
            (20, 4),
            (50, 6),
            (100, 9),
            (200, 13),
            (500, 24),
            (1000, 39),
        ] {
            assert!(
                pauses(smallest, n - smallest, 0.02, 0.05),
                "{smallest} of {n}"
            );
            assert!(
                !pauses(smallest - 1, n - smallest + 1, 0.02, 0.05),
                "{smallest} - 1 of {n}"
            );
        }
    }

    #[test]
    fn the_interval_is_the_one_computed_independently() {
        for (failed, succeeded, low, high) in [
            (0, 50, 0.0, 0.129_381),
            (1, 49, 0.000_020, 0.168_822),
            (3, 97, 0.001_526, 0.129_720),
            (10, 990, 0.002_075, 0.027_942),
            (50, 950, 0.028_235, 0.080_171),
        ] {
            let (l, h) = interval(failed, succeeded, 0.05);
            assert!(
                (l - low).abs() < 6e-7 && (h - high).abs() < 6e-7,
                "({failed},{succeeded}): {l} {h}"
            );
        }
        assert_eq!(interval(0, 0, 0.05), (0.0, 1.0));
    }

    #[test]
    fn a_million_devices_are_judged_as_exactly_as_ten() {
        assert!(!pauses(20_000, 980_000, 0.02, 0.05));
        assert!(pauses(21_000, 979_000, 0.02, 0.05));
        assert!(ln_e_value(0, 1_000_000, 0.02).is_finite());
        assert!(ln_e_value(1_000_000, 0, 0.02).is_finite());
    }
    #[test]
    fn the_bounds_decide_as_the_evidence_itself_does() {
        for p0 in [0.001, 0.02, 0.3] {
            for alpha in [0.01, 0.05, 0.5] {
                for n in [1, 2, 3, 10, 50, 300, 2_000, 40_000] {
                    let normal = (count(n) * p0) as u64;
                    let far = (8.0 * libm::sqrt(count(n) * p0)) as u64 + 4;
                    for failed in 0..=(normal + far).min(n) {
                        let by_evidence = ln_e_value(failed, n - failed, p0) >= -log(alpha);
                        assert_eq!(
                            pauses(failed, n - failed, p0, alpha),
                            by_evidence,
                            "{failed} of {n}, {p0}, {alpha}"
                        );
                    }
                }
            }
        }
    }
}
