//! The saddles that gradient flow on a diagonal network visits from a vanishing start, and the times at which it jumps.
//!
//! On `w = u² − v²` with a loss `(ω/2) ‖y − Xw‖²` and gradient `g` in `w`, `log u = log u₀ − 2 ∫g dt` and `log v = log v₀ + 2 ∫g dt`. As the
//! start goes to zero, with time in units of `log(1/α)`, the flow stands still at a saddle until some `S_i = −2 ∫g_i dt` reaches
//! `log(1/u₀)` or `−log(1/v₀)`; then it jumps to `argmin ‖y − Xw‖²` over the `w` with `w_i ≥ 0` where `S_i` is at its upper end, `w_i ≤ 0`
//! at its lower end, and zero between.
//!
//! Shapes: `X [n × d]`, `y [n]`, `u₀, v₀ [d]` in (0, √s); `w [d]`; the dual is ignored (any length).
//! Assumes: inputs in general position, so that every saddle is the only minimiser of its problem and no two coordinates jump
//! at once.
//! Source: Pesme, Flammarion 2023 (arXiv 2304.00488), Algorithm 1 and Theorem 2, here in `u² − v²` and with a start for each coordinate.
//! Units and invariance: times in units of `1/(ω X² w)`. `value` is the squared distance to the last saddle, its bound is 0.
//! Errors: starts outside (0, √s), coordinates that jump at once, saddles that are not unique, more jumps than there should be.
//!
//! ```
//! use tropism::numerics::Matrix;
//! use tropism::programs::SaddlePath;
//!
//! // Two independent coordinates: the larger pull |g| = 2 jumps first, at t = log(√2/α)/(2 · 2), the other at log(√2/α)/2.
//! let x = Matrix::from_rows(&[vec![1.0, 0.0], vec![0.0, 1.0]]);
//! let path = SaddlePath::new(&x.into(), &[2.0, -1.0], 1.0, [&[1e-9; 2], &[1e-9; 2]])?;
//! let log = (2f64.sqrt() * 1e9).ln();
//! assert!((path.saddles[1].time - log / 4.0).abs() < 1e-12 && (path.saddles[2].time - log / 2.0).abs() < 1e-12);
//! assert!((path.saddles[2].w[1] + 1.0).abs() < 1e-12);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::nnls::nearest;
use super::{Budget, Program, ProgramFacts, Solution, SolveStatus, Uniqueness};
use crate::error::Error;
use crate::numerics::linalg::{distance, dot, max_abs, norm2, symmetric_eigen};
use crate::numerics::{Design, Matrix};

/// A place where the flow stands still, from `time` on.
#[derive(Debug, Clone, PartialEq)]
pub struct Saddle {
    pub time: f64,
    pub w: Vec<f64>,
    /// Rate at which the network falls onto this saddle: the least of `4ω` times the smallest eigenvalue of `|w|^½ XᵀX |w|^½` on its
    /// support, and `4|g_i|` where a weight returns to zero; infinite at zero.
    pub relaxation: f64,
    /// Weights that return to zero without a pull do so like `1/(drag · t)`; infinite if there are none.
    pub drag: f64,
    /// Time in which the logarithm of the weight that jumps gains one, summed over the jumps so far: what of `time` depends on
    /// factors of the order of one is of this size.
    pub blur: f64,
    /// Time after the jump before the fall of that rate begins.
    pub lag: f64,
    /// Of every weight between its ends on arrival: the logarithm of its size then, and at which rate that grows. In the limit all are zero.
    pub others: Vec<(f64, f64)>,
}

impl Saddle {
    /// Zero, `[d]`, at time zero.
    pub(super) fn start(d: usize) -> Self {
        Self {
            time: 0.0,
            w: vec![0.0; d],
            relaxation: f64::INFINITY,
            drag: f64::INFINITY,
            blur: 0.0,
            lag: 0.0,
            others: vec![],
        }
    }

    /// Time after which the network is within `distance` of the saddle, with a factor of ten to spare.
    pub fn fall(&self, distance: f64) -> f64 {
        self.lag + (10.0 / distance.min(1.0)).ln() / self.relaxation + 10.0 / (distance * self.drag)
    }
}

/// The path as a program whose only minimiser is its end.
#[derive(Debug, Clone)]
pub struct SaddlePath {
    /// In the order of their times; the first is the start, at zero.
    pub saddles: Vec<Saddle>,
    /// How far from rest the saddles may be: the largest gradient left at the last, relative to that at zero.
    pub left: f64,
    /// The largest `u` or `v` at the start beside that of a weight that fits.
    pub start: f64,
    /// What this start leaves of the limit at the last saddle: the largest weight that should be zero, relative to the largest there.
    pub beside: f64,
}

/// Relative difference in time below which two coordinates jump at once.
const TIE: f64 = 1e-6;
/// Gradients this small, relative to that at zero, are zero.
const ZERO: f64 = 1e-11;

