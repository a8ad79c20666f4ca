//! The mirror flow `d∇Φ(w)/dt = −∇L(w)` in log time, in the dual variable `z = ∇Φ(w)`.
//!
//! `dz/ds = −c eˢ ∇L(w(z))` has the Jacobian `−c eˢ ∇²L D`, `D = diag(dw/dz) = diag(φ*'')`; `D^{1/2}` makes it symmetric, so
//! that the stages of `rosenbrock.rs` are Cholesky factorisations here as well. Where `φ*''` is infinite (`z = 0` for a
//! p-norm with `p > 2`) or zero (`p < 2`), it is taken at the distance that the stage itself moves `z`. The clock is
//! `t = c eˢ` from a time at which no weight has moved: there `w` may grow like any root of `t`.

use super::rosenbrock::{Form, Implicit, Outcome, Rosenbrock, System};
use super::system::LinearFlow;
use super::{LONGEST, MOST_REJECTED, MOST_STEPS, RECORD_RATIO};
use crate::losses::Tail;
use crate::numerics::logscale::format_log;
use crate::numerics::{Matrix, Potential, linalg};
use crate::training::{Ended, Job, Observer, Phase, Snapshot, Trajectory};

/// Until `e^-20` of the unit of the weights has been travelled nothing has moved.
const BEFORE: f64 = 20.0;
/// Tolerance on the dual variable, relative to its largest entry; outputs have the tolerance of the gradient flow.
const DUAL: f64 = 1e-7;
/// On a tail, tolerances of the outputs are this much wider (its inverse) than for the gradient flow, whose solution is
/// straight there: what a step misses of a margin, the next ones pull back.
const TAIL: f64 = 0.05;
/// A weight passes through zero in a step if its `z` is within this many moves of an implicit stage.
const PASSING: f64 = 5.0;
/// `D` at least this part of its largest entry: far below what one stage resolves.
const LEAST: f64 = 1e-24;
/// A finite minimiser counts as reached when it is no further than this part of the weights.
const REACHED: f64 = 1e-9;

/// Integrates the flow from the last snapshot to `log t = goal`.
pub fn follow(
    job: &Job,
    potential: Potential,
    goal: f64,
    trajectory: &mut Trajectory,
    observer: &mut dyn Observer,
) {
    let d = job.data.d();
    let identity = Matrix::from_fn(d, d, |i, j| f64::from(u8::from(i == j)));
    let inner = LinearFlow::over(job, job.theta0, identity, job.data.x.to_dense());
    let log_unit = -inner.log_smoothness(job);
    let dual = job.theta0.iter().map(|&w| potential.mirror(w)).collect();
    let rooted = job.loss.facts().tail == Tail::FiniteRoot;
    let mut flow = MirrorFlow { weight: vec![0.0; job.theta0.len()], inner, potential, dual, rooted };
    trajectory.phases.push("The mirror flow was integrated from the start, in its dual variable.".into());
    let ended = flow.run(log_unit, goal, job.loss.facts().tail, trajectory, observer);
    let reached = trajectory.snapshots.last().map_or(f64::NEG_INFINITY, |l| l.log_time);
    trajectory.log_time = if ended == Ended::Stationary { goal } else { reached };
    trajectory.ended = ended;
    if ended == Ended::Stationary {
        trajectory.phases.push(format!(
            "By t = {} the flow had reached a finite minimiser to rounding; it stays there at every later time.",
            format_log(reached)
        ));
    }
}

/// The flow in `z`, over the loss in the weights themselves.
struct MirrorFlow<'a> {
    inner: LinearFlow<'a>,
    potential: Potential,
    dual: Vec<f64>,
    /// What an error in `z` counts in the weights: `φ*''(z)`, or 0 where a weight passes through an infinite slope.
    weight: Vec<f64>,
    /// Whether the loss has a finite root, whose approach is followed to the tolerance of the gradient flow.
    rooted: bool,
}

