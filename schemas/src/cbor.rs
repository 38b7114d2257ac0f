//! Strict CBOR: one encoding per value, bounded, read from the bytes as they came.
//!
//! RFC 8949 leaves a decoder free to accept indefinite lengths, padded integers and repeated keys. Each of them is a
//! second spelling of the same value, and two readers that disagree about a spelling are an attack on what was signed.
//! So [`check_strict`] refuses them all before anything is interpreted. It builds no values; [`Reader`] then walks the
//! checked bytes, and [`Writer`] produces only what the checker accepts.

mod check;
mod fields;
mod reader;
mod writer;

pub use check::check_strict;
pub use fields::{Fields, Negative};
pub use reader::{Item, Reader};
pub use writer::Writer;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

const FALSE: u8 = 20;
const TRUE: u8 = 21;
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
    fn new(at: usize, fault: CborFault) -> Self {
        Self { at, fault }
    }

    /// The sender may be newer than we are, as opposed to wrong.
    #[must_use]
    pub fn is_unknown_vocabulary(&self) -> bool {
        matches!(self.fault, CborFault::UnknownKey(_))
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
        let mut fields = reader.fields(Negative::Ignored).unwrap();
        assert_eq!(fields.required(0).unwrap().int(), Ok(i64::MIN));
        assert!(fields.optional(1).unwrap().is_none());
        let list = fields.required(24).unwrap();
        list.array_of(3).unwrap();
        assert_eq!(list.bytes_of::<2>(), Ok([1, 2]));
        assert_eq!(list.text(), Ok("\u{20ac}"));
        list.null().unwrap();
        fields.end().unwrap();
    }

    #[test]
    fn every_kind_of_value_is_read_as_what_it_is() {
        let item = |hex: &str| {
            let bytes = hex::decode(hex).unwrap().leak();
            let mut reader = Reader::open(bytes, LIMITS).unwrap();
            match reader.item().unwrap() {
                Item::Float(x) if x.is_nan() => Err("NaN"),
                Item::Bytes(bytes) => Err(if bytes == [1] { "bytes" } else { "?" }),
                Item::Text(text) => Err(if text == "a" { "text" } else { "?" }),
                item => Ok(item),
            }
        };
        for (hex, wanted) in [
            ("1864", Item::Unsigned(100)),
            ("3863", Item::Negative(99)),
            ("80", Item::Array(0)),
            ("a10000", Item::Map(1)),
            ("c100", Item::Tag(1)),
            ("f4", Item::Bool(false)),
            ("f5", Item::Bool(true)),
            ("f6", Item::Null),
            // RFC 8949 appendix A.
            ("f93c00", Item::Float(1.0)),
            ("f97bff", Item::Float(65504.0)),
            ("f90001", Item::Float(5.960_464_477_539_063e-8)),
            ("f90400", Item::Float(0.000_061_035_156_25)),
            ("f9c400", Item::Float(-4.0)),
            ("f97c00", Item::Float(f64::INFINITY)),
            ("fa47c35000", Item::Float(100_000.0)),
            ("fb3ff199999999999a", Item::Float(1.1)),
        ] {
            assert_eq!(item(hex), Ok(wanted), "{hex}");
        }
        assert_eq!(item("f97e00"), Err("NaN"));
        assert_eq!(item("4101"), Err("bytes"));
        assert_eq!(item("6161"), Err("text"));
    }

    #[test]
    fn an_unknown_key_is_refused_unless_negative_and_ignored() {
        let read = |hex: &str, negative| {
            let bytes = hex::decode(hex).unwrap();
            let mut reader = Reader::open(&bytes, LIMITS).unwrap();
            let mut fields = reader.fields(negative).unwrap();
            fields.required(1)?.uint()?;
            fields.required(3)?.uint()?;
            fields.optional(-2)?.map(|value| value.uint()).transpose()?;
            fields.end()
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
