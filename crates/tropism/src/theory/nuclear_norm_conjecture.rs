//! The conjecture that a factorisation of depth 2 with a small start selects the smallest nuclear norm.
//!
//! Gradient flow on `½ Σ (⟨A_i, W_2 W_1⟩ − b_i)²` from a start that tends to zero would tend to
//! `argmin ‖W‖_* s.t. ⟨A_i, W⟩ = b_i`. True where the `A_i` commute (and `W` is symmetric positive semidefinite); in general refuted
//! where few entries are observed: the run is then judged against the conjecture, and “disagrees” refutes it. At depth 2 the limit of
//! vanishing starts is approached like `1/log(1/α)`: a run whose gap the conjecture's own potential leaves at its start refutes nothing.
//!
//! Shapes: `W [rows × cols]`, `A_i [rows × cols]`.
//! Assumes: matrix factorisation, squared loss, gradient flow (or descent with small steps), small start.
//! Source: Gunasekar, Woodworth, Bhojanapalli, Neyshabur, Srebro 2017 (arXiv 1705.09280), conjecture and Theorem 1; refuted by Arora,
//! Cohen, Hu, Luo 2019 (arXiv 1905.13655) and Razin, Cohen 2020 (arXiv 2005.06398).
//! Units and invariance: invariant under rotations of rows and columns.
//! Errors: a start that is not small: out of scope.
//! Example: `data.kind = "matrix_completion"`, `model.kind = "matrix_factorization"`, `model.init_scale = 0.01`.

use super::case::{Case, Check, check, holds};
use super::{Claim, Prediction, ProgramSpec, Theorem, Witnesses};
use crate::data::Targets;
use crate::losses::Task;
use crate::models::Structure;
use crate::numerics::Matrix;
use crate::numerics::linalg::{distance, matmul_nn, max_abs, norm2, symmetric_eigen};
use crate::programs::{NuclearInterpolant, Program};
use crate::spec::Setup;
use crate::terms::Holds;

/// Relative difference of mirrored entries that rounding leaves.
const SYMMETRIC: f64 = 1e-14;
/// Relative commutator that rounding leaves of matrices with common eigenvectors.
const COMMUTING: f64 = 1e-12;
/// Negative eigenvalues of a certified solution that are none, relative to its largest entry.
const SEMIDEFINITE: f64 = 1e-4;

/// See the module header.
pub struct NuclearNormConjecture;

impl Theorem for NuclearNormConjecture {
    fn source(&self) -> &'static str {
        "Gunasekar et al. 2017 (arXiv 1705.09280), a conjecture"
    }

    fn hypotheses(&self, case: &Case) -> Vec<Check> {
        [
            case.structure("matrix factorisation", |s| matches!(s, Structure::Factorized { depth, .. } if depth >= 2)),
            case.task("squared loss", Task::Regression),
            case.plain_gradient(false),
            case.interpolating(),
            case.small_start(),
            case.small_steps(),
            full_width(case),
        ]
        .into_iter()
        .chain(signs_are_free(case))
        .collect()
    }

    fn predict(&self, case: &Case) -> Prediction {
        let rows = case.setup.data.shape.map_or(1, |(rows, _)| rows);
        Prediction {
            statement: "the run ends at an interpolant of smallest nuclear norm (a conjecture, refuted in general).".into(),
            program: ProgramSpec::NuclearInterpolant { rows },
            claim: Claim::SelectedFromSmallStarts,
            rate: None,
        }
    }

    fn is_conjecture(&self) -> bool {
        true
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            witness: r#"
                [data]
                kind = "matrix_sensing"
                rows = 5
                cols = 5
                rank = 1
                n = 3
                norm = 5.0
                commuting = true
                [model]
                kind = "matrix_factorization"
                init = "identity"
                init_scale = 0.0001
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            counter: r#"
                theorem = "nuclear_norm_conjecture"
                [data]
                kind = "matrix_completion"
                [model]
                kind = "matrix_factorization"
                init_scale = 3.0
                [loss]
                kind = "squared"
                [optimizer]
                kind = "gradient_flow"
            "#,
            broken: "small start",
        }
    }
}

