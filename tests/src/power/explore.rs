//! Lives, cuts in them, and lives after those.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use rand::seq::{IteratorRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cut::cut;
use super::disk::{Disk, Lie};
use super::ledger::Ledger;
use super::life::{Life, Mark, Reading};
use super::stage::{Lived, Stage};
use super::trace::{Op, Trace, first_promise, turning_points};
use crate::Failure;

/// Cuts in one first life and what follows it. Fewer would spend the time on first lives, more would try the same
/// moments again.
const CUTS_PER_FAMILY: u32 = 60;
/// A cut in a cut's recovery, and so on: after two, nothing new happens.
const DEPTH_MAX: u32 = 3;
/// One in so many ends is a kill, each followed by power cuts.
const KILL_ONE_IN: u32 = 4;
/// One frame a segment, a few frames, most of a life, all of it. Families with and without snapshots alternate, so the
/// number is odd.
const SEGMENT_BYTES: [u64; 5] = [3_000, 1, 50_000, 9_000, 4_000_000];

/// What is tried after a moment of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    PowerCut,
    /// The process is killed, and everything that it wrote is still seen.
    Kill,
}

/// A case, as it is kept when it fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    name: String,
    end: End,
    life: Life,
    ledger: Ledger,
}

#[derive(Debug, Default)]
struct Counts {
    power_cuts: AtomicU32,
    kills: AtomicU32,
    repairs: Mutex<BTreeMap<String, u32>>,
    /// Logs that were found with a snapshot, and without their beginning.
    with_snapshots: AtomicU32,
    with_dropped_history: AtomicU32,
}

struct Explorer<'a> {
    stage: &'a Stage,
    counts: &'a Counts,
    dice: ChaCha8Rng,
    seed: u64,
    lie: Option<Lie>,
    cuts_left: u32,
    /// Somebody else has failed: there is no use in going on.
    failed: &'a AtomicBool,
}

/// Cuts the power so many times, and returns what the logs had to repair.
pub(super) fn run(cuts: u32, seed: u64, lie: Option<Lie>, stage: &Stage) -> Result<Value, Failure> {
    let (counts, failed) = (Counts::default(), AtomicBool::new(false));
    let families = cuts.div_ceil(CUTS_PER_FAMILY);
    let next = AtomicU32::new(0);
    let work = || -> Result<(), Failure> {
        loop {
            let family = next.fetch_add(1, Ordering::Relaxed);
            if family >= families || failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            dice.set_stream(u64::from(family));
            let mut explorer = Explorer {
                stage,
                lie,
                counts: &counts,
                seed: dice.random(),
                dice,
                cuts_left: cuts / families + u32::from(family < cuts % families),
                failed: &failed,
            };
            explorer
                .family(family)
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        }
    };
    let workers = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut ends = workers.into_iter().map(|worker| worker.join());
        ends.try_for_each(|end| end.unwrap_or_else(|_| Err("the test itself panicked".into())))
    })?;
    Ok(json!({
        "power_cuts": counts.power_cuts,
        "kills": counts.kills,
        "repairs": counts.repairs,
        "with_snapshots": counts.with_snapshots,
        "with_dropped_history": counts.with_dropped_history,
        "lost": 0,
    }))
}

