//! Handwritten digits: which of the ten digits is on an image of 8 × 8 pixels? Each pixel counts the dark
//! points, 0 to 16, in a 4 × 4 block of the original 32 × 32 bitmap.
//!
//! Shapes: 1797 × 64, columns `pixel_ROW_COLUMN`; ten classes `0` to `9` of 174 to 183 samples each. For a
//! binary loss select two: `classes = [3, 8]` makes 3 (183 samples) −1 and 8 (174 samples) +1.
//!
//! Source: E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits (its test part), UCI
//! Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0; scikit-learn's copy.
//!
//! The pixels of an image stand row by row, so that `model.kind = "conv_relu"` knows where they belong; `bias` adds a column that is none.
//!
//! Units: whole numbers 0 to 16; standardised to mean 0 and standard deviation 1 unless
//! `standardise = false`. Some border pixels are zero in every image; they are kept and stay zero.
//!
//! Errors: none of its own; the keys of `[data]` that prepare it (`classes`, `positive`, `standardise`,
//! `bias`, `test_fraction`, `limit`) are checked against it.
//!
//! Example:
//!
//! ```toml
//! [data]
//! kind = "digits"
//! classes = [3, 8]
//! ```

use super::Bundled;
use crate::Error;
use crate::data::Table;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file as text.
pub(super) const CSV: &str = include_str!("digits.csv");

/// The 1797 × 64 digits set; it has no keys of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Digits {}

impl Bundled for Digits {
    fn id(&self) -> &'static str {
        "digits"
    }

    fn table(&self) -> Result<Table, Error> {
        let table = super::parse(self.id(), CSV)?;
        Ok(Table { image: Some((8, 8)), ..table })
    }
}
