//! Equal inputs with different labels: no model separates or interpolates them.

use crate::data::{Table, Targets};
use crate::error::counted;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// How many pairs a note lists.
const LISTED: usize = 5;

/// Notes pairs among `rows` (whose targets are `targets`) with the same inputs and different targets.
pub(super) fn note(table: &Table, rows: &[usize], targets: &Targets, notes: &mut Vec<String>) {
    let mut first_with: HashMap<u64, Vec<usize>> = HashMap::with_capacity(rows.len());
    let mut pairs = vec![];
    for (k, &i) in rows.iter().enumerate() {
        let earlier = first_with.entry(hash(table, i)).or_default();
        match earlier.iter().find(|&&e| entries(table, rows[e]) == entries(table, i)) {
            Some(&e) if differ(targets, e, k) => pairs.push((table.row(rows[e]), table.row(i))),
            Some(_) => {}
            None => earlier.push(k),
        }
    }
    if pairs.is_empty() {
        return;
    }
    let listed: Vec<String> =
        pairs.iter().take(LISTED).map(|(a, b)| format!("rows {a} and {b}")).collect::<Vec<_>>();
    let more =
        if pairs.len() > LISTED { format!(" and {} more", pairs.len() - LISTED) } else { String::new() };
    let consequence = match targets {
        Targets::Real(_) => "different targets, so no model can interpolate the data",
        _ => "different labels, so no model can separate the data",
    };
    notes.push(format!(
        "{} of samples {} the same inputs but {consequence}: {}{more}.",
        counted(pairs.len(), "pair", "pairs"),
        if pairs.len() == 1 { "has" } else { "have" },
        listed.join(", ")
    ));
}

fn differ(targets: &Targets, a: usize, b: usize) -> bool {
    match targets {
        Targets::Real(y) | Targets::Sign(y) => y[a] != y[b],
        Targets::Class { labels, .. } => labels[a] != labels[b],
    }
}

/// Hash of the nonzero entries of a sample.
fn hash(table: &Table, i: usize) -> u64 {
    let mut h = DefaultHasher::new();
    table.x.for_row(i, |j, v| {
        if v != 0.0 {
            h.write_usize(j);
            h.write_u64(v.to_bits());
        }
    });
    h.finish()
}

fn entries(table: &Table, i: usize) -> Vec<(usize, f64)> {
    let mut e = vec![];
    table.x.for_row(i, |j, v| {
        if v != 0.0 {
            e.push((j, v));
        }
    });
    e
}
