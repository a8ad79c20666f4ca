//! The registry: what the rooms' member lists turn into.
//!
//! A new member is one file and one word in its room's `members!` list. The macro makes it the module, the
//! registry entry, the id, the spec key and, through its file header, the page that `tropism explain` prints.

mod keys;

pub use keys::{keys_of, parse_keys};

use crate::error::Error;
use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

/// One registered member of a room.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The room in the singular: `loss`, `optimizer`, …
    pub room: &'static str,
    /// snake_case id, the word used in experiment files.
    pub id: &'static str,
    source: &'static str,
    schema: Option<fn() -> Schema>,
}

/// Two members are the same if room and id are: nothing else can differ then.
impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        (self.room, self.id) == (other.room, other.id)
    }
}

impl Eq for Member {}

/// A key of an experiment file's section, read off the schema of the struct behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    pub name: String,
    /// What may stand there: `number`, `integer`, `"constant" or "power_law"`, …
    pub expects: String,
    /// What holds if the key is absent; `None` if something is derived then, as the description says.
    pub default: Option<Value>,
    /// The experiment cannot do without it.
    pub required: bool,
    pub description: String,
}

impl Member {
    /// For the macros of the rooms without keys: theorems, programs, measures.
    pub const fn new(room: &'static str, id: &'static str, source: &'static str) -> Self {
        Self { room, id, source, schema: None }
    }

    /// For the `members!` macro: a member with spec keys.
    pub const fn with_keys(
        room: &'static str,
        id: &'static str,
        source: &'static str,
        schema: fn() -> Schema,
    ) -> Self {
        Self { room, id, source, schema: Some(schema) }
    }

    /// The member's own spec keys; empty for members that stand in no experiment file.
    pub fn keys(&self) -> Vec<Key> {
        self.schema.map(|schema| keys_in(&schema())).unwrap_or_default()
    }

    /// Keys that every member of the room understands beside its own.
    pub fn shared_keys(&self) -> Vec<Key> {
        match self.room {
            "data" => keys_in(&schemars::schema_for!(crate::data::Preparation)),
            "model" => keys_in(&schemars::schema_for!(crate::models::Regime)),
            "loss" => keys_in(&schemars::schema_for!(crate::spec::ReductionKey)),
            _ => vec![],
        }
    }

    /// The member's documentation: the `//!` header of its file.
    pub fn page(&self) -> String {
        let lines: Vec<&str> = self
            .source
            .lines()
            .take_while(|l| l.starts_with("//!"))
            .map(|l| l.trim_start_matches("//!").strip_prefix(' ').unwrap_or(""))
            .collect();
        lines.join("\n")
    }

    /// The first sentence of the page.
    pub fn summary(&self) -> String {
        let page = self.page();
        let paragraph = page.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        // A full stop inside a formula, as in `min ‖w‖ s.t. Zw ≥ 1`, ends nothing.
        let in_prose = |end: usize| paragraph[..end].matches('`').count().is_multiple_of(2);
        let ends = [". ", "? "].iter().flat_map(|mark| paragraph.match_indices(mark)).map(|(end, _)| end);
        match ends.filter(|&end| in_prose(end)).min() {
            Some(end) => paragraph[..=end].to_string(),
            None => paragraph,
        }
    }
}

