//! A frame: one batch as it is stored, in the journal and in the index alike.
//!
//! All integers are little-endian.
//! ```text
//! crc32      u32       over everything that follows
//! length     u32       of the body
//! chain      32 bytes  BLAKE3(chain value of the frame before, body)
//! body:
//!   first_seq  u64
//!   at_ms      u64
//!   records    u32
//!   packed     u32     length of the payload before compression
//!   codec      u8      0 as it is, 1 zstd, 2 an LZ4 block
//!   payload            a CBOR sequence of byte strings, one per record
//! ```
//! The chain is taken over stored bytes and never over a re-encoding, so any later reader can check it.

use std::io;

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};
use zstd::bulk::Decompressor;

use super::batch::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Batch, split_record};
use super::error::Damage;
use super::{Chain, Head};

const CRC_BYTES: usize = 4;
/// As much of a frame as tells its length.
pub(super) const LENGTH_END: usize = CRC_BYTES + 4;
const PREFIX_BYTES: usize = LENGTH_END + 32;
const HEADER_BYTES: usize = 8 + 8 + 4 + 4 + 1;

/// The largest frame: a payload that does not shrink is stored as it is, so compression never adds to it.
pub(super) const FRAME_BYTES_MAX: usize = PREFIX_BYTES + HEADER_BYTES + BATCH_BYTES_MAX;

/// Below this compression saves next to nothing and costs more than the checksum and the chain together.
const COMPRESS_BYTES_MIN: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Raw = 0,
    /// What version 1 of the journal was written with.
    Zstd = 1,
    /// Stores a thousand reports in a quarter more than zstd's fastest regular level, in about half of its time: an
    /// append waits for every microsecond of it, and a few kilobytes more cost a sync nothing.
    Lz4 = 2,
}

/// A frame whose checksum and header are in order. Whether it continues the log is for [`Head::after`] to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) at_ms: u64,
    pub(super) records: u32,
    pub(super) chain: Chain,
    /// The whole frame.
    pub(super) stored: &'a [u8],
    packed_bytes: usize,
    codec: Codec,
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the frame that `bytes` starts with; more may follow it.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Damage> {
        let length = stored_bytes(bytes)?.ok_or(Damage::Cut)?;
        let stored = bytes.get(..length).ok_or(Damage::Cut)?;
        let mut rest = stored;
        let crc = u32::from_le_bytes(take(&mut rest)?);
        if crc32fast::hash(rest) != crc {
            return Err(Damage::Checksum);
        }
        let _length: [u8; 4] = take(&mut rest)?;
        let chain = take(&mut rest)?;
        let body = rest;
        let first_seq = u64::from_le_bytes(take(&mut rest)?);
        let at_ms = u64::from_le_bytes(take(&mut rest)?);
        let records = u32::from_le_bytes(take(&mut rest)?);
        let packed_bytes = u32::from_le_bytes(take(&mut rest)?) as usize;
        let [codec] = take(&mut rest)?;
        if !(1..=BATCH_RECORDS_MAX).contains(&records) {
            return Err(Damage::Field("records"));
        }
        if !(1..=BATCH_BYTES_MAX).contains(&packed_bytes) {
            return Err(Damage::Field("packed"));
        }
        let last_seq = first_seq.checked_add(u64::from(records) - 1);
        let last_seq = last_seq
            .filter(|_| first_seq > 0)
            .ok_or(Damage::Field("first_seq"))?;
        let codec = match codec {
            0 => Codec::Raw,
            1 => Codec::Zstd,
            2 => Codec::Lz4,
            unknown => return Err(Damage::Codec(unknown)),
        };
        Ok(Self {
            first_seq,
            last_seq,
            at_ms,
            records,
            chain,
            stored,
            packed_bytes,
            codec,
            body,
        })
    }
}

impl<'a> Frame<'a> {
    /// Like [`Frame::parse`], for whoever searches: most of what is no frame is told by its header, before any sum.
    pub(super) fn likely(bytes: &'a [u8]) -> Option<Self> {
        let mut header = bytes.get(PREFIX_BYTES + 16..)?;
        let records = u32::from_le_bytes(take(&mut header).ok()?);
        let packed_bytes = u32::from_le_bytes(take(&mut header).ok()?) as usize;
        let likely = (1..=BATCH_RECORDS_MAX).contains(&records)
            && (1..=BATCH_BYTES_MAX).contains(&packed_bytes);
        likely.then(|| Self::parse(bytes).ok()).flatten()
    }
}

/// How long the frame is that `bytes` starts with; `None` if the length field is not complete.
pub(super) fn stored_bytes(bytes: &[u8]) -> Result<Option<usize>, Damage> {
    let Some(length) = bytes.get(CRC_BYTES..).and_then(|rest| rest.first_chunk()) else {
        return Ok(None);
    };
    let body_bytes = u32::from_le_bytes(*length);
    let stored_bytes = PREFIX_BYTES.saturating_add(body_bytes as usize);
    // A header without payload holds no record, so it is as wrong as an oversize one.
    if body_bytes as usize <= HEADER_BYTES || stored_bytes > FRAME_BYTES_MAX {
        return Err(Damage::Length(body_bytes));
    }
    Ok(Some(stored_bytes))
}

impl Head {
    /// The head after `frame`, if the frame is what comes next.
    pub(super) fn after(&self, frame: &Frame<'_>) -> Result<Self, Damage> {
        if frame.first_seq != self.seq + 1 {
            return Err(Damage::Sequence {
                expected: self.seq + 1,
                found: frame.first_seq,
            });
        }
        if frame.at_ms < self.at_ms {
            return Err(Damage::Time {
                tail_ms: self.at_ms,
                at_ms: frame.at_ms,
            });
        }
        if chain_after(&self.chain, frame.body) != frame.chain {
            return Err(Damage::Chain);
        }
        Ok(Self::at(frame))
    }

