//! The regularisation path in log scale: `λ = 10^-100000` is an ordinary value.
//!
//! With `s = −log λ` the path solves `c − c₀ = −eˢ ∇L(c)`, `c₀` the start, in row-space coordinates. Every point is solved
//! by Newton's method on the matrix the flow uses, `I + eˢ ∇²L`, from the tangent `dc/ds = (I + eˢ ∇²L)^-1 (c − c₀)` at
//! the point before. A step in `s` is halved unless Newton's corrections shrink at once: then it is inside the region
//! of quadratic convergence, and what the last correction leaves is far below the tolerance.

use super::rest::Rest;
use super::rosenbrock::System;
use super::system::LinearFlow;
use super::{LONGEST, MOST_REJECTED, MOST_STEPS};
use crate::numerics::logscale::format_log;
use crate::numerics::{Matrix, linalg};
use crate::training::{Ended, Job, Observer, Phase, Snapshot, Trajectory};

/// The path starts where the penalty outweighs the curvature of the loss by this (its logarithm).
const OUTWEIGHS: f64 = 6.9; // ln 1e3
/// Corrections of one solve.
const CORRECTIONS: usize = 12;
/// Each correction is at most this part of the one before.
const CONTRACTION: f64 = 0.5;
/// Corrections with which the step may grow.
const EASY: usize = 4;

/// Follows the path to `1/λ = exp(goal)`.
pub fn follow(job: &Job, goal: f64, trajectory: &mut Trajectory, observer: &mut dyn Observer) {
    let Some(system) = LinearFlow::new(job, job.theta0) else {
        trajectory.ended = Ended::PrecisionExhausted;
        trajectory
            .phases
            .push("The data matrix could not be factorised, so the path was not started.".into());
        return;
    };
    let start = (-system.log_smoothness(job) - OUTWEIGHS).min(goal);
    let dim = system.dim();
    let mut path = Path { centre: system.point().to_vec(), system, matrix: Matrix::zeros(dim, dim), start };
    trajectory.phases.push(format!(
        "The regularisation path was solved point by point, from λ = {} towards λ = {}; its clock is t = 1/λ.",
        format_log(-start),
        format_log(-goal)
    ));
    let ended = path.run(goal, trajectory, observer);
    let reached = trajectory.snapshots.last().map_or(f64::NEG_INFINITY, |l| l.log_time);
    trajectory.log_time = if ended == Ended::Stationary { goal } else { reached };
    trajectory.ended = ended;
    if ended == Ended::Stationary {
        trajectory.phases.push(format!(
            "By λ = {} the path had reached a finite minimiser of the loss to the last bit; it stays there for every smaller λ.",
            format_log(-reached)
        ));
    }
}

struct Path<'a> {
    system: LinearFlow<'a>,
    /// `c₀`: what the penalty pulls to.
    centre: Vec<f64>,
    matrix: Matrix,
    start: f64,
}

impl Path<'_> {
    fn run(&mut self, goal: f64, trajectory: &mut Trajectory, observer: &mut dyn Observer) -> Ended {
        let Some(first) = self.solve(self.system.point().to_vec(), self.start) else {
            return Ended::PrecisionExhausted;
        };
        self.system.set(&first.point);
        let (mut s, mut h, mut in_a_row) = (self.start, 0.5f64, 0);
        self.record(s, trajectory);
        while s < goal {
            if trajectory.flow_steps + trajectory.flow_rejected >= MOST_STEPS {
                return Ended::BudgetSpent;
            }
            h = h.min(goal - s).min(LONGEST * (1.0 + s.abs()));
            let next = if goal - s <= h { goal } else { s + h };
            let guess = self.ahead(s, next - s);
            match guess.and_then(|g| self.solve(g, next)) {
                None => {
                    trajectory.flow_rejected += 1;
                    in_a_row += 1;
                    h *= 0.5;
                    if h < 1e-13 * (1.0 + s.abs()) || in_a_row > MOST_REJECTED {
                        return Ended::PrecisionExhausted;
                    }
                    continue;
                }
                Some(solved) => {
                    in_a_row = 0;
                    self.system.set(&solved.point);
                    s = next;
                    h *= if solved.corrections <= EASY { 2.0 } else { 1.0 };
                }
            }
            trajectory.flow_steps += 1;
            self.record(s, trajectory);
            match self.system.rest() {
                Rest::Moving => {}
                Rest::AtMinimiser => return Ended::Stationary,
                Rest::Unresolved => return Ended::PrecisionExhausted,
            }
            if !self.system.resolves_margins() {
                return Ended::PrecisionExhausted;
            }
            let fraction = (1.0 + s - self.start).ln() / (1.0 + goal - self.start).ln();
            if !observer.progress(fraction, 0, s) {
                return Ended::Interrupted;
            }
        }
        Ended::Completed
    }

    /// The point that the tangent at `s` leads to over `h`.
    fn ahead(&mut self, s: f64, h: f64) -> Option<Vec<f64>> {
        let factor = self.system.implicit(s, &mut self.matrix)?;
        let mut tangent = self.offset(self.system.point());
        factor.solve(&mut tangent);
        let mut guess = self.system.point().to_vec();
        linalg::axpy(h, &tangent, &mut guess);
        Some(guess)
    }

    fn offset(&self, point: &[f64]) -> Vec<f64> {
        point.iter().zip(&self.centre).map(|(c, c0)| c - c0).collect()
    }

    /// Newton's method at `s` from `guess`; `None` where the corrections do not shrink. Leaves the system's point as it was.
    fn solve(&mut self, guess: Vec<f64>, s: f64) -> Option<Solved> {
        let before = self.system.point().to_vec();
        let solved = self.newton(guess, s);
        self.system.set(&before);
        solved
    }

    fn newton(&mut self, mut point: Vec<f64>, s: f64) -> Option<Solved> {
        let mut correction = vec![0.0; point.len()];
        let mut last = f64::INFINITY;
        for corrections in 1..=CORRECTIONS {
            self.system.set(&point);
            let factor = self.system.implicit(s, &mut self.matrix)?;
            self.system.velocity(None, s, &mut correction);
            correction.iter_mut().zip(self.offset(&point)).for_each(|(v, off)| *v -= off);
            factor.solve(&mut correction);
            linalg::axpy(1.0, &correction, &mut point);
            let size = self.system.error(&point, &correction);
            // Quadratic convergence: what is left is the square of what was just corrected.
            if size <= 1.0 {
                return Some(Solved { point, corrections });
            }
            if size.is_nan() || size > CONTRACTION * last {
                return None;
            }
            last = size;
        }
        None
    }

    fn record(&self, s: f64, trajectory: &mut Trajectory) {
        trajectory.snapshots.push(Snapshot {
            step: 0,
            log_time: s,
            log_loss: self.system.log_loss(),
            theta: self.system.parameters().into(),
            phase: Phase::Flow,
        });
    }
}

/// A point of the path and how many corrections it took.
struct Solved {
    point: Vec<f64>,
    corrections: usize,
}