/// Declares the members of a room: modules, a spec enum with one variant each, and the registry slice.
///
/// With `Spec: From => Built` the enum also hands `build(&From)` on to the member's own.
macro_rules! members {
    ($(#[$meta:meta])* $room:literal $Spec:ident: $From:ty => $Built:ty { $($module:ident => $Type:ident),+ $(,)? }) => {
        $crate::registry::members! { $(#[$meta])* $room $Spec { $($module => $Type),+ } }

        impl $Spec {
            /// Checks the ranges of the member's keys and makes it, with what is not given derived from `from`.
            ///
            /// # Errors
            /// A key out of its range, or what does not fit the member.
            pub fn build(&self, from: &$From) -> Result<$Built, $crate::Error> {
                match self { $(Self::$module(spec) => spec.build(from),)+ }
            }
        }
    };
    ($(#[$meta:meta])* $room:literal $Spec:ident { $($module:ident => $Type:ident),+ $(,)? }) => {
        $(pub mod $module;)+

        $crate::registry::member_enum! {
            $(#[$meta])* $room $Spec { $($module: $module::$Type, concat!(stringify!($module), ".rs")),+ }
        }
    };
}
pub(crate) use members;

/// The enum and registry of [`members`], for types that live in modules of their own.
macro_rules! member_enum {
    ($(#[$meta:meta])* $room:literal $Spec:ident { $($id:ident: $Type:ty, $source:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        #[allow(non_camel_case_types)]
        pub enum $Spec {
            $(#[allow(missing_docs)] $id($Type),)+
        }

        impl $Spec {
            /// Every member of the room, sorted by id.
            pub const MEMBERS: &'static [$crate::registry::Member] =
                &[$($crate::registry::Member::with_keys(
                    $room,
                    stringify!($id),
                    include_str!($source),
                    || schemars::schema_for!($Type),
                )),+];

            /// The member's id.
            pub fn id(&self) -> &'static str {
                match self { $(Self::$id(_) => stringify!($id),)+ }
            }

            /// Reads the member `kind` from the remaining keys of its section.
            pub fn parse(
                section: &str,
                kind: &str,
                keys: toml::Table,
                extra: &[String],
            ) -> Result<Self, $crate::Error> {
                match kind {
                    $(stringify!($id) =>
                        $crate::registry::parse_keys::<$Type>(section, keys, extra).map(Self::$id),)+
                    _ => Err($crate::registry::unknown_kind(section, kind, Self::MEMBERS)),
                }
            }
        }
    };
}
pub(crate) use member_enum;

/// Declares the members of a room of trait objects without keys: modules, registry and the list of objects.
macro_rules! objects {
    ($room:literal $Trait:ident { $($module:ident => $Type:ident),+ $(,)? }) => {
        $(pub mod $module;)+

        /// Every member of the room, sorted by id.
        pub const MEMBERS: &[$crate::registry::Member] = &[
            $($crate::registry::Member::new(
                $room,
                stringify!($module),
                include_str!(concat!(stringify!($module), ".rs")),
            )),+
        ];

        /// Every member with its id, in the order of [`MEMBERS`].
        pub fn all() -> Vec<(&'static str, &'static dyn $Trait)> {
            vec![$((stringify!($module), &$module::$Type as &dyn $Trait)),+]
        }
    };
}
pub(crate) use objects;

/// Every member of every room, in the order in which an experiment file names them.
pub fn all_members() -> Vec<Member> {
    let rooms = [
        crate::data::DataSpec::MEMBERS,
        crate::models::ModelSpec::MEMBERS,
        crate::losses::LossSpec::MEMBERS,
        crate::optimizers::OptimizerSpec::MEMBERS,
        crate::programs::MEMBERS,
        crate::theory::MEMBERS,
        crate::theory::trends::MEMBERS,
        crate::measures::MEMBERS,
        crate::spec::SECTIONS,
    ];
    rooms.concat()
}

/// The keys that a schema describes.
pub fn keys_in(schema: &Schema) -> Vec<Key> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return vec![] };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|r| r.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let key = |(name, property): (&String, &Value)| Key {
        name: name.clone(),
        expects: expects(property, schema),
        default: property.get("default").filter(|v| !v.is_null()).cloned(),
        required: required.contains(&name.as_str()),
        description: sentence(property),
    };
    properties.iter().map(key).collect()
}

/// A property's description on one line.
fn sentence(property: &Value) -> String {
    let text = property.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The values a property allows, in words.
fn expects(property: &Value, root: &Schema) -> String {
    let words = |list: &[Value]| {
        let mut all: Vec<String> = list.iter().map(|v| expects(v, root)).filter(|w| !w.is_empty()).collect();
        all.dedup();
        all.join(" or ")
    };
    if let Some(name) = property.get("$ref").and_then(Value::as_str) {
        let name = name.trim_start_matches("#/$defs/");
        return root.get("$defs").and_then(|d| d.get(name)).map_or(String::new(), |d| expects(d, root));
    }
    if let Some(value) = property.get("const") {
        return value.to_string();
    }
    for list in ["enum", "anyOf", "oneOf"] {
        match property.get(list).and_then(Value::as_array) {
            Some(values) if list == "enum" => {
                return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
            }
            Some(values) => return words(values),
            None => {}
        }
    }
    match property.get("type") {
        Some(Value::String(kind)) => expects_type(kind, property, root),
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            let all: Vec<String> =
                kinds.map(|k| expects_type(k, property, root)).filter(|k| !k.is_empty()).collect();
            all.join(" or ")
        }
        _ => String::new(),
    }
}

fn expects_type(kind: &str, property: &Value, root: &Schema) -> String {
    match kind {
        // An absent key, which in TOML cannot be written as a value.
        "null" => String::new(),
        "array" => {
            let items = property.get("items").map(|i| expects(i, root)).unwrap_or_default();
            format!("list of {}", if items.is_empty() { "values".into() } else { items })
        }
        other => other.to_string(),
    }
}

/// The error for a `kind` that is not in `members`.
pub fn unknown_kind(section: &str, kind: &str, members: &[Member]) -> Error {
    let valid: Vec<String> = members.iter().map(|m| m.id.to_string()).collect();
    Error::unknown_word(section, "kind", kind, valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_a_page_and_an_id_of_its_own_in_its_room() {
        let members = all_members();
        for m in &members {
            assert!(m.page().lines().count() > 2, "{} has no page", m.id);
            assert!(!m.summary().is_empty(), "{}", m.id);
            assert_eq!(members.iter().filter(|o| *o == m).count(), 1, "{} twice", m.id);
            for key in m.keys().iter().chain(&m.shared_keys()) {
                assert!(!key.description.is_empty() && !key.expects.is_empty(), "{}: {key:?}", m.id);
            }
        }
    }

    #[test]
    fn keys_know_their_defaults() {
        let find = |id: &str| all_members().into_iter().find(|m| m.id == id).unwrap();
        let keys = find("gradient_descent").keys();
        let schedule = keys.iter().find(|k| k.name == "schedule").unwrap();
        assert!(schedule.expects.contains("\"power_law\""), "{schedule:?}");
        let keys = find("gaussian_separable").keys();
        assert!(keys.iter().find(|k| k.name == "n").unwrap().default.is_some());
        assert!(find("file").keys().iter().find(|k| k.name == "path").unwrap().required);
        assert!(find("max_margin").keys().is_empty());
    }
}
