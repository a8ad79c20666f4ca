//! What a finite start leaves of a claim on vanishing ones.

use super::compare::Run;
use crate::models::Structure;
use crate::numerics::linalg::singular_values;
use crate::numerics::{Matrix, Potential};

/// Whether the end of a factorisation is no worse than the predicted solution in `Σ φ_c(σ_r)`, `c` the largest singular value of the
/// product at the start: what a factorisation with commuting measurements minimises from that start (Gunasekar et al. 2017, arXiv
/// 1705.09280, Theorem 1, with the potentials of Woodworth et al. 2020, arXiv 2002.09277), and which tends to the nuclear norm as
/// `c → 0`, at depth 2 like `1/log(1/c)` only. A larger nuclear norm then does not speak against the limit.
pub(super) fn leaves(run: &Run) -> bool {
    let Structure::Factorized { depth, rows, cols } = run.setup.model.facts().structure else { return false };
    let values = |w: Option<&[f64]>| {
        let w = w.filter(|w| w.len() == rows * cols && w.iter().all(|v| v.is_finite()))?;
        Some(singular_values(&Matrix::from_vec(rows, cols, w.to_vec())))
    };
    let [start, end] =
        [run.moments.first(), run.moments.last()].map(|m| values(m.and_then(|m| m.w.as_deref())));
    let predicted = values(run.reference.and_then(|r| r.solution.as_deref()));
    let (Some(start), Some(end), Some(predicted)) = (start, end, predicted) else { return false };
    let [first, last] = [&start, &end].map(|s| s.first().copied().unwrap_or(0.0));
    // Rounding of what has grown is a start of its own for what has not.
    let scale = first.max(f64::EPSILON * last);
    let Ok(depth) = u32::try_from(depth) else { return false };
    let potential = Potential::of_diagonal_network(scale, depth);
    let size = |values: &[f64]| values.iter().map(|s| potential.divergence(*s, 0.0)).sum::<f64>();
    potential.is_valid() && size(&end) <= size(&predicted) * (1.0 + run.setup.rule.tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two solutions of the trace `Σ σ = 1`: by `Σ σ log(σ/c)` the sparse one is the larger, though its nuclear norm is no less; a sum one
    /// per cent larger is the better point from a start of 1e-12, and is not from one of 1e-60.
    #[test]
    fn a_start_leaves_what_its_potential_prefers() {
        let sum = |potential: Potential, values: &[f64]| {
            values.iter().map(|s| potential.divergence(*s, 0.0)).sum::<f64>()
        };
        let (sparse, spread) = ([1.0, 0.0], [0.505, 0.505]);
        for (c, left) in [(1e-12, true), (1e-60, false)] {
            let p = Potential::Hypentropy(2.0 * c);
            assert_eq!(sum(p, &spread) <= sum(p, &sparse), left, "{c:e}");
        }
        let p = Potential::DiagonalDepth { scale: 1e-12, depth: 3 };
        assert!(sum(p, &spread) > sum(p, &sparse));
    }
}
