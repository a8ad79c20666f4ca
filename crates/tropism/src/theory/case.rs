//! An experiment as theorems see it: facts, data and what can be proven about them, never a run.

use super::interpolation::{possible, rank_and_residual};
use crate::data::Targets;
use crate::losses::{Tail, Task};
use crate::numerics::Norm;
use crate::optimizers::{Curve, Geometry, OptimizerFacts};
use crate::programs::offset::{self, Offset};
use crate::programs::{
    Decomposition, GreedyRank, MarginLoss, SaddlePath, Separability, Solution, decompose,
    separability_and_solution,
};
use crate::spec::{Features, Setup};
use crate::terms::{Holds, Hypothesis, Rate, RateClock};
use std::sync::OnceLock;

/// Name of the hypothesis that some `w` has positive margins only.
pub const SEPARABLE: &str = "separable data";

/// A hypothesis with the part it plays.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub hypothesis: Hypothesis,
    /// Part of what kind of experiment the theorem is about; if it fails, the theorem says nothing here.
    pub scope: bool,
}

/// Builds a [`Check`].
pub fn check(name: &str, holds: Holds, evidence: impl Into<String>) -> Check {
    let hypothesis = Hypothesis { name: name.into(), holds, evidence: evidence.into() };
    Check { hypothesis, scope: false }
}

/// Yes or no.
pub fn holds(condition: bool) -> Holds {
    if condition { Holds::Yes } else { Holds::No }
}

/// A setup with what has been proven about its data, computed once and on demand.
pub struct Case<'a> {
    pub setup: &'a Setup,
    pub optimizer: OptimizerFacts,
    separability: OnceLock<Option<(Separability, Option<Solution>)>>,
    decomposition: OnceLock<Option<Decomposition>>,
    interpolation: OnceLock<(usize, f64)>,
    offset: OnceLock<Option<Result<Offset, String>>>,
    features: OnceLock<Option<Features>>,
    saddles: OnceLock<Option<Result<SaddlePath, String>>>,
    greedy: OnceLock<Option<Result<GreedyRank, String>>>,
}

impl<'a> Case<'a> {
    pub fn new(setup: &'a Setup) -> Self {
        Self {
            setup,
            optimizer: setup.built.optimizer.facts(),
            separability: OnceLock::new(),
            decomposition: OnceLock::new(),
            interpolation: OnceLock::new(),
            offset: OnceLock::new(),
            features: OnceLock::new(),
            saddles: OnceLock::new(),
            greedy: OnceLock::new(),
        }
    }

    /// Our own certificate about separability; `None` for regression targets.
    pub fn separability(&self) -> Option<&Separability> {
        self.decided().map(|(answer, _)| answer)
    }

    /// The solution of the ℓ2 margin program, where separability was asked for and needed it.
    pub fn euclidean_margin(&self) -> Option<&Solution> {
        self.separability.get()?.as_ref()?.1.as_ref()
    }

    /// The second-order offset on separable data, or what keeps it from being determined; `None` for regression targets.
    pub fn offset(&self) -> Option<&Result<Offset, String>> {
        let determine = || {
            let known = self.decided().and_then(|(_, solution)| solution.as_ref());
            let setup = self.setup;
            Some(offset::determine(&setup.data.margins()?, known, setup.log_weight, &setup.theta0))
        };
        self.offset.get_or_init(determine).as_ref()
    }

    /// The model to first order at its start; `None` for several outputs, or where it would be too large.
    pub fn features(&self) -> Option<&Features> {
        self.features.get_or_init(|| self.setup.features(&self.setup.theta0)).as_ref()
    }

    /// The saddles that a diagonal network of depth 2 visits from a vanishing start, or why they are not determined; `None`
    /// for other models and for classes.
    pub fn saddles(&self) -> Option<&Result<SaddlePath, String>> {
        self.saddles.get_or_init(|| super::saddle_to_saddle::saddles(self.setup)).as_ref()
    }

