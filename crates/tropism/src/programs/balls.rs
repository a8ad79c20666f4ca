//! The unit balls of ℓ2, ℓ1 and ℓ∞ for the [`interior`](super::interior) method: all with a diagonal metric.

use super::interior::{Ball, Linear, Metric, inside};
use crate::numerics::linalg::{axpy, dot, max_abs};

/// ℓ2, as the quadratic program `min ½‖w‖² − ρ`: the multiplier is `w` itself.
pub(super) struct Euclid {
    w: Vec<f64>,
    dw: Vec<f64>,
}

impl Euclid {
    /// Starts at `w = Zᵀa`, where the dual equation holds.
    pub fn new(v: &[f64]) -> Self {
        Self { w: v.to_vec(), dw: vec![0.0; v.len()] }
    }
}

impl Ball for Euclid {
    fn point(&self) -> &[f64] {
        &self.w
    }
    fn pairs(&self) -> (f64, f64) {
        (0.0, 0.0)
    }
    fn linearise(&mut self, _: &[f64]) -> Option<Linear> {
        Some(Linear { metric: Metric::Identity, border: None })
    }
    fn rhs(&self, v: &[f64], _: f64, _: bool) -> (Vec<f64>, f64) {
        (self.w.iter().zip(v).map(|(w, v)| w - v).collect(), 0.0)
    }
    fn direction(&mut self, dw: &[f64], _: f64, _: &[f64], _: f64, _: bool) {
        self.dw.copy_from_slice(dw);
    }
    fn longest_step(&self) -> f64 {
        1.0
    }
    fn gap_after(&self, _: f64) -> f64 {
        0.0
    }
    fn advance(&mut self, alpha: f64) {
        axpy(alpha, &self.dw, &mut self.w);
    }
}

/// Two nonnegative sequences per coordinate with their partners: `x_j y_j → μ`.
#[derive(Default)]
struct Pairs {
    x: [Vec<f64>; 2],
    y: [Vec<f64>; 2],
    dx: [Vec<f64>; 2],
    dy: [Vec<f64>; 2],
}

impl Pairs {
    fn new(x: [Vec<f64>; 2], y: [Vec<f64>; 2]) -> Self {
        let zero = || vec![0.0; x[0].len()];
        let (dx, dy) = ([zero(), zero()], [zero(), zero()]);
        Self { x, y, dx, dy }
    }

    /// What the product of pair `j` on side `l` should gain, divided by the partner `y` later.
    fn wanted(&self, l: usize, j: usize, target: f64, second: bool) -> f64 {
        let cross = if second { self.dx[l][j] * self.dy[l][j] } else { 0.0 };
        target - cross - self.x[l][j] * self.y[l][j]
    }

    fn gap(&self, alpha: f64) -> f64 {
        (0..2)
            .map(|l| {
                (0..self.x[l].len())
                    .map(|j| (self.x[l][j] + alpha * self.dx[l][j]) * (self.y[l][j] + alpha * self.dy[l][j]))
                    .sum::<f64>()
            })
            .sum()
    }

    fn longest_step(&self) -> f64 {
        (0..2).fold(1.0, |m: f64, l| {
            m.min(inside(&self.x[l], &self.dx[l])).min(inside(&self.y[l], &self.dy[l]))
        })
    }

    fn advance(&mut self, alpha: f64) {
        for l in 0..2 {
            axpy(alpha, &self.dx[l], &mut self.x[l]);
            axpy(alpha, &self.dy[l], &mut self.y[l]);
            self.x[l].iter_mut().chain(&mut self.y[l]).for_each(|v| *v = v.max(1e-300));
        }
    }

    fn plain_gap(&self) -> f64 {
        dot(&self.x[0], &self.y[0]) + dot(&self.x[1], &self.y[1])
    }
}

/// ℓ1: `w = u − v`, `u, v ≥ 0`, `Σ(u + v) = 1`, partners `t ∓ g ≥ 0` with `t ≥ ‖g‖_∞`.
pub(super) struct Cross {
    w: Vec<f64>,
    pairs: Pairs,
    border: Vec<f64>,
    curvature: Vec<f64>,
    dw: Vec<f64>,
}

impl Cross {
    /// Starts at `w = 0` in the middle of the ball.
    pub fn new(v: &[f64]) -> Self {
        let d = v.len();
        let half = vec![0.5 / d as f64; d];
        let t = max_abs(v) + 1.0;
        let y = [v.iter().map(|g| t - g).collect(), v.iter().map(|g| t + g).collect()];
        let pairs = Pairs::new([half.clone(), half], y);
        Self { w: vec![0.0; d], pairs, border: vec![0.0; d], curvature: vec![0.0; d], dw: vec![0.0; d] }
    }

    fn ratios(&self, j: usize) -> (f64, f64) {
        let p = &self.pairs;
        (p.x[0][j] / p.y[0][j], p.x[1][j] / p.y[1][j])
    }

    /// Gains of `u` and `v` at fixed `g`, `t`.
    fn free(&self, j: usize, target: f64, second: bool) -> (f64, f64) {
        let p = &self.pairs;
        (p.wanted(0, j, target, second) / p.y[0][j], p.wanted(1, j, target, second) / p.y[1][j])
    }

    fn level(&self) -> (f64, Vec<f64>) {
        let p = &self.pairs;
        let g = p.y[0].iter().zip(&p.y[1]).map(|(a, b)| 0.5 * (b - a)).collect();
        (0.5 * (p.y[0][0] + p.y[1][0]), g)
    }
}

