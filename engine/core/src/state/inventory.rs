//! What devices say of themselves, packed: fleets say the same things a thousand times, and almost nobody asks.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use fleetfold_schemas::{Name, TimeZoneName, Version};
use minicbor::{Decode, Encode};

/// What a device says of itself in its hello.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub hardware: Option<Version>,
    pub capabilities: Vec<Name>,
    pub region: Option<Name>,
    pub tenant: Option<Name>,
    pub time_zone: Option<TimeZoneName>,
    pub tags: Vec<Name>,
    pub attributes: BTreeMap<Name, String>,
}

/// The same, borrowed from wherever it was said.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub hardware: Option<&'a Version>,
    pub capabilities: &'a [Name],
    pub region: Option<&'a Name>,
    pub tenant: Option<&'a Name>,
    pub time_zone: Option<&'a TimeZoneName>,
    pub tags: &'a [Name],
    pub attributes: &'a [(Name, String)],
}

/// One CBOR map. Equal values have equal bytes.
pub type Packed = Box<[u8]>;

/// All but the attributes: shared by more devices than these. The numbers are those of a snapshot.
#[derive(Debug, Encode)]
#[cbor(map)]
struct Profile<'a> {
    #[n(0)]
    hardware: Option<&'a Version>,
    #[cbor(n(1), skip_if = "is_empty")]
    capabilities: &'a [Name],
    #[n(2)]
    region: Option<&'a Name>,
    #[n(3)]
    tenant: Option<&'a Name>,
    #[cbor(n(4), skip_if = "is_empty")]
    tags: &'a [Name],
    #[n(60)]
    time_zone: Option<&'a TimeZoneName>,
}

/// [`Profile`] as it is read.
#[derive(Debug, Default, Decode)]
#[cbor(map)]
struct ProfileRead {
    #[n(0)]
    hardware: Option<Version>,
    #[cbor(n(1), default)]
    capabilities: Vec<Name>,
    #[n(2)]
    region: Option<Name>,
    #[n(3)]
    tenant: Option<Name>,
    #[cbor(n(4), default)]
    tags: Vec<Name>,
    #[n(60)]
    time_zone: Option<TimeZoneName>,
}

/// What is read of [`Profile`] for one thing alone.
#[derive(Debug, Decode)]
#[cbor(map)]
struct TimeZoneRead {
    #[n(60)]
    time_zone: Option<TimeZoneName>,
}

/// In the order of the keys. The number is that of a snapshot.
#[derive(Debug, Encode)]
#[cbor(map)]
struct Attributes<'a> {
    #[n(0)]
    pairs: &'a [(Name, String)],
}

/// [`Attributes`] as they are read.
#[derive(Debug, Default, Decode)]
#[cbor(map)]
struct AttributesRead {
    #[n(0)]
    pairs: Vec<(Name, String)>,
}

impl Inventory {
    /// What was packed by [`Said`].
    pub(super) fn unpack(profile: Option<&[u8]>, attributes: Option<&[u8]>) -> Self {
        let ours = "only what was packed or checked is kept";
        let profile = profile.map_or(Ok(ProfileRead::default()), minicbor::decode);
        let profile = profile.expect(ours);
        let attributes = attributes.map_or(Ok(AttributesRead::default()), minicbor::decode);
        Self {
            hardware: profile.hardware,
            capabilities: profile.capabilities,
            region: profile.region,
            tenant: profile.tenant,
            time_zone: profile.time_zone,
            tags: profile.tags,
            attributes: attributes.expect(ours).pairs.into_iter().collect(),
        }
    }
}

impl Said<'_> {
    /// Everything but the attributes, appended to `bytes`; nothing if there is nothing.
    pub(super) fn pack_profile(&self, bytes: &mut Vec<u8>) {
        let is_empty = self.hardware.is_none()
            && self.capabilities.is_empty()
            && self.region.is_none()
            && self.tenant.is_none()
            && self.time_zone.is_none()
            && self.tags.is_empty();
        if !is_empty {
            encode(
                &Profile {
                    hardware: self.hardware,
                    capabilities: self.capabilities,
                    region: self.region,
                    tenant: self.tenant,
                    tags: self.tags,
                    time_zone: self.time_zone,
                },
                bytes,
            );
        }
    }

    /// The attributes, appended to `bytes`; nothing if there are none.
    pub(super) fn pack_attributes(&self, bytes: &mut Vec<u8>) {
        let pairs = self.attributes;
        if pairs.is_sorted_by(|(a, _), (b, _)| a < b) {
            if !pairs.is_empty() {
                encode(&Attributes { pairs }, bytes);
            }
        } else {
            // Of a key that is there twice, the last counts.
            let sorted: BTreeMap<_, _> = pairs.iter().cloned().collect();
            let pairs: Vec<_> = sorted.into_iter().collect();
            encode(&Attributes { pairs: &pairs }, bytes);
        }
    }
}

/// The time zone that a profile names.
pub(super) fn time_zone(profile: &[u8]) -> Option<TimeZoneName> {
    let read: TimeZoneRead = minicbor::decode(profile).expect("only what was packed is kept");
    read.time_zone
}

/// Whether these bytes are a profile, as [`Said`] packs it.
pub fn check_profile(bytes: &[u8]) -> Result<(), minicbor::decode::Error> {
    minicbor::decode::<ProfileRead>(bytes).map(drop)
}

/// Whether these bytes are attributes, as [`Said`] packs them.
pub fn check_attributes(bytes: &[u8]) -> Result<(), minicbor::decode::Error> {
    minicbor::decode::<AttributesRead>(bytes).map(drop)
}

fn encode(value: &impl Encode<()>, bytes: &mut Vec<u8>) {
    minicbor::encode(value, bytes).expect("writing to memory does not fail");
}

fn is_empty(names: &&[Name]) -> bool {
    names.is_empty()
}
