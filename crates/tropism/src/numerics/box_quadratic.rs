//! `min ½ xᵀMx + qᵀx` over a box, `M` symmetric positive semidefinite.

use super::linalg::dot;
use super::{Factor, Matrix};

/// Rounds of the active set before what has been reached is returned.
const ROUNDS: usize = 60;
/// Sweeps of coordinate descent between two guesses of the free set.
const SWEEPS: usize = 4;
/// Added to the diagonal of a free block, relative to its largest entry: rows of dependent vectors leave it singular.
const RIDGE: f64 = 1e-13;

/// Memory of the method, used again from one program to the next.
pub struct BoxQuadratic {
    /// The free coordinates, now and a round before.
    free: Vec<usize>,
    before: Vec<usize>,
    /// `M` on the free coordinates, and its factor.
    block: Matrix,
    factor: Factor,
    step: Vec<f64>,
}

impl Default for BoxQuadratic {
    fn default() -> Self {
        Self { free: vec![], before: vec![], block: Matrix::default(), factor: Factor::new(0), step: vec![] }
    }
}

impl BoxQuadratic {
    /// Improves `x` to the solution: coordinate descent guesses the free set, one factorisation solves on it.
    ///
    /// Shapes: `m [c × c]`, `q, low, high, x [c]`, `low ≤ high`; `x` stays if something is not a number. A coordinate whose
    /// diagonal entry is not positive stays.
    pub fn minimise(&mut self, m: &Matrix, q: &[f64], (low, high): (&[f64], &[f64]), x: &mut [f64]) {
        let c = x.len();
        // Overflow on the way here leaves nothing to solve: whoever asked looks at the step's error.
        let posed = (0..c).all(|a| low[a] <= high[a] && q[a].is_finite())
            && m.as_slice().iter().all(|v| v.is_finite());
        if !posed {
            return;
        }
        self.before.clear();
        for round in 0..ROUNDS {
            for _ in 0..SWEEPS {
                for a in 0..c {
                    let diagonal = m.get(a, a);
                    if diagonal > 0.0 {
                        let slope = dot(m.row(a), x) + q[a];
                        x[a] = (x[a] - slope / diagonal).clamp(low[a], high[a]);
                    }
                }
            }
            self.free.clear();
            self.free.extend((0..c).filter(|&a| x[a] > low[a] && x[a] < high[a]));
            let inside = self.solve_on_free(m, q, (low, high), x);
            if inside && self.free == self.before && round > 0 || self.free.is_empty() && round > 2 {
                return;
            }
            std::mem::swap(&mut self.before, &mut self.free);
        }
    }

    /// Newton's step on the free coordinates, cut at the box; whether nothing had to be cut.
    fn solve_on_free(&mut self, m: &Matrix, q: &[f64], (low, high): (&[f64], &[f64]), x: &mut [f64]) -> bool {
        let Self { free, block, factor, step, .. } = self;
        let ridge = RIDGE * free.iter().map(|&a| m.get(a, a)).fold(0.0, f64::max);
        block.reset(free.len(), free.len());
        for (i, &a) in free.iter().enumerate() {
            block.row_mut(i).iter_mut().zip(&*free).for_each(|(e, &b)| *e = m.get(a, b));
        }
        factor.resize(free.len());
        if !factor.combined(block, 1.0, ridge) {
            return false;
        }
        step.clear();
        step.extend(free.iter().map(|&a| -(dot(m.row(a), x) + q[a])));
        factor.solve(step);
        // As far as the box allows.
        let mut along: f64 = 1.0;
        for (&a, d) in free.iter().zip(&*step) {
            let room = if *d > 0.0 { high[a] - x[a] } else { x[a] - low[a] };
            if room < d.abs() {
                along = along.min(room / d.abs());
            }
        }
        for (&a, d) in free.iter().zip(&*step) {
            x[a] = (x[a] + along * d).clamp(low[a], high[a]);
        }
        along == 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_changes_nothing() {
        let m = Matrix::from_fn(2, 2, |i, j| f64::from(u8::from(i == j)));
        for (q, high) in [(f64::NAN, 1.0), (0.5, f64::NAN), (f64::INFINITY, 1.0), (0.5, -1.0)] {
            let mut x = [0.25, 0.5];
            BoxQuadratic::default().minimise(&m, &[q, 0.0], (&[0.0, 0.0], &[high, 1.0]), &mut x);
            assert_eq!(x, [0.25, 0.5]);
        }
    }

    #[test]
    fn meets_the_conditions() {
        for (c, rank) in [(1, 1), (6, 6), (30, 30), (30, 8)] {
            let v = Matrix::from_fn(c, rank, |i, j| ((i * 7 + j * 13 + 3) % 17) as f64 / 8.0 - 1.0);
            let m = Matrix::from_fn(c, c, |i, j| dot(v.row(i), v.row(j)));
            let q: Vec<f64> = (0..c).map(|i| (i as f64 * 0.9).sin() * 3.0).collect();
            let (low, high) = (vec![-0.7; c], vec![0.2; c]);
            let mut x = vec![0.0; c];
            BoxQuadratic::default().minimise(&m, &q, (&low, &high), &mut x);
            for a in 0..c {
                let slope = dot(m.row(a), &x) + q[a];
                // The projected gradient vanishes: 1e-9 beside entries of order ten.
                let moved = (x[a] - slope).clamp(low[a], high[a]) - x[a];
                assert!(moved.abs() < 1e-9, "{c} {rank} {a}: {moved}");
            }
        }
    }
}
