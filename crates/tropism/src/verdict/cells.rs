//! Whether a two-layer ReLU network is held in its cells: whether its limit is decided by the samples its units count now.
//!
//! While every unit counts the same samples the flow is that of a linear network on masked samples, whose KKT points are the optima of a
//! convex program, `min Σ_j ‖w_j‖ s.t. y_i Σ_j ±⟨w_j, x_i⟩ [j counts i] ≥ 1`. Weights `a ≥ 0` of the samples certify it to the relative
//! gap `s` if no unit's pull `g_j = Σ_{i counted} a_i y_i x_i` exceeds `1 + s` times the relative growth of the norm: then no unit
//! outgrows the others either. A unit turns towards `±g_j`, the sign that of its output weight; if both its direction and that one lie
//! well inside the cell, it stays there, for a cell is convex. A unit that counts no sample never moves. One that stands on the kink
//! of a single sample and is driven back to it from both sides moves along the kink: its pull is what is left of `g_j` there.

use crate::data::Targets;
use crate::measures::Moment;
use crate::models::{Block, Regime, Structure, Trained};
use crate::numerics::Matrix;
use crate::numerics::linalg::{axpy, dot, norm2};
use crate::spec::Setup;

/// Sine of the angle to a kink above which a direction is well inside a cell.
const CLEAR: f64 = 0.05;
/// The same below which a unit stands on the kink.
const TOUCH: f64 = 1e-6;

/// Whether the network stays in its cells, whose optimum it has found to the relative gap `slack`; `weights [n]` are the samples'
/// shares in the gradient. `None` for other models.
pub(super) fn held(setup: &Setup, moment: &Moment, weights: &[f64], slack: f64) -> Option<bool> {
    let all = Structure::Relu { depth: 2, trained: Trained::AllLayers };
    let blocks = setup.model.blocks();
    let ([hidden, outer], Targets::Sign(y)) = (blocks.as_slice(), &setup.data.targets) else { return None };
    if setup.model.facts().structure != all || setup.spec.model.regime != Regime::default() {
        return None;
    }
    let signed: Vec<f64> = y.iter().zip(weights).map(|(y, a)| y * a).collect();
    let x = setup.data.x.to_dense();
    Some(Cells { x: &x, lengths: (0..x.rows()).map(|i| norm2(x.row(i))).collect(), signed: &signed }.hold(
        &moment.theta,
        hidden,
        outer,
        slack,
    ))
}

struct Cells<'a> {
    x: &'a Matrix,
    /// Lengths of the samples, `[n]`.
    lengths: Vec<f64>,
    /// `a_i y_i`, `[n]`.
    signed: &'a [f64],
}

impl Cells<'_> {
    fn hold(&self, theta: &[f64], hidden: &Block, outer: &Block, slack: f64) -> bool {
        let rows = theta[hidden.range()].chunks_exact(hidden.cols.max(1));
        let (mut pulls, mut growth) = (vec![], 0.0);
        for (v, &b) in rows.zip(&theta[outer.range()]) {
            if self.off(v) {
                continue;
            }
            let Some(pull) = self.pull(v, b) else { return false };
            let speed = b * dot(&pull, v);
            if speed <= 0.0 {
                return false;
            }
            growth += 2.0 * speed;
            pulls.push(norm2(&pull));
        }
        growth /= dot(theta, theta);
        !pulls.is_empty() && pulls.iter().all(|g| *g <= growth * (1.0 + slack))
    }

    /// Sine of the angle between `v` and the kink of a sample, with the sign of the side; a sample at zero has no kink.
    fn sine(&self, v: &[f64], i: usize) -> f64 {
        match self.lengths[i] * norm2(v) {
            0.0 => f64::NEG_INFINITY,
            size => dot(v, self.x.row(i)) / size,
        }
    }

    /// Whether a unit counts no sample, with none on its kink.
    fn off(&self, v: &[f64]) -> bool {
        (0..self.x.rows()).all(|i| self.sine(v, i) < -TOUCH)
    }

    /// What pulls a unit with input weights `v` and output weight `b`, `[d]`; `None` unless it stays where it counts these samples.
    fn pull(&self, v: &[f64], b: f64) -> Option<Vec<f64>> {
        let mut pull = vec![0.0; v.len()];
        let mut kink = None;
        for i in 0..self.x.rows() {
            match self.sine(v, i) {
                s if s.abs() <= TOUCH && kink.is_none() => kink = Some(i),
                s if s.abs() < CLEAR => return None,
                s if s > 0.0 => axpy(self.signed[i], self.x.row(i), &mut pull),
                _ => {}
            }
        }
        if let Some(k) = kink {
            let (row, square) = (self.x.row(k), self.lengths[k].powi(2));
            let across = dot(&pull, row);
            let least = CLEAR * norm2(&pull) * self.lengths[k];
            let (below, above) = (b.signum() * across, b.signum() * (across + self.signed[k] * square));
            if !(below > least && above < -least) {
                return None;
            }
            axpy(-across / square, row, &mut pull);
        }
        let target: Vec<f64> = pull.iter().map(|g| b.signum() * g).collect();
        let same_side = |i: usize| {
            let (now, then) = (self.sine(v, i), self.sine(&target, i));
            now == then || (now > 0.0) == (then > 0.0) && then.abs() >= CLEAR
        };
        (0..self.x.rows()).filter(|i| Some(*i) != kink).all(same_side).then_some(pull)
    }
}
