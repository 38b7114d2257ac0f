//! The small world that the vectors are about: one device, two releases, one campaign.

use ed25519_dalek::SigningKey;
use fleetfold_schemas::{
    CampaignId, DeviceId, DeviceTopic, Digest, Name, OperatorId, OperatorTopic, Topic, Version,
    device::{DeviceError, ErrorClass, Image, Running, Slot},
};

/// When the story told by the vectors happens: 2026-09-21 15:33:20 UTC.
pub const NOW_MS: u64 = 1_790_004_800_000;
pub const HOUR_MS: u64 = 3_600_000;

pub fn release_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn job_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub fn device_key() -> SigningKey {
    SigningKey::from_bytes(&[17; 32])
}

pub fn device() -> DeviceId {
    DeviceId::parse("press-17").unwrap()
}

pub fn campaign() -> CampaignId {
    CampaignId::parse("spring").unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

pub fn old_image() -> Image {
    Image {
        version: version("1.3.2"),
        digest: Digest::of(b"firmware 1.3.2"),
    }
}

pub fn new_image() -> Image {
    Image {
        version: version("1.4.0"),
        digest: Digest::of(b"firmware 1.4.0"),
    }
}

pub fn running(image: Image, slot: Slot) -> Running {
    Running {
        slot,
        version: image.version,
        digest: image.digest,
    }
}

pub fn of_device(topic: DeviceTopic) -> Topic {
    Topic::Device(device(), topic)
}

pub fn of_operator(topic: OperatorTopic) -> Topic {
    Topic::Operator(OperatorId::parse("ann").unwrap(), topic)
}

pub fn error(class: ErrorClass, code: &str, message: &str) -> DeviceError {
    DeviceError {
        class,
        code: name(code),
        message: message.to_owned(),
    }
}
