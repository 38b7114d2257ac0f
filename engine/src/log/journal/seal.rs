//! A seal: what stands behind the last frame of a segment that is complete.
//!
//! ```text
//! crc32    u32 LE    over everything that follows
//! length   u32 LE    0, which no frame has in this place
//! magic    8 bytes   "FFSEALED"
//! seq      u64 LE    number of the segment's last record
//! at_ms    u64 LE    time of its last batch
//! chain    32 bytes  chain value of its last frame
//! records  u64 LE    in the segment
//! batches  u64 LE    in the segment
//! digest   32 bytes  BLAKE3 of all bytes of the file before the seal
//! ```
//! So a segment vouches for its own end, wherever it is copied to. Nothing stands behind a seal.

use crate::log::Head;
use crate::log::error::Damage;

pub(super) const SEAL_BYTES: usize = 4 + 4 + 8 + 8 + 8 + 32 + 8 + 8 + 32;

const MAGIC: [u8; 8] = *b"FFSEALED";

/// What is in the place of a frame's length.
const NO_LENGTH: [u8; 4] = [0; 4];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Seal {
    pub(super) head: Head,
    pub(super) records: u64,
    pub(super) batches: u64,
    pub(super) digest: [u8; 32],
}

impl Seal {
    /// Whether a seal begins here, if anything of ours does.
    pub(super) fn begins(bytes: &[u8]) -> bool {
        bytes.get(4..8) == Some(&NO_LENGTH)
    }

    /// Reads the seal that `bytes` start with.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let bytes = bytes.first_chunk::<SEAL_BYTES>().ok_or(Damage::Cut)?;
        let (crc, content) = bytes.split_first_chunk().ok_or(Damage::Cut)?;
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return Err(Damage::Checksum);
        }
        let mut rest = content;
        if take(&mut rest)? != NO_LENGTH || take(&mut rest)? != MAGIC {
            return Err(Damage::Seal);
        }
        Ok(Self {
            head: Head {
                seq: u64::from_le_bytes(take(&mut rest)?),
                at_ms: u64::from_le_bytes(take(&mut rest)?),
                chain: take(&mut rest)?,
            },
            records: u64::from_le_bytes(take(&mut rest)?),
            batches: u64::from_le_bytes(take(&mut rest)?),
            digest: take(&mut rest)?,
        })
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&NO_LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.head.seq.to_le_bytes());
        bytes.extend_from_slice(&self.head.at_ms.to_le_bytes());
        bytes.extend_from_slice(&self.head.chain);
        bytes.extend_from_slice(&self.records.to_le_bytes());
        bytes.extend_from_slice(&self.batches.to_le_bytes());
        bytes.extend_from_slice(&self.digest);
        let crc = crc32fast::hash(&bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Damage> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(Damage::Cut)?;
    *bytes = rest;
    Ok(*taken)
}
