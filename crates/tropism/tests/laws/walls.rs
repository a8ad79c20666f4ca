//! The walls between the rooms, kept by reading the sources: who imports whom, how long a file is, and that nothing
//! panics outside tests.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order in which they may import: each only from those before it.
///
/// `spec` stands after `training` because a checked setup hands over a training job. `examine`, which imports all, and
/// `error`, `registry` and `terms`, which all import, are files and not rooms.
const ROOMS: [&str; 12] = [
    "numerics",
    "data",
    "models",
    "losses",
    "optimizers",
    "training",
    "programs",
    "spec",
    "theory",
    "measures",
    "verdict",
    "report",
];

/// Files at the root that every room may use.
const EVERYWHERE: [&str; 3] = ["error", "registry", "terms"];

/// Absolute walls, whatever the order says.
const WALLS: [(&str, &[&str]); 3] = [
    ("training", &["theory", "programs", "measures", "verdict", "report", "spec"]),
    ("theory", &["training", "measures", "verdict"]),
    ("programs", &["training", "theory", "spec", "measures", "verdict"]),
];

/// Files that are nothing but a table of numbers or words, and may be as long as they need.
const TABLES: [&str; 0] = [];

struct Source {
    /// Path below `src`, with forward slashes.
    path: String,
    /// Code without its comments and without its unit tests.
    code: Vec<(usize, String)>,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    collect(&root, &mut files);
    files.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a readable source file");
        let below = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        Source { code: code(&text), lines: text.lines().count(), path: below }
    };
    files.iter().map(read).filter(|s| !is_test(&s.path)).collect()
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Modules compiled only for tests.
fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.ends_with("fixtures.rs")
}

/// The lines before the unit tests, comments removed.
fn code(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let tests =
        (1..lines.len()).find(|&i| lines[i].starts_with("mod tests {") && lines[i - 1].contains("cfg(test)"));
    let kept = lines[..tests.unwrap_or(lines.len())].iter().enumerate();
    kept.filter(|(_, l)| !l.trim_start().starts_with("//")).map(|(i, l)| (i + 1, l.to_string())).collect()
}

/// Names after `crate::` in a line, also in `crate::{a, b::c}`.
fn imports(line: &str) -> Vec<String> {
    let mut found = vec![];
    for rest in line.split("crate::").skip(1) {
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut item = String::new();
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(word(std::mem::take(&mut item).trim())),
                        _ => {}
                    }
                    item.push(c);
                }
                found.push(word(item.trim_start_matches(',').trim()));
            }
            None => found.push(word(rest)),
        }
    }
    // Types and macros re-exported at the root (`crate::Error`) begin with a capital letter.
    found.retain(|w| w.chars().next().is_some_and(char::is_lowercase));
    found
}

fn room(path: &str) -> Option<&str> {
    let first = path.split(['/', '.']).next()?;
    ROOMS.contains(&first).then_some(first)
}

/// What is wrong with `room` importing `other`, if anything.
fn breach(room: &str, other: &str) -> Option<String> {
    if room == other || EVERYWHERE.contains(&other) {
        return None;
    }
    if WALLS.iter().any(|(r, never)| *r == room && never.contains(&other)) {
        return Some(format!("`{room}` must never import `{other}`"));
    }
    let place = |r: &str| ROOMS.iter().position(|x| *x == r);
    match (place(room), place(other)) {
        (Some(here), Some(there)) if there < here => None,
        (Some(_), Some(_)) => Some(format!("`{room}` stands above `{other}` and cannot import it")),
        _ => Some(format!("`{other}` is not a room")),
    }
}

#[test]
fn rooms_import_only_from_rooms_before_them() {
    let mut failures = vec![];
    for source in sources() {
        let Some(room) = room(&source.path) else { continue };
        for (number, line) in &source.code {
            let found = imports(line).into_iter().filter_map(|other| breach(room, &other));
            failures.extend(found.map(|b| format!("{}:{number}: {b}", source.path)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|s| s.lines > 400 && !TABLES.contains(&s.path.as_str()))
        .map(|s| format!("{}: {} lines", s.path, s.lines))
        .collect();
    assert!(long.is_empty(), "more than 400 lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_panics_outside_tests() {
    let mut failures = vec![];
    for source in sources() {
        for (number, line) in &source.code {
            if ["unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("]
                .iter()
                .any(|w| line.contains(w))
            {
                failures.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_library_touches_neither_files_nor_clock_nor_terminal() {
    let mut failures = vec![];
    for source in sources() {
        for (number, line) in &source.code {
            if [
                "std::fs",
                "std::env",
                "std::net",
                "Instant::now",
                "SystemTime",
                "println!",
                "eprintln!",
                "std::process",
            ]
            .iter()
            .any(|w| line.contains(w))
            {
                failures.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn breaches_are_caught() {
    for (room, other) in [
        ("training", "programs"),
        ("theory", "training"),
        ("programs", "training"),
        ("numerics", "data"),
        ("data", "attic"),
    ] {
        assert!(breach(room, other).is_some(), "{room} -> {other}");
    }
    for (room, other) in [("verdict", "theory"), ("spec", "training"), ("data", "error")] {
        assert!(breach(room, other).is_none(), "{room} -> {other}");
    }
    assert_eq!(imports("use crate::{data::{A, B}, losses::C};"), ["data", "losses"]);
    assert_eq!(imports("let x = crate::numerics::f(crate::data::g());"), ["numerics", "data"]);
    assert!(code("//! crate::x\nuse a;\n#[cfg(test)]\nmod tests {\n panic!()\n}").len() == 2);
}
