//! The scanner: walks every byte once, and the keys of an unordered map a second time.

use alloc::vec::Vec;

use super::{ARRAY, BYTES, CborError, CborFault, KeyOrder, Limits, MAP, Reader, TAG, TEXT};

/// Accepts exactly one CBOR value: definite lengths, shortest integers, unique keys, valid UTF-8, nothing behind it.
///
/// Floats are accepted in any of their three widths; undefined and unassigned simple values are not.
pub fn check_strict(bytes: &[u8], limits: Limits) -> Result<(), CborError> {
    if bytes.len() > limits.bytes_max {
        return Err(CborError {
            at: limits.bytes_max,
            fault: CborFault::TooLong {
                max: limits.bytes_max,
            },
        });
    }
    let mut reader = Reader::unchecked(bytes);
    reader.check_value(0, limits)?;
    if reader.at < bytes.len() {
        return Err(reader.fault(CborFault::TrailingBytes));
    }
    Ok(())
}

impl Reader<'_> {
    fn check_value(&mut self, depth: usize, limits: Limits) -> Result<(), CborError> {
        let start = self.at;
        let head = self.head()?;
        if matches!(head.major, ARRAY | MAP | TAG) && depth == limits.depth_max {
            let max = limits.depth_max;
            return Err(CborError::new(start, CborFault::TooDeep { max }));
        }
        match head.major {
            BYTES => drop(self.take(head.argument)?),
            TEXT => {
                let text = self.take(head.argument)?;
                if core::str::from_utf8(text).is_err() {
                    return Err(CborError::new(start, CborFault::NotUtf8));
                }
            }
            // A count beyond the bytes there are ends at the first value that is missing.
            ARRAY => {
                for _ in 0..head.argument {
                    self.check_value(depth + 1, limits)?;
                }
            }
            MAP => self.check_entries(head.argument, depth + 1, limits)?,
            TAG => self.check_value(depth + 1, limits)?,
            _ => {}
        }
        Ok(())
    }

    /// Keys in their only encoding are equal exactly when their bytes are.
    fn check_entries(
        &mut self,
        entries: u64,
        depth: usize,
        limits: Limits,
    ) -> Result<(), CborError> {
        let first = self.at;
        let mut previous: &[u8] = &[];
        let mut ascending = true;
        for _ in 0..entries {
            let start = self.at;
            self.check_value(depth, limits)?;
            let key = &self.bytes[start..self.at];
            if key == previous {
                return Err(CborError::new(start, CborFault::DuplicateKey));
            }
            if key < previous {
                if limits.key_order == KeyOrder::Ascending {
                    return Err(CborError::new(start, CborFault::KeyOrder));
                }
                ascending = false;
            }
            previous = key;
            self.check_value(depth, limits)?;
        }
        if ascending {
            return Ok(());
        }
        // Sorting keeps a hostile map of n keys from costing n^2 comparisons.
        let mut again = Self {
            bytes: self.bytes,
            at: first,
        };
        let mut keys = Vec::new();
        for _ in 0..entries {
            let start = again.at;
            again.skip()?;
            keys.push((&self.bytes[start..again.at], start));
            again.skip()?;
        }
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(CborError::new(pair[1].1, CborFault::DuplicateKey)),
            None => Ok(()),
        }
    }
}
