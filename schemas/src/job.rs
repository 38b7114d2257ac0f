//! The job: what the engine tells one device to do, signed so that no broker in between can tell it otherwise.
//!
//! COSE_Sign1, payload within, by the engine's job key. The payload is a map with integer keys; a device must understand
//! all of them but the negative ones, which later versions may add.
//!
//! ```text
//! job     = { 1 => device: tstr, 2 => campaign: tstr, 3 => attempt: uint, 4 => sequence: uint, 5 => kind,
//!             ? 6 => envelope: bstr, ? 7 => target: digest, ? 8 => size_bytes: uint, ? 9 => [ 1*8 offer ],
//!             ? 10 => cancels: uint, 11 => issued_ms: uint, 12 => expires_ms: uint,
//!             ? 13 => [ from_ms: uint, until_ms: uint ], 14 => stage_limit_ms: uint, ? 15 => conditions,
//!             ? -1 => not_before_ms: uint, * nint => any }
//! kind    = 1 / 2 / 3                      ; install, rollback: with 6 to 9. cancel: with 10
//! offer   = { 1 => digest, 2 => size_bytes: uint, ? ( 3 => from: digest, 4 => format: tstr ), * nint => any }
//! conditions = { ? 1 => battery_percent_min: 1..100, ? 2 => free_bytes_min: uint, ? 3 => external_power: 1,
//!             ? 4 => consent, 5 => patience_ms: uint, * nint => any }
//! consent = { 1 => postponements_max: uint, 2 => postpone_ms_max: uint, 3 => 1 / 2, * nint => any }
//!                                          ; after the last postponement: install, give up
//! digest  = bstr .size 32                  ; BLAKE3
//! ```

mod conditions;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use ed25519_dalek::SigningKey;

pub use self::conditions::{AtLimit, Conditions, Consent};
use crate::{
    cbor::{CborError, Fields, KeyOrder, Limits, Negative, Reader, Writer},
    cose::{self, CoseError, TrustedKeys},
    id::{CampaignId, DeviceId, Digest},
};

/// Keeps a signature of the job key from meaning anything else (external_aad).
pub const PURPOSE: &[u8] = b"fleetfold-job-v1";
/// Largest job accepted, in bytes: the largest envelope and room for eight offers several times over.
pub const JOB_BYTES_MAX: usize = 64 * 1024;
/// The delta format that the engine makes, and the capability by which a device says that it can apply it.
pub const DELTA_FORMAT: &str = "bidiff-zstd";
/// The capability by which a device says that it obeys [`Conditions`].
pub const CONDITIONS_CAPABILITY: &str = "conditions";
/// The full image and deltas from a few versions back; the engine picks those that fit the device's slots.
pub const OFFERS_MAX: u64 = 8;
/// Longest name of a delta format, in bytes.
pub const FORMAT_BYTES_MAX: usize = 64;

const LIMITS: Limits = Limits {
    bytes_max: JOB_BYTES_MAX,
    // Job, offers, offer; the rest is for what negative keys may bring.
    depth_max: 8,
    key_order: KeyOrder::Ascending,
};

const DEVICE: i64 = 1;
const CAMPAIGN: i64 = 2;
const ATTEMPT: i64 = 3;
const SEQUENCE: i64 = 4;
const KIND: i64 = 5;
const ENVELOPE: i64 = 6;
const TARGET: i64 = 7;
const SIZE_BYTES: i64 = 8;
const OFFERS: i64 = 9;
const CANCELS: i64 = 10;
const ISSUED_MS: i64 = 11;
const EXPIRES_MS: i64 = 12;
const INSTALL_WINDOW: i64 = 13;
const STAGE_LIMIT_MS: i64 = 14;
const CONDITIONS: i64 = 15;
/// Negative: a device that begins at once does no harm.
const NOT_BEFORE_MS: i64 = -1;

const KIND_INSTALL: i64 = 1;
const KIND_ROLLBACK: i64 = 2;
const KIND_CANCEL: i64 = 3;

