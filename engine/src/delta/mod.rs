//! Deltas: what turns an old image into a new one, small enough to be worth sending.
//!
//! The one format is what [`fleetfold_device_sim::delta`] reads: the control stream of `bidiff` 1.0 in one zstd frame. A
//! delta is offered only after the device's own decoder has made the new image from it. Everything else is declined,
//! with the reason, and devices take the whole image.

mod budget;
mod estimate;
#[cfg(test)]
mod tests;
mod worker;

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bidiff::{DiffParams, Translator, enc};
use fleetfold_device_sim::delta::{self as decoder, DeltaError};
use fleetfold_schemas::Digest;
use thiserror::Error;
use zstd::zstd_safe::CParameter;

pub use worker::DeltaWorker;

use budget::Budget;

/// What [`encode`] makes.
pub const FORMAT: &str = decoder::BIDIFF_ZSTD;
/// Counts changes of what [`encode`] makes of the same images: part of the key under which a delta may be kept.
pub const ENCODER_VERSION: u32 = 1;

/// One suffix array over the whole old image: two cost twice the time and find less.
const SORT_PARTITIONS: usize = 1;
/// Level 19 with the four parameters below makes deltas as small as level 22 (0.996 of it for a 17 MB program, 0.999 for
/// two microcontroller images) in two thirds of its time and a third of its memory.
const ZSTD_LEVEL: i32 = 19;
/// 32 MiB: what a device needs for decoding at most, as less is used for smaller images.
const ZSTD_WINDOW_LOG: u32 = 25;
const ZSTD_CHAIN_LOG: u32 = 24;
const ZSTD_SEARCH_LOG: u32 = 9;
const ZSTD_TARGET_LENGTH: u32 = 999;

/// Largest delta, in hundredths of the whole image, inclusive. A larger one saves too little for what can go wrong with
/// it.
const DELTA_PERCENT_MAX: u64 = 80;
/// Largest old image: the suffix array counts in `i32`.
const OLD_BYTES_MAX: usize = i32::MAX as usize;
/// Memory taken at the worst moment, in tenths of a byte per byte of both images: 3.6 was measured for two of 60 MB, and
/// 5.0 for two of 17 MB, where the tables of zstd (130 MB at most) still weigh. At the limit they no longer do.
const MEMORY_TENTHS_PER_BYTE: u64 = 39;

/// What one delta may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Inclusive.
    pub memory_bytes_max: u64,
    /// After so long the attempt is given up. It is looked at between matches, so images with megabytes that match
    /// nothing can overrun it by seconds.
    pub deadline: Duration,
}

impl Default for Limits {
    /// A quarter of the memory of the machine this is built for, so old and new images of 275 MB each; and half an
    /// hour, which these would need on a core that is shared.
    fn default() -> Self {
        Self {
            memory_bytes_max: 2 << 30,
            deadline: Duration::from_secs(30 * 60),
        }
    }
}

/// A delta that has been decoded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    pub format: &'static str,
    pub bytes: Vec<u8>,
}

/// Why there is no delta.
#[derive(Debug, Error)]
pub enum DeltaDeclined {
    #[error("one of the images is empty")]
    EmptyImage,
    #[error("the old image has {bytes} bytes, more than {OLD_BYTES_MAX}")]
    OldImageSize { bytes: u64 },
    #[error("it would take {needed_bytes} bytes of memory, {max_bytes} are allowed")]
    Memory { needed_bytes: u64, max_bytes: u64 },
    #[error(
        "the images differ too much: {delta_bytes} bytes were expected for an image of {full_bytes}"
    )]
    TooDifferent { delta_bytes: u64, full_bytes: u64 },
    #[error("it would take some {expected_s} s, {max_s} s are allowed")]
    TooSlow { expected_s: u64, max_s: u64 },
    #[error("it was not ready after {} s", .0.as_secs())]
    Deadline(Duration),
    #[error("the engine is stopping")]
    Stopped,
    #[error("the delta has {delta_bytes} bytes, too many for an image of {full_bytes}")]
    NotWorthwhile { delta_bytes: u64, full_bytes: u64 },
    #[error("the encoder panicked: {0}")]
    Panicked(String),
    #[error("zstd failed")]
    Compression(#[source] io::Error),
    #[error("the delta cannot be decoded")]
    Undecodable(#[source] DeltaError),
    #[error("the delta yields another image")]
    WrongResult,
}

/// Makes the delta from `old` to `new`. The same images give the same delta, for one [`ENCODER_VERSION`].
pub fn encode(old: &[u8], new: &[u8], limits: Limits) -> Result<Delta, DeltaDeclined> {
    encode_unless_stopped(old, new, limits, &AtomicBool::new(false))
}

fn encode_unless_stopped(
    old: &[u8],
    new: &[u8],
    limits: Limits,
    stop: &AtomicBool,
) -> Result<Delta, DeltaDeclined> {
    let budget = Budget::new(limits.deadline, stop);
    catch_panic(|| {
        check_sizes(old, new, limits)?;
        let estimate = estimate::estimate(old, new).map_err(DeltaDeclined::Compression)?;
        check_estimate(estimate, new, limits)?;
        let stream = diff(old, new, &budget)?;
        let bytes = compress(&stream, &budget)?;
        drop(stream);
        if !is_worthwhile(bytes.len() as u64, new.len() as u64) {
            return Err(DeltaDeclined::NotWorthwhile {
                delta_bytes: bytes.len() as u64,
                full_bytes: new.len() as u64,
            });
        }
        check_result(old, &bytes, new)?;
        Ok(Delta {
            format: FORMAT,
            bytes,
        })
    })
}

/// `bidiff` indexes by what it computes; a panic of its own costs one delta.
fn catch_panic<T>(attempt: impl FnOnce() -> Result<T, DeltaDeclined>) -> Result<T, DeltaDeclined> {
    panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(DeltaDeclined::Panicked(message.unwrap_or_default()))
    })
}

