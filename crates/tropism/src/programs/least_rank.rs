//! The smallest rank of a matrix with given entries, as far as it can be proven.
//!
//! `min rank W s.t. |W_e − b_e| ≤ δ` for every observed entry `e`, `δ` a billionth of the largest one: what is observed is rounded, and
//! no exact rank is small. From below by a square block of observed entries that no change by `δ` makes singular (`B + E` is regular
//! where `‖|B⁻¹| |E|‖_∞ < 1`); from above by a matrix at hand, cut to the singular values that the entries need.
//!
//! Shapes: entries along rows, `[rows · cols]`, `None` where nothing is observed.
//! Assumes: nothing; the blocks are found greedily, so the lower bound need not be the best there is.
//! Source: elementary; the inverse's bound is that of Rump 2010 (Acta Numerica 19, §10.1).
//! Units and invariance: none; invariant under permutations of rows and columns up to ties.

use super::exact::inverse_times;
use crate::numerics::Matrix;
use crate::numerics::linalg::{self, Lu};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What counts as the same entry, relative to the largest one.
const ACCURACY: f64 = 1e-9;
/// Most blocks that are grown.
const SEEDS: usize = 64;
/// Largest block.
const LARGEST: usize = 64;

/// Two bounds, both proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeastRank {
    pub at_least: usize,
    pub at_most: usize,
}

impl std::fmt::Display for LeastRank {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.at_least == self.at_most {
            true => write!(f, "{}", self.at_least),
            false => write!(f, "{} to {}", self.at_least, self.at_most),
        }
    }
}

/// The bounds, the upper one by the best of the matrices in `known`, each `[rows · cols]`.
pub fn least_rank(entries: &[Option<f64>], (rows, cols): (usize, usize), known: &[&[f64]]) -> LeastRank {
    let observed = Observed { entries, rows, cols };
    let largest = entries.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let delta = ACCURACY * largest;
    let from_above = known.iter().filter_map(|w| observed.cut(w, delta)).min();
    let at_most = from_above.unwrap_or(rows.min(cols));
    let at_least = observed.seeds().map(|seed| observed.grown(seed, delta)).max().unwrap_or(0);
    LeastRank { at_least: at_least.min(at_most), at_most }
}

struct Observed<'a> {
    entries: &'a [Option<f64>],
    rows: usize,
    cols: usize,
}

