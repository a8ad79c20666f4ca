//! One adaptive step by extrapolation of the linearly implicit Euler method: any order, and any approximation of the
//! Jacobian will do.
//!
//! With `A` for the Jacobian, `k` steps of size `h/k` read `(I − h/k A) Δy = h/k F(y) + (h/k)² ∂F/∂s`. Their error has an
//! expansion in powers of `h/k` whatever `A` is, so the results for `k = 1, 2, 3, …` extrapolate to order 2, 3, 4, … as in
//! Romberg's method; for the right `A` the columns are L-stable or nearly so.
//!
//! Source: Deuflhard 1985, "Recent progress in extrapolation methods for ordinary differential equations", SIAM Review 27;
//! order and step size as in Hairer, Wanner, Solving Ordinary Differential Equations II, §IV.9 (SEULEX); inexact `A`
//! as in the W-methods of Steihaug, Wolfbrandt 1979, Mathematics of Computation 33.

use super::model::ModelFlow;
use super::rosenbrock::{Form, Outcome};
use crate::numerics::linalg;

/// Largest number of columns.
const MOST: usize = 8;
/// Columns below which no result is accepted.
const LEAST: usize = 2;
/// Largest growth and shrinkage of a step.
const GROW: f64 = 4.0;
const SHRINK: f64 = 0.15;
/// Work of linearising and factorising, in evaluations of the right-hand side: of the order seen for dense networks.
const LINEARISE: f64 = 8.0;
const FACTORISE: f64 = 1.0;

/// The integrator's memory: all buffers, allocated once.
pub struct Extrapolation {
    /// The last row of the tableau, for outputs and for what the parameters have moved: their own rounding, which extrapolation
    /// multiplies, is larger than what many of them move.
    moved_row: Vec<Vec<f64>>,
    outputs_row: Vec<Vec<f64>>,
    moved: Vec<f64>,
    /// The present parameters plus what they have moved.
    theta: Vec<f64>,
    outputs: Vec<f64>,
    v: Vec<f64>,
    g: Vec<f64>,
    v0: Vec<f64>,
    g0: Vec<f64>,
    /// The right-hand side at the start of a column, where the shares of kinks are settled anew in each.
    base_v: Vec<f64>,
    base_g: Vec<f64>,
    errors: [f64; MOST + 1],
    /// Column that is expected to be the last.
    target: usize,
    most: usize,
    rejected_last: bool,
}

impl Extrapolation {
    pub fn new(system: &ModelFlow) -> Self {
        let (p, m) = system.dims();
        let most = system.most_columns().min(MOST);
        Self {
            moved_row: vec![vec![0.0; p]; most],
            outputs_row: vec![vec![0.0; m]; most],
            moved: vec![0.0; p],
            theta: vec![0.0; p],
            outputs: vec![0.0; m],
            v: vec![0.0; p],
            g: vec![0.0; m],
            v0: vec![0.0; p],
            g0: vec![0.0; m],
            base_v: vec![0.0; p],
            base_g: vec![0.0; m],
            errors: [f64::INFINITY; MOST + 1],
            target: 4.min(most),
            most,
            rejected_last: false,
        }
    }

    /// `dθ/ds` at the system's present point, after [`Extrapolation::look`].
    pub fn velocity(&self) -> &[f64] {
        &self.v0
    }

    /// Evaluates the right-hand side at the present point.
    pub fn look(&mut self, system: &mut ModelFlow, log_factor: f64) {
        system.velocity_here(log_factor, &mut self.v0, &mut self.g0);
    }

    /// One step of size `h` in `s` from the system's present point, where [`Extrapolation::look`] has been.
    pub fn step(&mut self, system: &mut ModelFlow, form: Form, log_factor: f64, h: f64) -> Outcome {
        // Over a step in plain time the factor is its mean, (e^h − 1)/h, throughout.
        let mean = if form == Form::Time { h.exp_m1() / h } else { 1.0 };
        let log_factor = log_factor + mean.ln();
        system.linearise(log_factor);
        system.look_at_kinks(&self.v0, h);
        self.errors = [f64::INFINITY; MOST + 1];
        let mut last = 0;
        for k in 1..=self.most {
            if !self.column(system, k, h, form, log_factor, mean) {
                return self.reject(form, h, 0.25);
            }
            self.extrapolate(k);
            last = k;
            if k < LEAST {
                continue;
            }
            // What extrapolation changed last; it is left in `v` and `g`.
            self.move_from(system, Some(k - 1));
            self.errors[k] =
                system.error((&self.theta, &self.outputs_row[k - 1]), (&self.v, &self.g), h * mean);
            if self.errors[k].is_nan() {
                return self.reject(form, h, 0.25);
            }
            let good = self.errors[k] <= 1.0;
            let early = k + 1 == self.target && self.errors[k] <= 0.3;
            let hopeless = !good && k > LEAST && self.errors[k] >= self.errors[k - 1];
            if (good && (k >= self.target || early)) || k > self.target || hopeless {
                break;
            }
        }
        if self.errors[last] > 1.0 {
            let factor = 0.8 * self.errors[last].powf(-1.0 / last as f64);
            return self.reject(form, h, factor.clamp(SHRINK, 0.7));
        }
        if system.raises_loss() {
            return self.reject(form, h, SHRINK);
        }
        system.accept(&self.theta);
        let grow = self.plan(last);
        let grow = if self.rejected_last { grow.min(1.0) } else { grow };
        self.rejected_last = false;
        Outcome::Accepted { next: grown(form, h, grow) }
    }

