//! Asymptotic confidence sequences for means: intervals that hold at all times at once.
//!
//! Robbins's normal mixture with the estimated variance (Robbins 1970; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas
//! 2024): after t figures with deviation s,
//!
//! ```text
//! mean +- s sqrt( 2 (t r^2 + 1) / (t^2 r^2) * ln( sqrt(t r^2 + 1) / alpha ) )
//! ```
//!
//! The probability that the truth is ever outside tends to alpha at most as the first look is taken later; that is why
//! nothing is said of fewer than [`COUNT_MIN`] figures. r is chosen so that the interval is shortest at the planned number of
//! figures, which must be fixed beforehand; it is valid whatever comes.

use libm::{log, sqrt};

use super::{Estimate, moments::Moments, special::count};

/// From so many figures on, in each arm, the normal approximation is good enough.
pub const COUNT_MIN: u64 = 50;

/// How sure, and where the interval is to be shortest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The probability that the truth is ever outside.
    pub alpha: f64,
    /// Figures planned, of both arms together where there are two.
    pub planned: u64,
}

/// The mean; `None` of fewer than [`COUNT_MIN`] figures.
#[must_use]
pub fn one(figures: &Moments, tuning: Tuning) -> Option<Estimate> {
    let variance = variance_of_mean(figures)?;
    Some(around(figures.mean, variance, count(figures.count), tuning))
}

/// The mean of `b` less that of `a`, of two arms that grow in a fixed proportion: t is the number of figures in both.
#[must_use]
pub fn difference(a: &Moments, b: &Moments, tuning: Tuning) -> Option<Estimate> {
    let t = count(a.count) + count(b.count);
    let variance = variance_of_mean(a)? + variance_of_mean(b)?;
    Some(around(b.mean - a.mean, variance, t, tuning))
}

fn variance_of_mean(figures: &Moments) -> Option<f64> {
    let variance = figures.variance().filter(|_| figures.count >= COUNT_MIN)?;
    Some(variance / count(figures.count))
}

/// `variance` is that of the value, which is s^2 / t.
fn around(value: f64, variance: f64, t: f64, tuning: Tuning) -> Estimate {
    let t_r2 = shortest_at(tuning.alpha) * t / count(tuning.planned.max(1));
    let deviations = 2.0 * (t_r2 + 1.0) / t_r2 * log(sqrt(t_r2 + 1.0) / tuning.alpha);
    let reach = sqrt(variance * deviations);
    Estimate {
        value,
        low: value - reach,
        high: value + reach,
    }
}

/// t r^2 at the t where the interval is shortest, from its derivative: x - 1 with x - ln x = 1 - 2 ln alpha.
fn shortest_at(alpha: f64) -> f64 {
    /// The error shrinks by a factor x, about ten, each time.
    const STEPS: u32 = 24;
    let sum = 1.0 - 2.0 * log(alpha);
    let x = (0..STEPS).fold(sum, |x, _| sum + log(x));
    x - 1.0
}

#[cfg(test)]
mod tests {
    use super::super::simulated::Random;
    use super::*;

    const TUNING: Tuning = Tuning {
        alpha: 0.05,
        planned: 400,
    };

    #[test]
    fn the_interval_of_a_difference_is_the_one_computed_independently() {
        let (a, b) = (Moments::of(200, 12.0, 2.0), Moments::of(200, 12.9, 2.4));
        let estimate = difference(&a, &b, TUNING);
        let Estimate { value, low, high } = estimate.expect("enough figures");
        assert!((value - 0.9).abs() < 1e-12);
        assert!((low - 0.229_520).abs() < 6e-7, "{low}");
        assert!((high - 1.570_480).abs() < 6e-7, "{high}");
    }

    #[test]
    fn the_interval_is_shortest_where_it_was_planned_to_be() {
        assert!((shortest_at(0.05) - 8.2120).abs() < 5e-5);
        let figures = Moments::of(400, 0.0, 1.0);
        for alpha in [0.001, 0.05, 0.2] {
            let reach = |planned| {
                let tuning = Tuning { alpha, planned };
                one(&figures, tuning).expect("enough figures").high
            };
            assert!(reach(400) < reach(380) && reach(400) < reach(420));
        }
    }

    #[test]
    fn nothing_is_said_of_too_few_figures() {
        let (enough, few) = (Moments::of(50, 1.0, 1.0), Moments::of(49, 1.0, 1.0));
        assert!(one(&enough, TUNING).is_some() && one(&few, TUNING).is_none());
        assert!(difference(&enough, &enough, TUNING).is_some());
        assert!(difference(&enough, &few, TUNING).is_none());
    }

    #[test]
    fn the_truth_is_ever_outside_no_more_often_than_stated() {
        let mut random = Random::new(4);
        let (runs, mut outside) = (1_000, 0);
        for _ in 0..runs {
            let mut figures = Moments::default();
            outside += u32::from((0..800).any(|_| {
                figures.push(random.normal(3.0, 2.0));
                one(&figures, TUNING).is_some_and(|e| e.low > 3.0 || e.high < 3.0)
            }));
        }
        assert!(outside > 0 && outside <= runs / 20, "{outside}");
    }
}
