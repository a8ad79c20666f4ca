//! The smallest rank of a matrix with given entries, as far as it can be proven.
//!
//! `min rank W s.t. |W_e − b_e| ≤ δ` for every observed entry `e`, `δ` a billionth of the largest one: what is observed is rounded, and
//! no exact rank is small. From below by a square block of observed entries that no change by `δ` makes singular (`B + E` is regular
//! where `‖|B⁻¹| |E|‖_∞ < 1`); from above by a matrix that has them, cut to the singular values that the entries need: the truth or the
//! solution at hand, or one that alternating least squares finds from these.
//!
//! It stands beside every completed matrix of a report: what the selected one is to be compared with. No optimizer is said to reach it.
//!
//! Shapes: entries along rows, `[rows · cols]`, `None` where nothing is observed.
//! Assumes: nothing; the blocks are found greedily and least squares may end elsewhere, so neither bound need be the best there is.
//! Source: elementary; the inverse's bound is that of Rump 2010 (Acta Numerica 19, §10.1).
//! Units and invariance: none; invariant under permutations of rows and columns up to ties.
//! Errors: none; bounds that do not meet are both reported.
//!
//! ```
//! use tropism::programs::least_rank::least_rank;
//!
//! // [[1, 2], [2, ?]]: rank 1, with 4 in the open place.
//! let found = least_rank(&[Some(1.0), Some(2.0), Some(2.0), None], (2, 2), &[]);
//! assert_eq!((found.at_least, found.at_most), (1, 1));
//! ```

use super::exact::inverse_times;
use super::low_rank_fit::fit;
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
/// Multiplications that fits of lower rank may cost together: about a second.
const WORK: f64 = 5e8;

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

/// The bounds, the upper one by the best of the matrices in `known`, each `[rows · cols]`, and of fits that start from them.
pub fn least_rank(entries: &[Option<f64>], (rows, cols): (usize, usize), known: &[&[f64]]) -> LeastRank {
    let observed = Observed { entries, rows, cols };
    let largest = entries.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let delta = ACCURACY * largest;
    let from_above = known.iter().filter_map(|w| observed.cut(w, delta)).min();
    let at_most = from_above.unwrap_or(rows.min(cols));
    let at_least = observed.seeds().map(|seed| observed.grown(seed, delta)).max().unwrap_or(0).min(at_most);
    let at_most = observed.fitted(known, at_least.max(1)..at_most, delta).unwrap_or(at_most);
    LeastRank { at_least, at_most }
}

/// A matrix as far as it is seen.
pub(super) struct Observed<'a> {
    entries: &'a [Option<f64>],
    pub rows: usize,
    pub cols: usize,
}

impl Observed<'_> {
    pub fn at(&self, i: usize, j: usize) -> Option<f64> {
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

    /// The smallest of the `ranks` at which a fit is found, from each matrix in `known` with the observed entries put in, and from these
    /// alone; smaller ranks first, each fit checked like a matrix at hand.
    fn fitted(&self, known: &[&[f64]], mut ranks: std::ops::Range<usize>, delta: f64) -> Option<usize> {
        if ranks.is_empty() {
            return None;
        }
        let nothing = vec![0.0; self.entries.len()];
        let filled = known.iter().copied().chain([&nothing[..]]).map(|w| {
            let entries = self.entries.iter().zip(w).map(|(e, w)| e.unwrap_or(*w)).collect();
            linalg::svd(&Matrix::from_vec(self.rows, self.cols, entries))
        });
        let starts: Vec<linalg::Svd> = filled.flatten().collect();
        let mut work = WORK;
        ranks.find_map(|rank| {
            let fits =
                |start: &linalg::Svd, work: &mut f64| self.cut(&fit(self, start, rank, delta, work)?, delta);
            starts.iter().find_map(|start| fits(start, &mut work))
        })
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
            // Least squares finds it without a matrix at hand.
            let alone = least_rank(&seen, (12, 10), &[]);
            assert_eq!((alone.at_least, alone.at_most), (rank, rank), "{alone}");
        }
    }

    /// Rank 2, 12 × 9, about 65 % observed, beside a solution of full rank: what a completion from a file looks like.
    #[test]
    fn a_fit_improves_on_the_solution_at_hand() {
        let whole = product(12, 9, 2);
        let seen: Vec<Option<f64>> =
            whole.iter().enumerate().map(|(e, v)| ((e * 31 + e / 7) % 20 < 13).then_some(*v)).collect();
        let mut hand: Vec<f64> = seen.iter().map(|e| e.unwrap_or(0.1)).collect();
        hand[3] += if seen[3].is_none() { 0.2 } else { 0.0 };
        assert_eq!(least_rank(&seen, (12, 9), &[&hand]), LeastRank { at_least: 2, at_most: 2 });
        // Noise on every entry fits no small rank, and none is claimed.
        let noisy: Vec<Option<f64>> =
            whole.iter().enumerate().map(|(e, v)| Some(v + 1e-3 * f64::sin((e * e) as f64))).collect();
        let found = least_rank(&noisy, (12, 9), &[&hand]);
        assert_eq!((found.at_least, found.at_most), (9, 9), "{found}");
    }

    /// A diagonal fits rank 1 if nothing else is seen, and no more is claimed; noise beyond the accuracy is a rank of its own.
    #[test]
    fn no_more_is_claimed_than_is_seen() {
        let seen: Vec<Option<f64>> = (0..25).map(|e| (e % 6 == 0).then_some(1.0)).collect();
        let ones = vec![1.0; 25];
        assert_eq!(least_rank(&seen, (5, 5), &[&ones]), LeastRank { at_least: 1, at_most: 1 });
        // A matrix that misses an entry proves nothing.
        let apart: Vec<f64> = (0..25).map(|e| if e % 6 == 0 { 0.5 } else { 0.0 }).collect();
        let observed = Observed { entries: &seen, rows: 5, cols: 5 };
        assert_eq!(observed.cut(&apart, 1e-9), None);
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
