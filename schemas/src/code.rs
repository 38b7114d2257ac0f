//! Why something was refused: stable codes, one vocabulary for devices, operators and metrics.
//!
//! A code never changes its meaning and is never reused; PROTOCOL.md says of each what the sender can do about it, and a
//! test holds the two together. Refusals that arise before a message is read (login, access, framing) have codes of the
//! same kind in the broker.

use alloc::string::String;
use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The reason of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it stands on the wire and in metric labels.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    // What a device sends.
    /// Not readable as the message that belongs on this topic.
    Malformed = "malformed",
    /// Over the size limit of this message, of its record, or of an artifact.
    TooLarge = "too_large",
    /// A protocol version this engine does not speak.
    UnsupportedProtocol = "unsupported_protocol",
    /// No device of this name is registered.
    UnknownDevice = "unknown_device",
    /// The device has been retired.
    DeviceRetired = "device_retired",
    /// The boot epoch is lower than one already seen.
    EpochRegressed = "epoch_regressed",
    /// The same number came twice with different content: two devices share an identity.
    SequenceConflict = "sequence_conflict",
    /// A hello names another model than the registration.
    ModelMismatch = "model_mismatch",
    /// A hello names another tenant than the one that the device belongs to.
    TenantMismatch = "tenant_mismatch",
    /// There is no undamaged artifact with this digest.
    UnknownArtifact = "unknown_artifact",
    /// The requested piece does not lie within the artifact, is empty or too long.
    ChunkRange = "chunk_range",
    // What an operator sends.
    /// No command has this name.
    UnknownCommand = "unknown_command",
    /// This operator's role or tenants do not allow the command; or a device's token was used by another connection first.
    NotAuthorized = "not_authorized",
    /// The command's id is older than answers are kept for, or from the future.
    StaleCommand = "stale_command",
    /// The campaign has changed since `expected_version`.
    VersionConflict = "version_conflict",
    /// The object is not in a state that allows this.
    InvalidTransition = "invalid_transition",
    /// No campaign has this id.
    UnknownCampaign = "unknown_campaign",
    /// The site's policy asks for more approvals than there are people to give them.
    TooFewApprovers = "too_few_approvers",
    /// No ticket of this name is open.
    UnknownTicket = "unknown_ticket",
    /// The device takes no part in the campaign.
    NotAMember = "not_a_member",
    /// One at a time, and one is under way.
    Busy = "busy",
    /// The id is taken by another campaign.
    CampaignExists = "campaign_exists",
    /// A campaign's description is impossible; the message names the key.
    CampaignInvalid = "campaign_invalid",
    /// The model has no release of this version.
    UnknownRelease = "unknown_release",
    /// The model has a release of this version; a repair is a new version.
    ReleaseExists = "release_exists",
    /// The manifest's sequence number is not above that of the model's newest release.
    ReleaseSequence = "release_sequence",
    /// The manifest does not carry a valid signature by a trusted release key.
    ReleaseUnsigned = "release_unsigned",
    /// The manifest is signed but is not of the supported profile.
    ManifestUnsupported = "manifest_unsupported",
    /// The manifest is for another vendor, model, component or version than the command says.
    ManifestMismatch = "manifest_mismatch",
    /// The image has not been uploaded completely.
    ImageMissing = "image_missing",
    /// The uploaded image is not the one that the manifest was signed for.
    ImageMismatch = "image_mismatch",
    /// A device of this name is registered.
    DeviceExists = "device_exists",
    /// No operator has this name.
    UnknownOperator = "unknown_operator",
    /// An operator has, or had, this name.
    OperatorExists = "operator_exists",
    /// The role and the tenants do not go together.
    OperatorInvalid = "operator_invalid",
    /// Without this operator, nobody could manage operators.
    LastAdmin = "last_admin",
    /// The password is too short or too long, or its hash is not one that is taken.
    PasswordRefused = "password_refused",
    /// The key is trusted already, or its name is another key's.
    KeyExists = "key_exists",
    /// The uploaded bytes do not have the digest they were announced with; they are dropped.
    UploadMismatch = "upload_mismatch",
    /// A piece begins after the end of what has been uploaded so far.
    UploadGap = "upload_gap",
    /// The store is short of space, or its disk fails.
    StorageLow = "storage_low",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A refusal: the code for programs, one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Rejection {
    pub code: Code,
    pub message: String,
}

impl Rejection {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_fit_for_a_metric_label() {
        for (i, code) in Code::ALL.iter().enumerate() {
            let text = code.as_str();
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{text}"
            );
            assert!(
                !Code::ALL[..i].iter().any(|other| other.as_str() == text),
                "{text}"
            );
        }
    }
}