impl Explorer<'_> {
    /// A first life from nothing, and cuts all over it.
    fn family(&mut self, number: u32) -> Result<(), Failure> {
        let life = Life {
            seed: self.seed,
            life: 1,
            batches: self.dice.random_range(8..=24),
            segment_bytes: SEGMENT_BYTES[number as usize % SEGMENT_BYTES.len()],
            keeps: number % 2 == 1,
        };
        let name = format!("{number}");
        let (mut disk, ledger) = (Disk::lying(self.lie), Ledger::default());
        let lived = self.stage.live(&name, &mut disk, &life, &[])?;
        let case = Case {
            name,
            end: End::PowerCut,
            life,
            ledger,
        };
        self.check(&case, &lived)
            .map_err(|wrong| self.keep(&case, &disk, &wrong))?;
        let ops = lived.trace.ops()?;
        let mut points = turning_points(&ops);
        points.extend((0..points.len() / 8).map(|_| self.dice.random_range(0..=ops.len())));
        // About as many follow in the lives after these.
        let wanted = self.cuts_left as usize * 5 / 9;
        points.shuffle(&mut self.dice);
        points.truncate(wanted);
        self.explore(&case, &disk, &ops, points)
    }

    /// Ends a life's process at the points of its trace.
    fn explore(
        &mut self,
        before: &Case,
        disk: &Disk,
        ops: &[Op<'_>],
        mut points: Vec<usize>,
    ) -> Result<(), Failure> {
        points.sort_unstable();
        let (mut disk, mut ledger) = (disk.clone(), before.ledger.clone());
        let mut done = 0;
        for point in points {
            for op in &ops[done..point] {
                disk.apply(op)?;
                if let Op::Marked { text } = op {
                    let mark: Mark = serde_json::from_slice(text)?;
                    ledger.note(&mark)?;
                }
            }
            done = point;
            if self.cuts_left == 0 || self.failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            // The last life of a chain must see what a power cut left, or nothing was at stake.
            let is_last = before.life.life >= DEPTH_MAX;
            let end = if !is_last && self.dice.random_ratio(1, KILL_ONE_IN) {
                End::Kill
            } else {
                End::PowerCut
            };
            let case = Case {
                name: format!("{}-{point}", before.name),
                end,
                life: Life {
                    seed: self.seed,
                    life: before.life.life + 1,
                    batches: self.dice.random_range(0..=3),
                    segment_bytes: *SEGMENT_BYTES.iter().choose(&mut self.dice).unwrap_or(&1),
                    keeps: before.life.keeps,
                },
                ledger: ledger.clone(),
            };
            self.end(&case, &disk)?;
        }
        Ok(())
    }

    /// Ends a life here, lives the next one, and explores that.
    fn end(&mut self, case: &Case, disk: &Disk) -> Result<(), Failure> {
        self.cuts_left -= 1;
        let mut disk = match case.end {
            End::PowerCut => {
                self.counts.power_cuts.fetch_add(1, Ordering::Relaxed);
                cut(disk, &mut self.dice)
            }
            End::Kill => {
                self.counts.kills.fetch_add(1, Ordering::Relaxed);
                disk.clone()
            }
        };
        let lived = self
            .stage
            .live(&case.name, &mut disk, &case.life, &[])
            .map_err(|error| self.keep(case, &disk, &error.to_string()))?;
        self.check(case, &lived)
            .map_err(|wrong| self.keep(case, &disk, &wrong))?;
        if case.life.life < DEPTH_MAX {
            let ops = lived.trace.ops()?;
            let points = self.later_points(case.end, &ops);
            self.explore(case, &disk, &ops, points)?;
        }
        Ok(())
    }

    /// Where to end the life that came after an end.
    fn later_points(&mut self, end: End, ops: &[Op<'_>]) -> Vec<usize> {
        let mut points = Vec::new();
        // What a killed process had not synced was nevertheless seen by this one, and may have been relied on.
        points.extend(first_promise(ops).filter(|_| end == End::Kill));
        if end == End::Kill || self.dice.random_bool(0.3) {
            points.extend(turning_points(ops).into_iter().choose(&mut self.dice));
        }
        if self.dice.random_bool(0.1) {
            points.push(self.dice.random_range(0..=ops.len()));
        }
        points
    }

    /// Whether a life found what it had to, and left what it should.
    fn check(&self, case: &Case, lived: &Lived) -> Result<(), String> {
        let found = judge(&case.ledger, lived)?;
        if !found.snapshots.is_empty() {
            self.counts.with_snapshots.fetch_add(1, Ordering::Relaxed);
        }
        if found.first_seq > 1 {
            self.counts
                .with_dropped_history
                .fetch_add(1, Ordering::Relaxed);
        }
        let mut counted = self
            .counts
            .repairs
            .lock()
            .map_err(|_| "the test panicked")?;
        for repair in &found.repairs {
            let kind = repair.split([' ', '(']).next().unwrap_or_default();
            *counted.entry(kind.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Keeps what is needed to look at a failure, and to repeat it.
    fn keep(&self, case: &Case, disk: &Disk, wrong: &str) -> Failure {
        let kept = keep(self.stage, case, disk).map_or_else(
            |error| format!("and it cannot be kept: {error}"),
            |dir| format!("again: power --again {dir}"),
        );
        format!("{:?} at {}: {wrong}\n{kept}", case.end, case.name).into()
    }
}

/// Whether a life found what it had to, and left what it should. Returns what it found.
pub(super) fn judge<'a>(before: &Ledger, lived: &'a Lived) -> Result<&'a Reading, String> {
    let Some(account) = &lived.account else {
        return Err(format!("{}: {}", lived.status, lived.said));
    };
    before.judge(&account.first)?;
    let ledger = follow(before, &lived.trace).map_err(|error| error.to_string())?;
    ledger.judge(&account.last)?;
    if ledger.last_seq() != account.last.known.seq {
        let last = ledger.last_seq();
        return Err(format!("appended up to {last}, then {:?}", account.last));
    }
    if !account.last.repairs.is_empty() {
        let repairs = &account.last.repairs;
        return Err(format!("opening again repaired {repairs:?}"));
    }
    Ok(&account.first)
}

/// The ledger after a whole life.
pub(super) fn follow(ledger: &Ledger, trace: &Trace) -> Result<Ledger, Failure> {
    let mut ledger = ledger.clone();
    for op in trace.ops()? {
        if let Op::Marked { text } = op {
            ledger.note(&serde_json::from_slice(text)?)?;
        }
    }
    Ok(ledger)
}

fn keep(stage: &Stage, case: &Case, disk: &Disk) -> Result<String, Failure> {
    let dir = stage.below().join(format!("failed-{}", case.name));
    let found = dir.join("disk");
    fs::create_dir_all(&found)?;
    disk.clone().write_to(&found)?;
    fs::write(dir.join("case.json"), serde_json::to_string_pretty(case)?)?;
    Ok(dir.display().to_string())
}

/// Lives the life after a kept case once more.
pub(super) fn again(kept: &Path, stage: &Stage) -> Result<Value, Failure> {
    let case: Case = serde_json::from_slice(&fs::read(kept.join("case.json"))?)?;
    let mut disk = Disk::read_from(&kept.join("disk"))?;
    let lived = stage.live("again", &mut disk, &case.life, &[])?;
    let found = judge(&case.ledger, &lived)?;
    Ok(json!({ "repairs": found.repairs, "lost": 0 }))
}
