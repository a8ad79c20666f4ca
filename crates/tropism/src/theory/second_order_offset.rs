//! The second order of the limit: `w(t) = ŵ log t + w̃ + o(1)`.
//!
//! With `ŵ = Σ a_i z_i` and dual variables `a_i > 0` on the support vectors, the offset `w̃` of the flow solves `c
//! e^{−⟨w̃, z_i⟩} = a_i` there, `c` the weight of one sample in the loss (1 for the sum, `1/n` for the mean); its
//! component orthogonal to the data is that of the start. When the support vectors span the data, `w̃` is
//! determined: a much sharper test than the direction.
//!
//! Shapes: `w̃ [d]`.
//! Assumes: as `gradient_descent_max_margin`, and support vectors that span the data, all with a positive dual variable.
//! Source: Soudry et al. 2018 (arXiv 1710.10345), Theorem 4; our constants are for the flow in time `t = Σ
//! η_k`.
//! Units and invariance: parameter units; equivariant under rotations.
//! Errors: support vectors that do not span the data, or a vanishing dual variable: out of scope.
//! Example: `theorem = "second_order_offset"` at the top of an experiment.

use super::case::{Case, Check, check, holds, inverse_log_time};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::losses::Task;
use crate::numerics::Norm;
use crate::terms::Holds;

/// See the module header.
pub struct SecondOrderOffset;

impl Theorem for SecondOrderOffset {
    fn source(&self) -> &'static str {
        "Soudry, Hoffer, Nacson, Gunasekar, Srebro 2018, Theorem 4 (arXiv 1710.10345)"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        vec![
            case.linear_model(),
            case.task("two classes", Task::Binary),
            case.plain_gradient(false),
            case.constant_steps(),
            case.tail_at_infinity(),
            case.exponential_tail(),
            case.separable(),
            case.stable_step(),
            determined(case),
        ]
    }

    fn predict(&self, _case: &Case) -> Prediction {
        Prediction {
            statement: "w(t) − ŵ log t tends to the offset w̃ with exp(−⟨w̃, z_i⟩) · weight = a_i on the support vectors.".into(),
            program: ProgramSpec::MaxMargin { norm: Norm::L2 },
            claim: Claim::Offset,
            rate: Some(inverse_log_time()),
        }
    }

    fn is_refinement(&self) -> bool {
        true
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                theorem = "second_order_offset"
                [data]
                kind = "gaussian_separable"
                n = 40
                d = 3
                margin = 0.5
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100000"
            "#,
            counter: r#"
                theorem = "second_order_offset"
                [data]
                kind = "soudry_fig1"
                [loss]
                kind = "exponential"
                [optimizer]
                kind = "gradient_flow"
                [horizon]
                time = "1e100"
            "#,
            broken: "support vectors determine the offset",
        }
    }
}

fn determined(case: &Case) -> Check {
    let name = "support vectors determine the offset";
    let found = match case.offset() {
        None => return check(name, holds(false), "the targets are real numbers"),
        Some(Err(why)) => return check(name, holds(false), why),
        Some(Ok(found)) => found,
    };
    // The nearest other sample fades like t^-slack: by e^-20 at the horizon it no longer shows.
    let horizon = case.setup.horizon.log_time.unwrap_or(0.0);
    let faded = found.slack * horizon >= 20.0;
    let words = format!(
        "{} support vectors span the {} directions of the data; smallest dual variable {:.3e} of the largest; the next \
         sample lies {:.3e} above and fades like t^-{:.3e}",
        found.support.len(),
        found.rank,
        found.smallest_dual,
        found.slack,
        found.slack
    );
    check(name, if faded { Holds::Yes } else { Holds::Unchecked }, words)
}
