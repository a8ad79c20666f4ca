//! At a finite time the squared-loss flow is a spectral filter of the data.
//!
//! With loss `1/(2n) ‖y − Xw‖²` and `X = U Σ Vᵀ`, the gradient flow from `w₀` is at `w₀ + Σ_j (1 − e^{−t
//! σ_j²/n})/σ_j ⟨u_j, y − Xw₀⟩ v_j` at time `t`; with the summed loss `t` counts `n`-fold.
//!
//! Shapes: `w [d]`, `X [n × d]`.
//! Assumes: linear model, squared loss, gradient flow, horizon before the slowest mode has settled.
//! Source: classical; as in Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082).
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: none.
//! Example: `optimizer.kind = "gradient_flow"`, `horizon.time = 10.0`.

use super::case::{Case, Check, check, holds, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::linalg;

/// See the module header.
pub struct SpectralFilterPath;

impl Theorem for SpectralFilterPath {
    fn source(&self) -> &'static str {
        "Ali, Kolter, Tibshirani 2019 (arXiv 1810.10082)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("squared loss", Task::Regression),
            case.gradient_flow(),
            finite(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: "at the horizon the flow is at the spectral filter 1 − exp(−tσ²/n) of the data."
                .into(),
            program: ProgramSpec::SpectralFilter { log_time: time(case) },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = 10.0
            "#,
            counter: r#"
                theorem = "spectral_filter_path"
                [data]
                kind = "diabetes"
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_descent"
                [horizon]
                time = 10.0
            "#,
            broken: "gradient flow",
        }
    }
}

/// Log of the horizon in the time of the mean loss.
fn time(case: &Case) -> f64 {
    let n = case.setup.data.n() as f64;
    case.setup.horizon.log_time.unwrap_or(f64::INFINITY) + case.setup.log_weight + n.ln()
}

/// The horizon lies before 60 times the slowest mode's time: `e^{-60}` is below the last bit of the limit.
pub fn stopped_early(case: &Case) -> bool {
    if !case.is_gradient_flow() || case.setup.loss.facts().task != Task::Regression {
        return false;
    }
    let singular = linalg::singular_values(&case.setup.data.x.to_dense());
    let top = singular.first().copied().unwrap_or(0.0);
    let cut = case.setup.data.n().max(case.setup.data.d()) as f64 * f64::EPSILON * top;
    let slowest = singular.iter().rev().find(|&&s| s > cut).copied().unwrap_or(1.0);
    let rate = 2.0 * slowest.ln() - (case.setup.data.n() as f64).ln();
    time(case) + rate < 60f64.ln()
}

fn finite(case: &Case) -> Check {
    let words = "the horizon lies before the slowest mode has settled to the last bit";
    scope(check("finite time", holds(stopped_early(case)), words))
}
