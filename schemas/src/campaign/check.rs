//! What types alone cannot say: how the values of a description must relate.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{BasisPoints, CampaignSpec, GroupOrder, Span, Strategy, human_duration};
use crate::id::ModelId;

/// Most phases of a campaign; a phase a device would be fewer than this for small fleets already.
pub const PHASES_MAX: usize = 100;
/// Most groups of a campaign: progress is shown by group and phase.
pub const GROUPS_MAX: usize = 50;

/// Why a well-formed description cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}; {allowed}")]
pub struct SpecError {
    /// The way to it: `phases[1].percentage`.
    pub key: String,
    pub problem: String,
    pub allowed: Cow<'static, str>,
}

impl SpecError {
    pub(super) fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        allowed: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
            allowed: allowed.into(),
        }
    }
}

/// Nothing can happen in no time.
pub(super) fn above_zero<const UNIT_MS: u64>(
    key: &str,
    span: Span<UNIT_MS>,
) -> Result<(), SpecError> {
    if span.ms() == 0 {
        return Err(SpecError::new(
            key,
            "nothing can happen in no time",
            "allowed is above 0, up to 366 days",
        ));
    }
    Ok(())
}

pub(super) fn at_most(key: &str, value: u8, max: u8) -> Result<(), SpecError> {
    if value > max {
        let problem = format!("{value} is too many");
        return Err(SpecError::new(
            key,
            problem,
            format!("allowed is 0 to {max}"),
        ));
    }
    Ok(())
}

