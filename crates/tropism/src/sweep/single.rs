//! One run of a sweep, with the companions its quantities need.

use super::plan::COLUMNS;
use super::{Host, Stoppable, Sweep};
use crate::Error;
use crate::data::Targets;
use crate::examine::{conclude, predict};
use crate::measures::{self, Moment, View};
use crate::numerics::{Kernel, linalg};
use crate::optimizers::gradient_descent::GradientDescentSpec;
use crate::optimizers::modified_gradient_flow::ModifiedGradientFlowSpec;
use crate::optimizers::{OptimizerSpec, ScheduleSpec};
use crate::programs::{KernelInterpolant, Program};
use crate::report::{PicturePoint, Point, Report, SweepRun};
use crate::spec::{HorizonSpec, Setup, Spec};
use crate::terms::VerdictKind;
use crate::theory::trends::{Companion, Quantity};
use crate::training::{self, Ended, Snapshot, Trajectory};
use std::collections::BTreeMap;

impl Sweep {
    /// The run at one combination and repeat; `None` if it was told to stop.
    pub(super) fn single(&self, at: &[usize], repeat: u64, host: &Host) -> Option<SweepRun> {
        if (host.stop)() {
            return None;
        }
        match self.carry_out(at, repeat, host) {
            Ok(run) => run,
            Err(e) => Some(SweepRun {
                at: at.to_vec(),
                seed: self.seed(repeat),
                verdict: VerdictKind::Undecided,
                theorem: None,
                reason: e.to_string(),
                ended: "refused".into(),
                steps: 0,
                log10_time: None,
                log10_loss: None,
                values: BTreeMap::new(),
                path: vec![],
                offset: vec![],
            }),
        }
    }

    fn carry_out(&self, at: &[usize], repeat: u64, host: &Host) -> Result<Option<SweepRun>, Error> {
        let spec = self.spec.experiment(at, repeat)?;
        let (setup, trajectory) = follow(&spec, host)?;
        let predicted = predict(&setup)?;
        let report = conclude(&setup, &predicted, &trajectory);
        let values = self.values(&setup, &trajectory, &report, host)?;
        if (host.stop)() || trajectory.ended == Ended::Interrupted {
            return Ok(None);
        }
        Ok(Some(SweepRun {
            at: at.to_vec(),
            seed: setup.spec.seed,
            verdict: report.verdict,
            theorem: report.prediction.theorem.clone(),
            reason: report.reason.clone(),
            ended: report.run.ended.clone(),
            steps: report.run.steps,
            log10_time: report.log10_time,
            log10_loss: report.series.last().and_then(|p| p.log10_loss),
            values,
            path: self.path(&setup, &trajectory, &report),
            offset: self.offset(&setup, &trajectory, host)?,
        }))
    }

    fn values(
        &self,
        setup: &Setup,
        trajectory: &Trajectory,
        report: &Report,
        host: &Host,
    ) -> Result<BTreeMap<String, f64>, Error> {
        let mut out = BTreeMap::new();
        // Where a run did not end where it was to end, nothing is compared.
        let Some(last) = arrived(trajectory).filter(|_| met(setup, trajectory)) else { return Ok(out) };
        let moment = Moment::new(setup, last);
        for quantity in &self.quantities {
            let value = match quantity {
                Quantity::Measure(id) => read(id, setup, &moment, report, report.series.last()),
                // Of all seeds together.
                Quantity::MeanOffset(_) => None,
                Quantity::NtkDistance { depth } => ntk_distance(*depth, setup, &moment),
                Quantity::OutputDistance(c) | Quantity::ParameterDistance(c) => {
                    let (beside, other) = follow(&companion(*c, setup, trajectory), host)?;
                    distance(quantity, (setup, trajectory), (&beside, &other))
                }
            };
            if let Some(v) = value.filter(|v| v.is_finite()) {
                out.insert(quantity.name(), v);
            }
        }
        Ok(out)
    }

    /// The last parameters less those of the companion whose mean offset a law speaks of.
    fn offset(&self, setup: &Setup, trajectory: &Trajectory, host: &Host) -> Result<Vec<f64>, Error> {
        let companion_of = |q: &Quantity| if let Quantity::MeanOffset(c) = q { Some(*c) } else { None };
        let Some(which) = self.quantities.iter().find_map(companion_of) else { return Ok(vec![]) };
        let (_, other) = follow(&companion(which, setup, trajectory), host)?;
        let both = [trajectory, &other];
        if both.iter().any(|t| t.ended != Ended::Completed) {
            return Ok(vec![]);
        }
        let [Some(own), Some(beside)] = both.map(|t| t.snapshots.last()) else { return Ok(vec![]) };
        Ok(own.theta.iter().zip(beside.theta.iter()).map(|(a, b)| a - b).collect())
    }

    /// The picture's quantity at every recorded moment.
    fn path(&self, setup: &Setup, trajectory: &Trajectory, report: &Report) -> Vec<PicturePoint> {
        let Some(id) = &self.spec.keys.picture else { return vec![] };
        let point = |(snapshot, point)| {
            let moment = Moment::new(setup, snapshot);
            let value = read(id, setup, &moment, report, Some(point)).filter(|v| v.is_finite())?;
            Some(PicturePoint { log10_loss: point.log10_loss?, value })
        };
        trajectory.snapshots.iter().zip(&report.series).filter_map(point).collect()
    }
}

