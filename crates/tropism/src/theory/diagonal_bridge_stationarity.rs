//! A diagonal network of depth `D` on separable data tends to a first-order stationary direction of the ℓ_{2/D} margin.
//!
//! Gradient flow on `w = u^D − v^D` with an exponential tail converges in direction to a stationary point of
//! `min ‖w‖_{2/D} s.t. Zw ≥ 1`; for `D ≥ 3` the quasi-norm is not convex, and only stationarity can be claimed. At `D = 2` it is the ℓ1
//! norm: stationary is optimal, and the certified margin program decides.
//!
//! The approach is slow: weights that fall behind stay of the order of their start while the others grow like `(log t)^{1/D}`, so the
//! deviation falls like a small power of `log t`, in the end `(log t)^{-1/D}`. Horizons up to `1e10000000`, where double precision begins
//! to fail, cost a few hundred steps; a smaller start is nearer from the beginning.
//!
//! Shapes: `w [d]`, `Z [n × d]`.
//! Assumes: depth `D ≥ 2`, gradient flow, exponential tail, separable data, a limit direction exists.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468) for diagonal and convolutional networks; Lyu, Li 2020
//! (arXiv 1906.05890).
//! Units and invariance: invariant under permutations and sign flips of the inputs.
//! Errors: not separable, another tail: out of scope.
//! Example: `model.kind = "diagonal"`, `model.depth = 3`.

use super::case::{Case, Check};
use super::{Claim, Prediction, ProgramSpec, Relation, Theorem, Witnesses};
use crate::models::Structure;
use crate::numerics::Norm;

/// See the module header.
pub struct DiagonalBridgeStationarity;

impl Theorem for DiagonalBridgeStationarity {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        case.separable_network_flow(
            "diagonal network",
            |s| matches!(s, Structure::Diagonal { depth } if depth >= 2),
        )
    }

    fn predict(&self, case: &Case) -> Prediction {
        if case.setup.model.facts().structure == (Structure::Diagonal { depth: 2 }) {
            return Prediction {
                statement: "the direction tends to that of the largest ℓ1 margin.".into(),
                program: ProgramSpec::MaxMargin { norm: Norm::L1 },
                claim: Claim::Selected,
                rate: None,
            };
        }
        Prediction::law(
            "the direction becomes first-order stationary for the ℓ_{2/D} margin program.",
            "bridge_stationarity",
            Relation::TendsTo(0.0),
        )
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "diagonal"
                depth = 3
                init_scale = 0.1
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e1000000"
            "#,
            counter: r#"
                theorem = "diagonal_bridge_stationarity"
                [data]
                kind = "overlapping"
                [model]
                kind = "diagonal"
                depth = 3
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}
