//! Degenerate support: separable data with a support vector whose dual weight is zero.
//!
//! With a random unit vector `u` and a unit vector `p ⟂ u`, the first sample is `margin·u` (label +1), the
//! second `−(margin·u + offset·p)` (label −1). Both lie exactly on the margin of the max-margin solution `w =
//! u / margin`, but `w` is a multiple of the first alone: the two are linearly independent, so the dual
//! weights are unique, `1 / margin²` on the first and 0 on the second. All further samples have margins of at
//! least `margin·(1 + gap)` along `u`. This is the measure-zero case that "almost all data sets" excludes:
//! the residual of gradient descent need not converge, and the direction may approach its limit more slowly
//! (log log t / log t).
//!
//! Shapes: `n × d`, labels −1 and +1 in turn beginning with +1; `truth.weights = u / margin`.
//!
//! Assumes: nothing; no bias.
//!
//! Source: own construction of the degenerate case in Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), JMLR
//! 19(70), arXiv:1710.10345, whose Theorem 3 assumes positive dual weights on all support vectors.
//!
//! Units: lengths in units of the standard deviation of the other samples around the direction.
//!
//! Errors: `n ≥ 2`, `d ≥ 2`, `margin > 0`, `offset > 0`, `gap > 0`, all finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "degenerate_support"
//! n = 10
//! d = 3
//! ```

use super::{Generator, alternating, at_least, fits, normal, normal_with_component, positive, unit};
use crate::Error;
use crate::data::{Dataset, Truth};
use crate::numerics::{
    Matrix,
    linalg::norm2,
    rng::{Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `degenerate_support`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DegenerateSupport {
    /// Number of samples.
    #[schemars(range(min = 2))]
    pub n: usize,
    /// Number of inputs.
    #[schemars(range(min = 2))]
    pub d: usize,
    /// The ℓ2 margin.
    pub margin: f64,
    /// Distance of the degenerate support vector from the true one, across the hidden direction.
    pub offset: f64,
    /// How far beyond the margin the other samples begin, relative to it.
    pub gap: f64,
}

impl Default for DegenerateSupport {
    fn default() -> Self {
        Self { n: 10, d: 3, margin: 1.0, offset: 1.0, gap: 0.5 }
    }
}

impl Generator for DegenerateSupport {
    fn id(&self) -> &'static str {
        "degenerate_support"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 2)?;
        at_least("d", self.d, 2)?;
        fits(self.n, self.d)?;
        positive("margin", self.margin)?;
        positive("offset", self.offset)?;
        positive("gap", self.gap)?;
        let mut rng = rng(seed, Stream::Data);
        let u = unit(&mut rng, self.d);
        let across = normal_with_component(&mut rng, &u, 0.0);
        let length = norm2(&across);
        let mut rows = vec![
            u.iter().map(|v| self.margin * v).collect::<Vec<f64>>(),
            u.iter().zip(&across).map(|(v, p)| -(self.margin * v + self.offset * p / length)).collect(),
        ];
        for i in 2..self.n {
            let along = self.margin * (1.0 + self.gap) + normal(&mut rng, 1)[0].abs();
            rows.push(normal_with_component(&mut rng, &u, alternating(i) * along));
        }
        let y = (0..self.n).map(alternating).collect();
        let mut data = Dataset::binary(self.id(), Matrix::from_rows(&rows), y);
        data.notes.push(format!(
            "The largest l2 margin is {} by construction; the first two samples attain it, and the dual weight of the \
             second is zero.",
            self.margin
        ));
        let weights = u.iter().map(|v| v / self.margin).collect();
        data.truth = Some(Truth { weights, noise: 0.0, spectrum: None });
        Ok(data)
    }
}