    /// How this head, which should be the same as `expected`, is not.
    pub(super) fn unlike(&self, expected: &Self) -> Damage {
        if self.seq != expected.seq {
            Damage::Sequence {
                expected: expected.seq + 1,
                found: self.seq + 1,
            }
        } else if self.at_ms != expected.at_ms {
            Damage::Time {
                tail_ms: expected.at_ms,
                at_ms: self.at_ms,
            }
        } else {
            Damage::Chain
        }
    }

    /// The head that `frame` claims, for a reader that starts in the middle.
    pub(super) fn at(frame: &Frame<'_>) -> Self {
        Self {
            seq: frame.last_seq,
            at_ms: frame.at_ms,
            chain: frame.chain,
        }
    }
}

fn chain_after(previous: &Chain, body: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    hasher.update(body);
    hasher.finalize().into()
}

/// Turns batches into frames, in one buffer.
#[derive(Default)]
pub(super) struct Packer {
    frame: Vec<u8>,
}

impl Packer {
    /// The frame of a batch that is not empty, and the head once it is stored.
    pub(super) fn pack(&mut self, head: &Head, batch: &Batch) -> (&[u8], Head) {
        let packed = batch.packed();
        let packed_bytes =
            u32::try_from(packed.len()).expect("Batch::push keeps a batch under 1 MiB");
        self.frame.clear();
        self.frame.resize(PREFIX_BYTES, 0);
        self.frame
            .extend_from_slice(&batch.first_seq().to_le_bytes());
        self.frame.extend_from_slice(&batch.at_ms().to_le_bytes());
        self.frame.extend_from_slice(&batch.len().to_le_bytes());
        self.frame.extend_from_slice(&packed_bytes.to_le_bytes());
        self.pack_payload(packed);

        let body = &self.frame[PREFIX_BYTES..];
        let chain = chain_after(&head.chain, body);
        let body_bytes = u32::try_from(body.len()).expect("a body is hardly larger than its batch");
        self.frame[CRC_BYTES..LENGTH_END].copy_from_slice(&body_bytes.to_le_bytes());
        self.frame[LENGTH_END..PREFIX_BYTES].copy_from_slice(&chain);
        let crc = crc32fast::hash(&self.frame[CRC_BYTES..]);
        self.frame[..CRC_BYTES].copy_from_slice(&crc.to_le_bytes());

        let seq = batch.first_seq() + u64::from(batch.len()) - 1;
        (
            &self.frame,
            Head {
                seq,
                at_ms: batch.at_ms(),
                chain,
            },
        )
    }

    fn pack_payload(&mut self, packed: &[u8]) {
        let codec_at = self.frame.len();
        let payload_at = codec_at + 1;
        if packed.len() >= COMPRESS_BYTES_MIN {
            let room = get_maximum_output_size(packed.len());
            self.frame.resize(payload_at + room, 0);
            self.frame[codec_at] = Codec::Lz4 as u8;
            let bytes = compress_into(packed, &mut self.frame[payload_at..])
                .expect("there is room for the worst case");
            if bytes < packed.len() {
                self.frame.truncate(payload_at + bytes);
                return;
            }
            self.frame.truncate(codec_at);
        }
        self.frame.push(Codec::Raw as u8);
        self.frame.extend_from_slice(packed);
    }
}

/// Turns frames back into records, in one buffer.
pub(super) struct Unpacker {
    zstd: Decompressor<'static>,
    packed: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            zstd: Decompressor::new()?,
            packed: Vec::with_capacity(BATCH_BYTES_MAX),
        })
    }

    /// The records of a frame in order. The iterator ends with an error if there are not as many as the header says.
    pub(super) fn records<'s>(&'s mut self, frame: &Frame<'s>) -> Result<Records<'s>, Damage> {
        let payload = &frame.body[HEADER_BYTES..];
        let packed = match frame.codec {
            Codec::Raw => payload,
            Codec::Zstd => {
                // Capacity is what bounds the output here, and a header never claims more than a batch may have.
                self.packed.clear();
                self.zstd
                    .decompress_to_buffer(payload, &mut self.packed)
                    .map_err(|_| Damage::Payload)?;
                &self.packed
            }
            Codec::Lz4 => {
                self.packed.resize(frame.packed_bytes, 0);
                let bytes =
                    decompress_into(payload, &mut self.packed).map_err(|_| Damage::Payload)?;
                &self.packed[..bytes]
            }
        };
        if packed.len() != frame.packed_bytes {
            return Err(Damage::Payload);
        }
        Ok(Records {
            seq: frame.first_seq,
            left: frame.records,
            packed,
        })
    }
}

/// The records of one frame with their sequence numbers.
pub(super) struct Records<'a> {
    seq: u64,
    left: u32,
    packed: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(u64, &'a [u8]), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            let trailing = !std::mem::take(&mut self.packed).is_empty();
            return trailing.then_some(Err(Damage::Payload));
        }
        let Some((record, rest)) = split_record(self.packed) else {
            self.left = 0;
            self.packed = &[];
            return Some(Err(Damage::Payload));
        };
        let seq = self.seq;
        self.seq += 1;
        self.left -= 1;
        self.packed = rest;
        Some(Ok((seq, record)))
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Damage> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(Damage::Cut)?;
    *bytes = rest;
    Ok(*taken)
}
