//! What must hold on the device before it goes on with a job.
//!
//! Room before it downloads; then, with the image whole and verified, the user's consent, the install window, and last
//! the battery and the plug. A device that lacks something waits, and says for what.

use crate::cbor::{Negative, Reader, Writer};

use super::{JobError, malformed};

const BATTERY_PERCENT_MIN: i64 = 1;
const FREE_BYTES_MIN: i64 = 2;
const EXTERNAL_POWER: i64 = 3;
const CONSENT: i64 = 4;
const PATIENCE_MS: i64 = 5;

const POSTPONEMENTS_MAX: i64 = 1;
const POSTPONE_MS_MAX: i64 = 2;
const AT_LIMIT: i64 = 3;

const INSTALL: u64 = 1;
const GIVE_UP: u64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Before installing, inclusive, 1 to 100; a device without a battery meets it.
    pub battery_percent_min: Option<u8>,
    /// Before downloading, inclusive.
    pub free_bytes_min: Option<u64>,
    /// Before installing.
    pub external_power: bool,
    /// Before installing.
    pub consent: Option<Consent>,
    /// How long after accepting the job the device may still wait for these; then it gives the job up.
    pub patience_ms: u64,
}

/// The device's user decides when, within limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    pub postponements_max: u32,
    /// The longest that one may last. A question unanswered for so long counts as one.
    pub postpone_ms_max: u64,
    pub at_limit: AtLimit,
}

/// What comes after the last postponement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtLimit {
    /// Installed without asking any more.
    Install,
    /// The device gives the job up, with the code `consent_denied`.
    GiveUp,
}

impl Conditions {
    pub(super) fn encode(&self, job: &mut Writer) {
        let entries = [
            self.battery_percent_min.is_some(),
            self.free_bytes_min.is_some(),
            self.external_power,
            self.consent.is_some(),
            true,
        ];
        job.map(entries.into_iter().filter(|is_there| *is_there).count());
        if let Some(percent) = self.battery_percent_min {
            job.int(BATTERY_PERCENT_MIN).uint(percent.into());
        }
        if let Some(bytes) = self.free_bytes_min {
            job.int(FREE_BYTES_MIN).uint(bytes);
        }
        if self.external_power {
            job.int(EXTERNAL_POWER).uint(1);
        }
        if let Some(consent) = self.consent {
            job.int(CONSENT).map(3);
            job.int(POSTPONEMENTS_MAX)
                .uint(consent.postponements_max.into());
            job.int(POSTPONE_MS_MAX).uint(consent.postpone_ms_max);
            job.int(AT_LIMIT).uint(match consent.at_limit {
                AtLimit::Install => INSTALL,
                AtLimit::GiveUp => GIVE_UP,
            });
        }
        job.int(PATIENCE_MS).uint(self.patience_ms);
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, JobError> {
        let mut fields = reader.fields(Negative::Ignored)?;
        let battery_percent_min = match fields.optional(BATTERY_PERCENT_MIN)? {
            Some(percent) => match percent.uint()? {
                percent @ 1..=100 => u8::try_from(percent).ok(),
                _ => return Err(malformed("the least charge")),
            },
            None => None,
        };
        let free_bytes_min = match fields.optional(FREE_BYTES_MIN)? {
            Some(bytes) => Some(bytes.uint()?),
            None => None,
        };
        let external_power = match fields.optional(EXTERNAL_POWER)? {
            Some(value) => match value.uint()? {
                1 => true,
                _ => return Err(malformed("external power")),
            },
            None => false,
        };
        let consent = match fields.optional(CONSENT)? {
            Some(consent) => Some(Consent::decode(consent)?),
            None => None,
        };
        let patience_ms = fields.required(PATIENCE_MS)?.uint()?;
        fields.end()?;
        Ok(Self {
            battery_percent_min,
            free_bytes_min,
            external_power,
            consent,
            patience_ms,
        })
    }
}

impl Consent {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, JobError> {
        let mut fields = reader.fields(Negative::Ignored)?;
        let postponements_max = fields.required(POSTPONEMENTS_MAX)?.uint()?;
        let postpone_ms_max = fields.required(POSTPONE_MS_MAX)?.uint()?;
        let at_limit = match fields.required(AT_LIMIT)?.uint()? {
            INSTALL => AtLimit::Install,
            GIVE_UP => AtLimit::GiveUp,
            found => {
                return Err(JobError::Unsupported {
                    found: i64::try_from(found).unwrap_or(i64::MAX),
                });
            }
        };
        fields.end()?;
        Ok(Self {
            postponements_max: u32::try_from(postponements_max)
                .map_err(|_| malformed("the number of postponements"))?,
            postpone_ms_max,
            at_limit,
        })
    }
}
