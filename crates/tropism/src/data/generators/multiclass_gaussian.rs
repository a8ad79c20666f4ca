//! Multiclass Gaussians: one round cloud per class around centres drawn on a sphere.
//!
//! `x = separation · μ_c + spread · ε`, `μ_c` uniform on the unit sphere, `ε` standard normal. For `d ≫
//! classes` the centres are nearly orthogonal; with `spread` well below `separation / √d`, or with `d` above
//! the number of samples, the classes are linearly separable without a bias. All centres have the same
//! length, so the rule of smallest error is linear: the class with the largest `⟨μ_c, x⟩`.
//!
//! Shapes: `(classes · per_class) × d`, samples of the classes in turn; `truth.weights` holds the unit
//! centres `μ_c` row by row, `[classes * d]`.
//!
//! Assumes: nothing. Separability is likely, not certain: it is checked on the data.
//!
//! Source: own; the setting is that of Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), JMLR 19(70), Section
//! 4.1, arXiv:1710.10345.
//!
//! Units: `separation` and `spread` are lengths in the same unit.
//!
//! Errors: `class_count ≥ 2`, `per_class ≥ 1`, `d ≥ 1`, `separation > 0`, `spread ≥ 0`, all finite.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "multiclass_gaussian"
//! class_count = 3
//! per_class = 15
//! d = 10
//! ```

use super::{Generator, at_least, fits, normal, not_negative, positive, unit};
use crate::Error;
use crate::data::{Dataset, Truth};
use crate::numerics::{
    Matrix,
    linalg::axpy,
    rng::{Stream, rng},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of `multiclass_gaussian`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MulticlassGaussian {
    /// Number of classes.
    #[schemars(range(min = 2))]
    pub class_count: usize,
    /// Number of samples of each class.
    #[schemars(range(min = 1))]
    pub per_class: usize,
    /// Number of inputs.
    #[schemars(range(min = 1))]
    pub d: usize,
    /// Distance of the centres from the origin.
    pub separation: f64,
    /// Standard deviation within a class.
    pub spread: f64,
}

impl Default for MulticlassGaussian {
    fn default() -> Self {
        Self { class_count: 3, per_class: 15, d: 10, separation: 1.0, spread: 0.1 }
    }
}

impl Generator for MulticlassGaussian {
    fn id(&self) -> &'static str {
        "multiclass_gaussian"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        at_least("class_count", self.class_count, 2)?;
        at_least("per_class", self.per_class, 1)?;
        at_least("d", self.d, 1)?;
        let n = self.class_count.saturating_mul(self.per_class);
        fits(n, self.d)?;
        positive("separation", self.separation)?;
        not_negative("spread", self.spread)?;
        let mut rng = rng(seed, Stream::Data);
        let centres: Vec<Vec<f64>> = (0..self.class_count).map(|_| unit(&mut rng, self.d)).collect();
        let labels: Vec<usize> = (0..n).map(|i| i % self.class_count).collect();
        let rows: Vec<Vec<f64>> = labels
            .iter()
            .map(|&c| {
                let mut x = normal(&mut rng, self.d);
                x.iter_mut().for_each(|v| *v *= self.spread);
                axpy(self.separation, &centres[c], &mut x);
                x
            })
            .collect();
        let mut data = Dataset::multiclass(self.id(), Matrix::from_rows(&rows), labels, self.class_count);
        data.truth = Some(Truth { weights: centres.concat(), noise: 0.0, spectrum: None });
        Ok(data)
    }
}
