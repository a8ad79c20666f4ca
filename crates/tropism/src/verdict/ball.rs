//! The least loss in a ball: its reference, the unit of its gap, and what is left of the start.

use super::along::data_loss;
use super::reference::{Reference, of_solution};
use crate::Error;
use crate::losses::Tail;
use crate::numerics::Norm;
use crate::programs::{BallMinimiser, Program};
use crate::spec::Setup;

/// The least loss in the ball, with gaps in units of what there is to gain: the way from the loss at zero to the least one, or that
/// least loss itself where it is smaller and no root.
pub(super) fn reference(setup: &Setup, norm: Norm, radius: f64, epsilon: f64) -> Result<Reference, Error> {
    let program = BallMinimiser::new(data_loss(setup)?, norm, radius, epsilon)?;
    let found = program.solve(&setup.budget);
    let (least, bound) = (program.value(&found.w), program.bound(&found.dual));
    let way = program.value(&vec![0.0; found.w.len()]) - least;
    let unit = if setup.loss.facts().tail == Tail::FiniteRoot { way } else { way.min(bound) };
    let mut reference = of_solution(program, found, Some(unit.max(f64::MIN_POSITIVE)));
    reference.left_of_start = Some(left_of_start(setup));
    Ok(reference)
}

/// The gap at the start is multiplied by `1 − η_k λ` at every step, so of it `exp(−λ Σ η_k)` is left at the horizon.
fn left_of_start(setup: &Setup) -> f64 {
    let facts = setup.built.optimizer.facts();
    let steps = setup.horizon.most_steps() as f64;
    let (base, power) = facts.schedule.map_or((0.0, 0.0), |s| (s.base, s.power));
    // The integral of (k + 1)^-power is below the sum.
    let sum = match power {
        1.0 => (steps + 1.0).ln(),
        a => ((steps + 1.0).powf(1.0 - a) - 1.0) / (1.0 - a),
    };
    let time = setup.horizon.log_time.map_or(f64::INFINITY, f64::exp).min(base * sum);
    (-facts.weight_decay * time).exp()
}
