//! Shared by the tests: fixtures, scratch folders, and looks into a table.
#![allow(dead_code)] // every test file uses some of it

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tropism::data::{Labels, Table};
use tropism::numerics::Matrix;
use tropism_files::{FileSpec, read};

pub fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A folder that is removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let serial = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tropism-{name}-{}-{serial}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }

    pub fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a scratch file");
        path.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn dense(t: &Table) -> Matrix {
    t.x.to_dense()
}

pub fn numbers(t: &Table) -> Vec<f64> {
    match &t.label.as_ref().expect("a label column").values {
        Labels::Numbers(y) => y.clone(),
        words => panic!("not numbers: {words:?}"),
    }
}

pub fn words(t: &Table) -> Vec<String> {
    let labels = &t.label.as_ref().expect("a label column").values;
    (0..labels.len()).map(|i| labels.text(i)).collect()
}

pub fn message(spec: &FileSpec) -> String {
    read(spec).expect_err("must fail").to_string()
}