const OFFER_DIGEST: i64 = 1;
const OFFER_SIZE_BYTES: i64 = 2;
const OFFER_FROM: i64 = 3;
const OFFER_FORMAT: i64 = 4;

/// One instruction for one device. Device, campaign and attempt name the execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub device: DeviceId,
    pub campaign: CampaignId,
    pub attempt: u32,
    /// The position of the fact this job follows from. A device obeys only ever greater ones.
    pub sequence: u64,
    pub kind: JobKind,
    pub issued_ms: u64,
    /// The first millisecond at which the job is void.
    pub expires_ms: u64,
    pub install_window: Option<InstallWindow>,
    /// How long the device may stay in one stage before the engine counts it as lost.
    pub stage_limit_ms: u64,
    /// What must hold before the device goes on.
    pub conditions: Option<Conditions>,
    /// When the device may begin, so that not all begin at once.
    pub not_before_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobKind {
    Install(Installation),
    /// The same work, towards an older image under a manifest signed for that.
    Rollback(Installation),
    Cancel {
        /// The sequence of the job it takes back.
        sequence: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The SUIT envelope. The device verifies it itself: this signature vouches for the order, not for the firmware.
    pub envelope: Vec<u8>,
    /// The image to end up with.
    pub target: Digest,
    pub size_bytes: u64,
    pub offers: Vec<Offer>,
}

/// One way to the image, by chunks verified against a BLAKE3 digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    Full {
        digest: Digest,
        size_bytes: u64,
    },
    Delta {
        digest: Digest,
        size_bytes: u64,
        /// The image that it must be applied to.
        from: Digest,
        /// How, as in "bidiff-zstd". A device passes over formats it does not have.
        format: String,
    },
}

/// When the device may reboot into the image, in milliseconds UTC; it may download before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstallWindow {
    pub from_ms: u64,
    /// The first millisecond at which it is closed.
    pub until_ms: u64,
}

/// Why a job was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    #[error("the job's encoding: {0}")]
    Cbor(#[source] CborError),
    #[error(transparent)]
    Cose(CoseError),
    #[error("{what} is not within its limits")]
    Malformed { what: &'static str },
    #[error("job kind {found} is not supported")]
    Unsupported { found: i64 },
    #[error("the job is for {addressee}")]
    OtherDevice { addressee: DeviceId },
    #[error("job sequence {offered} is not above {last}, the last one obeyed")]
    Replayed { offered: u64, last: u64 },
    #[error("the job expired at {expires_ms}, now is {now_ms}")]
    Expired { expires_ms: u64, now_ms: u64 },
}

impl JobError {
    /// The stable name of this refusal, for reports and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cose(CoseError::Signature) => "job_signature",
            Self::Cose(CoseError::UnknownKey { .. }) => "job_unknown_key",
            Self::Cose(error) if error.is_unknown_vocabulary() => "job_unsupported",
            Self::Cbor(error) if error.is_unknown_vocabulary() => "job_unsupported",
            Self::Cbor(_) | Self::Cose(_) | Self::Malformed { .. } => "job_malformed",
            Self::Unsupported { .. } => "job_unsupported",
            Self::OtherDevice { .. } => "job_other_device",
            Self::Replayed { .. } => "job_replayed",
            Self::Expired { .. } => "job_expired",
        }
    }
}