impl Ball for Cross {
    fn point(&self) -> &[f64] {
        &self.w
    }
    fn pairs(&self) -> (f64, f64) {
        (2.0 * self.w.len() as f64, self.pairs.plain_gap())
    }
    fn linearise(&mut self, _: &[f64]) -> Option<Linear> {
        let mut beta = 0.0;
        for j in 0..self.w.len() {
            let (p, q) = self.ratios(j);
            self.curvature[j] = 1.0 / (p + q);
            self.border[j] = (p - q) / (p + q);
            beta += 4.0 * p * (q / (p + q));
        }
        Some(Linear {
            metric: Metric::Diagonal(self.curvature.clone()),
            border: Some((self.border.clone(), beta)),
        })
    }
    fn rhs(&self, v: &[f64], target: f64, second: bool) -> (Vec<f64>, f64) {
        let p = &self.pairs;
        let (_, g) = self.level();
        let mut r = 1.0 - p.x[0].iter().chain(&p.x[1]).sum::<f64>();
        let e = (0..self.w.len())
            .map(|j| {
                let (cu, cv) = self.free(j, target, second);
                r += -(cu + cv) + self.border[j] * (cu - cv);
                -(cu - cv) * self.curvature[j] + g[j] - v[j]
            })
            .collect();
        (e, r)
    }
    fn direction(&mut self, dw: &[f64], dt: f64, dv: &[f64], target: f64, second: bool) {
        for (j, (&step, &dg)) in dw.iter().zip(dv).enumerate() {
            let free = <[f64; 2]>::from(self.free(j, target, second));
            let ratio = <[f64; 2]>::from(self.ratios(j));
            let wanted = [0, 1].map(|l| self.pairs.wanted(l, j, target, second));
            // The side with the small ratio is computed from the slacks, the other from Δw: a large ratio
            // would blow up the rounding of dt ∓ dg.
            let (small, large) = if ratio[0] < ratio[1] { (0, 1) } else { (1, 0) };
            let sign = [1.0, -1.0];
            let p = &mut self.pairs;
            p.dy[small][j] = dt - sign[small] * dg;
            p.dx[small][j] = free[small] - ratio[small] * p.dy[small][j];
            p.dx[large][j] = sign[large] * step + p.dx[small][j];
            p.dy[large][j] = (wanted[large] - p.y[large][j] * p.dx[large][j]) / p.x[large][j];
        }
        self.dw.copy_from_slice(dw);
    }
    fn longest_step(&self) -> f64 {
        self.pairs.longest_step()
    }
    fn gap_after(&self, alpha: f64) -> f64 {
        self.pairs.gap(alpha)
    }
    fn advance(&mut self, alpha: f64) {
        self.pairs.advance(alpha);
        let p = &self.pairs;
        for (j, w) in self.w.iter_mut().enumerate() {
            *w = p.x[0][j] - p.x[1][j];
        }
    }
}

/// ℓ∞: slacks `1 ∓ w ≥ 0` with partners `g⁺, g⁻ ≥ 0`, `g = g⁺ − g⁻`.
pub(super) struct Cube {
    w: Vec<f64>,
    pairs: Pairs,
    dw: Vec<f64>,
}

impl Cube {
    /// Starts at the centre, products about `1 / rows`, as those of the rows are.
    pub fn new(v: &[f64], rows: usize) -> Self {
        let d = v.len();
        let floor = 1.0 / rows as f64;
        let y = [
            v.iter().map(|g| g.max(0.0) + floor).collect(),
            v.iter().map(|g| (-g).max(0.0) + floor).collect(),
        ];
        Self { w: vec![0.0; d], pairs: Pairs::new([vec![1.0; d], vec![1.0; d]], y), dw: vec![0.0; d] }
    }

    /// Gains of `g⁺` and `g⁻` at fixed `w`.
    fn free(&self, j: usize, target: f64, second: bool) -> (f64, f64) {
        let p = &self.pairs;
        (p.wanted(0, j, target, second) / p.x[0][j], p.wanted(1, j, target, second) / p.x[1][j])
    }
}

impl Ball for Cube {
    fn point(&self) -> &[f64] {
        &self.w
    }
    fn pairs(&self) -> (f64, f64) {
        (2.0 * self.w.len() as f64, self.pairs.plain_gap())
    }
    fn linearise(&mut self, _: &[f64]) -> Option<Linear> {
        let p = &self.pairs;
        let e = (0..self.w.len()).map(|j| p.y[0][j] / p.x[0][j] + p.y[1][j] / p.x[1][j]).collect();
        Some(Linear { metric: Metric::Diagonal(e), border: None })
    }
    fn rhs(&self, v: &[f64], target: f64, second: bool) -> (Vec<f64>, f64) {
        let p = &self.pairs;
        let e = (0..self.w.len())
            .map(|j| {
                let (cp, cm) = self.free(j, target, second);
                cp - cm + (p.y[0][j] - p.y[1][j] - v[j])
            })
            .collect();
        (e, 0.0)
    }
    fn direction(&mut self, dw: &[f64], _: f64, _: &[f64], target: f64, second: bool) {
        for (j, &step) in dw.iter().enumerate() {
            let (cp, cm) = self.free(j, target, second);
            let p = &mut self.pairs;
            p.dx[0][j] = -step;
            p.dx[1][j] = step;
            p.dy[0][j] = cp + p.y[0][j] / p.x[0][j] * step;
            p.dy[1][j] = cm - p.y[1][j] / p.x[1][j] * step;
        }
        self.dw.copy_from_slice(dw);
    }
    fn longest_step(&self) -> f64 {
        self.pairs.longest_step()
    }
    fn gap_after(&self, alpha: f64) -> f64 {
        self.pairs.gap(alpha)
    }
    fn advance(&mut self, alpha: f64) {
        self.pairs.advance(alpha);
        axpy(alpha, &self.dw, &mut self.w);
    }
}
