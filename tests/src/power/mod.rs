//! Power cuts, bit rot and failing disks, against the real log: the journal and sled, as they are built.
//!
//! **Power cuts.** A process appends to a log and is recorded from outside (see `tests/recorder`): every file operation,
//! and between them what the process knew to be durable. For a moment of the trace, [`disk`] says what the disk then
//! held for sure, and [`cut`] which part of the rest survives: any, torn or whole, files and names apart. The log that
//! is left is opened by the next process, which must find all that was promised, byte for byte, and of what was sent
//! beyond that a beginning; which can append; and after which the log opens without repair. That process is recorded
//! too, and the power is cut during its recovery. Sometimes there is no power cut at first, but the process is killed:
//! then the next one sees everything, durable or not, and only then the power goes.
//!
//! **Bit rot** ([`rot`]): bits, sectors and lengths of a closed log's files are changed. **Failing disks** ([`failing`],
//! [`serving`]): the recorder answers with a full disk, I/O errors, a read-only file system.
//!
//! A seed decides everything but how the threads of one process meet, so a failing case keeps its disk and trace.

mod cut;
mod disk;
mod explore;
mod failing;
mod history;
mod keeping;
mod ledger;
mod life;
mod rot;
mod serving;
mod stage;
mod trace;

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

pub use disk::Lie;
pub use life::Life;
pub use rot::Rot;

use crate::Failure;
use stage::Stage;

#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub cuts: u32,
    pub rot: u32,
    /// Let disks fail, too.
    pub failing: bool,
    pub seed: u64,
}

/// Runs everything in a directory that is there and empty, and returns what it found as one JSON object.
pub fn run(plan: Plan, below: &Path) -> Result<Value, Failure> {
    let Plan {
        cuts, rot, seed, ..
    } = plan;
    let stage = Stage::new(below)?;
    let started = Instant::now();
    let mut found = json!({ "seed": seed });
    if cuts > 0 {
        found["power"] = explore::run(cuts, seed, None, &stage)?;
    }
    if rot > 0 {
        found["rot"] = rot::run(rot, seed, below)?;
    }
    if plan.failing {
        found["failing"] = failing::run(seed, &stage)?;
        found["serving"] = serving::run(seed, &stage)?;
    }
    found["seconds"] = started.elapsed().as_secs().into();
    Ok(found)
}

/// Cuts the power of disks that lie, and fails if no log loses anything: then the test is blind.
pub fn check_with_a_lie(lie: Lie, plan: Plan, below: &Path) -> Result<Value, Failure> {
    match explore::run(plan.cuts, plan.seed, Some(lie), &Stage::new(below)?) {
        Ok(_) => Err(format!("{} cuts did not show the lie: {lie:?}", plan.cuts).into()),
        Err(noticed) => {
            let noticed = noticed.to_string();
            Ok(json!({ "lie": format!("{lie:?}"), "noticed": noticed.lines().next() }))
        }
    }
}

/// Repeats a case that was kept.
pub fn again(kept: &Path, below: &Path) -> Result<Value, Failure> {
    explore::again(kept, &Stage::new(below)?)
}
