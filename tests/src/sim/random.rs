//! Chance, all of it from one seed. Every component has a stream of its own, named after it, so that adding one never
//! shifts what another draws.

use std::ops::RangeInclusive;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A chance in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Chance(pub u32);

impl Chance {
    pub const NEVER: Self = Self(0);

    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self(percent * 10_000)
    }
}

/// One component's stream of chance.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"fleetfold/sim/v1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    pub fn happens(&mut self, chance: Chance) -> bool {
        chance != Chance::NEVER && self.0.random_ratio(chance.0.min(1_000_000), 1_000_000)
    }

    /// Happens in so many of a hundred cases.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.happens(Chance::percent(percent))
    }

    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// An index into something that is not empty.
    pub fn below(&mut self, len: usize) -> usize {
        self.0.random_range(0..len)
    }

    /// One of several, which are not none.
    pub fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}
