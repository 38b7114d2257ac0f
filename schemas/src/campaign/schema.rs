//! The JSON Schema of what authors write, taken from the types that read it.

use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, format, string::String, vec::Vec};
use core::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::{
    BasisPoints, CampaignDraft, ClockTime, Criteria, DAY_MS, Factor, FreezeBound, Growth, HOUR_MS,
    MINUTE_MS, Moment, Other, Pace, ReleaseRef, Span, StrataKey, VersionRequirement, Weekdays,
};
use crate::id::{
    CampaignId, DeviceId, ID_BYTES_MAX, ModelId, Name, TIME_ZONE_BYTES_MAX, TimeZoneName,
    VERSION_BYTES_MAX, Version,
};

/// JSON Schema 2020-12 of a campaign's description. What it lets pass may still be refused for how its values relate.
#[must_use]
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<CampaignDraft>().to_value();
    without_null(&mut schema);
    let root = schema.as_object_mut().expect("it is one of an object");
    root.insert("title".into(), "A Fleetfold campaign".into());
    // The one that is required has two names.
    let properties = root["properties"].as_object_mut().expect("it has keys");
    let releases = properties["releases"].clone();
    properties.insert("release".into(), releases);
    root.insert("required".into(), ["id"].as_slice().into());
    let either = ["release", "releases"].map(|key| serde_json::json!({"required": [key]}));
    root.insert("oneOf".into(), either.as_slice().into());
    // So has one of the strategies.
    let strategies = root["$defs"]["Strategy"]["oneOf"].as_array_mut();
    let also = serde_json::json!({"const": "ab_test", "description": "The same as `ab`.", "type": "string"});
    strategies.expect("it is one of some words").push(also);
    schema
}

/// A key may be left out; one that stands there has a value.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".into(), one);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| *choice != serde_json::json!({"type": "null"}));
                if let [Value::Object(one)] = choices.as_slice() {
                    let one = one.clone();
                    map.remove("anyOf");
                    map.extend(one);
                }
            }
            map.remove("default");
            map.values_mut().for_each(without_null);
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}

macro_rules! texts {
    ($($type:ty, $name:literal, $pattern:literal, $max:expr;)*) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "minLength": 1, "maxLength": $max})
            }
        })*
    };
}

texts! {
    CampaignId, "CampaignId", "^[A-Za-z0-9:_-]+$", ID_BYTES_MAX;
    DeviceId, "DeviceId", "^[A-Za-z0-9:_-]+$", ID_BYTES_MAX;
    ModelId, "ModelId", "^[A-Za-z0-9:_-]+$", ID_BYTES_MAX;
    Name, "Name", "^[A-Za-z0-9:_-]+$", ID_BYTES_MAX;
    Version, "Version", "^[A-Za-z0-9._+-]+$", VERSION_BYTES_MAX;
    TimeZoneName, "TimeZone", "^[A-Za-z0-9/_+-]+$", TIME_ZONE_BYTES_MAX;
    ClockTime, "ClockTime", "^([01][0-9]|2[0-3]):[0-5][0-9]$", 5;
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "description": "As RFC 3339 has it: 2026-12-01T08:00:00Z."})
    }
}

impl JsonSchema for FreezeBound {
    fn schema_name() -> Cow<'static, str> {
        "FreezeBound".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A day in the campaign's time zone, or a time as RFC 3339 has it.",
            "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
        })
    }
}

impl JsonSchema for Weekdays {
    fn schema_name() -> Cow<'static, str> {
        "Weekdays".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let day = json_schema!({"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]});
        json_schema!({
            "description": "Days of the week, or `*` for all.",
            "anyOf": [{"const": "*"}, day, {"type": "array", "minItems": 1, "items": day}],
        })
    }
}

impl JsonSchema for VersionRequirement {
    fn schema_name() -> Cow<'static, str> {
        "VersionRequirement".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "As Cargo writes it: `>=1.2, <2`. A version that is not of the form of semver.org fits none.",
        })
    }
}

impl JsonSchema for BasisPoints {
    fn schema_name() -> Cow<'static, str> {
        "Percentage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": "With at most two decimals.",
        })
    }
}

