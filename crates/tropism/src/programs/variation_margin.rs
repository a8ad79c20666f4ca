//! The max-margin program of infinitely wide two-layer ReLU networks with both layers trained: `min ‖f‖_F1 s.t. y_i f(x_i) ≥ 1`,
//! `f(x) = ∫ relu(⟨u, x⟩) dμ(u)` over the unit sphere, `‖f‖_F1` the least total variation `|μ|`; its optimum is `1/γ`.
//!
//! Shapes: `X [n × d]`, labels `y [n]` in {−1, +1}, dual `a [n]`. The variable is a network `[m (d + 1)]`, any `m`: neuron by
//! neuron the output weight `b_j`, then the input weights `v_j [d]`, `f(x) = Σ b_j relu(⟨v_j, x⟩)`, of norm `Σ |b_j| ‖v_j‖`. So the
//! parameters of a trained two-layer network are certified as they stand.
//! Assumes: `d ≤ 3`, a constant coordinate for the bias included. Where no network separates the data (points on one ray with
//! two labels, or an odd part that would have to bend: `f(x) − f(−x)` is linear) there is no feasible point, `value = +∞`.
//! Source: Bach 2017, Breaking the curse of dimensionality with convex neural networks, JMLR 18(19), §2 (F1); gradient flow
//! with both layers trained selects it (Chizat, Bach 2020, arXiv 2002.04486, Theorem 3); as a finite convex program Pilanci,
//! Ergen 2020, arXiv 2002.10553.
//! Units and invariance: value and bound are `1/margin`, the margin in units of the data; invariant under rotations of the inputs
//! and under `b_j → b_j/s`, `v_j → s v_j`.
//! Bound: any `a ≥ 0` gives `Σa / max_{‖u‖ = 1} |Σ a_i y_i relu(⟨u, x_i⟩)|`; the maximum over the whole sphere is enclosed, exactly by
//! a sweep for `d = 2`, by branch and bound for `d = 3`. No direction is sampled: a network that beats the reference cannot be.
//! Solver: column generation. The ℓ1 margin over a finite set of neurons, the neurons at which its dual peaks on the sphere, again.
//! Neurons of one sign that count the same samples are merged, which changes no output and never adds norm.
//! Errors: more than three coordinates, shapes that do not fit, labels other than ±1, entries that are not finite.
//!
//! ```
//! use tropism::numerics::Matrix;
//! use tropism::programs::{Budget, Program, VariationMargin, certify};
//!
//! // x = ±2 on a line through the origin, of opposite labels: relu(x) and −relu(−x), half of the norm each.
//! let program = VariationMargin::new(&Matrix::from_rows(&[vec![2.0], vec![-2.0]]).into(), &[1.0, -1.0])?;
//! let solution = program.solve(&Budget::default());
//! let certificate = certify(&program, &solution.w, &solution.dual);
//! assert!((certificate.value - 1.0).abs() < 1e-12 && certificate.relative_gap < 1e-11);
//! # Ok::<(), tropism::Error>(())
//! ```

use super::variation_oracle::{MOST_INPUTS, peaks};
use super::{Budget, MaxMargin, Program, ProgramFacts, Solution, SolveStatus, Uniqueness};
use crate::data::MarginMap;
use crate::data::range::{LARGEST, outside};
use crate::error::Error;
use crate::numerics::compensated::{Accumulator, norm_above};
use crate::numerics::directed::{self, enclosed_dot};
use crate::numerics::{Design, Matrix, Norm, linalg};
use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Arc;

/// `min ‖f‖_F1 s.t. y_i f(x_i) ≥ 1`.
#[derive(Debug, Clone)]
pub struct VariationMargin {
    x: Matrix,
    y: Vec<f64>,
}

/// A neuron of length one and its signed weight.
type Neuron = (f64, Vec<f64>);

/// Neurons in the set before those far from their peak are dropped.
const CROWDED: usize = 600;

