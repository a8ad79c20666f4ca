//! Whether the equations `Xw = y` of a regression have a solution.

use crate::data::Targets;
use crate::losses::Task;
use crate::numerics::{Matrix, linalg};
use crate::spec::Setup;

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
    let x: Matrix = setup.data.x.to_dense();
    let Some(d) = linalg::svd(&x) else { return (0, f64::INFINITY) };
    let cut = x.rows().max(x.cols()) as f64 * f64::EPSILON * d.s.first().copied().unwrap_or(0.0);
    let rank = d.s.iter().take_while(|&&s| s > cut).count();
    let mut rest = y.clone();
    for c in 0..rank {
        let u: Vec<f64> = (0..x.rows()).map(|i| d.u.get(i, c)).collect();
        let part = linalg::dot(&u, &y);
        linalg::axpy(-part, &u, &mut rest);
    }
    (rank, linalg::norm2(&rest) / linalg::norm2(&y).max(f64::MIN_POSITIVE))
}
