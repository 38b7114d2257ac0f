//! Gates: pure functions from what has been observed to "pause", "go on" or "not yet".
//!
//! | module | asks |
//! |---|---|
//! | [`threshold`] | has more than this share failed, literally? |
//! | [`confident`] | is the failure rate above what is normal? However often it is looked at, a healthy campaign is paused with a stated probability at most |
//! | [`strata`] | the same, of each model, region or site at once |
//! | [`sprt`] | is it the bad rate or the normal one, if those two are known? |
//! | [`drift`] | has the failure rate risen late within a long campaign? |
//! | [`promotion`] | is the failure rate proven to be below a limit? |
//! | [`health`] | are the updated devices worse off than before, and than the others? |
//! | [`ab`] | which of two releases is better? |
//! | [`association`] | do devices with a trait fail more often than the others? |
//!
//! This is where floats live. They go through `libm` alone, so that the same observations in the same order give the
//! same bits on every machine, and a replay decides what was decided.

pub mod ab;
pub mod association;
pub mod confident;
pub mod drift;
pub mod health;
pub mod mean;
pub mod measure;
pub mod moments;
pub mod promotion;
pub mod rates;
#[cfg(test)]
mod simulated;
mod special;
pub mod sprt;
pub mod strata;
pub mod threshold;

/// An estimate with the confidence sequence about it; its two ends may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The share of `alpha` that each of several tests may use, so that any of them errs with probability `alpha` at most
/// (the union bound, whatever their dependence).
#[must_use]
pub fn split(alpha: f64, tests: usize) -> f64 {
    alpha / special::count(tests.max(1) as u64)
}
