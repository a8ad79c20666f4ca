//! Data whose inputs are matrices: observed entries become samples with one nonzero input each.

use super::range::{outside, what_is_wrong};
use super::{Dataset, Targets, Truth};
use crate::Error;
use crate::numerics::{Csr, Design, Matrix};
use std::sync::Arc;

/// The completion problem of a matrix of which only the entries marked in `observed [rows * cols]` are known.
///
/// A sample is an entry: its input is the matrix that is one there and zero elsewhere, `[rows * cols]` along rows. Entries
/// that are not observed but known (not NaN in `values`) become the held-out samples.
///
/// # Errors
/// A row or a column without an observed entry, for nothing can be said of it; infinite entries and those beyond 1e100.
pub fn completion(name: &str, values: &Matrix, observed: &[bool]) -> Result<Dataset, Error> {
    let (rows, cols) = (values.rows(), values.cols());
    let refuse = |row: Option<usize>, column: Option<usize>, what: String| {
        let column = column.map(|j| (j + 1).to_string());
        Err(Error::Data { source_name: name.into(), row: row.map(|i| i + 1), column, what })
    };
    // A hidden entry that is NaN is not known; every other one counts, for the held-out error at least.
    let known = |at: usize| observed[at] || !values.as_slice()[at].is_nan();
    if let Some(at) = (0..rows * cols).find(|&at| known(at) && outside(values.as_slice()[at])) {
        let what = what_is_wrong("value", values.as_slice()[at]);
        return refuse(Some(at / cols), Some(at % cols), what);
    }
    let empty = |line: &str| {
        format!(
            "none of its entries is observed, so nothing determines them; every {line} needs an observed entry. Leave the \
             {line} out, or observe more entries."
        )
    };
    if let Some(i) = (0..rows).find(|i| !observed[i * cols..(i + 1) * cols].contains(&true)) {
        return refuse(Some(i), None, empty("row"));
    }
    if let Some(j) = (0..cols).find(|j| !(0..rows).any(|i| observed[i * cols + j])) {
        return refuse(None, Some(j), empty("column"));
    }
    let known: Vec<usize> = (0..rows * cols).filter(|&e| observed[e]).collect();
    let hidden: Vec<usize> =
        (0..rows * cols).filter(|&e| !observed[e] && values.as_slice()[e].is_finite()).collect();
    let mut data = entries(name, values, &known);
    data.notes.push(format!(
        "{} of {} entries of a {rows} × {cols} matrix are observed{}.",
        known.len(),
        rows * cols,
        if hidden.is_empty() { "" } else { "; the others are held out" }
    ));
    if !hidden.is_empty() {
        data.test = Some(Box::new(entries(name, values, &hidden)));
    }
    if values.as_slice().iter().all(|v| v.is_finite()) {
        data.truth = Some(Truth { weights: values.as_slice().to_vec(), noise: 0.0, spectrum: None });
    }
    Ok(data)
}

/// The samples of some entries.
fn entries(name: &str, values: &Matrix, which: &[usize]) -> Dataset {
    let (rows, cols, n) = (values.rows(), values.cols(), which.len());
    let x = Csr {
        rows: n,
        cols: rows * cols,
        offsets: (0..=n).collect(),
        indices: which.iter().map(|&e| e as u32).collect(),
        values: vec![1.0; n],
    };
    let y = which.iter().map(|&e| values.as_slice()[e]).collect();
    of_matrices(name, Design::Sparse(x), y, (rows, cols))
}

/// A regression on inputs that are `rows × cols` matrices, one a row of `x`.
pub fn of_matrices(name: &str, x: Design, y: Vec<f64>, (rows, cols): (usize, usize)) -> Dataset {
    Dataset {
        name: name.into(),
        x: Arc::new(x),
        targets: Targets::Real(y),
        features: (0..rows * cols).map(|e| format!("[{}, {}]", e / cols + 1, e % cols + 1)).collect(),
        classes: vec![],
        notes: vec![],
        truth: None,
        shape: Some((rows, cols)),
        image: None,
        test: None,
    }
}

/// A 2 × 2 matrix of which one entry is hidden: where the entries stand, `row * 2 + column`, and the three observed values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HiddenEntry {
    pub hidden: usize,
    /// The entry across, which shares neither row nor column with the hidden one.
    pub across: f64,
    /// The two beside it.
    pub beside: [f64; 2],
}

impl HiddenEntry {
    /// `None` for any other data.
    pub fn of(data: &Dataset) -> Option<Self> {
        let Targets::Real(y) = &data.targets else { return None };
        if data.shape != Some((2, 2)) || y.len() != 3 {
            return None;
        }
        let mut values = [None; 4];
        for (i, y) in y.iter().enumerate() {
            let mut place = None;
            let mut single = true;
            data.x.for_row(i, |e, v| {
                single &= v == 0.0 || (v == 1.0 && place.is_none());
                place = if v == 0.0 { place } else { Some(e) };
            });
            *values.get_mut(place.filter(|_| single)?)? = Some(*y);
        }
        let hidden = values.iter().position(Option::is_none)?;
        // Entries run along rows: 0 is across from 3, 1 from 2.
        let beside = [values[hidden ^ 1]?, values[hidden ^ 2]?];
        Some(Self { hidden, across: values[hidden ^ 3]?, beside })
    }

    /// Sign the determinant must have for the hidden entry to be bounded from below: that of `± z z'`, the products of the
    /// entries beside it and of the diagonal it stands on.
    pub fn sign(&self) -> f64 {
        let diagonal = if self.hidden == 0 || self.hidden == 3 { 1.0 } else { -1.0 };
        let product = self.beside[0] * self.beside[1];
        if product == 0.0 { 0.0 } else { diagonal * product.signum() }
    }
}