impl MirrorFlow<'_> {
    fn run(
        &mut self,
        log_unit: f64,
        goal: f64,
        tail: Tail,
        trajectory: &mut Trajectory,
        observer: &mut dyn Observer,
    ) -> Ended {
        let goal = goal - log_unit;
        let start = self.leave(log_unit, goal);
        let mut stepper = Rosenbrock::new(self.dual.len());
        let (mut s, mut h) = (start, 1e-2f64);
        let (mut next_record, mut in_a_row) = (start, 0);
        while s < goal {
            if trajectory.flow_steps + trajectory.flow_rejected >= MOST_STEPS {
                return Ended::BudgetSpent;
            }
            h = h.min(goal - s).min(LONGEST * (1.0 + s - start));
            let form = self.form(tail, s + log_unit);
            match stepper.step(self, form, s + log_unit, h) {
                Outcome::Rejected { next } => {
                    trajectory.flow_rejected += 1;
                    in_a_row += 1;
                    h = next;
                    if h < 1e-13 * (1.0 + s.abs()) || in_a_row > MOST_REJECTED {
                        return Ended::PrecisionExhausted;
                    }
                    continue;
                }
                Outcome::Accepted { next } => {
                    in_a_row = 0;
                    s = if goal - s <= h { goal } else { s + h };
                    h = next;
                }
            }
            trajectory.flow_steps += 1;
            let ended = self.looks_ended(tail);
            if s >= next_record || s >= goal || ended.is_some() {
                self.record(s + log_unit, trajectory);
                next_record = s + (RECORD_RATIO - 1.0) * s.abs() + 0.05;
            }
            if let Some(ended) = ended {
                return ended;
            }
            let fraction = (1.0 + s - start).ln() / (1.0 + goal - start).ln();
            if !observer.progress(fraction, 0, s + log_unit) {
                self.record(s + log_unit, trajectory);
                return Ended::Interrupted;
            }
        }
        Ended::Completed
    }

    /// Goes to the time at which the run starts to move, and returns it: until then the gradient is that of the start.
    fn leave(&mut self, log_unit: f64, goal: f64) -> f64 {
        let root = match self.potential {
            // w = z^{1/(p−1)}: a weight of size e^-20 needs a time of size e^{-20 (p−1)}.
            Potential::PNorm(p) => (p - 1.0).max(1.0),
            _ => 1.0,
        };
        let start = (-BEFORE * root).min(goal);
        let mut moved = vec![0.0; self.dual.len()];
        self.velocity(None, start + log_unit, &mut moved);
        linalg::axpy(1.0, &self.dual.clone(), &mut moved);
        self.set(&moved);
        start
    }

    /// Towards infinity, and while nothing relaxes yet, steps are taken in log time; towards a finite minimiser in `t`.
    fn form(&mut self, tail: Tail, log_factor: f64) -> Form {
        if tail != Tail::FiniteRoot {
            return Form::LogTime;
        }
        let mut speed = vec![0.0; self.dual.len()];
        self.velocity(None, log_factor, &mut speed);
        let pull: f64 = speed
            .iter()
            .zip(&self.dual)
            .map(|(v, z)| v.abs() * (self.potential.inverse(z + v) - self.potential.inverse(*z)).abs())
            .sum();
        // −dL/ds against L: how much of the loss goes within a unit of s.
        let share = pull / (self.inner.log_loss() + log_factor).exp();
        if share < 0.1 { Form::LogTime } else { Form::Time }
    }

    /// Why the run cannot or need not go on, if so.
    fn looks_ended(&mut self, tail: Tail) -> Option<Ended> {
        if !self.inner.resolves_margins() {
            return Some(Ended::PrecisionExhausted);
        }
        let shift = -self.inner.forward(None);
        let noise = self.inner.gradient_noise();
        let mut gradient = vec![0.0; noise.len()];
        self.inner.velocity(None, shift, &mut gradient);
        if gradient.iter().zip(&noise).any(|(g, n)| g.abs() > *n) {
            return None;
        }
        // With a tail, a vanished gradient is a minimiser that no theorem on separable data speaks of.
        let reached = tail == Tail::FiniteRoot && self.remaining().is_some_and(|r| r <= REACHED);
        Some(if reached { Ended::Stationary } else { Ended::PrecisionExhausted })
    }

    /// How far the root of a squared loss still is, relative to the weights: `D Xᵀ (X D Xᵀ)^-1` times the residual.
    fn remaining(&mut self) -> Option<f64> {
        let unit = self.inner.forward(None) - self.inner.log_weight;
        let rows = &self.inner.rows;
        let curvature: Vec<f64> = self.dual.iter().map(|&z| self.potential.conjugate_curvature(z)).collect();
        let scaled = Matrix::from_fn(rows.rows(), rows.cols(), |i, j| rows.get(i, j) * curvature[j].sqrt());
        // The decomposition serves data of any rank: only directions in which the residual can act count.
        let svd = linalg::svd(&scaled)?;
        let cut = rows.rows().max(rows.cols()) as f64 * f64::EPSILON * svd.s.first().copied()?;
        let mut root = vec![0.0; rows.cols()];
        for (k, &s) in svd.s.iter().enumerate().take_while(|(_, s)| **s > cut) {
            let part: f64 =
                (0..rows.rows()).map(|i| svd.u.get(i, k) * self.inner.slopes[i] * unit.exp()).sum();
            root.iter_mut().enumerate().for_each(|(j, v)| *v += part / s * svd.v.get(j, k));
        }
        let step: Vec<f64> = root.iter().zip(&curvature).map(|(r, c)| r * c.sqrt()).collect();
        Some(linalg::norm2(&step) / linalg::norm2(self.inner.point()).max(f64::MIN_POSITIVE))
    }

    fn weights(&self, dual: &[f64]) -> Vec<f64> {
        dual.iter().map(|&z| self.potential.inverse(z)).collect()
    }

    fn record(&self, log_time: f64, trajectory: &mut Trajectory) {
        if trajectory.snapshots.last().is_some_and(|l| l.log_time >= log_time) {
            return;
        }
        trajectory.snapshots.push(Snapshot {
            step: 0,
            log_time,
            log_loss: self.inner.log_loss(),
            theta: self.inner.parameters().into(),
            phase: Phase::Flow,
        });
    }
}

