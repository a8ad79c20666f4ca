//! A wide two-layer ReLU network with both layers trained turns to the largest margin in the variation norm F1.
//!
//! In the limit of infinitely many neurons that start in all directions, gradient flow on a loss with an exponential tail that
//! converges in direction tends to `argmin ‖f‖_F1 s.t. y_i f(x_i) ≥ 1`, where only the output layer alone would select the kernel
//! margin F2. A run has finitely many neurons: how densely they start is checked, for both signs of the output weight.
//!
//! Shapes: `X [n × d]`, `d ≤ 3`; the norm of a network is `Σ_j |a_j| ‖w_j‖`.
//! Assumes: two-layer ReLU network, both layers trained, gradient flow, two classes, exponential tail, neurons of both signs in
//! all directions with `|a_j| = ‖w_j‖`, data that some such network separates. That the flow converges in direction is part of the
//! theorem's assumptions and is not checked. So finitely many neurons that agree confirm it, and others do not refute it: whether a
//! network of a given width turns to its own optimum is the `homogeneous_max_margin_conjecture`.
//! Source: Chizat, Bach 2020 (arXiv 2002.04486), Theorem 3.
//! Units and invariance: invariant under rotations of the inputs and a common scaling of the data.
//! Errors: more than three inputs, neurons that leave out a part of the sphere: out of scope.
//! Example: `model.kind = "two_layer_relu"`, `model.width = 1000`, `model.scheme = "balanced"`, two inputs.

use super::case::{Case, Check, check, in_scope, scope};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::models::{Structure, Trained};
use crate::numerics::linalg::{dot, norm2};
use crate::terms::Holds;

/// Largest angle in radians between any direction and a neuron at which the start counts as dense, and at which it does not.
const DENSE: f64 = 0.1;
const SPARSE: f64 = 0.5;

/// See the module header.
pub struct VariationMaxMargin;

impl Theorem for VariationMaxMargin {
    fn source(&self) -> &'static str {
        "Chizat, Bach 2020, Theorem 3 (arXiv 2002.04486)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let d = case.setup.data.d();
        let few = if (2..=3).contains(&d) { Holds::Yes } else { Holds::No };
        let scope = vec![
            case.structure("two-layer ReLU network", |s| {
                s == Structure::Relu { depth: 2, trained: Trained::AllLayers }
            }),
            case.task("two classes", Task::Binary),
            case.gradient_flow(),
            case.tail_at_infinity(),
            scope(check("two or three inputs", few, format!("{d} inputs"))),
        ];
        if !in_scope(&scope) {
            return scope;
        }
        scope
            .into_iter()
            .chain([case.exponential_tail(), dense_start(case), balanced_neurons(case)])
            .collect()
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the network turns to the largest margin in the variation norm, Σ|a_j|‖w_j‖ (a theorem on infinite width).".into(),
            program: ProgramSpec::VariationMargin,
            claim: Claim::SelectedAtInfiniteWidth,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 2
                [model]
                kind = "two_layer_relu"
                width = 800
                scheme = "balanced"
                init_scale = 0.1
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e10000"
            "#,
            counter: r#"
                theorem = "variation_max_margin"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 2
                [model]
                kind = "two_layer_relu"
                width = 4
                scheme = "balanced"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "neurons in all directions",
        }
    }
}

/// Input and output weights of the neurons at the start.
fn neurons<'a>(case: &'a Case) -> Vec<(&'a [f64], f64)> {
    let blocks = case.setup.model.blocks();
    let [hidden, outer] = blocks.as_slice() else { return vec![] };
    let theta = &case.setup.theta0;
    theta[hidden.range()].chunks_exact(hidden.cols.max(1)).zip(theta[outer.range()].iter().copied()).collect()
}

/// Condition: from every direction some neuron of either sign is near.
fn dense_start(case: &Case) -> Check {
    let units = neurons(case);
    let farthest = [1.0, -1.0].map(|sign| {
        let of_sign: Vec<&[f64]> = units.iter().filter(|(_, a)| a * sign > 0.0).map(|(w, _)| *w).collect();
        let nearest = |u: &Vec<f64>| {
            of_sign.iter().map(|w| dot(u, w) / norm2(w)).fold(-1.0, f64::max).clamp(-1.0, 1.0).acos()
        };
        directions(case.setup.data.d()).iter().map(nearest).fold(0.0, f64::max)
    });
    let angle = farthest[0].max(farthest[1]);
    let verdict = match angle {
        a if a <= DENSE => Holds::Yes,
        a if a <= SPARSE => Holds::Unchecked,
        _ => Holds::No,
    };
    let words =
        format!("{} neurons; from every direction one of either sign within {angle:.3} radians", units.len());
    check("neurons in all directions", verdict, words)
}

/// Directions of the circle or, by Fibonacci's spiral, of the sphere, closer to each other than neurons count as dense.
fn directions(d: usize) -> Vec<Vec<f64>> {
    use std::f64::consts::{PI, TAU};
    if d == 2 {
        return (0..720).map(|k| TAU * f64::from(k) / 720.0).map(|a| vec![a.cos(), a.sin()]).collect();
    }
    let (points, golden) = (2000, PI * (3.0 - 5f64.sqrt()));
    let point = |k: i32| {
        let z = 1.0 - (2.0 * f64::from(k) + 1.0) / f64::from(points);
        let (r, a) = ((1.0 - z * z).sqrt(), golden * f64::from(k));
        vec![r * a.cos(), r * a.sin(), z]
    };
    (0..points).map(point).collect()
}

/// Condition: `|a_j| = ‖w_j‖`, which the flow keeps.
fn balanced_neurons(case: &Case) -> Check {
    let off = |(w, a): &(&[f64], f64)| (norm2(w) / a.abs() - 1.0).abs();
    let worst = neurons(case).iter().map(off).fold(0.0, f64::max);
    let verdict = if worst <= 1e-9 { Holds::Yes } else { Holds::Unchecked };
    check("balanced neurons", verdict, format!("‖w‖/|a| is off one by at most {worst:.1e}"))
}
