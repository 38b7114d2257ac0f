//! `fleetfold log repair`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{
    super::{
        failure::Failure,
        output::{self, done},
    },
    LogDir,
};
use crate::{
    log::{self, LogError, Replaced},
    server::log_dir,
};

#[derive(Debug, Args)]
pub struct RepairArgs {
    #[command(flatten)]
    dir: LogDir,
    /// The archive, if the server has one
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
}

pub(super) fn run(args: &RepairArgs) -> Result<ExitCode, Failure> {
    let repaired = log::repair(&log_dir(&args.dir.data), args.archive.as_deref());
    let report = repaired.map_err(failure)?;
    let mut text = String::new();
    for replaced in &report.replaced {
        text.push_str(&line(replaced));
    }
    if report.replaced.is_empty() {
        text.push_str("the journal is whole; there was nothing to do\n");
    }
    let head = report.head;
    text.push_str(&format!(
        "head {} at {}, chain {}",
        head.seq,
        output::time(head.at_ms),
        hex::encode(head.chain)
    ));
    done(&text)
}

fn failure(error: LogError) -> Failure {
    let advice = match &error {
        LogError::InUse { .. } => "stop the server first",
        LogError::Lost { .. } => {
            "nothing was changed; if there is an archive or a backup with these records, name it with --archive"
        }
        _ => return Failure::new(error),
    };
    Failure::new(error).advise(advice)
}

/// What was done about one segment.
fn line(replaced: &Replaced) -> String {
    let segment = replaced.segment.display();
    let sources = [
        (replaced.from_journal, "the damaged file"),
        (replaced.from_archive, "the archive"),
        (replaced.from_index, "the index"),
    ];
    let sources: Vec<String> = sources
        .iter()
        .filter(|(batches, _)| *batches > 0)
        .map(|(batches, source)| format!("{batches} from {source}"))
        .collect();
    let found = match &replaced.damaged {
        Some(damaged) => format!(
            "{} at offset {}; it is kept as {}",
            damaged.damage,
            damaged.offset,
            damaged.kept_as.display()
        ),
        None => "it was missing".to_owned(),
    };
    format!(
        "{segment}: {found}\n  written anew with the records {} to {}, batches: {}\n",
        replaced.first_seq,
        replaced.last_seq,
        sources.join(", ")
    )
}
