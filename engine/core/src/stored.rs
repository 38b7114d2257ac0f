//! How types that are not ours to annotate stand in stored facts, and in the facts that auditors read.

use alloc::{format, string::String};

use serde::Serializer;

/// Bytes as hexadecimal digits, for people.
pub fn hex<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    let digits: String = bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    serializer.serialize_str(&digits)
}

/// A campaign's description and its site's defaults, as the JSON texts they are published as. A description has every
/// default written out: a default that changes later must not change history.
pub mod json {
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };
    use serde::{Serialize, de::DeserializeOwned};

    pub fn encode<C, T: Serialize, W: Write>(
        value: &T,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        let json = serde_json::to_string(value).map_err(EncodeError::message)?;
        e.str(&json)?.ok()
    }

    pub fn decode<C, T: DeserializeOwned>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<T, DecodeError> {
        serde_json::from_str(d.str()?).map_err(DecodeError::message)
    }
}