    fn reject(&mut self, form: Form, h: f64, factor: f64) -> Outcome {
        self.rejected_last = true;
        let next = match form {
            Form::LogTime => h * factor,
            Form::Time => (factor * h.exp_m1()).ln_1p(),
        };
        Outcome::Rejected { next }
    }

    /// `k` linearly implicit Euler steps; `false` if they cannot be taken.
    fn column(
        &mut self,
        system: &mut ModelFlow,
        k: usize,
        h: f64,
        form: Form,
        log_factor: f64,
        mean: f64,
    ) -> bool {
        let part = h / k as f64;
        if !system.factorise(part) {
            return false;
        }
        self.moved.fill(0.0);
        self.move_from(system, None);
        self.outputs.copy_from_slice(&system.outputs);
        // In log time ∂F/∂s = F, at the start of the step.
        let drift = if form == Form::LogTime { part * part } else { 0.0 };
        for j in 0..k {
            let ahead = if form == Form::LogTime { part * j as f64 } else { 0.0 };
            let at = log_factor + ahead;
            if system.is_gated() {
                let base = (&mut self.base_v[..], &mut self.base_g[..]);
                let step = (at, part, drift, j == 0);
                system.gated_increment(&self.theta, &self.outputs, step, base, &mut self.v, &mut self.g);
                self.advance(system);
                continue;
            }
            if j == 0 {
                scaled(part * mean + drift, &self.v0, &mut self.v);
                scaled(part * mean + drift, &self.g0, &mut self.g);
            } else {
                system.velocity(&self.theta, &self.outputs, at, &mut self.v, &mut self.g);
                blend(part, &mut self.v, drift, &self.v0);
                blend(part, &mut self.g, drift, &self.g0);
            }
            system.correct(part, &mut self.v, &mut self.g);
            self.advance(system);
        }
        linalg::max_abs(&self.theta).is_finite() && linalg::max_abs(&self.outputs).is_finite()
    }

    /// One increment on.
    fn advance(&mut self, system: &ModelFlow) {
        linalg::axpy(1.0, &self.v, &mut self.moved);
        linalg::axpy(1.0, &self.g, &mut self.outputs);
        self.move_from(system, None);
    }

    /// `theta` from what has been moved, by the increments so far or by an entry of the tableau's row.
    fn move_from(&mut self, system: &ModelFlow, entry: Option<usize>) {
        let moved = entry.map_or(&self.moved, |e| &self.moved_row[e]);
        self.theta.iter_mut().zip(system.theta.iter().zip(moved)).for_each(|(t, (from, by))| *t = from + by);
    }

    /// Adds column `k` to the tableau and leaves what its last entry changed in `v` and `g`.
    fn extrapolate(&mut self, k: usize) {
        aitken_neville(&mut self.moved_row, &mut self.moved, &mut self.v, k);
        aitken_neville(&mut self.outputs_row, &mut self.outputs, &mut self.g, k);
    }

    /// Chooses the next number of columns by work per unit step, and returns the growth of the step that goes with it.
    fn plan(&mut self, last: usize) -> f64 {
        let grow = |k: usize| (0.8 * self.errors[k].max(1e-8).powf(-1.0 / k as f64)).min(GROW);
        let price = |k: usize| work(k) / grow(k);
        let (mut best, mut cheapest) = (last, price(last));
        for k in LEAST.max(3.min(last))..last {
            if price(k) < 0.95 * cheapest {
                (best, cheapest) = (k, price(k));
            }
        }
        let mut factor = grow(best);
        let improving = last <= 3 || price(last) < 0.9 * price(last - 1);
        if best == last && last < self.most && last <= self.target && improving {
            // A further column is not yet known; its step may grow with its work.
            best = last + 1;
            factor = (factor * work(last + 1) / work(last)).min(GROW);
        }
        self.target = best.max(LEAST + 1).min(self.most);
        factor.max(SHRINK)
    }
}

/// Evaluations that `k` columns cost.
fn work(k: usize) -> f64 {
    let k = k as f64;
    LINEARISE + FACTORISE * k + 0.5 * k * (k + 1.0)
}

fn grown(form: Form, h: f64, grow: f64) -> f64 {
    match form {
        Form::LogTime => h * grow,
        Form::Time => (-grow * (-h).exp_m1()).ln_1p(),
    }
}

/// `out = c x`.
fn scaled(c: f64, x: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(x).for_each(|(o, v)| *o = c * v);
}

/// `x = a x + b y`.
fn blend(a: f64, x: &mut [f64], b: f64, y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x = a * *x + b * y);
}

/// `T_{k,q+1} = T_{k,q} + (T_{k,q} − T_{k−1,q}) / (k/(k−q) − 1)`: `row` goes from row `k − 1` to row `k`, `entry` is
/// `T_{k,1}`, `change` becomes `T_{k,k} − T_{k,k−1}`.
fn aitken_neville(row: &mut [Vec<f64>], entry: &mut [f64], change: &mut [f64], k: usize) {
    for q in 1..k {
        let c = 1.0 / (k as f64 / (k - q) as f64 - 1.0);
        let before = &mut row[q - 1];
        for ((e, b), d) in entry.iter_mut().zip(before).zip(change.iter_mut()) {
            let present = *e;
            *d = (present - *b) * c;
            *e = present + *d;
            *b = present;
        }
    }
    row[k - 1].copy_from_slice(entry);
}
