//! From a log of ten million events over a million devices to the state: by folding all of it, and from a snapshot.
//!
//! The log is built by the real engine on the real disk (see [`super::fleet`]). Each figure is taken in a process of its
//! own, so that no memory or cache of another is counted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use clap::ValueEnum;
use fleetfold::{
    log::{Disk, Head, Log, LogOptions, OsDisk, Snapshot, SnapshotWriter},
    replay, snapshots,
};
use fleetfold_core::{Core, State, snapshot};
use serde_json::{Value, json};

use super::fleet::Fleet;
use crate::Failure;

const DEVICES: u32 = 1_000_000;
const EVENTS_PER_DEVICE: u64 = 10;
/// The snapshot is taken this many events before the end: some five seconds at the load that the engine is built for.
const SNAPSHOT_BEFORE_END: u64 = 500_000;
/// `--quick` takes this share of it all.
const QUICK: u32 = 20;
/// Steps of one report each, to say what a step costs.
const SINGLE_STEPS: u32 = 10_000;
const MEGABYTE: f64 = 1e6;

/// What one process does.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Part {
    Build,
    Fold,
    Restart,
}

/// Builds the log below `dir`, and returns a JSON object for each figure.
pub fn run(is_quick: bool, dir: &Path) -> Result<Vec<Value>, Failure> {
    let share = if is_quick { QUICK } else { 1 };
    let devices = DEVICES / share;
    let built = in_a_process(Part::Build, dir, devices)?;
    eprintln!("built: {built}");
    let folded = in_a_process(Part::Fold, dir, devices)?;
    eprintln!("folded: {folded}");
    let restarted = in_a_process(Part::Restart, dir, devices)?;
    eprintln!("restarted: {restarted}");
    let states = [&built, &folded, &restarted].map(|part| &part["digest"]);
    if states[0] != states[1] || states[0] != states[2] {
        return Err("live, replayed and restored states differ".into());
    }
    let events = folded["events"].as_f64().ok_or("no events")?;
    let per_event = |copy: &str| -> Result<f64, Failure> {
        let bytes = directory_bytes(&log_dir(dir).join(copy))?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
        Ok(bytes as f64 / events)
    };
    let rate = events / folded["seconds"].as_f64().ok_or("no seconds")?;
    let figure = |name: &str, value: f64, unit: &str| {
        let value = (value * 1000.0).round() / 1000.0;
        json!({
            "bench": "replay",
            "figure": name,
            "value": value,
            "unit": unit,
            "devices": devices,
            "events": events,
        })
    };
    let part = |part: &Value, key: &str| part[key].as_f64().ok_or("a part has not said all");
    Ok(vec![
        figure("replay", rate.round(), "events/s"),
        figure("replay_journal_bytes", per_event("journal")?, "bytes/event"),
        figure("replay_sled_bytes", per_event("index")?, "bytes/event"),
        figure("restart", part(&restarted, "seconds")?, "s"),
        figure("restart_rss", part(&restarted, "rss_mb")?, "MB"),
        figure("snapshot_write", part(&folded, "snapshot_s")?, "s"),
        figure("snapshot_size", part(&folded, "snapshot_mb")?, "MB"),
        figure("step_report", part(&built, "step_us")?, "us"),
    ])
}

/// Does one part, and says what came of it.
pub fn part(part: Part, dir: &Path, devices: u32) -> Result<Value, Failure> {
    let started = Instant::now();
    match part {
        Part::Build => build(dir, devices, started),
        Part::Fold => fold(dir, started),
        Part::Restart => restart(dir, started),
    }
}

fn in_a_process(part: Part, dir: &Path, devices: u32) -> Result<Value, Failure> {
    let part = part.to_possible_value().ok_or("a part has a name")?;
    let output = Command::new(std::env::current_exe()?)
        .args(["replay-part", part.get_name()])
        .args(["--devices", &devices.to_string()])
        .arg("--dir")
        .arg(dir)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", part.get_name(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn build(dir: &Path, devices: u32, started: Instant) -> Result<Value, Failure> {
    let events = u64::from(devices) * EVENTS_PER_DEVICE;
    let share = u64::from(DEVICES / devices);
    let mut fleet = Fleet::open(&log_dir(dir), devices)?;
    fleet.roll_out()?;
    fleet.report_until(events - SNAPSHOT_BEFORE_END / share)?;
    store(&log_dir(dir), fleet.log().head(), fleet.state())?;
    fleet.report_until(events)?;
    let seconds = started.elapsed().as_secs_f64();
    let digest = hex::encode(snapshot::digest(fleet.state()));
    Ok(json!({
        "seconds": seconds,
        "digest": digest,
        "rss_mb": rss_mb()?,
        "step_us": single_steps(&mut fleet),
    }))
}

/// Microseconds for a step of the core with one report.
fn single_steps(fleet: &mut Fleet) -> f64 {
    let mut core = fleet.core().clone();
    let reports: Vec<_> = (0..SINGLE_STEPS).map(|_| fleet.any_report()).collect();
    let now = core.state().recorded_at;
    let started = Instant::now();
    for report in reports {
        core.step(now, &[report]);
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(SINGLE_STEPS)
}

fn fold(dir: &Path, started: Instant) -> Result<Value, Failure> {
    let (log, opened) = Log::open(&log_dir(dir), &LogOptions::default())?;
    let open_s = started.elapsed().as_secs_f64();
    let mut core = replay::fold(&log, &Head::START, Core::default())?;
    core.replayed();
    let seconds = started.elapsed().as_secs_f64();
    let rss_mb = rss_mb()?;
    let writing = Instant::now();
    // Not in the log's directory, where the restart is to find the older one.
    let another = dir.join("another");
    fs::create_dir(&another)?;
    let snapshot = store(&another, opened.head, core.state())?;
    let snapshot_s = writing.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    let snapshot_mb = snapshot.file_bytes() as f64 / MEGABYTE;
    Ok(json!({
        "events": opened.head.seq,
        "seconds": seconds,
        "open_s": open_s,
        "rss_mb": rss_mb,
        "snapshot_s": snapshot_s,
        "snapshot_mb": snapshot_mb,
        "digest": hex::encode(snapshot::digest(core.state())),
    }))
}

fn restart(dir: &Path, started: Instant) -> Result<Value, Failure> {
    let (log, opened) = Log::open(&log_dir(dir), &LogOptions::default())?;
    let open_s = started.elapsed().as_secs_f64();
    let (from, core) = snapshots::newest(&opened.snapshots, u64::MAX);
    let replayed = opened.head.seq - from.seq;
    let read_s = started.elapsed().as_secs_f64() - open_s;
    let mut core = replay::fold(&log, &from, core)?;
    core.replayed();
    let seconds = started.elapsed().as_secs_f64();
    Ok(json!({
        "seconds": seconds,
        "open_s": open_s,
        "read_s": read_s,
        "replayed": replayed,
        "rss_mb": rss_mb()?,
        "digest": hex::encode(snapshot::digest(core.state())),
    }))
}

fn log_dir(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn store(log_dir: &Path, head: Head, state: &State) -> Result<Snapshot, Failure> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let writer = SnapshotWriter::create(disk, log_dir, head, snapshot::FORMAT)?;
    Ok(snapshots::store(writer, state)?)
}

/// Resident memory of this process.
fn rss_mb() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: u32 = kibibytes.ok_or("no resident memory is told")?.parse()?;
    Ok(f64::from(kibibytes) * 1024.0 / MEGABYTE)
}

fn directory_bytes(dir: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            directory_bytes(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}