impl SaddlePath {
    /// `X [n × d]`, `y [n]`, the weight `ω` of one sample, and the start `u₀, v₀ [d]`.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(x: &Design, y: &[f64], weight: f64, start: [&[f64]; 2]) -> Result<Self, Error> {
        let d = x.cols();
        let root = single_fit(x, y).sqrt();
        let inside = |a: &&f64| **a > 0.0 && **a < root;
        if start.iter().any(|s| s.len() != d || s.iter().filter(inside).count() != d) {
            let why = format!(
                "every entry of the start must lie between 0 and {root:e}, the root of the weight that fits best alone"
            );
            return Err(Error::data("saddle path", why));
        }
        let ends = [0, 1].map(|k| start[k].iter().map(|a: &f64| (root / a).ln()).collect::<Vec<f64>>());
        let largest = start.iter().flat_map(|s| s.iter()).fold(0.0, |m: f64, a| m.max(*a)) / root;
        let mut walk =
            Walk { x: x.to_dense(), y, weight, s: vec![0.0; d], side: vec![0.0; d], ends, time: 0.0 };
        let mut saddles = vec![Saddle::start(d)];
        let mut g = walk.gradient(&saddles[0].w);
        let size = max_abs(&g);
        for _ in 0..20 * (d + 1) {
            if max_abs(&g) <= ZERO * size {
                let log_start = walk.ends.iter().flatten().copied().fold(f64::INFINITY, f64::min);
                saddles.iter_mut().enumerate().for_each(|(k, s)| s.blur = k as f64 / log_start * s.time);
                let left = max_abs(&g) / size.max(f64::MIN_POSITIVE);
                let end = saddles.last().map_or(&[] as &[(f64, f64)], |s| &s.others);
                let beside = end.iter().map(|(log, _)| log.exp()).fold(0.0, f64::max);
                let size = saddles.last().map_or(0.0, |s| max_abs(&s.w));
                return Ok(Self {
                    saddles,
                    left,
                    start: largest,
                    beside: beside / size.max(f64::MIN_POSITIVE),
                });
            }
            // What is active rests; its gradient is rounding.
            let at = saddles.last().map_or(&[] as &[f64], |s| &s.w);
            g.iter_mut().zip(at).for_each(|(g, w)| {
                if *w != 0.0 || g.abs() <= ZERO * size {
                    *g = 0.0;
                }
            });
            walk.advance(&g)?;
            let mut saddle = walk.settle(size)?;
            g = walk.gradient(&saddle.w);
            saddle.others = walk.others(&g, root);
            saddles.push(saddle);
        }
        Err(Error::data("saddle path", "the saddles do not come to an end"))
    }
}

struct Walk<'a> {
    x: Matrix,
    y: &'a [f64],
    weight: f64,
    /// `−2 ∫g dt`.
    s: Vec<f64>,
    /// 1 at the upper end, −1 at the lower, 0 between.
    side: Vec<f64>,
    /// Upper end and minus the lower one.
    ends: [Vec<f64>; 2],
    time: f64,
}

