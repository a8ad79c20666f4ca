//! Steepest descent in a norm, `w ← w + η_k argmax_{‖v‖ ≤ 1} ⟨−g_k, v⟩`, with or without momentum.
//!
//! With `normalized = false` the step is multiplied by the dual norm `‖g_k‖_*`, so that it vanishes at a minimiser.
//! `norm = "l1"` is greedy coordinate descent (boosting), `"l2"` normalized gradient descent, `"linf"` sign descent
//! (with momentum: signum), `"l3"` and the like ℓp descent, `"spectral"` the polar factor (with momentum: Muon).
//!
//! Shapes: any parameter vector; matrix norms take the model's blocks, `W [k × d]` for a linear model: the spectral norm is the
//! largest over the blocks, the nuclear norm their sum.
//! Assumes: steps `η_k = η (k + 1)^−power`, by default `power = 0.5`; momentum `m ← β m + (1 − β) g` on scaled gradients.
//! Source: Gunasekar et al. 2018 (arXiv 1802.08246), Theorem 5; Fan, Schmidt, Thrampoulidis 2025 (2502.04664).
//! Units and invariance: ℓ2 and spectral commute with rotations of the inputs, the others with signed permutations.
//! Errors: `momentum` outside [0, 1), `step_size ≤ 0`, an unknown norm.
//! Example: `optimizer.kind = "steepest_descent"`, `optimizer.norm = "linf"`, `optimizer.momentum = 0.9`.

use super::{
    Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind, ScheduleSpec,
    State, Symmetry, block_norm, check_momentum, steepest,
};
use crate::Error;
use crate::numerics::Norm;
use crate::numerics::linalg::axpy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spec keys of normalized steepest descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SteepestDescentSpec {
    /// The norm whose unit ball the step maximises over.
    pub norm: Norm,
    /// Momentum β in [0, 1).
    pub momentum: f64,
    /// Steps of length η_k; otherwise of length η_k times the dual norm of the gradient.
    pub normalized: bool,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for SteepestDescentSpec {
    fn default() -> Self {
        Self { norm: Norm::LInf, momentum: 0.0, normalized: true, steps: ScheduleSpec::default() }
    }
}

/// Normalized steepest descent with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct SteepestDescent {
    pub norm: Norm,
    pub momentum: f64,
    pub normalized: bool,
    pub schedule: Schedule,
}

impl SteepestDescentSpec {
    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        check_momentum(self.momentum)?;
        let kind = if self.normalized { ScheduleKind::PowerLaw } else { ScheduleKind::Constant };
        let (schedule, origin) = self.steps.build(kind, if self.normalized { 0.5 } else { 0.0 }, |_| {
            if !self.normalized {
                // ‖v‖₂² ≤ c ‖v‖² turns Euclidean smoothness into smoothness in the norm.
                let smoothness = c.smoothness * euclidean_factor(self.norm, c);
                return (1.0 / smoothness, format!("1 / smoothness in the norm = 1 / {smoothness:.6}"));
            }
            // A unit step moves an output by at most the dual norm of a sample; one over it changes the weights of an
            // exponential tail by a factor of e at most.
            let reach = c.radius.dual(self.norm);
            (1.0 / reach, format!("1 / largest dual norm of a sample = 1 / {reach:.6}"))
        })?;
        let (norm, momentum, normalized) = (self.norm, self.momentum, self.normalized);
        let optimizer = Box::new(SteepestDescent { norm, momentum, normalized, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

/// Smallest `c` with `‖v‖₂² ≤ c ‖v‖²`.
fn euclidean_factor(norm: Norm, c: &Curvature) -> f64 {
    let size: usize = c.blocks.iter().map(|b| b.rows * b.cols).sum();
    let size = size as f64;
    match norm {
        Norm::L1 | Norm::L2 | Norm::Nuclear => 1.0,
        Norm::LInf => size,
        Norm::Lp(p) => size.powf((1.0 - 2.0 / p).max(0.0)),
        Norm::Spectral => c.blocks.iter().map(|b| b.rows.min(b.cols)).sum::<usize>() as f64,
    }
}

impl Optimizer for SteepestDescent {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        State::new(theta, usize::from(self.momentum > 0.0), seed)
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let mut v = std::mem::take(&mut state.second);
        v.resize(g.len(), 0.0);
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let (log_scale, direction) = if self.momentum > 0.0 {
            let m = &mut state.slots[0];
            m.blend(self.momentum, 1.0 - self.momentum, scale, &g);
            (m.log_scale, &m.direction)
        } else {
            (scale, &g)
        };
        steepest(self.norm, direction, oracle.blocks(), &mut state.decomposition, &mut v);
        let length = if self.normalized {
            log_eta.exp()
        } else {
            (log_eta + log_scale).exp() * block_norm(self.norm.dual(), direction, oracle.blocks())
        };
        axpy(length, &v, &mut state.theta);
        state.clock.advance_log(log_eta);
        state.step += 1;
        state.second = v;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        let rotation = matches!(self.norm, Norm::L2 | Norm::Spectral | Norm::Nuclear);
        OptimizerFacts {
            momentum: self.momentum,
            normalized: self.normalized,
            symmetry: if rotation { Symmetry::Rotation } else { Symmetry::SignedPermutation },
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Norm(self.norm))
        }
    }
}
