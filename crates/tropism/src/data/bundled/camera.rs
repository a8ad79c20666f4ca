//! Photograph of a cameraman, 64 × 64 grey values, of which a part of the pixels is observed: image completion.
//!
//! Shapes: inputs `64 × 64`, or of the size of `crop`, with one nonzero each, a sample for each observed pixel; the others are
//! held out.
//! Assumes: nothing.
//! Source: L. Varshney, `camera` of scikit-image 0.22.0, CC0 (see `PROVENANCE.md`), averaged over blocks of 8 × 8.
//! Units and invariance: grey values divided by 255, so 0 is black and 1 is white.
//! Errors: a fraction outside (0, 1], or so small that a row or column stays empty; a `crop` that is empty or
//! leaves the image.
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
    /// A window of the image: its first row and column, counted from 0, its height and its width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<[usize; 4]>,
}

impl Default for Camera {
    fn default() -> Self {
        Self { observed_fraction: 0.3, crop: None }
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
        let values = match self.crop {
            None => image()?,
            Some(window) => cropped(&image()?, window)?,
        };
        let mut rng = rng(seed, Stream::Data);
        let observed: Vec<bool> =
            (0..values.rows() * values.cols()).map(|_| rng.random_range(0.0..1.0) < share).collect();
        completion(self.id(), &values, &observed)
    }
}

/// A window of it.
fn cropped(whole: &Matrix, [top, left, rows, cols]: [usize; 4]) -> Result<Matrix, Error> {
    let inside = |from: usize, count: usize| count > 0 && count <= SIDE && from <= SIDE - count;
    if !(inside(top, rows) && inside(left, cols)) {
        let found = format!("[{top}, {left}, {rows}, {cols}]");
        let expected = format!(
            "it must be [first row, first column, height, width] of a window inside the {SIDE} × {SIDE} image, rows and columns \
             counted from 0"
        );
        return Err(Error::bad_value("data", "crop", found, &expected));
    }
    Ok(Matrix::from_fn(rows, cols, |i, j| whole.get(top + i, left + j)))
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
