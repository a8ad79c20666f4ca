//! What theorems on curved models and on mirror maps ask of a case.

use super::case::{Case, Check, check, holds, scope, short};
use crate::data::Targets;
use crate::losses::Task;
use crate::models::{Imbalance, Regime, Structure};
use crate::numerics::linalg::norm2;
use crate::optimizers::Geometry;
use crate::terms::Holds;

/// From here a start counts as large for limits `α → ∞`: their corrections are of order `1/α²`.
const LARGE: f64 = 10.0;
/// Up to this share of the targets' size the predictor at the start counts as small.
const SMALL: f64 = 1e-2;
/// Up to this share it is small enough for a limit of vanishing starts.
const TINY: f64 = 1e-5;

impl Case<'_> {
    /// Scope: a family of parameterisations, in which every weight can move.
    pub fn structure(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Check {
        self.moving(self.family(name, fits))
    }

    /// The same, whatever the outputs of a homogeneous network are multiplied by: see [`Case::plain_start`].
    pub fn scaled_structure(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Check {
        self.moving(self.in_family(name, self.scale_of_a_network().is_some(), fits))
    }

    fn moving(&self, mut family: Check) -> Check {
        let zeros = self.weights_at_zero();
        if zeros > 0 {
            family.hypothesis.holds = Holds::No;
            family.hypothesis.evidence += &format!("; {zeros} weights start at zero, where they stay");
        }
        family
    }

    /// Scope: a family of parameterisations, wherever it starts.
    pub fn family(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Check {
        // Scaled, centred and linearised models move otherwise.
        self.in_family(name, self.setup.spec.model.regime == Regime::default(), fits)
    }

    fn in_family(&self, name: &str, own: bool, fits: impl Fn(Structure) -> bool) -> Check {
        let words = match own {
            true => format!("the model is `{}`", self.setup.spec.model.id()),
            false => format!("the model is `{}`, scaled, centred or linearised", self.setup.spec.model.id()),
        };
        scope(check(name, holds(own && fits(self.setup.model.facts().structure)), words))
    }

    /// What the outputs of a homogeneous network are multiplied by, with its degree, where nothing else is done to it.
    fn scale_of_a_network(&self) -> Option<(f64, f64)> {
        let regime = self.setup.spec.model.regime;
        let scaled = Regime { output_scale: regime.output_scale, ..Regime::default() };
        let degree = self.setup.model.facts().homogeneity?;
        (regime == scaled).then_some((regime.output_scale, degree))
    }

    /// The start `[p]` of the same network with outputs as they are. As `s f(θ; x) = f(s^{1/L} θ; x)` for a network of degree `L`, one whose
    /// outputs are multiplied by `s` follows, in the parameters `s^{1/L} θ`, the flow of the plain one at the time `s^{2/L} t`.
    pub fn plain_start(&self) -> Vec<f64> {
        let factor = self.scale_of_a_network().map_or(1.0, |(s, degree)| s.powf(1.0 / degree));
        self.setup.theta0.iter().map(|t| factor * t).collect()
    }

    /// What to add to `log t` for that plain network.
    pub fn plain_time(&self) -> f64 {
        self.scale_of_a_network().map_or(0.0, |(s, degree)| 2.0 / degree * s.ln())
    }

    /// Weights of a diagonal network that start at a zero which gradients do not leave.
    pub fn weights_at_zero(&self) -> usize {
        match self.setup.model.facts().structure {
            Structure::Diagonal { depth } if depth >= 2 => {
                self.setup.theta0.iter().filter(|t| **t == 0.0).count()
            }
            _ => 0,
        }
    }

    /// A family of networks with two classes under gradient flow, or steps small enough, on separable data with an
    /// exponential tail: what theorems on their limit direction ask for.
    pub fn separable_network(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Vec<Check> {
        self.on_separable_data(name, fits, self.plain_gradient(false), Some(self.small_steps()))
    }

    /// The same for the gradient flow alone.
    pub fn separable_network_flow(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Vec<Check> {
        self.on_separable_data(name, fits, self.gradient_flow(), None)
    }

    fn on_separable_data(
        &self,
        name: &str,
        fits: impl Fn(Structure) -> bool,
        steps: Check,
        small: Option<Check>,
    ) -> Vec<Check> {
        let tail = [self.tail_at_infinity(), self.exponential_tail(), self.separable()];
        let model = [self.scaled_structure(name, fits), self.task("two classes", Task::Binary), steps];
        model.into_iter().chain(tail).chain(small).collect()
    }

    /// A homogeneous network under gradient flow, or steps small enough, with an exponential tail.
    pub fn homogeneous_network(&self) -> Vec<Check> {
        let checks = [
            self.curved_homogeneous(),
            self.tail_at_infinity(),
            self.plain_gradient(false),
            self.exponential_tail(),
            self.small_steps(),
        ];
        checks.into_iter().chain(self.reachable_by_lines()).collect()
    }

    /// Condition, for a network that is linear in its inputs: it can separate the data only if a hyperplane can.
    fn reachable_by_lines(&self) -> Option<Check> {
        let linear =
            self.setup.model.facts().linear_in_inputs && !matches!(self.setup.data.targets, Targets::Real(_));
        linear.then(|| self.separable())
    }

    /// Scope: homogeneous in the parameters, and not linear in them.
    pub fn curved_homogeneous(&self) -> Check {
        let facts = self.setup.model.facts();
        let degree = facts.homogeneity.filter(|_| !facts.linear_in_parameters);
        let words = match degree {
            Some(l) => format!("homogeneous of degree {l}"),
            None => format!("the model is `{}`", self.setup.spec.model.id()),
        };
        scope(check("homogeneous network", holds(degree.is_some()), words))
    }

    /// Scope: steps that are combinations of gradients of samples, now and before.
    pub fn row_space_steps(&self) -> Check {
        let name = "steps along gradients of samples";
        scope(check(name, holds(self.optimizer.row_space_steps()), self.optimizer_words()))
    }

    /// Scope: some weights are free once the equations hold.
    pub fn more_unknowns(&self) -> Check {
        let (n, d) = (self.setup.data.n(), self.setup.data.d());
        scope(check("more unknowns than equations", holds(d > n), format!("{d} inputs, {n} samples")))
    }

    /// Condition: the gradient flow itself; discrete steps are covered only if small enough, which is not checked.
    pub fn small_steps(&self) -> Check {
        let name = "gradient flow or sufficiently small steps";
        match self.optimizer.schedule {
            None => check(name, Holds::Yes, "the optimizer is the flow"),
            Some(s) => check(name, Holds::Unchecked, format!("steps of {}", short(s.base))),
        }
    }

    /// Condition: one large scale for all weights at the start.
    pub fn large_start(&self) -> Check {
        let theta = self.plain_start();
        let (low, high) =
            theta.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t)));
        let words = format!(
            "the start lies between {} and {}; the theorem is a limit of large starts",
            short(low),
            short(high)
        );
        check("one large start scale", holds(low == high && low >= LARGE), words)
    }

    /// Condition: the predictor at the start is small beside the targets.
    pub fn small_start(&self) -> Check {
        let name = "small start";
        let setup = self.setup;
        let outputs = setup.outputs(&setup.theta0, &setup.data);
        let target = match &setup.data.targets {
            Targets::Real(y) | Targets::Sign(y) => norm2(y),
            Targets::Class { .. } => (outputs.len() as f64).sqrt(),
        };
        if target == 0.0 {
            return check(name, Holds::No, "all targets are zero, and beside them no start is small");
        }
        let share = norm2(&outputs) / target;
        // What a theorem says of vanishing starts a finite one shows only in part: a refutation needs a tiny one.
        check(name, below(share, TINY, SMALL), format!("outputs at the start are {share:.2e} of the targets"))
    }

    /// Scope: mirror flow in some potential.
    pub fn mirror_flow(&self) -> Check {
        let yes = self.optimizer.continuous && matches!(self.optimizer.geometry, Geometry::Mirror(_));
        scope(check("mirror flow", holds(yes), self.optimizer_words()))
    }

    /// Scope: mirror descent in some potential.
    pub fn mirror_steps(&self) -> Check {
        let yes = matches!(self.optimizer.geometry, Geometry::Mirror(_));
        scope(check("mirror descent", holds(yes), self.optimizer_words()))
    }

    /// A product of matrices under gradient flow from a balanced start.
    pub fn balanced_product(&self) -> Vec<Check> {
        vec![
            self.scaled_structure("product of matrices", |s| {
                matches!(s, Structure::DeepLinear { depth } | Structure::Factorized { depth, .. } if depth >= 2)
            }),
            self.gradient_flow(),
            self.balanced_start(),
        ]
    }

    /// Condition: `W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ` at the start, to rounding.
    pub fn balanced_start(&self) -> Check {
        let name = "balanced start";
        let blocks = self.setup.model.blocks();
        let Some(all) = Imbalance::along(&self.setup.theta0, &blocks) else {
            return check(name, Holds::No, "the parameters are no chain of matrices");
        };
        let worst = all.iter().map(Imbalance::relative).fold(0.0, f64::max);
        check(name, holds(worst <= Imbalance::ROUNDING), format!("relative imbalance {worst:.2e}"))
    }
}

/// What may stand beside a saddle, or the next direction, when that is reached, relative to it: the bookkeeping of paths along saddles
/// leaves out factors of the order of one.
const LITTLE: f64 = 1e-3;
/// Where it no longer can be neglected.
const MUCH: f64 = 0.1;

/// What is said of weights beside a point that a path from a vanishing start visits, relative to it.
pub(super) fn negligible(beside: f64) -> Holds {
    below(beside, LITTLE, MUCH)
}

/// What is said of a limit of small values: it holds up to `tiny`, fails beyond `small`, and is not checked between.
pub(super) fn below(value: f64, tiny: f64, small: f64) -> Holds {
    match value {
        v if v <= tiny => Holds::Yes,
        v if v <= small => Holds::Unchecked,
        _ => Holds::No,
    }
}
