//! Strict CBOR: one encoding per value, bounded, read from the bytes as they came.
//!
//! RFC 8949 leaves a decoder free to accept indefinite lengths, padded integers and repeated keys. Each of them is a
//! second spelling of the same value, and two readers that disagree about a spelling are an attack on what was signed.
//! So [`check_strict`] refuses them all before anything is interpreted. It builds no values; [`Reader`] then walks the
//! checked bytes, and [`Writer`] produces only what the checker accepts.

use alloc::vec::Vec;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

const FALSE: u8 = 20;
const NULL: u8 = 22;

/// What a message may cost its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, inclusive.
    pub bytes_max: usize,
    /// How many arrays, maps and tags may lie inside one another, inclusive. Bounds the recursion.
    pub depth_max: usize,
    pub key_order: KeyOrder,
}

/// In which order the keys of a map may come. They are unique in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    Any,
    /// Bytewise ascending, RFC 8949 section 4.2.1. For signed formats: with it, a value has exactly one encoding.
    Ascending,
}

/// Of an unsigned message: the longest there is (an operator's command with a campaign in it), nested no deeper than a
/// person writes. Signed formats set tighter ones.
impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 256 * 1024,
            depth_max: 16,
            key_order: KeyOrder::Any,
        }
    }
}

/// Why bytes are not an acceptable message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (at byte {at})")]
pub struct CborError {
    /// Offset in the innermost byte string that is CBOR itself.
    pub at: usize,
    pub fault: CborFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborFault {
    #[error("longer than {max} bytes")]
    TooLong { max: usize },
    #[error("nested more than {max} deep")]
    TooDeep { max: usize },
    #[error("ends in the middle of a value")]
    Truncated,
    #[error("bytes after the end of the value")]
    TrailingBytes,
    #[error("indefinite length")]
    Indefinite,
    #[error("a length or number not in its shortest form")]
    NotShortest,
    #[error("reserved or unassigned encoding")]
    Reserved,
    #[error("text that is not UTF-8")]
    NotUtf8,
    #[error("the same key twice")]
    DuplicateKey,
    #[error("keys not in ascending order")]
    KeyOrder,
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("key {0} is missing")]
    MissingKey(i64),
    /// Well formed, but not of the vocabulary this program knows.
    #[error("key {0} is not known")]
    UnknownKey(i64),
}

impl CborError {
    /// The sender may be newer than we are, as opposed to wrong.
    #[must_use]
    pub fn is_unknown_vocabulary(&self) -> bool {
        matches!(self.fault, CborFault::UnknownKey(_))
    }
}

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
    let mut reader = Reader { bytes, at: 0 };
    reader.check_value(0, limits)?;
    if reader.at < bytes.len() {
        return Err(reader.fault(CborFault::TrailingBytes));
    }
    Ok(())
}

/// Walks a value that [`check_strict`] has accepted, so what remains to go wrong is a wrong type.
#[derive(Debug, Clone)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// The first byte of a value, and the number in or behind it.
struct Head {
    major: u8,
    /// The low five bits of the first byte.
    info: u8,
    argument: u64,
}

impl<'b> Reader<'b> {
    /// Checks all of the bytes, then stands before the value.
    pub fn open(bytes: &'b [u8], limits: Limits) -> Result<Self, CborError> {
        check_strict(bytes, limits)?;
        Ok(Self { bytes, at: 0 })
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
            _ => Err(self.back_to(start, WANTED)),
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
        <[u8; N]>::try_from(self.bytes()?)
            .map_err(|_| self.back_to(start, CborFault::Expected("a byte string of fixed length")))
    }

