//! What a start finds: the log, and what it folds to.

use std::time::Instant;

use fleetfold_core::Core;
use fleetfold_schemas::Name;

use super::{ServerError, ServerOptions, log_dir, wall_ms};
use crate::{
    log::{Log, LogOptions},
    replay::fold,
    snapshots,
};

/// A log whose last record is this far ahead of the wall's time was written under a wrong clock, or runs on a faster one.
pub const AHEAD_MS_MAX: u64 = 5 * 60 * 1000;

pub(super) struct Recovered {
    pub core: Core,
    pub log: Log,
    pub site: Name,
    /// Where the snapshot stands that this began with; 0 without one.
    pub snapshot_seq: u64,
}

/// Opens the log and folds it, from the newest usable snapshot on.
pub(super) fn recover(options: &ServerOptions) -> Result<Recovered, ServerError> {
    if let Some(archive) = &options.keeping.archive
        && !archive.dir.is_dir()
    {
        let dir = archive.dir.clone();
        return Err(ServerError::NoArchive { dir });
    }
    let started = Instant::now();
    let log_options = LogOptions {
        segment_bytes: options.keeping.segment_bytes,
        ..LogOptions::default()
    };
    let (log, opened) = Log::open(&log_dir(&options.data), &log_options)?;
    let (from, core) = snapshots::newest(&opened.snapshots, u64::MAX);
    let mut core = fold(&log, &from, core)?;
    core.replayed();
    tracing::info!(
        events = opened.head.seq,
        snapshot = from.seq,
        took_ms = started.elapsed().as_millis(),
        "recovered the log"
    );
    let site = match &core.state().site {
        Some(site) => {
            if let (Some(speed), None) = (site.speed, options.speed) {
                let data = options.data.clone();
                return Err(ServerError::Simulated { data, speed });
            }
            site.name.clone()
        }
        None => options.site.clone(),
    };
    let ahead_ms = opened.head.at_ms.saturating_sub(wall_ms());
    if options.speed.is_none() && ahead_ms > AHEAD_MS_MAX {
        return Err(ServerError::ClockBehind {
            ahead_s: ahead_ms / 1000,
        });
    }
    Ok(Recovered {
        core,
        log,
        site,
        snapshot_seq: from.seq,
    })
}
