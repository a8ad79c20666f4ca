//! Iris flowers: which of three species, from the length and width of sepal and petal?
//!
//! Shapes: 150 × 4; `setosa`, `versicolor` and `virginica`, 50 samples each. `setosa` is linearly separable
//! from each of the others; `versicolor` and `virginica` are not separable from each other.
//!
//! Source: R. A. Fisher (1936), The use of multiple measurements in taxonomic problems, Annals of Eugenics
//! 7, 179-188; UCI Machine Learning Repository, doi:10.24432/C56C76, CC BY 4.0; scikit-learn's copy, which
//! corrects two samples of the UCI file to agree with Fisher's paper.
//!
//! Units: centimetres; standardised to mean 0 and standard deviation 1 unless `standardise = false`.
//!
//! Errors: none of its own; the keys of `[data]` that prepare it (`classes`, `positive`, `standardise`,
//! `bias`, `test_fraction`, `limit`) are checked against it.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "iris"
//! classes = ["versicolor", "virginica"]
//! bias = true
//! ```

use super::Bundled;
use crate::Error;
use crate::data::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file as text.
pub(super) const CSV: &str = include_str!("iris.csv");

/// The 150 × 4 iris set; it has no keys of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Iris {}

impl Bundled for Iris {
    fn id(&self) -> &'static str {
        "iris"
    }

    fn table(&self) -> Result<Table, Error> {
        super::parse(self.id(), CSV)
    }
}
