//! The one error type of the crate: everything that keeps a verdict from being formed.
//!
//! What can be judged (diverged, not separable, budget spent, wide certificate) is not an error but a
//! value in the verdict.

use thiserror::Error;

/// Why no verdict could be formed. Every message says what was found, what was expected and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The experiment file is not valid TOML.
    #[error("The experiment file is not valid TOML: {message}")]
    Syntax { message: String, line: Option<usize> },

    /// A key that no part of the experiment understands.
    #[error(
        "Unknown key `{key}` in [{section}]{}; the valid keys are {}.{}",
        at_line(*line),
        listed(valid),
        suggestion(nearest.as_deref())
    )]
    UnknownKey {
        section: String,
        key: String,
        nearest: Option<String>,
        valid: Vec<String>,
        line: Option<usize>,
    },

    /// A `kind` (or another word out of a closed list) that does not exist.
    #[error(
        "Unknown {what} `{found}` in [{section}]{}; expected one of {}.{}",
        at_line(*line),
        listed(valid),
        suggestion(nearest.as_deref())
    )]
    UnknownKind {
        section: String,
        what: String,
        found: String,
        nearest: Option<String>,
        valid: Vec<String>,
        line: Option<usize>,
    },

    /// A required key or section is absent.
    #[error("[{section}] needs the key `{key}`, which is missing; {expected}.")]
    MissingKey { section: String, key: String, expected: String },

    /// A value outside its range or of the wrong type.
    #[error("`{key}` in [{section}]{} is {found}, but {expected}.", at_line(*line))]
    BadValue { section: String, key: String, found: String, expected: String, line: Option<usize> },

    /// Two parts of the experiment that cannot be combined.
    #[error("`{left}` cannot be combined with `{right}`: {missing}.")]
    Incompatible { left: String, right: String, missing: String },

    /// The data themselves are unusable.
    #[error("{source_name}{}: {}", place(*row, column.as_deref()), ended(what))]
    Data {
        /// File path or data-set id.
        source_name: String,
        /// One-based row as the user sees it in the file (a header counts), if one is to blame.
        row: Option<usize>,
        /// Column name or one-based number, if one is to blame.
        column: Option<String>,
        what: String,
    },
}

impl Error {
    /// A [`Error::Data`] without row and column.
    pub fn data(source_name: impl Into<String>, what: impl Into<String>) -> Self {
        Error::Data { source_name: source_name.into(), row: None, column: None, what: what.into() }
    }

    /// A [`Error::BadValue`] without a line number.
    pub fn bad_value(section: &str, key: &str, found: impl ToString, expected: &str) -> Self {
        Error::BadValue {
            section: section.into(),
            key: key.into(),
            found: found.to_string(),
            expected: expected.into(),
            line: None,
        }
    }

    /// An [`Error::UnknownKind`] without a line number: `found` is none of the `valid` words.
    pub fn unknown_word(section: &str, what: &str, found: &str, valid: Vec<String>) -> Self {
        Error::UnknownKind {
            section: section.into(),
            what: what.into(),
            found: found.into(),
            nearest: nearest(found, &valid),
            valid,
            line: None,
        }
    }

    /// A [`Error::Incompatible`].
    pub fn incompatible(left: &str, right: &str, missing: impl Into<String>) -> Self {
        Error::Incompatible { left: left.into(), right: right.into(), missing: missing.into() }
    }
}

/// The entry of `valid` closest to `found`, if it is close enough to be a likely typing error.
pub fn nearest(found: &str, valid: &[String]) -> Option<String> {
    valid
        .iter()
        .map(|v| (strsim::jaro_winkler(found, v), v))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, v)| v.clone())
}

/// `1 row`, `2 rows`: a number with its noun in agreement.
pub(crate) fn counted(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

fn at_line(line: Option<usize>) -> String {
    line.map_or(String::new(), |l| format!(" (line {l})"))
}

fn listed(valid: &[String]) -> String {
    valid.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ")
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |n| format!(" Did you mean `{n}`?"))
}

/// A sentence with its full stop.
fn ended(what: &str) -> String {
    if what.ends_with(['.', '?', '!']) { what.into() } else { format!("{what}.") }
}

fn place(row: Option<usize>, column: Option<&str>) -> String {
    match (row, column) {
        (Some(r), Some(c)) => format!(", row {r}, column {c}"),
        (Some(r), None) => format!(", row {r}"),
        (None, Some(c)) => format!(", column {c}"),
        (None, None) => String::new(),
    }
}
