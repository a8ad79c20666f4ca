//! The program as a user calls it, each time in a folder of its own.

// Every test file is a crate of its own and uses only a part of this.
#![allow(dead_code)]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A user's folder.
pub struct Desk {
    dir: TempDir,
}

/// What a call gave.
pub struct Outcome {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tropism"));
        command.args(args).current_dir(self.dir.path()).env_remove("COLUMNS").env_remove("NO_COLOR");
        command
    }

    pub fn call(&self, args: &[&str]) -> Outcome {
        self.command(args).output().unwrap().into()
    }

    /// Names in a folder, hidden ones included, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

impl From<Output> for Outcome {
    fn from(o: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: o.status.code().unwrap_or(-1), out: text(&o.stdout), err: text(&o.stderr) }
    }
}

impl Outcome {
    /// Standard output as exactly one JSON object.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out));
        assert!(value.is_object());
        value
    }

    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// An error with exit code 2: one sentence with all of `words`, and nothing on standard output.
    pub fn refuses(&self, words: &[&str]) -> &Self {
        self.expect(2);
        assert!(self.err.starts_with("error: ") && self.out.is_empty(), "{}{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in {}", self.err);
        }
        self
    }
}

/// An experiment from its parts.
pub fn experiment(data: &str, loss: &str, optimizer: &str, horizon: &str) -> String {
    format!("[data]\n{data}\n[loss]\n{loss}\n[optimizer]\n{optimizer}\n[horizon]\n{horizon}\n")
}

/// A small experiment that agrees.
pub fn agreeing() -> String {
    experiment(
        "kind = \"gaussian_separable\"",
        "kind = \"logistic\"",
        "kind = \"gradient_descent\"",
        "time = \"1e1000\"",
    )
}
