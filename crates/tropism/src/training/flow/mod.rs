//! The gradient flow in log time: `t = 10^100000` is an ordinary horizon.
//!
//! With `t = t₀ + c (eˢ − 1)` the flow `dw/dt = −∇L` reads `dw/ds = −c eˢ ∇L(w)`. On separable data with an
//! exponential tail the right-hand side tends to the constant `ŵ`, because `eˢ` and `1/L` cancel; it is computed from
//! logarithms, so nothing under- or overflows. For convex losses every implicit stage is a Cholesky factorisation of
//! `I + hγ c eˢ ∇²L`. The integrator is Rodas5P (eight stages, order 5(4), L-stable), whose steps grow with `s`: the
//! number of steps is O(log s) = O(log log t).
//!
//! Data of which only a part is separable converge on the span of the rest and go to infinity across it
//! (Ji, Telgarsky 2018, arXiv 1803.07300). The run finds that split by itself, from weights that stop decaying
//! (`settle.rs`), rotates into it so that rounding in the settled part cannot leak across, and lets the settled part
//! rest at its minimiser once time has outrun its last bit.

mod bases;
mod curved;
mod extrapolation;
mod gates;
mod gauss_newton;
mod hessian;
mod metric;
mod mirror;
mod model;
mod path;
mod rest;
mod roots;
mod rosenbrock;
mod settle;
mod stationary;
mod system;
mod tolerance;

pub use model::ModelFlow;
pub use system::LinearFlow;

use super::{Ended, Job, Observer, Phase, Snapshot, Trajectory};
use crate::numerics::logscale::log_add_exp;
use crate::optimizers::{Curve, FlowLimit, Geometry, OptimizerFacts};
use rest::Rest;
use rosenbrock::{Form, Outcome, Rosenbrock};

/// Largest dimension of the implicit stages: a dense Cholesky factorisation of this size takes about a second.
const LARGEST: usize = 2_500;
/// More steps, accepted and rejected, than any run so far has needed by an order of magnitude.
const MOST_STEPS: u64 = 20_000;
/// So many rejections in a row halve the step below the resolution of the clock.
const MOST_REJECTED: u64 = 40;
/// Ratio of the log-time variable between records.
const RECORD_RATIO: f64 = 1.02;

/// Longest step relative to the log-time variable: at least a dozen records in any factor of eight.
const LONGEST: f64 = 0.18;

/// Whether the implicit stages are small enough for this data. A mirror map ties the flow to the weights themselves; other
/// flows live in the row space.
pub fn fits(job: &Job, facts: &OptimizerFacts) -> bool {
    let (n, d, k) = (job.data.n(), job.data.d(), job.data.targets.outputs());
    let unknowns = if matches!(facts.geometry, Geometry::Mirror(_)) { d } else { n.min(d) };
    unknowns * k <= LARGEST && n * d <= 50_000_000
}

/// Time as a function of the integration variable: `t = start + unit (eˢ − 1)`.
#[derive(Debug, Clone, Copy)]
struct LogClock {
    log_start: f64,
    log_unit: f64,
}

impl LogClock {
    /// `log t` at `s`.
    fn log_time(&self, s: f64) -> f64 {
        let grown = if s > 30.0 { s } else { s.exp_m1().ln() };
        log_add_exp(self.log_start, self.log_unit + grown)
    }

    /// The `s` at which `log t` is reached.
    fn at(&self, log_time: f64) -> f64 {
        if log_time <= self.log_start {
            return 0.0;
        }
        // log(t − start), without cancellation.
        let rest = log_time + (-(self.log_start - log_time).exp()).ln_1p();
        let ratio = rest - self.log_unit;
        if ratio > 30.0 { ratio } else { ratio.exp().ln_1p() }
    }
}

/// Continues `trajectory` on the flow up to the job's horizon.
pub fn carry_on(job: &Job, facts: &OptimizerFacts, trajectory: &mut Trajectory, observer: &mut dyn Observer) {
    let (Some(limit), Some(goal), Some(last)) =
        (facts.flow, job.horizon.log_time, trajectory.snapshots.last())
    else {
        return;
    };
    match (limit.curve, facts.geometry) {
        (Curve::RegularizationPath, _) => return path::follow(job, goal, trajectory, observer),
        (Curve::Flow, Geometry::Mirror(potential)) => {
            return mirror::follow(job, potential, goal, trajectory, observer);
        }
        (Curve::Flow, Geometry::Adaptive(second)) => {
            return metric::follow(job, limit, second, trajectory, observer);
        }
        (Curve::Flow, Geometry::Norm(_)) => {}
        // The other geometries declare no flow.
        (Curve::Flow, _) => return,
    }
    let model = job.model.facts();
    if !(model.is_predictor && fits(job, facts)) {
        return curved::follow(job, goal, facts.continuous, trajectory, observer);
    }
    let Some(system) = LinearFlow::new(job, &last.theta) else {
        trajectory.ended = Ended::PrecisionExhausted;
        trajectory
            .phases
            .push("The data matrix could not be factorised, so the flow was not started.".into());
        return;
    };
    let log_unit = last.log_time.max(-system.log_smoothness(job));
    let clock = LogClock { log_start: last.log_time, log_unit };
    let mut drive = Drive {
        clock,
        goal: clock.at(goal),
        step: last.step,
        log_slip: f64::NEG_INFINITY,
        log_noise: f64::NEG_INFINITY,
        trajectory,
        observer,
    };
    drive.announce(limit, facts.continuous);
    let ended = drive.integrate(system);
    drive.finish(ended, limit, job.built.step_size, facts, goal);
}