impl VariationMargin {
    /// Inputs `x [n × d]`, labels `y [n]`.
    ///
    /// # Errors
    /// See the module header.
    pub fn new(x: &Design, y: &[f64]) -> Result<Self, Error> {
        let name = "variation margin";
        if !(1..=MOST_INPUTS).contains(&x.cols()) {
            let found = format!("{} input coordinates", x.cols());
            let what = format!("{found}; the program is solved for one to three, a constant one included");
            return Err(Error::data(name, what));
        }
        if x.rows() != y.len() {
            return Err(Error::data(name, format!("{} samples and {} labels", x.rows(), y.len())));
        }
        if let Some(other) = y.iter().find(|v| v.abs() != 1.0) {
            return Err(Error::data(name, format!("the label {other}; labels are -1 and +1")));
        }
        let x = x.to_dense();
        if let Some(at) = x.as_slice().iter().position(|v| outside(*v)) {
            let found = x.as_slice()[at];
            let what = format!(
                "the input is {found:e}; every input must be finite and at most {LARGEST:e} in modulus: divide the column by a \
                 constant."
            );
            let (row, column) = (Some(at / x.cols() + 1), Some((at % x.cols() + 1).to_string()));
            return Err(Error::Data { source_name: name.into(), row, column, what });
        }
        Ok(Self { x, y: y.to_vec() })
    }

    /// `‖f‖` rounded up and the smallest margin rounded down, of a network as it stands.
    fn size_and_margin(&self, w: &[f64]) -> (f64, f64) {
        let d = self.x.cols();
        let neurons: Vec<(f64, &[f64])> = w.chunks_exact(d + 1).map(|n| (n[0], &n[1..])).collect();
        let norms: Vec<f64> =
            neurons.iter().map(|(b, v)| (b.abs() * norm_above(Norm::L2, v)).next_up()).collect();
        let mut least = f64::INFINITY;
        for (i, y) in self.y.iter().enumerate() {
            let mut sum = Accumulator::default();
            let mut inherited = 0.0;
            for (b, v) in &neurons {
                let t = enclosed_dot(v, self.x.row(i));
                let (low, high) = (t.lo.max(0.0), t.hi.max(0.0));
                sum.add_product(y * b, 0.5 * (low + high));
                // Half the width, and the rounding of the middle.
                inherited += b.abs() * (0.5 * (high - low) + f64::EPSILON * high);
            }
            let below = (sum.value() - sum.error() - inherited * (1.0 + 1e-6)).next_down();
            if below.is_nan() || t_is_nan(&neurons) {
                return (f64::INFINITY, f64::NAN);
            }
            least = least.min(below);
        }
        (directed::sum(&norms).hi, least)
    }

    /// `y_i relu(⟨u_j, x_i⟩)`, `[n × m]`.
    fn columns(&self, units: &[Vec<f64>]) -> Matrix {
        Matrix::from_fn(self.y.len(), units.len(), |i, j| {
            self.y[i] * linalg::dot(self.x.row(i), &units[j]).max(0.0)
        })
    }

    /// The coefficients of the dual function, and their multiple `Σa`.
    fn weights(&self, dual: &[f64]) -> Option<(Vec<f64>, f64)> {
        let largest = dual.iter().fold(0.0, |m: f64, &a| if a.is_finite() { m.max(a) } else { m });
        if largest <= 0.0 {
            return None;
        }
        // A power of two, so that the rescaled vector is exact.
        let unit = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let a: Vec<f64> =
            dual.iter().map(|&a| if a.is_finite() && a > 0.0 { a / unit } else { 0.0 }).collect();
        let total = directed::sum(&a).lo;
        Some((a.iter().zip(&self.y).map(|(a, y)| a * y).collect(), total))
    }

    /// Neurons of one sign that count the same samples are one.
    fn merged(&self, neurons: &[Neuron]) -> Vec<Neuron> {
        let mut groups: BTreeMap<(bool, Vec<bool>), Vec<f64>> = BTreeMap::new();
        for (b, u) in neurons.iter().filter(|n| n.0 != 0.0) {
            let counted = (0..self.y.len()).map(|i| linalg::dot(self.x.row(i), u) > 0.0).collect();
            let sum = groups.entry((*b > 0.0, counted)).or_insert_with(|| vec![0.0; u.len()]);
            linalg::axpy(b.abs(), u, sum);
        }
        let neuron = |((positive, _), v): ((bool, Vec<bool>), Vec<f64>)| {
            let size = linalg::norm2(&v);
            (if positive { size } else { -size }, v.iter().map(|e| e / size.max(f64::MIN_POSITIVE)).collect())
        };
        groups.into_iter().map(neuron).collect()
    }