impl Observed<'_> {
    fn at(&self, i: usize, j: usize) -> Option<f64> {
        self.entries[i * self.cols + j]
    }

    /// The smallest rank to which `w` can be cut with every observed entry within `delta`; `None` if it does not have them itself.
    fn cut(&self, w: &[f64], delta: f64) -> Option<usize> {
        let seen = self.entries.iter().zip(w).filter_map(|(e, w)| Some((e.as_ref()? - w).abs()));
        // A comparison that fails for what is no number.
        let off = seen.fold(0.0, |m: f64, v| if v <= m { m } else { v });
        let left = delta - off;
        if left.is_nan() || left <= 0.0 {
            return None;
        }
        let values = linalg::singular_values(&Matrix::from_vec(self.rows, self.cols, w.to_vec()));
        // Cutting moves no entry by more than the first value that is cut, itself right to rounding.
        let top = values.first().copied().unwrap_or(0.0);
        let rounding = 16.0 * (self.rows + self.cols) as f64 * f64::EPSILON * top;
        Some(values.iter().take_while(|s| **s + rounding > left).count())
    }

    /// The largest observed entry of every row, of some rows where there are many.
    fn seeds(&self) -> impl Iterator<Item = (usize, usize)> {
        let largest = |i: usize| {
            let row = (0..self.cols).filter_map(|j| Some((j, self.at(i, j)?.abs())));
            row.filter(|(_, v)| *v > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(j, _)| (i, j))
        };
        (0..self.rows).step_by(self.rows.div_ceil(SEEDS).max(1)).filter_map(largest)
    }

    /// Size of the largest proven block that grows from an entry, each time by the row and column with the largest pivot.
    fn grown(&self, seed: (usize, usize), delta: f64) -> usize {
        let (mut r, mut c) = (vec![seed.0], vec![seed.1]);
        while r.len() < LARGEST {
            let Some((i, j)) = self.next(&r, &c, delta) else { break };
            r.push(i);
            c.push(j);
        }
        (1..=r.len()).rev().find(|&m| self.regular(&r[..m], &c[..m], delta)).unwrap_or(0)
    }

    fn next(&self, r: &[usize], c: &[usize], delta: f64) -> Option<(usize, usize)> {
        let block = Matrix::from_fn(r.len(), c.len(), |a, b| self.at(r[a], c[b]).unwrap_or(0.0));
        let line = |i: usize| c.iter().map(|&j| self.at(i, j)).collect::<Option<Vec<f64>>>();
        let below: Vec<(usize, Vec<f64>)> =
            (0..self.rows).filter(|i| !r.contains(i)).filter_map(|i| Some((i, line(i)?))).collect();
        let factor = Lu::new(&block);
        let mut best = (delta, None);
        for j in (0..self.cols).filter(|j| !c.contains(j)) {
            let column = r.iter().map(|&i| self.at(i, j)).collect::<Option<Vec<f64>>>();
            let Some(mut solved) = column else { continue };
            factor.solve(&mut solved);
            for (i, line) in &below {
                let Some(v) = self.at(*i, j) else { continue };
                let pivot = (v - linalg::dot(line, &solved)).abs();
                if pivot > best.0 && pivot.is_finite() {
                    best = (pivot, Some((*i, j)));
                }
            }
        }
        best.1
    }

    /// Whether no change of its entries by `delta` makes the block singular.
    fn regular(&self, r: &[usize], c: &[usize], delta: f64) -> bool {
        let block = Matrix::from_fn(r.len(), c.len(), |a, b| self.at(r[a], c[b]).unwrap_or(0.0));
        let size = r.len() as f64;
        inverse_times(&block, &vec![1.0; r.len()])
            .is_some_and(|inverse| size * delta * linalg::max_abs(&inverse) * (1.0 + 1e-9) < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(rows: usize, cols: usize, rank: usize) -> Vec<f64> {
        let u = |i: usize, k: usize| ((i * 37 + k * 101 + i * k * 7) % 29) as f64 / 14.0 - 1.0;
        let v = |j: usize, k: usize| ((j * 53 + k * 17 + j * k * 5) % 31) as f64 / 15.0 - 1.0;
        (0..rows * cols).map(|e| (0..rank).map(|k| u(e / cols, k) * v(e % cols, k)).sum()).collect()
    }

    #[test]
    fn a_matrix_of_known_rank_has_it() {
        for rank in 1..=4 {
            let whole = product(12, 10, rank);
            // Two of three entries are seen.
            let seen: Vec<Option<f64>> =
                whole.iter().enumerate().map(|(e, v)| (e * e % 7 != 2).then_some(*v)).collect();
            let found = least_rank(&seen, (12, 10), &[&whole]);
            assert_eq!((found.at_least, found.at_most), (rank, rank), "{found}");
            let alone = least_rank(&seen, (12, 10), &[]);
            assert_eq!((alone.at_least, alone.at_most), (rank, 10));
        }
    }

    /// A diagonal fits rank 1 if nothing else is seen, and no more is claimed; noise beyond the accuracy is a rank of its own.
    #[test]
    fn no_more_is_claimed_than_is_seen() {
        let seen: Vec<Option<f64>> = (0..25).map(|e| (e % 6 == 0).then_some(1.0)).collect();
        let ones = vec![1.0; 25];
        assert_eq!(least_rank(&seen, (5, 5), &[&ones]), LeastRank { at_least: 1, at_most: 1 });
        // A matrix that misses an entry proves nothing.
        assert_eq!(least_rank(&seen, (5, 5), &[&[0.5; 25]]).at_most, 5);
        let mut noisy = product(6, 6, 1);
        noisy[7] += 1e-6;
        let all: Vec<Option<f64>> = noisy.iter().map(|v| Some(*v)).collect();
        assert_eq!(least_rank(&all, (6, 6), &[&noisy]), LeastRank { at_least: 2, at_most: 2 });
        noisy[7] += 1e-11 - 1e-6;
        let all: Vec<Option<f64>> = noisy.iter().map(|v| Some(*v)).collect();
        assert_eq!(least_rank(&all, (6, 6), &[&noisy]), LeastRank { at_least: 1, at_most: 1 });
        assert_eq!(least_rank(&[Some(0.0); 4], (2, 2), &[&[0.0; 4]]).at_least, 0);
    }
}
