//! The points of rank 1, 2, … that greedy low-rank learning visits: what gradient flow on a factorisation of depth 2 follows from a
//! vanishing start, and the times at which it leaves them.
//!
//! On `(ω/2) ‖y − A(U Vᵀ)‖²`: from `W_0 = 0`, the flow on factors of rank `r + 1` leaves `W_r` along the top singular vectors `u, v` of the
//! negative gradient `−∇ℓ(W_r)` and comes to rest at `W_{r+1}`, until the gradient vanishes. What a small start has beside the learned
//! columns, `P = [U; V]`, grows at `W_r` by `dP/dt = −[0 ∇ℓ; ∇ℓᵀ 0] P`: its part along `(u, v)` comes to size after a time
//! proportional to `log(1/‖P‖)`, and what the others have grown to by then is the next `P`.
//!
//! Shapes: `A [n × rows·cols]`, entries of `W` along rows; `y [n]`; the start `P [(rows + cols) × k]`; the dual is ignored.
//! Assumes: points that are strict minimisers among the products of their rank, up to a change of basis between the factors; small
//! problems, for Hessians are decomposed.
//! Source: Li, Luo, Lyu 2021 (arXiv 2012.09839), Algorithm 1, there for symmetric matrices, to which `[U; V]` lifts this one; times and
//! the growth of the rest are ours, from the linear equation above.
//! Units and invariance: invariant under rotations of rows and columns; times in units of `1/(ω A² W)`. `value` is the squared
//! distance to the last point, its bound is 0.
//! Errors: a flow that does not come to rest, a rest that is no strict minimiser of its rank, factors of more than 100 entries.
//!
//! ```
//! use tropism::numerics::Matrix;
//! use tropism::programs::GreedyRank;
//!
//! // All entries of diag(2, 1) observed, factors 1e-9 · I: each entry is learned at log(1e9 · √σ)/σ, the larger first.
//! let a = Matrix::from_fn(4, 4, |i, j| f64::from(u8::from(i == j)));
//! let start = Matrix::from_fn(4, 2, |i, j| if i % 2 == j { 1e-9 } else { 0.0 });
//! let greedy = GreedyRank::new(&a.into(), &[2.0, 0.0, 0.0, 1.0], 1.0, 2, &start)?;
//! let jumps: Vec<f64> = greedy.path.saddles.iter().map(|s| s.time).collect();
//! assert!((jumps[1] - (1e9 * 2f64.sqrt()).ln() / 2.0).abs() < 1e-9 && (jumps[2] - 1e9f64.ln()).abs() < 1e-9);
//! assert!(greedy.path.saddles[1].w[3].abs() < 1e-9 && (greedy.path.saddles[2].w[3] - 1.0).abs() < 1e-9);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::factor_flow::{FactorFlow, NEAR};
use super::factor_start::Others;
use super::saddle_path::{Saddle, SaddlePath};
use super::{Budget, Program, ProgramFacts, Solution};
use crate::error::Error;
use crate::numerics::linalg::{norm2, svd};
use crate::numerics::{Design, Matrix};

/// The path as a program whose only minimiser is its end.
#[derive(Debug, Clone)]
pub struct GreedyRank {
    /// `W_0 = 0, W_1, …`, each `[rows * cols]`, with the times at which they are reached; `left` is the largest step that Newton's
    /// method would still make at one of them, relative to the factors.
    pub path: SaddlePath,
    /// How far this start is from the limit of vanishing ones, at the worst of the points that are left: size of what grows beside
    /// the next direction when that comes to size, relative to it, or what is left of the fall onto the point.
    pub beside: f64,
    /// How much a run in floating point feeds the next direction by rounding, relative to what the start does, at the worst of the
    /// points that are left: far above one, it leaves them sooner than the flow.
    pub rounding: f64,
}

/// Relative size of the step off a saddle; what it adds to the point is of second order.
const NUDGE: f64 = 1e-5;
/// Gradients this small, relative to that at zero, are zero.
const ZERO: f64 = 1e-9;

impl GreedyRank {
    /// Measurements `A [n × rows·cols]`, targets `y [n]`, the weight `ω` of one sample, the rows of `W`, and the start `[U; V]`.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(a: &Design, y: &[f64], weight: f64, rows: usize, start: &Matrix) -> Result<Self, Error> {
        let cols = a.cols() / rows.max(1);
        if rows * cols != a.cols() || start.rows() != rows + cols {
            let what = format!("a start of {} rows for {} entries in {rows} rows", start.rows(), a.cols());
            return Err(Error::data("greedy rank", what));
        }
        let flow = FactorFlow { a, y, weight, rows, cols };
        let mut walk = Walk {
            flow,
            others: Others::new(start),
            theta: vec![],
            rate: f64::INFINITY,
            since: 0.0,
            size: 0.0,
        };
        let mut out = Self {
            path: SaddlePath {
                saddles: vec![Saddle::start(rows * cols)],
                left: 0.0,
                start: 0.0,
                beside: 0.0,
            },
            beside: 0.0,
            rounding: 0.0,
        };
        let mut g = walk.flow.gradient(&out.path.saddles[0].w);
        walk.size = norm2(g.as_slice());
        for rank in 1..=rows.min(cols).min(start.cols()) {
            if norm2(g.as_slice()) <= ZERO * walk.size {
                break;
            }
            g = walk.next(&g, rank, &mut out)?;
        }
        // What is beside the last point must still be small when that is reached.
        out.beside = out.beside.max(walk.others.most / norm2(&walk.theta).max(f64::MIN_POSITIVE));
        Ok(out)
    }
}

