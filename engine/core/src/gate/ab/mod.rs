//! Comparing two releases, or a release with none: which arm is better, and is the comparison fair at all?
//!
//! First the sizes of the arms are checked against the intended split ([`sample_ratio`]): a mismatch means that devices
//! went missing from one arm for a reason, and then no figure can be trusted. Success rates are compared by blocks
//! ([`blocks`]), means of other measures by confidence sequences ([`mean`](super::mean)), and [`compare()`] puts them together. All of it may
//! be looked at after every outcome.

pub mod blocks;
mod compare;
pub mod sample_ratio;

pub use compare::{Comparison, Evidence, Finding, Metric, Plan, TooEarly, Verdict, compare};

use minicbor::{Decode, Encode};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Arm {
    #[n(0)]
    A,
    #[n(1)]
    B,
}

impl Arm {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// One of something for each arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct PerArm<T> {
    #[n(0)]
    pub a: T,
    #[n(1)]
    pub b: T,
}

impl<T> PerArm<T> {
    pub fn of(&self, arm: Arm) -> &T {
        match arm {
            Arm::A => &self.a,
            Arm::B => &self.b,
        }
    }

    pub fn of_mut(&mut self, arm: Arm) -> &mut T {
        match arm {
            Arm::A => &mut self.a,
            Arm::B => &mut self.b,
        }
    }

    #[must_use]
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerArm<U> {
        PerArm {
            a: f(self.a),
            b: f(self.b),
        }
    }
}
