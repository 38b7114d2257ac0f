//! A power cut: of what was pending on a disk, any part may be there afterwards.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::disk::{DataChange, Disk, FileState, Object, set};

/// The unit that a disk writes or does not.
const SECTOR_BYTES: usize = 512;

/// What becomes of one file's pending changes.
#[derive(Debug, Clone, Copy)]
enum Fate {
    AllKept,
    AllLost,
    /// The first ones are kept, the next is torn, and the others are lost.
    KeptUpTo(usize),
    /// Each has its own, being kept with this probability. Later ones may be kept without earlier ones.
    Each {
        kept: f64,
    },
}

/// What the disk shows when the power is back. All of that is durable then.
pub(super) fn cut(disk: &Disk, dice: &mut ChaCha8Rng) -> Disk {
    let mut after = disk.clone();
    let kept = match dice.random_range(0..10) {
        0..3 => 0.0,
        3..6 => 1.0,
        6 => 0.05,
        7 => 0.95,
        _ => 0.5,
    };
    for change in after.names.split_off(0) {
        if dice.random_bool(kept) {
            for entry in &change.entries {
                if let Object::Directory(directory) = &mut after.objects[entry.directory] {
                    set(&mut directory.durable, entry);
                }
            }
        }
    }
    for object in &mut after.objects {
        match object {
            Object::Directory(directory) => directory.current = directory.durable.clone(),
            Object::File(file) => {
                cut_file(file, dice);
                file.current = Arc::clone(&file.durable);
                file.pending.clear();
            }
        }
    }
    after
}

fn cut_file(file: &mut FileState, dice: &mut ChaCha8Rng) {
    if file.pending.is_empty() {
        return;
    }
    let fate = match dice.random_range(0..10) {
        0..2 => Fate::AllKept,
        2..4 => Fate::AllLost,
        4..7 => Fate::KeptUpTo(dice.random_range(0..file.pending.len())),
        7 => Fate::Each { kept: 0.9 },
        8 => Fate::Each { kept: 0.5 },
        _ => Fate::Each { kept: 0.1 },
    };
    let bytes = match fate {
        Fate::AllLost => return,
        Fate::AllKept => {
            file.durable = Arc::clone(&file.current);
            return;
        }
        Fate::KeptUpTo(_) | Fate::Each { .. } => Arc::make_mut(&mut file.durable),
    };
    for (at, change) in file.pending.iter().enumerate() {
        match fate {
            Fate::KeptUpTo(first_lost) if at < first_lost => change.apply(bytes),
            Fate::KeptUpTo(first_lost) if at == first_lost => tear(change, bytes, dice),
            Fate::Each { kept } if dice.random_bool(kept) => change.apply(bytes),
            Fate::Each { .. } if dice.random_bool(0.5) => tear(change, bytes, dice),
            _ => {}
        }
    }
}

/// Carries out a part of a change.
fn tear(change: &DataChange, file: &mut Vec<u8>, dice: &mut ChaCha8Rng) {
    let DataChange::Write { offset, bytes } = change else {
        // A length is one number, and there or not.
        return;
    };
    let (start, end) = (*offset, offset + bytes.len());
    let before = file.len();
    match dice.random_range(0..8) {
        // Nothing but the length.
        0 => extend(file, end, before, dice),
        // A prefix, down to the byte or the sector.
        1..4 => {
            let mut kept = dice.random_range(0..=bytes.len());
            if dice.random_bool(0.5) {
                kept = ((start + kept) / SECTOR_BYTES * SECTOR_BYTES).saturating_sub(start);
            }
            let prefix = DataChange::Write {
                offset: start,
                bytes: Arc::new(bytes[..kept].to_vec()),
            };
            if kept > 0 {
                prefix.apply(file);
            }
            if dice.random_bool(0.5) {
                let written = file.len();
                extend(file, end, written, dice);
            }
        }
        // Any of its sectors.
        _ => {
            extend(file, end, before, dice);
            let kept = [0.1, 0.5, 0.9][dice.random_range(0..3)];
            let mut at = start;
            while at < end {
                let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
                if dice.random_bool(kept) {
                    file[at..next].copy_from_slice(&bytes[at - start..next - start]);
                }
                at = next;
            }
        }
    }
}

/// Makes the file as long as the write would have. What stands there then is zero, or seldom what the disk's blocks held
/// before.
fn extend(file: &mut Vec<u8>, end: usize, written: usize, dice: &mut ChaCha8Rng) {
    if file.len() < end {
        file.resize(end, 0);
        if dice.random_ratio(1, 4) {
            dice.fill(&mut file[written..]);
        }
    }
}
