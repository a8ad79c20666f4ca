//! With a polynomial tail the direction is *not* the max margin.
//!
//! A negative result: on separable data, gradient descent on a loss with tail `m^{-a}` tends to a direction that
//! weighs all samples, not to `argmin ‖w‖₂ s.t. Zw ≥ 1`. Which direction it is says `tail_direction`; this weaker
//! statement is judged only when asked for by name.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, polynomial tail, separable data, constant step below the stability limit, more
//! samples than support vectors.
//! Source: Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226): the limit is that of the regularisation path, which for
//! such tails is in general another direction.
//! Units and invariance: invariant under rotations of the inputs.
//! Errors: not separable: out of scope.
//! Example: `theorem = "polynomial_tail"` at the top of an experiment, `loss.kind = "polynomial"`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;

/// See the module header.
pub struct PolynomialTail;

impl Theorem for PolynomialTail {
    fn source(&self) -> &'static str {
        "Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.constant_steps(),
            case.polynomial_tail(),
            case.separable(),
            case.stable_step(),
            several_samples(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the direction tends to a limit that is not the ℓ2 max-margin direction.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::NotSelected,
            rate: None,
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "polynomial_tail"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e200"
            "#,
            counter: r#"
                theorem = "polynomial_tail"
                [data]
                kind = "overlapping"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e10"
            "#,
            broken: "separable data",
        }
    }
}

/// With a single sample or a single direction every loss agrees.
fn several_samples(case: &Case) -> Check {
    let (n, d) = (case.setup.data.n(), case.setup.data.d());
    check("several samples and directions", holds(n > 1 && d > 1), format!("{n} samples, {d} inputs"))
}
