//! What figures show beside the series: a matrix completed beside what is known of it, and the spectra of predictors.

use super::conserved::keeps_balance;
use super::reference::Reference;
use crate::data::{Dataset, Targets};
use crate::measures::Moment;
use crate::models::{Block, Structure};
use crate::numerics::fourier::Fourier;
use crate::numerics::linalg;
use crate::programs::least_rank::{LeastRank, least_rank};
use crate::spec::Setup;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cells of a picture of a matrix; larger matrices are averaged over square blocks.
const MOST_CELLS: usize = 4096;
/// Singular values recorded at a moment, the largest ones.
pub(super) const MOST_SINGULAR_VALUES: usize = 12;
/// Singular values below this part of the largest are rounding of the decomposition.
const ROUNDING: f64 = 1e-14;
/// Longest predictor whose Fourier spectrum is shown: beyond it the sums, and the figure, hold too much.
const LONGEST_SIGNAL: usize = 2048;

/// Most entries of a matrix whose smallest rank is looked for.
const MOST_RANKED: usize = 1 << 16;

/// A completed matrix beside what is known of it. Cells run along rows; each is the mean over a square block of entries, a
/// single one where the matrix is small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionReport {
    /// Rows and columns of the matrix itself.
    pub of: [usize; 2],
    /// Rows of cells.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// The true matrix, or what is known of it; empty where nothing is known beyond the observed entries.
    pub truth: Vec<Option<f64>>,
    /// The observed entries; `null` in cells without any.
    pub mask: Vec<Option<f64>>,
    /// What was selected.
    pub completed: Vec<Option<f64>>,
    /// What was predicted; empty where no single matrix is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predicted: Vec<Option<f64>>,
    /// Smallest rank of a matrix with the observed entries, to a billionth of the largest one; absent for very large matrices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_rank: Option<LeastRank>,
}

/// Moduli of the unitary discrete Fourier transform of a predictor at the frequencies `0, 1, …, d/2`; those above mirror them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FourierReport {
    /// Length of the predictor, `d`.
    pub length: usize,
    /// Of the selected predictor, at unit norm where only directions are compared.
    pub selected: Vec<Option<f64>>,
    /// Of the predicted one; empty where nothing is predicted.
    pub predicted: Vec<Option<f64>>,
}

/// The largest singular values, in decreasing order, of an effective predictor that is a matrix: of the shape of the inputs where
/// these are matrices, `k × d` for curved models with several outputs. Empty for others and for what is too large. What is rounding of the
/// largest is zero, or, on a flow from a balanced start, known from the factors.
pub(super) fn spectrum(setup: &Setup, moment: &Moment) -> Vec<f64> {
    let of_inputs = setup.data.shape.is_some() && setup.data.targets.outputs() == 1;
    if !of_inputs && setup.model.facts().linear_in_parameters {
        return vec![];
    }
    let finite = |v: &&[f64]| v.iter().all(|s| s.is_finite());
    let values = moment.singular_values(setup).filter(finite).unwrap_or_default();
    let mut values = values[..values.len().min(MOST_SINGULAR_VALUES)].to_vec();
    let Some(rounding) = values.first().map(|top| ROUNDING * top) else { return values };
    if values.last().is_some_and(|least| *least <= rounding) {
        let known = of_balanced_factors(setup, moment).unwrap_or_default();
        for (k, value) in values.iter_mut().enumerate().filter(|(_, v)| **v <= rounding) {
            *value = known.get(k).copied().unwrap_or(0.0);
        }
    }
    values
}

/// Singular values of a product whose factors a flow keeps balanced: each is the product of those of the factors (Arora, Cohen, Hazan 2018,
/// arXiv 1802.06509, Theorem 1), which are known to rounding of their own largest one. What is below that is zero.
fn of_balanced_factors(setup: &Setup, moment: &Moment) -> Option<Vec<f64>> {
    if !keeps_balance(setup) {
        return None;
    }
    let of = |b: &Block| {
        let values = linalg::singular_values(&b.matrix(&moment.theta));
        let least = values.first().map_or(0.0, |top| ROUNDING * top);
        values.into_iter().map(move |s| if s > least { s } else { 0.0 }).collect::<Vec<f64>>()
    };
    let blocks = setup.model.blocks();
    let first = of(blocks.first()?);
    Some(blocks[1..].iter().fold(first, |known, b| known.iter().zip(of(b)).map(|(a, b)| a * b).collect()))
}

