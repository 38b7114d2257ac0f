//! Bit rot: the files of a closed log are changed, and the log is opened.
//!
//! What one copy lost, journal or index, is given back by the other, or the log is refused by the name of the damaged
//! file; no record is ever shown that was not sent. If both copies lose their end, nothing is left that could tell, and
//! the log ends earlier: that is the one loss that nobody can notice, unless a snapshot was made of what is lost.

use std::convert::Infallible;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Args;
use fleetfold::log::{Head, Log, LogError, LogOptions, Opened, ReplayError, Snapshot, verify_with};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::disk::Disk;
use super::history::History;
use super::life::Reader;
use super::stage::run as run_to_end;
use crate::Failure;

/// Cases for one process: sled leaves threads behind when it fails, so not too many.
const CASES_PER_PROCESS: u32 = 50;
/// Batches of the log: a few segments, and some work for each case.
const BATCHES: u32 = 12;
const SEGMENT_BYTES: u64 = 12_000;
const SNAPSHOTS_AFTER: [u32; 2] = [4, 9];
/// A sled that hangs is given up after that, so it decides how long a case may take.
const INDEX_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub struct Rot {
    #[arg(long)]
    pub seed: u64,
    #[arg(long)]
    pub first: u32,
    #[arg(long)]
    pub cases: u32,
}

/// How cases ended, by number of cases.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ends {
    whole: u32,
    refused: u32,
    /// Both copies had lost their end.
    shorter: u32,
}

/// What is done to one file.
#[derive(Debug, Clone, Copy)]
enum Harm {
    BitFlipped { at: usize, bit: u32 },
    Zeroed { from: usize, to: usize },
    Garbled { from: usize, to: usize },
    CutOff { at: usize },
    Grown { bytes: usize },
    Removed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Journal,
    Index,
    Snapshots,
}

/// A file of the log.
#[derive(Debug, Clone)]
struct Victim {
    path: PathBuf,
    part: Part,
    /// Without the zeros that sled fills its file with.
    bytes: usize,
}

/// Runs cases in processes of their own, and returns how they ended.
pub(super) fn run(cases: u32, seed: u64, below: &Path) -> Result<Value, Failure> {
    let mut total = Ends::default();
    let mut first = 0;
    while first < cases {
        let count = CASES_PER_PROCESS.min(cases - first);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("rot")
            .arg("--below")
            .arg(below)
            .args(["--seed", &seed.to_string()])
            .args(["--first", &first.to_string()])
            .args(["--cases", &count.to_string()])
            .env("RUST_BACKTRACE", "0");
        let again = format!("again: power rot --below DIR --seed {seed} --first CASE --cases 1");
        let (status, output, said) = run_to_end(command)?;
        let (cases, last) = output.trim_end().rsplit_once('\n').unwrap_or(("", &output));
        if !status.success() {
            let case = cases.lines().last().unwrap_or_default();
            return Err(format!("{status} in or after {case}{last}\n{said}\n{again}").into());
        }
        let ends: Ends = serde_json::from_str(last)?;
        total.whole += ends.whole;
        total.refused += ends.refused;
        total.shorter += ends.shorter;
        first += count;
    }
    Ok(json!({ "cases": cases, "ends": total, "wrong_records": 0 }))
}

