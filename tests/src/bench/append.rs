//! Durable appends of the event log, beside the least that any program must do for the same promise.
//!
//! The peer is a plain file to which the very frames that our log has just written are appended, each with a write and
//! an fdatasync: no compression, checksum, chain or index, and the bytes come ready-made.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use fleetfold::log::{Batch, Log, LogOptions};
use fleetfold_core::{
    Fact,
    fact::{DeviceReported, ExecutionAccepted, ExecutionSucceeded},
};
use fleetfold_schemas::{
    Digest, Version,
    device::{Running, Slot, Stage},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::median;
use crate::Failure;

/// Records in a batch.
const SIZES: [u32; 4] = [1, 10, 100, 1_000];
/// How many devices report, in random order.
const DEVICES: u32 = 1_000_000;
/// Between a turn of ours and one of the peer's, for the index, which is filled in the background.
const REST: Duration = Duration::from_millis(60);
/// Long enough for dozens of appends, and so short that both sides meet the same machine.
const TURN: Duration = Duration::from_millis(100);

/// How often both sides take turns at each size.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
}

impl Effort {
    pub const FULL: Self = Self { rounds: 61 };
    /// Well within 40 seconds.
    pub const QUICK: Self = Self { rounds: 15 };
}

/// Runs in an empty directory, and returns one JSON object per size.
pub fn run(effort: Effort, below: &Path) -> Result<Vec<Value>, Failure> {
    SIZES
        .into_iter()
        .map(|size| measure(effort, size, &below.join(size.to_string())))
        .collect()
}

fn measure(effort: Effort, size: u32, dir: &Path) -> Result<Value, Failure> {
    let log_dir = dir.join("log");
    let (mut log, _) = Log::open(&log_dir, &LogOptions::default())?;
    let mut bare = OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join("bare"))?;
    let mut written = Written::new(log_dir.join("journal"));
    let mut reports = Reports::new(size.into());
    let (mut our_rates, mut bare_rates) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    // Both sides begin with an unmeasured turn.
    for round in 0..=effort.rounds {
        let ours = append(&mut log, &mut reports, size)?;
        let frames = written.frames()?;
        thread::sleep(REST);
        let peer = append_bare(&mut bare, &frames, size)?;
        if round > 0 {
            bytes += frames.iter().map(Vec::len).sum::<usize>() / frames.len();
            our_rates.push(ours);
            bare_rates.push(peer);
        }
    }
    let (value, peer_value) = (median(our_rates), median(bare_rates));
    eprintln!(
        "{size}: {value:.0} events/s, bare {peer_value:.0}; {} bytes an append",
        bytes / effort.rounds
    );
    drop(log);
    fs::remove_dir_all(dir)?;
    Ok(json!({
        "bench": "append",
        "figure": format!("append-{size}"),
        "value": value.round(),
        "unit": "events/s",
        "peer": "a bare append and fdatasync of the same bytes",
        "peer_value": peer_value.round(),
        "ratio": (value / peer_value * 100.0).round() / 100.0,
    }))
}

/// Appends batches for the length of a turn, and returns events a second.
fn append(log: &mut Log, reports: &mut Reports, size: u32) -> Result<f64, Failure> {
    let (mut took, mut appends) = (Duration::ZERO, 0);
    let mut batch = Batch::new(1, 0);
    while took < TURN {
        let head = log.head();
        batch.reset(head.seq + 1, head.at_ms + 1);
        for _ in 0..size {
            batch.push(reports.next())?;
        }
        let started = Instant::now();
        log.append(&batch)?;
        took += started.elapsed();
        appends += 1;
    }
    Ok(f64::from(size * appends) / took.as_secs_f64())
}

fn append_bare(file: &mut File, frames: &[Vec<u8>], size: u32) -> Result<f64, Failure> {
    let mut took = Duration::ZERO;
    for frame in frames {
        let started = Instant::now();
        file.write_all(frame)?;
        file.sync_data()?;
        took += started.elapsed();
    }
    let appends = u32::try_from(frames.len())?;
    Ok(f64::from(size * appends) / took.as_secs_f64())
}

/// The frames that the log has written since they were last asked for.
struct Written {
    journal: PathBuf,
    segment: Option<PathBuf>,
    offset: u64,
}

impl Written {
    /// A segment's header, and how a frame's length follows from its second field.
    const HEADER_BYTES: u64 = 64;
    const PREFIX_BYTES: u64 = 40;

    fn new(journal: PathBuf) -> Self {
        Self {
            journal,
            segment: None,
            offset: 0,
        }
    }

    fn frames(&mut self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut segments = fs::read_dir(&self.journal)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, std::io::Error>>()?;
        segments.sort();
        let mut frames = Vec::new();
        for segment in segments {
            if self.segment.as_ref() > Some(&segment) {
                continue;
            }
            if self.segment.as_ref() != Some(&segment) {
                self.segment = Some(segment.clone());
                self.offset = Self::HEADER_BYTES;
            }
            let file = File::open(&segment)?;
            let end = file.metadata()?.len();
            while self.offset < end {
                let mut begins = [0; 8];
                file.read_exact_at(&mut begins, self.offset)?;
                let [_, _, _, _, length @ ..] = begins;
                if begins == [0; 8] {
                    // The room for the frames to come.
                    break;
                }
                if length == [0; 4] {
                    // The segment's seal.
                    self.offset = end;
                    break;
                }
                let bytes = Self::PREFIX_BYTES + u64::from(u32::from_le_bytes(length));
                let mut frame = vec![0; usize::try_from(bytes)?];
                file.read_exact_at(&mut frame, self.offset)?;
                self.offset += bytes;
                frames.push(frame);
            }
        }
        Ok(frames)
    }
}

/// What a fleet in the middle of a campaign has recorded: mostly that a device is well, at times that it is a step
/// further, now and then that it took a job or runs the new image.
struct Reports {
    random: ChaCha8Rng,
    /// The last number of each device.
    seqs: Vec<u64>,
    fact: Vec<u8>,
    target: Running,
}

impl Reports {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let seqs = (0..DEVICES)
            .map(|_| random.random_range(1..5_000))
            .collect();
        Self {
            random,
            seqs,
            fact: Vec::new(),
            target: Running {
                slot: Slot::B,
                version: Version::parse("2.4.1").expect("our own versions are valid"),
                digest: Digest::of(b"firmware 2.4.1"),
            },
        }
    }

    fn next(&mut self) -> &[u8] {
        let row = self.random.random_range(0..DEVICES);
        let fact = match self.random.random_range(0..100) {
            0..4 => ExecutionAccepted {
                campaign: 0,
                device: row,
            }
            .into(),
            4..8 => ExecutionSucceeded {
                campaign: 0,
                device: row,
                already: false,
            }
            .into(),
            kind => self.report(row, kind),
        };
        self.fact.clear();
        fact.encode_into(&mut self.fact);
        &self.fact
    }

    fn report(&mut self, row: u32, kind: u32) -> Fact {
        let seq = &mut self.seqs[row as usize];
        *seq += 1;
        let installing = kind < 30;
        let booted = kind < 12;
        DeviceReported {
            device: row,
            epoch: booted.then_some(*seq / 100),
            seq: *seq,
            fingerprint: self.random.random(),
            running: booted.then(|| self.target.clone()),
            stage: installing.then_some(Stage::Downloading),
            progress_percent: installing.then(|| self.random.random_range(0..=100)),
            boot_ms: booted.then(|| self.random.random_range(800..3_000)),
            battery_drain_bp_per_day: None,
            unexpected_reboots: None,
        }
        .into()
    }
}
