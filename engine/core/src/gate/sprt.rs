//! The sequential probability ratio test (Wald 1945): the shortest way to tell a normal failure rate from a bad one when
//! both are known.
//!
//! L, the likelihood ratio of the bad rate to the normal one, is multiplied by p1/p0 on a failure and by (1-p1)/(1-p0) on
//! a success. The phase is paused at L >= 1/alpha and promoted at L <= beta/(1-alpha). Under the normal rate L is a
//! martingale, so it is paused with probability alpha at most (Ville 1939); a bad release is promoted with probability
//! beta at most. Whoever asks stops at the first answer that is not [`Verdict::Undecided`].

use libm::{exp, log, log1p};

use super::rates::Rates;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sprt {
    rates: Rates,
    alpha: f64,
    beta: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The bad rate it is.
    Pause,
    /// The normal rate it is.
    Promote,
    Undecided,
}

/// What an operator is shown. L and the upper limit may overflow to infinity, which is still true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    pub ratio: f64,
    /// At or above it, pause.
    pub pause_at: f64,
    /// At or below it, promote.
    pub promote_at: f64,
}

impl Sprt {
    /// `alpha` is the probability of pausing at the normal rate, `beta` that of promoting at the bad one; `None` unless
    /// both are above 0 and together below 1.
    #[must_use]
    pub fn new(rates: Rates, alpha: f64, beta: f64) -> Option<Self> {
        (alpha > 0.0 && beta > 0.0 && alpha + beta < 1.0).then_some(Self { rates, alpha, beta })
    }

    #[must_use]
    pub fn verdict(&self, failed: u64, succeeded: u64) -> Verdict {
        let ln_ratio = self.rates.ln_ratio(failed, succeeded);
        if ln_ratio >= self.ln_pause() {
            Verdict::Pause
        } else if ln_ratio <= self.ln_promote() {
            Verdict::Promote
        } else {
            Verdict::Undecided
        }
    }

    #[must_use]
    pub fn shown(&self, failed: u64, succeeded: u64) -> Shown {
        Shown {
            ratio: exp(self.rates.ln_ratio(failed, succeeded)),
            pause_at: 1.0 / self.alpha,
            promote_at: self.beta / (1.0 - self.alpha),
        }
    }

    fn ln_pause(&self) -> f64 {
        -log(self.alpha)
    }

    fn ln_promote(&self) -> f64 {
        log(self.beta) - log1p(-self.alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sprt() -> Sprt {
        let rates = Rates::new(0.02, 0.10).expect("in order");
        Sprt::new(rates, 0.05, 0.10).expect("small enough")
    }

    #[test]
    fn the_ratio_goes_the_way_computed_independently() {
        let outcomes = [0, 0, 1, 0, 0, 0, 1, 1];
        let expected = [
            0.918_367, 0.843_399, 4.216_993, 3.872_749, 3.556_606, 3.266_271, 16.331_353,
            81.656_767,
        ];
        let (mut failed, mut succeeded) = (0, 0);
        for (outcome, expected) in outcomes.into_iter().zip(expected) {
            failed += outcome;
            succeeded += 1 - outcome;
            let shown = sprt().shown(failed, succeeded);
            assert!((shown.ratio - expected).abs() < 6e-7, "{}", shown.ratio);
            let verdict = if expected > 20.0 {
                Verdict::Pause
            } else {
                Verdict::Undecided
            };
            assert_eq!(sprt().verdict(failed, succeeded), verdict);
        }
    }

    #[test]
    fn it_promotes_after_27_successes_in_a_row_and_20_more_for_each_failure() {
        for (failed, n) in [(0, 27), (1, 47), (2, 67)] {
            assert_eq!(sprt().verdict(failed, n - failed), Verdict::Promote);
            assert_eq!(sprt().verdict(failed, n - failed - 1), Verdict::Undecided);
        }
    }

    #[test]
    fn it_pauses_on_a_failure_that_comes_soon_enough_after_the_ones_before() {
        for (failed, last) in [(2, 4), (3, 24), (4, 44)] {
            assert_eq!(sprt().verdict(failed, last - failed), Verdict::Pause);
            assert_eq!(
                sprt().verdict(failed, last + 1 - failed),
                Verdict::Undecided
            );
        }
    }

    #[test]
    fn errors_that_leave_nothing_between_the_limits_are_refused() {
        let rates = Rates::new(0.02, 0.10).expect("in order");
        assert_eq!(Sprt::new(rates, 0.5, 0.5), None);
        assert_eq!(Sprt::new(rates, 0.0, 0.1), None);
        assert_eq!(Sprt::new(rates, 0.05, 0.0), None);
    }

    #[test]
    fn a_million_failures_overflow_no_verdict() {
        assert_eq!(sprt().verdict(1_000_000, 0), Verdict::Pause);
        assert_eq!(sprt().verdict(0, 1_000_000), Verdict::Promote);
        assert_eq!(sprt().shown(1_000_000, 0).ratio, f64::INFINITY);
    }
}
