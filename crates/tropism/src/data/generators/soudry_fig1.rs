//! The example of Soudry et al.'s Figure 1: two dimensions, four support vectors, solution `w = (1/2, 1/2)`.
//!
//! Support vectors `(0.5, 1.5)` and `(1.5, 0.5)` with label +1 and their negatives with label −1; the largest
//! ℓ2 margin is `√2`, in the direction `(1, 1)/√2`. `w` is a quarter of the sum of the two signed samples `y
//! x`, each of which occurs twice. `others` further points are drawn at least `gap` beyond the margin: `y x =
//! (1 + gap + |ε|)(1, 1) + ε' (1, −1)` with `ε`, `ε'` standard normal; they do not change the solution.
//!
//! Shapes: `(4 + others) × 2`, the support vectors first; labels +1, +1, −1, −1, then +1 and −1 in turn;
//! `truth.weights = (1/2, 1/2)`, whose smallest margin is 1.
//!
//! Assumes: nothing; no bias.
//!
//! Source: D. Soudry, E. Hoffer, M. S. Nacson, S. Gunasekar, N. Srebro (2018), The implicit bias of gradient
//! descent on separable data, JMLR 19(70), Figure 1, arXiv:1710.10345. The support vectors are the paper's,
//! the other points ours.
//!
//! Units: those of the figure; `gap` is in units of the normalised margin `⟨w, y x⟩ = 1`.
//!
//! Errors: `gap > 0` and finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "soudry_fig1"
//! others = 12
//! ```

use super::{Generator, alternating, fits, normal, positive};
use crate::Error;
use crate::data::{Dataset, Truth};
use crate::numerics::{
    Matrix,
    rng::{Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `soudry_fig1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SoudryFig1 {
    /// Number of points besides the four support vectors.
    pub others: usize,
    /// How far beyond the margin these begin.
    pub gap: f64,
}

impl Default for SoudryFig1 {
    fn default() -> Self {
        Self { others: 12, gap: 0.5 }
    }
}

impl Generator for SoudryFig1 {
    fn id(&self) -> &'static str {
        "soudry_fig1"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        positive("gap", self.gap)?;
        fits(self.others.saturating_add(4), 2)?;
        let mut rng = rng(seed, Stream::Data);
        let mut rows = vec![vec![0.5, 1.5], vec![1.5, 0.5], vec![-0.5, -1.5], vec![-1.5, -0.5]];
        let mut y = vec![1.0, 1.0, -1.0, -1.0];
        for i in 0..self.others {
            let e = normal(&mut rng, 2);
            // <w, (c, c) + b (1, -1)> = c for w = (1/2, 1/2).
            let (c, b, label) = (1.0 + self.gap + e[0].abs(), e[1], alternating(i));
            rows.push(vec![label * (c + b), label * (c - b)]);
            y.push(label);
        }
        let mut data = Dataset::binary(self.id(), Matrix::from_rows(&rows), y);
        data.notes.push("The largest l2 margin is sqrt(2) by construction, in the direction (1, 1).".into());
        data.truth = Some(Truth { weights: vec![0.5, 0.5], noise: 0.0, spectrum: None });
        Ok(data)
    }
}
