//! Fully connected deep linear network `f(θ; x) = W_N ⋯ W_1 x`.
//!
//! Shapes: `W_1 [width × d]`, inner factors `[width × width]`, `W_N [k × width]`; parameters `[W_1, …, W_N]` row by row.
//! Assumes: nothing. Without biases.
//! Source: Ji, Telgarsky 2018, arXiv 1810.02032; Arora, Cohen, Hazan 2018, arXiv 1802.06509 (balanced start).
//! Units and invariance: homogeneous of degree `N`; commutes with rotations of the inputs.
//! Errors: `depth` outside 1..64, a width of 0, `widths` of the wrong number, more weights than a gigabyte holds,
//! `init_scale = 0` for `N ≥ 2` (a saddle).
//! Example: `model.kind = "deep_linear"`, `model.depth = 3`, `model.width = 10`.

use super::factors::{Factors, Start};
use super::through_predictor::ThroughPredictor;
use super::{Interface, Model, ModelFacts, Structure, check_depth, check_not_saddle, check_size};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the deep linear network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeepLinearSpec {
    /// Number of weight matrices, `N`.
    pub depth: usize,
    /// Width of every hidden layer; that of the wider end unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Width of each of the `depth − 1` hidden layers, in the place of `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// How the factors start.
    pub init: Start,
    /// Scale of each factor at the start; the product scales like its `depth`-th power.
    pub init_scale: f64,
}

impl Default for DeepLinearSpec {
    fn default() -> Self {
        Self { depth: 3, width: None, widths: None, init: Start::Gaussian, init_scale: 0.1 }
    }
}

impl DeepLinearSpec {
    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        let Interface { inputs, outputs, .. } = *interface;
        let sizes = sizes(self.depth, self.width, self.widths.as_deref(), (outputs, inputs))?;
        check_not_saddle(self.init_scale, self.depth)?;
        let facts = ModelFacts {
            homogeneity: Some(self.depth as f64),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: true,
            is_predictor: self.depth == 1,
            outputs,
            structure: Structure::DeepLinear { depth: self.depth },
        };
        Ok(Box::new(ThroughPredictor::new(Factors {
            sizes,
            start: self.init,
            init_scale: self.init_scale,
            facts,
            predictor: (outputs, inputs),
        })))
    }
}

/// Sizes `[cols, widths…, rows]` of a chain of `depth` factors.
pub(super) fn sizes(
    depth: usize,
    width: Option<usize>,
    widths: Option<&[usize]>,
    (rows, cols): (usize, usize),
) -> Result<Vec<usize>, Error> {
    check_depth(depth, 1)?;
    let inner = match (widths, width) {
        (Some(_), Some(w)) => {
            return Err(Error::bad_value("model", "width", w, "give either width or widths, not both"));
        }
        (Some(list), None) if list.len() + 1 != depth => {
            let expected = format!("a chain of {depth} factors has {} inner widths", depth - 1);
            return Err(Error::bad_value("model", "widths", format!("{list:?}"), &expected));
        }
        (Some(list), None) => list.to_vec(),
        (None, w) => vec![w.unwrap_or(rows.max(cols)); depth - 1],
    };
    if inner.contains(&0) {
        let key = if widths.is_some() { "widths" } else { "width" };
        return Err(Error::bad_value("model", key, 0, "every width must be at least 1"));
    }
    let sizes = [vec![cols], inner, vec![rows]].concat();
    let (key, found) = match (widths, width) {
        (Some(list), _) => ("widths", format!("{list:?}")),
        (None, w) => ("width", w.unwrap_or(rows.max(cols)).to_string()),
    };
    check_size(key, found, sizes.windows(2).map(|s| (s[0], s[1])))?;
    Ok(sizes)
}
