//! A polynomial tail selects the direction of the largest power mean of the margins.
//!
//! For gradient descent with a constant step, or the gradient flow, on a loss with tail `ℓ(m) = m^-a (1 + O(1/m))` and
//! separable data: `w(t)/‖w(t)‖ → argmin Σ_i m_i^-a` on the unit sphere, equivalently the direction of `min ‖w‖₂ s.t.
//! (Σ m_i^-a)^(-1/a) ≥ 1`; `‖w‖ = Θ(t^{1/(a+2)})`, and the certified gap is `O(t^{-2/(a+2)})`.
//!
//! Why: `w = t^{1/(a+2)} v` solves the flow of `c Σ m_i^-a` exactly if `v/(a+2) = c a Σ m_i(v)^{-a-1} z_i`, the
//! stationarity of a strictly convex program. In `s = log t` the flow of `w t^{-1/(a+2)}` is a gradient flow of that
//! program with curvature at least `1/(a+2)`, and the loss departs from its tail by a relative `O(1/m) =
//! O(t^{-1/(a+2)})`: so does the direction, and the gap, quadratic around the minimiser, by its square.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, polynomial tail, separable data, constant step below the stability limit, no momentum.
//! Source: Ji, Dudík, Schapire, Telgarsky 2020 (arXiv 2006.11226): gradient descent and the regularisation path of a convex,
//! strictly decreasing loss have the same limit direction; the explicit program and the rate are the derivation above.
//! Units and invariance: invariant under rotations of the inputs and a common scaling of the data.
//! Errors: not separable, too long a step: out of scope; momentum: not covered by the paper, so undecided.
//! Example: `loss.kind = "polynomial"`.

use super::case::{Case, Check, check};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::{Tail, Task};
use crate::terms::{Holds, Rate, RateClock};

/// See the module header.
pub struct TailDirection;

impl Theorem for TailDirection {
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
            without_momentum(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let a = power(case);
        let exponent = -2.0 / (a + 2.0);
        Prediction {
            statement: format!(
                "w(t)/‖w(t)‖ tends to the direction of least Σ m_i^-{a}, which weighs every sample; ‖w‖ grows like t^(1/{}).",
                a + 2.0
            ),
            program: ProgramSpec::TailDirection { power: a },
            claim: Claim::Selected,
            rate: Some(Rate {
                law: format!("gap = O(t^(−2/{}))", a + 2.0),
                clock: RateClock::Time,
                exponent,
                upper_bound_only: true,
            }),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 5
                margin = 0.5
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "gradient_descent"
            "#,
            counter: r#"
                theorem = "tail_direction"
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

/// Exponent of the tail; 1 where there is none, and the hypothesis fails.
fn power(case: &Case) -> f64 {
    match case.setup.loss.facts().tail {
        Tail::Polynomial { power } => power,
        Tail::Exponential | Tail::FiniteRoot => 1.0,
    }
}

fn without_momentum(case: &Case) -> Check {
    let beta = case.optimizer.momentum;
    let verdict = if beta == 0.0 { Holds::Yes } else { Holds::Unchecked };
    check("no momentum", verdict, format!("momentum {beta}; the proof is for plain gradient descent"))
}
