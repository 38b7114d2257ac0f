//! The incomplete beta function, in logarithms.

use libm::{exp, lgamma, log, log1p};

/// ln B(a, b).
pub fn ln_beta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
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
