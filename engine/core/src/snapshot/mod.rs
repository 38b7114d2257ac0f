//! The state as bytes: complete, canonical and deterministic, so that a start need not fold all history.
//!
//! The same facts give the same bytes, whichever way the state was reached: by live steps, by replay from the first
//! fact, or by restoring an earlier snapshot and replaying the rest. So the [`digest`] of these bytes is the digest of
//! the state, and two engines agree if their digests do.
//!
//! The content is a sequence of sections, each one CBOR array: the section's kind, then whole rows, which are maps with
//! integer keys. Kinds follow each other in ascending order. The head comes first and says how many rows of each kind
//! there are, so a missing end is noticed. What can be computed from other rows is left out (timers, the set of active
//! campaigns), except the tallies: they are written to be checked.
//!
//! **Numbers are for ever.** The number of a kind, key or variant never changes and is never used again. A new key is
//! optional. [`FORMAT`] is raised when an older snapshot can no longer be read as it is; snapshots of another format are
//! ignored, and the state is built from the log instead, which holds everything.

mod beside;
mod campaigns;
mod reader;
mod rows;
mod writer;

use minicbor::decode::Error as CborError;

pub use self::{
    beside::{Beside, Work},
    reader::Reader,
};
use crate::State;

/// The number of the form described here. A store of snapshots keeps it beside the content.
pub const FORMAT: u32 = 2;

/// No section is larger, inclusive: what a reader must hold in memory at once. The largest row, a release with its
/// manifest, is a fact of 16 KiB.
pub const SECTION_BYTES_MAX: usize = 256 * 1024;

/// Hands the state's content to `section`, one section after the other.
pub fn write(state: &State, section: &mut dyn FnMut(&[u8])) {
    writer::write(state, section);
}

/// BLAKE3 over, for every section, its length (u32, little-endian) and its bytes.
#[must_use]
pub fn digest(state: &State) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    write(state, &mut |section| {
        let length = u32::try_from(section.len()).expect("a section is small");
        hasher.update(&length.to_le_bytes());
        hasher.update(section);
    });
    *hasher.finalize().as_bytes()
}

/// Why bytes are not a state.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("section {section} is not readable")]
    Malformed {
        section: u32,
        #[source]
        source: CborError,
    },
    #[error("section {section} has {bytes} bytes, at most {SECTION_BYTES_MAX} are allowed")]
    SectionTooLarge { section: u32, bytes: usize },
    #[error("section {section} is of kind {kind}, which this version does not know")]
    UnknownKind { section: u32, kind: u32 },
    #[error("section {section}, {kind}, stands in the wrong place")]
    OutOfOrder { section: u32, kind: &'static str },
    #[error("{expected} {what} were announced, there are {found}")]
    Count {
        what: &'static str,
        expected: u32,
        found: u32,
    },
    #[error("there is no memory for {count} {what}")]
    TooMany { what: &'static str, count: u32 },
    #[error("{what} {row}: its {field} is out of range")]
    OutOfRange {
        what: &'static str,
        row: u32,
        field: &'static str,
    },
    #[error("{what} {row} has a name that is taken")]
    NameTaken { what: &'static str, row: u32 },
    #[error("{what} {row} is not in its order")]
    Unsorted { what: &'static str, row: u32 },
    #[error("the tallies of campaign {campaign} are not those of its members")]
    Tally { campaign: u32 },
}
