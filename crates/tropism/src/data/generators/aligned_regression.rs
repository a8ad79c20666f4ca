//! Aligned regression: inputs with a power-law covariance spectrum and a truth in its top or bottom
//! directions.
//!
//! `x_j = √λ_j ε_j` with `λ_j = j^(−exponent)`, `j = 1..d`, `ε` standard normal; `y = X w* + noise·ε`. `w*`
//! has `components` equal entries on the first coordinates (`align = "top"`: the directions of the largest
//! variance, which gradient descent learns first) or on the last (`align = "bottom"`), scaled so that the
//! variance of the signal, `Σ λ_j w*_j²`, is `signal²` for either choice.
//!
//! Shapes: `n × d`, targets `[n]`; `truth.weights = w*`, `truth.noise = noise`, `truth.spectrum = λ`.
//!
//! Assumes: nothing; the basis of the spectrum is that of the coordinates.
//!
//! Source: own; the setting of P. Bartlett, P. Long, G. Lugosi, A. Tsigler (2020), Benign overfitting in
//! linear regression, PNAS 117, arXiv:1906.11300, and of the source conditions in early-stopping theory.
//!
//! Units: the largest variance of an input is 1; `signal` and `noise` in units of the target.
//!
//! Errors: `n ≥ 1`, `d ≥ 1`, `1 ≤ components ≤ d`, `0 ≤ exponent ≤ 20`, `signal > 0`, `noise ≥ 0`, all
//! finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "aligned_regression"
//! n = 40
//! d = 100
//! exponent = 1.0
//! align = "bottom"
//! ```

use super::{Generator, at_least, fits, not_negative, positive, regression};
use crate::Error;
use crate::data::Dataset;
use crate::numerics::rng::{Stream, rng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which end of the spectrum holds the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// The directions of the largest variance.
    Top,
    /// The directions of the smallest variance.
    Bottom,
}

/// Keys of `aligned_regression`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlignedRegression {
    /// Number of samples.
    #[schemars(range(min = 1))]
    pub n: usize,
    /// Number of weights.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Decay of the spectrum: `λ_j = j^(−exponent)`.
    pub exponent: f64,
    /// Which end of the spectrum holds the truth.
    pub align: Align,
    /// Number of nonzero true weights.
    #[schemars(range(min = 1))]
    pub components: usize,
    /// Standard deviation of the noiseless targets.
    pub signal: f64,
    /// Standard deviation of the noise on the targets.
    pub noise: f64,
}

impl Default for AlignedRegression {
    fn default() -> Self {
        Self { n: 40, d: 100, exponent: 1.0, align: Align::Top, components: 3, signal: 1.0, noise: 0.0 }
    }
}

impl Generator for AlignedRegression {
    fn id(&self) -> &'static str {
        "aligned_regression"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("n", self.n, 1)?;
        at_least("d", self.d, 1)?;
        fits(self.n, self.d)?;
        at_least("components", self.components, 1)?;
        if self.components > self.d {
            let most = format!("it may be at most d = {}", self.d);
            return Err(Error::bad_value("data", "components", self.components, &most));
        }
        // Above 20 the last variances underflow for any d worth drawing.
        if !(0.0..=20.0).contains(&self.exponent) {
            return Err(Error::bad_value(
                "data",
                "exponent",
                self.exponent,
                "it must be a number from 0 to 20",
            ));
        }
        positive("signal", self.signal)?;
        not_negative("noise", self.noise)?;
        let spectrum: Vec<f64> = (1..=self.d).map(|j| (j as f64).powf(-self.exponent)).collect();
        let held = match self.align {
            Align::Top => 0..self.components,
            Align::Bottom => self.d - self.components..self.d,
        };
        let entry = self.signal / spectrum[held.clone()].iter().sum::<f64>().sqrt();
        let mut weights = vec![0.0; self.d];
        weights[held].fill(entry);
        let mut rng = rng(seed, Stream::Data);
        Ok(regression(self.id(), &mut rng, self.n, weights, Some(spectrum), self.noise))
    }
}
