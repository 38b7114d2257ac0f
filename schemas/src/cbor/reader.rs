//! Typed reading of checked bytes.

use super::{
    ARRAY, BYTES, CborError, CborFault, FALSE, Fields, Limits, MAP, NEGATIVE, NULL, Negative,
    SIMPLE, TAG, TEXT, TRUE, UNSIGNED, check_strict,
};

/// Walks a value that [`check_strict`] has accepted, so what remains to go wrong is a wrong type.
#[derive(Debug, Clone)]
pub struct Reader<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

/// A value, or the beginning of one that contains others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item<'b> {
    Null,
    Bool(bool),
    Unsigned(u64),
    /// The value is -1 - n (RFC 8949 section 3.1).
    Negative(u64),
    Float(f64),
    Bytes(&'b [u8]),
    Text(&'b str),
    /// So many values follow.
    Array(u64),
    /// So many keys follow, each with its value.
    Map(u64),
    /// The tagged value follows.
    Tag(u64),
}

/// The first byte of a value, and the number in or behind it.
pub(super) struct Head {
    pub(super) major: u8,
    /// The low five bits of the first byte.
    info: u8,
    pub(super) argument: u64,
}

impl<'b> Reader<'b> {
    /// Checks all of the bytes, then stands before the value.
    pub fn open(bytes: &'b [u8], limits: Limits) -> Result<Self, CborError> {
        check_strict(bytes, limits)?;
        Ok(Self::unchecked(bytes))
    }

    pub(super) fn unchecked(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of what is read next.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn uint(&mut self) -> Result<u64, CborError> {
        self.expect(UNSIGNED, "an unsigned integer")
    }

    /// An integer that fits i64; every key, command and algorithm does.
    pub fn int(&mut self) -> Result<i64, CborError> {
        const WANTED: CborFault = CborFault::Expected("an integer of at most 63 bits");
        let start = self.at;
        let head = self.head()?;
        let magnitude = i64::try_from(head.argument).ok();
        match (head.major, magnitude) {
            (UNSIGNED, Some(n)) => Ok(n),
            // RFC 8949 section 3.1: the value is -1 - n, which is !n.
            (NEGATIVE, Some(n)) => Ok(!n),
            _ => Err(CborError::new(start, WANTED)),
        }
    }

    pub fn bytes(&mut self) -> Result<&'b [u8], CborError> {
        let len = self.expect(BYTES, "a byte string")?;
        self.take(len)
    }

    /// A byte string, also with its header: SUIT digests cover both.
    pub fn bytes_with_header(&mut self) -> Result<(&'b [u8], &'b [u8]), CborError> {
        let start = self.at;
        let content = self.bytes()?;
        Ok((content, &self.bytes[start..self.at]))
    }

    pub fn bytes_of<const N: usize>(&mut self) -> Result<[u8; N], CborError> {
        let start = self.at;
        <[u8; N]>::try_from(self.bytes()?).map_err(|_| {
            CborError::new(start, CborFault::Expected("a byte string of fixed length"))
        })
    }

    pub fn text(&mut self) -> Result<&'b str, CborError> {
        let len = self.expect(TEXT, "a text")?;
        let start = self.at;
        core::str::from_utf8(self.take(len)?).map_err(|_| CborError::new(start, CborFault::NotUtf8))
    }

    /// Enters an array; the caller reads that many values.
    pub fn array(&mut self) -> Result<u64, CborError> {
        self.expect(ARRAY, "an array")
    }

    /// Enters an array of exactly this many values.
    pub fn array_of(&mut self, len: u64) -> Result<(), CborError> {
        let start = self.at;
        if self.array()? == len {
            Ok(())
        } else {
            Err(CborError::new(
                start,
                CborFault::Expected("an array of another length"),
            ))
        }
    }

    pub fn tag(&mut self, tag: u64) -> Result<(), CborError> {
        let start = self.at;
        if self.expect(TAG, "a tag")? == tag {
            Ok(())
        } else {
            Err(CborError::new(start, CborFault::Expected("another tag")))
        }
    }

    pub fn null(&mut self) -> Result<(), CborError> {
        let start = self.at;
        match self.head()? {
            Head {
                major: SIMPLE,
                info: NULL,
                ..
            } => Ok(()),
            _ => Err(CborError::new(start, CborFault::Expected("null"))),
        }
    }

    /// Enters a map with ascending integer keys.
    pub fn fields(&mut self, negative: Negative) -> Result<Fields<'_, 'b>, CborError> {
        let left = self.expect(MAP, "a map")?;
        Ok(Fields::new(self, left, negative))
    }

    /// Reads whatever comes next.
    pub fn item(&mut self) -> Result<Item<'b>, CborError> {
        let start = self.at;
        let head = self.head()?;
        Ok(match (head.major, head.info) {
            (UNSIGNED, _) => Item::Unsigned(head.argument),
            (NEGATIVE, _) => Item::Negative(head.argument),
            (BYTES, _) => Item::Bytes(self.take(head.argument)?),
            (TEXT, _) => {
                self.at = start;
                Item::Text(self.text()?)
            }
            (ARRAY, _) => Item::Array(head.argument),
            (MAP, _) => Item::Map(head.argument),
            (TAG, _) => Item::Tag(head.argument),
            (SIMPLE, FALSE | TRUE) => Item::Bool(head.info == TRUE),
            (SIMPLE, NULL) => Item::Null,
            _ => Item::Float(head.float()),
        })
    }

    /// Steps over one value, however deep it is.
    pub fn skip(&mut self) -> Result<(), CborError> {
        let mut values: u64 = 1;
        while values > 0 {
            values -= 1;
            let head = self.head()?;
            match head.major {
                BYTES | TEXT => drop(self.take(head.argument)?),
                ARRAY => values = values.saturating_add(head.argument),
                MAP => values = values.saturating_add(head.argument.saturating_mul(2)),
                TAG => values += 1,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn head(&mut self) -> Result<Head, CborError> {
        let start = self.at;
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let argument = match info {
            0..=23 => u64::from(info),
            24..=27 => self
                .take(1 << (info - 24))?
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
            28..=30 => return Err(CborError::new(start, CborFault::Reserved)),
            _ => return Err(CborError::new(start, CborFault::Indefinite)),
        };
        let smallest = match info {
            24 => 24,
            25 => 1 << 8,
            26 => 1 << 16,
            27 => 1 << 32,
            _ => 0,
        };
        match major {
            // Of the simple values, only false, true, null and the floats, whose bytes are no length.
            SIMPLE if !matches!(info, FALSE..=NULL | 25..=27) => {
                Err(CborError::new(start, CborFault::Reserved))
            }
            UNSIGNED..=TAG if argument < smallest => {
                Err(CborError::new(start, CborFault::NotShortest))
            }
            _ => Ok(Head {
                major,
                info,
                argument,
            }),
        }
    }

    pub(super) fn expect(&mut self, major: u8, wanted: &'static str) -> Result<u64, CborError> {
        let start = self.at;
        let head = self.head()?;
        if head.major == major {
            Ok(head.argument)
        } else {
            Err(CborError::new(start, CborFault::Expected(wanted)))
        }
    }

    pub(super) fn take(&mut self, len: u64) -> Result<&'b [u8], CborError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(len)
            .ok()
            .and_then(|len| rest.get(..len))
            .ok_or_else(|| self.fault(CborFault::Truncated))?;
        self.at += taken.len();
        Ok(taken)
    }

    pub(super) fn fault(&self, fault: CborFault) -> CborError {
        CborError { at: self.at, fault }
    }
}

impl Head {
    /// The float whose bytes are the argument, in the width that `info` says.
    fn float(&self) -> f64 {
        let bits = self.argument;
        match self.info {
            25 => half(bits),
            #[expect(clippy::cast_possible_truncation, reason = "four bytes were read")]
            26 => f32::from_bits(bits as u32).into(),
            _ => f64::from_bits(bits),
        }
    }
}

/// IEEE 754 binary16, as in RFC 8949 appendix D.
fn half(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "ten bits")]
    let fraction = (bits & 0x3ff) as f64;
    let magnitude = match bits >> 10 & 0x1f {
        0 => libm::ldexp(fraction, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        #[expect(clippy::cast_possible_truncation, reason = "five bits")]
        exponent => libm::ldexp(fraction + 1024.0, exponent as i32 - 25),
    };
    if bits >> 15 == 0 {
        magnitude
    } else {
        -magnitude
    }
}
