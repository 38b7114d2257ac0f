//! What a job topic's content means to this device: the checks, in their binding order.
//!
//! Signature and key; own id; sequence; expiry; then the manifest: signature, vendor, class, component, sequence; then
//! whether the offers fit. The first failure is the answer.

use fleetfold_schemas::{
    Name,
    device::{DeviceError, ERROR_MESSAGE_CHARS_MAX, ErrorClass, Image, JobReport, JobState},
    id::printable,
    job::{Installation, Job, JobError, JobKind, Offer},
    suit::{self, Manifest, SuitError, Target},
};

use super::AgentConfig;
use crate::flash::{Asked, DeltaOffer, OpenJob, Record, Source, Step};

/// What to do about a job.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Known already: say again how things are.
    Known,
    /// The open job again, with a later window: from (inclusive) and until (exclusive).
    Renewed(u64, u64),
    Accept(Box<OpenJob>),
    Cancel {
        /// Of the cancel itself.
        sequence: u64,
        /// Of the job it takes back.
        cancels: u64,
    },
    Refuse(Refusal),
}

/// A refused job.
#[derive(Debug)]
pub(super) struct Refusal {
    pub report: JobReport,
    /// Whether the refusal stands as the answer to the newest job of this device. Unsigned bytes, replays and jobs for
    /// others get an answer, once, but must not cover up what the device has to say about its own jobs.
    pub is_ours: bool,
}

/// Judges what arrived on the job topic. `running` is the image that runs.
pub(super) fn judge(
    bytes: &[u8],
    config: &AgentConfig,
    record: &Record,
    running: &Image,
    now: u64,
) -> Verdict {
    let job = match Job::verify(bytes, &config.job_keys) {
        Ok(job) => job,
        // Without a valid signature there is no sequence number to trust, so the report names none.
        Err(error) => return refuse(0, false, job_error(&error)),
    };
    let is_known = [
        Some(record.job_sequence),
        record.job.as_ref().map(|job| job.sequence),
        record.outcome.as_ref().map(|outcome| outcome.sequence),
    ]
    .contains(&Some(job.sequence));
    match job.check_for(&config.device, record.job_sequence, Some(now)) {
        Ok(()) => {}
        Err(JobError::Replayed { .. }) if is_known => return known(&job, record),
        Err(error) => {
            let is_ours = matches!(error, JobError::Expired { .. });
            return refuse(job.sequence, is_ours, job_error(&error));
        }
    }
    match &job.kind {
        JobKind::Cancel { sequence } => Verdict::Cancel {
            sequence: job.sequence,
            cancels: *sequence,
        },
        JobKind::Install(installation) | JobKind::Rollback(installation) => {
            match open(&job, installation, config, record, running, now) {
                Ok(open) => Verdict::Accept(Box::new(open)),
                Err(error) => refuse(job.sequence, true, error),
            }
        }
    }
}

/// An older copy of a job has an earlier window, so replaying it changes nothing.
fn known(job: &Job, record: &Record) -> Verdict {
    let open = record.job.as_ref();
    let open = open.filter(|open| open.sequence == job.sequence);
    match (open.and_then(|open| open.window), job.install_window) {
        (Some((_, until_ms)), Some(window)) if until_ms < window.until_ms => {
            Verdict::Renewed(window.from_ms, window.until_ms)
        }
        _ => Verdict::Known,
    }
}

