//! A campaign before it starts: played through many times in virtual time, by the core that will decide in earnest.
//!
//! [`Line`] are the members that it would have, [`Cast`] those that play, in a core of their own; [`Stage`] plays one
//! run, with devices as [`Crew`] assumes them. Nothing here touches the owner's state: [`known`] is what the log says.

mod assumed;
mod cast;
mod chance;
mod known;
mod record;
mod stage;
#[cfg(test)]
pub(crate) mod tests;
mod what_if;

use std::collections::BTreeMap;

use fleetfold_core::{CampaignIx, State, fact::PauseCause, view};
use fleetfold_schemas::{
    campaign::{BasisPoints, HOUR_MS, human_duration},
    rehearsal::{Assumptions, Course, Exposure, Quantiles, RUNS_MAX, Rehearsal},
};

use self::{
    assumed::{Crew, Habits},
    cast::{Cast, Line},
    chance::Chance,
    stage::{End, Played, Stage},
};
pub use self::{
    known::{KnownError, known},
    record::{Record, record},
    what_if::what_if,
};

/// Runs, if nothing is said.
pub const RUNS: u32 = 20;
/// Members that take part in each run; of more, a random sample. So a rehearsal takes seconds.
const SAMPLE_MAX: usize = 20_000;
/// A failing release pauses early, so these runs are short, and gates count devices, not shares: all of the first
/// phases take part if they are no more than this.
const FIRST_MAX: usize = 100_000;
/// Failure rates at which the exposure is told.
const FAILURE_PERCENTS: [u8; 4] = [5, 10, 20, 50];
/// One run with a failing release for so many with a good one, and a few at least.
const RUNS_PER_FAILING_RUN: u32 = 4;
const FAILING_RUNS_MIN: u32 = 5;

/// What can be said about a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    pub runs: u32,
    pub seed: u64,
    /// `None`: what the campaign expects.
    pub failure_rate: Option<BasisPoints>,
    /// Until a device notices its job, on average. `None`: as its silence so far says.
    pub contact_ms: Option<u64>,
    pub bandwidth_bytes_per_s: u64,
    /// Members that take part in each run, at most.
    pub sample_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runs: RUNS,
            seed: 1,
            failure_rate: None,
            contact_ms: None,
            bandwidth_bytes_per_s: 128 * 1024,
            sample_max: SAMPLE_MAX,
        }
    }
}

/// Where nothing is known of a device: one that connects a few times a day.
const CONTACT_MS: u64 = 4 * HOUR_MS;
const INSTALL_MS: u64 = 30_000;
const BOOT_MS: u64 = 30_000;

/// Plays a campaign, as it is described and as if it started at the state's last fact.
#[must_use]
pub fn rehearse(state: &State, ix: CampaignIx, options: &Options) -> Rehearsal {
    let row = state.campaigns.get(ix);
    let line = Line::of(state, row.spec.clone(), row);
    let habits = Habits {
        contact_ms: options.contact_ms.unwrap_or(CONTACT_MS),
        contact_of_all: options.contact_ms.is_some(),
        bandwidth_bytes_per_s: options.bandwidth_bytes_per_s,
        install_ms: INSTALL_MS,
        boot_ms: BOOT_MS,
    };
    let failure_rate = options.failure_rate.unwrap_or(row.spec.expected_failure);
    let cast = line.sample(options.sample_max, options.seed);
    let theatre = Theatre {
        state,
        habits,
        seed: options.seed,
    };
    let runs = options.runs.clamp(1, RUNS_MAX);
    let expected = course(&cast, &habits, &theatre.play(&cast, runs, failure_rate));
    let first_max = FIRST_MAX.min(options.sample_max.saturating_mul(FIRST_MAX / SAMPLE_MAX));
    let first = line.first(first_max, options.seed);
    let failing_runs = (runs / RUNS_PER_FAILING_RUN).max(FAILING_RUNS_MIN);
    let exposure = FAILURE_PERCENTS.map(|percent| {
        let rate = BasisPoints::from_percent(percent);
        exposed(&first, rate, &theatre.play(&first, failing_runs, rate))
    });
    let is_sample = cast.scale.taken < cast.scale.of;
    Rehearsal {
        campaign: row.id().clone(),
        position: state.position,
        at_ms: state.recorded_at,
        devices: line.devices(),
        assumptions: Assumptions {
            seed: options.seed,
            runs,
            sample: is_sample.then_some(cast.scale.taken),
            failure_rate,
            contact_ms: habits.contact_ms,
            bandwidth_bytes_per_s: habits.bandwidth_bytes_per_s,
            install_ms: habits.install_ms,
            boot_ms: habits.boot_ms,
        },
        notes: notes(&cast, &first, &habits, row.spec.gates.health.is_some()),
        findings: view::lint(state, ix, state.recorded_at),
        expected,
        exposure: exposure.to_vec(),
    }
}

