//! Disks that fail while they are used: full, with I/O errors, read-only.
//!
//! The process that meets the failure ends with an error that says so, and has not promised what it could not keep:
//! without the failure, and even after a power cut, the next one finds what was promised. A failure that meets only the
//! index is no reason to end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rand::seq::IteratorRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::cut::cut;
use super::disk::Disk;
use super::explore::{follow, judge};
use super::ledger::Ledger;
use super::life::{LOG_FAILED, Life};
use super::stage::{Fault, Lived, Stage};
use super::trace::Op;
use crate::Failure;

/// Of each kind of failure, at most so many moments: enough for every one of the shortest life, and a choice of those of
/// sled, which writes at moments of its own.
const MOMENTS_MAX: usize = 16;

/// What a life without failures does, and therefore when one with them can fail.
fn faults(seed: u64, stage: &Stage, dice: &mut ChaCha8Rng) -> Result<Vec<Fault>, Failure> {
    let lived = stage.live("whole", &mut Disk::empty(), &life(seed, 1), &[])?;
    let (mut syncs, mut writes, mut bytes) = (0, 0, 0);
    let mut rooms = vec![0];
    for op in lived.trace.ops()? {
        let length = match op {
            Op::Written { bytes, .. } => bytes.len() as u64,
            Op::Filled { length, .. } => length,
            Op::Synced { .. } => {
                syncs += 1;
                continue;
            }
            _ => continue,
        };
        writes += 1;
        rooms.extend([bytes + length / 2, bytes + length]);
        bytes += length;
    }
    let mut faults = Vec::new();
    let mut some = |all: Vec<u64>, fault: fn(u64) -> Fault| {
        let chosen = all.into_iter().sample(dice, MOMENTS_MAX);
        faults.extend(chosen.into_iter().map(fault));
    };
    some((1..=syncs).collect(), Fault::FailSync);
    some(rooms, Fault::FullAfter);
    some((1..=writes).collect(), Fault::FailWrite);
    // Reads leave no trace; there are about as many, and one that never comes is no failure.
    some((1..=writes).collect(), Fault::FailRead);
    faults.push(Fault::ReadOnly);
    Ok(faults)
}

fn life(seed: u64, life: u32) -> Life {
    Life {
        seed,
        life,
        batches: 5,
        segment_bytes: 3_000,
        // The log can be used without; what they add to it is tried with power cuts.
        keeps: false,
    }
}

/// Lets the disk fail at many moments of a short life, and returns how often that was noticed.
pub(super) fn run(seed: u64, stage: &Stage) -> Result<Value, Failure> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let faults = faults(seed, stage, &mut dice)?;
    let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || -> Result<(), Failure> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(fault) = faults.get(at) else {
                return Ok(());
            };
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            dice.set_stream(at as u64);
            let case = Case {
                stage,
                seed,
                fault: *fault,
                name: format!("failing-{at}"),
            };
            let has_ended = case
                .run(&mut dice)
                .map_err(|error| format!("{fault:?}, seed {seed}: {error}"))?;
            refused.fetch_add(usize::from(has_ended), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..thread::available_parallelism()?.get())
            .map(|_| scope.spawn(work))
            .collect();
        let mut ends = workers.into_iter().map(|worker| worker.join());
        ends.try_for_each(|end| end.unwrap_or_else(|_| Err("the test itself panicked".into())))
    })?;
    Ok(json!({ "failures": faults.len(), "ended_by_it": refused, "lost": 0 }))
}

struct Case<'a> {
    stage: &'a Stage,
    seed: u64,
    fault: Fault,
    name: String,
}

impl Case<'_> {
    /// Returns whether the process ended because of the failure.
    fn run(&self, dice: &mut ChaCha8Rng) -> Result<bool, Failure> {
        let mut disk = Disk::empty();
        let mut ledger = Ledger::default();
        // Half of the time the failure meets a log that holds something.
        if dice.random_bool(0.5) {
            let lived = self.live(&mut disk, 1, &[])?;
            judge(&ledger, &lived)?;
            ledger = follow(&ledger, &lived.trace)?;
            for op in lived.trace.ops()? {
                disk.apply(&op)?;
            }
        }
        let lived = self.live(&mut disk, 2, &[self.fault])?;
        let has_ended = lived.status.code() == Some(i32::from(LOG_FAILED));
        let promised = follow(&ledger, &lived.trace)?;
        match &lived.account {
            None if has_ended => self.says_why(&lived.said)?,
            None => return Err(format!("{}: {}", lived.status, lived.said).into()),
            // It met the index alone, which may need a repair.
            Some(account) => {
                ledger.judge(&account.first)?;
                promised.judge(&account.last)?;
            }
        }
        ledger = promised;
        for op in lived.trace.ops()? {
            disk.apply(&op)?;
        }
        let mut left = if dice.random_bool(0.5) {
            cut(&disk, dice)
        } else {
            disk
        };
        let lived = self.live(&mut left, 3, &[])?;
        judge(&ledger, &lived)?;
        Ok(has_ended)
    }

    fn live(&self, disk: &mut Disk, number: u32, faults: &[Fault]) -> Result<Lived, Failure> {
        let life = life(self.seed, number);
        self.stage.live(&self.name, disk, &life, faults)
    }

    /// An operator can see from the error what to look at.
    fn says_why(&self, said: &str) -> Result<(), Failure> {
        let number = self.fault.os_error();
        // The second is sled's way to print it.
        let names_it = said.contains(&format!("(os error {number})"))
            || said.contains(&format!("Os {{ code: {number}, "));
        if said.contains("fleetfold: cannot ") && names_it {
            Ok(())
        } else {
            Err(format!("it ended with {said:?}").into())
        }
    }
}
