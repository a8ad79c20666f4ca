//! Fully connected deep linear network `f(θ; x) = W_N ⋯ W_1 x`.
//!
//! Shapes: `W_1 [width × d]`, inner factors `[width × width]`, `W_N [k × width]`; parameters `[W_1, …, W_N]` row by row.
//! Assumes: nothing. Without biases.
//! Source: Ji, Telgarsky 2018, arXiv 1810.02032; Arora, Cohen, Hazan 2018, arXiv 1802.06509 (balanced start).
//! Units and invariance: homogeneous of degree `N`; commutes with rotations of the inputs.
//! Errors: `depth` outside 1..64, a width of 0, `widths` beside `width` or a `depth` that does not agree, more weights than a gigabyte holds,
//! `init_scale = 0` for `N ≥ 2` (a saddle).
//! Example: `model.kind = "deep_linear"`, `model.depth = 3`, `model.width = 10`, or `model.widths = [10, 5]`.

use super::chain::Chain;
use super::factors::{Factors, Start};
use super::through_predictor::ThroughPredictor;
use super::{Interface, Model, ModelFacts, Structure, check_not_saddle, check_size};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Depth where neither `depth` nor `widths` says one.
const USUAL_DEPTH: usize = 3;

/// Spec keys of the deep linear network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeepLinearSpec {
    /// Number of weight matrices, `N`; 3 unless `widths` say otherwise, with which it must agree.
    #[schemars(range(min = 1, max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Width of every hidden layer; that of the wider end unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub width: Option<usize>,
    /// Width of each of the hidden layers, first to last, in the place of `depth` and `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1)))]
    pub widths: Option<Vec<usize>>,
    /// How the factors start.
    pub init: Start,
    /// Scale of each factor at the start; the product scales like its `depth`-th power.
    pub init_scale: f64,
}

impl Default for DeepLinearSpec {
    fn default() -> Self {
        Self { depth: None, width: None, widths: None, init: Start::Gaussian, init_scale: 0.1 }
    }
}

impl DeepLinearSpec {
    pub(super) fn chain(&self) -> Chain<'_> {
        Chain::of_factors((self.depth, self.width, self.widths.as_deref()), USUAL_DEPTH, 1)
    }

    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        let Interface { inputs, outputs, .. } = *interface;
        let sizes = sizes(self.chain(), (outputs, inputs))?;
        let depth = sizes.len() - 1;
        check_not_saddle(self.init_scale, depth)?;
        let facts = ModelFacts {
            homogeneity: Some(depth as f64),
            linear_in_parameters: depth == 1,
            linear_in_inputs: true,
            is_predictor: depth == 1,
            outputs,
            structure: Structure::DeepLinear { depth },
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

/// Sizes `[cols, widths…, rows]` of a chain of factors; the usual width is that of the wider end.
pub(super) fn sizes(chain: Chain, (rows, cols): (usize, usize)) -> Result<Vec<usize>, Error> {
    let chain = Chain { usual_width: rows.max(cols), ..chain };
    let sizes = [vec![cols], chain.hidden()?, vec![rows]].concat();
    let (key, found) = match chain.widths {
        Some(list) => ("widths", format!("{list:?}")),
        None => ("width", chain.width.unwrap_or(chain.usual_width).to_string()),
    };
    check_size(key, found, sizes.windows(2).map(|s| (s[0], s[1])))?;
    Ok(sizes)
}
