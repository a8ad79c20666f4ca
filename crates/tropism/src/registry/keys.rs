//! Reading the keys of a section: what does not fit is refused with the key, what was found, and what its schema allows.

use crate::error::{Error, nearest};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys that a spec struct understands.
pub fn keys_of<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T);
    let properties = schema.as_object().and_then(|o| o.get("properties")).and_then(|p| p.as_object());
    properties.map(|p| p.keys().cloned().collect()).unwrap_or_default()
}

/// Reads a spec struct from the keys of a section; an unknown key is refused with the nearest valid one, a bad
/// value with the key it stands under. `extra` are keys of the same section that another part reads.
pub fn parse_keys<T: DeserializeOwned + JsonSchema>(
    section: &str,
    keys: toml::Table,
    extra: &[String],
) -> Result<T, Error> {
    let known = keys_of::<T>();
    if let Some(key) = keys.keys().find(|k| !known.contains(k)) {
        let mut valid: Vec<String> = known.iter().chain(extra).cloned().collect();
        valid.sort();
        valid.dedup();
        return Err(Error::UnknownKey {
            section: section.into(),
            key: key.clone(),
            nearest: nearest(key, &valid),
            valid,
            line: None,
        });
    }
    T::deserialize(toml::Value::Table(keys.clone()))
        .map_err(|whole| blame::<T>(section, &keys, &whole.to_string()))
}

