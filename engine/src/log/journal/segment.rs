//! A segment: one file of the journal. A header, then frames, then in a complete segment a seal, and in the last one, which
//! is not complete, any number of zeros, over which the frames to come are written.
//!
//! ```text
//! magic     8 bytes   "FFJOURNL"
//! version   u32 LE
//! first_seq u64 LE    number of the first record; the file's name says the same
//! at_ms     u64 LE    the log's tail before this segment: time
//! chain     32 bytes  and chain value
//! crc32     u32 LE    over all of the above
//! ```
//! Version 1 has no seals and is only read; version 2 also packs with LZ4; only since version 3 are there zeros at the end. No
//! file mixes versions.
//!
//! A header is complete before the file gets its name, so one that does not read is damage and never a crash's doing.

use std::io;
use std::path::{Path, PathBuf};

use super::tail::{Content, Tail};
use crate::log::disk::Disk;
use crate::log::{FORMAT_VERSION, Head};

const MAGIC: [u8; 8] = *b"FFJOURNL";

/// Which rules a segment follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Complete when another segment follows.
    One,
    /// Complete when it is sealed.
    Two,
    /// The same, and zeros may follow as long as it is not.
    Three,
}

pub(super) const HEADER_BYTES: usize = 8 + 4 + 8 + 8 + 32 + 4;

/// The suffix of a segment, and of one that is being created.
pub(super) const FINISHED: &str = ".ffj";
pub(super) const UNFINISHED: &str = ".ffj-new";

/// Where the segment that starts with `first_seq` is: names sort as numbers do.
pub(in crate::log) fn path(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("{first_seq:020}{FINISHED}"))
}

/// The number in a segment's file name; `None` for any other file.
pub(super) fn first_seq_of(name: &str) -> Option<u64> {
    let digits = name
        .strip_suffix(FINISHED)
        .filter(|digits| digits.len() == 20)?;
    digits.parse().ok()
}

/// Creates the segment that follows `head`, and returns it ready for appending. One that is there has no frame.
pub(super) fn create(disk: &dyn Disk, dir: &Path, head: &Head) -> io::Result<Tail> {
    let path = path(dir, head.seq + 1);
    let unfinished = path.with_extension(&UNFINISHED[1..]);
    let mut tail = draft(disk, &unfinished, head)?;
    tail.file.sync()?;
    disk.rename(&unfinished, &path)?;
    // Without this a power cut may take the name, and with it every frame that is synced into the file later on.
    disk.sync_dir(dir)?;
    Ok(tail)
}

/// Begins a segment's file under any name, without a sync.
pub(in crate::log) fn draft(disk: &dyn Disk, path: &Path, head: &Head) -> io::Result<Tail> {
    let mut file = disk.create(path)?;
    let header = header(head);
    file.append(&header)?;
    let mut content = Content::new(Format::Three, *head);
    content.add(&header);
    Ok(Tail {
        file,
        file_bytes: content.bytes,
        content,
    })
}

fn header(head: &Head) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    header.extend_from_slice(&(head.seq + 1).to_le_bytes());
    header.extend_from_slice(&head.at_ms.to_le_bytes());
    header.extend_from_slice(&head.chain);
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    header
}

pub(super) enum HeaderFault {
    Damaged,
    Version(u32),
}

pub(super) fn parse_header(bytes: &[u8]) -> Result<(Format, Head), HeaderFault> {
    let header = bytes
        .first_chunk::<HEADER_BYTES>()
        .ok_or(HeaderFault::Damaged)?;
    let (magic, rest) = header
        .split_first_chunk::<8>()
        .ok_or(HeaderFault::Damaged)?;
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(HeaderFault::Damaged)?;
    if *magic != MAGIC {
        return Err(HeaderFault::Damaged);
    }
    // Before the checksum, which another version may place elsewhere.
    let format = match u32::from_le_bytes(*version) {
        1 => Format::One,
        2 => Format::Two,
        FORMAT_VERSION => Format::Three,
        unknown => return Err(HeaderFault::Version(unknown)),
    };
    let (first_seq, rest) = rest.split_first_chunk::<8>().ok_or(HeaderFault::Damaged)?;
    let (at_ms, rest) = rest.split_first_chunk::<8>().ok_or(HeaderFault::Damaged)?;
    let (chain, rest) = rest.split_first_chunk::<32>().ok_or(HeaderFault::Damaged)?;
    if rest != crc32fast::hash(&header[..HEADER_BYTES - 4]).to_le_bytes() {
        return Err(HeaderFault::Damaged);
    }
    let seq = u64::from_le_bytes(*first_seq)
        .checked_sub(1)
        .ok_or(HeaderFault::Damaged)?;
    let head = Head {
        seq,
        at_ms: u64::from_le_bytes(*at_ms),
        chain: *chain,
    };
    Ok((format, head))
}
