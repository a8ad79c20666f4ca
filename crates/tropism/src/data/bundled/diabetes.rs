//! Diabetes: the progression of the disease one year after ten baseline measurements (age, sex, body mass
//! index, mean blood pressure and six blood serum values). A regression.
//!
//! Shapes: 442 × 10; the target is a whole number between 25 and 346.
//!
//! Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), Least Angle Regression, Annals of
//! Statistics 32, 407-499, doi:10.1214/009053604000000067; scikit-learn's copy. We hold the raw
//! measurements (`load_diabetes(scaled=False)`), not the columns centred and scaled to unit norm that
//! scikit-learn returns by default.
//!
//! Units: the original ones (years, kg/m², mmHg, …); inputs are standardised to mean 0 and standard deviation
//! 1 unless `standardise = false`. The target is neither centred nor scaled: set `bias = true` to learn
//! its mean of 152.13.
//!
//! Errors: none of its own; the keys of `[data]` that prepare it (`classes`, `positive`, `standardise`,
//! `bias`, `test_fraction`, `limit`) are checked against it.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "diabetes"
//! bias = true
//! test_fraction = 0.2
//! ```

use super::Bundled;
use crate::Error;
use crate::data::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file as text.
pub(super) const CSV: &str = include_str!("diabetes.csv");

/// The 442 × 10 diabetes set; it has no keys of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Diabetes {}

impl Bundled for Diabetes {
    fn id(&self) -> &'static str {
        "diabetes"
    }

    fn table(&self) -> Result<Table, Error> {
        super::parse(self.id(), CSV)
    }
}
