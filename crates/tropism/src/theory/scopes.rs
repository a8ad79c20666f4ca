//! What theorems on curved models ask of a case.

use super::case::{Case, Check, check, holds, scope};
use crate::data::Targets;
use crate::models::{Regime, Structure, Workspace};
use crate::numerics::Norm;
use crate::numerics::linalg::{Dense, multiply, norm2};
use crate::optimizers::Geometry;
use crate::terms::Holds;

/// From here a start counts as large for limits `α → ∞`: their corrections are of order `1/α²`.
const LARGE: f64 = 10.0;
/// Up to this share of the targets' size the predictor at the start counts as small.
const SMALL: f64 = 1e-2;
/// Up to this share it is small enough for a limit of vanishing starts.
const TINY: f64 = 1e-5;
/// Relative imbalance that rounding of a balanced start may leave.
const BALANCED: f64 = 1e-12;

impl Case<'_> {
    /// Scope: a family of parameterisations.
    pub fn structure(&self, name: &str, fits: impl Fn(Structure) -> bool) -> Check {
        // Scaled, centred and linearised models move otherwise.
        let own = self.setup.spec.model.regime == Regime::default();
        let words = match own {
            true => format!("the model is `{}`", self.setup.spec.model.id()),
            false => format!("the model is `{}`, scaled, centred or linearised", self.setup.spec.model.id()),
        };
        scope(check(name, holds(own && fits(self.setup.model.facts().structure)), words))
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

    /// Scope: plain gradient steps, on the full batch or on parts of it.
    pub fn plain_finite_steps(&self) -> Check {
        let f = &self.optimizer;
        let yes = f.geometry == Geometry::Norm(Norm::L2)
            && f.pure()
            && f.momentum == 0.0
            && !f.normalized
            && !f.continuous;
        let words = format!("the optimizer is `{}`", self.setup.spec.optimizer.id());
        scope(check("plain gradient steps", holds(yes), words))
    }

    /// Condition: the gradient flow itself; discrete steps are covered only if small enough, which is not checked.
    pub fn small_steps(&self) -> Check {
        let name = "gradient flow or sufficiently small steps";
        match self.optimizer.schedule {
            None => check(name, Holds::Yes, "the optimizer is the flow"),
            Some(s) => check(name, Holds::Unchecked, format!("steps of {}", s.base)),
        }
    }

    /// Condition: one large scale for all weights at the start.
    pub fn large_start(&self) -> Check {
        let theta = &self.setup.theta0;
        let (low, high) =
            theta.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t)));
        let words =
            format!("the start lies between {low} and {high}; the theorem is a limit of large starts");
        check("one large start scale", holds(low == high && low >= LARGE), words)
    }

    /// Condition: the predictor at the start is small beside the targets.
    pub fn small_start(&self) -> Check {
        let name = "small start";
        let setup = self.setup;
        let outputs = outputs_at_start(self);
        let target = match &setup.data.targets {
            Targets::Real(y) | Targets::Sign(y) => norm2(y),
            Targets::Class { .. } => (outputs.len() as f64).sqrt(),
        };
        let share = norm2(&outputs) / target.max(f64::MIN_POSITIVE);
        // What a theorem says of vanishing starts a finite one shows only in part: a refutation needs a tiny one.
        let verdict = match share {
            s if s <= TINY => Holds::Yes,
            s if s <= SMALL => Holds::Unchecked,
            _ => Holds::No,
        };
        check(name, verdict, format!("outputs at the start are {share:.2e} of the targets"))
    }

    /// Condition: `W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ` at the start, to rounding.
    pub fn balanced_start(&self) -> Check {
        let name = "balanced start";
        let (theta, blocks) = (&self.setup.theta0, self.setup.model.blocks());
        let mut worst: f64 = 0.0;
        for pair in blocks.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if a.rows != b.cols {
                return check(name, Holds::No, "the parameters are no chain of matrices");
            }
            let k = a.rows;
            let (first, second) = (
                Dense::new(&theta[a.range()], a.rows, a.cols),
                Dense::new(&theta[b.range()], b.rows, b.cols),
            );
            let (mut left, mut right) = (vec![0.0; k * k], vec![0.0; k * k]);
            multiply(second.t(), second, false, &mut left);
            multiply(first, first.t(), false, &mut right);
            let size = norm2(&left).max(norm2(&right)).max(f64::MIN_POSITIVE);
            left.iter_mut().zip(&right).for_each(|(l, r)| *l -= r);
            worst = worst.max(norm2(&left) / size);
        }
        check(name, holds(worst <= BALANCED), format!("relative imbalance {worst:.2e}"))
    }
}

fn outputs_at_start(case: &Case) -> Vec<f64> {
    let setup = case.setup;
    let mut out = vec![0.0; setup.data.n() * setup.data.targets.outputs()];
    let mut work = Workspace::default();
    setup.model.predict(&setup.theta0, &setup.data.x, &mut work, &mut out);
    out
}
