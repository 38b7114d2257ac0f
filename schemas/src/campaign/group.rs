//! Groups: which devices a campaign is for, and who comes first.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{SpecError, list::any_or_some};
use crate::id::{DeviceId, ModelId, Name, Version};

/// Devices that are treated alike. A device that fits several groups belongs to the first by `rollout_order`, then by
/// `priority`, then as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    pub name: Name,
    /// Among groups of the same `rollout_order`, a lower number is offered the update first.
    #[serde(default = "first")]
    pub priority: u16,
    /// Within a phase, groups with a lower number are offered the update first.
    #[serde(default = "first")]
    pub rollout_order: u16,
    pub criteria: Criteria,
}

const fn first() -> u16 {
    1
}

/// Whether later devices fall in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Membership {
    /// Who is in is fixed at the start.
    #[default]
    Static,
    /// A device that comes to fit a group while the campaign is under way joins it.
    Dynamic,
}

/// How groups and phases interlock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GroupOrder {
    /// All groups go through the phases together.
    #[default]
    Parallel,
    /// Each `rollout_order` goes through all phases before the next one begins.
    Sequential,
}

/// What a device must be like. Within a key any of the values will do (of `tags`, all are needed); all keys must hold.
/// A key left out, or `*`, says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criteria {
    pub device_type: Option<Vec<ModelId>>,
    pub hardware_revision: Option<Vec<Version>>,
    pub region: Option<Vec<Name>>,
    /// Of the image that runs.
    pub version: Option<Vec<VersionRequirement>>,
    pub tenant: Option<Vec<Name>>,
    /// All of them.
    pub tags: Option<Vec<Name>>,
    pub tags_any: Option<Vec<Name>>,
    pub attributes: BTreeMap<Name, Option<Vec<String>>>,
    pub devices: Option<BTreeSet<DeviceId>>,
    /// What it must not be like.
    pub not: Option<Box<Criteria>>,
}

/// What criteria look at.
#[derive(Debug, Clone, Copy)]
pub struct Facets<'a> {
    pub device: &'a str,
    pub model: &'a ModelId,
    pub hardware: Option<&'a Version>,
    pub region: Option<&'a Name>,
    /// Of the image that runs.
    pub version: Option<&'a Version>,
    pub tenant: Option<&'a Name>,
    pub tags: &'a [Name],
    pub attributes: &'a BTreeMap<Name, String>,
}

impl Criteria {
    #[must_use]
    pub fn matches(&self, device: &Facets<'_>) -> bool {
        self.fits_model(device.model)
            && self.fits_profile(device)
            && self.fits_version(device.version)
            && self.fits_attributes(device.attributes)
            && self.fits_name(device.device)
            && !(self.not.as_ref()).is_some_and(|not| not.matches(device))
    }

    /// These criteria, then what they exclude, then what that excludes, and so on.
    pub fn layers(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |layer| layer.not.as_deref())
    }

    #[must_use]
    pub fn fits_model(&self, model: &ModelId) -> bool {
        any_of(self.device_type.as_ref(), Some(model))
    }

    /// What else a device is, but for its version, its attributes and its name.
    #[must_use]
    pub fn fits_profile(&self, device: &Facets<'_>) -> bool {
        any_of(self.hardware_revision.as_ref(), device.hardware)
            && any_of(self.region.as_ref(), device.region)
            && any_of(self.tenant.as_ref(), device.tenant)
            && self.fits_tags(device.tags)
    }

    #[must_use]
    pub fn fits_version(&self, version: Option<&Version>) -> bool {
        self.version.as_ref().is_none_or(|wanted| {
            version.is_some_and(|version| wanted.iter().any(|wanted| wanted.matches(version)))
        })
    }

    #[must_use]
    pub fn fits_name(&self, device: &str) -> bool {
        (self.devices.as_ref()).is_none_or(|ids| ids.contains(device))
    }

    fn fits_tags(&self, tags: &[Name]) -> bool {
        let all = self.tags.iter().flatten().all(|tag| tags.contains(tag));
        let any = (self.tags_any.as_ref())
            .is_none_or(|wanted| wanted.iter().any(|tag| tags.contains(tag)));
        all && any
    }

    #[must_use]
    pub fn fits_attributes(&self, attributes: &BTreeMap<Name, String>) -> bool {
        self.attributes.iter().all(|(key, wanted)| {
            wanted.as_ref().is_none_or(|wanted| {
                (attributes.get(key)).is_some_and(|value| wanted.contains(value))
            })
        })
    }

    /// That a device can fit. `path` is the way to here.
    pub(super) fn check(&self, path: &str) -> Result<(), SpecError> {
        fn is_empty<T>(list: Option<&Vec<T>>) -> bool {
            list.is_some_and(Vec::is_empty)
        }
        let empty = [
            ("device_type", is_empty(self.device_type.as_ref())),
            (
                "hardware_revision",
                is_empty(self.hardware_revision.as_ref()),
            ),
            ("region", is_empty(self.region.as_ref())),
            ("version", is_empty(self.version.as_ref())),
            ("tenant", is_empty(self.tenant.as_ref())),
            ("tags", is_empty(self.tags.as_ref())),
            ("tags_any", is_empty(self.tags_any.as_ref())),
            (
                "devices",
                self.devices.as_ref().is_some_and(BTreeSet::is_empty),
            ),
        ];
        let empty = empty.iter().find(|(_, is_empty)| *is_empty);
        let mut key = empty.map(|(key, _)| format!("{path}.{key}"));
        if key.is_none() {
            let empty = |(_, values): &(_, &Option<Vec<String>>)| is_empty(values.as_ref());
            let empty = self.attributes.iter().find(empty);
            key = empty.map(|(key, _)| format!("{path}.attributes.{key}"));
        }
        if let Some(key) = key {
            return Err(SpecError::new(
                key,
                "an empty list fits no device",
                "it names at least one value; `*` or no such key fits all",
            ));
        }
        let Some(not) = &self.not else {
            return Ok(());
        };
        let path = format!("{path}.not");
        not.check(&path)?;
        let rest = Self {
            not: None,
            ..self.clone()
        };
        let problem = if not.is_everything() {
            "it excludes every device"
        } else if **not == rest {
            "it excludes all that the other keys ask for"
        } else {
            return Ok(());
        };
        Err(SpecError::new(path, problem, "some devices must be left"))
    }

    /// Whether it says nothing, so that every device fits.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        let said_nothing = Self {
            attributes: self.attributes.clone(),
            ..Self::default()
        };
        *self == said_nothing && self.attributes.values().all(Option::is_none)
    }

    /// Whether devices are looked at one by one: what else they are alike in does not tell.
    #[must_use]
    pub fn names_devices(&self) -> bool {
        self.devices.is_some() || self.not.as_ref().is_some_and(|not| not.names_devices())
    }

    #[must_use]
    pub fn asks_attributes(&self) -> bool {
        !self.attributes.is_empty() || self.not.as_ref().is_some_and(|not| not.asks_attributes())
    }
}

