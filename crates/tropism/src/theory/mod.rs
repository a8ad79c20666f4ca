//! What the literature says is selected: one theorem a file, each with its hypotheses, its program, a witness that it
//! speaks of and a counter-witness that it refuses.
//!
//! Theorems read facts, never concrete types, and never see a run.

mod case;
mod interpolation;
mod resolve;
mod scopes;
mod silence;
mod steps;
pub(crate) mod symmetry;
mod tangent;
pub mod trends;

pub use case::{Case, Check, SEPARABLE, check};
pub use resolve::{Resolution, resolve};
pub use silence::silence;
pub use tangent::TangentLimit;

use crate::numerics::{Norm, Potential};
use crate::terms::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::registry::objects! { "theorem" Theorem {
        adaboost_margin => AdaBoostMargin,
        adagrad_margin => AdaGradMargin,
        adam_epsilon_max_margin => AdamEpsilonMaxMargin,
        adam_max_margin => AdamMaxMargin,
        adam_single_sample => AdamSingleSample,
        balancedness_conserved => BalancednessConserved,
        completion_divergence => CompletionDivergence,
        convolutional_bridge_stationarity => ConvolutionalBridgeStationarity,
        convolutional_fourier_margin => ConvolutionalFourierMargin,
        decay_ball_minimiser => DecayBallMinimiser,
        deep_linear_max_margin => DeepLinearMaxMargin,
        diagonal_bridge_stationarity => DiagonalBridgeStationarity,
        diagonal_finite_steps => DiagonalFiniteSteps,
        diagonal_interpolant => DiagonalInterpolant,
        diagonal_label_noise => DiagonalLabelNoise,
        diagonal_max_margin => DiagonalMaxMargin,
        diagonal_momentum_flow => DiagonalMomentumFlow,
        diagonal_stochastic_flow => DiagonalStochasticFlow,
        dual_momentum_max_margin => DualMomentumMaxMargin,
        early_stopping_ridge => EarlyStoppingRidge,
        edge_of_stability => EdgeOfStability,
        fixed_feature_interpolant => FixedFeatureInterpolant,
        fixed_feature_max_margin => FixedFeatureMaxMargin,
        gradient_descent_max_margin => GradientDescentMaxMargin,
        greedy_rank => GreedyLowRank,
        homogeneous_kkt => HomogeneousKkt,
        homogeneous_max_margin_conjecture => HomogeneousMaxMarginConjecture,
        layer_alignment => LayerAlignment,
        lazy_feature_max_margin => LazyFeatureMaxMargin,
        lazy_kernel_interpolant => LazyKernelInterpolant,
        least_squares_nearest_interpolant => LeastSquaresNearestInterpolant,
        loss_normalized_max_margin => LossNormalizedMaxMargin,
        mirror_descent_bregman => MirrorDescentBregman,
        mirror_descent_max_margin => MirrorDescentMaxMargin,
        mirror_flow_horizon => MirrorFlowHorizon,
        multiclass_max_margin => MulticlassMaxMargin,
        natural_gradient_finite_steps => NaturalGradientFiniteSteps,
        natural_gradient_interpolant => NaturalGradientInterpolant,
        normalized_margin_monotone => NormalizedMarginMonotone,
        nuclear_norm_conjecture => NuclearNormConjecture,
        partly_separable => PartlySeparable,
        polynomial_tail => PolynomialTail,
        progressive_rescaling_max_margin => ProgressiveRescalingMaxMargin,
        regularization_path => RegularizationPath,
        saddle_to_saddle => SaddleToSaddle,
        second_order_offset => SecondOrderOffset,
        sgd_max_margin => SgdMaxMargin,
        singular_value_dynamics => SingularValueDynamics,
        spectral_filter_path => SpectralFilterPath,
        sqrt_normalized_max_margin => SqrtNormalizedMaxMargin,
        steepest_descent_kkt => SteepestDescentKkt,
        steepest_descent_max_margin => SteepestDescentMaxMargin,
        steepest_descent_squared_loss => SteepestDescentSquaredLoss,
        tail_direction => TailDirection,
        variation_max_margin => VariationMaxMargin,
        weight_decay_minimiser => WeightDecayMinimiser,
    }
}

