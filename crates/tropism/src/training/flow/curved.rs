//! The gradient flow of a model that is curved in its parameters, from a start to `log t` of any size.
//!
//! Long flat phases (small starts, saddles) cost few steps: while nothing moves a step in `s` multiplies the time, and what
//! grows from a saddle is followed at its own rate, however small it is, because errors are measured relative to what
//! each parameter has moved.

use super::extrapolation::Extrapolation;
use super::hessian::Turns;
use super::model::ModelFlow;
use super::rosenbrock::{Form, Outcome};
use super::stationary::Standing;
use super::{LONGEST, LogClock, MOST_REJECTED, MOST_STEPS, RECORD_RATIO};
use crate::losses::Tail;
use crate::numerics::linalg;
use crate::numerics::logscale::format_log;
use crate::training::{Ended, Job, Observer, Phase, Snapshot, Trajectory};

/// Steps between looks at whether the run has come to rest.
const LOOK: u64 = 4;
/// Length of the first step.
const FIRST: f64 = 1e-3;
/// Logarithm of the waiting time, in units of what then happens, from which on it is worth a clock of its own.
const WAITED: f64 = 20.0;
/// Rounding of an output beside one unit of margin beyond which weights of samples mean nothing.
const RESOLVED: f64 = 1e-3;

/// Integrates the flow from the last snapshot to `log t = goal`.
pub fn follow(
    job: &Job,
    goal: f64,
    continuous: bool,
    trajectory: &mut Trajectory,
    observer: &mut dyn Observer,
) {
    let Some(last) = trajectory.snapshots.last() else { return };
    let (log_start, step) = (last.log_time, last.step);
    let mut system = ModelFlow::new(job, &last.theta);
    let mut stepper = Extrapolation::new(&system);
    trajectory.phases.push(announce(step, log_start, continuous, &system));
    let ended = match first_rate(&mut system, &mut stepper) {
        None => at_the_start(&mut system, trajectory),
        Some(log_rate) => {
            let clock = LogClock { log_start, log_unit: log_start.max(-log_rate) };
            let tail = job.loss.facts().tail;
            let (horizon, goal) = (goal, clock.at(goal));
            Course { clock, horizon, goal, step, tail, turned: false, trajectory: &mut *trajectory, observer }
                .run(&mut system, &mut stepper)
        }
    };
    let reached = trajectory.snapshots.last().map_or(f64::NEG_INFINITY, |l| l.log_time);
    let for_ever = matches!(ended, Ended::Stationary | Ended::Saddle);
    trajectory.log_time = if for_ever { goal } else { reached };
    trajectory.ended = ended;
    if ended == Ended::Stationary {
        trajectory.phases.push(format!(
            "By t = {} the integration had come to rest at a finite minimiser, as far as its predictor can be told from one: no later step \
             moves it.",
            format_log(reached)
        ));
    }
}

fn announce(step: u64, log_start: f64, continuous: bool, system: &ModelFlow) -> String {
    let how = system.describe();
    if continuous {
        return format!("The gradient flow of the parameters was integrated from the start: {how}.");
    }
    format!(
        "{step} discrete steps were run exactly, up to t = {}; from there the run follows the gradient flow of the \
         parameters: {how}. How far the iterates may slip from that flow has no bound here, because the loss is not convex \
         in the parameters.",
        format_log(log_start)
    )
}

/// The start is a critical point: says of which kind.
fn at_the_start(system: &mut ModelFlow, trajectory: &mut Trajectory) -> Ended {
    if system.fits_all() {
        return Ended::Stationary;
    }
    trajectory.phases.push(
        "The gradient vanishes exactly at the start although the outputs do not fit: a saddle of the parameterisation. The \
         flow stays there for ever, and any other start leaves it."
            .into(),
    );
    Ended::Saddle
}

