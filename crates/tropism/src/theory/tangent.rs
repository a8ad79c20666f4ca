//! What theorems on models that are, or nearly are, linear in what is trained ask of a case.

use super::case::{Case, Check, check, holds, scope, separability_check, short};
use super::interpolation::{of_equations, possible};
use crate::data::{MarginMap, Targets};
use crate::numerics::linalg;
use crate::programs::{Budget, KernelInterpolant, KernelMargin, Program, Solution, separability};
use crate::spec::Features;
use crate::terms::Holds;
use crate::{Error, models::Regime};
use std::sync::Arc;

/// The kernel interpolant from a start: what the model linear in `features` tends to.
pub struct TangentLimit {
    pub program: KernelInterpolant,
    pub solution: Solution,
    /// Values at all points, `[N]`.
    pub outputs: Vec<f64>,
    /// `θ* − θ₀ = J⁺(y − f₀)`, `[p]`.
    pub step: Vec<f64>,
}

impl TangentLimit {
    /// With the kernel of `features`, from the outputs `start [N]`, to the targets `y [n]`.
    ///
    /// # Errors
    /// Entries that are not finite.
    pub fn new(features: &Features, start: &[f64], y: &[f64], budget: &Budget) -> Result<Self, Error> {
        let n = features.n;
        let program = KernelInterpolant::from_gram(features.kernel(), y, Some(&start[..n]))?;
        let solution = program.solve(budget);
        let moved = program.outputs(&solution.w);
        let outputs = start.iter().zip(moved).map(|(f, m)| f + m).collect();
        let mut step = vec![0.0; features.jacobian.cols()];
        linalg::matvec_transposed(&features.training(), &solution.w[..n], &mut step);
        Ok(Self { program, solution, outputs, step })
    }
}

/// Up to this share of the judged tolerance the bend of the model is of no account.
const STRAIGHT: f64 = 0.1;
/// From this multiple of the tolerance on the model is not in its lazy regime.
const BENT: f64 = 10.0;