impl<const UNIT_MS: u64> JsonSchema for Span<UNIT_MS> {
    fn schema_name() -> Cow<'static, str> {
        match UNIT_MS {
            MINUTE_MS => "Minutes".into(),
            HOUR_MS => "Hours".into(),
            DAY_MS => "Days".into(),
            other => format!("SpanOf{other}Ms").into(),
        }
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": format!("A number of {}, or a text like 90s, 30m, 4h or 2d; at most 366 days.",
                Self::schema_name().to_lowercase()),
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": super::DURATION_MS_MAX / UNIT_MS},
                {"type": "string", "pattern": "^[0-9]+[smhd]$"},
            ],
        })
    }
}

/// A list, or the one thing in it.
pub(super) struct OneOrMany<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]})
    }
}

/// The same, or none at all: a campaign may want none of what its site has.
pub(super) struct AnyNumber<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for AnyNumber<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("AnyNumberOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}

/// The same, or `*` for anything.
pub(super) struct AnyOrSome<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for AnyOrSome<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("AnyOrSome{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [{"const": "*"}, one, {"type": "array", "minItems": 1, "items": one}]})
    }
}

impl JsonSchema for StrataKey {
    fn schema_name() -> Cow<'static, str> {
        "StrataKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(device_type|hardware_revision|region|tenant|version|attribute:[A-Za-z0-9:_-]+)$",
        })
    }
}

impl JsonSchema for Factor {
    fn schema_name() -> Cow<'static, str> {
        "Factor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "minimum": 1.1,
            "maximum": 10,
            "description": "With at most one decimal.",
        })
    }
}

impl JsonSchema for Pace {
    fn schema_name() -> Cow<'static, str> {
        "Pace".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let growth = generator.subschema_for::<Growth>();
        json_schema!({"anyOf": [{"type": "integer", "minimum": 1, "maximum": u32::MAX}, growth]})
    }
}

impl JsonSchema for Other {
    fn schema_name() -> Cow<'static, str> {
        "Other".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<ReleaseRef>();
        json_schema!({
            "description": "What arm B gets: releases, one for each model of the campaign's, or `none`: it stays as it is.",
            "anyOf": [{"const": "none"}, one, {"type": "array", "minItems": 1, "items": one}],
        })
    }
}

/// The keys of [`Criteria`].
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct CriteriaKeys {
    /// The device's model.
    #[schemars(with = "Option<AnyOrSome<ModelId>>")]
    device_type: Option<Vec<ModelId>>,
    /// Another name of `device_type`.
    #[schemars(with = "Option<AnyOrSome<ModelId>>")]
    model: Option<Vec<ModelId>>,
    #[schemars(with = "Option<AnyOrSome<Version>>")]
    hardware_revision: Option<Vec<Version>>,
    #[schemars(with = "Option<AnyOrSome<Name>>")]
    region: Option<Vec<Name>>,
    /// Of the image that runs.
    #[schemars(with = "Option<AnyOrSome<VersionRequirement>>")]
    version: Option<Vec<VersionRequirement>>,
    #[schemars(with = "Option<AnyOrSome<Name>>")]
    tenant: Option<Vec<Name>>,
    /// All of them.
    #[schemars(with = "Option<AnyOrSome<Name>>")]
    tags: Option<Vec<Name>>,
    #[schemars(with = "Option<AnyOrSome<Name>>")]
    tags_any: Option<Vec<Name>>,
    #[schemars(with = "Option<BTreeMap<String, AnyOrSome<String>>>")]
    attributes: Option<BTreeMap<String, Vec<String>>>,
    #[schemars(with = "Option<AnyOrSome<DeviceId>>")]
    devices: Option<Vec<DeviceId>>,
    /// What it must not be like.
    not: Option<Box<Criteria>>,
}

impl JsonSchema for Criteria {
    fn schema_name() -> Cow<'static, str> {
        "Criteria".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keys = CriteriaKeys::json_schema(generator);
        json_schema!({
            "description": "What a device must be like: any of the values within a key (of tags, all), and all keys; `*` for every device.",
            "anyOf": [{"const": "*"}, keys],
        })
    }
}