/// The picture of a matrix completion; `None` for other problems and models without an effective predictor.
pub(super) fn completion(
    setup: &Setup,
    reference: Option<&Reference>,
    w: &[f64],
) -> Option<CompletionReport> {
    let data = &setup.data;
    let shape = data.shape.filter(|(rows, cols)| rows * cols == w.len())?;
    let observed = entries(data, w.len())?;
    let held_out = data.test.as_deref().and_then(|test| entries(test, w.len()));
    let known: Vec<Option<f64>> = match (&data.truth, held_out) {
        (Some(truth), _) if truth.weights.len() == w.len() => {
            truth.weights.iter().map(|v| Some(*v)).collect()
        }
        (_, Some(hidden)) => observed.iter().zip(&hidden).map(|(a, b)| a.or(*b)).collect(),
        _ => vec![],
    };
    let whole: Option<Vec<f64>> = known.iter().copied().collect();
    let at_hand: Vec<&[f64]> = whole.iter().filter(|k| !k.is_empty()).map(Vec::as_slice).chain([w]).collect();
    let least_rank = (w.len() <= MOST_RANKED).then(|| least_rank(&observed, shape, &at_hand));
    let cells = |w: &[f64]| w.iter().map(|v| Some(*v)).collect::<Vec<_>>();
    // A direction has no entries to compare.
    let target = reference.filter(|r| !r.direction).and_then(|r| r.solution.as_deref());
    let predicted = target.filter(|t| t.len() == w.len()).map_or_else(Vec::new, cells);
    let block = block(shape);
    Some(CompletionReport {
        of: [shape.0, shape.1],
        rows: shape.0.div_ceil(block),
        cols: shape.1.div_ceil(block),
        truth: averaged(&known, shape, block),
        mask: averaged(&observed, shape, block),
        completed: averaged(&cells(w), shape, block),
        predicted: averaged(&predicted, shape, block),
        least_rank,
    })
}

/// The value of every entry that a sample observes; `None` if some sample is not a single entry.
fn entries(data: &Dataset, size: usize) -> Option<Vec<Option<f64>>> {
    let Targets::Real(y) = &data.targets else { return None };
    let mut out = vec![None; size];
    for (i, y) in y.iter().enumerate() {
        let (mut found, mut single) = (None, true);
        data.x.for_row(i, |j, v| {
            if v != 0.0 {
                single &= found.is_none() && v == 1.0;
                found = Some(j);
            }
        });
        *out.get_mut(found.filter(|_| single)?)? = Some(*y);
    }
    Some(out)
}

/// Side of the smallest blocks of which there are few enough.
fn block((rows, cols): (usize, usize)) -> usize {
    (1..).find(|b| rows.div_ceil(*b) * cols.div_ceil(*b) <= MOST_CELLS).unwrap_or(1)
}

/// Means over square blocks of what is known in them.
fn averaged(values: &[Option<f64>], (rows, cols): (usize, usize), block: usize) -> Vec<Option<f64>> {
    if values.is_empty() {
        return vec![];
    }
    let (down, across) = (rows.div_ceil(block), cols.div_ceil(block));
    let mut cells = vec![(0.0, 0_u32); down * across];
    for (e, v) in values.iter().enumerate() {
        if let Some(v) = v {
            let cell = &mut cells[e / cols / block * across + e % cols / block];
            *cell = (cell.0 + v, cell.1 + 1);
        }
    }
    cells.into_iter().map(|(sum, n)| (n > 0).then(|| short(sum / f64::from(n))).flatten()).collect()
}

/// Four digits: more than 256 shades of grey can show, in a quarter of the room.
pub(super) fn short(v: f64) -> Option<f64> {
    format!("{v:.3e}").parse().ok().filter(|v: &f64| v.is_finite())
}

/// Fourier spectra of the predictor of a convolutional network and of the predicted one.
pub(super) fn fourier(setup: &Setup, reference: Option<&Reference>, w: &[f64]) -> Option<FourierReport> {
    let convolutional = matches!(setup.model.facts().structure, Structure::Convolutional { .. });
    let one = setup.data.targets.outputs() == 1 && (2..=LONGEST_SIGNAL).contains(&w.len());
    if !convolutional || !one || w.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let target = reference.and_then(|r| r.solution.as_deref()).filter(|t| t.len() == w.len());
    let moduli = |v: &[f64]| {
        let direction = reference.is_some_and(|r| r.direction);
        let size = if direction { linalg::norm2(v).max(f64::MIN_POSITIVE) } else { 1.0 };
        moduli(v).into_iter().map(|m| short(m / size)).collect()
    };
    Some(FourierReport {
        length: w.len(),
        selected: moduli(w),
        predicted: target.map_or_else(Vec::new, moduli),
    })
}

/// `|d^{-1/2} Σ_j w_j e^{−2πi jk/d}|` for `k = 0, …, d/2`.
fn moduli(w: &[f64]) -> Vec<f64> {
    let spectrum = Fourier::new(w.len()).transform(w);
    spectrum[..=w.len() / 2].iter().map(|(re, im)| f64::hypot(*re, *im)).collect()
}

#[cfg(test)]
#[path = "pictures_tests.rs"]
mod tests;