    /// Two points on one ray with opposite labels: `q` with `Σ q_i y_i relu(⟨u, x_i⟩) = 0` for all `u`, up to the rounding of the
    /// lengths. The certificate decides what that proves.
    fn contradiction(&self) -> Option<Vec<f64>> {
        let n = self.y.len();
        let norms: Vec<f64> = (0..n).map(|i| linalg::norm2(self.x.row(i))).collect();
        let same = |i: usize, j: usize| {
            let pairs = self.x.row(i).iter().zip(self.x.row(j));
            pairs.fold(true, |all, (a, b)| all && (a / norms[i] - b / norms[j]).abs() < 1e-15)
        };
        let mut pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
        let (i, j) = pairs.find(|&(i, j)| self.y[i] != self.y[j] && same(i, j))?;
        let mut q = vec![0.0; n];
        (q[i], q[j]) = (norms[j], norms[i]);
        Some(q)
    }

    /// A first set: evenly spread directions.
    fn first(&self) -> Vec<Vec<f64>> {
        match self.x.cols() {
            1 => vec![vec![1.0], vec![-1.0]],
            2 => (0..32).map(|k| PI * f64::from(k) / 16.0).map(|a| vec![a.cos(), a.sin()]).collect(),
            _ => (0..27)
                .filter(|&k| k != 13)
                .map(|k| {
                    let v = [k % 3, k / 3 % 3, k / 9].map(|e| f64::from(e) - 1.0);
                    let size = linalg::norm2(&v);
                    v.iter().map(|e| e / size).collect()
                })
                .collect(),
        }
    }
}

fn t_is_nan(neurons: &[(f64, &[f64])]) -> bool {
    // max drops a NaN product.
    neurons.iter().any(|(b, v)| b.is_nan() || v.iter().any(|e| e.is_nan()))
}

fn flat(neurons: &[Neuron]) -> Vec<f64> {
    neurons.iter().flat_map(|(b, u)| std::iter::once(*b).chain(u.iter().copied())).collect()
}

impl Program for VariationMargin {
    fn value(&self, w: &[f64]) -> f64 {
        let (size, least) = self.size_and_margin(w);
        if least.is_nan() || least <= 0.0 || least.is_infinite() {
            return f64::INFINITY;
        }
        let value = (size / least).next_up();
        if value.is_nan() { f64::INFINITY } else { value }
    }

    fn violation(&self, w: &[f64]) -> f64 {
        let (size, least) = self.size_and_margin(w);
        if least > 0.0 && (size / least).is_finite() {
            return 0.0;
        }
        if size > 0.0 && least.is_finite() { (-least / size).max(0.0) } else { f64::INFINITY }
    }

    fn bound(&self, dual: &[f64]) -> f64 {
        let Some((c, total)) = self.weights(dual) else { return 0.0 };
        let bound = (total / peaks(&self.x, &c, 1e-14).above).next_down();
        if bound.is_nan() { 0.0 } else { bound.max(0.0) }
    }

