//! The facts of a data directory, folded up to a moment, beside whoever writes them.

use std::{ops::ControlFlow, path::PathBuf, str::FromStr, sync::Arc};

use fleetfold_core::{Core, Fact, State, Timestamp};

use super::{super::failure::Failure, LogDir};
use crate::{
    log::{Disk, Head, LogReader, OsDisk, ReplayError},
    replay::{NotAFact, decode},
    server::log_dir,
    snapshots,
};

/// How far to go, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Position(u64),
    Time(Timestamp),
    End,
}

impl Until {
    /// No snapshot beyond this is of use.
    pub(super) const fn position(self) -> u64 {
        match self {
            Self::Position(position) => position,
            // Where in the log a moment is only the log can tell.
            Self::Time(_) => 0,
            Self::End => u64::MAX,
        }
    }

    const fn includes(self, position: u64, at_ms: u64) -> bool {
        match self {
            Self::Position(last) => position <= last,
            Self::Time(last) => at_ms <= last,
            Self::End => true,
        }
    }
}

/// Neither a position nor a time.
#[derive(Debug, thiserror::Error)]
#[error("neither a position like 4642 nor a time like 2026-11-22T05:40:12Z")]
pub(super) struct NotAMoment;

impl FromStr for Until {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| NotAMoment)?;
        let at_ms = u64::try_from(at.as_millisecond()).map_err(|_| NotAMoment)?;
        // A time is written to the second, and facts are recorded to the millisecond.
        let second_ends = if text.contains('.') { 0 } else { 999 };
        Ok(Self::Time(at_ms + second_ends))
    }
}

/// Why folding ended before the moment.
enum Stop {
    Enough,
    NotAFact(NotAFact),
}

/// The state at some position, and the log from there on.
pub(super) struct History {
    log_dir: PathBuf,
    head: Head,
    core: Core,
}

impl History {
    /// As early as need be to see every fact after `position`.
    pub(super) fn open(dir: &LogDir, position: u64) -> Result<Self, Failure> {
        let log_dir = log_dir(&dir.data);
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let (head, core) = snapshots::newest_in(&disk, &log_dir, position).map_err(Failure::new)?;
        Ok(Self {
            log_dir,
            head,
            core,
        })
    }

    pub(super) const fn state(&self) -> &State {
        self.core.state()
    }

    /// Folds fact after fact up to the moment, and shows each to `visit` with the state after it.
    pub(super) fn fold(
        &mut self,
        until: Until,
        mut visit: impl FnMut(&State, u64, Timestamp, &Fact) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let mut reader = LogReader::new(Arc::new(OsDisk), &self.log_dir, self.head);
        let read = reader.read(|position, at_ms, record| {
            if !until.includes(position, at_ms) {
                return Err(Stop::Enough);
            }
            let fact = decode(position, record).map_err(Stop::NotAFact)?;
            self.core.replay(at_ms, &fact);
            match visit(self.core.state(), position, at_ms, &fact) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Stop::Enough),
            }
        });
        match read {
            Ok(_) | Err(ReplayError::Visit(Stop::Enough)) => Ok(()),
            Err(ReplayError::Log(error)) => Err(Failure::new(error)),
            Err(ReplayError::Visit(Stop::NotAFact(error))) => Err(Failure::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        let until = |text: &str| text.parse::<Until>().ok();
        assert_eq!(until("812"), Some(Until::Position(812)));
        assert_eq!(
            until("2026-11-22T05:40:12Z"),
            Some(Until::Time(1_795_326_012_999))
        );
        assert_eq!(until("2026-11-22 05:40:12Z"), until("2026-11-22T05:40:12Z"));
        assert_eq!(
            until("2026-11-22T06:40:12.5+01:00"),
            Some(Until::Time(1_795_326_012_500))
        );
        for text in ["", "yesterday", "-1", "2026-11-22", "1969-01-01T00:00:00Z"] {
            assert_eq!(until(text), None, "{text}");
        }
    }
}
