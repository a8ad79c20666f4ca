//! Wisconsin breast cancer (diagnostic): is a tumour malignant or benign? Thirty measurements of the cell
//! nuclei in an image of a fine-needle aspirate: mean, standard error and worst (largest) value of radius,
//! texture, perimeter, area, smoothness, compactness, concavity, concave points, symmetry and fractal
//! dimension.
//!
//! Shapes: 569 × 30; 212 `malignant` and 357 `benign`. Unless `positive` says otherwise, `benign` is −1 and
//! `malignant` +1.
//!
//! Source: W. Wolberg, O. Mangasarian, N. Street, W. Street (1993), UCI Machine Learning Repository,
//! doi:10.24432/C5DW2B, CC BY 4.0; scikit-learn's copy.
//!
//! Units: the measurements in their original units, of very different sizes; standardised to mean 0 and
//! standard deviation 1 unless `standardise = false`.
//!
//! Errors: none of its own; the keys of `[data]` that prepare it (`classes`, `positive`, `standardise`,
//! `bias`, `test_fraction`, `limit`) are checked against it.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "breast_cancer"
//! bias = true
//! ```

use super::Bundled;
use crate::Error;
use crate::data::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file as text.
pub(super) const CSV: &str = include_str!("breast_cancer.csv");

/// The 569 × 30 breast cancer set; it has no keys of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BreastCancer {}

impl Bundled for BreastCancer {
    fn id(&self) -> &'static str {
        "breast_cancer"
    }

    fn table(&self) -> Result<Table, Error> {
        super::parse(self.id(), CSV)
    }
}