impl Walk<'_> {
    fn gradient(&self, w: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; w.len()];
        for (i, y) in self.y.iter().enumerate() {
            let row = self.x.row(i);
            let r = self.weight * (dot(row, w) - y);
            g.iter_mut().zip(row).for_each(|(g, x)| *g += r * x);
        }
        g
    }

    /// Lets time run until the next coordinate reaches an end of its interval.
    fn advance(&mut self, g: &[f64]) -> Result<(), Error> {
        let wait = |i: usize| {
            if g[i] == 0.0 {
                return f64::INFINITY;
            }
            let room = if g[i] < 0.0 { self.ends[0][i] - self.s[i] } else { self.ends[1][i] + self.s[i] };
            room / (2.0 * g[i].abs())
        };
        let mut waits: Vec<(f64, usize)> = (0..g.len()).map(|i| (wait(i), i)).collect();
        waits.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (step, next) = waits[0];
        if !step.is_finite() {
            return Err(Error::data("saddle path", "no coordinate moves, yet the gradient is not zero"));
        }
        if waits.get(1).is_some_and(|(other, _)| other - step <= TIE * (self.time + step)) {
            return Err(Error::data("saddle path", "two coordinates reach their ends at the same time"));
        }
        self.time += step;
        for (i, g) in g.iter().enumerate().filter(|(_, g)| **g != 0.0) {
            self.s[i] -= 2.0 * g * step;
            self.side[i] = 0.0;
        }
        self.side[next] = -g[next].signum();
        self.s[next] = if g[next] < 0.0 { self.ends[0][next] } else { -self.ends[1][next] };
        Ok(())
    }

    /// Log of the size of every weight `u²` or `v²` between its ends, whichever is larger, and its growth; `root` is the size of `u` there.
    fn others(&self, g: &[f64], root: f64) -> Vec<(f64, f64)> {
        let between = (0..self.s.len()).filter(|&i| self.side[i] == 0.0);
        let weight = |i: usize| {
            let (up, down) = (self.s[i] - self.ends[0][i], -self.s[i] - self.ends[1][i]);
            let (log, rate) = if up > down { (up, -4.0 * g[i]) } else { (down, 4.0 * g[i]) };
            (2.0 * (log + root.ln()), rate)
        };
        between.map(weight).collect()
    }

    /// The minimiser over the signs that the ends allow.
    fn settle(&self, size: f64) -> Result<Saddle, Error> {
        let free: Vec<usize> = (0..self.side.len()).filter(|&i| self.side[i] != 0.0).collect();
        let n = self.y.len();
        let column = |r: usize, i: usize| self.side[free[r]] * self.x.get(i, free[r]);
        let rows = Matrix::from_fn(free.len(), n, column);
        let cone = nearest(&rows, self.y);
        let mut w = vec![0.0; self.side.len()];
        free.iter().zip(&cone.weights).for_each(|(&i, v)| w[i] = self.side[i] * v);
        let (support, resting): (Vec<usize>, Vec<usize>) = free.into_iter().partition(|&i| w[i] != 0.0);
        let root = |i: usize| w[i].abs().sqrt();
        let product = |i: usize, j: usize| (0..n).map(|r| self.x.get(r, i) * self.x.get(r, j)).sum::<f64>();
        let m = support.len();
        let bend = Matrix::from_fn(m, m, |a, b| {
            let (i, j) = (support[a], support[b]);
            root(i) * product(i, j) * root(j)
        });
        let values = if m == 0 { Some(vec![]) } else { symmetric_eigen(&bend).map(|e| e.0) };
        let (least, most) =
            values.filter(|v| !v.is_empty()).map_or((f64::INFINITY, 1.0), |v| (v[0], v[v.len() - 1]));
        if least <= 1e-10 * most {
            return Err(Error::data("saddle path", "a saddle is not the only minimiser of its problem"));
        }
        let g = self.gradient(&w);
        let mut saddle =
            Saddle { time: self.time, w, relaxation: 4.0 * self.weight * least, ..Saddle::start(0) };
        for &i in &resting {
            if g[i].abs() > ZERO * size {
                saddle.relaxation = saddle.relaxation.min(4.0 * g[i].abs());
            } else {
                // What is left of a column beside those of the support pulls back in proportion to the weight itself.
                let pull = self.apart(i, &support) * 4.0 * self.weight;
                saddle.drag = saddle.drag.min(pull / resting.len() as f64);
            }
        }
        Ok(saddle)
    }

    /// Squared distance of column `i` from the span of the columns `support`.
    fn apart(&self, i: usize, support: &[usize]) -> f64 {
        let n = self.y.len();
        let column = |j: usize| (0..n).map(|r| self.x.get(r, j)).collect::<Vec<f64>>();
        let mut basis: Vec<Vec<f64>> = vec![];
        let rest = |basis: &[Vec<f64>], mut v: Vec<f64>| {
            // Twice is enough: what the first pass leaves of the span is rounding.
            for _ in 0..2 {
                for b in basis {
                    let along = dot(b, &v);
                    v.iter_mut().zip(b).for_each(|(v, b)| *v -= along * b);
                }
            }
            v
        };
        for &j in support {
            let v = rest(&basis, column(j));
            let size = norm2(&v);
            basis.push(v.iter().map(|v| v / size.max(f64::MIN_POSITIVE)).collect());
        }
        norm2(&rest(&basis, column(i))).powi(2)
    }
}

/// The largest modulus of a weight that fits the targets best when all others are zero.
fn single_fit(x: &Design, y: &[f64]) -> f64 {
    let d = x.cols();
    let (mut along, mut square, mut unit) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
    x.adjoint(y, &mut along);
    for i in 0..y.len() {
        unit.fill(0.0);
        x.add_row(i, 1.0, &mut unit);
        square.iter_mut().zip(&unit).for_each(|(s, v)| *s += v * v);
    }
    along.iter().zip(&square).filter(|(_, s)| **s > 0.0).fold(0.0, |m: f64, (a, s)| m.max((a / s).abs()))
}

/// `‖a − b‖²`, rounded up.
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let far = distance(a, b);
    let value = (far * far * (1.0 + 4.0 * f64::EPSILON * a.len() as f64)).next_up();
    if far == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::INFINITY
    } else {
        value
    }
}

impl Program for SaddlePath {
    fn value(&self, w: &[f64]) -> f64 {
        let Some(end) = self.saddles.last() else { return f64::INFINITY };
        squared_distance(w, &end.w)
    }

    fn violation(&self, _w: &[f64]) -> f64 {
        0.0
    }

    fn bound(&self, _dual: &[f64]) -> f64 {
        0.0
    }

    fn solve(&self, _budget: &Budget) -> Solution {
        Solution {
            w: self.saddles.last().map(|s| s.w.clone()).unwrap_or_default(),
            dual: vec![],
            status: SolveStatus::Converged,
            iterations: self.saddles.len(),
            method: "successive saddles".into(),
            uniqueness: Uniqueness::Unique,
        }
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "saddle_path".into(),
            formula: "min ‖w − w_K‖², the last of the saddles min ‖y − Xw‖² s.t. w_i s_i ≥ 0".into(),
            scale_invariant: false,
            uniqueness: Uniqueness::Unique,
        }
    }
}
