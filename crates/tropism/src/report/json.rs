//! The report as JSON, and the schema that describes it.

use super::Report;
use serde_json::Value;

/// The report as indented JSON. A number that is not finite becomes `null`.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}

/// The JSON schema of what [`json`] writes.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Report).to_value();
    allow_null(&mut schema);
    schema
}

/// Any number may turn out not finite, and is `null` then; the derived schema knows only the Rust type.
fn allow_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("type") == Some(&Value::from("number")) {
                map.insert("type".into(), Value::from(vec!["number", "null"]));
            }
            map.values_mut().for_each(allow_null);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures;
    use std::path::Path;

    #[test]
    fn finite_reports_come_back_unchanged() {
        for report in [fixtures::classification(), fixtures::regression(), fixtures::hostile()] {
            let back: Report = serde_json::from_str(&json(&report).unwrap()).unwrap();
            assert_eq!(back, report);
        }
    }

    #[test]
    fn what_is_not_finite_is_null() {
        let value: Value = serde_json::from_str(&json(&fixtures::hollow()).unwrap()).unwrap();
        assert!(value["selected"]["relative_gap"].is_null());
        assert!(value["selected"]["certificate"]["value"].is_null());
        assert!(value["series"][2]["log10_time"].is_null());
        assert!(value["rule"]["tolerance"].is_null());
    }

    #[test]
    fn the_schema_lets_numbers_be_null() {
        let value = &schema()["$defs"]["Certificate"]["properties"]["value"]["type"];
        assert_eq!(value, &Value::from(vec!["number", "null"]));
    }

    /// `TROPISM_BLESS=1 cargo test -p tropism --lib schema` writes the file anew.
    #[test]
    fn the_published_schema_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdict.schema.json");
        if std::env::var_os("TROPISM_BLESS").is_some() {
            let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, current).unwrap();
        }
        // Values, not texts: the order of keys depends on a feature other crates may switch on.
        let published: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(published, schema(), "docs/verdict.schema.json is stale");
    }
}
