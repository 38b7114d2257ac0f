//! `fleetfold log verify`

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use fleetfold_core::{Core, Timestamp, snapshot};

use super::{
    super::{
        failure::Failure,
        output::{self, done},
    },
    LogDir,
};
use crate::{
    log::{
        Disk, IndexVerified, LogError, OsDisk, ReplayError, Snapshots, Verified, snapshots,
        verify_history, verify_index,
    },
    replay::{NotAFact, decode},
    report::in_one_line,
    server::log_dir,
    snapshots::load,
};

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    dir: LogDir,
    /// The archive, to go back to the first record of a log whose beginning has been dropped
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
}

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let log_dir = log_dir(&args.dir.data);
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let stored = snapshots(&disk, &log_dir).map_err(Failure::new)?;
    let mut fold = Fold::new(&stored);
    let folded = verify_history(
        &disk,
        &log_dir,
        args.archive.as_deref(),
        |position, at, record| fold.take(position, at, record),
    );
    let verified = match folded {
        Ok(verified) => verified,
        Err(ReplayError::Log(error)) => return Err(advised(error)),
        Err(ReplayError::Visit(error)) => return Err(Failure::new(error)),
    };
    if let Some(position) = fold.unlike.first() {
        return Err(Failure::new(format!(
            "the snapshot at {position} does not hold what the facts before it fold to"
        ))
        .advise("remove it from the directory log/snapshots; the engine folds the facts instead"));
    }
    let index = match verify_index(&log_dir) {
        Err(LogError::InUse { .. }) => "index: not looked at while a server has it\n".to_owned(),
        Err(error) => return Err(Failure::new(error)),
        Ok(index) => index_line(&index),
    };
    done(&report(&fold, &verified, &stored, &index))
}

fn advised(error: LogError) -> Failure {
    match error {
        missing @ LogError::HistoryMissing { .. } => {
            Failure::new(missing).advise("name the archive with --archive")
        }
        error => Failure::new(error),
    }
}

/// What the records fold to, from the first on, or from the oldest snapshot if the log's beginning has been dropped.
struct Fold<'a> {
    stored: &'a Snapshots,
    digests: BTreeMap<u64, [u8; 32]>,
    core: Option<Core>,
    /// The positions of snapshots that hold something else.
    unlike: Vec<u64>,
    compared: Vec<u64>,
}

impl<'a> Fold<'a> {
    fn new(stored: &'a Snapshots) -> Self {
        let digests = stored.found.iter();
        let digests = digests.map(|snapshot| (snapshot.head().seq, snapshot.digest()));
        Self {
            stored,
            digests: digests.collect(),
            core: None,
            unlike: Vec::new(),
            compared: Vec::new(),
        }
    }

    fn take(&mut self, position: u64, at: Timestamp, record: &[u8]) -> Result<(), NotAFact> {
        let fact = decode(position, record)?;
        let core = match &mut self.core {
            Some(core) => core,
            None => self.core.insert(begin(self.stored, position)),
        };
        // Covered by the snapshot that the fold began with.
        if position <= core.state().position {
            return Ok(());
        }
        core.replay(at, &fact);
        if let Some(digest) = self.digests.remove(&position) {
            if snapshot::digest(core.state()) == digest {
                self.compared.push(position);
            } else {
                self.unlike.push(position);
            }
        }
        Ok(())
    }
}

/// The core before the record at `position`, or some records later.
fn begin(stored: &Snapshots, position: u64) -> Core {
    if position == 1 {
        return Core::default();
    }
    let oldest_first = stored.found.iter().rev();
    oldest_first
        .filter(|snapshot| snapshot.head().seq + 1 >= position)
        .find_map(|snapshot| load(snapshot).ok())
        .unwrap_or_default()
}

fn index_line(index: &IndexVerified) -> String {
    match index {
        IndexVerified::Whole { batches, head } => {
            format!("index: whole, {batches} batches up to {}\n", head.seq)
        }
        IndexVerified::Missing => "index: none; the server builds it when it starts\n".to_owned(),
        IndexVerified::Unusable(fault) => format!(
            "index: not usable: {}; the server builds it anew when it starts\n",
            in_one_line(fault)
        ),
    }
}

fn report(fold: &Fold<'_>, verified: &Verified, stored: &Snapshots, index: &str) -> String {
    let empty = Core::default();
    let state = fold.core.as_ref().unwrap_or(&empty).state();
    let mut text = format!(
        "whole and in order: {} records, {} batches, {} segments, {}\n",
        verified.records,
        verified.batches,
        verified.segments,
        output::bytes(verified.journal_bytes)
    );
    if verified.from.seq > 0 {
        text.push_str(&format!(
            "the records up to {} have been dropped here; --archive goes back to the first\n",
            verified.from.seq
        ));
    }
    text.push_str(&format!(
        "folded: {} devices, {} campaigns, {} releases\n",
        state.devices.len(),
        state.campaigns.len(),
        state.releases.len()
    ));
    for position in &fold.compared {
        text.push_str(&format!(
            "snapshot at {position}: holds what the facts fold to\n"
        ));
    }
    for damaged in &stored.damaged {
        let path = damaged.path.display();
        text.push_str(&format!(
            "snapshot {path}: not usable: {}\n",
            damaged.damage
        ));
    }
    text.push_str(index);
    if verified.incomplete.is_some() {
        text.push_str("behind them stands an append that is under way or was cut off by a crash\n");
    }
    let head = verified.head;
    text.push_str(&format!(
        "head {} at {}, chain {}\nstate {}",
        head.seq,
        output::time(head.at_ms),
        hex::encode(head.chain),
        hex::encode(snapshot::digest(state)),
    ));
    text
}
