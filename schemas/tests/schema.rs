//! campaign.schema.json is what the types say. `UPDATE_VECTORS=1` writes it.

use std::{fs, path::PathBuf};

use fleetfold_schemas::campaign::json_schema;

#[test]
fn the_published_schema_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("campaign.schema.json");
    let mut text = serde_json::to_string_pretty(&json_schema()).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "UPDATE_VECTORS=1 writes it anew");
}
