//! What happened, as one digest over all of it and as the last lines for a reader.

use std::{collections::VecDeque, fmt::Write as _};

/// Lines kept of each kind: what one screen shows.
const LINES_KEPT: usize = 40;

#[derive(Debug)]
pub struct Trace {
    hasher: blake3::Hasher,
    line: String,
    pub wire: VecDeque<String>,
    pub records: VecDeque<String>,
    is_verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Wire,
    Record,
}

impl Trace {
    #[must_use]
    pub fn new(is_verbose: bool) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            line: String::new(),
            wire: VecDeque::new(),
            records: VecDeque::new(),
            is_verbose,
        }
    }

    pub fn say(&mut self, kind: Kind, now_ms: u64, what: std::fmt::Arguments<'_>) {
        self.line.clear();
        write!(self.line, "{} {what}", Clock(now_ms)).expect("writing to memory does not fail");
        self.hasher.update(self.line.as_bytes());
        self.hasher.update(b"\n");
        if self.is_verbose {
            eprintln!("{}", self.line);
        }
        let lines = match kind {
            Kind::Wire => &mut self.wire,
            Kind::Record => &mut self.records,
        };
        let mut kept = if lines.len() == LINES_KEPT {
            lines.pop_front().unwrap_or_default()
        } else {
            String::new()
        };
        kept.clear();
        kept.push_str(&self.line);
        lines.push_back(kept);
    }

    /// Of everything that was said.
    #[must_use]
    pub fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// When every simulation begins: 2026-01-01T00:00:00Z.
pub const START_MS: u64 = 1_767_225_600_000;

/// Virtual time since the simulation's beginning.
#[derive(Debug, Clone, Copy)]
pub struct Clock(pub u64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.0.saturating_sub(START_MS);
        let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
        let (seconds, ms) = (ms / 1000 % 60, ms % 1000);
        write!(f, "{hours:03}:{minutes:02}:{seconds:02}.{ms:03}")
    }
}
