//! `fleetfold log export`

use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use clap::Args;
use fleetfold_core::view;

use super::{
    super::failure::Failure,
    LogDir,
    history::{History, Until},
};

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    dir: LogDir,
    /// The first position
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// The last position or moment, inclusive: a number, or a time like 2026-11-22T05:40:12Z [default: the log's end]
    #[arg(long, value_name = "SEQ|TIME")]
    to: Option<Until>,
}

pub(super) fn run(args: &ExportArgs) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let until = args.to.unwrap_or(Until::End);
    let mut history = History::open(&args.dir, args.from.saturating_sub(1))?;
    let mut written = Ok(());
    history.fold(until, |state, position, at_ms, fact| {
        if position < args.from {
            return ControlFlow::Continue(());
        }
        let json = view::fact(state, position, at_ms, fact);
        written = serde_json::to_writer(&mut out, &json)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"));
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    match written.and_then(|()| out.flush()) {
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}