/// Log of the fastest rate at the start, at which outputs relax or a parameter changes by its own size; `None` if nothing
/// moves at all.
fn first_rate(system: &mut ModelFlow, stepper: &mut Extrapolation) -> Option<f64> {
    let scale = system.slope_scale();
    stepper.look(system, -scale);
    let v = stepper.velocity();
    if v.iter().all(|v| *v == 0.0) {
        return None;
    }
    let moving = v.iter().zip(&system.theta).filter(|(_, t)| **t != 0.0).map(|(v, t)| (v / t).abs());
    // What is zero moves beside the others.
    let size = linalg::norm2(&system.theta);
    let all = if size > 0.0 { linalg::norm2(v) / size } else { 0.0 };
    let changes = moving.fold(all, f64::max).ln() + scale;
    let speed = linalg::norm2(v).ln() + scale;
    let rate = changes.max(system.log_relaxation());
    // From the origin, with a Jacobian that is not kept, nothing tells a unit: that of the parameters themselves.
    Some(if rate.is_finite() { rate } else { speed })
}

/// The loop around the integrator.
struct Course<'a> {
    clock: LogClock,
    /// `log t` at the horizon.
    horizon: f64,
    /// `s` there.
    goal: f64,
    step: u64,
    tail: Tail,
    /// The bases were changed because a gradient could not be told from rounding.
    turned: bool,
    trajectory: &'a mut Trajectory,
    observer: &'a mut dyn Observer,
}