    pub fn text(&mut self) -> Result<&'b str, CborError> {
        let len = self.expect(TEXT, "a text")?;
        let start = self.at;
        core::str::from_utf8(self.take(len)?).map_err(|_| self.back_to(start, CborFault::NotUtf8))
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
            Err(self.back_to(start, CborFault::Expected("an array of another length")))
        }
    }

    pub fn tag(&mut self, tag: u64) -> Result<(), CborError> {
        let start = self.at;
        if self.expect(TAG, "a tag")? == tag {
            Ok(())
        } else {
            Err(self.back_to(start, CborFault::Expected("another tag")))
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
            _ => Err(self.back_to(start, CborFault::Expected("null"))),
        }
    }

    /// Enters a map with ascending integer keys.
    pub fn fields(&mut self) -> Result<Fields<'_, 'b>, CborError> {
        let left = self.expect(MAP, "a map")?;
        Ok(Fields { reader: self, left })
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

    fn check_value(&mut self, depth: usize, limits: Limits) -> Result<(), CborError> {
        let start = self.at;
        let head = self.head()?;
        if matches!(head.major, ARRAY | MAP | TAG) && depth == limits.depth_max {
            let max = limits.depth_max;
            return Err(self.back_to(start, CborFault::TooDeep { max }));
        }
        match head.major {
            BYTES => drop(self.take(head.argument)?),
            TEXT => {
                let text = self.take(head.argument)?;
                if core::str::from_utf8(text).is_err() {
                    return Err(self.back_to(start, CborFault::NotUtf8));
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
                return Err(self.back_to(start, CborFault::DuplicateKey));
            }
            if key < previous {
                if limits.key_order == KeyOrder::Ascending {
                    return Err(self.back_to(start, CborFault::KeyOrder));
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
            Some(pair) => Err(self.back_to(pair[1].1, CborFault::DuplicateKey)),
            None => Ok(()),
        }
    }

    fn head(&mut self) -> Result<Head, CborError> {
        let start = self.at;
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let argument = match info {
            0..=23 => u64::from(info),
            24..=27 => self
                .take(1 << (info - 24))?
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
            28..=30 => return Err(self.back_to(start, CborFault::Reserved)),
            _ => return Err(self.back_to(start, CborFault::Indefinite)),
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
                Err(self.back_to(start, CborFault::Reserved))
            }
            UNSIGNED..=TAG if argument < smallest => {
                Err(self.back_to(start, CborFault::NotShortest))
            }
            _ => Ok(Head {
                major,
                info,
                argument,
            }),
        }
    }

    fn expect(&mut self, major: u8, wanted: &'static str) -> Result<u64, CborError> {
        let start = self.at;
        let head = self.head()?;
        if head.major == major {
            Ok(head.argument)
        } else {
            Err(self.back_to(start, CborFault::Expected(wanted)))
        }
    }

    fn take(&mut self, len: u64) -> Result<&'b [u8], CborError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(len)
            .ok()
            .and_then(|len| rest.get(..len))
            .ok_or_else(|| self.fault(CborFault::Truncated))?;
        self.at += taken.len();
        Ok(taken)
    }

    fn fault(&self, fault: CborFault) -> CborError {
        CborError { at: self.at, fault }
    }

    fn back_to(&self, at: usize, fault: CborFault) -> CborError {
        CborError { at, fault }
    }
}

/// A map with integer keys, asked for in ascending order.
///
/// A key that nobody asked for is either skipped over, when it is negative, or the end of the reading.
#[derive(Debug)]
pub struct Fields<'r, 'b> {
    reader: &'r mut Reader<'b>,
    left: u64,
}

/// What to do with negative keys that this program does not know. Others must always be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negative {
    Ignored,
    Refused,
}

impl<'b> Fields<'_, 'b> {
    /// Stands before the value of this key, if the map has it.
    pub fn optional(&mut self, wanted: i64) -> Result<Option<&mut Reader<'b>>, CborError> {
        if self.left == 0 {
            return Ok(None);
        }
        let start = self.reader.at;
        let key = self.reader.int()?;
        if key == wanted {
            self.left -= 1;
            return Ok(Some(self.reader));
        }
        self.reader.at = start;
        // Negative keys sort behind all others, so a smaller one here was never asked for.
        if (0..wanted).contains(&key) {
            return Err(self.reader.fault(CborFault::UnknownKey(key)));
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
    pub fn end(self, negative: Negative) -> Result<(), CborError> {
        for _ in 0..self.left {
            let at = self.reader.at;
            let key = self.reader.int()?;
            if key >= 0 || negative == Negative::Refused {
                return Err(self.reader.back_to(at, CborFault::UnknownKey(key)));
            }
            self.reader.skip()?;
        }
        Ok(())
    }
}

