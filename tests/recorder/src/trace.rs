//! What the recorder writes and the power-cut test reads: one operation after the other, in the order in which the
//! process did them.
//!
//! A record is a kind byte and the operation's fields in order: numbers as u64, little-endian, bytes with their length
//! before them.

/// An operation on the recorded directory, or a mark that the process left between two of them. Paths are relative to
/// that directory; a file or directory is named by its inode's number once it was opened or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op<'a> {
    /// The path has this inode. `made`: it had none before.
    Opened {
        inode: u64,
        made: bool,
        path: &'a [u8],
    },
    DirectoryMade {
        inode: u64,
        path: &'a [u8],
    },
    Written {
        inode: u64,
        offset: u64,
        bytes: &'a [u8],
    },
    /// The same byte again and again.
    Filled {
        inode: u64,
        offset: u64,
        length: u64,
        byte: u64,
    },
    /// The file has this length now, shorter or longer than before.
    Resized {
        inode: u64,
        length: u64,
    },
    Synced {
        inode: u64,
    },
    /// The sync was answered with an error.
    SyncFailed {
        inode: u64,
    },
    Renamed {
        from: &'a [u8],
        to: &'a [u8],
    },
    /// A file or an empty directory.
    Removed {
        path: &'a [u8],
    },
    Marked {
        text: &'a [u8],
    },
}

impl<'a> Op<'a> {
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (kind, numbers, strings): (u8, &[u64], &[&[u8]]) = match self {
            Op::Opened { inode, made, path } => (1, &[*inode, u64::from(*made)], &[path]),
            Op::DirectoryMade { inode, path } => (2, &[*inode], &[path]),
            Op::Written {
                inode,
                offset,
                bytes,
            } => (3, &[*inode, *offset], &[bytes]),
            Op::Filled {
                inode,
                offset,
                length,
                byte,
            } => (4, &[*inode, *offset, *length, *byte], &[]),
            Op::Resized { inode, length } => (5, &[*inode, *length], &[]),
            Op::Synced { inode } => (6, &[*inode], &[]),
            Op::SyncFailed { inode } => (7, &[*inode], &[]),
            Op::Renamed { from, to } => (8, &[], &[from, to]),
            Op::Removed { path } => (9, &[], &[path]),
            Op::Marked { text } => (10, &[], &[text]),
        };
        out.push(kind);
        for number in numbers {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for string in strings {
            out.extend_from_slice(&(string.len() as u64).to_le_bytes());
            out.extend_from_slice(string);
        }
    }

    /// Takes the first operation off `trace`; `None` if there is no whole one.
    pub fn decode(trace: &mut &'a [u8]) -> Option<Self> {
        let [kind] = *take(trace, 1)? else {
            return None;
        };
        Some(match kind {
            1 => Op::Opened {
                inode: number(trace)?,
                made: number(trace)? != 0,
                path: string(trace)?,
            },
            2 => Op::DirectoryMade {
                inode: number(trace)?,
                path: string(trace)?,
            },
            3 => Op::Written {
                inode: number(trace)?,
                offset: number(trace)?,
                bytes: string(trace)?,
            },
            4 => Op::Filled {
                inode: number(trace)?,
                offset: number(trace)?,
                length: number(trace)?,
                byte: number(trace)?,
            },
            5 => Op::Resized {
                inode: number(trace)?,
                length: number(trace)?,
            },
            6 => Op::Synced {
                inode: number(trace)?,
            },
            7 => Op::SyncFailed {
                inode: number(trace)?,
            },
            8 => Op::Renamed {
                from: string(trace)?,
                to: string(trace)?,
            },
            9 => Op::Removed {
                path: string(trace)?,
            },
            10 => Op::Marked {
                text: string(trace)?,
            },
            _ => return None,
        })
    }
}

fn number(trace: &mut &[u8]) -> Option<u64> {
    let bytes = take(trace, 8)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

fn string<'a>(trace: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(trace)?).ok()?;
    take(trace, length)
}

fn take<'a>(trace: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, rest) = trace.split_at_checked(bytes)?;
    *trace = rest;
    Some(taken)
}