fn any_of<T: PartialEq>(wanted: Option<&Vec<T>>, found: Option<&T>) -> bool {
    wanted.is_none_or(|wanted| found.is_some_and(|found| wanted.contains(found)))
}

/// [`Criteria`] as keys and values.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(
        default,
        alias = "model",
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    device_type: Option<Vec<ModelId>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    hardware_revision: Option<Vec<Version>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    region: Option<Vec<Name>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    version: Option<Vec<VersionRequirement>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    tenant: Option<Vec<Name>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    tags: Option<Vec<Name>>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    tags_any: Option<Vec<Name>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<Name, Values>,
    #[serde(
        default,
        deserialize_with = "any_or_some",
        skip_serializing_if = "Option::is_none"
    )]
    devices: Option<Vec<DeviceId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<Criteria>>,
}

struct Values(Option<Vec<String>>);

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(values) => values.serialize(serializer),
            None => serializer.serialize_str("*"),
        }
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any_or_some(deserializer).map(Self)
    }
}

impl From<Keys> for Criteria {
    fn from(keys: Keys) -> Self {
        let attributes = keys.attributes.into_iter();
        Self {
            device_type: keys.device_type,
            hardware_revision: keys.hardware_revision,
            region: keys.region,
            version: keys.version,
            tenant: keys.tenant,
            tags: keys.tags,
            tags_any: keys.tags_any,
            attributes: attributes.map(|(key, values)| (key, values.0)).collect(),
            devices: keys.devices.map(|ids| ids.into_iter().collect()),
            not: keys.not,
        }
    }
}

impl From<Criteria> for Keys {
    fn from(criteria: Criteria) -> Self {
        let attributes = criteria.attributes.into_iter();
        Self {
            device_type: criteria.device_type,
            hardware_revision: criteria.hardware_revision,
            region: criteria.region,
            version: criteria.version,
            tenant: criteria.tenant,
            tags: criteria.tags,
            tags_any: criteria.tags_any,
            attributes: attributes
                .map(|(key, values)| (key, Values(values)))
                .collect(),
            devices: criteria.devices.map(|ids| ids.into_iter().collect()),
            not: criteria.not,
        }
    }
}

/// Criteria that say nothing are written as `*`.
impl Serialize for Criteria {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::default() {
            return serializer.serialize_str("*");
        }
        Keys::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Criteria {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Criteria;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("criteria by key, or * for every device")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Criteria, E> {
                match text {
                    "*" => Ok(Criteria::default()),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Criteria, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                Keys::deserialize(map).map(Criteria::from)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Which versions, as Cargo writes it: `>=1.2, <2`. A version that is not of the form of semver.org fits none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRequirement(semver::VersionReq);

impl VersionRequirement {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        semver::VersionReq::parse(text).ok().map(Self)
    }

    #[must_use]
    pub fn matches(&self, version: &Version) -> bool {
        semver::Version::parse(version.as_str()).is_ok_and(|version| self.0.matches(&version))
    }
}

impl Version {
    /// Whether it comes before another one, both of the form of semver.org.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        let parse = |version: &Self| semver::Version::parse(version.as_str()).ok();
        match (parse(self), parse(other)) {
            (Some(own), Some(other)) => own < other,
            _ => false,
        }
    }
}

impl fmt::Display for VersionRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for VersionRequirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for VersionRequirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let expected = "which versions, like `>=1.2, <2` or `1.4`";
            de::Error::invalid_value(de::Unexpected::Str(&text), &expected)
        })
    }
}