impl Course<'_> {
    fn run(&mut self, system: &mut ModelFlow, stepper: &mut Extrapolation) -> Ended {
        let (mut s, mut h) = (0.0, FIRST.min(self.goal));
        let (mut next_record, mut in_a_row) = (0.0, 0);
        stepper.look(system, self.clock.log_unit);
        let mut turns = Turns::new(self.clock.log_start);
        while s < self.goal {
            if self.trajectory.flow_steps + self.trajectory.flow_rejected >= MOST_STEPS {
                self.record(s, system);
                return Ended::BudgetSpent;
            }
            h = h.min(self.goal - s).min(LONGEST * (1.0 + s));
            let log_factor = s + self.clock.log_unit;
            let form = self.form(system, stepper, log_factor);
            let log_gain;
            match turns.step(stepper, system, form, log_factor, h) {
                Outcome::Rejected { next } => {
                    self.trajectory.flow_rejected += 1;
                    in_a_row += 1;
                    h = next;
                    if h < 1e-13 * (1.0 + s) || in_a_row > MOST_REJECTED {
                        let turned = self.turn_once(s, system, stepper);
                        if self.set_clock(s, system, stepper) {
                            (s, next_record) = (0.0, 0.0);
                        } else if !turned {
                            return self.stuck(s, system);
                        }
                        (h, in_a_row) = (FIRST.min(self.goal - s), 0);
                    }
                    continue;
                }
                Outcome::Accepted { next } => {
                    in_a_row = 0;
                    log_gain = log_factor + h.exp_m1().ln();
                    s = if self.goal - s <= h { self.goal } else { s + h };
                    h = next;
                }
            }
            self.trajectory.flow_steps += 1;
            if turns.choose(self.trajectory.flow_steps, log_gain, self.clock.log_time(s), system) {
                self.say(
                    s,
                    "the run had taken hundreds of steps while time doubled, as at a saddle: from there steps with the whole Hessian \
                     take turns with the others",
                );
            }
            stepper.look(system, s + self.clock.log_unit);
            let ended = self.looks_ended(system, stepper, s);
            if s >= next_record || s >= self.goal || ended.is_some() {
                self.record(s, system);
                next_record = s * RECORD_RATIO + 0.05;
            }
            if let Some(ended) = ended {
                return ended;
            }
            let fraction = (1.0 + s).ln() / (1.0 + self.goal).ln();
            if !self.observer.progress(fraction, self.step, self.clock.log_time(s)) {
                self.record(s, system);
                return Ended::Interrupted;
            }
        }
        if let held @ 1.. = system.held() {
            let pairs = if held == 1 {
                "pair of a unit and a sample stands"
            } else {
                "pairs of a unit and a sample stand"
            };
            self.say(s, &format!("{held} {pairs} on the kink of the ReLU, where the flow keeps them"));
        }
        Ended::Completed
    }

    /// A flow that has waited for long moves again within a tiny part of that time, which no step in the old `s` resolves: from here on
    /// time is counted anew, in units of the present rate. `false` where that is not why no step could be taken.
    fn set_clock(&mut self, s: f64, system: &mut ModelFlow, stepper: &mut Extrapolation) -> bool {
        let Some(rate) = first_rate(system, stepper) else { return false };
        let log_start = self.clock.log_time(s);
        if -rate > log_start - WAITED {
            return false;
        }
        self.clock = LogClock { log_start, log_unit: -rate };
        self.goal = self.clock.at(self.horizon);
        stepper.look(system, self.clock.log_unit);
        self.goal > 0.0
    }

    /// On the way to infinity the loss falls like `1/t`, and while it hardly falls nothing relaxes within a unit of `s`: steps
    /// are taken in log time. Else in plain time.
    fn form(&self, system: &ModelFlow, stepper: &Extrapolation, log_factor: f64) -> Form {
        // dL/ds = −‖dθ/ds‖² / (dt/ds).
        let log_fall = 2.0 * linalg::norm2(stepper.velocity()).ln() - log_factor - system.log_loss();
        let decay = log_fall.min(50.0).exp();
        let tail = self.tail != Tail::FiniteRoot && (0.25..1.5).contains(&decay);
        if tail || decay < 0.1 { Form::LogTime } else { Form::Time }
    }

    /// Why the run cannot or need not go on, if so.
    fn looks_ended(&mut self, system: &mut ModelFlow, stepper: &mut Extrapolation, s: f64) -> Option<Ended> {
        if self.tail == Tail::Exponential && system.largest_noise() > RESOLVED {
            self.say(
                s,
                "rounding of the outputs had reached a thousandth of a unit of margin; the run ends there",
            );
            return Some(Ended::PrecisionExhausted);
        }
        if !self.trajectory.flow_steps.is_multiple_of(LOOK) {
            return None;
        }
        match system.standing(stepper.velocity(), s + self.clock.log_unit) {
            Standing::Moving => None,
            Standing::AtMinimiser => Some(Ended::Stationary),
            Standing::AtSaddle => {
                self.say(
                    s,
                    "the gradient was rounding noise at a point that is no minimiser: a saddle, which rounding will not let \
                     the run leave as the flow would",
                );
                Some(Ended::Saddle)
            }
            Standing::Unresolved if self.turn_once(s, system, stepper) => None,
            Standing::Unresolved => {
                self.say(
                    s,
                    "the gradient could no longer be told from rounding, which does not pin a minimiser down",
                );
                Some(Ended::PrecisionExhausted)
            }
        }
    }

    /// Bases in which small gradients are no rounding of large ones, once.
    fn turn_once(&mut self, s: f64, system: &mut ModelFlow, stepper: &mut Extrapolation) -> bool {
        let turned = !std::mem::replace(&mut self.turned, true) && system.turn();
        if turned {
            stepper.look(system, s + self.clock.log_unit);
        }
        turned
    }

    fn stuck(&mut self, s: f64, system: &ModelFlow) -> Ended {
        self.record(s, system);
        self.say(s, "no step, however short, met the tolerance; the run ends there");
        Ended::PrecisionExhausted
    }

    fn say(&mut self, s: f64, what: &str) {
        let t = format_log(self.clock.log_time(s));
        self.trajectory.phases.push(format!("By t = {t} {what}."));
    }

    fn record(&mut self, s: f64, system: &ModelFlow) {
        let log_time = self.clock.log_time(s);
        if let Some(last) = self.trajectory.snapshots.last().filter(|l| l.log_time >= log_time) {
            if last.log_time > log_time || last.phase != Phase::Flow {
                return;
            }
            // After a wait of 10^23 units a whole jump lies within the last bit of `log t`: the later point counts.
            self.trajectory.snapshots.pop();
        }
        self.trajectory.snapshots.push(Snapshot {
            step: self.step,
            log_time,
            log_loss: system.log_loss(),
            theta: system.parameters().into(),
            phase: Phase::Flow,
        });
    }
}
