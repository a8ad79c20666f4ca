//! A network trained in its lazy regime ends at the kernel interpolant of its tangent kernel at the start.
//!
//! As the output scale or the width grows, the gradient flow of the squared loss from `f₀` stays near that of the tangent model, whose
//! limit is `f₀(x) + k(x, X) K⁻¹ (y − f₀(X))` with `k` the kernel of the start; the distance is `O(1/scale)`, or `O(1/√width)`. A run has
//! one scale and one width: whether these are large enough is read off the bend of the network between its start and the
//! solution of the tangent model, before the run.
//!
//! Shapes: `J [N × p]` over training and held-out inputs.
//! Assumes: a model with one output and curved in its parameters, squared loss, gradient flow, held-out inputs to compare on,
//! interpolation possible to first order, and a start that is lazy at this scale and width.
//! Source: Chizat, Oyallon, Bach 2019 (arXiv 1812.07956), Theorems 2.2 and 2.4; Jacot, Gabriel, Hongler 2018 (arXiv 1806.07572).
//! The bend is our own evidence for their limit: the predicted values with the kernel at the end of the way, and those of the
//! network there, both against the prediction.
//! Units and invariance: relative to what is added to the start.
//! Errors: a start that bends visibly, no held-out inputs: out of scope. Between, the hypothesis is left unchecked.
//! Example: `model.kind = "two_layer_relu"`, `model.output_scale = 1000.0`, `model.centered = true`, `loss.kind = "squared"`.

use super::case::{Case, Check, in_scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;

/// See the module header.
pub struct LazyKernelInterpolant;

impl Theorem for LazyKernelInterpolant {
    fn source(&self) -> &'static str {
        "Chizat, Oyallon, Bach 2019 (arXiv 1812.07956)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let scope = vec![
            case.nearly_linear(),
            case.task("squared loss", Task::Regression),
            case.plain_gradient(false),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        let conditions =
            [case.held_out_inputs(), case.interpolating_features(), case.small_steps(), case.lazy_start()];
        scope.into_iter().chain(conditions).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the network ends near the kernel interpolant of its tangent kernel at the start, on held-out inputs as well.".into(),
            program: ProgramSpec::KernelInterpolant,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "dense_regression"
                n = 16
                d = 4
                test_fraction = 0.5
                [model]
                kind = "two_layer_relu"
                width = 40
                output_scale = 10000.0
                centered = true
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "lazy_kernel_interpolant"
                [data]
                kind = "dense_regression"
                n = 16
                d = 4
                test_fraction = 0.5
                [model]
                kind = "two_layer_relu"
                width = 40
                init_scale = 0.1
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "lazy at this scale and width",
        }
    }
}