    /// The points that greedy low-rank learning visits from this start, in the same way.
    pub fn greedy(&self) -> Option<&Result<GreedyRank, String>> {
        self.greedy.get_or_init(|| super::greedy_rank::points(self.setup)).as_ref()
    }

    fn decided(&self) -> Option<&(Separability, Option<Solution>)> {
        let decide = || Some(separability_and_solution(&self.setup.data.margins()?, &self.setup.budget));
        self.separability.get_or_init(decide).as_ref()
    }

    /// The split into samples that hold each other and separable ones; `None` for regression targets.
    pub fn decomposition(&self) -> Option<&Decomposition> {
        let loss = match self.setup.spec.loss.loss.id() {
            "exponential" => MarginLoss::Exponential,
            _ => MarginLoss::Logistic,
        };
        let margins = || self.setup.data.margins();
        self.decomposition.get_or_init(|| decompose(&margins()?, loss, &self.setup.budget)).as_ref()
    }

    /// Numerical rank of `X`, and the relative least-squares residual of the targets.
    fn interpolation(&self) -> (usize, f64) {
        *self.interpolation.get_or_init(|| rank_and_residual(self.setup))
    }

    /// Scope: a model linear in inputs and parameters.
    pub fn linear_model(&self) -> Check {
        // Where the parameters are not the predictor itself, its path has another speed or metric.
        let linear = self.setup.model.facts().is_predictor;
        scope(check("linear model", holds(linear), format!("the model is `{}`", self.setup.spec.model.id())))
    }

    /// Condition: a loss that is convex in the outputs.
    pub fn convex_loss(&self) -> Check {
        let words = format!("the loss is `{}`", self.setup.spec.loss.loss.id());
        check("convex loss", holds(self.setup.loss.facts().convex), words)
    }

    /// Scope: a task.
    pub fn task(&self, name: &str, task: Task) -> Check {
        let found = self.setup.loss.facts().task;
        scope(check(name, holds(found == task), format!("the loss is `{}`", self.setup.spec.loss.loss.id())))
    }

    /// Condition: an exponential tail.
    pub fn exponential_tail(&self) -> Check {
        let tail = self.setup.loss.facts().tail;
        let words = match tail {
            Tail::Exponential => {
                "the loss declares an exponential tail, checked in the law tests".to_string()
            }
            Tail::Polynomial { power } => format!("the loss has a polynomial tail m^-{power}"),
            Tail::FiniteRoot => "the loss has a finite minimiser".to_string(),
        };
        check("exponential tail", holds(tail == Tail::Exponential), words)
    }

    /// Scope: a polynomial tail.
    pub fn polynomial_tail(&self) -> Check {
        let tail = self.setup.loss.facts().tail;
        let yes = matches!(tail, Tail::Polynomial { .. });
        scope(check(
            "polynomial tail",
            holds(yes),
            format!("the loss is `{}`", self.setup.spec.loss.loss.id()),
        ))
    }

    /// Scope: minimisers at infinity (any tail).
    pub fn tail_at_infinity(&self) -> Check {
        let yes = self.setup.loss.facts().tail != Tail::FiniteRoot;
        scope(check(
            "decreasing loss",
            holds(yes),
            format!("the loss is `{}`", self.setup.spec.loss.loss.id()),
        ))
    }

    /// Condition: separable data, by our own certificate.
    pub fn separable(&self) -> Check {
        let mut check = separability_check(self.separability());
        if let Some(s) = self.separability() {
            check.hypothesis.evidence += &self.entangled(s);
        }
        check
    }

