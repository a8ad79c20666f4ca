//! Whether the equations `Xw = y` of a regression have a solution.

use super::case::{Check, check};
use crate::data::Targets;
use crate::losses::Task;
use crate::numerics::{Design, PseudoInverse, linalg};
use crate::spec::Setup;
use crate::terms::Holds;
use std::sync::Arc;

/// Numerical rank of `X`, and the least-squares residual of the targets relative to their size; `(0, ∞)` without real targets.
pub(super) fn rank_and_residual(setup: &Setup) -> (usize, f64) {
    let y = match &setup.data.targets {
        // Only a regression asks whether it can interpolate; the factorisation is not free.
        Targets::Real(y) | Targets::Sign(y) if setup.loss.facts().task == Task::Regression => y.clone(),
        _ => return (0, f64::INFINITY),
    };
    if let Some(nonzero) = setup.data.x.disjoint_rows() {
        // Observed entries of a matrix: every one that is asked for can be had, and a dense copy may not fit into memory.
        let missed: Vec<f64> = y.iter().zip(&nonzero).map(|(y, has)| if *has { 0.0 } else { *y }).collect();
        let rank = nonzero.iter().filter(|n| **n).count();
        return (rank, linalg::norm2(&missed) / linalg::norm2(&y).max(f64::MIN_POSITIVE));
    }
    of_equations(&setup.data.x, &y)
}

/// The same for the equations `Xw = y`, `X [n × d]`.
pub(super) fn of_equations(x: &Arc<Design>, y: &[f64]) -> (usize, f64) {
    let relative = |rest: &[f64]| linalg::norm2(rest) / linalg::norm2(y).max(f64::MIN_POSITIVE);
    // A Gram matrix takes a tenth of the time of a decomposition, and is out of doubt where it is well conditioned.
    if let Some(inverse) = PseudoInverse::by_gram(x.clone()) {
        let mut rest = vec![0.0; y.len()];
        x.apply(&inverse.solve(y), &mut rest);
        rest.iter_mut().zip(y).for_each(|(r, y)| *r -= y);
        return (inverse.rank(), relative(&rest));
    }
    let Some(d) = linalg::svd(&x.to_dense()) else { return (0, f64::INFINITY) };
    let cut = x.rows().max(x.cols()) as f64 * f64::EPSILON * d.s.first().copied().unwrap_or(0.0);
    let rank = d.s.iter().take_while(|&&s| s > cut).count();
    let mut rest = y.to_vec();
    for c in 0..rank {
        let u: Vec<f64> = (0..x.rows()).map(|i| d.u.get(i, c)).collect();
        let part = linalg::dot(&u, y);
        linalg::axpy(-part, &u, &mut rest);
    }
    (rank, relative(&rest))
}

/// Condition: `n` equations of that rank and residual have a solution.
pub(super) fn possible((rank, residual): (usize, f64), n: usize) -> Check {
    let words = format!("rank {rank} of {n} samples; relative least-squares residual {residual:.2e}");
    let verdict = match residual {
        r if r < 1e-12 => Holds::Yes,
        r if r < 1e-6 => Holds::Unchecked,
        _ => Holds::No,
    };
    check("interpolation is possible", verdict, words)
}
