//! Photograph of a cameraman, 64 × 64 grey values, of which a part of the pixels is observed: image completion.
//!
//! Shapes: inputs `64 × 64` with one nonzero each, a sample for each observed pixel; the others are held out.
//! Assumes: nothing.
//! Source: L. Varshney, `camera` of scikit-image 0.22.0, CC0 (see `PROVENANCE.md`), averaged over blocks of 8 × 8.
//! Units and invariance: grey values divided by 255, so 0 is black and 1 is white.
//! Errors: a fraction outside (0, 1], or so small that a row or column stays empty.
//! Example: `data.kind = "camera"`, `data.observed_fraction = 0.3`.

use crate::Error;
use crate::data::Dataset;
use crate::data::completion::completion;
use crate::data::generators::Generator;
use crate::numerics::Matrix;
use crate::numerics::rng::{Stream, rng};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file as text.
pub(super) const CSV: &str = include_str!("camera.csv");
/// Rows and columns of the image.
const SIDE: usize = 64;

/// Keys of `camera`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Camera {
    /// Share of the pixels that is observed; each is drawn by itself.
    pub observed_fraction: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { observed_fraction: 0.3 }
    }
}

impl Generator for Camera {
    fn id(&self) -> &'static str {
        "camera"
    }

    fn generate(&self, seed: u64) -> Result<Dataset, Error> {
        let share = self.observed_fraction;
        if !(share > 0.0 && share <= 1.0) {
            return Err(Error::bad_value("data", "observed_fraction", share, "it must lie in (0, 1]"));
        }
        let mut rng = rng(seed, Stream::Data);
        let observed: Vec<bool> = (0..SIDE * SIDE).map(|_| rng.random_range(0.0..1.0) < share).collect();
        completion(self.id(), &image()?, &observed)
    }
}

/// The whole image, `64 × 64`, 0 to 1.
fn image() -> Result<Matrix, Error> {
    let cells = CSV.lines().flat_map(|l| l.split(','));
    let values: Result<Vec<f64>, _> = cells.map(|c| c.parse::<f64>().map(|v| v / 255.0)).collect();
    match values {
        Ok(v) if v.len() == SIDE * SIDE => Ok(Matrix::from_vec(SIDE, SIDE, v)),
        _ => Err(Error::data("camera", "the bundled image is broken")),
    }
}
