//! Sparse regression: Gaussian inputs, more weights than samples, and a truth with `k` entries `±amplitude`.
//!
//! `y = X w* + noise·ε`, `X` and `ε` standard normal, `w*` zero but for `k` positions drawn without
//! replacement, whose entries are `amplitude` times a random sign. Among the interpolants the ℓ1-smallest is
//! `w*` when `n` exceeds about `2 k log(d/k) + 7k/5` and the noise is zero; the ℓ2-smallest is dense and far
//! from it.
//!
//! Shapes: `n × d`, targets `[n]`; `truth.weights = w*`, `truth.noise = noise`.
//!
//! Assumes: nothing.
//!
//! Source: own; for the number of samples see V. Chandrasekaran, B. Recht, P. Parrilo, A. Willsky (2012),
//! Found. Comput. Math. 12, Proposition 3.10, arXiv:1012.0621. As a test of implicit bias: Woodworth et al.
//! (2020), arXiv:2002.09277.
//!
//! Units: inputs of standard deviation 1; `amplitude` and `noise` in units of the target.
//!
//! Errors: `n ≥ 1`, `d ≥ 1`, `1 ≤ k ≤ d`, `amplitude > 0`, `noise ≥ 0`, all finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "sparse_regression"
//! n = 40
//! d = 100
//! k = 3
//! ```

use super::{Generator, at_least, fits, not_negative, positive, regression};
use crate::Error;
use crate::data::Dataset;
use crate::numerics::rng::{Stream, rng};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `sparse_regression`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SparseRegression {
    /// Number of samples.
    #[schemars(range(min = 1))]
    pub n: usize,
    /// Number of weights.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Number of true weights that are not zero.
    #[schemars(range(min = 1))]
    pub k: usize,
    /// Modulus of the nonzero weights.
    pub amplitude: f64,
    /// Standard deviation of the noise on the targets.
    pub noise: f64,
}

impl Default for SparseRegression {
    fn default() -> Self {
        Self { n: 40, d: 100, k: 3, amplitude: 1.0, noise: 0.0 }
    }
}

impl Generator for SparseRegression {
    fn id(&self) -> &'static str {
        "sparse_regression"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 1)?;
        at_least("d", self.d, 1)?;
        fits(self.n, self.d)?;
        at_least("k", self.k, 1)?;
        if self.k > self.d {
            return Err(Error::bad_value("data", "k", self.k, &format!("it may be at most d = {}", self.d)));
        }
        positive("amplitude", self.amplitude)?;
        not_negative("noise", self.noise)?;
        let mut rng = rng(seed, Stream::Data);
        let mut weights = vec![0.0; self.d];
        // The first k steps of a Fisher-Yates shuffle; u64 so that 32-bit platforms draw the same numbers.
        let mut places: Vec<usize> = (0..self.d).collect();
        for i in 0..self.k {
            let j = rng.random_range(i as u64..self.d as u64) as usize;
            places.swap(i, j);
            let sign = if rng.random_range(0u64..2) == 0 { -1.0 } else { 1.0 };
            weights[places[i]] = sign * self.amplitude;
        }
        Ok(regression(self.id(), &mut rng, self.n, weights, None, self.noise))
    }
}
