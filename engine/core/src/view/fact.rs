//! A fact as auditors read it: JSON, with names where the log has row numbers.

use alloc::string::ToString;

use serde_json::{Value, json};

use crate::{Fact, State, Timestamp};

/// `log/facts`: the fact at a position that the state has folded in.
#[must_use]
pub fn fact(state: &State, position: u64, at: Timestamp, fact: &Fact) -> Value {
    let mut value = serde_json::to_value(fact).expect("facts have text keys");
    let map = value.as_object_mut().expect("a fact is a struct");
    if let Some(device) = fact.device() {
        map.insert(
            "device".to_string(),
            json!(state.devices.get(device).name()),
        );
    }
    if let Some(campaign) = fact.campaign() {
        map.insert(
            "campaign".to_string(),
            json!(state.campaigns.get(campaign).spec.id),
        );
    }
    for key in ["release", "from", "to"] {
        let release = map
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|ix| u32::try_from(ix).ok());
        if let Some(release) = release {
            let release = state.releases.get(release);
            map.insert(
                key.to_string(),
                json!({"model": release.model, "version": release.version}),
            );
        }
    }
    map.insert("position".to_string(), position.into());
    map.insert("at_ms".to_string(), at.into());
    value
}
