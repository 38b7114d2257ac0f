//! What is appended: every batch follows from the seed, the life of the process that sent it, and its first number. So
//! whoever reads a batch can tell whether it is one that was ever sent, to the last byte.

use fleetfold::log::{BATCH_BYTES_MAX, Batch, RECORD_BYTES_MAX};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A batch's time, which no other batch of this seed has: the life in the upper half, the first number in the lower.
pub(super) const fn stamp(life: u32, first_seq: u64) -> u64 {
    (life as u64) << 32 | first_seq
}

#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    seed: u64,
}

/// How many records, and how large.
#[derive(Debug, Clone, Copy)]
enum Size {
    OneByte,
    Few,
    Many,
    /// As much as a batch can hold, of bytes that no compression shrinks.
    Full,
}

impl History {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The batch that a process in this life sends, if it goes on with this number.
    pub(super) fn batch(&self, life: u32, first_seq: u64) -> Batch {
        let at_ms = stamp(life, first_seq);
        let mut batch = Batch::new(first_seq, at_ms);
        for record in self.records(at_ms) {
            batch.push(&record).expect("the records fit into a batch");
        }
        batch
    }

    /// The records of the batch of this time.
    pub(super) fn records(&self, at_ms: u64) -> Vec<Vec<u8>> {
        let mut dice = ChaCha8Rng::seed_from_u64(self.seed ^ at_ms.rotate_left(20));
        let size = match dice.random_range(0..40) {
            0..6 => Size::OneByte,
            6..29 => Size::Few,
            29..39 => Size::Many,
            _ => Size::Full,
        };
        let mut record = |length: usize| {
            let mut record = vec![0; length];
            // Half of it can be compressed, as facts can.
            dice.fill(&mut record[..length.div_ceil(2)]);
            record
        };
        match size {
            Size::OneByte => vec![record(1)],
            Size::Few => (0..4).map(|at| record(30 + at * 41)).collect(),
            Size::Many => (0..60).map(|at| record(at * 9)).collect(),
            Size::Full => {
                // One to three bytes before each record say where it ends.
                let count = BATCH_BYTES_MAX / (RECORD_BYTES_MAX + 3);
                let mut record = vec![0; RECORD_BYTES_MAX];
                let noise = (0..count).map(|_| {
                    dice.fill(record.as_mut_slice());
                    record.clone()
                });
                noise.collect()
            }
        }
    }
}