/// The explicit program of a prediction, as plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "program", rename_all = "snake_case")]
pub enum ProgramSpec {
    /// `min ‖W‖ s.t. ZW ≥ 1`.
    MaxMargin { norm: Norm },
    /// `min ‖w − w₀‖ s.t. Xw = y`, `w₀` the start of the run.
    MinNormInterpolant { norm: Norm },
    /// `min D_Φ(w, w₀) s.t. Xw = y`.
    BregmanInterpolant { potential: Potential },
    /// The same in the divergence of a diagonal network, from the start of the run.
    DiagonalInterpolant,
    /// The same with the effective start and the linear term that finite steps leave behind: sums along the run.
    DiagonalFiniteSteps,
    /// The same to leading order in small steps, as a flow with noise or momentum has it.
    DiagonalSmallSteps { cause: Cause },
    /// `min Σ h_j |w_j| s.t. Xw = y`, `h = diag(XᵀX/n)`.
    WeightedInterpolant,
    /// `min √(Σ (√G_j + ε) w_j²) s.t. Zw ≥ 1`, `G` the sums of squared gradients along the run.
    AccumulatedMargin,
    /// `min ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`, `W` with that many rows.
    NuclearInterpolant { rows: usize },
    /// `min Q_μ(w) s.t. Zw ≥ 1`.
    QMargin { mu: f64, depth: u32 },
    /// `min ‖Fw‖₁ s.t. Zw ≥ 1`.
    FourierMargin,
    /// `min ‖f − f₀‖_K s.t. f(X) = y` in the tangent kernel at the start of the run.
    KernelInterpolant,
    /// `min ‖f‖_K s.t. y_i f(x_i) ≥ 1` in the tangent kernel at the start of the run.
    KernelMargin,
    /// `min ‖f‖_F1 s.t. y_i f(x_i) ≥ 1`, the variation norm of two-layer ReLU networks.
    VariationMargin,
    /// The saddles of a vanishing start on a diagonal network, and the times at which it jumps.
    SaddlePath,
    /// The points of rank 1, 2, … that greedy low-rank learning visits, and the times at which it leaves them.
    GreedyRank,
    /// The split into a part with a finite minimiser and a separable part.
    Decomposition,
    /// The exact point of the squared-loss flow at time `exp(log_time)`.
    SpectralFilter { log_time: f64 },
    /// `min (1/n)‖y − Xw‖² + λ‖w‖²`.
    Ridge { lambda: f64 },
    /// `min L(w) + (λ/2)‖w‖²`.
    PenalisedLoss { lambda: f64 },
    /// `min L(w) s.t. ‖w‖ ≤ radius`, with a barrier in the box where `epsilon > 0`.
    BallMinimiser { norm: Norm, radius: f64, epsilon: f64 },
    /// `min ‖w‖₂ s.t. (Σ m_i^-power)^(-1/power) ≥ 1`.
    TailDirection { power: f64 },
    /// No program: a law of a measured quantity, named by the measure's id.
    Law { measure: String, relation: Relation },
}

/// What moves the effective start of a diagonal network along a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The noise of single samples.
    Sampling,
    Momentum,
}

/// What a theorem says of a measured quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// In the limit it has this value.
    TendsTo(f64),
    /// Over the last two thirds of the run's time it lies near this value, by the mean of its distances.
    HoversAt(f64),
    /// It never exceeds this value.
    AtMost(f64),
    /// Once defined, it never falls along the run.
    NeverFalls,
}

impl Relation {
    /// The value it speaks of; 0 where it speaks of none.
    pub fn value(self) -> f64 {
        match self {
            Relation::TendsTo(v) | Relation::HoversAt(v) | Relation::AtMost(v) => v,
            Relation::NeverFalls => 0.0,
        }
    }