/// Writes shortest forms and definite lengths. Counts and key order are the caller's.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(UNSIGNED, value)
    }

    pub fn int(&mut self, value: i64) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            Err(_) => self.head(NEGATIVE, !value as u64),
        }
    }

    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(TEXT, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    pub fn array(&mut self, len: usize) -> &mut Self {
        self.head(ARRAY, len as u64)
    }

    pub fn map(&mut self, entries: usize) -> &mut Self {
        self.head(MAP, entries as u64)
    }

    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(TAG, tag)
    }

    pub fn null(&mut self) -> &mut Self {
        self.0.push(SIMPLE << 5 | NULL);
        self
    }

    /// Takes what was written, and leaves the writer empty.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }

    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let bytes = argument.to_be_bytes();
        let (info, rest) = match argument {
            0..=23 => (bytes[7], &bytes[8..]),
            24..=0xff => (24, &bytes[7..]),
            0x100..=0xffff => (25, &bytes[6..]),
            0x1_0000..=0xffff_ffff => (26, &bytes[4..]),
            _ => (27, &bytes[..]),
        };
        self.0.push(major << 5 | info);
        self.0.extend_from_slice(rest);
        self
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const LIMITS: Limits = Limits {
        bytes_max: 64,
        depth_max: 3,
        key_order: KeyOrder::Any,
    };

    fn fault(hex: &str) -> Option<CborFault> {
        let bytes = hex::decode(hex).unwrap();
        check_strict(&bytes, LIMITS).err().map(|error| error.fault)
    }

    #[test]
    fn values_in_their_only_encoding_are_accepted() {
        for hex in [
            "00",
            "17",
            "1818",
            "1bffffffffffffffff",
            "20",
            "3bffffffffffffffff",
            "40",
            "4100",
            "60",
            "63e282ac",
            "80",
            "a0",
            "a2010203f5",
            "f4",
            "f6",
            "f97e00",
            "fa7fc00000",
            "fb3ff199999999999a",
            "c100",
            "a2616100616200",
        ] {
            assert_eq!(fault(hex), None, "{hex}");
        }
    }

    #[test]
    fn every_second_spelling_of_a_value_is_refused() {
        use CborFault::{
            DuplicateKey, Indefinite, NotShortest, NotUtf8, Reserved, TrailingBytes, Truncated,
        };
        for (hex, wanted) in [
            ("", Truncated),
            ("18", Truncated),
            ("1817", NotShortest),
            ("1900ff", NotShortest),
            ("1a0000ffff", NotShortest),
            ("1b00000000ffffffff", NotShortest),
            ("3817", NotShortest),
            ("5801ff", NotShortest),
            ("9801ff", NotShortest),
            ("d80100", NotShortest),
            ("1c", Reserved),
            ("f0", Reserved),
            ("f7", Reserved),
            ("f820", Reserved),
            ("ff", Indefinite),
            ("5f4100ff", Indefinite),
            ("9fff", Indefinite),
            ("bfff", Indefinite),
            ("41", Truncated),
            ("5bffffffffffffffff", Truncated),
            ("9bffffffffffffffff", Truncated),
            ("bbffffffffffffffff", Truncated),
            ("61ff", NotUtf8),
            ("0000", TrailingBytes),
            ("a201000100", DuplicateKey),
            ("a3020001000200", DuplicateKey),
            ("a2616100616100", DuplicateKey),
        ] {
            assert_eq!(fault(hex), Some(wanted), "{hex}");
        }
    }

    #[test]
    fn ascending_order_is_demanded_only_where_asked_for() {
        let descending = [0xa2, 2, 0, 1, 0];
        assert_eq!(check_strict(&descending, LIMITS), Ok(()));
        let signed = Limits {
            key_order: KeyOrder::Ascending,
            ..LIMITS
        };
        let error = check_strict(&descending, signed).unwrap_err();
        assert_eq!((error.fault, error.at), (CborFault::KeyOrder, 3));
    }

    #[test]
    fn depth_and_size_on_their_limits_are_accepted_and_one_beyond_refused() {
        assert_eq!(fault("81818100"), None);
        assert_eq!(fault("8181c18000"), Some(CborFault::TooDeep { max: 3 }));
        assert_eq!(fault("8181818100"), Some(CborFault::TooDeep { max: 3 }));

        let mut text = vec![0x78, 62];
        text.resize(64, b'x');
        assert_eq!(check_strict(&text, LIMITS), Ok(()));
        text[1] = 63;
        text.push(b'x');
        assert_eq!(
            check_strict(&text, LIMITS).unwrap_err().fault,
            CborFault::TooLong { max: 64 }
        );
    }

    #[test]
    fn a_hostile_map_of_many_unordered_keys_costs_no_quadratic_time() {
        let limits = Limits {
            bytes_max: 1 << 20,
            ..LIMITS
        };
        let mut writer = Writer::new();
        let entries = 150_000;
        writer.map(entries);
        for key in (0..entries as u64).rev() {
            writer.uint(key).null();
        }
        assert_eq!(check_strict(&writer.finish(), limits), Ok(()));
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut writer = Writer::new();
        writer.tag(18).map(3);
        writer.uint(0).int(i64::MIN);
        writer
            .uint(24)
            .array(3)
            .bytes(&[1, 2])
            .text("\u{20ac}")
            .null();
        writer.int(-1).uint(u64::MAX);
        let bytes = writer.finish();

        let signed = Limits {
            key_order: KeyOrder::Ascending,
            ..LIMITS
        };
        let mut reader = Reader::open(&bytes, signed).unwrap();
        reader.tag(18).unwrap();
        let mut fields = reader.fields().unwrap();
        assert_eq!(fields.required(0).unwrap().int(), Ok(i64::MIN));
        assert!(fields.optional(1).unwrap().is_none());
        let list = fields.required(24).unwrap();
        list.array_of(3).unwrap();
        assert_eq!(list.bytes_of::<2>(), Ok([1, 2]));
        assert_eq!(list.text(), Ok("\u{20ac}"));
        list.null().unwrap();
        fields.end(Negative::Ignored).unwrap();
    }

    #[test]
    fn an_unknown_key_is_refused_unless_negative_and_ignored() {
        let read = |hex: &str, negative| {
            let bytes = hex::decode(hex).unwrap();
            let mut reader = Reader::open(&bytes, LIMITS).unwrap();
            let mut fields = reader.fields().unwrap();
            fields.required(1)?.uint()?;
            fields.required(3)?.uint()?;
            fields
                .end(negative)
                .map_err(|error| error.fault)
                .map_err(|fault| CborError { at: 0, fault })
        };
        let fault = |hex, negative| read(hex, negative).err().map(|error| error.fault);
        assert_eq!(fault("a201000300", Negative::Refused), None);
        assert_eq!(fault("a3010003002000", Negative::Ignored), None);
        assert_eq!(
            fault("a3010003002000", Negative::Refused),
            Some(CborFault::UnknownKey(-1))
        );
        assert_eq!(
            fault("a3010003000400", Negative::Ignored),
            Some(CborFault::UnknownKey(4))
        );
        assert_eq!(
            fault("a3010002000300", Negative::Ignored),
            Some(CborFault::UnknownKey(2))
        );
        assert_eq!(
            fault("a10100", Negative::Ignored),
            Some(CborFault::MissingKey(3))
        );
    }
}
