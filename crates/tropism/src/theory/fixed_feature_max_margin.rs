//! Gradient descent on a model linear in fixed features turns to the largest margin in the unit ball of their kernel.
//!
//! With features `φ(x) = ∇_θ f(θ₀; x)` that separate the data: `(θ(t) − θ₀)/‖θ(t) − θ₀‖` tends to the direction of
//! `argmin ‖θ‖₂ s.t. y_i ⟨φ(x_i), θ⟩ ≥ 1`, the max margin of the space of the kernel `⟨φ, φ⟩`. For a two-layer ReLU network of which only the
//! output layer is trained this is the margin F2 of its random features, exact at every width.
//!
//! Shapes: `φ(x) [p]`, `K [n × n]`.
//! Assumes: model linear in what is trained, two classes, loss with an exponential tail, data that the features separate, constant
//! step below the stability limit. What the start computes shifts every margin by a constant, which the tail makes a weight
//! of its sample: the limit direction does not depend on it.
//! Source: Soudry et al. 2018 (arXiv 1710.10345), Theorem 3, in the features; Chizat, Bach 2020 (arXiv 2002.04486), §4, for the
//! output layer.
//! Units and invariance: invariant under rotations of the features.
//! Errors: features that do not separate the data, another tail, too long a step: out of scope.
//! Example: `model.kind = "two_layer_relu"`, `model.trained = "output_layer"`, `loss.kind = "logistic"`.

use super::case::{Case, Check, in_scope, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;

/// See the module header.
pub struct FixedFeatureMaxMargin;

impl Theorem for FixedFeatureMaxMargin {
    fn source(&self) -> &'static str {
        "Soudry et al. 2018 (arXiv 1710.10345); Chizat, Bach 2020 (arXiv 2002.04486)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let scope = vec![
            case.fixed_features(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.tail_at_infinity(),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        let conditions =
            [case.constant_steps(), case.exponential_tail(), case.separable_features(), case.stable_step()];
        scope.into_iter().chain(conditions).collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the parameters turn to the largest margin in the unit ball of the kernel of their features, with a gap of order 1/log t.".into(),
            program: ProgramSpec::KernelMargin,
            claim: Claim::Selected,
            rate: Some(inverse_log_time()),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 20
                d = 2
                [model]
                kind = "two_layer_relu"
                width = 60
                trained = "output_layer"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e10000"
            "#,
            counter: r#"
                theorem = "fixed_feature_max_margin"
                [data]
                kind = "overlapping"
                [model]
                kind = "two_layer_relu"
                width = 3
                trained = "output_layer"
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}
