//! Stories of a log, its crashes and its damages, told through its public interface and its files.

mod append;
mod archive;
mod damage;
mod faults;
mod faulty;
mod fixtures;
mod index;
mod live_index;
mod reader;
mod repair;
mod room;
mod rot;
mod seals;
mod snapshot;
mod start;
mod verify;

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Batch, Head, IndexFault, Log, LogOptions, Opened, Repair};

type Records = Vec<(u64, u64, Vec<u8>)>;

fn open(dir: &Path) -> (Log, Opened) {
    Log::open(dir, &LogOptions::default()).expect("the log opens")
}

/// Appends `batches` batches of three records each, one millisecond apart.
fn grow(log: &mut Log, batches: u64) {
    for _ in 0..batches {
        let Head { seq, at_ms, .. } = log.head();
        let records: Vec<String> = (1..=3).map(|more| format!("fact {}", seq + more)).collect();
        append(log, at_ms + 1, &records);
    }
}

fn append(log: &mut Log, at_ms: u64, records: &[impl AsRef<[u8]>]) -> Head {
    log.append(&batch(log.head().seq + 1, at_ms, records))
        .expect("the batch is appended")
}

fn batch(first_seq: u64, at_ms: u64, records: &[impl AsRef<[u8]>]) -> Batch {
    let mut batch = Batch::new(first_seq, at_ms);
    for record in records {
        batch.push(record.as_ref()).expect("the record fits");
    }
    batch
}

fn contents(log: &Log) -> Records {
    contents_from(log, 1)
}

fn contents_from(log: &Log, from_seq: u64) -> Records {
    let mut records = Vec::new();
    log.replay(from_seq, |seq, at_ms, record| {
        records.push((seq, at_ms, record.to_vec()));
        Ok::<(), Infallible>(())
    })
    .expect("the log is replayed");
    records
}

/// A log of `batches` batches in a directory of its own, closed, and what it holds.
fn closed_log(batches: u64) -> (TempDir, Records) {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, batches);
    let records = contents(&log);
    (dir, records)
}

/// The files of the journal in order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn build(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("index/{number:06}"))
}

const SEAL_BYTES: usize = 112;

/// The offsets at which the frames of a segment begin, and where the last of them ends.
fn frame_offsets(segment: &Path) -> Vec<usize> {
    let bytes = fs::read(segment).unwrap();
    let mut offsets = vec![64];
    while let Some(&at) = offsets.last().filter(|at| **at < bytes.len()) {
        if bytes[at..].iter().all(|byte| *byte == 0) {
            // The room for what is to come.
            break;
        }
        let length: [u8; 4] = bytes[at + 4..at + 8].try_into().unwrap();
        if length == [0; 4] {
            // A seal, which ends the file.
            assert_eq!(bytes.len(), at + SEAL_BYTES);
            break;
        }
        offsets.push(at + 40 + u32::from_le_bytes(length) as usize);
    }
    offsets
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    overwrite(file, bytes);
}

/// Also what is read-only.
fn overwrite(file: &Path, bytes: impl AsRef<[u8]>) {
    fs::remove_file(file).unwrap();
    fs::write(file, bytes).unwrap();
}

fn filled(opened: &Opened) -> u64 {
    opened
        .repairs
        .iter()
        .map(|repair| {
            if let Repair::IndexFilled { batches } = repair {
                *batches
            } else {
                0
            }
        })
        .sum()
}

fn set_aside(opened: &Opened) -> bool {
    opened
        .repairs
        .iter()
        .any(|repair| matches!(repair, Repair::IndexSetAside { .. }))
}

/// Why the index was set aside, if opening did that, filled another one with so many batches, and repaired nothing else.
fn replaced_index(opened: &Opened, filled: u64) -> Option<&IndexFault> {
    match &opened.repairs[..] {
        [
            Repair::IndexSetAside { fault, .. },
            Repair::IndexFilled { batches },
        ] if *batches == filled => Some(fault),
        _ => None,
    }
}

/// Bytes that no compression shrinks, the same for the same seed.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new()
        .update(&seed.to_le_bytes())
        .finalize_xof()
        .fill(&mut noise);
    noise
}