impl Case<'_> {
    /// Scope: linear in what is trained, with one output, and not the linear predictor itself.
    pub fn fixed_features(&self) -> Check {
        let facts = self.setup.model.facts();
        let linear = facts.linear_in_parameters && !facts.is_predictor;
        let words = match (linear, linear && self.features().is_some()) {
            (false, _) => format!("the model is `{}`", self.setup.spec.model.id()),
            (true, false) => "several outputs, or too many samples and parameters for a kernel matrix".into(),
            (true, true) => format!("{} fixed features", self.setup.model.dim()),
        };
        scope(check("fixed features", holds(linear && self.features().is_some()), words))
    }

    /// Scope: curved in its parameters, with one output, and in a regime that may be lazy: scaled outputs, or a network.
    pub fn nearly_linear(&self) -> Check {
        let facts = self.setup.model.facts();
        let regime = self.setup.spec.model.regime;
        let wide = matches!(facts.structure, crate::models::Structure::Relu { .. });
        let curved = !facts.linear_in_parameters && (wide || regime != Regime::default());
        let yes = curved && self.features().is_some();
        let words =
            format!("the model is `{}` at output scale {}", self.setup.spec.model.id(), regime.output_scale);
        scope(check("curved model of one output", holds(yes), words))
    }

    /// Condition: the features can take the targets.
    pub fn interpolating_features(&self) -> Check {
        let (Some(f), Some(y)) = (self.features(), self.real_targets()) else {
            return check("interpolation is possible", Holds::No, "the targets are no real numbers");
        };
        let rest: Vec<f64> = y.iter().zip(&f.outputs).map(|(y, f)| y - f).collect();
        possible(of_equations(&Arc::new(f.training().into()), &rest), f.n)
    }

    /// Condition: data that the features separate, by our own certificate.
    pub fn separable_features(&self) -> Check {
        let targets = &self.setup.data.targets;
        let map = self.features().and_then(|f| MarginMap::new(Arc::new(f.training().into()), targets));
        separability_check(map.map(|m| separability(&m, &self.setup.budget)).as_ref())
    }

    /// Condition: steps below the stability limit `2/λ` of the model to first order at the start, `λ` the largest eigenvalue of its
    /// tangent kernel times the weight of a sample. For squared losses; a flow has none.
    pub fn stable_step_on_features(&self) -> Check {
        let name = "step size below the stability limit of the tangent model";
        let Some(schedule) = self.optimizer.schedule else {
            return check(name, Holds::Yes, "a flow has no step size");
        };
        let top = self.features().map(|f| linalg::singular_values(&f.training()));
        let Some(top) = top.and_then(|s| s.first().copied()) else {
            return check(
                name,
                Holds::Unchecked,
                "several outputs, or too many samples and parameters for a kernel matrix",
            );
        };
        let limit = 2.0 / (top * top * self.setup.log_weight.exp());
        let verdict = if schedule.base < limit { Holds::Yes } else { Holds::No };
        check(
            name,
            verdict,
            format!("steps of {} against 2/λ = {} at the start", short(schedule.base), short(limit)),
        )
    }

    /// Condition: inputs on which functions can be compared beyond the training samples.
    pub fn held_out_inputs(&self) -> Check {
        let held = self.setup.data.test.as_ref().map_or(0, |t| t.n());
        check("held-out inputs", holds(held > 0), format!("{held} held-out samples"))
    }

    /// Condition: between the start and the solution of the tangent model the network hardly bends. The kernel at that
    /// solution would interpolate to nearly the same values, and the network itself nearly takes them there.
    pub fn lazy_start(&self) -> Check {
        let name = "lazy at this scale and width";
        let Some(bend) = self.bend() else {
            return check(name, Holds::Unchecked, "the tangent model could not be solved");
        };
        let tolerance = self.setup.rule.tolerance;
        let verdict = match bend {
            b if b <= STRAIGHT * tolerance => Holds::Yes,
            b if b <= BENT * tolerance => Holds::Unchecked,
            _ => Holds::No,
        };
        let words = format!(
            "on the way to the tangent model's solution the predicted values move by {bend:.2e} with the kernel (asked for: \
             {:.0e})",
            STRAIGHT * tolerance
        );
        check(name, verdict, words)
    }

    fn bend(&self) -> Option<f64> {
        let (f, y, budget) = (self.features()?, self.real_targets()?, &self.setup.budget);
        let straight = TangentLimit::new(f, &f.outputs, y, budget).ok()?;
        let end: Vec<f64> = self.setup.theta0.iter().zip(&straight.step).map(|(t, s)| t + s).collect();
        let there = self.setup.features(&end)?;
        let bent = TangentLimit::new(&there, &f.outputs, y, budget).ok()?;
        let off = |a: &[f64]| linalg::distance(a, &straight.outputs);
        let size = linalg::distance(&straight.outputs, &f.outputs).max(f64::MIN_POSITIVE);
        let bend = off(&bent.outputs).max(off(&there.outputs)) / size;
        bend.is_finite().then_some(bend)
    }

    /// Condition: where the tangent model's parameters are at the horizon, `log t` times the solution of its margin program away from the
    /// start, the network still computes nearly what the tangent model does, and its tangent kernel is still nearly that of the start:
    /// where curvatures of opposite signs cancel, as in `u² − v²`, the outputs alone would not tell.
    pub fn lazy_until_the_horizon(&self) -> Check {
        let name = "lazy until the horizon";
        let Some(bend) = self.bend_at_the_horizon() else {
            return check(
                name,
                Holds::No,
                "the tangent model's margin has no solution, or the run no horizon in time",
            );
        };
        let asked = STRAIGHT * self.setup.rule.tolerance;
        let words = format!(
            "at the point that the tangent model reaches, the network's outputs are off by a part {bend:.2e} of what they moved, or its \
             kernel by as much of that of the start (asked for: {asked:.0e}); a larger scale or a shorter horizon bends it less"
        );
        check(name, holds(bend <= asked), words)
    }

    fn bend_at_the_horizon(&self) -> Option<f64> {
        let (f, log_time) = (self.features()?, self.setup.horizon.log_time?);
        let rows = f.training();
        let kernel = linalg::matmul_nt(&rows, &rows);
        let program = KernelMargin::from_gram(kernel.clone(), self.real_targets()?).ok()?;
        let solution = program.solve(&self.setup.budget);
        let mut way = vec![0.0; rows.cols()];
        linalg::matvec_transposed(&rows, &solution.w, &mut way);
        way.iter_mut().for_each(|w| *w *= log_time.max(1.0));
        let end: Vec<f64> = self.setup.theta0.iter().zip(&way).map(|(t, w)| t + w).collect();
        let mut straight = vec![0.0; f.n];
        linalg::matvec(&rows, &way, &mut straight);
        let there = self.setup.features(&end)?;
        let moved: Vec<f64> = there.outputs[..f.n].iter().zip(&f.outputs).map(|(o, f)| o - f).collect();
        let off = linalg::distance(&moved, &straight) / linalg::norm2(&straight);
        let rows = there.training();
        let kernel_there = linalg::matmul_nt(&rows, &rows);
        let turned = linalg::distance(kernel_there.as_slice(), kernel.as_slice());
        let bend = off.max(turned / linalg::norm2(kernel.as_slice()));
        bend.is_finite().then_some(bend)
    }

    /// Targets of a regression, `[n]`.
    pub fn real_targets(&self) -> Option<&[f64]> {
        match &self.setup.data.targets {
            Targets::Real(y) | Targets::Sign(y) => Some(y),
            Targets::Class { .. } => None,
        }
    }
}
