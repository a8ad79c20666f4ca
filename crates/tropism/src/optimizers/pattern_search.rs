//! Pattern search: one coordinate at a time, in random order, is moved by `±r`; the better move is kept if the training loss falls, and
//! a sweep without success halves `r`.
//!
//! Shapes: any parameter vector; two numbers remembered.
//! Assumes: `r` starts at `step_size`, by default such that an output moves by at most a half.
//! Source: Hooke, Jeeves 1961; as a control for implicit bias, Chiang et al. 2023 (ICLR, "Loss landscapes are all you need").
//! Units and invariance: losses are compared, never subtracted. The order belongs to the coordinates. Its time is the number of steps.
//! Errors: `step_size ≤ 0`, `shrink` outside (0, 1), `target_loss ≤ 0`.
//! Example: `optimizer.kind = "pattern_search"`.

use super::guess_and_check::{check_target, reached};
use super::{
    Batches, Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Order, State, check_positive,
    check_range,
};
use crate::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of pattern search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternSearchSpec {
    /// First step r; half over the largest input if absent.
    pub step_size: Option<f64>,
    /// Factor on r after a sweep without success, in (0, 1).
    pub shrink: f64,
    /// Stop at this training loss; never if absent.
    pub target_loss: Option<f64>,
}

impl Default for PatternSearchSpec {
    fn default() -> Self {
        Self { step_size: None, shrink: 0.5, target_loss: None }
    }
}

/// Pattern search with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternSearch {
    pub first: f64,
    pub shrink: f64,
    pub target_loss: Option<f64>,
}

impl PatternSearchSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let inside = self.shrink > 0.0 && self.shrink < 1.0;
        check_range("shrink", self.shrink, inside, "it must lie strictly between 0 and 1")?;
        check_target(self.target_loss)?;
        let (first, origin) = match self.step_size {
            Some(r) => (r, "given in the experiment".to_string()),
            None => {
                let largest = c.radius.linf.max(f64::MIN_POSITIVE);
                (0.5 / largest, format!("0.5 / largest input = 0.5 / {largest:.6}"))
            }
        };
        check_positive("step_size", first)?;
        let (shrink, target_loss) = (self.shrink, self.target_loss);
        let optimizer = Box::new(PatternSearch { first, shrink, target_loss });
        Ok(Built { step_size: Some(first), origin, optimizer })
    }
}

/// Slot 0 holds the log of the loss and the number of failures since the last success, slot 1 the log of `r`.
impl Optimizer for PatternSearch {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let mut state = State::new(theta, 2, seed);
        state.slots[0].direction = vec![0.0];
        state.slots[1].direction = vec![];
        state.slots[1].log_scale = self.first.ln();
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        if state.step == 0 {
            state.slots[0].log_scale = oracle.log_loss_at(&state.theta);
        }
        if !state.done {
            let p = state.theta.len();
            let window = Batches { batch: 1, order: Order::Shuffled, samples: p }.draw(state);
            let j = state.order[window.start];
            self.poll(state, oracle, j);
            if state.slots[0].direction[0] >= p as f64 {
                state.slots[1].log_scale += self.shrink.ln();
                state.slots[0].direction[0] = 0.0;
            }
            state.done = reached(self.target_loss, state.slots[0].log_scale);
        }
        state.tick(0.0);
    }

    fn facts(&self) -> OptimizerFacts {
        OptimizerFacts { stochastic: true, ..OptimizerFacts::plain(Geometry::Search) }
    }
}

impl PatternSearch {
    /// Tries both moves of one coordinate.
    fn poll(&self, state: &mut State, oracle: &mut dyn Oracle, j: usize) {
        let (from, r) = (state.theta[j], state.slots[1].log_scale.exp());
        let memory = &mut state.slots[0];
        let (mut best, mut at) = (memory.log_scale, from);
        for to in [from + r, from - r] {
            state.theta[j] = to;
            let log_loss = oracle.log_loss_at(&state.theta);
            if log_loss < best {
                (best, at) = (log_loss, to);
            }
        }
        state.theta[j] = at;
        memory.direction[0] = if best < memory.log_scale { 0.0 } else { memory.direction[0] + 1.0 };
        memory.log_scale = best;
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::{self, Quadratic};
    use super::*;

    /// On a separable quadratic it ends on the minimiser, to the square root of the loss's rounding error at worst.
    #[test]
    fn it_finds_the_minimiser_of_a_quadratic() {
        let optimizer = PatternSearchSpec::default().build(&reference::curvature()).unwrap().optimizer;
        let mut oracle = Quadratic::default();
        let mut state = optimizer.start(reference::START.iter().map(|v| v + 0.1).collect(), 3);
        (0..2000).for_each(|_| optimizer.step(&mut state, &mut oracle));
        reference::close(&state.theta, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 1e-6);
        assert!(state.slots[1].log_scale < -10.0);
    }
}