/// Builds and runs an experiment.
fn follow(spec: &Spec, host: &Host) -> Result<(Setup, Trajectory), Error> {
    let mut setup = Setup::build(spec, &|file| (host.load)(file))?;
    setup.budget.stop = host.stop;
    let trajectory = training::run(&setup.job(), &mut Stoppable(host.stop));
    Ok((setup, trajectory))
}

/// The last moment of a run that ended where it was to end.
fn arrived(trajectory: &Trajectory) -> Option<&Snapshot> {
    let ended = [Ended::Completed, Ended::Stationary].contains(&trajectory.ended);
    trajectory.snapshots.last().filter(|_| ended)
}

/// Whether a run that was to stop at a loss has got there.
fn met(setup: &Setup, trajectory: &Trajectory) -> bool {
    let reached = trajectory.snapshots.last().map_or(f64::INFINITY, |s| s.log_loss);
    setup.horizon.log_loss.is_none_or(|[_, goal]| reached <= goal)
}

/// A quantity at one moment: a column of the report's series, or a measure.
fn read(id: &str, setup: &Setup, moment: &Moment, report: &Report, point: Option<&Point>) -> Option<f64> {
    if COLUMNS.contains(&id) {
        let p = point?;
        return match id {
            "direction_distance" => p.direction_distance,
            "margin_l2" => p.margin_l2,
            "norm" => Some(p.norm),
            "relative_gap" => p.gap.filter(|_| !report.prediction.negative),
            "residual" => p.residual,
            "steps" => Some(p.step as f64),
            "test_error" => p.test_error,
            _ => p.train_error,
        };
    }
    let (_, measure) = measures::find(id)?;
    measure.evaluate(&View { setup, moment, target: None })
}

/// The experiment beside `setup`'s.
fn companion(which: Companion, setup: &Setup, trajectory: &Trajectory) -> Spec {
    let mut spec = setup.spec.clone();
    match which {
        Companion::Tangent => spec.model.regime.linearized = true,
        Companion::Flow => {
            spec.optimizer = OptimizerSpec::gradient_flow(Default::default());
            spec.horizon = HorizonSpec { time: spec.horizon.time.clone(), ..HorizonSpec::default() };
        }
        Companion::FullBatch => {
            let steps = ScheduleSpec { step_size: setup.built.step_size, ..ScheduleSpec::default() };
            spec.optimizer =
                OptimizerSpec::gradient_descent(GradientDescentSpec { steps, ..Default::default() });
            spec.horizon = HorizonSpec { steps: Some(trajectory.steps), ..HorizonSpec::default() };
        }
        Companion::ModifiedFlow => {
            let keys = ModifiedGradientFlowSpec { step_size: setup.built.step_size };
            spec.optimizer = OptimizerSpec::modified_gradient_flow(keys);
            spec.horizon = HorizonSpec { steps: Some(trajectory.steps), ..HorizonSpec::default() };
        }
    }
    spec
}

/// Relative distance on held-out inputs to the interpolant in the kernel of infinite width, from the outputs at the start; `None` for several
/// outputs.
fn ntk_distance(depth: usize, setup: &Setup, moment: &Moment) -> Option<f64> {
    let (Targets::Real(y), Some(test)) = (&setup.data.targets, setup.data.test.as_deref()) else {
        return None;
    };
    let kernel = Kernel::Ntk { depth };
    let start = setup.outputs(&setup.theta0, &setup.data);
    let program = KernelInterpolant::new(kernel, &setup.data.x, Some(&test.x), y, Some(&start)).ok()?;
    let solution = program.solve(&setup.budget);
    let added = program.outputs(&solution.w);
    let at_start = setup.outputs(&setup.theta0, test);
    let limit: Vec<f64> = at_start.iter().zip(&added[y.len()..]).map(|(f, a)| f + a).collect();
    Some(linalg::distance(&setup.outputs(&moment.theta, test), &limit) / linalg::norm2(&limit))
}

/// Relative differences of parameters or outputs below this carry no law.
const ROUNDING: f64 = 1e-9;

type Run<'a> = (&'a Setup, &'a Trajectory);

/// Distance of a run to its companion; `None` where that did not end where it was to end.
fn distance(quantity: &Quantity, run: Run, beside: Run) -> Option<f64> {
    let (own, other) = (&run.1.snapshots.last()?.theta, &arrived(beside.1)?.theta);
    // Below this, relative to the whole, a difference is rounding and the error of integrators.
    let seen = |difference: f64, whole: f64| (difference > ROUNDING * whole).then_some(difference);
    if matches!(quantity, Quantity::ParameterDistance(_)) {
        return seen(linalg::distance(own, other), linalg::norm2(other));
    }
    let test = run.0.data.test.as_deref()?;
    let (a, b) = (run.0.outputs(own, test), beside.0.outputs(other, test));
    seen(linalg::distance(&a, &b), linalg::norm2(&b)).map(|d| d / linalg::norm2(&b))
}
