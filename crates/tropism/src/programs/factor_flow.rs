//! The gradient flow of `(ω/2) ‖y − A(U Vᵀ)‖²` on two factors of few columns, from a saddle to rest.
//!
//! A step of the exponential Rosenbrock–Euler method, `θ − h φ₁(−hH) ∇` with `φ₁(z) = (e^z − 1)/z` (Hochbruck, Ostermann 2010,
//! Exponential integrators, Acta Numerica 19, §2.4), follows the linearised flow exactly: growth off a saddle and decay onto a minimiser
//! cost few steps, and a long last step is Newton's.

use crate::error::Error;
use crate::numerics::gemm::{Factor, product};
use crate::numerics::linalg::{distance, dot, matmul_tn, norm2, symmetric_eigen};
use crate::numerics::{Design, Matrix};

/// The problem: measurements `A [n × rows·cols]`, targets `y [n]`, and the weight `ω` of one of them.
pub(super) struct FactorFlow<'a> {
    pub a: &'a Design,
    pub y: &'a [f64],
    pub weight: f64,
    pub rows: usize,
    pub cols: usize,
}

/// Error of a step relative to its length, before extrapolation.
const ERROR: f64 = 1e-4;
/// Gradients this small, relative to the one at zero times the factors, are zero.
const REST: f64 = 1e-12;
/// Curvatures this small, relative to the largest, are zero.
const FLAT: f64 = 1e-7;
/// Distance, relative to the point, from which on the flow counts as near, and its fall as exponential.
pub(super) const NEAR: f64 = 1e-4;
/// Largest logarithm of a growth within one step.
const MOST_GROWTH: f64 = 10.0;
/// Steps to rest.
const MOST_STEPS: usize = 5_000;
/// Parameters for which the Hessian is decomposed in every step.
const MOST_PARAMETERS: usize = 100;

