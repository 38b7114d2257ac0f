//! Running seeds, on all cores: each is a world of its own.

use std::{
    ops::Range,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    invariants::Breach,
    report::{Failed, Summary},
    world::Sim,
};

/// One seed, from beginning to end.
pub fn run_one(seed: u64, is_verbose: bool) -> Result<(Summary, String), Box<Failed>> {
    let mut sim = Sim::new(seed, is_verbose);
    let ran = panic::catch_unwind(AssertUnwindSafe(|| sim.run()));
    if let Err(payload) = ran {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        sim.breach = Some(Breach {
            invariant: "nothing panics",
            what: text.unwrap_or("without words").to_owned(),
        });
    }
    match sim.breach.take() {
        Some(breach) => Err(Box::new(Failed::of(&sim, breach))),
        None => Ok((Summary::of(&sim), sim.trace.digest())),
    }
}

/// Many seeds; stops at the first failure.
///
/// # Errors
/// The failed seed with the lowest number of those that were tried.
pub fn run(seeds: Range<u64>, threads: usize, is_verbose: bool) -> Result<Summary, Box<Failed>> {
    let next = AtomicU64::new(seeds.start);
    let is_over = AtomicBool::new(false);
    let total = Mutex::new(Summary::default());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    match run_one(seed, is_verbose) {
                        Ok((summary, _)) => lock(&total).add(&summary),
                        Err(failed) => {
                            is_over.store(true, Ordering::Relaxed);
                            lock(&failures).push(failed);
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    failures.sort_by_key(|failed| failed.seed);
    match failures.into_iter().next() {
        Some(failed) => Err(failed),
        None => Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_is_the_same_run_to_the_last_byte() {
        let run = |seed| run_one(seed, false).expect("nothing is wrong").1;
        let seed = 5;
        assert_eq!(run(seed), run(seed));
        assert_ne!(run(seed), run(seed + 1));
    }
}
