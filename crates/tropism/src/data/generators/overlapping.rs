//! Overlapping Gaussians: two classes that no hyperplane separates, not even in part.
//!
//! `x_i = y_i (distance / 2) u + ε_i` for `i < n`, with a random unit vector `u` and `ε_i` standard normal.
//! The last sample makes the overlap certain for every seed: it is labelled −1 but lies beyond the centre of
//! the other class, at `x_n = 3/2 · mean(+1) − 1/2 · mean(−1)`. So `Σ a_i y_i x_i = 0` and `Σ a_i y_i = 0`
//! with every `a_i > 0`: by Stiemke's lemma `y_i ⟨w, x_i⟩ ≥ 0` for all `i` only if it is `= 0` for all `i`,
//! with or without a bias. An exponential or logistic loss therefore has a finite minimiser, unique when the
//! rows span the space.
//!
//! Shapes: `n × d`, labels −1 and +1 in turn, the last one −1. No truth: what is to be learned is the
//! minimiser.
//!
//! Assumes: nothing.
//!
//! Source: own construction; the role of the positive relation is that of Ji, Telgarsky (2018), Risk and
//! parameter convergence of logistic regression, arXiv:1803.07300.
//!
//! Units: `distance` between the class centres in standard deviations; 0 gives labels independent of the
//! inputs.
//!
//! Errors: `n ≥ 3`, `d ≥ 1`, `distance ≥ 0` and finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "overlapping"
//! n = 60
//! d = 3
//! distance = 1.0
//! ```

use super::{Generator, alternating, at_least, fits, normal, not_negative, unit};
use crate::Error;
use crate::data::Dataset;
use crate::numerics::{
    Matrix,
    linalg::axpy,
    rng::{Rng, Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `overlapping`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Overlapping {
    /// Number of samples.
    #[schemars(range(min = 3))]
    pub n: usize,
    /// Number of inputs.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Distance between the centres of the classes.
    pub distance: f64,
}

impl Default for Overlapping {
    fn default() -> Self {
        Self { n: 60, d: 3, distance: 1.0 }
    }
}

impl Generator for Overlapping {
    fn id(&self) -> &'static str {
        "overlapping"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 3)?;
        at_least("d", self.d, 1)?;
        fits(self.n, self.d)?;
        not_negative("distance", self.distance)?;
        let mut rng = rng(seed, Stream::Data);
        let (rows, y) = overlap(&mut rng, self.n, self.d, self.distance);
        let mut data = Dataset::binary(self.id(), Matrix::from_rows(&rows), y);
        data.notes.push(
            "No direction separates any part of the data: a positive combination of the samples, signed by their \
             labels, is zero by construction."
                .into(),
        );
        Ok(data)
    }
}

/// The rows and labels of the construction, `n ≥ 3`.
pub(super) fn overlap(rng: &mut Rng, n: usize, d: usize, distance: f64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let u = unit(rng, d);
    let (mut rows, mut y) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut last = vec![0.0; d];
    let (plus, minus) = (n / 2, (n - 1) / 2);
    for i in 0..n - 1 {
        let label = alternating(i);
        let mut x = normal(rng, d);
        axpy(label * distance / 2.0, &u, &mut x);
        axpy(if label > 0.0 { 1.5 / plus as f64 } else { -0.5 / minus as f64 }, &x, &mut last);
        rows.push(x);
        y.push(label);
    }
    rows.push(last);
    y.push(-1.0);
    (rows, y)
}
