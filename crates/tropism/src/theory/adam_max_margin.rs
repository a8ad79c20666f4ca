//! Adam without a stability constant maximises the ℓ∞ margin.
//!
//! With `ε = 0` and steps that vanish but do not sum, full-batch Adam on separable data and an exponential tail behaves in
//! the long run like sign descent: the limit direction attains `max_{‖w‖_∞ ≤ 1} min_i m_i`, with several classes over the
//! entries of `W`. RMSProp is the case `β₁ = 0`. With any `ε > 0` the limit is another one: `adam_epsilon_max_margin`.
//!
//! Shapes: `W [k × d]`.
//! Assumes: linear model, exponential tail, separable data, full batches, `ε = 0`, `β₁ ≤ β₂`, steps `η (k+1)^{-a}` with
//! `0 < a ≤ 1`, no coordinate of the gradient zero at the start but where the data are.
//! Source: Zhang, Zou, Cao 2024 (arXiv 2406.10650), for two classes; several: Fan, Schmidt, Thrampoulidis 2025 (arXiv
//! 2502.04664). Theirs has no bias correction, whose factors tend to one exponentially fast. Their rates are not restated.
//! Units and invariance: does not see the loss's scale; invariant under signed permutations of the inputs. A value
//! statement: the maximiser need not be unique.
//! Errors: not separable, another tail, `ε > 0`, constant steps: out of scope.
//! Example: `optimizer.kind = "adam"`, `optimizer.epsilon = 0.0`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::numerics::Norm;
use crate::terms::Holds;

/// See the module header.
pub struct AdamMaxMargin;

impl Theorem for AdamMaxMargin {
    fn source(&self) -> &'static str {
        "Zhang, Zou, Cao 2024 (arXiv 2406.10650); Fan, Schmidt, Thrampoulidis 2025 (arXiv 2502.04664)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.adam(false),
            case.tail_at_infinity(),
            case.exponential_tail(),
            no_stability_constant(case),
            case.separable(),
            case.vanishing_steps(),
            case.longer_second_memory(),
            moving_start(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "the limit direction attains the ℓ∞ max margin.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::LInf },
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
                d = 5
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adam"
                epsilon = 0.0
                beta2 = 0.99
                [horizon]
                steps = 200000
            "#,
            counter: r#"
                theorem = "adam_max_margin"
                [data]
                kind = "gaussian_separable"
                n = 30
                d = 5
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "adam"
                epsilon = 1e-8
                beta2 = 0.99
                [horizon]
                steps = 1000
            "#,
            broken: "no stability constant",
        }
    }
}

fn no_stability_constant(case: &Case) -> Check {
    let epsilon = case.second_moment().map_or(f64::NAN, |s| s.epsilon);
    check("no stability constant", holds(epsilon == 0.0), format!("ε = {epsilon:e}"))
}

/// At zero all margins weigh the same, so the gradient is a multiple of the sum of their rows; elsewhere it is not looked
/// at. A column of zeros has no weight to move.
fn moving_start(case: &Case) -> Check {
    let name = "gradient at the start nonzero in every coordinate";
    let zero = case.setup.theta0.iter().all(|&w| w == 0.0);
    let (true, Some(margins)) = (zero, case.setup.data.margins()) else {
        return check(name, Holds::Unchecked, "the start is not zero");
    };
    let mut sum = vec![0.0; margins.cols()];
    margins.adjoint(&vec![1.0; margins.rows()], &mut sum);
    // Columns the data never use; several outputs share them.
    let mut used = vec![0.0f64; margins.inputs()];
    for i in 0..case.setup.data.n() {
        case.setup.data.x.for_row(i, |j, v| used[j] += v.abs());
    }
    let still = sum.iter().enumerate().filter(|(c, s)| {
        let size = used[c % used.len()];
        size > 0.0 && s.abs() <= 1e-12 * size
    });
    let count = still.count();
    let verdict = if count == 0 { Holds::Yes } else { Holds::Unchecked };
    check(name, verdict, format!("at zero {count} of {} coordinates have none", sum.len()))
}
