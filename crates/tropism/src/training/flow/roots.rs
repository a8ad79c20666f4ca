//! Roots `R_i [k × k]` of the curvature of a loss, one for each sample, and products with all of them.

use crate::numerics::{Matrix, linalg};

/// `out = Rᵀ b`, block by block.
pub fn right(roots: &[f64], k: usize, b: &[f64], out: &mut [f64]) {
    if k == 1 {
        out.iter_mut().zip(roots).zip(b).for_each(|((o, r), b)| *o = r * b);
        return;
    }
    for ((o, r), b) in out.chunks_exact_mut(k).zip(roots.chunks_exact(k * k)).zip(b.chunks_exact(k)) {
        for (c, o) in o.iter_mut().enumerate() {
            *o = (0..k).map(|a| r[a * k + c] * b[a]).sum();
        }
    }
}

/// `out = R z`, block by block.
pub fn apply(roots: &[f64], k: usize, z: &[f64], out: &mut [f64]) {
    for ((o, r), z) in out.chunks_exact_mut(k).zip(roots.chunks_exact(k * k)).zip(z.chunks_exact(k)) {
        for (c, o) in o.iter_mut().enumerate() {
            *o = linalg::dot(&r[c * k..(c + 1) * k], z);
        }
    }
}

/// `M ← Rᵀ M`, block of rows by block of rows; `column` holds at least `k` numbers.
pub fn left_transposed(roots: &[f64], k: usize, m: &mut Matrix, column: &mut [f64]) {
    for (i, r) in roots.chunks_exact(k * k).enumerate() {
        if k == 1 {
            m.row_mut(i).iter_mut().for_each(|v| *v *= r[0]);
            continue;
        }
        for j in 0..m.cols() {
            for (c, v) in column.iter_mut().enumerate().take(k) {
                *v = (0..k).map(|a| r[a * k + c] * m.get(i * k + a, j)).sum();
            }
            for (c, v) in column.iter().enumerate().take(k) {
                m.set(i * k + c, j, *v);
            }
        }
    }
}

/// `R` with `R Rᵀ = S` for a positive semidefinite `S [k × k]`, which is overwritten. Pivots are taken in increasing order:
/// the curvature of a softmax loses rank exactly at its largest entry, where nothing is left to cancel against.
pub fn semidefinite_root(s: &mut [f64], order: &mut [usize], root: &mut [f64]) {
    let k = order.len();
    if k == 1 {
        root[0] = s[0].max(0.0).sqrt();
        return;
    }
    root.fill(0.0);
    order.iter_mut().enumerate().for_each(|(i, o)| *o = i);
    order.sort_unstable_by(|a, b| s[a * k + a].total_cmp(&s[b * k + b]).then(a.cmp(b)));
    let top = order.last().map_or(0.0, |&l| s[l * k + l]);
    for (step, &pivot) in order.iter().enumerate() {
        let d = s[pivot * k + pivot];
        if d.is_nan() || d <= 0.0 || (step + 1 == k && d <= 1e-14 * top) {
            continue;
        }
        let length = d.sqrt();
        for &i in &order[step..] {
            root[i * k + step] = s[i * k + pivot] / length;
        }
        for &i in &order[step + 1..] {
            for &j in &order[step + 1..] {
                s[i * k + j] -= root[i * k + step] * root[j * k + step];
            }
        }
    }
}
