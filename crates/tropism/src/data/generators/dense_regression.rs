//! Dense regression: Gaussian inputs, more weights than samples, and a truth that is nowhere sparse.
//!
//! `y = X w* + noise·ε`, `X` and `ε` standard normal, `w* = norm · u` with `u` uniform on the unit sphere.
//! The ℓ2-smallest interpolant is the projection of `w*` on the span of the samples (for zero noise), which
//! keeps a share `n/d` of its squared length on average.
//!
//! Shapes: `n × d`, targets `[n]`; `truth.weights = w*`, `truth.noise = noise`.
//!
//! Assumes: nothing.
//!
//! Source: own; the isotropic setting of T. Hastie, A. Montanari, S. Rosset, R. Tibshirani (2022), Surprises
//! in high-dimensional ridgeless least squares interpolation, Annals of Statistics 50, arXiv:1903.08560.
//!
//! Units: inputs of standard deviation 1; `norm` and `noise` in units of the target.
//!
//! Errors: `n ≥ 1`, `d ≥ 1`, `norm > 0`, `noise ≥ 0`, all finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "dense_regression"
//! n = 40
//! d = 100
//! ```

use super::{Generator, at_least, fits, not_negative, positive, regression, unit};
use crate::Error;
use crate::data::Dataset;
use crate::numerics::rng::{Stream, rng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `dense_regression`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DenseRegression {
    /// Number of samples.
    #[schemars(range(min = 1))]
    pub n: usize,
    /// Number of weights.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Euclidean length of the true weights.
    pub norm: f64,
    /// Standard deviation of the noise on the targets.
    pub noise: f64,
}

impl Default for DenseRegression {
    fn default() -> Self {
        Self { n: 40, d: 100, norm: 1.0, noise: 0.0 }
    }
}

impl Generator for DenseRegression {
    fn id(&self) -> &'static str {
        "dense_regression"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 1)?;
        at_least("d", self.d, 1)?;
        fits(self.n, self.d)?;
        positive("norm", self.norm)?;
        not_negative("noise", self.noise)?;
        let mut rng = rng(seed, Stream::Data);
        let mut weights = unit(&mut rng, self.d);
        weights.iter_mut().for_each(|w| *w *= self.norm);
        Ok(regression(self.id(), &mut rng, self.n, weights, None, self.noise))
    }
}
