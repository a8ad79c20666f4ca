//! The JSON schema of an experiment file, for editors that check TOML against one.

use super::Spec;
use serde_json::Value;

/// The sections an experiment cannot do without.
const REQUIRED: [&str; 3] = ["data", "loss", "optimizer"];

/// The JSON schema of what [`Spec::parse`] reads.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Spec).to_value();
    schema["required"] = Value::from(REQUIRED.to_vec());
    schema["additionalProperties"] = Value::from(false);
    // The derived schema describes the resolved experiment, where the reduction is always written out.
    if let Some(required) = schema.pointer_mut("/$defs/LossSection/required").and_then(Value::as_array_mut) {
        required.retain(|key| key != "reduction");
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// `TROPISM_BLESS=1 cargo test -p tropism --lib schema` writes the file anew.
    #[test]
    fn the_published_schema_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/experiment.schema.json");
        if std::env::var_os("TROPISM_BLESS").is_some() {
            let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
            std::fs::write(&file, current).unwrap();
        }
        let published: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(published, schema(), "docs/experiment.schema.json is stale");
    }
}