/// The flow on its way.
struct Walk<'a> {
    flow: FactorFlow<'a>,
    others: Others,
    /// Factors at rest, and the rate of the fall onto them.
    theta: Vec<f64>,
    rate: f64,
    /// Time since the last jump, to which the others are known.
    since: f64,
    /// Norm of the gradient at zero.
    size: f64,
}

impl Walk<'_> {
    /// From the last point of `out`, at gradient `g`, to the next, and the gradient there.
    fn next(&mut self, g: &Matrix, rank: usize, out: &mut GreedyRank) -> Result<Matrix, Error> {
        let here = out.path.saddles[rank - 1].clone();
        let next = Direction::leading(&self.flow, g)?;
        let lead = -NUDGE.ln() / next.pull;
        let departure = self.others.depart(g, next.length, lead)?;
        let stay = self.since + departure.wait;
        let unsettled = NEAR * (self.rate * (here.lag - stay)).exp();
        let alone = if stay > 0.0 { departure.beside.max(unsettled) } else { f64::INFINITY };
        out.beside = out.beside.max(alone);
        out.rounding = out.rounding.max(departure.rounding);
        let scale = next.length.max(norm2(&self.theta));
        let rest = self.flow.settle(next.beside(&self.theta, rank), self.size)?;
        self.since = -lead;
        for step in &rest.way {
            if self.since < 0.0 && self.since + step.time >= 0.0 {
                self.others.round(scale);
            }
            self.since += step.time;
            self.others.follow(&step.middle, step.time)?;
        }
        (self.theta, self.rate) = (rest.theta, rest.rate);
        let g = self.flow.gradient(&rest.w);
        out.path.left = out.path.left.max(rest.off);
        out.path.saddles.push(Saddle {
            time: here.time + stay,
            w: rest.w,
            blur: here.blur + 1.0 / next.pull,
            lag: self.since.max(0.0),
            ..here
        });
        Ok(g)
    }
}

/// The direction in which the flow leaves a point.
struct Direction {
    u: Vec<f64>,
    v: Vec<f64>,
    /// Largest singular value of the gradient: factors grow like its exponential.
    pull: f64,
    /// Of either factor where the loss is least along `u vᵀ` alone.
    length: f64,
}

impl Direction {
    fn leading(flow: &FactorFlow, g: &Matrix) -> Result<Self, Error> {
        let d = svd(g).ok_or_else(|| Error::data("greedy rank", "the gradient has no singular values"))?;
        let u: Vec<f64> = (0..flow.rows).map(|i| -d.u.get(i, 0)).collect();
        let v: Vec<f64> = (0..flow.cols).map(|j| d.v.get(j, 0)).collect();
        let length = (d.s[0] / flow.curvature(&u, &v).max(f64::MIN_POSITIVE)).sqrt();
        Ok(Self { u, v, pull: d.s[0], length })
    }

    /// Factors `θ` with one more column each, a little way along it.
    fn beside(&self, theta: &[f64], rank: usize) -> Vec<f64> {
        let (u, v) = theta.split_at((rank - 1) * self.u.len());
        let step = |w: &[f64]| w.iter().map(|w| NUDGE * self.length * w).collect::<Vec<f64>>();
        [u, &step(&self.u), v, &step(&self.v)].concat()
    }
}

impl Program for GreedyRank {
    fn value(&self, w: &[f64]) -> f64 {
        self.path.value(w)
    }

    fn violation(&self, w: &[f64]) -> f64 {
        self.path.violation(w)
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        self.path.bound(dual)
    }