impl FactorFlow<'_> {
    /// `U Vᵀ` of `θ = [U, V]`, factors column after column.
    pub fn predictor(&self, theta: &[f64]) -> Vec<f64> {
        let rank = theta.len() / (self.rows + self.cols);
        let (u, v) = theta.split_at(rank * self.rows);
        let mut w = vec![0.0; self.rows * self.cols];
        product(&mut w, Factor::transposed(u, rank, self.rows), Factor::plain(v, rank, self.cols), false);
        w
    }

    /// `ω Aᵀ(A(W) − y)`, `[rows × cols]`.
    pub fn gradient(&self, w: &[f64]) -> Matrix {
        let mut r = vec![0.0; self.y.len()];
        self.a.apply(w, &mut r);
        r.iter_mut().zip(self.y).for_each(|(r, y)| *r = self.weight * (*r - y));
        let mut g = Matrix::zeros(self.rows, self.cols);
        self.a.adjoint(&r, g.as_mut_slice());
        g
    }

    /// `ω ‖A(u vᵀ)‖²`: how the loss curves along `u vᵀ`.
    pub fn curvature(&self, u: &[f64], v: &[f64]) -> f64 {
        let w: Vec<f64> = u.iter().flat_map(|u| v.iter().map(move |v| u * v)).collect();
        let mut out = vec![0.0; self.y.len()];
        self.a.apply(&w, &mut out);
        self.weight * dot(&out, &out)
    }

    /// Gradient `(G V, Gᵀ U)` and Hessian in `θ`.
    fn expansion(&self, theta: &[f64]) -> (Vec<f64>, Matrix) {
        let (rows, cols, p) = (self.rows, self.cols, theta.len());
        let rank = p / (rows + cols);
        let (u, v) = theta.split_at(rank * rows);
        let g = self.gradient(&self.predictor(theta));
        let root = self.weight.sqrt();
        let mut jacobian = Matrix::zeros(self.y.len(), p);
        for s in 0..self.y.len() {
            let row = jacobian.row_mut(s);
            self.a.for_row(s, |at, x| {
                let (i, j) = (at / cols, at % cols);
                for k in 0..rank {
                    row[k * rows + i] += root * x * v[k * cols + j];
                    row[u.len() + k * cols + j] += root * x * u[k * rows + i];
                }
            });
        }
        let (mut slope, mut hessian) = (vec![0.0; p], matmul_tn(&jacobian, &jacobian));
        for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
            for k in 0..rank {
                let (a, b) = (k * rows + i, u.len() + k * cols + j);
                slope[a] += g.get(i, j) * theta[b];
                slope[b] += g.get(i, j) * theta[a];
                hessian.set(a, b, hessian.get(a, b) + g.get(i, j));
                hessian.set(b, a, hessian.get(b, a) + g.get(i, j));
            }
        }
        (slope, hessian)
    }

    fn linearised(&self, theta: &[f64]) -> Result<Linearised, Error> {
        let (slope, hessian) = self.expansion(theta);
        let (values, vectors) = symmetric_eigen(&hessian)
            .ok_or_else(|| Error::data("greedy rank", "the flow left the range of numbers"))?;
        let mut along = vec![0.0; slope.len()];
        crate::numerics::linalg::matvec_transposed(&vectors, &slope, &mut along);
        Ok(Linearised { slope: norm2(&slope), along, values, vectors })
    }

    /// From `theta` to rest; `size` is the norm of the gradient at zero.
    ///
    /// # Errors
    /// Too many parameters, a flow that does not come to rest, or that rests where it is not the only minimiser of its rank nearby.
    pub fn settle(&self, mut theta: Vec<f64>, size: f64) -> Result<Rest, Error> {
        let rank = theta.len() / (self.rows + self.cols);
        let refuse = |what: String| Err(Error::data("greedy rank", what));
        if theta.len() > MOST_PARAMETERS {
            return refuse(format!("factors of rank {rank} have more than {MOST_PARAMETERS} entries"));
        }
        let mut h = 1.0 / size.max(f64::MIN_POSITIVE);
        let mut way: Vec<Step> = vec![];
        let mut here = self.linearised(&theta)?;
        for _ in 0..MOST_STEPS {
            let most = here.values[theta.len() - 1];
            if here.slope <= REST * size * norm2(&theta) && here.values[0] >= -FLAT * most {
                // Changes of basis between the factors move no product: so many curvatures are zero at any rest.
                let rate = here.values.get(rank * rank).copied().unwrap_or(f64::INFINITY);
                if rate <= FLAT * most {
                    return refuse(format!(
                        "the flow at rank {rank} rests where it is not the only minimiser of that rank"
                    ));
                }
                let (w, off) = (self.predictor(&theta), here.slope / (rate * norm2(&theta)));
                let away = |s: &Step| distance(&s.w, &w) > NEAR * norm2(&w);
                way.truncate(way.iter().rposition(away).map_or(0, |k| k + 1));
                return Ok(Rest { theta, w, rate, off, way });
            }
            // Growth by more than that is not followed in one step, however well the next would fit.
            h = h.min(MOST_GROWTH / (-here.values[0]).max(f64::MIN_POSITIVE));
            let once = here.step(&theta, h);
            let half = here.step(&theta, 0.5 * h);
            let twice = self.linearised(&half)?.step(&half, 0.5 * h);
            // Both of the second order: their difference is three times the error of the finer.
            let error = distance(&once, &twice) / 3.0;
            let allowed = ERROR * distance(&twice, &theta) + f64::EPSILON * norm2(&theta);
            let ratio = error / allowed;
            if ratio <= 1.0 {
                let middle = self.gradient(&self.predictor(&half));
                theta = twice.iter().zip(&once).map(|(b, a)| b + (b - a) / 3.0).collect();
                here = self.linearised(&theta)?;
                way.push(Step { time: h, middle, w: self.predictor(&theta) });
            }
            h *= if ratio.is_finite() { (0.9 / ratio.max(1e-4).sqrt()).clamp(0.2, 4.0) } else { 0.2 };
        }
        refuse(format!("the flow at rank {rank} does not come to rest"))
    }
}

