//! The incomplete beta function and its relatives, in logarithms.

use libm::{exp, expm1, lgamma, log, log1p};

/// A count as a number to reckon with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of devices are far below 2^53"
)]
pub fn count(n: u64) -> f64 {
    n as f64
}

/// ln B(a, b).
pub fn ln_beta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
}

/// ln(e^a + e^b), for finite numbers or minus infinity.
pub fn ln_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        high
    } else {
        high + log1p(exp(low - high))
    }
}

/// ln(1 - e^x), for x < 0.
pub fn ln_one_minus_exp(x: f64) -> f64 {
    if x > -core::f64::consts::LN_2 {
        log(-expm1(x))
    } else {
        log1p(-exp(x))
    }
}

/// The Kullback-Leibler divergence of a coin of rate `p0` from one of rate `p`, in nats.
pub fn divergence(p: f64, p0: f64) -> f64 {
    let term = |share: f64, share0: f64| {
        if share <= 0.0 {
            0.0
        } else {
            share * log(share / share0)
        }
    };
    term(p, p0) + term(1.0 - p, 1.0 - p0)
}

/// ln I_x(a, b), the logarithm of the regularised incomplete beta function, for 0 < x < 1.
///
/// The continued fraction of Abramowitz and Stegun 26.5.8 converges fast below x = (a+1)/(a+b+2); beyond, the symmetry
/// I_x(a, b) = 1 - I_(1-x)(b, a) is used.
pub fn ln_incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x < (a + 1.0) / (a + b + 2.0) {
        ln_by_fraction(x, a, b)
    } else {
        log1p(-exp(ln_by_fraction(1.0 - x, b, a)))
    }
}

fn ln_by_fraction(x: f64, a: f64, b: f64) -> f64 {
    a * log(x) + b * log1p(-x) - log(a) - ln_beta(a, b) + log(fraction(x, a, b))
}

/// Evaluated by the modified Lentz method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    /// Keeps a denominator away from zero without moving any value that counts.
    const TINY: f64 = 1e-300;
    /// The fraction needs about the square root of max(a, b) terms; this covers counts far above a fleet's.
    const TERMS_MAX: u32 = 100_000;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for m in 1..TERMS_MAX {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let step = d * c;
        result *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_logarithms_overflows_nowhere() {
        assert!((ln_sum(0.0, 0.0) - log(2.0)).abs() < 1e-15);
        assert_eq!(ln_sum(f64::NEG_INFINITY, 3.0), 3.0);
        assert_eq!(ln_sum(900.0, -900.0), 900.0);
    }

    #[test]
    fn one_minus_a_power_is_exact_near_both_ends() {
        assert!((ln_one_minus_exp(-1e-12) - log(1e-12)).abs() < 1e-9);
        assert!((ln_one_minus_exp(-40.0) + exp(-40.0)).abs() < 1e-30);
    }

    #[test]
    fn the_divergence_is_zero_at_the_rate_itself_and_finite_at_certainty() {
        assert_eq!(divergence(0.02, 0.02), 0.0);
        assert!((divergence(1.0, 0.02) + log(0.02)).abs() < 1e-15);
        assert!((divergence(0.0, 0.02) + log(0.98)).abs() < 1e-15);
    }
}