impl From<CborError> for JobError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl Job {
    /// The bytes for the device's job topic. The same job and key give the same bytes.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        cose::sign_attached(&self.encode(), PURPOSE, key)
    }

    /// Verifies and reads a job, whomever it is for. [`Job::check_for`] says whether it is to be obeyed.
    pub fn verify(bytes: &[u8], keys: &TrustedKeys) -> Result<Self, JobError> {
        let payload_bytes_max = JOB_BYTES_MAX - cose::OVERHEAD_BYTES_MAX;
        let signed = cose::verify_attached(bytes, PURPOSE, keys, payload_bytes_max)
            .map_err(JobError::Cose)?;
        Self::decode(signed.payload)
    }

    /// Whether this device should obey now, given the last sequence it obeyed (0 for none) and its clock if it has one.
    ///
    /// What follows is the manifest's signature, vendor, class and sequence: [`crate::suit::verify`].
    pub fn check_for(
        &self,
        device: &DeviceId,
        last_sequence: u64,
        now_ms: Option<u64>,
    ) -> Result<(), JobError> {
        if self.device != *device {
            return Err(JobError::OtherDevice {
                addressee: self.device.clone(),
            });
        }
        if self.sequence <= last_sequence {
            return Err(JobError::Replayed {
                offered: self.sequence,
                last: last_sequence,
            });
        }
        match now_ms {
            Some(now_ms) if self.expires_ms <= now_ms => Err(JobError::Expired {
                expires_ms: self.expires_ms,
                now_ms,
            }),
            // Without a clock, the sequence alone keeps old jobs out.
            Some(_) | None => Ok(()),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let (kind, kind_fields) = match &self.kind {
            JobKind::Install(_) => (KIND_INSTALL, 4),
            JobKind::Rollback(_) => (KIND_ROLLBACK, 4),
            JobKind::Cancel { .. } => (KIND_CANCEL, 1),
        };
        let mut job = Writer::new();
        let optional = [
            self.install_window.is_some(),
            self.conditions.is_some(),
            self.not_before_ms.is_some(),
        ];
        let optional = optional.into_iter().filter(|is_there| *is_there).count();
        job.map(8 + kind_fields + optional);
        job.int(DEVICE).text(self.device.as_str());
        job.int(CAMPAIGN).text(self.campaign.as_str());
        job.int(ATTEMPT).uint(self.attempt.into());
        job.int(SEQUENCE).uint(self.sequence);
        job.int(KIND).int(kind);
        match &self.kind {
            JobKind::Install(installation) | JobKind::Rollback(installation) => {
                installation.encode(&mut job);
            }
            JobKind::Cancel { sequence } => {
                job.int(CANCELS).uint(*sequence);
            }
        }
        job.int(ISSUED_MS).uint(self.issued_ms);
        job.int(EXPIRES_MS).uint(self.expires_ms);
        if let Some(window) = self.install_window {
            job.int(INSTALL_WINDOW).array(2);
            job.uint(window.from_ms).uint(window.until_ms);
        }
        job.int(STAGE_LIMIT_MS).uint(self.stage_limit_ms);
        if let Some(conditions) = &self.conditions {
            conditions.encode(job.int(CONDITIONS));
        }
        if let Some(not_before_ms) = self.not_before_ms {
            job.int(NOT_BEFORE_MS).uint(not_before_ms);
        }
        job.finish()
    }

    fn decode(payload: &[u8]) -> Result<Self, JobError> {
        let mut reader = Reader::open(payload, LIMITS)?;
        let mut fields = reader.fields(Negative::Ignored)?;
        let device = fields.required(DEVICE)?.text()?;
        let campaign = fields.required(CAMPAIGN)?.text()?;
        let attempt = fields.required(ATTEMPT)?.uint()?;
        let sequence = fields.required(SEQUENCE)?.uint()?;
        let kind = match fields.required(KIND)?.int()? {
            KIND_INSTALL => JobKind::Install(Installation::decode(&mut fields)?),
            KIND_ROLLBACK => JobKind::Rollback(Installation::decode(&mut fields)?),
            KIND_CANCEL => JobKind::Cancel {
                sequence: fields.required(CANCELS)?.uint()?,
            },
            found => return Err(JobError::Unsupported { found }),
        };
        let issued_ms = fields.required(ISSUED_MS)?.uint()?;
        let expires_ms = fields.required(EXPIRES_MS)?.uint()?;
        let install_window = match fields.optional(INSTALL_WINDOW)? {
            Some(window) => Some(InstallWindow::decode(window)?),
            None => None,
        };
        let stage_limit_ms = fields.required(STAGE_LIMIT_MS)?.uint()?;
        let conditions = match fields.optional(CONDITIONS)? {
            Some(conditions) => Some(Conditions::decode(conditions)?),
            None => None,
        };
        let not_before_ms = match fields.optional(NOT_BEFORE_MS)? {
            Some(not_before_ms) => Some(not_before_ms.uint()?),
            None => None,
        };
        fields.end()?;
        Ok(Self {
            device: DeviceId::parse(device).map_err(|_| malformed("the device id"))?,
            campaign: CampaignId::parse(campaign).map_err(|_| malformed("the campaign id"))?,
            attempt: u32::try_from(attempt).map_err(|_| malformed("the attempt"))?,
            sequence,
            kind,
            issued_ms,
            expires_ms,
            install_window,
            stage_limit_ms,
            conditions,
            not_before_ms,
        })
    }
}

