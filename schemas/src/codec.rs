//! Bytes to messages and back: bounded, strict, one function per direction.
//!
//! A message has a limit, ends where its bytes end and can be said in one way only: CBOR is checked by [`crate::cbor`]
//! first, and neither CBOR nor JSON reaches a type but through [`crate::plain`].

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use ciborium::Value;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cbor,
    code::{Code, Rejection},
    plain::{Plain, Source},
};

/// Largest hello, report or chunk request, in bytes. Inventories and error texts are bounded far below it.
pub const DEVICE_MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// Largest operator command. A campaign with hundreds of phases and notes fits; images travel as uploads.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Why bytes are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("{bytes} bytes are over the limit of {bytes_max}")]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("{reason}")]
    Malformed { reason: String },
}

impl DecodeError {
    #[must_use]
    pub fn malformed(reason: &str) -> Self {
        Self::Malformed {
            reason: reason.to_string(),
        }
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        let code = match &error {
            DecodeError::TooLarge { .. } => Code::TooLarge,
            DecodeError::Malformed { .. } => Code::Malformed,
        };
        Self::new(code, error.to_string())
    }
}

/// A message from a device, and how many keys of it are unknown here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromDevice<T> {
    pub message: T,
    pub unknown_keys: u32,
}

/// Reads a device's message: JSON if it begins with `{`, CBOR otherwise.
pub fn decode_from_device<T: DeserializeOwned>(bytes: &[u8]) -> Result<FromDevice<T>, DecodeError> {
    check_size(bytes, DEVICE_MESSAGE_BYTES_MAX)?;
    let source = if bytes.first() == Some(&b'{') {
        let value = Plain::from_json(bytes);
        Source::json(value.map_err(|error| DecodeError::malformed(&error.to_string()))?)
    } else {
        let value = Plain::from_cbor(bytes, cbor::Limits::default());
        Source::cbor(value.map_err(|error| DecodeError::malformed(&error.to_string()))?)
    };
    let mut unknown_keys = 0;
    serde_ignored::deserialize(source, |_| unknown_keys += 1)
        .map(|message| FromDevice {
            message,
            unknown_keys,
        })
        .map_err(|error| DecodeError::malformed(&error.to_string()))
}

/// Reads CBOR into a value tree after checking its form.
pub fn decode_value(bytes: &[u8], bytes_max: usize) -> Result<Value, DecodeError> {
    check_size(bytes, bytes_max)?;
    check_cbor(bytes)?;
    ciborium::from_reader(bytes).map_err(|error| DecodeError::malformed(&describe(&error)))
}

/// Writes a message of ours as CBOR.
#[must_use]
pub fn encode_cbor<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(message, &mut bytes)
        .expect("our messages have string or integer keys and memory is the only sink");
    bytes
}

/// Writes a message of ours as JSON.
#[must_use]
pub fn encode_json<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("our messages have string keys")
}

fn check_size(bytes: &[u8], bytes_max: usize) -> Result<(), DecodeError> {
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLarge {
            bytes: bytes.len(),
            bytes_max,
        });
    }
    Ok(())
}

fn check_cbor(bytes: &[u8]) -> Result<(), DecodeError> {
    cbor::check_strict(bytes, cbor::Limits::default())
        .map_err(|error| DecodeError::malformed(&error.to_string()))
}

/// ciborium's errors, without the Debug wrapping its Display has.
fn describe<E: core::fmt::Debug>(error: &ciborium::de::Error<E>) -> String {
    match error {
        ciborium::de::Error::Semantic(_, reason) => reason.clone(),
        ciborium::de::Error::Syntax(at) => alloc::format!("not CBOR at byte {at}"),
        ciborium::de::Error::RecursionLimitExceeded => String::from("nested too deeply"),
        ciborium::de::Error::Io(_) => String::from("the bytes end too early"),
    }
}
