//! A campaign as it goes on: a table that redraws itself on a terminal, a line for every step in a pipe.

mod calendar;
mod screen;
mod table;

pub use self::{calendar::calendar, table::releases};

use std::{
    fmt::Write as _,
    io::{self, IsTerminal},
};

use fleetfold_schemas::status::{CampaignState, CampaignStatus, PhaseState, Tally};

use screen::Screen;

/// Shows the statuses of one campaign, one after the other.
#[derive(Debug)]
pub struct ProgressView {
    out: Out,
    /// On a terminal; in a pipe every line stays.
    screen: Option<Screen>,
    last_step: Option<Step>,
    latest: Option<CampaignStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Out {
    Stdout,
    Stderr,
}

/// What must change before a pipe gets another line: what a reader of it would want to know, not every report.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    state: CampaignState,
    phases: Vec<PhaseState>,
    hold: Option<String>,
    cause: Option<String>,
    approvals: Vec<String>,
    /// Updated, failed and withdrawn, in percent of all.
    percent: [u64; 3],
    failed_any: bool,
}

impl ProgressView {
    /// Shows on stdout.
    #[must_use]
    pub fn for_stdout() -> Self {
        Self::new(Out::Stdout, io::stdout().is_terminal())
    }

    /// Shows on stderr, which leaves stdout to the result.
    #[must_use]
    pub fn for_stderr() -> Self {
        Self::new(Out::Stderr, io::stderr().is_terminal())
    }

    fn new(out: Out, is_terminal: bool) -> Self {
        Self {
            out,
            screen: is_terminal.then(Screen::default),
            last_step: None,
            latest: None,
        }
    }

    /// Shows the status as it is now.
    ///
    /// Output that nobody reads any more is passed over: watching a campaign is no reason to fail.
    pub fn update(&mut self, status: &CampaignStatus) {
        if let Some(screen) = &mut self.screen {
            let (width, height) = screen::size(self.out == Out::Stderr);
            let lines = table::render(status, width, height, screen::colors());
            let text = screen.draw(&lines);
            self.write(&text);
            self.latest = Some(status.clone());
            return;
        }
        let step = Step::of(status);
        if self.last_step.as_ref() != Some(&step) {
            self.last_step = Some(step);
            let line = line(status);
            self.write(&format!("{line}\n"));
        }
    }

    /// Says something above the view.
    pub fn note(&mut self, text: &str) {
        let cleared = self.screen.as_mut().map(Screen::clear).unwrap_or_default();
        self.write(&format!("{cleared}{text}\n"));
        if let Some(latest) = self.latest.take() {
            self.update(&latest);
        }
    }

    /// Leaves the last view standing; what is written next comes below it.
    pub fn finish(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.leave();
        }
        self.latest = None;
    }

    fn write(&self, text: &str) {
        use io::Write;
        let _ = match self.out {
            Out::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
            Out::Stderr => io::stderr().lock().write_all(text.as_bytes()),
        };
    }
}

impl Step {
    fn of(status: &CampaignStatus) -> Self {
        let totals = &status.totals;
        let percent = |count: u64| count * 100 / status.devices.max(1);
        Self {
            state: status.status,
            phases: status.phases.iter().map(|phase| phase.state).collect(),
            hold: status.hold.as_ref().map(|hold| hold.kind.clone()),
            cause: status.cause.as_ref().map(|cause| cause.text.clone()),
            approvals: (status.approvals.iter())
                .map(|asked| asked.text.clone())
                .collect(),
            percent: [totals.updated, totals.failed, totals.removed].map(percent),
            failed_any: totals.failed > 0,
        }
    }
}

/// A status as a table of lines.
#[must_use]
pub fn report(status: &CampaignStatus, to_terminal: bool) -> String {
    let (width, _) = screen::size(false);
    // All phases, however far one has to scroll.
    let lines = table::render(status, width, usize::MAX, to_terminal && screen::colors());
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A status in one line.
fn line(status: &CampaignStatus) -> String {
    let mut line = format!("{}: {}", status.campaign, status.status.as_str());
    if let Some(phase) = &status.phase {
        let _ = write!(line, ", phase {phase}");
    }
    let _ = write!(
        line,
        "; {} of {} devices",
        counts(&status.totals),
        status.devices
    );
    if let Some((label, text)) = standstill(status) {
        let _ = write!(line, "; {label}: {text}");
    }
    for asked in &status.approvals {
        let _ = write!(line, "; waits for approval: {}", asked.text);
    }
    line
}

/// Everything about the executions that is not zero.
pub(crate) fn counts(tally: &Tally) -> String {
    let mut text = format!("{} updated", tally.updated);
    for (count, name) in [
        (tally.failed, "failed"),
        (tally.rolled_back, "rolled back"),
        (tally.in_progress, "in progress"),
        (tally.not_contacted, "not contacted"),
        (tally.removed, "withdrawn"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {name}");
        }
    }
    text
}

/// Why it does not go on by itself just now, if so.
pub(crate) fn standstill(status: &CampaignStatus) -> Option<(&'static str, &str)> {
    match (&status.cause, &status.hold) {
        (Some(cause), _) => Some(("cause", &cause.text)),
        (None, Some(hold)) => Some(("holding", &hold.text)),
        (None, None) => None,
    }
}

/// What the first attempts say about the failure rate.
pub(crate) fn evidence(status: &CampaignStatus) -> Option<String> {
    let evidence = &status.evidence;
    let outcomes = evidence.succeeded + evidence.failed;
    (outcomes > 0).then(|| {
        format!(
            "failure rate {:.1} % to {:.1} % after {outcomes} first attempts; e-value {:.2}, pauses at {:.0}",
            evidence.rate_low * 100.0,
            evidence.rate_high * 100.0,
            evidence.e_value,
            evidence.limit,
        )
    })
}
