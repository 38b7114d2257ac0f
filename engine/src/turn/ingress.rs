//! What devices and operators say, as requests.

use fleetfold_core::{DeviceMessage, Request, StoredArtifact};
use fleetfold_schemas::{
    DeviceId, Digest, OperatorId,
    code::Rejection,
    codec::{DecodeError, decode_from_device},
    command::{Command, CommandMessage, UnreadableCommand},
    device::{Hello, Report},
    password::{Password, PasswordHash},
};

/// A device's message, understood.
#[derive(Debug)]
pub struct FromDevice {
    pub request: Request,
    /// Keys that this version does not know, and has passed over.
    pub unknown_keys: u32,
}

/// A payload on a device's `hello`. `login_counter` is that of the token which its connection logged in with.
///
/// # Errors
/// The payload is not a hello.
pub fn hello(
    device: DeviceId,
    payload: &[u8],
    login_counter: Option<u64>,
) -> Result<FromDevice, DecodeError> {
    let decoded = decode_from_device::<Hello>(payload)?;
    let message = DeviceMessage::Hello {
        hello: Box::new(decoded.message),
        login_counter,
    };
    Ok(from_device(device, payload, message, decoded.unknown_keys))
}

/// A payload on a device's `report`.
///
/// # Errors
/// The payload is not a report.
pub fn report(device: DeviceId, payload: &[u8]) -> Result<FromDevice, DecodeError> {
    let decoded = decode_from_device::<Report>(payload)?;
    let message = DeviceMessage::Report(decoded.message);
    Ok(from_device(device, payload, message, decoded.unknown_keys))
}

fn from_device(
    device: DeviceId,
    payload: &[u8],
    message: DeviceMessage,
    unknown_keys: u32,
) -> FromDevice {
    FromDevice {
        request: Request::Device {
            device,
            fingerprint: fingerprint(payload),
            message,
        },
        unknown_keys,
    }
}

/// The first four bytes of the payload's BLAKE3: enough to tell a repeat from a clone's message.
fn fingerprint(payload: &[u8]) -> u32 {
    let digest = blake3::hash(payload);
    let (first, _) = digest
        .as_bytes()
        .split_first_chunk()
        .expect("a BLAKE3 digest has 32 bytes");
    u32::from_le_bytes(*first)
}

/// A command as it came, readable or not: both are on record.
#[derive(Debug)]
pub struct FromOperator {
    operator: OperatorId,
    message: Result<CommandMessage, UnreadableCommand>,
}

/// A payload on an operator's `command`.
#[must_use]
pub fn command(operator: OperatorId, payload: &[u8]) -> FromOperator {
    FromOperator {
        operator,
        message: CommandMessage::decode(payload),
    }
}

impl FromOperator {
    /// The image whose bytes must have been uploaded for this command.
    #[must_use]
    pub fn image(&self) -> Option<Digest> {
        match &self.message {
            Ok(CommandMessage {
                command: Command::PublishRelease(release),
                ..
            }) => Some(release.image),
            _ => None,
        }
    }

    /// A password that must be hashed before the command becomes a request.
    #[must_use]
    pub fn plain_password(&self) -> Option<&Password> {
        self.message.as_ref().ok()?.command.plain_password()
    }

    /// Puts the hash in the place of [`Self::plain_password`]; without one, the command is refused.
    pub fn set_password_hash(&mut self, hash: Result<PasswordHash, Rejection>) {
        let Ok(message) = &mut self.message else {
            return;
        };
        match hash {
            Ok(hash) => message.command.set_password_hash(hash),
            Err(rejection) => {
                self.message = Err(UnreadableCommand {
                    id: message.id.clone(),
                    name: Some(message.command.name().to_owned()),
                    rejection,
                });
            }
        }
    }

    /// The request, with what is stored under [`Self::image`].
    #[must_use]
    pub fn request(self, artifact: Option<StoredArtifact>) -> Request {
        Request::Operator {
            operator: self.operator,
            message: self.message,
            artifact,
        }
    }
}
