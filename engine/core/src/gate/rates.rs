//! Two failure rates to tell apart: the normal one and one that is certainly bad.

use libm::{log, log1p};

use super::special::count;

/// 0 < normal < bad < 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    normal: f64,
    bad: f64,
}

impl Rates {
    /// `None` unless 0 < normal < bad < 1.
    #[must_use]
    pub fn new(normal: f64, bad: f64) -> Option<Self> {
        (0.0 < normal && normal < bad && bad < 1.0).then_some(Self { normal, bad })
    }

    #[must_use]
    pub fn normal(self) -> f64 {
        self.normal
    }

    #[must_use]
    pub fn bad(self) -> f64 {
        self.bad
    }

    /// The logarithm of how much likelier these outcomes are at the bad rate than at the normal one.
    #[must_use]
    pub fn ln_ratio(self, failed: u64, succeeded: u64) -> f64 {
        count(failed) * self.ln_ratio_of(true) + count(succeeded) * self.ln_ratio_of(false)
    }

    /// The same of a single outcome.
    #[must_use]
    pub fn ln_ratio_of(self, has_failed: bool) -> f64 {
        if has_failed {
            log(self.bad / self.normal)
        } else {
            log1p(-self.bad) - log1p(-self.normal)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_rate_is_the_higher_one_and_neither_is_certain() {
        assert!(Rates::new(0.02, 0.10).is_some());
        for (normal, bad) in [
            (0.10, 0.02),
            (0.02, 0.02),
            (0.0, 0.1),
            (0.1, 1.0),
            (f64::NAN, 0.1),
        ] {
            assert_eq!(Rates::new(normal, bad), None, "{normal} {bad}");
        }
    }
}
