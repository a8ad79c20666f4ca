//! Early stopping is nearly ridge regression: risk within 1.6862 at every time.
//!
//! For the gradient flow on `1/(2n)‖y − Xw‖²` from zero, and ridge `(1/n)‖y − Xw‖² + λ‖w‖²` with `λ = 1/t`: the
//! estimation risk of the flow at `t` is at most 1.6862 times that of ridge, at every `t` and for every truth.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, squared loss, gradient flow from zero, a known truth and noise level (generated data).
//! Source: Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082), for the estimation risk at a fixed truth.
//! Units and invariance: squared parameter units; invariant under rotations.
//! Errors: real data (no known truth), a start other than zero: out of scope.
//! Example: `theorem = "early_stopping_ridge"` at the top of an experiment.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;

/// See the module header.
pub struct EarlyStoppingRidge;

impl Theorem for EarlyStoppingRidge {
    fn source(&self) -> &'static str {
        "Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
            from_zero(case),
            known_truth(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: "at every recorded time t the estimation risk of the flow is at most 1.6862 times that of ridge at λ = 1/t.".into(),
            program: ProgramSpec::Ridge { lambda: lambda(case) },
            claim: Claim::RiskRatio,
            rate: None,
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "early_stopping_ridge"
                [data]
                kind = "dense_regression"
                n = 20
                d = 40
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e4
            "#,
            counter: r#"
                theorem = "early_stopping_ridge"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 1e4
            "#,
            broken: "known truth",
        }
    }
}

/// `λ = 1/t` at the horizon, in the time of the mean loss.
fn lambda(case: &Case) -> f64 {
    let n = case.setup.data.n() as f64;
    let log_time = case.setup.horizon.log_time.unwrap_or(0.0) + case.setup.log_weight + n.ln();
    (-log_time).exp().max(f64::MIN_POSITIVE)
}

fn from_zero(case: &Case) -> Check {
    let zero = case.setup.theta0.iter().all(|&w| w == 0.0);
    check("start at zero", holds(zero), "every weight of the start was looked at")
}

fn known_truth(case: &Case) -> Check {
    let known = case.setup.data.truth.is_some();
    let words = if known { "the generator states truth and noise" } else { "real data have no known truth" };
    check("known truth", holds(known), words)
}
