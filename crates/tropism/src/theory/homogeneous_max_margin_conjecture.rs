//! The conjecture that a homogeneous network turns to the largest margin over all parameters of its norm, not merely to a KKT point.
//!
//! Gradient flow on a loss with an exponential tail would tend in direction to `argmin ‖θ‖₂ s.t. y_i f(θ; x_i) ≥ 1`. It does turn to a
//! KKT point of this program (`homogeneous_kkt`), but KKT is not optimality: the run is judged against the certified optimum, and
//! “disagrees” refutes the conjecture. For linear networks the program is one of the predictor. A product of `D` matrices `w` costs
//! at least `D ‖w‖₂^{2/D}`: the ℓ2 max margin. For `w = u^D − v^D` the least `‖u‖² + ‖v‖²` is `Σ |w_j|^{2/D}`: at `D = 2` the ℓ1 max
//! margin; for `D ≥ 3` not convex, but `(Σ |w_j|^{2/D})^{D/2} ≥ ‖w‖₁` with equality on one input, so that where a single input attains
//! the ℓ1 max margin it attains this one, and a predictor that falls short of the first falls at least as far short of the second.
//!
//! Products of matrices and diagonal networks of depth 2 with no weight at zero satisfy it. A weight at zero stays there, whatever its
//! input's margin. Deeper diagonal networks fail without that: `u_j' = D u_j^{D−1} g_j` lets the input that is first to grow take all.
//! On a single sample from `u = v = α` that is the one with the largest `|x_j| α_j^{D−2}`, whatever its margin `|x_j|` alone.
//!
//! For a two-layer ReLU network the least `½ Σ (b_j² + ‖v_j‖²)` is `Σ |b_j| ‖v_j‖`, the variation norm; if the largest margin in it needs
//! no more neurons than the network has, it is the largest over all parameters. Units that no sample switches on do not move, and the
//! others turn to the best they can do without leaving the samples they count.
//!
//! Shapes: `w [d]`, `Z [n × d]`; `X [n × d]`, `d ≤ 3`, for ReLU networks.
//! Assumes: deep linear, diagonal or two-layer ReLU network with one output, gradient flow, exponential tail, separable data; for a
//! diagonal network of depth 3 or more a single input that attains the ℓ1 max margin; for a ReLU network enough units.
//! Source: Vardi, Shamir, Srebro 2022 (arXiv 2110.02732), on which networks KKT points are optimal; the KKT points are those of Lyu, Li
//! 2020 (arXiv 1906.05890). The comparison with ℓ1 at `D ≥ 3` is ours.
//! Units and invariance: invariant under permutations and sign flips of the inputs, for ReLU networks under rotations; the value is
//! `‖w‖/margin`.
//! Errors: other models, another tail, a largest ℓ1 margin that needs several inputs at `D ≥ 3`: out of scope.
//! Example: `theorem = "homogeneous_max_margin_conjecture"`, `model.kind = "diagonal"`, `model.depth = 3`, `model.start = [1.0, 0.1]`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::data::{MarginMap, Targets};
use crate::losses::Task;
use crate::models::{Structure, Trained};
use crate::numerics::Norm;
use crate::numerics::linalg::norm2;
use crate::programs::{MaxMargin, Program, VariationMargin, certify};
use crate::terms::Holds;

/// See the module header.
pub struct HomogeneousMaxMarginConjecture;