/// The loop around the integrator.
struct Drive<'a> {
    clock: LogClock,
    goal: f64,
    step: u64,
    /// log ∫ ‖∇²L ∇L‖ dt so far: what the discrete iterates may have slipped from the flow, per unit step size.
    log_slip: f64,
    /// log ∫ mean‖∇ℓ_i‖² dt so far: the variance a stochastic method adds, per unit step size.
    log_noise: f64,
    trajectory: &'a mut Trajectory,
    observer: &'a mut dyn Observer,
}

impl Drive<'_> {
    fn announce(&mut self, limit: FlowLimit, continuous: bool) {
        let text = if continuous {
            "The gradient flow was integrated from the start.".to_string()
        } else {
            format!(
                "{} discrete steps were run exactly, up to t = {}; from there the run follows the gradient flow{}.",
                self.step,
                crate::numerics::logscale::format_log(self.clock.log_start),
                if limit.batch.is_some() {
                    " of the full loss, which the stochastic steps follow on average"
                } else {
                    ""
                }
            )
        };
        self.trajectory.phases.push(text);
    }

    fn integrate(&mut self, mut system: LinearFlow) -> Ended {
        let mut stepper = Rosenbrock::new(system.dim());
        let (mut s, mut h) = (0.0, 1e-3f64.min(self.goal));
        let (mut next_record, mut in_a_row) = (0.0, 0);
        let mut previous = system.rates(self.clock.log_unit);
        while s < self.goal {
            if self.trajectory.flow_steps + self.trajectory.flow_rejected >= MOST_STEPS {
                return Ended::BudgetSpent;
            }
            h = h.min(self.goal - s).min(LONGEST * (1.0 + s));
            // On the way to infinity the loss falls like 1/t; at rest it stands, towards a root it falls faster. While
            // nothing relaxes yet within a unit of s, log time crosses the wait in growing steps.
            let waiting = previous.stiffness < 0.1;
            let tail = (0.25..1.5).contains(&previous.decay);
            let form = if waiting || tail { Form::LogTime } else { Form::Time };
            match stepper.step(&mut system, form, s + self.clock.log_unit, h) {
                Outcome::Rejected { next } => {
                    self.trajectory.flow_rejected += 1;
                    in_a_row += 1;
                    h = next;
                    if h < 1e-13 * (1.0 + s) || in_a_row > MOST_REJECTED {
                        return Ended::PrecisionExhausted;
                    }
                    continue;
                }
                Outcome::Accepted { next } => {
                    in_a_row = 0;
                    s = if self.goal - s <= h { self.goal } else { s + h };
                    let now = system.rates(s + self.clock.log_unit);
                    self.log_slip = log_add_exp(self.log_slip, log_mean(previous.slip, now.slip) + h.ln());
                    self.log_noise =
                        log_add_exp(self.log_noise, log_mean(previous.noise, now.noise) + h.ln());
                    previous = now;
                    h = next;
                }
            }
            self.trajectory.flow_steps += 1;
            if s >= next_record || s >= self.goal {
                self.record(s, &system);
                next_record = s * RECORD_RATIO + 0.05;
            }
            match system.rest() {
                Rest::Moving => {}
                Rest::AtMinimiser => {
                    self.record(s, &system);
                    return Ended::Stationary;
                }
                Rest::Unresolved => {
                    self.record(s, &system);
                    return Ended::PrecisionExhausted;
                }
            }
            if !system.resolves_margins() {
                self.record(s, &system);
                return Ended::PrecisionExhausted;
            }
            if let Some(split) = settle::look(&system, s + self.clock.log_unit) {
                let log_time = self.clock.log_time(s);
                self.trajectory.phases.push(split.describe(log_time));
                system = split.apply(system);
                stepper = Rosenbrock::new(system.dim());
                previous = system.rates(s + self.clock.log_unit);
            }
            // The integrator's own measure of progress: log of the log-time variable.
            let fraction = (1.0 + s).ln() / (1.0 + self.goal).ln();
            if !self.observer.progress(fraction, self.step, self.clock.log_time(s)) {
                self.record(s, &system);
                return Ended::Interrupted;
            }
        }
        Ended::Completed
    }

    fn record(&mut self, s: f64, system: &LinearFlow) {
        let log_time = self.clock.log_time(s);
        if self.trajectory.snapshots.last().is_some_and(|l| l.log_time >= log_time) {
            return;
        }
        self.trajectory.snapshots.push(Snapshot {
            step: self.step,
            log_time,
            log_loss: system.log_loss(),
            theta: system.parameters().into(),
            phase: Phase::Flow,
        });
    }

    fn finish(
        &mut self,
        ended: Ended,
        limit: FlowLimit,
        step: Option<f64>,
        facts: &OptimizerFacts,
        goal: f64,
    ) {
        let reached = self.trajectory.snapshots.last().map_or(f64::NEG_INFINITY, |l| l.log_time);
        self.trajectory.log_time = if ended == Ended::Stationary { goal } else { reached };
        self.trajectory.ended = ended;
        if ended == Ended::Stationary {
            self.trajectory.phases.push(format!(
                "By t = {} the flow had reached a finite minimiser to the last bit; it stays there at every later time.",
                crate::numerics::logscale::format_log(reached)
            ));
        }
        if let (Some(eta), false) = (step, facts.continuous) {
            let drift = limit.error_factor * eta * self.log_slip.exp();
            let spread = limit.batch.map_or(0.0, |b| (eta / b.size as f64 * self.log_noise.exp()).sqrt());
            self.trajectory.continuation_bound = Some(drift + spread);
        }
    }
}

/// Log of the mean of two positive numbers given by their logs; the trapezoidal rule in log domain.
fn log_mean(a: f64, b: f64) -> f64 {
    log_add_exp(a, b) - std::f64::consts::LN_2
}
