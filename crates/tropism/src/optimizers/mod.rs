//! Optimizers: how the next parameter follows from the last, on gradients of the form scale × direction.
//!
//! An optimizer sees an [`Oracle`] (gradients and losses, never data) and its own [`State`], which is plain
//! serialisable data: saved, reloaded and continued it gives the same bits as never stopped.

mod batches;
mod facts;
mod geometry;
#[cfg(test)]
mod reference;
mod schedule;
mod second_moment;
mod state;

pub use batches::{BatchSpec, Batches};
pub use facts::{Acceleration, Batch, Curve, FlowLimit, Noise, OptimizerFacts, Order, Sampling, Symmetry};
pub use geometry::{Geometry, block_norm, steepest};
pub use schedule::{Schedule, ScheduleKind, ScheduleSpec};
pub use second_moment::SecondMoment;
pub use state::{Clock, State};

use crate::data::Targets;
use crate::models::Block;
use crate::numerics::Norm;
use crate::registry::members;

members! {
    /// The `[optimizer]` section.
    "optimizer" OptimizerSpec: Curvature => Built {
        adaboost => AdaBoostSpec,
        adagrad => AdaGradSpec,
        adam => AdamSpec,
        adamw => AdamWSpec,
        coordinate_descent => CoordinateDescentSpec,
        dual_momentum => DualMomentumSpec,
        evolution_strategy => EvolutionStrategySpec,
        gradient_descent => GradientDescentSpec,
        gradient_flow => GradientFlowSpec,
        guess_and_check => GuessAndCheckSpec,
        heavy_ball => HeavyBallSpec,
        label_noise_sgd => LabelNoiseSgdSpec,
        langevin => LangevinSpec,
        lion => LionSpec,
        mirror_descent => MirrorDescentSpec,
        mirror_flow => MirrorFlowSpec,
        modified_gradient_flow => ModifiedGradientFlowSpec,
        muon => MuonSpec,
        natural_gradient => NaturalGradientSpec,
        nesterov => NesterovSpec,
        normalized_gradient_descent => NormalizedGradientDescentSpec,
        pattern_search => PatternSearchSpec,
        progressive_rescaling => ProgressiveRescalingSpec,
        random_local_search => RandomLocalSearchSpec,
        regularization_path => RegularizationPathSpec,
        rmsprop => RmsPropSpec,
        sgd => SgdSpec,
        shampoo => ShampooSpec,
        signum => SignumSpec,
        steepest_descent => SteepestDescentSpec,
    }
}

/// Where gradients come from. All gradients are of the mean (or sum) loss as the experiment says.
pub trait Oracle {
    /// Number of samples.
    fn samples(&self) -> usize;

    /// Writes `exp(−s) ∇L(θ)` over the samples in `batch` (all if `None`; a batch is averaged as an unbiased estimate
    /// of the full loss), and returns `s`.
    fn gradient(&mut self, theta: &[f64], batch: Option<&[usize]>, out: &mut [f64]) -> f64;

    /// `log L` on the same samples and at the same point as the last [`Oracle::gradient`], without a new pass.
    fn log_loss(&mut self) -> f64;

    /// The parameter matrices, in the coordinates of the run.
    fn blocks(&self) -> &[Block];

    /// `log L(θ)` over all samples, without a gradient.
    fn log_loss_at(&mut self, theta: &[f64]) -> f64;

    /// At most `steps` steps `θ ← θ − eta ∇L(θ)` in one go, equal to single ones up to rounding. Returns how many were taken, a
    /// function of θ alone: 0 where the next one, or all, must be taken singly.
    fn descend(&mut self, _theta: &mut [f64], _eta: f64, _steps: u64) -> u64 {
        0
    }

    /// Samples on the wrong side at `θ`, ties included; `None` for regression targets or where nobody counts.
    fn errors_at(&mut self, _theta: &[f64]) -> Option<usize> {
        None
    }

    /// [`Oracle::gradient`] on a batch whose targets `disturb` may change first.
    fn disturbed_gradient(
        &mut self,
        theta: &[f64],
        batch: &[usize],
        _disturb: &mut dyn FnMut(&mut Targets),
        out: &mut [f64],
    ) -> f64 {
        self.gradient(theta, Some(batch), out)
    }

