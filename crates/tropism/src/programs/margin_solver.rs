//! Chooses and runs a method for [`MaxMargin`], and brings its vectors to the documented scale.

use super::balls::{Cross, Cube, Euclid};
use super::interior::{Ball, GamePoint, Gauge, play};
use super::matrix_balls::{NuclearBall, SpectralBall};
use super::max_margin::MaxMargin;
use super::rows::Rows;
use super::{
    Budget, Program, Solution, SolveStatus, Uniqueness, conic_margin, dual_descent, support, uniqueness,
};
use crate::data::MarginMap;
use crate::numerics::Norm;
use crate::numerics::directed::gamma;

/// One candidate answer, any scale.
pub(super) struct Candidate {
    pub w: Vec<f64>,
    pub a: Vec<f64>,
    pub method: &'static str,
    pub iterations: usize,
}

pub(super) fn solve(program: &MaxMargin, budget: &Budget) -> Solution {
    let plain = program.margins.outputs() == 1;
    let norm = match program.norm {
        Norm::Spectral | Norm::Nuclear if plain => Norm::L2,
        Norm::Lp(2.0) => Norm::L2,
        other => other,
    };
    let mut best = Ranked::default();
    if program.margins.rows() == 0 || program.margins.cols() == 0 {
        return best.finish(program, budget);
    }
    if let Norm::Lp(_) = norm {
        best.offer(program, conic_margin::solve(program, norm, budget.iterations));
        return best.finish(program, budget);
    }
    if norm == Norm::L2 && Rows::too_large(&program.margins) {
        if let MarginMap::Binary { z } = &program.margins {
            let within = Budget { relative_gap: budget.relative_gap.max(1e-13), ..*budget };
            best.offer(program, dual_descent::solve(z, &within));
        }
        return best.finish(program, budget);
    }
    let rows = Rows::new(&program.margins);
    for candidate in interior(program, &rows, norm, budget) {
        best.offer(program, candidate);
    }
    // Wider than any rounding explains: ask the general engine too.
    if !budget.stopped()
        && best.gap() > 1e-9_f64.max(budget.relative_gap)
        && !matches!(norm, Norm::Spectral | Norm::Nuclear)
    {
        best.offer(program, conic_margin::solve(program, norm, budget.iterations.max(100)));
    }
    best.finish(program, budget)
}

/// The interior point method and, for ℓ2, its active-set finish.
fn interior(program: &MaxMargin, rows: &Rows, norm: Norm, budget: &Budget) -> Vec<Candidate> {
    let (n, k, d) = (rows.count(), program.margins.outputs(), program.margins.inputs());
    let v = rows.adjoint(&vec![1.0 / n as f64; n]);
    let ball: Option<Box<dyn Ball>> = match norm {
        Norm::L2 | Norm::Lp(_) => Some(Box::new(Euclid::new(&v))),
        Norm::L1 => Some(Box::new(Cross::new(&v))),
        Norm::LInf => Some(Box::new(Cube::new(&v, n))),
        Norm::Spectral => SpectralBall::new(k, d, 1.0 / n as f64).map(|b| Box::new(b) as Box<dyn Ball>),
        Norm::Nuclear => NuclearBall::new(k, d, &v).map(|b| Box::new(b) as Box<dyn Ball>),
    };
    let Some(mut ball) = ball else { return vec![] };
    let dual = norm.dual();
    let gauge = Gauge { norm: &|w| norm.value(w, k), dual: &|v| dual.value(v, k) };
    // The active-set finish needs the support only, not the last digits.
    let tolerance = if norm == Norm::L2 { 1e-10 } else { 0.1 * budget.relative_gap };
    let steps = Budget { iterations: budget.iterations.min(200), relative_gap: tolerance, ..*budget };
    let point = play(rows, ball.as_mut(), &gauge, &steps);
    let mut out = vec![];
    if norm == Norm::L2
        && let Some(c) = polished(rows, &point)
    {
        out.push(c);
    }
    let GamePoint { w, a, iterations, .. } = point;
    out.push(Candidate { w, a, method: "interior point", iterations });
    out
}

fn polished(rows: &Rows, point: &GamePoint) -> Option<Candidate> {
    let ratio = ratio(point);
    let mut support: Vec<usize> =
        (0..rows.count()).filter(|&i| point.last[i] > point.slack[i] * ratio).collect();
    support.sort_by(|&i, &j| point.last[j].total_cmp(&point.last[i]));
    let (w, a) = support::finish(rows, &support, &point.last, 50 + rows.width())?;
    Some(Candidate { w, a, method: "interior point, active set", iterations: point.iterations })
}

/// Where active rows end and inactive ones begin: typical weight against typical slack.
fn ratio(point: &GamePoint) -> f64 {
    let weight = point.last.iter().copied().fold(0.0, f64::max);
    let slack = point.slack.iter().copied().fold(0.0, f64::max);
    if slack > 0.0 { 1e-3 * weight / slack } else { 0.0 }
}

/// The best primal and the best dual vector so far, by their certificates.
struct Ranked {
    w: Vec<f64>,
    a: Vec<f64>,
    value: f64,
    bound: f64,
    method: &'static str,
    iterations: usize,
}

impl Default for Ranked {
    fn default() -> Self {
        Self { w: vec![], a: vec![], value: f64::INFINITY, bound: -1.0, method: "none", iterations: 0 }
    }
}

impl Ranked {
    fn offer(&mut self, program: &MaxMargin, c: Candidate) {
        let (value, bound) = (program.value(&c.w), program.bound(&c.a));
        if value < self.value || self.w.is_empty() {
            (self.w, self.value, self.method) = (c.w, value, c.method);
        }
        if bound > self.bound {
            (self.a, self.bound) = (c.a, bound);
        }
        self.iterations += c.iterations;
    }

    fn gap(&self) -> f64 {
        let gap = (self.value - self.bound) / self.bound.max(f64::MIN_POSITIVE);
        if gap.is_nan() { f64::INFINITY } else { gap }
    }

    fn finish(mut self, program: &MaxMargin, budget: &Budget) -> Solution {
        self.w.resize(program.margins.cols(), 0.0);
        self.a.resize(program.margins.rows(), 0.0);
        // No certificate of sums this long can be narrower in double precision, however exact the vectors.
        let floor = 8.0 * gamma(program.margins.cols().max(program.margins.rows()) + 8);
        let status = if self.gap() <= budget.relative_gap.max(floor) {
            SolveStatus::Converged
        } else if self.iterations >= budget.iterations {
            SolveStatus::BudgetSpent
        } else if self.value.is_infinite() {
            SolveStatus::Infeasible
        } else {
            SolveStatus::Stalled
        };
        // Margin one for w; for the dual Σa = ‖w‖², which makes Zᵀa a subgradient of ½‖w‖².
        self.a.iter_mut().for_each(|v| *v = v.max(0.0));
        let least = program.margins.min_margin(&self.w);
        if least > 0.0 && least.is_finite() {
            self.w.iter_mut().for_each(|v| *v /= least);
            let size = program.norm.value(&self.w, program.margins.outputs());
            let total: f64 = self.a.iter().sum();
            if total > 0.0 {
                self.a.iter_mut().for_each(|v| *v *= size / total * size);
            }
        }
        let uniqueness = if self.gap() <= 1e-9 {
            uniqueness::decide(program, &self.w, &self.a)
        } else {
            program.facts().uniqueness
        };
        Solution {
            w: self.w,
            dual: self.a,
            status,
            iterations: self.iterations,
            method: self.method.into(),
            uniqueness: if self.value.is_infinite() { Uniqueness::Unknown } else { uniqueness },
        }
    }
}
