//! Keys of the `[model]` section that every model understands: how its outputs are scaled and from where they are counted.
//!
//! `f(θ; x) = s (h(θ; x) − h(θ₀; x))` with `s = output_scale`, the subtraction with `centered = true`, and `h` the model or,
//! with `linearized = true`, its tangent at the start `h(θ₀) + J(θ₀)(θ − θ₀)`. Large `s` is the lazy regime.
//! Source: Chizat, Oyallon, Bach 2019 (arXiv 1812.07956), §1.1 and Theorem 2.2.

use super::scaled::Scaled;
use super::tangent::Tangent;
use super::{Model, Structure};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How lazily a model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Regime {
    /// What the outputs are multiplied by; large is lazy.
    #[serde(skip_serializing_if = "is_one")]
    pub output_scale: f64,
    /// Subtract the outputs at the start.
    #[serde(skip_serializing_if = "is_false")]
    pub centered: bool,
    /// Train the tangent model at the start instead.
    #[serde(skip_serializing_if = "is_false")]
    pub linearized: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_one(v: &f64) -> bool {
    *v == 1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(v: &bool) -> bool {
    !*v
}

impl Default for Regime {
    fn default() -> Self {
        Self { output_scale: 1.0, centered: false, linearized: false }
    }
}

impl Regime {
    /// The model as it is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// `model` in this regime around `theta0 [p]`.
    ///
    /// # Errors
    /// A scale that is not a finite number above 0; scaling or centering what is linear in its parameters already.
    pub fn apply(&self, model: Box<dyn Model>, id: &str, theta0: &[f64]) -> Result<Box<dyn Model>, Error> {
        if !(self.output_scale > 0.0 && self.output_scale.is_finite()) {
            let why = "it must be a finite number > 0";
            return Err(Error::bad_value("model", "output_scale", self.output_scale, why));
        }
        let facts = model.facts();
        if facts.linear_in_parameters && facts.structure != Structure::Tangent {
            // Its own tangent model: nothing to do, and nothing to scale that the step size does not scale.
            return match (self.output_scale != 1.0, self.centered) {
                (false, false) => Ok(model),
                (scaled, _) => Err(Error::incompatible(
                    if scaled { "model.output_scale" } else { "model.centered" },
                    &format!("model.kind = \"{id}\""),
                    "this model is linear in what is trained, hence lazy at every scale; drop the key",
                )),
            };
        }
        let model: Box<dyn Model> =
            if self.linearized { Box::new(Tangent::new(model, theta0)) } else { model };
        if self.output_scale == 1.0 && !self.centered {
            return Ok(model);
        }
        Ok(Box::new(Scaled::new(model, self.output_scale, self.centered.then_some(theta0))))
    }
}
