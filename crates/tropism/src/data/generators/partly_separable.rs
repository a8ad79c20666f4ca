//! Partly separable data: some samples can be separated, the others overlap in a subspace, and the two parts
//! are treated differently by gradient descent.
//!
//! Coordinates `1..d_separable` (columns `s0, s1, …`) and `d_overlap` further ones (`o0, o1, …`). The
//! `n_overlap` overlapping samples are `(0, z)` with `z` drawn as by `overlapping`: a positive combination of
//! them is zero, so the risk restricted to them has a finite minimiser in the `o` coordinates. The
//! `n_separable` others are `(s, ε)` with `s` drawn as by `gaussian_separable` with margin `margin` along a
//! hidden unit vector `u`, and `ε` standard normal. This is the structure of Ji and Telgarsky's Theorem 2.1:
//! the matrix of signed samples is `[[A_s, B], [0, A_c]]`, `u` separates the rows of `A_s` strictly, and no
//! direction separates any part of `A_c`. Gradient descent grows without bound along the max-margin direction
//! of `A_s`, and converges to the minimiser over `A_c` within the `o` coordinates.
//!
//! Shapes: `(n_separable + n_overlap) × (d_separable + d_overlap)`, the separable samples first; labels −1
//! and +1 in turn in either part. `truth.weights = (u / margin, 0)`.
//!
//! Assumes: nothing; the minimiser over the overlapping part is unique when `n_overlap > d_overlap`.
//!
//! Source: Z. Ji, M. Telgarsky (2018), Risk and parameter convergence of logistic regression, Theorem 2.1,
//! arXiv:1803.07300. The separable and the overlapping coordinates are the axes here, a general rotation
//! there.
//!
//! Units: `margin` and `distance` in standard deviations.
//!
//! Errors: `n_separable ≥ 2`, `n_overlap ≥ 3`, `d_separable ≥ 1` (`≥ 2` when `tight`), `d_overlap ≥ 1`,
//! `margin > 0`, `distance ≥ 0`.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "partly_separable"
//! n_separable = 20
//! n_overlap = 30
//! d_separable = 3
//! d_overlap = 2
//! ```

use super::{GaussianSeparable, Generator, at_least, fits, normal, not_negative, overlapping::overlap};
use crate::Error;
use crate::data::{Dataset, Targets, Truth};
use crate::numerics::{
    Matrix,
    rng::{Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `partly_separable`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PartlySeparable {
    /// Number of separable samples.
    #[schemars(range(min = 2))]
    pub n_separable: usize,
    /// Number of overlapping samples.
    #[schemars(range(min = 3))]
    pub n_overlap: usize,
    /// Coordinates in which the separable samples are separated.
    #[schemars(range(min = 1))]
    pub d_separable: usize,
    /// Coordinates in which the others overlap.
    #[schemars(range(min = 1))]
    pub d_overlap: usize,
    /// Smallest margin of the separable samples along the hidden direction.
    pub margin: f64,
    /// Distance between the centres of the overlapping classes.
    pub distance: f64,
    /// Make the hidden direction the exact ℓ2 max-margin direction of the separable coordinates.
    pub tight: bool,
}

impl Default for PartlySeparable {
    fn default() -> Self {
        Self {
            n_separable: 20,
            n_overlap: 30,
            d_separable: 3,
            d_overlap: 2,
            margin: 0.5,
            distance: 1.0,
            tight: true,
        }
    }
}

impl Generator for PartlySeparable {
    fn id(&self) -> &'static str {
        "partly_separable"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n_separable", self.n_separable, 2)?;
        at_least("n_overlap", self.n_overlap, 3)?;
        at_least("d_separable", self.d_separable, if self.tight { 2 } else { 1 })?;
        at_least("d_overlap", self.d_overlap, 1)?;
        fits(
            self.n_separable.saturating_add(self.n_overlap),
            self.d_separable.saturating_add(self.d_overlap),
        )?;
        not_negative("distance", self.distance)?;
        let separable = GaussianSeparable {
            n: self.n_separable,
            d: self.d_separable,
            margin: self.margin,
            spread: 1.0,
            tight: self.tight,
        }
        .generate(seed)?;
        let mut rng = rng(seed.wrapping_add(0x5EED), Stream::Data);
        let mut rows = Vec::with_capacity(self.n_separable + self.n_overlap);
        let s = separable.x.to_dense();
        for i in 0..self.n_separable {
            let mut row = s.row(i).to_vec();
            row.extend(normal(&mut rng, self.d_overlap));
            rows.push(row);
        }
        let mut y = match separable.targets {
            Targets::Sign(y) | Targets::Real(y) => y,
            Targets::Class { .. } => vec![],
        };
        let (overlapping, labels) = overlap(&mut rng, self.n_overlap, self.d_overlap, self.distance);
        for x in overlapping {
            let mut row = vec![0.0; self.d_separable];
            row.extend(x);
            rows.push(row);
        }
        y.extend(labels);
        let mut data = Dataset::binary(self.id(), Matrix::from_rows(&rows), y);
        data.features = (0..self.d_separable)
            .map(|j| format!("s{j}"))
            .chain((0..self.d_overlap).map(|j| format!("o{j}")))
            .collect();
        data.notes.push(format!(
            "The first {} samples are separable in the columns s0 to s{}; the other {} are zero there and overlap \
             in the remaining columns.",
            self.n_separable,
            self.d_separable - 1,
            self.n_overlap
        ));
        let mut weights = separable.truth.map(|t| t.weights).unwrap_or_default();
        weights.resize(self.d_separable + self.d_overlap, 0.0);
        data.truth = Some(Truth { weights, noise: 0.0, spectrum: None });
        Ok(data)
    }
}
