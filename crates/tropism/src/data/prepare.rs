//! From a parsed [`Table`] to a [`Dataset`]: class selection, labels, split, standardisation, bias.
//!
//! The order is fixed: select classes, limit, split, then standardise with the statistics of the
//! training part only, then append the bias column. Whatever is done leaves a note in a full sentence.

mod columns;
mod duplicates;
mod labels;

use super::{Dataset, RowNumbers, Table, Targets, range};
use crate::Error;
use crate::error::counted;
use crate::numerics::{
    Design,
    rng::{Stream, rng},
};
use rand::seq::SliceRandom;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the loss wants to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Real targets.
    Regression,
    /// Labels −1 and +1.
    Binary,
    /// Labels `0..classes`.
    Multiclass,
}

/// The name of a class as written in an experiment file: a number or a word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ClassName {
    /// As in `classes = [3, 8]`.
    Number(f64),
    /// As in `classes = ["versicolor", "virginica"]`.
    Word(String),
}

impl std::fmt::Display for ClassName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClassName::Number(v) => f.write_str(&super::table::number_text(*v)),
            ClassName::Word(w) => f.write_str(w),
        }
    }
}

/// How a table becomes a data set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Preparation {
    /// Give every column mean 0 and standard deviation 1 (population formula, training part); a sparse
    /// design is only scaled. Unless set, bundled sets are standardised and files are not.
    pub standardise: Option<bool>,
    /// Append a column of ones named `bias`.
    pub bias: bool,
    /// Keep only these classes, in this order: the first is −1 (or class 0), the second +1 (or class 1).
    pub classes: Option<Vec<ClassName>>,
    /// The class that becomes +1.
    pub positive: Option<ClassName>,
    /// Share of the samples held out as a test set, drawn by the seed; at least 0 and below 1.
    pub test_fraction: f64,
    /// Keep at most this many samples, drawn by the seed.
    #[schemars(range(min = 1))]
    pub limit: Option<usize>,
}

/// Prepares `table` for `task`. The seed decides which samples `limit` and `test_fraction` draw.
///
/// # Errors
/// [`Error::BadValue`] for an option outside its range, [`Error::Data`] with row and column for labels or
/// entries that the task cannot use.
pub fn prepare(table: Table, how: &Preparation, task: Task, seed: u64) -> Result<Dataset, Error> {
    check_options(how, task)?;
    check_table(&table)?;
    let labels::Assigned { rows, targets, classes, mut notes } = labels::assign(&table, how, task)?;
    let (train, test) = draw(&table, rows.len(), how, seed, &mut notes)?;
    let (rows, held): (Vec<usize>, Vec<usize>) =
        (train.iter().map(|&i| rows[i]).collect(), test.iter().map(|&i| rows[i]).collect());
    let (targets, held_targets) = (targets.select(&train), targets.select(&test));
    labels::check_classes_present(&table, &targets, &classes)?;
    duplicates::note(&table, &rows, &targets, &mut notes);

    let standardise = how.standardise.unwrap_or(table.standardise);
    let stats = columns::Stats::of(&table.x, &rows);
    stats.note(&table, standardise, rows.len(), &mut notes);
    let Table { source, columns: mut features, x, notes: mut all_notes, image, rows: numbers, label, .. } =
        table;
    all_notes.append(&mut notes);

    let finish = |mut x: Design| {
        if standardise {
            stats.apply(&mut x);
        }
        if how.bias { columns::with_ones(&x) } else { x }
    };
    let test_x = (!held.is_empty()).then(|| finish(x.select(&held)));
    let whole = rows.len() == x.rows() && rows.iter().enumerate().all(|(i, &r)| i == r);
    let train_x = finish(if whole { x } else { x.select(&rows) });
    // After the standardisation, which brings large columns into range.
    let origin = Origin {
        source: &source,
        rows: &numbers,
        label: label.as_ref().map(|l| l.name.as_str()),
        features: &features,
    };
    origin.check(&train_x, &targets, &rows)?;
    if let Some(x) = &test_x {
        origin.check(x, &held_targets, &held)?;
    }
    if how.bias {
        features.push("bias".into());
        all_notes.push("A column of ones named `bias` was appended.".into());
    }
    let test = test_x.map(|x| {
        let name = format!("{source} (held out)");
        let held = dataset(name, x, held_targets, features.clone(), classes.clone(), vec![]);
        Box::new(Dataset { image, ..held })
    });
    Ok(Dataset { test, image, ..dataset(source, train_x, targets, features, classes, all_notes) })
}

