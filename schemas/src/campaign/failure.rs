//! What happens when a device fails, and how long one may take.

use alloc::{format, string::ToString};

use serde::{Deserialize, Serialize};

use super::{BasisPoints, Hours, SpecError, check::RETRIES_MAX};
use crate::device::ErrorClass;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FailureHandling {
    /// Further attempts for a device after its first failure.
    pub max_retries: u8,
    /// Wait before the first retry; each further one waits twice as long.
    pub retry_backoff_hours: Hours,
    pub retry_jitter: Jitter,
    /// Other rules for some classes of errors.
    pub classes: Classes,
    /// Retries of the whole campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries_max: Option<u32>,
    /// Bytes that retries of the whole campaign may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_bytes_max: Option<u64>,
    /// Send updated devices back once `rollback_threshold` is exceeded.
    pub auto_rollback_on_failure: bool,
    /// The share of failed among resolved devices beyond which the campaign is rolled back.
    pub rollback_threshold: BasisPoints,
    /// Open a ticket for every device that has failed for good.
    pub create_support_tickets: bool,
}

/// How retries are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Jitter {
    /// Anywhere within the wait, so that those that failed together do not come back together.
    #[default]
    Full,
    /// After just the wait.
    None,
}

/// Rules by class of error. What is left out is as for all; declined jobs are not offered again unless it is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Classes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_test: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_contact: Option<ClassRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_attested: Option<ClassRule>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff_hours: Option<Hours>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// How long a device may take to accept its job before it counts as not contacted.
    pub contact_hours: Hours,
    /// How long a device may take from accepting its job to an outcome.
    pub execution_hours: Hours,
}

impl Default for FailureHandling {
    fn default() -> Self {
        Self {
            max_retries: 2,
            retry_backoff_hours: Hours::of(1),
            retry_jitter: Jitter::default(),
            classes: Classes::default(),
            retries_max: None,
            retry_bytes_max: None,
            auto_rollback_on_failure: false,
            rollback_threshold: BasisPoints::from_percent(20),
            create_support_tickets: false,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            contact_hours: Hours::of(24),
            execution_hours: Hours::of(4),
        }
    }
}

impl Classes {
    const fn rule(&self, class: ErrorClass) -> Option<ClassRule> {
        match class {
            ErrorClass::Download => self.download,
            ErrorClass::Verification => self.verification,
            ErrorClass::Installation => self.installation,
            ErrorClass::SelfTest => self.self_test,
            ErrorClass::Rejected => self.rejected,
            ErrorClass::LostContact => self.lost_contact,
            ErrorClass::NotAttested => self.not_attested,
        }
    }
}

impl FailureHandling {
    /// Further attempts after a failure of this class.
    #[must_use]
    pub fn retries(&self, class: ErrorClass) -> u8 {
        let of_all = match class {
            ErrorClass::Rejected => 0,
            _ => self.max_retries,
        };
        let rule = self.classes.rule(class).and_then(|rule| rule.max_retries);
        rule.unwrap_or(of_all)
    }

    /// The wait before the first retry after a failure of this class.
    #[must_use]
    pub fn backoff(&self, class: ErrorClass) -> Hours {
        let rule = self.classes.rule(class);
        rule.and_then(|rule| rule.retry_backoff_hours)
            .unwrap_or(self.retry_backoff_hours)
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        let counts = ErrorClass::ALL.map(|class| (class, self.classes.rule(class)));
        let of_classes = counts.iter().filter_map(|(class, rule)| {
            let key = format!("failure_handling.classes.{class}.max_retries");
            Some((key, (*rule)?.max_retries?))
        });
        let of_all = ("failure_handling.max_retries".to_string(), self.max_retries);
        for (key, retries) in core::iter::once(of_all).chain(of_classes) {
            if retries > RETRIES_MAX {
                return Err(SpecError {
                    key,
                    problem: format!("{retries} is too many"),
                    allowed: "0 to 10",
                });
            }
        }
        Ok(())
    }
}