    fn solve(&self, budget: &Budget) -> Solution {
        Solution { method: "greedy low-rank learning".into(), ..self.path.solve(budget) }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "greedy_rank".into(),
            formula: "min ‖W − W_K‖², the last point of greedy low-rank learning".into(),
            ..self.path.facts()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::linalg::distance;

    /// Eight of nine entries of a matrix of rank two, and a start without any order in it.
    fn completion(scale: f64) -> (Matrix, Vec<f64>, Matrix) {
        let truth = [3.15, 1.3, 1.7, 1.35, 0.2, 1.3, 1.425, 0.35, 1.15];
        let seen = [0, 1, 2, 3, 4, 6, 7, 8];
        let a = Matrix::from_fn(seen.len(), 9, |i, j| f64::from(u8::from(seen[i] == j)));
        let start = Matrix::from_fn(6, 3, |i, k| scale * ((i * i + 3 * k * k + i * k + 1) as f64).cos());
        (a, seen.iter().map(|&j| truth[j]).collect(), start)
    }

    /// `θ' = −∇` of `(ω/2) ‖y − A(U Vᵀ)‖²` by the classical method of Runge and Kutta: entry by entry, no linear algebra.
    fn slowly(y: &[f64], seen: &[usize], weight: f64, start: &Matrix, until: f64) -> Vec<f64> {
        let product =
            |p: &[f64], i: usize, j: usize| (0..3).map(|k| p[3 * i + k] * p[9 + 3 * j + k]).sum::<f64>();
        let velocity = |p: &[f64]| {
            let mut v = vec![0.0; 18];
            for (y, at) in y.iter().zip(seen) {
                let (i, j) = (at / 3, at % 3);
                let r = weight * (product(p, i, j) - y);
                for k in 0..3 {
                    v[3 * i + k] -= r * p[9 + 3 * j + k];
                    v[9 + 3 * j + k] -= r * p[3 * i + k];
                }
            }
            v
        };
        let go = |p: &[f64], v: &[f64], h: f64| p.iter().zip(v).map(|(p, v)| p + h * v).collect::<Vec<f64>>();
        let mut p = start.as_slice().to_vec();
        let steps = (until / 0.02).ceil();
        let h = until / steps;
        for _ in 0..steps as usize {
            let k1 = velocity(&p);
            let k2 = velocity(&go(&p, &k1, 0.5 * h));
            let k3 = velocity(&go(&p, &k2, 0.5 * h));
            let k4 = velocity(&go(&p, &k3, h));
            for i in 0..18 {
                p[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
            }
        }
        (0..9).map(|at| product(&p, at / 3, at % 3)).collect()
    }

    /// In the middle of each stay the flow of all factors is where it is said to be, and at each jump between two points.
    #[test]
    fn the_flow_of_all_factors_follows_the_path() {
        let (a, y, start) = completion(1e-9);
        let seen = [0, 1, 2, 3, 4, 6, 7, 8];
        let greedy = GreedyRank::new(&a.into(), &y, 0.5, 3, &start).expect("a path");
        let saddles = &greedy.path.saddles;
        assert_eq!(saddles.len(), 3);
        assert!(greedy.beside < 1e-3 && greedy.rounding < 1.0, "{} {}", greedy.beside, greedy.rounding);
        let last = norm2(&saddles[2].w);
        for k in 0..2 {
            let (from, to) = (saddles[k].time, saddles[k + 1].time);
            let middle = slowly(&y, &seen, 0.5, &start, 0.5 * (from + to));
            assert!(distance(&middle, &saddles[k].w) < 1e-2 * last, "{k} {middle:?} {:?}", saddles[k].w);
            let jump = slowly(&y, &seen, 0.5, &start, to);
            let share = distance(&jump, &saddles[k].w) / distance(&saddles[k + 1].w, &saddles[k].w);
            // Half way in a plane; in general the way bends.
            assert!((0.2..0.8).contains(&share), "{k} {share}");
        }
        let end = slowly(&y, &seen, 0.5, &start, 4.0 * saddles[2].time);
        assert!(distance(&end, &saddles[2].w) < 1e-3 * last, "{end:?} {:?}", saddles[2].w);
    }

    /// A larger start has the directions beside each other; from one so small that rounding is larger no run shows the times.
    #[test]
    fn what_is_beside_grows_with_the_start() {
        let at = |scale: f64| {
            let (a, y, start) = completion(scale);
            GreedyRank::new(&a.into(), &y, 1.0, 3, &start).expect("a path")
        };
        assert!(at(1e-3).beside > 10.0 * at(1e-8).beside);
        assert!(at(20.0).beside == f64::INFINITY);
        assert!(at(1e-8).rounding < 1.0 && at(1e-60).rounding > 1e3);
    }

    /// Measurements that commute never turn the modes: a direction without a start is never fed, however fast it would grow.
    #[test]
    fn directions_without_a_start_are_refused() {
        let a = Matrix::from_fn(4, 4, |i, j| f64::from(u8::from(i == j)));
        let start = Matrix::from_fn(4, 2, |i, j| if i % 2 == 1 && j == 1 { 1e-9 } else { 0.0 });
        let refused = GreedyRank::new(&a.into(), &[2.0, 0.0, 0.0, 1.0], 1.0, 2, &start);
        assert!(refused.is_err_and(|e| e.to_string().contains("no part in the direction")));
    }
}
