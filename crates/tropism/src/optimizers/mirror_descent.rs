//! Mirror descent `∇Φ(w_{k+1}) = ∇Φ(w_k) − η_k ∇L(w_k)` in a separable potential.
//!
//! `potential = "p_norm"` (key `p`), `"entropy"` (positive weights), `"hypentropy"` (key `beta`), `"half_square"`.
//!
//! Shapes: any parameter vector; one slot for the dual variable.
//! Assumes: the start lies in the potential's domain (entropy: positive weights, `model.start > 0`).
//! Source: Gunasekar et al. 2018 (arXiv 1802.08246), Theorem 1 (interpolation); Sun et al. 2022 (2205.12808) for
//! ℓp margins.
//! Units and invariance: commutes with permutations of the coordinates (signed ones where Φ is even).
//! Errors: `p ≤ 1`, `beta ≤ 0`, `step_size ≤ 0`, a start outside the domain.
//! Example: `optimizer.kind = "mirror_descent"`, `optimizer.potential = "p_norm"`, `optimizer.p = 3.0`.

use super::{
    Built, Curvature, Geometry, Optimizer, OptimizerFacts, Oracle, Schedule, ScheduleKind, ScheduleSpec,
    State, Symmetry,
};
use crate::Error;
use crate::numerics::Potential;
use crate::numerics::linalg::axpy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names of the potentials in experiment files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PotentialName {
    /// `‖w‖_p^p / p`.
    #[default]
    PNorm,
    /// `Σ w log w − w`, positive weights.
    Entropy,
    /// `Σ w arcsinh(w/β) − √(w² + β²)`.
    Hypentropy,
    /// `‖w‖² / 2`: gradient descent.
    HalfSquare,
}

/// Spec keys of mirror descent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MirrorDescentSpec {
    /// The mirror map is the gradient of this.
    pub potential: PotentialName,
    /// Exponent of the p-norm potential, > 1.
    pub p: f64,
    /// Scale of the hypentropy potential, > 0.
    pub beta: f64,
    #[serde(flatten)]
    pub steps: ScheduleSpec,
}

impl Default for MirrorDescentSpec {
    fn default() -> Self {
        Self { potential: PotentialName::PNorm, p: 3.0, beta: 1.0, steps: ScheduleSpec::default() }
    }
}

/// Mirror descent with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorDescent {
    pub potential: Potential,
    pub schedule: Schedule,
}

impl MirrorDescentSpec {
    /// The potential with its parameter, after checking its range.
    pub fn potential(&self) -> Result<Potential, Error> {
        match self.potential {
            PotentialName::PNorm if self.p > 1.0 && self.p.is_finite() => Ok(Potential::PNorm(self.p)),
            PotentialName::PNorm => {
                Err(Error::bad_value("optimizer", "p", self.p, "it must be a finite number > 1"))
            }
            PotentialName::Hypentropy if self.beta > 0.0 && self.beta.is_finite() => {
                Ok(Potential::Hypentropy(self.beta))
            }
            PotentialName::Hypentropy => {
                Err(Error::bad_value("optimizer", "beta", self.beta, "it must be a finite number > 0"))
            }
            PotentialName::Entropy => Ok(Potential::NegEntropy),
            PotentialName::HalfSquare => Ok(Potential::HalfSquare),
        }
    }

    /// See [`super::OptimizerSpec::build`].
    pub fn build(&self, c: &Curvature) -> Result<Built, Error> {
        let potential = self.potential()?;
        let kind = if c.at_infinity { ScheduleKind::LossNormalized } else { ScheduleKind::Constant };
        let (schedule, origin) = self.steps.build(kind, 0.0, |kind| {
            let (step, words) = super::gradient_descent::smooth_step(c, kind);
            if kind == ScheduleKind::LossNormalized {
                // On the way to infinity the potentials only get steeper than at unit weights.
                return (step, words);
            }
            // The potential's curvature varies along the run; a quarter of the Euclidean step leaves room for it.
            (0.25 * step, format!("a quarter of {words}"))
        })?;
        let optimizer = Box::new(MirrorDescent { potential, schedule });
        Ok(Built { step_size: Some(schedule.base), origin, optimizer })
    }
}

impl Optimizer for MirrorDescent {
    fn start(&self, theta: Vec<f64>, seed: u64) -> State {
        let mut state = State::new(theta, 1, seed);
        for (z, &w) in state.slots[0].direction.iter_mut().zip(&state.theta) {
            *z = self.potential.mirror(w);
        }
        state
    }

    fn step(&self, state: &mut State, oracle: &mut dyn Oracle) {
        let mut g = state.take_scratch();
        let scale = oracle.gradient(&state.theta, None, &mut g);
        let log_eta = self.schedule.log_step(state.step, || oracle.log_loss());
        let dual = &mut state.slots[0].direction;
        axpy(-(log_eta + scale).exp(), &g, dual);
        for (w, &z) in state.theta.iter_mut().zip(dual.iter()) {
            *w = self.potential.inverse(z);
        }
        state.clock.advance_log(log_eta);
        state.step += 1;
        state.scratch = g;
    }

    fn facts(&self) -> OptimizerFacts {
        let even = self.potential != Potential::NegEntropy;
        OptimizerFacts {
            symmetry: if even { Symmetry::SignedPermutation } else { Symmetry::Permutation },
            schedule: Some(self.schedule),
            ..OptimizerFacts::plain(Geometry::Mirror(self.potential))
        }
    }
}
