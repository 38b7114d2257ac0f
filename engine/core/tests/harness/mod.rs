//! Runs a story: plain text in, the same text with what came of every line out.
//!
//! Lines at the margin are commands; what follows from them stands below, indented. `#` starts a comment.
//!
//! ```text
//! fleet 100 sensor_v2 running 1.0.0        register devices d1.. and let them say hello; without `running`: silent ones
//! operator vera viewer
//! release 2.0.0 [for MODEL] [security] [repairs CVE-1] [sequence 7] [unsigned | by a stranger | image missing | image edited
//!     | labelled 2.1.0 | made for MODEL]
//! delta 2.0.0 from 1.0.0 built | useless
//! campaign spring [of 2.0.0] phases canary 1% 24h 100%, full 100% 72h 95% [timed]; max_retries 1, sample_min 5
//! defaults JSON                            what the configuration says of campaigns
//! start | pause | resume | cancel spring [because TEXT] [as WHO] [id ID] [version N]
//! maintain | activate | retire DEVICES
//! send [as WHO] JSON
//! DEVICES accept | are downloading 40% | succeed | fail self_test [restored] | reject | claim success | cancel
//!     | fall back | greet | report | repeat | contradict | look back | lose epoch   [at job N]
//!     | wait for battery [postponed 1] [for 4h] | give up CODE
//!     | take (accept the job, without a word that arrives)
//! troubles                                 alerts that are raised, tickets that are open
//! close ticket d7 | further in spring
//! wait 4h      step      status spring      report spring      show d7      explain d7 [in spring]      restart
//! ```
//!
//! DEVICES are names (`d1 d2`), ranges (`d1..d9`), `all` with a job on their topic, or a phase (`canary`,
//! `spring/canary`, `3 of canary`), of which those with a job on their topic are meant, by rank.

mod agent;
mod book;
mod chance;
mod command;
mod explained;
mod notices;
mod reported;
mod script;
mod select;
mod words;
mod world;

use std::panic::{self, AssertUnwindSafe};

use fleetfold_core::{Core, Fact, Request, Timestamp};

pub use self::chance::story;
pub use self::world::Restarts;
use self::world::World;

/// Requests as they were handed in, step by step.
pub type Steps = Vec<(Timestamp, Vec<Request>)>;

/// The story with its outcome below each command, or the command at which something broke that must always hold.
pub fn transcript(story: &str, restarts: Restarts) -> Result<String, String> {
    let mut world = World::new(restarts);
    let mut lines = Vec::new();
    for line in commands(story) {
        lines.push(line.to_string());
        if !line.is_empty() && !line.starts_with('#') {
            let told = unbroken(|| world.run(line)).map_err(|what| format!("{line}\n! {what}"))?;
            lines.extend(told.into_iter().map(|line| format!("    {line}")));
        }
    }
    unbroken(|| world.check_at_the_end()).map_err(|what| format!("at the end\n! {what}"))?;
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(text)
}

/// The steps of a story, and the facts they led to.
pub fn steps(story: &str) -> (Steps, Vec<Fact>) {
    let mut world = World::new(Restarts::Never);
    for line in commands(story) {
        world.run(line);
    }
    world.into_steps()
}

/// The facts that the same requests lead to in other steps.
pub fn facts_of(steps: &Steps) -> Vec<Fact> {
    let mut core = Core::default();
    let step = |(now, requests): &(Timestamp, Vec<Request>)| core.step(*now, requests).facts;
    steps.iter().flat_map(step).collect()
}

/// A panic as an error, so that one broken story does not hide the others.
fn unbroken<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast_ref::<&str>()
            .unwrap_or(&"panicked")
            .to_string(),
    })
}

/// Lines at the margin, and the blank lines between them.
fn commands(story: &str) -> Vec<&str> {
    let mut lines: Vec<_> = story
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(str::trim_end)
        .collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}