fn open(
    job: &Job,
    installation: &Installation,
    config: &AgentConfig,
    record: &Record,
    running: &Image,
    now: u64,
) -> Result<OpenJob, DeviceError> {
    let verified = suit::verify(&installation.envelope, &config.release_keys)
        .map_err(|error| suit_error(&error))?;
    let target = Target {
        vendor_id: config.vendor_id,
        class_id: config.class_id,
        component: suit::FIRMWARE,
        installed_sequence: record.installed_sequence,
    };
    verified
        .check_for(&target)
        .map_err(|error| suit_error(&error))?;
    let manifest = verified.manifest();
    check_offers(installation, manifest, config)?;

    let image = Image {
        version: manifest.version.clone(),
        digest: installation.target,
    };
    let delta = choose_delta(installation, config, record, running);
    let is_there = record
        .slot(record.standby())
        .image()
        .is_some_and(|standby| standby.digest == image.digest);
    let source = match delta {
        Some(_) => Source::Delta,
        None => Source::Image,
    };
    Ok(OpenJob {
        sequence: job.sequence,
        manifest_sequence: manifest.sequence,
        image,
        image_sha256: manifest.image_sha256,
        image_bytes: manifest.image_size_bytes,
        delta,
        window: job
            .install_window
            .map(|window| (window.from_ms, window.until_ms)),
        not_before_ms: job.not_before_ms,
        conditions: job.conditions,
        accepted_ms: now,
        asked: Asked::default(),
        stage_limit_ms: job.stage_limit_ms,
        // What the standby slot holds has been verified when it was written there.
        step: if is_there {
            Step::Install
        } else {
            Step::Fetch { source, bytes: 0 }
        },
    })
}

/// The whole image must be on offer, and be the one the manifest speaks of: it is what every other way falls back to.
fn check_offers(
    installation: &Installation,
    manifest: &Manifest,
    config: &AgentConfig,
) -> Result<(), DeviceError> {
    let bytes = manifest.image_size_bytes;
    let is_offered = installation.offers.iter().any(|offer| {
        matches!(offer, Offer::Full { digest, size_bytes }
            if *digest == installation.target && *size_bytes == bytes)
    });
    if installation.size_bytes != bytes || !is_offered {
        return Err(error(
            ErrorClass::Verification,
            "offer_mismatch",
            "the job does not offer the image that the manifest describes",
        ));
    }
    if bytes > config.slot_bytes {
        return Err(error(
            ErrorClass::Rejected,
            "image_too_large",
            &format!("{bytes} bytes do not fit in {}", config.slot_bytes),
        ));
    }
    Ok(())
}

fn choose_delta(
    installation: &Installation,
    config: &AgentConfig,
    record: &Record,
    running: &Image,
) -> Option<DeltaOffer> {
    if record.delta_failed_for == Some(installation.target) {
        return None;
    }
    installation
        .offers
        .iter()
        .filter_map(|offer| match offer {
            Offer::Delta {
                digest,
                size_bytes,
                from,
                format,
            } if *from == running.digest
                && config.can_apply(format)
                && *size_bytes <= config.delta_bytes =>
            {
                Some(DeltaOffer {
                    digest: *digest,
                    bytes: *size_bytes,
                    format: format.clone(),
                })
            }
            _ => None,
        })
        .min_by_key(|delta| delta.bytes)
}

fn refuse(sequence: u64, is_ours: bool, error: DeviceError) -> Verdict {
    Verdict::Refuse(Refusal {
        report: JobReport {
            sequence,
            state: JobState::Rejected { error },
        },
        is_ours,
    })
}

fn job_error(refusal: &JobError) -> DeviceError {
    let class = match refusal {
        JobError::Cbor(_) | JobError::Cose(_) | JobError::Malformed { .. } => {
            ErrorClass::Verification
        }
        JobError::Unsupported { .. }
        | JobError::OtherDevice { .. }
        | JobError::Replayed { .. }
        | JobError::Expired { .. } => ErrorClass::Rejected,
    };
    error(class, refusal.code(), &refusal.to_string())
}

fn suit_error(refusal: &SuitError) -> DeviceError {
    error(
        ErrorClass::Verification,
        refusal.code(),
        &refusal.to_string(),
    )
}

/// An error in the words of a report.
pub(super) fn error(class: ErrorClass, code: &str, message: &str) -> DeviceError {
    DeviceError {
        class,
        code: Name::parse(code)
            .unwrap_or_else(|_| Name::parse("unknown").expect("our own names are valid")),
        message: printable(message, ERROR_MESSAGE_CHARS_MAX),
    }
}