impl CampaignSpec {
    /// What types alone cannot say: how the values must relate.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_releases()?;
        self.check_groups()?;
        self.check_phases()?;
        self.check_gates()?;
        self.rates.check()?;
        self.monitoring.check()?;
        self.failure_handling.check()?;
        self.timeouts.check()?;
        self.preconditions.check(&self.timeouts)?;
        if let Some(ab) = &self.ab_testing {
            ab.check(&self.releases)?;
        }
        self.check_strategy()?;
        self.check_times()?;
        self.check_time()
    }

    fn check_gates(&self) -> Result<(), SpecError> {
        for (key, value) in [
            ("expected_failure", self.expected_failure),
            ("false_pause", self.false_pause),
        ] {
            if value.get() == 0 || value == BasisPoints::ALL {
                return Err(SpecError::new(
                    key,
                    format!("{value} can never decide anything"),
                    "allowed is above 0 and below 100",
                ));
            }
        }
        if self.quorum.get() == 0 {
            return Err(SpecError::new(
                "quorum",
                "a phase would pass before anything is known",
                "allowed is above 0, up to 100",
            ));
        }
        self.gates.check("gates", self.expected_failure)?;
        if let Some(health) = &self.gates.health {
            health.check("gates.health", self.max_rollout_days)?;
        }
        for (i, phase) in self.phases.iter().enumerate() {
            if let Some(gates) = &phase.gates {
                gates.check(&format!("phases[{i}].gates"), self.expected_failure)?;
                if let Some(health) = &gates.health {
                    let key = format!("phases[{i}].gates.health");
                    health.check(&key, self.max_rollout_days)?;
                    health.check_within(&key, self.gates.health.as_ref())?;
                }
                if gates.strata.is_some() && gates.strata != self.gates.strata {
                    return Err(SpecError::new(
                        format!("phases[{i}].gates.strata"),
                        "strata are told apart once, at the start of the campaign",
                        "allowed is the same as in gates.strata",
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_strategy(&self) -> Result<(), SpecError> {
        if (self.rollout_strategy == Strategy::Ab) == self.ab_testing.is_some() {
            return Ok(());
        }
        Err(SpecError::new(
            "ab_testing",
            format!("rollout_strategy is {}", self.rollout_strategy.name()),
            "it stands with rollout_strategy: ab and with no other",
        ))
    }

    /// A device that begins after the end never begins.
    fn check_jitter(&self) -> Result<(), SpecError> {
        let longest_ms = self.max_rollout_days.ms();
        match self.rates.start_jitter_minutes {
            Some(jitter) if jitter.ms() >= longest_ms => Err(SpecError::new(
                "rates.start_jitter_minutes",
                format!(
                    "{} may pass before a device begins, and the campaign is over after {}",
                    human_duration(jitter.ms()),
                    human_duration(longest_ms)
                ),
                "allowed is less than max_rollout_days",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// The campaign's deadline must not come before its phases can be over.
    fn check_time(&self) -> Result<(), SpecError> {
        above_zero("max_rollout_days", self.max_rollout_days)?;
        self.check_jitter()?;
        let mut orders: Vec<_> = self
            .groups
            .iter()
            .map(|group| group.rollout_order)
            .collect();
        orders.sort_unstable();
        orders.dedup();
        let (rounds, how) = match self.group_order {
            GroupOrder::Sequential if orders.len() > 1 => (
                orders.len() as u64,
                format!(" for each of {} rollout orders", orders.len()),
            ),
            GroupOrder::Sequential | GroupOrder::Parallel => (1, String::new()),
        };
        let watched = self.phases.iter().map(|phase| phase.duration_hours.ms());
        let watched_ms = watched.sum::<u64>();
        if self.max_rollout_days.ms() < watched_ms * rounds {
            return Err(SpecError::new(
                "max_rollout_days",
                format!(
                    "{} are over before the phases are, which take {}{how}",
                    human_duration(self.max_rollout_days.ms()),
                    human_duration(watched_ms),
                ),
                format!("allowed is {} or more", human_duration(watched_ms * rounds)),
            ));
        }
        Ok(())
    }

    fn check_releases(&self) -> Result<(), SpecError> {
        const ALLOWED: &str = "there is one release a model";
        if self.releases.is_empty() {
            return Err(SpecError::new("releases", "there is none", ALLOWED));
        }
        for (i, release) in self.releases.iter().enumerate() {
            if self.releases[..i]
                .iter()
                .any(|other| other.model == release.model)
            {
                return Err(SpecError::new(
                    format!("releases[{i}].model"),
                    format!("{} has a release already", release.model),
                    ALLOWED,
                ));
            }
        }
        Ok(())
    }

    fn check_groups(&self) -> Result<(), SpecError> {
        if self.groups.is_empty() || self.groups.len() > GROUPS_MAX {
            return Err(SpecError::new(
                "groups",
                format!("{} groups", self.groups.len()),
                "allowed are 1 to 50, or no such key for one group of all",
            ));
        }
        for (i, group) in self.groups.iter().enumerate() {
            if self.groups[..i]
                .iter()
                .any(|other| other.name == group.name)
            {
                return Err(SpecError::new(
                    format!("groups[{i}].name"),
                    format!("{} names two groups", group.name),
                    "names are unique within a campaign",
                ));
            }
            group.criteria.check(&format!("groups[{i}].criteria"))?;
            self.check_shadow(i)?;
        }
        Ok(())
    }

    /// A group of device types for which there is no release would stay behind unnoticed.
    pub(super) fn check_models(&self) -> Result<(), SpecError> {
        for (i, group) in self.groups.iter().enumerate() {
            let Some(wanted) = &group.criteria.device_type else {
                continue;
            };
            let has_release =
                |model: &ModelId| self.releases.iter().any(|release| release.model == *model);
            if !wanted.iter().any(has_release) {
                return Err(SpecError::new(
                    format!("groups[{i}].criteria.device_type"),
                    format!("there is no release for {}", join(wanted)),
                    "`releases` names one for at least one of them",
                ));
            }
        }
        Ok(())
    }

    /// A device belongs to the first group it fits, so nothing is left behind one that all fit.
    fn check_shadow(&self, i: usize) -> Result<(), SpecError> {
        let place = |at: usize| (self.groups[at].rollout_order, self.groups[at].priority, at);
        let first = (0..self.groups.len())
            .filter(|other| *other != i && self.groups[*other].criteria.is_everything())
            .find(|other| place(*other) < place(i));
        match first {
            None => Ok(()),
            Some(first) => Err(SpecError::new(
                format!("groups[{i}]"),
                format!("every device is in {} already", self.groups[first].name),
                "a group of all devices has the last rollout_order",
            )),
        }
    }

    fn check_phases(&self) -> Result<(), SpecError> {
        if self.phases.is_empty() || self.phases.len() > PHASES_MAX {
            return Err(SpecError::new(
                "phases",
                format!("{} phases", self.phases.len()),
                "allowed are 1 to 100, or no such key for those of rollout_strategy",
            ));
        }
        let mut before = 0;
        for (i, phase) in self.phases.iter().enumerate() {
            if phase.percentage.get() <= before {
                let problem = match i {
                    0 => "a phase of no devices is none".to_string(),
                    _ => format!("{} is not above the phase before it", phase.percentage),
                };
                return Err(SpecError::new(
                    format!("phases[{i}].percentage"),
                    problem,
                    "percentages are cumulative and rise from phase to phase, up to 100",
                ));
            }
            before = phase.percentage.get();
            if self.phases[..i]
                .iter()
                .any(|other| other.name == phase.name)
            {
                return Err(SpecError::new(
                    format!("phases[{i}].name"),
                    format!("{} names two phases", phase.name),
                    "names are unique within a campaign",
                ));
            }
            if phase.wait_for_success && phase.success_threshold.get() == 0 {
                return Err(SpecError::new(
                    format!("phases[{i}].success_threshold"),
                    "0 % is reached before anything has succeeded",
                    "allowed is above 0, up to 100, or wait_for_success: false",
                ));
            }
            if !phase.wait_for_success && phase.duration_hours.ms() == 0 {
                return Err(SpecError::new(
                    format!("phases[{i}].duration_hours"),
                    "the phase waits neither for success nor for time",
                    "allowed is above 0, or wait_for_success: true",
                ));
            }
        }
        Ok(())
    }
}

fn join(models: &[ModelId]) -> String {
    let names: Vec<_> = models.iter().map(ModelId::as_str).collect();
    names.join(", ")
}
