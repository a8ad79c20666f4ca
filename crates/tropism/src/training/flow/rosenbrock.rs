//! One adaptive step of Rodas5P: eight stages, order 5 with an embedded order 4, L-stable, stiffly accurate.
//!
//! Source: Steinebach 2023, "Construction of Rosenbrock–Wanner method Rodas5P and numerical benchmarks within the
//! Julia Differential Equations package", BIT Numerical Mathematics 63, 27 (coefficients in transformed form).
//!
//! A step from `s` to `s + h` may be taken in two forms, both exact to the same order:
//! * [`Form::LogTime`]: `dw/ds = F(s, w) = −e^{s + c} ∇L(w)`, with `∂F/∂s = F`. On the way to infinity `F` tends to a
//!   constant and steps grow with `s`.
//! * [`Form::Time`]: `dw/dt = −∇L(w)` over `Δt = e^{s + c} (e^h − 1)`. Near a finite minimiser its Jacobian is constant,
//!   while that of the first form grows like `eˢ` within the step and would keep steps short.
//!
//! In both `e^{s + c} ∇²L` is positive semidefinite: one Cholesky factorisation a step. A mirror flow `dz/dt = −∇L(w(z))`
//! has the Jacobian `−∇²L D`, `D = diag(dw/dz) ≥ 0`, which `D^{1/2}` makes symmetric; it shares this file.

use crate::numerics::{Matrix, linalg};

pub const GAMMA: f64 = 0.211_937_563_194_290_14;

