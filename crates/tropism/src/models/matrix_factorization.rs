//! Deep matrix factorisation: inputs are matrices `A_i`, and `f(θ; A) = ⟨A, W_N ⋯ W_1⟩`.
//!
//! Shapes: inputs `rows × cols`, entries along rows (`d = rows · cols`); `W_1 [width × cols]`, …, `W_N [rows × width]`. For
//! matrix completion every input is zero but for one entry. Depth 1 trains the matrix itself.
//! Assumes: data whose inputs are matrices (`matrix_completion`, `matrix_sensing`, `camera`, `matrix`).
//! Source: Gunasekar et al. 2017, arXiv 1705.09280 (depth 2); Arora et al. 2019, arXiv 1905.13655 (any depth).
//! Units and invariance: homogeneous of degree `N`.
//! Errors: inputs that are no matrices, `depth` outside 1..64, widths of 0, `widths` beside `width` or a `depth` that does not agree, `init_scale = 0` for
//! `N ≥ 2` (a saddle).
//! Example: `model.kind = "matrix_factorization"`, `model.depth = 3`, `model.init = "balanced"`, `model.init_scale = 0.1`.

use super::chain::Chain;
use super::deep_linear::sizes;
use super::factors::{Factors, Start};
use super::through_predictor::ThroughPredictor;
use super::{Interface, Model, ModelFacts, Structure, check_not_saddle};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Depth where neither `depth` nor `widths` says one.
const USUAL_DEPTH: usize = 2;

/// Spec keys of the matrix factorisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixFactorizationSpec {
    /// Number of factors, `N`; 2 unless `widths` say otherwise, with which it must agree.
    #[schemars(range(min = 1, max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Inner width; that of the longer side unless given, so that every rank is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub width: Option<usize>,
    /// Each of the inner widths, first to last, in the place of `depth` and `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 1)))]
    pub widths: Option<Vec<usize>>,
    /// How the factors start.
    pub init: Start,
    /// Scale of each factor at the start; the product scales like its `depth`-th power.
    pub init_scale: f64,
}

impl Default for MatrixFactorizationSpec {
    fn default() -> Self {
        Self { depth: None, width: None, widths: None, init: Start::Balanced, init_scale: 1e-3 }
    }
}

impl MatrixFactorizationSpec {
    pub(super) fn chain(&self) -> Chain<'_> {
        Chain::of_factors((self.depth, self.width, self.widths.as_deref()), USUAL_DEPTH, 1)
    }

    /// The model itself, after checking the ranges of its keys.
    ///
    /// # Errors
    /// See the module header.
    pub fn build(&self, interface: &Interface) -> Result<Box<dyn Model>, Error> {
        let Some((rows, cols)) = interface.shape.filter(|_| interface.outputs == 1) else {
            return Err(Error::incompatible(
                "model.kind = \"matrix_factorization\"",
                "data whose inputs are plain vectors",
                "it needs inputs that are matrices and real targets, as in data.kind = \"matrix_completion\"",
            ));
        };
        let sizes = sizes(self.chain(), (rows, cols))?;
        let depth = sizes.len() - 1;
        check_not_saddle(self.init_scale, depth)?;
        let facts = ModelFacts {
            homogeneity: Some(depth as f64),
            linear_in_parameters: depth == 1,
            linear_in_inputs: true,
            is_predictor: depth == 1,
            outputs: 1,
            structure: Structure::Factorized { depth, rows, cols },
        };
        Ok(Box::new(ThroughPredictor::new(Factors {
            sizes,
            start: self.init,
            init_scale: self.init_scale,
            facts,
            predictor: (1, rows * cols),
        })))
    }
}
