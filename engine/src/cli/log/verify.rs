//! `fleetfold log verify`

use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

use fleetfold_core::{Core, Fact, snapshot};

use super::{
    super::{
        failure::Failure,
        output::{self, done},
    },
    LogDir,
    history::not_a_fact,
};
use crate::{
    log::{Disk, OsDisk, ReplayError, Snapshots, Verified, snapshots, verify_with},
    server::log_dir,
};

pub(super) fn run(dir: &LogDir) -> Result<ExitCode, Failure> {
    let log_dir = log_dir(&dir.data);
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let snapshots = snapshots(&disk, &log_dir).map_err(Failure::new)?;
    let mut stored: BTreeMap<u64, [u8; 32]> = snapshots
        .found
        .iter()
        .map(|snapshot| (snapshot.head().seq, snapshot.digest()))
        .collect();
    let mut core = Core::default();
    let mut unlike = Vec::new();
    let folded = verify_with(&log_dir, |position, at_ms, record| {
        let fact = Fact::decode(record).map_err(|source| (position, source))?;
        core.replay(at_ms, &fact);
        if let Some(digest) = stored.remove(&position)
            && snapshot::digest(core.state()) != digest
        {
            unlike.push(position);
        }
        Ok(())
    });
    let verified = match folded {
        Ok(verified) => verified,
        Err(ReplayError::Log(error)) => return Err(Failure::new(error)),
        Err(ReplayError::Visit((position, error))) => return Err(not_a_fact(position, &error)),
    };
    if let Some(position) = unlike.first() {
        return Err(Failure::new(format!(
            "the snapshot at {position} does not hold what the facts before it fold to"
        ))
        .advise("remove it from the directory log/snapshots; the engine folds the facts instead"));
    }
    done(&report(&core, &verified, &snapshots))
}

fn report(core: &Core, verified: &Verified, snapshots: &Snapshots) -> String {
    let state = core.state();
    let mut text = format!(
        "whole and in order: {} records, {} batches, {} segments, {}\n",
        verified.records,
        verified.batches,
        verified.segments,
        output::bytes(verified.journal_bytes)
    );
    text.push_str(&format!(
        "folded: {} devices, {} campaigns, {} releases\n",
        state.devices.len(),
        state.campaigns.len(),
        state.releases.len()
    ));
    for snapshot in &snapshots.found {
        let position = snapshot.head().seq;
        text.push_str(&format!(
            "snapshot at {position}: holds what the facts fold to\n"
        ));
    }
    for damaged in &snapshots.damaged {
        let path = damaged.path.display();
        text.push_str(&format!(
            "snapshot {path}: not usable: {}\n",
            damaged.damage
        ));
    }
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
