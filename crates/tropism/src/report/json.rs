//! The report as JSON, and the schema that describes it.

use super::Report;

/// The report as indented JSON. A number that is not finite becomes `null`.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}

/// The JSON schema of [`Report`].
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
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
        let value: serde_json::Value = serde_json::from_str(&json(&fixtures::hollow()).unwrap()).unwrap();
        assert!(value["selected"]["relative_gap"].is_null());
        assert!(value["selected"]["certificate"]["value"].is_null());
        assert!(value["series"][2]["log10_time"].is_null());
        assert!(value["rule"]["tolerance"].is_null());
    }

    /// `TROPISM_BLESS=1 cargo test -p tropism --lib schema` writes the file anew.
    #[test]
    fn the_published_schema_is_current() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdict.schema.json");
        let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("TROPISM_BLESS").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &current).unwrap();
        }
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(published, current, "docs/verdict.schema.json is stale");
    }
}