/// Where the flow has come to rest.
pub(super) struct Rest {
    pub theta: Vec<f64>,
    /// `U Vᵀ`.
    pub w: Vec<f64>,
    /// The smallest curvature but those of a change of basis: the flow falls onto the point at least at this rate.
    pub rate: f64,
    /// At most so long is a step of Newton's method, relative to `theta`.
    pub off: f64,
    /// Until it was near for good.
    pub way: Vec<Step>,
}

/// A step on the way: its length, the gradient in its middle, and `U Vᵀ` at its end.
pub(super) struct Step {
    pub time: f64,
    pub middle: Matrix,
    w: Vec<f64>,
}

/// Gradient and Hessian at a point, in the Hessian's eigenvectors.
struct Linearised {
    slope: f64,
    along: Vec<f64>,
    /// In increasing order.
    values: Vec<f64>,
    vectors: Matrix,
}

impl Linearised {
    fn step(&self, theta: &[f64], h: f64) -> Vec<f64> {
        let moved = |(slope, value): (&f64, &f64)| {
            let z = h * value;
            if z.abs() < 1e-12 { -h * slope } else { (-z).exp_m1() / value * slope }
        };
        let coefficients: Vec<f64> = self.along.iter().zip(&self.values).map(moved).collect();
        let mut out = vec![0.0; theta.len()];
        crate::numerics::linalg::matvec(&self.vectors, &coefficients, &mut out);
        out.iter_mut().zip(theta).for_each(|(o, t)| *o += t);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All entries observed and one column: `U Vᵀ` goes to the best approximation of rank one (Eckart, Young 1936), and
    /// perturbations of the scale and of the directions decay at known rates, the slowest at `ω(σ₁ − σ₂)`.
    #[test]
    fn one_column_falls_onto_the_best_of_rank_one() {
        let a = Design::from(Matrix::from_fn(4, 4, |i, j| f64::from(u8::from(i == j))));
        let flow = FactorFlow { a: &a, y: &[3.0, 0.0, 0.0, 1.0], weight: 0.5, rows: 2, cols: 2 };
        let Rest { theta, rate, .. } =
            flow.settle(vec![1e-4, 2e-5, 1e-4, -1e-5], 1.5).expect("comes to rest");
        let w = flow.predictor(&theta);
        assert!(distance(&w, &[3.0, 0.0, 0.0, 0.0]) < 1e-10, "{w:?}");
        assert!((rate - 0.5 * (3.0 - 1.0)).abs() < 1e-9, "{rate}");
    }

    /// The expansion against central differences of the loss and of itself.
    #[test]
    fn gradient_and_hessian_are_those_of_the_loss() {
        let a = Design::from(Matrix::from_fn(5, 6, |i, j| ((i * 7 + j * 3) as f64).sin()));
        let flow = FactorFlow { a: &a, y: &[1.0, -2.0, 0.5, 0.3, 1.5], weight: 0.7, rows: 3, cols: 2 };
        let theta: Vec<f64> = (0..10).map(|i| (i as f64 * 1.3).cos()).collect();
        let loss = |theta: &[f64]| {
            let mut out = vec![0.0; 5];
            a.apply(&flow.predictor(theta), &mut out);
            0.5 * flow.weight * distance(&out, flow.y).powi(2)
        };
        let (slope, hessian) = flow.expansion(&theta);
        let h = 1e-5;
        for (i, own) in slope.iter().enumerate() {
            let at = |s: f64| {
                theta.iter().enumerate().map(|(k, t)| if k == i { t + s } else { *t }).collect::<Vec<f64>>()
            };
            let difference = (loss(&at(h)) - loss(&at(-h))) / (2.0 * h);
            // Second differences leave h² times the third derivative, of the order of ten.
            assert!((difference - own).abs() < 1e-7, "{difference} {own}");
            let (up, down) = (flow.expansion(&at(h)).0, flow.expansion(&at(-h)).0);
            for j in 0..theta.len() {
                let difference = (up[j] - down[j]) / (2.0 * h);
                assert!((difference - hessian.get(i, j)).abs() < 1e-6, "{difference} {}", hessian.get(i, j));
            }
        }
    }
}
