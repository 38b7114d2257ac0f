//! Devices by themselves, and questions about them.

use alloc::string::String;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::hex32;
use crate::{
    campaign::Moment,
    id::{CampaignId, DeviceId, ModelId, Name, TicketId, Version},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterDevice {
    pub device: DeviceId,
    pub model: ModelId,
    /// Whom it belongs to. Absent: the first hello that names a tenant says so; or the operator's one tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    pub credential: Credential,
}

/// The device belongs to another tenant from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignDevice {
    pub device: DeviceId,
    pub tenant: Name,
}

/// What a device proves itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// The device's Ed25519 public key, 64 hexadecimal digits; it logs in with a JWT signed by it.
    #[serde(with = "hex32")]
    #[n(0)]
    PublicKey(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// SHA-256 of the device's token, 64 hexadecimal digits; the token itself never comes here.
    #[serde(with = "hex32")]
    #[n(1)]
    TokenSha256(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Lifecycle {
    /// Registered, never heard of.
    #[n(0)]
    Provisioned,
    #[n(1)]
    Active,
    /// Kept out of campaigns.
    #[n(2)]
    Maintenance,
    /// Gone for good; may not log in.
    #[n(3)]
    Retired,
}

impl Lifecycle {
    pub const ALL: [Self; 4] = [
        Self::Provisioned,
        Self::Active,
        Self::Maintenance,
        Self::Retired,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::Active => "active",
            Self::Maintenance => "maintenance",
            Self::Retired => "retired",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLifecycle {
    pub device: DeviceId,
    pub lifecycle: Lifecycle,
}

/// Why this device, why now or why not yet. The answer's `result` is an [`crate::explain::Explanation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainDevice {
    pub device: DeviceId,
    /// Absent: all campaigns that are under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
}

/// One device is updated by itself, outside the campaigns of its fleet: in a campaign of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDevice {
    pub device: DeviceId,
    /// Of a release of its model.
    pub version: Version,
    /// Not before then. Absent: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which devices lack a security release. The answer's `result` is a [`crate::compliance::CompliancePage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// Where to go on: `next` of the page before. Absent: from the first device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// How many lacking devices to tell of, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Somebody has looked at a device whose executions kept failing: it may be offered something again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnflagDevice {
    pub device: DeviceId,
    /// For the record: what was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody has seen to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseTicket {
    pub ticket: TicketId,
    /// For the record: what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
