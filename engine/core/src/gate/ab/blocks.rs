//! Success rates of two arms, compared by one-to-one blocks (Turner, Ly and Gruenwald 2024).
//!
//! The first outcome of arm A makes a block with the first of arm B, the second with the second, and so on. A block's factor is
//! how much likelier its two outcomes are if each arm has the rate that its own past blocks suggest, than if both have
//! their mean:
//!
//! ```text
//! ta^ya (1-ta)^(1-ya) tb^yb (1-tb)^(1-yb) / (t0^(ya+yb) (1-t0)^(2-ya-yb))
//! ```
//!
//! ta and tb are the means of Beta(1, 1) after the past blocks alone, t0 their mean. If both arms have the same rate, the
//! product of the factors is an e-process: it ever reaches 1/alpha with probability alpha at most.

use alloc::collections::VecDeque;

use libm::{exp, log};
use minicbor::{Decode, Encode};

use super::{Arm, PerArm};
use crate::gate::special::count;

/// The comparison as far as it has run. The same outcomes in the same order give the same bits, on every machine.
///
/// An outcome once fed is not taken back: a success retracted later stays what it was, as the first of its device.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub struct Blocks {
    /// All outcomes fed, of each arm.
    #[n(0)]
    outcomes: PerArm<u64>,
    #[n(1)]
    succeeded: PerArm<u64>,
    /// Successes of the outcomes in blocks.
    #[n(2)]
    succeeded_in_blocks: PerArm<u64>,
    /// Which outcomes of the arm that is ahead have failed, of those that wait for the other arm: only these are kept, because
    /// failures are few.
    #[n(3)]
    failures_ahead: VecDeque<u64>,
    #[n(4)]
    ln_e: f64,
}

impl Blocks {
    /// Feeds the first outcome of one more device.
    pub fn push(&mut self, arm: Arm, has_succeeded: bool) {
        let index = *self.outcomes.of(arm);
        *self.outcomes.of_mut(arm) += 1;
        *self.succeeded.of_mut(arm) += u64::from(has_succeeded);
        if index >= *self.outcomes.of(arm.other()) {
            if !has_succeeded {
                self.failures_ahead.push_back(index);
            }
            return;
        }
        let other_succeeded = self.failures_ahead.front() != Some(&index);
        if !other_succeeded {
            self.failures_ahead.pop_front();
        }
        let (a, b) = match arm {
            Arm::A => (has_succeeded, other_succeeded),
            Arm::B => (other_succeeded, has_succeeded),
        };
        self.ln_e += ln_factor(index, self.succeeded_in_blocks, PerArm { a, b });
        self.succeeded_in_blocks.a += u64::from(a);
        self.succeeded_in_blocks.b += u64::from(b);
    }

    /// Blocks completed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.outcomes.a.min(self.outcomes.b)
    }

    #[must_use]
    pub fn outcomes(&self) -> PerArm<u64> {
        self.outcomes
    }

    #[must_use]
    pub fn succeeded(&self) -> PerArm<u64> {
        self.succeeded
    }

    #[must_use]
    pub fn ln_e(&self) -> f64 {
        self.ln_e
    }

    /// For people; it overflows to infinity, which is still true.
    #[must_use]
    pub fn e_value(&self) -> f64 {
        exp(self.ln_e)
    }

    /// The arm with the higher success rate in the blocks, if the evidence that the rates differ reaches 1/alpha.
    #[must_use]
    pub fn better(&self, alpha: f64) -> Option<Arm> {
        let PerArm { a, b } = self.succeeded_in_blocks;
        if self.ln_e < -log(alpha) || a == b {
            None
        } else if a > b {
            Some(Arm::A)
        } else {
            Some(Arm::B)
        }
    }
}

/// The logarithm of the factor of a block with these outcomes, after so many blocks with so many successes.
fn ln_factor(blocks: u64, succeeded: PerArm<u64>, outcome: PerArm<bool>) -> f64 {
    let rates = succeeded.map(|s| (count(s) + 1.0) / (count(blocks) + 2.0));
    let both = f64::midpoint(rates.a, rates.b);
    let likelihood = |rate: f64, has_succeeded| if has_succeeded { rate } else { 1.0 - rate };
    log(likelihood(rates.a, outcome.a) / likelihood(both, outcome.a))
        + log(likelihood(rates.b, outcome.b) / likelihood(both, outcome.b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::simulated::Random;

    #[test]
    fn six_blocks_that_differ_go_the_way_computed_independently() {
        let mut blocks = Blocks::default();
        for expected in [1.0, 1.777_778, 4.0, 10.24, 28.444_444, 83.591_837] {
            blocks.push(Arm::A, false);
            blocks.push(Arm::B, true);
            assert!((blocks.e_value() - expected).abs() < 6e-7);
            assert_eq!(blocks.better(0.05), (expected >= 20.0).then_some(Arm::B));
        }
        assert_eq!(blocks.better(0.01), None);
    }

    #[test]
    fn outcomes_meet_in_the_order_of_their_arm_however_the_arms_alternate() {
        let mut random = Random::new(14);
        let arms: [[bool; 300]; 2] =
            [0.9, 0.7].map(|rate| [(); 300].map(|()| random.happens(rate)));
        let mut alternating = Blocks::default();
        for (a, b) in arms[0].into_iter().zip(arms[1]) {
            alternating.push(Arm::A, a);
            alternating.push(Arm::B, b);
        }
        let mut mixed = Blocks::default();
        let (mut a, mut b) = (arms[0].into_iter(), arms[1].into_iter());
        // In runs, so that now one arm is ahead and now the other.
        loop {
            let run = 1 + (random.uniform() * 20.0) as usize;
            a.by_ref().take(run).for_each(|o| mixed.push(Arm::A, o));
            let run = 1 + (random.uniform() * 20.0) as usize;
            b.by_ref().take(run).for_each(|o| mixed.push(Arm::B, o));
            if mixed.outcomes() == (PerArm { a: 300, b: 300 }) {
                break;
            }
        }
        assert_eq!(mixed, alternating);
        assert_eq!(mixed.better(0.05), Some(Arm::A));
    }

    #[test]
    fn what_waits_for_the_other_arm_is_in_the_snapshot() {
        let mut blocks = Blocks::default();
        for n in 0..100 {
            blocks.push(Arm::B, n % 7 != 0);
        }
        assert_eq!((blocks.count(), blocks.e_value()), (0, 1.0));
        let bytes = minicbor::to_vec(&blocks).expect("writing to memory does not fail");
        let mut restored: Blocks = minicbor::decode(&bytes).expect("just written");
        for n in 0..100 {
            blocks.push(Arm::A, n % 2 == 0);
            restored.push(Arm::A, n % 2 == 0);
        }
        assert_eq!(restored, blocks);
        assert_eq!(blocks.count(), 100);
        assert_eq!(blocks.succeeded(), PerArm { a: 50, b: 85 });
        assert_eq!(blocks.better(0.05), Some(Arm::B));
    }

    #[test]
    fn arms_of_one_rate_are_told_apart_no_more_often_than_stated() {
        let mut random = Random::new(15);
        let (campaigns, mut told_apart) = (1_000, 0);
        for _ in 0..campaigns {
            let mut blocks = Blocks::default();
            told_apart += u32::from((0..1_000).any(|_| {
                let arm = if random.happens(0.5) { Arm::A } else { Arm::B };
                blocks.push(arm, random.happens(0.7));
                blocks.better(0.05).is_some()
            }));
        }
        assert!(
            told_apart > 0 && told_apart <= campaigns / 20,
            "{told_apart}"
        );
    }
}