/// Finds the key whose value alone cannot be read.
fn blame<T: DeserializeOwned + JsonSchema>(section: &str, keys: &toml::Table, whole: &str) -> Error {
    let schema = schemars::schema_for!(T).to_value();
    for (key, value) in keys {
        let single = toml::Table::from_iter([(key.clone(), value.clone())]);
        if let Err(e) = T::deserialize(toml::Value::Table(single)) {
            // A required key elsewhere is missing in this reduced table: not this key's fault.
            if e.to_string().contains("missing field") {
                continue;
            }
            return Error::BadValue {
                section: section.into(),
                key: key.clone(),
                found: value.to_string(),
                expected: wanted(&schema, key).unwrap_or_else(|| one_line(&e.to_string())),
                line: None,
            };
        }
    }
    let missing = whole.split('`').nth(1).unwrap_or("?");
    let expected = wanted(&schema, missing).unwrap_or_else(|| one_line(whole));
    Error::MissingKey { section: section.into(), key: missing.into(), expected }
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What the schema of a section allows under `key`, as the end of a sentence.
fn wanted(schema: &Value, key: &str) -> Option<String> {
    let property = schema.get("properties")?.get(key)?;
    let allowed = one_of(&alternatives(property, schema, &Words::ONE));
    (!allowed.is_empty()).then(|| format!("it must be {allowed}"))
}

/// Types that are better told in their own words than by what they are made of.
const NAMED: [(&str, &str); 2] = [
    ("ColumnRef", "a column's name in quotes or its number, counted from 1"),
    ("Time", "a time, as a number or as text such as \"1e100000\""),
];

/// Nouns for one value, or for those of a list.
struct Words {
    whole: &'static str,
    number: &'static str,
    text: &'static str,
    list: &'static str,
}

impl Words {
    const ONE: Self =
        Self { whole: "a whole number", number: "a number", text: "a text in quotes", list: "a list" };
    const SEVERAL: Self =
        Self { whole: "whole numbers", number: "numbers", text: "texts in quotes", list: "lists" };
}

/// Everything a property allows; nothing where the schema does not say.
fn alternatives(property: &Value, root: &Value, words: &Words) -> Vec<String> {
    if let Some(name) = property.get("$ref").and_then(Value::as_str) {
        let name = name.trim_start_matches("#/$defs/");
        if let Some((_, known)) = NAMED.iter().find(|(n, _)| *n == name) {
            return vec![(*known).into()];
        }
        let target = root.get("$defs").and_then(|d| d.get(name));
        return target.map_or(vec![], |t| alternatives(t, root, words));
    }
    if let Some(value) = property.get("const") {
        return vec![value.to_string()];
    }
    let list = |name: &str| property.get(name).and_then(Value::as_array);
    if let Some(values) = list("enum") {
        return values.iter().filter(|v| !v.is_null()).map(Value::to_string).collect();
    }
    if let Some(all) = list("anyOf").or_else(|| list("oneOf")) {
        let mut all: Vec<String> = all.iter().flat_map(|p| alternatives(p, root, words)).collect();
        all.dedup();
        return all;
    }
    let Some(property) = property.as_object() else { return vec![] };
    match property.get("type") {
        Some(Value::String(kind)) => of_type(kind, property, root, words).into_iter().collect(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(|k| of_type(k.as_str()?, property, root, words)).collect()
        }
        _ => vec![],
    }
}

fn of_type(kind: &str, property: &Map<String, Value>, root: &Value, words: &Words) -> Option<String> {
    match kind {
        "boolean" => Some("true or false".into()),
        "integer" => Some(format!("{}{}", words.whole, range(property))),
        "number" => Some(words.number.into()),
        "string" if property.get("maxLength").and_then(Value::as_u64) == Some(1) => {
            Some("a single character in quotes".into())
        }
        "string" => Some(words.text.into()),
        "array" => {
            let of = property.get("items").map(|i| one_of(&alternatives(i, root, &Words::SEVERAL)));
            let size = |key: &str| property.get(key).and_then(Value::as_u64);
            let of = of.filter(|w| !w.is_empty()).unwrap_or_else(|| "values".into());
            Some(match size("minItems").filter(|n| size("maxItems") == Some(*n)) {
                Some(n) => format!("{} of {n} {of}", words.list),
                None => format!("{} of {of}", words.list),
            })
        }
        // An absent key cannot be written as a value, and tables stand in no section.
        _ => None,
    }
}

/// The range of a whole number: that of its key, or of its type.
fn range(property: &Map<String, Value>) -> String {
    let bound = |key: &str| property.get(key).and_then(Value::as_f64);
    let narrow = property.get("format").and_then(Value::as_str) == Some("uint32");
    let highest = bound("maximum").or_else(|| narrow.then_some(f64::from(u32::MAX)));
    match (bound("minimum"), highest) {
        (Some(low), Some(high)) => format!(" from {low} to {high}"),
        (Some(low), None) => format!(" of at least {low}"),
        (None, Some(high)) => format!(" of at most {high}"),
        (None, None) => String::new(),
    }
}

fn one_of(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::Spec;

    /// What an experiment with these sections beside `[data]` and `[loss]` is refused with.
    fn refusal(sections: &str) -> String {
        let data = if sections.contains("[data]") { "" } else { "[data]\nkind = \"iris\"\n" };
        let optimizer = if sections.contains("[optimizer]") { "" } else { "[optimizer]\nkind = \"sgd\"\n" };
        let text = format!("{data}[loss]\nkind = \"cross_entropy\"\n{sections}\n{optimizer}");
        Spec::parse(&text).expect_err(sections).to_string()
    }

    #[test]
    fn values_of_the_wrong_kind_are_told_the_range_of_their_key() {
        for (sections, expected) in [
            (
                "[optimizer]\nkind = \"sgd\"\nbatch = -3",
                "`batch` in [optimizer] (line 7) is -3, but it must be a whole number of at least 1.",
            ),
            (
                "[optimizer]\nkind = \"sgd\"\nbatch = 2.5",
                "is 2.5, but it must be a whole number of at least 1.",
            ),
            (
                "[optimizer]\nkind = \"adam\"\nbatch = \"all\"",
                "is \"all\", but it must be a whole number of at least 1.",
            ),
            ("[optimizer]\nkind = \"muon\"\niterations = -1", "it must be a whole number from 1 to 100."),
            ("[optimizer]\nkind = \"sgd\"\nreplacement = 1", "is 1, but it must be true or false."),
            ("[optimizer]\nkind = \"adam\"\nbeta1 = \"a\"", "is \"a\", but it must be a number."),
            ("[optimizer]\nkind = \"muon\"\npolar = \"exat\"", "it must be \"exact\" or \"newton_schulz\"."),
            ("[model]\nkind = \"deep_relu\"\ndepth = -1", "it must be a whole number from 2 to 64."),
            (
                "[model]\nkind = \"deep_linear\"\nwidths = [3, -1]",
                "is [3, -1], but it must be a list of whole numbers of at least 1.",
            ),
            (
                "[model]\nkind = \"deep_linear\"\nwidths = 3",
                "is 3, but it must be a list of whole numbers of at least 1.",
            ),
            (
                "[model]\nkind = \"two_layer_relu\"\nfeature_seed = -1",
                "it must be a whole number of at least 0.",
            ),
            (
                "[model]\nkind = \"two_layer_relu\"\nstart = [[1.0, \"a\"]]",
                "it must be a list of lists of numbers.",
            ),
            (
                "[data]\nkind = \"camera\"\ncrop = [0, 0, 3]",
                "it must be a list of 4 whole numbers of at least 0.",
            ),
            ("[data]\nkind = \"iris\"\nlimit = -1", "it must be a whole number of at least 1."),
            (
                "[data]\nkind = \"file\"\npath = \"a.csv\"\nlabel = -1",
                "it must be a column's name in quotes or its number, counted from 1.",
            ),
            (
                "[data]\nkind = \"file\"",
                "[data] needs the key `path`, which is missing; it must be a text in quotes.",
            ),
            ("[data]\nkind = \"file\"\npath = 3", "is 3, but it must be a text in quotes."),
            ("[horizon]\nsteps = -1", "it must be a whole number of at least 1."),
            ("[horizon]\ntime = true", "it must be a time, as a number or as text such as \"1e100000\"."),
        ] {
            let found = refusal(sections);
            assert!(found.contains(expected), "{sections}: {found}");
        }
    }
}
