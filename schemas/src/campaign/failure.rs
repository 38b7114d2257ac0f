//! What happens when a device fails, and how long one may take.

use alloc::{format, string::ToString};

use serde::{Deserialize, Serialize};

use super::{
    BasisPoints, Hours, SpecError,
    check::{above_zero, at_most},
    layer::{self, block, layered},
};
use crate::device::ErrorClass;

/// Most further attempts after a first failure.
pub const RETRIES_MAX: u8 = 10;

/// A device that has failed more often than this has long been looked at.
pub const FLAG_AFTER_MAX: u8 = 100;

block! {
    /// What is done about failures.
    FailureHandling, FailureHandlingDraft {
        /// Further attempts for a device after its first failure.
        max_retries: u8 = 2,
        /// Wait before the first retry; each further one waits twice as long.
        retry_backoff_hours: Hours = Hours::of(1),
        /// How the retries of many devices are spread.
        retry_jitter: Jitter = Jitter::default(),
        /// Other rules for some classes of errors.
        classes: Classes = Classes::default(),
        /// Whether updated devices are sent back once `rollback_threshold` is exceeded.
        auto_rollback_on_failure: bool = false,
        /// The share of failed among resolved devices beyond which the campaign is rolled back.
        rollback_threshold: BasisPoints = BasisPoints::from_percent(20),
        /// Whether a ticket is opened for every device that has failed for good.
        create_support_tickets: bool = false,
    }
    absent unless said {
        /// Retries of the whole campaign.
        retries_max: u32,
        /// Bytes that retries of the whole campaign may cost.
        retry_bytes_max: u64,
        /// A device is flagged when so many of its executions have failed for good in a row, this campaign's the last;
        /// 0: never. 3 unless said.
        flag_after: u8,
    }
}

block! {
    /// How long is too long for one device.
    Timeouts, TimeoutsDraft {
        /// How long a device may take to accept its job before it counts as not contacted.
        contact_hours: Hours = Hours::of(24),
        /// How long a device may take from accepting its job to an outcome.
        execution_hours: Hours = Hours::of(4),
    }
    absent unless said {
        /// How long a device may wait for what must hold before it goes on; then it is taken out. 7 days unless said.
        waiting_hours: Hours,
    }
}

/// How retries are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Classes {
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub download: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub verification: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub installation: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub self_test: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub rejected: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub lost_contact: Option<ClassRule>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub not_attested: Option<ClassRule>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClassRule {
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_retries: Option<u8>,
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub retry_backoff_hours: Option<Hours>,
}

layered!(Classes {
    download,
    verification,
    installation,
    self_test,
    rejected,
    lost_contact,
    not_attested,
});
layered!(ClassRule {
    max_retries,
    retry_backoff_hours,
});

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

    /// How many executions of a device must fail for good in a row for it to be flagged; 0: it never is.
    #[must_use]
    pub fn flag_after(&self) -> u8 {
        self.flag_after.unwrap_or(3)
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        at_most(
            "failure_handling.flag_after",
            self.flag_after(),
            FLAG_AFTER_MAX,
        )?;
        let counts = ErrorClass::ALL.map(|class| (class, self.classes.rule(class)));
        let of_classes = counts.iter().filter_map(|(class, rule)| {
            let key = format!("failure_handling.classes.{class}.max_retries");
            Some((key, (*rule)?.max_retries?))
        });
        let of_all = ("failure_handling.max_retries".to_string(), self.max_retries);
        for (key, retries) in core::iter::once(of_all).chain(of_classes) {
            at_most(&key, retries, RETRIES_MAX)?;
        }
        if self.auto_rollback_on_failure && self.rollback_threshold == BasisPoints::ALL {
            return Err(SpecError::new(
                "failure_handling.rollback_threshold",
                "no more than all can fail, so nothing would ever be rolled back",
                "allowed is 0 to below 100, or auto_rollback_on_failure: false",
            ));
        }
        Ok(())
    }
}

impl Timeouts {
    /// How long a device may wait for what must hold before it goes on.
    #[must_use]
    pub fn waiting(&self) -> Hours {
        self.waiting_hours.unwrap_or(Hours::of(7 * 24))
    }

    pub(super) fn check(&self) -> Result<(), SpecError> {
        above_zero("timeouts.contact_hours", self.contact_hours)?;
        above_zero("timeouts.execution_hours", self.execution_hours)?;
        above_zero("timeouts.waiting_hours", self.waiting())
    }
}
