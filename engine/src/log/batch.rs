//! A batch: the records that become durable together, packed as they are stored.

use thiserror::Error;

/// The largest record, inclusive: one fact is one leaf of an audit proof, and a leaf is meant to travel in one message.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The most records in a batch, inclusive: what the engine takes from its inbox in one step.
pub const BATCH_RECORDS_MAX: u32 = 8_192;

/// The largest batch, inclusive, packed and uncompressed: bounds what a reader must hold to decode a frame.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Why a record was not taken into a batch. The batch is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchError {
    #[error("a record of {bytes} bytes is over the limit of {RECORD_BYTES_MAX}")]
    RecordTooLarge { bytes: usize },
    #[error("the batch has its {BATCH_RECORDS_MAX} records")]
    TooManyRecords,
    #[error(
        "the record would bring the batch to {bytes} bytes, over its limit of {BATCH_BYTES_MAX}"
    )]
    BatchTooLarge { bytes: usize },
}

/// Records with consecutive sequence numbers and one timestamp, kept as a CBOR sequence (RFC 8742) of byte strings.
///
/// What a record means is its writer's business. The byte string around it lets every reader find its end without
/// parsing it, at a cost of one to three bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    first_seq: u64,
    at_ms: u64,
    records: u32,
    packed: Vec<u8>,
}

impl Batch {
    /// An empty batch whose first record will have the number `first_seq`; the log's first is 1.
    #[must_use]
    pub fn new(first_seq: u64, at_ms: u64) -> Self {
        Self {
            first_seq,
            at_ms,
            records: 0,
            packed: Vec::new(),
        }
    }

    /// Empties the batch for the next records and keeps its memory.
    pub fn reset(&mut self, first_seq: u64, at_ms: u64) {
        self.first_seq = first_seq;
        self.at_ms = at_ms;
        self.records = 0;
        self.packed.clear();
    }

    /// Adds a record and returns its sequence number.
    ///
    /// # Errors
    /// The record is over its limit, or the batch would be: append the batch, reset it and push again.
    pub fn push(&mut self, record: &[u8]) -> Result<u64, BatchError> {
        if record.len() > RECORD_BYTES_MAX {
            return Err(BatchError::RecordTooLarge {
                bytes: record.len(),
            });
        }
        if self.records == BATCH_RECORDS_MAX {
            return Err(BatchError::TooManyRecords);
        }
        let head = ByteStringHead::of(record.len());
        let bytes = self.packed.len() + head.as_bytes().len() + record.len();
        if bytes > BATCH_BYTES_MAX {
            return Err(BatchError::BatchTooLarge { bytes });
        }
        self.packed.extend_from_slice(head.as_bytes());
        self.packed.extend_from_slice(record);
        self.records += 1;
        Ok(self.first_seq + u64::from(self.records) - 1)
    }

    /// Where the batch stands now, to come back to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            records: self.records,
            bytes: self.packed.len(),
        }
    }

    /// Takes back all records since the mark was made; the batch has not been reset since.
    pub fn rewind(&mut self, mark: Mark) {
        self.records = mark.records;
        self.packed.truncate(mark.bytes);
    }

    /// The number of the first record.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The engine's timestamp of all records, milliseconds UTC.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.records
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The CBOR sequence.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }
}

/// A state of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    records: u32,
    bytes: usize,
}

/// The CBOR head of a byte string of at most [`RECORD_BYTES_MAX`] bytes (RFC 8949 section 3, major type 2).
struct ByteStringHead {
    bytes: [u8; 3],
    len: usize,
}

impl ByteStringHead {
    fn of(length: usize) -> Self {
        let [.., high, low] = length.to_be_bytes();
        match length {
            0..24 => Self {
                bytes: [0x40 | low, 0, 0],
                len: 1,
            },
            24..256 => Self {
                bytes: [0x58, low, 0],
                len: 2,
            },
            _ => Self {
                bytes: [0x59, high, low],
                len: 3,
            },
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Splits the first record off a packed batch; `None` if what stands there is not a byte string as [`Batch`] writes it.
pub(super) fn split_record(packed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match packed {
        [short @ 0x40..0x58, rest @ ..] => (usize::from(short & 0x1f), rest),
        [0x58, low, rest @ ..] => (usize::from(*low), rest),
        [0x59, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}
