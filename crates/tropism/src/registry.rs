//! The registry: what the rooms' member lists turn into.
//!
//! A new member is one file and one word in its room's `members!` list. The macro makes it the module, the
//! registry entry, the id, the spec key and, through its file header, the page that `tropism explain` prints.

use crate::error::{Error, nearest};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// One registered member of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The room in the singular: `loss`, `optimizer`, …
    pub room: &'static str,
    /// snake_case id, the word used in experiment files.
    pub id: &'static str,
    source: &'static str,
}

impl Member {
    /// For the `members!` macro.
    pub const fn new(room: &'static str, id: &'static str, source: &'static str) -> Self {
        Self { room, id, source }
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
        match paragraph.find(". ") {
            Some(end) => paragraph[..=end].to_string(),
            None => paragraph,
        }
    }
}

/// Declares the members of a room: modules, a spec enum with one variant each, and the registry slice.
macro_rules! members {
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
                &[$($crate::registry::Member::new($room, stringify!($id), include_str!($source))),+];

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

/// The error for a `kind` that is not in `members`.
pub fn unknown_kind(section: &str, kind: &str, members: &[Member]) -> Error {
    let valid: Vec<String> = members.iter().map(|m| m.id.to_string()).collect();
    Error::UnknownKind {
        section: section.into(),
        what: "kind".into(),
        found: kind.into(),
        nearest: nearest(kind, &valid),
        valid,
        line: None,
    }
}

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
fn blame<T: DeserializeOwned>(section: &str, keys: &toml::Table, whole: &str) -> Error {
    for (key, value) in keys {
        let single = toml::Table::from_iter([(key.clone(), value.clone())]);
        if let Err(e) = T::deserialize(toml::Value::Table(single)) {
            let message = e.to_string();
            // A required key elsewhere is missing in this reduced table: not this key's fault.
            if message.contains("missing field") {
                continue;
            }
            return Error::BadValue {
                section: section.into(),
                key: key.clone(),
                found: value.to_string(),
                expected: one_line(&message),
                line: None,
            };
        }
    }
    let missing = whole.split('`').nth(1).unwrap_or("?");
    Error::MissingKey { section: section.into(), key: missing.into(), expected: one_line(whole) }
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(", ")
}
