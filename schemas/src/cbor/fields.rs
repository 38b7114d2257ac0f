//! Maps with integer keys, which is how signed formats grow.

use super::{CborError, CborFault, Reader};

/// A map with integer keys, asked for in the order of their encoding: 0, 1, 2, ..., then -1, -2, ...
#[derive(Debug)]
pub struct Fields<'r, 'b> {
    reader: &'r mut Reader<'b>,
    left: u64,
    negative: Negative,
}

/// What to do with negative keys that this program does not know. Others must always be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negative {
    Ignored,
    Refused,
}

impl<'r, 'b> Fields<'r, 'b> {
    pub(super) fn new(reader: &'r mut Reader<'b>, left: u64, negative: Negative) -> Self {
        Self {
            reader,
            left,
            negative,
        }
    }

    /// Stands before the value of this key, if the map has it.
    pub fn optional(&mut self, wanted: i64) -> Result<Option<&mut Reader<'b>>, CborError> {
        while self.left > 0 {
            let at = self.reader.at;
            let key = self.reader.int()?;
            if key == wanted {
                self.left -= 1;
                return Ok(Some(self.reader));
            }
            if encoded_order(wanted) < encoded_order(key) {
                self.reader.at = at;
                break;
            }
            self.pass_over(key, at)?;
        }
        Ok(None)
    }

    /// Stands before the value of this key.
    pub fn required(&mut self, wanted: i64) -> Result<&mut Reader<'b>, CborError> {
        let at = self.reader.at;
        self.optional(wanted)?.ok_or(CborError {
            at,
            fault: CborFault::MissingKey(wanted),
        })
    }

    /// Leaves the map.
    pub fn end(mut self) -> Result<(), CborError> {
        while self.left > 0 {
            let at = self.reader.at;
            let key = self.reader.int()?;
            self.pass_over(key, at)?;
        }
        Ok(())
    }

    fn pass_over(&mut self, key: i64, at: usize) -> Result<(), CborError> {
        if key >= 0 || self.negative == Negative::Refused {
            return Err(CborError::new(at, CborFault::UnknownKey(key)));
        }
        self.left -= 1;
        self.reader.skip()
    }
}

fn encoded_order(key: i64) -> (bool, i64) {
    (key < 0, if key < 0 { !key } else { key })
}
