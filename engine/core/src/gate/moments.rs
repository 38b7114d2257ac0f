//! Count, mean and spread of figures that come one by one.

use minicbor::{Decode, Encode};

/// Kept by the method of Welford 1962, which loses no digits to large means.
///
/// One figure a device: what the statistics promise holds for figures that are independent of each other, and two figures
/// of one device are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Encode, Decode)]
pub struct Moments {
    #[n(0)]
    pub count: u64,
    #[n(1)]
    pub mean: f64,
    /// The sum of the squared deviations from the mean.
    #[n(2)]
    pub m2: f64,
}

impl Moments {
    /// A figure, finite, in its measure's unit.
    pub fn push(&mut self, value: f64) {
        debug_assert!(value.is_finite(), "a figure is checked where it comes in");
        self.count += 1;
        let from_old = value - self.mean;
        self.mean += from_old / super::special::count(self.count);
        self.m2 += from_old * (value - self.mean);
    }

    /// The two together (Chan, Golub and LeVeque 1979). Sums of floats depend on their order: whoever replays, merges in
    /// the same order.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.count == 0 {
            return other;
        }
        if other.count == 0 {
            return self;
        }
        let [ours, theirs] = [self.count, other.count].map(super::special::count);
        let apart = other.mean - self.mean;
        Self {
            count: self.count + other.count,
            mean: self.mean + apart * theirs / (ours + theirs),
            m2: self.m2 + other.m2 + apart * apart * ours * theirs / (ours + theirs),
        }
    }

    /// The sample variance; `None` of fewer than two figures.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.m2 / super::special::count(self.count - 1))
    }

    /// As if so many figures of this mean and this sample deviation had come.
    #[cfg(test)]
    pub fn of(count: u64, mean: f64, deviation: f64) -> Self {
        Self {
            count,
            mean,
            m2: deviation * deviation * super::special::count(count - 1),
        }
    }
}

impl Extend<f64> for Moments {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        moments.extend(values);
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_those_of_the_textbook() {
        let moments: Moments = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]
            .into_iter()
            .collect();
        assert_eq!((moments.count, moments.mean), (8, 5.0));
        assert!((moments.m2 - 32.0).abs() < 1e-12);
        assert!(
            moments
                .variance()
                .is_some_and(|v| (v - 32.0 / 7.0).abs() < 1e-12)
        );
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        let moments: Moments = [4.0, 7.0, 13.0, 16.0]
            .map(|v| v + 1e9)
            .into_iter()
            .collect();
        assert!(moments.variance().is_some_and(|v| (v - 30.0).abs() < 1e-6));
    }

    #[test]
    fn parts_merged_are_the_whole() {
        let figures = [1.5, -2.0, 8.25, 3.0, 3.0, 100.0, 0.0];
        let whole: Moments = figures.into_iter().collect();
        for cut in 0..=figures.len() {
            let (first, second) = figures.split_at(cut);
            let [first, second]: [Moments; 2] =
                [first, second].map(|part| part.iter().copied().collect());
            let merged = first.merge(second);
            assert_eq!(merged.count, whole.count);
            assert!((merged.mean - whole.mean).abs() < 1e-12, "{cut}");
            assert!((merged.m2 - whole.m2).abs() < 1e-9, "{cut}");
        }
    }

    #[test]
    fn one_figure_has_no_spread() {
        assert_eq!(Moments::default().variance(), None);
        assert_eq!(Moments::from_iter([3.0]).variance(), None);
    }
}
