//! The explicit programs that theory says an optimizer solves, each with a solver and a dual bound.
//!
//! A program is `min value(w)` over the `w` with `violation(w) = 0`. Its solver may be anything: nothing a
//! solver says is believed. [`certify`] recomputes value and bound from the returned vectors, in the
//! user's data and units, and is applied to the reference and to the trained model alike.

mod affine;
mod ball_minimiser;
mod balls;
mod bregman_interpolant;
mod certify;
mod conic;
mod conic_interpolant;
mod conic_margin;
mod data_loss;
mod decomposition;
mod dual_descent;
mod exact;
mod factor_flow;
mod factor_start;
mod fourier_interpolant;
mod fourier_margin;
mod greedy_rank;
mod interior;
mod kernel_interpolant;
mod kernel_margin;
pub mod kkt;
pub mod least_rank;
mod low_rank_fit;
mod margin_solver;
mod matrix_balls;
mod max_margin;
mod min_norm_interpolant;
mod min_norm_methods;
mod newton_system;
mod nnls;
mod nuclear_interpolant;
pub mod offset;
#[doc(hidden)]
pub mod peer;
mod penalised_loss;
mod polyhedral;
mod proximal_nuclear;
mod q_interior;
mod q_margin;
mod ridge;
mod rkhs;
mod rows;
mod saddle;
mod saddle_path;
mod separability;
mod separable;
mod spectral_filter;
mod spectral_risk;
mod support;
mod tail_direction;
mod uniqueness;
mod variation_circle;
mod variation_margin;
mod variation_oracle;
mod variation_sphere;
mod weighted_interpolant;
mod weighted_margin;

/// Declares which of the modules above are programs: those that a theorem can name, and those that stand beside what is selected.
macro_rules! programs {
    ($($module:ident),+ $(,)?) => {
        /// Every program, sorted by id.
        pub const MEMBERS: &[crate::registry::Member] = &[
            $(crate::registry::Member::new(
                "program",
                stringify!($module),
                include_str!(concat!(stringify!($module), ".rs")),
            )),+
        ];
    };
}

programs! {
    ball_minimiser,
    bregman_interpolant,
    decomposition,
    fourier_interpolant,
    fourier_margin,
    greedy_rank,
    kernel_interpolant,
    kernel_margin,
    least_rank,
    max_margin,
    min_norm_interpolant,
    nuclear_interpolant,
    penalised_loss,
    q_margin,
    ridge,
    saddle_path,
    spectral_filter,
    tail_direction,
    variation_margin,
    weighted_interpolant,
    weighted_margin,
}

pub use ball_minimiser::BallMinimiser;
pub use bregman_interpolant::BregmanInterpolant;
pub use certify::{Certificate, certify};
pub use data_loss::DataLoss;
pub use decomposition::{Decomposition, MarginLoss, decompose};
pub use fourier_interpolant::FourierInterpolant;
pub use fourier_margin::FourierMargin;
pub use greedy_rank::GreedyRank;
pub use kernel_interpolant::KernelInterpolant;
pub use kernel_margin::KernelMargin;
pub use max_margin::MaxMargin;
pub use min_norm_interpolant::MinNormInterpolant;
pub use nuclear_interpolant::NuclearInterpolant;
pub use penalised_loss::PenalisedLoss;
pub use q_margin::QMargin;
pub use ridge::Ridge;
pub use saddle_path::{Saddle, SaddlePath};
pub use separability::{Separability, separability, separability_and_solution};
pub use spectral_filter::SpectralFilter;
pub use spectral_risk::SpectralRisk;
pub use tail_direction::TailDirection;
pub use variation_margin::VariationMargin;
pub use weighted_interpolant::WeightedInterpolant;
pub use weighted_margin::WeightedMargin;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the minimiser is the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Uniqueness {
    Unique,
    NotUnique,
    /// Not decided: only measures of value may judge.
    Unknown,
}

/// What a program declares about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgramFacts {
    /// Registry id, as in `max_margin`.
    pub id: String,
    /// One line in the field's notation, as in `min ‖w‖₂ s.t. Zw ≥ 1`.
    pub formula: String,
    /// Only the direction of `w` matters: `value` and `violation` rescale it first.
    pub scale_invariant: bool,
    /// Uniqueness known from the program's form alone (strict convexity); a solver may know more.
    pub uniqueness: Uniqueness,
}

/// How much work a solver may spend.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Iterations of the outermost loop.
    pub iterations: usize,
    /// Relative certified gap at which it may stop.
    pub relative_gap: f64,
    /// Asked between iterations of the longer loops; once true, the solver returns the best vectors it has, whose certificate
    /// is as valid as any and only wider.
    pub stop: fn() -> bool,
}

impl Budget {
    /// Whether the solver was told to stop.
    pub fn stopped(&self) -> bool {
        (self.stop)()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { iterations: 500, relative_gap: 1e-12, stop: || false }
    }
}

/// Why a solver stopped. None of these is a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SolveStatus {
    Converged,
    /// Stopped improving short of the requested gap.
    Stalled,
    BudgetSpent,
    /// No feasible point exists, as far as the solver can tell; `dual` holds its ray.
    Infeasible,
}

/// What a solver returns: a primal and a dual vector to be certified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solution {
    pub w: Vec<f64>,
    pub dual: Vec<f64>,
    pub status: SolveStatus,
    pub iterations: usize,
    /// Which method ran, for the report.
    pub method: String,
    /// Uniqueness found at this solution (strict complementarity and rank), if the form alone does not decide.
    pub uniqueness: Uniqueness,
}

impl Solution {
    /// Found without an iteration; whether it is the only one is not known.
    fn at_once(w: Vec<f64>, dual: Vec<f64>, status: SolveStatus, method: &str) -> Self {
        Self { w, dual, status, iterations: 0, method: method.into(), uniqueness: Uniqueness::Unknown }
    }
}

/// An explicit program `min value(w)` subject to `violation(w) = 0`.
pub trait Program: Send + Sync {
    /// An upper bound on the objective at the feasible representative of `w`, rounded outward;
    /// `+∞` where `w` has none (a direction that does not separate).
    fn value(&self, w: &[f64]) -> f64;

    /// How far `w` is from feasible, in the constraint's units, relative to their scale; 0 after rescaling for
    /// scale-invariant programs that have a feasible representative.
    fn violation(&self, w: &[f64]) -> f64;

    /// A lower bound on the optimum from any dual vector, rounded outward. Never trusts signs or feasibility:
    /// it projects or rescales first. `-∞` (or 0 for norms) if the vector proves nothing.
    fn bound(&self, dual: &[f64]) -> f64;

    /// Finds a primal and dual vector within `budget`.
    fn solve(&self, budget: &Budget) -> Solution;

    fn facts(&self) -> ProgramFacts;
}
/// Refuses weights of columns that are not finite numbers above zero, one for each column.
fn check_weights(weights: &[f64], columns: usize) -> Result<(), crate::Error> {
    if let Some(bad) = weights.iter().find(|d| !(**d > 0.0 && d.is_finite())) {
        return Err(crate::Error::bad_value("program", "weights", bad, "finite numbers > 0"));
    }
    if weights.len() != columns {
        let what = format!("{} weights for {columns} columns", weights.len());
        return Err(crate::Error::data("weighted program", what));
    }
    Ok(())
}
