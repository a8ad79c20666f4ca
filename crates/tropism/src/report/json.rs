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
    nullable(schemars::schema_for!(Report).to_value())
}

/// The schema, with `null` in the place of every number that is not finite.
pub(super) fn nullable(mut schema: Value) -> Value {
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
        for report in [
            fixtures::classification(),
            fixtures::regression(),
            fixtures::hostile(),
            fixtures::completion(),
            fixtures::convolution(),
        ] {
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

    /// What was not finite comes back as what its field documents, and is written as `null` again: a report
    /// rendered from `verdict.json` equals the one rendered after the run.
    #[test]
    fn reports_that_are_not_finite_come_back() {
        for report in fixtures::all() {
            let text = json(&report).unwrap();
            let back: Report = serde_json::from_str(&text).unwrap();
            assert_eq!(json(&back).unwrap(), text);
        }
        let mut hollow = fixtures::hollow();
        hollow.rate = Some(crate::report::RateSeen {
            slope: f64::NAN,
            late_slope: f64::NAN,
            predicted: -1.0,
            points: 0,
            window: [f64::NEG_INFINITY, 3.0],
            intercept: f64::INFINITY,
        });
        let back: Report = serde_json::from_str(&json(&hollow).unwrap()).unwrap();
        let certificate = back.selected.certificate.unwrap();
        assert_eq!((certificate.value, certificate.lower_bound), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!(certificate.relative_gap, f64::INFINITY);
        assert_eq!(back.selected.relative_gap, None);
        let rate = back.rate.unwrap();
        assert!(rate.slope.is_nan() && rate.intercept.is_nan() && rate.window[0].is_nan());
        assert_eq!(rate.window[1], 3.0);
    }

    /// The shortest decimal of every number is read back to the same bits.
    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let mut report = fixtures::hollow();
        for v in [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1.797_693_134_862_315_7e308, 0.001_392_529_301_757_812_7] {
            report.rule.tolerance = v;
            let back: Report = serde_json::from_str(&json(&report).unwrap()).unwrap();
            assert_eq!(back.rule.tolerance.to_bits(), v.to_bits());
        }
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
