//! Deep matrix factorisation: inputs are matrices `A_i`, and `f(θ; A) = ⟨A, W_N ⋯ W_1⟩`.
//!
//! Shapes: inputs `rows × cols`, entries along rows (`d = rows · cols`); `W_1 [width × cols]`, …, `W_N [rows × width]`. For
//! matrix completion every input is zero but for one entry. Depth 1 trains the matrix itself.
//! Assumes: data whose inputs are matrices (`matrix_completion`, `matrix_sensing`, `camera`, `matrix`).
//! Source: Gunasekar et al. 2017, arXiv 1705.09280 (depth 2); Arora et al. 2019, arXiv 1905.13655 (any depth).
//! Units and invariance: homogeneous of degree `N`.
//! Errors: inputs that are no matrices, `depth` outside 1..64, widths of 0 or of the wrong number, `init_scale = 0` for
//! `N ≥ 2` (a saddle).
//! Example: `model.kind = "matrix_factorization"`, `model.depth = 3`, `model.init = "balanced"`, `model.init_scale = 0.1`.

use super::deep_linear::sizes;
use super::factors::{Factors, Start};
use super::through_predictor::ThroughPredictor;
use super::{Interface, Model, ModelFacts, Structure, check_not_saddle};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of the matrix factorisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixFactorizationSpec {
    /// Number of factors, `N`.
    pub depth: usize,
    /// Inner width; that of the longer side unless given, so that every rank is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Each of the `depth − 1` inner widths, in the place of `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<Vec<usize>>,
    /// How the factors start.
    pub init: Start,
    /// Scale of each factor at the start; the product scales like its `depth`-th power.
    pub init_scale: f64,
}

impl Default for MatrixFactorizationSpec {
    fn default() -> Self {
        Self { depth: 2, width: None, widths: None, init: Start::Balanced, init_scale: 0.1 }
    }
}

impl MatrixFactorizationSpec {
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
        let sizes = sizes(self.depth, self.width, self.widths.as_deref(), (rows, cols))?;
        check_not_saddle(self.init_scale, self.depth)?;
        let facts = ModelFacts {
            homogeneity: Some(self.depth as f64),
            linear_in_parameters: self.depth == 1,
            linear_in_inputs: true,
            is_predictor: self.depth == 1,
            outputs: 1,
            structure: Structure::Factorized { depth: self.depth, rows, cols },
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
