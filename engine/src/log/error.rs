//! What can go wrong with the log.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An operation on the log failed.
#[derive(Debug, Error)]
pub enum LogError {
    #[error("{} is in use by another process; one log has one writer", dir.display())]
    InUse { dir: PathBuf },
    #[error("{} has no journal", dir.display())]
    NoJournal { dir: PathBuf },
    #[error(
        "{} at offset {offset}: {damage}; `fleetfold log repair` mends the journal, if another copy is intact", segment.display()
    )]
    Corrupt {
        segment: PathBuf,
        offset: u64,
        damage: Damage,
    },
    #[error("{} has journal format {version}; this version reads formats 1 to {}", segment.display(), super::FORMAT_VERSION)]
    UnknownFormat { segment: PathBuf, version: u32 },
    #[error(
        "the log ends at record {head_seq}, and the snapshot {} was made of records up to {snapshot_seq}: \
         the records between were durable and are lost here. Restore them from a copy (`fleetfold log repair`, with \
         the archive); only who accepts the loss removes the snapshot", snapshot.display()
    )]
    Behind {
        snapshot: PathBuf,
        snapshot_seq: u64,
        head_seq: u64,
    },
    #[error(
        "records {from} to {to} are in no snapshot and not in the journal: restore the segments that hold them from \
         the archive (`fleetfold log repair`)"
    )]
    HistoryMissing { from: u64, to: u64 },
    #[error(
        "records from {from} {} are intact in no copy: journal, archive and index have them no further than {}. \
         Nothing was changed; look for another copy of the journal, the archive or the whole directory",
        to.map_or("on".to_owned(), |to| format!("to {to}")), from - 1
    )]
    Lost { from: u64, to: Option<u64> },
    #[error("the log has another history than the one that is to be continued at {seq}")]
    OtherHistory { seq: u64 },
    #[error("the log ends at record {head_seq}, before {seq}, from where it is to be read")]
    EndsBefore { seq: u64, head_seq: u64 },
    #[error("the batch starts at {first_seq}, the log goes on at {expected}")]
    OutOfOrder { first_seq: u64, expected: u64 },
    #[error("the batch is of {at_ms} ms, before the log's tail of {tail_ms} ms")]
    TimeRegressed { at_ms: u64, tail_ms: u64 },
    #[error("an earlier append failed; only reopening tells what is stored")]
    Poisoned,
    #[error("cannot create the directory {}", path.display())]
    CreateDirectory { path: PathBuf, source: io::Error },
    #[error("cannot list {}", path.display())]
    ListDirectory { path: PathBuf, source: io::Error },
    #[error("cannot make the names in {} durable", path.display())]
    SyncDirectory { path: PathBuf, source: io::Error },
    #[error("cannot lock {}", path.display())]
    Lock { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot create the segment {}", path.display())]
    CreateSegment { path: PathBuf, source: io::Error },
    #[error("cannot open {} for appending", path.display())]
    OpenTail { path: PathBuf, source: io::Error },
    #[error("cannot append to {}", path.display())]
    Append { path: PathBuf, source: io::Error },
    #[error("cannot seal the segment {}", path.display())]
    Seal { path: PathBuf, source: io::Error },
    #[error("cannot truncate the torn tail of {}", path.display())]
    Truncate { path: PathBuf, source: io::Error },
    #[error("cannot read the snapshot {}", path.display())]
    ReadSnapshot { path: PathBuf, source: io::Error },
    #[error("cannot write the snapshot {}", path.display())]
    WriteSnapshot { path: PathBuf, source: io::Error },
    #[error("cannot remove the snapshot {}", path.display())]
    RemoveSnapshot { path: PathBuf, source: io::Error },
    #[error(
        "a section of {bytes} bytes is over the limit of {}",
        super::SECTION_BYTES_MAX
    )]
    SectionTooLarge { bytes: usize },
    #[error("cannot write the archive's {}", path.display())]
    Archive { path: PathBuf, source: io::Error },
    #[error("the archive's {} is not the journal's segment of that name; it is left as it is", path.display())]
    ArchiveDiffers { path: PathBuf },
    #[error("cannot remove the segment {}", path.display())]
    RemoveSegment { path: PathBuf, source: io::Error },
    #[error("cannot set {} aside", path.display())]
    SetAside { path: PathBuf, source: io::Error },
    #[error("cannot build the index {}", path.display())]
    Index { path: PathBuf, source: IndexFault },
    #[error("cannot set up zstd")]
    Zstd { source: io::Error },
    #[error("cannot tell the free space of {}", path.display())]
    FreeSpace { path: PathBuf, source: io::Error },
}

/// What is wrong with stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Damage {
    #[error("the file ends inside a frame")]
    Cut,
    #[error("a frame body of {0} bytes is impossible")]
    Length(u32),
    #[error("the checksum does not match")]
    Checksum,
    #[error("the frame header's field `{0}` is out of range")]
    Field(&'static str),
    #[error("codec {0} is unknown; a newer version may have written it")]
    Codec(u8),
    #[error("the payload is not the records its header announces")]
    Payload,
    #[error("found sequence number {found} where {expected} is next")]
    Sequence { expected: u64, found: u64 },
    #[error("the time of {at_ms} ms is before the {tail_ms} ms of what precedes it")]
    Time { tail_ms: u64, at_ms: u64 },
    #[error("the chain value does not continue the chain")]
    Chain,
    #[error("the seal does not match what it closes")]
    Seal,
    #[error("the segment is complete and has lost its seal")]
    Unsealed,
    #[error("something stands behind the seal")]
    BehindSeal,
    #[error("the file's header is damaged")]
    SegmentHeader,
    #[error("the file's name and its header disagree")]
    SegmentName,
}

/// Why the index was not usable. The journal has everything, so this is an inconvenience and no loss.
#[derive(Debug, Error)]
pub enum IndexFault {
    #[error("sled failed")]
    Sled(#[from] sled::Error),
    #[error("sled panicked: {0}")]
    Panicked(String),
    #[error("sled did not answer in time")]
    TimedOut,
    #[error("it was let go of")]
    Abandoned,
    #[error("it was found damaged in an earlier run")]
    Suspect,
    #[error("the row of batch {first_seq} is damaged: {damage}")]
    Row { first_seq: u64, damage: Damage },
    #[error("it has another history than the journal at {seq}")]
    Differs { seq: u64 },
    #[error("io failed")]
    Io(#[from] io::Error),
}

/// A replay ended early.
#[derive(Debug, Error)]
pub enum ReplayError<E> {
    #[error(transparent)]
    Log(#[from] LogError),
    /// The visitor's own error.
    #[error("the reader of the log stopped")]
    Visit(#[source] E),
}