    /// Writes `exp(−s) Jᵀ H J [p × p]` over all samples at `θ`, `J` the derivatives of the outputs and `H` the curvature of
    /// the loss in them: the Gauss-Newton matrix, Fisher's for a loss that is a log-likelihood. `None` where it is unknown.
    fn gauss_newton(&mut self, _theta: &[f64], _out: &mut [f64]) -> Option<f64> {
        None
    }
}

/// An iterative method.
pub trait Optimizer: Send + Sync {
    /// The state at `theta`.
    fn start(&self, theta: Vec<f64>, seed: u64) -> State;

    /// One step; advances `state.step` and `state.clock`.
    fn step(&self, state: &mut State, oracle: &mut dyn Oracle);

    fn facts(&self) -> OptimizerFacts;

    /// `count` steps, or fewer if it is finished before; for methods that can take many at once.
    fn steps(&self, state: &mut State, oracle: &mut dyn Oracle, count: u64) {
        for _ in 0..count {
            if self.finished(state) {
                return;
            }
            self.step(state, oracle);
        }
    }

    /// Nothing more will change: a search has found what it looked for.
    fn finished(&self, state: &State) -> bool {
        state.done
    }
}

/// What the data offer for deriving a default step size.
#[derive(Debug, Clone, PartialEq)]
pub struct Curvature {
    /// Upper estimate of the largest eigenvalue of `∇²L` where the run starts and goes (parameter units).
    pub smoothness: f64,
    /// Largest smoothness of the loss estimated from one sample, `n` times its share.
    pub single: f64,
    pub samples: usize,
    /// The parameter matrices, for spectral geometry.
    pub blocks: Vec<Block>,
    /// Longest sample in ℓ1, ℓ2 and ℓ∞.
    pub radius: Radius,
    /// `log L` at the start.
    pub log_loss: f64,
    /// Whether the loss has an exponential or polynomial tail, so that minimisers are at infinity.
    pub at_infinity: bool,
}

/// `max_i ‖x_i‖` in three norms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Radius {
    pub l1: f64,
    pub l2: f64,
    pub linf: f64,
}

impl Radius {
    /// How far a unit step in `norm` can move an output: `max_i ‖x_i‖_*`, up to a factor √2 for matrix norms; an upper
    /// bound for ℓp with `1/p + 1/q = 1`, between its neighbours.
    pub fn dual(&self, norm: Norm) -> f64 {
        match norm {
            Norm::L1 => self.linf,
            Norm::LInf => self.l1,
            Norm::Lp(p) if p > 2.0 => self.l2.powf(2.0 / p) * self.l1.powf(1.0 - 2.0 / p),
            Norm::Lp(_) | Norm::L2 | Norm::Spectral | Norm::Nuclear => self.l2,
        }
    }
}

/// An optimizer ready to run, with the origin of its step size in words.
pub struct Built {
    pub optimizer: Box<dyn Optimizer>,
    pub step_size: Option<f64>,
    pub origin: String,
}

/// Refuses a momentum coefficient outside `[0, 1)`.
fn check_momentum(beta: f64) -> Result<(), crate::Error> {
    check_range("momentum", beta, (0.0..1.0).contains(&beta), "it must lie in [0, 1)")
}

/// Refuses the value of a key unless `inside` its range.
fn check_range(key: &str, value: f64, inside: bool, range: &str) -> Result<(), crate::Error> {
    if inside { Ok(()) } else { Err(crate::Error::bad_value("optimizer", key, value, range)) }
}

/// Refuses what is not a finite number ≥ 0.
fn check_nonnegative(key: &str, value: f64) -> Result<(), crate::Error> {
    check_range(key, value, value >= 0.0 && value.is_finite(), "it must be a finite number >= 0")
}

/// Refuses what is not a finite number > 0.
fn check_positive(key: &str, value: f64) -> Result<(), crate::Error> {
    check_range(key, value, value > 0.0 && value.is_finite(), "it must be a finite number > 0")
}
