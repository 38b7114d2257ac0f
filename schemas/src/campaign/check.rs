//! What types alone cannot say: how the values of a description must relate.

use alloc::{
    format,
    string::{String, ToString},
};

use super::{BasisPoints, CampaignSpec};

/// Most phases of a campaign; a phase a device would be fewer than this for small fleets already.
pub const PHASES_MAX: usize = 100;
/// Most groups of a campaign: progress is shown by group and phase.
pub const GROUPS_MAX: usize = 50;
/// Most further attempts after a first failure.
pub const RETRIES_MAX: u8 = 10;

/// Why a well-formed description cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}; {allowed}")]
pub struct SpecError {
    pub key: String,
    pub problem: String,
    pub allowed: &'static str,
}

impl CampaignSpec {
    /// What types alone cannot say: how the values must relate.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_releases()?;
        self.check_groups()?;
        self.check_phases()?;
        self.rates.check()?;
        self.gates.check("gates", self.expected_failure)?;
        for (i, phase) in self.phases.iter().enumerate() {
            if let Some(gates) = &phase.gates {
                gates.check(&format!("phases[{i}].gates"), self.expected_failure)?;
                if gates.strata.is_some() && gates.strata != self.gates.strata {
                    return Err(SpecError {
                        key: format!("phases[{i}].gates.strata"),
                        problem: "strata are told apart once, at the start of the campaign"
                            .to_string(),
                        allowed: "the same as gates.strata",
                    });
                }
            }
        }
        let within = |key: &str, value: BasisPoints, allowed: &'static str| {
            if value.get() == 0 || value == BasisPoints::ALL {
                return Err(SpecError {
                    key: key.to_string(),
                    problem: format!("{value} can never decide anything"),
                    allowed,
                });
            }
            Ok(())
        };
        within(
            "expected_failure",
            self.expected_failure,
            "above 0 and below 100",
        )?;
        within("false_pause", self.false_pause, "above 0 and below 100")?;
        self.failure_handling.check()?;
        for (key, span_ms) in [
            ("timeouts.contact_hours", self.timeouts.contact_hours.ms()),
            (
                "timeouts.execution_hours",
                self.timeouts.execution_hours.ms(),
            ),
            ("max_rollout_days", self.max_rollout_days.ms()),
        ] {
            if span_ms == 0 {
                return Err(SpecError {
                    key: key.to_string(),
                    problem: "nothing can happen in no time".to_string(),
                    allowed: "above 0",
                });
            }
        }
        Ok(())
    }

    fn check_releases(&self) -> Result<(), SpecError> {
        if self.releases.is_empty() {
            return Err(SpecError {
                key: "releases".to_string(),
                problem: "there is none".to_string(),
                allowed: "one release a model",
            });
        }
        for (i, release) in self.releases.iter().enumerate() {
            if self.releases[..i]
                .iter()
                .any(|other| other.model == release.model)
            {
                return Err(SpecError {
                    key: format!("releases[{i}].model"),
                    problem: format!("{} has a release already", release.model),
                    allowed: "one release a model",
                });
            }
        }
        Ok(())
    }

    fn check_groups(&self) -> Result<(), SpecError> {
        if self.groups.is_empty() || self.groups.len() > GROUPS_MAX {
            return Err(SpecError {
                key: "groups".to_string(),
                problem: format!("{} groups", self.groups.len()),
                allowed: "1 to 50 groups, or no such key for one group of all",
            });
        }
        for (i, group) in self.groups.iter().enumerate() {
            if self.groups[..i]
                .iter()
                .any(|other| other.name == group.name)
            {
                return Err(SpecError {
                    key: format!("groups[{i}].name"),
                    problem: format!("{} names two groups", group.name),
                    allowed: "names are unique within a campaign",
                });
            }
        }
        Ok(())
    }

    fn check_phases(&self) -> Result<(), SpecError> {
        if self.phases.is_empty() || self.phases.len() > PHASES_MAX {
            return Err(SpecError {
                key: "phases".to_string(),
                problem: format!("{} phases", self.phases.len()),
                allowed: "1 to 100 phases",
            });
        }
        let mut before = 0;
        for (i, phase) in self.phases.iter().enumerate() {
            if phase.percentage.get() <= before {
                return Err(SpecError {
                    key: format!("phases[{i}].percentage"),
                    problem: format!("{} is not above the phase before it", phase.percentage),
                    allowed: "percentages are cumulative and rise from phase to phase, up to 100",
                });
            }
            before = phase.percentage.get();
            if self.phases[..i]
                .iter()
                .any(|other| other.name == phase.name)
            {
                return Err(SpecError {
                    key: format!("phases[{i}].name"),
                    problem: format!("{} names two phases", phase.name),
                    allowed: "names are unique within a campaign",
                });
            }
        }
        Ok(())
    }
}