impl Rot {
    /// Runs these cases in this process, below a directory where what fails is kept.
    pub fn run(&self, below: &Path) -> ExitCode {
        match self.cases(below) {
            Ok(ends) => {
                println!("{}", json!(ends));
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn cases(&self, below: &Path) -> Result<Ends, Failure> {
        let original = below.join(format!("rot-{}", self.first));
        fs::create_dir_all(&original)?;
        let sent = grow(&original, self.seed)?;
        let disk = Disk::read_from(&original)?;
        let victims = victims(&original)?;
        fs::remove_dir_all(&original)?;
        let mut ends = Ends::default();
        for case in self.first..self.first + self.cases {
            println!("case {case}");
            let mut dice = ChaCha8Rng::seed_from_u64(self.seed);
            dice.set_stream(u64::from(case));
            let dir = below.join(format!("rot-case-{case}"));
            fs::create_dir_all(&dir)?;
            disk.clone().write_to(&dir)?;
            let harmed = harm(&dir, &victims, &mut dice)?;
            let end = Case {
                dir: &dir,
                seed: self.seed,
                sent: &sent,
                harmed: &harmed,
            }
            .examine()
            .map_err(|wrong| {
                let kept = dir.display();
                format!("{harmed:?}: {wrong}\nwhat it left: {kept}")
            })?;
            match end {
                End::Whole => ends.whole += 1,
                End::Refused => ends.refused += 1,
                End::Shorter => ends.shorter += 1,
            }
            fs::remove_dir_all(&dir)?;
        }
        Ok(ends)
    }
}

/// Makes the log that is harmed, closes it, and returns the times of its batches.
fn grow(dir: &Path, seed: u64) -> Result<Vec<u64>, Failure> {
    let history = History::new(seed);
    let (mut log, _) = Log::open(dir, &options())?;
    for number in 1..=BATCHES {
        let head = log.append(&history.batch(1, log.head().seq + 1))?;
        if SNAPSHOTS_AFTER.contains(&number) {
            take_snapshot(&log, &head, &history)?;
        }
    }
    drop(log);
    // Once more, so that sled has written all that it writes at its start and end.
    let (log, _) = Log::open(dir, &options())?;
    let mut reader = Reader::new(seed);
    log.replay(1, |seq, at_ms, record| reader.see(seq, at_ms, record))
        .map_err(|error| error.to_string())?;
    let end = log.head().seq;
    drop(log);
    // Sled lets go of its file only when its last thread ends.
    fs::File::open(dir.join("index/000001/db"))?.lock()?;
    Ok(reader.end(end)?)
}

fn options() -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        index_timeout: INDEX_TIMEOUT,
    }
}

fn take_snapshot(log: &Log, head: &Head, history: &History) -> Result<(), Failure> {
    let mut snapshot = log.keeper().snapshot(*head, 1)?;
    for section in history.records(head.seq) {
        snapshot.section(&section)?;
    }
    snapshot.finish()?;
    Ok(())
}

fn victims(dir: &Path) -> Result<Vec<Victim>, Failure> {
    let mut victims = Vec::new();
    for part in ["journal", "index/000001", "snapshots"] {
        for entry in fs::read_dir(dir.join(part))? {
            let path = entry?.path();
            if path.is_dir() {
                continue;
            }
            let content = fs::read(&path)?;
            let used = content.iter().rposition(|byte| *byte != 0);
            victims.push(Victim {
                path: path.strip_prefix(dir)?.to_owned(),
                part: match part {
                    "journal" => Part::Journal,
                    "snapshots" => Part::Snapshots,
                    _ => Part::Index,
                },
                bytes: used.map_or(0, |last| last + 1),
            });
        }
    }
    victims.retain(|victim| victim.bytes > 0);
    victims.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(victims)
}

/// Harms a file, or one of each copy, and returns which.
fn harm(
    dir: &Path,
    victims: &[Victim],
    dice: &mut ChaCha8Rng,
) -> Result<Vec<(Victim, Harm)>, Failure> {
    let parts: &[Part] = match dice.random_range(0..12) {
        0..5 => &[Part::Journal],
        5..8 => &[Part::Index],
        8 | 9 => &[Part::Snapshots],
        10 => &[Part::Journal, Part::Index],
        _ => &[Part::Journal, Part::Index, Part::Snapshots],
    };
    let mut harmed = Vec::new();
    for part in parts {
        let of_part: Vec<_> = victims.iter().filter(|v| v.part == *part).collect();
        let last = of_part.last().ok_or("a part has no file")?;
        // The end is where damage can be taken for a crash.
        let victim = if dice.random_bool(0.4) {
            last
        } else {
            of_part.choose(dice).unwrap_or(last)
        };
        let harm = Harm::at_random(victim.bytes, dice);
        harm.apply(&dir.join(&victim.path), dice)?;
        harmed.push(((*victim).clone(), harm));
    }
    Ok(harmed)
}

impl Harm {
    fn at_random(bytes: usize, dice: &mut ChaCha8Rng) -> Self {
        let at = dice.random_range(0..bytes);
        let sector: Range<usize> = at / 512 * 512..(at / 512 * 512 + 512).min(bytes);
        match dice.random_range(0..12) {
            0..5 => Self::BitFlipped {
                at,
                bit: dice.random_range(0..8),
            },
            5 => Self::Zeroed {
                from: sector.start,
                to: sector.end,
            },
            6 => Self::Garbled {
                from: sector.start,
                to: sector.end,
            },
            7 => Self::Zeroed {
                from: at,
                to: bytes,
            },
            8 | 9 => Self::CutOff { at },
            10 => Self::Grown {
                bytes: dice.random_range(1..3_000),
            },
            _ => Self::Removed,
        }
    }

