//! Mirror flow on separable data maximises the margin in the shape of its potential at infinity.
//!
//! On separable data and an exponential tail, `w(t)/‖w(t)‖` of the mirror flow tends to a maximiser of the margin in the
//! unit ball of the horizon function `φ_∞`: the limit of the rescaled level sets of `Φ`. For a p-norm that is the ℓp
//! norm; for hypentropy, which grows like `Σ |w| log |w|`, it is the ℓ1 norm, whatever `β` is.
//!
//! Shapes: `w [d]`.
//! Assumes: linear model, two classes, exponential tail, separable data, mirror flow in a p-norm or hypentropy.
//! Source: Pesme, Dragomir, Flammarion 2024 (arXiv 2406.12763). No rate is stated: for small `β` it takes extremely long.
//! Units and invariance: invariant under signed permutations of the inputs. A statement of value where the maximiser of
//! the ℓ1 margin is not unique.
//! Errors: negative entropy (its weights stay positive, so its horizon problem has sign constraints), not separable,
//! another tail: out of scope.
//! Example: `optimizer.kind = "mirror_flow"`, `optimizer.potential = "hypentropy"`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::{Norm, Potential};
use crate::optimizers::Geometry;

/// See the module header.
pub struct MirrorFlowHorizon;

impl Theorem for MirrorFlowHorizon {
    fn source(&self) -> &'static str {
        "Pesme, Dragomir, Flammarion 2024 (arXiv 2406.12763)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.mirror_flow(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            known_horizon(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let norm = horizon(case).unwrap_or(Norm::L2);
        Prediction {
            statement: format!(
                "the direction tends to an {} max-margin direction, the shape of the potential at infinity.",
                norm.name()
            ),
            program: ProgramSpec::MaxMargin { norm },
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
                kind = "logistic"
                [optimizer]
                kind = "mirror_flow"
                potential = "hypentropy"
                beta = 0.1
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "mirror_flow_horizon"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 10
                margin = 0.5
                [model]
                kind = "linear"
                start = 1.0
                [loss]
                kind = "logistic"
                [optimizer]
                kind = "mirror_flow"
                potential = "entropy"
                [horizon]
                time = "1e10"
            "#,
            broken: "known horizon function",
        }
    }
}

/// The norm whose ball the level sets of the potential tend to.
fn horizon(case: &Case) -> Option<Norm> {
    match case.optimizer.geometry {
        Geometry::Mirror(Potential::Hypentropy(_)) => Some(Norm::L1),
        Geometry::Mirror(Potential::PNorm(p)) if p != 2.0 => Some(Norm::Lp(p)),
        Geometry::Mirror(Potential::PNorm(_) | Potential::HalfSquare) => Some(Norm::L2),
        _ => None,
    }
}

fn known_horizon(case: &Case) -> Check {
    let words = match horizon(case) {
        Some(norm) => format!("level sets of the potential tend to {} balls", norm.name()),
        None => "the potential has no norm at infinity".to_string(),
    };
    check("known horizon function", holds(horizon(case).is_some()), words)
}
