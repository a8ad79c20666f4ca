//! Mirror descent in `‖w‖_p^p / p` maximises the ℓp margin.
//!
//! On separable data and an exponential tail, p-norm mirror descent (p-GD) turns to the ℓp max-margin direction
//! `argmin ‖w‖_p s.t. Zw ≥ 1`. Entropy and hypentropy are not homogeneous and are not
//! covered; for the flow in hypentropy see `mirror_flow_horizon`.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, p-norm potential.
//! Source: Sun, Ahn, Thrampoulidis, Azizan 2022 (arXiv 2205.12808); loss-normalised steps only change the clock.
//! Units and invariance: invariant under signed permutations of the inputs.
//! Errors: not separable, another potential: out of scope.
//! Example: `optimizer.kind = "mirror_descent"`, `optimizer.p = 3.0`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::{Norm, Potential};
use crate::optimizers::Geometry;

/// See the module header.
pub struct MirrorDescentMaxMargin;

impl Theorem for MirrorDescentMaxMargin {
    fn source(&self) -> &'static str {
        "Sun, Ahn, Thrampoulidis, Azizan 2022 (arXiv 2205.12808)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.mirror_steps(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            power_potential(case),
            case.endless_steps(),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        Prediction {
            statement: format!("the direction tends to the {} max-margin direction.", norm(case).name()),
            program: ProgramSpec::MaxMargin { norm: norm(case) },
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 10
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "mirror_descent"
                potential = "p_norm"
                p = 3.0
                [horizon]
                steps = 1000000
            "#,
            counter: r#"
                theorem = "mirror_descent_max_margin"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 10
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "mirror_descent"
                potential = "hypentropy"
                [horizon]
                steps = 1000
            "#,
            broken: "p-norm potential",
        }
    }
}

fn norm(case: &Case) -> Norm {
    match case.optimizer.geometry {
        Geometry::Mirror(Potential::PNorm(p)) if p != 2.0 => Norm::Lp(p),
        _ => Norm::L2,
    }
}

fn power_potential(case: &Case) -> Check {
    let Geometry::Mirror(potential) = case.optimizer.geometry else {
        return check("p-norm potential", holds(false), "the optimizer has no potential");
    };
    let yes = matches!(potential, Potential::PNorm(_) | Potential::HalfSquare);
    check("p-norm potential", holds(yes), format!("the potential is {potential:?}"))
}