    fn apply(self, path: &Path, dice: &mut ChaCha8Rng) -> Result<(), Failure> {
        let mut bytes = fs::read(path)?;
        match self {
            Self::BitFlipped { at, bit } => bytes[at] ^= 1 << bit,
            Self::Zeroed { from, to } => bytes[from..to].fill(0),
            Self::Garbled { from, to } => dice.fill(&mut bytes[from..to]),
            Self::CutOff { at } => bytes.truncate(at),
            Self::Grown { bytes: more } => {
                let end = bytes.len();
                bytes.resize(end + more, 0);
                dice.fill(&mut bytes[end..]);
            }
            Self::Removed => return Ok(fs::remove_file(path)?),
        }
        // A sealed segment cannot be written, only replaced.
        fs::remove_file(path)?;
        Ok(fs::write(path, bytes)?)
    }
}

/// The times of all batches, or a refusal that names what is damaged.
enum Read {
    All(Vec<u64>),
    Refused,
}

enum End {
    Whole,
    Refused,
    Shorter,
}

struct Case<'a> {
    dir: &'a Path,
    seed: u64,
    sent: &'a [u64],
    harmed: &'a [(Victim, Harm)],
}

impl Case<'_> {
    fn examine(&self) -> Result<End, String> {
        self.verify()?;
        let harmed = Disk::read_from(&self.dir.join("journal")).map_err(|e| e.to_string())?;
        match Log::open(self.dir, &options()) {
            Ok((log, opened)) => self.opened(log, &opened),
            Err(error) => {
                self.is_named(&error)?;
                // By then the torn tail is cut off, which held no whole batch.
                if matches!(error, LogError::Behind { .. }) {
                    return Ok(End::Refused);
                }
                let changed = harmed.differs_from(&self.dir.join("journal"));
                match changed.map_err(|e| e.to_string())? {
                    None => Ok(End::Refused),
                    Some(how) => Err(format!("refused ({error}), and yet changed: {how}")),
                }
            }
        }
    }

    /// Whoever reads the journal alone is shown nothing wrong either.
    fn verify(&self) -> Result<(), String> {
        let mut reader = Reader::new(self.seed);
        match verify_with(self.dir, |seq, at_ms, record| {
            reader.see(seq, at_ms, record)
        }) {
            Ok(_) => Ok(()),
            Err(ReplayError::Visit(wrong)) => Err(format!("verified, but {wrong}")),
            Err(ReplayError::Log(error)) => self.is_named(&error),
        }
    }

    fn opened(&self, mut log: Log, opened: &Opened) -> Result<End, String> {
        for snapshot in &opened.snapshots {
            self.check_snapshot(snapshot)?;
        }
        let found = match self.read(&log)? {
            Read::All(found) => found,
            // What a snapshot covers is not looked at before it is read.
            Read::Refused => return Ok(End::Refused),
        };
        if !self.sent.starts_with(&found) {
            return Err(format!("it holds {found:x?} of {:x?}", self.sent));
        }
        let end = if found.len() == self.sent.len() {
            End::Whole
        } else if self.harmed.len() > 1 {
            End::Shorter
        } else {
            return Err(format!(
                "{} batches are left of {}",
                found.len(),
                self.sent.len()
            ));
        };
        let batch = History::new(self.seed).batch(2, log.head().seq + 1);
        log.append(&batch)
            .map_err(|error| format!("then {error}"))?;
        drop(log);
        let (log, opened) = Log::open(self.dir, &options()).map_err(|e| format!("again: {e}"))?;
        if !opened.repairs.is_empty() {
            return Err(format!("opening again repaired {:?}", opened.repairs));
        }
        match self.read(&log)? {
            Read::All(again) if again == [found, vec![batch.at_ms()]].concat() => Ok(end),
            Read::All(again) => Err(format!("opened again it holds {again:x?}")),
            Read::Refused => Err("opened again it cannot be read".to_owned()),
        }
    }

    /// Damage may show only while it is read, but a snapshot that was read without an error is what was written.
    fn check_snapshot(&self, snapshot: &Snapshot) -> Result<(), String> {
        let mut sections = Vec::new();
        let read = snapshot.read(|section| {
            sections.push(section.to_vec());
            Ok::<(), Infallible>(())
        });
        let seq = snapshot.head().seq;
        if read.is_ok() && sections != History::new(self.seed).records(seq) {
            return Err(format!("the snapshot of {seq} has other content"));
        }
        let is_harmed = self
            .harmed
            .iter()
            .any(|(victim, _)| victim.part == Part::Snapshots);
        match read {
            Err(error) if !is_harmed => Err(format!("the snapshots are whole, and yet: {error}")),
            _ => Ok(()),
        }
    }

    fn read(&self, log: &Log) -> Result<Read, String> {
        let mut reader = Reader::new(self.seed);
        match log.replay(1, |seq, at_ms, record| reader.see(seq, at_ms, record)) {
            Ok(()) => Ok(Read::All(reader.end(log.head().seq)?)),
            Err(ReplayError::Log(error)) => self.is_named(&error).map(|()| Read::Refused),
            Err(ReplayError::Visit(wrong)) => Err(wrong),
        }
    }

    /// A refusal names the damaged file, or, if that is gone or ends too early, the one that should follow it.
    fn is_named(&self, error: &LogError) -> Result<(), String> {
        let Some((victim, harm)) = self
            .harmed
            .iter()
            .find(|(victim, _)| victim.part == Part::Journal)
        else {
            return Err(format!("the journal is whole, and yet: {error}"));
        };
        // Without its first segments a journal looks like one whose history was dropped.
        if matches!(
            (harm, error),
            (Harm::Removed, LogError::HistoryMissing { .. })
        ) {
            return Ok(());
        }
        // If it had but one, nothing is left that could be named.
        if matches!((harm, error), (Harm::Removed, LogError::NoJournal { .. })) {
            let mut left = fs::read_dir(self.dir.join("journal")).map_err(|e| e.to_string())?;
            return match left.next() {
                None => Ok(()),
                Some(_) => Err(format!("the journal has a segment, and yet: {error}")),
            };
        }
        // The end is in no copy any more, but a snapshot knows of it.
        if self.harmed.len() > 1 && matches!(error, LogError::Behind { .. }) {
            return Ok(());
        }
        let (LogError::Corrupt { segment, .. } | LogError::UnknownFormat { segment, .. }) = error
        else {
            return Err(format!("refused for another reason: {error}"));
        };
        let name = |path: &Path| path.file_name().map(ToOwned::to_owned);
        if name(segment) >= name(&victim.path) {
            Ok(())
        } else {
            Err(format!("it was not {}: {error}", segment.display()))
        }
    }
}