impl Installation {
    fn encode(&self, job: &mut Writer) {
        job.int(ENVELOPE).bytes(&self.envelope);
        job.int(TARGET).bytes(&self.target.0);
        job.int(SIZE_BYTES).uint(self.size_bytes);
        job.int(OFFERS).array(self.offers.len());
        for offer in &self.offers {
            offer.encode(job);
        }
    }

    fn decode(fields: &mut Fields<'_, '_>) -> Result<Self, JobError> {
        let envelope = fields.required(ENVELOPE)?.bytes()?.to_vec();
        let target = Digest(fields.required(TARGET)?.bytes_of()?);
        let size_bytes = fields.required(SIZE_BYTES)?.uint()?;
        let list = fields.required(OFFERS)?;
        let count = list.array()?;
        if !(1..=OFFERS_MAX).contains(&count) {
            return Err(malformed("the number of offers"));
        }
        let mut offers = Vec::new();
        for _ in 0..count {
            offers.push(Offer::decode(list)?);
        }
        Ok(Self {
            envelope,
            target,
            size_bytes,
            offers,
        })
    }
}

impl Offer {
    /// What the device asks for, chunk by chunk.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Full { digest, .. } | Self::Delta { digest, .. } => *digest,
        }
    }

    /// What it costs to download.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Full { size_bytes, .. } | Self::Delta { size_bytes, .. } => *size_bytes,
        }
    }

    fn encode(&self, job: &mut Writer) {
        match self {
            Self::Full { digest, size_bytes } => {
                job.map(2);
                job.int(OFFER_DIGEST).bytes(&digest.0);
                job.int(OFFER_SIZE_BYTES).uint(*size_bytes);
            }
            Self::Delta {
                digest,
                size_bytes,
                from,
                format,
            } => {
                job.map(4);
                job.int(OFFER_DIGEST).bytes(&digest.0);
                job.int(OFFER_SIZE_BYTES).uint(*size_bytes);
                job.int(OFFER_FROM).bytes(&from.0);
                job.int(OFFER_FORMAT).text(format);
            }
        }
    }

    fn decode(list: &mut Reader<'_>) -> Result<Self, JobError> {
        let mut fields = list.fields(Negative::Ignored)?;
        let digest = Digest(fields.required(OFFER_DIGEST)?.bytes_of()?);
        let size_bytes = fields.required(OFFER_SIZE_BYTES)?.uint()?;
        let from = match fields.optional(OFFER_FROM)? {
            Some(from) => Some(Digest(from.bytes_of()?)),
            None => None,
        };
        let offer = match from {
            None => Self::Full { digest, size_bytes },
            Some(from) => {
                let format = fields.required(OFFER_FORMAT)?.text()?;
                if format.is_empty() || format.len() > FORMAT_BYTES_MAX {
                    return Err(malformed("the delta format's name"));
                }
                Self::Delta {
                    digest,
                    size_bytes,
                    from,
                    format: format.to_string(),
                }
            }
        };
        fields.end()?;
        Ok(offer)
    }
}

impl InstallWindow {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, JobError> {
        reader.array_of(2)?;
        let window = Self {
            from_ms: reader.uint()?,
            until_ms: reader.uint()?,
        };
        if window.from_ms < window.until_ms {
            Ok(window)
        } else {
            Err(malformed("the install window"))
        }
    }
}

fn malformed(what: &'static str) -> JobError {
    JobError::Malformed { what }
}
