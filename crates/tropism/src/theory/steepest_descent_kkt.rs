//! A homogeneous network under steepest descent in a norm turns to a KKT point of the margin program in that norm.
//!
//! For `f(cθ; x) = c^L f(θ; x)` and `θ' ∈ argmax_{‖v‖ ≤ 1} ⟨v, −∇L⟩` (sign descent for ℓ∞, greedy coordinates for ℓ1, the polar
//! factor of every layer for the spectral norm, the normalised gradient for ℓ2) on a loss with an exponential tail, once the data are
//! separated: every limit direction of `θ/‖θ‖` is, scaled to margin one, a KKT point of `min ½‖θ‖² s.t. y_i f(θ; x_i) ≥ 1`. It need not be one in ℓ2.
//!
//! Shapes: `θ [p]`; one constraint for each sample and wrong class.
//! Assumes: homogeneous model, in norms other than ℓ2 without kinks (deep linear, diagonal, convolutional), exponential tail, full batch,
//! no momentum, normalised steps `η (k+1)^{-a}` with `0 < a < 1`. The theorem is on infinitesimal steps; the length of such a step beside that
//! of the parameters, about `(1 − a)/k`, vanishes, so that the direction follows them in the limit.
//! Source: Tsilivis, Vardi, Kempe 2025 (arXiv 2410.22069), on steepest flow; the reading for vanishing steps is ours.
//! Units and invariance: invariant under scaling of the parameters.
//! Errors: another tail: out of scope; momentum, mini-batches, other steps: unchecked; Adam without a stability constant, whose steps are
//! signs but for their memory: unchecked in ℓ∞; a run that does not separate the data: undecided.
//! Example: `model.kind = "deep_linear"`, `optimizer.kind = "steepest_descent"`, `optimizer.norm = "linf"`.

use super::case::{Case, Check, check, holds, scope};
use super::{Prediction, Relation, Theorem, Witnesses};
use crate::models::Structure;
use crate::numerics::Norm;
use crate::optimizers::Geometry;
use crate::terms::Holds;

/// See the module header.
pub struct SteepestDescentKkt;

impl Theorem for SteepestDescentKkt {
    fn source(&self) -> &'static str {
        "Tsilivis, Vardi, Kempe 2025 (arXiv 2410.22069)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.curved_homogeneous(),
            steepest_in_a_norm(case),
            case.tail_at_infinity(),
            smooth(case),
            case.exponential_tail(),
            vanishing(case),
        ]
    }

    fn predict(&self, case: &Case) -> Prediction {
        let norm = case.optimizer.norm_without_memory().unwrap_or(Norm::L2);
        // In ℓ2 the residual is that of nonnegative least squares, which knows of kinks.
        let measure = if norm == Norm::L2 { "kkt_residual" } else { "geometry_kkt_residual" };
        Prediction::law(
            &format!(
                "the direction of the parameters becomes a KKT point of the {} margin program min ½‖θ‖² s.t. y f(θ; x) ≥ 1.",
                norm.name()
            ),
            measure,
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
                kind = "deep_linear"
                depth = 2
                width = 4
                init_scale = 0.3
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
                [horizon]
                steps = 100000
            "#,
            counter: r#"
                theorem = "steepest_descent_kkt"
                [data]
                kind = "gaussian_separable"
                [model]
                kind = "deep_linear"
                [loss]
                kind = "polynomial"
                [optimizer]
                kind = "steepest_descent"
                norm = "linf"
            "#,
            broken: "exponential tail",
        }
    }
}

/// Scope: steepest descent in a norm; in ℓ2 with steps of given length, for gradient descent itself has a theorem of its own.
fn steepest_in_a_norm(case: &Case) -> Check {
    let o = &case.optimizer;
    let yes = o.norm_without_memory().is_some_and(|norm| norm != Norm::L2 || o.normalized);
    scope(check("steepest descent", holds(yes && case.optimizer.pure_or_mixed()), case.optimizer_words()))
}

fn smooth(case: &Case) -> Check {
    let smooth = !matches!(case.setup.model.facts().structure, Structure::Relu { .. });
    let euclidean = case.optimizer.norm_without_memory() == Some(Norm::L2);
    let verdict = if smooth || euclidean { Holds::Yes } else { Holds::Unchecked };
    let kinks =
        if smooth { "" } else { ", whose kinks any element of the Clarke subdifferential may stand for" };
    let words = format!("the model is `{}`{kinks}", case.setup.spec.model.id());
    check("gradients or subgradients that the residual can take", verdict, words)
}

fn vanishing(case: &Case) -> Check {
    let name = "vanishing steps on the full batch, without momentum";
    let o = &case.optimizer;
    let (power, of_loss) = o.schedule.map_or((0.0, true), |s| (s.power, s.loss_power != 0.0));
    let yes = o.normalized && power > 0.0 && power < 1.0 && !of_loss;
    let adaptive = matches!(o.geometry, Geometry::Adaptive(_));
    let yes = yes && o.momentum == 0.0 && !adaptive && !case.mini_batches();
    let verdict = if yes { Holds::Yes } else { Holds::Unchecked };
    let of = if of_loss { " / loss" } else { "" };
    let second = if adaptive { " and a second memory" } else { "" };
    let turn = if yes { "they turn" } else { "only without are they known to turn" };
    let words = format!(
        "steps (k+1)^-{power}{of}, momentum {}{second}; {turn} into the flow of the theorem",
        o.momentum
    );
    check(name, verdict, words)
}
