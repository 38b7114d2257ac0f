//! First outcomes, of all devices and of those of one kind.

use alloc::string::String;

use minicbor::{Decode, Encode};

/// First outcomes, as the `confident` gate counts them. The numbers are those of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evidence {
    #[n(0)]
    pub failed: u64,
    #[n(1)]
    pub succeeded: u64,
}

/// Devices of one kind, and what their first outcomes say. The numbers are those of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stratum {
    /// Empty: of devices that say nothing, or that are of none of the other kinds.
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub evidence: Evidence,
    #[n(2)]
    pub forgiven: Evidence,
}

impl Stratum {
    #[must_use]
    pub fn fresh(&self) -> Evidence {
        self.evidence.since(self.forgiven)
    }
}

impl Evidence {
    /// What has come since there was only this.
    #[must_use]
    pub(super) const fn since(self, earlier: Self) -> Self {
        Self {
            failed: self.failed.saturating_sub(earlier.failed),
            succeeded: self.succeeded.saturating_sub(earlier.succeeded),
        }
    }
}
