//! Seeded chance that does not depend on the order in which it is asked: the same question gets the same answer.

/// Answers drawn from a seed.
#[derive(Debug, Clone, Copy)]
pub struct Chance(u64);

/// What is asked, so that two questions about one device have nothing to do with each other.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    /// When it notices its job.
    Contact = 1,
    /// Whether the release fails on it.
    Fails = 2,
    /// Whether it is in the sample.
    Sample = 3,
    /// Whose recorded behaviour it borrows.
    Borrows = 4,
}

impl Chance {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Of one run among several.
    #[must_use]
    pub const fn of_run(seed: u64, run: u32) -> Self {
        Self(mix(mix(seed) ^ (run as u64 + 1)))
    }

    #[must_use]
    pub const fn bits(self, question: Question, device: u32, nth: u32) -> u64 {
        let place = ((device as u64) << 32) | nth as u64;
        mix(mix(self.0 ^ question as u64) ^ place)
    }

    /// From 0 to below 1.
    #[must_use]
    pub fn share(self, question: Question, device: u32, nth: u32) -> f64 {
        /// As many as a float tells apart.
        const BITS: u32 = 53;
        let bits = self.bits(question, device, nth) >> (u64::BITS - BITS);
        bits as f64 / (1u64 << BITS) as f64
    }

    /// Of something that happens without memory, after `mean_ms` on average.
    #[must_use]
    pub fn wait_ms(self, question: Question, device: u32, nth: u32, mean_ms: u64) -> u64 {
        let share = self.share(question, device, nth);
        (-(1.0 - share).ln() * mean_ms as f64) as u64
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_their_mean_and_shares_lie_within_their_bounds() {
        let chance = Chance::new(7);
        let waits = (0..10_000).map(|device| chance.wait_ms(Question::Contact, device, 1, 1000));
        let mean = waits.sum::<u64>() / 10_000;
        assert!((950..1050).contains(&mean), "{mean}");
        let shares = (0..10_000).map(|device| chance.share(Question::Fails, device, 0));
        let below = shares.filter(|share| *share < 0.1).count();
        assert!((900..1100).contains(&below), "{below}");
    }
}
