//! The general engine: clarabel's conic interior point method behind one call.
//!
//! `min ½ xᵀP x + qᵀx  s.t.  A x + s = b, s ∈ K`, with `K` a product of cones in row order. The dual variable
//! `z ∈ K*` satisfies `P x + q + Aᵀz = 0` at the optimum, so rows of a nonnegative cone have `z ≥ 0`, and an
//! equality row written with [`Cone::Zero`] has the multiplier `−z` in the Lagrangian `f − ⟨ν, Ax − b⟩`.
//!
//! Shapes: `q [n]`, `P [n × n]` upper triangle, `A [m × n]`, `b [m]`.
//! Source: Goulart, Chen 2024, Clarabel, arXiv 2405.12762.
//! Errors: none are returned as such. Status and objective are never believed (see [`super::certify`]): with a
//! true margin of 1e-8 the status says infeasible, and objective values are off by the feasibility error. Only
//! the vectors are used, whatever the status.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

/// One sparse entry, `(row, column, value)`; repeated entries add up.
pub(super) type Triplet = (usize, usize, f64);

/// One factor of the cone `K`: the whole vocabulary, whether or not a program uses every word yet.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cone {
    /// `s = 0`, that many rows.
    Zero(usize),
    /// `s ≥ 0`, that many rows.
    Nonnegative(usize),
    /// `‖s[1..]‖₂ ≤ s[0]`, that many rows.
    SecondOrder(usize),
    /// `s₁ exp(s₀/s₁) ≤ s₂`, `s₁ > 0`, three rows.
    Exponential,
    /// `s₀^a s₁^{1−a} ≥ |s₂|`, three rows.
    Power(f64),
}

/// A conic program in the form above.
#[derive(Debug, Clone, Default)]
pub(super) struct ConicProblem {
    /// Upper triangle of `P`; empty for a linear objective.
    pub p: Vec<Triplet>,
    pub q: Vec<f64>,
    pub a: Vec<Triplet>,
    pub b: Vec<f64>,
    pub cones: Vec<Cone>,
}

/// Why the engine stopped: a hint for the report, never a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConicStatus {
    /// Its own tolerances are met, fully or in the reduced sense; both are treated alike.
    Solved,
    /// `z` is a ray: `Aᵀz ≈ 0`, `⟨b, z⟩ < 0`.
    PrimalInfeasible,
    /// `x` is a ray of unbounded descent.
    DualInfeasible,
    /// Iterations spent or no progress; the vectors may still be good.
    Stopped,
    /// The problem was not accepted; the vectors are zero.
    Rejected,
}

/// The vectors to be certified.
#[allow(dead_code)]
#[derive(Debug, Clone)]
pub(super) struct ConicSolution {
    pub x: Vec<f64>,
    pub z: Vec<f64>,
    pub status: ConicStatus,
    pub iterations: usize,
}

impl ConicProblem {
    /// Solves to the tightest tolerance the engine holds out (1e-12), at most `iterations` iterations.
    pub fn solve(&self, iterations: usize) -> ConicSolution {
        let (n, m) = (self.q.len(), self.b.len());
        let rejected =
            ConicSolution { x: vec![0.0; n], z: vec![0.0; m], status: ConicStatus::Rejected, iterations: 0 };
        let finite = |t: &[Triplet]| t.iter().all(|e| e.2.is_finite());
        if !finite(&self.p) || !finite(&self.a) {
            return rejected;
        }
        if self.cones.iter().map(|c| c.rows()).sum::<usize>() != m {
            return rejected;
        }
        let p = csc(n, n, &self.p);
        let a = csc(m, n, &self.a);
        let cones: Vec<_> = self.cones.iter().map(|c| c.engine()).collect();
        let Ok(mut solver) = DefaultSolver::new(&p, &self.q, &a, &self.b, &cones, settings(iterations))
        else {
            return rejected;
        };
        solver.solve();
        let out = &solver.solution;
        let status = match out.status {
            SolverStatus::Solved | SolverStatus::AlmostSolved => ConicStatus::Solved,
            SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
                ConicStatus::PrimalInfeasible
            }
            SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible => ConicStatus::DualInfeasible,
            _ => ConicStatus::Stopped,
        };
        // A numerical breakdown may leave NaN behind; zero is as good a witness and safer to handle.
        let clean = |v: &[f64]| v.iter().map(|e| if e.is_finite() { *e } else { 0.0 }).collect();
        ConicSolution { x: clean(&out.x), z: clean(&out.z), status, iterations: out.iterations as usize }
    }
}