    /// In symbols.
    pub fn describe(self, measure: &str) -> String {
        match self {
            Relation::TendsTo(v) => format!("{measure} → {v}"),
            Relation::HoversAt(v) => format!("{measure} hovers at {v}"),
            Relation::AtMost(v) => format!("{measure} ≤ {v}"),
            Relation::NeverFalls => format!("{measure} never falls"),
        }
    }
}

impl ProgramSpec {
    /// The program is fixed before the run, but some of its data are sums along it.
    pub fn of_the_run(&self) -> bool {
        matches!(
            self,
            ProgramSpec::DiagonalFiniteSteps
                | ProgramSpec::DiagonalSmallSteps { .. }
                | ProgramSpec::WeightedInterpolant
                | ProgramSpec::AccumulatedMargin
        )
    }

    /// The program's id.
    pub fn id(&self) -> &str {
        match self {
            ProgramSpec::Law { measure, .. } => measure,
            ProgramSpec::MaxMargin { .. } => "max_margin",
            ProgramSpec::MinNormInterpolant { .. } => "min_norm_interpolant",
            ProgramSpec::BregmanInterpolant { .. } => "bregman_interpolant",
            // The same program in another potential.
            ProgramSpec::DiagonalFiniteSteps
            | ProgramSpec::DiagonalSmallSteps { .. }
            | ProgramSpec::DiagonalInterpolant => "bregman_interpolant",
            ProgramSpec::WeightedInterpolant => "weighted_interpolant",
            ProgramSpec::AccumulatedMargin => "weighted_margin",
            ProgramSpec::NuclearInterpolant { .. } => "nuclear_interpolant",
            ProgramSpec::QMargin { .. } => "q_margin",
            ProgramSpec::FourierMargin => "fourier_margin",
            ProgramSpec::KernelInterpolant => "kernel_interpolant",
            ProgramSpec::KernelMargin => "kernel_margin",
            ProgramSpec::SaddlePath => "saddle_path",
            ProgramSpec::GreedyRank => "greedy_rank",
            ProgramSpec::VariationMargin => "variation_margin",
            ProgramSpec::Decomposition => "decomposition",
            ProgramSpec::SpectralFilter { .. } => "spectral_filter",
            ProgramSpec::Ridge { .. } => "ridge",
            ProgramSpec::PenalisedLoss { .. } => "penalised_loss",
            ProgramSpec::BallMinimiser { .. } => "ball_minimiser",
            ProgramSpec::TailDirection { .. } => "tail_direction",
        }
    }
}

/// What a theorem says of the program's solution, and so what is measured and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// It is selected: the certified gap vanishes.
    Selected,
    /// It is selected up to terms of higher order in the step size: a small certified gap confirms it, a large one does not
    /// refute it.
    NearlySelected,
    /// It is selected by infinitely many neurons: a small certified gap confirms it, a large one at finite width does not refute it.
    SelectedAtInfiniteWidth,
    /// It is selected from infinitely large starts, with a horizon that grows with them: a small certified gap confirms it, a large
    /// one from a finite start does not refute it.
    SelectedFromLargeStarts,
    /// It is selected from vanishing starts: a large certified gap refutes it only if the claim's own potential at the finite start of
    /// the run does not leave it either.
    SelectedFromSmallStarts,
    /// It is not selected: the certified gap stays away from zero.
    NotSelected,
    /// `w(t) − ŵ log t` tends to the offset `w̃`.
    Offset,
    /// The risk of the flow is at most 1.6862 times that of ridge at every time.
    RiskRatio,
}