/// What all runs have in common.
struct Theatre<'s> {
    state: &'s State,
    habits: Habits,
    seed: u64,
}

impl Theatre<'_> {
    fn play(&self, cast: &Cast, runs: u32, failure_rate: BasisPoints) -> Vec<Played> {
        let crew = Crew::of(self.state, &cast.devices, self.habits);
        let run = |run| {
            let acting = crew.on_stage(Chance::of_run(self.seed, run), failure_rate.as_ratio());
            Stage::new(cast.core.clone(), acting, self.state.recorded_at).play()
        };
        (0..runs).map(run).collect()
    }
}

fn quantiles(played: &[Played], of: impl Fn(&Played) -> u64) -> Quantiles {
    Quantiles::of(played.iter().map(of).collect()).unwrap_or_default()
}

fn counted(played: &[Played], is: impl Fn(&End) -> bool) -> u32 {
    let count = played.iter().filter(|played| is(&played.end)).count();
    u32::try_from(count).expect("runs are few")
}

/// How often a gate paused the campaign, by the kind of cause.
fn causes(played: &[Played]) -> BTreeMap<String, u32> {
    let mut causes = BTreeMap::new();
    for played in played {
        let kind = match &played.end {
            End::Paused(cause) => kind(cause),
            End::RolledBack => "rollback_threshold".to_owned(),
            End::Completed | End::Failed | End::Stuck => continue,
        };
        *causes.entry(kind).or_default() += 1;
    }
    causes
}

/// As it is called everywhere.
fn kind(cause: &PauseCause) -> String {
    let value = serde_json::to_value(cause).expect("causes have text keys");
    value["kind"].as_str().unwrap_or_default().to_owned()
}

fn course(cast: &Cast, habits: &Habits, played: &[Played]) -> Course {
    let up = |figure| cast.scale.up(figure);
    let completed = played.iter().filter(|played| played.end == End::Completed);
    Course {
        completed: counted(played, |end| *end == End::Completed),
        paused: counted(played, End::is_stop),
        causes: causes(played),
        failed: counted(played, |end| matches!(end, End::Failed | End::Stuck)),
        duration_ms: Quantiles::of(completed.map(|played| played.took_ms).collect()),
        updated: quantiles(played, |played| up(played.updated)),
        peak_downloads: quantiles(played, |played| up(played.peak_downloads)),
        peak_bytes_per_s: quantiles(played, |played| {
            up(played.peak_downloads) * habits.bandwidth_bytes_per_s
        }),
        bytes: quantiles(played, |played| up(played.bytes)),
    }
}

fn exposed(cast: &Cast, failure_rate: BasisPoints, played: &[Played]) -> Exposure {
    let paused = played.iter().filter(|played| played.end.is_stop());
    Exposure {
        failure_rate,
        runs: u32::try_from(played.len()).expect("runs are few"),
        paused: counted(played, End::is_stop),
        exposed: quantiles(played, |played| cast.scale.up(played.exposed)),
        paused_after_ms: Quantiles::of(paused.map(|played| played.took_ms).collect()),
        of_first: cast.is_cut.then_some(cast.scale.of),
    }
}

fn notes(cast: &Cast, first: &Cast, habits: &Habits, watches_health: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if cast.scale.taken < cast.scale.of {
        notes.push(format!(
            "a random sample of {} of {} devices, with rates in proportion; figures are multiplied",
            cast.scale.taken, cast.scale.of
        ));
    }
    if first.scale.taken < first.scale.of {
        notes.push(format!(
            "the first phase has {} devices, of which {} were rehearsed with a failing release: gates see fewer \
             outcomes, and pause later, than they will",
            first.scale.of, first.scale.taken
        ));
    }
    notes.push(match habits.contact_of_all {
        true => format!(
            "every device notices its job after {} on average",
            human_duration(habits.contact_ms)
        ),
        false => format!(
            "a device notices its job after as long, on average, as it has been silent by now ({} if it was never \
             heard of); devices that keep their connection answer at once, so say `contact` if yours do",
            human_duration(habits.contact_ms)
        ),
    });
    notes.push(
        "a device on which the release fails does so at every attempt, after its reboot, and goes back".to_owned(),
    );
    if watches_health {
        notes.push(
            "health gates are left out: virtual devices are neither better nor worse off"
                .to_owned(),
        );
    }
    let mut campaigns = cast.core.state().campaigns.iter();
    if campaigns.any(|(_, row)| !row.spec.preconditions.is_empty()) {
        notes.push("devices meet the preconditions at once, and users agree".to_owned());
    }
    notes.push("other campaigns on the same devices are left out".to_owned());
    notes
}