fn check_sizes(old: &[u8], new: &[u8], limits: Limits) -> Result<(), DeltaDeclined> {
    if old.is_empty() || new.is_empty() {
        return Err(DeltaDeclined::EmptyImage);
    }
    if old.len() > OLD_BYTES_MAX {
        return Err(DeltaDeclined::OldImageSize {
            bytes: old.len() as u64,
        });
    }
    check_memory(old.len() as u64, new.len() as u64, limits)
}

/// Whether images of these sizes are small enough, so that nobody needs to read them to know.
fn check_memory(old_bytes: u64, new_bytes: u64, limits: Limits) -> Result<(), DeltaDeclined> {
    let needed_bytes = old_bytes
        .saturating_add(new_bytes)
        .saturating_mul(MEMORY_TENTHS_PER_BYTE)
        / 10;
    if needed_bytes > limits.memory_bytes_max {
        return Err(DeltaDeclined::Memory {
            needed_bytes,
            max_bytes: limits.memory_bytes_max,
        });
    }
    Ok(())
}

fn check_estimate(
    estimate: estimate::Estimate,
    new: &[u8],
    limits: Limits,
) -> Result<(), DeltaDeclined> {
    let full_bytes = new.len() as u64;
    if !is_worthwhile(estimate.delta_bytes, full_bytes) {
        return Err(DeltaDeclined::TooDifferent {
            delta_bytes: estimate.delta_bytes,
            full_bytes,
        });
    }
    if estimate.time > limits.deadline {
        return Err(DeltaDeclined::TooSlow {
            expected_s: estimate.time.as_secs(),
            max_s: limits.deadline.as_secs(),
        });
    }
    Ok(())
}

const fn is_worthwhile(delta_bytes: u64, full_bytes: u64) -> bool {
    delta_bytes.saturating_mul(100) <= full_bytes.saturating_mul(DELTA_PERCENT_MAX)
}

fn diff(old: &[u8], new: &[u8], budget: &Budget<'_>) -> Result<Vec<u8>, DeltaDeclined> {
    let params = DiffParams::new(SORT_PARTITIONS, None).expect("one partition is a valid number");
    // Nearly always the stream is a little longer than the new image.
    let stream = Vec::with_capacity(new.len() + new.len() / 16);
    let mut writer = enc::Writer::new(stream).map_err(DeltaDeclined::Compression)?;
    let mut translator = Translator::new(old, new, |control| {
        budget.check()?;
        writer.write(control).map_err(DeltaDeclined::Compression)
    });
    bidiff::diff(old, new, &params, |found| translator.translate(found))?;
    translator.close()?;
    Ok(writer.into_inner())
}

fn compress(stream: &[u8], budget: &Budget<'_>) -> Result<Vec<u8>, DeltaDeclined> {
    /// Compressed between looks at the clock, a second or so.
    const STEP_BYTES: usize = 1 << 20;

    let mut encoder =
        zstd::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(DeltaDeclined::Compression)?;
    let set_up = |encoder: &mut zstd::Encoder<'_, Vec<u8>>| {
        // The size lets zstd take the smallest window for it, which devices have to hold.
        encoder.set_pledged_src_size(Some(stream.len() as u64))?;
        for parameter in [
            CParameter::EnableLongDistanceMatching(true),
            CParameter::WindowLog(ZSTD_WINDOW_LOG),
            CParameter::ChainLog(ZSTD_CHAIN_LOG),
            CParameter::SearchLog(ZSTD_SEARCH_LOG),
            CParameter::TargetLength(ZSTD_TARGET_LENGTH),
        ] {
            encoder.set_parameter(parameter)?;
        }
        io::Result::Ok(())
    };
    set_up(&mut encoder).map_err(DeltaDeclined::Compression)?;
    for step in stream.chunks(STEP_BYTES) {
        budget.check()?;
        encoder
            .write_all(step)
            .map_err(DeltaDeclined::Compression)?;
    }
    encoder.finish().map_err(DeltaDeclined::Compression)
}

/// Does as a device will: most damaged deltas decode to something, so only the digest of the result counts.
fn check_result(old: &[u8], delta: &[u8], new: &[u8]) -> Result<(), DeltaDeclined> {
    let limits = decoder::Limits::for_image(new.len() as u64);
    let result = decoder::apply(FORMAT, old, delta, limits).map_err(DeltaDeclined::Undecodable)?;
    if Digest::of(&result) != Digest::of(new) {
        return Err(DeltaDeclined::WrongResult);
    }
    Ok(())
}