impl Theorem for HomogeneousMaxMarginConjecture {
    fn source(&self) -> &'static str {
        "a conjecture; Vardi, Shamir, Srebro 2022 (arXiv 2110.02732) refute it in general"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        let structure = case.setup.model.facts().structure;
        let mut checks = vec![
            case.family("deep linear, diagonal or two-layer ReLU network", |s| match s {
                Structure::DeepLinear { depth } | Structure::Diagonal { depth } => depth >= 2,
                s => s == RELU,
            }),
            case.task("two classes", Task::Binary),
            case.gradient_flow(),
            case.tail_at_infinity(),
            case.exponential_tail(),
        ];
        let holding = |checks: &[Check]| checks.iter().all(|c| c.hypothesis.holds != Holds::No);
        // Programs are worth solving only where the rest holds.
        if structure == RELU && holding(&checks) {
            checks.push(enough_units(case));
        } else if structure != RELU {
            checks.push(case.separable());
            if matches!(structure, Structure::Diagonal { depth } if depth >= 3) && holding(&checks) {
                checks.push(single_input(case));
            }
        }
        checks
    }

    fn predict(&self, case: &Case) -> Prediction {
        let (program, name) = match case.setup.model.facts().structure {
            Structure::Diagonal { .. } => {
                (ProgramSpec::MaxMargin { norm: Norm::L1 }, "the predictor to the ℓ1 max margin")
            }
            Structure::Relu { .. } => {
                (ProgramSpec::VariationMargin, "the network to the margin of the variation norm")
            }
            _ => (ProgramSpec::MaxMargin { norm: Norm::L2 }, "the predictor to the ℓ2 max margin"),
        };
        Prediction {
            statement: format!(
                "the parameters turn to the largest margin of their norm, {name} (a conjecture, refuted in general: a KKT point \
                 need not be optimal)."
            ),
            program,
            claim: Claim::Selected,
            rate: None,
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "homogeneous_max_margin_conjecture"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 4
                margin = 10.0
                [model]
                kind = "diagonal"
                depth = 3
                init_scale = 0.1
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "homogeneous_max_margin_conjecture"
                [data]
                kind = "gaussian_separable"
                n = 12
                d = 6
                [model]
                kind = "diagonal"
                depth = 3
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: SINGLE,
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }
}

/// The ReLU networks of which it speaks.
const RELU: Structure = Structure::Relu { depth: 2, trained: Trained::AllLayers };

/// Condition: the largest margin in the variation norm is one of a network of this width.
fn enough_units(case: &Case) -> Check {
    let name = "the optimum fits the width";
    let blocks = case.setup.model.blocks();
    let Targets::Sign(y) = &case.setup.data.targets else {
        return check(name, Holds::No, "the targets are no two classes");
    };
    let program = match VariationMargin::new(&case.setup.data.x, y) {
        Ok(program) => program,
        Err(why) => return check(name, Holds::No, why.to_string()),
    };
    let solution = program.solve(&case.setup.budget);
    let certificate = certify(&program, &solution.w, &solution.dual);
    if !certificate.value.is_finite() {
        return check(name, Holds::No, "no network that separates the data was found");
    }
    let width = blocks.first().map_or(0, |b| b.rows);
    let gap =
        program.value(&largest(&solution.w, case.setup.data.d() + 1, width)) / certificate.lower_bound - 1.0;
    let words = format!("of the optimum found the {width} largest units alone are within {gap:.1e} of it");
    // Another optimum may need fewer units: the solver does not look for the smallest.
    let verdict = if gap <= case.setup.rule.reference_gap { Holds::Yes } else { Holds::Unchecked };
    check(name, verdict, words)
}

/// The `count` units of the largest weight in a network, `long` numbers each.
fn largest(w: &[f64], long: usize, count: usize) -> Vec<f64> {
    let mut units: Vec<&[f64]> = w.chunks_exact(long).collect();
    let weight = |u: &[f64]| u[0].abs() * norm2(&u[1..]);
    units.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    units.into_iter().take(count).flatten().copied().collect()
}

const SINGLE: &str = "optimum on a single input";

/// Condition: no direction has a larger ℓ1 margin than some single input, by certificate.
fn single_input(case: &Case) -> Check {
    let Some(margins) = case.setup.data.margins() else {
        return check(SINGLE, Holds::No, "the targets are real numbers");
    };
    let program = MaxMargin::new(margins.clone(), Norm::L1);
    let solution = program.solve(&case.setup.budget);
    let bound = certify(&program, &solution.w, &solution.dual).lower_bound;
    let (input, value) = best_input(&margins, &program);
    let gap = value / bound - 1.0;
    let words = format!(
        "input {} alone attains the ℓ1 margin {}, within {gap:.1e} of the largest",
        input + 1,
        super::case::short(1.0 / value)
    );
    // The same width that the judge asks of a reference.
    check(SINGLE, holds(gap <= case.setup.rule.reference_gap), words)
}

/// The input with the largest margin of its own, counted from 0, and one over that margin.
fn best_input(margins: &MarginMap, program: &MaxMargin) -> (usize, f64) {
    let mut w = vec![0.0; margins.cols()];
    let mut best = (0, f64::INFINITY);
    for j in 0..w.len() {
        for sign in [1.0, -1.0] {
            w[j] = sign;
            let value = program.value(&w);
            if value < best.1 {
                best = (j, value);
            }
        }
        w[j] = 0.0;
    }
    best
}