impl Claim {
    /// The limit in which the solution is selected, where no run reaches it and nothing bounds how far it falls short.
    pub fn limit(self) -> Option<&'static str> {
        match self {
            Claim::NearlySelected => Some(
                "the theorem is a law of small steps, and at a finite step nothing bounds what it leaves out",
            ),
            Claim::SelectedFromLargeStarts => Some(
                "the theorem is a limit of large starts, and nothing bounds what a finite one leaves out; a larger start with a \
                 horizon that keeps μ, or another horizon, may agree",
            ),
            Claim::SelectedFromSmallStarts => Some(
                "the claim is one on vanishing starts, and by its own potential this one leaves as much; a smaller start may decide",
            ),
            Claim::SelectedAtInfiniteWidth => Some(
                "the theorem is one on infinitely many neurons, and nothing bounds how far finitely many fall short; a wider network \
                 may agree",
            ),
            Claim::Selected | Claim::NotSelected | Claim::Offset | Claim::RiskRatio => None,
        }
    }
}

/// A theorem's prediction for one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// One sentence about this experiment.
    pub statement: String,
    pub program: ProgramSpec,
    pub claim: Claim,
    pub rate: Option<Rate>,
}

impl Prediction {
    /// A law of a measured quantity in the place of a program.
    pub fn law(statement: &str, measure: &str, relation: Relation) -> Self {
        Self {
            statement: statement.into(),
            program: ProgramSpec::Law { measure: measure.into(), relation },
            claim: Claim::Selected,
            rate: None,
        }
    }
}

/// A pair of experiment files that pin a theorem down.
pub struct Witnesses {
    /// An experiment the theorem speaks of and agrees with.
    pub witness: &'static str,
    /// An experiment just outside, and the name of the hypothesis that must fail there.
    pub counter: &'static str,
    pub broken: &'static str,
}

/// A statement of the literature that can be applied to an experiment.
pub trait Theorem: Send + Sync {
    /// Authors, year, theorem number, arXiv or DOI.
    fn source(&self) -> &'static str;

    /// What it assumes, with the evidence found in this experiment. The ones marked as scope say what kind of
    /// experiment the theorem is about at all; the others can fail within that kind.
    fn hypotheses(&self, case: &Case) -> Vec<Check>;

    /// What it says of this experiment.
    fn predict(&self, case: &Case) -> Prediction;

    fn witnesses(&self) -> Witnesses;

    /// A conjecture: it speaks only where no theorem does.
    fn is_conjecture(&self) -> bool {
        false
    }

    /// Sharpens another theorem on the same experiments: judged only when asked for by name.
    fn is_refinement(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_of_a_prediction_is_registered() {
        let specs = [
            ProgramSpec::MaxMargin { norm: Norm::L2 },
            ProgramSpec::MinNormInterpolant { norm: Norm::L2 },
            ProgramSpec::BregmanInterpolant { potential: Potential::NegEntropy },
            ProgramSpec::NuclearInterpolant { rows: 1 },
            ProgramSpec::WeightedInterpolant,
            ProgramSpec::AccumulatedMargin,
            ProgramSpec::QMargin { mu: 1.0, depth: 2 },
            ProgramSpec::FourierMargin,
            ProgramSpec::KernelInterpolant,
            ProgramSpec::KernelMargin,
            ProgramSpec::VariationMargin,
            ProgramSpec::SaddlePath,
            ProgramSpec::GreedyRank,
            ProgramSpec::Decomposition,
            ProgramSpec::SpectralFilter { log_time: 0.0 },
            ProgramSpec::Ridge { lambda: 1.0 },
            ProgramSpec::PenalisedLoss { lambda: 1.0 },
            ProgramSpec::BallMinimiser { norm: Norm::L2, radius: 1.0, epsilon: 0.0 },
            ProgramSpec::TailDirection { power: 2.0 },
        ];
        let law = ProgramSpec::Law { measure: "norm".into(), relation: Relation::NeverFalls };
        assert_eq!(law.id(), "norm");
        let members = crate::programs::MEMBERS;
        for spec in specs {
            assert!(members.iter().any(|m| m.id == spec.id()), "{}", spec.id());
        }
    }
}
