//! Separable Gaussians: two classes with exactly the ℓ2 margin `margin` along a hidden random direction `u`.
//!
//! `x_i = p_i + y_i (margin + spread |ε_i|) u` with `‖u‖₂ = 1`, `p_i ⟂ u` standard normal in the other `d −
//! 1` dimensions, `ε_i` standard normal, so `y_i ⟨u, x_i⟩ ≥ margin`, with equality for the first sample of
//! either class. If `tight`, these two samples share one `p`: they are `p ± margin·u`. Then `y_1 ⟨w, x_1⟩ +
//! y_2 ⟨w, x_2⟩ = 2·margin·⟨w, u⟩`, so no direction has a larger margin: `u` is *the* ℓ2 max-margin
//! direction, with dual weights `1 / (2 margin²)` on the pair and zero elsewhere. If not `tight`, the largest
//! margin is some number of at least `margin` that the sample decides, and generically it rests on several
//! support vectors.
//!
//! Shapes: `n × d`, labels −1 and +1 in turn beginning with +1; `truth.weights = u / margin`, all of whose
//! margins are at least 1.
//!
//! Assumes: nothing; there is no bias column, the separating hyperplane passes through the origin.
//!
//! Source: own construction; the setting is that of Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), JMLR
//! 19(70), arXiv:1710.10345.
//!
//! Units: `margin` and `spread` are lengths in units of the standard deviation of `p`. Margins in other norms
//! (ℓ1, ℓ∞) are not prescribed.
//!
//! Errors: `n ≥ 2`, `d ≥ 2` when `tight` (else `d ≥ 1`), `margin > 0`, `spread ≥ 0`, all finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "gaussian_separable"
//! n = 40
//! d = 20
//! margin = 0.5
//! ```

use super::{
    Generator, alternating, at_least, fits, normal, normal_with_component, not_negative, positive, unit,
};
use crate::Error;
use crate::data::{Dataset, Truth};
use crate::numerics::{
    Matrix,
    rng::{Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `gaussian_separable`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussianSeparable {
    /// Number of samples.
    #[schemars(range(min = 2))]
    pub n: usize,
    /// Number of inputs.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Smallest margin along the hidden direction.
    pub margin: f64,
    /// How far samples lie beyond the margin.
    pub spread: f64,
    /// Make the hidden direction the exact ℓ2 max-margin direction.
    pub tight: bool,
}

impl Default for GaussianSeparable {
    fn default() -> Self {
        Self { n: 40, d: 20, margin: 0.5, spread: 1.0, tight: false }
    }
}

impl Generator for GaussianSeparable {
    fn id(&self) -> &'static str {
        "gaussian_separable"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 2)?;
        at_least("d", self.d, if self.tight { 2 } else { 1 })?;
        fits(self.n, self.d)?;
        positive("margin", self.margin)?;
        not_negative("spread", self.spread)?;
        let mut rng = rng(seed, Stream::Data);
        let u = unit(&mut rng, self.d);
        let (mut rows, mut y) = (Vec::with_capacity(self.n), Vec::with_capacity(self.n));
        for i in 0..self.n {
            let beyond = if i < 2 { 0.0 } else { self.spread * normal(&mut rng, 1)[0].abs() };
            let label = alternating(i);
            rows.push(normal_with_component(&mut rng, &u, label * (self.margin + beyond)));
            y.push(label);
        }
        if self.tight {
            rows[1] = rows[0].iter().zip(&u).map(|(x, u)| x - 2.0 * self.margin * u).collect();
        }
        let mut data = Dataset::binary(self.id(), Matrix::from_rows(&rows), y);
        data.notes.push(if self.tight {
            format!("The largest l2 margin is {} by construction, in the hidden direction.", self.margin)
        } else {
            format!(
                "The hidden direction has the l2 margin {}; the largest margin is at least that.",
                self.margin
            )
        });
        let weights = u.iter().map(|v| v / self.margin).collect();
        data.truth = Some(Truth { weights, noise: 0.0, spectrum: None });
        Ok(data)
    }
}