impl System for MirrorFlow<'_> {
    fn point(&self) -> &[f64] {
        &self.dual
    }

    fn set(&mut self, point: &[f64]) {
        self.dual.copy_from_slice(point);
        let w = self.weights(point);
        self.inner.set(&w);
    }

    fn velocity(&mut self, point: Option<&[f64]>, log_factor: f64, out: &mut [f64]) {
        let w = point.map(|z| self.weights(z));
        self.inner.velocity(w.as_deref(), log_factor, out);
    }

    fn implicit(&mut self, log_factor: f64, matrix: &mut Matrix) -> Option<Implicit> {
        let mut moved = vec![0.0; self.dual.len()];
        self.inner.velocity(None, log_factor, &mut moved);
        // The mean of φ*'' over what the stage moves z: finite and positive at z = 0 as well, unless nothing moves it.
        let mean = |(z, m): (&f64, &f64)| match z.abs().max(m.abs()) {
            0.0 => 0.0,
            far => self.potential.conjugate_curvature(far.copysign(*z)),
        };
        let curvature: Vec<f64> = self.dual.iter().zip(&moved).map(mean).collect();
        let steep = matches!(self.potential, Potential::PNorm(p) if p > 2.0);
        for (j, w) in self.weight.iter_mut().enumerate() {
            // Passing through an infinite slope takes no time: what it does to the others shows in their z.
            let passing = steep && PASSING * moved[j].abs() > self.dual[j].abs();
            *w = if passing { 0.0 } else { curvature[j] };
        }
        let floor = LEAST * linalg::max_abs(&curvature);
        let root: Vec<f64> = curvature.iter().map(|c| c.max(floor).max(f64::MIN_POSITIVE).sqrt()).collect();
        self.inner.hessian(log_factor, matrix);
        for i in 0..root.len() {
            for (v, r) in matrix.row_mut(i).iter_mut().zip(&root) {
                *v *= root[i] * r;
            }
        }
        Implicit::new(matrix, root)
    }

    fn error(&mut self, point: &[f64], error: &[f64]) -> f64 {
        let w = self.weights(point);
        let off: Vec<f64> = error.iter().zip(&self.weight).map(|(e, c)| e * c).collect();
        let strictness = if self.rooted { 1.0 } else { TAIL };
        let outputs = strictness * self.inner.error(&w, &off);
        let size = linalg::max_abs(point).max(f64::MIN_POSITIVE);
        outputs.max(linalg::max_abs(error) / (DUAL * size))
    }
}
