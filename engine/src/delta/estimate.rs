//! What a delta will cost, before it is paid: images without likeness take ten times as long as others, for nothing.
//!
//! Pieces of [`WINDOW_BYTES`] are sampled by their hash, so that the same piece is sampled wherever it stands. A block of
//! the new image that shares no sample with the old image is taken as new, and what fast compression leaves of all such
//! blocks as the size of the delta. That is meant to be too small rather than too large: what is refused here would not
//! have been worthwhile, and what is not may still be.

use std::io;
use std::time::Duration;

/// Bytes of a piece: a few instructions, so that the code between two changed addresses often has whole ones.
const WINDOW_BYTES: usize = 16;
/// One of so many pieces is sampled: a block has 64, and an old image of 275 MB needs 34 MB for its samples.
const SAMPLED_ONE_IN: u64 = 64;
/// Of the new image, a page of a file system.
const BLOCK_BYTES: usize = 4096;
/// Fast: hundreds of megabytes a second.
const ZSTD_LEVEL: i32 = 1;
/// Bytes a second where the images are alike, and where they are not, at the lower end of what was measured.
const KNOWN_BYTES_PER_S: u64 = 1_000_000;
const NEW_BYTES_PER_S: u64 = 300_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    pub delta_bytes: u64,
    pub time: Duration,
}

pub fn estimate(old: &[u8], new: &[u8]) -> io::Result<Estimate> {
    let mut known: Vec<u64> = Samples::of(old).map(|(_, hash)| hash).collect();
    known.sort_unstable();
    known.dedup();

    let mut is_known = vec![false; new.len().div_ceil(BLOCK_BYTES)];
    for (end, hash) in Samples::of(new) {
        let block = &mut is_known[end / BLOCK_BYTES];
        *block = *block || known.binary_search(&hash).is_ok();
    }

    let mut compressed = zstd::Encoder::new(Counter(0), ZSTD_LEVEL)?;
    let mut new_bytes = 0;
    for (block, _) in new
        .chunks(BLOCK_BYTES)
        .zip(is_known)
        .filter(|(_, is_known)| !is_known)
    {
        new_bytes += block.len() as u64;
        io::Write::write_all(&mut compressed, block)?;
    }
    let known_bytes = new.len() as u64 - new_bytes;
    let ms = known_bytes.saturating_mul(1_000) / KNOWN_BYTES_PER_S
        + new_bytes.saturating_mul(1_000) / NEW_BYTES_PER_S;
    Ok(Estimate {
        delta_bytes: compressed.finish()?.0,
        time: Duration::from_millis(ms),
    })
}

/// The sampled pieces of an image: the place of each one's last byte, and its hash.
struct Samples<'a> {
    image: &'a [u8],
    next: usize,
    hash: u64,
}

/// An odd number without pattern (2^64 divided by the golden ratio): the base of the polynomial, and what spreads its
/// values.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const MULTIPLIER_TO_THE_WINDOW: u64 = MULTIPLIER.wrapping_pow(WINDOW_BYTES as u32);

impl<'a> Samples<'a> {
    fn of(image: &'a [u8]) -> Self {
        Self {
            image,
            next: 0,
            hash: 0,
        }
    }
}

impl Iterator for Samples<'_> {
    type Item = (usize, u64);

    fn next(&mut self) -> Option<(usize, u64)> {
        while let Some(&entering) = self.image.get(self.next) {
            let end = self.next;
            self.next += 1;
            self.hash = self
                .hash
                .wrapping_mul(MULTIPLIER)
                .wrapping_add(u64::from(entering) + 1);
            if let Some(leaving) = end.checked_sub(WINDOW_BYTES) {
                let weight =
                    (u64::from(self.image[leaving]) + 1).wrapping_mul(MULTIPLIER_TO_THE_WINDOW);
                self.hash = self.hash.wrapping_sub(weight);
            }
            // The high bits of a product depend on all bits of its factors.
            let spread = (self.hash ^ (self.hash >> 32)).wrapping_mul(MULTIPLIER);
            if end + 1 >= WINDOW_BYTES && spread >> 32 < (1 << 32) / SAMPLED_ONE_IN {
                return Some((end, self.hash));
            }
        }
        None
    }
}

/// Counts what is written and forgets it.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