/// Condition, where every `A_i` is symmetric and a balanced start is positive semidefinite: the flow then stays so, and the smallest
/// nuclear norm must be that of a positive semidefinite matrix.
fn signs_are_free(case: &Case) -> Option<Check> {
    let setup = case.setup;
    if case.balanced_start().hypothesis.holds != Holds::Yes {
        return None;
    }
    let rows = keeps_symmetry(setup).filter(|kept| kept.semidefinite)?.order;
    let name = "signs of eigenvalues are free";
    let Targets::Real(y) = &setup.data.targets else { return None };
    let program = NuclearInterpolant::new(setup.data.x.clone(), y.clone(), rows).ok()?;
    let solution = program.solve(&setup.budget).w;
    let share = least_eigenvalue(rows, &solution)? / max_abs(&solution).max(f64::MIN_POSITIVE);
    let words = format!(
        "all measurements are symmetric and the start is positive semidefinite, so the flow stays positive semidefinite; the matrix of \
         smallest nuclear norm has a least eigenvalue of {share:.1e} of its largest entry"
    );
    Some(check(name, holds(share >= -SEMIDEFINITE), words))
}

/// What gradient flow from a balanced start keeps of a product of matrices where every `A_i` and the start are symmetric.
pub(crate) struct KeptSymmetry {
    /// Rows and columns of the matrix.
    pub order: usize,
    /// The start has no negative eigenvalue.
    pub semidefinite: bool,
    /// The `A_i` commute with each other and with the start.
    pub commuting: bool,
    measurements: Vec<Matrix>,
}

/// More numbers than this in all measurements are not looked through.
const MOST: usize = 200_000;

pub(crate) fn keeps_symmetry(setup: &Setup) -> Option<KeptSymmetry> {
    let (order, cols) = setup.data.shape?;
    let n = setup.data.n();
    if order != cols || n * order * order > MOST {
        return None;
    }
    let start = Matrix::from_vec(order, order, setup.model.effective(&setup.theta0)?);
    let measured = |i: usize| {
        let mut row = vec![0.0; order * order];
        setup.data.x.add_row(i, 1.0, &mut row);
        Matrix::from_vec(order, order, row)
    };
    let measurements: Vec<Matrix> = (0..n).map(measured).collect();
    if asymmetry(&start) > SYMMETRIC || measurements.iter().any(|a| asymmetry(a) > SYMMETRIC) {
        return None;
    }
    let semidefinite = least_eigenvalue(order, start.as_slice())? >= 0.0;
    let pairs = |a: &Matrix| measurements.iter().map(|b| commutator(a, b)).fold(0.0, f64::max);
    let commuting = pairs(&start) <= COMMUTING && measurements.iter().all(|a| pairs(a) <= COMMUTING);
    Some(KeptSymmetry { order, semidefinite, commuting, measurements })
}

impl KeptSymmetry {
    /// How far a predictor `[order²]` is from what is kept, relative to its size.
    pub fn lost(&self, w: &[f64]) -> f64 {
        let m = Matrix::from_vec(self.order, self.order, w.to_vec());
        let negative = || {
            let least = least_eigenvalue(self.order, w).unwrap_or(0.0);
            (-least / max_abs(w).max(f64::MIN_POSITIVE)).max(0.0)
        };
        let apart = if self.commuting {
            self.measurements.iter().map(|a| commutator(&m, a)).fold(0.0, f64::max)
        } else {
            0.0
        };
        asymmetry(&m).max(apart).max(if self.semidefinite { negative() } else { 0.0 })
    }
}

/// Largest difference of mirrored entries, relative to the largest entry.
fn asymmetry(m: &Matrix) -> f64 {
    let scale = max_abs(m.as_slice()).max(f64::MIN_POSITIVE);
    let pairs = (0..m.rows()).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| (m.get(i, j) - m.get(j, i)).abs()).fold(0.0, f64::max) / scale
}

/// `‖AB − BA‖_F / (‖A‖_F ‖B‖_F)`.
fn commutator(a: &Matrix, b: &Matrix) -> f64 {
    let (ab, ba) = (matmul_nn(a, b), matmul_nn(b, a));
    let size = norm2(a.as_slice()) * norm2(b.as_slice());
    distance(ab.as_slice(), ba.as_slice()) / size.max(f64::MIN_POSITIVE)
}

/// Of a square matrix, symmetrised.
fn least_eigenvalue(n: usize, m: &[f64]) -> Option<f64> {
    let even = Matrix::from_fn(n, n, |i, j| 0.5 * (m[i * n + j] + m[j * n + i]));
    symmetric_eigen(&even)?.0.first().copied()
}

/// Condition: no factor is narrower than the matrix, so that the factors can reach every matrix.
fn full_width(case: &Case) -> Check {
    let (rows, cols) = case.setup.data.shape.unwrap_or((1, case.setup.data.d()));
    let blocks = case.setup.model.blocks();
    let inner = blocks.iter().map(|b| b.rows.min(b.cols)).min().unwrap_or(0);
    let words = format!("the narrowest factor has rank at most {inner}, the matrix {}", rows.min(cols));
    check("factors of full width", holds(inner >= rows.min(cols)), words)
}
