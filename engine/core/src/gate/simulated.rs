//! Random numbers for the tests of stated probabilities: seeded, and the same everywhere.

use libm::{cos, exp, log, sqrt};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform over 0..1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Normal, by the method of Box and Muller 1958.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = sqrt(-2.0 * log(1.0 - self.uniform()));
        mean + deviation * radius * cos(core::f64::consts::TAU * self.uniform())
    }

    /// Poisson, by Knuth's method.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        let (floor, mut product, mut events) = (exp(-mean), self.uniform(), 0.0);
        while product > floor {
            product *= self.uniform();
            events += 1.0;
        }
        events
    }
}
