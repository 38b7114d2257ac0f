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

use super::special::{ln_beta, ln_incomplete_beta};

/// ln E(F, S) for a normal failure rate `p0` strictly between 0 and 1.
#[must_use]
pub fn ln_e_value(failed: u64, succeeded: u64, p0: f64) -> f64 {
    let (f, s) = (count(failed), count(succeeded));
    ln_beta(f + 1.0, s + 1.0) + ln_incomplete_beta(1.0 - p0, s + 1.0, f + 1.0)
        - log1p(-p0)
        - f * log(p0)
        - s * log1p(-p0)
}

/// Whether the evidence reaches 1/alpha.
#[must_use]
pub fn pauses(failed: u64, succeeded: u64, p0: f64, alpha: f64) -> bool {
    // Without a failure the evidence is below one, and a success only lowers it.
    failed > 0 && ln_e_value(failed, succeeded, p0) >= -log(alpha)
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

#[expect(
    clippy::cast_precision_loss,
    reason = "device counts are far below 2^53"
)]
fn count(n: u64) -> f64 {
    n as f64
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
}
