//! From label values to targets: class selection, the sign convention, and every way it can fail.

use super::{ClassName, Preparation, Task};
use crate::Error;
use crate::data::Targets;
use crate::data::table::{LabelColumn, Labels, Table, name_list, number_text};
use crate::error::nearest;

/// The samples that take part and what they are to be mapped to.
pub(super) struct Assigned {
    /// Indices into the table.
    pub rows: Vec<usize>,
    /// One target for each of `rows`.
    pub targets: Targets,
    pub classes: Vec<String>,
    pub notes: Vec<String>,
}

pub(super) fn assign(table: &Table, how: &Preparation, task: Task) -> Result<Assigned, Error> {
    let Some(label) = &table.label else {
        return Err(Error::data(
            &table.source,
            "there is no label column, so nothing can be learned from it; name the labels with `label`, `y_path` or `y_key` in [data].",
        ));
    };
    if let Labels::Numbers(y) = &label.values
        && let Some(i) = y.iter().position(|v| !v.is_finite())
    {
        return Err(table.error_at(i, Some(label.name.clone()), super::not_finite(y[i])));
    }
    match task {
        Task::Regression => Ok(Assigned {
            rows: (0..table.x.rows()).collect(),
            targets: Targets::Real(real(table, label)?),
            classes: vec![],
            notes: vec![],
        }),
        Task::Binary | Task::Multiclass => classify(table, label, how, task),
    }
}

fn real(table: &Table, label: &LabelColumn) -> Result<Vec<f64>, Error> {
    match &label.values {
        Labels::Numbers(y) => Ok(y.clone()),
        Labels::Words { codes, words } => {
            let values: Vec<Option<f64>> = words.iter().map(|w| w.parse().ok()).collect();
            let blame = codes.iter().position(|&c| values[c as usize].is_none()).unwrap_or(0);
            let what = format!(
                "the target `{}` is not a number, which a regression loss needs; \
                 a classification loss (logistic, cross_entropy, …) takes words.",
                label.values.text(blame)
            );
            Err(table.error_at(blame, Some(label.name.clone()), what))
        }
    }
}

fn classify(table: &Table, label: &LabelColumn, how: &Preparation, task: Task) -> Result<Assigned, Error> {
    let (names, codes) = distinct(&label.values);
    let mut order = match &how.classes {
        Some(wanted) => selection(table, wanted, &names, task)?,
        None => (0..names.len()).collect(),
    };
    if how.classes.is_none() {
        check_count(table, label, &names, task)?;
    }
    if let Some(positive) = &how.positive {
        let among: Vec<String> = order.iter().map(|&c| names[c].clone()).collect();
        if find(positive, "positive", table, &among)? == 0 {
            order.swap(0, 1);
        }
    }
    let mut class_of = vec![None; names.len()];
    order.iter().enumerate().for_each(|(k, &c)| class_of[c] = Some(k));
    let (rows, labels): (Vec<usize>, Vec<usize>) =
        codes.iter().enumerate().filter_map(|(i, &c)| class_of[c].map(|k| (i, k))).unzip();
    let classes: Vec<String> = order.into_iter().map(|c| names[c].clone()).collect();

    let mut notes = vec![];
    if rows.len() < codes.len() {
        notes.push(format!(
            "Of {} samples the {} of the selected classes {} were kept.",
            codes.len(),
            rows.len(),
            name_list(&classes)
        ));
    }
    notes.push(mapping(&label.name, &classes, &labels, task));
    let targets = match task {
        Task::Binary => Targets::Sign(labels.iter().map(|&k| if k == 0 { -1.0 } else { 1.0 }).collect()),
        _ => Targets::Class { labels, classes: classes.len() },
    };
    Ok(Assigned { rows, targets, classes, notes })
}

/// The distinct labels in their natural order (numbers by value, words by alphabet) and each row's index.
fn distinct(labels: &Labels) -> (Vec<String>, Vec<usize>) {
    match labels {
        Labels::Numbers(y) => {
            let mut values: Vec<f64> = y.iter().map(|v| v + 0.0).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            let code = |v: &f64| values.partition_point(|u| u < v);
            (values.iter().map(|&v| number_text(v)).collect(), y.iter().map(code).collect())
        }
        Labels::Words { codes, words } => {
            let mut used = vec![false; words.len()];
            codes.iter().for_each(|&c| used[c as usize] = true);
            let mut order: Vec<usize> = (0..words.len()).filter(|&c| used[c]).collect();
            order.sort_by(|&a, &b| words[a].cmp(&words[b]));
            let mut rank = vec![0; words.len()];
            order.iter().enumerate().for_each(|(r, &c)| rank[c] = r);
            let names = order.iter().map(|&c| words[c].clone()).collect();
            (names, codes.iter().map(|&c| rank[c as usize]).collect())
        }
    }
}

