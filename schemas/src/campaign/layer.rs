//! Descriptions in layers: what a campaign says lies over what its site says, and that over what is built in.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer};

use super::{
    AtLimit, BasisPoints, Download, Freeze, GroupOrder, GroupSpec, Jitter, MaintenanceWindow,
    Membership, Metric, Other, Pace, PhaseDraft, Schedule, Span, SprtSpec, StrataKey, Strategy,
};
use crate::id::TimeZoneName;

/// Something of which an upper layer may say all, a part or nothing.
pub(super) trait Layer: Clone {
    /// What is said here, and for the rest what `below` says.
    fn over(self, below: &Self) -> Self;
}

impl<T: Layer> Layer for Option<T> {
    fn over(self, below: &Self) -> Self {
        match (self, below) {
            (Some(said), Some(below)) => Some(said.over(below)),
            (Some(said), None) => Some(said),
            (None, below) => below.clone(),
        }
    }
}

/// What is said whole or not at all: a list replaces the list below it.
macro_rules! whole {
    ($($type:ty),* $(,)?) => {
        $(impl Layer for $type {
            fn over(self, _: &Self) -> Self {
                self
            }
        })*
    };
}

whole!(
    bool,
    u8,
    u32,
    u64,
    AtLimit,
    BasisPoints,
    GroupOrder,
    Jitter,
    Membership,
    Other,
    Pace,
    SprtSpec,
    StrataKey,
    Strategy,
    Vec<GroupSpec>,
    Vec<Metric>,
    Vec<PhaseDraft>,
    Vec<MaintenanceWindow>,
    Vec<Freeze>,
    Schedule,
    Download,
    TimeZoneName,
);

impl<const UNIT_MS: u64> Layer for Span<UNIT_MS> {
    fn over(self, _: &Self) -> Self {
        self
    }
}

/// For `deserialize_with`: a key that stands there has a value. Nothing after the colon is a slip, not the default.
pub(super) fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A block whose keys can all be left out for good is the same as an author writes it and resolved.
macro_rules! layered {
    ($name:ident { $($key:ident),* $(,)? }) => {
        impl super::layer::Layer for $name {
            fn over(self, below: &Self) -> Self {
                Self {
                    $($key: self.$key.over(&below.$key),)*
                }
            }
        }
    };
}

/// A block of keys twice: resolved, with the default of each key, and as an author writes it, any key left out.
macro_rules! block {
    (
        $(#[$doc:meta])*
        $name:ident, $draft:ident {
            $($(#[$key_doc:meta])* $key:ident: $type:ty = $default:expr,)*
        }
        $(absent unless said {
            $($(#[$bound_doc:meta])* $bound:ident: $bound_type:ty,)*
        })?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$key_doc])* pub $key: $type,)*
            $($(
                $(#[$bound_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $bound: Option<$bound_type>,
            )*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($key: $default,)*
                    $($($bound: None,)*)?
                }
            }
        }

        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $draft {
            $(
                $(#[$key_doc])*
                #[serde(
                    default,
                    deserialize_with = "super::layer::said",
                    skip_serializing_if = "Option::is_none"
                )]
                pub $key: Option<$type>,
            )*
            $($(
                $(#[$bound_doc])*
                #[serde(
                    default,
                    deserialize_with = "super::layer::said",
                    skip_serializing_if = "Option::is_none"
                )]
                pub $bound: Option<$bound_type>,
            )*)?
        }

        impl super::layer::Layer for $draft {
            fn over(self, below: &Self) -> Self {
                Self {
                    $($key: self.$key.over(&below.$key),)*
                    $($($bound: self.$bound.over(&below.$bound),)*)?
                }
            }
        }

        impl $draft {
            pub(super) fn resolve(self) -> $name {
                let default = $name::default();
                $name {
                    $($key: self.$key.unwrap_or(default.$key),)*
                    $($($bound: self.$bound,)*)?
                }
            }
        }

        impl From<$name> for $draft {
            fn from(resolved: $name) -> Self {
                Self {
                    $($key: Some(resolved.$key),)*
                    $($($bound: resolved.$bound,)*)?
                }
            }
        }
    };
}

pub(super) use {block, layered};
