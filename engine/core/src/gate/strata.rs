//! The anytime-valid gate over several strata at once: models, regions or sites.
//!
//! A release that fails on one model of ten hides in the sum. Here every stratum has an E value of its own, and their
//! average is compared with 1/alpha: an average of E values is an E value however they depend on each other (Vovk and
//! Wang 2021), so the campaign as a whole is paused falsely with probability alpha at most. The price is that one stratum
//! alone has to reach (number of strata)/alpha.
//!
//! The strata are those of the campaign at its start, the ones without an outcome included, as (0, 0): were a stratum
//! only counted from its first outcome on, weak evidence would be diluted upwards. The whole campaign may be put among them
//! as one more, to be quick as well when all strata fail alike.
//!
//! Who wants one vote per site, because a power cut fails all of a site's devices at once, counts votes before asking.

use libm::log;

use super::{
    confident::{ln_e_above, ln_e_value},
    special::{count, ln_sum},
};

/// Whether the average of the E values of the (failed, succeeded) reaches 1/alpha. No strata never pause.
#[must_use]
pub fn pauses<I>(strata: I, p0: f64, alpha: f64) -> bool
where
    I: IntoIterator<Item = (u64, u64)> + Clone,
{
    let limit = -log(alpha);
    let above = strata
        .clone()
        .into_iter()
        .map(|(f, s)| ln_e_above(f, s, p0));
    // The exact values cost more, and most of the time the bounds say no.
    ln_average(above) >= limit && ln_e_average(strata, p0) >= limit
}

/// The logarithm of the average of the E values; 0, which is no evidence, of no strata.
#[must_use]
pub fn ln_e_average(strata: impl IntoIterator<Item = (u64, u64)>, p0: f64) -> f64 {
    ln_average(strata.into_iter().map(|(f, s)| ln_e_value(f, s, p0)))
}

/// The logarithm of the average of numbers given as logarithms; 0 of none. Who keeps each stratum's ln E has to compute
/// only that of the latest outcome.
#[must_use]
pub fn ln_average(logarithms: impl IntoIterator<Item = f64>) -> f64 {
    let (mut ln_total, mut terms) = (f64::NEG_INFINITY, 0);
    for logarithm in logarithms {
        ln_total = ln_sum(ln_total, logarithm);
        terms += 1;
    }
    if terms == 0 {
        0.0
    } else {
        ln_total - log(count(terms))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{confident, simulated::Random};
    use super::*;
    use libm::exp;

    #[test]
    fn the_average_is_that_of_the_e_values() {
        let strata = [(2, 8), (3, 97), (25, 475)];
        let expected = (6.050_505_1 + 0.047_407_8 + 85.532_259_3) / 3.0;
        assert!((exp(ln_e_average(strata, 0.02)) - expected).abs() < 1e-6);
        assert!(pauses(strata, 0.02, 0.05));
        assert!(!pauses(strata, 0.02, 0.03));
    }

    #[test]
    fn one_stratum_is_judged_as_a_campaign_and_none_never_pauses() {
        for failed in 0..60 {
            assert_eq!(
                pauses([(failed, 1000 - failed)], 0.02, 0.05),
                confident::pauses(failed, 1000 - failed, 0.02, 0.05)
            );
        }
        assert!(!pauses([], 0.02, 0.05));
        assert_eq!(ln_e_average([], 0.02), 0.0);
    }

    #[test]
    fn a_model_that_fails_is_found_where_the_sum_hides_it() {
        let strata = [(9, 41), (1, 99), (2, 198), (5, 345), (0, 0)];
        let failed = strata.iter().map(|(f, _)| f).sum();
        let succeeded = strata.iter().map(|(_, s)| s).sum();
        assert!(!confident::pauses(failed, succeeded, 0.02, 0.05));
        assert!(pauses(strata, 0.02, 0.05));
    }

    #[test]
    fn a_stratum_without_outcomes_is_neither_for_nor_against() {
        assert!((ln_e_average([(0, 0), (0, 0)], 0.02)).abs() < 1e-12);
        // 85.5 of one in five is below 20; of one in four it is above.
        assert!(pauses([(25, 475), (0, 0), (0, 0), (0, 0)], 0.02, 0.05));
        assert!(!pauses(
            [(25, 475), (0, 0), (0, 0), (0, 0), (0, 0)],
            0.02,
            0.05
        ));
    }

    #[test]
    fn healthy_strata_that_fail_together_are_paused_no_more_often_than_stated() {
        // All three strata see the very same outcomes, so they could not depend on each other more.
        let mut random = Random::new(1);
        let (campaigns, mut paused) = (1_000, 0);
        for _ in 0..campaigns {
            let (mut failed, mut succeeded) = (0, 0);
            paused += u32::from((0..500).any(|_| {
                let has_failed = random.happens(0.02);
                failed += u64::from(has_failed);
                succeeded += u64::from(!has_failed);
                has_failed && pauses([(failed, succeeded); 3], 0.02, 0.05)
            }));
        }
        assert!(paused > 0 && paused <= campaigns / 20, "{paused}");
    }
}