    fn solve(&self, budget: &Budget) -> Solution {
        let mut best = Best::default();
        if let Some(q) = self.contradiction() {
            best.offer_dual(&q, self.bound(&q));
            return best.finish(self, 0, budget);
        }
        let mut units = self.first();
        let mut rounds = 0;
        while rounds < budget.iterations.min(200) && best.stale < 4 && best.gap() > budget.relative_gap {
            rounds += 1;
            let map = MarginMap::Binary { z: Arc::new(self.columns(&units).into()) };
            let restricted = MaxMargin::new(map, Norm::L1).solve(&Budget { iterations: 200, ..*budget });
            let pairs = restricted.w.iter().copied().zip(units.iter().cloned());
            let merged = self.merged(&pairs.collect::<Vec<_>>());
            best.offer_network(self, flat(&merged));
            let Some((c, total)) = self.weights(&restricted.dual) else { break };
            // A bound is needed to a share of the gap only.
            let found = peaks(&self.x, &c, (0.01 * best.gap()).clamp(1e-14, 0.01));
            best.offer_dual(&restricted.dual, total / found.above);
            if units.len() > CROWDED {
                let near = |u: &Vec<f64>| {
                    let h: f64 = (0..c.len()).map(|i| c[i] * linalg::dot(self.x.row(i), u).max(0.0)).sum();
                    h.abs() > 0.9 * found.best()
                };
                units.retain(near);
            }
            units.extend(merged.into_iter().map(|n| n.1));
            units.extend(found.found.into_iter().map(|p| p.u));
            distinct(&mut units);
        }
        best.finish(self, rounds, budget)
    }

    fn facts(&self) -> ProgramFacts {
        ProgramFacts {
            id: "variation_margin".into(),
            formula: "min ‖f‖_F1 s.t. y f(X) ≥ 1".into(),
            scale_invariant: true,
            uniqueness: Uniqueness::Unknown,
        }
    }
}

/// Sorts the directions and drops repeated ones, which would make the linear program degenerate.
fn distinct(units: &mut Vec<Vec<f64>>) {
    let order = |a: &Vec<f64>, b: &Vec<f64>| {
        let pairs = a.iter().zip(b).map(|(x, y)| x.total_cmp(y));
        pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    };
    units.sort_by(order);
    units.dedup_by(|a, b| a.iter().zip(b.iter()).all(|(x, y)| (x - y).abs() < 1e-12));
}

/// The best network and the best dual vector so far.
struct Best {
    w: Vec<f64>,
    dual: Vec<f64>,
    value: f64,
    bound: f64,
    /// Rounds without a better gap.
    stale: usize,
}

impl Default for Best {
    fn default() -> Self {
        Self { w: vec![], dual: vec![], value: f64::INFINITY, bound: 0.0, stale: 0 }
    }
}

impl Best {
    fn offer_network(&mut self, program: &VariationMargin, w: Vec<f64>) {
        let value = program.value(&w);
        self.stale += 1;
        if value < self.value || self.w.is_empty() {
            if value < self.value * (1.0 - 1e-14) {
                self.stale = 0;
            }
            (self.w, self.value) = (w, value);
        }
    }

    fn offer_dual(&mut self, dual: &[f64], bound: f64) {
        if bound > self.bound || self.dual.is_empty() {
            if bound > self.bound * (1.0 + 1e-14) {
                self.stale = 0;
            }
            (self.dual, self.bound) = (dual.to_vec(), bound);
        }
    }

    fn gap(&self) -> f64 {
        let gap = (self.value - self.bound) / self.bound.max(f64::MIN_POSITIVE);
        if gap.is_nan() { f64::INFINITY } else { gap }
    }

    /// Margin one for the network, `Σa = 1/γ²` for the dual.
    fn finish(mut self, program: &VariationMargin, rounds: usize, budget: &Budget) -> Solution {
        let d = program.x.cols();
        self.dual.resize(program.y.len(), 0.0);
        let (_, least) = program.size_and_margin(&self.w);
        if self.value.is_finite() {
            self.w.chunks_exact_mut(d + 1).for_each(|n| n[0] /= least);
            let total: f64 = self.dual.iter().map(|a| a.max(0.0)).sum();
            self.dual.iter_mut().for_each(|a| *a = a.max(0.0) * (self.value / total * self.value));
        }
        let status = if self.gap() <= budget.relative_gap {
            SolveStatus::Converged
        } else if self.value.is_infinite() {
            SolveStatus::Infeasible
        } else if rounds >= budget.iterations {
            SolveStatus::BudgetSpent
        } else {
            SolveStatus::Stalled
        };
        Solution {
            w: self.w,
            dual: self.dual,
            status,
            iterations: rounds,
            method: "column generation".into(),
            uniqueness: Uniqueness::Unknown,
        }
    }
}
