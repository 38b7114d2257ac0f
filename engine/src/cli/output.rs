//! What commands print: tables for people, one JSON object a line for programs.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use jiff::Timestamp;

use super::failure::Failure;

/// Writes to stdout. A reader that has seen enough (`| head`) is no failure, but the end.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(error)),
    }
}

/// Writes a line to stdout, and all is done.
pub(super) fn done(text: &str) -> Result<ExitCode, Failure> {
    print(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a person reads stdout.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// JSON from the engine, on one line of its own.
pub(super) fn json_line(payload: &[u8]) -> Result<String, Failure> {
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(unreadable)?;
    Ok(format!("{value}\n"))
}

/// What the engine said is not what this version understands.
pub(super) fn unreadable(error: serde_json::Error) -> Failure {
    Failure::new(format!("the engine's status is not readable: {error}"))
        .advise("is this program older than the engine? --json shows it as it is")
}

/// Rows below a head, in columns as wide as needed.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|&name| name.to_owned()).collect()],
        }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A time as people and programs read it: `2026-11-22 05:40:12Z`.
pub(super) fn time(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().map(Timestamp::from_millisecond);
    match at {
        Some(Ok(at)) => at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        // Past the year 9999; nobody's clock, but perhaps a device's.
        _ => format!("{at_ms} ms"),
    }
}

/// A size in the largest binary unit that leaves at least one of it.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if count >= size {
            return format!("{}.{} {unit}", count / size, count % size * 10 / size);
        }
    }
    format!("{count} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (at_s, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (951_868_800, "2000-03-01 00:00:00Z"),
            (1_767_225_599, "2025-12-31 23:59:59Z"),
            (1_795_326_012, "2026-11-22 05:40:12Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ] {
            assert_eq!(time(at_s * 1000), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["A", "LONG"]);
        table.row(vec!["wider".to_owned(), "x".to_owned()]);
        assert_eq!(table.to_string(), "A      LONG\nwider  x\n");
    }
}
