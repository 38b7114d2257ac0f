//! Rebuilding an image from an old one and a delta: the device's side.
//!
//! One format so far, [`BIDIFF_ZSTD`]: `zstd( bidiff::enc::Writer stream )`. That is one zstd frame (RFC 8878) around
//!
//! ```text
//! stream  = magic version record*
//! magic   = u32 little-endian 0xB1DF        version = u32 little-endian 0x1000
//! record  = add_len   varint (LEB128)       so many bytes follow; each is added, modulo 256, to the next byte of the
//!           add       bytes                 old image, which moves on
//!           copy_len  varint (LEB128)       so many bytes follow, which are the new image's as they are
//!           copy      bytes
//!           seek      varint (zigzag)       moves the place in the old image, relative to where it is
//! ```
//! as `bidiff` 1.0 writes it (`Translator`, `enc::Writer`) and `bipatch` 1.0 reads it. There is no length and no digest
//! inside, and most damaged deltas decode to something: only the digest of the result says whether it is the image.
//! Decoding is bounded in output, work and memory, and has no panics to offer.

use std::io::{self, BufReader, Cursor, Read};

/// The format's name in offers, and the capability by which a device says that it can decode it.
pub const BIDIFF_ZSTD: &str = fleetfold_schemas::job::DELTA_FORMAT;

/// Control bytes allowed beyond the new image's own: twelve for each record is typical, and an encoder that needs more
/// than this makes no worthwhile delta. Records that do nothing would otherwise cost time without end.
const CONTROL_BYTES_SLACK: u64 = 64 * 1024;
/// Largest zstd window, as a power of two: 128 MiB, what level 22 uses at most.
const WINDOW_LOG_MAX: u32 = 27;

/// How much a delta may produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The new image's length, which the manifest states.
    pub output_bytes: u64,
    /// Length of the stream inside the compression.
    pub stream_bytes_max: u64,
}

impl Limits {
    #[must_use]
    pub const fn for_image(bytes: u64) -> Self {
        Self {
            output_bytes: bytes,
            stream_bytes_max: bytes.saturating_mul(2).saturating_add(CONTROL_BYTES_SLACK),
        }
    }
}

/// Why a delta does not yield an image.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    #[error("delta format {0:?} is unknown here")]
    UnknownFormat(String),
    #[error("the delta cannot be read")]
    Malformed(#[source] io::Error),
    #[error("the delta does not begin like one")]
    Header(#[source] bipatch::DecodeError),
    #[error("the delta yields {found} bytes or more where {expected} were expected")]
    Length { found: u64, expected: u64 },
}

impl DeltaError {
    /// The stable code in reports.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat(_) => "delta_format",
            Self::Malformed(_) | Self::Header(_) => "delta_malformed",
            Self::Length { .. } => "delta_length",
        }
    }
}

/// Rebuilds the new image. The result has the expected length; whether it is right, only its digest can tell.
pub fn apply(
    format: &str,
    old: &[u8],
    patch: &[u8],
    limits: Limits,
) -> Result<Vec<u8>, DeltaError> {
    if format != BIDIFF_ZSTD {
        return Err(DeltaError::UnknownFormat(format.to_owned()));
    }
    let mut frame =
        zstd::stream::read::Decoder::with_buffer(patch).map_err(DeltaError::Malformed)?;
    frame
        .window_log_max(WINDOW_LOG_MAX)
        .map_err(DeltaError::Malformed)?;
    // Lengths are read byte by byte, hence the second buffer.
    let stream = BufReader::new(frame.single_frame().take(limits.stream_bytes_max));
    let image = bipatch::Reader::new(stream, Cursor::new(old)).map_err(DeltaError::Header)?;
    let mut new = Vec::new();
    image
        .take(limits.output_bytes.saturating_add(1))
        .read_to_end(&mut new)
        .map_err(DeltaError::Malformed)?;
    let found = new.len() as u64;
    if found != limits.output_bytes {
        return Err(DeltaError::Length {
            found,
            expected: limits.output_bytes,
        });
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(old: &[u8], new: &[u8]) -> Vec<u8> {
        let mut stream = Vec::new();
        bidiff::simple_diff(old, new, &mut stream).unwrap();
        zstd::encode_all(&stream[..], 19).unwrap()
    }

    /// Bytes that look random and always are the same.
    fn noise(seed: &str, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        blake3::Hasher::new()
            .update(seed.as_bytes())
            .finalize_xof()
            .fill(&mut bytes);
        bytes
    }

    fn pair() -> (Vec<u8>, Vec<u8>) {
        let old = noise("old", 40_000);
        let mut new = old.clone();
        new[100] ^= 1;
        new.splice(20_000..20_100, noise("inserted", 400));
        new.extend(noise("appended", 1_000));
        (old, new)
    }

    #[test]
    fn a_delta_yields_the_new_image_and_is_smaller_than_it() {
        let (old, new) = pair();
        let patch = encode(&old, &new);
        assert!(patch.len() < new.len() / 10, "{}", patch.len());
        let limits = Limits::for_image(new.len() as u64);
        assert_eq!(apply(BIDIFF_ZSTD, &old, &patch, limits).unwrap(), new);
    }

    #[test]
    fn a_delta_that_yields_one_byte_more_or_less_is_refused() {
        let (old, new) = pair();
        let patch = encode(&old, &new);
        for wanted in [new.len() - 1, new.len() + 1, 0] {
            let error = apply(BIDIFF_ZSTD, &old, &patch, Limits::for_image(wanted as u64));
            assert_eq!(error.unwrap_err().code(), "delta_length", "{wanted}");
        }
    }

    #[test]
    fn a_small_frame_that_unpacks_to_endless_idle_records_ends_early() {
        let mut stream = Vec::new();
        stream.extend_from_slice(&bipatch::MAGIC.to_le_bytes());
        stream.extend_from_slice(&bipatch::VERSION.to_le_bytes());
        stream.resize(300_000_000, 0);
        let patch = zstd::encode_all(&stream[..], 1).unwrap();
        assert!(patch.len() < 100_000);
        assert!(apply(BIDIFF_ZSTD, b"old", &patch, Limits::for_image(1_000)).is_err());
    }

    #[test]
    fn damaged_deltas_never_panic_nor_exceed_their_length() {
        let (old, new) = pair();
        let good = encode(&old, &new);
        let plain = zstd::decode_all(&good[..]).unwrap();
        let limits = Limits::for_image(new.len() as u64);
        let choices = noise("damage", 4 * 2_000);
        for choice in choices.chunks_exact(4) {
            let at = usize::from(choice[0]) << 8 | usize::from(choice[1]);
            // Half of the damage hits the compression, half what is inside it.
            let patch = if choice[3] & 1 == 0 {
                let mut patch = good.clone();
                let at = at % patch.len();
                patch[at] ^= choice[2];
                patch
            } else {
                let mut stream = plain.clone();
                let at = if choice[3] & 2 == 0 {
                    at % 64
                } else {
                    at % stream.len()
                };
                stream[at] ^= choice[2];
                zstd::encode_all(&stream[..], 1).unwrap()
            };
            if let Ok(result) = apply(BIDIFF_ZSTD, &old, &patch, limits) {
                assert_eq!(result.len(), new.len());
            }
        }
        for len in 0..good.len() {
            let _ = apply(BIDIFF_ZSTD, &old, &good[..len], limits);
        }
    }

    #[test]
    fn an_unknown_format_is_refused_by_name() {
        let error = apply("xdelta", b"", b"", Limits::for_image(0)).unwrap_err();
        assert_eq!(error.code(), "delta_format");
    }
}
