//! What an optimizer declares about itself.

use super::{Geometry, Schedule};
use crate::numerics::Norm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// None: random numbers or an order belong to the coordinates.
    None,
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
    /// `None` for a flow, and where each step finds its own length.
    pub schedule: Option<Schedule>,
    /// The step follows a mix of the momentum and the newest gradient, not the momentum itself (Lion, Nesterov's Muon).
    pub mixed: bool,
    /// The gradient is taken where the momentum alone would lead (Nesterov).
    pub look_ahead: bool,
    /// Decoupled weight decay λ: `w ← w − η λ w` beside the step.
    pub weight_decay: f64,
    /// How samples are drawn; `None` for the full batch.
    pub sampling: Option<Sampling>,
    /// Noise beyond the choice of samples.
    pub noise: Option<Noise>,
    /// Each step is as long as minimises the loss along its direction.
    pub line_search: bool,
    pub acceleration: Option<Acceleration>,
}

impl OptimizerFacts {
    /// Deterministic full-batch steps of its own length in `geometry`, without memory, schedule or symmetry; members say
    /// what differs.
    pub fn plain(geometry: Geometry) -> Self {
        Self {
            geometry,
            momentum: 0.0,
            stability: (2.0, 2.0),
            normalized: false,
            stochastic: false,
            symmetry: Symmetry::None,
            flow: None,
            continuous: false,
            schedule: None,
            mixed: false,
            look_ahead: false,
            weight_decay: 0.0,
            sampling: None,
            noise: None,
            line_search: false,
            acceleration: None,
        }
    }

    /// Each step is `−η` times a gradient, of the full loss or of a batch, and nothing else.
    pub fn bare_gradient_steps(&self) -> bool {
        self.row_space_steps() && self.geometry == Geometry::Norm(Norm::L2) && self.momentum == 0.0
    }

    /// Each step is a combination of gradients of samples, of this step and, with a constant step and a momentum, of earlier ones:
    /// gradient steps, stochastic or not, heavy ball, Nesterov, natural gradient.
    pub fn row_space_steps(&self) -> bool {
        let gradients = matches!(self.geometry, Geometry::Norm(Norm::L2) | Geometry::GaussNewton { .. });
        let remembers = self.momentum == 0.0 || self.schedule.is_some_and(|s| s.is_constant());
        gradients && remembers && self.pure() && !self.normalized && !self.continuous
    }

    /// It looks at losses only.
    pub fn gradient_free(&self) -> bool {
        self.geometry == Geometry::Search
    }

    /// A step sees fewer than all `samples`, or a random draw of them.
    pub fn mini_batches(&self, samples: usize) -> bool {
        self.stochastic || self.sampling.is_some_and(|s| s.batch < samples)
    }

    /// The norm whose steepest descent the steps are without their memory: of a moving second moment and nothing added to it, ℓ∞.
    pub fn norm_without_memory(&self) -> Option<Norm> {
        match self.geometry {
            Geometry::Norm(norm) => Some(norm),
            Geometry::Adaptive(second) => {
                (second.epsilon == 0.0 && second.beta2.is_some()).then_some(Norm::LInf)
            }
            _ => None,
        }
    }

    /// [`OptimizerFacts::pure`] but for a step that may follow a mix of momentum and newest gradient.
    pub fn pure_or_mixed(&self) -> bool {
        Self { mixed: false, ..self.clone() }.pure()
    }

    /// Steps along the gradient or its momentum, with nothing added: no decay, no noise but that of the batches, no
    /// acceleration, no line search. Theorems about steepest descent in a norm speak of these.
    pub fn pure(&self) -> bool {
        !self.mixed
            && self.weight_decay == 0.0
            && self.noise.is_none()
            && !self.line_search
            && self.acceleration.is_none()
    }
}

/// How the samples of a step are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    pub batch: usize,
    pub order: Order,
}

/// The order in which samples come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Independent draws with replacement.
    Replacement,
    /// Every epoch a fresh random order.
    #[default]
    Shuffled,
    /// The data's own order, again and again.
    Cyclic,
}

/// Noise that is added on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Noise {
    /// Gaussian noise of this standard deviation on the targets.
    Targets { std: f64 },
    /// Labels replaced by another class with this probability.
    Flips { probability: f64 },
    /// `√(2 η T)` times a Gaussian on every parameter.
    Langevin { temperature: f64 },
}

/// What is done beyond steps along the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Acceleration {
    /// Nesterov's method on the dual of the max-margin program.
    Dual,
    /// The parameters are rescaled to a radius that grows by `growth` every `period` steps.
    Rescaling { growth: f64, period: u64 },
}
