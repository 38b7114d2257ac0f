//! Do devices with a trait fail more often than those without it? One table of four counts at a time.
//!
//! Fisher's exact test gives the probability that chance alone puts so many of the failures among them; Holm's procedure
//! corrects for having looked at many traits; and how much more often they fail is a ratio with an interval.

use alloc::vec::Vec;

use libm::{exp, lgamma, log, sqrt};

use super::{Estimate, special::count};

/// Two-sided 95 %, of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Devices with a trait and all others. Of each: how many there are, and how many of them have failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Table {
    pub devices: u64,
    pub failed: u64,
    pub other_devices: u64,
    pub other_failed: u64,
}

impl Table {
    /// The probability of at least so many failures among those with the trait, if the failures were dealt out by chance
    /// (Fisher 1935, one-sided: the tail of the hypergeometric distribution). Never zero.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        let failed = self.failed + self.other_failed;
        let all = self.devices + self.other_devices;
        if failed == 0 || all == failed {
            return 1.0;
        }
        // Terms fall from the mode outwards, so each tail is summed away from it.
        let is_upper = u128::from(self.failed) * u128::from(all)
            > u128::from(self.devices) * u128::from(failed);
        let p = if is_upper {
            self.tail(self.failed, Side::Up)
        } else {
            let below = self.failed.checked_sub(1);
            1.0 - below.map_or(0.0, |first| self.tail(first, Side::Down))
        };
        p.clamp(f64::MIN_POSITIVE, 1.0)
    }

    /// The sum of the probabilities from `first` on.
    fn tail(&self, first: u64, side: Side) -> f64 {
        let failed = self.failed + self.other_failed;
        let low = failed.saturating_sub(self.other_devices);
        let high = failed.min(self.devices);
        if first < low || first > high {
            return 0.0;
        }
        let (mut sum, mut term, mut x) = (1.0, 1.0, first);
        loop {
            // P(x + 1) / P(x) = (failed - x)(devices - x) / ((x + 1)(others - failed + x + 1))
            term *= match side {
                Side::Up if x == high => break,
                Side::Up => {
                    x += 1;
                    self.step(x)
                }
                Side::Down if x == low => break,
                Side::Down => {
                    x -= 1;
                    1.0 / self.step(x + 1)
                }
            };
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        exp(self.ln_probability(first) + log(sum))
    }

    /// P(x) / P(x - 1)
    fn step(&self, x: u64) -> f64 {
        let failed = self.failed + self.other_failed;
        count(failed - x + 1) * count(self.devices - x + 1)
            / (count(x) * count(self.other_devices + x - failed))
    }

    /// That just `x` of the failures are among those with the trait.
    fn ln_probability(&self, x: u64) -> f64 {
        let failed = self.failed + self.other_failed;
        ln_choose(self.devices, x) + ln_choose(self.other_devices, failed - x)
            - ln_choose(self.devices + self.other_devices, failed)
    }

    /// How many times as often those with the trait fail as the others, with the 95 % interval: on the logarithm, with
    /// half a device added to each count, so that no count of zero is a special case (Pettigrew, Gart & Thomas 1986).
    #[must_use]
    pub fn rate_ratio(&self) -> Estimate {
        let half = |n: u64| count(n) + 0.5;
        let (a, n) = (half(self.failed), half(self.devices));
        let (b, m) = (half(self.other_failed), half(self.other_devices));
        let ln_ratio = log(a / n) - log(b / m);
        let deviation = sqrt((1.0 / a - 1.0 / n + 1.0 / b - 1.0 / m).max(0.0));
        Estimate {
            value: exp(ln_ratio),
            low: exp(ln_ratio - Z_95 * deviation),
            high: exp(ln_ratio + Z_95 * deviation),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Up,
    Down,
}

fn ln_choose(n: u64, k: u64) -> f64 {
    lgamma(count(n) + 1.0) - lgamma(count(k) + 1.0) - lgamma(count(n - k) + 1.0)
}

/// The p-values of several tests, each raised so that a limit of `alpha` holds for all of them together, whatever their
/// dependence (Holm 1979).
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = alloc::vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (left, at) in (1..=p_values.len() as u64).rev().zip(order) {
        least = least.max((count(left) * p_values[at]).min(1.0));
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fractions of whole numbers, by counting: all ways to deal out the failures.
    fn by_counting(table: &Table) -> f64 {
        fn choose(n: u64, k: u64) -> u128 {
            if k > n {
                return 0;
            }
            (0..u128::from(k)).fold(1, |ways, i| ways * (u128::from(n) - i) / (i + 1))
        }
        let failed = table.failed + table.other_failed;
        let ways = |x| choose(table.devices, x) * choose(table.other_devices, failed - x);
        let tail: u128 = (table.failed..=failed.min(table.devices)).map(ways).sum();
        let all = choose(table.devices + table.other_devices, failed);
        #[expect(clippy::cast_precision_loss, reason = "only compared to 12 digits")]
        let ratio = tail as f64 / all as f64;
        ratio
    }

    fn table(failed: u64, devices: u64, other_failed: u64, other_devices: u64) -> Table {
        Table {
            devices,
            failed,
            other_devices,
            other_failed,
        }
    }

    fn assert_close(is: f64, should_be: f64) {
        assert!(
            (is - should_be).abs() <= 1e-9 * should_be.abs(),
            "{is} instead of {should_be}"
        );
    }

    #[test]
    fn the_exact_test_counts_all_ways_to_deal_out_the_failures() {
        for devices in [1, 2, 5, 17, 30] {
            for other_devices in [1, 4, 19, 30] {
                for failed in 0..=devices {
                    for other_failed in [0, 1, other_devices / 2, other_devices] {
                        let table = table(failed, devices, other_failed, other_devices);
                        assert_close(table.p_value(), by_counting(&table));
                    }
                }
            }
        }
    }

    /// `phyper` and `fisher.test(alternative = "greater")` of R 4 say the same of the lady who tasted tea (Fisher 1935).
    #[test]
    fn the_lady_tasting_tea() {
        assert_close(table(3, 4, 1, 4).p_value(), 17.0 / 70.0);
        assert_close(table(4, 4, 0, 4).p_value(), 1.0 / 70.0);
    }

    #[test]
    fn a_million_devices_are_neither_slow_nor_zero() {
        assert!(table(50_000, 500_000, 10_000, 500_000).p_value() > 0.0);
        let even = table(25_000, 500_000, 25_000, 500_000).p_value();
        assert!((0.5..0.51).contains(&even), "{even}");
        assert!(table(0, 500_000, 50_000, 500_000).p_value() > 0.999);
    }

    /// (11.5/20.5) / (2.5/20.5), with variance 1/11.5 - 1/20.5 + 1/2.5 - 1/20.5; the ends by an independent calculation.
    #[test]
    fn the_ratio_of_two_rates_has_an_interval_even_for_a_count_of_zero() {
        let ratio = table(11, 20, 2, 20).rate_ratio();
        assert_close(ratio.value, 4.6);
        assert_close(ratio.low, 1.353_925_404_988);
        assert_close(ratio.high, 15.628_630_589_28);
        let ratio = table(3, 10, 0, 10).rate_ratio();
        assert!(ratio.low > 0.0 && ratio.low < 1.0 && ratio.high.is_finite());
    }

    /// By hand: 0.01 * 4, then 0.02 * 3, then 0.03 * 2, then 0.5; never less than the one before.
    #[test]
    fn holm_raises_the_least_most() {
        let adjusted = holm(&[0.5, 0.01, 0.03, 0.02]);
        for (is, should_be) in adjusted.iter().zip([0.5, 0.04, 0.06, 0.06]) {
            assert_close(*is, should_be);
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
