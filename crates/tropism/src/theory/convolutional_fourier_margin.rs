//! A linear convolutional network of two layers turns to the max margin in the ℓ1 norm of the Fourier transform.
//!
//! For a full-width circular network `β = w_1 ⋆ w_2` under gradient flow with an exponential tail, the direction tends to a
//! stationary point of `min ‖F β‖₁ s.t. Zβ ≥ 1` (complex moduli, `F` the unitary discrete Fourier transform), a convex program.
//!
//! At the real frequencies, `0` and for even `d` also `d/2`, the flow conserves `ŵ_1² − ŵ_2²`. Where the two start with one modulus their
//! product keeps its sign for ever, and a program whose solution has the other sign there cannot be solved from such a start: a saddle's
//! stable manifold, which `init = "balanced"` is on.
//!
//! Shapes: `β [d]`, `Z [n × d]`.
//! Assumes: two layers, kernels as long as the input, one channel, gradient flow, exponential tail, separable data, convergence of
//! direction and gradients, signs at the real frequencies that can change or are right.
//! Source: Gunasekar, Lee, Soudry, Srebro 2018 (arXiv 1806.00468), Theorem 2.
//! Units and invariance: invariant under cyclic shifts of all inputs.
//! Errors: not separable, another tail, a sign that is held: out of scope.
//! Example: `model.kind = "convolutional"`, `model.depth = 2`.

use super::case::{Case, Check, check, in_scope, short};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::models::{HeldSigns, Structure, coefficient};
use crate::numerics::linalg::norm2;
use crate::programs::{FourierMargin, Program, certify};
use crate::terms::Holds;

/// What a coefficient of the solution, relative to its length, is above where it counts as one: solutions are good to about 1e-8.
const PRESENT: f64 = 1e-6;

/// See the module header.
pub struct ConvolutionalFourierMargin;

impl Theorem for ConvolutionalFourierMargin {
    fn source(&self) -> &'static str {
        "Gunasekar, Lee, Soudry, Srebro 2018, Theorem 2 (arXiv 1806.00468)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let mut checks = case.separable_network("full-width convolutional network of two layers", |s| {
            s == Structure::Convolutional { depth: 2, full: true }
        });
        if in_scope(&checks) {
            checks.push(signs(case));
        }
        checks
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the predictor turns to the direction of largest margin in the ℓ1 norm of its Fourier transform.".into(),
            program: ProgramSpec::FourierMargin,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "convolutional"
                init_scale = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "convolutional_fourier_margin"
                [data]
                kind = "overlapping"
                [model]
                kind = "convolutional"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "separable data",
        }
    }
}

/// Condition: the sign of the predictor at each real frequency can change along the flow, or is that of the predicted one.
fn signs(case: &Case) -> Check {
    let name = "signs at the real frequencies free or right";
    let setup = case.setup;
    let d = setup.data.d();
    let held: Vec<(usize, f64, f64)> = HeldSigns::of(&setup.model.facts(), &setup.theta0, d)
        .map_or_else(Vec::new, |signs| signs.frequencies().collect());
    if held.is_empty() {
        let words = "the two layers start with different moduli at every real frequency";
        return check(name, Holds::Yes, words);
    }
    let program = setup.data.margins().and_then(|m| FourierMargin::new(m).ok());
    let solution = program.map(|p| (p.solve(&setup.budget), p));
    let certified = solution.filter(|(s, p)| certify(p, &s.w, &s.dual).relative_gap <= setup.rule.tolerance);
    let Some((solution, _)) = certified else {
        return check(
            name,
            Holds::Unchecked,
            "the predicted program has no certified solution to compare with",
        );
    };
    let size = norm2(&solution.w) * (d as f64).sqrt();
    let wrong = held.into_iter().find(|(k, _, sign)| {
        let wanted = coefficient(&solution.w, *k);
        wanted.abs() > PRESENT * size && wanted * sign < 0.0
    });
    let Some((k, modulus, _)) = wrong else {
        let words = "both layers start with one modulus there, and the predictor with the predicted sign";
        return check(name, Holds::Yes, words);
    };
    let frequency = if k == 0 { "0".into() } else { format!("d/2 = {k}") };
    let words = format!(
        "at frequency {frequency} both layers start with the modulus {}, so that the predictor keeps its sign there, and the predicted \
         one has the other",
        short(modulus)
    );
    check(name, Holds::No, words)
}