fn dataset(
    name: String,
    x: Design,
    targets: Targets,
    features: Vec<String>,
    classes: Vec<String>,
    notes: Vec<String>,
) -> Dataset {
    let (truth, shape, image, test) = (None, None, None, None);
    Dataset { name, x: Arc::new(x), targets, features, classes, notes, truth, shape, image, test }
}

fn check_options(how: &Preparation, task: Task) -> Result<(), Error> {
    // Written so that NaN fails as well.
    if !(0.0..1.0).contains(&how.test_fraction) {
        return Err(Error::bad_value(
            "data",
            "test_fraction",
            how.test_fraction,
            "it must be a number of at least 0 and below 1",
        ));
    }
    if how.limit == Some(0) {
        return Err(Error::bad_value("data", "limit", 0, "it must be at least 1: no sample would be kept"));
    }
    if task == Task::Regression && how.classes.is_some() {
        let missing = "it has no classes to select; remove data.classes, or take a classification loss such as logistic";
        return Err(Error::incompatible("data.classes", "a regression loss", missing));
    }
    if task != Task::Binary && how.positive.is_some() {
        return Err(Error::incompatible(
            "data.positive",
            "this loss",
            "only a loss for two classes has a positive one; remove data.positive",
        ));
    }
    Ok(())
}

fn check_table(table: &Table) -> Result<(), Error> {
    if table.x.rows() == 0 {
        return Err(Error::data(&table.source, "there are no samples, and at least one is needed."));
    }
    if table.x.cols() == 0 {
        return Err(Error::data(
            &table.source,
            "there are no input columns besides the label, and at least one is needed.",
        ));
    }
    if let Some(label) = &table.label
        && label.values.len() != table.x.rows()
    {
        let (n, m) = (table.x.rows(), label.values.len());
        return Err(Error::data(&table.source, format!("there are {n} samples but {m} labels.")));
    }
    for i in 0..table.x.rows() {
        let mut bad = None;
        table.x.for_row(i, |j, v| {
            if !v.is_finite() && bad.is_none() {
                bad = Some((j, v));
            }
        });
        if let Some((j, v)) = bad {
            return Err(table.error_at(i, Some(table.column(j)), not_finite(v)));
        }
    }
    Ok(())
}

/// What is wrong with an entry that is NaN or infinite.
pub fn not_finite(v: f64) -> String {
    range::not_finite("entry", v)
}

/// Where training and held-out samples stand in the source, to blame one of them.
struct Origin<'a> {
    source: &'a str,
    rows: &'a RowNumbers,
    label: Option<&'a str>,
    features: &'a [String],
}

impl Origin<'_> {
    /// Refuses samples, in the order `which`, that no run can work with.
    fn check(&self, x: &Design, targets: &Targets, which: &[usize]) -> Result<(), Error> {
        let Some(range::Fault { sample, column, what }) = range::fault(x, targets) else { return Ok(()) };
        let column = column.map_or(self.label, |j| self.features.get(j).map(String::as_str));
        Err(Error::Data {
            source_name: self.source.into(),
            row: which.get(sample).map(|&i| self.rows.of(i)),
            column: column.map(Into::into),
            what,
        })
    }
}

/// Training and test positions, each in the order of the source.
fn draw(
    table: &Table,
    n: usize,
    how: &Preparation,
    seed: u64,
    notes: &mut Vec<String>,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let kept = how.limit.map_or(n, |l| l.min(n));
    let held = (kept as f64 * how.test_fraction).round() as usize;
    if how.test_fraction > 0.0 && (held == 0 || held == kept) {
        let what = format!(
            "`data.test_fraction` = {} of {} leaves {} empty, and both need a sample; choose another share or more samples.",
            how.test_fraction,
            counted(kept, "sample", "samples"),
            if held == 0 { "the test part" } else { "the training part" }
        );
        return Err(Error::data(&table.source, what));
    }
    let mut order: Vec<usize> = (0..n).collect();
    if kept < n || held > 0 {
        order.shuffle(&mut rng(seed, Stream::Split));
    }
    order.truncate(kept);
    let mut test = order.split_off(kept - held);
    order.sort_unstable();
    test.sort_unstable();
    if kept < n {
        notes.push(format!("Of {n} samples {kept} were kept, drawn by seed {seed}."));
    }
    if held > 0 {
        notes.push(format!(
            "{held} of {kept} samples were held out as a test set, drawn by seed {seed}; {} remain for training.",
            kept - held
        ));
    }
    Ok((order, test))
}

#[cfg(test)]
mod tests;