fn find(wanted: &ClassName, key: &str, table: &Table, names: &[String]) -> Result<usize, Error> {
    let mut text = wanted.to_string();
    // `"3"` and `"3.0"` mean the number 3 as well.
    if !names.contains(&text)
        && let Ok(v) = text.parse::<f64>()
    {
        text = number_text(v);
    }
    names.iter().position(|n| *n == text).ok_or_else(|| {
        let hint = nearest(&text, names).map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
        let expected = format!("the classes in {} are {}{hint}", table.source, name_list(names));
        Error::bad_value("data", key, format!("`{text}`"), &expected)
    })
}

fn selection(table: &Table, wanted: &[ClassName], names: &[String], task: Task) -> Result<Vec<usize>, Error> {
    let shown = format!("[{}]", wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    let mut order = vec![];
    for class in wanted {
        let c = find(class, "classes", table, names)?;
        if order.contains(&c) {
            return Err(Error::bad_value("data", "classes", shown, "every class may be listed only once"));
        }
        order.push(c);
    }
    match (task, order.len()) {
        (_, 0 | 1) => Err(Error::bad_value("data", "classes", shown, "at least two classes are needed")),
        (Task::Binary, 3..) => Err(Error::bad_value(
            "data",
            "classes",
            shown,
            "a binary loss takes exactly two; for more set kind = \"cross_entropy\" in [loss]",
        )),
        _ => Ok(order),
    }
}

fn check_count(table: &Table, label: &LabelColumn, names: &[String], task: Task) -> Result<(), Error> {
    let fail = |what: String| {
        Err(Error::Data {
            source_name: table.source.clone(),
            row: None,
            column: Some(label.name.clone()),
            what,
        })
    };
    if names.len() == 1 {
        return fail(format!(
            "every label is `{}`; a classification needs at least two classes, so add samples of another, or take the squared loss.",
            names[0]
        ));
    }
    let fractional = match &label.values {
        Labels::Numbers(y) => y.iter().position(|v| v.fract() != 0.0),
        Labels::Words { .. } => None,
    };
    if let Some(i) = fractional
        && names.len() > 2
    {
        let what = format!(
            "there are {} different labels and `{}` is not a whole number: these look like the targets of a \
             regression; set kind = \"squared\" in [loss], or select classes with data.classes.",
            names.len(),
            label.values.text(i)
        );
        return Err(table.error_at(i, Some(label.name.clone()), what));
    }
    if task == Task::Binary && names.len() > 2 {
        return fail(format!(
            "there are {} different labels ({}), but a binary loss takes two; select two with data.classes, as in \
             classes = [{}, {}], or set kind = \"cross_entropy\" in [loss].",
            names.len(),
            name_list(names),
            quoted(&names[0], &label.values),
            quoted(&names[1], &label.values),
        ));
    }
    Ok(())
}

/// A class as it would be written in an experiment file.
fn quoted(name: &str, labels: &Labels) -> String {
    match labels {
        Labels::Numbers(_) => name.to_string(),
        Labels::Words { .. } => format!("\"{name}\""),
    }
}

fn mapping(column: &str, classes: &[String], labels: &[usize], task: Task) -> String {
    let mut counts = vec![0usize; classes.len()];
    labels.iter().for_each(|&k| counts[k] += 1);
    match task {
        Task::Binary => format!(
            "The labels in `{column}` were mapped: `{}` to -1 ({} samples), `{}` to +1 ({} samples).",
            classes[0], counts[0], classes[1], counts[1]
        ),
        _ => {
            let all: Vec<String> = classes
                .iter()
                .zip(&counts)
                .take(20)
                .enumerate()
                .map(|(k, (c, n))| format!("`{c}` to {k} ({n} samples)"))
                .collect();
            let more = if classes.len() > 20 { ", …" } else { "" };
            format!(
                "The labels in `{column}` were mapped to {} classes: {}{more}.",
                classes.len(),
                all.join(", ")
            )
        }
    }
}

/// Limit and split may leave a training part without one of the classes.
pub(super) fn check_classes_present(
    table: &Table,
    targets: &Targets,
    classes: &[String],
) -> Result<(), Error> {
    let missing = match targets {
        Targets::Real(_) => None,
        Targets::Sign(y) => {
            if !y.contains(&-1.0) {
                Some(0)
            } else if !y.contains(&1.0) {
                Some(1)
            } else {
                None
            }
        }
        Targets::Class { labels, classes } => (0..*classes).find(|c| !labels.contains(c)),
    };
    match missing {
        None => Ok(()),
        Some(c) => Err(Error::data(
            &table.source,
            format!(
                "the training part drawn has no sample of the class `{}`; lower data.test_fraction, raise \
                 data.limit, or change the seed.",
                classes[c]
            ),
        )),
    }
}