    /// Which of several classes the proof of inseparability is about.
    fn entangled(&self, s: &Separability) -> String {
        let (Separability::NotSeparable { q, .. }, Targets::Class { labels, classes }) =
            (s, &self.setup.data.targets)
        else {
            return String::new();
        };
        // Row (i, c) is the margin of sample i against class c: a weight on it ties the two classes together.
        let mut pairs = std::collections::BTreeSet::new();
        for (i, &own) in labels.iter().enumerate() {
            let weights = &q[i * (classes - 1)..(i + 1) * (classes - 1)];
            for (_, other) in
                weights.iter().zip((0..*classes).filter(|&c| c != own)).filter(|(v, _)| **v > 0.0)
            {
                pairs.insert((own.min(other), own.max(other)));
            }
        }
        let name = |c: usize| self.setup.data.classes.get(c).cloned().unwrap_or_else(|| c.to_string());
        let named: Vec<String> =
            pairs.iter().take(6).map(|&(a, b)| format!("`{}` and `{}`", name(a), name(b))).collect();
        let more =
            if pairs.len() > 6 { format!(" and {} more pairs", pairs.len() - 6) } else { String::new() };
        format!(
            "; the weights lie on samples of {}{more}, which no linear classifier tells apart",
            named.join(", ")
        )
    }

    /// Scope: gradient steps in ℓ2, not normalised.
    pub fn plain_gradient(&self, stochastic: bool) -> Check {
        let f = &self.optimizer;
        let yes = f.geometry == Geometry::Norm(Norm::L2)
            && !f.normalized
            && self.mini_batches() == stochastic
            && f.pure()
            && !self.is_regularization_path();
        let kind = if stochastic { "stochastic gradient steps" } else { "gradient steps" };
        scope(check(kind, holds(yes), self.optimizer_words()))
    }

    /// Whether a step sees a part of the samples only, whatever the order they come in.
    pub fn mini_batches(&self) -> bool {
        self.optimizer.mini_batches(self.setup.data.n())
    }

    /// Scope: the gradient flow itself.
    pub fn gradient_flow(&self) -> Check {
        scope(check("gradient flow", holds(self.is_gradient_flow()), self.optimizer_words()))
    }

    /// The flow `dw/dt = −∇L` itself.
    pub fn is_gradient_flow(&self) -> bool {
        let f = &self.optimizer;
        f.continuous && f.geometry == Geometry::Norm(Norm::L2) && !self.is_regularization_path()
    }

    /// No descent at all: the minimisers of the penalised loss.
    pub fn is_regularization_path(&self) -> bool {
        self.optimizer.flow.is_some_and(|f| f.curve == Curve::RegularizationPath)
    }

    /// Scope: the regularisation path.
    pub fn regularization_path(&self) -> Check {
        scope(check("regularization path", holds(self.is_regularization_path()), self.optimizer_words()))
    }

    /// The norm of a steepest descent; ℓ2 for the others, which have none.
    pub fn norm(&self) -> Norm {
        match self.optimizer.geometry {
            Geometry::Norm(norm) => norm,
            _ => Norm::L2,
        }
    }

    pub fn optimizer_words(&self) -> String {
        let decay = self.optimizer.weight_decay;
        let more = if decay > 0.0 { format!(" with weight decay {decay}") } else { String::new() };
        format!("the optimizer is `{}`{more}", self.setup.spec.optimizer.id())
    }

    /// Scope: a constant schedule (or a flow).
    pub fn constant_steps(&self) -> Check {
        let constant = self.optimizer.schedule.is_none_or(|s| s.is_constant());
        scope(check("constant step size", holds(constant), self.schedule_words()))
    }

    /// Condition: a constant step inside the range proven for smooth convex losses; between that and the stability limit
    /// of quadratics it is not checked.
    pub fn stable_step(&self) -> Check {
        let name = "step size below the stability limit";
        let beta = self.setup.curvature.smoothness;
        let Some(schedule) = self.optimizer.schedule else {
            return check(name, Holds::Yes, "a flow has no step size");
        };
        let (proven, limit) = self.optimizer.stability;
        let mut words = format!(
            "step size {} against {} = {proven} / smoothness",
            short(schedule.base),
            short(proven / beta)
        );
        if limit != proven {
            words += &format!(", proven; {} = {limit:.3} / smoothness on quadratics", short(limit / beta));
        }
        // Where the curvature is bounded only below the starting loss, momentum may leave that range.
        let bounded = self.setup.loss.facts().smoothness.is_finite() || self.optimizer.momentum == 0.0;
        let verdict = match schedule.base * beta {
            x if x >= limit => Holds::No,
            x if x < proven && bounded => Holds::Yes,
            _ => Holds::Unchecked,
        };
        check(name, verdict, words)
    }