impl Cone {
    /// Rows it takes up.
    pub fn rows(self) -> usize {
        match self {
            Cone::Zero(m) | Cone::Nonnegative(m) | Cone::SecondOrder(m) => m,
            Cone::Exponential | Cone::Power(_) => 3,
        }
    }

    fn engine(self) -> SupportedConeT<f64> {
        match self {
            Cone::Zero(m) => SupportedConeT::ZeroConeT(m),
            Cone::Nonnegative(m) => SupportedConeT::NonnegativeConeT(m),
            Cone::SecondOrder(m) => SupportedConeT::SecondOrderConeT(m),
            Cone::Exponential => SupportedConeT::ExponentialConeT(),
            Cone::Power(a) => SupportedConeT::PowerConeT(a),
        }
    }
}

fn csc(rows: usize, cols: usize, entries: &[Triplet]) -> CscMatrix<f64> {
    let (mut i, mut j, mut v) = (vec![], vec![], vec![]);
    for &(r, c, e) in entries.iter().filter(|t| t.2 != 0.0) {
        i.push(r);
        j.push(c);
        v.push(e);
    }
    CscMatrix::new_from_triplets(rows, cols, i, j, v)
}

fn settings(iterations: usize) -> DefaultSettings<f64> {
    DefaultSettings {
        verbose: false,
        max_iter: u32::try_from(iterations.max(1)).unwrap_or(u32::MAX),
        tol_gap_abs: 1e-12,
        tol_gap_rel: 1e-12,
        tol_feas: 1e-12,
        iterative_refinement_reltol: 1e-15,
        iterative_refinement_abstol: 1e-15,
        iterative_refinement_max_iter: 30,
        max_threads: 1,
        ..DefaultSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `min ½(x² + y²) s.t. x + y ≥ 2`: x = y = 1 with multiplier 1.
    #[test]
    fn a_quadratic_with_one_active_row() {
        let problem = ConicProblem {
            p: vec![(0, 0, 1.0), (1, 1, 1.0)],
            q: vec![0.0; 2],
            a: vec![(0, 0, -1.0), (0, 1, -1.0)],
            b: vec![-2.0],
            cones: vec![Cone::Nonnegative(1)],
        };
        let s = problem.solve(100);
        assert_eq!(s.status, ConicStatus::Solved);
        // The engine's own tolerance is 1e-12; two orders of slack for conditioning.
        assert!((s.x[0] - 1.0).abs() < 1e-10 && (s.x[1] - 1.0).abs() < 1e-10 && (s.z[0] - 1.0).abs() < 1e-10);
    }

    /// `x ≤ −1, x ≥ 1`: the ray z = (1, 1) up to scale.
    #[test]
    fn an_infeasible_problem_leaves_a_ray() {
        let problem = ConicProblem {
            q: vec![1.0],
            a: vec![(0, 0, 1.0), (1, 0, -1.0)],
            b: vec![-1.0, -1.0],
            cones: vec![Cone::Nonnegative(2)],
            ..ConicProblem::default()
        };
        let s = problem.solve(100);
        assert_eq!(s.status, ConicStatus::PrimalInfeasible);
        assert!((s.z[0] - s.z[1]).abs() < 1e-8 * s.z[0] && s.z[0] > 0.0);
    }

    /// `min t s.t. (t, 3, 4)` in the second-order cone: 5.
    #[test]
    fn a_cone_and_a_rejected_problem() {
        let problem = ConicProblem {
            q: vec![1.0],
            a: vec![(0, 0, -1.0)],
            b: vec![0.0, 3.0, 4.0],
            cones: vec![Cone::SecondOrder(3)],
            ..ConicProblem::default()
        };
        assert!((problem.solve(100).x[0] - 5.0).abs() < 1e-10);
        assert_eq!(Cone::SecondOrder(3).rows() + Cone::Power(0.5).rows(), 6);
        let broken = ConicProblem { a: vec![(0, 0, f64::NAN)], ..problem };
        assert_eq!(broken.solve(100).status, ConicStatus::Rejected);
    }
}
