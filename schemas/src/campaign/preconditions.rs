//! What must hold on a device before it goes on with its job.

use alloc::format;

use serde::{Deserialize, Serialize};

use super::{
    Hours, SpecError, Timeouts,
    check::{above_zero, at_most},
    human_duration,
    layer::{self, Layer, block},
};
use crate::job;

/// More are no decision any more.
const POSTPONEMENTS_MAX: u8 = 100;

/// What a device waits for: room before it downloads, the rest before it installs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preconditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_percent_min: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes_min: Option<u64>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub external_power: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentSpec>,
}

/// What a device waits for: room before it downloads, the rest before it installs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreconditionsDraft {
    /// Its battery is charged so far, if it has one.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub battery_percent_min: Option<u8>,
    /// So much of its storage is free before it downloads.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub free_bytes_min: Option<u64>,
    /// It is plugged in.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_power: Option<bool>,
    /// Its user agrees.
    #[serde(
        default,
        deserialize_with = "layer::said",
        skip_serializing_if = "Option::is_none"
    )]
    pub consent: Option<ConsentDraft>,
}

block! {
    /// The device's user decides when, within limits.
    ConsentSpec, ConsentDraft {
        /// Whether the user is asked at all.
        required: bool = true,
        /// How often the user may put it off.
        postponements_max: u8 = 3,
        /// For how long at once. A question unanswered for so long counts as put off.
        postpone_hours_max: Hours = Hours::of(24),
        /// What comes after the last postponement.
        at_limit: AtLimit = AtLimit::default(),
    }
}

/// What comes after the last postponement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AtLimit {
    /// It is installed without asking any more.
    #[default]
    Install,
    /// The device keeps what it runs, and is taken out.
    Fail,
}

impl Layer for PreconditionsDraft {
    fn over(self, below: &Self) -> Self {
        Self {
            battery_percent_min: self.battery_percent_min.over(&below.battery_percent_min),
            free_bytes_min: self.free_bytes_min.over(&below.free_bytes_min),
            external_power: self.external_power.over(&below.external_power),
            consent: self.consent.over(&below.consent),
        }
    }
}

impl PreconditionsDraft {
    pub(super) fn resolve(self) -> Preconditions {
        let consent = self.consent.map(ConsentDraft::resolve);
        Preconditions {
            battery_percent_min: self.battery_percent_min,
            free_bytes_min: self.free_bytes_min,
            external_power: self.external_power.unwrap_or_default(),
            // Who says `required: false` takes back what the site says.
            consent: consent.filter(|consent| consent.required),
        }
    }
}

impl From<Preconditions> for PreconditionsDraft {
    fn from(resolved: Preconditions) -> Self {
        Self {
            battery_percent_min: resolved.battery_percent_min,
            free_bytes_min: resolved.free_bytes_min,
            external_power: Some(resolved.external_power).filter(|is_needed| *is_needed),
            consent: resolved.consent.map(ConsentDraft::from),
        }
    }
}

impl Preconditions {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As a job says them; `None` if there are none.
    #[must_use]
    pub fn conditions(&self, patience_ms: u64) -> Option<job::Conditions> {
        (!self.is_empty()).then(|| job::Conditions {
            battery_percent_min: self.battery_percent_min,
            free_bytes_min: self.free_bytes_min,
            external_power: self.external_power,
            consent: self.consent.as_ref().map(|consent| job::Consent {
                postponements_max: consent.postponements_max.into(),
                postpone_ms_max: consent.postpone_hours_max.ms(),
                at_limit: match consent.at_limit {
                    AtLimit::Install => job::AtLimit::Install,
                    AtLimit::Fail => job::AtLimit::GiveUp,
                },
            }),
            patience_ms,
        })
    }

    pub(super) fn check(&self, timeouts: &Timeouts) -> Result<(), SpecError> {
        if let Some(percent) = self.battery_percent_min
            && !(1..=100).contains(&percent)
        {
            return Err(SpecError::new(
                "preconditions.battery_percent_min",
                format!("no battery tells {percent} % from others"),
                "allowed is 1 to 100, or no such key",
            ));
        }
        if self.free_bytes_min == Some(0) {
            return Err(SpecError::new(
                "preconditions.free_bytes_min",
                "there is always as much",
                "allowed is 1 or more, or no such key",
            ));
        }
        match &self.consent {
            Some(consent) => consent.check(timeouts),
            None => Ok(()),
        }
    }
}

impl ConsentSpec {
    /// How long it takes at most until the limit decides: who postpones may take as long to say so.
    const fn longest_ms(&self) -> u64 {
        let spans = match self.postponements_max as u64 {
            0 => 1,
            postponements => 2 * postponements,
        };
        self.postpone_hours_max.ms() * spans
    }

    fn check(&self, timeouts: &Timeouts) -> Result<(), SpecError> {
        const POSTPONEMENTS: &str = "preconditions.consent.postponements_max";
        above_zero(
            "preconditions.consent.postpone_hours_max",
            self.postpone_hours_max,
        )?;
        at_most(POSTPONEMENTS, self.postponements_max, POSTPONEMENTS_MAX)?;
        let waiting_ms = timeouts.waiting().ms();
        if self.longest_ms() > waiting_ms {
            return Err(SpecError::new(
                POSTPONEMENTS,
                format!(
                    "asking so often may take {}, and timeouts.waiting_hours ends it after {}",
                    human_duration(self.longest_ms()),
                    human_duration(waiting_ms),
                ),
                "each postponement needs room for twice postpone_hours_max: the question, and the wait",
            ));
        }
        Ok(())
    }
}