    /// Condition: loss-normalised steps `c / L` with `c ≤ 1/B²`, `B` the longest sample.
    pub fn short_normalized_steps(&self) -> Check {
        let name = "step constant at most one over the relative smoothness";
        let square = self.setup.curvature.radius.l2.powi(2);
        let step = self.optimizer.schedule.map_or(0.0, |s| s.base);
        let verdict = if step * square <= 1.0 + 1e-9 { Holds::Yes } else { Holds::Unchecked };
        check(
            name,
            verdict,
            format!("constant {step:.6} against 1 / longest sample squared = {:.6}", 1.0 / square),
        )
    }

    /// Condition: the equations `Xw = y` have a solution.
    pub fn interpolating(&self) -> Check {
        possible(self.interpolation(), self.setup.data.n())
    }

    fn schedule_words(&self) -> String {
        match self.optimizer.schedule {
            None => "a flow".into(),
            Some(s) => {
                let mut words = format!("step size {}", short(s.base));
                if s.power != 0.0 {
                    words += &format!(" · (k+1)^-{}", s.power);
                }
                if s.loss_power != 0.0 {
                    words += " / loss";
                }
                words
            }
        }
    }

    /// Scope: `η_k = η (k+1)^−power / L^loss_power`, without momentum.
    pub fn schedule(&self, name: &str, power: f64, loss_power: f64) -> Check {
        let yes = self.optimizer.schedule.is_some_and(|s| s.power == power && s.loss_power == loss_power);
        let momentum = self.optimizer.momentum;
        let words = format!("{}, momentum {momentum}", self.schedule_words());
        scope(check(name, holds(yes && momentum == 0.0), words))
    }
}

/// Six digits, in powers of ten where a plain number would be long.
pub(in crate::theory) fn short(v: f64) -> String {
    if v == 0.0 || (1e-4..1e6).contains(&v.abs()) { format!("{v:.6}") } else { format!("{v:.4e}") }
}

/// Marks a check as scope.
pub fn scope(mut c: Check) -> Check {
    c.scope = true;
    c
}

/// Whether a theorem is about this kind of experiment at all: conditions that are dear to check need not be, if not.
pub fn in_scope(checks: &[Check]) -> bool {
    checks.iter().all(|c| !c.scope || c.hypothesis.holds != Holds::No)
}

/// The rate `gap = Θ(1/log t)`.
pub fn inverse_log_time() -> Rate {
    Rate {
        law: "gap = Θ(1 / log t)".into(),
        clock: RateClock::LogTime,
        exponent: -1.0,
        upper_bound_only: false,
    }
}

/// Condition: separable data, by what was found out about them; regression targets have no answer.
pub(super) fn separability_check(answer: Option<&Separability>) -> Check {
    match answer {
        Some(s) => check(SEPARABLE, separable_holds(s), describe(s)),
        None => check(SEPARABLE, Holds::No, "the targets are real numbers"),
    }
}

/// Words for a separability certificate.
pub fn describe(s: &Separability) -> String {
    match s {
        Separability::Separable { margin_lower, margin_upper, .. } => {
            format!("a separating w was found: ℓ2 margin between {margin_lower:.9e} and {margin_upper:.9e}")
        }
        Separability::NotSeparable { .. } => {
            "proven not separable: weights q ≥ 0, Σq = 1, with Zᵀq = 0 exist".to_string()
        }
        Separability::Undecided { margin_at_most, .. } => {
            format!("neither proven nor refuted: any ℓ2 margin is at most {margin_at_most:.3e}")
        }
    }
}

fn separable_holds(s: &Separability) -> Holds {
    match s {
        Separability::Separable { .. } => Holds::Yes,
        Separability::NotSeparable { .. } => Holds::No,
        Separability::Undecided { .. } => Holds::Unchecked,
    }
}