const A: [[f64; 5]; 6] = [
    [0.0; 5],
    [3.0, 0.0, 0.0, 0.0, 0.0],
    [2.849394379747939, 0.45842242204463923, 0.0, 0.0, 0.0],
    [-6.954028509809101, 2.489845061869568, -10.358996098473584, 0.0, 0.0],
    [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641, 0.0],
    [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
];

const C: [[f64; 7]; 8] = [
    [0.0; 7],
    [-14.155112264123755, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [-17.97296035885952, -2.859693295451294, 0.0, 0.0, 0.0, 0.0, 0.0],
    [147.12150275711716, -1.41221402718213, 71.68940251302358, 0.0, 0.0, 0.0, 0.0],
    [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306, 0.0, 0.0, 0.0],
    [
        24.854864614690072,
        -3.0009227002832186,
        47.4931110020768,
        5.5814197821558125,
        -0.6610691825249471,
        0.0,
        0.0,
    ],
    [
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
        0.0,
    ],
    [
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ],
];

/// Stage abscissae; the last three stages are at the end of the step.
const ABSCISSA: [f64; 8] =
    [0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0];

/// Weights of `∂F/∂s`; zero for the last three stages.
const D: [f64; 8] = [
    0.21193756319429014,
    -0.42387512638858027,
    -0.3384627126235924,
    1.8046452872882734,
    2.325825639765069,
    0.0,
    0.0,
    0.0,
];

/// Largest growth and shrinkage of a step.
const GROW: f64 = 6.0;
const SHRINK: f64 = 0.15;

/// What the integrator asks of a system `dy/ds = −e^{s + c} G(y)`.
pub trait System {
    /// The present point.
    fn point(&self) -> &[f64];

    /// Moves to `point`.
    fn set(&mut self, point: &[f64]);

    /// `out = −e^{log_factor} G` at `point` (the present one if `None`).
    fn velocity(&mut self, point: Option<&[f64]>, log_factor: f64, out: &mut [f64]);

    /// Factorises `I + e^{log_factor} G'` at the present point, using `matrix [dim × dim]` as memory.
    fn implicit(&mut self, log_factor: f64, matrix: &mut Matrix) -> Option<Implicit>;

    /// Error of a step to `point` in units of the tolerance.
    fn error(&mut self, point: &[f64], error: &[f64]) -> f64;
}

/// A factorised `I + A D` with `A` and `D ≥ 0` symmetric, `D` diagonal.
pub struct Implicit {
    factor: linalg::Cholesky,
    /// Diagonal of `D^{1/2}`; empty for the identity.
    root: Vec<f64>,
}

impl Implicit {
    /// Adds the identity to `matrix` and factorises it; `root` is the diagonal of `D^{1/2}` that `matrix = D^{1/2} A D^{1/2}`
    /// was scaled with, empty for the identity.
    pub fn new(matrix: &mut Matrix, root: Vec<f64>) -> Option<Self> {
        for i in 0..matrix.rows() {
            let diagonal = matrix.get(i, i) + 1.0;
            matrix.set(i, i, diagonal);
        }
        Some(Self { factor: linalg::Cholesky::new(matrix)?, root })
    }

    /// Solves in place: `(I + A D)^-1 = D^{-1/2} (I + D^{1/2} A D^{1/2})^-1 D^{1/2}`.
    pub fn solve(&self, b: &mut [f64]) {
        b.iter_mut().zip(&self.root).for_each(|(b, r)| *b *= r);
        self.factor.solve(b);
        b.iter_mut().zip(&self.root).for_each(|(b, r)| *b /= r);
    }
}

/// The variable a step is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    LogTime,
    Time,
}

/// What became of a step; `next` is the size to try next.
pub enum Outcome {
    Accepted { next: f64 },
    Rejected { next: f64 },
}

/// The integrator's memory: all buffers, allocated once.
pub struct Rosenbrock {
    k: [Vec<f64>; 8],
    stage: Vec<f64>,
    slope: Vec<f64>,
    drift: Vec<f64>,
    matrix: Matrix,
    last_error: f64,
}

impl Rosenbrock {
    pub fn new(dim: usize) -> Self {
        Self {
            k: std::array::from_fn(|_| vec![0.0; dim]),
            stage: vec![0.0; dim],
            slope: vec![0.0; dim],
            drift: vec![0.0; dim],
            matrix: Matrix::zeros(dim, dim),
            last_error: 1.0,
        }
    }

    /// One step of size `h` in `s` from the system's present point at `s + c = log_factor`.
    pub fn step(&mut self, system: &mut dyn System, form: Form, log_factor: f64, h: f64) -> Outcome {
        let reject = |factor: f64| Outcome::Rejected { next: resized(form, h, factor) };
        // Over a step in plain time the factor is its mean, (e^h − 1)/h, at every stage.
        let log_factor = match form {
            Form::LogTime => log_factor,
            Form::Time => log_factor + (h.exp_m1() / h).ln(),
        };
        let Some(factor) = system.implicit((h * GAMMA).ln() + log_factor, &mut self.matrix) else {
            return reject(0.25);
        };
        system.velocity(None, log_factor, &mut self.drift);
        for i in 0..8 {
            self.gather(system, i);
            let ahead = if form == Form::LogTime { ABSCISSA[i] * h } else { 0.0 };
            if i == 0 {
                self.slope.copy_from_slice(&self.drift);
            } else {
                system.velocity(Some(&self.stage), log_factor + ahead, &mut self.slope);
            }
            self.assemble(i, h, if form == Form::LogTime { D[i] } else { 0.0 });
            factor.solve(&mut self.k[i]);
            if !linalg::max_abs(&self.k[i]).is_finite() {
                return reject(0.25);
            }
        }
        // The last stage is both the last correction and the error estimate.
        linalg::axpy(1.0, &self.k[7], &mut self.stage);
        let error = system.error(&self.stage, &self.k[7]);
        if !error.is_finite() {
            return reject(0.25);
        }
        if error > 1.0 {
            return reject((0.9 * error.powf(-0.2)).clamp(SHRINK, 0.9));
        }
        system.set(&self.stage);
        // Proportional-integral control for order 5 (Gustafsson), as in Hairer, Wanner, Solving ODEs II, §IV.8.
        let error = error.max(1e-10);
        let grow = 0.9 * error.powf(-0.2) * (self.last_error / error).powf(0.08).clamp(0.5, 2.0);
        self.last_error = error;
        let grow = grow.clamp(SHRINK, GROW);
        Outcome::Accepted {
            next: if form == Form::LogTime { h * grow } else { (-grow * (-h).exp_m1()).ln_1p() },
        }
    }

    /// The point of stage `i`: `w + Σ_j a_ij k_j`; the last two build on the one before.
    fn gather(&mut self, system: &dyn System, i: usize) {
        if i >= 6 {
            linalg::axpy(1.0, &self.k[i - 1], &mut self.stage);
            return;
        }
        self.stage.copy_from_slice(system.point());
        for (a, k) in A[i].iter().zip(&self.k).take(i) {
            linalg::axpy(*a, k, &mut self.stage);
        }
    }

    /// Right-hand side of stage `i`, times `hγ`.
    fn assemble(&mut self, i: usize, h: f64, drift: f64) {
        let (done, rest) = self.k.split_at_mut(i);
        let out = &mut rest[0];
        for (j, o) in out.iter_mut().enumerate() {
            let coupling: f64 = done.iter().zip(&C[i]).map(|(k, c)| c * k[j]).sum();
            // ∂F/∂s = F at the start of the step.
            *o = GAMMA * (h * self.slope[j] + coupling + h * h * drift * self.drift[j]);
        }
    }
}

/// `h` changed by `factor` in the form's own variable, from the same starting point.
fn resized(form: Form, h: f64, factor: f64) -> f64 {
    match form {
        Form::LogTime => h * factor,
        Form::Time => (factor * h.exp_m1()).ln_1p(),
    }
}
