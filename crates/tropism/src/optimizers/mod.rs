//! Optimizers: how the next parameter follows from the last, on gradients of the form scale × direction.
//!
//! An optimizer sees an [`Oracle`] (gradients and losses, never data) and its own [`State`], which is plain
//! serialisable data: saved, reloaded and continued it gives the same bits as never stopped.

mod geometry;
mod schedule;

pub use geometry::{Geometry, block_norm, steepest};
pub use schedule::{Schedule, ScheduleKind, ScheduleSpec};

use crate::models::Block;
use crate::numerics::Norm;
use crate::numerics::logscale::{Scaled, log_add_exp};
use crate::numerics::rng::{self, Rng, Stream};
use crate::registry::members;
use serde::{Deserialize, Serialize};

members! {
    /// The `[optimizer]` section.
    "optimizer" OptimizerSpec {
        gradient_descent => GradientDescentSpec,
        gradient_flow => GradientFlowSpec,
        heavy_ball => HeavyBallSpec,
        mirror_descent => MirrorDescentSpec,
        mirror_flow => MirrorFlowSpec,
        nesterov => NesterovSpec,
        normalized_gradient_descent => NormalizedGradientDescentSpec,
        regularization_path => RegularizationPathSpec,
        sgd => SgdSpec,
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
}

/// Gradient-flow time `t = Σ η_k`, which may be far beyond the range of `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    linear: f64,
    log: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { linear: 0.0, log: f64::NEG_INFINITY }
    }
}

impl Clock {
    /// Adds a step `exp(log_eta)`.
    pub fn advance_log(&mut self, log_eta: f64) {
        if log_eta < 600.0 {
            self.linear += log_eta.exp();
        } else {
            self.log = log_add_exp(self.log, log_eta);
        }
    }

    /// Adds a step.
    pub fn advance(&mut self, eta: f64) {
        self.linear += eta;
    }

    /// Natural logarithm of the time; `−∞` at the start.
    pub fn log(&self) -> f64 {
        log_add_exp(self.linear.ln(), self.log)
    }
}

/// Everything an optimizer remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub theta: Vec<f64>,
    /// Momenta, second moments, dual variables: scale × direction.
    pub slots: Vec<Scaled>,
    pub step: u64,
    pub clock: Clock,
    pub seed: u64,
    /// Current epoch's order of samples, for sampling without replacement.
    pub order: Vec<usize>,
    #[serde(skip)]
    scratch: Vec<f64>,
    #[serde(skip)]
    second: Vec<f64>,
}

impl State {
    /// A state at `theta` with `slots` zero slots.
    pub fn new(theta: Vec<f64>, slots: usize, seed: u64) -> Self {
        let p = theta.len();
        Self {
            slots: vec![Scaled::zeros(p); slots],
            scratch: vec![0.0; p],
            second: vec![0.0; p],
            theta,
            step: 0,
            clock: Clock::default(),
            seed,
            order: vec![],
        }
    }

    /// The scratch vector `[p]`, taken out so that it can be filled while the state is read.
    fn take_scratch(&mut self) -> Vec<f64> {
        let mut s = std::mem::take(&mut self.scratch);
        s.resize(self.theta.len(), 0.0);
        s
    }

    /// A copy without the scratch memory: two states that will go on alike compare equal.
    pub fn saved(&self) -> State {
        State { scratch: vec![], second: vec![], ..self.clone() }
    }

    /// Random numbers of this step: a function of seed and step alone, so that a reloaded state continues alike.
    fn rng(&self) -> Rng {
        let mut r = rng::rng(self.seed, Stream::Optimizer);
        // 2^36 words a step: more than any step draws.
        r.set_word_pos(u128::from(self.step) << 36);
        r
    }
}

/// Symmetries an optimizer commutes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symmetry {
    /// All rotations of the inputs: the run may be carried out in any orthonormal basis.
    Rotation,
    /// Permutations and sign flips of the coordinates.
    SignedPermutation,
    /// Permutations of the coordinates.
    Permutation,
}

/// Which curve the training room follows where it does not iterate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// The flow of the optimizer's own geometry: `dw/dt = −∇L`, or `d∇Φ(w)/dt = −∇L` for a mirror map.
    Flow,
    /// `argmin L(w) + ‖w − w₀‖²/(2t)`, each point by itself.
    RegularizationPath,
}

/// The continuous-time limit that continues the discrete run in log time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FlowLimit {
    pub curve: Curve,
    /// Flow time per unit of Σ η: `1 / (1 − β)` for momentum β.
    pub time_factor: f64,
    /// Leading-order error per unit of ∫‖∇²L ∇L‖ dt, divided by the (effective) step size: 1/2 for gradient descent,
    /// `1/(1 − β) − 1/2` for momentum (Kovachki, Stuart 2021, arXiv 1906.04285).
    pub error_factor: f64,
    /// What a stochastic step averages over; `None` without noise.
    pub batch: Option<Batch>,
}

/// The samples of one stochastic step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub size: usize,
    /// A sample may be drawn more than once.
    pub replacement: bool,
}

/// What an optimizer declares about itself; theorems read only this.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerFacts {
    /// What "steepest" means to it.
    pub geometry: Geometry,
    /// Momentum coefficient, 0 without memory.
    pub momentum: f64,
    /// Constant steps below the first number divided by the smoothness are proven to converge on smooth convex losses;
    /// at or above the second they are unstable already on quadratics.
    pub stability: (f64, f64),
    /// The step length does not depend on the gradient's.
    pub normalized: bool,
    /// Uses random batches.
    pub stochastic: bool,
    pub symmetry: Symmetry,
    pub flow: Option<FlowLimit>,
    /// It is itself the flow: no discrete step exists.
    pub continuous: bool,
    pub schedule: Option<Schedule>,
}

/// An iterative method.
pub trait Optimizer: Send + Sync {
    /// The state at `theta`.
    fn start(&self, theta: Vec<f64>, seed: u64) -> State;

    /// One step; advances `state.step` and `state.clock`.
    fn step(&self, state: &mut State, oracle: &mut dyn Oracle);

    fn facts(&self) -> OptimizerFacts;

    /// `count` steps, for methods that can take many at once.
    fn steps(&self, state: &mut State, oracle: &mut dyn Oracle, count: u64) {
        (0..count).for_each(|_| self.step(state, oracle));
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

impl OptimizerSpec {
    /// Checks the ranges of the keys and fills in the step size derived from `curvature` where none is given.
    pub fn build(&self, curvature: &Curvature) -> Result<Built, crate::Error> {
        match self {
            OptimizerSpec::gradient_descent(s) => s.build(curvature),
            OptimizerSpec::gradient_flow(s) => Ok(s.build()),
            OptimizerSpec::heavy_ball(s) => s.build(curvature),
            OptimizerSpec::mirror_descent(s) => s.build(curvature),
            OptimizerSpec::mirror_flow(s) => s.build(),
            OptimizerSpec::nesterov(s) => s.build(curvature),
            OptimizerSpec::normalized_gradient_descent(s) => s.build(curvature),
            OptimizerSpec::regularization_path(s) => Ok(s.build()),
            OptimizerSpec::sgd(s) => s.build(curvature),
            OptimizerSpec::steepest_descent(s) => s.build(curvature),
        }
    }
}

/// Refuses a momentum coefficient outside `[0, 1)`.
fn check_momentum(beta: f64) -> Result<(), crate::Error> {
    if (0.0..1.0).contains(&beta) {
        return Ok(());
    }
    Err(crate::Error::bad_value("optimizer", "momentum", beta, "it must lie in [0, 1)"))
}
