//! Data whose inputs are matrices: observed entries become samples with one nonzero input each.

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
/// A row or a column without an observed entry, for nothing can be said of it; infinite entries.
pub fn completion(name: &str, values: &Matrix, observed: &[bool]) -> Result<Dataset, Error> {
    let (rows, cols) = (values.rows(), values.cols());
    if let Some(at) = values.as_slice().iter().zip(observed).position(|(v, o)| *o && !v.is_finite()) {
        let what = format!("the entry in row {} and column {} is infinite", at / cols + 1, at % cols + 1);
        return Err(Error::data(name, what));
    }
    let seen = |what: &str, number: usize, any: bool| {
        if any {
            return Ok(());
        }
        let message = format!(
            "{what} {} has no observed entry: nothing determines it. Drop it, or observe more entries",
            number + 1
        );
        Err(Error::data(name, message))
    };
    for i in 0..rows {
        seen("row", i, observed[i * cols..(i + 1) * cols].contains(&true))?;
    }
    for j in 0..cols {
        seen("column", j, (0..rows).any(|i| observed[i * cols + j]))?;
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
